"""Text -> rows: the words in which derivatives are declared, and the table that they fill.

    elementwise("x / y -> z", x="1 / y", y="-z / y", pole=True)       partials; broadcasting is not the row's business
    linear("np.transpose(x) -> y", x="np.transpose(y_bar)")           the contribution to x, in terms of the cotangent y_bar
    rule("np.linalg.inv(x) -> y", x="-y.T @ y_bar @ y.T")             the same, where it depends on values
    zero("np.sign", "np.argmax")                                      no derivative
    refuse("np.random.shuffle", because="...", instead="...")         a reason and a way out
    structural("np.stack(arrays, axis=0) -> y", pull)                 a pullback that is code, as a pushforward may be (`push=`)

Forward mode follows from the same row: partials are partials, and what is linear is applied to the tangents (`linear="together"`
in the active arguments, or `linear="each"`: in each of them alone, as a product is). Another row may state it, in terms of the tangents:

    rule("np.linalg.inv(x) -> y", x="-y.T @ y_bar @ y.T", x_dot="-y @ x_dot @ y")

Where it does not, the pullback is transposed once more.

A row defines the operation (its parameters, how it runs, how its result is typed) and its derivative. A wrong
row fails at import. Parameters of the function that a row does not name are refused at the call, never ignored.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import math
import operator
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import runtime
from ..ir.nodes import Arg, Let, Lit, Operand, Seq, Span
from ..ir.ops import OPS, REQUIRED, Op, Param, define, is_default
from ..structure import keep_whole

if TYPE_CHECKING:
    from .call import Call
    from .pushforward import Push
    from .views import Each, View

Pull = Callable[[Let, "Call"], None]
MODULES: dict[str, Any] = {"np": np, "math": math, "rt": runtime, "operator": operator}  # what the first parts of names in rows mean
# Rows that are read when a module has been imported: its name -> that of the module of rows.
LATER = {f"{__name__.partition('.')[0]}.nn": "nn"} | {f"scipy.{name}": f"scipy.{name}" for name in sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent / "scipy")]) if not m.ispkg)}
Pushforward = Callable[[Let, "Push"], Operand]


class RowError(Exception):
    """A call that no row covers: what it is, why not, and what to do instead.

    certain: it is so on every path through the program.
    """

    def __init__(self, what: str, why: str = "", remedy: str = "", certain: bool = False) -> None:
        super().__init__("; ".join(part for part in (what, why, remedy) if part))
        self.what, self.why, self.remedy, self.certain = what, why, remedy, certain
        self.span: Span | None = None  # of the statement, where the error is found in the reverse sweep


@dataclass(frozen=True)
class Row:
    """A derivative.

    formulas: for each parameter that carries one, the partial (elementwise) or the contribution (otherwise).
    pole:     a partial may be infinite or NaN where the arguments are finite.
    product:  a partial is an argument, so it is infinite only where that argument is.
    quiet:    at its pole the function itself warns of nothing, so its derivative may not either.
    masks:    its contributions hold zeros that select rather than scale: they absorb infinities.
    fills:    the result holds zeros beside what the arguments give: as tangents they absorb infinities.
    real:     the row holds for real numbers; with complex ones the result would carry a derivative, so they are refused.
    static:   parameters whose value the compiler has to know.
    constant: parameters through which no derivative flows.
    jumps:    parameters in which the result is piecewise constant though it is meant as a sample: a derivative of zero would mislead.
    linear:   "together": linear in its differentiable parameters; "each": in each of them, the others fixed.
    dots:     for parameters that carry a derivative, the contribution to the tangent of the result, where it does not follow from the rest.
    push:     the tangent of the result as code, for the same reason.
    names:    parameters of the function by position, in the row's words; None for one that the row does not have.
    ignored:  parameters of the function that change nothing in what it returns: any value will do.
    keywords: the function's name of a parameter -> the row's.
    """

    op: str
    kind: str  # "elementwise", "pointwise", "linear", "rule", "zero", "structural"
    result: str = "y"
    formulas: dict[str, ast.expr] = field(default_factory=dict)
    pull: Pull | None = None
    linear: str = ""
    dots: dict[str, ast.expr] = field(default_factory=dict)
    push: Pushforward | None = None
    pole: bool = False
    product: bool = False
    quiet: bool = False
    masks: bool = False
    fills: bool = False
    real: bool = False
    static: frozenset[str] = frozenset()
    constant: frozenset[str] = frozenset()
    jumps: frozenset[str] = frozenset()
    names: tuple[str | None, ...] = ()
    ignored: frozenset[str] = frozenset()
    keywords: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)  # of the parameters that the row does not have
    fill: dict[str, Any] = field(default_factory=dict)  # for required parameters that the call leaves out
    view: View | Each | None = None  # how the result sees its first argument, for functions that give views (see `views`)
    out: int | None = None  # position of the function's parameter `out` (of a ufunc, the first of them); -1 if it is given by name only
    ufunc: bool = False  # a function that knows `where`, and reads all before it writes into `out`


@dataclass(frozen=True)
class Refusal:
    because: str
    instead: str


ROWS: dict[str, Row] = {}
FUNCTIONS: dict[Any, str] = {}  # callable -> operation
REFUSALS: dict[Any, Refusal] = {}
REFUSED: dict[str, Refusal] = {}  # the same, by name
MEANINGS: dict[Any, Callable[..., Any]] = {}  # callable -> the Python that it means, executed in its place
MEANT: list[str] = []  # their names
ADJOINTS: dict[Any, Callable[..., Any]] = {}  # the same, for solvers of differential equations that are differentiated by the continuous adjoint
STAND_INS: dict[type, type] = {}  # class of a library -> a class whose members are executed in the place of its own
KNOWN: set[int] = set()  # objects of libraries whose methods have rows: by identity
_COPIES: dict[type, tuple[Any, Callable[[Any, Any], bool]]] = {}  # class -> the known object of that class, and what tells a copy of it
_OBJECTS: list[Any] = []  # the same, so that they live
REFUSED_METHODS: set[type] = set()  # classes whose methods are refused, for the reason that they are

_BINARY = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}
_UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert", ast.Not: "not"}
_COMPARE = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.IsNot: "is not",
    ast.In: "in", ast.NotIn: "not in",
}
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift, "neg": operator.neg, "pos": operator.pos, "invert": operator.invert,
    "not": operator.not_, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
    "!=": operator.ne, "is": operator.is_, "is not": operator.is_not,
    "in": lambda item, container: item in container, "not in": lambda item, container: item not in container,
}
# Functions of sequences of arrays, and those whose rules know lists; the others are given arrays.
JOINING = frozenset({"np.concatenate", "np.stack", "np.hstack", "np.vstack", "np.column_stack"})
OF_LISTS = JOINING | {"np.array", "np.asarray", "np.asanyarray"}
# Parameters that change what a result looks like rather than its values: the compiler has to know them.
STATIC = frozenset({
    "axis", "axes", "axis1", "axis2", "axisa", "axisb", "axisc", "keepdims", "order", "dtype", "source", "destination", "ddof",
    "correction", "kind", "mode", "subscripts", "ord", "indexing", "rowvar", "bias", "endpoint", "casting", "copy", "n",
    "stable", "invert", "side", "decreasing", "increasing", "full_matrices", "compute_uv", "hermitian", "rtol", "optimize",
})


def operator_name(node: ast.AST) -> str | None:
    """The operation of an operator in source text."""
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)]
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)]
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _COMPARE[type(node.ops[0])]
    return None


def resolve(name: str) -> Any:
    """The object that a dotted name in a row means; None where this NumPy or Python does not have it."""
    first, *rest = name.split(".")
    if not rest:
        return getattr(builtins, first, None)
    value: Any = MODULES.get(first) or importlib.import_module(first)
    for part in rest:
        value = getattr(value, part, None)
    return value


def parse(text: str) -> tuple[str, tuple[Param, ...], str]:
    """A row's left-hand side -> (operation, parameters, name of the result)."""
    left, _, result = text.partition("->")
    node = ast.parse(left.strip(), mode="eval").body
    name = operator_name(node)
    if name is not None:
        if isinstance(node, ast.BinOp):
            operands: list[ast.expr] = [node.left, node.right]
        elif isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
        else:
            assert isinstance(node, ast.UnaryOp)
            operands = [node.operand]
        return name, tuple(Param(_name(n)) for n in operands), result.strip() or "y"
    if not isinstance(node, ast.Call):
        raise ValueError(f"not a call or an operator: {text!r}")
    parameters = [Param(_name(a.value), star=True) if isinstance(a, ast.Starred) else Param(_name(a)) for a in node.args]
    parameters += [Param(str(k.arg), ast.literal_eval(k.value)) for k in node.keywords]
    return ast.unparse(node.func), tuple(parameters), result.strip() or "y"


