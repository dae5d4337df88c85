"""What SciPy's solvers give, as objects of the program: what a derivative goes through is set by those who make them, the rest is looked up in SciPy's object."""

# mypy: ignore-errors

from __future__ import annotations

from .meanings import part


class Result:
    """found: SciPy's own object."""

    def __init__(self, found):
        self.found = found

    @property
    def success(self):
        return part(self.found, "success", True)

    @property
    def status(self):
        return part(self.found, "status", 0)

    @property
    def message(self):
        return part(self.found, "message", "")

    @property
    def nfev(self):
        return part(self.found, "nfev", 0)


__all__ = ["Result"]
