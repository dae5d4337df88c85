"""chainrule.optim: steps against formulae written out here, and PyTorch; convergence; containers; derivatives through training; SciPy's minimizers."""

from __future__ import annotations

import copy
import dataclasses
import math
import sys
import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim


class Layer(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class Model:
    layers: list[Any]
    scale: float
    name: str = "model"


def model(dtype: Any = np.float64) -> Model:
    rng = np.random.default_rng(0)
    return Model([Layer(rng.normal(size=(3, 4)).astype(dtype), np.zeros(4, dtype)), (rng.normal(size=(4, 2)).astype(dtype), {"b": np.zeros(2, dtype)})], 1.5)


def loss(p, x, y):
    (w1, b1), (w2, rest) = p.layers
    hidden = np.tanh(x @ w1 + b1)
    return np.mean((p.scale * (hidden @ w2 + rest["b"]) - y) ** 2)


DATA = (np.random.default_rng(1).normal(size=(6, 3)), np.random.default_rng(2).normal(size=(6, 2)))

# -- one vector, by formulae that are written out: each gives the parameters after the gradients gs ----------------------


def by_sgd(p, gs, r, wd=0.0):
    for g in gs:
        p = p - r * (g + wd * p)
    return p


def by_momentum(p, gs, r, beta=0.9):
    history = []
    for g in gs:
        history.append(g)
        p = p - r * sum(beta**k * old for k, old in enumerate(reversed(history)))
    return p


def by_nesterov(p, gs, r, beta=0.9):
    history = []
    for g in gs:
        history.append(g)
        p = p - r * (g + beta * sum(beta**k * old for k, old in enumerate(reversed(history))))
    return p


def by_rmsprop(p, gs, r, decay=0.99, eps=1e-8):
    for n in range(1, len(gs) + 1):
        s = sum((1 - decay) * decay ** (n - 1 - k) * gs[k] ** 2 for k in range(n))
        p = p - r * gs[n - 1] / (np.sqrt(s) + eps)
    return p


def by_adagrad(p, gs, r, eps=1e-10):
    for n in range(1, len(gs) + 1):
        p = p - r * gs[n - 1] / (np.sqrt(sum(g**2 for g in gs[:n])) + eps)
    return p


def by_adam(p, gs, r, a=0.9, b=0.999, eps=1e-8, wd=0.0):
    for n in range(1, len(gs) + 1):
        weights_a, weights_b = [a ** (n - 1 - k) for k in range(n)], [b ** (n - 1 - k) for k in range(n)]
        m = sum(w * g for w, g in zip(weights_a, gs)) / sum(weights_a)
        s = sum(w * g**2 for w, g in zip(weights_b, gs)) / sum(weights_b)
        p = p - r * wd * p - r * m / (np.sqrt(s) + eps)
    return p


FORMULAE = {
    "sgd": (optim.sgd(0.1), lambda p, gs: by_sgd(p, gs, 0.1)), "sgd, decay": (optim.sgd(0.1, weight_decay=0.3), lambda p, gs: by_sgd(p, gs, 0.1, 0.3)),
    "momentum": (optim.momentum(0.1), lambda p, gs: by_momentum(p, gs, 0.1)), "nesterov": (optim.nesterov(0.1, beta=0.8), lambda p, gs: by_nesterov(p, gs, 0.1, 0.8)),
    "rmsprop": (optim.rmsprop(0.1), lambda p, gs: by_rmsprop(p, gs, 0.1)), "adagrad": (optim.adagrad(0.1), lambda p, gs: by_adagrad(p, gs, 0.1)),
    "adam": (optim.adam(0.1), lambda p, gs: by_adam(p, gs, 0.1)), "adam, betas": (optim.adam(0.1, 0.7, 0.9, 1e-3), lambda p, gs: by_adam(p, gs, 0.1, 0.7, 0.9, 1e-3)),
    "adamw": (optim.adamw(0.1, weight_decay=0.2), lambda p, gs: by_adam(p, gs, 0.1, wd=0.2)),
}


@pytest.mark.parametrize("name", FORMULAE)
def test_steps_are_those_of_the_formula(name):
    opt, formula = FORMULAE[name]
    rng = np.random.default_rng(3)
    start, gs = rng.normal(size=5), list(rng.normal(size=(6, 5)))
    params, state = start, opt.init(start)
    for g in gs:
        params, state = opt.update(params, g, state)
    np.testing.assert_allclose(params, formula(start, gs), rtol=1e-12)
    assert state.step == 6


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"])
def test_steps_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    theirs = {"sgd": lambda p: torch.optim.SGD(p, 0.05, weight_decay=0.1), "momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=0.1),
              "nesterov": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.1), "rmsprop": lambda p: torch.optim.RMSprop(p, 0.05),
              "adagrad": lambda p: torch.optim.Adagrad(p, 0.05), "adam": lambda p: torch.optim.Adam(p, 0.05), "adamw": lambda p: torch.optim.AdamW(p, 0.05)}[name]
    opt = getattr(optim, name)(0.05, **({"weight_decay": 0.1} if name in ("sgd", "momentum", "nesterov") else {}))
    rng = np.random.default_rng(4)
    ours = [rng.normal(size=(2, 3)), rng.normal(size=3)]
    tensors = [torch.tensor(p.copy(), requires_grad=True) for p in ours]
    stepper, state = theirs(tensors), opt.init(ours)
    for _ in range(10):
        gs = [rng.normal(size=p.shape) for p in ours]
        for t, g in zip(tensors, gs):
            t.grad = torch.tensor(g)
        stepper.step()
        ours, state = opt.update(ours, gs, state)
    for p, t in zip(ours, tensors):
        np.testing.assert_allclose(p, t.detach().numpy(), rtol=1e-10)


