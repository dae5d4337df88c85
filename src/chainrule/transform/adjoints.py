"""Contributions -> adjoints: which value is the adjoint of a Var at a point of the reverse sweep.

    y_bar                       # first contribution to x: x_bar is y_bar * z
    x_bar = y_bar * z
    x_bar = accum(x_bar, w_bar) # second contribution

The first contribution defines an adjoint, later ones add. A *thin* adjoint has a smaller shape than its Var and stands
for its broadcast (the adjoint of x in sum(x) is the number 1.0); it is made full when somebody needs its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..ir.build import Builder, as_arg, type_of
from ..ir.nodes import Arg, Lit, Operand, Seq, Slice, Span, Var
from ..ir.types import Array, List, Scalar, Tuple, Type, differentiable, is_number, kind, rank, same_shape, shape
from ..rules.indexing import write_part


@dataclass(frozen=True)
class Bar:
    """The adjoint of a Var so far.

    For a Var of type Tuple the adjoints of its items stand in `parts`. erased: the part of `value` that this path leads to still
    has to be made zero. That is done when the adjoint is next used, and not before: what was read from that part can then
    be a view for as long as it lives. waiting: contributions to parts, while there is none to the whole: if one comes, it defines
    the adjoint and they are added to it; otherwise they are added to zeros.
    """

    value: Operand
    thin: bool = False
    parts: tuple[Bar | None, ...] | None = None
    erased: Arg | None = None
    waiting: tuple[tuple[str, tuple[Arg, ...], Span | None], ...] = ()


_LONG = {"float128": "longdouble", "float96": "longdouble", "complex256": "clongdouble", "complex192": "clongdouble"}  # names that all platforms have


class Adjoints:
    """The adjoints in the block of the reverse sweep that is being made, and the ways to change them.

    like(var): some operand with the shape and dtype of a primal Var.
    """

    def __init__(self, b: Builder, active: frozenset[Var], like: Callable[[Var], Operand]) -> None:
        self.b = b
        self.active = active
        self.like = like
        self.bars: dict[Var, Bar] = {}
        self.names: dict[Var, str] = {}

    # -- contributions ---------------------------------------------------------------------------------

    def add(self, var: Arg, g: Operand, *, negative: bool = False) -> None:
        """Add g to the adjoint of var; subtract it if negative. Nothing happens where no adjoint is wanted."""
        if not isinstance(var, Var) or var not in self.active:
            return
        if isinstance(var.type, Tuple):
            self._add_tuple(var, g, negative)
            return
        g = self.fit(g, var)
        held = self.bars.get(var)
        if held is not None and held.waiting:
            whole = self.full(var, Bar(g, is_thin(g, var)))
            self.set(var, Bar(self._with_parts(self.negated(whole, var) if negative else whole, held, var)))
            return
        old = self.settled(var)
        if old is None:
            if negative:
                g = self.negated(g, var)
            self.set(var, Bar(g, is_thin(g, var)))
        else:
            minus = self.b.made.get(g) if isinstance(g, Var) else None
            if minus is not None and minus.op == "neg" and is_number(var.type):
                g, negative = minus.args[0], not negative  # type: ignore[assignment]
            total, thin = self._sum(var, old, Bar(g, is_thin(g, var)), negative)
            self.set(var, Bar(total, thin))

    def set(self, var: Var, bar: Bar) -> None:
        """Replace the adjoint of var."""
        self.bars[var] = bar
        hint = _hint(var)
        if hint is not None and isinstance(bar.value, Var) and bar.value.hint is None:
            self.names.setdefault(bar.value, hint)

    def add_at(self, var: Arg, path: Arg, g: Operand, *, negative: bool = False) -> None:
        """Add g to the part of the adjoint of var that a path leads to."""
        if not isinstance(var, Var) or var not in self.active:
            return
        if rank(var.type) == 0:  # its part is all of it, and it may be a number, into which nothing can be written
            self.add(var, g, negative=negative)
            return
        minus = self.b.made.get(g) if isinstance(g, Var) else None
        if minus is not None and minus.op == "neg":
            g, negative = minus.args[0], not negative  # type: ignore[assignment]
        self.update(var, "sub_at" if negative else "add_at", path, g)

    def update(self, var: Var, op: str, *args: Arg) -> None:
        """Add to parts of the adjoint of var, by an operation that takes the adjoint and these arguments."""
        old = self.bars.get(var)
        if isinstance(var.type, Array) and (old is None or old.waiting):
            self.bars[var] = Bar(Lit(None), waiting=(*(old.waiting if old is not None else ()), (op, args, self.b.span)))
            return
        base = self.zeros(var) if old is None else self.full(var, old)
        self.set(var, Bar(self.b.emit(op, base, *args, hint=_hint(var))))

    def _with_parts(self, total: Operand, bar: Bar, var: Var) -> Operand:
        """total, and the contributions to its parts that were waiting."""
        here = self.b.span
        for op, args, span in bar.waiting:
            self.b.span = span
            total = self.b.emit(op, total, *args, hint=_hint(var))
        self.b.span = here
        return total

    def flush(self) -> None:
        """Let no contribution wait any longer: a block begins that may read or change any adjoint."""
        for var in [v for v, bar in self.bars.items() if bar.waiting]:
            self.settled(var)

    def add_to_list(self, var: Var, index: Arg, g: Operand) -> None:
        """Add g to one element of the adjoint of a list whose length is not known."""
        old = self.bars.get(var)
        base = self.zeros(var) if old is None else self.full(var, old)
        item = self.b.emit("list_item", base, index)
        type = type_of(item)
        total = self.b.emit("rt.add_lists", item, g, type=type) if isinstance(type, (Tuple, List)) else self.b.emit("+", item, g)
        self.set(var, Bar(self.b.emit("list_set", base, index, total, hint=_hint(var))))

    def erase(self, var: Arg, path: Arg, g: Operand) -> None:
        """Add g, with zero in the part that a path leads to, to the adjoint of var."""
        if isinstance(var, Var) and var in self.active and var not in self.bars and not is_thin(g, var):
            self.set(var, Bar(g, erased=path))
        else:
            self.add(var, write_part(self.b, "store", g, path, Lit(0.0)))

    def settled(self, var: Var) -> Bar | None:
        """The adjoint of var, nothing left to be erased."""
        bar = self.bars.get(var)
        if bar is not None and (bar.erased is not None or bar.waiting):
            bar = Bar(self.full(var, bar))
            self.set(var, bar)
        return bar

    def pop(self, var: Var) -> Bar | None:
        """The adjoint of var, which is forgotten."""
        bar = self.settled(var)
        self.bars.pop(var, None)
        return bar

    def negated(self, g: Operand, var: Var) -> Operand:
        made = self.b.made.get(g) if isinstance(g, Var) else None
        if made is not None and made.op == "neg":
            return made.args[0]  # type: ignore[return-value]
        return self.b.emit("neg", g, hint=_hint(var))

    def add_item(self, var: Arg, k: int, g: Operand, *, thin: bool = False) -> None:
        """Add g to the adjoint of item k of a tuple."""
        if not isinstance(var, Var) or var not in self.active:
            return
        assert isinstance(var.type, Tuple)
        type = var.type.items[k]
        if not differentiable(type):
            return
        parts = self.parts(var, self.bars.get(var))
        part = parts[k]
        if part is None:
            parts[k] = Bar(g, thin)
        elif isinstance(type, (Tuple, List)):
            parts[k] = Bar(self.b.emit("rt.add_lists", part.value, g))
        else:
            total = self.b.emit("accum", part.value, g) if not part.thin and not _widens(part.value, g) else self.b.emit("+", g, part.value)
            parts[k] = Bar(total, part.thin and thin)
        self.bars[var] = Bar(Lit(None), parts=tuple(parts))

    def _add_tuple(self, var: Var, g: Operand, negative: bool) -> None:
        assert isinstance(var.type, Tuple) and not negative
        for k, type in enumerate(var.type.items):
            if differentiable(type):
                self.add_item(var, k, self.b.emit("item", g, k))

    def bar(self, var: Var, value: Operand) -> Bar:
        """A full adjoint of var; that of a tuple, taken apart."""
        if not isinstance(var.type, Tuple):
            return Bar(value)
        parts = [Bar(self.b.emit("item", value, k)) if differentiable(type) else None for k, type in enumerate(var.type.items)]
        return Bar(Lit(None), parts=tuple(parts))

    def _sum(self, var: Var, old: Bar, new: Bar, negative: bool) -> tuple[Operand, bool]:
        """old + new (or old - new), and whether it is thin."""
        hint = _hint(var)
        if isinstance(var.type, List):
            return self.b.emit("rt.add_lists", old.value, new.value, hint=hint), False
        if _is_zero(old.value) and not new.thin:
            return (self.negated(new.value, var) if negative else new.value), False
        if old.thin and new.thin and shape(type_of(old.value)) != shape(type_of(new.value)):
            total = self.b.emit("-" if negative else "+", old.value, new.value, hint=hint)
            return total, is_thin(total, var)
        if _widens(old.value, new.value):
            total = self.b.emit("-" if negative else "+", old.value, new.value, hint=hint)
            return total, is_thin(total, var)
        if old.thin and not new.thin:
            if negative:
                return self.b.emit("-", old.value, new.value, hint=hint), False
            return self.b.emit("accum", new.value, old.value, hint=hint), False
        return self.b.emit("accum_neg" if negative else "accum", old.value, new.value, hint=hint), old.thin and new.thin

    # -- shapes and types ------------------------------------------------------------------------------

    def fit(self, g: Operand, var: Var) -> Operand:
        """g with the shape and dtype of var, or thin: summed over the axes along which var was broadcast."""
        return self._cast(self._unbroadcast(g, var), var)

    def _unbroadcast(self, g: Operand, var: Var) -> Operand:
        want, have = shape(var.type), shape(type_of(g))
        if isinstance(var.type, (Tuple, List)) or (same_shape(var.type, type_of(g)) and not isinstance(var.type, Scalar)):
            return g
        if isinstance(var.type, Scalar):
            if have == ():  # an array without axes could be written into where a number is computed in place
                return self.b.emit("index", g, Lit(())) if isinstance(type_of(g), Array) else g
            return self.b.emit("np.sum", g)
        if have == ():
            return g
        if want is None or have is None:
            return self.b.emit("rt.unbroadcast", g, self.like(var), type=_of_dtype(var.type, type_of(g)))
        extra = len(have) - len(want)
        if extra > 0:
            g = self.b.emit("np.sum", g, axes(tuple(range(extra))))
            have = have[extra:]
        tail = want[len(want) - len(have):]
        if any(w != h and w != 1 and h != 1 for w, h in zip(tail, have)):
            return self.b.emit("rt.unbroadcast", g, self.like(var), type=_of_dtype(var.type, type_of(g)))
        ones = tuple(axis for axis, (w, h) in enumerate(zip(tail, have)) if w == 1 and h != 1)
        if ones:
            g = self._sum_keeping(g, ones)
        return g

    def _sum_keeping(self, g: Operand, ones: tuple[int, ...]) -> Operand:
        """Sum over some axes that stay, with extent 1."""
        total = self.b.emit("np.sum", g, axes(ones))
        rank = len(shape(type_of(g)) or ())
        index = tuple(Lit(None) if axis in ones else Slice(Lit(None), Lit(None), Lit(None)) for axis in range(rank))
        while index and isinstance(index[-1], Slice):
            index = index[:-1]
        return self.b.emit("index", total, Seq(index))

    def _cast(self, g: Operand, var: Var) -> Operand:
        """g with a dtype that the dtype of var holds, and such that a sum with an adjoint of var keeps the dtype of that."""
        type, have = var.type, type_of(g)
        if not isinstance(type, (Scalar, Array)) or not isinstance(have, (Scalar, Array)) or have.dtype == type.dtype:
            return g
        if kind(have.dtype) in "biu" and isinstance(have, Scalar) and have.weak:  # Python's integers add up; NumPy's booleans do not
            return Lit(float(g.value)) if isinstance(g, Lit) else g
        if kind(have.dtype) == "c" and kind(type.dtype) == "f":
            g = self.b.emit("np.real", g)
            have = type_of(g)
        if isinstance(have, Array):
            return g if have.dtype == type.dtype else self.b.emit("astype", g, Lit(type.dtype))
        if not isinstance(have, Scalar) or have.weak or have.dtype == type.dtype:
            return g
        if isinstance(type, Scalar) and not type.weak:
            return self.b.emit(f"np.{_LONG.get(type.dtype, type.dtype)}", g)
        plain = "complex" if kind(have.dtype) == "c" else "float"  # Python's numbers do not promote
        return Lit(complex(g.value) if plain == "complex" else float(g.value)) if isinstance(g, Lit) else self.b.emit(plain, g)

    def full(self, var: Var, bar: Bar) -> Operand:
        """The adjoint with the shape of its Var."""
        if bar.parts is not None:
            assert isinstance(var.type, Tuple)
            return self.b.emit("tuple", Seq(tuple(self._part(var, k, part) for k, part in enumerate(bar.parts))))
        if bar.waiting:
            here, self.b.span = self.b.span, bar.waiting[0][2]
            zeros = self.zeros(var)
            self.b.span = here
            return self._with_parts(zeros, bar, var)
        if bar.erased is not None:
            return write_part(self.b, "store", bar.value, bar.erased, Lit(0.0), _hint(var))
        if not bar.thin:
            return bar.value
        return self.b.emit("np.full_like", self.like(var), bar.value, hint=_hint(var))

    def leaves(self, var: Var, bar: Bar) -> tuple[Operand, ...]:
        """The full adjoints of a value: of the differentiable items of a tuple, or the only one."""
        if not isinstance(var.type, Tuple):
            return (self.full(var, bar),)
        parts = ((self._part(var, k, part), var.type.items[k]) for k, part in enumerate(self.parts(var, bar)))
        return tuple(leaf for part, type in parts for leaf in self._taken_apart(part, type))

    def _taken_apart(self, value: Operand, type: Type) -> Iterator[Operand]:
        """The differentiable leaves of a value that may be a tuple of tuples."""
        if isinstance(type, Tuple):
            for k, item in enumerate(type.items):
                if differentiable(item):
                    yield from self._taken_apart(self.b.emit("item", value, k), item)
        elif differentiable(type):
            yield value

    def parts(self, var: Var, bar: Bar | None) -> list[Bar | None]:
        """The adjoints of the items of a tuple, also where a branch or a loop has made one value of them."""
        assert isinstance(var.type, Tuple)
        if bar is None or bar.parts is not None:
            return [None] * len(var.type.items) if bar is None else list(bar.parts or ())
        return [Bar(self.b.emit("item", bar.value, k)) if differentiable(type) else None for k, type in enumerate(var.type.items)]

    def _part(self, var: Var, k: int, part: Bar | None) -> Operand:
        assert isinstance(var.type, Tuple)
        type = var.type.items[k]
        if isinstance(type, Scalar) or not differentiable(type):
            return part.value if part is not None else Lit(0.0)
        if part is not None and not part.thin:
            return part.value
        item = self.b.emit("item", self.like(var), k)
        if isinstance(type, (Tuple, List)):
            return self.b.emit("rt.zeros_like", item, type=type)
        return self.b.emit("np.zeros_like", item) if part is None else self.b.emit("np.full_like", item, part.value)

    def zeros(self, var: Var) -> Operand:
        """The adjoint of a Var to which nothing contributes."""
        if isinstance(var.type, Scalar):
            return Lit(0.0)
        if isinstance(var.type, Tuple):
            return self.full(var, Bar(Lit(None), parts=(None,) * len(var.type.items)))
        if isinstance(var.type, List):
            return self.b.emit("rt.zeros_like", self.like(var), type=var.type, hint=_hint(var))
        return self.b.emit("np.zeros_like", self.like(var), hint=_hint(var))

    def take(self, var: Var) -> Operand:
        """The full adjoint of a Var, which is forgotten; zeros if there is none."""
        bar = self.bars.pop(var, None)
        return self.zeros(var) if bar is None else self.full(var, bar)


def _widens(total: Operand, value: Operand) -> bool:
    """Whether a number becomes complex when another one is added to it."""
    have, more = type_of(total), type_of(value)
    return isinstance(have, Scalar) and isinstance(more, (Scalar, Array)) and kind(have.dtype) != "c" and kind(more.dtype) == "c"


def _of_dtype(type: Type, like: Type) -> Type:
    """An array's type with the dtype of another one."""
    return Array(like.dtype, type.shape) if isinstance(type, Array) and isinstance(like, (Array, Scalar)) else type


def is_thin(g: Operand, var: Var) -> bool:
    """Whether g, which fits var, has a smaller shape."""
    return isinstance(var.type, Array) and shape(type_of(g)) != shape(var.type) and not (
        isinstance(type_of(g), Array) and shape(type_of(g)) is None)


def axes(numbers: tuple[int, ...]) -> Arg:
    """An axis argument: a number, or a tuple of several."""
    return Lit(numbers[0]) if len(numbers) == 1 else Lit(numbers)


def bar_type(type: Type) -> Type:
    """The type of a carried adjoint."""
    return Scalar(type.dtype, type.weak) if isinstance(type, Scalar) else type


def _is_zero(value: Operand) -> bool:
    return isinstance(value, Lit) and isinstance(value.value, float) and value.value == 0.0


def _hint(var: Var) -> str | None:
    return None if var.hint is None else f"{var.hint}_bar"


__all__ = ["Adjoints", "Bar", "as_arg", "bar_type", "is_thin"]
