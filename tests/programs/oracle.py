"""program -> verdict: does the compiler differentiate it rightly?

The oracle is the program itself: the value must be that of running it, and the gradient that of finite differences. Beyond
that, the arguments must come back untouched, gradients must have the arguments' types and memory of their own, a second call
must give the same, and the generated text must not depend on the run.
"""

from __future__ import annotations

import copy
import itertools
import linecache
import math
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chainrule.check import compare, slope
from chainrule.errors import MissingRuleError, SourceUnavailableError, UnsupportedError
from tests.programs.generate import Program

LARGE = 1e5  # a value beyond this has grown out of control: nothing could be concluded from differences
GOOD, FAILURES = ("ok", "kink", "refused"), ("wrong", "crashed", "modified", "nondeterministic", "invalid")


class Compiler(Protocol):
    """What is under test."""

    def value_and_grad(self, f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., Any]: ...


class _Chainrule:
    def value_and_grad(self, f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., Any]:
        import chainrule

        return chainrule.value_and_grad(f, argnums=argnums)


CHAINRULE: Compiler = _Chainrule()


@dataclass(frozen=True)
class Verdict:
    """``kind``: ok; kink (differences cannot judge); refused; or a failure: wrong, crashed, modified, nondeterministic, invalid
    (the program itself does not run). ``reason`` is one line that groups alike verdicts, ``detail`` is for reading."""

    kind: str
    reason: str = ""
    detail: str = ""

    @property
    def failed(self) -> bool:
        return self.kind in FAILURES


_number = itertools.count()


def load(source: str) -> Callable[..., Any]:
    """Execute the text as a module of its own, in a way that ``inspect.getsource`` works; return its ``main``."""
    name = f"<random program {next(_number)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    linecache.cache.pop(f"<random program {int(name.split()[-1][:-1]) - 1000}>", None)  # keep the last thousand
    namespace: dict[str, Any] = {"__name__": "random_program"}
    exec(compile(source, name, "exec"), namespace)
    return namespace["main"]  # type: ignore[no-any-return]


def float_positions(args: tuple[Any, ...]) -> tuple[int, ...]:
    """The arguments to differentiate by."""
    return tuple(i for i, arg in enumerate(args) if isinstance(arg, float | np.ndarray))


def judge(program: Program, compiler: Compiler = CHAINRULE, determinism: bool = True) -> Verdict:
    """Differentiate the program at all its arguments and compare."""
    f = load(program.source)
    argnums = float_positions(program.arguments[0])
    texts: list[str] = []
    kink = None
    derivative = None
    for args in program.arguments:
        expected, problem = _primal(f, args)
        if problem is not None:
            if problem.failed:
                return problem
            kink = problem
            continue
        try:
            derivative = derivative or compiler.value_and_grad(f, argnums)
            given = copy.deepcopy(args)
            value, gradients = derivative(*given)
            again = derivative(*copy.deepcopy(args))
        except (UnsupportedError, MissingRuleError, SourceUnavailableError) as error:
            return Verdict("refused", _reason(error), str(error))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            file = re.sub(r"\d+", "N", where.filename.rsplit("/", 1)[-1])  # generated files are numbered
            place = f"{file}:{where.name}"
            return Verdict("crashed", f"{type(error).__name__} in {place}: {str(error)[:80]}", traceback.format_exc())
        texts.append(_text(derivative, args))
        verdict = _examine(f, args, argnums, given, expected, value, gradients, again)
        if verdict.failed:
            return Verdict(verdict.kind, verdict.reason, f"{verdict.detail}\nat {args}\n\n{texts[-1]}")
        if verdict.kind == "kink":
            kink = verdict
    if determinism and texts and texts[0]:
        other = compiler.value_and_grad(load(program.source), argnums)
        for args, text in zip(program.arguments, texts, strict=False):
            if len(texts) == len(program.arguments) and (second := _text(other, args)) != text:
                return Verdict("nondeterministic", "two compilations differ", f"{text}\n\n--- and ---\n\n{second}")
    return kink or Verdict("ok")


