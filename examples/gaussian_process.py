"""Trend, season or noise? A Gaussian process that finds its own hyperparameters.

A series of monthly measurements is explained by a slow trend, a yearly season that slowly changes its shape, and
noise. How large and how slow each of them is, seven numbers, is chosen by the marginal likelihood, a Cholesky
factorisation away. Its gradient goes through the factorisation; L-BFGS follows it. Then the process forecasts
three years that it has not seen.

    python examples/gaussian_process.py
    python examples/gaussian_process.py --show               # also print the generated gradient
    python examples/gaussian_process.py --picture gp.png     # draw the forecast, needs matplotlib
"""

import argparse

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

import chainrule as cr

NAMES = ("trend: size", "trend: length (years)", "season: size", "season: memory (years)", "season: smoothness", "noise: size")
GUESS = np.log([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
NOISE = 0.25


def covariance(params, s, t):
    """Between the values at times s (m,) and t (n,) in years: (m, n). params: logarithms, named in NAMES."""
    trend, trend_length, season, memory, smoothness = np.exp(params[:5])
    apart = s[:, None] - t[None, :]
    slow = trend**2 * np.exp(-0.5 * (apart / trend_length) ** 2)
    yearly = np.exp(-2.0 * (np.sin(np.pi * apart) / smoothness) ** 2)
    return slow + season**2 * yearly * np.exp(-0.5 * (apart / memory) ** 2)


def factor(params, t):
    """Lower triangular factor of the measurements' covariance."""
    k = covariance(params, t, t)
    k[np.diag_indices(len(t))] += np.exp(2.0 * params[5]) + 1e-8
    return np.linalg.cholesky(k)


def surprise(params, t, y):
    """Minus the log marginal likelihood of the measurements y at times t, per measurement."""
    lower = factor(params, t)
    white = solve_triangular(lower, y, lower=True)
    return (0.5 * white @ white + np.sum(np.log(np.diag(lower)))) / len(t) + 0.5 * np.log(2.0 * np.pi)


surprise_and_grad = cr.value_and_grad(surprise)


def forecast(params, t, y, times):
    """Mean and standard deviation of what is measured at further times."""
    lower = factor(params, t)
    across = solve_triangular(lower, covariance(params, t, times), lower=True)
    mean = across.T @ solve_triangular(lower, y, lower=True)
    variance = np.exp(2.0 * params[0]) + np.exp(2.0 * params[2]) + np.exp(2.0 * params[5]) - np.sum(across**2, axis=0)
    return mean, np.sqrt(variance)


def truth(t):
    """A slow wave, and a season that grows and is not a sine."""
    return 1.5 * np.sin(2.0 * np.pi * t / 17.0) + (0.7 + 0.05 * t) * (np.sin(2.0 * np.pi * t) + 0.4 * np.cos(4.0 * np.pi * t))


def draw(path, guess, found, t, y, later, later_y):
    """The measurements, and the forecast with the guess and with what was found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.5), layout="constrained")
    times = np.linspace(0.0, later[-1], 600)
    for axes, title, params in zip(figure.subplots(2, sharex=True, sharey=True), ("guessed", "learned"), (guess, found)):
        mean, deviation = forecast(params, t, y, times)
        axes.fill_between(times, mean - 2.0 * deviation, mean + 2.0 * deviation, color="C0", alpha=0.2, label="two standard deviations")
        axes.plot(times, mean, color="C0", label="mean")
        axes.plot(t, y, ".", color="0.3", markersize=4, label="measured")
        axes.plot(later, later_y, ".", color="C3", markersize=4, label="not seen")
        axes.axvline(t[-1], color="0.7", linewidth=0.8)
        axes.set(title=f"{title} hyperparameters", ylim=(-5.5, 5.5))
    axes.set_xlabel("years")
    axes.legend(loc="lower left", ncols=4, fontsize=8)
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the forecast (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    months = np.arange(12 * 13) / 12.0
    series = truth(months) + rng.normal(0.0, NOISE, len(months))
    t, later = months[: 12 * 10], months[12 * 10 :]
    y, later_y = series[: len(t)], series[len(t) :]
    cr.check_grads(surprise, (GUESS, t, y))

    bounds = [(np.log(0.01), np.log(100.0))] * len(GUESS)
    fit = minimize(surprise_and_grad, GUESS, args=(t, y), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    if options.show:
        print(surprise_and_grad.source)

    print(f"{len(t)} monthly measurements; the noise put in was {NOISE}\n")
    print(f"{'':26}{'guess':>8}{'learned':>10}")
    for name, before, after in zip(NAMES, np.exp(GUESS), np.exp(fit.x)):
        print(f"{name:26}{before:8.3f}{after:10.3f}")
    errors = [np.sqrt(np.mean((forecast(params, t, y, later)[0] - later_y) ** 2)) for params in (GUESS, fit.x)]
    print(f"{'-log likelihood':26}{surprise(GUESS, t, y):8.3f}{fit.fun:10.3f}")
    print(f"{'error of the forecast':26}{errors[0]:8.3f}{errors[1]:10.3f}")
    print(f"\n{fit.nfev} values and gradients")
    if options.picture:
        draw(options.picture, GUESS, fit.x, t, y, later, later_y)

    if not fit.success or not abs(np.exp(fit.x[5]) - NOISE) < 0.05 or not errors[1] < 0.5 * errors[0]:
        raise SystemExit(f"gaussian_process: noise {np.exp(fit.x[5])}, errors of the forecast {errors}: {fit.message}")


if __name__ == "__main__":
    main()
