"""Every name of NumPy is in exactly one class; docs/coverage.md is made from this walk.

    python tests/test_coverage.py        # rewrites docs/coverage.md; read the difference
"""

from __future__ import annotations

import collections
import inspect
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule  # noqa: F401
from chainrule.frontend.calling.tables import BUILTINS
from chainrule.rules import coverage, methods, random, registry
from chainrule.rules.table import OPERATORS, ROWS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"
MODULES = {"": np, "linalg": np.linalg, "fft": np.fft, "random": np.random, "emath": np.emath}
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
    found = []
    try:
        op = registry.lookup(value)
        if (refused := registry.refusal(value)) is not None and op is None:
            found.append((REFUSED, refused.because))
        if value in BUILTINS:
            ufunc = registry.lookup(getattr(np, prefix)) if last in UFUNC_METHODS else None
            found.append((ZERO if name in coverage.CONSTANT or (ufunc is not None and ROWS[ufunc].kind == "zero") else DIFFERENTIABLE, ""))
        elif op is not None:
            found.append((_of_row(op), ""))
        elif registry.writer(value) is not None:
            found.append((DIFFERENTIABLE, ""))
        elif random.function(value) is not None:
            found.append((DIFFERENTIABLE, ""))
    except TypeError:
        pass
    return found


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
    from chainrule.ir.types import Opaque

    draw = random.method(Opaque("np.random.Generator"), name)
    if draw is not None:
        carries = draw.family is not None or draw.name in ("choice", "permutation", "multivariate_normal")
        return [(DIFFERENTIABLE if carries else ZERO, "")]
    if name in ("bit_generator", "spawn"):
        return [(IRRELEVANT, "bit generators and seeds")]
    if name == "shuffle":
        return [(DIFFERENTIABLE, "")]
    refused = registry.refusal(getattr(np.random.default_rng(0), name))
    return [] if refused is None else [(REFUSED, refused.because)]


WALK = {name: classes(name, value) for name, value in names().items()}
