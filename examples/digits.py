"""Handwritten digits: a three-layer network in plain NumPy, trained with a generated gradient.

The network has two hidden layers and an output layer, and its loss is the cross-entropy of a
softmax. Only the loss is written here. `cr.value_and_grad` reads it and writes the backward pass,
as NumPy code that you can print, step through and time.

    python examples/digits.py                       # tanh, about 97 % on unseen images
    python examples/digits.py --activation relu     # or sigmoid
    python examples/digits.py --show                # also print the generated backward pass

The data are the 1797 images of 8 x 8 pixels that come with scikit-learn. The first batch is walked
through step by step, with its numbers; the loss curve goes to a picture (`--output`).
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import chainrule as cr

SIZES = (64, 64, 32, 10)  # pixels, first hidden layer, second hidden layer, classes
BATCH = 32
GOAL = 0.95  # least accuracy on the test images

# Learning rate and number of epochs. A sigmoid's slope is at most 1/4, so that two layers of them
# pass on little of the gradient: they need larger and more steps.
SCHEDULE = {"tanh": (0.4, 40), "relu": (0.2, 40), "sigmoid": (2.0, 60)}


# The function that is differentiated --------------------------------------------------------------


def activate(x, activation):
    """The hidden layers' nonlinearity, by name."""
    if activation == "tanh":
        return np.tanh(x)
    if activation == "relu":
        return np.maximum(x, 0.0)
    return 1.0 / (1.0 + np.exp(-x))


def predict(params, images, activation):
    """Logits: images (n, 64) -> hidden (n, 64) -> hidden (n, 32) -> (n, 10)."""
    (w1, b1), (w2, b2), (w3, b3) = params
    hidden = activate(images @ w1 + b1, activation)
    hidden = activate(hidden @ w2 + b2, activation)
    return hidden @ w3 + b3


def cross_entropy(logits, labels):
    """Mean of -log softmax(logits)[label]; the largest logit is taken out: exp cannot overflow."""
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


def loss(params, images, labels, activation):
    """What training makes small."""
    return cross_entropy(predict(params, images, activation), labels)


loss_and_grad = cr.value_and_grad(loss)  # the gradient with respect to params, in params' structure


# Training -----------------------------------------------------------------------------------------


def initial_params(rng, activation):
    """A list of (w, b), scaled so that a layer's output varies about as much as its input."""
    gain = 2.0 if activation == "relu" else 1.0  # relu throws half of the variance away
    return [
        (rng.normal(0.0, np.sqrt(gain / rows), (rows, columns)), np.zeros(columns))
        for rows, columns in zip(SIZES[:-1], SIZES[1:])
    ]


def update(params, grads, rate):
    """One step of gradient descent, in place."""
    for (w, b), (dw, db) in zip(params, grads):
        w -= rate * dw
        b -= rate * db


def accuracy(params, images, labels, activation):
    """Share of the images whose largest logit is the label's."""
    return np.mean(np.argmax(predict(params, images, activation), axis=1) == labels)


def batches(rng, count):
    """Indices of one epoch's batches, in random order; a last, smaller batch is left out."""
    order = rng.permutation(count)
    for start in range(0, count - BATCH + 1, BATCH):
        yield order[start : start + BATCH]


