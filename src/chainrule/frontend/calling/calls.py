"""Calls: functions with a row become operations, functions with source are executed in place, builtins act on containers.

A function of the user's is executed abstractly at each call, as if its body stood there. A function that is already being
executed (recursion) becomes a call of a function of its own in the generated program (see `recursion`).
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import operator
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...errors import Finding, MissingRuleError, SourceUnavailableError
from ...ir.build import type_of
from ...ir.nodes import Arg, Lit, Make, Seq, Span, Var
from ...ir.ops import OPS
from ...ir.types import List, Opaque, Scalar, differentiable, kind, rank
from ...rules import custom as custom_rules
from ...rules import effects as effect_rules
from ...rules import methods, random, registry
from ...runtime.surgery import adjoint_of
from ...structure import is_plain
from .. import source as sources
from ..constructs.scopes import FRAME
from ..constructs.syntax import nodes
from ..containers import lists
from ..execution.machine import Refusal, describe
from ..execution.restart import NeedGlobal
from ..execution.state import Frame
from ..execution.values import (
    UNBOUND,
    Bound,
    Closure,
    DictV,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Manager,
    Method,
    Num,
    Object,
    Partial,
    Range,
    Ref,
    Select,
    SetV,
    SliceV,
    Static,
    TupleV,
    Value,
)
from ..looping import unbound
from ..looping.liveness import Liveness, liveness
from ..memory import orders, views, writes
from ..objects import classes, overloads
from ..objects.objects import Objects, is_data

# Classes of context managers that the compiler knows (see `contexts`).
MANAGERS: dict[Any, str] = {
    np.errstate: "errstate", contextlib.suppress: "suppress", contextlib.nullcontext: "null", warnings.catch_warnings: "nothing",
    contextlib._GeneratorContextManager: "generator", adjoint_of: "adjoint"}

# Functions without a row that may be run when the program is compiled: the same arguments give the same value, always.
_PURE = frozenset({abs, ascii, bin, bool, chr, complex, divmod, float, hex, int, issubclass, oct, ord, pow, round})


_IMMUTABLE = (str, bytes, int, float, complex, tuple, frozenset, range, np.dtype)  # a method of such an object depends on nothing else
_LIBRARIES = frozenset({"numpy", "scipy", *sys.stdlib_module_names})  # whose functions the user has not written: errors are at the call
_HELD: dict[int, dict[str, Any]] = {}  # what functions hold (default arrays, arguments of partial, `self`), each in a namespace of its own


@dataclass
class FrameInfo:
    """What the syntax says about a frame: its source, the frame it closes over, and whose names are not its own."""

    source: Any
    parent: int | None
    locals: frozenset[str]
    nonlocals: frozenset[str] = frozenset()
    escapes: bool = False
    comprehension: bool = False
    liveness: Liveness = field(default_factory=Liveness)
    at: ast.stmt | None = None  # the statement that is being executed
    loops: list[ast.stmt] = field(default_factory=list)  # the loops around it
    globals: set[str] = field(default_factory=set)  # the names that it declares global
    called_from: Span | None = None  # the statement that has called it

    def live(self, name: str) -> bool:
        """Whether a name may be read from now on."""
        name = name.removeprefix(unbound.PREFIX)
        return name not in self.locals or name.startswith("%") or self.liveness.live(name, self.at)

    def live_again(self, name: str) -> bool:
        """Whether a name may be read from the end of the innermost loop's body on."""
        name = name.removeprefix(unbound.PREFIX)
        return name not in self.locals or name.startswith("%") or self.liveness.live_again(name, self.loops[-1])


_VALUES = (ListV, DictV, SetV, Range, TupleV, Ref, Num, Select)  # of builtin classes and of NumPy's