OPTIMIZERS = {"sgd": optim.sgd(0.05), "momentum": optim.momentum(0.05), "nesterov": optim.nesterov(0.05), "rmsprop": optim.rmsprop(0.02), "adagrad": optim.adagrad(0.3),
              "adam": optim.adam(0.05), "adamw": optim.adamw(0.05, weight_decay=1e-4)}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_containers_dtypes_and_what_is_left_alone(name):
    opt = OPTIMIZERS[name]
    gradient = cr.value_and_grad(loss)
    for dtype in (np.float64, np.float32):
        x, y = (a.astype(dtype) for a in DATA)
        params = model(dtype)
        first, kept = gradient(params, x, y)[0], copy.deepcopy(params)
        state = opt.init(params)
        for _ in range(30):
            before = copy.deepcopy((params, state))
            grads = gradient(params, x, y)[1]
            held = copy.deepcopy(grads)
            new, after = opt.update(params, grads, state)
            assert repr((params, state)) == repr(before) and repr(grads) == repr(held)
            params, state = new, after
        value = gradient(params, x, y)[0]
        assert value < 0.9 * first
        assert repr(model(dtype)) == repr(kept)
        assert type(params) is Model and type(params.layers[0]) is Layer and type(params.layers[1]) is tuple and params.name == "model"
        assert type(params.scale) is float and params.layers[0].w.dtype == dtype and params.layers[1][1]["b"].dtype == dtype
        for tree in (state.mean, state.square):
            assert tree is None or (tree.name is None and tree.layers[0].w.dtype == dtype)


def test_steps_of_complex_parameters_go_downhill():
    target = np.array([1.0 + 2.0j, -0.5j])

    def distance(z):
        return np.sum(np.abs(z - target) ** 2)

    gradient = cr.grad(distance)
    for name, opt in OPTIMIZERS.items():
        z = np.zeros(2, complex)
        state = opt.init(z)
        for _ in range(300):
            z, state = opt.update(z, gradient(z), state)
        assert distance(z) < (0.5 if name == "adagrad" else 1e-2), name
        assert state.square is None or state.square.dtype == np.float64


