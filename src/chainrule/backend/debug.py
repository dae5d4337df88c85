"""Checks of generated code at work, for CHAINRULE_DEBUG: not a word of them stands in the text.

    x_bar = f(x)            x_bar = f(x);  assert x_bar.shape == x.shape and x_bar.dtype == x.dtype
    return x_bar            assert not x_tape;  return x_bar

Every tape must be empty when the reverse sweep has ended, for what was pushed and not popped belongs to an iteration that was
forgotten; and each gradient must have the shape and dtype of its argument.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..frontend.request import Request
from ..frontend.signature import Described, Leaf
from ..structure import flatten, flatten_like, gradient_structure

Function = Callable[..., Any]


def with_asserts(text: str, tapes: frozenset[str]) -> ast.Module:
    """The module that a text is, where each function asserts before it returns that the tapes that it pops are empty."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Return):
            end = node.body[-1]
            for tape in dict.fromkeys(_popped(node)):
                if tape in tapes:
                    test = ast.UnaryOp(ast.Not(), ast.Name(tape, ast.Load()))
                    check = ast.Assert(test, ast.Constant(f"{tape} is not empty when {node.name} ends"))
                    node.body.insert(-1, ast.fix_missing_locations(ast.copy_location(check, end)))
    return tree


def _popped(function: ast.FunctionDef) -> Iterator[str]:
    """The names on which a function, apart from those inside it, calls `pop`."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Attribute) and node.attr == "pop" and isinstance(node.value, ast.Name):
            yield node.value.id
        todo += ast.iter_child_nodes(node)


def checked(function: Function, request: Request) -> Function:
    """The compiled function of a request, which asserts that the gradients that it returns fit their arguments."""

    def check(gradient: Any, args: tuple[Any, ...]) -> None:
        for (position, item), one in zip(request.selected, (gradient,) if request.single else gradient, strict=True):
            parameter = request.parameters[position].value
            argument, name = args[position], parameter.name
            leaves: tuple[Leaf, ...] = parameter.leaves
            if item is not None:
                argument, leaves, name = argument[item], _leaves_of(parameter, item), f"{name}[{item!r}]"
            held, structure = flatten(argument, objects=True)
            for leaf, mine, given in zip(leaves, flatten_like(gradient_structure(structure), one), held, strict=True):
                _check_leaf(f"the gradient of {request.source.name} with respect to {name}", leaf, mine, given)

    @functools.wraps(function)
    def run(*args: Any) -> Any:
        result = function(*args)
        if request.mode == "vjp":
            value, pullback = result

            @functools.wraps(pullback)
            def pulled(*cotangents: Any) -> Any:
                gradients = pullback(*cotangents)
                check(gradients, args)
                return gradients

            return value, pulled
        if request.mode == "jvp":
            _check_tangents(request.source.name, *result)
        if request.mode in ("grad", "value_and_grad"):
            check(result[1] if request.mode == "value_and_grad" else result[0] if request.has_aux else result, args)
        return result

    return run


def _leaves_of(parameter: Described, item: Any) -> tuple[Leaf, ...]:
    """The leaves of one item of `*args` or `**kwargs`."""
    structure = parameter.structure
    position = structure.keys.index(item) if structure.keys else item
    first = sum(child.size for child in structure.children[:position])
    return parameter.leaves[first : first + structure.children[position].size]


def _check_tangents(name: str, value: Any, tangent: Any) -> None:
    held, structure = flatten(value)
    for one, dot in zip(held, flatten_like(structure, tangent), strict=True):
        if isinstance(one, np.ndarray) and one.shape and dot is not None:
            assert isinstance(dot, np.ndarray), f"the tangent of {name} is an array, not of class {type(dot).__name__}"
            assert (dot.shape, dot.dtype) == (one.shape, one.dtype), f"the tangent of {name} is {dot.dtype}{dot.shape}, not {one.dtype}{one.shape}"


def _check_leaf(title: str, leaf: Leaf, gradient: Any, argument: Any) -> None:
    if not leaf.differentiable:
        assert gradient is None, f"{title}: {leaf.path} carries no derivative, but there is one"
        return
    assert np.shape(gradient) == np.shape(argument), f"{title}: {leaf.path} has shape {np.shape(argument)}, not {np.shape(gradient)}"
    if isinstance(argument, np.ndarray) and argument.shape:
        assert isinstance(gradient, np.ndarray), f"{title}: {leaf.path} is an array, not of class {type(gradient).__name__}"
        assert gradient.dtype == argument.dtype, f"{title}: {leaf.path} has dtype {argument.dtype}, not {gradient.dtype}"


__all__ = ["checked", "with_asserts"]
