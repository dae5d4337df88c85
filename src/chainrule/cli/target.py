"""`FILE:FUNCTION` or `package.module:Class.method` -> the callable, imported as Python would import it."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ChainRuleError
from .failure import UserError, users_part

__all__ = ["Target", "find"]

FORM = "write FILE.py:FUNCTION or package.module:FUNCTION"


@dataclass(frozen=True)
class Target:
    """What a command is about: the function, its module, and how the user named it."""

    function: Callable[..., Any]
    module: ModuleType
    name: str


def find(text: str) -> Target:
    """Import the file or module, and find the function in it.

    Raises UserError: the file is not there, it does not compile, importing it raises (then with the user's part of the traceback), or there is no such function.
    """
    place, colon, name = text.rpartition(":")
    if not colon or not place or not name:
        raise UserError(f"{text!r} names no function; {FORM}")
    place = place.rstrip(":")  # FILE.py::FUNCTION, as test runners write it
    if place.endswith(".py") or os.sep in place or Path(place).is_file():
        module = _from_file(Path(place))
    else:
        module = _from_name(place)
    value: Any = module
    found = ""
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise UserError(f"{place} has no {_joined(found, part)}{_suggestion(value, found, part)}") from None
        found = _joined(found, part)
    if not callable(value):
        raise UserError(f"{name} of {place} is no function, but of type {type(value).__name__}")
    return Target(value, module, name)


def _joined(before: str, part: str) -> str:
    return f"{before}.{part}" if before else part


def _suggestion(owner: Any, before: str, part: str) -> str:
    own = [name for name in vars(owner) if not name.startswith("_") and callable(getattr(owner, name, None))] if hasattr(owner, "__dict__") else []
    like = difflib.get_close_matches(part, own, 3)
    if like:
        return f"; did you mean {' or '.join(_joined(before, name) for name in like)}?"
    defined = [name for name in own if getattr(getattr(owner, name), "__module__", "") == getattr(owner, "__name__", None)]
    return f"; it defines {', '.join(defined)}" if 0 < len(defined) <= 20 else ""


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"{path} is a directory; {FORM}" if path.is_dir() else f"there is no file {path}")
    path = path.resolve()
    names = [path.stem]
    root = path.parent
    while (root / "__init__.py").is_file():  # a module of a package, whose relative imports work under its full name only
        names.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))  # as `python FILE` does
    if len(names) > 1:
        return _imported(".".join(names), lambda: importlib.import_module(".".join(names if names[-1] != "__init__" else names[:-1])))
    name = names[0] if names[0].isidentifier() and names[0] not in sys.modules else f"_chainrule_{''.join(c if c.isalnum() else '_' for c in names[0])}"

    def run() -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UserError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    return _imported(str(path), run)


def _from_name(name: str) -> ModuleType:
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    except Exception as error:  # a package above it does not import
        raise UserError(users_part(error)) from None
    if spec is None and name not in sys.modules:
        raise UserError(f"{name} is a directory; {FORM}" if Path(name).is_dir() else f"there is no file and no module {name}; {FORM}")
    return _imported(name, lambda: importlib.import_module(name))


def _imported(name: str, run: Callable[[], ModuleType]) -> ModuleType:
    try:
        return run()
    except (UserError, KeyboardInterrupt):
        raise
    except ChainRuleError as error:
        raise UserError(str(error)) from None
    except SystemExit as error:
        raise UserError(f"{name} ends the program when it is imported (exit status {error.code!r}); put what only a script does under `if __name__ == \"__main__\":`") from None
    except BaseException as error:  # whatever the user's module raises
        raise UserError(f"{users_part(error)}\n({name} was being imported)") from None