def _name(node: ast.expr) -> str:
    if not isinstance(node, ast.Name):
        raise ValueError(f"a parameter is a name, not {ast.unparse(node)!r}")
    return node.id


# -- declarations ----------------------------------------------------------------------------------------


def elementwise(text: str, *, pole: bool = False, product: bool = False, quiet: bool = False, masks: bool = False,
                fill: dict[str, Any] | None = None, also: dict[str, str] | None = None, op: dict[str, Any] | None = None,
                **partials: str) -> None:
    """A function applied element by element, with its partial derivatives.

    fill: values of parameters that the operation always gets, though a call may leave them out.
    also: further names of parameters.
    """
    flags = dict(pole=pole, product=product, quiet=quiet, masks=masks, fill=fill or {}, also=also or {})
    _declare(text, "elementwise", partials, flags, op)


def pointwise(text: str, *, masks: bool = False, view: View | Each | None = None, op: dict[str, Any] | None = None, **contributions: str) -> None:
    """A function applied element by element, with its contributions in terms of the cotangent."""
    _declare(text, "pointwise", contributions, dict(masks=masks, view=view), op)


def linear(text: str, *, fills: bool = False, static: tuple[str, ...] = (), dynamic: tuple[str, ...] = (), view: View | Each | None = None,
           ignored: tuple[str, ...] = (), newer: tuple[str, ...] = (), op: dict[str, Any] | None = None, **contributions: str) -> None:
    """A function that is linear in the named parameters together, with its transpose.

    dynamic: parameters that may be computed, whatever their names.
    ignored: parameters that change nothing in the result.
    newer:   parameters that older versions of the function do not have.
    """
    _declare(text, "linear", contributions, dict(fills=fills, view=view, linear="together", ignored=ignored, newer=newer), op, static, dynamic)


