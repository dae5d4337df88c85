"""Request, primal Program -> the Program that is asked for: what it returns, in the structure that the user sees.

`reverse` gives a flat list of gradients; here they become the structure of the chosen arguments (None where a leaf carries no
derivative), beside the value and the auxiliary result. What a gradient cannot be taken of is refused here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..frontend.lower import Lowered
from ..frontend.modes import GIVEN, JACOBIANS, TANGENT
from ..frontend.request import Chosen, Request
from ..frontend.signature import describe_static, result_error, structure_of
from ..ir.build import Builder, type_of
from ..ir.nodes import Arg, Block, Let, Lit, Make, Operand, Program, Pullback, Seq, Var, Yield, operands
from ..ir.types import Array, Opaque, Scalar, Tuple, Type, differentiable, is_unknown, kind
from ..simplify.settled import settled
from ..structure import TreeDef, gradient_structure
from .forward import forward
from .jacobian import jacfwd, jacrev
from .linear import linearize
from .nested import expand, vjp_node
from .reverse import reverse, reverse_named
from .surgery import erased, refuse_within


def differentiate(request: Request, lowered: Lowered) -> Program:
    """The derivative of a lowered function, returning what the request asks for."""
    program = before(request, lowered)
    if request.mode == "elementwise_grad":
        program = _summed(program)
    assert isinstance(program.body.end, Yield)
    result = program.body.end.values[0]
    value, _ = _split(request, request, result)
    check_result(request, request, value)
    wrt = tuple(lowered.leaves[n] for n in request.wrt)
    if request.mode in ("jacrev", "jacobian"):
        refuse_within(program)
    elif request.mode in (*TANGENT, "linearize", "jacfwd"):
        program = erased(program)
    if request.mode in JACOBIANS:
        backwards = request.mode == "jacrev" or (request.mode == "jacobian" and (
            any(isinstance(v.type, (Array, Scalar)) and kind(v.type.dtype) == "c" for v in wrt)
            or _is_wide(request, [v.type for v in wrt], list(operands(value)))))
        derived = (jacrev if backwards else jacfwd)(program, wrt, name=request.label, chunk=request.chunk)
    elif request.mode in TANGENT:
        derived, _ = forward(program, wrt, name=request.label, dots=tuple(lowered.leaves[n] for n in request.tangents))
    elif request.mode == "linearize":
        derived = linearize(program, wrt, name=request.label)
    elif request.mode == "intermediate_grads":
        derived = _of_intermediates(request, program, lowered)
    elif request.mode == "vjp":
        derived = reverse(program, wrt, name=request.label, seed="pullback")
    else:
        derived = reverse(program, wrt, name=request.label)
    derived = settled(expand(derived))
    assert isinstance(derived.body.end, Yield)
    found = derived.body.end.values[0]
    callees = tuple(replace(callee, doc=_describe_callee(callee)) for callee in derived.callees)
    doc = describe(request)
    if any(isinstance(stmt, Let) and stmt.op in ("rt.expect", "rt.expect_same") for stmt in derived.body.stmts):
        doc += "\n\nFor calls that take one path through it: `expect` leaves where a call takes another."
    derived = replace(derived, callees=callees, doc=doc)
    if request.mode in ("jvp", "linearize"):
        return derived
    if request.mode == "intermediate_grads":
        assert isinstance(found, Seq)
        return replace(derived, body=replace(derived.body, end=Yield((Make(dict, request.intermediates, found.items),))))
    assert isinstance(found, Seq)
    if request.mode in JACOBIANS:
        return replace(derived, body=replace(derived.body, end=Yield((_jacobian(request, found.items[0], found.items[1]),))))
    if request.mode == "pushforward":
        return replace(derived, body=replace(derived.body, end=Yield((found.items[1],))))
    if request.mode == "vjp":
        gradient = gradient_nest(request, request, dict(zip(request.wrt, found.items)))
        return replace(derived, body=replace(derived.body, end=Yield((gradient,))))
    returned = _returned(request, request, found.items[0], found.items[1:])
    return replace(derived, body=replace(derived.body, end=Yield((returned,))))


def _of_intermediates(request: Request, program: Program, lowered: Lowered) -> Program:
    """The derivatives with respect to what some names are bound to at the end of the function."""

    def finish(b: Builder, number: int, bar: Operand, needed: Arg) -> Operand:
        assert isinstance(needed, Seq)
        for step, detail in zip(lowered.named[number].views, needed.items):
            if step.kind in ("reshape", "flat"):
                bar = b.emit("np.reshape", bar, Lit(-1) if step.kind == "flat" else detail)
            elif step.kind in ("index", "T"):
                bar = b.emit("index" if step.kind == "index" else "np.transpose", bar, detail)
            else:
                bar = b.emit(step.kind, bar, *detail.items if isinstance(detail, Seq) else ())
        return b.emit("copy", bar) if isinstance(type_of(bar), Array) else bar

    named = [(entry.value, Seq(tuple(step.detail for step in entry.views))) for entry in lowered.named]
    return reverse_named(program, named, finish, request.label)


def _summed(program: Program) -> Program:
    """The sum of all elements of the result, whose gradient is the derivative element by element."""
    assert isinstance(program.body.end, Yield)
    result = program.body.end.values[0]
    if not isinstance(result, Var) or not isinstance(result.type, Array) or result.type.shape == ():
        return program
    b = Builder()
    total = b.emit("np.sum", result)
    return replace(program, body=replace(program.body, stmts=(*program.body.stmts, *b.stmts), end=Yield((total,))))


def _jacobian(request: Request, value: Arg, found: Arg) -> Arg:
    """The Jacobians of the leaves of a result, each in the structure of the chosen arguments; `found` is nested as the value is."""
    if isinstance(value, (Seq, Make)):
        assert isinstance(found, (Seq, Make))
        return replace(found, items=tuple(_jacobian(request, *pair) for pair in zip(value.items, found.items)))
    if not isinstance(found, Seq):
        return found
    return gradient_nest(request, request, dict(zip(request.wrt, found.items)))


def _is_wide(request: Request, inputs: list[Type], outputs: list[Operand]) -> bool:
    """Whether a result has fewer elements than the arguments: then reverse mode takes fewer directions. Forward mode where that is not known."""
    extents = {}
    values = request.values
    for leaf in (leaf for parameter in request.parameters for leaf in parameter.value.leaves) if values is not None else ():
        if isinstance(leaf.type, Array) and leaf.type.shape is not None and values is not None:
            extents.update({str(d): n for d, n in zip(leaf.type.shape, values[leaf.number].shape)})

    def size(type: Type) -> int | None:
        if isinstance(type, Scalar):
            return 1
        if not isinstance(type, Array) or type.shape is None:
            return None
        sizes = [n if isinstance(n, int) else extents.get(n.name, extents.get(str(n))) for n in type.shape]
        return None if None in sizes else math.prod(sizes)  # type: ignore[arg-type]

    given, taken = [size(t) for t in inputs], [size(type_of(v)) for v in outputs if differentiable(type_of(v))]
    return None not in given and None not in taken and sum(taken) < sum(given)  # type: ignore[arg-type]


def _returned(request: Request, layer: Chosen | Request, result: Arg, bars: tuple[Arg, ...]) -> Arg:
    """What a gradient returns, of the function's result and the adjoints."""
    value, aux = _split(request, layer, result)
    gradient = gradient_nest(request, layer, dict(zip(layer.wrt, bars)))
    if layer.mode == "value_and_grad":
        return Seq((value if aux is None else Seq((value, aux)), gradient))
    return gradient if aux is None else Seq((gradient, aux))


