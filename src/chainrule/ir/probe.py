"""Types of results, found by trying the operation on small arrays.

NumPy itself knows best which dtype and shape a call gives, so it is asked: each symbolic extent gets
a small size of its own, the operation runs on arrays of these sizes, and the sizes of the result are
read back as symbols. Two runs with different sizes must agree; what they leave open becomes a new symbol
or, if the operation cannot be tried, an array of unknown shape. Where numbers meet symbols (the nine weights of a filter and the
n samples of a signal), further runs see to it that either is the larger one once: the length of the result may be that of the longer
one, or of the shorter one.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..structure import made
from .nodes import Arg, Lit, Make, Seq, Slice, Var
from .ops import Op
from .types import OBJECT, Array, Dim, Extent, List, Opaque, Scalar, Tuple, Type, join, renew, unknown_extent

# Sizes of symbols in the two trials. Far enough apart that a sum or difference of sizes and small numbers is not another size.
# What is the smaller one in the first trial is the larger one in the second: the length of a diagonal is neither.
_SIZES = ((5, 11, 23, 37, 53, 71, 97), (7, 16, 29, 45, 64, 83, 107))
_FROM = 3  # numbers that are compared with sizes: no array has a symbolic extent of 1, and 0 and 2 are left alone
_LARGEST = 64  # of them up to which trials are run: beyond, the arrays of a trial would take long
_LONGEST = 1000  # of them for which arrays are made longer, where an operation fails on short ones
_NUMBER = "a number"  # in an assignment of sizes: the value of integers of which nothing is known
_ALIKE = 3
_SIZE = "a size"  # another one than that
_cache: dict[Any, Type] = {}


class CannotProbe(Exception):
    """The operation failed on every trial: most likely it fails for the user's values, too."""


def type_of(arg: Arg) -> Type:
    """The type of an argument."""
    if isinstance(arg, Var):
        return arg.type
    if isinstance(arg, Lit):
        return literal_type(arg.value)
    if isinstance(arg, Seq):
        return Tuple(tuple(type_of(item) for item in arg.items))
    return OBJECT


def literal_type(value: Any) -> Type:
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return Scalar(str(value.dtype))
    if isinstance(value, bool):
        return Scalar("bool", weak=True)
    if isinstance(value, int):
        return Scalar("int64", weak=True, extent=value)
    if isinstance(value, float):
        return Scalar("float64", weak=True)
    if isinstance(value, complex):
        return Scalar("complex128", weak=True)
    if isinstance(value, tuple):
        return Tuple(tuple(literal_type(item) for item in value))
    return Opaque(type(value).__name__)


def probe(op: Op, args: tuple[Arg, ...]) -> Type:
    """The type of `op(*args)`, by trying it."""
    key = (op.name, tuple(_key(arg) for arg in args))
    try:
        cached = _cache.get(key)
    except TypeError:
        return _probe_classes(op, args)
    if cached is None:
        cached = _cache[key] = _probe_classes(op, args)
    return renew(cached)


def _probe_classes(op: Op, args: tuple[Arg, ...]) -> Type:
    """A number of Python on one path and of NumPy on another one may give a result of either class."""
    if not any(_is_mixed(arg) for arg in args):
        return _probe(op, args)
    one, two = (_probe(op, tuple(_of_class(arg, weak) for arg in args)) for weak in (True, False))
    joined = join(one, two)
    return _probe(op, args) if joined is None else joined


def _is_mixed(arg: Arg) -> bool:
    return isinstance(arg, Var) and isinstance(arg.type, Scalar) and arg.type.mixed


def _of_class(arg: Arg, weak: bool) -> Arg:
    if isinstance(arg, Var) and isinstance(arg.type, Scalar) and arg.type.mixed:
        return Var(Scalar(arg.type.dtype, weak and arg.type.dtype in ("bool", "int64", "float64", "complex128"), arg.type.extent))
    return arg


def _probe(op: Op, args: tuple[Arg, ...]) -> Type:
    symbols = sorted({name for arg in args for name in _symbols(arg)})
    if _shapeless(args) or len(symbols) > len(_SIZES[0]):
        sizes: list[dict[str, int]] = [dict.fromkeys(symbols, 1)]
        results = _run(op, args, sizes)
        return _forget_shape(result_type(results[0], {}))
    sizes = [{**dict(zip(symbols if k == 0 else symbols[::-1], row)), _NUMBER: 2 + k} for k, row in enumerate(_SIZES)]
    try:
        try:
            first, second = _run(op, args, sizes)
        except CannotProbe:  # perhaps an array must be longer than a number says: `np.partition(x, 9)`
            more = max((n for arg in args for n in _numbers(arg) if n <= _LONGEST), default=0)
            if not symbols or not more:
                raise
            sizes = [{name: size if name == _NUMBER else size + more for name, size in row.items()} for row in sizes]
            first, second = _run(op, args, sizes)
    except CannotProbe:  # perhaps extents that must agree have different symbols: try with all of them equal
        try:
            alike = _alike(op, args, symbols)
        except CannotProbe:  # or an integer has to be 1
            sizes = [dict(zip(symbols if k == 0 else symbols[::-1], row)) for k, row in enumerate(_SIZES)]
            first, second = _run(op, args, sizes)
            return _agree(_open(result_type(first, {})), _open(result_type(second, {})))
        return _open(result_type(alike, {}))
    found = _agree(result_type(first, _names(args, sizes[0])), result_type(second, _names(args, sizes[1])))
    return _compared(op, args, symbols, found)