def rule(text: str, *, masks: bool = False, quiet: bool = False, linear: str = "", static: tuple[str, ...] = (), dynamic: tuple[str, ...] = (),
         ignored: tuple[str, ...] = (), newer: tuple[str, ...] = (), op: dict[str, Any] | None = None, **contributions: str) -> None:
    """Any other function, with the contributions to its parameters."""
    _declare(text, "rule", contributions, dict(masks=masks, quiet=quiet, linear=linear, ignored=ignored, newer=newer), op, static, dynamic)


def structural(text: str, pull: Pull, *, push: Pushforward | None = None, masks: bool = False, fills: bool = False, linear: str = "",
               static: tuple[str, ...] = (), constant: tuple[str, ...] = (), view: View | Each | None = None, ignored: tuple[str, ...] = (),
               newer: tuple[str, ...] = (), op: dict[str, Any] | None = None) -> None:
    """A function whose pullback is code. `text` may be the bare name of an operation that is already defined."""
    if text in OPS:
        names = tuple(p.name for p in OPS[text].params)
        _enter(Row(text, "structural", pull=pull, push=push, linear=linear, masks=masks, constant=frozenset(constant), static=frozenset(static),
                   names=names, keywords={name: name for name in names}, view=view))
        return
    _declare(text, "structural", {}, dict(pull=pull, push=push, linear=linear, masks=masks, fills=fills, constant=constant, view=view, ignored=ignored, newer=newer),
             op, static)


