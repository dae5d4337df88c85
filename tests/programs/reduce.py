"""program that fails -> smaller program that still fails, by deleting and unwrapping statements and simplifying expressions.

Greedy and in a fixed order, so that the same program always reduces to the same one.
"""

from __future__ import annotations

import ast
import copy
import signal
from collections.abc import Callable, Iterator
from typing import Any

from tests.programs.values import Program


def reduce(program: Program, fails: Callable[[Program], bool], limit: int = 600) -> Program:
    """The smallest program found with at most ``limit`` trials. ``fails`` must be true of the given program."""
    for args in program.arguments:
        if fails(single := Program(program.source, (args,))):
            program = single
            break
    best = program
    progress = True
    seen = {best.source}  # after each success the search starts again; what was tried is not tried again
    while progress and limit > 0:
        progress = False
        for tree in _smaller(ast.parse(best.source)):
            try:
                source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
                compile(source, "<reduced>", "exec")
            except (SyntaxError, ValueError, TypeError):
                continue
            candidate = Program(source, best.arguments)
            if len(source) >= len(best.source) and source.count("\n") >= best.source.count("\n"):
                continue
            if "def main(" not in source or source in seen:
                continue
            seen.add(source)
            limit -= 1
            if fails(candidate):
                best, progress = candidate, True
                break
            if limit <= 0:
                break
    return best


def within(seconds: int, function: Callable[[], Any]) -> Any:
    """Run the function; TimeoutError when it takes longer. Main thread only (it uses SIGALRM)."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        return function()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _smaller(tree: ast.Module) -> Iterator[ast.Module]:
    """Copies of the tree, each with one thing less: big things first."""
    blocks = [
        (number, name)
        for number, node in enumerate(ast.walk(tree))
        for name in ("body", "orelse")
        if isinstance(getattr(node, name, None), list) and getattr(node, name)
    ]
    for size in (4, 2, 1):
        for number, name in reversed(blocks):
            count = len(getattr(_node(tree, number), name))
            for start in range(count - size, -1, -1):
                smaller = copy.deepcopy(tree)
                block = getattr(_node(smaller, number), name)
                if isinstance(block[start], ast.Import):
                    continue
                del block[start : start + size]
                if not block and name == "body":
                    continue
                yield smaller
    for number, name in reversed(blocks):  # a compound statement replaced by its body
        for k, statement in enumerate(getattr(_node(tree, number), name)):
            if isinstance(statement, ast.If | ast.For | ast.While):
                for part in ("body", "orelse"):
                    if not getattr(statement, part) or any(
                        isinstance(s, ast.Break | ast.Continue) for s in ast.walk(statement)
                    ):
                        continue
                    smaller = copy.deepcopy(tree)
                    block = getattr(_node(smaller, number), name)
                    block[k : k + 1] = getattr(block[k], part)
                    yield smaller
    for number, node in enumerate(ast.walk(tree)):  # an expression replaced by one of its operands
        for name, child in ast.iter_fields(node):
            if isinstance(child, ast.BinOp | ast.IfExp | ast.Call | ast.BoolOp | ast.UnaryOp | ast.Compare):
                for operand in [
                    c
                    for c in ast.iter_child_nodes(child)
                    if isinstance(c, ast.expr) and not (isinstance(child, ast.Call) and c is child.func)
                ]:
                    smaller = copy.deepcopy(tree)
                    setattr(_node(smaller, number), name, copy.deepcopy(operand))
                    yield smaller


def _node(tree: ast.Module, number: int) -> Any:
    """The node of that number in the order of ``ast.walk``."""
    for k, node in enumerate(ast.walk(tree)):
        if k == number:
            return node
    raise IndexError(number)