def test_wrong_structures_and_leaves_are_errors():
    opt = optim.adam(0.1)
    params = {"w": np.ones(2), "n": 3}
    state = opt.init(params)
    with pytest.raises(ValueError, match="expected keys"):
        opt.update(params, {"w": np.ones(2)}, state)
    with pytest.raises(TypeError, match="there is a gradient of 3, which is not a float"):
        opt.update(params, {"w": np.ones(2), "n": 1.0}, state)
    assert opt.update(params, {"w": None, "n": None}, state)[0] == {"w": params["w"], "n": 3}


# -- convergence ----------------------------------------------------------------------------------------------------------


def rosenbrock(p):
    return (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] ** 2) ** 2


def quadratic(x):
    return 0.5 * np.sum(np.array([1.0, 10.0, 100.0]) * (x - 1.0) ** 2)


@pytest.mark.parametrize(("opt", "steps"), [(optim.sgd(1.9e-2), 800), (optim.momentum(4e-3), 500), (optim.nesterov(4e-3), 500), (optim.rmsprop(optim.exponential(0.05, 0.5, 100)), 1500),
                                            (optim.adagrad(0.5), 800), (optim.adam(optim.cosine(0.2, 600)), 600), (optim.adamw(optim.cosine(0.2, 600), weight_decay=0.0), 600)])
def test_a_quadratic_is_minimized(opt, steps):
    x = np.zeros(3)
    state, gradient = opt.init(x), cr.grad(quadratic)
    for _ in range(steps):
        x, state = opt.update(x, gradient(x), state)
    np.testing.assert_allclose(x, 1.0, atol=1e-3)


def test_gradient_descent_converges_as_theory_says():
    x = np.array([0.0, 1.0, 1.0])
    opt, gradient = optim.sgd(0.01), cr.grad(quadratic)
    for n in range(1, 20):
        x = opt.update(x, gradient(x), opt.init(x))[0]
        assert x[0] == pytest.approx(1 - 0.99**n)


def test_rosenbrock_with_adam():
    p, opt = {"x": -1.2, "y": 1.0}, optim.adam(optim.warmup(20, optim.cosine(0.05, 3000)))
    state, gradient = opt.init(p), cr.grad(rosenbrock)
    for _ in range(3000):
        p, state = opt.update(p, optim.clip_by_global_norm(gradient(p), 10.0), state)
    assert p["x"] == pytest.approx(1.0, abs=1e-3) and p["y"] == pytest.approx(1.0, abs=1e-3)


def spiral_loss(params, x, labels):
    (w1, b1), (w2, b2) = params
    return nn.cross_entropy(nn.gelu(x @ w1 + b1) @ w2 + b2, labels)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_network_learns(name):
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 3, size=120)
    labels = np.arange(120) % 2
    x = np.stack([np.cos(angle + np.pi * labels), np.sin(angle + np.pi * labels)], 1) * angle[:, None]
    params = [(nn.glorot_normal(rng, (2, 16)), np.zeros(16)), (nn.glorot_normal(rng, (16, 2)), np.zeros(2))]
    opt = {"sgd": optim.sgd(0.5), "momentum": optim.momentum(0.1), "nesterov": optim.nesterov(0.1)}.get(name, OPTIMIZERS[name])
    state, gradient = opt.init(params), cr.value_and_grad(spiral_loss)
    first = gradient(params, x, labels)[0]
    for _ in range(150):
        value, grads = gradient(params, x, labels)
        params, state = opt.update(params, grads, state)
    assert value < 0.3 * first


# -- schedules and clipping --------------------------------------------------------------------------------------------------