def _inner(request: Request, layer: Chosen, program: Program, leaves: dict[int, Var]) -> Program:
    """The gradient of a program, as a program that can be differentiated again."""
    assert isinstance(program.body.end, Yield)
    result = program.body.end.values[0]
    value, _ = _split(request, layer, result)
    check_result(request, layer, value)
    params = program.body.params
    node, results, bars = vjp_node(program.body, params, tuple(leaves[n] for n in layer.wrt), (Lit(1.0),))
    returned = _returned(request, layer, results, bars)
    return replace(program, body=Block(params, (node,), Yield((returned,))))


def before(request: Request, lowered: Lowered) -> Program:
    """What the last transform is applied to: the function, after all other transforms."""
    program = lowered.program
    for layer in request.inner:
        program = _inner(request, layer, program, lowered.leaves)
    return program


# -- docstrings --------------------------------------------------------------------------------------------

_TITLES = {"jacfwd": "Jacobian of {}, in forward mode,", "jacrev": "Jacobian of {}, in reverse mode,", "jacobian": "Jacobian of {}",
           "elementwise_grad": "Derivative, element by element, of {}", "jvp": "Value and tangent of {}", "pushforward": "Tangent of {}", "grad": "Gradient of {}", "explain": "Gradient of {}", "value_and_grad": "Value and gradient of {}", "vjp": "Value of {}, and its pullback",
           "linearize": "Value of {}, and its pushforward", "intermediate_grads": "Gradients of {} with respect to values inside it"}
_NAMES = {"grad": "gradient", "value_and_grad": "value and gradient"}
_LINE = 90  # columns of a docstring of one line
_SHOWN = 12  # types of arguments in a docstring; a network may have hundreds


def describe(request: Request) -> str:
    """The docstring of generated code: from which function, and for which types.

    Gradient of loss (model.py, line 12) with respect to w, for w: float64[n0, n1], x: float64[n1].

    Spaces inside a type are such that no line is broken there.
    """
    source = request.source
    where = _place(source.file, source.line)
    chosen = [part(request.parameters[position].name, item) for position, item in request.selected]
    wrt = "" if request.mode in (*GIVEN, *TANGENT) else f" with respect to {_listed(chosen)}"
    leaves = [leaf for parameter in request.parameters for leaf in parameter.value.leaves]
    types = [f"{leaf.path}={describe_static(leaf.value)}" if leaf.static else f"{leaf.path}: {described_type(leaf.type)}" for leaf in leaves]
    name = "".join((*(f"the {_NAMES.get(layer.mode, layer.mode)} of " for layer in reversed(request.inner)), source.name))
    return _sentence(_TITLES[request.mode].format(name) + where + wrt, types)


