"""Arrays for samples: the same ones whatever else is imported."""

from __future__ import annotations

from typing import Any

import numpy as np


class Arrays:
    """Draws arrays."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def A(self, *shape: int, low: float = -2.0, high: float = 2.0) -> Any:
        return self.rng.uniform(low, high, size=shape)

    def C(self, *shape: int) -> Any:
        return self.A(*shape) + 1j * self.A(*shape)

    def SPD(self, n: int) -> Any:
        """A positive definite matrix."""
        m = self.A(n, n)
        return m @ m.T + n * np.eye(n)


__all__ = ["Arrays"]
