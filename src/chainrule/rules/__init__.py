"""The rule table: importing this package fills it, and checks it."""

from . import structure  # noqa: F401, I001  (defines the structural operations that rows refer to)
from . import language, operators, elementwise, math_module, reductions, shapes, creation, indexing, linalg, fourier, decompositions, zero, writes, random, effects, implicit, custom, solving  # noqa: F401
from .formula import verify as _verify

_verify()
