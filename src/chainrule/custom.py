"""Rules of the user's own: for functions that they write (`custom_vjp`, `custom_jvp`), and for any other function (`defvjp`, `defjvp`)."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import linecache
import math
import sys
import weakref
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from types import FunctionType, MethodType
from typing import Any, Union

import numpy as np

from .frontend.modes import public
from .rules.custom import Declaration, Stated, changed, declare, declared
from .runtime.words import WORDS

__all__ = ["custom_jvp", "custom_vjp", "defjvp", "defvjp"]

Function = Callable[..., Any]
Rule = Union[str, Function, None]


class _Ruled:
    """A function with a rule of its own. Called, it is the function."""

    transform = ""

    def __new__(cls, f: Function | None = None, nondiff_argnums: int | str | Sequence[int | str] = ()) -> Any:
        return functools.partial(cls, nondiff_argnums=nondiff_argnums) if f is None else super().__new__(cls)

    def __init__(self, f: Function, nondiff_argnums: int | str | Sequence[int | str] = ()) -> None:
        if not callable(f):
            raise TypeError(f"{self.transform} decorates a function, not {type(f).__name__}")
        functools.update_wrapper(self, f, updated=())
        self._primal = f
        name = getattr(f, "__name__", f)
        parameters = inspect.signature(f).parameters
        for parameter in parameters.values():
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
                raise TypeError(f"{self.transform}: `{name}` has the parameter {parameter.name!r}, which can be given by name only; rules take arguments by position")
        positions: list[int] = []
        for one in (nondiff_argnums,) if isinstance(nondiff_argnums, (int, str)) else nondiff_argnums:
            number = [*parameters].index(one) if isinstance(one, str) and one in parameters else one
            if not isinstance(number, int) or not -len(parameters) <= number < len(parameters):
                raise TypeError(f"{self.transform}: nondiff_argnums names {one!r}, which is no parameter of `{name}`")
            positions.append(number % len(parameters))
        self.nondiff_argnums = tuple(sorted(positions))

    @property
    def primal(self) -> Function:
        """The user's function."""
        return self._primal

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        """The function's own source."""
        return inspect.getsource(self._primal)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._primal(*args, **kwargs)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else functools.partial(self, owner)

    def __reduce__(self) -> str:
        return str(getattr(self, "__qualname__", self))  # found again under its own name

    def __repr__(self) -> str:
        return f"chainrule.{self.transform}({getattr(self._primal, '__qualname__', self._primal)})"


class custom_vjp(_Ruled):
    """Give a function its own derivative, for reverse mode.

        @custom_vjp
        def f(x, y): ...
        f.defvjp(fwd, bwd)

    ``fwd(x, y)`` returns the value and whatever ``bwd`` needs; ``bwd(residuals, value_bar)`` returns a tuple with one cotangent for each argument (None for
    zero), in its structure and shape. Both are ordinary Python, which is executed in the place of the function where a derivative is
    taken, and which is differentiated itself for derivatives of higher order. Forward mode is the transpose of ``bwd``, if that is linear in ``value_bar``.

    nondiff_argnums: positions or names of arguments without a derivative; they come first in ``bwd``, in their order, and get no cotangent. Without ``f``, a decorator.

    >>> import math
    >>> import chainrule as cr
    >>> @custom_vjp
    ... def log1pexp(x):
    ...     return math.log1p(math.exp(-abs(x))) + max(x, 0.0)
    >>> def forward(x):
    ...     return log1pexp(x), x
    >>> def backward(x, y_bar):
    ...     return (y_bar / (1.0 + math.exp(-x)),)
    >>> log1pexp.defvjp(forward, backward)
    >>> cr.grad(log1pexp)(0.0)
    0.5
    """

    transform = "custom_vjp"
    fwd: Function | None = None
    bwd: Function | None = None

    def defvjp(self, fwd: Function, bwd: Function) -> None:
        """State the rule; one that was stated before is replaced."""
        for f in (fwd, bwd):
            if not callable(f):
                raise TypeError(f"{self.__name__}.defvjp takes two functions, not {type(f).__name__}")
        self.fwd, self.bwd = fwd, bwd
        changed()


