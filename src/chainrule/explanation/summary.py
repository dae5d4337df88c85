"""value -> Summary: what is shown of a value. Numbers in full, small vectors with their elements, large arrays by shape and a few figures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SHOWN = 4  # elements of a vector that is shown in full


@dataclass(frozen=True)
class Summary:
    """What is shown of a value.

    kind:  "number", "array", "container" or "object".
    text:  in a few words: `0.25`, `[1, 2, 3]`, `(8, 4) mean 0.1 norm 3.2`.
    shape, dtype: of an array. min, mean, max, norm: of the numbers in it, the norm being the root of the sum of squares. For a number, the norm is its size.
    """

    kind: str
    text: str
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    min: float | None = None
    mean: float | None = None
    max: float | None = None
    norm: float | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def brief(self) -> str:
        """A number, or a shape."""
        return self.text if self.shape is None or self.shape == () else shaped(self.shape)

    @property
    def size(self) -> str:
        """A number, or the norm of an array."""
        return self.text if self.kind == "number" or self.norm is None or self.shape == () else f"norm {number(self.norm, 3)}"


def summary(value: Any) -> Summary:
    """What is shown of a value.

    >>> import numpy as np
    >>> print(summary(2.5), "|", summary(np.array([1.0, 2.0])), "|", summary(np.ones((8, 4))))
    2.5 | [1, 2] | (8, 4) mean 1 norm 5.66
    """
    if isinstance(value, (bool, np.bool_)):
        return Summary("object", str(bool(value)))
    if isinstance(value, (int, float, complex, np.number)):
        return Summary("number", number(value), norm=_size(value), dtype=_dtype(value))
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, (list, tuple)):
        return _container(value, f"{type(value).__name__} of {len(value)}")
    if isinstance(value, dict):
        return _container(value, f"dict of {len(value)}")
    return Summary("object", _short(value))


def number(value: Any, digits: int = 6) -> str:
    """A number in so many digits.

    >>> number(0.1 + 0.2), number(12), number(1e-20)
    ('0.3', '12', '1e-20')
    """
    if isinstance(value, (complex, np.complexfloating)):
        return f"{value.real:.{digits}g}{value.imag:+.{digits}g}j"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    return f"{float(value):.{digits}g}"


def norm(value: Any) -> float:
    """The root of the sum of the squares of all numbers in a value."""
    found = [_size(leaf) if not isinstance(leaf, np.ndarray) else float(np.linalg.norm(leaf.astype(np.result_type(leaf.dtype, np.float64)).ravel())) for leaf in leaves(value)]
    return found[0] if len(found) == 1 else math.hypot(*found)


def leaves(value: Any) -> Iterator[Any]:
    """The numbers and arrays of numbers in a value."""
    if isinstance(value, (bool, np.bool_)):
        return
    if isinstance(value, (int, float, complex, np.number)) or (isinstance(value, np.ndarray) and value.dtype.kind in "iufc"):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)


def _array(value: Any) -> Summary:
    dtype, shape = str(value.dtype), value.shape
    if value.dtype.kind not in "iufc" or not value.size:
        shown = f"{shaped(shape)} {dtype}" if value.ndim else _short(value[()])
        if value.dtype.kind == "b" and value.size:
            shown = f"{shaped(shape)} {int(value.sum())} of {value.size} true"
        return Summary("array", shown, shape, dtype, norm=0.0 if value.dtype.kind in "iufc" else None)
    size = norm(value)
    if value.dtype.kind == "c":
        least = mean = most = None
    else:
        least, mean, most = float(value.min()), float(value.mean(dtype=np.float64)), float(value.max())
    if value.ndim == 0:
        text = number(value[()])
    elif value.ndim == 1 and value.size <= SHOWN:
        text = f"[{', '.join(number(x, 4) for x in value)}]"
    else:
        text = f"{shaped(shape)} " + (f"mean {number(mean, 3)} " if mean is not None else "") + f"norm {number(size, 3)}"
    return Summary("array", text, shape, dtype, least, mean, most, size)


def _container(value: Any, what: str) -> Summary:
    parts = list(leaves(value))
    if parts and len(parts) == len(value) <= SHOWN and not any(isinstance(part, np.ndarray) for part in parts):
        inside = ", ".join(number(part, 4) for part in parts)
        return Summary("container", f"[{inside}]" if isinstance(value, list) else f"({inside})" if isinstance(value, tuple) else what, norm=norm(value))
    size = norm(value) if parts else None
    return Summary("container", what if size is None else f"{what}, norm {number(size, 3)}", norm=size)


def _size(value: Any) -> float:
    try:
        return float(abs(value))
    except OverflowError:  # an integer of Python's
        return math.inf


def _dtype(value: Any) -> str:
    return type(value).__name__


def shaped(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _short(value: Any) -> str:
    if value is None or isinstance(value, (str, bytes)):
        text = repr(value)
        return text if len(text) <= 30 else f"{text[:27]}..."
    return str(getattr(value, "__name__", None) or type(value).__name__)


__all__ = ["Summary", "leaves", "norm", "number", "shaped", "summary"]
