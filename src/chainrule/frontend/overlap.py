"""Path of views -> strides: along which axis, and in which steps, a view goes through its array.

NumPy copies one part of an array onto another one through a temporary array, except between two parts of one axis each: these it copies
element by element, which is right only if both go through the array in the same steps.
"""

from __future__ import annotations

from ..ir.nodes import Lit, Seq, Slice
from .values import Step


def strides(path: tuple[Step, ...], dimensions: int | None) -> list[tuple[int, int]] | None:
    """(axis, step) of the array for each axis of what a path of views leads to; None where that is not plain to see."""
    if dimensions is None:
        return None
    axes = [(axis, 1) for axis in range(dimensions)]
    for step in path:
        if step.kind == "T" and isinstance(step.detail, Lit):
            order = step.detail.value
            axes = axes[::-1] if order is None else [axes[n] for n in order]
            continue
        if step.kind != "index":
            return None
        items = list(step.detail.items if isinstance(step.detail, Seq) and step.detail.kind == "tuple" else (step.detail,))
        if any(isinstance(item, Lit) and item.value is Ellipsis for item in items):
            at = next(n for n, item in enumerate(items) if isinstance(item, Lit) and item.value is Ellipsis)
            used = sum(not (isinstance(item, Lit) and item.value is None) for item in items) - 1
            items[at:at + 1] = [Lit(slice(None))] * (len(axes) - used)
        rest, kept = iter(axes), []
        for item in items:
            if isinstance(item, Lit) and item.value is None:
                return None
            axis, stride = next(rest)
            by = item.step if isinstance(item, Slice) else Lit(item.value.step) if isinstance(item, Lit) and isinstance(item.value, slice) else None
            if by is not None:
                if not isinstance(by, Lit):
                    return None
                kept.append((axis, stride * (by.value or 1)))
        axes = [*kept, *rest]
    return axes
