"""A channel opens and closes: a hidden Markov model learned from a noisy current.

The current through one ion channel jumps between three levels that the noise hides. The forward algorithm, a loop
over time, gives the likelihood of the record; its gradient learns levels, noise and rates of switching. And the
gradient with respect to the log densities of the observations *is* the probability of each state at each time: the
textbook's backward pass (Baum and others, 1970), which nobody had to write.

    python examples/hidden_markov.py
    python examples/hidden_markov.py --show                    # also print the generated gradient
    python examples/hidden_markov.py --picture channel.png     # draw the states, needs matplotlib
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

STATES = 3
LENGTH = 500
LEVELS = np.array([0.0, 1.0, 2.5])  # pA
NOISE = 0.45  # pA
SWITCHING = np.array([[0.96, 0.03, 0.01], [0.05, 0.90, 0.05], [0.01, 0.06, 0.93]])  # from row to column, in one step


def unpack(params):
    """Levels (STATES,), noise, and transition probabilities (STATES, STATES), whose rows add up to 1."""
    levels = params[:STATES]
    noise = np.exp(params[STATES])
    weights = np.exp(params[STATES + 1 :]).reshape(STATES, STATES)
    return levels, noise, weights / np.sum(weights, axis=1, keepdims=True)


def log_densities(params, current):
    """Of each measurement in each state: (LENGTH, STATES)."""
    levels, noise, _ = unpack(params)
    return -0.5 * ((current[:, None] - levels) / noise) ** 2 - np.log(noise) - 0.5 * np.log(2.0 * np.pi)


def log_likelihood(log_density, switching):
    """The forward algorithm: of the whole record, whatever the states were."""
    density = np.exp(log_density)
    chance = np.full(STATES, 1.0 / STATES)  # of each state, given the record so far
    total = 0.0
    for t in range(len(density)):
        if t > 0:
            chance = chance @ switching
        chance *= density[t]
        seen = np.sum(chance)
        chance /= seen
        total += np.log(seen)
    return total


def surprise(params, current):
    """Minus the log likelihood per measurement."""
    _, _, switching = unpack(params)
    return -log_likelihood(log_densities(params, current), switching) / len(current)


surprise_and_grad = cr.value_and_grad(surprise)
state_probabilities = cr.grad(log_likelihood)  # d log p(record) / d log p(x_t | state) = p(state at t | record)


def record(rng):
    """The hidden states and the measured current, (LENGTH,) each."""
    states = np.empty(LENGTH, dtype=int)
    states[0] = 0
    for t in range(1, LENGTH):
        states[t] = rng.choice(STATES, p=SWITCHING[states[t - 1]])
    return states, rng.normal(LEVELS[states], NOISE)


def draw(path, current, states, probabilities, levels):
    """The record, the states that it hides, and their probabilities."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    above.plot(current, ".", color="0.7", markersize=3, label="measured")
    above.step(np.arange(LENGTH), LEVELS[states], where="mid", color="k", linewidth=1.0, label="hidden")
    above.step(np.arange(LENGTH), levels[np.argmax(probabilities, axis=1)], where="mid", color="C1", linewidth=1.0, label="recovered")
    above.set(ylabel="current (pA)", title="What the noise hides")
    above.legend(loc="upper left", ncols=3, fontsize=8)
    below.stackplot(np.arange(LENGTH), probabilities.T, labels=["closed", "half open", "open"], colors=["0.85", "C0", "C2"], alpha=0.8)
    below.set(xlabel="time", ylabel="probability", ylim=(0, 1), xlim=(0, LENGTH - 1), title="Probability of each state: a gradient")
    below.legend(loc="upper left", ncols=3, fontsize=8)
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the states (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    states, current = record(np.random.default_rng(1))
    levels = np.quantile(current, [0.1, 0.5, 0.9])
    guess = np.concatenate([levels, [np.log(1.0)], np.eye(STATES).ravel()])
    cr.check_grads(surprise, (guess, current[:50]))

    fit = minimize(surprise_and_grad, guess, args=(current,), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    levels, noise, switching = unpack(fit.x)
    probabilities = state_probabilities(log_densities(fit.x, current), switching)
    if options.show:
        print(state_probabilities.source)

    right = np.mean(np.argmax(probabilities, axis=1) == states)
    nearest = np.mean(np.argmin(np.abs(current[:, None] - levels), axis=1) == states)
    print(f"-log likelihood per measurement: {surprise(guess, current):.4f} -> {fit.fun:.4f}, {fit.nfev} values and gradients\n")
    print(f"levels     {np.array2string(levels, precision=2)} pA, truly {LEVELS}")
    print(f"noise      {noise:.3f} pA, truly {NOISE}")
    print("switching  " + np.array2string(switching, precision=2, suppress_small=True, prefix=" " * 11))
    print(f"\nstates found: {right:.1%}; by the nearest level alone: {nearest:.1%}")
    if options.picture:
        draw(options.picture, current, states, probabilities, levels)

    if not np.allclose(np.sum(probabilities, axis=1), 1.0) or not np.all(probabilities > -1e-12):
        raise SystemExit("hidden_markov: the gradient is not a table of probabilities")
    if not right > 0.95 or not np.all(np.abs(levels - LEVELS) < 0.15) or not np.all(np.abs(switching - SWITCHING) < 0.05):
        raise SystemExit(f"hidden_markov: found levels {levels} and {right:.1%} of the states")


if __name__ == "__main__":
    main()
