"""How an option's price moves: Black and Scholes' formula, a simulation, and the Greeks of both.

A book of options is a list of objects, each with a method that prices it. Its sensitivities, delta, vega, rho and
theta, are one gradient, and gamma is a derivative of that. The same code prices an option on an average by simulating paths of the
market, with draws inside the function: its gradient is the pathwise estimate of the Greeks, for the price of a few
simulations.

    python examples/greeks.py
    python examples/greeks.py --show                   # also print the generated gradient
    python examples/greeks.py --picture greeks.png     # draw them, needs matplotlib
"""

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

import chainrule as cr

DAYS = 50
PATHS = 4000


@dataclass
class Market:
    spot: float
    volatility: float  # per square root of a year
    rate: float  # per year
    time: float  # years gone by


@dataclass
class Option:
    kind: str  # "call" or "put"
    strike: float
    expiry: float  # years
    count: float  # negative: sold

    def price(self, market):
        """Black and Scholes (1973)."""
        left = self.expiry - market.time
        spread = market.volatility * np.sqrt(left)
        d1 = (np.log(market.spot / self.strike) + market.rate * left) / spread + 0.5 * spread
        d2 = d1 - spread
        discounted = self.strike * np.exp(-market.rate * left)
        if self.kind == "call":
            return market.spot * ndtr(d1) - discounted * ndtr(d2)
        return discounted * ndtr(-d2) - market.spot * ndtr(-d1)


def book_value(market, book):
    """What all options together are worth."""
    return sum(option.count * option.price(market) for option in book)


greeks = cr.grad(book_value)  # a Market of derivatives


def value_at(spot, market, book):
    return book_value(Market(spot, market.volatility, market.rate, market.time), book)


delta = cr.grad(value_at)
gamma = cr.grad(delta)


def simulated(market, strike, expiry, on_average, rng):
    """Price of a call on the last price, or on the mean of all days' prices, from PATHS simulated paths."""
    step = (expiry - market.time) / DAYS
    price = np.full(PATHS, market.spot)
    total = np.zeros(PATHS)
    for _ in range(DAYS):
        drift = (market.rate - 0.5 * market.volatility**2) * step
        price *= np.exp(rng.normal(drift, market.volatility * np.sqrt(step), PATHS))
        total += price
    final = total / DAYS if on_average else price
    pays = final > strike
    payoff = np.zeros(PATHS)
    payoff[pays] = final[pays] - strike
    return np.exp(-market.rate * (expiry - market.time)) * np.mean(payoff)


simulated_greeks = cr.value_and_grad(simulated)

BOOK = [Option("call", 90.0, 0.5, 1.0), Option("call", 100.0, 0.5, -2.0), Option("call", 110.0, 0.5, 1.0), Option("put", 85.0, 0.25, 2.0)]


def textbook(market, strike, expiry):
    """Price, delta, gamma, vega, rho and theta of a call, from the formulas in books."""
    left = expiry - market.time
    spread = market.volatility * np.sqrt(left)
    d1 = (np.log(market.spot / strike) + market.rate * left) / spread + 0.5 * spread
    d2 = d1 - spread
    density = np.exp(-0.5 * d1**2) / np.sqrt(2.0 * np.pi)
    discounted = strike * np.exp(-market.rate * left)
    price = market.spot * ndtr(d1) - discounted * ndtr(d2)
    vega = market.spot * density * np.sqrt(left)
    theta = -0.5 * market.spot * density * market.volatility / np.sqrt(left) - market.rate * discounted * ndtr(d2)
    return price, ndtr(d1), density / (market.spot * spread), vega, left * discounted * ndtr(d2), theta


