"""Rows of scipy.linalg.

A function that reads one triangle of a matrix gives a gradient in that triangle: it is the derivative of what SciPy computes, also where the other
triangle holds something else. `ct` is the conjugate transpose; in pullbacks that use it a cotangent is the conjugate of the one that `vjp` gives
(see `decompositions`). Where b is a vector, its solution is; it may be solved for with a stack of matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.nodes import Arg, Let, Lit, Operand, Seq, Var
from ...ir.probe import type_of
from ...ir.types import Array, Scalar, Type, kind, rank
from ..call import Call
from ..decompositions import Formulas, literal, pairs_type, pull_eig, pull_eigvals, pull_svd, push_svd, through_qr, values_type
from ..infer import like
from ..pushforward import Push
from ..structure import broadcast
from ..table import MODULES, RowError, linear, meaning, refuse, rule, structural, zero
from . import OVERWRITES, module, shape_of_nest
from .meanings import linalg as meanings

module("linalg")

COSTLY = {"cheap": False}
LIKE_FIRST = {"infer": lambda a, *_: like(0)(a), "cheap": False}
_READ: dict[str, Any] = dict(static=("check_finite", "lower", "trans", "unit_diagonal", "assume_a", "transposed", "driver", "lapack_driver", "pivoting"),
                                        ignored=OVERWRITES)


def _wanted(let: Let, call: Call, k: int) -> Var | None:
    a = let.args[k]
    return a if isinstance(a, Var) and call.active(a) else None


def _is_complex(*types: Type) -> bool:
    return any(isinstance(t, (Array, Scalar)) and kind(t.dtype) == "c" for t in types)


def _columns(f: Formulas, call: Call, b: int) -> bool:
    """Name the cotangent `g` and the solution `x`, as matrices; whether they are vectors."""
    vector = rank(call.type(b)) == 1
    f(g="y_bar[..., None]" if vector else "y_bar", x="y[..., None]" if vector else "y")
    return vector


def _solution(a: Arg, b: Arg) -> Type:
    """The type of a solution: of b's shape, for each matrix in a stack."""
    matrix, right = type_of(a), type_of(b)
    shapes = shape_of_nest(a), shape_of_nest(b)
    dtypes = [t.dtype if isinstance(t, (Array, Scalar)) else "float64" for t in (matrix, right)]
    dtype = str(np.result_type(*(d if d in ("float32", "complex64", "complex128") else "float64" for d in dtypes)))
    if shapes[0] is None or shapes[1] is None:
        return Array(dtype, None)
    stack, given = shapes[0][:-2], shapes[1]
    return Array(dtype, (*stack, *given) if len(given) == 1 else (*broadcast(stack, given[:-2]), *given[-2:]))


def _solving(a: int, b: int) -> dict[str, Any]:
    return {"infer": lambda *args: _solution(args[a], args[b]), "cheap": False}


# -- systems of equations ------------------------------------------------------------------------------------------------------

_HERMITIAN = ("her", "hermitian", "pos", "positive definite")
_SYMMETRIC = ("sym", "symmetric")
_TRIANGULAR = {"upper triangular": ("lower triangular", "np.triu(a_bar)"), "lower triangular": ("upper triangular", "np.tril(a_bar)")}
_DIAGONALS = {"diagonal": "np.tril(np.triu(a_bar))", "tridiagonal": "np.tril(np.triu(a_bar, -1), 1)"}


def _masked(f: Formulas, structure: Any, lower: bool) -> Operand:
    """What reaches the elements that are read, of the contribution `a_bar` to the whole matrix."""
    if structure in _HERMITIAN or structure in _SYMMETRIC:
        return f(result=f"linalg_rt.folded(a_bar, {lower}, {structure in _HERMITIAN})")
    if structure in _TRIANGULAR:
        return f(result=_TRIANGULAR[structure][1])
    return f(result=_DIAGONALS.get(structure, "a_bar"))


