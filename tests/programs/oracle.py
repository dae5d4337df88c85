"""program -> verdict: does the compiler differentiate it rightly?

The oracle is the program itself: the value must be that of running it, and the gradient that of finite differences. Beyond
that, the arguments must come back untouched (random generators as far advanced as the program advances them), what is printed
must be printed once, gradients must have the arguments' types and memory of their own, a second call must give the same, and
the generated text must not depend on the run.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import linecache
import math
import re
import sys
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chainrule.check import compare, slope
from chainrule.errors import MissingRuleError, SourceUnavailableError, UnsupportedError
from tests.programs.values import Program, fresh, relayed

LARGE = 1e5  # a value beyond this has grown out of control: nothing could be concluded from differences
STEEP = 1e8  # beyond this slope a program is chaotic: rounding decides, in the program as in its derivative
GOOD, FAILURES = ("ok", "kink", "chaotic", "refused"), ("wrong", "crashed", "modified", "nondeterministic", "invalid")


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
    """``kind``: ok; kink (differences cannot judge); chaotic (a slope is too steep); refused; or a failure: wrong, crashed, modified, nondeterministic, invalid
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
    number = next(_number)
    name, file = f"random_program_{number}", f"<random program {number}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = types.ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module
    linecache.cache.pop(f"<random program {number - 1000}>", None)  # keep the last thousand
    sys.modules.pop(f"random_program_{number - 1000}", None)
    exec(compile(source, file, "exec"), module.__dict__)
    return module.main  # type: ignore[no-any-return]


def float_positions(args: tuple[Any, ...]) -> tuple[int, ...]:
    """The arguments to differentiate by."""
    return tuple(i for i, arg in enumerate(args) if isinstance(arg, float | np.ndarray))


def judge(program: Program, compiler: Compiler = CHAINRULE, determinism: bool = True) -> Verdict:
    """Differentiate the program at all its arguments and compare."""
    try:
        f = load(program.source)
    except Exception:
        return Verdict("invalid", "the module does not load", traceback.format_exc())
    argnums = float_positions(program.arguments[0])
    texts: list[str] = []
    doubtful = None
    derivative = None
    for args in program.arguments:
        primal = run(f, args)
        if primal.problem is not None:
            if primal.problem.failed:
                return primal.problem
            doubtful = primal.problem
            continue
        try:
            derivative = derivative or compiler.value_and_grad(f, argnums)
            given = fresh(args)
            with printed() as text:
                value, gradients = derivative(*given)
            with printed():
                again = derivative(*fresh(args))
        except (UnsupportedError, MissingRuleError, SourceUnavailableError) as error:
            return Verdict("refused", _reason(error), str(error))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            file = re.sub(r"\d+", "N", where.filename.rsplit("/", 1)[-1])  # generated files are numbered
            place = f"{file}:{where.name}"
            return Verdict("crashed", f"{type(error).__name__} in {place}: {str(error)[:80]}", traceback.format_exc())
        texts.append(_text(derivative, args))
        verdict = _effects(args, given, primal, text.getvalue())
        if not verdict.failed:
            verdict = _examine(f, args, argnums, given, primal.value, value, gradients, again)
        if verdict.failed:
            return Verdict(verdict.kind, verdict.reason, f"{verdict.detail}\nat {args}\n\n{texts[-1]}")
        if verdict.kind in ("kink", "chaotic"):
            doubtful = verdict
    if determinism and texts and texts[0]:
        other = compiler.value_and_grad(load(program.source), argnums)
        for args, text_before in zip(program.arguments, texts, strict=False):
            if len(texts) == len(program.arguments) and (second := _text(other, args)) != text_before:
                return Verdict("nondeterministic", "two compilations differ", f"{text_before}\n\n--- and ---\n\n{second}")
    return doubtful or Verdict("ok")


def printed() -> contextlib.redirect_stdout[io.StringIO]:
    """Within it, what is printed is collected."""
    return contextlib.redirect_stdout(io.StringIO())


@dataclass(frozen=True)
class Run:
    """What running a program gives: its value, what it printed, and its arguments afterwards; or why it cannot be judged."""

    value: Any
    printed: str = ""
    arguments: tuple[Any, ...] = ()
    problem: Verdict | None = None


