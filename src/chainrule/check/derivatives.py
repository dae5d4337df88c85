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

Forward mode is checked along one direction, and element by element where that is wrong. A derivative of higher order is
checked as the first derivative of a derivative: of `pulled`, the gradient of <c, f> for a fixed cotangent c, and of
`pushed`, the derivative of f along fixed tangents.

What this does not do: directions restricted to a manifold (symmetric matrices).
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ..structure import TreeDef, flatten, flatten_like, gradient_structure, leaf_paths, unflatten
from .leaves import Leaf, copied, is_floating, itemsize_of, own_copies, random_like, scale_of, taken_apart, tolerances, widened
from .problem import Problem
from .reports import Difference, Report, formatted
from .slopes import slope
from .streams import streams_of

Vjp = Callable[..., tuple[Any, Callable[[Any], tuple[Any, ...]]]]
Jvp = Callable[[Callable[..., Any], Sequence[Any], Sequence[Any]], tuple[Any, Any]]
MODES: Final = ("fwd", "rev")


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
    originals, treedef = taken_apart(args)
    argnums = range(len(args)) if argnums is None else argnums
    leaves, ours = _matched(report, _parameter_names(f, len(args)), originals, treedef, argnums, gradients, strict)
    if any(leaf.scale.size for leaf in leaves):
        _examine(_problem(f, originals, treedef, leaves, ours, cotangent, rtol, atol), report, directions, np.random.default_rng(seed))
    return report


def _matched(report: Report, names: list[str], originals: list[Any], treedef: TreeDef, argnums: Sequence[int], gradients: Sequence[Any],
             strict: bool) -> tuple[list[Leaf], list[np.ndarray[Any, Any]]]:
    """The leaves of arguments that gradients are given for, and these; what does not fit goes into the report."""
    paths = [path for i, child in enumerate(treedef.children) for path in leaf_paths(child, names[i])]
    starts = np.cumsum([0, *(child.size for child in treedef.children)])
    leaves: list[Leaf] = []
    ours: list[np.ndarray[Any, Any]] = []
    for argnum, gradient in zip(argnums, gradients, strict=True):
        try:
            parts = flatten_like(gradient_structure(treedef.children[argnum]), gradient)
        except ValueError as error:
            report.differences.append(Difference(names[argnum], None, str(error), "the argument's structure", "structure of the gradient"))
            continue
        for position, part in enumerate(parts, start=int(starts[argnum])):
            original = originals[position]
            if not is_floating(original):
                continue
            if (wrong := _misfit(part, original, strict)) is not None:
                report.differences.append(Difference(paths[position], None, *wrong))
                continue
            leaves.append(Leaf(paths[position], position, widened(original), scale_of(original), np.iscomplexobj(original)))
            ours.append(np.asarray(part))
    return leaves, ours


def _problem(f: Callable[..., Any], originals: list[Any], treedef: TreeDef, leaves: list[Leaf], ours: list[np.ndarray[Any, Any]], cotangent: Any,
             rtol: float | None, atol: float | None) -> Problem:
    """f in float64 or wider, if it permits that, with the tolerances for the dtypes of the arguments."""
    relative, noise = tolerances([originals[leaf.position] for leaf in leaves])
    relative = relative if rtol is None else rtol
    problem = Problem(f, treedef, list(map(widened, originals)), leaves, ours, cotangent, relative, noise, atol)
    if not problem.accepts_wide():
        problem = Problem(f, treedef, list(map(copied, originals)), leaves, ours, cotangent, relative, noise, atol)
    if problem.narrow():
        problem.first, problem.relative, problem.noise = 2.0**-5, max(relative, 2e-2), max(noise, 1e-3)
    return problem