class custom_jvp(_Ruled):
    """Give a function its own derivative, for forward mode. Reverse mode is its transpose.

        @custom_jvp
        def f(x, y): ...
        @f.defjvp
        def f_jvp(primals, tangents): ...       returns the value and its tangent

    The rule is ordinary Python, and linear in the tangents; those of arguments that do not move are zero. nondiff_argnums: positions or names of arguments
    without a derivative; they come first in the rule, in their order. Without ``f``, a decorator.

    >>> import math
    >>> import chainrule as cr
    >>> @custom_jvp
    ... def cube(x):
    ...     return x**3
    >>> @cube.defjvp
    ... def cube_jvp(primals, tangents):
    ...     (x,), (x_dot,) = primals, tangents
    ...     return x * x * x, 3.0 * x * x * x_dot
    >>> cr.grad(cube)(2.0)
    12.0
    """

    transform = "custom_jvp"
    jvp: Function | None = None
    jvps: tuple[Function | None, ...] | None = None

    def defjvp(self, jvp: Function) -> Function:
        """State the rule, also as a decorator; one that was stated before is replaced."""
        if not callable(jvp):
            raise TypeError(f"{self.__name__}.defjvp takes a function, not {type(jvp).__name__}")
        self.jvp, self.jvps = jvp, None
        changed()
        return jvp

    def defjvps(self, *jvps: Function | None) -> None:
        """State the rule argument by argument: ``jvp(tangent, value, *primals)`` is what the tangent of an argument adds to that of the value; None adds nothing.

        >>> @custom_jvp
        ... def product(x, y):
        ...     return x * y
        >>> product.defjvps(lambda x_dot, value, x, y: x_dot * y, lambda y_dot, value, x, y: x * y_dot)
        >>> import chainrule as cr
        >>> cr.grad(product, (0, 1))(2.0, 5.0)
        (5.0, 2.0)
        """
        for jvp in jvps:
            if jvp is not None and not callable(jvp):
                raise TypeError(f"{self.__name__}.defjvps takes functions, and None, not {type(jvp).__name__}")
        self.jvp, self.jvps = None, jvps
        changed()


# -- functions of others -------------------------------------------------------------------------------------------------


@public("defvjp")
def defvjp(function: Function, text: str | Function | None = None, rule: Function | None = None, /, *, like: Any = None, elementwise: bool | None = None,
           **rules: Rule) -> None:
    """State the derivative of a function that you do not own, for reverse mode.

    function: anything that can be called: a C function, a ufunc, a function of another library, also one with Python source, which is then not looked into. It must
        change nothing, and return the same for the same arguments.
    text: what the parameters and the result are called, as in ``"f(x, n=2) -> y"``; of several results, ``"f(x) -> (u, s)"``. Without it, the
        function's own signature, and ``y``.
    rules: by parameter, the contribution to its cotangent, as text (``x="y_bar * n * x ** (n - 1)"``) or as a function; the names of that function's
        parameters say what it is given: a parameter, ``y``, or the cotangent ``y_bar``. What does not mention ``y_bar`` is a partial derivative, of a function that works element by element,
        and serves forward mode, too. None is a derivative of zero; what is not mentioned is not known, and an error where it is needed.
    rule: one function that returns a tuple with a cotangent for each parameter.
    like: what the result is like: the name of a parameter, an example of it, or a function of the arguments whose result has its dtype and number of axes; a tuple for
        several results. Not needed for functions that work element by element, and where all arguments and the result are numbers.
    elementwise: the function works element by element: contributions are summed over axes along which an argument was broadcast.

    A rule that was stated before is replaced. Raises TypeError for rules that name what is not there.

    >>> import math
    >>> import chainrule as cr
    >>> defvjp(math.ulp, "ulp(x) -> y", x="0.0 * x")
    >>> cr.grad(lambda x: x + math.ulp(x))(2.0)
    1.0
    """
    _state("vjp", "_bar", function, text, rule, like, elementwise, rules)


@public("defjvp")
def defjvp(function: Function, text: str | Function | None = None, rule: Function | None = None, /, *, like: Any = None, elementwise: bool | None = None,
           **rules: Rule) -> None:
    """State the derivative of a function that you do not own, for forward mode.

    As `defvjp`; a rule gives what a parameter's tangent, ``x_dot``, adds to the tangent of the result. If the rules of `defvjp` are linear in the cotangent, as they
    should be, forward mode follows from them, and reverse mode from these.

    >>> import math
    >>> import chainrule as cr
    >>> defjvp(math.nextafter, "nextafter(x, y) -> z", x="x_dot", y=None)
    >>> float(cr.jvp(lambda x: 3.0 * math.nextafter(x, 0.0), (2.0,), (1.0,))[1])
    3.0
    """
    _state("jvp", "_dot", function, text, rule, like, elementwise, rules)


_numbers = itertools.count(1)


@dataclass
class _Names:
    """What a function's parameters and results are called."""

    parameters: tuple[str, ...]
    defaults: dict[int, Any]
    names: dict[str, int]
    results: tuple[str, ...]
    single: bool
    positional: int | None  # how many can be given by position; None: all


def _positional(parameters: list[inspect.Parameter]) -> int | None:
    return next((n for n, p in enumerate(parameters) if p.kind is p.KEYWORD_ONLY), None)


