"""Index arithmetic -> affine forms, and proofs that one is positive.

A form is a sum of integer multiples of atoms (loop indices, extents, other integers) and a constant, which stands under None:
`2*i + n - 1` is {i: 2, n: 1, None: -1}. `positive` proves form >= 1 by replacing atoms by their bounds, those of inner
loops first (the elimination step of Fourier and Motzkin, with one bound for each atom): sound, not complete.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

Form = dict["Hashable | None", int]


@dataclass(frozen=True)
class Bound:
    """What is known of an atom: low <= atom <= high. level: atoms of higher levels are replaced first."""

    low: Form | None
    high: Form | None
    level: int


Bounds = dict["Hashable", Bound]


def constant(value: int) -> Form:
    return {None: value} if value else {}


def plus(a: Form, b: Form, times: int = 1) -> Form:
    """a + times * b."""
    result = dict(a)
    for atom, factor in b.items():
        total = result.get(atom, 0) + times * factor
        if total:
            result[atom] = total
        else:
            result.pop(atom, None)
    return result


def positive(form: Form, bounds: Bounds, least: int = 1) -> bool:
    """Whether form >= least is certain."""
    for _ in range(20):
        atoms = [a for a in form if a is not None]
        if not atoms:
            return form.get(None, 0) >= least
        atom = max(atoms, key=lambda a: bounds[a].level if a in bounds else -1)
        bound = bounds.get(atom)
        if bound is None:
            return False
        factor = form[atom]
        replacement = bound.low if factor > 0 else bound.high
        if replacement is None or atom in replacement:
            return False
        form = plus({a: f for a, f in form.items() if a is not atom}, replacement, factor)
    return False


__all__ = ["Bound", "Bounds", "Form", "constant", "plus", "positive"]
