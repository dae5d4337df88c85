"""The law behind a spiral: a neural network that is the right-hand side of a differential equation.

Points move along spirals; we see noisy positions and do not know the law. A small network takes its place, and is
integrated by the classical Runge-Kutta method, in a loop that fills an array; trained until the trajectories agree
with the observations. The gradient through the integrator is generated. SciPy's adaptive solver, which chainrule
differentiates too, gives the same gradient, to the accuracy of the integrators.

    python examples/neural_ode.py
    python examples/neural_ode.py --show                   # also print the generated gradient
    python examples/neural_ode.py --picture spiral.png     # draw the trajectories, needs matplotlib
"""

import argparse

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

import chainrule as cr

HIDDEN = 10
STEPS = 40  # of time, in a trajectory
TIME_STEP = 0.1
STARTS = 12
NOISE = 0.02


def true_law(y):
    """dy/dt of points y (n, 2): a spiral in the cubes of the coordinates."""
    return y**3 @ np.array([[-0.1, -2.0], [2.0, -0.1]])


def network(y, params):
    """What takes the law's place: points (n, 2) -> (n, 2)."""
    return np.tanh(y @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]


def trajectories(starts, law, *args):
    """Positions (STEPS + 1, n, 2) of the points that start at starts (n, 2)."""
    path = np.empty((STEPS + 1, *starts.shape))
    path[0] = starts
    for n in range(STEPS):
        k1 = law(path[n], *args)
        k2 = law(path[n] + 0.5 * TIME_STEP * k1, *args)
        k3 = law(path[n] + 0.5 * TIME_STEP * k2, *args)
        k4 = law(path[n] + TIME_STEP * k3, *args)
        path[n + 1] = path[n] + TIME_STEP / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return path


def loss(params, starts, seen):
    """Mean squared distance from the observations."""
    return np.mean((trajectories(starts, network, params) - seen) ** 2)


loss_and_grad = cr.value_and_grad(loss)


def loss_by_scipy(params, starts, seen):
    """The same, by an integrator that chooses its own steps."""
    times = TIME_STEP * np.arange(STEPS + 1)
    solution = solve_ivp(
        lambda t, y: network(y.reshape(-1, 2), params).ravel(), (0.0, times[-1]), starts.ravel(), t_eval=times, rtol=1e-8, atol=1e-8
    )
    return np.mean((solution.y.T.reshape(seen.shape) - seen) ** 2)


grad_by_scipy = cr.grad(loss_by_scipy)


def pack(params):
    return np.concatenate([value.ravel() for value in params.values()])


def unpack(vector, like):
    params, start = {}, 0
    for name, value in like.items():
        params[name] = vector[start : start + value.size].reshape(value.shape)
        start += value.size
    return params


def draw(path, params, starts, seen):
    """Observations, the learned trajectories, one that was not seen, and the learned law as arrows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 6.0), layout="constrained")
    axes = figure.subplots()
    grid = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 17), np.linspace(-1.5, 1.5, 17)), axis=-1).reshape(-1, 2)
    arrows = network(grid, params)
    arrows /= np.sqrt(np.linalg.norm(arrows, axis=1, keepdims=True))
    axes.quiver(*grid.T, *arrows.T, color="0.7", width=0.003)
    learned = trajectories(starts, network, params)
    for n in range(0, STARTS, 2):
        axes.plot(*seen[:, n].T, ".", color=f"C{n // 2}", markersize=3)
        axes.plot(*learned[:, n].T, color=f"C{n // 2}", linewidth=1.0)
    unseen = np.array([[1.25, 0.4]])
    axes.plot(*trajectories(unseen, true_law)[:, 0].T, color="k", linewidth=3.0, alpha=0.3, label="a start that was not seen: truth")
    axes.plot(*trajectories(unseen, network, params)[:, 0].T, "k--", linewidth=1.0, label="and what the network says")
    axes.legend(loc="upper right", fontsize=8)
    axes.set(aspect="equal", title="Observations (dots) and the learned law", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6))
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--picture", metavar="PATH", help="draw the trajectories (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    starts = rng.uniform(-1.3, 1.3, (STARTS, 2))
    seen = trajectories(starts, true_law)
    seen += rng.normal(0.0, NOISE, seen.shape)
    params = {
        "w1": rng.normal(0.0, 1.0, (2, HIDDEN)),
        "b1": rng.normal(0.0, 0.5, HIDDEN),
        "w2": rng.normal(0.0, 0.1, (HIDDEN, 2)),
        "b2": np.zeros(2),
    }
    cr.check_grads(loss, (params, starts[:2], seen[:, :2]))

    gradient = pack(cr.grad(loss)(params, starts, seen))
    other = pack(grad_by_scipy(params, starts, seen))
    apart = np.linalg.norm(gradient - other) / np.linalg.norm(gradient)
    print(f"the gradient through our Runge-Kutta and that through SciPy's solver differ by {apart:.1e}")

    def flat(vector):
        value, grads = loss_and_grad(unpack(vector, params), starts, seen)
        return value, pack(grads)

    fit = minimize(flat, pack(params), jac=True, method="BFGS", options={"maxiter": options.iterations, "gtol": 1e-7})
    found = unpack(fit.x, params)
    if options.show:
        print(loss_and_grad.source)

    fresh = rng.uniform(-1.0, 1.0, (20, 2))
    error = np.sqrt(np.mean((trajectories(fresh, network, found) - trajectories(fresh, true_law)) ** 2))
    print(f"{fit.nit} iterations, {fit.nfev} values and gradients, each through {STEPS} steps of {STARTS} trajectories")
    print(f"rms distance from the observations: {np.sqrt(loss(params, starts, seen)):.3f} -> {np.sqrt(fit.fun):.3f}, noise {NOISE}")
    print(f"rms error of 20 trajectories that were not seen: {error:.3f}")
    if options.picture:
        draw(options.picture, found, starts, seen)

    if not apart < 1e-3 or not np.sqrt(fit.fun) < 1.5 * NOISE or not error < 0.1:
        raise SystemExit(f"neural_ode: gradients {apart} apart, misfit {np.sqrt(fit.fun)}, error {error}")


if __name__ == "__main__":
    main()