class Calls(Objects):
    """Evaluates calls."""

    def __init__(self) -> None:
        super().__init__()
        self.infos: dict[int, FrameInfo] = {}
        self.current = 0
        self.stack: list[Any] = []  # functions being executed (their code objects)
        self.shapes: list[tuple[Any, Any]] = []  # and the structures of the objects among their arguments
        self.loop_indices: list[Var] = []
        self.rolled: set[ast.stmt] = set()  # loops that cannot be unrolled
        self.checkpoints: dict[ast.stmt, tuple[Any, ...]] = {}  # loops of which few states are kept: how many, and whether on disk
        self.flags: list[str] = []
        self.globals: dict[Any, str] = {}  # the global variables that the program sets, by place: their names in the frame FRAME
        self.renamed: set[Any] = set()  # functions behind functools.wraps
        self.remembered: list[Any] = []  # arguments of functions behind lru_cache
        self.quiet = 0  # how many `warnings.catch_warnings` are around
        self.loop: Any = None
        self.local_classes: dict[type, Any] = {}
        self.numbered: dict[Closure, int] = {}
        self.depths: dict[Closure, int] = {}
        self.class_of_node: dict[Any, type] = {}

    # -- names ---------------------------------------------------------------------------------------------------

    def is_live(self, frame: int, name: str) -> bool:
        return self.infos[frame].live(name)

    def is_live_again(self, frame: int, name: str) -> bool:
        info = self.infos[frame]
        return info.live_again(name) if frame == self.current else info.live(name)

    def live_values(self) -> Iterator[Value]:
        for number, frame in self.state.frames.items():
            info = self.infos[number]
            for name, value in frame.items():
                if info.live(name):
                    yield value

    def frame(self) -> Frame:
        return self.state.frames[self.current]

    def lookup(self, name: str) -> Value:
        number: int | None = self.current
        while number is not None:
            info = self.infos[number]
            if name in info.globals:
                return self.outside(info.source, name)
            frame = self.state.frames.get(number, {})
            if name in frame and name not in info.nonlocals:
                return frame[name]
            if name in info.locals and name not in info.nonlocals:
                return UNBOUND
            if info.parent is None:
                return self.outside(info.source, name)
            number = info.parent
        raise AssertionError(name)

    def bind_name(self, name: str, value: Value) -> None:
        number = self.current
        if name in self.infos[number].globals:
            place = self.infos[number].source.place(name)
            if place.key not in self.globals:
                raise NeedGlobal(place)
            self.name(value, name)
            self.state.frames[FRAME][self.globals[place.key]] = value
            return
        while name in self.infos[number].nonlocals:
            parent = self.infos[number].parent
            if parent is None:
                self.refuse(f"`nonlocal {name}` of a variable outside the differentiated function", "the gradient call would write to it",
                            "return the new value instead")
            number = parent
        if self.caller is None:  # the names in `library` mean nothing to the user
            self.name(value, name)
        self.state.frames[number][name] = value
        unbound.note(self.state.frames[number], name, True)

    def home(self, name: str) -> int | None:
        """The frame that a name is looked up in; None if it is outside of the program."""
        number: int | None = self.current
        while number is not None:
            info = self.infos[number]
            if name in info.globals:
                return None
            if name not in info.nonlocals and (name in info.locals or name in self.state.frames.get(number, {})):
                return number
            number = info.parent
        return None

    def check_bound(self, name: str) -> None:
        number = self.home(name)
        if number is not None:
            unbound.check(self, number, name)

    def unbind_name(self, name: str) -> None:
        """`del name`."""
        number = self.current
        if name in self.infos[number].globals:
            self.refuse(f"the global variable `{name}` is deleted", "the gradient call would delete it", "leave it bound")
        while name in self.infos[number].nonlocals and self.infos[number].parent is not None:
            number = self.infos[number].parent  # type: ignore[assignment]
        unbound.check(self, number, name)
        if self.state.frames[number].get(name, UNBOUND) is UNBOUND:
            self.fail(UnboundLocalError, Static(f"cannot access local variable {name!r} where it is not associated with a value"))
        del self.state.frames[number][name]
        unbound.note(self.state.frames[number], name, False)

    def bind_around(self, name: str, value: Value) -> None:
        """Bind a name as `:=` does: in a comprehension, in the scope around it."""
        kept = self.current
        while self.infos[self.current].comprehension:
            parent = self.infos[self.current].parent
            assert parent is not None
            self.current = parent
        try:
            self.bind_name(name, value)
        finally:
            self.current = kept

    def place_of(self, node: ast.expr) -> Any:
        """Where an object outside is found that an expression names: a global, a variable of the closure, an attribute; None if it does not."""
        if isinstance(node, ast.Attribute):
            owner = self.place_of(node.value)
            return None if owner is None else owner.attribute(node.attr)
        if not isinstance(node, ast.Name):
            return None
        number: int | None = self.current
        while number is not None:
            info = self.infos[number]
            value = self.state.frames.get(number, {}).get(node.id)
            if value is not None or node.id in info.locals:
                return self.place_of_value(value)
            if info.parent is None:
                return info.source.place(node.id)
            number = info.parent
        return None

    def place_of_value(self, value: Any) -> Any:
        raise NotImplementedError

    def found_at(self, place: Any) -> Any:
        raise NotImplementedError

    def may_record(self, held: Any) -> bool:
        """Note that a list outside is written to; False if the program reads it, too."""
        raise NotImplementedError

    def is_read(self, node: ast.expr, call: ast.Call) -> bool:
        """Whether the function in which a call stands names this object elsewhere than in calls like it."""
        text = ast.dump(node)
        root = self.infos[self.current].source.node
        found = [n for n in ast.walk(root) if isinstance(n, (ast.Name, ast.Attribute)) and ast.dump(n) == text]
        calls = [n for n in ast.walk(root) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and ast.dump(n.func.value) == text
                 and n.func.attr in ("append", "extend", "insert", "add", "update", "appendleft")]
        return len(found) > len(calls)

    def outside(self, source: Any, name: str) -> Value:
        """A name from the closure, the globals or the builtins of a function."""
        place = source.place(name)
        if place.key in self.globals:
            held = self.state.frames[FRAME].get(self.globals[place.key], UNBOUND)
            if held is not UNBOUND:
                return held
        value = place.read()
        if value is sources.MISSING:
            self.fail(NameError, Static(f"name {name!r} is not defined"))
        return self.external(place, value)

    def external(self, place: Any, value: Any) -> Value:
        """A Python object found at a place outside the function: known (and guarded), or read at each call."""
        if is_code(value):
            self.guard(place, value)
            return Static(value)
        return self.capture(place, value)

    def guard(self, place: Any, value: Any) -> None:
        raise NotImplementedError

    def capture(self, place: Any, value: Any) -> Value:
        raise NotImplementedError

    def static_attribute(self, owner: Any, name: str) -> Value:
        try:
            value = getattr(owner, name)
        except AttributeError as error:
            if self.catching:
                self.fail(AttributeError, Static(str(error)))
            self.refuse(str(error), "the attribute does not exist", "check the spelling")
        if isinstance(owner, types.ModuleType):
            if owner.__name__.partition(".")[0] in ("numpy", "math", "scipy", "cmath") or is_code(value):
                return Static(value)
            return self.external(sources.Place(vars(owner), name), value)
        if isinstance(owner, type):
            member, home = classes.raw(owner, name)
            if isinstance(member, (types.FunctionType, classmethod, staticmethod, property, classes.Inner)) and home.__module__ != "builtins" and not (
                    name == "_make" and hasattr(owner, "_fields")):
                return classes.bound(self, member, home, name, None, owner)
            return self.of_class(owner, name, value)
        if name in getattr(owner, "__dict__", {}) and not is_code(owner):  # an object that a function holds: its attributes are read at each call
            held = _HELD.setdefault(id(owner), {"self": owner})
            return self.external(sources.Place(held, next(iter(held)), (name,)), value)
        if isinstance(owner, str) and callable(value):
            return Method(Static(owner), name)
        if is_code(value) or isinstance(value, (int, float, str, bytes, tuple, type(None), np.dtype)):
            return Static(value)
        return Method(Static(owner), name) if callable(value) else Static(value)

    def of_class(self, owner: type, name: str, value: Any) -> Value:
        """An attribute of a class: data of a user's class is read at each call."""
        home = next((cls for cls in owner.__mro__ if name in vars(cls)), None)
        if home is not None and (is_data(value) or is_code(value)) and vars(home)[name] is value and home.__module__.partition(".")[0] not in (
                "builtins", "numpy") and not self.is_local(home):
            return self.external(sources.Place(classes.namespace(home), name), value)
        return Static(value) if not callable(value) or is_code(value) else Method(Static(owner), name)

    # -- functions ---------------------------------------------------------------------------------------------------

    def closure(self, node: ast.FunctionDef | ast.Lambda) -> Closure:
        self.infos[self.current].escapes = True
        arguments = node.args
        defaults = tuple(self.eval(d) for d in arguments.defaults)
        keywords = tuple((a.arg, self.eval(d)) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults) if d is not None)
        made = Closure(node, self.current, defaults, keywords, self.infos[self.current].source)
        self.depths[made] = len(self.b.scopes)
        return made

    def eval_Lambda(self, node: ast.Lambda) -> Value:
        return self.closure(node)

    def eval_Call(self, node: ast.Call) -> Value:
        from .effects import record

        recorded = record(self, node)
        if recorded is not None:
            return recorded
        function = self.eval(node.func)
        args: list[Value] = []
        for a in node.args:
            if isinstance(a, ast.Starred):
                args.extend(self.iterate(self.eval(a.value)))
            else:
                args.append(self.eval(a))
        keywords: dict[str, Value] = {}
        for k in node.keywords:
            if k.arg is None:
                mapping = self.eval(k.value)
                if not isinstance(mapping, DictV):
                    self.refuse("`**` of something that is not a dictionary", "its keys are not known", "pass a dictionary", k.value)
                entries = self.state.heap[mapping.slot]
                assert isinstance(entries, Entries)
                keywords.update(zip(entries.keys, entries.values))
            else:
                keywords[k.arg] = self.eval(k.value)
        self.node = node
        return self.call(function, tuple(args), keywords)

    def call(self, function: Value, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        if isinstance(function, Select):
            return self.choose(function.condition, lambda: self.call(function.then, args, keywords), lambda: self.call(function.orelse, args, keywords))
        if isinstance(function, Closure):
            return self.execute(function.node, function.context, function.frame, function.defaults, dict(function.keyword_defaults), args, keywords)
        if isinstance(function, Partial):
            return self.call_partial(function, args, keywords)
        if isinstance(function, Method):
            return self.call_method(function.owner, function.name, args, keywords)
        if isinstance(function, Bound):
            return self.call(function.function, (function.owner, *args), keywords)
        if isinstance(function, Object):
            return self.call(overloads.method_of(self, function, "__call__", "is not callable"), args, keywords)
        if isinstance(function, Static):
            return self.call_static(function.value, args, keywords)
        if isinstance(function, Num) and isinstance(type_of(function.operand), Opaque):
            return self.call_method(function, "__call__", args, keywords)
        self.refuse(f"{describe(function)} is called", "it is not a function that is known before the program runs",
                    "pass the function itself, or choose between functions with `if`")

    def attribute(self, owner: Value, name: str) -> Value:
        if isinstance(owner, Partial):
            from .functionals import attribute

            return attribute(self, owner, name)
        return super().attribute(owner, name)

    def method(self, owner: Value, name: str) -> Value:
        from .builtins import class_of, known_class

        if not isinstance(owner, _VALUES):
            return Method(owner, name)
        cls = known_class(self, owner)
        if cls is None:
            if not self.is_number(owner) or all(hasattr(cls, name) for cls in (bool, float, np.float64, np.ndarray)):
                return Method(owner, name)
            cls = class_of(self, owner)
        if not hasattr(cls, name):
            shown = f"{cls.__module__}.{cls.__name__}" if cls.__module__ == "numpy" else cls.__name__
            self.fail(AttributeError, Static(f"{shown!r} object has no attribute {name!r}"))
        return Method(owner, name)

    def text_operator(self, op: str, a: Value, b: Value) -> Value | None:
        from .effects import text_operator

        return text_operator(self, op, a, b)

    def call_partial(self, function: Partial, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        from .functionals import call_partial

        return call_partial(self, function, args, keywords)

    def call_static(self, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        from . import custom, functionals, progress, transforms
        from . import special as special_methods
        from .tables import BUILTINS, LAZILY

        if (stated := custom_rules.declared(f)) is not None:
            return custom.call_declared(self, stated, args, keywords)
        if isinstance(f, types.MethodType) and custom_rules.declared(f.__func__) is not None:
            return self.call(Static(f.__func__), (self.constant_object(f.__self__, "self"), *args), keywords)
        if hasattr(f, "primal") and hasattr(f, "source_for") and not isinstance(f, type):
            return transforms.call(self, transforms.of_transformed(f), args, keywords)
        if (kind := transforms.mark(f)) is not None:
            return transforms.transform(self, kind, args, dict(keywords))

        if not args and not keywords and any(f is cls for cls in (float, int, bool, complex, str, bytes)):
            return Static(f())
        if f is super:
            return classes.super_of(self, args)
        asked = overloads.builtin(self, f, args, keywords)
        if asked is None:
            asked = classes.of_object(self, f, args, keywords)
        if asked is not None:
            return asked
        try:
            special = BUILTINS.get(f)
        except TypeError:
            special = None
        if special is not None:
            return special(self, args if f in LAZILY else tuple(self.listed(a) for a in args), keywords)
        if isinstance(f, types.MethodType) and f.__name__ == "_make" and isinstance(f.__self__, type) and hasattr(f.__self__, "_fields"):
            return self.construct(f.__self__, self.iterate(self.listed(args[0])), {})
        bar = progress.bar_class(f)
        if bar is not None:
            return progress.progress(self, f, bar, args, keywords)
        if isinstance(f, np.vectorize):
            return functionals.vectorized(self, f, args, keywords)
        if isinstance(f, (operator.itemgetter, operator.attrgetter, operator.methodcaller)):
            return functionals.call_partial(self, functionals.getter(self, f), args, keywords)
        chosen = functionals.dispatched(self, f, args)
        if chosen is not None:
            return self.call_static(chosen, args, keywords)
        if isinstance(f, functools.partial):
            given = tuple(self.constant_object(a, "held") for a in f.args)
            return self.call_static(f.func, (*given, *args), {**{k: self.constant_object(v, k) for k, v in f.keywords.items()}, **keywords})
        name = registry.lookup(f)
        if name is not None:
            if getattr(f, "__module__", "") in ("builtins", "math") and any(map(self.is_opaque, args)):  # float(Decimal("0.1"))
                return self.perform(Static(f), args, keywords)
            return self.call_row(name, args, keywords)
        meaning = registry.meant(f)
        if meaning is not None:
            from .meanings import execute

            return execute(self, f, meaning, args, keywords)
        writer = registry.writer(f)
        if writer is not None:
            return writes.call_writer(self, writer, args, keywords)
        if (found := special_methods.of_class(self, f, args, keywords)) is not None:
            return found
        refusal = registry.refusal(f)
        if refusal is not None:
            self.refuse(f"`{getattr(f, '__name__', f)}` cannot be differentiated", refusal.because, refusal.instead)
        if isinstance(f, type):
            return self.construct(f, args, keywords)
        return self.call_user(f, args, keywords)

    def call_user(self, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        from ..constants import constant

        if (found := constant(self, f, args, keywords)) is not None:
            return found
        try:
            resolved = sources.resolve(f)
            if resolved.function is f or resolved.args or resolved.keywords or isinstance(f, functools._lru_cache_wrapper):
                source = sources.read(resolved.function)
            else:
                raise SourceUnavailableError(getattr(f, "__name__", str(f)), "it is written in C")
        except SourceUnavailableError:
            return self.without_source(f, args, keywords)
        if isinstance(f, functools._lru_cache_wrapper):
            from .functionals import cached

            return cached(self, Static(f.__wrapped__), args, keywords)
        bound = tuple(self.constant_object(a, "held") for a in resolved.args)
        defaults = tuple(self.default(source, n, v) for n, v in enumerate(source.defaults))
        keyword_defaults = {k: self.default(source, k, v) for k, v in source.keyword_defaults.items()}
        extra = {k: self.constant_object(v, k) for k, v in resolved.keywords}
        return self.execute(source.node, source, None, defaults, keyword_defaults, (*bound, *args), {**extra, **keywords})

    def is_library(self, source: Any) -> bool:
        return sources.package(source.function) == __name__.partition(".")[0]  # what chainrule means by a function: errors and comments are at the user's call

    def library(self, function: Any, *args: Value, **keywords: Value) -> Value:
        """Call a function of `library` for the call that is being lowered."""
        kept = self.caller
        if kept is None:
            self.caller = (self.node, self.source, self.b.span)
        try:
            return self.call_user(function, args, keywords)
        finally:
            self.caller = kept

    def joined(self, base: Any, index: Value) -> Value | None:
        from .composing import joined

        return joined(self, base, index)

    def default(self, source: Any, key: Any, value: Any) -> Value:
        a = source.node.args
        return self.constant_object(value, key if isinstance(key, str) else [*a.posonlyargs, *a.args][key - len(source.defaults)].arg)

    def constant_object(self, value: Any, name: str) -> Value:
        if isinstance(value, (np.ndarray, list, dict, set)) or type(value) in random.CLASSES or is_plain(value.__class__):
            # One object, however often it is used, and with the contents that it has at each call.
            held = _HELD.setdefault(id(value), {name: value})
            found = self.external(sources.Place(held, next(iter(held))), value)
            if isinstance(found, (ListV, DictV, SetV)):  # what is written into it is seen until the call ends
                self.held_outside.pop(found.slot, None)
            return found
        return Static(value)

    def without_source(self, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """A function that cannot be looked into: evaluated now if everything is known, otherwise there must be a rule."""
        args = tuple(self.collect(a) if isinstance(a, IteratorV) else a for a in args)
        try:
            known = [self.known(a) for a in args]
            known_keywords = {k: self.known(v) for k, v in keywords.items()}
        except _NotKnown:
            if isinstance(getattr(f, "__self__", None), str):
                return Num(self.b.emit("py.call", Lit(f), Seq(tuple(self.operand(a) for a in args))))
            return self.perform(Static(f), args, keywords)
        if f in _PURE or isinstance(getattr(f, "__self__", None), _IMMUTABLE) or (isinstance(f, types.BuiltinFunctionType) and f.__module__ in ("math", "operator")):
            return self.of_python(f(*known, **known_keywords))
        return self.perform(Static(f), args, keywords)

    def of_python(self, value: Any) -> Value:
        """What Python has made of known objects (`text.split()`), as a value: what can change belongs to the program, and is made at each call."""
        if type(value) is list:
            return ListV(self.new(Items(tuple(map(self.of_python, value)))))
        if type(value) is dict:
            return DictV(self.new(Entries(tuple(value), tuple(map(self.of_python, value.values())))))
        if type(value) is tuple and not all(isinstance(item, _IMMUTABLE) for item in value):
            return TupleV(tuple(map(self.of_python, value)))
        if isinstance(value, Iterator):
            return self.iterator(self.of_python(list(value)))
        return Static(value)

    def no_rule(self, function: Value) -> Any:
        f = function.value if isinstance(function, Static) else function
        name = str(getattr(f, "__qualname__", None) or getattr(f, "__name__", f))
        module = getattr(f, "__module__", None)
        title = f"{module}.{name}" if module and module != "builtins" else name
        from .custom import template

        raise Refusal(MissingRuleError(title, self.location(self.node), template(self.node, f, title)), self.region)

    def known(self, value: Value) -> Any:
        if isinstance(value, Static) and not self.holds_origin(value.value):
            return value.value
        if isinstance(value, TupleV):
            return tuple(self.known(item) for item in value.items)
        if isinstance(value, (ListV, SetV, IteratorV)):
            items = self.known_items(self.collect(value) if isinstance(value, IteratorV) else value)
            if items is not None:
                return [self.known(item) for item in items]
        raise _NotKnown

    def construct(self, cls: type, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """An instance of a class."""
        if issubclass(cls, tuple) and hasattr(cls, "_fields") and not isinstance(
                getattr(classes.raw(cls, "__new__", None)[0], "__func__", None), classes.Inner) and _new_of(cls).__code__.co_filename.startswith("<"):
            return classes.named_tuple(self, cls, args, keywords)
        if cls in MANAGERS:
            return Manager(MANAGERS[cls], (TupleV(args), DictV(self.new(Entries(tuple(keywords), tuple(keywords.values()))))))
        if issubclass(cls, BaseException):
            return self.exception(cls, args, keywords)
        return classes.construct(self, cls, args, keywords)

    # -- executing a function -----------------------------------------------------------------------------------------

    def execute(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, source: Any, parent: int | None, defaults: tuple[Value, ...],
                keyword_defaults: dict[str, Value], args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """Execute a function's body with these arguments; its value."""
        if isinstance(node, ast.AsyncFunctionDef):
            self.refuse("a coroutine is called", "it is suspended and resumed by somebody else", "use a plain function", None)
        generator = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in own_nodes(node))
        shape = self.shape_of((*args, *keywords.values()))
        if node in self.stack and not generator and not self.is_concrete() and not self.is_library(source) and not self.unfolds(node, shape):
            return self.recursive(node, source, parent, defaults, keyword_defaults, args, keywords)
        bound = self.bind(node, defaults, keyword_defaults, args, keywords)
        self.numbers += 1
        number = self.numbers
        local, nonlocal_names = names_of(node)
        kept = (self.current, self.source, self.b.span, self.loop, self.node)
        caller = self.caller
        inside = self.is_library(source) or sources.package(source.function) in _LIBRARIES
        self.caller = (caller or (self.node, self.source, self.b.span)) if inside else None
        self.infos[number] = FrameInfo(source, parent, local, nonlocal_names, liveness=liveness(node), called_from=self.b.span)
        self.state.frames[number] = bound
        unbound.flag_names(bound, unbound.unsure_names(node, local, frozenset(bound)))
        if generator:
            self.infos[number].escapes = True
            return Generator(node, number, self.new(Entries((), ())))  # type: ignore[arg-type]
        self.current, self.source, self.loop = number, source, None
        self.stack.append(node)
        self.shapes.append((node, shape))
        try:
            if isinstance(node, ast.Lambda):
                value = self.eval(node.body)
            else:
                self.settle(self.run(list(node.body)))
                value = self.state.frames[number].pop("%ret")
            if value is UNBOUND:
                self.refuse("a function may end without a value", "not every path returns", "return a value on every path", node)
        finally:
            self.stack.pop()
            self.shapes.pop()
            self.current, self.source, self.b.span, self.loop, self.node = kept
            self.caller = caller
        if not self.infos[number].escapes and not isinstance(value, IteratorV):  # which may go on in this frame
            self.state.frames.pop(number, None)
        return value

    def iterator(self, value: Value) -> Value:
        """`iter(value)`."""
        raise NotImplementedError

    def contents_of(self, generator: Generator) -> Entries:
        raise NotImplementedError

    def next_item(self, value: Value, default: tuple[Value, ...]) -> Value:
        """`next(value)`."""
        raise NotImplementedError

    def listed(self, value: Value) -> Value:
        """A generator's items as a list; other values as they are."""
        raise NotImplementedError

    def recursive(self, node: Any, source: Any, parent: int | None, defaults: tuple[Value, ...], keyword_defaults: dict[str, Value],
                  args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def bind(self, node: ast.FunctionDef | ast.Lambda | Any, defaults: tuple[Value, ...], keyword_defaults: dict[str, Value],
             args: tuple[Value, ...], keywords: dict[str, Value]) -> Frame:
        """Arguments to parameters, as Python does it."""
        a = node.args
        title = getattr(node, "name", "<lambda>")
        frame: Frame = {}
        positional = [*a.posonlyargs, *a.args]
        rest = dict(keywords)
        for parameter, value in zip(positional, args):
            frame[parameter.arg] = value
        if len(args) > len(positional):
            if a.vararg is None:
                self.refuse(f"`{title}` is given {len(args)} positional arguments", f"it takes {len(positional)}", "check the call")
            frame[a.vararg.arg] = TupleV(tuple(args[len(positional):]))
        elif a.vararg is not None:
            frame[a.vararg.arg] = TupleV(())
        first_default = len(positional) - len(defaults)
        for n, parameter in enumerate(positional):
            if parameter.arg in rest and n >= len(a.posonlyargs):
                if parameter.arg in frame:
                    self.refuse(f"`{title}` is given `{parameter.arg}` twice", "by position and by name", "check the call")
                frame[parameter.arg] = rest.pop(parameter.arg)
            elif parameter.arg not in frame:
                if n < first_default:
                    self.refuse(f"`{title}` is not given its argument `{parameter.arg}`", "it has no default value", "check the call")
                frame[parameter.arg] = defaults[n - first_default]
        for parameter in a.kwonlyargs:
            if parameter.arg in rest:
                frame[parameter.arg] = rest.pop(parameter.arg)
            elif parameter.arg in keyword_defaults:
                frame[parameter.arg] = keyword_defaults[parameter.arg]
            else:
                self.refuse(f"`{title}` is not given its argument `{parameter.arg}`", "it has no default value", "check the call")
        if a.kwarg is not None:
            frame[a.kwarg.arg] = DictV(self.new(Entries(tuple(rest), tuple(rest.values()))))
        elif rest:
            self.refuse(f"`{title}` has no parameter `{next(iter(rest))}`", "it is given by name", "check the call")
        return frame

    # -- operations with a row ----------------------------------------------------------------------------------------

    def call_row(self, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """Call a function that has a row."""
        if not name.startswith("np."):
            args = tuple(self.collect(a) if isinstance(a, IteratorV) else a for a in args)
        written = writes.with_out(self, name, args, keywords)
        if written is not None:
            return written
        if registry.of_arrays(name) and registry.carries(name):
            args = tuple(self.as_arrays(name, a) for a in args)
            keywords = {key: self.as_arrays(name, value) for key, value in keywords.items()}
        if name in registry.IN_MEMORY_ORDER:
            args, keywords = orders.settled(self, name, args, keywords)
        view = views.view_of(self, name, args, keywords)
        if view is not None:
            return view
        row = registry.row(name)
        if not registry.takes_lists(name):
            args = tuple(self.as_array(a) if isinstance(a, ListV) and isinstance(self.state.heap[a.slot], Var) else a for a in args)
        if row is not None and row.kind in ("elementwise", "pointwise") and name not in ("min", "max"):
            args = tuple(self.as_array(a) for a in args)
        try:
            bound = registry.bind(name, tuple(self.row_operand(a) for a in args), {k: self.row_operand(v) for k, v in keywords.items()})
        except registry.RowError as error:
            self.refuse(error.what, error.why, error.remedy)
        bound = self.make_static(name, bound)
        bound = tuple(self.arrayed(a, registry.arrays_at(name, k)) for k, a in enumerate(bound))
        return views.note_order(self, name, self.call_op(name, bound, tuple(args)), tuple(args))

    def as_array(self, value: Value) -> Value:
        if isinstance(value, (TupleV, ListV)) and isinstance(operand := self.operand(value), (Seq, Var)):
            return self.wrap(self.b.emit("np.array", operand))
        return value

    def arrayed(self, arg: Arg, depth: int | None) -> Arg:
        """A list of constants as an array; at depth 1, such lists in a sequence."""
        if depth is None or not isinstance(arg, Seq):
            return arg
        return replace(arg, items=tuple(self.arrayed(item, depth - 1) for item in arg.items)) if depth else self.b.emit("np.array", arg)

    def as_arrays(self, name: str, value: Value) -> Value:
        """A list or tuple that holds floats, as the array that NumPy makes of it; for what joins arrays, its lists and tuples as arrays."""
        if not isinstance(value, (TupleV, ListV)) or not self.holds_floats(value):
            return value
        if not registry.takes_lists(name):
            return self.as_array(replace(value, cls=None, whole=None) if isinstance(value, TupleV) else value)
        if not registry.joins(name):
            return value
        items = self.known_items(value)
        return value if items is None else TupleV(tuple(map(self.as_array, items)))

    def holds_floats(self, value: Value) -> bool:
        """Whether a value is, or holds, a number or an array that may carry a derivative."""
        if isinstance(value, ListV) and isinstance(self.state.heap[value.slot], Var):
            return True
        if isinstance(value, (TupleV, ListV)):
            return any(map(self.holds_floats, self.known_items(value) or ()))
        return not isinstance(value, Static) and self.is_number(value) and differentiable(self.type(value))

    def check_cast(self, owner: Value, value: Arg, node: ast.AST | None) -> None:
        raise NotImplementedError

    def set_item(self, owner: Value, index: Value, value: Value, node: ast.expr) -> None:
        raise NotImplementedError

    def row_operand(self, value: Value) -> Arg:
        overloads.reject_object(self, value, "a function of NumPy")
        if isinstance(value, IteratorV):
            self.refuse("an iterator is passed to a function of NumPy", "NumPy makes an array of one object of it", "make a list of it first")
        value = views.unrolled(value)
        if isinstance(value, (Range, Lazy)):
            return Seq(tuple(self.operand(item) for item in self.iterate(value)), "list")
        return self.operand(value)

    def make_static(self, name: str, args: tuple[Arg, ...]) -> tuple[Arg, ...]:
        """Parameters whose value the row has to know (an axis, say)."""
        static = registry.static(name)
        if not static:
            return args
        result = list(args)
        for n, (param, arg) in enumerate(zip(OPS[name].params, args)):
            if param.name in static and isinstance(arg, (Var, Seq)):
                result[n] = Lit(self.static(self.as_value(arg), f"the argument `{param.name}` of {name}"))
        return tuple(result)

    def as_value(self, arg: Arg) -> Value:
        if isinstance(arg, Lit):
            return Static(arg.value)
        if isinstance(arg, Seq):
            return TupleV(tuple(self.as_value(item) for item in arg.items))
        return Num(arg)  # type: ignore[arg-type]

    # -- methods ----------------------------------------------------------------------------------------------------------

    def call_method(self, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        from . import special as special_methods
        from .tables import METHODS

        if isinstance(owner, Object) and isinstance(dispatching := classes.raw(owner.cls, name)[0], functools.singledispatchmethod):
            from .functionals import dispatched_method

            return self.call(Static(dispatched_method(self, dispatching, args)), (owner, *args), keywords)
        if isinstance(owner, (Object, Select)) and not self.is_number(owner):
            method = overloads.method_of(self, owner, name, f"has no method {name!r}") if name.startswith("__") and isinstance(owner, Object) \
                else self.attribute(owner, name)
            return self.call(method, args, keywords)
        if isinstance(owner, Generator):
            from .progress import bar_of

            owner = bar_of(self, owner) or owner
        special = METHODS.get((type(owner), name))
        if special is None and isinstance(owner, Lazy):
            special = METHODS.get((Lazy, f"{owner.kind}.{name}"))
        if special is not None:
            return special(self, owner, args, keywords)
        if isinstance(owner, TupleV) and owner.cls is not None and isinstance(function := getattr(owner.cls, name), types.FunctionType):
            return self.call(Static(function), (owner, *args), keywords)
        if isinstance(owner, DictV) and isinstance(function := getattr(owner.cls, name, None), types.FunctionType):
            return self.call(Static(function), (owner, *args), keywords)  # of a Counter
        if name.startswith("__") and isinstance(owner, _VALUES) and (found := special_methods.called(self, owner, name, args, keywords)) is not None:
            return found
        if self.is_number(owner):
            return self.number_method(owner, name, args, keywords)
        if isinstance(owner, Static):
            value = owner.value
            if isinstance(value, (str, bytes, tuple, int, float, dict, frozenset)):
                try:
                    return self.of_python(getattr(value, name)(*(self.known(a) for a in args), **{k: self.known(v) for k, v in keywords.items()}))
                except _NotKnown:
                    from .effects import text_method

                    text = text_method(self, value, name, args, keywords) if isinstance(value, str) else (
                        special_methods.called(self, owner, name, args, keywords))
                    if text is not None:
                        return text
            bound = getattr(value, name)
            return self.call_static(bound, args, keywords)
        if isinstance(owner, Num) and isinstance(type_of(owner.operand), Opaque):
            return self.opaque_method(owner, name, args, keywords)
        self.refuse(f"{describe(owner)} has no method `{name}` here", "it is not known to the compiler", "use a function of NumPy or plain Python")

    def number_method(self, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        if name == "item" and args:
            index = args[0] if len(args) == 1 else TupleV(args)
            whole = owner if isinstance(index, TupleV) or rank(self.type(owner)) == 1 else self.call_row("np.reshape", (owner, Static(-1)), {})
            return self.call_row("rt.item", (self.subscript(whole, index),), {})
        if name == "item" and not args:
            return self.call_row("rt.item", (owner,), {}) if "rt.item" in OPS else self.call_static(float, (owner,), {})
        if name in registry.WRITING_METHODS:
            return writes.call_writer(self, registry.WRITING_METHODS[name], (owner, *args), keywords)
        if name == "tolist":
            return lists.listed(self, owner)
        if name in ("bit_length", "bit_count", "as_integer_ratio") and isinstance(type := self.type(owner), Scalar) and kind(type.dtype) in "iub":
            return Static(getattr(int(self.static(owner, "an integer")), name)())
        if name in methods.COMPOSED:
            function, place = methods.COMPOSED[name]
            return self.call_static(getattr(np, function), (*args[:place], owner, *args[place:]), keywords)
        if name in methods.REFUSED:
            self.refuse(f"the array method `{name}` is called", methods.REFUSED[name], "write it with functions of NumPy")
        if name not in registry.METHODS:
            self.refuse(f"the array method `{name}` is not supported yet", "it has no rule", "use a NumPy function that has one")
        op = methods.WITH_ARGUMENTS.get(name, registry.METHODS[name]) if args or keywords else registry.METHODS[name]
        if name in ("reshape", "transpose") and len(args) != 1:
            args = (TupleV(args),) if args else ()
        return self.call_row(op, (owner, *args), keywords)

    def is_opaque(self, value: Value) -> bool:
        """Whether a value is an object that the compiler cannot look into, and no text."""
        return isinstance(value, Num) and isinstance(of := type_of(value.operand), Opaque) and of.name not in ("str", "bytes")

    def is_declared(self, owner: Value) -> bool:
        """Whether the methods of an object are in the tables of draws and effects: then it may be another one at each call."""
        of = type_of(owner.operand) if isinstance(owner, Num) else None
        return isinstance(of, Opaque) and (of.name in random.SPECIMENS or effect_rules.is_declared(of))

    def opaque_method(self, owner: Num, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """A method of an object that carries no derivative (a random Generator, a string): called once, as it stands."""
        from . import draws, effects

        result = draws.of_object(self, owner, name, args, keywords) or effects.of_object(self, owner, name, args, keywords)
        if result is not None:
            return result
        if self.witness is not None:
            return self.perform_method(owner, name, args, keywords)
        operands = tuple(self.operand(a) for a in args)
        if any(differentiable(type_of(v)) for v in operands):
            self.refuse(f"`{name}` of an object that the compiler does not know is given numbers that may carry a derivative",
                        "what it does with them is not known", "compute the numbers outside of the object")
        self.refuse(f"`{name}` of an object that the compiler does not know", "the type of its result is not known", "call it outside, and pass the result in")


class _NotKnown(Exception):
    pass


def _new_of(cls: type) -> Any:
    """The function `__new__` of a named tuple."""
    new = classes.raw(cls, "__new__")[0]
    return getattr(new, "__func__", new)


def is_code(value: Any) -> bool:
    """Objects that are part of the program rather than of its data: guarded by identity, known at compile time."""
    if value is None or value is Ellipsis or value is NotImplemented or isinstance(value, (bool, str, bytes, type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType,
                                                               types.MethodType, np.ufunc, np.dtype, functools.partial, operator.itemgetter, operator.attrgetter,
                                                               operator.methodcaller)):
        return True
    if custom_rules.declared(value) is not None or _is_compiled(value):
        return True
    if type(value).__module__ in ("numpy", "functools") and callable(value) and not isinstance(value, (np.ndarray, np.generic)):
        return True
    return (hasattr(value, "primal") and hasattr(value, "source_for")) or registry.is_known_object(value)


def _is_compiled(value: Any) -> bool:
    """Whether an object is a function that other compilers have made, or a foreign library has: it has a name, and what calls it is written in C."""
    if not callable(value) or not isinstance(getattr(value, "__name__", None), str):
        return False
    return not isinstance(inspect.getattr_static(type(value), "__call__", None), types.FunctionType)


def own_nodes(function: Any) -> list[Any]:
    """The nodes of a function's own body, without those of functions inside it."""
    return nodes(*(function.body if isinstance(function.body, list) else [function.body]), functions=False)


@functools.lru_cache(maxsize=256)
def names_of(function: ast.FunctionDef | ast.Lambda | Any) -> tuple[frozenset[str], frozenset[str]]:
    """The local names of a function, and those that it declares nonlocal."""
    a = function.args
    local = {p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x))}
    outer: set[str] = set()
    outside: set[str] = set()
    for node in own_nodes(function):
        if node.__class__ is ast.Name:
            if not isinstance(node.ctx, ast.Load):
                local.add(node.id)
        elif isinstance(node, ast.expr):
            pass
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) or (isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name is not None):
            local.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest is not None:
            local.add(node.rest)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            local.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Nonlocal):
            outer.update(node.names)
        elif isinstance(node, ast.Global):
            outside.update(node.names)
    return frozenset(local - outer - outside), frozenset(outer)


__all__ = ["Calls", "Finding", "FrameInfo", "List", "Make", "Refusal", "SliceV", "is_code", "names_of"]
