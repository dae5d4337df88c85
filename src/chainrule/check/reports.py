"""What a check has found: differences, kinks, and what cannot be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import GradientCheckError


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that is not as it should be: where, ours, and what finite differences give."""

    argument: str
    element: tuple[int, ...] | None  # None: the whole leaf (or a whole direction)
    ours: Any
    expected: Any
    what: str = "derivative"

    def __str__(self) -> str:
        where = self.argument + (f"[{', '.join(map(str, self.element))}]" if self.element else "")
        if self.what == "derivative":
            return f"{where}: got {formatted(self.ours)}, finite difference {formatted(self.expected)}, relative error {self.relative_error:.2g}"
        return f"{where}: {self.what} is {self.ours}, expected {self.expected}"

    @property
    def relative_error(self) -> float:
        """|ours - expected| / max(|ours|, |expected|)."""
        size = max(abs(self.ours), abs(self.expected))
        return float(abs(self.ours - self.expected) / size) if size else 0.0


@dataclass(frozen=True, slots=True)
class Kink:
    """A point without derivative: the slope from either side, and what was given for it."""

    argument: str
    element: tuple[int, ...] | None
    left: float
    right: float
    ours: float

    def __str__(self) -> str:
        where = self.argument + (f"[{', '.join(map(str, self.element))}]" if self.element else "")
        return f"{where}: slope {formatted(self.left)} from the left, {formatted(self.right)} from the right, got {formatted(self.ours)}"


@dataclass(slots=True)
class Report:
    """What a check found; it prints as the text of the error. ``ok`` is False when something is wrong."""

    function: str
    differences: list[Difference] = field(default_factory=list)
    kinks: list[Kink] = field(default_factory=list)
    unreliable: list[str] = field(default_factory=list)  # where finite differences are too noisy to judge
    more: bool = False  # there are further wrong elements that were not located

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong: kinks and unreliable differences are not."""
        return not self.differences

    def __str__(self) -> str:
        lines = [
            f"derivative of {self.function}: "
            + ("as finite differences give it" if self.ok else "differs from finite differences")
        ]
        lines += [f"  {difference}" for difference in self.differences]
        if self.more:
            lines.append("  ... and more")
        for title, items in (
            ("kinks (the one-sided differences disagree; not counted as wrong)", self.kinks),
            ("finite differences too inaccurate to judge", self.unreliable),
        ):
            if items:
                lines.append(f"{title}:")
                lines += [f"  {item}" for item in items]
        return "\n".join(lines)

    def raise_if_wrong(self) -> None:
        """Raise GradientCheckError when something is wrong."""
        if not self.ok:
            raise GradientCheckError(self)


def formatted(x: Any) -> str:
    return f"{x:.10g}" if isinstance(x, float | complex | np.inexact) else str(x)


__all__ = ["Difference", "Kink", "Report", "formatted"]
