"""a name -> whether it can be differentiated, and why not: NumPy's names, SciPy's functions, the constructs of Python.

NumPy's and SciPy's are found by a walk over their namespaces and the rules (docs/coverage.md is made from it), Python's in the table of
docs/language.md, whose rows the tests run. Nothing here is a list of its own.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .frontend import lower as _registers_what_it_handles  # noqa: F401
from .frontend.calling.tables import BUILTINS
from .ir.types import Opaque
from .rules import coverage, methods, random, registry, table
from .rules import scipy as scipy_rows
from .rules.table import ROWS

__all__ = ["DIFFERENTIABLE", "IRRELEVANT", "REFUSED", "UFUNC_METHODS", "ZERO", "Construct", "Entry", "classes", "close", "constructs", "lookup", "names", "scipy_names", "summary"]

MODULES = {"": np, "linalg": np.linalg, "fft": np.fft, "random": np.random, "emath": np.emath}
SCIPY_MODULES = sorted(module.name for module in pkgutil.iter_modules(scipy_rows.__path__) if not module.ispkg)
UFUNC_METHODS = ("reduce", "accumulate", "outer", "reduceat", "at")
DIFFERENTIABLE, ZERO, IRRELEVANT, REFUSED = "differentiable", "derivative zero", "irrelevant", "refused"


def names() -> dict[str, Any]:
    """Every public name, as it is found from `np`."""
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for prefix, module in MODULES.items():
            for name in dir(module):
                if not name.startswith("_"):
                    try:
                        found[f"{prefix}.{name}" if prefix else name] = getattr(module, name)
                    except (AttributeError, TypeError):  # what is deprecated
                        continue
        for name in dir(np.ndarray):
            if not name.startswith("_"):
                found[f"ndarray.{name}"] = getattr(np.ndarray, name)
        for cls in (np.random.Generator,):
            found.update({f"random.{cls.__name__}.{name}": getattr(cls, name) for name in dir(cls) if not name.startswith("_")})
        for name, ufunc in list(found.items()):
            if isinstance(ufunc, np.ufunc) and ufunc.signature is None and "." not in name:
                for method in UFUNC_METHODS:
                    if method == "at" or (ufunc.nin == 2 and ufunc.nout == 1):
                        found[f"{name}.{method}"] = getattr(ufunc, method)
    return found


def _of_row(op: str) -> str:
    return ZERO if ROWS[op].kind == "zero" else DIFFERENTIABLE


def classes(name: str, value: Any) -> list[tuple[str, str]]:
    """(class, what more there is to say) of a name: one, if all is well."""
    prefix, _, last = name.rpartition(".")
    if prefix == "ndarray":
        return _of_method(last)
    if prefix == "random.Generator":
        return _of_generator(last)
    reason = coverage.irrelevant(name, value)
    if reason is not None:
        return [(IRRELEVANT, reason)]
    found: list[tuple[str, str]] = []
    try:
        op = registry.lookup(value)
        if (draw := random.function(value)) is not None:
            found.append((_of_draw(draw), ""))
        elif value in BUILTINS:
            ufunc = registry.lookup(getattr(np, prefix)) if last in UFUNC_METHODS else None
            found.append((ZERO if name in coverage.CONSTANT or (ufunc is not None and ROWS[ufunc].kind == "zero") else DIFFERENTIABLE, ""))
        elif op is not None:
            found.append((_of_row(op), ""))
        elif registry.writer(value) is not None:
            found.append((DIFFERENTIABLE, ""))
        elif (refused := registry.refusal(value)) is not None:
            found.append((REFUSED, refused.because))
    except TypeError:
        pass
    return found


def _of_draw(draw: random.Draw) -> str:
    return DIFFERENTIABLE if draw.family is not None or draw.name in ("choice", "permutation", "multivariate_normal", "shuffle") else ZERO


def _of_method(name: str) -> list[tuple[str, str]]:
    reason = coverage.REASONS.get(f"ndarray.{name}")
    found = [] if reason is None else [(IRRELEVANT, reason)]
    op = methods.METHODS.get(name, methods.ATTRIBUTES.get(name))
    if name in methods.REFUSED:
        found.append((REFUSED, methods.REFUSED[name]))
    elif name in registry.WRITING_METHODS or name in methods.COMPOSED or name in ("flat", "tolist"):
        found.append((DIFFERENTIABLE, ""))
    elif op in ROWS and reason is None:
        found.append((_of_row(op), ""))
    elif op == "copy":
        found.append((DIFFERENTIABLE, ""))
    return found


def _of_generator(name: str) -> list[tuple[str, str]]:
    draw = random.method(Opaque("np.random.Generator"), name)
    if draw is not None:
        return [(_of_draw(draw), "")]
    if name in ("bit_generator", "spawn"):
        return [(IRRELEVANT, "bit generators and seeds")]
    if name == "shuffle":
        return [(DIFFERENTIABLE, "")]
    refused = registry.refusal(getattr(np.random.default_rng(0), name))
    return [] if refused is None else [(REFUSED, refused.because)]


def scipy_names() -> dict[str, dict[str, list[str]]]:
    """Module -> class -> names."""
    for module in SCIPY_MODULES:
        importlib.import_module(f"scipy.{module}")
    table.read_later()
    found: dict[str, dict[str, list[str]]] = {}
    for module in SCIPY_MODULES:
        own = found[module] = {DIFFERENTIABLE: [], ZERO: [], REFUSED: []}
        for op, row in ROWS.items():
            if op.startswith(f"{module}.") and table.resolve(op) is not None:
                own[ZERO if row.kind == "zero" else DIFFERENTIABLE].append(op.partition(".")[2])
        own[DIFFERENTIABLE] += [name.partition(".")[2] for name in table.MEANT if name.startswith(f"{module}.")]
        own[REFUSED] += [name.partition(".")[2] for name in table.REFUSED if name.startswith(f"{module}.")]
        for kind in (DIFFERENTIABLE, ZERO, REFUSED):
            own[kind] = sorted({*own[kind]})
    return found



# -- constructs of Python: the rows of docs/language.md -------------------------------------------------------------------------

COLUMNS = "| construct | program | status |"
EACH = re.compile(r"\bEACH\b")


def _with(text: str, word: str) -> str:
    """A program that stands for many, for one of the names."""
    return EACH.sub(lambda _: word, text)


@dataclass(frozen=True)
class Construct:
    """A row: its section, the construct, a program (the body of a function of x and n; EACH stands for each name of the construct), and what is so."""

    section: str
    line: int  # counted from 0
    construct: str
    program: str
    status: str

    @property
    def names(self) -> list[str]:
        """The names in code of the construct."""
        return [name.replace("\\|", "|") for name in re.findall(r"`([^`]*)`", self.construct)]

    def programs(self) -> list[tuple[str, str]]:
        """(name, body) of each program that the row stands for."""
        if not EACH.search(self.program):
            return [("", self.program)]
        return [(name, _with(self.program, name)) for name in self.names]


def cells(line: str) -> list[str]:
    """The cells of a row of a table, in which a bar is written with a backslash."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def constructs(text: str) -> Iterator[Construct]:
    """The rows of a page such as docs/language.md."""
    section, inside = "", False
    for number, line in enumerate(text.splitlines()):
        if line.startswith("#"):
            section = line.lstrip("# ")
        inside = line.startswith("|") and (inside or line == COLUMNS)
        if inside and line != COLUMNS and not line.startswith("| ---"):
            construct, program, status = cells(line)
            lines = [part.replace("\\|", "|") for part in re.findall(r"`([^`]*)`", program)]
            yield Construct(section, number, construct, "\n".join(lines), status)


