"""Strategies of Hypothesis for arguments at which functions are smooth: away from kinks, without ties, well conditioned.

Each draws numbers of moderate size, as finite differences like them, and gets simpler when Hypothesis shrinks. What is drawn is constructed, never filtered, so nothing is
rejected. A shape is a number, a tuple, or a strategy of these; a dtype is float16 to float64 or complex.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Union

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

__all__ = ["arrays", "distinct", "positive_definite", "probabilities", "well_conditioned"]

Array = np.ndarray[Any, Any]
Strategy = st.SearchStrategy[Array]
Shape = Union[int, tuple[int, ...], st.SearchStrategy[Any]]


def arrays(shape: Shape, dtype: Any = np.float64, *, away_from: Iterable[float] = (0.0,), margin: float = 0.1, bound: float = 3.0) -> Strategy:
    """Arrays whose elements are between -bound and bound, and no closer than margin to any of the points `away_from`, where a function has its kinks.

    The real part of complex elements is. Raises ValueError if the points leave no room.

    >>> from hypothesis import find
    >>> x = find(arrays((2, 3), away_from=(0.0, 1.0), margin=0.25), lambda x: True)
    >>> x.shape, bool(np.all(np.abs(x) >= 0.25)) and bool(np.all(np.abs(x - 1) >= 0.25))
    ((2, 3), True)
    """
    kind = _dtype(dtype)
    parts = st.one_of([_between(low, high) for low, high in _room(away_from, margin, bound, kind)])
    if kind.kind == "c":
        return _of_elements(shape, st.builds(complex, parts, _between(-bound, bound)), np.dtype(np.complex128), kind)
    return _of_elements(shape, parts, np.dtype(np.float64), kind)


def distinct(shape: Shape, dtype: Any = np.float64, *, gap: float = 0.1) -> Strategy:
    """Arrays no two elements of which are closer than gap, and none of which is closer to 0 than half of that: for `max`, `sort`, `median`, `abs`, which have kinks at ties.

    >>> from hypothesis import find
    >>> x = find(distinct(4, gap=0.5), lambda x: x[0] > x[1])
    >>> bool(np.min(np.diff(np.sort(x))) >= 0.5)
    True
    """
    kind = _real(dtype)

    @st.composite
    def draw(draw: Any) -> Array:
        shape_ = _shape(draw, shape)
        size = int(np.prod(shape_))
        order = np.array(draw(st.permutations(range(size))), dtype=int)
        moved = draw(hnp.arrays(np.float64, size, elements=_between(-0.5, 0.5)))
        places = 2.0 * (order - size // 2) + 1.0  # odd numbers, about half of them negative; each moves by half at most
        steps = gap * (1 + 32 * np.finfo(kind).eps * max(size, 1))  # rounding to the dtype leaves the gap
        return np.asarray((steps * (places + moved)).reshape(shape_), kind)

    made: Strategy = draw()
    return made


def positive_definite(n: int | st.SearchStrategy[int], dtype: Any = np.float64, *, condition: float = 10.0) -> Strategy:
    """Symmetric (or Hermitian) positive definite matrices (n, n), whose eigenvalues are apart, with this condition number at most: for `cholesky`, `eigh`, `solve`, `slogdet`.

    >>> from hypothesis import find
    >>> a = find(positive_definite(3), lambda a: True)
    >>> bool(np.all(np.linalg.eigvalsh(a) > 0)) and bool(np.all(a == a.T))
    True
    """
    kind = _dtype(dtype)

    @st.composite
    def draw(draw: Any) -> Array:
        size = n if isinstance(n, int) else draw(n)
        q = _orthogonal(draw, size, kind)
        a = (q * _spread(draw, size, condition)) @ q.conj().T
        return np.asarray((a + a.conj().T) / 2, kind)

    made: Strategy = draw()
    return made


def well_conditioned(m: int | st.SearchStrategy[int], n: int | st.SearchStrategy[int] | None = None, dtype: Any = np.float64, *, condition: float = 10.0) -> Strategy:
    """Matrices (m, n), or (m, m) without n, whose singular values are apart, with this condition number at most: for `inv`, `solve`, `svd`, `pinv`, `lstsq`, `det`.

    >>> from hypothesis import find
    >>> a = find(well_conditioned(3, 2), lambda a: True)
    >>> a.shape, bool(np.linalg.cond(a) < 10.1)
    ((3, 2), True)
    """
    kind = _dtype(dtype)

    @st.composite
    def draw(draw: Any) -> Array:
        rows = m if isinstance(m, int) else draw(m)
        columns = rows if n is None else n if isinstance(n, int) else draw(n)
        rank = min(rows, columns)
        u, v = _orthogonal(draw, rows, kind)[:, :rank], _orthogonal(draw, columns, kind)[:, :rank]
        return np.asarray((u * _spread(draw, rank, condition)) @ v.conj().T, kind)

    made: Strategy = draw()
    return made


def probabilities(shape: Shape, dtype: Any = np.float64, *, axis: int = -1, smallest: float = 0.01) -> Strategy:
    """Arrays of positive numbers that add up to 1 along an axis, none much smaller than `smallest` times the largest: points inside the simplex.

    >>> from hypothesis import find
    >>> p = find(probabilities((2, 3)), lambda p: True)
    >>> bool(np.all(p > 0)), p.sum(axis=1).round(12).tolist()
    (True, [1.0, 1.0])
    """
    kind = _real(dtype)
    if not 0 < smallest <= 1:
        raise ValueError(f"probabilities: smallest={smallest!r} is between 0 and 1")

    @st.composite
    def draw(draw: Any) -> Array:
        weights = draw(hnp.arrays(np.float64, _shape(draw, shape), elements=_between(smallest, 1.0)))
        return np.asarray(weights / weights.sum(axis=axis, keepdims=True), kind)

    made: Strategy = draw()
    return made


def _dtype(dtype: Any) -> np.dtype[Any]:
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind.kind not in "fc":
        raise ValueError(f"the dtype is one of floats or complex numbers, not {kind}: only these have a derivative")
    return kind


def _real(dtype: Any) -> np.dtype[Any]:
    kind = _dtype(dtype)
    if kind.kind == "c":
        raise ValueError(f"the dtype is one of floats, not {kind}: complex numbers have no order")
    return kind


def _room(away_from: Iterable[float], margin: float, bound: float, kind: np.dtype[Any]) -> list[tuple[float, float]]:
    """The intervals between -bound and bound that are left by the points."""
    rounding = 4 * float(np.finfo(kind).eps) * bound  # the dtype may round towards a point
    intervals, low = [], -float(bound)
    for point in sorted(map(float, away_from)):
        if point - margin - rounding > low:
            intervals.append((low, min(point - margin - rounding, bound)))
        low = max(low, point + margin + rounding)
    if low < bound:
        intervals.append((low, float(bound)))
    intervals = [(start, end) for start, end in intervals if start < end]
    if not intervals:
        raise ValueError(f"arrays: no number between {-bound} and {bound} is further than {margin} from all of away_from")
    return sorted(intervals, key=lambda one: min(map(abs, one)) if one[0] * one[1] > 0 else 0.0)  # what is tried first, and shrunk to


def _between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


def _shape(draw: Any, shape: Shape) -> tuple[int, ...]:
    found = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    return (int(found),) if isinstance(found, (int, np.integer)) else tuple(found)


def _of_elements(shape: Shape, elements: Any, wide: np.dtype[Any], kind: np.dtype[Any]) -> Strategy:
    @st.composite
    def draw(draw: Any) -> Array:
        made: Array = draw(hnp.arrays(wide, _shape(draw, shape), elements=elements)).astype(kind)
        return made

    made: Strategy = draw()
    return made


def _orthogonal(draw: Any, size: int, kind: np.dtype[Any]) -> Array:
    """An orthogonal (unitary) matrix: of the QR decomposition of any matrix, also a singular one."""
    a = draw(hnp.arrays(np.float64, (size, size), elements=_between(-1.0, 1.0)))
    if kind.kind == "c":
        a = a + 1j * draw(hnp.arrays(np.float64, (size, size), elements=_between(-1.0, 1.0)))
    q: Array = np.linalg.qr(a)[0]
    return q


def _spread(draw: Any, size: int, condition: float) -> Array:
    """Positive numbers, apart from each other, the largest at most `condition` times the smallest."""
    if condition < 1:
        raise ValueError(f"condition={condition!r}: a condition number is 1 or more")
    moved = draw(hnp.arrays(np.float64, size, elements=_between(-0.25, 0.25)))
    places = (np.arange(size) + 0.5 + moved) / max(size, 1) - 0.5
    values: Array = condition**places
    return values
