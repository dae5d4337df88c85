"""Functions of NumPy once more, each with a rule of a user's: of every kind that there is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

import chainrule as cr
from tests.programs.values import Program


@cr.custom_vjp
def sin(x):
    return np.sin(x)


sin.defvjp(lambda x: (np.sin(x), x), lambda x, y_bar: (y_bar * np.cos(x),))


@cr.custom_jvp
def tanh(x):
    return np.tanh(x)


@tanh.defjvp
def _tanh_jvp(primals, tangents):
    y = np.tanh(primals[0])
    return y, tangents[0] * (1 - y * y)


def exp(x):
    return np.exp(x)


cos: Any = eval("lambda x: np.cos(x)", {"np": np, "__name__": __name__})  # no source
cr.defvjp(exp, x="y_bar * y")
cr.defvjp(cos, "cos(x) -> y", x="-np.sin(x)", like="x")
NAMES = ("sin", "tanh", "exp", "cos")


def with_rules(program: Program) -> Program:
    """A program in which these take the place of NumPy's, where they are called with one argument."""
    pattern = re.compile(rf"\bnp\.({'|'.join(NAMES)})\((?![^()]*(?:\([^()]*\)[^()]*)*,)")
    return replace(program, source="from tests.programs import ruled\n" + pattern.sub(r"ruled.\1(", program.source))
