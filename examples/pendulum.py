"""How long is the pendulum? A Runge-Kutta simulation fitted to noisy measurements.

The swing of a pendulum with friction is integrated step by step into a preallocated array. Its
gradient with respect to the length and the friction goes through every one of those steps, and
SciPy's L-BFGS-B follows it to the values that produced the data.

    python examples/pendulum.py
    python examples/pendulum.py --show                    # also print the generated adjoint
    python examples/pendulum.py --picture pendulum.png    # draw the swing, needs matplotlib
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

GRAVITY = 9.81  # m / s^2
TIME_STEP = 0.02  # s
STEPS = 200
START = np.array([1.2, 0.0])  # rad, rad / s: let go at 69 degrees, which is not a small angle
NOISE = 0.05  # rad


def slope(state, length, friction):
    """Time derivative of state = (angle, speed)."""
    angle, speed = state
    return np.array([speed, -GRAVITY / length * np.sin(angle) - friction * speed])


def swing(length, friction):
    """States (STEPS + 1, 2), by the classical fourth-order Runge-Kutta method."""
    path = np.empty((STEPS + 1, 2))
    path[0] = START
    for n in range(STEPS):
        k1 = slope(path[n], length, friction)
        k2 = slope(path[n] + 0.5 * TIME_STEP * k1, length, friction)
        k3 = slope(path[n] + 0.5 * TIME_STEP * k2, length, friction)
        k4 = slope(path[n] + TIME_STEP * k3, length, friction)
        path[n + 1] = path[n] + TIME_STEP / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return path


def misfit(params, angles):
    """Mean squared difference from the angles (STEPS + 1,) measured; params (length, friction)."""
    length, friction = params
    return np.mean((swing(length, friction)[:, 0] - angles) ** 2)


misfit_and_grad = cr.value_and_grad(misfit)


def draw(path, angles, guess, found):
    """The measured swing, and those of the guess and of the fit."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    seconds = TIME_STEP * np.arange(STEPS + 1)
    axes.plot(seconds, angles, ".", color="0.6", markersize=4, label="measured")
    axes.plot(seconds, swing(*guess)[:, 0], "--", color="C0", label="guess")
    axes.plot(seconds, swing(*found)[:, 0], color="C1", label=f"fit: {found[0]:.3f} m")
    axes.set(xlabel="time (s)", ylabel="angle (rad)", title="How long is the pendulum?")
    axes.legend(loc="upper right", ncols=3)
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the swing (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated adjoint")
    options = parser.parse_args(argv)

    truth = np.array([1.0, 0.3])  # m, 1 / s
    rng = np.random.default_rng(0)
    angles = swing(*truth)[:, 0] + rng.normal(0.0, NOISE, STEPS + 1)

    guess = np.array([0.8, 0.1])
    fit = minimize(
        misfit_and_grad,
        guess,
        args=(angles,),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.1, 10.0), (0.0, 10.0)],
    )
    if options.show:
        print(misfit_and_grad.source)

    print(f"{STEPS + 1} angles over {STEPS * TIME_STEP:.0f} s, noise {NOISE} rad\n")
    print("             length (m)   friction (1/s)   rms misfit (rad)")
    for name, params in (("guess", guess), ("fit", fit.x), ("truth", truth)):
        rms = np.sqrt(misfit(params, angles))
        print(f"{name:10}{params[0]:13.4f}{params[1]:17.4f}{rms:19.4f}")
    print(f"\n{fit.nfev} values and gradients, each through {STEPS} Runge-Kutta steps and back")

    if options.picture:
        draw(options.picture, angles, guess, fit.x)

    if not np.all(np.abs(fit.x - truth) < (0.02, 0.05)):
        raise SystemExit(f"pendulum: found {fit.x}, not {truth}")


if __name__ == "__main__":
    main()
