"""What of NumPy needs no derivative because it computes none: each name with the reason, for the walk over NumPy's namespaces.

Every other name has a row, is executed as the Python that it means, writes, or is refused (see tests/test_coverage.py, which says of each name
in which class it is, and fails where one is in none or in two; docs/coverage.md is made from it).
"""

from __future__ import annotations

import inspect
import types
from typing import Any

import numpy as np

from .effects import function_effect

# Reason -> names, as they are found from `np`. A name that this NumPy does not have is skipped.
_NAMES: dict[str, str] = {
    "reads or writes files and buffers":
        "fromfile fromregex fromstring genfromtxt load loadtxt save savetxt savez savez_compressed from_dlpack "
        "ndarray.dump ndarray.dumps ndarray.tobytes ndarray.tofile ndarray.tostring DataSource",
    "text: how numbers are printed":
        "array2string array_repr array_str base_repr binary_repr format_float_positional format_float_scientific get_printoptions printoptions "
        "set_printoptions set_string_function typename mintypecode info compare_chararrays format_parser ndarray.__repr__",
    "dates and business days":
        "busday_count busday_offset busdaycalendar datetime_as_string datetime_data datetime64 is_busday isnat timedelta64",
    "administration of the library":
        "get_include getbufsize setbufsize geterr geterrcall seterr seterrcall show_config show_runtime test linalg.test fft.test random.test "
        "add_newdoc add_newdoc_ufunc add_docstring deprecate deprecate_with_doc disp lookfor source who byte_bounds safe_eval get_array_wrap "
        "random.get_bit_generator random.set_bit_generator set_numeric_ops fastCopyAndTranspose geterrobj seterrobj emath.array_function_dispatch tracemalloc_domain cast nbytes recfromcsv recfromtxt",
    "about types, not numbers":
        "common_type einsum_path find_common_type isdtype issubclass_ issubsctype iterable maximum_sctype min_scalar_type obj2sctype sctype2char "
        "sctypes issctype isfortran asscalar dtype finfo iinfo issubdtype promote_types can_cast result_type sctypeDict typecodes ScalarType "
        "ndarray.ctypes ndarray.data ndarray.device ndarray.base ndarray.dtype ndarray.itemsize ndarray.nbytes ndarray.ndim",
    "packs bits":
        "packbits unpackbits",
    "an exception, or the setting of one":
        "linalg.LinAlgError errstate AxisError ComplexWarning ModuleDeprecationWarning RankWarning TooHardError VisibleDeprecationWarning",
    "bit generators and seeds":
        "random.BitGenerator random.MT19937 random.PCG64 random.PCG64DXSM random.Philox random.SFC64 random.SeedSequence random.Generator "
        "random.RandomState random.default_rng random.seed random.bytes",
    "a class of arrays or iterators":
        "ndarray broadcast flatiter ndenumerate ndindex memmap recarray record nested_iters ufunc void object_ str_ bytes_ flexible character "
        "chararray unicode_ string_ asmatrix matrix bmat mat poly1d Datasource",
}
# Executed in the frontend, and giving no number that depends on others.
CONSTANT = frozenset({"iscomplexobj", "isrealobj", "logical_and.reduce", "logical_or.reduce", "mask_indices"})
REASONS: dict[str, str] = {name: reason for reason, names in _NAMES.items() for name in names.split()}


def irrelevant(name: str, value: Any) -> str | None:
    """Why a name of NumPy needs no derivative; None if it may need one."""
    if name in REASONS:
        return REASONS[name]
    if isinstance(value, types.ModuleType):
        return "a module"
    if inspect.isclass(value) and issubclass(value, np.generic):
        return "a type of numbers"
    if not callable(value) and "." not in name:
        return "a constant"
    return "is called for its effect, or for a text" if function_effect(value) is not None else None


__all__ = ["CONSTANT", "REASONS", "irrelevant"]