def zero(*texts: str, real: bool = False, dynamic: tuple[str, ...] = (), op: dict[str, Any] | None = None) -> None:
    """Functions without derivative: integer-valued, constant, or piecewise constant.

    real:    of complex numbers they have one.
    dynamic: parameters that may be computed, whatever their names.
    """
    for text in texts:
        if text in OPS:
            _enter(Row(text, "zero", real=real, names=tuple(p.name for p in OPS[text].params)))
        else:
            _declare(text if "(" in text or " " in text or "~" in text else _full_text(text), "zero", {}, dict(real=real), op, dynamic=dynamic)


def refuse(name: str, *, because: str, instead: str = "") -> None:
    """A function that is known and not supported, with the reason and what to write instead; of a class, every method."""
    function = resolve(name)
    if function is not None:
        REFUSALS[function] = REFUSED[name] = Refusal(because, instead)
        if isinstance(function, type) and function is not np.vectorize:
            REFUSED_METHODS.add(function)


def meaning(name: str, function: Callable[..., Any]) -> None:
    """A function that is executed as the Python that it means (the words for such functions are in `meanings`)."""
    original = resolve(name)
    if original is not None:
        MEANINGS[original] = function
        MEANT.append(name)


def adjoint_meaning(name: str, function: Callable[..., Any]) -> None:
    """The meaning of a solver of differential equations whose derivative is that of the continuous adjoint; its tolerances are passed first."""
    original = resolve(name)
    if original is not None:
        ADJOINTS[original] = function


def by_adjoint(solver: Any) -> Callable[..., Any] | None:
    if any(module in sys.modules for module in LATER):
        read_later()
    return ADJOINTS.get(solver)


def stand_in(cls: type, meaning: type) -> None:
    """A class of a library, and the class whose members are executed in the place of its own."""
    STAND_INS[cls] = meaning


def stands_for(cls: type) -> type | None:
    """The class whose members are executed in the place of those of a class."""
    if any(module in sys.modules for module in LATER):
        read_later()
    return STAND_INS.get(cls)


def known_object(name: str, is_copy: Callable[[Any, Any], bool] | None = None) -> None:
    """An object of a library whose methods have rows, or a meaning: it is part of the program, like a function.

    is_copy(value, known): whether another object of its class computes what the known one does, and so is known, too.
    """
    found = resolve(name)
    if found is not None:
        KNOWN.add(id(found))
        keep_whole(type(found))
        if is_copy is not None:
            _COPIES[type(found)] = found, is_copy
        _OBJECTS.append(found)


def is_known_object(value: Any) -> bool:
    if any(module in sys.modules for module in LATER):
        read_later()
    return id(value) in KNOWN or original(value) is not None


def original(value: Any) -> Any:
    """The known object that another one is a copy of; None if it is no copy."""
    found, is_copy = _COPIES.get(type(value), (None, None))
    return found if is_copy is not None and is_copy(value, found) else None


def meant(function: Any) -> Callable[..., Any] | None:
    """The Python that a callable means; None if it is not among these."""
    try:
        return MEANINGS.get(function)
    except TypeError:  # not hashable
        return None


def alias(name: str, op_name: str) -> None:
    """Another name of a function that has a row."""
    function = resolve(name)
    if function is not None and op_name in ROWS:
        FUNCTIONS.setdefault(function, op_name)


def _full_text(name: str) -> str:
    """The left-hand side of a row for a function without derivative: all its parameters."""
    function = resolve(name)
    if function is None:
        return f"{name}(x)"
    if isinstance(function, np.ufunc):
        return f"{name}({', '.join(('x', 'y', 'z')[:function.nin])})"
    parts = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("out", "like", "where") or parameter.kind is parameter.VAR_KEYWORD:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            parts.append(f"*{parameter.name}")
        elif parameter.default is parameter.empty:
            parts.append(parameter.name)
        elif parameter.default is None or isinstance(parameter.default, (bool, int, float, str, tuple)):
            parts.append(f"{parameter.name}={parameter.default!r}")
    return f"{name}({', '.join(parts)})"


