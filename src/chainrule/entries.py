"""(nesting and classes of arguments) -> the code that finds their specialisation within a microsecond.

An *entry* takes the arguments apart and looks their dtypes, shapes and static values up in a dictionary. A *runner*, which it
finds there, sees that everything outside that the program depends on is as it was, and calls the compiled function. Whatever
they do not recognise is a *miss*: the dispatcher takes the long way, which is always right. Both are made of text, as
`collections.namedtuple` is, because only straight code is fast enough:

    def entry(a0, a1):
        if type(a0) is not ndarray or type(a1) is not k1: return miss(a0, a1)
        run = get((a0.dtype, a0.shape, ))
        if run is None: return miss(a0, a1)
        return run(a0, a1)

    def run(a0, a1):
        try:
            fresh = g0["np"] is x0
        except unbound:
            fresh = False
        if not fresh: return miss(a0, a1)
        try:
            return function(a0, a1)
        except Exception as error:
            failed(error)
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import BuiltinMethodType, MethodType
from typing import Any

import numpy as np

from .frontend.request import Compiled, Guard
from .frontend.signature import Described, is_static, static_key
from .frontend.source import MISSING, Item, Place
from .structure import TreeDef, flatten, has_slots, is_object

__all__ = ["Layout", "made_on_reading"]

Function = Callable[..., Any]
_UNBOUND = (LookupError, ValueError, AttributeError, TypeError)  # what reading a name that is gone raises: a global, a cell, an attribute


class Layout:
    """How the arguments of some calls are nested, and of which class each leaf is.

    `by_value` are the leaves whose values, `by_order` the arrays whose contiguity is part of the exact key.
    """

    def __init__(self, structures: Sequence[TreeDef], classes: Sequence[type], by_value: frozenset[int], by_order: frozenset[int]) -> None:
        self.classes = classes
        self.by_value = by_value
        self.by_order = by_order
        self.given = ", ".join(f"a{n}" for n in range(len(structures)))
        self.constants: dict[str, Any] = {"ndarray": np.ndarray, "overlap": _overlap}
        self.unpack: list[str] = []  # statements that take the containers apart
        self.leaves: list[str] = []  # the local variable of each leaf, after them
        self.paths: list[str] = []  # each leaf as an expression in the parameters
        self.slotted = False  # whether an object is taken apart that has slots, which may be empty
        self.mutable: list[str] = []  # lists, dictionaries, objects: must not be one object
        for n, structure in enumerate(structures):
            self._unpack(f"a{n}", f"a{n}", structure)

    @property
    def possible(self) -> bool:
        """Whether an entry can be written: slices cannot be looked up, memory maps are not owned by an array."""
        return slice not in self.classes and np.memmap not in self.classes and not self.slotted

    def exact_key(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        """The key that the entry makes."""
        key: list[Any] = []
        for number, leaf in enumerate(leaves):
            if type(leaf) is np.ndarray:
                key += [leaf.dtype, leaf.shape]
                if number in self.by_order:
                    key.append(leaf.flags.c_contiguous)
            elif number in self.by_value:
                key.append(leaf)
        return tuple(key)

    def entry(self, hits: dict[Any, Function], miss: Function) -> Function:
        """`entry(*values)`: runs what `hits` holds for their exact key, or else the miss."""
        tests, key, arrays = [], [], []
        for number, (leaf, cls) in enumerate(zip(self.leaves, self.classes)):
            tests.append(f"type({leaf}) is not {self._constant(cls)}")
            if cls is np.ndarray:
                arrays.append(leaf)
                key += [f"{leaf}.dtype", f"{leaf}.shape"]
                if number in self.by_order:
                    key.append(f"{leaf}.flags.c_contiguous")
            elif number in self.by_value:
                key.append(leaf)
        body = [*self.unpack]
        if tests:
            body.append(f"if {' or '.join(tests)}: return miss({self.given})")
        body += [*self._owners(arrays), *self._distinct(self.mutable)]
        body += [f"run = get(({''.join(f'{part}, ' for part in key)}))", f"if run is None: return miss({self.given})", f"return run({self.given})"]
        return self._make("entry", body, {"get": hits.get, "miss": miss})

    def runner(self, compiled: Compiled, places: Sequence[Place], described: Sequence[Described], captured: Sequence[Any], finish: Function | None,
               failed: Function, miss: Function) -> Function:
        """`run(*values)`: calls the function if names outside mean what they meant, with the captured values."""
        more: dict[str, Any] = {"function": compiled.function, "failed": failed, "miss": miss, "unbound": _UNBOUND, "finish": finish}
        tests: list[str] = []
        reads: list[str] = []
        for n, guard in enumerate(compiled.guards):
            more[f"x{n}"] = guard.expected
            tests.append(self._guard(guard, f"g{n}", f"x{n}", more))
        arrays = []
        for n, (place, known, value) in enumerate(zip(places, described, captured)):
            reads.append(f"c{n} = {self._read(place, f'h{n}', more)}")
            if type(value) is np.ndarray:
                more[f"d{n}"], more[f"s{n}"] = value.dtype, value.shape
                tests.append(f"type(c{n}) is ndarray and c{n}.dtype == d{n} and c{n}.shape == s{n}")
                arrays.append(f"c{n}")
            elif type(value) in (float, int, complex) and not known.leaves[0].static:
                more[f"d{n}"] = type(value)
                tests.append(f"type(c{n}) is d{n}" + (f" and c{n} == {value}" if known.leaves[0].tied else ""))
            else:
                more[f"d{n}"] = _matcher(value, known)
                tests.append(f"d{n}(c{n})")
        body: list[str] = []
        if tests:
            body += ["try:", *(f"    {line}" for line in reads), f"    fresh = {' and '.join(tests)}", "except unbound:", "    fresh = False",
                     f"if not fresh: return miss({self.given})"]
        if arrays:
            own = [path for path, cls in zip(self.paths, self.classes) if cls is np.ndarray]
            body += [f"b{n} = {path}" for n, path in enumerate(own)]
            body += self._owners([*(f"b{n}" for n in range(len(own))), *arrays])
        body += [f"if not {self.paths[n]}.flags.writeable: return miss({self.given})" for n in compiled.written]
        call = f"function({', '.join([self.given, *(f'c{n}' for n in range(len(places)))] if self.given else [f'c{n}' for n in range(len(places))])})"
        body += ["try:", f"    return {call if finish is None else f'finish({call})'}", "except Exception as error:", "    failed(error)"]
        return self._make("run", body, more)

    # -- text --------------------------------------------------------------------------------------------------

    def _constant(self, value: Any) -> str:
        if value is np.ndarray:
            return "ndarray"
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def _unpack(self, name: str, path: str, structure: TreeDef) -> None:
        """Take a container apart, or go to the miss if it is another one."""
        cls: Any = structure.kind
        if cls is None:
            if is_object(self.classes[len(self.leaves)]):
                self.mutable.append(name)
            self.leaves.append(name)
            self.paths.append(path)
            return
        size = len(structure.children)
        test = f"type({name}) is not {self._constant(cls)}"
        parts, values = [f"{name}_{n}" for n in range(size)], name
        steps = [f"[{n}]" for n in range(size)]
        if cls is dict:
            test += f" or tuple({name}) != {self._constant(structure.keys)}"
            values = f"{name}.values()"
            steps = [f"[{self._constant(key)}]" for key in structure.keys]
        elif cls is list or cls is tuple:
            test += f" or len({name}) != {size}"
        elif not issubclass(cls, tuple):
            if is_object(cls):  # its attributes are its own: they may be others than last time
                self.slotted = self.slotted or not hasattr(cls, "__dict__") or has_slots(cls)
                test += f" or tuple({name}.__dict__) != {self._constant(structure.keys)}"
            values = "(" + "".join(f"{name}.{key}, " for key in structure.keys) + ")"
            steps = [f".{key}" for key in structure.keys]
        if not issubclass(cls, tuple):
            self.mutable.append(name)
        self.unpack.append(f"if {test}: return miss({self.given})")
        if parts:
            self.unpack.append(f"{', '.join(parts)}, = {values}")
        for part, step, child in zip(parts, steps, structure.children):
            self._unpack(part, path + step, child)

    def _owners(self, arrays: list[str]) -> list[str]:
        """Go to the miss if two arrays share memory. They cannot if each has an owner of its own that is an array;
        otherwise the addresses are compared, which takes longer."""
        lines: list[str] = []
        if len(arrays) < 2:
            return lines
        compare = f"overlap(({', '.join(arrays)}))"
        for name in arrays:
            lines += [f"o_{name} = {name}.base", f"if o_{name} is None: o_{name} = {name}", f"elif type(o_{name}) is not ndarray or o_{name}.base is not None:",
                      f"    if {compare}: return miss({self.given})", f"    o_{name} = {name}"]
        return [*lines, f"if ({self._same([f'o_{name}' for name in arrays])}) and {compare}: return miss({self.given})"]

    def _distinct(self, names: list[str]) -> list[str]:
        """Go to the miss if two of these are one object."""
        return [] if len(names) < 2 else [f"if {self._same(names)}: return miss({self.given})"]

    def _same(self, names: list[str]) -> str:
        """Whether two of these are one object."""
        if len(names) <= 4:
            return " or ".join(f"{a} is {b}" for n, b in enumerate(names) for a in names[:n])
        return f"len({{{', '.join(f'id({name})' for name in names)}}}) != {len(names)}"

    def _guard(self, guard: Guard, name: str, expected: str, more: dict[str, Any]) -> str:
        root = guard.place.root
        if guard.apart is not None:
            return f"{self._read(guard.place, name, more)} is not {self._read(guard.apart, name + 'x', more)}"
        if guard.expected is MISSING and guard.place.path and isinstance(last := guard.place.path[-1], Item):
            return f"{last.key!r} not in {self._read(Place(root, guard.place.name, guard.place.path[:-1]), name, more)}"
        if isinstance(root, Mapping) and not guard.place.path and guard.place.name not in root and hasattr(builtins, guard.place.name):
            more[name] = root
            return f"{guard.place.name!r} not in {name}"
        read = self._read(guard.place, name, more)
        return f"{read} == {expected}" if made_on_reading(guard.expected) else f"{read} is {expected}"

    def _read(self, place: Place, name: str, more: dict[str, Any]) -> str:
        def constant(key: Any) -> str:
            if isinstance(key, (int, str)):
                return repr(key)
            more[f"{name}k{len(more)}"] = key
            return f"{name}k{len(more) - 1}"

        if isinstance(place.root, int):
            return place.text(self.paths[place.root], constant)
        more[name] = place.root
        return place.text(f"{name}[{place.name!r}]" if isinstance(place.root, Mapping) else f"{name}.cell_contents", constant)

    def _make(self, name: str, body: list[str], more: dict[str, Any]) -> Function:
        """The function with this body; its constants are a closure, which is faster than globals."""
        constants = self.constants | more
        lines = [f"def make({', '.join(constants)}):", f"    def {name}({self.given}):", *(f"        {line}" for line in body), f"    return {name}"]
        made: Function = _maker("\n".join(lines), name)(**constants)
        return made


@lru_cache(maxsize=1024)  # the text repeats: for other shapes, and for other functions with like arguments
def _maker(text: str, name: str) -> Function:
    namespace: dict[str, Any] = {}
    exec(compile(text, f"<chainrule {name}>", "exec"), namespace)
    made: Function = namespace["make"]
    return made


def _overlap(arrays: tuple[np.ndarray[Any, Any], ...]) -> bool:
    """Whether the address ranges of two arrays meet."""
    return any(np.may_share_memory(a, b) for n, b in enumerate(arrays) for a in arrays[:n])


def made_on_reading(value: Any) -> bool:
    """Bound methods (and tuples of names) are made anew whenever they are read; equal ones are as good as the same."""
    return isinstance(value, (MethodType, BuiltinMethodType, tuple))


def _matcher(value: Any, known: Described) -> Callable[[Any], bool]:
    """Whether another value has the same exact key; never for a container with arrays, whose memory would have to be compared."""
    leaves, structure = flatten(value)
    if any(isinstance(leaf, np.ndarray) for leaf in leaves):
        return lambda other: False
    static = [leaf.static for leaf in known.leaves]
    keys = [_exact(leaf, by_value) for leaf, by_value in zip(leaves, static)]

    def matches(other: Any) -> bool:
        parts, another = flatten(other)
        return another == structure and [_exact(part, by_value) for part, by_value in zip(parts, static)] == keys

    return matches


def _exact(leaf: Any, by_value: bool) -> Any:
    if by_value:
        return static_key(leaf)
    return None if is_static(leaf) or isinstance(leaf, np.ndarray) else type(leaf)
