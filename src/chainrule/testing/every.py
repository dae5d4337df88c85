"""Every gradient that a program computes is checked, as with the option `check`, and what is wrong is noted: what the plugin for pytest turns on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..api import _verify
from ..dispatch import Checks, Dispatcher, check_every_gradient
from ..errors import GradientCheckError

__all__ = ["EveryGradient"]


class EveryGradient:
    """While started, the first gradient of every specialisation of every `grad` and `value_and_grad` is compared with finite differences, also of functions that were
    transformed before. `wrong` is called with the function's name and the error, which is raised then.

    >>> import chainrule as cr
    >>> df = cr.grad(lambda x: cr.stop_gradient(x) * x)
    >>> every = EveryGradient(lambda name, error: print("wrong:", name))
    >>> every.start()
    >>> try:
    ...     df(3.0)
    ... except cr.GradientCheckError as error:
    ...     print(error)
    ... finally:
    ...     every.stop()
    wrong: the lambda at ...
    derivative of <lambda>: differs from finite differences
      x: got 3, finite difference 6, relative error 0.5
    >>> df(3.0)
    3.0
    """

    def __init__(self, wrong: Callable[[str, GradientCheckError], None]) -> None:
        self.wrong = wrong
        self._checks = Checks(self._verify)

    def start(self) -> None:
        """From now on, every gradient is checked."""
        check_every_gradient(self._checks)

    def stop(self) -> None:
        """No gradient is checked any more, but those that ask for it."""
        check_every_gradient(None)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, no gradient is checked; what is computed there may be checked later."""
        before, self._checks.paused = self._checks.paused, True
        try:
            yield
        finally:
            self._checks.paused = before

    def _verify(self, dispatcher: Dispatcher, *rest: Any) -> None:
        try:
            with self.paused():  # the derivatives that differences are taken of are not the user's
                _verify(dispatcher, *rest)
        except GradientCheckError as error:
            self.wrong(_title(dispatcher), error)
            raise


def _title(dispatcher: Dispatcher) -> str:
    """The function, and where it is."""
    code = dispatcher.function.__code__
    name = dispatcher.function.__qualname__.replace("<locals>.", "")
    shown = f"the lambda at line {code.co_firstlineno} of {code.co_filename}" if name.endswith("<lambda>") else f"{name} ({code.co_filename}, line {code.co_firstlineno})"
    return "".join((*(f"the {layer.mode} of " for layer in reversed(dispatcher.inner)), shown))
