"""CHAINRULE_DEBUG: what generated code asserts, and that its text does not show it."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import pipeline
from chainrule.backend.debug import checked
from chainrule.backend.emit import Emitted
from chainrule.backend.load import load

LEFT = """\
def f(x):
    x_tape = []
    for _ in range(3):
        x_tape.append(x)
    x = x_tape.pop()
    return x
"""


def emitted(text: str) -> Emitted:
    return Emitted("f", text, {}, {}, frozenset({"x_tape", "x_left"}))


def test_a_tape_that_is_not_empty_at_the_end():
    assert load(emitted(LEFT))(1.0) == 1.0
    function = load(emitted(LEFT), debug=True)
    with pytest.raises(AssertionError, match="x_tape is not empty when f ends"):
        function(1.0)
    assert function.__source__ == LEFT


def test_a_pullback_empties_its_copy():
    text = "def f(x):\n    x_tape = [x, x]\n    def pullback():\n        x_left = x_tape.copy()\n        x_left.pop()\n        return x\n    return pullback\n"
    pullback = load(emitted(text), debug=True)(1.0)
    with pytest.raises(AssertionError, match="x_left is not empty when pullback ends"):
        pullback()


def request_of(f, *args, transform="grad", wrt=0):
    found = []

    def note(request):
        found.append(request)
        return pipeline._finish(request, pipeline.passes(request))

    own = getattr(cr, transform)(f, wrt)._dispatcher
    type(own)(own.function, note, own.mode, own.argnums, own.has_aux).variant_for(args, {})
    return found[-1]


def loss(p, x):
    return np.sum(p["w"] * x) * p["k"]


ARGS = {"w": np.ones(3), "k": 2.0, "name": None}, np.arange(3.0)


@pytest.mark.parametrize(("gradient", "message"), [
    ({"w": np.ones(2), "k": 1.0, "name": None}, r"p\['w'\] has shape \(3,\), not \(2,\)"),
    ({"w": 1.0, "k": 1.0, "name": None}, r"p\['w'\] has shape"),
    ({"w": np.ones(3, np.float32), "k": 1.0, "name": None}, r"p\['w'\] has dtype float64, not float32"),
    ({"w": np.ones(3), "k": np.ones(1), "name": None}, r"p\['k'\] has shape \(\), not \(1,\)"),
    ({"w": np.ones(3), "k": 1.0, "name": 0.0}, r"p\['name'\] carries no derivative"),
])
def test_a_gradient_that_does_not_fit(gradient, message):
    request = request_of(loss, *ARGS)
    right = {"w": np.ones(3), "k": 1.0, "name": None}
    assert checked(lambda p, x: right, request)(*ARGS) is right
    with pytest.raises(AssertionError, match="gradient of loss with respect to p: " + message):
        checked(lambda p, x: gradient, request)(*ARGS)
    both = request_of(loss, *ARGS, transform="value_and_grad", wrt=(0,))
    with pytest.raises(AssertionError, match=message):
        checked(lambda p, x: (1.0, (gradient,)), both)(*ARGS)


def test_it_is_on_in_the_tests_and_the_text_does_not_show_it():
    assert pipeline.DEBUG
    assert "assert" not in cr.grad(loss).source_for(*ARGS)
