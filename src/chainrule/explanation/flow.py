"""Explanation -> Flow: how large the gradient is at each execution of a statement; vanishing and exploding gradients at a glance.

The derivative of the result with respect to a state that a loop passes on is a product of as many Jacobians as there are steps left: it shrinks or
grows like a power (Bengio, Simard and Frasconi, 1994).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .model import statements

if TYPE_CHECKING:
    from .result import Explanation

BARS = " \N{LOWER ONE EIGHTH BLOCK}\N{LOWER ONE QUARTER BLOCK}\N{LOWER THREE EIGHTHS BLOCK}\N{LOWER HALF BLOCK}\N{LOWER FIVE EIGHTHS BLOCK}\N{LOWER THREE QUARTERS BLOCK}\N{LOWER SEVEN EIGHTHS BLOCK}\N{FULL BLOCK}"
WIDE = 60  # characters of a row of bars


@dataclass(frozen=True, eq=False)
class Series:
    """A value that a line computes again and again: the norm of the gradient with respect to it, one for each execution, the first first."""

    name: str
    line: int
    function: str
    norms: Any  # an array of floats


@dataclass(frozen=True, eq=False)
class Flow:
    """The size of the gradient at each step.

    series: for each value that is computed by a line, its norms in the order of execution. `flow["h"]` are those of the first with this name.
    ``print(flow)`` shows them as bars, ``flow.plot()`` as lines (matplotlib).
    """

    series: tuple[Series, ...]

    def __getitem__(self, name: str) -> Any:
        for one in self.series:
            if one.name == name:
                return one.norms
        raise KeyError(name)

    def __str__(self) -> str:
        return "\n".join(_bars(one, self._range()) for one in self.series)

    def _range(self) -> tuple[float, float]:
        """The exponents of the smallest and the largest norm."""
        found = [norm for one in self.series for norm in one.norms if norm > 0 and math.isfinite(norm)]
        return (math.log10(min(found)), math.log10(max(found))) if found else (0.0, 0.0)

    def plot(self, ax: Any = None) -> Any:
        """Draw the norms over the executions on a logarithmic axis; the matplotlib `Axes`, a new one if none is given.

        Raises ImportError without matplotlib.
        """
        if ax is None:
            try:
                from matplotlib import pyplot
            except ImportError:
                raise ImportError("the plot is made by matplotlib, which is not installed: pip install chainrule[plots]") from None
            ax = pyplot.subplots(figsize=(7, 3.5), layout="constrained")[1]
        for one in self.series:
            if len(one.norms) > 1:
                ax.plot(np.arange(len(one.norms)), np.where(one.norms > 0, one.norms, np.nan), marker="o" if len(one.norms) <= 60 else "", markersize=3, label=f"{one.name} (line {one.line})")
            else:
                ax.axhline(one.norms[0], color="0.7", linewidth=0.8)
        ax.set_yscale("log")
        ax.set_xlabel("execution of the line")
        ax.set_ylabel("norm of the gradient")
        if any(len(one.norms) > 1 for one in self.series):
            ax.legend()
        return ax


def flow(explanation: Explanation) -> Flow:
    """The size of the gradient at each execution of each line."""
    found: dict[tuple[str, int, int, str], list[float]] = {}
    about: dict[tuple[str, int, int, str], tuple[str, int, str]] = {}
    seen: set[int] = set()  # what a function returns is also what the statement computes that calls it
    for statement, _, _ in statements(explanation.entries):
        for value in statement.values:
            if value.number in seen:
                continue
            seen.add(value.number)
            if value.cotangent is not None and value.cotangent.norm is not None and statement.file:
                name = value.name or statement.text
                key = (statement.file, statement.line, statement.column, name)
                found.setdefault(key, []).append(value.cotangent.norm)
                about.setdefault(key, (name, statement.line, statement.function))
    return Flow(tuple(Series(*about[key], np.array(norms)) for key, norms in found.items()))


def _bars(one: Series, limits: tuple[float, float]) -> str:
    norms, low, high = one.norms, *limits
    if len(norms) > WIDE:
        norms = norms[np.linspace(0, len(norms) - 1, WIDE).round().astype(int)]
    bars = "".join(BARS[0] if not norm > 0 else BARS[-1] if not math.isfinite(norm) else BARS[1 + round(7 * ((math.log10(norm) - low) / (high - low) if high > low else 1.0))]
                   for norm in norms)
    ends = f"{one.norms[0]:.3g}" if len(one.norms) == 1 else f"{one.norms[0]:.3g} ... {one.norms[-1]:.3g}"
    name = one.name if len(one.name) <= 20 else one.name[:19] + "\N{HORIZONTAL ELLIPSIS}"
    return f"{one.line:>5} {name:<20} |{bars}| {ends}"


__all__ = ["Flow", "Series", "flow"]
