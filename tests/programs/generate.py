"""chooser -> random Python function with arguments: programs meant to break a source transformation.

A program is the text of a module: classes and helpers, then ``main``, which returns one float. Shapes, and the ranges of
integers, are known while the text is written, so that every program runs; sizes of values are bounded as it goes (every
variable is kept near [-2, 2]), so that finite differences are trustworthy. Which program comes out depends only on the
numbers that a chooser returns; a smaller number always means a simpler choice, so that Hypothesis shrinks to short programs.

Stress lies where a reverse sweep goes wrong: memory that is written after it was read, aliases and views, names
rebound or swapped in branches and loops, conditions on what their own branch changes, early exits. Every program mixes
these with the constructs of a few groups, drawn anew for each: all groups at once would mostly test the first refusal.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.programs.collections import Collections
from tests.programs.control import Control
from tests.programs.effects import Effects
from tests.programs.flow import Flow
from tests.programs.iteration import Iteration
from tests.programs.known import Known
from tests.programs.names import Names
from tests.programs.objects import Objects
from tests.programs.states import States
from tests.programs.values import (
    LIMIT,
    MATRICES,
    SCALARS,
    VECTORS,
    Array,
    Chooser,
    Drawn,
    Expr,
    Float,
    Function,
    Int,
    List,
    Module,
    Program,
    Random,
    Seeded,
    Tuple,
    add,
    call,
    constant,
    fit,
    layouts,
    mul,
    sub,
)  # fmt: skip
from tests.programs.writes import Orders

__all__ = ["GROUPS", "MAIN", "Drawn", "Program", "Seeded", "from_seed", "generate"]

MAIN = "a float of any size"  # what main returns


class Body(Orders, Collections, Known, Iteration, States, Objects, Flow, Names, Effects, Control):
    """Writes a whole function."""

    def group_statement(self) -> bool:
        """A statement of one of the groups of this program, if one applies here."""
        self.budget -= 1
        group = GROUPS[self.choice(self.module.groups)]
        return bool(self.choice(group)(self))

    def statement(self, simple: bool = False) -> None:
        """One statement."""
        self.budget -= 1
        groups = self.module.groups if self.indent < 5 else ()
        if groups and self.chance(15 if simple else 50) and self.group_statement():
            return
        if simple or self.budget <= 0:
            self.weighted(
                (3, self.assign_scalar),
                (2, self.assign_array),
                (4, self.store_item),
                (2, self.store_slice),
                (3, self.augment),
                (2, self.swap),
            )
            return
        deep = self.indent > 3
        self.weighted(
            (5, self.assign_scalar), (5, self.assign_array), (8, self.store_item), (5, self.store_slice), (6, self.augment),
            (5, self.assign_view), (6, self.swap), (4, self.flip), (1, self.assign_flag), (3, self.pack), (6, self.call_statement),
            (1, self.closure), (1, self.assign_readonly), (2, self.merge), (2, self.swap_both), (2, self.accumulate), (2, self.recurrence),
            (2 if deep else 9, self.if_), (2 if deep else 10, self.for_), (1 if deep else 4, self.while_),
        )  # fmt: skip

    # ---- functions

    def function_body(self) -> None:
        while self.budget > 0:
            self.statement()
        self.emit(self.return_text())

    def return_text(self) -> str:
        result = self.result
        if result is None:
            return "return"
        if isinstance(result, Tuple):
            parts = []
            for t in result.items:
                parts.append(fit(self.scalar(1)) if isinstance(t, Float) else self.returned_array(t.shape))
            return f"return {', '.join(part.at(0) for part in parts)}"
        if isinstance(result, Array):
            return f"return {self.returned_array(result.shape).text}"
        return f"return {(self.total() if result == MAIN else fit(self.total())).text}"

    def returned_array(self, shape: tuple[int, ...]) -> Expr:
        """What a helper returns: new, or (often) one of its arguments or a view of it."""
        found = self.views(shape, writable=True, plain=False)
        if found and self.chance(60):
            return Expr(self.choice(found)[0], 4, LIMIT)
        e = fit(self.array(shape, 1))
        return e if e.writable else Expr(f"{e.text}.copy()", 4, LIMIT)

    def total(self) -> Expr:
        """A float that depends on much of what is in scope."""
        terms: list[Expr] = []
        for name, t in list(self.scope.items()):
            if isinstance(t, Float) and self.chance(70):
                terms.append(Expr(name, 4, LIMIT))
            elif isinstance(t, Array) and self.chance(75):
                n = int(np.prod(t.shape))
                forms = [call("np.sum", name, size=2.0 * n), call("np.sum", f"{name} * {name}", size=4.0 * n)]
                terms.append(self.choice([*forms, call("np.sum", f"np.sin({name})", size=n)]))
            elif isinstance(t, List) and isinstance(t.item, Float) and self.chance(80):
                terms.append(call("sum", name, *([] if t.length else ["0.0"]), size=8.0))  # an empty sum is the int 0
            elif isinstance(t, List) and t.length and self.chance(80):
                terms.append(call("np.sum", f"{name}[-1]", size=8.0))
        if not terms or self.chance(25):
            terms.append(self.scalar(2))
        if self.indent > 1:
            terms = terms[:2]
        e = terms[0] if len(terms) == 1 else Expr(terms[0].at(1), 1, terms[0].size)
        for term in terms[1:]:
            coefficient = self.choice([1.0, 0.5, 1.3, -0.7])
            scaled = term if abs(coefficient) == 1.0 else mul(constant(abs(coefficient)), term)
            e = sub(e, scaled) if coefficient < 0 else add(e, scaled)
        return e


GROUPS: dict[str, tuple[Callable[[Any], bool | None], ...]] = {
    "writes": (Body.into_out, Body.by_function, Body.fancy_store, Body.onto_itself, Body.at, Body.chained),
    "views": (Body.write_through, Body.held, Body.twice, Body.pieces, Body.write_through, Body.readonly_view, Body.flat),
    "orders": (Body.ordered,),
    "collections": (
        Body.list_methods, Body.dict_methods, Body.tuple_operations, Body.parameters, Body.double_buffer, Body.array_lists, Body.nested_lists,
        Body.set_operations, Body.pairs, Body.words, Body.functions_kept, Body.nested_tuples, Body.elements_with_places,
    ),
    "iteration": (Body.folded, Body.collected, Body.generator, Body.by_hand, Body.folded, Body.written_while_iterated),
    "objects": (Body.vectors, Body.accumulators, Body.records),
    "states": (Body.optimisers, Body.queues, Body.searches, Body.rebuilt, Body.small_types),
    "flow": (Body.raises, Body.matches, Body.contexts, Body.forever, Body.handled_elsewhere, Body.small_statements),
    "names": (Body.chosen, Body.changing, Body.checks, Body.nonlocals, Body.recursive, Body.parameters_of_all_kinds, Body.integer_buffer),
    "effects": (Body.draws, Body.prints, Body.noisy),
}  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- helpers

HELPERS = ("mix", "blend", "reduce", "update", "split", "choose", "total", "repeat")


def _helper(
    chooser: Chooser, module: Module, shapes: Sequence[tuple[int, ...]], kind: str, scope: dict[str, Any]
) -> tuple[list[str], Function]:
    """A function at module level, and its type. ``scope`` holds helpers defined before."""
    f, vector, shape = Float(), Array(shapes[0]), Array(shapes[chooser.integer(0, len(shapes) - 1)])
    first = VECTORS[0] if len(shape.shape) == 1 else MATRICES[0]
    signature = {
        "mix": Function((("s", f), ("t", f)), f),
        "blend": Function((("s", f), ("x", vector), ("t", f)), f, defaults=1),
        "reduce": Function(((first, shape), ("s", f)), f, defaults=1),
        "update": Function(((first, shape), ("s", f)), None),
        "split": Function(((first, shape), ("s", f)), Tuple((shape, f)) if chooser.integer(0, 1) else Tuple((f, f))),
        "choose": Function((("x", vector), ("y", vector), ("s", f)), vector),
        "total": Function((), f, star=True),
        "repeat": Function((("s", f), ("n", Int(0, 3))), f),
    }[kind]
    if kind == "total":
        return [
            "def total(*values):",
            "    s = 0.0",
            "    for v in values:",
            "        s = 0.5 * s + np.sin(v) * v",
            "    return s",
        ], signature
    if kind == "repeat":
        return [
            "def repeat(s, n):",
            "    if n == 0:",
            "        return s",
            "    return 0.8 * repeat(np.sin(s), n - 1) + 0.1 * s",
        ], signature
    writer = Body(chooser, module, shapes, {**scope, **dict(signature.params)}, signature.result, chooser.integer(0, 3))
    if kind == "update":
        writer.weighted((1, writer.store_item), (1, writer.store_slice), (1, writer.augment), (1, writer.flip))
    if kind == "choose":
        with writer.indented(f"if {writer.condition()}:"):
            writer.emit(writer.return_text())
    writer.function_body()
    if kind == "update" and writer.lines[-1] == "    return":
        writer.lines.pop()
    count = len(signature.params)
    params = [name if k < count - signature.defaults else f"{name}=0.4" for k, (name, _) in enumerate(signature.params)]
    return [f"def {kind}({', '.join(params)}):", *writer.lines], signature


NAMED = r"(?m)^(?:class |def )?(\w+)(?:\(| = |:)"  # what a definition defines


def used(definitions: dict[str, str], text: str) -> list[str]:
    """The definitions that the text uses, directly or through one another."""
    kept: list[str] = []
    while found := [d for d in definitions.values() if d not in kept and re.search(rf"\b({'|'.join(re.findall(NAMED, d))})\b", text)]:
        kept += found
        text = "\n".join(found)
    return [definition for definition in definitions.values() if definition in kept]


def generate(chooser: Chooser, most: int = 16, groups: Sequence[str] = ()) -> Program:
    """A random program with two lists of arguments; ``most`` bounds the number of statements of ``main``.

    ``groups``: those that constructs are taken from, instead of a few drawn anew.
    """
    names = list(GROUPS)
    drawn = tuple(names[chooser.integer(0, len(names) - 1)] for _ in range(chooser.integer(0, 3)))
    module = Module(tuple(groups) or drawn)
    n, m = chooser.integer(2, 4), chooser.integer(2, 3)
    shapes: list[tuple[int, ...]] = [(n,), (m, n), (m,), (n, n)]
    helpers: dict[str, Any] = {}
    bodies: dict[str, list[str]] = {}
    for _ in range(max(0, chooser.integer(0, 5) - 2)):
        kind = HELPERS[chooser.integer(0, len(HELPERS) - 1)]
        if kind not in helpers:
            bodies[kind], helpers[kind] = _helper(chooser, module, shapes, kind, helpers)
    scope: dict[str, Any] = {}
    for kind_number in [chooser.integer(0, 9) for _ in range(chooser.integer(1, 4))] or [0]:
        if kind_number < 3:
            scope[next(name for name in SCALARS if name not in scope)] = Float()
        elif kind_number < 7:
            vector = shapes[0] if kind_number < 6 else shapes[2]
            scope[next(name for name in VECTORS if name not in scope)] = Array(vector)
        elif kind_number < 9:
            matrix = shapes[1] if kind_number == 7 else shapes[3]
            scope[next(name for name in MATRICES if name not in scope)] = Array(matrix)
        elif "n" not in scope:
            scope["n"] = Int(0, 3)
    if "effects" in module.groups and chooser.integer(0, 1):
        scope["rng"] = Random()
    if not any(isinstance(t, Float | Array) for t in scope.values()):
        scope["x"] = Array(shapes[0])
    params = dict(scope)
    writer = Body(chooser, module, shapes, {**helpers, **scope}, MAIN, chooser.integer(1, most))
    if "n" in scope:
        writer.frozen = frozenset({"n"})
    writer.frozen |= helpers.keys()
    writer.function_body()
    text = [f"def main({', '.join(params)}):", *writer.lines]
    for kind, lines in reversed(bodies.items()):  # those that are called
        if any(f"{kind}(" in line for line in text):
            text = [*lines, "", "", *text]
    body = "\n\n\n".join([*used(module.definitions, "\n".join(text)), "\n".join(text)]) + "\n"
    imports = [f"import {name}" for name in ("collections", "contextlib", "dataclasses", "functools", "itertools", "math", "operator") if f"{name}." in body]
    imports = ["from collections import namedtuple"] * ("namedtuple(" in body) + imports
    source = "\n".join([*imports, *[""] * bool(imports), "import numpy as np", "", "", body])
    seed = chooser.integer(0, 999_999)
    ordered = "orders" in module.groups
    return Program(source, tuple(_arguments(params, seed + k, ordered) for k in range(2)))


def _arguments(params: dict[str, Any], seed: int, ordered: bool = False) -> tuple[Any, ...]:
    draw = random.Random(seed).uniform
    args: list[Any] = []
    for t in params.values():
        if isinstance(t, Float):
            args.append(round(draw(-1.6, 1.6), 3))
        elif isinstance(t, Int):
            args.append(int(draw(t.low, t.high + 0.999)))
        elif isinstance(t, Random):
            args.append(np.random.default_rng(seed))
        else:
            array = np.array([round(draw(-1.6, 1.6), 3) for _ in range(int(np.prod(t.shape)))]).reshape(t.shape)
            args.append(layouts(array, int(draw(0, 3.999))) if ordered else array)
    return tuple(args)


def from_seed(seed: int, most: int = 16, groups: Sequence[str] = ()) -> Program:
    """The program of a seed.

    >>> repr(from_seed(1)) == repr(from_seed(1))
    True
    """
    return generate(Seeded(seed), most, groups)
