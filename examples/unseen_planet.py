"""Weighing a planet that nobody has seen: an orbit's small deviations, and what must cause them.

In 1846 Le Verrier found Neptune from what it did to Uranus. Here Uranus is observed for 155 years, as it had been then; where it should be
without Neptune is off by a minute of arc and more. Mass, distance and place of the unseen planet, and the orbit of
Uranus itself, are fitted by least squares. The simulation is the textbook's leapfrog, with a loop over pairs of
bodies that adds to forces in place; its Jacobian comes from the generated program.

    python examples/unseen_planet.py
    python examples/unseen_planet.py --show                     # also print the generated Jacobian
    python examples/unseen_planet.py --picture neptune.png      # draw the orbits, needs matplotlib
"""

import argparse

import numpy as np
from scipy.optimize import least_squares

import chainrule as cr

GRAVITY = 4.0 * np.pi**2  # in astronomical units, years and masses of the sun
TIME_STEP = 0.5  # years: a 170th of the shorter orbit
STEPS = 310
URANUS = 4.37e-5
NEPTUNE = 5.15e-5
NOISE = np.radians(1.0 / 3600.0)  # a second of arc
# Of Neptune: mass (in units of 1e-5), distance (AU), longitude (degrees). Of Uranus, in an orbit through (19.2, 0): velocity
# (AU / year) and how far from there it begins.
TRUTH = np.array([5.15, 30.1, 60.0, 0.02, 1.44, 0.0, 0.0])
GUESS = np.array([10.0, 34.0, 80.0, 0.0, 1.43, 0.0, 0.0])


def forces(positions, masses):
    """Accelerations (bodies, 2) by mutual attraction."""
    pull = np.zeros_like(positions)
    for i in range(len(masses)):
        for j in range(i):
            apart = positions[i] - positions[j]
            attraction = GRAVITY * apart / np.sum(apart**2) ** 1.5
            pull[i] -= masses[j] * attraction
            pull[j] += masses[i] * attraction
    return pull


def simulate(unknown):
    """Positions (STEPS + 1, 3, 2) of sun, Uranus and Neptune."""
    weight, distance, longitude = unknown[0] * 1e-5, unknown[1], np.radians(unknown[2])
    masses = np.array([1.0, URANUS, weight])
    positions = np.array([[0.0, 0.0], [19.2 + unknown[5], unknown[6]], [distance * np.cos(longitude), distance * np.sin(longitude)]])
    speed = np.sqrt(GRAVITY / distance)  # in a circle
    velocities = np.array([[0.0, 0.0], [unknown[3], unknown[4]], [-speed * np.sin(longitude), speed * np.cos(longitude)]])
    path = np.empty((STEPS + 1, 3, 2))
    path[0] = positions
    pull = forces(positions, masses)
    for n in range(STEPS):
        velocities += 0.5 * TIME_STEP * pull
        positions += TIME_STEP * velocities
        pull = forces(positions, masses)
        velocities += 0.5 * TIME_STEP * pull
        path[n + 1] = positions
    return path


def longitudes(unknown):
    """Of Uranus, as seen from the sun, (STEPS + 1,) in radians."""
    path = simulate(unknown)
    seen = path[:, 1] - path[:, 0]
    return np.unwrap(np.arctan2(seen[:, 1], seen[:, 0]))


def residuals(unknown, observed):
    """In units of the noise."""
    return (longitudes(unknown) - observed) / NOISE


jacobian = cr.jacobian(residuals)


def orbit_alone(observed):
    """The best orbit of Uranus without another planet: what astronomers had before 1846."""
    fit = least_squares(
        lambda u: residuals(np.concatenate([[0.0], GUESS[1:3], u]), observed),
        GUESS[3:],
        jac=lambda u: jacobian(np.concatenate([[0.0], GUESS[1:3], u]), observed)[:, 3:],
        x_scale="jac",
    )
    return np.concatenate([[0.0], GUESS[1:3], fit.x])


def draw(path, alone, found, observed):
    """The orbits, and the deviations with and without Neptune."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.4))
    for positions, style, name in ((simulate(TRUTH), "-", "truth"), (simulate(GUESS), ":", "guess"), (simulate(found), "--", "found")):
        left.plot(positions[:, 2, 0], positions[:, 2, 1], style, color={"-": "k", ":": "0.6", "--": "C1"}[style], label=f"Neptune, {name}")
    positions = simulate(TRUTH)
    left.plot(positions[:, 1, 0], positions[:, 1, 1], color="C0", label="Uranus")
    left.plot(0.0, 0.0, "o", color="gold")
    left.set(xlabel="AU", aspect="equal", title="Orbits over 155 years")
    left.legend(fontsize=7, loc="center")
    years = TIME_STEP * np.arange(STEPS + 1)
    right.plot(years, residuals(alone, observed), ".", color="C0", label="best orbit without Neptune")
    right.plot(years, residuals(found, observed), ".", color="C1", label="with Neptune")
    right.set(xlabel="years", ylabel="computed - observed (seconds of arc)", title="Uranus, as computed")
    right.legend()
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the orbits (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated Jacobian")
    options = parser.parse_args(argv)

    observed = longitudes(TRUTH) + np.random.default_rng(0).normal(0.0, NOISE, STEPS + 1)
    cr.check_grads(longitudes, (GUESS,))

    alone = orbit_alone(observed)
    guess = np.concatenate([GUESS[:3], alone[3:]])
    fit = least_squares(residuals, guess, jac=jacobian, args=(observed,), x_scale="jac", method="lm")
    if options.show:
        print(jacobian.source)

    covariance = np.linalg.inv(fit.jac.T @ fit.jac)
    deviation = np.sqrt(np.diag(covariance))
    rms = [np.sqrt(np.mean(residuals(u, observed) ** 2)) for u in (alone, fit.x)]
    print(f"Uranus without another planet: {rms[0]:.1f} seconds of arc off; with one: {rms[1]:.2f}, {fit.njev} Jacobians\n")
    print("Neptune             mass (1e-5 suns)   distance (AU)   longitude (degrees)")
    print(f"{'guess':16}{guess[0]:15.2f}{guess[1]:19.2f}{guess[2]:20.2f}")
    print("found           " + "".join(f"{value:{width}.2f} ± {d:.2f}" for value, d, width in zip(fit.x, deviation, (10, 12, 13))))
    print(f"{'truth':16}{TRUTH[0]:15.2f}{TRUTH[1]:19.2f}{TRUTH[2]:20.2f}")
    if options.picture:
        draw(options.picture, alone, fit.x, observed)

    if not np.all(np.abs(fit.x - TRUTH) < 4.0 * deviation) or not rms[1] < 1.2 or not rms[0] > 10.0:
        raise SystemExit(f"unseen_planet: found {fit.x} with deviations {deviation}, {rms} seconds of arc")


if __name__ == "__main__":
    main()