@lru_cache(maxsize=1)
def _language() -> tuple[Construct, ...]:
    here = Path(__file__).resolve().parent
    for page in (here / "language.md", here.parent.parent / "docs" / "language.md"):  # in a wheel; in a source tree
        if page.is_file():
            return tuple(constructs(page.read_text(encoding="utf-8")))
    return ()


# -- looking a name up ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """What is known of a name: its status, the reason where there is one, and a program that shows it (of a construct of Python)."""

    name: str
    status: str
    why: str = ""
    program: str = ""

    def __str__(self) -> str:
        shown = "".join(f"\n    {line}" for line in self.program.splitlines())
        return f"{self.name}: {self.status}" + (f": {self.why}" if self.why else "") + shown


def lookup(name: str) -> list[Entry]:
    """What is known of a name: `np.linalg.solve`, `numpy.sum`, `ndarray.sort`, `scipy.special.erf`, `math.exp`, `while`; without a package, all that it may mean.

    >>> for entry in lookup("numpy.frompyfunc"):
    ...     print(entry)
    np.frompyfunc: refused: it makes an array of Python objects
    """
    package, _, rest = name.partition(".")
    if package in ("np", "numpy"):
        return _of_numpy(rest)
    if package in ("scipy", "sp"):
        return _of_scipy(rest)
    found = [*_of_python(name), *_of_numpy(name), *_of_numpy(f"ndarray.{name}")]
    if "." not in name:
        return found + [entry for module in ("linalg", "fft", "random") for entry in _of_numpy(f"{module}.{name}")] + _anywhere_in_scipy(name)
    return found + (_of_scipy(name) if package in {*map(_module, _scipy_modules())} else [])


