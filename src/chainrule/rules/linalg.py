"""Rows of products of arrays and of linear algebra."""

from __future__ import annotations

import string

import numpy as np

from ..ir.nodes import Arg, Let, Lit, Operand, Seq, Slice, Var
from ..ir.probe import type_of
from ..ir.types import Array, Type, kind, rank
from . import infer
from .call import Call
from .formula import Evaluator, adjoint, extent_of, shape_of, transposed
from .pushforward import Push
from .table import ROWS, RowError, linear, rule, structural, zero

ALL = Slice(Lit(None), Lit(None), Lit(None))
LAST = Seq((Lit(Ellipsis), Lit(None)))
BEFORE_LAST = Seq((Lit(Ellipsis), Lit(None), ALL))


def _rank(op: str, type: Type) -> int:
    known = rank(type)
    if known is None:
        raise RowError(f"{op} of an array whose number of axes is not known", "its rule depends on the number of axes")
    return known


def _product(let: Let, call: Call) -> None:
    """`a @ b` and np.dot."""
    b = call.b
    x, y = let.args
    m, n = _rank(let.op, call.type(0)), _rank(let.op, call.type(1))
    e = Evaluator(ROWS[let.op], let, call)

    def value(k: int) -> Operand:
        operand = call.operand(k)
        assert isinstance(operand, (Var, Lit))
        return operand

    def column(v: Operand) -> Operand:
        return b.emit("index", v, LAST if _rank(let.op, type_of(v)) > 1 else Seq((ALL, Lit(None))))

    def row(v: Operand) -> Operand:
        return b.emit("index", v, BEFORE_LAST if _rank(let.op, type_of(v)) > 1 else Lit(None))

    if m == 0 or n == 0:
        for k, var in ((0, x), (1, y)):
            if isinstance(var, Var) and call.active(var):
                call.add(var, e.product(call.full(), value(1 - k)))
        return
    if max(m, n) > 2 and let.op == "np.dot":
        _tensordot(let, call, [m - 1], [max(n - 2, 0)])
        return
    g = call.full()
    if x is y and (m, n) == (1, 1):  # x @ x is a sum of squares
        assert isinstance(x, Var)
        call.add(x, e.product(e.product(g, Lit(2)), value(0)))
        return
    if isinstance(x, Var) and call.active(x):
        if (m, n) == (1, 1):
            contribution = e.product(g, value(1))
        elif m == 1 and n == 2:
            contribution = b.emit("@", value(1), g)
        elif n == 1:
            contribution = b.emit("*", column(g), value(1))
        elif m == 1:
            contribution = b.emit("@", row(g), transposed(e, value(1)))
        else:
            contribution = b.emit("@", g, transposed(e, value(1)))
        call.add(x, contribution)
    if isinstance(y, Var) and call.active(y):
        if (m, n) == (1, 1):
            contribution = e.product(g, value(0))
        elif m == 1:
            contribution = b.emit("*", column(value(0)), row(g) if n > 2 else g)
        elif (m, n) == (2, 1):
            contribution = b.emit("@", transposed(e, value(0)), g)
        elif n == 1:
            contribution = b.emit("*", column(g), value(0))
        else:
            contribution = b.emit("@", transposed(e, value(0)), g)
        call.add(y, contribution)


for _text in ("x @ y -> z", "np.matmul(x, y) -> z"):
    structural(_text, _product, linear="each", op={"cheap": False, "infer": infer.matrix_product})
structural("np.dot(x, y) -> z", _product, op={"cheap": False, "infer": infer.dot_product}, linear="each")


