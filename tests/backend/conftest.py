"""Operations for programs that are built by hand; those of the rule table where it is there."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from chainrule.ir.ops import OPS, REQUIRED, Op, Param, define

try:
    import chainrule.rules.registry  # noqa: F401
except ImportError:
    pass
import chainrule.rules.structure  # noqa: F401


def _define(name: str, params: str, impl: Any, **flags: Any) -> None:
    if name not in OPS:
        parts = []
        for text in params.split():
            key, _, default = text.partition("=")
            parts.append(Param(key, eval(default) if default else REQUIRED))
        define(Op(name, tuple(parts), impl, **flags))


for _name, _impl in (("+", operator.add), ("-", operator.sub), ("*", operator.mul), ("/", operator.truediv), ("**", operator.pow),
                     ("@", operator.matmul), ("<", operator.lt), (">", operator.gt), ("==", operator.eq), ("<=", operator.le)):
    _define(_name, "x y", _impl)
_define("neg", "x", operator.neg)
_define("not", "x", operator.not_)
_define("abs", "x", abs)
for _name in ("tanh", "exp", "cos", "sin", "sqrt", "log", "sign"):
    _define(f"np.{_name}", "x", getattr(np, _name))
_define("math.sin", "x", math.sin)
_define("np.sum", "x axis=None keepdims=False", np.sum)
_define("np.max", "x axis=None keepdims=False", np.max)
_define("np.zeros_like", "x", np.zeros_like, fresh=True)
_define("np.transpose", "x axes=None", np.transpose, views=(0,))
_define("np.reshape", "x shape", np.reshape, views=(0,))
_define("np.broadcast_to", "x shape", np.broadcast_to, views=(0,))
_define("py.print", "x", print, effect=True)
