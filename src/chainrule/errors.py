"""The exceptions of chainrule, and how a place in the user's program is shown.

An error says where (file, line, function, the line with a caret), what, why, and what to do instead:

    model.py:12 in loss: `yield` cannot be differentiated
        yield y
        ^^^^^^^
      why: a suspended generator cannot be run backwards
      help: collect the values in a list and return the list

All findings of one compilation are reported in one error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "ChainRuleError",
    "Finding",
    "GradientCheckError",
    "Location",
    "MissingRuleError",
    "SourceUnavailableError",
    "UnsupportedError",
]


@dataclass(frozen=True, slots=True)
class Location:
    """A span of the user's source.

    Lines count from 1 and are those of the file; columns count from 0 in UTF-8 bytes, as in ``ast``. ``text`` is the
    source of the lines from ``line`` to ``end_line``, not dedented (empty when unknown).

    >>> print(Location("model.py", 12, 4, 12, 11, "    yield y", "loss"))
    model.py:12 in loss
    """

    file: str
    line: int
    col: int
    end_line: int
    end_col: int
    text: str = ""
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f" in {self.function}" if self.function else "")

    def excerpt(self) -> str:
        """The first line of the span with carets under it; empty when the source is unknown.

        >>> print(Location("model.py", 12, 8, 12, 12, "    y = f(x)", "loss").excerpt())
        y = f(x)
            ^^^^
        """
        line = self.text.split("\n", 1)[0].rstrip()
        code = line.lstrip()
        if not code:
            return ""
        start = _characters(line, self.col)
        end = _characters(line, self.end_col) if self.end_line == self.line else len(line)
        indent = len(line) - len(code)
        start = min(max(start, indent), len(line) - 1)
        carets = "^" * max(min(end, len(line)) - start, 1)
        padding = "".join("\t" if char == "\t" else " " for char in line[indent:start])
        return f"{code}\n{padding}{carets}"


def _characters(line: str, column: int) -> int:
    """Characters in the first ``column`` UTF-8 bytes of the line."""
    return len(line.encode()[:column].decode(errors="ignore"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a program is refused: where, what, why, and what to write instead.

    >>> where = Location("model.py", 12, 4, 12, 11, "    yield y", "loss")
    >>> print(Finding(where, "`yield` cannot be differentiated", "it suspends", "return a list"))
    model.py:12 in loss: `yield` cannot be differentiated
        yield y
        ^^^^^^^
      why: it suspends
      help: return a list
    """

    location: Location | None
    what: str
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        lines = [self.what if self.location is None else f"{self.location}: {self.what}"]
        if self.location is not None:
            lines += [f"    {line}" for line in self.location.excerpt().splitlines()]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.remedy:
            lines.append(f"  help: {self.remedy}")
        return "\n".join(lines)


class ChainRuleError(Exception):
    """The base of all exceptions that chainrule raises on its own account.

    >>> issubclass(UnsupportedError, ChainRuleError) and issubclass(GradientCheckError, ChainRuleError)
    True
    """


class UnsupportedError(ChainRuleError):
    """The program contains Python that cannot be differentiated; ``findings`` says where, all of it at once.

    >>> print(UnsupportedError([Finding(None, "a generator"), Finding(None, "a global is rebound")]))
    2 findings
    <BLANKLINE>
    a generator
    <BLANKLINE>
    a global is rebound
    """

    findings: tuple[Finding, ...]

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(dict.fromkeys(findings), key=_place))
        super().__init__(self.findings)

    def __str__(self) -> str:
        texts = [str(finding) for finding in self.findings]
        return "\n\n".join([f"{len(texts)} findings", *texts]) if len(texts) > 1 else "".join(texts)


def _place(finding: Finding) -> tuple[str, int, int]:
    where = finding.location
    return ("", 0, 0) if where is None else (where.file, where.line, where.col)


class MissingRuleError(ChainRuleError):
    """A function has neither a derivative rule nor source to differentiate. ``template``: the statement that gives it one, but for the formulas.

    >>> print(MissingRuleError("scipy.special.foo"))
    no derivative rule for scipy.special.foo, and no Python source to differentiate
      help: state it, in terms of y_bar, the derivative with respect to its result:
        chainrule.defvjp(scipy.special.foo, "foo(x) -> y", x="y_bar * ...")
    """

    def __init__(self, name: str, location: Location | None = None, template: str | None = None) -> None:
        self.name = name
        self.location = location
        self.template = template or f'chainrule.defvjp({name}, "{name.rpartition(".")[2]}(x) -> y", x="y_bar * ...")'
        super().__init__(name, location, template)

    def __str__(self) -> str:
        what = f"no derivative rule for {self.name}, and no Python source to differentiate"
        bar = self.template.partition("->")[2].partition('"')[0].strip()
        remedy = f"state it, in terms of {bar}_bar, the derivative with respect to its result:\n    {self.template}"
        return str(Finding(self.location, what, remedy=remedy))


class SourceUnavailableError(ChainRuleError):
    """The Python source of a function cannot be read (built-in, compiled, or typed at a prompt without history).

    >>> print(SourceUnavailableError("loss", "it was defined by exec"))
    cannot read the source of loss
      why: it was defined by exec
      help: define it in a file or a notebook cell
    """

    def __init__(
        self,
        name: str,
        why: str = "",
        remedy: str = "define it in a file or a notebook cell",
        location: Location | None = None,
    ) -> None:
        self.name = name
        self.why = why
        self.remedy = remedy
        self.location = location
        super().__init__(name, why, remedy, location)

    def __str__(self) -> str:
        return str(Finding(self.location, f"cannot read the source of {self.name}", self.why, self.remedy))


class GradientCheckError(ChainRuleError):
    """A derivative differs from finite differences; ``report`` holds every difference, and prints as the message.

    >>> import chainrule as cr
    >>> @cr.custom_vjp
    ... def cube(x):
    ...     return x**3
    >>> cube.defvjp(lambda x: (x**3, x), lambda x, y_bar: (2 * x**2 * y_bar,))
    >>> try:
    ...     cr.grad(cube, check=True)(1.0)
    ... except cr.GradientCheckError as error:
    ...     print(error)
    derivative of cube: differs from finite differences
      x: got 2, finite difference 3, relative error 0.33
    """

    def __init__(self, report: object) -> None:
        self.report = report
        super().__init__(report)

    def __str__(self) -> str:
        return str(self.report)
