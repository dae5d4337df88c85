"""chooser -> random Python function with arguments: programs meant to break a source transformation.

A program is the text of a module: helpers, then ``main``, which returns one float. Shapes, and the ranges of integers, are
known while the text is written, so that every program runs; sizes of values are bounded as it goes (every variable
is kept near [-2, 2]), so that finite differences are trustworthy. Which program comes out depends only on the numbers that
a chooser returns; a smaller number always means a simpler choice, so that Hypothesis shrinks to short programs.

Stress lies where a reverse sweep goes wrong: memory that is written after it was read, aliases and views, names
rebound or swapped in branches and loops, conditions on what their own branch changes, early exits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

T = TypeVar("T")


class Chooser(Protocol):
    """Where decisions come from."""

    def integer(self, low: int, high: int) -> int:
        """A number in low..high, both included; low is the simplest."""


class Seeded:
    """Decisions from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return low + int(self.random.random() * (high - low + 1))


class Drawn:
    """Decisions from Hypothesis, which can shrink them. ``draw_integer(low, high)`` draws one."""

    def __init__(self, draw_integer: Callable[[int, int], int]) -> None:
        self.integer = draw_integer


@dataclass(frozen=True, repr=False)
class Program:
    """Source text, and several lists of arguments for its function ``main``."""

    source: str
    arguments: tuple[tuple[Any, ...], ...]

    def __repr__(self) -> str:
        calls = "\n".join(f"main({', '.join(_literal(arg) for arg in args)})" for args in self.arguments)
        return f"{self.source}\n{calls}\n"


def _literal(arg: Any) -> str:
    return f"np.array({arg.tolist()})" if isinstance(arg, np.ndarray) else repr(arg)


# ---------------------------------------------------------------------------------------------------------------- types


@dataclass(frozen=True)
class Float:
    pass


@dataclass(frozen=True)
class Bool:
    pass


@dataclass(frozen=True)
class Int:
    low: int
    high: int


@dataclass(frozen=True)
class Array:
    shape: tuple[int, ...]
    writable: bool = True


@dataclass(frozen=True)
class List:
    item: Float | Array
    length: int  # at least this long


@dataclass(frozen=True)
class Tuple:
    items: tuple[Float | Array, ...]


@dataclass(frozen=True)
class Dict:
    items: tuple[tuple[str, Float | Array], ...]


@dataclass(frozen=True)
class Function:
    params: tuple[tuple[str, Float | Array | Int], ...]
    result: Any  # a type; None: called for its effect
    defaults: int = 0  # that many last parameters may be left out
    star: bool = False  # takes any number of floats


@dataclass(frozen=True)
class Expr:
    text: str
    prec: int  # 0 conditional, 1 sum (and matrix product: it needs brackets in products), 2 product, 3 power and minus, 4 atom
    size: float  # bound of its absolute value, if every variable is within [-2, 2]
    bare: bool = False  # is memory that has another name
    writable: bool = True

    def at(self, prec: int) -> str:
        return self.text if self.prec >= prec else f"({self.text})"


LIMIT = 2.0
MAIN = "a float of any size"  # what main returns
SCALARS = ("s", "t", "u", "v", "w", "p", "q", "r", "g", "h")
VECTORS = ("x", "y", "z", "a", "b", "c", "d", "e")
MATRICES = ("A", "B", "C", "D", "M", "N")
THRESHOLDS = (0.1, 0.3, -0.2, 0.6, 0.0, -0.45, 0.9)
CONSTANTS = (0.5, 2.0, 0.3, 1.5, 0.7, 1.0, 0.9, -0.4)


def _call(name: str, *args: str, size: float = LIMIT) -> Expr:
    return Expr(f"{name}({', '.join(args)})", 4, size)


def _constant(c: float) -> Expr:
    return Expr(f"{c:g}" if c != int(c) else f"{c:.1f}", 4 if c >= 0 else 3, abs(c))


def _mul(a: Expr, b: Expr) -> Expr:
    return Expr(f"{a.at(2)} * {b.at(2 if '/' not in b.text else 3)}", 2, a.size * b.size)


def _add(a: Expr, b: Expr) -> Expr:
    return Expr(f"{a.at(1)} + {b.at(1)}", 1, a.size + b.size)


def _sub(a: Expr, b: Expr) -> Expr:
    return Expr(f"{a.at(1)} - {b.at(2)}", 1, a.size + b.size)


def _fit(e: Expr, limit: float = LIMIT) -> Expr:
    """The expression, scaled or squashed so that its bound is within the limit."""
    if e.size <= limit:
        return e
    if e.size > 6 * limit:
        e = _call("np.tanh", e.text, size=1.0)
        if limit >= 1.0:
            return e
    factor = max(round(limit / e.size - 0.005, 2), 0.01)
    return Expr(f"{factor:g} * {e.at(2)}", 2, limit)


# ------------------------------------------------------------------------------------------------------------ generator


