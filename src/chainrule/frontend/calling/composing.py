"""Functions of NumPy that are executed as the Python that they mean (`composed`), and the objects that join what they are indexed with."""

from __future__ import annotations

import inspect
import statistics
import string
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import runtime
from ...ir.nodes import Lit
from ...ir.types import Array, rank
from ...rules import registry
from ..composed import fourier, joining, linalg, padding, polynomials
from ..composed import statistics as of_samples
from ..execution.values import Items, ListV, SliceV, Static, TupleV, Value
from . import composed
from .builtins import BUILTINS, Args, Keywords, builtin

if TYPE_CHECKING:
    from .calls import Calls

# Function of NumPy -> what it means. Names that this NumPy does not have are skipped.
_MEANINGS: list[tuple[Any, Any, str]] = [
    (np, composed, "gradient meshgrid select dstack ndenumerate ndindex"),
    (np, joining, "asarray_chkfinite astype block choose compress delete diagflat extract insert intersect1d mask_indices row_stack setdiff1d setxor1d sort_complex trim_zeros union1d unique_all unique_counts "
                  "unique_inverse unique_values unstack vander"),
    (np, of_samples, "average corrcoef cov histogram histogram2d histogram_bin_edges nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile "
                     "nanprod nanquantile nanstd nanvar percentile quantile"),
    (np, polynomials, "correlate cumulative_prod cumulative_sum ediff1d geomspace kaiser logspace poly polyadd polyder polydiv polyfit polyint polymul "
                      "polysub polyval roots unwrap"),
    (np, linalg, "matvec real_if_close vecdot vecmat"),
    (np.linalg, linalg, "cond cross diagonal eig eigvals lstsq matmul matrix_norm matrix_power matrix_transpose outer svdvals tensordot tensorinv "
                        "tensorsolve trace vecdot vector_norm"),
    (np.fft, fourier, "fft2 fftn hfft ifft2 ifftn ihfft irfft2 irfftn rfft2 rfftn"),
]
_FUNCTIONS: dict[Any, Any] = {
    getattr(module, name): getattr(meaning, name) for module, meaning, names in _MEANINGS for name in names.split() if hasattr(module, name)}
if getattr(np, "row_stack", None) is np.vstack:  # before NumPy 2
    del _FUNCTIONS[np.vstack]
_FUNCTIONS |= {np.linalg.multi_dot: composed.multi_dot}
_FUNCTIONS |= {getattr(np.emath, name): getattr(linalg, f"emath_{name}") for name in ["arccos", "arcsin", "arctanh", "log", "log10", "log2", "logn", "power", "sqrt"]}
# Functions whose row is for the usual arguments: what they mean with others.
_WITH_MORE: dict[Any, tuple[str, Any]] = {
    np.array: ("np.array", joining.array), np.asarray: ("np.asarray", joining.asarray), np.asanyarray: ("np.asanyarray", joining.asarray), np.cross: ("np.cross", linalg.cross_product), np.diff: ("np.diff", polynomials.diff), np.interp: ("np.interp", polynomials.interp),
    np.linspace: ("np.linspace", polynomials.linspace), np.pad: ("np.pad", padding.pad),
    np.take: ("np.take", joining.take), np.trace: ("np.trace", linalg.trace_of),
    np.linalg.pinv: ("np.linalg.pinv", linalg.pinv), np.var: ("np.var", of_samples.var), np.std: ("np.std", of_samples.std),
    np.nansum: ("np.nansum", of_samples.nansum)}
# Operations of our own that these functions are made of.
_OWN = ("eig", "eigvals", "level", "lstsq", "lstsq_rank", "slopes", "unique_counts", "unique_index", "unique_inverse")
# Functions that give named tuples.
_NAMED = {np.linalg.svd: np.linalg.svd(np.eye(1)), np.linalg.qr: np.linalg.qr(np.eye(1)), np.linalg.eigh: np.linalg.eigh(np.eye(1)),
          np.linalg.slogdet: np.linalg.slogdet(np.eye(1))}


_OF_STATISTICS = ("mean", "median", "pvariance", "variance", "pstdev", "stdev")


def _handler(name: str, function: Any, original: Any = None) -> Any:
    signature = inspect.signature(function)
    try:
        real = inspect.signature(original) if original is not None and not isinstance(original, np.ufunc) else None
    except (TypeError, ValueError):
        real = None
    if real is not None and any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in real.parameters.values()):
        real = None

    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        out = None
        if real is not None:
            args, keywords = _bound(m, name, signature, real, args, keywords)
        if "out" in keywords and "out" not in signature.parameters:
            keywords = dict(keywords)
            out = keywords.pop("out")
        try:
            signature.bind(*args, **keywords)
        except TypeError:
            unknown = [k for k in keywords if k not in signature.parameters]
            if unknown:
                m.refuse(f"the argument `{unknown[0]}` of `{name}` is not supported", "its derivative is not known then", f"leave `{unknown[0]}` out")
            m.refuse(f"`{name}` with these arguments", "its derivative is known for the usual ones only", f"pass those of `{name}{signature}`")
        result = m.library(function, *args, **keywords)
        if out is None or (isinstance(out, Static) and out.value is None):
            return result
        operand = m.operand(result)
        m.check_cast(out, operand, m.node)
        m.write(out, Lit(Ellipsis), operand)
        return out

    return call