def _tensordot(let: Let, call: Call, along_a: list[int], along_b: list[int]) -> None:
    """The sum over pairs of axes: the cotangent times the other factor, axes put back in order."""
    b = call.b
    ranks = [_rank(let.op, call.type(0)), _rank(let.op, call.type(1))]
    pairs = [[a % ranks[0] for a in along_a], [a % ranks[1] for a in along_b]]
    free = [[a for a in range(ranks[k]) if a not in pairs[k]] for k in (0, 1)]
    for k in (0, 1):
        var = let.args[k]
        if not isinstance(var, Var) or not call.active(var):
            continue
        other = call.operand(1 - k)
        places = list(range(len(free[0]))) if k == 1 else list(range(len(free[0]), len(free[0]) + len(free[1])))
        axes = Lit((tuple(places), tuple(free[1 - k])))
        value = b.emit("np.tensordot", call.full(), other, axes)
        # axes of value: the free ones of this factor, then the other's paired axes in their order
        order = free[k] + [pairs[k][pairs[1 - k].index(a)] for a in sorted(pairs[1 - k])]
        back = tuple(order.index(a) for a in range(ranks[k]))
        if back != tuple(range(ranks[k])):
            value = b.emit("np.transpose", value) if back == (1, 0) else b.emit("np.transpose", value, Lit(back))
        call.add(var, value)


def _tensordot_call(let: Let, call: Call) -> None:
    axes = _axes(let.args[2])
    if isinstance(axes, int):
        m = _rank(let.op, call.type(0))
        _tensordot(let, call, list(range(m - axes, m)), list(range(axes)))
    else:
        first, second = ([a] if isinstance(a, int) else list(a) for a in axes)
        _tensordot(let, call, first, second)


def _axes(arg: Arg) -> int | tuple[int | tuple[int, ...], int | tuple[int, ...]]:
    from ..ir.build import is_static, static_value

    if not is_static(arg):
        raise RowError("the axes of np.tensordot have to be known at compile time", "its rule depends on them", "pass constants")
    value: int | tuple[int | tuple[int, ...], int | tuple[int, ...]] = static_value(arg)
    return value


def _inner(let: Let, call: Call) -> None:
    m, n = _rank(let.op, call.type(0)), _rank(let.op, call.type(1))
    if m == 0 or n == 0 or (m, n) == (1, 1):
        _product(Let(let.out, "np.dot", let.args, let.span), call)
    else:
        _tensordot(let, call, [m - 1], [n - 1])


structural("np.tensordot(x, y, axes=2) -> z", _tensordot_call, op={"cheap": False}, constant=("axes",), linear="each")
structural("np.inner(x, y) -> z", _inner, op={"cheap": False}, linear="each")
rule("np.outer(x, y) -> z", linear="each", x="shaped(z_bar @ np.ravel(y), x)", y="shaped(np.ravel(x) @ z_bar, y)")
rule("np.vdot(x, y) -> z", linear="each", x="np.conj(z_bar * y) if kind(x) == 'c' else z_bar * y", y="z_bar * np.conj(x) if kind(x) == 'c' else z_bar * x")
rule("np.kron(x, y) -> z", linear="each", x="rt.kron_pull(z_bar, like(x), y, 0)", y="rt.kron_pull(z_bar, x, like(y), 1)")
rule("rt.kron_pull(g, x, y, which) -> z", linear="each", op={"infer": lambda g, x, y, which: infer.like(1 + which.value)(g, x, y)},
     g="np.kron(z_bar, y) if which == 0 else np.kron(x, z_bar)")
rule("np.cross(x, y) -> z", linear="each", op={"infer": infer.cross}, x="np.cross(y, z_bar)", y="np.cross(z_bar, x)")


# -- einsum ----------------------------------------------------------------------------------------------------------