def _compared(op: Op, args: tuple[Arg, ...], symbols: list[str], found: Type) -> Type:
    """What holds of the result whether the symbols are smaller or larger than the numbers among the extents."""
    if not symbols or not list(_type_extents(found)):
        return found
    if any(isinstance(e, int) and e > _LARGEST for arg in args for t in _types(arg) for e in _type_extents(t)):
        return _open(found)
    numbers = {e for arg in args for e in _numbers(arg) if _FROM <= e <= _LARGEST}
    if not numbers:
        return found
    larger = dict(zip(symbols, (size + max(numbers) for size in _SIZES[0])))
    for sizes in (larger, *({**larger, symbol: _FROM - 1} for symbol in symbols)):
        try:
            (result,) = _run(op, args, [{**sizes, _NUMBER: 2}])
        except CannotProbe:  # nor can it be run with such arrays
            continue
        found = _confirmed(found, result, sizes)
    return found


def _confirmed(found: Type, value: Any, sizes: dict[str, int]) -> Type:
    """The type of a result as far as a further trial with these sizes says the same."""
    if isinstance(found, Tuple) and isinstance(value, (tuple, list)) and len(value) == len(found.items):
        return Tuple(tuple(_confirmed(item, part, sizes) for item, part in zip(found.items, value)))
    if isinstance(found, Array) and found.shape is not None:
        if np.ndim(value) != len(found.shape):
            return Array(found.dtype, None)
        return Array(found.dtype, tuple(e if _fits(e, size, sizes) else unknown_extent() for e, size in zip(found.shape, np.shape(value))))
    if isinstance(found, Scalar) and found.extent is not None and not _fits(found.extent, int(value), sizes):
        return Scalar(found.dtype, found.weak)
    return found


def _fits(extent: Extent, size: int, sizes: dict[str, int]) -> bool:
    """Whether an extent has this size, as far as the sizes tell."""
    return (isinstance(extent, Dim) and extent.name not in sizes) or _size(extent, sizes) == size


def _numbers(arg: Any) -> list[int]:
    """The known extents and integers among the arguments."""
    if isinstance(arg, (Seq, Make)):
        return [n for item in arg.items for n in _numbers(item)]
    if isinstance(arg, Slice):
        return [n for item in (arg.start, arg.stop, arg.step) for n in _numbers(item)]
    return [abs(e) for e in _extents(arg) if isinstance(e, int)]


def _alike(op: Op, args: tuple[Arg, ...], symbols: list[str]) -> Any:
    """The result for extents that are all equal; to a known one, if need be."""
    try:
        return _run(op, args, [dict.fromkeys(symbols, -1)])[0]
    except CannotProbe:
        known = {e for arg in args for t in _types(arg) if isinstance(t, Array) for e in t.shape or () if isinstance(e, int)}
        if len(known) != 1:
            raise
        return _run(op, args, [{**dict.fromkeys(symbols, -1), _NUMBER: 1, _SIZE: known.pop()}])[0]


def _run(op: Op, args: tuple[Arg, ...], sizes: list[dict[str, int]]) -> list[Any]:
    results = []
    for assignment in sizes:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                results.append(op.run(tuple(sample(arg, assignment) for arg in args)))
        except Exception as error:  # whatever a foreign function raises on a trial
            raise CannotProbe(f"{op.name}: {error}") from error
    return results


def sample(arg: Any, sizes: dict[str, int]) -> Any:
    """A value of the argument's type, harmless for most functions: positive, and well conditioned if square."""
    if isinstance(arg, Lit):
        return arg.value
    if isinstance(arg, Seq):
        items = [sample(item, sizes) for item in arg.items]
        return items if arg.kind == "list" else tuple(items)
    if isinstance(arg, Slice):
        return slice(sample(arg.start, sizes), sample(arg.stop, sizes), sample(arg.step, sizes))
    if isinstance(arg, Make):
        return made(arg.cls, arg.keys, [sample(item, sizes) for item in arg.items])
    return _sample_type(arg.type, sizes)


def _sample_type(type: Type, sizes: dict[str, int]) -> Any:
    if isinstance(type, Scalar):
        value: Any = 0.5 if np.dtype(type.dtype).kind in "fc" else sizes.get(_NUMBER, 1)
        if isinstance(type.extent, (int, Dim)) and np.dtype(type.dtype).kind == "i":
            value = _size(type.extent, sizes)
        if type.weak:
            return {"b": bool, "i": int, "f": float, "c": complex}[np.dtype(type.dtype).kind](value)
        return np.dtype(type.dtype).type(value)
    if isinstance(type, Array):
        extents = type.shape if type.shape is not None else (1,)
        array = np.full([_size(e, sizes) for e in extents], 0.5).astype(type.dtype)
        if array.ndim >= 2 and array.shape[-1] == array.shape[-2]:
            array += np.eye(array.shape[-1], dtype=type.dtype)
        return array
    if isinstance(type, Tuple):
        return tuple(_sample_type(item, sizes) for item in type.items)
    if isinstance(type, List):
        return [_sample_type(type.element, sizes)] * sizes.get(_NUMBER, 2)  # the length differs between trials
    raise CannotProbe(f"no sample of {type}")


