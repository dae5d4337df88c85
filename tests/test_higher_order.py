"""Derivatives of derivatives: order, nesting, and what is between them. The oracle is calculus, or differences of the first derivative."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import chainrule as cr

X = np.array([0.4, -0.9, 1.3])
W = np.array([[0.3, -0.5, 0.2], [0.1, 0.7, -0.4], [-0.6, 0.2, 0.5]])


def difference(f, x, step=1e-5):
    """Central differences of a function of an array or a number, one column for each element."""
    if not isinstance(x, np.ndarray):
        return (np.asarray(f(x + step)) - np.asarray(f(x - step))) / (2 * step)
    columns = []
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        columns.append((np.asarray(f(up)) - np.asarray(f(down))) / (2 * step))
    return np.stack(columns, axis=-1).reshape(*np.shape(columns[0]), *x.shape)


def close(ours, expected, rtol=1e-7, atol=1e-9):
    np.testing.assert_allclose(ours, expected, rtol=rtol, atol=atol)


# -- perturbation confusion --------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", ["grad", "jvp"])
@pytest.mark.parametrize("inner", ["grad", "jvp"])
def test_the_classic(outer, inner):
    def derivative(f, x, mode):
        return cr.grad(f)(x) if mode == "grad" else cr.jvp(f, (x,), (1.0,))[1]

    def f(x):
        return x * derivative(lambda y: x + y, 2.0, inner)

    for x in (0.0, 1.0, -3.5):
        assert derivative(f, x, outer) == 1.0


@pytest.mark.parametrize("outer", ["grad", "jvp"])
def test_products(outer):
    def inner(x):
        return cr.grad(lambda y: x * y * y)(x)  # 2 x x

    def f(x):
        return x * inner(x)  # 2 x**3

    slope = cr.grad(f)(1.5) if outer == "grad" else cr.jvp(f, (1.5,), (1.0,))[1]
    close(slope, 6 * 1.5**2)


def test_the_outer_variable_is_constant_inside():
    def f(x):
        return cr.grad(lambda y: y * x)(3.0) + cr.grad(lambda y: x * x)(3.0)

    assert cr.grad(f)(2.0) == 1.0
    assert f(2.0) == 2.0


def test_three_levels():
    def f(x):
        def g(y):
            def h(z):
                return x * y * z + x**2 * z**3 + y**3 * z
            return y * cr.grad(h)(y)  # y (x y + 3 x**2 y**2 + y**3)
        return x * cr.grad(g)(x)  # x (2 x y + 9 x**2 y**2 + 4 y**3) at y = x: 2 x**3 + 9 x**5 + 4 x**4

    x = 0.7
    close(f(x), 2 * x**3 + 9 * x**5 + 4 * x**4)
    close(cr.grad(f)(x), 6 * x**2 + 45 * x**4 + 16 * x**3)
    close(cr.jvp(f, (x,), (2.0,))[1], 2 * (6 * x**2 + 45 * x**4 + 16 * x**3))
    close(cr.grad(cr.grad(f))(x), 12 * x + 180 * x**3 + 48 * x**2)


def test_one_function_at_two_levels():
    def square(x):
        return x * x

    d = cr.grad(square)

    def f(x):
        return square(d(x)) + d(square(x))  # 4 x**2 + 2 x**2

    close(cr.grad(f)(1.5), 12 * 1.5)


def test_a_tangent_that_depends_on_the_variable():
    def f(x):
        return cr.jvp(lambda y: x * y**2, (x,), (x,))[1]  # 2 x**3

    close(cr.grad(f)(1.2), 6 * 1.2**2)
    close(cr.jvp(f, (1.2,), (1.0,))[1], 6 * 1.2**2)


def test_a_cotangent_that_depends_on_the_variable():
    def f(x):
        value, pullback = cr.vjp(lambda y: np.sin(y) * x, x)
        return np.sum(pullback(x * value)[0])  # x * (x sin x) * x cos x

    def plain(x):
        return np.sum(x**3 * np.sin(x) * np.cos(x))

    close(f(X), plain(X))
    close(cr.grad(f)(X), difference(plain, X), rtol=1e-6)


# -- order ----------------------------------------------------------------------------------------------------


def iterate(transform, f, n):
    for _ in range(n):
        f = transform(f)
    return f


def forward_derivative(f):
    def derivative(x):
        return cr.jvp(f, (x,), (1.0,))[1]
    return derivative


@pytest.mark.parametrize("n", range(1, 6))
def test_taylor_coefficients_by_nesting_grad(n):
    def f(x):
        return math.exp(math.sin(x))

    # Derivatives of exp(sin x) at 0: 1, 1, 0, -3, -8
    assert abs(iterate(cr.grad, f, n)(0.0) - (1.0, 1.0, 0.0, -3.0, -8.0)[n - 1]) < 1e-12


@pytest.mark.parametrize("n", range(1, 5))
def test_taylor_coefficients_by_nesting_jvp(n):
    def f(x):
        return np.exp(np.sin(x))

    assert abs(iterate(forward_derivative, f, n)(0.0) - (1.0, 1.0, 0.0, -3.0)[n - 1]) < 1e-12


@pytest.mark.parametrize("f, derivatives", [
    (lambda x: x**5, lambda x: (5 * x**4, 20 * x**3, 60 * x**2, 120 * x)),
    (lambda x: 1 / x, lambda x: (-1 / x**2, 2 / x**3, -6 / x**4, 24 / x**5)),
    (lambda x: abs(x) ** 3, lambda x: (3 * x * abs(x), 6 * abs(x), 6 * np.sign(x), 0.0)),
    (lambda x: np.where(x > 0, x**4, -(x**3)), lambda x: (4 * x**3, 12 * x**2, 24 * x, 24.0) if x > 0 else (-3 * x**2, -6 * x, -6.0, 0.0)),
    (lambda x: max(x, 0.5) ** 3, lambda x: (3 * x**2, 6 * x, 6.0, 0.0) if x > 0.5 else (0.0,) * 4),
    (lambda x: np.sqrt(x * x), lambda x: (np.sign(x), 0.0, 0.0, 0.0)),
    (lambda x: np.log(x * x), lambda x: (2 / x, -2 / x**2, 4 / x**3, -12 / x**4)),
], ids=["power", "reciprocal", "abs", "where", "max", "sqrt", "log"])
@pytest.mark.parametrize("x", [0.8, -1.3])
def test_known_derivatives(f, derivatives, x):
    for n, expected in enumerate(derivatives(x), start=1):
        close(iterate(cr.grad, f, n)(x), expected, rtol=1e-8, atol=1e-8)
        close(cr.jvp(iterate(cr.grad, f, n - 1), (x,), (1.0,))[1], expected, rtol=1e-8, atol=1e-8)


def quartic(x):
    return np.sum(x**4) + x[0] * x[1] * x[2] + np.sin(x[0] * x[1]) * x[2] ** 2


def test_forward_in_reverse_in_forward():
    def reverse_of_forward(x):
        return cr.grad(lambda y: cr.jvp(quartic, (y,), (X,))[1])(x)

    third = cr.jvp(reverse_of_forward, (X,), (X,))[1]
    close(reverse_of_forward(X), difference(cr.grad(quartic), X) @ X, rtol=1e-6)
    close(third, difference(reverse_of_forward, X) @ X, rtol=1e-6)

    def forward_of_reverse(x):
        return cr.jvp(cr.grad(quartic), (x,), (X,))[1]

    close(cr.grad(lambda x: np.sum(forward_of_reverse(x) * X))(X), third)


# -- Hessians ------------------------------------------------------------------------------------------------------


def network(w):
    return np.sum(np.tanh(w @ np.tanh(w @ X)) ** 2)


@pytest.mark.parametrize("f, x", [(quartic, X), (network, W), (lambda x: np.sum(np.linalg.norm(W @ x) * x), X),
                                  (lambda x: np.sum(np.cumsum(x) ** 3) + np.max(x) * np.min(x), X),
                                  (lambda x: np.log(np.sum(np.exp(x))), X)], ids=["quartic", "network", "norm", "cumsum", "logsumexp"])
def test_hessians(f, x):
    hessian = cr.hessian(f)(x)
    assert hessian.shape == x.shape * 2
    n = x.size
    flat = hessian.reshape(n, n)
    np.testing.assert_allclose(flat, flat.T, rtol=1e-10, atol=1e-10)
    close(hessian, difference(cr.grad(f), x), rtol=1e-5, atol=1e-6)
    v = np.linspace(-1, 1, n).reshape(x.shape)
    u = np.cos(np.arange(n)).reshape(x.shape)
    product = cr.hvp(f)(x, v)
    close(product.reshape(-1), flat @ v.reshape(-1), rtol=1e-10, atol=1e-12)
    assert abs(np.sum(product * u) - np.sum(cr.hvp(f)(x, u) * v)) < 1e-12 * (1 + np.abs(flat).sum())
    close(cr.jacfwd(cr.grad(f))(x), hessian, rtol=1e-10, atol=1e-12)
    close(cr.jacrev(cr.grad(f))(x), hessian, rtol=1e-10, atol=1e-12)
    close(cr.grad(lambda y: np.sum(cr.grad(f)(y) * v))(x), product, rtol=1e-10, atol=1e-12)


def test_gradient_of_the_trace_of_a_hessian():
    def laplacian(x):
        return np.trace(cr.hessian(quartic)(x))

    def by_products(x):
        total = 0.0
        for k in range(3):
            e = np.zeros(3)
            e[k] = 1.0
            total = total + cr.jvp(cr.grad(quartic), (x,), (e,))[1][k]
        return total

    close(laplacian(X), by_products(X))
    expected = difference(laplacian, X)
    close(cr.grad(laplacian)(X), expected, rtol=1e-6)
    close(cr.grad(by_products)(X), expected, rtol=1e-6)


def test_mixed_partials():
    def f(x, y):
        return x**3 * y**2 + np.sin(x * y)

    x, y = 0.7, -1.1
    mixed = 6 * x**2 * y + np.cos(x * y) - x * y * np.sin(x * y)
    close(cr.grad(cr.grad(f, 0), 1)(x, y), mixed)
    close(cr.grad(cr.grad(f, 1), 0)(x, y), mixed)
    close(cr.jvp(cr.grad(f, 0), (x, y), (0.0, 1.0))[1], mixed)
    both = cr.jvp(cr.grad(f, (0, 1)), (x, y), (1.0, 0.0))[1]
    close(both, (6 * x * y**2 - y**2 * np.sin(x * y), mixed))


def test_elementwise():
    close(cr.elementwise_grad(lambda x: np.tanh(x))(X), 1 - np.tanh(X) ** 2)
    close(cr.elementwise_grad(cr.elementwise_grad(lambda x: np.tanh(x)))(X), -2 * np.tanh(X) * (1 - np.tanh(X) ** 2))


# -- derivatives in programs -----------------------------------------------------------------------------------------


def test_in_loops_and_branches():
    def f(x):
        total = 0.0
        for k in range(1, 4):
            slope = cr.grad(lambda y: y**k * x)(x)  # noqa: B023
            if slope > 1.0:
                total = total + slope * x
            else:
                total = total + cr.jvp(lambda y: np.sin(y) * x, (x,), (1.0,))[1]
        return total

    for x in (0.3, 1.4):
        close(cr.grad(f)(x), difference(f, x), rtol=1e-6)
        close(cr.jvp(f, (x,), (1.0,))[1], difference(f, x), rtol=1e-6)


def test_newton():
    def energy(x, a):
        return np.exp(x) - a * x

    def minimum(a):
        x = 0.0
        for _ in range(8):
            x = x - cr.grad(energy)(x, a) / cr.grad(cr.grad(energy))(x, a)
        return x

    close(minimum(3.0), math.log(3.0))
    close(cr.grad(minimum)(3.0), 1 / 3.0)
    close(cr.grad(cr.grad(minimum))(3.0), -1 / 9.0)


def test_hypergradient():
    inputs = np.linspace(-1, 1, 6)[:, None] ** np.arange(3)
    target = np.sin(2 * inputs[:, 1])

    def loss(w, decay):
        return np.mean((inputs @ w - target) ** 2) + decay * np.sum(w**2)

    def trained(decay, rate):
        w = np.zeros(3)
        velocity = np.zeros(3)
        step = cr.grad(loss)
        for _ in range(20):
            velocity = 0.8 * velocity - rate * step(w, decay)
            w = w + velocity
        return np.mean((inputs[::2] @ w - target[::2]) ** 2)

    by_decay, by_rate = cr.grad(trained, argnums=(0, 1))(0.1, 0.05)
    close(by_decay, difference(lambda decay: trained(decay, 0.05), 0.1), rtol=1e-6)
    close(by_rate, difference(lambda rate: trained(0.1, rate), 0.05), rtol=1e-6)
    close(cr.jvp(trained, (0.1, 0.05), (1.0, 2.0))[1], by_decay + 2 * by_rate)


def test_meta_learning():
    tasks = [(np.linspace(-1, 1, 5) + k, np.sin(np.linspace(-1, 1, 5) + k)) for k in range(3)]

    def model(params, x):
        return np.tanh(x[:, None] * params["w"] + params["b"]) @ params["v"]

    def loss(params, x, y):
        return np.mean((model(params, x) - y) ** 2)

    def meta(params):
        total = 0.0
        for x, y in tasks:
            g = cr.grad(loss)(params, x, y)
            adapted = {name: params[name] - 0.1 * g[name] for name in params}
            total = total + loss(adapted, x, y)
        return total

    params = {"w": X.copy(), "b": np.array([0.1, -0.2, 0.3]), "v": np.array([0.5, -0.4, 0.8])}
    gradient = cr.grad(meta)(params)
    for name in params:
        expected = difference(lambda p, name=name: meta({**params, name: p}), params[name])
        close(gradient[name], expected, rtol=1e-6)


def test_physics_informed_loss():
    def u(params, t):
        w, b, v = params
        return np.sum(v * np.tanh(w * t + b))

    def residual(params, t):
        du = cr.grad(u, argnums=1)
        return cr.grad(du, argnums=1)(params, t) + du(params, t) + u(params, t)

    def loss(params):
        total = u(params, 0.0) ** 2
        for t in (0.1, 0.5, 0.9):
            total = total + residual(params, t) ** 2
        return total

    params = (X, np.array([0.1, -0.2, 0.3]), np.array([0.5, -0.4, 0.8]))
    gradient = cr.grad(loss)(params)
    for k in range(3):
        expected = difference(lambda p, k=k: loss(tuple(p if n == k else q for n, q in enumerate(params))), params[k])
        close(gradient[k], expected, rtol=1e-5, atol=1e-7)


# -- memory, containers, objects ---------------------------------------------------------------------------------------


def in_place(x):
    y = np.zeros(4)
    for k in range(3):
        y[k] = x[k] ** 3
        y[k + 1] += y[k] * x[0]
    row = y[1:]
    row *= 2.0
    y[y > 5] = 0.0
    return np.sum(y**2)


def containers(x):
    parts = {"a": [x * 2.0], "b": (x[0], x[1])}
    parts["a"].append(np.sin(parts["a"][0]))
    parts["c"] = parts["b"][0] * parts["a"][1]
    return np.sum(parts["a"][1] ** 2) + np.sum(parts["c"]) * parts["b"][1]


@dataclasses.dataclass
class State:
    position: object
    velocity: object


class Pendulum:
    def __init__(self, length):
        self.length = length

    def step(self, state):
        return State(state.position + 0.1 * state.velocity, state.velocity - 0.1 / self.length * np.sin(state.position))


def objects(x):
    system, state = Pendulum(x[2]), State(x[0], x[1])
    for _ in range(5):
        state = system.step(state)
    return state.position**2 + state.velocity


def growing(x):
    values = []
    v = x[0]
    while v < 3.0 and len(values) < 6:
        v = v + x[2] * np.exp(-v)
        values.append(v * x[1])
    return sum(values)


def recursive(x):
    def power(v, n):
        return 1.0 if n == 0 else v * power(v, n - 1)

    return power(x[0], 3) * power(x[2], 2) + power(x[1], 4)


@pytest.mark.parametrize("f", [in_place, containers, objects, growing, recursive], ids=lambda f: f.__name__)
def test_second_derivatives_of_programs(f):
    hessian = cr.jacfwd(cr.grad(f))(X)
    close(hessian, difference(cr.grad(f), X), rtol=1e-5, atol=1e-6)
    close(hessian, hessian.T, rtol=1e-10, atol=1e-12)
    close(cr.hessian(f)(X), hessian, rtol=1e-9, atol=1e-12)
    close(cr.jvp(f, (X,), (W[0],))[1], cr.grad(f)(X) @ W[0])
    def product(x):
        return cr.jvp(cr.grad(f), (x,), (W[0],))[1]

    close(product(X), cr.hvp(f)(X, W[0]))
    close(cr.jvp(product, (X,), (W[1],))[1], difference(product, X) @ W[1], rtol=1e-4, atol=1e-5)
    x = X.copy()
    cr.grad(lambda y: np.sum(cr.grad(f)(y) * W[0]))(x)
    assert x.tolist() == X.tolist()


def test_containers_of_arguments():
    def f(params, x):
        return np.sum(np.tanh(params["w"] @ x + params["b"][0])) * params["b"][1]

    params = {"w": W, "b": [X, 0.7]}
    value, tangent = cr.jvp(f, (params, X), ({"w": W * 2, "b": [X * 0.5, 1.0]}, None))
    gradient = cr.grad(f)(params, X)
    close(value, f(params, X))
    close(tangent, np.sum(gradient["w"] * W * 2) + gradient["b"][0] @ X * 0.5 + gradient["b"][1])
    linear = cr.linearize(lambda p: f(p, X), params)[1]
    close(linear({"w": W * 2, "b": [X * 0.5, 1.0]}), tangent)

    def g(p):
        inner = cr.grad(f)(p, X)
        return np.sum(inner["w"] ** 2) + inner["b"][1] * p["b"][1]

    close(cr.grad(g)(params)["b"][1], difference(lambda s: g({"w": W, "b": [X, s]}), 0.7), rtol=1e-6)


def test_check_grads_of_higher_order():
    cr.check_grads(quartic, (X,), order=3)
    cr.check_grads(containers, (X,), order=2)
    cr.check_grads(lambda x, p: {"a": np.sin(x) * p["k"], "n": 3}, (X, {"k": 0.5, "name": None}), order=2)
    with pytest.raises(cr.GradientCheckError, match="relative error"):
        cr.check_grads(lambda x: x * cr.stop_gradient(x), (X,), modes=("fwd",))

    def wrong_second(x):  # x**3, whose first derivative is right
        return 3 * cr.stop_gradient(x) ** 2 * (x - cr.stop_gradient(x)) + cr.stop_gradient(x**3)

    cr.check_grads(wrong_second, (1.5,))
    with pytest.raises(cr.GradientCheckError, match="derivative of wrong_second|derivative of .*wrong_second"):
        cr.check_grads(wrong_second, (1.5,), order=2)
    for order in (0, 1.0, True):
        with pytest.raises(ValueError, match="order"):
            cr.check_grads(quartic, (X,), order=order)
    for modes in ((), ("forward",), "rev"):
        with pytest.raises(ValueError, match="modes"):
            cr.check_grads(quartic, (X,), modes=modes)


# -- stopped gradients and blocks on adjoints ---------------------------------------------------------------------------


def test_stop_gradient_in_every_order():
    def f(x):
        return cr.stop_gradient(x) * x**2

    assert cr.grad(f)(3.0) == 18.0
    assert cr.grad(cr.grad(f))(3.0) == 6.0 + 0.0
    assert cr.jvp(f, (3.0,), (1.0,))[1] == 18.0


def test_forward_mode_leaves_blocks_on_adjoints_out():
    def f(x):
        h = x * x
        with cr.adjoint_of(h) as g:
            g *= 0.0
        return np.sum(h)

    assert cr.jvp(f, (X,), (np.ones(3),))[1] == np.sum(2 * X)
    close(cr.linearize(f, X)[1](np.ones(3)), np.sum(2 * X))
    assert cr.grad(f)(X).tolist() == [0.0, 0.0, 0.0]
    for transform in (lambda: cr.jacrev(f)(X), lambda: cr.hessian(f)(X), lambda: cr.grad(lambda x: np.sum(cr.grad(f)(x)))(X),
                      lambda: cr.jvp(cr.grad(f), (X,), (X,))):
        with pytest.raises(cr.UnsupportedError, match="adjoint_of"):
            transform()

    def inside(x):  # the block is part of the inner derivative, taken once
        return np.sum(cr.grad(f)(np.ones(3))) + np.sum(x)

    close(cr.grad(inside)(X), np.ones(3))


def cubed(x, scale=1.0):
    return scale * np.sum(x**3)


def hvp_by_keyword(x):
    return np.sum(cr.hvp(cubed)(x, x, scale=3.0))


def pullback_by_keyword(x):
    _, pullback = cr.vjp(cubed, x)
    return np.sum(pullback(cotangent=1.0)[0])


def linearize_by_keyword(x):
    value, _ = cr.linearize(cubed, x, scale=3.0)
    return value


@pytest.mark.parametrize("f", [hvp_by_keyword, pullback_by_keyword, linearize_by_keyword])
def test_what_is_known_by_position_is_not_called_by_keyword(f):
    with pytest.raises(cr.UnsupportedError, match="by position"):
        cr.grad(f)(np.array([1.0, 2.0]))


def test_a_gradient_inside_is_called_by_keyword():
    def f(x, scale):
        return np.sum(cr.grad(cubed)(x, scale=scale))

    assert cr.grad(f, "scale")(np.array([1.0, 2.0]), 2.0) == 15.0


def repeated(s, n):
    if n == 0:
        return s
    return 0.8 * repeated(np.sin(s), n - 1) + 0.1 * s


def by_values_with_a_recursion(s, x, n, A):
    t = 0.1 * repeated(0.5 * (x[n % 2] - s), 2) * np.maximum(x[::-1][n % 2], s)
    s = (0.4 * t) * divmod(7, 3)[1]
    for i in range(len(A)):
        found = None
        if np.cos(x[n % 2]) > 0.3:
            found = A[i, 1] * t
        u = 0.2 if found is None else found * 0.5
    it = (q * 0.49 * (s if i == 1 else x[n % 2]) for q in x)
    u = next(it) + next(it)
    return np.sum(A) + u + np.tanh(sum(v * v for v in x))


def test_a_derivative_inside_that_is_executed_by_values_and_calls_a_recursive_function():
    gradient = cr.grad(by_values_with_a_recursion, (0, 1, 3))
    args = 0.271, np.array([-0.159, 1.569]), 3, np.array([[-1.371, 0.216], [0.377, -0.198]])
    s, x, n, A = args
    expected = cr.jvp(lambda s, x, A: gradient(s, x, n, A), (s, x, A), (1.0, np.ones(2), np.ones((2, 2))))[1]
    got = cr.grad(lambda *given: sum(np.sum(g) for g in gradient(*given)), (0, 1, 3))(*args)
    for one, other in zip(got, expected):
        assert one == pytest.approx(other)