def _einsum(let: Let, call: Call) -> None:
    """Each factor gets the cotangent times the other factors, summed over the indices that it does not have."""
    subscripts, factors = let.args[0], let.args[1]
    if not (isinstance(subscripts, Lit) and isinstance(subscripts.value, str) and isinstance(factors, Seq)):
        raise RowError("the subscripts of np.einsum have to be a constant string", "its rule depends on them",
                       "write np.einsum('ij,jk->ik', a, b)")
    ranks = [_rank("np.einsum", type_of(f)) for f in factors.items]
    inputs, output = _explicit(subscripts.value, ranks)
    e = Evaluator(ROWS[let.op], let, call)
    for k, factor in enumerate(factors.items):
        if not isinstance(factor, Var) or not call.active(factor):
            continue
        own = inputs[k]
        others = [i for i in range(len(inputs)) if i != k]
        values = call.operand(1) if others else None
        terms: list[str] = [output] + [inputs[i] for i in others]
        operands: list[Arg] = [call.full()] + [values.items[i] for i in others if isinstance(values, Seq)]
        target = ""
        for place, letter in enumerate(own):
            if letter in target:  # a diagonal: the cotangent stands on it, zeros elsewhere
                fresh = next(c for c in string.ascii_letters if c not in "".join(inputs) + target)
                operands.append(call.b.emit("np.eye", extent_of(e, factor, place)))
                terms.append(letter + fresh)
                target += fresh
            else:
                target += letter
        present = "".join(terms)
        reduced = "".join(c for c in target if c in present)
        value = call.b.emit("np.einsum", Lit(f"{','.join(terms)}->{reduced}"), Seq(tuple(operands)))
        alone = [i for i, c in enumerate(target) if c not in present]
        if alone:  # summed over by itself: the same for all elements along that axis
            index = tuple(Lit(None) if i in alone else ALL for i in range(len(target)))
            value = call.b.emit("index", value, Seq(index))
            value = call.b.emit("np.broadcast_to", value, shape_of(e, factor))
        call.add(factor, value)


