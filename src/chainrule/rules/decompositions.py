"""Rows of decompositions of matrices, and of what is defined by them.

The pullbacks are formulas of other rows, so they can be differentiated again, in either mode. `ct` is the conjugate transpose. In them a
cotangent is the conjugate of the one that `vjp` gives (see numerics: transposes are not conjugated), so that inner products are the usual ones.
Terms of equal singular values or eigenvalues are dropped, which is exact for functions that do not depend on the choice of basis.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..ir.build import is_static, static_value
from ..ir.nodes import Arg, Let, Lit, Operand, Seq, Var
from ..ir.ops import OPS
from ..ir.probe import probe, type_of
from ..ir.types import Array, Scalar, Tuple, Type, rank
from .call import Call
from .formula import Evaluator
from .infer import like
from .pushforward import Push
from .table import ROWS, RowError, elementwise, rule, structural, zero

COSTLY = {"cheap": False}


class Formulas:
    """Formulas over values that have names."""

    def __init__(self, let: Let, call: Call) -> None:
        self.let, self.call = let, call
        self.e = Evaluator(ROWS[let.op], let, call)

    def __call__(self, **named: str | Operand) -> Operand:
        """Evaluate formulas, each with the names before it; the last one's value."""
        value: Operand = Lit(None)
        for name, formula in named.items():
            value = self.e.operand(ast.parse(formula, mode="eval").body) if isinstance(formula, str) else formula
            self.e.dots[name] = value
        return value

    def items(self, *names: str) -> None:
        """Name the items of the result, and their cotangents (with `_bar`)."""
        result, full = self.call.result(), self.call.full()
        for k, name in enumerate(names):
            self.e.dots[name] = self.call.b.emit("item", result, Lit(k))
            self.e.dots[f"{name}_bar"] = self.call.b.emit("item", full, Lit(k))


def _wanted(let: Let, call: Call) -> Var | None:
    a = let.args[0]
    return a if isinstance(a, Var) and call.active(a) else None


def literal(arg: Arg, what: str) -> Any:
    """The value of an argument that the compiler has to know."""
    if not is_static(arg):
        raise RowError(f"{what} has to be known at compile time", "its rule depends on it", "pass a constant")
    return static_value(arg)


# -- singular values -------------------------------------------------------------------------------------------------------

def pull_svd(let: Let, call: Call) -> None:
    a = _wanted(let, call)
    if a is None:
        return
    f = Formulas(let, call)
    if not literal(let.args[2], "`compute_uv` of np.linalg.svd"):
        parts = call.b.emit(let.op, call.operand(0), Lit(False))
        f(u=call.b.emit("item", parts, Lit(0)), v=call.b.emit("item", parts, Lit(2)), g=call.full())
        call.add(a, f(result="cj((u * g[..., None, :]) @ v)"))
        return
    f.items("u", "s", "v")
    call.add(a, _through_svd(f, bool(literal(let.args[1], "`full_matrices` of np.linalg.svd"))))


def _through_svd(f: Formulas, full: bool) -> Operand:
    """The contribution to the matrix of what reaches `u`, `s` and `v`."""
    call = f.call
    f(uc="cj(u_bar)", vc="t(v_bar)")
    if full:
        f(few=call.b.emit("index", call.b.emit("np.shape", f.e.dots["s"]), Lit(-1)))
        f(u2="u[..., few:]", uc2="uc[..., few:]", u="u[..., :few]", uc="uc[..., :few]", v2="v[..., few:, :]", vc2="vc[..., few:]", v="v[..., :few, :]", vc="vc[..., :few]")
    # of p = u^H da v, the Hermitian part turns u and v by the differences of singular values, the rest by their sums
    f(over="rt.divide_or_zero(1.0, s)[..., None, :]", mask="rt.apart(s)", gaps="s[..., None, :] - s[..., :, None]", m="ct(u) @ uc", n="v @ vc",
      k="np.where(mask, 0.5 / np.where(mask, gaps, 1.0), 0.0) * (m + n)", l="rt.divide_or_zero(0.5, s[..., None, :] + s[..., :, None]) * (m - n)",
      core="k + ct(k) + l - ct(l)")
    f(result="u @ core @ v + (u * s_bar[..., None, :]) @ v", left="(uc - u @ m) * over", right="ct((vc - ct(v) @ n) * over)")
    f(result="result + left @ v + u @ right")
    if full:
        f(result="result - u2 @ ct(uc2) @ (u * over) @ v - (u * over) @ (v @ vc2) @ v2")
    return f(result="cj(result)")


def push_svd(let: Let, call: Push) -> Operand:
    """The singular values come with those vectors along which equal ones part."""
    b, original = call.b, call.restated()
    alone = let.op == "linalg.svdvals" or not literal(let.args[2], "`compute_uv` of np.linalg.svd")
    f = _parted(let, call, original if alone else b.emit("item", original, 1))
    values = f.e.dots["s"]
    if alone:
        call.state("item", f.e.dots["parted"], Lit(1))
        return f(result="s_dot")
    call.state("tuple", Seq((b.emit("item", original, 0), values, b.emit("item", original, 2))))
    dot = call.transposed()
    return b.emit("tuple", Seq((b.emit("item", dot, 0), f(result="s_dot"), b.emit("item", dot, 2))))


