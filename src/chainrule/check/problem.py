"""A function of the chosen leaves and the derivative that is claimed for it: slopes along directions, and where they differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from ..structure import TreeDef, flatten, flatten_like, unflatten
from .leaves import Leaf, copied, is_floating, itemsize_of
from .reports import Difference, Kink, Report, formatted
from .slopes import FIRST_STEP, Slope, slope

SHOWN: Final = 20  # wrong elements to locate; each costs about log2(elements) further directions


class Problem:
    """f as a function of the chosen leaves, and the derivative that is claimed for it.

    Elements are numbered through all leaves; a complex element counts twice (real part, imaginary part).
    """

    def __init__(
        self,
        f: Callable[..., Any],
        treedef: TreeDef,
        values: list[Any],
        leaves: list[Leaf],
        ours: list[np.ndarray[Any, Any]],
        cotangent: Any,
        relative: float,
        noise: float,
        absolute: float | None,
    ) -> None:
        self.f = f
        self.treedef = treedef
        self.values = values
        self.leaves = leaves
        self.cotangent = cotangent
        self.relative = relative
        self.noise = noise
        self.absolute = absolute
        self.value: float | None = None
        self.first = FIRST_STEP
        self.scale = np.concatenate([np.tile(leaf.scale.ravel(), 2 if leaf.complex else 1) for leaf in leaves])
        # <gradient, d> = Re(sum(g * d)): Re(g) for the real part of d, -Im(g) for the imaginary part.
        self.ours = np.concatenate(
            [
                np.concatenate([g.real.ravel(), -g.imag.ravel()]) if leaf.complex else g.ravel()
                for leaf, g in zip(leaves, ours, strict=True)
            ]
        ).astype(np.float64)
        sizes = [leaf.scale.size * (2 if leaf.complex else 1) for leaf in leaves]
        self.starts = np.cumsum([0, *sizes])

    def elements(self) -> np.ndarray[Any, Any]:
        return np.arange(len(self.scale))

    def call(self, values: list[Any]) -> Any:
        return self.f(*unflatten(self.treedef, [copied(value) for value in values]))

    def accepts_wide(self) -> bool:
        """Whether f runs on arguments wider than those given."""
        try:
            self.call(self.values)
        except Exception:
            return False
        return True

    def narrow(self) -> bool:
        """Whether f computes in less than float64 even so."""
        outputs = [leaf for leaf in flatten(self.call(self.values))[0] if is_floating(leaf)]
        return any(itemsize_of(leaf) < 8 for leaf in outputs)

    def at(self, step: np.ndarray[Any, Any]) -> float:
        """<cotangent, f(x + step)>; NaN where f raises or has no value."""
        values = list(self.values)
        for i, leaf in enumerate(self.leaves):
            part = step[self.starts[i] : self.starts[i + 1]]
            if leaf.complex:
                part = part[: leaf.scale.size] + 1j * part[leaf.scale.size :]
            base = self.values[leaf.position]
            if isinstance(base, np.ndarray):
                moved = base.copy(order="K")
                moved += part.reshape(leaf.shape).astype(base.dtype)
            else:
                moved = type(base)(base + part[0])
            values[leaf.position] = moved
        try:
            with np.errstate(all="ignore"):
                return self.pair(self.f(*unflatten(self.treedef, [copied(value) for value in values])))
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return math.nan

    def pair(self, output: Any) -> float:
        if self.cotangent is None:
            return float(output)
        outputs, treedef = flatten(output)
        total = 0.0
        for c, leaf in zip(flatten_like(treedef, self.cotangent), outputs, strict=True):
            if c is not None:
                total += float(np.sum(np.asarray(c) * np.asarray(leaf)).real)
        return total

    def direction(self, elements: np.ndarray[Any, Any], rng: np.random.Generator) -> np.ndarray[Any, Any]:
        """A random direction in the given elements; no component is small, so that none is overlooked."""
        d = np.zeros_like(self.scale)
        d[elements] = (
            self.scale[elements] * rng.uniform(0.5, 1.5, len(elements)) * rng.choice([-1.0, 1.0], len(elements))
        )
        return d

    def along(self, d: np.ndarray[Any, Any]) -> tuple[float, Slope, bool]:
        """The derivative along d: claimed, by differences, and whether the two agree."""
        terms = (self.ours * d)[d != 0]  # an infinite derivative elsewhere is not part of the claim
        claim = float(np.sum(terms))
        size = math.sqrt(float(np.sum(terms**2)))  # terms may cancel; their rounding does not
        length = float(np.max(np.abs(d)))
        if self.absolute is not None:
            slack = self.absolute * length
        else:
            self.value = abs(self.at(0.0 * d)) if self.value is None else self.value
            slack = self.noise * max(self.value, min(1.0, length))  # what cancels in f leaves a rounding of its terms
        slack += self.relative * size if math.isfinite(size) else 0.0
        found = slope(lambda t: self.at(t * d), claim, self.relative, slack, self.first)
        return (
            claim,
            found,
            not found.kink and abs(claim - found.value) <= slack + self.relative * max(abs(claim), abs(found.value)),
        )

    def element(self, number: int, size: float) -> tuple[float, float, Slope, bool]:
        """The derivative by one element: (claim, step, slope, whether they agree), with the step that tells most."""
        best: tuple[float, float, Slope, bool] | None = None
        for step in dict.fromkeys((float(self.scale[number]), size)):
            if step == 0.0:
                continue
            d = np.zeros_like(self.scale)
            d[number] = step
            claim, found, fine = self.along(d)
            result = (claim / step, step, found, fine)
            if fine:
                return result
            if best is None or (found.kink, found.error / step) < (best[2].kink, best[2].error / best[1]):
                best = result
        assert best is not None
        return best

    def locate(self, elements: np.ndarray[Any, Any], rng: np.random.Generator, failed: list[int]) -> None:
        """Halve the elements down to the single ones whose derivative is not confirmed."""
        if len(failed) > SHOWN:
            return
        if len(elements) == 1:
            failed.append(int(elements[0]))
            return
        middle = len(elements) // 2
        for half in (elements[:middle], elements[middle:]):
            if not self.along(self.direction(half, rng))[2]:
                self.locate(half, rng, failed)

    def describe(self, failed: list[int], report: Report) -> None:
        """Turn the elements that failed into lines of the report: wrong, kink, or undecided."""
        report.more = len(failed) > SHOWN
        for leaf_number, element in self._places(failed[:SHOWN]):
            leaf = self.leaves[leaf_number]
            index = tuple(int(i) for i in np.unravel_index(element, leaf.shape)) if leaf.shape else None
            offset = int(self.starts[leaf_number]) + element
            size = float(abs(np.asarray(leaf.value).flat[element]))
            results = [
                self.element(part, size) for part in (offset, offset + leaf.scale.size)[: 2 if leaf.complex else 1]
            ]
            if all(fine for *_, fine in results):
                continue
            kink = next(((claim, found, s) for claim, s, found, _ in results if found.kink), None)
            if kink is not None:
                claim, found, s = kink
                assert found.left is not None and found.right is not None
                report.kinks.append(Kink(leaf.path, index, found.left / s, found.right / s, claim))
            elif all(
                fine or (found.error > 0.1 * abs(claim * s - found.value) and not math.isnan(claim))
                for claim, s, found, fine in results
            ):
                name = leaf.path + (f"[{', '.join(map(str, index))}]" if index else "")
                report.unreliable.append(
                    f"{name}: got {formatted(results[0][0])}, finite difference {formatted(results[0][2].value / results[0][1])}"
                )
            else:
                claims = [claim for claim, *_ in results]
                values = [found.value / s for _, s, found, _ in results]
                got: Any = complex(claims[0], -claims[1]) if leaf.complex else claims[0]
                expected: Any = complex(values[0], -values[1]) if leaf.complex else values[0]
                report.differences.append(Difference(leaf.path, index, got, expected))

    def _places(self, failed: Sequence[int]) -> Iterator[tuple[int, int]]:
        """(leaf, element in the leaf) of numbered elements, each once: the parts of a complex one belong together."""
        seen = set()
        for number in failed:
            leaf = int(np.searchsorted(self.starts, number, side="right")) - 1
            place = (leaf, (number - int(self.starts[leaf])) % self.leaves[leaf].scale.size)
            if place not in seen:
                seen.add(place)
                yield place


__all__ = ["SHOWN", "Problem"]