def _solve(let: Let, call: Call) -> None:
    f = Formulas(let, call)
    lower, structure, turned = (literal(let.args[k], "how linalg.solve reads its matrix") for k in (2, 4, 5))
    vector = _columns(f, call, 1)
    how = "" if structure is None else f", assume_a={structure!r}"
    how += ", lower=True" if lower else ""
    matrix = "a"
    if turned:
        pass
    elif structure in _HERMITIAN:
        matrix = "cj(a)"
    elif structure not in _SYMMETRIC:
        matrix = "t(a)"
        if structure in _TRIANGULAR:
            how = f", assume_a={_TRIANGULAR[structure][0]!r}"
    f(w=f"linalg.solve({matrix}, g, check_finite=False{how})")
    if (b := _wanted(let, call, 1)) is not None:
        call.add(b, f(b_bar="w[..., 0]" if vector else "w"))
    if (a := _wanted(let, call, 0)) is not None:
        f(a_bar="-x @ t(w)" if turned else "-w @ t(x)")
        call.add(a, _masked(f, structure, lower))


structural("linalg.solve(a, b, lower=False, check_finite=True, assume_a=None, transposed=False) -> y", _solve, op=_solving(0, 1), **_READ)


def _inv(let: Let, call: Call) -> None:
    if (a := _wanted(let, call, 0)) is not None:
        f = Formulas(let, call)
        if literal(let.args[2], "`assume_a` of linalg.inv") in _DIAGONALS:
            raise RowError("linalg.inv of a matrix that is taken for diagonal", "what SciPy leaves beside the diagonal is not the inverse", "write 1 / np.diagonal(a)")
        f(a_bar="-t(y) @ y_bar @ t(y)")
        call.add(a, _masked(f, literal(let.args[2], "`assume_a` of linalg.inv"), literal(let.args[3], "`lower` of linalg.inv")))


structural("linalg.inv(a, check_finite=True, assume_a=None, lower=False) -> y", _inv, op=LIKE_FIRST, newer=("assume_a", "lower"), **_READ)
rule("linalg.det(a, check_finite=True) -> y", op=COSTLY, **_READ,
     a="y_bar * rt.adjugate(a, y) if rank(a) == 2 else y_bar[..., None, None] * rt.adjugate(a, y)")


def _solve_triangular(let: Let, call: Call) -> None:
    f = Formulas(let, call)
    trans, lower, unit = (literal(let.args[k], "how linalg.solve_triangular reads its matrix") for k in (2, 3, 4))
    trans = {"N": 0, "T": 1, "C": 2}.get(trans, trans)
    vector = _columns(f, call, 1)
    f(w=f"linalg.solve_triangular({'cj(a)' if trans == 2 else 'a'}, g, trans={1 if trans == 0 else 0}, lower={lower}, unit_diagonal={unit}, check_finite=False)")
    if (b := _wanted(let, call, 1)) is not None:
        call.add(b, f(b_bar="w[..., 0]" if vector else "w"))
    if (a := _wanted(let, call, 0)) is not None:
        f(a_bar={0: "-w @ t(x)", 1: "-x @ t(w)", 2: "-cj(x @ t(w))"}[trans])
        call.add(a, f(result=f"np.{'tril' if lower else 'triu'}(a_bar, {(-1 if lower else 1) if unit else 0})"))


structural("linalg.solve_triangular(a, b, trans=0, lower=False, unit_diagonal=False, check_finite=True) -> y", _solve_triangular, op=_solving(0, 1), **_READ)
linear("linalg_rt.mirrored(x, lower=True, hermitian=True) -> y", x="linalg_rt.folded(y_bar, lower, hermitian)", static=("lower", "hermitian"), op=LIKE_FIRST)
linear("linalg_rt.folded(g, lower=True, hermitian=True) -> y", g="linalg_rt.mirrored(y_bar, lower, hermitian)", static=("lower", "hermitian"), op=LIKE_FIRST)

# -- factors of positive definite matrices -------------------------------------------------------------------------------------


# Whether cho_factor leaves in the other triangle what was there (before SciPy 1.18), or makes it zero.
KEEPS = MODULES["linalg_rt"].cho_factored(np.array([[1.0, 7.0], [0.0, 1.0]]), True)[0, 1] == 7.0


def _through_factor(f: Formulas, lower: bool) -> None:
    """From the cotangent `g` of a factor (conjugated, one triangle) to that of the triangle of the matrix that was read, `a_bar`."""
    f(low="np.tril(y)" if lower else "ct(np.triu(y))", g="np.tril(g)" if lower else "ct(np.triu(g))")
    f(s="linalg.solve_triangular(low, rt.lower_half(ct(low) @ g), trans=2, lower=True, check_finite=False)",
      s2="ct(linalg.solve_triangular(low, ct(s), trans=2, lower=True, check_finite=False))", a_bar="linalg_rt.folded(s2)")
    f(a_bar="cj(a_bar)" if lower else "cj(ct(a_bar))")


