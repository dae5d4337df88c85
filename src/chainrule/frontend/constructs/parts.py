"""Parts of values: subscripts and attributes."""

from __future__ import annotations

import ast
import inspect
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.build import type_of
from ...ir.nodes import Arg, Lit, Seq, Var
from ...ir.types import Array, Scalar, kind
from ...rules import registry
from ...rules.structure import infer_index, is_basic
from ..containers import mappings
from ..execution.machine import NeedStatic, Refusal, describe
from ..execution.values import (
    Closure,
    DictV,
    Items,
    ListV,
    Method,
    Num,
    Range,
    Ref,
    Select,
    SliceV,
    Static,
    Step,
    TupleV,
    Value,
)
from ..memory import views
from .evaluation import Evaluation, is_opaque

_SAFE = {"<", "<=", ">", ">=", "==", "!=", "not", "neg", "+", "-", "*", "abs", "and", "or", "len", "is", "is not"}


class Parts(Evaluation):
    """Reads items, elements and attributes."""


    # -- subscripts --------------------------------------------------------------------------------------------

    def eval_Slice(self, node: ast.Slice) -> Value:
        parts = [Static(None) if n is None else self.eval(n) for n in (node.lower, node.upper, node.step)]
        return SliceV(parts[0], parts[1], parts[2])

    def eval_Subscript(self, node: ast.Subscript) -> Value:
        base = self.eval(node.value)
        index = self.eval(node.slice)
        self.node = node
        return self.subscript(base, index)

    def subscript(self, base: Value, index: Value) -> Value:
        base = views.unrolled(base)
        if isinstance(base, (Ref,)):
            return self.element(base, self.operand(index))
        if isinstance(base, Select):
            if isinstance(base.then, Ref) and isinstance(base.orelse, Ref):
                argument = self.operand(index)
                array = self.operand(base)
                if isinstance(infer_index(array, argument), Array) and is_basic(argument) and not views.is_flat(base.then):
                    step = Step("index", argument)
                    then, orelse = (Ref(side.slot, (*side.path, step)) for side in (base.then, base.orelse))
                    return Select(base.condition, then, orelse)
                return self.wrap(self.b.emit("index", array, argument))
            return self.choose(base.condition, lambda: self.subscript(base.then, index), lambda: self.subscript(base.orelse, index))
        if isinstance(base, TupleV):
            return self.pick(base.items, index, lambda items: TupleV(items))
        if isinstance(base, ListV):
            contents = self.state.heap[base.slot]
            if isinstance(contents, Items):
                return self.pick(contents.items, index, lambda items: ListV(self.new(Items(items))))
            argument = self.operand(index)
            if isinstance(index, SliceV):
                return ListV(self.new(self.b.emit("list_slice", self.operand(base), argument)))
            return self.call_op("list_item", (self.operand(base), argument), (base,))
        if isinstance(base, DictV):
            return mappings.looked_up(self, base, index)  # type: ignore[arg-type]
        if isinstance(base, Range):
            if isinstance(index, SliceV):
                return self.range_slice(base, index)
            if not (isinstance(index, Static) and index.value >= 0):
                index = self.range_index(base, index)
            return self.call_op("+", (base.start, self.b.emit("*", base.step, self.operand(index))))
        if isinstance(base, Static) and (joined := self.joined(base.value, index)) is not None:
            return joined
        if isinstance(base, Static) and isinstance(index, (Static, TupleV, SliceV)):
            try:
                return self.constant(base.value[self.static_index(index)])
            except Refusal:
                raise
            except NeedStatic:
                raise
            except IndexError as error:
                self.fail(IndexError, Static(str(error)))
            except Exception:
                pass
        if isinstance(base, Num):
            type = type_of(base.operand)
            if isinstance(type, Array):
                return self.wrap(self.b.emit("index", base.operand, self.operand(index)))
            if self.witness is not None and is_opaque(base):
                return self.perform(Static(operator.getitem), (base, index), {})
            return Num(self.b.emit("index", base.operand, self.operand(index)))
        self.refuse(f"{describe(base)} is indexed", "it has no items that the compiler knows", "use an array, list, tuple or dictionary")

    def in_range(self, item: Value, container: Range) -> Value:
        """`item in range(...)`."""
        start, stop, step = (self.wrap(b) for b in (container.start, container.stop, container.step))
        step_value = self.static(step, "the step of a range")
        first, last = (start, stop) if step_value > 0 else (stop, start)
        below, above = ("<=", "<") if step_value > 0 else ("<", "<=")
        inside = self.both(self.compare(below, first, item), lambda: self.compare(above, item, last), is_and=True)
        if step_value in (1, -1) and isinstance(of := self.type(item), Scalar) and of.dtype in ("int64", "bool"):
            return inside
        return self.both(inside, lambda: self.compare("==", self.binary("%", self.binary("-", item, start), step), Static(0)), is_and=True)

    def range_index(self, base: Range, index: Value) -> Value:
        """An index of a range that may count from its end."""
        length = self.call_static(len, (base,), {})
        if isinstance(index, Static):
            return self.binary("+", length, index)
        return self.choose(self.condition(self.compare("<", index, Static(0))), lambda: self.binary("+", index, length), lambda: index)

    def range_slice(self, base: Range, index: SliceV) -> Value:
        """`range(...)[a:b:c]`, of a range that is known, or the whole of it turned round."""
        bounds = (base.start, base.stop, base.step)
        if all(isinstance(b, Lit) for b in bounds):
            found = range(*(b.value for b in bounds if isinstance(b, Lit)))[self.static_index(index)]
            return Range(Lit(found.start), Lit(found.stop), Lit(found.step))
        start, stop, step = (self.static(p, "an index") for p in (index.start, index.stop, index.step))

        def at(n: Arg) -> Arg:
            return self.b.emit("+", base.start, self.b.emit("*", n, base.step))

        length = self.operand(self.call_static(len, (base,), {}))
        if (start, stop, step) == (None, None, -1):
            return Range(at(self.b.emit("-", length, 1)), at(Lit(-1)), self.b.emit("neg", base.step))
        if stop is None and step in (None, 1) and start >= 0:
            first = self.b.emit("min", Seq((Lit(start), length)))
            return Range(at(first), base.stop, base.step)
        if start is None and step in (None, 1):
            last = self.b.emit("min", Seq((Lit(stop), length))) if stop >= 0 else self.b.emit("max", Seq((self.b.emit("+", length, stop), Lit(0))))
            return Range(base.start, at(last), base.step)
        self.refuse("this slice of a range", "its bounds are only known when the program runs", "write the range itself")

    def static_index(self, index: Value) -> Any:
        if isinstance(index, SliceV):
            return slice(*(self.static(p, "an index") for p in (index.start, index.stop, index.step)))
        return self.static(index, "an index")

    def constant(self, value: Any) -> Value:
        """A Python object that is known at compile time, as a value."""
        return Static(value)

    def element(self, base: Ref, index: Arg) -> Value:
        """`base[index]`: a number, a view, or (for masks and integer arrays) a new array."""
        array = self.read(base)
        type = infer_index(array, index)
        if views.is_flat(base):
            return self.wrap(self.b.emit("index", array, index))
        if isinstance(type, Array) and type.shape is not None and is_basic(index):
            return Ref(base.slot, (*base.path, Step("index", index)))
        if isinstance(type, Array) and type.shape is None and is_basic(index):
            return self.wrap(self.b.emit("index", array, index), shares=(base,))
        return self.wrap(self.b.emit("index", array, index))

    def pick(self, items: tuple[Value, ...], index: Value, make: Callable[[tuple[Value, ...]], Value]) -> Value:
        """`items[index]` of a tuple or list that the compiler knows."""
        if isinstance(index, SliceV):
            return make(items[self.static_index(index)])
        if isinstance(index, Num) and isinstance(index.operand, Var) and not self.sources(index.operand):
            return self.pick_dynamic(items, index)
        number = self.static(index, "an index into a tuple or a list")
        try:
            item: Value = items[number]
            return item
        except IndexError:
            self.fail(IndexError, Static("list index out of range"))

    # -- attributes ----------------------------------------------------------------------------------------------

    def eval_Attribute(self, node: ast.Attribute) -> Value:
        owner = self.eval(node.value)
        self.node = node
        return self.attribute(owner, self.private(node.attr))

    def private(self, name: str) -> str:
        """An attribute's name as it is called inside the class that the function stands in."""
        return name

    def attribute(self, owner: Value, name: str) -> Value:
        if isinstance(owner, Static):
            return self.static_attribute(owner.value, name)
        if isinstance(owner, TupleV) and owner.cls is not None and name in owner.cls._fields:  # type: ignore[attr-defined]
            return owner.items[owner.cls._fields.index(name)]  # type: ignore[attr-defined]
        if isinstance(owner, TupleV) and owner.cls is not None and name not in ("_replace", "_asdict", "index", "count"):
            found = inspect.getattr_static(owner.cls, name, None)
            if isinstance(found, property) and found.fget is not None:
                return self.call(Static(found.fget), (owner,), {})
            return Method(owner, name) if isinstance(found, types.FunctionType) else self.static_attribute(owner.cls, name)
        if isinstance(owner, ListV) and name == "maxlen":
            return Static(owner.maxlen)
        if isinstance(owner, SliceV) and name in ("start", "stop", "step"):
            return getattr(owner, name)  # type: ignore[no-any-return]
        if isinstance(owner, Range) and name in ("start", "stop", "step"):
            return self.wrap(getattr(owner, name))
        if isinstance(owner, Select) and not (isinstance(owner.then, Ref) and isinstance(owner.orelse, Ref)):
            if not self.is_number(owner):
                return self.choose(owner.condition, lambda: self.attribute(owner.then, name), lambda: self.attribute(owner.orelse, name))
        if self.is_number(owner):
            return self.number_attribute(owner, name)
        if isinstance(owner, Closure) and name == "__name__":
            if owner.node in self.renamed:
                self.refuse("`__name__` of a function behind functools.wraps", "it is that of the function that it stands for", "name it with a string")
            return Static("<lambda>" if isinstance(owner.node, ast.Lambda) else owner.node.name)
        if is_opaque(owner) and self.is_data_of(owner, name):
            return self.perform(Static(getattr), (owner, Static(name)), {})
        return self.method(owner, name)

    def method(self, owner: Value, name: str) -> Value:
        """A method of a value of a builtin class or of NumPy's."""
        raise NotImplementedError

    def is_number(self, value: Value) -> bool:
        if isinstance(value, Select):
            return self.is_number(value.then) and self.is_number(value.orelse)
        return isinstance(value, Ref) or (isinstance(value, Num) and isinstance(type_of(value.operand), (Scalar, Array)))

    def number_attribute(self, owner: Value, name: str) -> Value:
        operand = self.operand(owner)
        type = type_of(operand)
        if name == "shape":
            return self.shape(owner)
        if name == "ndim" and isinstance(type, (Scalar, Array)):
            return Static(0) if isinstance(type, Scalar) else Static(len(type.shape)) if type.shape is not None else self.call_op("np.ndim", (operand,))
        if name == "dtype" and isinstance(type, (Scalar, Array)):
            return Static(np.dtype(type.dtype))
        if name == "itemsize" and isinstance(type, (Scalar, Array)):
            return Static(np.dtype(type.dtype).itemsize)
        if name == "nbytes" and isinstance(type, (Scalar, Array)):
            return self.binary("*", self.attribute(owner, "size"), Static(np.dtype(type.dtype).itemsize))
        if name in ("flags", "strides"):
            self.refuse(f"`{name}` of an array", "arrays of the generated program may lie otherwise in memory", "ask for them outside")
        if name == "T":
            return self.transposed(owner, None)
        if name in ("numerator", "denominator") and isinstance(type, Scalar) and kind(type.dtype) in "iub":
            return owner if name == "numerator" else Static(1)
        if name == "real" and isinstance(type, (Scalar, Array)) and np.dtype(type.dtype).kind != "c":
            return owner
        view = views.attribute(self, owner, name)  # type: ignore[arg-type]
        if view is not None:
            return view
        if name in registry.ATTRIBUTES and registry.ATTRIBUTES[name] != "static":
            return self.call_op(registry.ATTRIBUTES[name], registry.bind(registry.ATTRIBUTES[name], (operand,), {}), (owner,))
        return self.method(owner, name)

    def shape(self, owner: Value) -> Value:
        operand = self.operand(owner)
        type = type_of(operand)
        if isinstance(type, Scalar):
            return TupleV(())
        assert isinstance(type, Array)
        whole = self.b.emit("np.shape", operand)
        if type.shape is None:
            return Num(whole)
        items = tuple(Static(e) if isinstance(e, int) else Num(self.b.emit("item", whole, n, type=Scalar("int64", True, e)))
                      for n, e in enumerate(type.shape))
        return TupleV(items, whole=whole)

    def transposed(self, owner: Value, axes: Any) -> Value:
        if isinstance(owner, Select):
            return Select(owner.condition, self.transposed(owner.then, axes), self.transposed(owner.orelse, axes))
        if isinstance(owner, Ref):
            return Ref(owner.slot, (*owner.path, Step("T", Lit(axes))))
        return owner


__all__ = ["Parts"]