def run(f: Callable[..., Any], args: tuple[Any, ...]) -> Run:
    """Run a program on copies of the arguments."""
    given = fresh(args)
    try:
        with np.errstate(all="ignore"), printed() as text:
            value = f(*given)
    except Exception:
        return Run(0.0, problem=Verdict("invalid", "the program does not run", traceback.format_exc()))
    if not isinstance(value, float):
        return Run(0.0, problem=Verdict("invalid", f"the program returns {type(value).__name__}"))
    if not math.isfinite(value) or abs(value) > LARGE:
        return Run(value, problem=Verdict("kink", "the value is too large"))
    return Run(value, text.getvalue(), given)


def pure(f: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    """The program as a function of its values alone: arrays in the memory order of the arguments, generators in their state."""

    def of_copies(*moved: Any) -> Any:
        with printed():
            return f(*(relayed(arg, like) for arg, like in zip(moved, args, strict=True)))

    return of_copies


def _effects(args: tuple[Any, ...], given: tuple[Any, ...], primal: Run, text: str) -> Verdict:
    """Are the arguments left as they were, random generators as the program leaves them, and is the same printed?"""
    for i, (before, after, meant) in enumerate(zip(args, given, primal.arguments, strict=True)):
        if isinstance(before, np.random.Generator):
            if _state(after) != _state(meant):
                return Verdict("modified", "a random generator is not as far as the program advances it", f"argument {i}")
        elif not np.array_equal(before, after):
            return Verdict("modified", "an argument was changed", f"argument {i}: {before} became {after}")
    if text != primal.printed:
        return Verdict("modified", "not what the program prints", f"{text!r}, the program prints {primal.printed!r}")
    return Verdict("ok")


def _state(generator: np.random.Generator) -> str:
    return repr(generator.bit_generator.state)


def _text(derivative: Any, args: tuple[Any, ...]) -> str:
    source_for = getattr(derivative, "source_for", None)
    if source_for is None:
        return ""
    with printed():
        try:
            return str(source_for(*fresh(args)))
        except UnsupportedError:  # the path depends on what is drawn: the text is that of a call
            derivative(*fresh(args))
            return str(derivative.source)


def _reason(error: Exception) -> str:
    """What is refused, the same whatever the variable is called and wherever it stands."""
    if isinstance(error, UnsupportedError) and error.findings:
        what = error.findings[0].what
    elif isinstance(error, MissingRuleError):
        what = f"no derivative rule for {error.name}"
    else:
        what = str(error)
    return re.sub(r"`\w`", "`_`", what.split("\n", 1)[0])


def _examine(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    argnums: tuple[int, ...],
    given: tuple[Any, ...],
    expected: Any,
    value: Any,
    gradients: Any,
    again: Any,
) -> Verdict:
    if type(value) is not type(expected):
        return Verdict("wrong", f"the value is {type(value).__name__}, not {type(expected).__name__}", repr(value))
    if not math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-13):
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
    if any(np.any(np.abs(gradient) > STEEP) for gradient in gradients):
        return Verdict("chaotic", "a slope is too steep")
    report = compare(pure(f, args), args, gradients, argnums)
    if not report.ok:
        if any(isinstance(d.expected, float) and abs(d.expected) > STEEP for d in report.differences):
            return Verdict("chaotic", "a slope is too steep")
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
        primal = run(f, args)
        if primal.problem is not None:
            return primal.problem
        program_of = pure(f, args)
        steps = [rng.uniform(-1.0, 1.0, np.shape(arg)) if isinstance(arg, float | np.ndarray) else 0 for arg in args]

        def along(t: float, args: tuple[Any, ...] = args, steps: list[Any] = steps, program_of: Any = program_of) -> float:
            moved = [
                float(a + t * d) if isinstance(a, float) else a + t * d if isinstance(a, np.ndarray) else a
                for a, d in zip(args, steps, strict=True)
            ]
            with np.errstate(all="ignore"):
                return float(program_of(*moved))

        found = slope(along, math.nan, 0.0, 1e-9)  # no claim to confirm: the full table of steps
        if found.kink or not found.error <= 1e-6 * max(1.0, abs(found.value)):
            return Verdict("kink", "kink" if found.kink else "differences do not converge", str(found))
    return Verdict("ok")
