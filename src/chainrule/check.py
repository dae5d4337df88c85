"""(function, derivative) -> report: is the derivative the one that finite differences give?

The oracle is the function itself. Along a direction d the function is a function of one number, t -> <c, f(x + t d)>
with a cotangent c, and its slope at t = 0 must be <pullback(c), d>. Random directions in all arguments at once test
any number of elements with a few evaluations; where one fails, the elements are halved until the wrong ones are
found. The slope is a central difference with Richardson extrapolation (Richardson 1911); where that disagrees, it is
refined over many steps, keeping the most consistent estimate (Ridders 1982). Evaluation is in float64 or wider,
whatever the arguments' dtype, if the function permits.

Where one-sided differences disagree, or one side has no value, the point is a kink; that is reported, and is not an
error: there finite differences say nothing about which value is right. The pairing of complex numbers is Re(sum(a * b)), without
conjugation, so that the gradient of a real f is df/dx - i df/dy.

What this does not do: forward mode and higher orders; directions restricted to a manifold (symmetric matrices).
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from chainrule.errors import GradientCheckError
from chainrule.structure import TreeDef, flatten, flatten_like, gradient_structure, leaf_paths, unflatten

__all__ = ["Difference", "Kink", "Report", "Slope", "Streams", "check_gradients", "check_vjp", "compare", "copied", "slope", "streams_of"]

Vjp = Callable[..., tuple[Any, Callable[[Any], tuple[Any, ...]]]]

# Relative. Truncation, h**4 ~ 1e-11, and rounding, eps / h ~ 1e-13, are both far below the tolerance.
FIRST_STEP: Final = 2.0**-9
REFINED: Final = 12  # further steps, each a quarter of the one before: down to 1e-9, for kinks and poles close by
SHOWN: Final = 20  # wrong elements to locate; each costs about log2(elements) further directions

# Of the dtype in which the derivative was computed: (relative, absolute). Some tens to thousands of roundings of that
# dtype, and never below what differences in float64 resolve. The absolute one is in units of the function's value.
TOLERANCES: Final = {8: (1e-6, 1e-8), 4: (2e-3, 1e-4), 2: (2e-2, 1e-2)}


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of a function of one number at 0, as differences see it.

    ``error`` estimates the error of ``value``; ``left`` and ``right`` are one-sided slopes, set only when they disagree.
    """

    value: float
    error: float
    left: float | None = None
    right: float | None = None

    @property
    def kink(self) -> bool:
        """Whether the two sides disagree."""
        return self.left is not None


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
            return f"{where}: got {_number(self.ours)}, finite difference {_number(self.expected)}, relative error {self.relative_error:.2g}"
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
        return f"{where}: slope {_number(self.left)} from the left, {_number(self.right)} from the right, got {_number(self.ours)}"


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


def _number(x: Any) -> str:
    return f"{x:.10g}" if isinstance(x, float | complex | np.inexact) else str(x)


def slope(g: Callable[[float], float], claim: float, rtol: float, atol: float, first: float = FIRST_STEP) -> Slope:
    """The derivative of g at 0, refined only as far as needed to confirm or refute a claim about it.

    ``g`` returns NaN where it has no value. Four evaluations confirm a right claim at a smooth point.

    >>> round(slope(lambda t: math.exp(2 * t), claim=2.0, rtol=1e-6, atol=1e-9).value, 8)
    2.0
    >>> kink = slope(abs, claim=0.5, rtol=1e-6, atol=1e-9)
    >>> kink.left, kink.right
    (-1.0, 1.0)
    """

    def sides(h: float) -> tuple[float, float]:
        return g(h), g(-h)

    def confirmed(value: float, slack: float = 0.0) -> bool:
        return abs(value - claim) <= atol + rtol * max(abs(value), abs(claim)) + slack

    h = first
    up, down = sides(h)
    coarse = (up - down) / (2 * h)
    up, down = sides(h / 2)
    fine = (up - down) / h
    best = (4 * fine - coarse) / 3
    if confirmed(best):
        return Slope(best, abs(best - fine))

    # Refuted so far. Ridders' tableau over many steps: its entries agree best where truncation and rounding balance.
    centre = g(0.0)
    hs = [first * 4.0 ** (1 - k) for k in range(REFINED + 2)]
    points = [sides(h) for h in hs]
    error = math.inf
    best = math.nan
    previous: list[float] = []
    for h, (up, down) in zip(hs, points, strict=True):
        row = [(up - down) / (2 * h)]
        rounding = 4e-16 * max(abs(up), abs(down), abs(centre)) / h
        for order, old in enumerate(previous[:4], start=1):
            power = 16.0**order  # the step shrinks fourfold, so errors of order h**2, h**4, ... shrink by 16, 256, ...
            row.append((power * row[-1] - old) / (power - 1))
            distance = max(abs(row[-1] - row[-2]), abs(row[-1] - old)) + rounding
            if distance < error:
                error, best = distance, row[-1]
        previous = row
    one_sided = _one_sided(hs, points, centre)
    if one_sided is not None:
        left, right, noise = one_sided
        same = abs(right - left) <= 20 * noise + 1e-4 * max(abs(left), abs(right)) + atol
        if not same:  # also when one side is NaN
            return Slope(best, error, left, right)
    return Slope(best, error)