def _explicit(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """Subscripts with a letter for each axis, and the output spelt out."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = left.split(",")
    unused = [c for c in string.ascii_letters if c not in text]
    longest = max([r - (len(t) - 3) for t, r in zip(inputs, ranks) if "..." in t], default=0)
    letters = "".join(unused[:longest])
    spelt = []
    for term, n in zip(inputs, ranks):
        if "..." in term:
            count = n - (len(term) - 3)
            term = term.replace("...", letters[len(letters) - count:])
        spelt.append(term)
    if arrow:
        output = right.replace("...", letters)
    else:
        joined = left.replace("...", "").replace(",", "")
        output = (letters if "..." in left else "") + "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    return spelt, output


structural("np.einsum(subscripts, *operands) -> y", _einsum, op={"cheap": False, "views": (1,)}, constant=("subscripts",), linear="each")

# -- np.linalg ---------------------------------------------------------------------------------------------------------

COSTLY = {"cheap": False}
rule("np.linalg.inv(x) -> y", x="-t(y) @ y_bar @ t(y)", x_dot="-y @ x_dot @ y", op=COSTLY)
# Where b is one vector for each matrix in a stack: before NumPy 2 it has one axis less than a, since then it has one axis.
_VECTORS = "(rank(b) == 1 and rank(a) > 2)" if np.lib.NumpyVersion(np.__version__) >= "2.0.0b1" else "(rank(b) == rank(a) - 1 and rank(a) > 2)"
rule("np.linalg.solve(a, b) -> y", op=COSTLY,
     b=f"np.linalg.solve(t(a), y_bar[..., None])[..., 0] if {_VECTORS} else np.linalg.solve(t(a), y_bar)",
     a=f"-np.linalg.solve(t(a), y_bar[..., None]) * y[..., None, :] if {_VECTORS} else "
       "-np.outer(np.linalg.solve(t(a), y_bar), y) if rank(b) == 1 else -np.linalg.solve(t(a), y_bar) @ t(y)")
rule("np.linalg.det(x) -> y", x="y_bar * rt.adjugate(x, y) if rank(x) == 2 else y_bar[..., None, None] * rt.adjugate(x, y)", op=COSTLY)
rule("rt.adjugate(x, det) -> y", x="rt.adjugate_dot(y_bar, x)", x_dot="rt.adjugate_dot(x_dot, x)", det="0.0", op=COSTLY)


def _third(e: str) -> str:
    """The third derivative of the determinant along d and e, as a matrix: with b = inv(x), of regular x only."""
    def trace(m: str) -> str:
        return f"np.sum(np.eye(extent(x, -1)) * ({m}), (-2, -1), keepdims=True)"

    bd, be, b = "np.linalg.inv(x) @ d", f"np.linalg.inv(x) @ {e}", "np.linalg.inv(x)"
    inner = (f"({trace(bd)} * {trace(be)} - {trace(f'{bd} @ ({be})')}) * {b} - {trace(bd)} * ({be} @ {b}) - {trace(be)} * ({bd} @ {b})"
             f" + {bd} @ ({be}) @ {b} + {be} @ ({bd}) @ {b}")
    return f"np.linalg.det(x) * t({inner}) if rank(x) == 2 else np.linalg.det(x)[..., None, None] * t({inner})"


rule("rt.adjugate_dot(d, x) -> y", d="rt.adjugate_dot(y_bar, x)", d_dot="rt.adjugate_dot(d_dot, x)", x=_third("y_bar"), x_dot=_third("x_dot"), op=COSTLY)
rule("np.linalg.cholesky(x) -> y", x="rt.cholesky_pull(y_bar, y)", op=COSTLY,
     x_dot="y @ rt.lower_half(np.linalg.solve(y, ct(np.linalg.solve(y, 0.5 * (x_dot + ct(x_dot))))))")  # Murray 2016, equation 8
linear("rt.lower_half(x) -> y", x="rt.lower_half(y_bar)")
rule("rt.cholesky_pull(g, y) -> x", op=COSTLY)
rule("np.linalg.norm(x, ord=None, axis=None, keepdims=False) -> y",
     x="(x if kind(x) == 'f' else np.conj(x)) * rt.divide_or_zero(spread(y_bar, x, axis, keepdims), spread(y, x, axis, keepdims))"
       " if ord is None or ord == 'fro' or (ord == 2 and vector(x, axis)) else "
       "spread(y_bar, x, axis, keepdims) * np.sign(x) if vector(x, axis) and kind(x) == 'f' and ord == 1 else "
       "spread(y_bar, x, axis, keepdims) * np.sign(x) * rt.ties(np.abs(x), y, axis, keepdims)"
       " if vector(x, axis) and kind(x) == 'f' and (ord == np.inf or ord == -np.inf) else "
       "spread(y_bar, x, axis, keepdims) * np.sign(x) * rt.divide_or_zero(np.abs(x), spread(y, x, axis, keepdims)) ** (ord - 1)"
       " if vector(x, axis) and kind(x) == 'f' and ord >= 2 else spread(y_bar, x, axis, keepdims) * rt.norm_slope(x, y, ord, axis, keepdims)")
rule("rt.norm_slope(x, y, ord, axis=None, keepdims=False) -> z", op={"infer": infer.like(0), "cheap": False}, y="0.0",
     x="rt.norm_slope_dot(z_bar, x, y, ord, axis, keepdims)", x_dot="rt.norm_slope_dot(x_dot, x, y, ord, axis, keepdims)")
rule("rt.norm_slope_dot(d, x, y, ord, axis=None, keepdims=False) -> z", op={"infer": infer.like(1), "cheap": False}, y="0.0",
     d="rt.norm_slope_dot(z_bar, x, y, ord, axis, keepdims)", d_dot="rt.norm_slope_dot(d_dot, x, y, ord, axis, keepdims)")


def _slogdet(let: Let, call: Call) -> None:
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        e = Evaluator(ROWS[let.op], let, call)
        value = call.operand(0)
        assert isinstance(value, (Var, Lit))
        g = call.b.emit("item", call.full(), Lit(1))
        if kind(type_of(value).dtype) == "c":  # type: ignore[union-attr]
            sign_bar, sign = (call.b.emit("item", part, Lit(0)) for part in (call.full(), call.result()))
            turn = call.b.emit("np.imag", call.b.emit("*", sign_bar, sign))  # the sign of a complex determinant turns
            g = call.b.emit("+", g, call.b.emit("*", Lit(1j), turn))
        if _rank(let.op, x.type) > 2:
            g = call.b.emit("index", g, Seq((Lit(Ellipsis), Lit(None), Lit(None))))
        call.add(x, call.b.emit("*", g, transposed(e, call.b.emit("np.linalg.inv", value))))


structural("np.linalg.slogdet(a) -> y", _slogdet, op=COSTLY)


def _eigh(let: Let, call: Call) -> None:
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        result, full = call.result(), call.full()
        g = [call.b.emit("item", full, Lit(k)) for k in (0, 1)]
        parts = [call.b.emit("item", result, Lit(k)) for k in (0, 1)]
        call.add(x, call.b.emit("rt.eigh_pull", *g, *parts, type=x.type))


def _eigh_push(let: Let, call: Push) -> Operand:
    """The first-order perturbation of eigenvalues and eigenvectors. The eigenvalues come with those vectors along which equal ones part."""
    b = call.b
    original = call.restated()
    values, vectors = (b.emit("item", original, k) for k in (0, 1))
    parted = b.emit("rt.eigh_along", let.args[0], call.dot(let.args[0]), values, vectors)
    call.state("tuple", Seq((b.emit("item", parted, 0), vectors)))
    turned, _ = _perturbed(let, call, vectors)
    inner = b.emit("@", adjoint(_evaluator(let, call), vectors), turned)
    vectors_dot = b.emit("@", vectors, b.emit("*", b.emit("rt.inverse_gaps", values), inner))
    return b.emit("tuple", Seq((_perturbed(let, call, b.emit("item", parted, 1))[1], vectors_dot)))


def _eigvalsh_push(let: Let, call: Push) -> Operand:
    original = call.restated()
    parted = call.b.emit("rt.eigh_along", let.args[0], call.dot(let.args[0]), original)
    call.state("item", parted, Lit(0))
    return _perturbed(let, call, call.b.emit("item", parted, 1))[1]


def _eigh_along_push(let: Let, call: Push) -> Operand:
    """Of the third order nothing is known where eigenvalues are equal."""
    b = call.b
    if not call.active(let.args[0]):
        return b.emit("tuple", Seq(tuple(b.emit("np.zeros_like", b.emit("item", call.result(), k)) for k in (0, 1))))
    values, vectors = (b.emit("item", call.result(), k) for k in (0, 1))
    turned, values_dot = _perturbed(let, call, vectors)
    inner = b.emit("@", adjoint(_evaluator(let, call), vectors), turned)
    vectors_dot = b.emit("@", vectors, b.emit("*", b.emit("rt.inverse_gaps", values), inner))
    unresolved = b.emit("index", b.emit("rt.unresolved", values), Seq((Lit(Ellipsis), Lit(None), ALL)))
    return b.emit("tuple", Seq((values_dot, b.emit("+", vectors_dot, unresolved))))


def _perturbed(let: Let, call: Push, vectors: Operand) -> tuple[Operand, Operand]:
    """A change of the matrix times the eigenvectors, and the change of the eigenvalues. Of the change, the symmetric part counts."""
    b, e = call.b, _evaluator(let, call)
    dot = call.dot(let.args[0])
    turned = b.emit("@", b.emit("*", Lit(0.5), b.emit("+", dot, adjoint(e, dot))), vectors)
    if not isinstance(type_of(vectors), Array) or kind(type_of(vectors).dtype) != "c":  # type: ignore[union-attr]
        return turned, b.emit("np.sum", b.emit("*", vectors, turned), Lit(-2))
    return turned, b.emit("np.sum", b.emit("np.real", b.emit("*", b.emit("np.conj", vectors), turned)), Lit(-2))


def _evaluator(let: Let, call: Push) -> Evaluator:
    return Evaluator(ROWS[let.op], let, call)  # type: ignore[arg-type]


def _eigvalsh(let: Let, call: Call) -> None:
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        call.add(x, call.b.emit("rt.eigvalsh_pull", call.full(), call.operand(0), type=x.type))


structural("np.linalg.eigh(a) -> y", _eigh, push=_eigh_push, op=COSTLY)
rule("rt.eigh_pull(g_values, g_vectors, values, vectors) -> x", op=COSTLY)
structural("rt.eigh_along(a, d, values, vectors=None) -> y", _eigh, push=_eigh_along_push, constant=("d", "values", "vectors"), op=COSTLY)
zero("rt.unresolved(values, or_zero=False)", op={"infer": infer.like(0)})
structural("np.linalg.eigvalsh(a) -> y", _eigvalsh, push=_eigvalsh_push, op=COSTLY)
rule("rt.eigvalsh_pull(g, a) -> x", op=COSTLY)
rule("rt.inverse_gaps(values) -> y", values="np.sum(y_bar * y ** 2, -1) - np.sum(y_bar * y ** 2, -2)",
     values_dot="y ** 2 * (values_dot[..., :, None] - values_dot[..., None, :])")
zero("np.linalg.matrix_rank(A)")


def _slopes(let: Let, call: Call) -> None:
    x, spacing, axis = let.args
    if isinstance(x, Var) and call.active(x):
        call.add(x, call.b.emit("rt.slopes_pull", call.full(), call.like(x), call.operand(1), axis))
    if isinstance(spacing, Var) and call.active(spacing):
        if rank(spacing.type) != 0:
            raise RowError("the derivative of np.gradient with respect to its coordinates is not known", "its rule treats them as constants")
        total = call.b.emit("np.sum", call.b.emit("*", call.full(), call.result()))
        call.subtract(spacing, call.b.emit("/", total, call.operand(1)))


structural("rt.slopes(x, spacing, axis) -> y", _slopes, op={"infer": infer.like(0)}, constant=("axis",))
linear("rt.slopes_pull(g, x, spacing, axis) -> y", op={"infer": infer.like(1)}, g="rt.slopes(y_bar, spacing, axis)", x="0.0", spacing="0.0")
rule("np.convolve(a, v, mode='full') -> y", linear="each", a="rt.convolve_pull(y_bar, like(a), v, mode)", v="rt.convolve_pull(y_bar, like(v), a, mode)")
rule("rt.convolve_pull(g, x, v, mode='full') -> y", op={"infer": infer.like(1)}, g="np.convolve(y_bar, v, mode)", x="0.0",
     v="rt.convolve_pull(g, like(v), y_bar, mode)")
rule("np.interp(x, xp, fp) -> y", fp="rt.interp_pull(y_bar, x, xp, like(fp))", x="y_bar * rt.interp_slope(x, xp, fp)",
     xp="-rt.interp_pull(y_bar * rt.interp_slope(x, xp, fp), x, xp, like(xp))", xp_dot="-np.interp(x, xp, xp_dot) * rt.interp_slope(x, xp, fp)",
     fp_dot="np.interp(x, xp, fp_dot)", x_dot="x_dot * rt.interp_slope(x, xp, fp)")
linear("rt.interp_pull(g, x, xp, fp) -> y", op={"infer": infer.like(3)}, g="np.interp(x, xp, y_bar)", fp="0.0")
rule("rt.interp_slope(x, xp, fp) -> y", x="0.0", fp="rt.interp_slope_pull(y_bar, x, xp, like(fp))", fp_dot="rt.interp_slope(x, xp, fp_dot)")
linear("rt.interp_slope_pull(g, x, xp, fp) -> y", op={"infer": infer.like(3)}, g="rt.interp_slope(x, xp, y_bar)", x="0.0", fp="0.0")

__all__ = ["Type"]
