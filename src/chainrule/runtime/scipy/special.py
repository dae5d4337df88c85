"""Helpers of the rows of scipy.special."""

from __future__ import annotations

from typing import Any

from scipy import special


def logsumexp(a: Any, b: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`special.logsumexp`, where the weights b have the shape of a."""
    return special.logsumexp(a, axis=axis, b=b, keepdims=keepdims)


__all__ = ["logsumexp"]