def _parted(let: Let, call: Push, values: Operand) -> Formulas:
    """Name the vectors along which equal singular values part `u` and `v`, the values `s`, and how these change `s_dot`."""
    f = Formulas(let, call)  # type: ignore[arg-type]
    a = let.args[0]
    f(d=call.dot(a))
    parted = call.b.emit("rt.svd_along", a, f.e.dots["d"], values)
    f(parted=parted, u=call.b.emit("item", parted, 0), s=call.b.emit("item", parted, 1), v=call.b.emit("item", parted, 2))
    f(s_dot="np.sum(np.real(cj(u) * (d @ ct(v))), -2)")
    return f


def _pull_svd_along(let: Let, call: Call) -> None:
    if (a := _wanted(let, call)) is not None:
        f = Formulas(let, call)
        f.items("u", "s", "v")
        call.add(a, _through_svd(f, False))


def _push_svd_along(let: Let, call: Push) -> Operand:
    """Of the third order nothing is known where singular values are equal, or zero."""
    b = call.b
    if not call.active(let.args[0]):
        return b.emit("tuple", Seq(tuple(b.emit("np.zeros_like", b.emit("item", call.result(), k)) for k in range(3))))
    f = Formulas(let, call)  # type: ignore[arg-type]
    dot = call.transposed()
    f(s=b.emit("item", call.result(), 1), u_dot=b.emit("item", dot, 0), v_dot=b.emit("item", dot, 2), unresolved="rt.unresolved(s, True)")
    return b.emit("tuple", Seq((f(u_dot="u_dot + unresolved[..., None, :]"), b.emit("item", dot, 1), f(v_dot="v_dot + unresolved[..., :, None]"))))


structural("np.linalg.svd(a, full_matrices=True, compute_uv=True) -> y", pull_svd, push=push_svd, op=COSTLY)
structural("rt.svd_along(a, d, values) -> y", _pull_svd_along, push=_push_svd_along, constant=("d", "values"), op=COSTLY)

# -- pseudo-inverse and least squares ---------------------------------------------------------------------------------------------

rule("np.linalg.pinv(a, rcond=None, hermitian=False) -> y", op=COSTLY, rcond="0.0",
     a="-t(y) @ y_bar @ t(y) + cj((t(y_bar) - a @ (y @ t(y_bar))) @ y @ ct(y) + ct(y) @ y @ (t(y_bar) - (t(y_bar) @ y) @ a))",
     a_dot="-y @ a_dot @ y + y @ ct(y) @ (ct(a_dot) - (ct(a_dot) @ a) @ y) + (ct(a_dot) - y @ (a @ ct(a_dot))) @ ct(y) @ y")


def _lstsq(let: Let, call: Call) -> None:
    a, b, _ = let.args
    f = Formulas(let, call)
    one = rank(call.type(1)) == 1
    f(g=call.full())
    f(p="np.linalg.pinv(a, rt.cutoff(a, rcond))")
    if isinstance(b, Var) and call.active(b):
        call.add(b, f(b_bar="t(p) @ g"))
    if isinstance(a, Var) and call.active(a):
        f(r="b - a @ y")
        if one:
            f(x="y[:, None]", r="r[:, None]", g="g[:, None]")
        else:
            f(x="y")
        call.add(a, f(result="cj(r @ ((t(g) @ p) @ ct(p)) + ct(p) @ x @ (t(g) - (t(g) @ p) @ a)) - (t(p) @ g) @ t(x)"))


def _least_squares(a: Arg, b: Arg, rcond: Arg) -> Type:
    matrix, right = type_of(a), type_of(b)
    assert isinstance(matrix, Array) and isinstance(right, Array) and matrix.shape is not None and right.shape is not None
    dtype = str(np.result_type(matrix.dtype, right.dtype, np.float32))
    return Array(dtype, (matrix.shape[-1], *right.shape[1:]))


structural("rt.lstsq(a, b, rcond=None) -> y", _lstsq, constant=("rcond",), op={**COSTLY, "infer": _least_squares})
zero("rt.lstsq_rank(a, b, rcond=None)", op={"infer": lambda *_: Scalar(str(np.linalg.lstsq(np.eye(1), np.ones(1), None)[2].dtype))})
zero("rt.cutoff(a, rcond=None)", op={"infer": lambda *_: Scalar("float64", weak=True)})

# -- QR -------------------------------------------------------------------------------------------------------------------------


def _qr(let: Let, call: Call) -> None:
    a = _wanted(let, call)
    if a is None:
        return
    mode = literal(let.args[1], "`mode` of np.linalg.qr")
    if mode not in ("reduced", "complete", "r"):
        raise RowError(f"np.linalg.qr with mode {mode!r}", "its result is how LAPACK stores the factors", "use mode='reduced'")
    f = Formulas(let, call)
    if mode == "r":
        parts = call.b.emit("np.linalg.qr", call.operand(0), Lit("reduced"))
        f(q=call.b.emit("item", parts, Lit(0)), r=call.b.emit("item", parts, Lit(1)), rc="cj(y_bar)")
        f(qc=call.b.emit("np.zeros_like", f.e.dots["q"]))
    else:
        f.items("q", "r")
        f(qc="cj(q_bar)", rc="cj(r_bar)")
    call.add(a, through_qr(f, mode == "complete"))