def draw(path, market, samples):
    """The book's value, delta and gamma against the price; simulated deltas of a call against the formula."""
    from matplotlib.figure import Figure

    spots = np.linspace(75.0, 125.0, 120)
    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    panels = figure.subplots(2, 2)
    curves = ("value of the book", value_at), ("delta", delta), ("gamma", gamma)
    for axes, (title, function) in zip(panels.flat, curves):
        for time, colour in ((0.0, "C0"), (0.15, "C1"), (0.23, "C2")):
            at = Market(0.0, market.volatility, market.rate, time)
            axes.plot(spots, [function(spot, at, BOOK) for spot in spots], color=colour, label=f"after {time} years")
        axes.set_title(title)
    panels[0, 0].legend(fontsize=8)
    axes = panels[1, 1]
    axes.plot(spots, [textbook(Market(s, market.volatility, market.rate, 0.0), 100.0, 0.5)[1] for s in spots], color="k", label="call: formula")
    for name, style, values in samples:
        axes.plot(*zip(*values), style, markersize=4, label=name)
    axes.set(title="delta, simulated", xlabel="price of the share")
    axes.legend(fontsize=8)
    panels[1, 0].set_xlabel("price of the share")
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the Greeks (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    market = Market(spot=100.0, volatility=0.2, rate=0.03, time=0.0)
    cr.check_grads(book_value, (market, BOOK))
    cr.check_grads(value_at, (market.spot, market, BOOK), order=2)

    one = [Option("call", 100.0, 0.5, 1.0)]
    ours = greeks(market, one)
    found = np.array([book_value(market, one), ours.spot, gamma(market.spot, market, one), ours.volatility, ours.rate, ours.time])
    expected = np.array(textbook(market, 100.0, 0.5))
    print("one call      " + "".join(f"{name:>11}" for name in ("price", "delta", "gamma", "vega", "rho", "theta")))
    print("chainrule     " + "".join(f"{value:11.5f}" for value in found))
    print("textbook      " + "".join(f"{value:11.5f}" for value in expected))

    # Sixteen simulations each, to know how far the estimates scatter.
    runs = []
    for seed in range(16):
        value, slopes = simulated_greeks(market, 100.0, 0.5, False, np.random.default_rng(seed))
        runs.append([value, slopes.spot, slopes.volatility, slopes.rate, slopes.time])
    means, errors = np.mean(runs, axis=0), np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    print("simulated     " + "".join(f"{value:11.5f}" for value in means[:2]) + " " * 11 + "".join(f"{value:11.5f}" for value in means[2:]))
    print("  give or take" + "".join(f"{value:11.5f}" for value in errors[:2]) + " " * 11 + "".join(f"{value:11.5f}" for value in errors[2:]))

    average, slopes = simulated_greeks(market, 100.0, 0.5, True, np.random.default_rng(0))
    print(f"\non the average: price {average:.4f}, delta {slopes.spot:.4f}, vega {slopes.volatility:.4f}, rho {slopes.rate:.4f}")
    if options.show:
        print()
        print(simulated_greeks.source)

    whole = greeks(market, BOOK)
    print(f"the book: value {book_value(market, BOOK):.4f}, delta {whole.spot:.4f}, gamma {gamma(market.spot, market, BOOK):.4f}, "
          f"vega {whole.volatility:.4f}, rho {whole.rate:.4f}, theta {whole.time:.4f}")  # fmt: skip
    if options.picture:
        samples = []
        for name, style, on_average in (("call", "C0o", False), ("call on the average", "C1s", True)):
            at = [(s, Market(s, market.volatility, market.rate, 0.0)) for s in np.linspace(80.0, 120.0, 9)]
            deltas = [(s, simulated_greeks(m, 100.0, 0.5, on_average, np.random.default_rng(1))[1].spot) for s, m in at]
            samples.append((name, style, deltas))
        draw(options.picture, market, samples)

    if not np.allclose(found, expected, rtol=1e-10):
        raise SystemExit(f"greeks: {found} are not the formulas' {expected}")
    if not np.all(np.abs(means - expected[[0, 1, 3, 4, 5]]) < 4.0 * errors):
        raise SystemExit(f"greeks: simulated {means} ± {errors}, not {expected}")


if __name__ == "__main__":
    main()
