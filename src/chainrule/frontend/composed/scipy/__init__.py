"""Functions of SciPy that are put together of what has rows (`rules/scipy`), as the Python that they mean: a module for each module of SciPy.

What they are called with is bound as SciPy binds it; an argument that a function here does not have is refused by name, unless it has its default value.
"""

from __future__ import annotations

from typing import Any


def refused(what: Any, why: Any, remedy: Any) -> Any:
    """Refuse the call, by name. Known to the compiler (`composing`)."""
    raise NotImplementedError(f"{what}: {why}; {remedy}")


__all__ = ["refused"]