def through_qr(f: Formulas, complete: bool) -> Operand:
    """The contribution to `a` of the conjugated cotangents `qc` and `rc` of its factors `q` and `r`."""
    size = f(size="np.shape(a)")
    f(k=f.call.b.emit("min", Seq((f.call.b.emit("index", size, Lit(-2)), f.call.b.emit("index", size, Lit(-1))))))
    if complete:
        f(q2="q[..., k:]", qc2="qc[..., k:]", q="q[..., :k]", qc="qc[..., :k]", r="r[..., :k, :]", rc="rc[..., :k, :]")
    # the first k columns are a tall matrix; the others, if there are any, are Q times the rest of R
    f(a2="a[..., k:]", rest="rc[..., k:]", r="r[..., :k]", rc="rc[..., :k]", other="q @ rest", qc="qc + a2 @ ct(rest)")
    f(m="r @ ct(rc) - ct(qc) @ q", low="np.tril(m, -1)", diagonal="np.real(np.diagonal(m, 0, -2, -1))[..., None, :] * np.eye(k)",
      inner="qc + q @ (low + ct(low) + diagonal)")
    if complete:
        f(inner="inner - q2 @ (ct(qc2) @ q)")
    f(first="ct(np.linalg.solve(r, ct(inner)))")
    return f(result="cj(np.concatenate((first, other), -1))")


structural("np.linalg.qr(a, mode='reduced') -> y", _qr, op=COSTLY)

# -- eigenvalues of matrices that are not symmetric ----------------------------------------------------------------------------------


def _complex_of(type: Type) -> str:
    assert isinstance(type, Array)
    return "complex64" if type.dtype in ("float32", "complex64") else "complex128"


def values_type(a: Arg, *_: Arg) -> Type:
    type = type_of(a)
    assert isinstance(type, Array)
    return Array(_complex_of(type), None if type.shape is None else type.shape[:-1])


def pairs_type(a: Arg, *_: Arg) -> Type:
    type = type_of(a)
    assert isinstance(type, Array)
    return Tuple((values_type(a), Array(_complex_of(type), type.shape)))


def pull_eigvals(let: Let, call: Call) -> None:
    """Of the eigenvalues of any matrix."""
    a = _wanted(let, call)
    if a is not None:
        f = Formulas(let, call)
        parts = call.b.emit(let.op.removesuffix("vals"), call.operand(0))
        f(v=call.b.emit("item", parts, Lit(1)), g=call.full())
        call.add(a, f(result="np.linalg.solve(t(v), g[..., :, None] * t(v))"))


def pull_eig(let: Let, call: Call) -> None:
    """Eigenvectors have length one, and their largest components are real."""
    a = _wanted(let, call)
    if a is None:
        return
    f = Formulas(let, call)
    f.items("w", "v")
    f(q="np.sum(v_bar * v, -2, keepdims=True)", largest="rt.largest_component(v)",
      g="v_bar - np.conj(v) * np.real(q) - np.where(largest, 1j * np.imag(q) / np.where(largest, v, 1.0), 0.0)",
      mask="rt.apart(w)", gaps="w[..., None, :] - w[..., :, None]", f="np.where(mask, 1.0 / np.where(mask, gaps, 1.0), 0.0)",
      k="f * (t(v) @ g) + np.eye(extent(a, -1)) * w_bar[..., None, :]")
    call.add(a, f(result="np.linalg.solve(t(v), k @ t(v))"))


structural("rt.eigvals(a) -> y", pull_eigvals, op={**COSTLY, "infer": values_type})
structural("rt.eig(a) -> y", pull_eig, op={**COSTLY, "infer": pairs_type})

# -- functions ------------------------------------------------------------------------------------------------------------------------

elementwise("rt.bessel_i(x, n) -> y", x="0.5 * (rt.bessel_i(x, n - 1) + rt.bessel_i(x, n + 1))", n="0.0")
elementwise("np.i0(x) -> y", x="rt.bessel_i(x, 1)")
_BACK = "rt.unsort(np.take_along_axis(y_bar, rt.stable_order(y, axis), axis), rt.stable_order(a, axis), axis)"
rule("np.partition(a, kth, axis=-1, kind='introselect') -> y", kth="0.0",
     a=f"shaped({_BACK}, a) if axis is None else {_BACK}",
     a_dot="rt.unsort(np.take_along_axis(a_dot, rt.stable_order(a, axis), axis), rt.stable_order(y, axis), axis)",
     op={"infer": lambda a, kth, axis, kind: probe(OPS["np.ravel"], (a, Lit("C"))) if isinstance(axis, Lit) and axis.value is None else like(0)(a)})

__all__ = ["Formulas", "literal", "pairs_type", "pull_eig", "pull_eigvals", "pull_svd", "push_svd", "through_qr", "values_type"]