def _declare(text: str, kind: str, formulas: dict[str, str], flags: dict[str, Any], op: dict[str, Any] | None,
             static: tuple[str, ...] = (), dynamic: tuple[str, ...] = ()) -> None:
    name, params, result = parse(text)
    options = dict(op or {})
    function = OPERATORS.get(name) or resolve(name)
    if function is None and name.startswith("rt."):
        raise ValueError(f"{text!r}: there is no such helper in chainrule.runtime")
    if function is None:
        return  # this version of NumPy or Python does not have it
    impl = options.pop("impl", function)
    if "infer" not in options and (kind in ("elementwise", "pointwise") or (kind == "zero" and isinstance(function, np.ufunc))):
        from .infer import elementwise_infer

        options["infer"] = elementwise_infer(name)
    dots = {p.removesuffix("_dot"): ast.parse(f, mode="eval").body for p, f in formulas.items() if p.endswith("_dot")}
    formulas = {p: f for p, f in formulas.items() if not p.endswith("_dot")}
    unknown = [p for p in (*formulas, *dots) if p not in {q.name for q in params}]
    if unknown:
        raise ValueError(f"{text!r} has no parameter {unknown[0]!r}")
    define(Op(name, params, impl, **options))
    ignored = frozenset(flags.pop("ignored", ()))
    names, keywords, defaults = _match(text, function, params, ignored, flags.pop("newer", ()))
    keywords.update(flags.pop("also", {}))
    parsed = {p: ast.parse(f, mode="eval").body for p, f in formulas.items()}
    known = (STATIC & frozenset(p.name for p in params) | frozenset(static)) - frozenset(dynamic)
    constant = (known - set(formulas)) | {p for p, f in formulas.items() if f == "0.0"} | frozenset(flags.pop("constant", ()))
    _enter(Row(name, kind, result, parsed, dots=dots, static=known, constant=constant, names=names, keywords=keywords, defaults=defaults, ignored=ignored,
               out=_place_of_out(function), ufunc=isinstance(function, np.ufunc) and function.signature is None, **flags))
    if name not in OPERATORS and not name.startswith("rt."):
        FUNCTIONS.setdefault(function, name)


def _place_of_out(function: Any) -> int | None:
    """Where a function takes `out`: its position, -1 if it has to be named, None if there is no such parameter."""
    if isinstance(function, np.ufunc):
        return function.nin
    if not (getattr(function, "__module__", None) or "").startswith("numpy"):
        return None
    try:
        names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD or p.kind is p.POSITIONAL_ONLY]
        return names.index("out") if "out" in names else -1 if "out" in inspect.signature(function).parameters else None
    except (TypeError, ValueError):
        return -1


def _enter(row: Row) -> None:
    if row.op in ROWS:
        raise ValueError(f"two rows for {row.op!r}")
    ROWS[row.op] = row


def _match(text: str, function: Any, params: tuple[Param, ...], ignored: frozenset[str] = frozenset(),
           newer: tuple[str, ...] = ()) -> tuple[tuple[str | None, ...], dict[str, str], dict[str, Any]]:
    """How the function's own parameters and the row's correspond: required ones by position, others by name."""
    own = tuple(p.name for p in params)
    try:
        real = None if isinstance(function, np.ufunc) else list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        real = None
    if real is None or any(p.kind is p.VAR_POSITIONAL for p in real) or any(p.star for p in params):
        return own, {p.name: p.name for p in params if p.default is not REQUIRED}, {}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in real)
    real = [p for p in real if p.kind is not p.VAR_KEYWORD]
    by_name = {p.name for p in real}
    required = [p.name for p in params if p.default is REQUIRED]
    if len(required) > len(real):
        raise ValueError(f"{text!r} has more parameters than the function")
    keywords = {p.name: r for p, r in zip(real, required) if p.kind is not p.POSITIONAL_ONLY}
    for param in params:
        if param.default is not REQUIRED:
            if param.name not in by_name and param.name in newer:
                continue
            if param.name not in by_name and not open_ended:
                raise ValueError(f"the function in {text!r} has no parameter {param.name!r}")
            keywords[param.name] = param.name
    names: list[str | None] = []
    for p in real:
        if p.kind is p.KEYWORD_ONLY:
            break
        position = len(names)
        names.append(p.name if p.name in ignored else required[position] if position < len(required) else keywords.get(p.name))
    defaults = {p.name: p.default for p in real if p.name not in keywords and p.default is not p.empty}
    return tuple(names), keywords, defaults


