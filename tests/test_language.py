"""docs/language.md says what is true: the program of every row is run, and its status is what is found.

A row of a table is `| construct | program | status |`. The program is the body of `def f(x, n)`, its last line what f returns. The word EACH
in a program stands for each name in code of the first column, one after the other. The status begins with one of the words below:
the gradient is compared with finite differences at two points, and so is what the call leaves behind; a refusal is the one that the row quotes.

    python tests/test_language.py        # rewrites the statuses; read the difference
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import linecache
import logging
import random
import re
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.coverage import Construct, constructs

PAGE = Path(__file__).resolve().parent.parent / "docs" / "language.md"
SUPPORTED, BY_PATH, REFUSED = "supported", "by path", "refused"
POINTS = [np.array([1.3, 0.4, 2.2]), np.array([0.6, 1.7, 0.9])]
N = 2
STEP = 1e-6
AS_IT_WAS = "as it was after the call"


def nodes_of(body: str) -> list[ast.AST]:
    """The nodes of a program; none if this version of Python does not have its syntax."""
    try:
        return list(ast.walk(ast.parse(source_of(body))))
    except SyntaxError:
        return []


def read() -> tuple[str, list[Construct]]:
    """The code that all programs begin with, and the rows."""
    text = PAGE.read_text(encoding="utf-8")
    return re.search(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1], [*constructs(text)]


def kind_of(row: Construct) -> str:
    return re.match(r"[a-z ]*", row.status)[0].strip()


PREAMBLE, ROWS = read() if PAGE.exists() else ("", [])


def source_of(body: str) -> str:
    *lines, last = body.split("\n")
    return "def f(x, n):\n" + "".join(f"    {line}\n" for line in (*lines, last if last.startswith("return ") else f"return {last}"))


def function(body: str) -> types.ModuleType:
    """A module that defines the function of a row."""
    source = f"{PREAMBLE}\n\n{source_of(body)}"
    module = types.ModuleType("language")
    sys.modules["language"] = module
    file = f"<language {abs(hash(body))}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    module.__dict__["__file__"] = file
    exec(compile(source, file, "exec", dont_inherit=True), vars(module))
    return module


@contextlib.contextmanager
def world() -> Any:
    """What is printed and logged, with random numbers that begin anew."""
    seen = io.StringIO()
    handler = logging.StreamHandler(seen)
    logging.getLogger().addHandler(handler)
    random.seed(1)
    np.random.seed(1)
    try:
        with contextlib.redirect_stdout(seen), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield seen
    finally:
        logging.getLogger().removeHandler(handler)


def variables(module: types.ModuleType) -> dict[str, Any]:
    """The variables of the module that a call may change."""
    return {name: value for name, value in vars(module).items() if isinstance(value, (list, float, int, dict, np.ndarray)) and not name.startswith("__")}


def left(module: types.ModuleType) -> str:
    return repr(variables(module))


def value(body: str, x: np.ndarray) -> Any:
    module = function(body)
    with world():
        return module.f(x, N)


def measured(body: str, unchanged: bool = False) -> tuple[str, str]:
    """(kind, reason) of a program as it is found; AssertionError if the gradient is wrong. `unchanged`: what is outside is as it was."""
    kind = SUPPORTED
    module = None
    for point in POINTS:
        plain, x = function(body), point.copy()
        with world() as seen:
            expected = plain.f(x, N)
        printed, after = seen.getvalue(), left(plain)
        if module is None:
            module = function(body)
            derivative = cr.value_and_grad(module.f)
        vars(module).update(variables(function(body)))
        before = left(module)
        x = point.copy()
        try:
            with world() as seen:
                found, gradient = derivative(x, N)
        except cr.ChainRuleError as error:
            return REFUSED, reason(error)
        np.testing.assert_array_equal(x, point, err_msg="the argument was changed")
        np.testing.assert_allclose(found, expected, err_msg="value")
        assert seen.getvalue() == printed, "what is printed"
        assert left(module) == (before if unchanged else after), "what is left"
        slope = np.zeros(3)
        for i in range(3):
            moved = [point.copy(), point.copy()]
            moved[0][i] += STEP
            moved[1][i] -= STEP
            slope[i] = (value(body, moved[0]) - value(body, moved[1])) / (2 * STEP)
        np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-7, err_msg="gradient")
        if derivative._dispatcher.latest.one_path:
            kind = BY_PATH
    return kind, ""


def reason(error: Exception) -> str:
    """What a refusal says, without the place."""
    finding = error.findings[0] if getattr(error, "findings", ()) else None
    if finding is None:
        return re.sub(r"^.*?:\d+ in \w+: ", "", str(error).split("\n")[0])
    return f"{finding.what}: {finding.why}" if finding.why else finding.what


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def found(row: Construct) -> str | None:
    """The status of a row as it is found; None if this version of Python does not have what it shows."""
    results = set()
    needed = re.search(r"\(Python (\d+)\.(\d+)\)", row.construct)
    if needed and sys.version_info < (int(needed[1]), int(needed[2])):
        return None
    for name, body in row.programs():
        try:
            kind, why = measured(body, AS_IT_WAS in row.status)
        except SyntaxError:
            return None
        except AssertionError as error:
            raise AssertionError(f"{PAGE.name}:{row.line + 1}: {name}\n{body}\n{error}") from None
        results.add((kind, cell(re.sub(rf"\b{re.escape(name)}\b", "EACH", why) if name else why)))
    assert len(results) == 1, f"{PAGE.name}:{row.line + 1}: {results}"
    ((kind, why),) = results
    return f"{kind}: {why}" if why else kind


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.line + 1}")
def test_a_row(row):
    status = found(row)
    if status is None:
        pytest.skip("not in this version of Python")
    if kind_of(row) == REFUSED:
        assert row.status == status
    else:
        assert kind_of(row) == status


# -- that nothing is left out ----------------------------------------------------------------------------------------


PROGRAMS = [body for row in ROWS for _, body in row.programs()]
WORDS = set(re.findall(r"\w+", "\n".join([PREAMBLE, *PROGRAMS])))
NODES = {type(node).__name__ for body in PROGRAMS for node in nodes_of(body)}
SYNTAX_OF_LATER_VERSIONS = {"TryStar": (3, 11), "TypeAlias": (3, 12), "TypeVar": (3, 12), "ParamSpec": (3, 12), "TypeVarTuple": (3, 12),
                            "TemplateStr": (3, 14), "Interpolation": (3, 14)}
OLD = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis", "Index", "ExtSlice", "Suite", "AugLoad", "AugStore", "Param"}  # nodes that Python no longer makes
TYPES = (int, float, complex, str, bytes, tuple, list, dict, set, frozenset, range, slice, types.GeneratorType)
SPECIAL = {
    name for cls in (*TYPES, object, type, types.FunctionType, property, classmethod, BaseException, type(iter([])), type(contextlib.nullcontext()))
    for name in dir(cls) if re.fullmatch(r"__\w+__", name)
} | set("""__bytes__ __call__ __ceil__ __complex__ __copy__ __deepcopy__ __del__ __delete__ __dir__ __enter__ __exit__ __floor__ __get__ __getattr__
__getstate__ __iadd__ __iand__ __ifloordiv__ __ilshift__ __imatmul__ __imod__ __imul__ __index__ __instancecheck__ __ior__ __ipow__ __irshift__ __isub__
__itruediv__ __ixor__ __length_hint__ __matmul__ __missing__ __mro_entries__ __next__ __post_init__ __prepare__ __rmatmul__ __set__ __set_name__ __setstate__
__subclasscheck__ __trunc__ __await__ __aiter__ __anext__ __aenter__ __aexit__ __match_args__ __array__ __array_ufunc__ __array_priority__""".split())
NOT_OF_USERS = set("""__abstractmethods__ __annotate__ __annotations__ __annotations_cache__ __base__ __bases__ __basicsize__ __builtins__ __cause__ __closure__ __code__
__context__ __defaults__ __dictoffset__ __firstlineno__ __flags__ __func__ __getformat__ __globals__ __isabstractmethod__ __itemsize__ __kwdefaults__ __mro__ __name__
__notes__ __qualname__ __setformat__ __static_attributes__ __subclasses__ __suppress_context__ __text_signature__ __traceback__ __type_params__ __weakref__ __weakrefoffset__
__wrapped__ __abs__ __subclasshook__""".split()) - {"__abs__"}  # attributes that Python sets or reads, and no methods that a class defines for an operation


def public(module: Any) -> set[str]:
    return {name for name in getattr(module, "__all__", dir(module)) if not name.startswith("_")}


@pytest.mark.parametrize("base", [ast.expr, ast.stmt, ast.pattern, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.excepthandler])
def test_every_node_of_the_syntax_is_in_a_program(base):
    known = {cls.__name__ for cls in vars(ast).values() if isinstance(cls, type) and issubclass(cls, base) and cls is not base} - OLD
    later = {name for name, version in SYNTAX_OF_LATER_VERSIONS.items() if sys.version_info < version}
    assert sorted(known - NODES - later) == []


def test_every_builtin_is_in_a_program():
    assert sorted(name for name, value in vars(builtins).items() if callable(value) and name not in WORDS
                  and (not name.startswith("_") or name in ("__import__", "__build_class__"))) == []


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_every_method_of_a_builtin_type_is_in_a_program(cls):
    attributes = {"gi_code", "gi_frame", "gi_running", "gi_suspended", "gi_yieldfrom"}  # for debuggers
    assert sorted({name for name in dir(cls) if not name.startswith("_")} - WORDS - attributes) == []


def test_every_special_method_is_in_a_program():
    assert sorted(SPECIAL - WORDS - NOT_OF_USERS) == []


@pytest.mark.parametrize("module", ["math", "operator", "itertools", "functools", "copy", "bisect"])
def test_every_function_of_a_module_is_in_a_program(module):
    left_out = {"Error", "PyStringMap", "error", "dispatch_table", "WRAPPER_ASSIGNMENTS", "WRAPPER_UPDATES", "get_cache_token", "recursive_repr"}
    assert sorted(public(sys.modules[module]) - WORDS - left_out) == []



if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8").splitlines()
    for row in ROWS:
        if len(sys.argv) > 1 and not any(word in page[row.line] for word in sys.argv[1:]):
            continue
        try:
            status = found(row)
        except Exception as error:  # shown, and the next row goes on
            print(f"{row.line + 1}: {row.construct}: {row.program!r}\n    {type(error).__name__}: {error}")
            continue
        if status is None or (kind_of(row) == status and status != REFUSED):
            continue
        *before, _ = re.split(r"(?<!\\)\|", page[row.line])[1:-1]
        page[row.line] = "|" + "|".join(before) + f"| {status} |"
        if row.status and row.status != status:
            print(f"{row.line + 1}: {row.construct}: {row.status} -> {status}")
    PAGE.write_text("\n".join(page) + "\n", encoding="utf-8")
