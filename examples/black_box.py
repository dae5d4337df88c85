"""What lines are in this spectrum? A model of peaks fitted by every kind of minimizer.

The parameters are a dictionary of arrays with bounds: heights, centres and widths of three lines over a sloping background.
`optim.minimize` hands SciPy's methods what they can use: values alone (Nelder-Mead), value and gradient in one evaluation
(L-BFGS-B), or products with the Hessian as well (trust-constr). The table says what each of them needs to get there.

    python examples/black_box.py
    python examples/black_box.py --show                   # also print the generated gradient
    python examples/black_box.py --picture spectrum.png   # draw the fit, needs matplotlib
"""

import argparse

import numpy as np

import chainrule as cr
from chainrule import optim

WAVES = np.linspace(400.0, 700.0, 301)  # nm
NOISE = 0.02
TRUTH = {"height": np.array([1.0, 0.6, 0.8]), "centre": np.array([486.0, 510.0, 656.0]), "width": np.array([8.0, 12.0, 6.0]), "level": 0.3, "slope": -0.1}
GUESS = {"height": np.full(3, 0.5), "centre": np.array([470.0, 530.0, 640.0]), "width": np.full(3, 15.0), "level": 0.0, "slope": 0.0}
BOUNDS = {"height": (0.0, None), "centre": (400.0, 700.0), "width": (1.0, 50.0), "level": None, "slope": None}
METHODS = {"Nelder-Mead": {"maxiter": 20_000, "maxfev": 20_000, "adaptive": True}, "Powell": {"maxiter": 1000}, "L-BFGS-B": {"ftol": 1e-12, "maxiter": 500},
           "trust-constr": {"gtol": 1e-10}}


def spectrum(p):
    """Intensities (301,): Lorentzian lines over a background."""
    x = (WAVES - 550.0) / 150.0
    lines = p["height"] / (1.0 + ((WAVES[:, None] - p["centre"]) / p["width"]) ** 2)
    return np.sum(lines, axis=1) + p["level"] + p["slope"] * x


def misfit(p, measured):
    """Half the sum of squares, in units of the noise."""
    return 0.5 * np.mean(((spectrum(p) - measured) / NOISE) ** 2)


def draw(path, measured, found):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(WAVES, measured, ".", color="0.6", markersize=3, label="measured")
    axes.plot(WAVES, spectrum(GUESS), "--", color="C1", linewidth=1.0, label="guess")
    axes.plot(WAVES, spectrum(found), color="C0", label="fit")
    for centre in found["centre"]:
        axes.axvline(centre, color="C0", linewidth=0.5)
    axes.set(xlabel="wavelength (nm)", ylabel="intensity", title="Three lines")
    axes.legend()
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the fit (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    measured = spectrum(TRUTH) + np.random.default_rng(0).normal(0.0, NOISE, WAVES.size)
    cr.check_grads(misfit, (GUESS, measured))
    print(f"11 parameters, {WAVES.size} points, misfit of the guess {misfit(GUESS, measured):.2f}\n")
    print("method         evaluations      misfit   worst centre (nm)")
    fits = {}
    for method, more in METHODS.items():
        fits[method] = fit = optim.minimize(misfit, GUESS, method, args=(measured,), bounds=BOUNDS, **more)
        wrong = np.max(np.abs(fit.x["centre"] - TRUTH["centre"]))
        print(f"{method:14}{fit.nfev:12}{fit.fun:12.6f}{wrong:20.3f}")
    best = fits["trust-constr"].x
    print("\n            " + "".join(f"{name:>12}" for name in ("truth", "fit")))
    for name in ("height", "centre", "width"):
        for k in range(3):
            print(f"{name:8}{k + 1:4}{TRUTH[name][k]:12.3f}{best[name][k]:12.3f}")
    if options.show:
        print(cr.grad(misfit).source_for(GUESS, measured))
    if options.picture:
        draw(options.picture, measured, best)

    smooth = [fits[name] for name in ("L-BFGS-B", "trust-constr")]
    if not all(fit.fun < 0.55 and np.max(np.abs(fit.x["centre"] - TRUTH["centre"])) < 0.5 for fit in smooth) or not abs(smooth[0].fun - smooth[1].fun) < 1e-5:
        raise SystemExit(f"black_box: misfits {[fit.fun for fit in smooth]}, centres {best['centre']}")


if __name__ == "__main__":
    main()