def _size(extent: Extent, sizes: dict[str, int]) -> int:
    if isinstance(extent, int):
        return extent
    size = sizes[extent.name]
    return sizes.get(_SIZE, _ALIKE) if size < 0 else max(size + extent.offset, 0)


def _names(args: tuple[Arg, ...], sizes: dict[str, int]) -> dict[int, Extent]:
    """Size -> extent, for every extent that occurs in the arguments; ambiguous sizes are left out."""
    names: dict[int, Extent] = {}
    for extent in {e for arg in args for e in _extents(arg)}:
        size = _size(extent, sizes)
        if size in names and names[size] != extent:
            names[size] = size if isinstance(extent, int) else Dim("?ambiguous")
        else:
            names[size] = extent
    return {size: extent for size, extent in names.items() if extent != Dim("?ambiguous")}


def result_type(value: Any, names: dict[int, Extent]) -> Type:
    """The type of a value that a trial returned."""
    if isinstance(value, np.ndarray):
        return Array(str(value.dtype), tuple(names.get(n, n) for n in value.shape))
    if isinstance(value, bool):
        return Scalar("bool", weak=True)
    if isinstance(value, int):
        return Scalar("int64", weak=True, extent=names.get(value))
    if isinstance(value, tuple):
        return Tuple(tuple(result_type(item, names) for item in value))
    if isinstance(value, list) and value:
        return Tuple(tuple(result_type(item, names) for item in value))
    return literal_type(value)


def _agree(one: Type, two: Type) -> Type:
    """What two trials say together: an extent that differs between them is a symbol of its own."""
    if isinstance(one, Array) and isinstance(two, Array) and one.shape is not None and two.shape is not None:
        if len(one.shape) != len(two.shape):
            return Array(one.dtype, None)
        return Array(one.dtype, tuple(a if a == b else unknown_extent() for a, b in zip(one.shape, two.shape)))
    if isinstance(one, Tuple) and isinstance(two, Tuple) and len(one.items) == len(two.items):
        return Tuple(tuple(_agree(a, b) for a, b in zip(one.items, two.items)))
    if isinstance(one, Scalar) and isinstance(two, Scalar):
        return one if one == two else Scalar(one.dtype, one.weak)
    return one


def _forget_shape(type: Type) -> Type:
    if isinstance(type, Array) and type.shape != ():
        return Array(type.dtype, None)
    if isinstance(type, Tuple):
        return Tuple(tuple(_forget_shape(item) for item in type.items))
    return type


def _open(type: Type) -> Type:
    """The type with no extent known."""
    if isinstance(type, Array) and type.shape is not None:
        return Array(type.dtype, tuple(unknown_extent() for _ in type.shape))
    if isinstance(type, Tuple):
        return Tuple(tuple(_open(item) for item in type.items))
    return Scalar(type.dtype, type.weak) if isinstance(type, Scalar) else type


def _types(arg: Any) -> list[Type]:
    if isinstance(arg, Var):
        return [arg.type]
    if isinstance(arg, (Seq, Make)):
        return [t for item in arg.items for t in _types(item)]
    if isinstance(arg, Slice):
        return [t for item in (arg.start, arg.stop, arg.step) for t in _types(item)]
    return []


def _extents(arg: Any) -> list[Extent]:
    found: list[Extent] = []
    if isinstance(arg, Lit) and isinstance(arg.value, int):
        found.append(int(arg.value))
    for type in _types(arg):
        found.extend(_type_extents(type))
    return found


def _type_extents(type: Type) -> list[Extent]:
    if isinstance(type, Array):
        return list(type.shape or ())
    if isinstance(type, Scalar) and type.extent is not None:
        return [type.extent]
    if isinstance(type, Tuple):
        return [e for item in type.items for e in _type_extents(item)]
    if isinstance(type, List):
        return _type_extents(type.element)
    return []


def _symbols(arg: Any) -> list[str]:
    return [e.name for e in _extents(arg) if isinstance(e, Dim)]


def _shapeless(args: tuple[Arg, ...]) -> bool:
    return any(isinstance(t, Array) and t.shape is None for arg in args for t in _types(arg))


def _key(arg: Any) -> Any:
    if isinstance(arg, Var):
        return arg.type
    if isinstance(arg, Lit):
        return (type(arg.value).__name__, arg.value)
    if isinstance(arg, (Seq, Make)):
        return (type(arg).__name__, tuple(_key(item) for item in arg.items))
    return (_key(arg.start), _key(arg.stop), _key(arg.step))
