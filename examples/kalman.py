"""How far can a tracker trust its sensor? The noise levels of a Kalman filter, learned from its measurements.

A Kalman filter follows a car from noisy positions. How well it does so depends on two numbers that nobody
tells it: how hard the car accelerates and how wrong the sensor is. Both are found here by maximum likelihood.
The filter is an ordinary class, with a state that `predict` and `update` change; the gradient of the
likelihood goes through every one of these steps.

    python examples/kalman.py
    python examples/kalman.py --show                  # also print the generated gradient
    python examples/kalman.py --picture kalman.png    # draw the track, needs matplotlib
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

TIME_STEP = 1.0  # s
STEPS = 200
SENSOR = np.array([[1.0, 0.0]])  # of the state (position, speed) it sees the position


class KalmanFilter:
    """What is known of a car's position (m) and speed (m / s): a mean and a covariance."""

    def __init__(self, acceleration, sensor_noise):
        self.mean = np.zeros(2)
        self.covariance = np.diag([100.0, 100.0])
        self.motion = np.array([[1.0, TIME_STEP], [0.0, 1.0]])
        push = np.array([0.5 * TIME_STEP**2, TIME_STEP])
        self.process = acceleration**2 * np.outer(push, push)
        self.noise = sensor_noise**2
        self.log_likelihood = 0.0

    def predict(self):
        self.mean = self.motion @ self.mean
        self.covariance = self.motion @ self.covariance @ self.motion.T + self.process

    def update(self, measured):
        surprise = measured - (SENSOR @ self.mean)[0]
        variance = (SENSOR @ self.covariance @ SENSOR.T)[0, 0] + self.noise
        gain = (self.covariance @ SENSOR.T)[:, 0] / variance
        self.mean += gain * surprise
        self.covariance -= np.outer(gain, gain) * variance
        self.log_likelihood -= 0.5 * (surprise**2 / variance + np.log(2.0 * np.pi * variance))


def surprise(log_noise, measured):
    """Minus the log likelihood per measurement; log_noise: of the acceleration and of the sensor."""
    acceleration, sensor_noise = np.exp(log_noise)
    tracker = KalmanFilter(acceleration, sensor_noise)
    for z in measured:
        tracker.predict()
        tracker.update(z)
    return -tracker.log_likelihood / len(measured)


surprise_and_grad = cr.value_and_grad(surprise)


def drive(rng, acceleration, sensor_noise):
    """True positions and what the sensor says of them, (STEPS,) each."""
    position, speed = 0.0, 10.0
    positions = np.empty(STEPS)
    for n in range(STEPS):
        a = rng.normal(0.0, acceleration)
        position += speed * TIME_STEP + 0.5 * a * TIME_STEP**2
        speed += a * TIME_STEP
        positions[n] = position
    return positions, positions + rng.normal(0.0, sensor_noise, STEPS)


def track(log_noise, measured):
    """The filter's positions and their standard deviations, (STEPS,) each."""
    tracker = KalmanFilter(*np.exp(log_noise))
    means, deviations = [], []
    for z in measured:
        tracker.predict()
        tracker.update(z)
        means.append(tracker.mean[0])
        deviations.append(np.sqrt(tracker.covariance[0, 0]))
    return np.array(means), np.array(deviations)


def draw(path, guess, found, positions, measured):
    """Errors of the track before and after, with what the filter believed of them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    seconds = TIME_STEP * np.arange(1, STEPS + 1)
    for axes, title, log_noise in zip(figure.subplots(2, sharex=True, sharey=True), ("guessed noise", "learned noise"), (guess, found)):
        means, deviations = track(log_noise, measured)
        axes.plot(seconds, measured - positions, ".", color="0.7", markersize=4, label="sensor")
        axes.fill_between(seconds, -2.0 * deviations, 2.0 * deviations, color="C0", alpha=0.2, label="filter: two standard deviations")
        axes.plot(seconds, means - positions, color="C0", label="filter")
        axes.set(ylabel="error (m)", title=f"{title}: rms {np.sqrt(np.mean((means - positions) ** 2)):.2f} m", ylim=(-18.0, 18.0))
    axes.set_xlabel("time (s)")
    axes.legend(loc="lower right", ncols=3, fontsize=8)
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the track (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    truth = np.log([0.5, 5.0])  # m / s^2, m
    positions, measured = drive(np.random.default_rng(3), *np.exp(truth))
    guess = np.log([5.0, 1.0])
    cr.check_grads(surprise, (guess, measured[:20]))

    fit = minimize(surprise_and_grad, guess, args=(measured,), jac=True, method="BFGS", options={"gtol": 1e-7})
    if options.show:
        print(surprise_and_grad.source)

    errors = []
    print(f"{STEPS} measurements of a position\n")
    print("         acceleration (m/s^2)   sensor (m)   -log likelihood   error of the track (m)")
    for name, log_noise in (("guess", guess), ("learned", fit.x), ("truth", truth)):
        acceleration, sensor_noise = np.exp(log_noise)
        errors.append(np.sqrt(np.mean((track(log_noise, measured)[0] - positions) ** 2)))
        print(f"{name:9}{acceleration:20.3f}{sensor_noise:13.3f}{surprise(log_noise, measured):18.4f}{errors[-1]:25.2f}")
    print(f"\n{fit.nfev} values and gradients, each through {STEPS} steps of the filter and back")
    if options.picture:
        draw(options.picture, guess, fit.x, positions, measured)

    if not np.max(np.abs(fit.jac)) < 1e-6 or not np.all(np.abs(fit.x - truth) < 0.3) or not errors[1] < 0.7 * errors[0]:
        raise SystemExit(f"kalman: learned {np.exp(fit.x)}, not {np.exp(truth)}; errors {errors}")


if __name__ == "__main__":
    main()
