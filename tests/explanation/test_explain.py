"""`explain`: what it says is true. Its gradient is that of the program, whatever the program does, and the parts add up to it."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import chainrule as cr
from chainrule.explanation.model import Loop, Statement, statements
from chainrule.structure import flatten
from tests.golden.programs import CASES
from tests.programs.generate import from_seed
from tests.programs.oracle import judge

SCALAR = {name: case for name, case in CASES.items() if case.transform != "vjp"}


def same(found, expected):
    """Two gradients: of the same structure and types, and equal but for rounding."""
    (one, form), (other, form_too) = flatten(found), flatten(expected)
    assert form == form_too
    for a, b in zip(one, other):
        assert type(a) is type(b) and getattr(a, "dtype", None) == getattr(b, "dtype", None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("case", SCALAR.values(), ids=list(SCALAR))
def test_the_gradient_is_that_of_grad(case):
    for args in (case.args, *case.also):
        expected = cr.value_and_grad(case.primal, argnums=case.wrt)(*copy.deepcopy(args))
        explained = cr.explain(case.primal, *copy.deepcopy(args), argnums=case.wrt)
        same((explained.value, explained.gradient), expected)
        assert explained.name == case.primal.__name__
        assert len(str(explained).splitlines()) > 4


class _Explained:
    """`explain` in the place of `value_and_grad`."""

    def value_and_grad(self, f, argnums):
        def derivative(*args):
            found = cr.explain(f, *args, argnums=argnums)
            str(found)
            return found.value, found.gradient

        derivative.source_for = lambda *args: ""
        return derivative


@pytest.mark.parametrize("block", range(4))
def test_random_programs(block):
    kinds = []
    for seed in range(20 * block, 20 * block + 20):
        verdict = judge(from_seed(seed), _Explained(), determinism=False)
        assert not verdict.failed, f"seed {seed}: {verdict.kind}: {verdict.reason}\n{verdict.detail}\n{from_seed(seed)}"
        kinds.append(verdict.kind)
    assert kinds.count("ok") >= 6


# -- what it says ----------------------------------------------------------------------------------------------------


def polynomial(x, y):
    a = x * y
    b = np.sin(a)
    return a * b + x


def test_numbers_of_scalar_statements():
    x, y = 1.5, -0.5
    explained = cr.explain(polynomial, x, y, argnums=(0, 1))
    first, second, last = explained.entries
    assert [s.text for s in (first, second, last)] == ["a = x * y", "b = np.sin(a)", "return a * b + x"]
    a = x * y
    by_a = np.sin(a) + a * np.cos(a)
    assert float(first.values[0].value.text) == a
    assert float(first.values[0].cotangent.text) == pytest.approx(by_a, rel=1e-5)
    assert {o.name: (float(o.slope.text), float(o.contribution.text)) for o in first.operands} == {
        "x": (y, pytest.approx(by_a * y, rel=1e-5)), "y": (x, pytest.approx(by_a * x, rel=1e-5))}
    (read,) = second.operands
    assert (read.name, float(read.slope.text)) == ("a", pytest.approx(np.cos(a), rel=1e-5))
    assert {o.name: float(o.slope.text) for o in last.operands} == {"a": pytest.approx(np.sin(a), rel=1e-5), "b": a, "x": 1.0}
    assert [o.text for o in last.operations] == ["a * b", "a * b + x"]
    assert [[operand.rule for operand in o.operands] for o in last.operations] == [["g * b", "g * a"], ["g", "g"]]
    assert [(v.name, float(v.cotangent.text)) for v in explained.inputs] == [("x", pytest.approx(by_a * y + 1, rel=1e-5)), ("y", pytest.approx(by_a * x, rel=1e-5))]


def network(params, x):
    h = x
    for w, b in params:
        h = np.tanh(h @ w + b)
    return np.sum(h**2)


def rng():
    return np.random.default_rng(0)


def parameters(*sizes):
    return [(rng().normal(size=pair), np.zeros(pair[1])) for pair in zip(sizes, sizes[1:])]


def test_loops_over_lists_have_iterations():
    explained = cr.explain(network, parameters(3, 4, 5, 2), np.ones((6, 3)))
    loop, last = explained.entries
    assert isinstance(loop, Loop) and isinstance(last, Statement)
    assert loop.text == "for w, b in params:"
    assert [one.number for one in loop.iterations] == [0, 1, 2]
    for one in loop.iterations:
        (statement,) = one.entries
        assert statement.text == "h = np.tanh(h @ w + b)"
        assert [o.rule for o in statement.operations[-1].operands] == ["g * (1 - h ** 2)"]
    assert [o.name for o in loop.iterations[2].entries[0].operands] == ["h", "params[2][0]", "params[2][1]"]
    assert loop.iterations[1].entries[0].operations[0].operands[0].rule == "g @ w.T"


def squared(v):
    w = v * v
    return w


def through_calls(x, n):
    total = 0.0
    for k in range(n):
        total = total + squared(x) / (k + 1)
    return total


def test_calls_are_nested_in_the_statement_that_calls():
    explained = cr.explain(through_calls, 3.0, 4)
    loop = next(entry for entry in explained.entries if isinstance(entry, Loop))
    assert len(loop.iterations) == 4
    (statement,) = loop.iterations[2].entries
    assert statement.text == "total = total + squared(x) / (k + 1)"
    (inner,) = statement.entries
    assert (inner.text, inner.function) == ("w = v * v", "squared")
    assert [s.name for s in explained.sources] == ["through_calls", "squared"]
    by_x = {o.name: float(o.contribution.text) for o in statement.operands if o.contribution is not None}
    assert by_x["x"] == pytest.approx(2.0)


def factorial_like(x, n):
    if n == 0:
        return x
    return x * factorial_like(x, n - 1)


def test_recursion():
    explained = cr.explain(factorial_like, 1.5, 3)
    assert explained.gradient == pytest.approx(4 * 1.5**3)
    assert [s.text for s, depth, _ in statements(explained.entries) if s.text.startswith("call of")] == ["call of factorial_like"] * 3


def filled(x):
    z = np.zeros(3)
    for i in range(3):
        z[i] = x * i
    return np.sum(z)


def test_stores_are_written_as_such():
    explained = cr.explain(filled, 2.0)
    loop = next(entry for entry in explained.entries if isinstance(entry, Loop))
    store = loop.iterations[1].entries[0].operations[-1]
    assert store.text == "z[i] = x * i"
    assert [o.rule for o in store.operands if o.rule] == ["g, zero at [i]", "g[i]"]


def test_contributions_add_up_to_the_cotangents():
    """Of every value: what all operations pass on to it is its cotangent."""
    explained = cr.explain(polynomial, 1.5, -0.5)
    sums = {}
    for statement, _, _ in statements(explained.entries):
        for operation in statement.operations:
            for operand in operation.operands:
                if operand.contribution is not None:
                    sums[operand.value.number] = sums.get(operand.value.number, 0.0) + float(operand.contribution.text)
    cotangents = {o.result.number: float(o.result.cotangent.text) for s, _, _ in statements(explained.entries) for o in s.operations}
    cotangents |= {v.number: float(v.cotangent.text) for v in explained.inputs}
    for number, found in sums.items():
        assert found == pytest.approx(cotangents[number], rel=1e-4)


# -- what it refuses -------------------------------------------------------------------------------------------------


def test_results_that_are_not_a_number_are_refused():
    with pytest.raises(TypeError, match=r"explain of squared: the result is an array .* Explain a function that makes one number of it"):
        cr.explain(squared, np.ones(3))


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="explain of squared: there is no argument 3"):
        cr.explain(squared, 1.0, argnums=3)
    with pytest.raises(TypeError, match=r"explain of through_calls: .*'n' is of type int"):
        cr.explain(through_calls, 1.0, 3, argnums=1)


def unknown(x):
    return float(repr(x))


def test_what_has_no_derivative_is_refused_as_by_grad():
    with pytest.raises(cr.UnsupportedError):
        cr.explain(unknown, 1.0)


def test_calls_that_take_too_long_are_refused(monkeypatch):
    from chainrule.explanation import record

    monkeypatch.setattr(record, "MOST", 100)
    with pytest.raises(cr.UnsupportedError, match="the call takes more than 100 steps"):
        cr.explain(through_calls, 3.0, 200)


def pair(x):
    return x * x, x


def test_aux_keywords_and_methods():
    explained = cr.explain(pair, 3.0, has_aux=True)
    assert (explained.value, explained.gradient) == ((9.0, 3.0), 6.0)
    assert cr.explain(through_calls, 3.0, n=2).gradient == 9.0

    class Model:
        def __init__(self):
            self.scale = 2.0

        def loss(self, x):
            return self.scale * x**2

    assert cr.explain(Model().loss, 3.0).gradient == 12.0


def test_derivatives_of_derivatives_are_one_step():
    explained = cr.explain(cr.grad(squared), 3.0)
    assert explained.gradient == 2.0


def explaining(x):
    return cr.explain(squared, x).value


def test_inside_what_is_differentiated_it_is_refused():
    with pytest.raises(cr.UnsupportedError, match="explain the function outside"):
        cr.grad(explaining)(2.0)


@pytest.mark.parametrize("seed", [
    1188,  # prints on the path of one call, which is begun again
    1304,  # a cotangent that is a number of Python's, where the rule expects an array without axes
])
def test_programs_that_were_wrong_once(seed):
    verdict = judge(from_seed(seed), _Explained(), determinism=False)
    assert verdict.kind == "ok", f"{verdict.reason}\n{verdict.detail}"


def clipped(x, limit):
    h = np.sin(x)
    with cr.adjoint_of(h) as h_bar:
        norm = np.linalg.norm(h_bar)
        if norm > limit:
            h_bar = h_bar * (limit / norm)
    return np.sum(h * h)


def selected(x):
    return np.sum(np.where(x > 0.0, np.sqrt(np.where(x > 0.0, x, 0.0)), 0.0))


def hessian_inside(x):
    return np.sum(cr.hvp(lambda z: np.sum(z**4))(x, np.ones_like(x)))


@cr.checkpoint
def kept_little(h, w):
    return np.tanh(h @ w)


def checkpointed(h, w):
    for _ in range(3):
        h = kept_little(h, w)
    return np.sum(h)


@pytest.mark.parametrize(("f", "args"), [
    (clipped, (np.array([1.0, 2.0, 0.3]), 0.5)),  # what the user does with an adjoint
    (selected, (np.array([1.0, -1.0, 0.0, 4.0]),)),  # zeros of a mask absorb infinities
    (hessian_inside, (np.array([1.0, 2.0]),)),
    (checkpointed, (np.ones((2, 3)), np.linspace(-1.0, 1.0, 9).reshape(3, 3))),
    (lambda x: 1.0, (2.0,)),
    (lambda x: x, (2.0,)),
    (lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2), (np.arange(4.0),)),
    (lambda a: np.linalg.eigh(a + a.T)[0][0], (np.arange(9.0).reshape(3, 3) ** 0.5,)),
    (lambda x: np.sum(x * x), (np.ones(3, np.float32),)),
])  # fmt: skip
def test_all_kinds_of_rules(f, args):
    explained = cr.explain(f, *args)
    same(explained.gradient, cr.grad(f)(*args))
    assert str(explained) and explained.to_html() and explained.to_dot()


def searching(x, tol):
    xs = [x]
    while len(xs) < 3 or abs(xs[-1] - xs[-2]) > tol:
        step = xs[-1] * 0.5
        if step > 0.3:
            xs.append(step)
        else:
            xs = xs[1:] + [step]
        for k in [1, 2]:
            xs[-1] = xs[-1] * (1 + 0.01 * k)
    return sum(xs)


def test_loops_of_which_some_iterations_are_executed_on_their_own():
    explained = cr.explain(searching, 2.0, 0.05)
    first, loop, last = explained.entries  # the list becomes one of unknown length before the loop
    assert [value.name for value in first.values] == ["xs"]
    assert [one.number for one in loop.iterations] == list(range(7))  # six, and the condition that ends it
    assert last.text == "return sum(xs)"
    for one in loop.iterations[:-1]:
        inner = one.entries[-1]
        assert (inner.text, len(inner.iterations)) == ("for k in [1, 2]:", 2)
        assert inner.iterations[1].entries[0].operations[-1].text == "xs[-1] = xs[-1] * (1 + 0.01 * 2)"
    appended = next(s for s, _, _ in statements(explained.entries) if s.text == "xs.append(step)")
    assert [(o.name, o.rule) for o in appended.operands] == [("xs", "g[:-1]"), ("step", "g[-1]")]


def bit_by_bit(values):
    a = sum(v * v for v in values); b = a * a  # noqa: E702
    return b


def test_statements_that_are_executed_bit_by_bit_and_several_on_a_line():
    explained = cr.explain(bit_by_bit, [1.0, 2.0])
    texts = [s.text for s, _, _ in statements(explained.entries)]
    assert texts.count("b = a * a") == 1
    assert texts.count("a = sum(v * v for v in values)") <= 2


def with_functions(x):
    total = 0.0
    for k in (1.0, 2.0):
        def twice(v):
            w = v * v
            return w
        total = total + twice(x * k) * (lambda v: v + 1.0)(k)
    return total


def test_a_function_made_in_a_loop_is_not_a_loop():
    loop = cr.explain(with_functions, 3.0).entries[0]
    for one in loop.iterations:
        (statement,) = one.entries
        (inner,) = statement.entries
        assert isinstance(inner, Statement) and inner.text == "w = v * v"


def test_reading_from_a_list_passes_on_to_one_place():
    explained = cr.explain(searching, 2.0, 0.05)
    statement = next(s for s, _, _ in statements(explained.entries) if s.text == "step = xs[-1] * 0.5")
    assert statement.operations[0].operands[0].rule == "g at [-1], zero elsewhere"