def close(name: str, count: int = 5) -> list[str]:
    """Names like one that is not known."""
    known = [*(f"np.{one}" for one in names()), *(word for row in _language() for word in row.names)]
    if _has_scipy():
        known += [f"scipy.{module}.{one}" for module, own in scipy_names().items() for found in own.values() for one in found]
    asked = re.sub(r"^numpy\.", "np.", name)
    whole = difflib.get_close_matches(asked, known, count, 0.75)
    last: dict[str, str] = {}
    for one in known:
        last.setdefault(one.rpartition(".")[2], one)
    return [*dict.fromkeys([*whole, *(last[word] for word in difflib.get_close_matches(asked.rpartition(".")[2], [*last], count, 0.75))])][:count]


def summary() -> list[tuple[str, dict[str, int]]]:
    """How many names there are of each class: of NumPy, of SciPy (if it is there), and the rows of Python's constructs by status."""
    counts: dict[str, dict[str, int]] = {"NumPy": {}}
    for name, value in names().items():
        for kind, _ in classes(name, value):
            counts["NumPy"][kind] = counts["NumPy"].get(kind, 0) + 1
    if _has_scipy():
        counts["SciPy"] = {kind: sum(len(own[kind]) for own in scipy_names().values()) for kind in (DIFFERENTIABLE, ZERO, REFUSED)}
    counts["Python"] = {}
    for row in _language():
        kind = row.status.partition(":")[0]
        counts["Python"][kind] = counts["Python"].get(kind, 0) + 1
    return [(title, count) for title, count in counts.items() if count]


def _of_numpy(name: str) -> list[Entry]:
    there = names()
    return [Entry(f"np.{name}", kind, why) for kind, why in classes(name, there[name])] if name in there else []


def _has_scipy() -> bool:
    return importlib.util.find_spec("scipy") is not None


def _scipy_modules() -> list[str]:
    return [f"scipy.{module}" for module in SCIPY_MODULES] if _has_scipy() else []


def _module(name: str) -> str:
    return name.partition(".")[2]


def _of_scipy(name: str) -> list[Entry]:
    module, _, function = name.partition(".")
    if not _has_scipy() or module not in SCIPY_MODULES or not function:
        return []
    for kind, found in scipy_names()[module].items():
        if function in found:
            why = table.REFUSED[name].because if kind == REFUSED and hasattr(table.REFUSED.get(name), "because") else ""
            return [Entry(f"scipy.{name}", kind, why)]
    value: Any = importlib.import_module(f"scipy.{module}")
    for part in function.split("."):
        value = getattr(value, part, None)
    if value is None:
        return []
    if value in table.STAND_INS:
        return [Entry(f"scipy.{name}", DIFFERENTIABLE, "an object whose methods are known")]
    compiled = not hasattr(value, "__code__")
    return [Entry(f"scipy.{name}", REFUSED, "it is compiled code without a rule") if compiled else
            Entry(f"scipy.{name}", "no rule", "it is executed as the Python that it is written in, and refused where that goes into compiled code")]


def _anywhere_in_scipy(name: str) -> list[Entry]:
    if not _has_scipy():
        return []
    return [entry for module, own in scipy_names().items() if any(name in found for found in own.values()) for entry in _of_scipy(f"{module}.{name}")]


def _of_python(name: str) -> list[Entry]:
    package, _, last = name.rpartition(".")
    found = []
    for row in _language():
        inside = name in row.names or (package != "" and last in row.names and row.construct.startswith(f"{package}: "))
        plain = re.sub(r"`[^`]*`", "", row.construct)
        if inside or re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", plain, re.IGNORECASE):
            word = last if package and last in row.names else name if inside else "EACH"
            program, text = _with(row.program, word), _with(row.status, word)
            status, _, why = text.partition(": ")
            title = re.sub(r"(`[^`]*`[ ,]*)+", f"`{word}` ".replace("\\", r"\\"), row.construct, count=1).strip() if inside and program != row.program else row.construct
            found.append(Entry(name if package else title, status, why, program))
    return found
