"""Which optimiser trains a network fastest? Seven of them on handwritten digits.

The network has two hidden layers; its loss is the cross-entropy of a softmax, with dropout while it trains. All start from
the same weights and see the same batches, so the curves differ by the optimiser alone. Each is a pure function from
parameters, gradients and a state to new ones, and its learning rate falls along a cosine after a short warm-up.

    python examples/optimisers.py
    python examples/optimisers.py --epochs 10            # takes less, reaches less
    python examples/optimisers.py --show                 # also print the generated backward pass
    python examples/optimisers.py --picture curves.png   # draw the losses, needs matplotlib
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule import nn, optim

SIZES = (64, 48, 32, 10)  # pixels, hidden layers, classes
BATCH = 64
DROPPED = 0.1  # share of the units that a batch does without
GOAL = 0.95  # least accuracy on the test images, of the better half

OPTIMISERS = {  # and the largest learning rate of each
    "sgd": (optim.sgd, 0.5),
    "momentum": (optim.momentum, 0.1),
    "nesterov": (optim.nesterov, 0.1),
    "rmsprop": (optim.rmsprop, 0.003),
    "adagrad": (optim.adagrad, 0.05),
    "adam": (optim.adam, 0.01),
    "adamw": (optim.adamw, 0.01),
}


def predict(params, images, rng=None):
    """Logits (n, 10) of images (n, 64); with a generator, units are dropped."""
    hidden = images
    for w, b in params[:-1]:
        hidden = nn.relu(hidden @ w + b)
        if rng is not None:
            hidden = nn.dropout(hidden, DROPPED, rng)
    w, b = params[-1]
    return hidden @ w + b


def loss(params, images, labels, rng):
    return nn.cross_entropy(predict(params, images, rng), labels)


loss_and_grad = cr.value_and_grad(loss)


def initial():
    rng = np.random.default_rng(0)
    return [(nn.he_normal(rng, shape), np.zeros(shape[1])) for shape in zip(SIZES[:-1], SIZES[1:])]


def train(make, rate, images, labels, epochs):
    """Trained parameters, and the mean loss of each epoch."""
    rng, params = np.random.default_rng(1), initial()
    per_epoch = len(labels) // BATCH
    opt = make(optim.warmup(per_epoch, optim.cosine(rate, epochs * per_epoch)))
    state, means = opt.init(params), []
    for _ in range(epochs):
        order, losses = rng.permutation(len(labels)), []
        for batch in np.split(order[: per_epoch * BATCH], per_epoch):
            value, grads = loss_and_grad(params, images[batch], labels[batch], rng)
            params, state = opt.update(params, optim.clip_by_global_norm(grads, 5.0), state)
            losses.append(value)
        means.append(np.mean(losses))
    return params, means


def draw(path, curves):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    for name, means in curves.items():
        axes.semilogy(np.arange(1, len(means) + 1), means, label=name)
    axes.set(xlabel="epoch", ylabel="cross-entropy", title="Training loss, mean of each epoch")
    axes.legend(ncols=2)
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--picture", metavar="PATH", help="draw the losses (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated backward pass")
    options = parser.parse_args(argv)

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images, labels = digits.data[order] / 16.0, digits.target[order]
    train_x, train_y, test_x, test_y = images[:1440], labels[:1440], images[1440:], labels[1440:]

    print(f"{len(train_y)} images, {options.epochs} epochs of batches of {BATCH}\n")
    print("optimiser   largest rate   first loss    last loss   test accuracy")
    curves, reached = {}, []
    for name, (make, rate) in OPTIMISERS.items():
        params, means = train(make, rate, train_x, train_y, options.epochs)
        accuracy = np.mean(np.argmax(predict(params, test_x), axis=1) == test_y)
        print(f"{name:12}{rate:12}{means[0]:13.4f}{means[-1]:13.4f}{accuracy:16.2%}")
        curves[name] = means
        reached.append(accuracy)
    if options.show:
        print(loss_and_grad.source)
    if options.picture:
        draw(options.picture, curves)

    slow = [name for name, means in curves.items() if not means[-1] < 0.5 * means[0]]
    if slow or np.median(reached) < GOAL:
        raise SystemExit(f"optimisers: test accuracies {np.round(reached, 3)}; not trained: {slow}")


if __name__ == "__main__":
    main()