def _cholesky(let: Let, call: Call) -> None:
    if (a := _wanted(let, call, 0)) is not None:
        f = Formulas(let, call)
        f(g="cj(y_bar)")
        lower = literal(let.args[1], "`lower` of linalg.cholesky")
        _through_factor(f, lower)
        if let.op != "linalg.cholesky" and KEEPS:
            f(a_bar="a_bar + np.triu(y_bar, 1)" if lower else "a_bar + np.tril(y_bar, -1)")
        call.add(a, f(result="a_bar"))


def _cho_solve(let: Let, call: Call) -> None:
    f = Formulas(let, call)
    lower = literal(let.args[2], "`lower` of linalg.cho_solve")
    vector = _columns(f, call, 1)
    f(w=f"linalg_rt.cho_solved(cj(c), g, {lower}, False)")
    if (b := _wanted(let, call, 1)) is not None:
        call.add(b, f(b_bar="w[..., 0]" if vector else "w"))
    if (c := _wanted(let, call, 0)) is not None:
        f(a_bar="cj(-w @ t(x))", a_bar2="a_bar + ct(a_bar)")
        call.add(c, f(result="cj(np.tril(a_bar2 @ np.tril(c)))" if lower else "cj(np.triu(np.triu(c) @ a_bar2))"))


structural("linalg.cholesky(a, lower=False, check_finite=True) -> y", _cholesky, op=LIKE_FIRST, **_READ)
structural("linalg_rt.cho_factored(a, lower=False, check_finite=True) -> y", _cholesky, op=LIKE_FIRST, **_READ)
structural("linalg_rt.cho_solved(c, b, lower=False, check_finite=True) -> y", _cho_solve, op=_solving(0, 1), **_READ)

# -- LU ----------------------------------------------------------------------------------------------------------------------------


def _square(op: str, a: Type) -> None:
    if not isinstance(a, Array) or a.shape is None or len(a.shape) < 2 or a.shape[-1] != a.shape[-2]:
        raise RowError(f"the derivative of {op} of a matrix that is not square", "its rule knows square matrices only")


def _lu_factor(let: Let, call: Call) -> None:
    if (a := _wanted(let, call, 0)) is not None:
        _square(let.op, call.type(0))
        f = Formulas(let, call)
        f.items("lu", "piv")
        f(low="np.tril(lu, -1) + np.eye(extent(a, -1))", up="np.triu(lu)", g="cj(lu_bar)", inner="np.tril(ct(low) @ np.tril(g, -1), -1) + np.triu(np.triu(g) @ ct(up))",
          left="linalg.solve_triangular(low, inner, trans=2, lower=True, unit_diagonal=True, check_finite=False)",
          both="ct(linalg.solve_triangular(up, ct(left), check_finite=False))")
        call.add(a, f(result="cj(linalg_rt.permuted_back(both, linalg_rt.permutation(piv)))"))


def _lu_solve(let: Let, call: Call) -> None:
    f = Formulas(let, call)
    trans = literal(let.args[3], "`trans` of linalg.lu_solve")
    vector = _columns(f, call, 2)
    f(w=f"linalg_rt.lu_solved({'cj(lu)' if trans == 2 else 'lu'}, piv, g, {1 if trans == 0 else 0}, False)")
    if (b := _wanted(let, call, 2)) is not None:
        call.add(b, f(b_bar="w[..., 0]" if vector else "w"))
    if (lu := _wanted(let, call, 0)) is not None:
        f(a_bar={0: "-w @ t(x)", 1: "-x @ t(w)", 2: "-cj(x @ t(w))"}[trans])
        f(g="cj(linalg_rt.permuted(a_bar, linalg_rt.permutation(piv)))", low="np.tril(lu, -1) + np.eye(extent(lu, -1))", up="np.triu(lu)")
        call.add(lu, f(result="cj(np.tril(g @ ct(up), -1) + np.triu(ct(low) @ g))"))