def walk_through(params, images, labels, activation, rate):
    """Do and print the four steps of training, on one batch. Updates params."""
    logits = predict(params, images, activation)
    chance = np.exp(logits[0]) / np.sum(np.exp(logits[0]))
    print(f"\nThe first batch: {len(labels)} images, activation {activation}\n")
    print(f"1. Forward pass    {' -> '.join(str((len(labels), size)) for size in SIZES)}")
    print(f"   logits of the first image    {np.array2string(logits[0], precision=2)}")
    print(f"   softmax gives its label, {labels[0]}, a probability of {chance[labels[0]]:.4f}")

    value, grads = loss_and_grad(params, images, labels, activation)
    print(f"\n2. Loss            {value:.6f}    (guessing would give log 10 = {np.log(10.0):.6f})")

    print("\n3. Backward pass   the generated adjoint returns a gradient for every parameter")
    for layer, (dw, db) in enumerate(grads, start=1):
        print(
            f"   layer {layer}    |dw| {np.linalg.norm(dw):.6f}  {dw.shape!s:9}"
            f"    |db| {np.linalg.norm(db):.6f}  {db.shape}"
        )
    w, dw = params[2][0], grads[2][0]
    before, slope = w[0, 0], dw[0, 0]
    step = 1e-5
    w[0, 0] = before + step
    above = loss(params, images, labels, activation)
    w[0, 0] = before - step
    below = loss(params, images, labels, activation)
    w[0, 0] = before
    measured = (above - below) / (2.0 * step)
    print(f"   d loss / d w3[0, 0] = {slope:+.8f}    finite differences: {measured:+.8f}")
    if not abs(slope - measured) < 1e-7:
        raise SystemExit(f"digits: the gradient {slope} disagrees with {measured}")

    update(params, grads, rate)
    after = loss(params, images, labels, activation)
    print(f"\n4. Weight update   w <- w - {rate} dw")
    print(f"   w3[0, 0]    {before:+.8f} - {rate} * {slope:+.8f} = {w[0, 0]:+.8f}")
    print(f"   loss of the same batch    {value:.6f} -> {after:.6f}\n")


def draw(losses, per_epoch, path):
    """The loss of every batch, and its mean over each epoch, as a picture."""
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    epochs = np.arange(len(losses)) / per_epoch
    axes.semilogy(epochs, losses, color="0.8", linewidth=0.5, label="batch")
    means = np.reshape(losses, (-1, per_epoch)).mean(axis=1)
    axes.semilogy(np.arange(len(means)) + 0.5, means, color="C0", label="mean of the epoch")
    axes.set(xlabel="epoch", ylabel="cross-entropy", title="Training loss")
    axes.legend()
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--activation", choices=SCHEDULE, default="tanh")
    parser.add_argument("--epochs", type=int, help="default: 40, or 60 for sigmoid")
    parser.add_argument("--rate", type=float, help="default: 0.4 tanh, 0.2 relu, 2.0 sigmoid")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(tempfile.gettempdir()) / "digits_loss.png",
        help="picture of the loss curve (default: %(default)s)",
    )
    parser.add_argument("--show", action="store_true", help="print the generated backward pass")
    options = parser.parse_args(argv)
    activation = options.activation
    rate, epochs = SCHEDULE[activation]
    rate = rate if options.rate is None else options.rate
    epochs = epochs if options.epochs is None else options.epochs
    if epochs < 1:
        parser.error("--epochs: at least 1")

    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data / 16.0, digits.target, test_size=360, stratify=digits.target, random_state=0
    )
    rng = np.random.default_rng(options.seed)
    params = initial_params(rng, activation)

    first = rng.permutation(len(train_y))[:BATCH]
    walk_through(params, train_x[first], train_y[first], activation, rate)
    if options.show:
        print(loss_and_grad.source)

    losses = []
    per_epoch = len(train_y) // BATCH
    start = time.perf_counter()
    with tqdm(total=epochs * per_epoch, unit="batch", desc="training") as bar:
        for _ in range(epochs):
            for batch in batches(rng, len(train_y)):
                value, grads = loss_and_grad(params, train_x[batch], train_y[batch], activation)
                update(params, grads, rate)
                losses.append(value)
                bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-per_epoch:]):.4f}")
    seconds = time.perf_counter() - start

    draw(losses, per_epoch, options.output)
    reached = accuracy(params, test_x, test_y, activation)
    print(f"\n{len(losses)} batches in {seconds:.1f} s; loss curve: {options.output}")
    print(
        f"accuracy on the {len(train_y)} training images: "
        f"{accuracy(params, train_x, train_y, activation):.2%}"
    )
    print(f"accuracy on the {len(test_y)} test images:      {reached:.2%}")
    if reached < GOAL:
        raise SystemExit(f"digits: test accuracy {reached:.2%} is below {GOAL:.0%}")


if __name__ == "__main__":
    main()