class _Writer:
    """Writes one function body; ``scope`` holds the names that are certainly defined here, with their types."""

    def __init__(
        self, chooser: Chooser, shapes: Sequence[tuple[int, ...]], scope: dict[str, Any], result: Any, budget: int
    ) -> None:
        self.chooser = chooser
        self.shapes = shapes
        self.scope = scope
        self.result = result
        self.budget = budget  # statements still to write
        self.lines: list[str] = []
        self.indent = 1
        self.nesting = 0  # of expressions being written, to keep lines short
        self.loops = 0  # how many loops of this function are open
        # Names that must not be bound here: those of an enclosing function, and counters.
        self.frozen: frozenset[str] = frozenset()

    # ---- choices

    def chance(self, percent: int) -> bool:
        return self.chooser.integer(0, 99) >= 100 - percent

    def choice(self, options: Sequence[T]) -> T:
        return options[self.chooser.integer(0, len(options) - 1)]

    def weighted(self, *options: tuple[int, Callable[[], Any]]) -> Any:
        """Run one of the options; one that does not apply here returns None, and the first takes its place."""
        number = self.chooser.integer(0, sum(weight for weight, _ in options) - 1)
        for weight, option in options:
            if number < weight:
                done = option()
                return options[0][1]() if done is None else done
            number -= weight
        raise AssertionError

    # ---- output

    def emit(self, line: str) -> bool:
        self.lines.append("    " * self.indent + line)
        return True

    @contextmanager
    def indented(self, header: str) -> Iterator[None]:
        self.emit(header)
        self.indent += 1
        yield
        self.indent -= 1

    @contextmanager
    def nested(self) -> Iterator[None]:
        self.nesting += 1
        yield
        self.nesting -= 1

    # ---- names

    def names(self, kind: type, **wanted: Any) -> list[str]:
        return [
            name
            for name, type_ in self.scope.items()
            if type(type_) is kind and all(getattr(type_, key) == value for key, value in wanted.items())
        ]

    def bindable(self, kind: type, **wanted: Any) -> list[str]:
        return [name for name in self.names(kind, **wanted) if name not in self.frozen]

    def fresh(self, type_: Any) -> str:
        if isinstance(type_, Float | Bool):
            pool: Sequence[str] = SCALARS if isinstance(type_, Float) else ("flag", "big", "ok")
        elif isinstance(type_, Int):
            pool = ("i", "j", "k", "l") if type_.high < 9 else ("count",)
        elif isinstance(type_, Array):
            pool = VECTORS if len(type_.shape) == 1 else MATRICES
        else:
            pool = {
                List: ("values", "items"),
                Tuple: ("pair", "pack"),
                Dict: ("state", "table"),
                Function: ("inner", "local"),
            }[type(type_)]
        for name in [*pool, *(f"{pool[0]}{k}" for k in range(1, 99))]:
            if name not in self.scope and name not in self.frozen:
                return name
        raise AssertionError("out of names")

    def target(self, type_: Any, fresh_percent: int = 45) -> str:
        """A name to bind to a value of the type: an old one of exactly this type, or a new one."""
        old = [name for name, t in self.scope.items() if t == type_ and name not in self.frozen]
        name = self.fresh(type_) if not old or self.chance(fresh_percent) else self.choice(old)
        return str(name)

    def bind(self, name: str, type_: Any) -> None:
        self.scope[name] = type_

    # ---- memory: places of scalars and arrays

    def index(self, extent: int) -> str:
        """An integer expression that is a valid index, negative ones included."""
        ints = [(name, t) for name, t in self.scope.items() if isinstance(t, Int)]
        if ints and self.chance(70):
            name, t = self.choice(ints)
            options = []
            for offset in (0, -1, 1):
                if -extent <= t.low + offset and t.high + offset < extent:
                    options.append(name if offset == 0 else f"{name} {'-' if offset < 0 else '+'} 1")
            options.append(f"{name} % {extent}")
            if t.low >= 0 and t.high < extent:
                options.append(f"{extent - 1} - {name}")
            return str(self.choice(options))
        return str(self.choice([*range(extent), *range(-1, -extent - 1, -1)]))

    def arrays(self, writable: bool = False) -> list[tuple[str, Array]]:
        """Expressions that denote existing arrays: variables, and items of containers."""
        found: list[tuple[str, Array]] = []
        for name, t in self.scope.items():
            if isinstance(t, Array):
                found.append((name, t))
            elif isinstance(t, List) and isinstance(t.item, Array) and t.length:
                found += [(f"{name}[0]", t.item), (f"{name}[-1]", t.item)]
            elif isinstance(t, Tuple):
                found += [(f"{name}[{k}]", item) for k, item in enumerate(t.items) if isinstance(item, Array)]
            elif isinstance(t, Dict):
                found += [(f'{name}["{k}"]', item) for k, item in t.items if isinstance(item, Array)]
        return [(text, t) for text, t in found if t.writable or not writable]

    def views(self, shape: tuple[int, ...], writable: bool = False, plain: bool = True) -> list[tuple[str, bool]]:
        """Expressions of this shape that share memory with a variable (or may: ravel and reshape), and whether writable."""
        found: list[tuple[str, bool]] = []
        for text, t in self.arrays(writable):
            options: list[str] = []
            if t.shape == shape:
                options.append(text)
                if not plain:
                    options.append(f"{text}[::-1]")
                    if len(shape) == 2 and shape[0] == shape[1]:
                        options.append(f"{text}.T")
            if len(shape) == 1 and len(t.shape) == 1:
                (n,), (have,) = shape, t.shape
                if have == n + 1:
                    options += [f"{text}[1:]", f"{text}[:-1]"]
                elif have == n + 2 and n:
                    options += [f"{text}[1:-1]", f"{text}[2:]", f"{text}[:-2]"]
                elif have > n and n == (have + 1) // 2:
                    options.append(f"{text}[::2]")
                elif have > n:
                    options.append(f"{text}[:{n}]")
            elif len(shape) == 1 and len(t.shape) == 2:
                rows, columns = t.shape
                if columns == shape[0]:
                    options.append(f"{text}[{self.index(rows)}]")
                if rows == shape[0]:
                    options.append(f"{text}[:, {self.index(columns)}]")
                if rows * columns == shape[0]:
                    options += [f"{text}.ravel()", f"{text}.reshape(-1)"]
                if rows == columns == shape[0] and not writable:
                    found.append((f"np.diag({text})", False))
            elif len(shape) == 2 and len(t.shape) == 2:
                if t.shape == shape[::-1] and shape[0] != shape[1]:
                    options.append(f"{text}.T")
                if t.shape[0] == shape[0] + 1 and t.shape[1] == shape[1]:
                    options += [f"{text}[1:]", f"{text}[:-1]"]
            elif len(shape) == 2 and len(t.shape) == 1 and t.shape[0] == shape[0] * shape[1]:
                options.append(f"{text}.reshape({shape[0]}, {shape[1]})")
            found += [(option, t.writable) for option in options]
        return found

    def item(self, writable: bool = False) -> str | None:
        """An element of an array, or a scalar item of a container."""
        found = self.arrays(writable)
        if not found:
            return None
        text, t = self.choice(found)
        if len(t.shape) == 2:
            i, j = self.index(t.shape[0]), self.index(t.shape[1])
            if not self.chance(15):
                return f"{text}[{i}, {j}]"
            return str(self.choice([f"{text}[{i}][{j}]", f"{text}.T[{j}, {i}]"]))
        if t.shape[0] == 0:
            return None
        plain = f"{text}[{self.index(t.shape[0])}]"
        return f"{text}[::-1][{self.index(t.shape[0])}]" if self.chance(8) else plain

    def boxed(self) -> list[str]:
        """Scalars inside lists, tuples and dictionaries."""
        found = []
        for name, t in self.scope.items():
            if isinstance(t, List) and isinstance(t.item, Float) and t.length:
                found += [f"{name}[0]", f"{name}[-1]"]
            elif isinstance(t, Tuple):
                found += [f"{name}[{k}]" for k, item in enumerate(t.items) if isinstance(item, Float)]
            elif isinstance(t, Dict):
                found += [f'{name}["{k}"]' for k, item in t.items if isinstance(item, Float)]
        return found

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
            or _constant(self.choice(CONSTANTS))
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
            return self.choice([_mul, _add, _sub])(a, b)

        def scaled() -> Expr:
            return _mul(_constant(self.choice(CONSTANTS)), self.scalar_atom())

        def function() -> Expr:
            e = self.scalar(depth - 1)
            kind = self.chooser.integer(0, 9)
            if kind < 5:
                return _call(["np.sin", "np.tanh", "math.sin", "np.cos", "math.tanh"][kind], e.text, size=1.0)
            if kind == 5:
                return _call(self.choice(["np.exp", "math.exp"]), _fit(e, 1.0).text, size=2.8)
            square = Expr(f"{e.at(4)} ** 2", 3, e.size**2) if self.chance(50) else _mul(e, e)
            if kind == 6:
                return _call(self.choice(["np.sqrt", "math.sqrt"]), _add(_constant(1.5), square).text, size=e.size + 2)
            if kind == 7:
                return _call("np.log", _add(_constant(1.5), square).text, size=3.0)
            if kind == 8:
                return Expr(f"{_fit(e).at(4)} ** {self.choice([2, 3])}", 3, 8.0)
            return Expr(f"({_add(_constant(1.5), square).text}) ** {_fit(self.scalar_atom(), 1.0).at(4)}", 3, 6.0)

        def quotient() -> Expr:
            a, b = self.scalar(depth - 1), self.scalar_atom()
            divisor = self.choice([_add(_constant(1.5), _mul(b, b)), _add(_constant(2.0), _call("np.sin", b.text))])
            return Expr(f"{a.at(2)} / ({divisor.text})", 2, a.size)

        def conditional() -> Expr:
            a, b = self.scalar(depth - 1), self.scalar_atom()
            return Expr(f"{a.at(1)} if {self.condition(1)} else {b.at(1)}", 0, max(a.size, b.size))

        def comparison() -> Expr:
            a, b = self.scalar_atom(), self.scalar_atom()
            kind = self.chooser.integer(0, 5)
            if kind < 4:
                return _call(["max", "min", "np.maximum", "np.minimum"][kind], a.text, b.text)
            return (
                _call("abs", a.text)
                if kind == 4
                else Expr(f"{a.at(1)} {self.choice(['or', 'and'])} {b.at(1)}", 0, LIMIT)
            )

        def counted() -> Expr | None:
            ints = self.names(Int)
            return _mul(Expr(self.choice(ints), 4, 4.0), _fit(self.scalar_atom(), 0.5)) if ints else None

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
            return _call("np.mean", text)
        if kind == 3 and len(t.shape) == 1:
            return self.choice(
                [_call("np.dot", text, self.choice(same), size=n * 4), Expr(f"{text} @ {self.choice(same)}", 1, n * 4)]
            )
        if kind == 4:
            return _call("np.sum", _mul(Expr(text, 4, LIMIT), Expr(self.choice(same), 4, LIMIT)).text, size=n * 4)
        if kind == 5:
            return _call("np.sum", f"{text}[{text} > {self.choice(THRESHOLDS):g}]", size=n * LIMIT)
        if kind == 6:
            return _call(self.choice(["np.max", "np.min"]), text)
        if kind == 7:
            return Expr(f"np.prod(np.tanh({text}))", 4, 1.0)
        return _call("np.sum", f"np.sin({text})", size=n)

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
            e = _fit(self.scalar(1))
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
            return self.choice([_mul, _add, _sub])(a, b)

        def with_scalar() -> Expr:
            a, b = self.array(shape, depth - 1), self.scalar(1)
            return self.choice([_mul, _add, _sub])(*self.choice([(a, b), (b, a)]))

        def function() -> Expr:
            e = self.array(shape, depth - 1)
            kind = self.chooser.integer(0, 6)
            if kind < 3:
                return _call(["np.sin", "np.tanh", "np.cos"][kind], e.text, size=1.0)
            if kind == 3:
                return _call("np.exp", _fit(e, 1.0).text, size=2.8)
            square = Expr(f"{e.at(4)} ** 2", 3, e.size**2)
            if kind == 4:
                return _call("np.sqrt", _add(_constant(1.5), square).text, size=e.size + 2)
            return square if kind == 5 else Expr(f"-{e.at(3)}", 3, e.size)

        def quotient() -> Expr:
            a, b = self.array(shape, depth - 1), self.choice([atom, self.scalar_atom])()
            return Expr(f"{a.at(2)} / ({_add(_constant(1.5), _mul(b, b)).text})", 2, a.size)

        def select() -> Expr:
            a, b, c = atom(), self.array(shape, depth - 1), self.choice([atom, self.scalar_atom])()
            kind = self.chooser.integer(0, 2)
            if kind == 0:
                return _call(
                    "np.where", f"{a.at(1)} > {self.choice(THRESHOLDS):g}", b.text, c.text, size=max(b.size, c.size)
                )
            return _call(["np.maximum", "np.minimum"][kind - 1], b.text, c.text, size=max(b.size, c.size))

        def broadcast() -> Expr | None:
            if len(shape) == 1:
                one = self.views((1,))
                a = self.array(shape, depth - 1)
                return _mul(a, Expr(self.choice(one)[0], 4, LIMIT)) if one else None
            row, column = self.views((shape[1],)), self.views((shape[0],))
            a = self.array(shape, 0)
            kind = self.chooser.integer(0, 3)
            if kind == 0 and row:
                return _add(a, Expr(self.choice(row)[0], 4, LIMIT))
            if kind == 1 and column:
                return _mul(Expr(f"{self.choice(column)[0]}[:, None]", 4, LIMIT), a)
            if kind == 2 and row and column:
                return _call("np.outer", self.choice(column)[0], self.choice(row)[0], size=4.0)
            return _sub(a, _call("np.mean", a.text, f"axis={self.choice([0, 1])}", "keepdims=True"))

        def matrix() -> Expr | None:
            if len(shape) == 1:
                matrices = [(text, t) for text, t in self.arrays() if len(t.shape) == 2]
                if not matrices:
                    return None
                text, t = self.choice(matrices)
                options = []
                for axis in (0, 1):
                    if t.shape[1 - axis] == shape[0]:
                        options.append(_call("np.sum", text, f"axis={axis}", size=LIMIT * t.shape[axis]))
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
                [_call("np.cumsum", atom().text, size=LIMIT * shape[0]), _call("np.roll", atom().text, "1")]
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
                    f"np.array([{self.choice(ints)} * np.sin(k + {self.scalar_atom().at(2)}) for k in range({shape[0]})])",
                    4,
                    2.0,
                )
            return Expr(f"np.array([{', '.join(_fit(self.scalar(1)).text for _ in range(shape[0]))}])", 4, LIMIT)
        like = self.views(shape, plain=True)
        dims = f"({', '.join(map(str, shape))})" if len(shape) > 1 else str(shape[0])
        options = [f"np.zeros({dims})", f"np.ones({dims})", f"np.full({dims}, {_fit(self.scalar_atom()).text})"]
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
            return f"{name}({', '.join(_fit(self.scalar(1)).text for _ in range(self.chooser.integer(1, 3)))})"
        given = len(t.params) - (self.chooser.integer(0, t.defaults) if t.defaults else 0)
        keywords_from = given - (self.chooser.integer(0, 2) if self.chance(40) else 0)
        args = []
        for k, (param, type_) in enumerate(t.params[:given]):
            if isinstance(type_, Float):
                text = _fit(self.scalar(1)).text
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

    # ---- statements; each returns True, or None when it does not apply and wrote nothing

    def assign_scalar(self) -> bool:
        e = _fit(self.scalar())
        name = self.target(Float())
        self.bind(name, Float())
        return self.emit(f"{name} = {e.text}")

    def assign_flag(self) -> bool:
        text = self.condition()
        name = self.target(Bool())
        self.bind(name, Bool())
        return self.emit(f"{name} = {text}")

    def shape(self) -> tuple[int, ...]:
        shapes = [t.shape for _, t in self.arrays()]
        return self.choice(shapes) if shapes and self.chance(75) else self.choice(self.shapes)

    def assign_array(self) -> bool:
        shape = self.shape()
        kind = self.chooser.integer(0, 2)
        if kind == 0:
            e = _fit(self.array(shape))
            if e.bare and not e.writable:
                e = Expr(f"{e.text}.copy()", 4, LIMIT)
        else:
            made = self.made(shape) if kind == 1 else None
            e = made or _fit(self.array(shape, 1))
            if e.bare and not e.writable:
                e = Expr(f"{e.text}.copy()", 4, LIMIT)
        name = self.target(Array(shape))
        self.bind(name, Array(shape))
        return self.emit(f"{name} = {e.text}")

    def assign_view(self) -> bool | None:
        """An alias or a view: y = x, v = x[1:], r = A[i], B = A.T."""
        arrays = self.arrays(writable=True)
        if not arrays:
            return None
        shape = self.choice([t.shape for _, t in arrays] + list(self.shapes))
        shorter = (shape[0] - 1, *shape[1:])
        if self.chance(35) and shape[0] > 1:
            shape = shorter
        found = self.views(shape, writable=True, plain=False)
        if not found:
            return None
        text = self.choice(found)[0]
        name = self.target(Array(shape))
        self.bind(name, Array(shape))
        return self.emit(f"{name} = {text}") if name != text else self.emit(f"{name} = {text}.copy()")

    def assign_readonly(self) -> bool | None:
        vectors = [(text, t) for text, t in self.arrays() if len(t.shape) == 1]
        if not vectors:
            return None
        text, t = self.choice(vectors)
        type_ = Array((2, *t.shape), writable=False)
        name = self.fresh(type_)
        self.bind(name, type_)
        return self.emit(f"{name} = np.broadcast_to({text}, (2, {t.shape[0]}))")

    def store_item(self) -> bool | None:
        """y[i] = ..., y[i] += ..., and so on; also items of lists and dictionaries."""
        boxed = [place for place in self.boxed() if not isinstance(self.scope[place.split("[")[0]], Tuple)]
        place = self.choice(boxed) if boxed and self.chance(20) else self.item(writable=True)
        if place is None:
            return None
        kind = self.chooser.integer(0, 5)
        if kind < 3:
            return self.emit(f"{place} = {_fit(self.scalar()).text}")
        if kind < 5:
            return self.emit(f"{place} {self.choice(['+=', '-='])} {_fit(self.scalar(), 0.8).text}")
        return self.emit(f"{place} *= {_fit(self.scalar(1), 1.0).text}")

    def store_slice(self) -> bool | None:
        """y[1:] = ..., A[i] += ..., y[:] = ..., A.T[j] = ..., y[[0, 2]] = ..., y[y > 0] *= ..."""
        found = self.arrays(writable=True)
        if not found:
            return None
        text, t = self.choice(found)
        n = t.shape[0]
        options: list[tuple[str, tuple[int, ...]]] = [(f"{text}[:]", t.shape)]
        if n > 1:
            options += [(f"{text}[1:]", (n - 1, *t.shape[1:])), (f"{text}[:-1]", (n - 1, *t.shape[1:]))]
            options += [(f"{text}[::-1]", t.shape), (f"{text}[::2]", ((n + 1) // 2, *t.shape[1:]))]
        if len(t.shape) == 2 and n:
            options += [
                (f"{text}[{self.index(n)}]", t.shape[1:]),
                (f"{text}[:, {self.index(t.shape[1])}]", t.shape[:1]),
            ] * 2
            options += [
                (f"{text}[{self.index(n)}, 1:]", (t.shape[1] - 1,)),
                (f"{text}.T[{self.index(t.shape[1])}]", t.shape[:1]),
            ]
        if len(t.shape) == 1 and n > 1:
            options += [(f"{text}[[{self.chooser.integer(0, n - 1)}, {self.chooser.integer(0, n - 1)}]]", (2,))]
        place, shape = self.choice(options)
        masked = self.chance(10)
        if masked:
            place = f"{text}[{text} {self.choice(['>', '<'])} {self.choice(THRESHOLDS):g}]"
        scalar = masked or self.chance(20)
        kind = self.chooser.integer(0, 5)
        if kind < 3:
            value = _fit(self.scalar(1) if scalar else self.array(shape))
            return self.emit(f"{place} = {value.text}")
        if kind < 5:
            value = _fit(self.scalar(1) if scalar else self.array(shape, 1), 0.8)
            return self.emit(f"{place} {self.choice(['+=', '-='])} {value.text}")
        return self.emit(f"{place} *= {_fit(self.scalar(1) if scalar else self.array(shape, 1), 1.0).text}")

    def augment(self) -> bool | None:
        """s += ..., and y += ... in place (seen through every alias)."""
        scalars, arrays = self.bindable(Float), [n for n in self.bindable(Array) if self.scope[n].writable]
        if not scalars and not arrays:
            return None
        name = self.choice(scalars + arrays)
        t = self.scope[name]
        kind = self.chooser.integer(0, 4)
        value = self.scalar(2) if isinstance(t, Float) or self.chance(25) else self.array(t.shape, 1)
        if kind < 3:
            return self.emit(f"{name} {['+=', '-=', '+='][kind]} {_fit(value, 0.8).text}")
        if kind == 3:
            return self.emit(f"{name} *= {_fit(value, 1.0).text}")
        return self.emit(f"{name} /= {_add(_constant(1.5), _mul(value, value)).text}")

    def swap(self) -> bool | None:
        """a, b = b, a and rotations, of names and of elements."""
        groups: dict[Any, list[str]] = {}
        for name, t in self.scope.items():
            if isinstance(t, Float) or (isinstance(t, Array) and t.writable):
                if name not in self.frozen:
                    groups.setdefault(t, []).append(name)
        usable = [names for names in groups.values() if len(names) > 1]
        if self.chance(25) or not usable:
            a, b = self.item(writable=True), self.item(writable=True)
            return self.emit(f"{a}, {b} = {b}, {a}") if a and b else None
        names = self.choice(usable)
        first = self.chooser.integer(0, len(names) - 1)
        names = names[first:] + names[:first]
        if len(names) > 2 and self.chance(25):
            a, b, c = names[:3]
            return self.emit(f"{a}, {b}, {c} = {b}, {c}, {a}")
        a, b = names[:2]
        if self.chance(20):
            t = self.scope[a]
            e = _fit(self.scalar(1) if isinstance(t, Float) else self.array(t.shape, 1))
            return self.emit(f"{a}, {b} = {b}, {e.text}")
        return self.emit(f"{a}, {b} = {b}, {a}")

    def flip(self) -> bool | None:
        """A branch that changes what its own condition reads."""
        place = self.item(writable=True)
        scalars = self.bindable(Float)
        if scalars and (place is None or self.chance(35)):
            place = self.choice(scalars)
        if place is None:
            return None
        level = self.choice(THRESHOLDS)
        body = self.choice(
            [f"{place} = -{place}", f"{place} *= -0.7", f"{place} = {level:g} - {place}", f"{place} -= 1.5"]
        )
        saved = dict(self.scope)
        with self.indented(f"if {place} > {level:g}:"):
            if self.chance(35):
                self.emit(body)
                self.statement(simple=True)
            else:
                self.emit(body)
        self.scope = saved
        if self.chance(40):
            with self.indented("else:"):
                self.emit(
                    self.choice(
                        [
                            f"{place} = {place} * {place} + 0.4",
                            f"{place} += 1.2",
                            f"{place} = {_fit(self.scalar()).text}",
                        ]
                    )
                )
        return True

    def pack(self) -> bool:
        """Build, unpack, extend a tuple, list or dictionary."""
        kinds: list[Callable[[], bool | None]] = [
            self.build_tuple,
            self.build_list,
            self.append,
            self.build_dict,
            self.unpack,
            self.append,
        ]
        return self.choice(kinds)() or self.build_tuple()

    def part(self) -> tuple[Expr, Float | Array]:
        shapes = [t.shape for _, t in self.arrays(writable=True)]
        if shapes and self.chance(50):
            shape = self.choice(shapes)
            e = _fit(self.array(shape, 1)) if self.chance(50) else self.array_atom(shape, plain=True)
            if e is None or (e.bare and not e.writable):
                e = _fit(_mul(_constant(0.9), self.array(shape, 0)))
            return e, Array(shape)
        return _fit(self.scalar(1)), Float()

    def build_tuple(self) -> bool:
        (a, ta), (b, tb) = self.part(), self.part()
        name = self.target(Tuple((ta, tb)))
        self.bind(name, Tuple((ta, tb)))
        return self.emit(f"{name} = ({a.text}, {b.text})" if not self.chance(30) else f"{name} = {a.at(0)}, {b.text}")

    def build_list(self) -> bool:
        e, t = self.part()
        name = self.fresh(List(t, 1))
        if isinstance(t, Float) and self.chance(30):
            self.bind(name, List(t, 0))
            return self.emit(f"{name} = []")
        self.bind(name, List(t, 1))
        return self.emit(f"{name} = [{e.text}]")

    def append(self) -> bool | None:
        lists = self.names(List)
        if not lists:
            return None
        name = self.choice(lists)
        return self.append_to(name, self.scope[name].item)

    def append_to(self, name: str, item: Float | Array) -> bool:
        e = _fit(self.scalar()) if isinstance(item, Float) else _fit(self.array(item.shape, 1))
        if e.bare and not e.writable:
            e = Expr(f"{e.text}.copy()", 4, LIMIT)
        return self.emit(f"{name}.append({e.text})")

    def build_dict(self) -> bool:
        (a, ta), (b, tb) = self.part(), self.part()
        type_ = Dict((("a", ta), ("b", tb)))
        name = self.target(type_)
        self.bind(name, type_)
        return self.emit(f'{name} = {{"a": {a.text}, "b": {b.text}}}')

    def unpack(self) -> bool | None:
        tuples = self.names(Tuple)
        source: str
        items: tuple[Any, ...]
        found = self.functions(lambda result: isinstance(result, Tuple))
        if found and (not tuples or self.chance(60)):
            name, t = self.choice(found)
            text = self.call(name, t)
            if text is None:
                return None
            source, items = text, t.result.items
        elif tuples:
            source = self.choice(tuples)
            items = self.scope[source].items
        else:
            return None
        a = self.target(items[0])
        self.bind(a, items[0])
        b = self.target(items[1])
        if b == a:
            b = self.fresh(items[1])
        self.bind(b, items[1])
        return self.emit(f"{a}, {b} = {source}")

    def call_statement(self) -> bool | None:
        """Call one of the functions: for its result, or for what it writes to its argument."""
        found = self.functions(lambda _: True)
        if not found:
            return None
        name, t = self.choice(found)
        if isinstance(t.result, Tuple):
            return self.unpack()
        text = self.call(name, t)
        if text is None:
            return None
        if t.result is None:
            return self.emit(text)
        target = self.target(t.result)
        self.bind(target, t.result)
        return self.emit(f"{target} = {text}")

    # ---- statements that belong together

    def merge(self) -> bool | None:
        """One name for one of two arrays (which stay in use), and a write through it."""
        shape = self.shape()
        places = [text for text, _ in self.views(shape, writable=True, plain=not self.chance(30))]
        if len(places) < 2 or self.indent > 4:
            return None
        one, other = self.choice(places), self.choice(places)
        name = self.target(Array(shape), 70)
        with self.indented(f"if {self.condition()}:"):
            self.emit(f"{name} = {one}")
        with self.indented("else:"):
            self.emit(f"{name} = {other}")
        self.bind(name, Array(shape))
        place = f"{name}[{self.index(shape[0])}]"
        return self.emit(f"{place} {self.choice(['=', '+=', '*='])} {_fit(self.scalar(1), 0.8).text}")

    def swap_both(self) -> bool | None:
        """Both branches exchange the same names, and one does more."""
        scalars, arrays = self.bindable(Float), self.bindable(Array, shape=self.shape(), writable=True)
        names = self.choice([scalars, arrays])
        if len(names) < 2 or self.indent > 4:
            return None
        first = self.chooser.integer(0, len(names) - 2)
        a, b = names[first : first + 2]
        saved = dict(self.scope)
        with self.indented(f"if {self.condition()}:"):
            self.emit(f"{a}, {b} = {b}, {a}")
            if self.chance(60):
                self.statement(simple=True)
        self.scope = dict(saved)
        with self.indented("else:"):
            self.emit(f"{a}, {b} = {b}, {a}" if self.chance(70) else f"{a} = {b}")
            if self.chance(30):
                self.statement(simple=True)
        self.scope = saved
        return True

    def accumulate(self) -> bool | None:
        """Append in a loop, then use the list."""
        if self.indent > 3:
            return None
        e, t = self.part() if self.chance(30) else (_fit(self.scalar(1)), Float())
        name, i = self.fresh(List(t, 1)), self.fresh(Int(0, 1))
        started = isinstance(t, Array) or self.chance(40)
        self.emit(f"{name} = [{e.text}]" if started else f"{name} = []")
        n = self.choice([3, 2, 1])
        saved = dict(self.scope)
        self.bind(name, List(t, int(started)))
        self.bind(i, Int(0, n - 1))
        frozen, self.frozen = self.frozen, self.frozen | {i}
        with self.indented(f"for {i} in range({n}):"):
            self.loops += 1
            if self.chance(50):
                self.statement(simple=True)
            self.append_to(name, t)
            self.loops -= 1
        self.frozen = frozen
        self.scope = saved
        self.bind(name, List(t, n + started))
        if isinstance(t, Float) and self.chance(50):
            target = self.target(Float())
            self.bind(target, Float())
            return self.emit(f"{target} = 0.3 * sum({name})")
        return True

    def recurrence(self) -> bool | None:
        """A buffer filled from its own earlier elements, sometimes exchanged with its source in every step."""
        vectors = [
            name
            for name in self.bindable(Array, writable=True)
            if len(self.scope[name].shape) == 1 and self.scope[name].shape[0] > 1
        ]
        if not vectors or self.indent > 3 or self.loops > 1:
            return None
        y = self.choice(vectors)
        n = self.scope[y].shape[0]
        z = self.fresh(Array((n,)))
        self.emit(
            f"{z} = {self.choice([f'np.zeros_like({y})', f'np.ones_like({y})', f'{y}.copy()', f'np.zeros({n})'])}"
        )
        self.bind(z, Array((n,)))
        i = self.fresh(Int(0, 1))
        outer = self.chance(50) and self.loops == 0
        if outer:
            k = next(name for name in ("k", "l", "step", "round") if name not in self.scope and name != i)
            self.emit(f"for {k} in range({self.choice([2, 3, 1])}):")
            self.indent += 1
        start = self.choice([0, 1])
        with self.indented(f"for {i} in range({start}, len({y})):" if start else f"for {i} in range(len({y})):"):
            before = f"{z}[{i} - 1]"
            form = self.choice(
                [f"0.6 * {before} + {y}[{i}]", f"np.sin({before} * {y}[{i}])", f"{before} * {y}[{i} - 1]"]
            )
            self.emit(f"{z}[{i}] = 0.7 * np.tanh({form})" if self.chance(50) else f"{z}[{i}] = 0.5 * ({form})")
            if self.chance(20):
                self.emit(f"{y}[{i}] = {z}[{i}] * 0.9")
        if outer:
            if self.chance(60):
                self.emit(f"{y}, {z} = {z}, {y}")
            self.indent -= 1
        return True

    def closure(self) -> bool | None:
        """A lambda or nested function that reads (and may write into) the variables around it."""
        if self.loops:
            return None
        name = self.fresh(Function((), None))
        params: tuple[tuple[str, Float | Array | Int], ...] = (("m", Float()),)
        scope = {k: t for k, t in self.scope.items() if not isinstance(t, Int)}
        scope["m"] = Float()
        writer = _Writer(self.chooser, self.shapes, scope, Float(), 2)
        writer.frozen = frozenset(self.scope)
        if self.chance(40):
            e = _fit(writer.scalar(2))
            self.emit(f"{name} = lambda m: {e.text}")
        else:
            writer.indent = self.indent + 1
            writer.function_body()
            self.emit(f"def {name}(m):")
            self.lines += writer.lines
        self.bind(name, Function(params, Float()))
        return True

    # ---- control flow

    def block(self, most: int = 3) -> bool:
        """A few statements in a scope of their own; whether control leaves it before its end. ``self.scope`` is as left."""
        self.statement()
        count = self.chooser.integer(0, most - 1)
        while count and self.budget > 0:
            self.statement()
            count -= 1
        return self.leave()

    def leave(self) -> bool:
        """Perhaps end a block with break, continue or return; only below a condition, so that code after it is reached."""
        if self.indent <= 1 + bool(self.loops) or not self.chance(14 if self.loops else 8):
            return False
        options = (["break", "continue"] * 2 if self.loops else []) + ["return"]
        what = self.choice(options)
        self.emit(what if what != "return" else self.return_text())
        return True

    def if_(self) -> bool | None:
        if self.indent > 4:
            return None
        start = dict(self.scope)
        header = f"if {self.condition(walrus=True)}:"
        start = dict(self.scope)  # a walrus in the condition binds
        ends: list[dict[str, Any]] = []
        with self.indented(header):
            if not self.block():
                ends.append(self.scope)
        for _ in range(self.chooser.integer(0, 2) // 2):
            self.scope = dict(start)
            with self.indented(f"elif {self.condition()}:"):
                if not self.block(2):
                    ends.append(self.scope)
        if self.chance(50):
            self.scope = dict(start)
            with self.indented("else:"):
                if not self.block(2) or not ends:
                    ends.append(self.scope)
        else:
            ends.append(start)
        self.scope = {k: t for k, t in ends[0].items() if all(end.get(k) == t for end in ends)}
        return True

    def for_(self) -> bool | None:
        if self.loops > 1 or self.indent > 4:
            return None
        header, targets, least = self.iteration()
        start = dict(self.scope)
        frozen = self.frozen
        self.frozen = frozen | targets.keys()
        for name, t in targets.items():
            self.bind(name, t)
        after = start
        with self.indented(header):
            self.loops += 1
            if self.chance(30):
                before = set(self.scope)
                self.assign_scalar() if self.chance(60) else self.assign_array()
                if least:
                    after |= {name: t for name, t in self.scope.items() if name not in before}
            self.block()
            self.loops -= 1
        self.frozen = frozen
        if least:
            after |= {name: t for name, t in targets.items() if name not in after}
        self.scope = after
        self.else_()
        return True

    def else_(self) -> None:
        if self.chance(12):
            saved = dict(self.scope)
            with self.indented("else:"):
                self.statement(simple=True)
            self.scope = saved

    def iteration(self) -> tuple[str, dict[str, Any], int]:
        """The header of a for loop, its targets, and how often it runs at least."""
        i = self.fresh(Int(0, 1))
        arrays = self.arrays()
        vectors = [(text, t) for text, t in arrays if len(t.shape) == 1]
        ints = [(name, t) for name, t in self.scope.items() if isinstance(t, Int)]

        def constant() -> Any:
            n = self.choice([2, 3, 1, 0, 4])
            return f"for {i} in range({n}):", {i: Int(0, max(n - 1, 0))}, n

        def extent() -> Any:
            if not arrays:
                return None
            text, t = self.choice(arrays)
            n = t.shape[0]
            size = self.choice([f"len({text})", f"{text}.shape[0]"])
            kind = self.chooser.integer(0, 4)
            if kind < 2:
                return f"for {i} in range({size}):", {i: Int(0, n - 1)}, n
            if kind == 2:
                return f"for {i} in range(1, {size}):", {i: Int(1, n - 1)}, n - 1
            if kind == 3:
                return f"for {i} in range({size} - 1, -1, -1):", {i: Int(0, n - 1)}, n
            return f"for {i} in reversed(range({size})):", {i: Int(0, n - 1)}, n

        def bound() -> Any:
            if not ints:
                return None
            name, t = self.choice(ints)
            if self.chance(40):
                return f"for {i} in range({name} + 1):", {i: Int(0, max(t.high, 0))}, t.low + 1
            return f"for {i} in range({name}):", {i: Int(0, max(t.high - 1, 0))}, max(t.low, 0)

        def items() -> Any:
            if not vectors:
                return None
            text, t = self.choice(vectors)
            v = self.fresh(Float())
            kind = self.chooser.integer(0, 2)
            if kind == 0:
                return f"for {v} in {text}:", {v: Float()}, t.shape[0]
            if kind == 1:
                return f"for {i}, {v} in enumerate({text}):", {i: Int(0, t.shape[0] - 1), v: Float()}, t.shape[0]
            other, o = self.choice(vectors)
            w = next(name for name in SCALARS if name not in self.scope and name != v)
            return f"for {v}, {w} in zip({text}, {other}):", {v: Float(), w: Float()}, min(t.shape[0], o.shape[0])

        def rows() -> Any:
            matrices = [(text, t) for text, t in arrays if len(t.shape) == 2]
            if not matrices:
                return None
            text, t = self.choice(matrices)
            row = self.fresh(Array(t.shape[1:]))
            return f"for {row} in {text}:", {row: Array(t.shape[1:], t.writable)}, t.shape[0]

        def sequence() -> Any:
            lists = self.names(List, item=Float())
            v = self.fresh(Float())
            if lists and self.chance(50):
                name = self.choice(lists)  # a copy: the body may append to it
                return f"for {v} in list({name}):", {v: Float()}, self.scope[name].length
            return f"for {v} in ({self.scalar_atom().text}, {_fit(self.scalar(1)).at(0)}):", {v: Float()}, 2

        return self.weighted((5, constant), (6, extent), (2, bound), (3, items), (2, rows), (1, sequence))  # type: ignore[no-any-return]

    def while_(self) -> bool | None:
        if self.loops > 1 or self.indent > 4:
            return None
        n = self.choice([2, 3, 4, 1])
        count = self.fresh(Int(0, 1))
        forever = self.chance(20)
        self.emit(f"{count} = 0")
        start = dict(self.scope)
        frozen = self.frozen
        self.frozen = frozen | {count}
        condition = f"{count} < {n}" + (f" and {self.condition(0)}" if self.chance(55) else "")
        with self.indented("while True:" if forever else f"while {condition}:"):
            self.loops += 1
            if forever:
                with self.indented(f"if {count} >= {n}" + (f" or {self.condition(0)}:" if self.chance(50) else ":")):
                    self.emit("break")
            self.emit(f"{count} += 1")
            self.bind(count, Int(1, n))
            self.block()
            self.loops -= 1
        self.frozen = frozen
        self.scope = start | {count: Int(0, n)}
        if not forever:
            self.else_()
        return True

    def statement(self, simple: bool = False) -> None:
        """One statement."""
        self.budget -= 1
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
                parts.append(_fit(self.scalar(1)) if isinstance(t, Float) else self.returned_array(t.shape))
            return f"return {', '.join(part.at(0) for part in parts)}"
        if isinstance(result, Array):
            return f"return {self.returned_array(result.shape).text}"
        return f"return {(self.total() if result == MAIN else _fit(self.total())).text}"

    def returned_array(self, shape: tuple[int, ...]) -> Expr:
        """What a helper returns: new, or (often) one of its arguments or a view of it."""
        found = self.views(shape, writable=True, plain=False)
        if found and self.chance(60):
            return Expr(self.choice(found)[0], 4, LIMIT)
        e = _fit(self.array(shape, 1))
        return e if e.writable else Expr(f"{e.text}.copy()", 4, LIMIT)

    def total(self) -> Expr:
        """A float that depends on much of what is in scope."""
        terms: list[Expr] = []
        for name, t in list(self.scope.items()):
            if isinstance(t, Float) and self.chance(70):
                terms.append(Expr(name, 4, LIMIT))
            elif isinstance(t, Array) and self.chance(75):
                n = int(np.prod(t.shape))
                forms = [_call("np.sum", name, size=2.0 * n), _call("np.sum", f"{name} * {name}", size=4.0 * n)]
                terms.append(self.choice([*forms, _call("np.sum", f"np.sin({name})", size=n)]))
            elif isinstance(t, List) and isinstance(t.item, Float) and self.chance(80):
                terms.append(_call("sum", name, *([] if t.length else ["0.0"]), size=8.0))  # an empty sum is the int 0
            elif isinstance(t, List) and t.length and self.chance(80):
                terms.append(_call("np.sum", f"{name}[-1]", size=8.0))
        if not terms or self.chance(25):
            terms.append(self.scalar(2))
        if self.indent > 1:
            terms = terms[:2]
        e = terms[0] if len(terms) == 1 else Expr(terms[0].at(1), 1, terms[0].size)
        for term in terms[1:]:
            coefficient = self.choice([1.0, 0.5, 1.3, -0.7])
            scaled = term if abs(coefficient) == 1.0 else _mul(_constant(abs(coefficient)), term)
            e = _sub(e, scaled) if coefficient < 0 else _add(e, scaled)
        return e


# -------------------------------------------------------------------------------------------------------------- helpers

HELPERS = ("mix", "blend", "reduce", "update", "split", "choose", "total", "repeat")


def _helper(
    chooser: Chooser, shapes: Sequence[tuple[int, ...]], kind: str, scope: dict[str, Any]
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
    writer = _Writer(chooser, shapes, {**scope, **dict(signature.params)}, signature.result, chooser.integer(0, 3))
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


def generate(chooser: Chooser, most: int = 16) -> Program:
    """A random program with two lists of arguments; ``most`` bounds the number of statements of ``main``."""
    n, m = chooser.integer(2, 4), chooser.integer(2, 3)
    shapes: list[tuple[int, ...]] = [(n,), (m, n), (m,), (n, n)]
    helpers: dict[str, Any] = {}
    bodies: dict[str, list[str]] = {}
    for _ in range(max(0, chooser.integer(0, 5) - 2)):
        kind = HELPERS[chooser.integer(0, len(HELPERS) - 1)]
        if kind not in helpers:
            bodies[kind], helpers[kind] = _helper(chooser, shapes, kind, helpers)
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
    if not any(isinstance(t, Float | Array) for t in scope.values()):
        scope["x"] = Array(shapes[0])
    params = dict(scope)
    writer = _Writer(chooser, shapes, {**helpers, **scope}, MAIN, chooser.integer(1, most))
    if "n" in scope:
        writer.frozen = frozenset({"n"})
    writer.frozen |= helpers.keys()
    writer.function_body()
    text = [f"def main({', '.join(params)}):", *writer.lines]
    for kind, lines in reversed(bodies.items()):  # those that are called
        if any(f"{kind}(" in line for line in text):
            text = [*lines, "", "", *text]
    source = "import math\n\nimport numpy as np\n\n\n" + "\n".join(text) + "\n"
    if "math." not in "\n".join(text):
        source = source.replace("import math\n\n", "")
    seed = chooser.integer(0, 999_999)
    return Program(source, tuple(_arguments(params, seed + k) for k in range(2)))


def _arguments(params: dict[str, Any], seed: int) -> tuple[Any, ...]:
    draw = random.Random(seed).uniform
    args: list[Any] = []
    for t in params.values():
        if isinstance(t, Float):
            args.append(round(draw(-1.6, 1.6), 3))
        elif isinstance(t, Int):
            args.append(int(draw(t.low, t.high + 0.999)))
        else:
            args.append(np.array([round(draw(-1.6, 1.6), 3) for _ in range(int(np.prod(t.shape)))]).reshape(t.shape))
    return tuple(args)


def from_seed(seed: int, most: int = 16) -> Program:
    """The program of a seed.

    >>> repr(from_seed(1)) == repr(from_seed(1))
    True
    """
    return generate(Seeded(seed), most)