def _primal(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[float, Verdict | None]:
    try:
        with np.errstate(all="ignore"):
            value = f(*copy.deepcopy(args))
    except Exception:
        return 0.0, Verdict("invalid", "the program does not run", traceback.format_exc())
    if not isinstance(value, float):
        return 0.0, Verdict("invalid", f"the program returns {type(value).__name__}")
    if not math.isfinite(value) or abs(value) > LARGE:
        return value, Verdict("kink", "the value is too large")
    return value, None


def _text(derivative: Any, args: tuple[Any, ...]) -> str:
    source_for = getattr(derivative, "source_for", None)
    return "" if source_for is None else str(source_for(*copy.deepcopy(args)))


def _reason(error: Exception) -> str:
    what = error.findings[0].what if isinstance(error, UnsupportedError) and error.findings else str(error)
    return re.sub(r"`\w`", "`_`", what.split("\n", 1)[0])  # the reason is the same whatever the variable is called


def _examine(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: tuple[int, ...],
    given: tuple[Any, ...],
    expected: float,
    value: Any,
    gradients: Any,
    again: Any,
) -> Verdict:
    for i, (before, after) in enumerate(zip(args, given, strict=True)):
        if not np.array_equal(before, after):
            return Verdict("modified", "an argument was changed", f"argument {i}: {before} became {after}")
    if not isinstance(value, float) or not math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-13):
        return Verdict("wrong", "the value differs", f"value {value!r}, the program returns {expected!r}")
    if not isinstance(gradients, tuple) or len(gradients) != len(argnums):
        return Verdict("wrong", "not a tuple of gradients", repr(gradients))
    for i, gradient in zip(argnums, gradients, strict=True):
        if isinstance(args[i], float) and type(gradient) is not float:
            return Verdict(
                "wrong", f"the gradient of a float is {type(gradient).__name__}", f"argument {i}: {gradient!r}"
            )
    arrays = [g for g in gradients if isinstance(g, np.ndarray)]
    others = [arg for arg in given if isinstance(arg, np.ndarray)]
    for k, array in enumerate(arrays):
        if any(np.may_share_memory(array, other) for other in [*others, *arrays[:k]]):
            return Verdict("wrong", "gradients share memory with each other or with arguments")
    if not _same((value, *gradients), (again[0], *again[1])):
        return Verdict("wrong", "a second call gives another result", f"{(value, gradients)} and then {again}")
    report = compare(f, args, gradients, argnums)
    if not report.ok:
        return Verdict("wrong", "the gradient differs", str(report))
    if report.kinks or report.unreliable:
        return Verdict("kink", "finite differences cannot judge", str(report))
    return Verdict("ok")


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def reliable(program: Program) -> Verdict:
    """Without a compiler: does the program run, and do finite differences converge on it?"""
    f = load(program.source)
    rng = np.random.default_rng(0)
    for args in program.arguments:
        _, problem = _primal(f, args)
        if problem is not None:
            return problem
        steps = [rng.uniform(-1.0, 1.0, np.shape(arg)) if isinstance(arg, float | np.ndarray) else 0 for arg in args]

        def along(t: float, args: tuple[Any, ...] = args, steps: list[Any] = steps) -> float:
            moved = [
                float(a + t * d) if isinstance(a, float) else a + t * d if isinstance(a, np.ndarray) else a
                for a, d in zip(args, steps, strict=True)
            ]
            with np.errstate(all="ignore"):
                return float(f(*moved))

        found = slope(along, math.nan, 0.0, 1e-9)  # no claim to confirm: the full table of steps
        if found.kink or not found.error <= 1e-6 * max(1.0, abs(found.value)):
            return Verdict("kink", "kink" if found.kink else "differences do not converge", str(found))
    return Verdict("ok")
