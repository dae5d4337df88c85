"""Names that are not simply local: imported, deleted, declared `global`.

A module is imported when the program is compiled, and must be the same one when it runs. A global variable that a program sets is a variable
of the program from its beginning to its end, where the module's own is set: once, to the last value. Only numbers, strings, booleans and None can be
kept there: an array would be one that the caller and the program both write into.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import types
from typing import TYPE_CHECKING, Any

from ...ir.build import type_of
from ...ir.nodes import Lit
from ...ir.types import Opaque, Scalar
from ..containers import lists
from ..execution.machine import describe
from ..execution.values import UNBOUND, Num, Object, Static, Value
from ..source import MISSING, Place

if TYPE_CHECKING:
    from ..calling.calls import Calls

FRAME = 0  # of the global variables that the program sets


# -- import ------------------------------------------------------------------------------------------------------


def import_statement(m: Calls, stmt: ast.Import | ast.ImportFrom) -> None:
    """`import a.b as c`, `from a import b`."""
    if isinstance(stmt, ast.Import):
        for alias in stmt.names:
            module = module_of(m, alias.name)
            if alias.asname is None:
                module = module_of(m, alias.name.partition(".")[0])
            m.bind_name(alias.asname or alias.name.partition(".")[0], module)
        return
    package = m.source.function.__globals__.get("__package__") or ""
    name = stmt.module or ""
    if stmt.level:
        name = importlib.util.resolve_name("." * stmt.level + name, package)
    owner = module_of(m, name)
    assert isinstance(owner, Static)
    for alias in stmt.names:
        found = getattr(owner.value, alias.name, MISSING)
        if found is MISSING and hasattr(owner.value, "__path__"):
            value = module_of(m, f"{name}.{alias.name}")
        elif found is MISSING:
            m.fail(ImportError, Static(f"cannot import name {alias.name!r} from {name!r}"))
        elif isinstance(found, types.ModuleType):
            value = module_of(m, found.__name__)
        else:
            value = m.external(Place(vars(owner.value), alias.name), found)
        m.bind_name(alias.asname or alias.name, value)


def module_of(m: Calls, name: str) -> Value:
    """A module, imported now."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        m.fail(type(error), *(Static(arg) for arg in error.args))
    m.guard(Place(sys.modules, name), module)
    return Static(module)


# -- del ---------------------------------------------------------------------------------------------------------


def delete(m: Calls, target: ast.expr) -> None:
    """`del target`."""
    m.node = target
    if isinstance(target, ast.Name):
        m.unbind_name(target.id)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            delete(m, part)
    elif isinstance(target, ast.Attribute):
        m.delete_attribute(m.eval(target.value), m.private(target.attr), target)
    else:
        assert isinstance(target, ast.Subscript)
        owner, index = m.eval(target.value), m.eval(target.slice)
        if isinstance(owner, Object):
            m.call_method(owner, "__delitem__", (index,), {})
        else:
            lists.delete_item(m, owner, index)


# -- global ------------------------------------------------------------------------------------------------------


def hidden_name(number: int) -> str:
    return f"%global{number}"


def begin(m: Any, places: list[Place]) -> None:
    """At the beginning of the program: its global variables have the values that the module has."""
    frame: dict[str, Value] = {}
    for number, place in enumerate(places):
        value = place.read()
        frame[hidden_name(number)] = UNBOUND if value is MISSING else m.external(place, value)
        m.globals[place.key] = hidden_name(number)
    m.state.frames[FRAME] = frame


def finish(m: Any, places: list[Place]) -> None:
    """At its end: the module's variables are set to the last values."""
    for number, place in enumerate(places):
        value = m.state.frames[FRAME].get(hidden_name(number), UNBOUND)
        plain = isinstance(value, Static) and (value.value is None or isinstance(value.value, (bool, int, float, complex, str)))
        number_like = isinstance(value, Num) and isinstance(type_of(value.operand), (Scalar, Opaque))
        if not (plain or number_like):
            m.refuse(f"the global variable `{place.name}` is set to {describe(value)}", "the program and its caller would share it",
                     "return the new value instead")
        m.b.effect("rt.set_global", Lit(place.root), Lit(place.name), m.operand(value))


__all__ = ["FRAME", "begin", "delete", "finish", "import_statement"]