def _state(kind: str, suffix: str, function: Function, text: Any, rule: Any, like: Any, elementwise: bool | None, rules: dict[str, Rule]) -> None:
    asked = f"def{kind}"
    if not callable(function):
        raise TypeError(f"{asked}: a function is needed, not {type(function).__name__}")
    if isinstance(function, MethodType) and isinstance(function.__func__, FunctionType) and not isinstance(function.__self__, type):
        owner = type(function.__self__).__name__
        raise TypeError(f"{asked}: a method of one object is given; state the rule for all: {asked}({owner}.{function.__name__}, ...), whose first parameter is the object")
    if text is not None and not isinstance(text, str):
        text, rule = None, text
    name = str(getattr(function, "__name__", type(function).__name__))
    if text is not None and text.partition("(")[0].strip().rpartition(".")[2].isidentifier():
        name = text.partition("(")[0].strip().rpartition(".")[2]
    names = _named(asked, function, name, text)
    for parameter in rules:
        if parameter not in names.parameters:
            raise TypeError(f"{asked}: `{name}` has no parameter {parameter!r}; its parameters are {', '.join(names.parameters)}")
    if rule is None and not rules:
        raise TypeError(f"{asked}: no rule is given for `{name}`; give one for a parameter: {names.parameters[0]}=...")
    if isinstance(like, str) and like not in names.parameters:
        raise TypeError(f"{asked}: `like` names {like!r}, which is no parameter of `{name}`")
    stated: dict[int, Stated | None] = {}
    for parameter, given in rules.items():
        stated[names.parameters.index(parameter)] = _one(asked, kind, suffix, function, name, names, parameter, given)
    if rule is not None:
        if rules:
            raise TypeError(f"{asked}: `{name}` is given one rule for all parameters, and one for {next(iter(rules))!r}")
        stated[-1] = _one(asked, kind, suffix, function, name, names, "", rule)
    partials = any(one is not None and one.kind == "partial" for one in stated.values())
    if partials and elementwise is False:
        raise TypeError(f"{asked}: the rule of `{name}` does not mention `{names.results[0] if kind == 'vjp' else names.parameters[0]}{suffix}`, so it is a partial derivative, element by element; but elementwise=False")
    if partials and len(names.results) > 1:
        raise TypeError(f"{asked}: a rule of `{name}` mentions no cotangent; partial derivatives are known for one result only")
    made = Declaration(function, name, names.parameters, names.names, names.defaults, names.results, names.single, names.positional, likes={kind: like}, number=next(_numbers))
    made.elementwise[kind] = partials or (_is_elementwise(function) if elementwise is None else elementwise)
    (made.vjps if kind == "vjp" else made.jvps).update(stated)
    before = declared(function)
    if before is not None and len(before.parameters) == len(made.parameters) and len(before.results) == len(made.results):
        made = replace(made, jvps=before.jvps) if kind == "vjp" else replace(made, vjps=before.vjps)
        made.likes = {kind: like, **{mode: one for mode, one in before.likes.items() if mode != kind}}
        made.elementwise = {kind: made.elementwise[kind], **{mode: one for mode, one in before.elementwise.items() if mode != kind}}
    declare(made)


def _is_elementwise(function: Any) -> bool:
    """A ufunc of NumPy's, or of what makes such ufuncs."""
    return hasattr(function, "nin") and hasattr(function, "nout") and getattr(function, "signature", None) is None


def _named(asked: str, function: Any, name: str, text: str | None) -> _Names:
    if text is not None:
        return _parsed(asked, function, text)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise TypeError(f"{asked}: `{name}` does not say what its parameters are called; say it: {asked}({name}, \"{name}(x) -> y\", x=...)") from None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        raise TypeError(f"{asked}: `{name}` takes any number of arguments; name those that a rule is for: {asked}({name}, \"{name}(x) -> y\", x=...)")
    own = tuple(p.name for p in parameters)
    result = "y" if "y" not in own else "result"
    return _Names(own, {n: p.default for n, p in enumerate(parameters) if p.default is not p.empty}, {p.name: n for n, p in enumerate(parameters)}, (result,), True, _positional(parameters))