def _examine(problem: Problem, report: Report, directions: int, rng: np.random.Generator) -> None:
    """Try some directions; where one is wrong, find the elements that are."""
    elements = problem.elements()
    for _ in range(directions):
        claim, found, fine = problem.along(problem.direction(elements, rng))
        if fine:
            continue
        before = len(report.differences) + len(report.kinks) + len(report.unreliable)
        failed: list[int] = []
        problem.locate(elements, rng, failed)
        problem.describe(failed, report)
        if len(report.differences) + len(report.kinks) + len(report.unreliable) == before:  # wrong only together, not one by one
            if found.kink or found.error > 0.1 * abs(claim - found.value):
                report.unreliable.append(f"a random direction: got {formatted(claim)}, finite difference {formatted(found.value)}")
            else:
                report.differences.append(Difference("a random direction", None, claim, found.value))
        return


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
    is wrong.

    >>> def vjp(f, x):
    ...     return np.sin(x), lambda c: (c * np.cos(x),)
    >>> print(check_vjp(np.sin, [np.array([1.0, 2.0])], vjp))
    derivative of sin: as finite differences give it
    """
    streams = streams_of(f)
    fresh = own_copies(args)
    value, pullback = vjp(f, *fresh)
    with streams.kept():
        return _check_pullback(streams.from_start(f), args, value, pullback, atol, rtol, seed)


def _check_pullback(f: Callable[..., Any], args: Sequence[Any], value: Any, pullback: Callable[[Any], tuple[Any, ...]],
                    atol: float | None, rtol: float | None, seed: int) -> Report:
    outputs, treedef, rtol = _check_value(f, args, value, atol, rtol)
    report = Report(_function_name(f))
    rng = np.random.default_rng(seed)
    cotangents = [random_like(leaf, rng) for leaf in outputs]
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


def _check_value(f: Callable[..., Any], args: Sequence[Any], value: Any, atol: float | None, rtol: float | None) -> tuple[list[Any], TreeDef, float]:
    """Raise GradientCheckError if a transform gives another value than f. Otherwise the leaves of the value, its structure, and the tolerance."""
    report = Report(_function_name(f))
    outputs, treedef = flatten(value)
    expected, expected_treedef = flatten(f(*own_copies(args)))
    relative, noise = tolerances([*taken_apart(args)[0], *outputs])
    rtol, atol_value = relative if rtol is None else rtol, noise if atol is None else atol
    if treedef != expected_treedef:
        report.differences.append(Difference("result", None, treedef, expected_treedef, "structure of the value"))
    else:
        for path, ours, theirs in zip(leaf_paths(treedef, "result"), outputs, expected, strict=True):
            if not _same_value(ours, theirs, rtol, atol_value):
                report.differences.append(Difference(path, None, ours, theirs, "value"))
    report.raise_if_wrong()
    return outputs, treedef, rtol


def check_jvp(f: Callable[..., Any], args: Sequence[Any], jvp: Jvp, atol: float | None = None, rtol: float | None = None, *, seed: int = 0) -> Report:
    """Compare forward-mode derivatives of f at args with finite differences.

    Arguments: ``jvp(f, primals, tangents) -> (value, tangent)``. For random tangents v and a random cotangent c, <c, jvp(v)> must be the
    slope of t -> <c, f(x + t v)>. Where it is not, the derivative is taken element by element, and the report says which are wrong.

    Returns and raises what `check_vjp` does.

    >>> def jvp(f, primals, tangents):
    ...     return np.sin(primals[0]), np.cos(primals[0]) * tangents[0]
    >>> print(check_jvp(np.sin, [np.array([1.0, 2.0])], jvp))
    derivative of sin: as finite differences give it
    """
    streams = streams_of(f)
    rng = np.random.default_rng(seed)
    leaves, structure = taken_apart(args)
    tangents = [random_like(leaf, rng) for leaf in leaves]
    fresh = own_copies(args)
    value, tangent = jvp(f, fresh, _as_tangents(structure, tangents))
    with streams.kept():
        plain = streams.from_start(f)
        outputs, treedef, rtol = _check_value(plain, args, value, atol, rtol)
        report = Report(_function_name(f))
        try:
            parts = flatten_like(gradient_structure(treedef), tangent)
        except ValueError as error:
            report.differences.append(Difference("result", None, str(error), "the value's structure", "structure of the tangent"))
        else:
            for path, part, output in zip(leaf_paths(treedef, "result"), parts, outputs):
                wrong = _misfit(part, output, True) if is_floating(output) else None
                if wrong is not None:
                    report.differences.append(Difference(path, None, wrong[0], wrong[1], wrong[2].replace("gradient", "tangent")))
        report.raise_if_wrong()
        cotangents = [random_like(leaf, rng) for leaf in outputs]
        wide = unflatten(treedef, [c if c is None else np.asarray(c) for c in cotangents])
        pair = functools.partial(_paired, treedef, cotangents)

        def at(step: float) -> float:
            moved = [widened(leaf) if t is None else widened(leaf) + step * np.asarray(t, np.asarray(widened(leaf)).dtype) for leaf, t in zip(leaves, tangents)]
            moved = [m if isinstance(leaf, np.ndarray) or t is None else type(widened(leaf))(m) for m, leaf, t in zip(moved, leaves, tangents)]
            with np.errstate(all="ignore"):
                return pair(plain(*unflatten(structure, moved)))

        claim = pair(tangent)
        noise = (tolerances(leaves)[1] if atol is None else atol) * max(1.0, abs(claim))
        double = all(itemsize_of(leaf) >= 8 for leaf in leaves if is_floating(leaf))
        if double and math.isfinite(claim):
            found = slope(at, claim, rtol, noise)
            if abs(found.value - claim) <= noise + rtol * max(abs(found.value), abs(claim)):
                return report
        report = compare(plain, args, _by_element(f, args, jvp, pair), None, wide, rtol=rtol, atol=atol, seed=seed, strict=False)
        report.raise_if_wrong()
        return report


def _as_tangents(structure: TreeDef, leaves: Sequence[Any]) -> list[Any]:
    """Tangents, one for each argument, nested as gradients are: an object's are a dictionary."""
    found, start = [], 0
    for child in structure.children:
        found.append(unflatten(gradient_structure(child), leaves[start:start + child.size]))
        start += child.size
    return found


