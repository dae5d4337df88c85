"""The writer of one function's body: its decisions, its lines, and the names and places that are defined where it writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.programs.values import (
    LIMIT,
    MATRICES,
    SCALARS,
    THRESHOLDS,
    VECTORS,
    Array,
    Bool,
    Chooser,
    Dict,
    Float,
    Function,
    Int,
    List,
    Module,
    Object,
    Random,
    Tuple,
)  # fmt: skip

T = TypeVar("T")


class Writer:
    """Writes one function body; ``scope`` holds the names that are certainly defined here, with their types."""

    def __init__(
        self, chooser: Chooser, module: Module, shapes: Sequence[tuple[int, ...]], scope: dict[str, Any], result: Any, budget: int
    ) -> None:
        self.chooser = chooser
        self.module = module
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

    def percent(self, percent: int, option: T, otherwise: T) -> T:
        return option if self.chance(percent) else otherwise

    # ---- output

    def emit(self, *lines: str) -> bool:
        self.lines += ["    " * self.indent + line for line in lines]
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

    @contextmanager
    def branch(self, header: str) -> Iterator[None]:
        """A block that may not be reached: what it binds is not bound afterwards."""
        saved = dict(self.scope)
        with self.indented(header):
            yield
        self.scope = saved

    def statement(self, simple: bool = False) -> None:
        raise NotImplementedError

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
                Object: ("thing", "other"),
                Random: ("rng", "draws"),
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
            elif isinstance(t, Object):
                found += [(f"{name}.{k}", item) for k, item in t.items if isinstance(item, Array)]
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

    def boxed(self, writable: bool = False) -> list[str]:
        """Scalars inside lists, tuples, dictionaries and objects."""
        found = []
        for name, t in self.scope.items():
            if isinstance(t, List) and isinstance(t.item, Float) and t.length:
                found += [f"{name}[0]", f"{name}[-1]"]
            elif isinstance(t, Tuple) and not writable:
                found += [f"{name}[{k}]" for k, item in enumerate(t.items) if isinstance(item, Float)]
            elif isinstance(t, Dict):
                found += [f'{name}["{k}"]' for k, item in t.items if isinstance(item, Float)]
            elif isinstance(t, Object) and not (writable and t.fixed):
                found += [f"{name}.{k}" for k, item in t.items if isinstance(item, Float)]
        return found

    # ---- parts of the constructs of groups

    def threshold(self) -> str:
        return f"{self.choice(THRESHOLDS):g}"

    def all_of(self, text: str) -> str:
        """An array as the target of an augmented assignment: a name that must not be bound is written through."""
        owner = self.scope.get(re.split(r"[.\[]", text)[0])
        fixed = text in self.frozen or isinstance(owner, Tuple) or (isinstance(owner, Object) and owner.fixed)
        return f"{text}[:]" if fixed else text

    def vector(self, writable: bool = False, least: int = 1) -> tuple[str, int] | None:
        """An existing array with one axis, and its length."""
        found = [(text, t.shape[0]) for text, t in self.arrays(writable) if len(t.shape) == 1 and t.shape[0] >= least]
        return self.choice(found) if found else None

    def matrix(self, writable: bool = False) -> tuple[str, tuple[int, ...]] | None:
        """An existing array with two axes, and its shape."""
        found = [(text, t.shape) for text, t in self.arrays(writable) if len(t.shape) == 2]
        return self.choice(found) if found else None

    def counter(self, name: str = "") -> str:
        """A new name for an integer or a value that a comprehension or loop takes; it is not put into the scope."""
        return next(n for n in (name, "i", "j", "k", "l", *(f"m{k}" for k in range(1, 99))) if n and n not in self.scope and n not in self.frozen)

    def value(self, text: str, size: float = LIMIT) -> bool:
        """Bind a name to a float expression of a bounded size."""
        name = self.target(Float())
        self.bind(name, Float())
        return self.emit(f"{name} = {text}" if size <= LIMIT else f"{name} = np.tanh({text})")