def _one_sided(hs: list[float], points: list[tuple[float, float]], centre: float) -> tuple[float, float, float] | None:
    """Slopes to the left and right, extrapolated, at the step where they are most consistent; and their error."""
    results = []
    for side in (1, 0):
        sign = 1.0 if side == 0 else -1.0
        slopes = [sign * (point[side] - centre) / h for h, point in zip(hs, points, strict=True)]
        error, value = math.inf, math.nan
        old_extrapolated = math.nan
        for h, old, new in zip(hs[1:], slopes[:-1], slopes[1:], strict=True):
            extrapolated = (4 * new - old) / 3  # the step shrinks fourfold, and the error is of order h
            distance = max(abs(extrapolated - new), abs(extrapolated - old_extrapolated)) + 4e-16 * abs(centre) / h
            if distance < error:
                error, value = distance, extrapolated
            old_extrapolated = extrapolated
        middle, last = slopes[len(slopes) // 2], slopes[-1]
        if (
            math.isnan(last)
            or math.isnan(value)
            or (abs(last) > 8 * abs(middle) and abs(last) * hs[-1] > 1e-13 * abs(centre))
        ):
            value, error = last, 0.0  # no value on this side (NaN), or no limit: a jump, or an infinite slope
        results.append((value, error))
    (left, left_error), (right, right_error) = results
    if math.isnan(left) and math.isnan(right):
        return None
    return left, right, max(left_error, right_error)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A float or complex leaf of the arguments: where it is, its value in wide precision, the step of each element."""

    path: str
    position: int
    value: Any  # a Python number, NumPy scalar or array, float64 or wider
    scale: np.ndarray[Any, Any]
    complex: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.scale.shape)


def _wide(value: Any) -> Any:
    """A copy of a leaf in float64 or complex128, or wider; other leaves are copied as they are."""
    if isinstance(value, np.ndarray):
        target: Any = value.dtype
        if value.dtype.kind in "fc" and value.dtype.itemsize < (8 if value.dtype.kind == "f" else 16):
            target = np.float64 if value.dtype.kind == "f" else np.complex128
        return value.astype(target, order="K", copy=True)
    if isinstance(value, np.float16 | np.float32):
        return np.float64(value)
    if isinstance(value, np.complex64):
        return np.complex128(value)
    return copied(value)


def copied(value: Any) -> Any:
    """A leaf that the function may use up or write to: arrays and stateful objects are copied."""
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if value is None or isinstance(value, bool | int | float | complex | str | np.generic) or callable(value):
        return value
    try:
        return copy.deepcopy(value)  # random generators and buffers must start alike in every evaluation
    except Exception:
        return value


def _is_float(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fc"
    return isinstance(value, float | complex)


def _scale(value: Any) -> np.ndarray[Any, Any]:
    """The step of each element: its own size, but no less than a tenth of the leaf's typical size (1 when all are zero)."""
    size = np.abs(np.asarray(value)).astype(np.float64)
    size = np.where(np.isfinite(size), size, 1.0)
    typical = math.sqrt(float(np.mean(size * size))) if size.size else 1.0
    return np.maximum(size, 0.1 * typical if typical else 1.0)


def _itemsize(value: Any) -> int:
    """Bytes of a float's dtype, those of one component for complex; a Python number counts as float64."""
    if not isinstance(value, np.ndarray | np.generic):
        return 8
    return value.dtype.itemsize // (2 if value.dtype.kind == "c" else 1)


def _tolerances(leaves: Sequence[Any]) -> tuple[float, float]:
    return TOLERANCES[min((min(_itemsize(leaf), 8) for leaf in leaves if _is_float(leaf)), default=8)]


def _parameter_names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = []
    for i in range(count):
        if i < len(parameters) and parameters[i].kind in (
            parameters[i].POSITIONAL_ONLY,
            parameters[i].POSITIONAL_OR_KEYWORD,
        ):
            names.append(parameters[i].name)
        else:
            names.append(f"args[{i}]")
    return names


def _function_name(f: Callable[..., Any]) -> str:
    return str(getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or repr(f))


def compare(
    f: Callable[..., Any],
    args: Sequence[Any],
    gradients: Sequence[Any],
    argnums: Sequence[int] | None = None,
    cotangent: Any = None,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    directions: int = 2,
    seed: int = 0,
    strict: bool = True,
) -> Report:
    """Compare gradients that somebody computed with finite differences of ``<cotangent, f(*args)>``.

    Arguments: ``gradients`` has one entry for each of ``argnums`` (default: every argument), of the structure of that
    argument; entries at leaves that are not floating-point are ignored. ``cotangent`` has the structure of the result
    (None at leaves without derivative); left out, f must return one number, with cotangent 1. With ``strict``,
    shapes and dtypes of the gradients must be those of the arguments. ``args`` are never modified.

    Returns a report; ``report.raise_if_wrong()`` raises GradientCheckError.

    >>> report = compare(lambda x: x[0] * x[1], [np.array([2.0, 3.0])], [np.array([3.0, -2.0])])
    >>> print(report)
    derivative of <lambda>: differs from finite differences
      x[1]: got -2, finite difference 2, relative error 2
    """
    report = Report(_function_name(f))
    argnums = range(len(args)) if argnums is None else argnums
    names = _parameter_names(f, len(args))
    wide, treedef = _taken_apart(args)
    originals = wide
    wide = [_wide(leaf) for leaf in wide]
    paths = [path for i, child in enumerate(treedef.children) for path in leaf_paths(child, names[i])]
    starts = np.cumsum([0, *(child.size for child in treedef.children)])

    leaves: list[_Leaf] = []
    ours: list[np.ndarray[Any, Any]] = []
    for argnum, gradient in zip(argnums, gradients, strict=True):
        try:
            parts = flatten_like(gradient_structure(treedef.children[argnum]), gradient)
        except ValueError as error:
            report.differences.append(
                Difference(names[argnum], None, str(error), "the argument's structure", "structure of the gradient")
            )
            continue
        for position, part in enumerate(parts, start=int(starts[argnum])):
            original = originals[position]
            if not _is_float(original):
                continue
            wrong = _misfit(part, original, strict)
            if wrong is not None:
                report.differences.append(Difference(paths[position], None, *wrong))
                continue
            leaf = _Leaf(paths[position], position, wide[position], _scale(original), np.iscomplexobj(original))
            leaves.append(leaf)
            ours.append(np.asarray(part))
    relative, noise = _tolerances([originals[leaf.position] for leaf in leaves])
    relative = relative if rtol is None else rtol
    if not any(leaf.scale.size for leaf in leaves):
        return report

    problem = _Problem(f, treedef, wide, leaves, ours, cotangent, relative, noise, atol)
    if not problem.accepts_wide():
        problem = _Problem(
            f, treedef, [copied(leaf) for leaf in originals], leaves, ours, cotangent, relative, noise, atol
        )
    if problem.narrow():
        problem.first, problem.relative, problem.noise = 2.0**-5, max(relative, 2e-2), max(noise, 1e-3)

    rng = np.random.default_rng(seed)
    elements = problem.elements()
    failed: list[int] = []
    for _ in range(directions):
        claim, found, fine = problem.along(problem.direction(elements, rng))
        if fine:
            continue
        before = len(report.differences) + len(report.kinks) + len(report.unreliable)
        problem.locate(elements, rng, failed)
        problem.describe(failed, report)
        # Wrong only together, not one by one:
        if len(report.differences) + len(report.kinks) + len(report.unreliable) == before:
            if found.kink or found.error > 0.1 * abs(claim - found.value):
                report.unreliable.append(
                    f"a random direction: got {_number(claim)}, finite difference {_number(found.value)}"
                )
            else:
                report.differences.append(Difference("a random direction", None, claim, found.value))
        break
    return report


def _misfit(part: Any, original: Any, strict: bool) -> tuple[Any, Any, str] | None:
    """Why a gradient leaf cannot be that of an argument leaf: (is, should be, of what)."""
    if part is None or not isinstance(part, np.ndarray | np.generic | float | complex | int):
        return type(part).__name__, type(original).__name__, "type of the gradient"
    given, expected = np.asarray(part), np.asarray(original)
    if given.shape != expected.shape:
        return given.shape, expected.shape, "shape of the gradient"
    if strict and given.dtype != expected.dtype:
        return given.dtype, expected.dtype, "dtype of the gradient"
    return None


class _Problem:
    """f as a function of the chosen leaves, and the derivative that is claimed for it.

    Elements are numbered through all leaves; a complex element counts twice (real part, imaginary part).
    """

    def __init__(
        self,
        f: Callable[..., Any],
        treedef: TreeDef,
        values: list[Any],
        leaves: list[_Leaf],
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
        outputs = [leaf for leaf in flatten(self.call(self.values))[0] if _is_float(leaf)]
        return any(_itemsize(leaf) < 8 for leaf in outputs)

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
                    f"{name}: got {_number(results[0][0])}, finite difference {_number(results[0][2].value / results[0][1])}"
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


def check_gradients(
    f: Callable[..., Any], args: Sequence[Any], gradients: Sequence[Any], argnums: Sequence[int], **options: Any
) -> Report:
    """As ``compare``, but raises GradientCheckError when something is wrong.

    >>> check_gradients(lambda x: x**3, [2.0], [12.0], [0]).ok
    True
    """
    report = compare(f, args, gradients, argnums, **options)
    report.raise_if_wrong()
    return report


def check_vjp(
    f: Callable[..., Any],
    args: Sequence[Any],
    vjp: Vjp,
    order: int = 1,
    modes: Sequence[str] = ("rev",),
    atol: float | None = None,
    rtol: float | None = None,
    *,
    seed: int = 0,
) -> Report:
    """Compare reverse-mode derivatives of f at args with finite differences.

    Arguments: ``vjp(f, *args) -> (value, pullback)``; the result of f may be any container of numbers and arrays. A random
    cotangent is pulled back, and must satisfy <pullback(c), d> = <c, df(d)> for random d. Tolerances default to those of
    the narrowest float argument.

    Returns the report, which lists kinks. Raises GradientCheckError when a derivative, or the value that vjp returns,
    is wrong; ValueError for a mode or an order that there is not.

    >>> def vjp(f, x):
    ...     return np.sin(x), lambda c: (c * np.cos(x),)
    >>> print(check_vjp(np.sin, [np.array([1.0, 2.0])], vjp))
    derivative of sin: as finite differences give it
    """
    if order != 1:
        raise ValueError(f"order={order}: only first derivatives (order=1) can be checked")
    unknown = [mode for mode in modes if mode != "rev"]
    if unknown:
        raise ValueError(f"modes={tuple(modes)}: only reverse mode ('rev') can be checked")
    streams = streams_of(f)
    fresh = _fresh(args)
    value, pullback = vjp(f, *fresh)
    with streams.kept():
        return _check_pullback(streams.from_start(f), args, value, pullback, atol, rtol, seed)


def _check_pullback(f: Callable[..., Any], args: Sequence[Any], value: Any, pullback: Callable[[Any], tuple[Any, ...]],
                    atol: float | None, rtol: float | None, seed: int) -> Report:
    report = Report(_function_name(f))
    outputs, treedef = flatten(value)
    expected, expected_treedef = flatten(f(*_fresh(args)))
    relative, noise = _tolerances([*_taken_apart(args)[0], *outputs])
    rtol, atol_value = relative if rtol is None else rtol, noise if atol is None else atol
    if treedef != expected_treedef:
        report.differences.append(Difference("result", None, treedef, expected_treedef, "structure of the value"))
    else:
        for path, ours, theirs in zip(leaf_paths(treedef, "result"), outputs, expected, strict=True):
            if not _same_value(ours, theirs, rtol, atol_value):
                report.differences.append(Difference(path, None, ours, theirs, "value"))
    report.raise_if_wrong()
    rng = np.random.default_rng(seed)
    cotangents = [_random_like(leaf, rng) for leaf in outputs]
    gradients = pullback(unflatten(treedef, cotangents))
    if not isinstance(gradients, tuple) or len(gradients) != len(args):
        report.differences.append(
            Difference("pullback", None, f"{type(gradients).__name__}", f"a tuple of {len(args)}", "type of the result")
        )
        report.raise_if_wrong()
    wide = unflatten(treedef, [c if c is None else np.asarray(c) for c in cotangents])
    report = compare(f, args, gradients, None, wide, rtol=rtol, atol=atol, seed=seed)
    report.raise_if_wrong()
    return report


class Streams:
    """The random generators that a function may draw from besides its arguments: those of `np.random` and `random`, and the given ones.

    Differences are of samples from one stream: every evaluation starts where the derivative started.
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        found = [leaf for value in values for leaf in flatten(value)[0]]
        self.generators = [g for g in found if isinstance(g, np.random.Generator | np.random.RandomState | random.Random)]
        self.start = self._states()

    def _states(self) -> list[Any]:
        own = [copy.deepcopy(g.bit_generator.state) if isinstance(g, np.random.Generator) else
               g.get_state() if isinstance(g, np.random.RandomState) else g.getstate() for g in self.generators]
        return [np.random.get_state(), random.getstate(), *own]

    def _set(self, states: list[Any]) -> None:
        np.random.set_state(states[0])
        random.setstate(states[1])
        for generator, state in zip(self.generators, states[2:], strict=True):
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = state
            elif isinstance(generator, np.random.RandomState):
                generator.set_state(state)
            else:
                generator.setstate(state)

    def from_start(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The function, drawing the same numbers whenever it is called."""

        @functools.wraps(f)
        def again(*args: Any) -> Any:
            self._set(self.start)
            return f(*args)

        return again

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Leave the generators as they are now."""
        now = self._states()
        try:
            yield
        finally:
            self._set(now)


def streams_of(f: Any, args: Sequence[Any] = ()) -> Streams:
    """The generators that a function finds in its closure, among its globals, or in the object that it is a method of, and those among some arguments."""
    owner = getattr(f, "__self__", None)
    values: list[Any] = [*getattr(owner, "__dict__", {}).values()]
    f = inspect.unwrap(f.__func__ if inspect.ismethod(f) else f) if callable(f) else f
    code = getattr(f, "__code__", None)
    if code is not None:
        values += [f.__globals__[name] for name in code.co_names if name in f.__globals__]
        for cell in f.__closure__ or ():
            try:
                values.append(cell.cell_contents)
            except ValueError:  # not bound yet
                continue
    return Streams([*values, *args])


def _taken_apart(args: Sequence[Any]) -> tuple[list[Any], TreeDef]:
    """Arguments as their leaves, objects too, and the structure of the list of them."""
    parts = [flatten(arg, objects=True) for arg in args]
    leaves = [leaf for found, _ in parts for leaf in found]
    return leaves, TreeDef(list, (), tuple(structure for _, structure in parts), len(leaves))


def _fresh(args: Sequence[Any]) -> list[Any]:
    leaves, treedef = _taken_apart(args)
    return list(unflatten(treedef, [copied(leaf) for leaf in leaves]))


def _same_value(ours: Any, theirs: Any, rtol: float, atol: float) -> bool:
    if not _is_float(theirs):
        return bool(np.all(ours == theirs)) if isinstance(theirs, np.ndarray | np.generic | int | str) else True
    a, b = np.asarray(ours), np.asarray(theirs)
    return a.shape == b.shape and a.dtype == b.dtype and bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))


def _random_like(leaf: Any, rng: np.random.Generator) -> Any:
    """A random cotangent of the type of a result; None where there is none."""
    if not _is_float(leaf):
        return None
    shape = np.shape(leaf)
    c: Any = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    if np.iscomplexobj(leaf):
        c = c + 1j * rng.uniform(-1.0, 1.0, shape)
    if isinstance(leaf, np.ndarray):
        return np.asarray(c, leaf.dtype)
    return type(leaf)(c)