structural("linalg.lu_factor(a, check_finite=True) -> y", _lu_factor, op=COSTLY, **_READ)
structural("linalg_rt.lu_solved(lu, piv, b, trans=0, check_finite=True) -> y", _lu_solve, op=_solving(0, 2), **_READ)
linear("linalg_rt.permuted(x, rows) -> y", x="linalg_rt.permuted_back(y_bar, rows)", op=LIKE_FIRST)
linear("linalg_rt.permuted_back(x, rows) -> y", x="linalg_rt.permuted(y_bar, rows)", op=LIKE_FIRST)
zero("linalg_rt.permutation(piv)", op={"infer": lambda piv: Array("int64", getattr(type_of(piv), "shape", None))})

# -- banded matrices -----------------------------------------------------------------------------------------------------------------

_BANDS: dict[str, Any] = dict(static=("lower", "upper", "check_finite"))


def _after(k: int, least: str = "float32") -> Any:
    """The shape of an argument, the dtype of all of them, or one of more precision."""
    def infer(*args: Arg) -> Type:
        shaped = type_of(args[k])
        dtypes = [t.dtype for t in map(type_of, args) if isinstance(t, Array) and kind(t.dtype) in "fc"]
        return Array(str(np.result_type(*(dtypes or ["float64"]), least)), shaped.shape if isinstance(shaped, Array) else None)

    return {"infer": infer, "cheap": False}


rule("linalg_rt.banded_solved(ab, b, lower, upper, check_finite=True) -> y", op=_solving(0, 1), **_BANDS,
     ab="-linalg_rt.banded_outer(linalg_rt.banded_solved(linalg_rt.banded_transpose(ab, lower, upper), y_bar, upper, lower, False), y, lower, upper)",
     b="linalg_rt.banded_solved(linalg_rt.banded_transpose(ab, lower, upper), y_bar, upper, lower, False)")
linear("linalg_rt.banded_transpose(ab, lower, upper) -> y", op=LIKE_FIRST, **_BANDS, ab="linalg_rt.banded_transpose(y_bar, upper, lower)")
rule("linalg_rt.banded_product(ab, x, lower, upper) -> y", linear="each", op=_after(1), **_BANDS, ab="linalg_rt.banded_outer(y_bar, x, lower, upper)",
     x="linalg_rt.banded_product(linalg_rt.banded_transpose(ab, lower, upper), y_bar, upper, lower)")
rule("linalg_rt.banded_outer(p, x, lower, upper) -> y", linear="each", op=COSTLY, **_BANDS, p="linalg_rt.banded_product(y_bar, x, lower, upper)",
     x="linalg_rt.banded_product(linalg_rt.banded_transpose(y_bar, lower, upper), p, upper, lower)")

# -- equations of matrices -----------------------------------------------------------------------------------------------------------

rule("linalg.solve_sylvester(a, b, q) -> y", op=COSTLY, q="linalg.solve_sylvester(t(a), t(b), y_bar)", a="-linalg.solve_sylvester(t(a), t(b), y_bar) @ t(y)",
     b="-t(y) @ linalg.solve_sylvester(t(a), t(b), y_bar)")
_LYAPUNOV = "linalg.solve_continuous_lyapunov(t(a), y_bar)"
rule("linalg.solve_continuous_lyapunov(a, q) -> y", op=COSTLY, q=_LYAPUNOV, a=f"-{_LYAPUNOV} @ t(y) - cj(t({_LYAPUNOV}) @ y)")
_DISCRETE = "linalg.solve_discrete_lyapunov(t(a), y_bar, method)"
rule("linalg.solve_discrete_lyapunov(a, q, method=None) -> y", op=COSTLY, static=("method",), q=_DISCRETE,
     a=f"{_DISCRETE} @ t(y @ ct(a)) + cj(t({_DISCRETE}) @ (a @ y))")

# -- functions of matrices -------------------------------------------------------------------------------------------------------------
# The derivative of a function of a matrix along e stands beside the function in that of a block (Mathias 1996):
#     f([[a, e], [0, a]]) = [[f(a), df(a) e], [0, f(a)]]


def _of_block(name: str, count: int = 1) -> Any:
    def pull(let: Let, call: Call) -> None:
        if count == 2 and _wanted(let, call, 1) is not None:
            raise RowError("the derivative of linalg.fractional_matrix_power in the exponent is not known", "its rule treats that argument as a constant",
                           "write linalg.expm(p * linalg.logm(a))")
        if (a := _wanted(let, call, 0)) is not None:
            f = Formulas(let, call)
            f(m="t(a)", block="np.concatenate((np.concatenate((m, y_bar), -1), np.concatenate((np.zeros_like(m), m), -1)), -2)")
            call.add(a, f(result=f"linalg_rt.beside({name}(block{', p' if count == 2 else ''}))"))

    return pull


