"""Expressions: floats, truth values, arrays, and calls of the functions in scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.programs.core import Writer
from tests.programs.values import (
    CONSTANTS,
    LIMIT,
    THRESHOLDS,
    Array,
    Bool,
    Expr,
    Float,
    Function,
    Int,
    List,
    add,
    call,
    constant,
    fit,
    mul,
    sub,
)  # fmt: skip


class Expressions(Writer):

    # ---- scalar expressions

    def scalar_atom(self) -> Expr:
        names = self.names(Float)
        boxed = self.boxed()

        def name() -> Expr | None:
            return Expr(self.choice(names), 4, LIMIT) if names else None

        def item() -> Expr | None:
            text = self.item()
            return Expr(text, 4, LIMIT) if text else None

        def box() -> Expr | None:
            return Expr(self.choice(boxed), 4, LIMIT) if boxed else None

        return (
            self.weighted((5, name), (5, item), (2, box))
            or item()
            or box()
            or self.reduction()
            or constant(self.choice(CONSTANTS))
        )

    def scalar(self, depth: int = 2) -> Expr:
        """A float expression."""
        if depth <= 0 or self.nesting > 2:
            return self.scalar_atom()
        with self.nested():
            return self.scalar_of(depth)

    def scalar_of(self, depth: int) -> Expr:

        def binary() -> Expr:
            a, b = self.scalar(depth - 1), self.scalar(depth - 1)
            return self.choice([mul, add, sub])(a, b)

        def scaled() -> Expr:
            return mul(constant(self.choice(CONSTANTS)), self.scalar_atom())

        def function() -> Expr:
            e = self.scalar(depth - 1)
            kind = self.chooser.integer(0, 9)
            if kind < 5:
                return call(["np.sin", "np.tanh", "math.sin", "np.cos", "math.tanh"][kind], e.text, size=1.0)
            if kind == 5:
                return call(self.choice(["np.exp", "math.exp"]), fit(e, 1.0).text, size=2.8)
            square = Expr(f"{e.at(4)} ** 2", 3, e.size**2) if self.chance(50) else mul(e, e)
            if kind == 6:
                return call(self.choice(["np.sqrt", "math.sqrt"]), add(constant(1.5), square).text, size=e.size + 2)
            if kind == 7:
                return call("np.log", add(constant(1.5), square).text, size=3.0)
            if kind == 8:
                return Expr(f"{fit(e).at(4)} ** {self.choice([2, 3])}", 3, 8.0)
            return Expr(f"({add(constant(1.5), square).text}) ** {fit(self.scalar_atom(), 1.0).at(4)}", 3, 6.0)

        def quotient() -> Expr:
            a, b = self.scalar(depth - 1), self.scalar_atom()
            divisor = self.choice([add(constant(1.5), mul(b, b)), add(constant(2.0), call("np.sin", b.text))])
            return Expr(f"{a.at(2)} / ({divisor.text})", 2, a.size)

        def conditional() -> Expr:
            a, b = self.scalar(depth - 1), self.scalar_atom()
            return Expr(f"{a.at(1)} if {self.condition(1)} else {b.at(1)}", 0, max(a.size, b.size))

        def comparison() -> Expr:
            a, b = self.scalar_atom(), self.scalar_atom()
            kind = self.chooser.integer(0, 5)
            if kind < 4:
                return call(["max", "min", "np.maximum", "np.minimum"][kind], a.text, b.text)
            return (
                call("abs", a.text)
                if kind == 4
                else Expr(f"{a.at(1)} {self.choice(['or', 'and'])} {b.at(1)}", 0, LIMIT)
            )

        def counted() -> Expr | None:
            ints = self.names(Int)
            return mul(Expr(self.choice(ints), 4, 4.0), fit(self.scalar_atom(), 0.5)) if ints else None

        return self.weighted(  # type: ignore[no-any-return]
            (4, self.scalar_atom), (6, binary), (3, scaled), (6, function), (3, quotient), (3, self.reduction), (2, conditional),
            (2, comparison), (1, counted), (5, self.call_scalar), (1, self.comprehension),
        )  # fmt: skip

    def reduction(self) -> Expr | None:
        """A float made of a whole array."""
        found = self.arrays()
        if not found:
            return None
        text, t = self.choice(found)
        n = int(np.prod(t.shape))
        same = [other for other, u in found if u.shape == t.shape]
        kind = self.chooser.integer(0, 8)
        if kind < 2:
            return Expr([f"np.sum({text})", f"{text}.sum()"][kind], 4, n * LIMIT)
        if kind == 2:
            return call("np.mean", text)
        if kind == 3 and len(t.shape) == 1:
            return self.choice(
                [call("np.dot", text, self.choice(same), size=n * 4), Expr(f"{text} @ {self.choice(same)}", 1, n * 4)]
            )
        if kind == 4:
            return call("np.sum", mul(Expr(text, 4, LIMIT), Expr(self.choice(same), 4, LIMIT)).text, size=n * 4)
        if kind == 5:
            return call("np.sum", f"{text}[{text} > {self.choice(THRESHOLDS):g}]", size=n * LIMIT)
        if kind == 6:
            return call(self.choice(["np.max", "np.min"]), text)
        if kind == 7:
            return Expr(f"np.prod(np.tanh({text}))", 4, 1.0)
        return call("np.sum", f"np.sin({text})", size=n)

    def comprehension(self) -> Expr | None:
        vectors = [text for text, t in self.arrays() if len(t.shape) == 1] + self.names(List, item=Float())
        if not vectors:
            return None
        inner = "value"
        body = self.choice([f"{inner} * {inner}", f"np.sin({inner})", f"{inner} * {self.scalar_atom().at(2)}"])
        return Expr(f"sum([{body} for {inner} in {self.choice(vectors)}])", 4, 16.0)

    def condition(self, depth: int = 1, walrus: bool = False) -> str:
        """A truth value, mostly of something that depends on the arguments."""

        def threshold() -> str:
            return f"{self.scalar_atom().at(1)} {self.choice(['>', '<', '>=', '<='])} {self.choice(THRESHOLDS):g}"

        def pair() -> str:
            return f"{self.scalar(1).at(1)} {self.choice(['>', '<'])} {self.scalar_atom().at(1)}"

        def chained() -> str:
            low, high = self.choice([(-0.5, 0.8), (0.1, 1.2), (-1.5, 0.3)])
            return f"{low:g} < {self.scalar_atom().at(1)} < {high:g}"

        def counter() -> str | None:
            ints = self.names(Int)
            if not ints:
                return None
            return f"{self.choice(ints)} {self.choice(['> 0', '% 2 == 0', '== 1', '< 2', '!= 0'])}"

        def logical() -> str | None:
            if not depth:
                return None
            a, b = self.condition(depth - 1), self.condition(depth - 1)
            return self.choice([f"{a} and {b}", f"({a}) or ({b})", f"not ({a})"])

        def flag() -> str | None:
            flags = self.names(Bool)
            return self.choice(flags) if flags else None

        def named() -> str | None:
            if not walrus:
                return None
            e = fit(self.scalar(1))
            name = self.target(Float())
            self.bind(name, Float())
            return f"({name} := {e.text}) > {self.choice(THRESHOLDS):g}"

        def total() -> str | None:
            found = self.arrays()
            return (
                f"{self.choice(['np.any', 'np.all'])}({self.choice(found)[0]} > {self.choice(THRESHOLDS):g})"
                if found
                else None
            )

        return str(
            self.weighted(
                (6, threshold), (3, pair), (2, chained), (3, counter), (2, logical), (2, flag), (2, named), (1, total)
            )
        )

    # ---- array expressions

    def array_atom(self, shape: tuple[int, ...], plain: bool = False) -> Expr | None:
        found = self.views(shape, plain=plain)
        if not found:
            return None
        text, writable = self.choice(found)
        return Expr(text, 4, LIMIT, bare=True, writable=writable)

    def array(self, shape: tuple[int, ...], depth: int = 2) -> Expr:
        """An array expression of the shape."""
        with self.nested():
            return self.array_of(shape, depth if self.nesting < 4 else 0)

    def array_of(self, shape: tuple[int, ...], depth: int) -> Expr:
        extents = ", ".join(map(str, shape))
        zeros = f"np.zeros({shape[0] if len(shape) == 1 else f'({extents})'})"

        def atom() -> Expr:
            return self.array_atom(shape) or self.made(shape) or Expr(f"{zeros} + {self.scalar_atom().at(2)}", 1, LIMIT)

        if depth <= 0:
            return atom()

        def binary() -> Expr:
            a, b = self.array(shape, depth - 1), self.array(shape, depth - 1)
            return self.choice([mul, add, sub])(a, b)

        def with_scalar() -> Expr:
            a, b = self.array(shape, depth - 1), self.scalar(1)
            return self.choice([mul, add, sub])(*self.choice([(a, b), (b, a)]))

        def function() -> Expr:
            e = self.array(shape, depth - 1)
            kind = self.chooser.integer(0, 6)
            if kind < 3:
                return call(["np.sin", "np.tanh", "np.cos"][kind], e.text, size=1.0)
            if kind == 3:
                return call("np.exp", fit(e, 1.0).text, size=2.8)
            square = Expr(f"{e.at(4)} ** 2", 3, e.size**2)
            if kind == 4:
                return call("np.sqrt", add(constant(1.5), square).text, size=e.size + 2)
            return square if kind == 5 else Expr(f"-{e.at(3)}", 3, e.size)

        def quotient() -> Expr:
            a, b = self.array(shape, depth - 1), self.choice([atom, self.scalar_atom])()
            return Expr(f"{a.at(2)} / ({add(constant(1.5), mul(b, b)).text})", 2, a.size)

        def select() -> Expr:
            a, b, c = atom(), self.array(shape, depth - 1), self.choice([atom, self.scalar_atom])()
            kind = self.chooser.integer(0, 2)
            if kind == 0:
                return call(
                    "np.where", f"{a.at(1)} > {self.choice(THRESHOLDS):g}", b.text, c.text, size=max(b.size, c.size)
                )
            return call(["np.maximum", "np.minimum"][kind - 1], b.text, c.text, size=max(b.size, c.size))

        def broadcast() -> Expr | None:
            if len(shape) == 1:
                one = self.views((1,))
                a = self.array(shape, depth - 1)
                return mul(a, Expr(self.choice(one)[0], 4, LIMIT)) if one else None
            row, column = self.views((shape[1],)), self.views((shape[0],))
            a = self.array(shape, 0)
            kind = self.chooser.integer(0, 3)
            if kind == 0 and row:
                return add(a, Expr(self.choice(row)[0], 4, LIMIT))
            if kind == 1 and column:
                return mul(Expr(f"{self.choice(column)[0]}[:, None]", 4, LIMIT), a)
            if kind == 2 and row and column:
                return call("np.outer", self.choice(column)[0], self.choice(row)[0], size=4.0)
            return sub(a, call("np.mean", a.text, f"axis={self.choice([0, 1])}", "keepdims=True"))

        def matrix() -> Expr | None:
            if len(shape) == 1:
                matrices = [(text, t) for text, t in self.arrays() if len(t.shape) == 2]
                if not matrices:
                    return None
                text, t = self.choice(matrices)
                options = []
                for axis in (0, 1):
                    if t.shape[1 - axis] == shape[0]:
                        options.append(call("np.sum", text, f"axis={axis}", size=LIMIT * t.shape[axis]))
                if t.shape[0] == shape[0] and (right := self.views((t.shape[1],))):
                    options.append(Expr(f"{text} @ {self.choice(right)[0]}", 1, 4.0 * t.shape[1]))
                if t.shape[1] == shape[0] and (left := self.views((t.shape[0],))):
                    options.append(Expr(f"{self.choice(left)[0]} @ {text}", 1, 4.0 * t.shape[0]))
                return self.choice(options) if options else None
            inner = self.choice(self.shapes)[0]
            left, right = self.views((shape[0], inner)), self.views((inner, shape[1]))
            return Expr(f"{self.choice(left)[0]} @ {self.choice(right)[0]}", 1, 4.0 * inner) if left and right else None

        def gathered() -> Expr | None:
            vectors = [(text, t) for text, t in self.arrays() if len(t.shape) == 1 and t.shape[0]]
            if len(shape) != 1 or not vectors:
                return None
            text, t = self.choice(vectors)
            where = [self.chooser.integer(0, t.shape[0] - 1) for _ in range(shape[0])]
            return Expr(f"{text}[{where}]", 4, LIMIT)

        def scan() -> Expr | None:
            if len(shape) != 1:
                return None
            return self.choice(
                [call("np.cumsum", atom().text, size=LIMIT * shape[0]), call("np.roll", atom().text, "1")]
            )

        return self.weighted(  # type: ignore[no-any-return]
            (4, atom), (7, binary), (5, with_scalar), (6, function), (2, quotient), (2, select), (2, broadcast), (3, matrix),
            (1, gathered), (1, scan), (3, lambda: self.call_array(shape)), (1, lambda: self.made(shape)),
        )  # fmt: skip

    def made(self, shape: tuple[int, ...]) -> Expr | None:
        """A new array put together from scalars, or of constants."""
        if len(shape) == 1 and shape[0] and self.chance(60):
            if self.chance(25) and (ints := self.names(Float)):
                return Expr(
                    f"np.array([{self.choice(ints)} * np.sin(k1 + {self.scalar_atom().at(2)}) for k1 in range({shape[0]})])",
                    4,
                    2.0,
                )
            return Expr(f"np.array([{', '.join(fit(self.scalar(1)).text for _ in range(shape[0]))}])", 4, LIMIT)
        like = self.views(shape, plain=True)
        dims = f"({', '.join(map(str, shape))})" if len(shape) > 1 else str(shape[0])
        options = [f"np.zeros({dims})", f"np.ones({dims})", f"np.full({dims}, {fit(self.scalar_atom()).text})"]
        if like:
            name = self.choice(like)[0]
            options += [f"np.zeros_like({name})", f"np.ones_like({name})", f"{name}.copy()", f"np.zeros_like({name})"]
        return Expr(self.choice(options), 4, LIMIT)

    # ---- calls

    def functions(self, wanted: Callable[[Any], bool]) -> list[tuple[str, Function]]:
        return [(name, t) for name, t in self.scope.items() if isinstance(t, Function) and wanted(t.result)]

    def call(self, name: str, t: Function) -> str | None:
        """The text of a call, or None if there is nothing to pass for an array parameter."""
        if t.star:
            lists = self.names(List, item=Float())
            if lists and self.chance(30):
                return f"{name}(*{self.choice(lists)})"
            return f"{name}({', '.join(fit(self.scalar(1)).text for _ in range(self.chooser.integer(1, 3)))})"
        given = len(t.params) - (self.chooser.integer(0, t.defaults) if t.defaults else 0)
        keywords_from = given - (self.chooser.integer(0, 2) if self.chance(40) else 0)
        args = []
        for k, (param, type_) in enumerate(t.params[:given]):
            if isinstance(type_, Float):
                text = fit(self.scalar(1)).text
            elif isinstance(type_, Int):
                text = str(self.chooser.integer(type_.low, type_.high))
            else:
                places = self.views(type_.shape, writable=True, plain=not self.chance(30))
                if not places:
                    return None
                text = self.choice(places)[0]
            args.append(f"{param}={text}" if k >= keywords_from else text)
        return f"{name}({', '.join(args)})"

    def call_scalar(self) -> Expr | None:
        found = self.functions(lambda result: isinstance(result, Float))
        if not found:
            return None
        text = self.call(*self.choice(found))
        return Expr(text, 4, LIMIT) if text else None

    def call_array(self, shape: tuple[int, ...]) -> Expr | None:
        found = self.functions(lambda result: isinstance(result, Array) and result.shape == shape)
        if not found:
            return None
        text = self.call(*self.choice(found))
        return Expr(text, 4, LIMIT, bare=True) if text else None
