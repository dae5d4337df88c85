"""Calls: functions with a row become operations, functions with source are executed in place, builtins act on containers.

A function of the user's is executed abstractly at each call, as if its body stood there. A function that is already being
executed (recursion) becomes a call of a function of its own in the generated program (see `recursion`).
"""

from __future__ import annotations

import ast
import contextlib
import functools
import operator
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import MissingRuleError, SourceUnavailableError
from ...ir.build import type_of
from ...ir.nodes import Arg, Lit, Seq
from ...ir.types import Opaque
from ...rules import custom as custom_rules
from ...rules import random, registry
from ...runtime.surgery import adjoint_of
from ...structure import is_plain
from .. import source as sources
from ..execution.machine import Refusal, describe
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
    ListV,
    Manager,
    Method,
    Num,
    Object,
    Partial,
    Select,
    SetV,
    Static,
    TupleV,
    Value,
)
from ..looping import unbound
from ..looping.liveness import liveness
from ..memory import writes
from ..objects import classes, overloads
from . import method_calls, operations
from .frames import HELD, FrameInfo, Frames, names_of, own_nodes
from .method_calls import VALUES, NotKnown

# Classes of context managers that the compiler knows (see `contexts`).
MANAGERS: dict[Any, str] = {
    np.errstate: "errstate", contextlib.suppress: "suppress", contextlib.nullcontext: "null", warnings.catch_warnings: "nothing",
    contextlib._GeneratorContextManager: "generator", adjoint_of: "adjoint"}

# Functions without a row that may be run when the program is compiled: the same arguments give the same value, always.
_PURE = frozenset({abs, ascii, bin, bool, chr, complex, divmod, float, hex, int, issubclass, oct, ord, pow, round})

_IMMUTABLE = (str, bytes, int, float, complex, tuple, frozenset, range, np.dtype)  # a method of such an object depends on nothing else
_LIBRARIES = frozenset({"numpy", "scipy", *sys.stdlib_module_names})  # whose functions the user has not written: errors are at the call


class Calls(Frames):
    """Evaluates calls."""

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

        if not isinstance(owner, VALUES):
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
        from . import declared, functionals, progress, transforms
        from . import special as special_methods
        from .tables import BUILTINS, LAZILY

        if (stated := custom_rules.declared(f)) is not None:
            return declared.call_declared(self, stated, args, keywords)
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
            held = HELD.setdefault(id(value), {name: value})
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
        except NotKnown:
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
        from .declared import template

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
        raise NotKnown

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

    # -- what the tables know -----------------------------------------------------------------------------------------

    def call_row(self, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """Call a function that has a row."""
        return operations.call_row(self, name, args, keywords)

    def as_array(self, value: Value) -> Value:
        return operations.as_array(self, value)

    def as_arrays(self, name: str, value: Value) -> Value:
        """A list or tuple that holds floats, as the array that NumPy makes of it; for what joins arrays, its lists and tuples as arrays."""
        return operations.as_arrays(self, name, value)

    def row_operand(self, value: Value) -> Arg:
        return operations.row_operand(self, value)

    def make_static(self, name: str, args: tuple[Arg, ...]) -> tuple[Arg, ...]:
        """Parameters whose value the row has to know (an axis, say)."""
        return operations.make_static(self, name, args)

    def as_value(self, arg: Arg) -> Value:
        return operations.as_value(self, arg)

    def check_cast(self, owner: Value, value: Arg, node: ast.AST | None) -> None:
        raise NotImplementedError

    def set_item(self, owner: Value, index: Value, value: Value, node: ast.expr) -> None:
        raise NotImplementedError

    def call_method(self, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        return method_calls.call_method(self, owner, name, args, keywords)

    def number_method(self, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        return method_calls.number_method(self, owner, name, args, keywords)

    def is_opaque(self, value: Value) -> bool:
        """Whether a value is an object that the compiler cannot look into, and no text."""
        return method_calls.is_opaque(self, value)

    def is_declared(self, owner: Value) -> bool:
        """Whether the methods of an object are in the tables of draws and effects: then it may be another one at each call."""
        return method_calls.is_declared(self, owner)


def _new_of(cls: type) -> Any:
    """The function `__new__` of a named tuple."""
    new = classes.raw(cls, "__new__")[0]
    return getattr(new, "__func__", new)


__all__ = ["Calls"]