for _name in ("expm", "cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm"):
    structural(f"linalg.{_name}(a) -> y", _of_block(f"linalg.{_name}"), op=LIKE_FIRST)
for _name in ("logm", "sqrtm", "power"):
    structural(f"linalg_rt.{_name}(a{', p' if _name == 'power' else ''}) -> y", _of_block(f"linalg_rt.{_name}", 2 if _name == "power" else 1),
               op=LIKE_FIRST if _name == "sqrtm" else COSTLY)
rule("linalg_rt.beside(y) -> z", y="linalg_rt.placed_beside(z_bar)", y_dot="y_dot[..., :extent(z, -1), extent(z, -1):]", op=COSTLY)
linear("linalg_rt.placed_beside(z) -> y", z="y_bar[..., :extent(z, -1), extent(z, -1):]", op=COSTLY)
zero("linalg_rt.has_complex(a, name, power=None)", "linalg_rt.is_on_cut(a)", op={"infer": lambda *_: Scalar("bool", weak=True)})

# -- norms, singular values, pseudo-inverses --------------------------------------------------------------------------------------------

rule("linalg.norm(x, ord=None, axis=None, keepdims=False, check_finite=True) -> y", op=COSTLY, **_READ,
     x="(x if kind(x) == 'f' else np.conj(x)) * rt.divide_or_zero(spread(y_bar, x, axis, keepdims), spread(y, x, axis, keepdims))"
       " if ord is None or ord == 'fro' or (ord == 2 and vector(x, axis)) else spread(y_bar, x, axis, keepdims) * rt.norm_slope(x, y, ord, axis, keepdims)")



def _svdvals(let: Let, call: Call) -> None:
    if (a := _wanted(let, call, 0)) is not None:
        f = Formulas(let, call)
        parts = f(parts="linalg.svd(a, full_matrices=False, check_finite=False)")
        f(u=call.b.emit("item", parts, 0), v=call.b.emit("item", parts, 2))
        call.add(a, f(result="cj((u * y_bar[..., None, :]) @ v)"))


structural("linalg.svd(a, full_matrices=True, compute_uv=True, check_finite=True, lapack_driver='gesdd') -> y", pull_svd, push=push_svd, op=COSTLY, **_READ)
structural("linalg.svdvals(a, check_finite=True) -> y", _svdvals, push=push_svd, op=COSTLY, **_READ)
_PINV = "-t(y) @ y_bar @ t(y) + cj((t(y_bar) - a @ (y @ t(y_bar))) @ y @ ct(y) + ct(y) @ y @ (t(y_bar) - (t(y_bar) @ y) @ a))"
rule("linalg.pinv(a, atol=None, rtol=None, check_finite=True) -> y", op=COSTLY, **_READ, atol="0.0", rtol="0.0", a=_PINV)


def _pinvh(let: Let, call: Call) -> None:
    if (a := _wanted(let, call, 0)) is not None:
        f = Formulas(let, call)
        lower = literal(let.args[3], "`lower` of linalg.pinvh")
        f(a=f"linalg_rt.mirrored(a, {lower})")
        call.add(a, f(result=f"linalg_rt.folded({_PINV}, {lower})"))


structural("linalg.pinvh(a, atol=None, rtol=None, lower=True, check_finite=True) -> y", _pinvh, op=LIKE_FIRST, constant=("atol", "rtol"), **_READ)


def _lstsq(let: Let, call: Call) -> None:
    """The solution of least norm; of which rank the matrix is does not change."""
    f = Formulas(let, call)
    vector = _columns(f, call, 1)
    f(p="np.linalg.pinv(a, rt.cutoff(a, cond))")
    if (b := _wanted(let, call, 1)) is not None:
        call.add(b, f(b_bar="(t(p) @ g)[..., 0]" if vector else "t(p) @ g"))
    if (a := _wanted(let, call, 0)) is not None:
        f(r="b[..., None] - a @ x" if vector else "b - a @ x")
        call.add(a, f(result="cj(r @ (t(g) @ p) @ ct(p) + ct(p) @ x @ (t(g) - (t(g) @ p) @ a)) - (t(p) @ g) @ t(x)"))