def _bound(m: Calls, name: str, signature: inspect.Signature, real: inspect.Signature, args: Args, keywords: Keywords) -> tuple[Args, Keywords]:
    """The arguments by the names that NumPy gives them; what has the value that it has anyway is left out."""
    try:
        given = real.bind(*args, **keywords).arguments
    except TypeError:
        return args, keywords
    positional: list[Value] = []
    by_name: Keywords = {}
    direct = True
    for key, value in given.items():
        default = real.parameters[key].default
        own = signature.parameters.get(key)
        if own is None and isinstance(value, Static) and (value.value is default or value.value is None):
            direct = False
            continue
        if own is not None and own.kind is not own.KEYWORD_ONLY and direct and list(signature.parameters)[len(positional)] == key:
            positional.append(value)
        else:
            direct = False
            by_name[key] = value
    return tuple(positional), by_name


def _or_row(row: str, function: Any, original: Any) -> Any:
    """A function that has a row for the usual arguments."""
    more = _handler(row, function, original)

    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        known = registry.row(row)
        assert known is not None
        if len(args) <= len(known.names) and all(name is not None for name in known.names[:len(args)]) and all(
                key in known.keywords or key == "out" for key in keywords) and not _unusual(row, m, args, keywords):
            return m.call_row(row, args, keywords)
        return more(m, args, keywords)  # type: ignore[no-any-return]

    return call


def _unusual(row: str, m: Calls, args: Args, keywords: Keywords) -> bool:
    """Whether the row does not know these arguments, though it has them."""
    if row != "np.pad":
        return False
    mode = keywords.get("mode", args[2] if len(args) > 2 else Static("constant"))
    if "constant_values" in keywords and not isinstance(keywords["constant_values"], Static):
        return True
    return isinstance(mode, Static) and mode.value not in ("constant", "empty", "edge", "reflect", "symmetric", "wrap")


def _of_numbers(name: str) -> Any:
    """A function of `statistics`: of known numbers it is computed (of integers, an integer); of computed ones, as in `composed`."""
    function = getattr(statistics, name)
    computed = _handler(f"statistics.{name}", getattr(composed, name.removeprefix("f")))

    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        items = m.known_items(args[0]) if len(args) == 1 and not keywords else None
        if items is not None and all(isinstance(item, Static) for item in items):
            return Static(function([item.value for item in items]))  # type: ignore[union-attr]
        if items is not None and any(m.is_number(item) and getattr(m.type(item), "dtype", "") in ("bool", "int64") for item in items):
            m.refuse(f"`statistics.{name}` of computed integers", "whether its result is an integer depends on their values", "use np.mean and the like")
        return computed(m, args, keywords)  # type: ignore[no-any-return]

    return call


BUILTINS.update({function: _handler(f"np.{function.__name__}", meaning, function) for function, meaning in _FUNCTIONS.items()})
BUILTINS.update({function: _or_row(row, meaning, function) for function, (row, meaning) in _WITH_MORE.items()})
BUILTINS.update({getattr(statistics, name): _of_numbers(name) for name in (*_OF_STATISTICS, "fmean")})


BUILTINS.update({getattr(runtime, name): (lambda m, args, keywords, name=name: m.call_row(f"rt.{name}", args, keywords)) for name in _OWN})


_unique = _or_row("np.unique", joining.unique, np.unique)


@builtin(np.unique)
def _unique_values(m: Calls, args: Args, keywords: Keywords) -> Value:
    """np.unique of numbers; not of rows."""
    axis = keywords.get("axis", args[4] if len(args) > 4 else Static(None))
    if m.static(axis, "the axis") is not None and rank(m.type(m.as_array(args[0]))) != 1:
        m.refuse("the argument `axis` of `np.unique` of an array with several axes", "equal rows would share what belongs to them",
                 "find the rows with return_index=True, and index the array with them")
    return _unique(m, args, keywords)  # type: ignore[no-any-return]


