"""(function, kind of derivative, arguments or types) -> the text of the derivative, or the programs between the passes. Nothing is run.

What `source_for` of a transformed function does, for every transform by its name: those that are called with values at once (`vjp`, `jvp`, `linearize`), too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .api import HessianProduct, Transformed, _dispatcher, _layers, _padded
from .dispatch import Dispatcher
from .pipeline import Stage, stages_of

__all__ = ["MODES", "Derivation"]

TRANSFORMS = ("grad", "value_and_grad", "elementwise_grad", "jacobian", "jacfwd", "jacrev", "hessian")
MODES = (*TRANSFORMS, "vjp", "jvp", "linearize", "hvp")
Function = Callable[..., Any]


class Derivation:
    """The derivative of a function, by the name of the transform that takes it; None for a function that a transform made already.

    Arguments: ``argnums`` and ``has_aux`` as for `grad`; `vjp`, `jvp` and `linearize` take all arguments, and `hvp` multiplies by a vector of the
    argument's type.

    Raises ValueError for a transform that there is not.

    >>> def area(radius):
    ...     return 3.0 * radius * radius
    >>> print(Derivation(area, "jvp").text(2.0))
    def area_jvp(radius, radius_dot):
        \"\"\"Value and tangent of area, for radius: float, radius_dot: float.\"\"\"
        t1 = 3.0 * radius
        return t1 * radius, 3.0 * radius_dot * radius + radius_dot * t1
    <BLANKLINE>
    """

    def __init__(self, f: Function, mode: str | None = "grad", argnums: Any = 0, has_aux: bool = False) -> None:
        if mode is None or mode in TRANSFORMS:
            made = f if mode is None and isinstance(f, (Transformed, HessianProduct)) else Transformed(f, mode or "grad", argnums, has_aux, {})
        elif mode == "hvp":
            made = HessianProduct(f, argnums)
        elif mode not in MODES:
            raise ValueError(f"there is no transform {mode!r}; there is {', '.join(MODES)}")
        else:
            resolved, inner = _layers(f)
            self.dispatcher: Dispatcher = _dispatcher(resolved.function, mode, len(resolved.args), has_aux, inner, "jvp" if mode == "jvp" else "")
            self.given, self.keywords = resolved.args, dict(resolved.keywords)
            self.moving: Sequence[int] | None = None
            return
        self.dispatcher = made._dispatcher
        if isinstance(made, HessianProduct):
            self.given, self.keywords, self.moving = made._resolved.args, dict(made._resolved.keywords), made._places
        else:
            self.given, self.keywords, self.moving = made._given, made._keywords, None

    def text(self, *args: Any, **kwargs: Any) -> str:
        """The generated source for the types of these arguments of the primal."""
        return str(self._variant(self.dispatcher, args, kwargs).compiled.text)

    def text_for_types(self, types: Mapping[str, Any] | None = None, values: Mapping[str, Any] | None = None) -> str:
        """The generated source for the types that annotations give: those of the function, or others by parameter; and values for parameters that have none."""
        return self.dispatcher.from_annotations(self.given, self.keywords, types, values, self.moving)

    def stages(self, *args: Any, **kwargs: Any) -> dict[str, Stage]:
        """The program after each pass, for the types of these arguments."""
        return stages_of(self.dispatcher, lambda own: self._variant(own, args, kwargs))

    def stages_for_types(self, types: Mapping[str, Any] | None = None, values: Mapping[str, Any] | None = None) -> dict[str, Stage]:
        """The program after each pass, as `text_for_types`."""
        return stages_of(self.dispatcher, lambda own: own.from_annotations(self.given, self.keywords, types, values, self.moving))

    def _variant(self, own: Dispatcher, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        values = (*self.given, *args)
        if not own.asked:
            return own.variant_for(values, {**self.keywords, **kwargs})
        # A tangent of each argument that moves: the argument itself has its type.
        tangents = [*[None] * len(self.given), *(value if self.moving is None or n in self.moving else None for n, value in enumerate(args))]
        return own.variant_for(values, {**self.keywords, **kwargs}, lambda primals: _padded(own, tangents, len(primals)))