structural("linalg_rt.lstsq(a, b, cond=None, check_finite=True, lapack_driver=None) -> y", _lstsq, constant=("cond",), op=COSTLY, **_READ)
zero("linalg_rt.lstsq_rank(a, b, cond=None, check_finite=True, lapack_driver=None)",
     op={"infer": lambda a, *_: Array("int64", shape[:-2]) if (shape := shape_of_nest(a)) is not None and len(shape) > 2 else Scalar("int64", weak=True)})

# -- QR ---------------------------------------------------------------------------------------------------------------------------------


def _qr(let: Let, call: Call) -> None:
    a = _wanted(let, call, 0)
    if a is None:
        return
    mode, pivoting = literal(let.args[1], "`mode` of linalg.qr"), literal(let.args[2], "`pivoting` of linalg.qr")
    if mode not in ("full", "economic", "r"):
        raise RowError(f"linalg.qr with mode {mode!r}", "its result is how LAPACK stores the factors", "use mode='economic'")
    f = Formulas(let, call)
    if mode == "r":
        parts = call.b.emit(let.op, call.operand(0), "economic", pivoting, False)
        f(q=call.b.emit("item", parts, 0), r=call.b.emit("item", parts, 1))
        f(few=call.b.emit("index", f(shape="np.shape(r)"), -2))
        f(g=call.b.emit("item", call.full(), 0) if pivoting else call.full())
        f(rc="cj(g[..., :few, :])", qc="np.zeros_like(q)")
    else:
        f.items("q", "r")
        f(qc="cj(q_bar)", rc="cj(r_bar)")
    if pivoting:
        f(columns=call.b.emit("item", call.result(), 1 if mode == "r" else 2))
        f(a="t(linalg_rt.permuted(t(a), columns))")
    f(result=through_qr(f, mode == "full"))
    call.add(a, f(result="t(linalg_rt.permuted_back(t(result), columns))") if pivoting else f(result="result"))


structural("linalg_rt.qr(a, mode='full', pivoting=False, check_finite=True) -> y", _qr, op=COSTLY, **_READ)

# -- eigenvalues --------------------------------------------------------------------------------------------------------------------------


def _eigh(let: Let, call: Call) -> None:
    """With V^H B V = 1: of m = V^H (dA V - dB V w), the diagonal moves the eigenvalues, and m over the gaps turns the eigenvectors; these shrink by half
    of the diagonal of V^H dB V. Terms of equal eigenvalues are dropped, which is exact for functions that do not depend on the choice of basis."""
    a, b = _wanted(let, call, 0), _wanted(let, call, 1)
    if a is None and b is None:
        return
    f = Formulas(let, call)
    lower = literal(let.args[5 if let.op == "linalg_rt.eigh_along" else 2], "`lower` of linalg.eigh")
    if let.op == "linalg_rt.eigvalsh":
        parts = f(parts=f"linalg_rt.eigh(a, b, {lower}, False)")
        f(w=call.b.emit("item", parts, 0), v=call.b.emit("item", parts, 1), turns="np.eye(extent(a, -1)) * y_bar[..., None, :]")
    else:
        f.items("w", "v")
        f(mask="rt.apart(w)", gaps="w[..., None, :] - w[..., :, None]", scale="np.eye(extent(a, -1))", along="ct(v) @ cj(v_bar)",
          turns="scale * w_bar[..., None, :] + np.where(mask, 1.0 / np.where(mask, gaps, 1.0), 0.0) * along")
    if a is not None:
        call.add(a, f(result=f"cj(linalg_rt.folded(v @ turns @ ct(v), {lower}))"))
    if b is not None:
        f(turns="turns * w[..., None, :]")
        if let.op != "linalg_rt.eigvalsh":
            f(turns="turns + 0.5 * scale * np.real(along)")
        call.add(b, f(result=f"-cj(linalg_rt.folded(v @ turns @ ct(v), {lower}))"))