@builtin(np.nan_to_num)
def _nan_to_num(m: Calls, args: Args, keywords: Keywords) -> Value:
    """np.nan_to_num: without a copy it writes into what it is given."""
    copy = keywords.get("copy", args[1] if len(args) > 1 else Static(True))
    result = m.call_row("np.nan_to_num", args, keywords)
    if m.static(copy, "copy"):
        return result
    x = args[0] if args else keywords["x"]
    if not isinstance(m.type(x), Array):
        m.refuse("np.nan_to_num of a number, without a copy", "NumPy raises ValueError here", "leave `copy` out")
    m.write(x, Lit(Ellipsis), m.operand(result))
    return x


@builtin(np.einsum)
def _einsum(m: Calls, args: Args, keywords: Keywords) -> Value:
    """np.einsum, also with lists of axes after the arrays."""
    if args and not (isinstance(args[0], Static) and isinstance(args[0].value, str)):
        letters = (*string.ascii_letters, "...")

        def term(axes: Value) -> str:
            return "".join(letters[-1 if k is Ellipsis else k] for k in m.static(axes, "a list of axes"))

        text = ",".join(term(axes) for axes in args[1::2][:len(args) // 2])
        if len(args) % 2:
            text = f"{text}->{term(args[-1])}"
        args = (Static(text), *args[:len(args) // 2 * 2:2])
    return m.call_row("np.einsum", args, keywords)


@builtin(runtime.decided)
def _decided(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(m.decide(args[0], "on which the type of the result depends"))


def _named(function: Any, cls: type) -> Any:
    """A function that has a row, and gives a named tuple."""
    row = registry.lookup(function)
    assert row is not None

    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        result = m.call_row(row, args, keywords)
        return replace(result, cls=cls, whole=None) if isinstance(result, TupleV) and cls is not tuple else result

    return call


BUILTINS.update({function: _named(function, type(value)) for function, value in _NAMED.items()})


@builtin(np.ndim)
def _ndim(m: Calls, args: Args, keywords: Keywords) -> Value:
    """np.ndim: known, where the number of axes is."""
    if args and isinstance(args[0], Static):
        return Static(np.ndim(args[0].value))
    known = rank(m.type(args[0])) if args and m.is_number(args[0]) else None
    return m.call_row("np.ndim", args, keywords) if known is None else Static(known)


def _by_dtype(function: Any, row: str) -> Any:
    """A question about the dtype of an array: known."""
    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        if len(args) == 1 and not keywords and isinstance(args[0], Static):
            return Static(function(args[0].value))
        dtype = getattr(m.type(args[0]), "dtype", None) if len(args) == 1 and not keywords and m.is_number(args[0]) else None
        return m.call_row(row, args, keywords) if dtype is None else Static(function(np.zeros(0, dtype)))

    return call


BUILTINS.update({np.iscomplexobj: _by_dtype(np.iscomplexobj, "np.iscomplexobj"), np.isrealobj: _by_dtype(np.isrealobj, "np.isrealobj")})


def joined(m: Calls, base: Any, index: Value) -> Value | None:
    """`np.r_[...]`, `np.c_[...]`, and grids whose bounds are computed; None if it is neither."""
    if base is np.mgrid or base is np.ogrid:
        slices = [_slice(item) for item in (index.items if isinstance(index, TupleV) else (index,))]
        if not all(isinstance(s, SliceV) for s in slices) or all(isinstance(part, Static) for s in slices for part in (s.start, s.stop, s.step)):
            return None
        axes = [_part(m, s) for s in slices]
        if not isinstance(index, TupleV):
            return axes[0]
        return m.library(composed.grid if base is np.mgrid else composed.open_grid, TupleV(tuple(axes)))
    if base is not np.r_ and base is not np.c_:
        return None
    items = index.items if isinstance(index, TupleV) else index.value if isinstance(index, Static) and isinstance(index.value, tuple) else (index,)
    values = [_part(m, item if not isinstance(item, (int, float, slice)) else Static(item)) for item in items]
    return m.library(composed.rows_joined if base is np.r_ else composed.columns_joined, ListV(m.new(Items(tuple(values)))))


def _slice(item: Any) -> Any:
    if isinstance(item, Static) and isinstance(item.value, slice):
        return SliceV(*(Static(part) for part in (item.value.start, item.value.stop, item.value.step)))
    return item


def _part(m: Calls, item: Any) -> Value:
    if isinstance(item, Static) and isinstance(item.value, str):
        m.refuse("np.r_ and np.c_ with directions", "they are not known to the compiler", "use np.concatenate")
    item = _slice(item)
    if not isinstance(item, SliceV):
        return item  # type: ignore[no-any-return]
    if isinstance(item.step, Static) and isinstance(item.step.value, complex):
        return m.call(Static(np.linspace), (item.start, item.stop, Static(int(abs(item.step.value)))), {})
    start = Static(0) if item.start == Static(None) else item.start
    return m.call(Static(np.arange), (start, item.stop, Static(1) if item.step == Static(None) else item.step), {})


__all__ = ["joined"]