# -- calls -----------------------------------------------------------------------------------------------


def bind(name: str, args: tuple[Arg, ...], kwargs: dict[str, Arg] | None = None) -> tuple[Arg, ...]:
    """The arguments of a call in the order of the operation's parameters, defaults filled in."""
    row, op = ROWS[name], OPS[name]
    given: dict[str, Arg] = {}
    star = next((i for i, p in enumerate(op.params) if p.star), None)
    if star is not None and len(args) > star:
        given[op.params[star].name] = Seq(tuple(args[star:]))
        args = args[:star]
    if len(args) > len(row.names):
        raise RowError(f"{name} takes at most {len(row.names)} positional arguments", f"{len(args)} are given")
    unnamed = list(row.defaults)
    for position, arg in enumerate(args):
        parameter = row.names[position]
        if parameter in row.ignored:
            continue
        if parameter is None:
            if isinstance(arg, Lit) and any(is_default(arg.value, row.defaults[key]) for key in unnamed):
                continue
            raise RowError(f"positional argument {position + 1} of {name} is not supported",
                           "its rule does not say what the derivative is then")
        given[parameter] = arg
    for keyword, arg in (kwargs or {}).items():
        own = row.keywords.get(keyword)
        if keyword in row.ignored:
            continue
        if own is None:
            if isinstance(arg, Lit) and keyword in row.defaults and is_default(arg.value, row.defaults[keyword]):
                continue
            if isinstance(arg, Lit) and any(p.name == keyword and is_default(arg.value, p.default) for p in op.params):
                continue  # a newer version of the function has it
            raise RowError(f"the argument {keyword!r} of {name} is not supported", "its rule does not say what the derivative is then",
                           f"leave {keyword!r} out")
        if own in given:
            raise RowError(f"{name} got two values for the argument {own!r}")
        given[own] = arg
    bound: list[Arg] = []
    for param in op.params:
        if param.name in given:
            bound.append(given[param.name])
        elif param.star:
            bound.append(Seq(()))
        elif param.name in row.fill:
            bound.append(Lit(row.fill[param.name]))
        elif param.default is REQUIRED:
            raise RowError(f"{name} needs its argument {param.name!r}")
        else:
            bound.append(Lit(param.default))
    return tuple(bound)


def lookup(function: Any) -> str | None:
    """The operation that a callable is, by identity; None if there is no row for it."""
    try:
        found = FUNCTIONS.get(function)
    except TypeError:  # not hashable
        return None
    if found is None and any(module in sys.modules for module in LATER):
        read_later()
        found = FUNCTIONS.get(function)
    if found is None and (known := original(getattr(function, "__self__", None))) is not None:
        return FUNCTIONS.get(getattr(known, function.__name__))
    return found


def read_later() -> None:
    """Read the rows of libraries that have been imported."""
    from .formula import verify

    for module, rows in [*LATER.items()]:
        if module in sys.modules:
            del LATER[module]
            importlib.import_module(f".{rows}", __package__)
            verify()


def refusal(function: Any) -> Refusal | None:
    """Why a callable is refused, if it is."""
    try:
        found = REFUSALS.get(function)
    except TypeError:
        found = None
    owner = type(getattr(function, "__self__", None))
    return found or next((REFUSALS[cls] for cls in owner.__mro__ if cls in REFUSED_METHODS), None)


def of_arrays(name: str) -> bool:
    """Whether an operation is a function of NumPy, SciPy or `nn`, which makes arrays of lists."""
    first = name.partition(".")[0]
    return first in ("np", "nn", "nn_rt") or getattr(MODULES.get(first), "__name__", "").startswith("scipy.")


def static(name: str) -> frozenset[str]:
    """The parameters of an operation whose values the compiler has to know."""
    row = ROWS.get(name)
    return row.static if row else frozenset()


def parameter(name: str, which: str) -> int:
    """The position of a parameter of an operation."""
    return next(i for i, p in enumerate(OPS[name].params) if p.name == which)