def _parsed(asked: str, function: Any, text: str) -> _Names:
    left, _, right = text.partition("->")
    try:
        call = ast.parse(left.strip(), mode="eval").body
        result = ast.parse(right.strip() or "y", mode="eval").body
        assert isinstance(call, ast.Call)
        assert all(isinstance(a, ast.Name) for a in call.args)
        parts = result.elts if isinstance(result, ast.Tuple) else [result]
        assert parts
        results = tuple(p.id for p in parts if isinstance(p, ast.Name))
        assert len(results) == len(parts)
        defaults = {len(call.args) + n: ast.literal_eval(k.value) for n, k in enumerate(call.keywords)}
        own = (*(a.id for a in call.args if isinstance(a, ast.Name)), *(str(k.arg) for k in call.keywords))
    except (SyntaxError, AssertionError, ValueError):
        raise TypeError(f"{asked}: {text!r} is not of the form \"f(x, n=2) -> y\"") from None
    if len({*own, *results}) < len(own) + len(results):
        raise TypeError(f"{asked}: {text!r} uses one name twice")
    names = {name: n for n, name in enumerate(own)}
    try:
        real = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        real = []
    for n, p in enumerate(real):  # a call may use the function's own names
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or n >= len(own):
            break
        if own[n] in {q.name for q in real[:len(own)]} and own[n] != p.name:
            raise TypeError(f"{asked}: {text!r} calls the parameter {p.name!r} {own[n]!r}, as the function calls another one")
        if own[n] in {q.name for q in real[len(own):]}:  # by that name a call means another parameter, which the rule does not know
            del names[own[n]]
        names[p.name] = n
        if n not in defaults:
            if p.default is not p.empty:
                defaults[n] = p.default
        elif p.default is p.empty or repr(p.default) != repr(defaults[n]):
            raise TypeError(f"{asked}: {text!r} has the default {own[n]}={defaults[n]!r}, but "
                            + (f"{p.name!r} has none" if p.default is p.empty else f"it is {p.default!r}"))
    return _Names(own, defaults, names, results, not isinstance(result, ast.Tuple), _positional(real))


def _one(asked: str, kind: str, suffix: str, function: Any, name: str, names: _Names, parameter: str, given: Any) -> Stated | None:
    """One rule, as a function and what it takes."""
    known = {p: ("parameter", n) for n, p in enumerate(names.parameters)} | {r: ("result", n) for n, r in enumerate(names.results)}
    if kind == "vjp":
        moved = {f"{r}_bar": ("bar", n) for n, r in enumerate(names.results)}
    else:
        moved = {f"{p}_dot": ("dot", n) for n, p in enumerate(names.parameters) if parameter in ("", p)}
    known |= moved
    where = f"the rule of `{name}`" + (f" for `{parameter}`" if parameter else "")
    if given is None:
        return None
    if isinstance(given, (int, float)) and not isinstance(given, bool) and given == 0:
        return None
    if isinstance(given, str):
        given = _from_text(asked, where, function, name, parameter or "all", given, known)
    if not callable(given):
        raise TypeError(f"{asked}: {where} is a text, a function, or None, not {type(given).__name__}")
    try:
        taken = _taken(given, known)
    except (TypeError, ValueError):  # it does not say what it takes: everything, or, of a ufunc, what it has room for
        everything = [*moved, *names.results, *names.parameters]
        taken = list(names.parameters) if getattr(given, "nin", None) == len(names.parameters) else everything
    for one in taken:
        if one not in known:
            raise TypeError(f"{asked}: {where} takes {one!r}; it can take {', '.join(known)}")
    takes = tuple(known[one] for one in taken)
    return Stated(kind if any(one in moved for one in taken) else "partial", given, takes)


def _taken(function: Any, known: Container[str]) -> list[str]:
    """The parameters of a rule that it is given: up to the last one that is known or has no default."""
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        raise ValueError
    count = max((n + 1 for n, p in enumerate(parameters) if p.default is p.empty or p.name in known), default=0)
    return [p.name for p in parameters[:count]]


def _from_text(asked: str, where: str, function: Any, name: str, parameter: str, text: str, known: dict[str, Any]) -> Function:
    """A rule in text, as a function of what it mentions."""
    try:
        node = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise TypeError(f"{asked}: {where} is not an expression: {text!r} ({error.msg})") from None
    namespace: dict[str, Any] = {"np": np, "math": math, "__name__": __name__, **{word.__name__: word for word in WORDS}}
    special = sys.modules.get("scipy.special")
    if special is not None:
        namespace["special"] = special
    if name.isidentifier():
        namespace.setdefault(name, function)
    bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    read = dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in bound)
    builtin = vars(__builtins__) if not isinstance(__builtins__, dict) else __builtins__
    for one in read:
        if one not in known and one not in namespace and one not in builtin:
            raise TypeError(f"{asked}: {where} mentions {one!r}; a text can mention {', '.join(known)}, np and math. State the rule as a function for anything else")
    takes = ", ".join(one for one in known if one in read)
    title = f"{name if name.isidentifier() else 'f'}_{parameter}"
    lines = f"def {title}({takes}):\n    return {text.strip()}\n"
    file = f"<{where}>"
    while file in linecache.cache:
        file = f"<{file[1:-1]}'>"
    linecache.cache[file] = (len(lines), None, lines.splitlines(True), file)
    exec(compile(lines, file, "exec"), namespace)
    made: Function = namespace.pop(title)
    weakref.finalize(made, linecache.cache.pop, file, None)
    return made