def _sentence(title: str, types: list[str]) -> str:
    if len(types) > _SHOWN:
        types = [*types[:_SHOWN], f"and {len(types) - _SHOWN} more"]
    listed = ", ".join(t.replace(" ", "\N{NO-BREAK SPACE}") for t in types)
    whole = f"{title}, for {listed}." if types else f"{title}."
    return whole if len(whole) <= _LINE or not types else f"{title}.\n\nFor {listed}."


def part(name: str, item: Any) -> str:
    """The name of an argument, or of one in `*args` or `**kwargs`."""
    return name if item is None else f"{name}[{item!r}]"


def _describe_callee(callee: Program) -> str:
    name, span = callee.name, callee.span
    title = f"Value of {name.rstrip('_').removesuffix('_vjp')}, and its pullback" if name.rstrip("_").endswith("_vjp") else f"Value of {name}"
    types = [f"{parameter}: {described_type(pattern.type)}" for parameter, pattern in callee.signature if isinstance(pattern, Var)]
    return _sentence(title + (_place(span.file, span.line) if span is not None else ""), types)


def _place(path: str, line: int) -> str:
    """Where a function stands: the file without its directory, which differs between machines. Nothing for what was typed
    in (`<stdin>`, the cells of a notebook), where a line says little, and the next session gives it another name."""
    typed = "<" in path or "ipykernel_" in path
    return "" if typed else f" ({os.path.basename(path)}, line {line})"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def described_type(type: Type) -> str:
    """A type as a person writes it: `float` for Python's, `float64[n0, n1]` for an array."""
    if isinstance(type, Scalar) and type.weak:
        return {"float64": "float", "int64": "int", "complex128": "complex"}.get(type.dtype, type.dtype)
    if isinstance(type, Array) and type.shape is not None:
        return f"{type.dtype}[{', '.join('?' if is_unknown(extent) else str(extent) for extent in type.shape)}]"
    return str(type) if isinstance(type, (Scalar, Array, Opaque)) else "tuple" if isinstance(type, Tuple) else "list"


def _split(request: Request, layer: Chosen | Request, result: Arg) -> tuple[Arg, Arg | None]:
    """The value that is differentiated, and the auxiliary result."""
    if not layer.has_aux or layer.mode in ("linearize", *TANGENT, *JACOBIANS):
        return result, None
    if not isinstance(result, Seq) or len(result.items) != 2:
        raise TypeError(f"{layer.mode} of {request.source.name}: with has_aux=True the function must return a pair (value, aux)")
    return result.items[0], result.items[1]


def check_result(request: Request, layer: Chosen | Request, value: Arg) -> None:
    """A gradient is that of one number. Raises TypeError."""
    if layer.mode in ("vjp", "linearize", *TANGENT, *JACOBIANS):
        return
    leaves = [type_of(leaf) for leaf in operands(value)]
    error = result_error(request.source.name, layer.mode, structure_of(value), leaves)
    if error is not None:
        raise error


def gradient_nest(request: Request, layer: Chosen | Request, bars: dict[int, Arg]) -> Arg:
    """The gradients of the chosen arguments, each in its argument's structure."""
    parts = []
    for position, item in layer.selected:
        described = request.parameters[position].value
        tree, leaves = gradient_structure(described.structure), [leaf.number for leaf in described.leaves]
        if item is not None:
            n = item if not tree.keys else tree.keys.index(item)
            before = sum(child.size for child in tree.children[:n])
            tree, leaves = tree.children[n], leaves[before:]
        parts.append(nest(tree, iter(leaves), bars))
    return parts[0] if layer.single else Seq(tuple(parts))


def nest(tree: TreeDef, leaves: Iterator[int], bars: dict[int, Arg]) -> Arg:
    """Leaves -> the structure that they were taken from."""
    if tree.kind is None:
        return bars.get(next(leaves), Lit(None))
    items = tuple(nest(child, leaves, bars) for child in tree.children)
    if tree.kind is tuple or tree.kind is list:
        return Seq(items, "list" if tree.kind is list else "tuple")
    return Make(tree.kind, tree.keys, items)


def result_types(program: Program) -> tuple[TreeDef, tuple[Type, ...], tuple[int, ...]]:
    """Structure and types of a primal's result, and which of its leaves carry a derivative."""
    assert isinstance(program.body.end, Yield)
    result = program.body.end.values[0]
    types = tuple(type_of(leaf) for leaf in operands(result))
    return structure_of(result), types, tuple(n for n, t in enumerate(types) if differentiable(t))


__all__ = ["Pullback", "Var", "before", "differentiate", "gradient_nest", "result_types"]
