"""A text, character by character: a small LSTM in plain NumPy learns to continue it.

The recurrent cell (Hochreiter and Schmidhuber, 1997) is the textbook's, a loop over time with two
carried states; its gradient, backpropagation through time, is that loop run backwards, generated.

    python examples/lstm.py
    python examples/lstm.py --show                # also print the generated backward pass
    python examples/lstm.py --picture lstm.png    # draw what it learned, needs matplotlib
"""

import argparse
import textwrap
import time

import numpy as np

import chainrule as cr

TEXT = """\
The river keeps no ledger of the rain. It takes the small change of the hills, the silver and the
brown, and spends it all at once upon the sea. In spring the mill wheel turns before the miller
wakes; in august it stands still, and swallows nest between the paddles. The miller says the river
is a clock that runs by weather. His daughter says it is a road that walks. She sends small boats
of bark along the stream, with a candle in each, and gives them names, and never asks them to come
back. Down in the town the children catch the boats with nets and read the names aloud, and light
the candles, and send them on. So the river, which keeps no ledger, carries the names of all its
boats, and the sea, which never learned to read, puts out the candles one by one.
"""

HIDDEN = 64
LENGTH = 32  # characters that a gradient reaches back
BATCH = 16
RATE = 0.01


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def cell(params, characters, h, c):
    """One step: characters (n,), states h and c (n, HIDDEN) -> next h, next c."""
    gates = params["input"][characters] + h @ params["recurrent"] + params["bias"]
    forget = sigmoid(gates[:, :HIDDEN])
    write = sigmoid(gates[:, HIDDEN : 2 * HIDDEN])
    read = sigmoid(gates[:, 2 * HIDDEN : 3 * HIDDEN])
    proposal = np.tanh(gates[:, 3 * HIDDEN :])
    c = forget * c + write * proposal
    return read * np.tanh(c), c


def cross_entropy(logits, targets):
    """Mean of -log softmax(logits)[target]: logits (n, characters), targets (n,)."""
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(targets)), targets])


def loss(params, pieces):
    """Mean surprise at each next character, in nats; pieces (n, LENGTH + 1) of their numbers."""
    h = np.zeros((len(pieces), HIDDEN))
    c = np.zeros((len(pieces), HIDDEN))
    total = 0.0
    for t in range(LENGTH):
        h, c = cell(params, pieces[:, t], h, c)
        total += cross_entropy(h @ params["output"] + params["output bias"], pieces[:, t + 1])
    return total / LENGTH


loss_and_grad = cr.value_and_grad(loss)


def initial_params(rng, characters):
    scale = 1.0 / np.sqrt(HIDDEN)
    bias = np.zeros(4 * HIDDEN)
    bias[:HIDDEN] = 1.0  # the forget gates begin open, so that something is remembered at all
    return {
        "input": rng.normal(0.0, scale, (characters, 4 * HIDDEN)),
        "recurrent": rng.normal(0.0, scale, (HIDDEN, 4 * HIDDEN)),
        "bias": bias,
        "output": rng.normal(0.0, scale, (HIDDEN, characters)),
        "output bias": np.zeros(characters),
    }


def adam(params, grads, mean, square, step):
    """One step of Adam (Kingma and Ba, 2014), in place."""
    for name, g in grads.items():
        mean[name] += 0.1 * (g - mean[name])
        square[name] += 0.001 * (g**2 - square[name])
        unbiased = mean[name] / (1.0 - 0.9**step)
        scale = np.sqrt(square[name] / (1.0 - 0.999**step)) + 1e-8
        params[name] -= RATE * unbiased / scale


def continue_text(params, alphabet, opening, count, rng, temperature=0.4):
    """opening and count more characters, each drawn from what the network expects."""
    h = np.zeros((1, HIDDEN))
    c = np.zeros((1, HIDDEN))
    text = opening
    for n in range(len(opening) + count - 1):
        h, c = cell(params, np.array([alphabet.index(text[n])]), h, c)
        if n + 1 == len(text):
            logits = (h @ params["output"] + params["output bias"])[0] / temperature
            weights = np.exp(logits - np.max(logits))
            text += alphabet[rng.choice(len(alphabet), p=weights / np.sum(weights))]
    return text


def draw(path, params, alphabet, text, losses):
    """The loss, and how surprised the network is by each character of a sentence that it has learned."""
    from matplotlib.figure import Figure

    piece = text[text.index("Down in the town") :][:70]
    numbers = np.array([[alphabet.index(character) for character in piece]])
    h = np.zeros((1, HIDDEN))
    c = np.zeros((1, HIDDEN))
    surprise = [np.nan]
    for t in range(len(piece) - 1):
        h, c = cell(params, numbers[:, t], h, c)
        surprise.append(cross_entropy(h @ params["output"] + params["output bias"], numbers[:, t + 1]))

    figure = Figure(figsize=(9.5, 5.0), layout="constrained")
    above, below = figure.subplots(2)
    above.plot(losses)
    above.axhline(np.log(len(alphabet)), color="0.6", linestyle=":", label="knowing nothing")
    above.set(xlabel="step", ylabel="nats a character", title="Training loss")
    above.legend()
    below.bar(np.arange(len(piece)), surprise, color="C1")
    below.set(xticks=np.arange(len(piece)), ylabel="nats", title="Surprise at each character", xlim=(-0.6, len(piece) - 0.4))
    below.set_xticklabels(piece.replace(" ", "\u00b7"), family="monospace")
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", metavar="PATH", help="draw what it learned (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated backward pass")
    options = parser.parse_args(argv)

    text = " ".join(TEXT.split())
    alphabet = sorted(set(text))
    numbers = np.array([alphabet.index(character) for character in text])
    rng = np.random.default_rng(options.seed)
    params = initial_params(rng, len(alphabet))
    mean = {name: np.zeros_like(value) for name, value in params.items()}
    square = {name: np.zeros_like(value) for name, value in params.items()}

    print(
        f"{len(text)} characters, {len(alphabet)} different; knowing nothing costs "
        f"log {len(alphabet)} = {np.log(len(alphabet)):.3f} nats a character\n"
    )
    losses = []
    start = time.perf_counter()
    for step in range(1, options.steps + 1):
        starts = rng.integers(0, len(numbers) - LENGTH, size=BATCH)
        pieces = numbers[starts[:, None] + np.arange(LENGTH + 1)]
        value, grads = loss_and_grad(params, pieces)
        adam(params, grads, mean, square, step)
        losses.append(value)
        if step == 1 or step % max(1, options.steps // 6) == 0:
            print(f"step {step:4}    loss {value:.3f}")
    print(f"\n{options.steps} steps in {time.perf_counter() - start:.1f} s")
    if options.show:
        print()
        print(loss_and_grad.source)

    first = losses[0]
    if options.picture:
        draw(options.picture, params, alphabet, text, losses)
    if not value < 0.5 * first:
        raise SystemExit(
            f"lstm: the loss went from {first:.3f} to {value:.3f}, not below half of it"
        )
    print("\nThe network goes on from 'The river':\n")
    sample = continue_text(params, alphabet, "The river", 300, rng)
    print(textwrap.fill(sample, 78))


if __name__ == "__main__":
    main()
