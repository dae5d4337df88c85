"""chainrule.nn: values by their definitions, in SciPy and PyTorch; derivatives at kinks, at infinity, in both modes and twice; the generated text.

The rows are compared with finite differences in tests/rules (`samples_nn`).
"""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn

inf, nan = np.inf, np.nan
POINTS = np.array([-inf, -1e308, -1e4, -50.0, -2.0, -0.5, 0.0, 0.5, 2.0, 50.0, 1e4, 1e308, inf, nan])
FINITE = POINTS[3:10]


def definition(name: str, x: float) -> float:
    """Of numbers of moderate size, as a textbook has it."""
    phi = 0.5 * math.erfc(-x / math.sqrt(2))
    return {"sigmoid": 1 / (1 + math.exp(-x)), "log_sigmoid": math.log(1 / (1 + math.exp(-x))), "relu": max(x, 0.0), "leaky_relu": x if x > 0 else 0.01 * x,
            "elu": x if x > 0 else math.exp(x) - 1, "silu": x / (1 + math.exp(-x)), "softplus": math.log(1 + math.exp(x)), "gelu": x * phi}[name]


ACTIVATIONS = ("sigmoid", "log_sigmoid", "relu", "leaky_relu", "elu", "silu", "softplus", "gelu")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_are_those_of_the_definition(name):
    f = getattr(nn, name)
    x = np.linspace(-6, 6, 25)
    np.testing.assert_allclose(f(x), [definition(name, v) for v in x], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose([f(v) for v in x.tolist()], f(x), rtol=1e-14, atol=1e-16)
    assert f(x.reshape(5, 5).T).shape == (5, 5) and f(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dtypes_are_kept(name):
    f = getattr(nn, name)
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        made = f(FINITE.astype(dtype))
        assert made.dtype == dtype
        if dtype == np.float32:
            np.testing.assert_allclose(made, f(FINITE), rtol=2e-6, atol=1e-30)
        assert f(np.ones((), dtype)).dtype == dtype or np.lib.NumpyVersion(np.__version__) < "2.0.0"
    assert type(f(0.5)) is float and type(f(-0.5)) is float
    assert f([1, 2]).dtype == np.float64 and f(np.array([True])).dtype == np.float64
    with pytest.raises(TypeError, match=f"nn.{'softplus' if name == 'x' else name} takes real numbers, not complex128"):
        f(np.ones(2, complex))


# Name, derivatives at POINTS: 0, 1 and 1/2 stand for themselves, None for what finite points are compared with elsewhere.
LIMITS: dict[str, tuple[Any, Any, Any]] = {  # at -inf, at 0, at inf
    "sigmoid": (0, 0.25, 0), "log_sigmoid": (1, 0.5, 0), "softplus": (0, 0.5, 1), "relu": (0, 0, 1), "leaky_relu": (0.01, 0.01, 1), "elu": (0, 1, 1),
    "silu": (0, 0.5, 1), "gelu": (0, 0.5, 1), "gelu, approximate": (0, 0.5, 1)}
SECOND = {"sigmoid": 0, "log_sigmoid": -0.25, "softplus": 0.25, "relu": 0, "leaky_relu": 0, "elu": 1, "silu": 0.5, "gelu": math.sqrt(2 / math.pi),
          "gelu, approximate": math.sqrt(2 / math.pi)}


def gelu_approximate(x):
    return nn.gelu(x, approximate=True)


def function(name: str) -> Any:
    return gelu_approximate if "," in name else getattr(nn, name)


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_derivatives_at_kinks_and_at_infinity(name, dtype):
    f, (below, middle, above) = function(name), LIMITS[name]
    with np.errstate(over="ignore"):
        x = POINTS.astype(dtype)

    def total(x):
        return np.sum(f(x))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = f(x)
        gradient = cr.grad(total)(x)
        tangent = cr.jvp(f, (x,), (np.ones_like(x),))[1]
    assert np.isnan(value[-1]) and not np.isnan(value[:-1]).any()
    np.testing.assert_array_equal(gradient, tangent)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient[:3], below, rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(gradient[10:13], above)
    np.testing.assert_allclose(gradient[6], middle)
    second = cr.elementwise_grad(cr.elementwise_grad(function(name)))
    with np.errstate(all="ignore"):
        assert np.isfinite(second(x)[:-1]).all()
    np.testing.assert_allclose(second(x[6:7]), SECOND[name], rtol=1e-6)
    assert float(cr.grad(cr.grad(f))(0.0)) == pytest.approx(SECOND[name])


@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu", "gelu, approximate", "softplus", "elu"])
def test_third_and_fourth_derivatives(name):
    f = function(name)
    x = np.array([-2.3, -0.4, 0.7, 1.9])
    d = f
    for _ in range(3):
        d = cr.elementwise_grad(d)
    h = 1e-4
    np.testing.assert_allclose(cr.elementwise_grad(d)(x), (d(x + h) - d(x - h)) / (2 * h), rtol=1e-6, atol=1e-7)


def test_a_relu_absorbs_what_is_infinite():
    def masked(x):
        return np.sum(np.sqrt(nn.relu(x)))

    assert cr.grad(masked)(np.array([-1.0, 4.0])).tolist() == [0.0, 0.25]

    def hidden(x):
        return np.sum(np.where(x > 0, nn.relu(np.sqrt(x)), 0.0))

    assert cr.grad(hidden)(np.array([0.0, 4.0])).tolist() == [0.0, 0.25]


def test_parameters_of_rectifiers_are_differentiated():
    rng = np.random.default_rng(0)

    def f(x, slope, alpha):
        return np.sum(nn.leaky_relu(x, slope) ** 2 * nn.elu(x, alpha))

    cr.check_grads(f, (rng.normal(size=(4, 3)), np.array([0.1, 0.2, 0.3]), 1.3), order=2)
    assert cr.grad(lambda a: nn.elu(np.array([0.0, 1000.0]), a)[0])(2.0) == 0.0


# -- along an axis ------------------------------------------------------------------------------------------------


def test_sums_of_exponentials_are_those_of_scipy():
    special = pytest.importorskip("scipy.special")
    rng = np.random.default_rng(1)
    x = 3 * rng.normal(size=(2, 3, 4))
    for axis in (-1, 0, 1, None, (0, 2)):
        np.testing.assert_allclose(nn.softmax(x, axis), special.softmax(x, axis), rtol=1e-14)
        np.testing.assert_allclose(nn.log_softmax(x, axis), special.log_softmax(x, axis), rtol=1e-13)
        for keep in (False, True):
            np.testing.assert_allclose(nn.logsumexp(x, axis, keepdims=keep), special.logsumexp(x, axis, keepdims=keep), rtol=1e-14)
    b = rng.normal(size=(3, 1))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(nn.logsumexp(x, 0, b), special.logsumexp(x, 0, b), rtol=1e-13)
    assert nn.logsumexp([inf, 0.0], b=[0.0, 1.0]) == 0.0


def test_large_and_infinite_elements():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nn.softmax(np.array([1e4, 1e4, -1e4, -inf])).tolist() == [0.5, 0.5, 0.0, 0.0]
        assert nn.log_softmax(np.array([1e4, 0.0, -inf])).tolist() == [0.0, -1e4, -inf]
        assert nn.logsumexp(np.array([-inf, -inf])) == -inf and nn.logsumexp(np.array([])) == -inf and nn.logsumexp(np.array([inf, 1.0])) == inf
        assert nn.logsumexp(np.zeros((0, 2)), axis=0).tolist() == [-inf, -inf] and nn.softmax(np.zeros((2, 0))).shape == (2, 0)
        assert cr.grad(nn.logsumexp)(np.array([1e4, -1e4, -inf])).tolist() == [1.0, 0.0, 0.0]
        for equal in (2.0, 1e4, inf, -inf):
            assert cr.grad(nn.logsumexp)(np.array([equal, equal, -inf if equal != -inf else equal])).tolist() == ([0.5, 0.5, 0.0] if equal != -inf else [1 / 3] * 3)
        assert nn.softmax(np.array([[inf, 1.0, inf], [0.0, 0.0, -inf]])).tolist() == [[0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
    with np.errstate(invalid="ignore"):
        assert np.isnan(nn.softmax(np.array([-inf, -inf]))).all() and np.isnan(nn.softmax(np.array([nan, 0.0]))).all()
    jacobian = cr.jacobian(nn.softmax)(np.array([1e4, -inf]))
    assert jacobian.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert nn.logsumexp(np.float32(3)).dtype == nn.softmax(np.ones(2, np.float32)).dtype == np.float32


def test_derivatives_of_sums_of_exponentials():
    rng = np.random.default_rng(2)
    x, b, w = rng.normal(size=(3, 4)), rng.uniform(0.5, 1, size=(2, 3, 1)), rng.normal(size=(3, 4))

    def f(x, b):
        return np.sum(nn.logsumexp(x, axis=-1, b=b) ** 2) + np.sum(w * nn.softmax(x, axis=0)) * np.sum(w * nn.log_softmax(x, axis=None))

    cr.check_grads(f, (x, b), order=2)
    jacobian = cr.jacfwd(nn.softmax)(x)
    np.testing.assert_allclose(jacobian, cr.jacrev(nn.softmax)(x), atol=1e-14)
    one = nn.softmax(x)[1]
    np.testing.assert_allclose(jacobian[1, :, 1], np.diag(one) - np.outer(one, one), atol=1e-14)
    assert "for k" not in cr.jacfwd(nn.softmax).source_for(x)  # all directions at once
    hessian = cr.hessian(nn.logsumexp)(x[0])
    p = nn.softmax(x[0])
    np.testing.assert_allclose(hessian, np.diag(p) - np.outer(p, p), atol=1e-14)


# -- losses ---------------------------------------------------------------------------------------------------------


def naive(logits, targets, axis):
    """-sum(p log softmax) of distributions."""
    e = np.exp(logits)
    return -np.sum(targets * np.log(e / e.sum(axis=axis, keepdims=True)), axis=axis)


@pytest.mark.parametrize("axis", [-1, 1, 0])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy(axis, reduction):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(4, 3, 5))
    labels = rng.integers(0, logits.shape[axis], size=np.delete(logits.shape, axis))
    reduce = {"mean": np.mean, "sum": np.sum, "none": lambda x: x}[reduction]
    one = np.moveaxis(np.eye(logits.shape[axis])[labels], -1, axis)
    p = rng.uniform(size=logits.shape)

    np.testing.assert_allclose(nn.one_hot(labels, logits.shape[axis], axis=axis), one)
    np.testing.assert_allclose(nn.cross_entropy(logits, labels, axis, reduction), reduce(naive(logits, one, axis)), rtol=1e-12)
    np.testing.assert_allclose(nn.cross_entropy(logits, p, axis, reduction), reduce(naive(logits, p, axis)), rtol=1e-12)

    def of_labels(logits):
        return np.sum(nn.cross_entropy(logits, labels, axis, reduction) ** 2)

    def of_both(logits, p):
        return np.sum(nn.cross_entropy(logits, p, axis=axis, reduction=reduction) ** 2)

    cr.check_grads(of_labels, (logits,), order=2)
    cr.check_grads(of_both, (logits, p), order=2)


def test_cross_entropy_of_large_and_masked_logits():
    logits, labels = np.array([[1e4, -1e4, -inf], [0.0, 0.0, -inf]]), np.array([1, 0])
    assert nn.cross_entropy(logits, labels, reduction="none").tolist() == [2e4, math.log(2)]
    np.testing.assert_allclose(cr.grad(nn.cross_entropy)(logits, labels), [[0.5, -0.5, 0], [-0.25, 0.25, 0]])
    p = np.array([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    np.testing.assert_allclose(nn.cross_entropy(logits, p, reduction="none"), [2e4, math.log(2)])
    np.testing.assert_allclose(cr.grad(nn.cross_entropy)(logits, p), [[0.5, -0.5, 0], [0, 0, 0]])
    small = nn.cross_entropy(logits[1:].astype(np.float32), labels[1:])
    assert small.dtype == np.float32 and cr.grad(nn.cross_entropy)(logits.astype(np.float32), labels).dtype == np.float32


def test_wrong_labels_are_errors():
    logits = np.zeros((2, 3))
    for labels, error, text in (([0, 3], ValueError, "labels of 3 classes are 0 to 2; there are some from 0 to 3"), ([-1, 0], ValueError, "from -1 to 0"),
                                ([0, 1, 2], ValueError, r"logits of shape \(2, 3\), labels of shape \(3,\)"),
                                (np.zeros((2, 2)), ValueError, r"distributions of shape \(2, 2\)"), (["a", "b"], TypeError, "labels are integers")):
        with pytest.raises(error, match=text):
            nn.cross_entropy(logits, labels)
    with pytest.raises(ValueError, match="labels of 3 classes"):
        cr.grad(nn.cross_entropy)(logits, np.array([0, 3]))
    with pytest.raises(TypeError, match="labels are integers, not float64"):
        nn.one_hot(np.zeros(2), 3)
    for loss in (nn.cross_entropy, nn.binary_cross_entropy):
        with pytest.raises(ValueError, match='reduction is "mean", "sum" or "none"'):
            loss(logits, np.zeros((2, 3)), reduction="median")
    with pytest.raises(ValueError, match="no classes along axis -1"):
        nn.cross_entropy(np.zeros((2, 0)), np.zeros((2, 0)))


def test_binary_cross_entropy():
    rng = np.random.default_rng(4)
    z, t = rng.normal(size=(3, 4)), rng.uniform(size=(3, 4))
    p = 1 / (1 + np.exp(-z))
    for reduction, reduce in (("mean", np.mean), ("sum", np.sum), ("none", np.asarray)):
        np.testing.assert_allclose(nn.binary_cross_entropy(z, t, reduction), reduce(-t * np.log(p) - (1 - t) * np.log(1 - p)), rtol=1e-12)
    cr.check_grads(nn.binary_cross_entropy, (z, t), order=2)
    np.testing.assert_allclose(cr.grad(nn.binary_cross_entropy)(z, t), (p - t) / 12, rtol=1e-12)
    far = np.array([1e4, -1e4])
    assert nn.binary_cross_entropy(far, np.array([1, 0])) == 0.0 and nn.binary_cross_entropy(far, np.array([False, True])) == 1e4
    assert cr.grad(nn.binary_cross_entropy)(far, np.array([0, 0])).tolist() == [0.5, 0.0]


def test_values_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    rng = np.random.default_rng(5)
    x, labels = rng.normal(size=(4, 3)), np.array([2, 0, 1, 1])
    t = torch.tensor(x)
    for ours, theirs in ((nn.gelu(x), F.gelu(t)), (nn.gelu(x, approximate=True), F.gelu(t, approximate="tanh")), (nn.silu(x), F.silu(t)), (nn.elu(x, 1.3), F.elu(t, 1.3)),
                         (nn.leaky_relu(x, 0.2), F.leaky_relu(t, 0.2)), (nn.softplus(x), F.softplus(t)), (nn.log_sigmoid(x), F.logsigmoid(t)),
                         (nn.cross_entropy(x, labels), F.cross_entropy(t, torch.tensor(labels)))):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-15)


def test_lists_are_taken_for_arrays():
    z = np.random.default_rng(6).normal(size=(3, 3))

    def f(z, a):
        labels = nn.cross_entropy(z, [0, 2, 1]) + np.sum(nn.one_hot([0, 2, 1], 3) * z**2)
        return labels + nn.cross_entropy(z, [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0, 1, 0]]) + nn.cross_entropy([a, a * a, 1.0], 1) + nn.logsumexp([a, 1.0, a], b=[1.0, 2.0, a]) \
            + np.sum(nn.leaky_relu(z, [0.1, 0.2, 0.3])) * nn.softmax([a, 2 * a])[1] + np.sum(nn.elu([a, 1.0])) + np.sum(nn.gelu([a, -1.0]))

    cr.check_grads(f, (z, 0.7), order=2)


# -- noise and first weights ----------------------------------------------------------------------------------------


def test_dropout_draws_once_and_the_same():
    x = np.arange(1.0, 9.0, dtype=np.float32)

    def f(x, seed):
        return np.sum(nn.dropout(x, 0.25, np.random.default_rng(seed)) ** 2)

    kept = nn.dropout(x, 0.25, np.random.default_rng(7))
    assert kept.dtype == np.float32 and 0 < np.count_nonzero(kept) < 8
    np.testing.assert_allclose(cr.grad(f)(x, 7), np.where(kept > 0, 2 * x / 0.75**2, 0), rtol=1e-6)
    np.testing.assert_allclose(cr.hvp(f)(x, 7, np.ones_like(x)), np.where(kept > 0, 2 / 0.75**2, 0), rtol=1e-6)
    rng = np.random.default_rng(0)
    cr.grad(lambda x: np.sum(nn.dropout(x, 0.5, rng)))(x)
    other = np.random.default_rng(0)
    other.random(8)
    assert rng.random() == other.random()  # the generator was used once
    many = nn.dropout(np.ones(100_000), 0.3, np.random.default_rng(0))
    assert abs(many.mean() - 1) < 0.01 and set(np.unique(many)) == {0.0, 1 / 0.7}
    assert nn.dropout(x, 0.0, rng) is x
    for rate in (-0.1, 1.0, nan):
        with pytest.raises(ValueError, match="a rate of dropout"):
            nn.dropout(x, rate, rng)


@pytest.mark.parametrize(("make", "shape", "variance"), [
    (nn.glorot_uniform, (300, 200), 2 / 500), (nn.glorot_normal, (300, 200), 2 / 500), (nn.he_uniform, (300, 200), 2 / 300), (nn.he_normal, (300, 200), 2 / 300),
    (nn.he_normal, (5, 5, 40, 60), 2 / 1000), (nn.glorot_uniform, (3, 3, 50, 100), 2 / 1350)])
def test_first_weights(make, shape, variance):
    w = make(np.random.default_rng(0), shape)
    assert w.shape == shape and w.dtype == np.float64
    assert w.var() == pytest.approx(variance, rel=0.03) and abs(w.mean()) < 5 * math.sqrt(variance / w.size)
    if "uniform" in make.__name__:
        assert np.abs(w).max() <= math.sqrt(3 * variance)
    np.testing.assert_array_equal(w, make(np.random.default_rng(0), shape))
    assert make(np.random.default_rng(0), shape, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="an axis of inputs and one of outputs"):
        make(np.random.default_rng(0), (3,))


# -- in programs ----------------------------------------------------------------------------------------------------


def mlp(params, x, labels):
    (w1, b1), (w2, b2), (w3, b3) = params
    hidden = nn.relu(x @ w1 + b1)
    hidden = nn.gelu(hidden @ w2 + b2)
    return nn.cross_entropy(hidden @ w3 + b3, labels)


def network(dtype: Any = np.float64) -> Any:
    rng = np.random.default_rng(0)
    params = [(nn.he_normal(rng, shape, dtype), np.zeros(shape[1], dtype)) for shape in ((4, 6), (6, 5), (5, 3))]
    return params, rng.normal(size=(8, 4)).astype(dtype), rng.integers(0, 3, size=8)


MLP = '''\
def mlp_grad(params, x, labels):
    """Gradient of mlp (test_nn.py, line {line}) with respect to params.

    For params[0][0]: float64[n0, n1], params[0][1]: float64[n1],
    params[1][0]: float64[n1, n2], params[1][1]: float64[n2], params[2][0]: float64[n2, n3],
    params[2][1]: float64[n3], x: float64[n4, n0], labels: int64[n4].
    """
    (w1, b1), (w2, b2), (w3, b3) = params
    # forward sweep
    hidden = relu(x @ w1 + b1)
    t1 = hidden @ w2 + b2
    hidden2 = gelu(t1)
    t2 = hidden2 @ w3 + b3
    # reverse sweep
    # return nn.cross_entropy(hidden @ w3 + b3, labels)
    t2 = softmax(t2) - one_hot(labels, t2.shape[-1], dtype=bool)
    t2 = 1.0 / labels.size * t2
    b3_bar = t2.sum(axis=0)
    w3_bar = hidden2.T @ t2
    # hidden = nn.gelu(hidden @ w2 + b2)
    t1 = t2 @ w3.T * gelu_slope(t1)
    b2_bar = t1.sum(axis=0)
    w2_bar = hidden.T @ t1
    # hidden = nn.relu(x @ w1 + b1)
    t1 = t1 @ w2.T * (hidden > 0)
    b1_bar = t1.sum(axis=0)
    w1_bar = x.T @ t1
    return [(w1_bar, b1_bar), (w2_bar, b2_bar), (w3_bar, b3_bar)]
'''


def test_the_gradient_of_a_network_reads_as_a_textbook():
    gradient = cr.grad(mlp)
    assert gradient.source_for(*network()).strip() == MLP.format(line=mlp.__code__.co_firstlineno).strip()
    cr.check_grads(mlp, network(), order=2)
    small = gradient(*network(np.float32))
    assert {leaf.dtype for pair in small for leaf in pair} == {np.dtype(np.float32)}


def test_comments_show_lines_of_the_user_only():
    def loss(w, x, t):
        return nn.binary_cross_entropy(nn.dropout(x, 0.5, np.random.default_rng(0)) @ w, t)

    x = np.ones((4, 3))
    source = cr.grad(loss).source_for(np.ones(3), x, np.ones(4))
    assert "# return nn.binary_cross_entropy" in source and "losses = " not in source.split("# reverse sweep")[1]


def test_functions_of_nn_are_differentiated_as_they_are():
    assert cr.grad(nn.sigmoid)(0.0) == 0.25
    assert "exp" not in cr.grad(nn.sigmoid).source_for(0.0)
    assert cr.grad(cr.nn.softplus)(0.0) == 0.5  # the module is read when it is used first


def test_nn_and_optim_are_read_when_they_are_used():
    text = "import sys, chainrule as cr; assert not {'chainrule.nn', 'chainrule.optim', 'chainrule.rules.nn'} & set(sys.modules); cr.nn.relu; cr.optim.adam"
    subprocess.run([sys.executable, "-c", text], check=True)
    with pytest.raises(AttributeError, match="no attribute 'neural'"):
        cr.neural