def _paired(treedef: TreeDef, cotangents: Sequence[Any], value: Any) -> float:
    """Re <c, value>."""
    parts = flatten_like(gradient_structure(treedef), value)
    return float(sum(np.sum(np.asarray(c) * np.asarray(part)).real for c, part in zip(cotangents, parts) if c is not None))


def _by_element(f: Callable[..., Any], args: Sequence[Any], jvp: Jvp, pair: Callable[[Any], float]) -> list[Any]:
    """The gradients that the derivatives along each element alone amount to."""
    leaves, structure = taken_apart(args)
    gradients: list[Any] = []
    still = [None if not is_floating(leaf) else np.zeros_like(leaf) if isinstance(leaf, np.ndarray) else type(leaf)(0) for leaf in leaves]
    for number, leaf in enumerate(leaves):
        if not is_floating(leaf):
            gradients.append(None)
            continue
        gradient = np.zeros(np.shape(leaf), complex if np.iscomplexobj(leaf) else float)
        for index in np.ndindex(*np.shape(leaf)):
            total: complex = 0.0
            for unit in ((1.0, 1.0j) if np.iscomplexobj(leaf) else (1.0,)):
                one: Any = np.zeros(np.shape(leaf), np.asarray(leaf).dtype)
                one[index] = unit
                moving = [*still[:number], one if isinstance(leaf, np.ndarray) else type(leaf)(one), *still[number + 1:]]
                slope_here = pair(jvp(f, own_copies(args), _as_tangents(structure, moving))[1])
                total += slope_here if unit == 1.0 else -1j * slope_here
            gradient[index] = total
        gradients.append(gradient)
    return list(unflatten(structure, gradients))


def check_all(f: Callable[..., Any], args: Sequence[Any], vjp: Vjp, jvp: Jvp, order: int, modes: Sequence[str],
              atol: float | None = None, rtol: float | None = None) -> None:
    """Check all derivatives up to an order, each order in each of the modes: at order 2, forward over reverse, reverse over reverse...

    Raises ValueError for a mode or an order that there is not, otherwise what `check_vjp` raises.
    """
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or not modes or isinstance(modes, str):
        raise ValueError(f"modes={modes!r}: the modes are 'fwd' and 'rev'")
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"order={order!r}: the order of a derivative is 1 or more")
    for mode in modes:
        if mode == "rev":
            check_vjp(f, args, vjp, atol, rtol)
        else:
            check_jvp(f, args, jvp, atol, rtol)
    if order == 1:
        return
    rng = np.random.default_rng(order)
    leaves, structure = taken_apart(args)
    outputs, treedef = flatten(f(*own_copies(args)))
    cotangent = unflatten(treedef, [random_like(leaf, rng) for leaf in outputs])
    tangents = tuple(_as_tangents(structure, [random_like(leaf, rng) for leaf in leaves]))

    def pulled(*args: Any) -> Any:
        return vjp(f, *args)[1](cotangent)

    def pushed(*args: Any) -> Any:
        return jvp(f, args, tangents)[1]

    for mode in modes:
        derivative = pulled if mode == "rev" else pushed
        derivative.__qualname__ = f"the {'reverse' if mode == 'rev' else 'forward'} derivative of {_function_name(f)}"
        check_all(derivative, args, vjp, jvp, order - 1, modes, atol, rtol)


def _same_value(ours: Any, theirs: Any, rtol: float, atol: float) -> bool:
    if not is_floating(theirs):
        return bool(np.all(ours == theirs)) if isinstance(theirs, np.ndarray | np.generic | int | str) else True
    a, b = np.asarray(ours), np.asarray(theirs)
    return a.shape == b.shape and a.dtype == b.dtype and bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))


__all__ = ["MODES", "Jvp", "Vjp", "check_all", "check_gradients", "check_jvp", "check_vjp", "compare"]