def test_schedules():
    every = [optim.constant(0.3), optim.step_decay(1.0, 3, 0.5), optim.exponential(1.0, 0.5, 4), optim.cosine(1.0, 8, 0.2), optim.warmup(4, optim.step_decay(1.0, 3)),
             optim.piecewise([2, 5], [3.0, 2.0, 1.0])]
    expected = [[0.3] * 10, [0.5 ** (n // 3) for n in range(10)], [0.5 ** (n / 4) for n in range(10)],
                [0.2 + 0.4 * (1 + math.cos(math.pi * min(n, 8) / 8)) for n in range(10)], [0.25, 0.5, 0.75, 1, 1, 1, 1, 0.1, 0.1, 0.1], [3, 3, 2, 2, 2, 1, 1, 1, 1, 1]]
    for schedule, values in zip(every, expected):
        np.testing.assert_allclose([schedule(n) for n in range(10)], values, atol=1e-15)
    p, opt = 0.0, optim.sgd(lambda n: 10.0**-n)
    state = opt.init(p)
    for _ in range(3):
        p, state = opt.update(p, -1.0, state)
    assert p == pytest.approx(1.11)
    assert optim.sgd(lambda n: np.float64(0.1)).update(np.ones(2, np.float32), np.ones(2, np.float32), optim.State(0))[0].dtype == np.float32
    for boundaries, values in (([1], [1.0]), ([2, 1], [1.0, 2.0, 3.0])):
        with pytest.raises(ValueError, match="one value more than boundaries"):
            optim.piecewise(boundaries, values)


def test_clipping():
    grads = {"w": np.array([[3.0, 0.0]], np.float32), "b": 4.0, "name": None, "z": np.array([12.0j])}
    assert optim.global_norm(grads) == 13.0 and type(optim.global_norm(grads)) is float
    small = optim.clip_by_global_norm(grads, 6.5)
    assert small["w"].dtype == np.float32 and small["w"].tolist() == [[1.5, 0.0]] and small["b"] == 2.0 and small["name"] is None and small["z"][0] == 6j
    assert optim.clip_by_global_norm(grads, 13.0)["b"] == 4.0
    assert optim.clip_by_global_norm([0.0, np.zeros(2)], 1.0)[0] == 0.0 and optim.global_norm([None]) == 0.0
    cut = optim.clip_by_value(grads, 2.0)
    assert cut["w"].tolist() == [[2.0, 0.0]] and cut["b"] == 2.0 and cut["z"][0] == 2j and cut["name"] is None and cut["w"].dtype == np.float32
    assert grads["w"][0, 0] == 3.0


# -- derivatives through training ----------------------------------------------------------------------------------------------


def steps_of(make, count, clip=None):
    def trained(lr, params, x, y):
        opt = make(lr)
        state = opt.init(params)
        for _ in range(count):
            grads = cr.grad(loss)(params, x, y)
            if clip is not None:
                grads = optim.clip_by_global_norm(grads, clip)
            params, state = opt.update(params, grads, state)
        return loss(params, x, y)

    return trained


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"])
def test_hypergradients(name):
    trained = steps_of(getattr(optim, name), 2, 0.5)
    lr, params = 0.03, model()
    by_rate, by_params = cr.grad(trained, argnums=(0, 1))(lr, params, *DATA)
    h = 1e-6
    assert by_rate == pytest.approx((trained(lr + h, params, *DATA) - trained(lr - h, params, *DATA)) / (2 * h), rel=1e-5)
    moved = [dataclasses.replace(params, scale=params.scale + s) for s in (h, -h)]
    assert by_params.scale == pytest.approx((trained(lr, moved[0], *DATA) - trained(lr, moved[1], *DATA)) / (2 * h), rel=1e-5)
    assert by_params.name is None and by_params.layers[0].w.shape == (3, 4)
    cr.check_grads(trained, (lr, params, *DATA))


def ridge(w, x, y, decay):
    return np.mean((x @ w - y) ** 2) + np.exp(decay) * np.sum(w**2)


def validation(decay, lr, beta, n):
    """Trained in a loop whose length the compiler does not know, with a schedule."""
    x, y = DATA
    opt = optim.adam(optim.cosine(lr, n, end=1e-3), beta1=beta)
    w = np.zeros(3)
    state = opt.init(w)
    for _ in range(n):
        w, state = opt.update(w, cr.grad(ridge)(w, x, y[:, 0], decay), state)
    return np.mean((x @ w - y[:, 1]) ** 2)


def test_hypergradients_of_a_loop_with_a_schedule():
    gradient = cr.grad(validation, argnums=(0, 1, 2))
    cr.check_grads(validation, (-2.0, 0.1, 0.8, 25))
    assert "for _ in range(n):" in gradient.source_for(-2.0, 0.1, 0.8, 25)
    found, h = gradient(-2.0, 0.1, 0.8, 25), 1e-5
    for k in range(3):
        a, b = ([v + (h * s if i == k else 0.0) for i, v in enumerate((-2.0, 0.1, 0.8))] for s in (1, -1))
        assert found[k] == pytest.approx((validation(*a, 25) - validation(*b, 25)) / (2 * h), rel=1e-5)


@pytest.mark.parametrize("name", ["rmsprop", "adagrad", "adam", "adamw"])
def test_a_hypergradient_where_gradients_are_zero(name):
    """A dead unit has gradient 0, where a square root has no derivative: it moves nothing."""
    def trained(lr, w):
        opt = getattr(optim, name)(lr)
        state = opt.init(w)
        for _ in range(2):
            w, state = opt.update(w, cr.grad(lambda w: np.sum(nn.relu(w) ** 2))(w), state)
        return np.sum(nn.relu(w) ** 2)

    by_rate, by_w = cr.grad(trained, argnums=(0, 1))(0.1, np.array([-1.0, 2.0]))
    alone = cr.grad(trained, argnums=(0, 1))(0.1, np.array([2.0]))
    assert by_w[0] == 0.0 and by_w[1] == pytest.approx(alone[1][0]) and by_rate == pytest.approx(alone[0])


def test_an_optimizer_made_outside_and_second_derivatives():
    opt = optim.nesterov(0.1)

    def after(w):
        w2, _ = opt.update(w, cr.grad(lambda w: np.sum(np.sin(w) ** 2))(w), opt.init(w))
        return np.sum(w2**3)

    cr.check_grads(after, (np.array([0.3, 1.2]),), order=2)


def test_containers_of_different_structure_are_refused_when_differentiated():
    def wrong(w):
        opt = optim.sgd(0.1)
        params = [w, w]
        return opt.update(params, (w, w), opt.init(params))[0][0]

    with pytest.raises(cr.UnsupportedError, match=r"containers of different structure(.|\n)*where one has a list, the other has a tuple"):
        cr.grad(wrong)(1.0)

    def shorter(w):
        opt = optim.sgd(0.1)
        return opt.update([w, w], [w], opt.init([w, w]))[0][0]

    with pytest.raises(cr.UnsupportedError, match="one has 2 items, the other 1"):
        cr.grad(shorter)(1.0)


# -- SciPy's minimizers --------------------------------------------------------------------------------------------------------

METHODS = [None, "Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "SLSQP", "trust-constr", "trust-ncg", "trust-exact", "trust-krylov"]


@pytest.fixture
def optimize() -> Any:
    return pytest.importorskip("scipy.optimize")


class Valley(NamedTuple):
    x: Any
    rest: Any


def valley(p, scale):
    x = np.concatenate([p.x, p.rest["y"].ravel()])
    return scale * np.sum(5.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2) + (p.rest["b"] - x[0]) ** 2


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_minimum(optimize, method):
    start = Valley(np.array([-0.5, 0.4]), {"y": np.array([[0.5]]), "b": 0.0, "name": "valley"})
    found = optim.minimize(valley, start, method, args=(1.5,), tol=1e-9)
    assert type(found.x) is Valley and found.x.rest["name"] == "valley" and type(found.x.rest["b"]) is float and found.x.rest["y"].shape == (1, 1)
    np.testing.assert_allclose(found.x.x, 1.0, atol=3e-2 if method in ("COBYLA",) else 1e-3)
    assert found.fun < 1e-3 and isinstance(found.message, str)
    assert start.x.tolist() == [-0.5, 0.4]
    if method not in ("Nelder-Mead", "Powell", "COBYLA"):
        assert type(found.jac) is Valley and found.jac.rest["name"] is None and np.abs(found.jac.x).max() < 1e-3
    else:
        assert "jac" not in found


def test_derivatives_are_those_that_the_method_asks_for(optimize, monkeypatch):
    seen: dict[str, Any] = {}

    def spy(fun, x0, **given):
        seen.clear()
        seen.update(given, fun=fun, x0=x0)
        return optimize.OptimizeResult(x=x0, fun=0.0)

    monkeypatch.setattr(optimize, "minimize", spy)
    start = {"m": np.array([[0.3, 0.4]]), "s": 0.5}

    def f(p, c):
        return np.sum(np.sin(p["m"]) * p["s"]) ** 2 + c * p["s"] ** 3

    optim.minimize(f, start, "trust-ncg", args=(2.0,), maxiter=7)
    assert seen["options"] == {"maxiter": 7} and seen["jac"] is True
    value, gradient = seen["fun"](seen["x0"])
    h = 1e-5
    slopes = [(seen["fun"](seen["x0"] + h * e)[0] - seen["fun"](seen["x0"] - h * e)[0]) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7)
    hessian = np.array([(seen["fun"](seen["x0"] + h * e)[1] - seen["fun"](seen["x0"] - h * e)[1]) / (2 * h) for e in np.eye(3)])
    v = np.array([0.2, -1.0, 0.7])
    np.testing.assert_allclose(seen["hessp"](seen["x0"], v), hessian @ v, rtol=1e-7)
    optim.minimize(f, start, "trust-exact", args=(2.0,))
    np.testing.assert_allclose(seen["hess"](seen["x0"]), hessian, rtol=1e-7)
    optim.minimize(f, start, "Nelder-Mead", args=2.0)
    assert "jac" not in seen and seen["fun"](seen["x0"]) == value


def test_value_and_gradient_are_one_evaluation(optimize):
    calls = []

    def f(x):
        calls.append(1)
        return np.sum((x - 1.0) ** 4)

    found = optim.minimize(f, np.zeros(3), "BFGS")
    assert found.nfev == found.njev == len(calls)


def far(p):
    return (p["a"] - 3.0) ** 2 + np.sum((p["v"] - np.array([1.0, 2.0])) ** 2)


@pytest.mark.parametrize("method", [None, "L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Nelder-Mead", "Powell"])
def test_bounds_in_the_structure_of_the_parameters(optimize, method):
    found = optim.minimize(far, {"a": 0.5, "v": np.array([0.6, 0.0]), "k": None}, method, bounds={"a": (None, 1.0), "v": (np.array([0.5, -1.0]), 1.7), "k": None})
    assert found.x["a"] == pytest.approx(1.0, abs=1e-3) and found.x["k"] is None
    np.testing.assert_allclose(found.x["v"], [1.0, 1.7], atol=1e-3)


def test_bounds_of_an_array(optimize):
    def f(x):
        return np.sum((x - 2.0) ** 2)

    for bounds, expected in (([(0, 0.5), (0, 1)], [0.5, 1]), (((0, 0.5), (None, None)), [0.5, 2]), ((0.0, 0.5), [0.5, 0.5]), (optimize.Bounds(0, [1, 3]), [1, 2]), ((None, 1.5), [1.5, 1.5])):
        np.testing.assert_allclose(optim.minimize(f, np.zeros(2), bounds=bounds).x, expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"the bounds of x0\['a'\] are a pair \(low, high\), or None; not 3"):
        optim.minimize(far, {"a": 0.5, "v": np.zeros(2)}, bounds={"a": 3, "v": None})


def total(p):
    return p["a"] + np.sum(p["v"])


def circle(p, radius):
    return [p["a"] ** 2 + p["v"][0] ** 2 - radius, p["v"] * 1.0]


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA"])
def test_constraints_of_parameters_in_a_structure(optimize, method):
    start = {"a": 0.1, "v": np.array([0.3, 0.2])}
    constraints = [{"type": "ineq", "fun": lambda p: 2.0 - total(p)}, {"type": "ineq", "fun": circle, "args": (0.5,)}]
    found = optim.minimize(far, start, method, constraints=constraints, tol=1e-8)
    # (3, 1, 2) on the plane a + v[0] + v[1] = 2 would have v[0] = 1 - 4 / 3: so v[0] = 0, and the others are (3, 2) - 3 / 2
    np.testing.assert_allclose([found.x["a"], *found.x["v"]], [1.5, 0.0, 0.5], atol=1e-3)


def test_nonlinear_constraints_have_generated_derivatives(optimize):
    start = {"a": 0.5, "v": np.array([0.3, 0.2])}
    on_sphere = optimize.NonlinearConstraint(lambda p: p["a"] ** 2 + np.sum(p["v"] ** 2), 1.0, 1.0)
    plane = optimize.LinearConstraint(np.array([[1.0, 0.0, 0.0]]), 0.0, 0.6)
    for method in ("trust-constr", "SLSQP"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = optim.minimize(far, start, method, constraints=[on_sphere, plane], tol=1e-9)
        v = 0.8 * np.array([1.0, 2.0]) / math.sqrt(5)
        np.testing.assert_allclose([found.x["a"], *found.x["v"]], [0.6, *v], atol=1e-4)
    assert type(found.jac) is dict
    from chainrule.optim.minimize import _Values
    from chainrule.optim.vectors import Layout

    layout = Layout(start, "x0")
    values = _Values(circle, layout, (0.5,))
    x, h, w = layout.pack(start), 1e-5, np.array([0.3, 1.0, -2.0])
    slopes = np.stack([(values.value(x + h * e) - values.value(x - h * e)) / (2 * h) for e in np.eye(3)], 1)
    np.testing.assert_allclose(values.jacobian(x), slopes, atol=1e-9)
    bends = np.stack([(w @ values.jacobian(x + h * e) - w @ values.jacobian(x - h * e)) / (2 * h) for e in np.eye(3)])
    np.testing.assert_allclose(values.hessian(x, w), bends, atol=1e-8)
    with pytest.raises(TypeError, match="a constraint is a dictionary"):
        optim.minimize(far, start, constraints=[{"type": "eq"}])


def test_dtypes_of_parameters(optimize):
    start = {"w": np.zeros((2, 2), np.float32), "s": np.float32(1.0), "half": np.zeros(1, np.float16), "b": 0.0}

    def f(p):
        return np.sum((p["w"] - 1.0) ** 4) + (p["s"] - 0.5) ** 2 + np.sum(p["half"] ** 2) + (p["b"] + 1.0) ** 2

    found = optim.minimize(f, start, tol=1e-10)
    assert found.success and found.fun < 1e-9  # single precision would stop at 1e-7
    assert found.x["w"].dtype == np.float32 and type(found.x["s"]) is np.float32 and found.x["half"].dtype == np.float16 and type(found.x["b"]) is float
    for x0, text in ((1, "x0 is integer"), ({"n": [1.0, 2]}, r"x0\['n'\]\[1\] is integer"), (np.ones(2, complex), "x0 is complex"), ([1.0, True], r"x0\[1\] is boolean"),
                     ({"a": None}, "x0 holds no floats"), ([1.0, print], r"x0\[1\] is of type builtin_function_or_method")):
        with pytest.raises(TypeError, match=text):
            optim.minimize(f, x0)
    found = optim.minimize(lambda x: (x - 3.0) ** 2, 1.0)
    assert type(found.x) is float and found.x == pytest.approx(3.0)


def test_callback_and_options(optimize):
    seen = []
    found = optim.minimize(far, {"a": 0.5, "v": np.zeros(2)}, "BFGS", callback=seen.append, maxiter=2)
    assert found.nit <= 2 and [type(x) for x in seen] == [dict] * found.nit and seen[-1]["v"].shape == (2,)
    seen.clear()
    optim.minimize(far, {"a": 0.5, "v": np.zeros(2)}, "trust-constr", callback=seen.append)
    assert seen and seen[0]["v"].shape == (2,)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r"optim.minimize calls a minimizer of SciPy's, which is not installed: pip install chainrule\[scipy\]"):
        optim.minimize(far, 1.0)