def _eigh_push(let: Let, call: Push) -> Operand:
    """The eigenvalues come with those vectors along which equal ones part."""
    a, b, lower = let.args[:3]
    dots = [call.dot(arg) if isinstance(arg, Var) and call.active(arg) else Lit(None) for arg in (a, b)]
    f = Formulas(let, call)  # type: ignore[arg-type]
    original = call.restated()
    parted = call.b.emit("linalg_rt.eigh_along", a, b, *dots, original if let.op == "linalg_rt.eigvalsh" else call.b.emit("item", original, 0), lower)
    f(w=call.b.emit("item", parted, 0), v=call.b.emit("item", parted, 1), w_dot="np.zeros_like(w)")
    for dot, factor in zip(dots, ("v", "(v * w[..., None, :])")):
        if not isinstance(dot, Lit):
            f(d=dot, w_dot=f"w_dot {'+' if factor == 'v' else '-'} np.sum(np.real(cj(v) * (linalg_rt.mirrored(d, {literal(lower, '`lower` of linalg.eigh')}) @ {factor})), -2)")
    if let.op == "linalg_rt.eigvalsh":
        call.state("item", parted, Lit(0))
        return f(result="w_dot")
    call.state("tuple", Seq((f.e.dots["w"], call.b.emit("item", original, 1))))
    return call.b.emit("tuple", Seq((f(result="w_dot"), call.b.emit("item", call.transposed(), 1))))


def _eigh_along_push(let: Let, call: Push) -> Operand:
    """Of the third order nothing is known where eigenvalues are equal."""
    if not any(isinstance(arg, Var) and call.active(arg) for arg in let.args[:2]):
        return call.b.emit("tuple", Seq(tuple(call.b.emit("np.zeros_like", call.b.emit("item", call.result(), k)) for k in (0, 1))))
    f = Formulas(let, call)  # type: ignore[arg-type]
    dot = call.transposed()
    f(w=call.b.emit("item", call.result(), 0), v_dot=call.b.emit("item", dot, 1))
    return call.b.emit("tuple", Seq((call.b.emit("item", dot, 0), f(result="v_dot + rt.unresolved(w)[..., None, :]"))))


structural("linalg_rt.eigh_along(a, b, d, e, values, lower=True) -> y", _eigh, push=_eigh_along_push, constant=("d", "e", "values"), op=COSTLY, **_READ)
structural("linalg_rt.eigh(a, b=None, lower=True, check_finite=True, driver=None) -> y", _eigh, push=_eigh_push, op=COSTLY, **_READ)
structural("linalg_rt.eigvalsh(a, b=None, lower=True, check_finite=True, driver=None) -> y", _eigh, push=_eigh_push, op=COSTLY, **_READ)
structural("linalg_rt.eigvals(a, check_finite=True) -> y", pull_eigvals, op={**COSTLY, "infer": values_type}, **_READ)
structural("linalg_rt.eig(a, check_finite=True) -> y", pull_eig, op={**COSTLY, "infer": pairs_type}, **_READ)
zero("linalg_rt.is_real(values)")

refuse("linalg.lu", because="it has no rule", instead="use linalg.lu_factor")
refuse("linalg.polar", because="it has no rule", instead="use linalg.svd: u @ vh, and vh.T @ (s[:, None] * vh)")
_BASIS = "which basis it gives is a matter of choice"
_FORM = "its result is how an algorithm stores what it found"
for _name in ("orth", "null_space"):
    refuse(f"linalg.{_name}", because=_BASIS, instead="use linalg.svd, and the projection u @ u.T")
for _name in ("schur", "rsf2csf", "hessenberg", "qz", "ordqz", "cossin", "ldl", "rq", "cdf2rdf", "matrix_balance"):
    refuse(f"linalg.{_name}", because=_FORM, instead="use linalg.eig, linalg.qr, linalg.svd or linalg.cholesky")
for _name in ("funm", "signm", "expm_cond", "expm_frechet"):
    refuse(f"linalg.{_name}", because="it has no rule", instead="use linalg.expm, linalg.logm or linalg.sqrtm")
for _name in ("solve_continuous_are", "solve_discrete_are"):
    refuse(f"linalg.{_name}", because="it has no rule", instead="wrap it in chainrule.implicit_root")
for _name in ("eig_banded", "eigvals_banded", "eigh_tridiagonal", "eigvalsh_tridiagonal", "cholesky_banded", "cho_solve_banded", "solveh_banded", "qr_multiply", "qr_update",
              "qr_insert", "qr_delete"):
    refuse(f"linalg.{_name}", because="it has no rule", instead="use the function of the full matrix, or linalg.solve_banded")

for _name in meanings.__all__:
    meaning(f"linalg.{_name}", getattr(meanings, _name))
