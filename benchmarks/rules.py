"""`python -m benchmarks rules`: what the pullback of each function of NumPy costs, as a multiple of the function, for 100,000 elements."""

import argparse
import linecache
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr
from benchmarks import tables, timing
from benchmarks.threads import pin_to_one_core

SIZE = 100_000
ROOT = 316  # rows and columns of a matrix with as many elements
LIMIT = 4.0

rng = np.random.default_rng(1)
# Names in the expressions below; those of arrays of floats are differentiated.
GIVEN: dict[str, Any] = {
    "x": rng.uniform(0.3, 2.0, SIZE), "y": rng.uniform(0.3, 2.0, SIZE), "u": rng.uniform(-0.8, 0.8, SIZE), "v": rng.uniform(-2.0, 2.0, SIZE),
    "a": rng.uniform(-2.0, 2.0, (ROOT, ROOT)), "b": rng.uniform(-2.0, 2.0, (ROOT, ROOT)), "row": rng.uniform(0.3, 2.0, ROOT),
    "s": (lambda m: m + m.T + 40 * np.eye(ROOT))(rng.uniform(-1.0, 1.0, (ROOT, ROOT))), "few": rng.uniform(-1.0, 1.0, 64), "half": rng.uniform(0.3, 2.0, 400),
    "stack": rng.uniform(-1.0, 1.0, (1000, 10, 10)) + 12 * np.eye(10), "cube": rng.uniform(-2.0, 2.0, (50, 40, 50)), "thin": rng.uniform(-2.0, 2.0, (SIZE // 4, 4)), "three": rng.uniform(-2.0, 2.0, (SIZE // 3, 3)), "other": rng.uniform(-2.0, 2.0, (SIZE // 3, 3)),
    "z": rng.uniform(-2.0, 2.0, SIZE) + 1j * rng.uniform(-2.0, 2.0, SIZE), "hole": np.where(rng.uniform(size=SIZE) < 0.1, np.nan, rng.uniform(0.3, 2.0, SIZE)),
    "near": 1.0 + 1e-3 * rng.normal(size=SIZE), "r": 1.3, "q": 0.37, "m": rng.uniform(size=SIZE) < 0.5, "i": rng.integers(0, SIZE, SIZE), "k": rng.integers(0, 3, SIZE), "up": np.linspace(0.0, 2.5, 1000), "values": rng.uniform(-2.0, 2.0, 1000),
    "cuts": np.arange(0, SIZE, 10),
}
_UNARY = """abs fabs negative positive square exp exp2 expm1 log log2 log10 log1p sqrt cbrt reciprocal sin cos tan arctan sinh cosh tanh arcsinh sinc deg2rad rad2deg
    nan_to_num real imag conj i0 angle"""
_BINARY = "add subtract multiply divide power float_power remainder fmod logaddexp logaddexp2 hypot arctan2 maximum minimum fmax fmin copysign heaviside nextafter"
_REDUCTIONS = "sum mean prod var std max min ptp median nansum nanmean nanvar nanstd nanprod nanmax nanmin nanmedian cumsum cumprod nancumsum nancumprod"
EXPRESSIONS: list[str] = [
    *(f"np.{name}(x)" for name in _UNARY.split()), *(f"np.{name}(z)" for name in ["abs", "exp", "sqrt", "sin", "square", "real", "imag", "conj", "angle"]),
    *(f"np.{name}(u)" for name in ["arcsin", "arccos", "arctanh"]), "np.arccosh(x + 1.0)", *(f"np.{name}(x, y)" for name in _BINARY.split()),
    "x + y", "x * y", "x / y", "x ** 2", "x ** 3", "x ** 0.5", "x ** y", "x ** 2.5", "x % y", "x * r", "x + r", "a + row", "a * row", "a / row[:, None]",
    "np.clip(v, -1.0, 1.0)", "np.where(m, x, y)", "np.where(m, x, 0.0)", "np.modf(v)[0]", "np.divmod(x, y)[1]", "np.ldexp(x, k)", "np.complex128(x)", "np.float32(x)",
    *(f"np.{name}(x)" for name in _REDUCTIONS.split() if "prod" not in name), *(f"np.{name}(a, axis=0)" for name in _REDUCTIONS.split()), *(f"np.{name}(a, axis=1)" for name in _REDUCTIONS.split()),
    "np.prod(near)", "np.cumprod(near)", "np.nanprod(near)", "np.nancumprod(near)", "np.nansum(hole)", "np.nanmean(hole)", "np.nanstd(hole)", "np.nanmedian(hole)", "np.sum(x, where=m)", "np.max(x, initial=0.0, where=m)", "np.var(x, where=m)", "np.linalg.norm(x)", "np.linalg.norm(a, axis=1)",
    "np.linalg.norm(x, 1)", "np.linalg.norm(x, 3)", "np.linalg.norm(x, np.inf)", "np.linalg.norm(a, 2)", "np.linalg.norm(a, 'nuc')", "np.average(x, weights=y)", "np.quantile(x, 0.3)", "np.quantile(a, [0.2, 0.7], axis=1)",
    "np.percentile(x, 30)", "np.nanquantile(hole, 0.3)", "np.diff(x)", "np.diff(a, n=2, axis=0)", "np.ediff1d(x)", "np.gradient(x)", "np.gradient(a)", "np.trapezoid(x)", "np.trapezoid(a, axis=0)",
    "np.trapezoid(x, np.cumsum(y))", "np.interp(x, up, values)", "np.unwrap(10 * v)", "np.sort(x)", "np.sort(a, axis=0)", "np.partition(x, 1000)", "np.partition(a, 100, axis=0)", "np.unique(x)", "np.cov(thin, rowvar=False)", "np.corrcoef(thin, rowvar=False)",
    "np.histogram(x, 20, weights=y)[0]", "np.bincount(k, x)", "np.convolve(x, few)", "np.convolve(x, few, 'same')", "np.convolve(x, few, 'valid')", "np.correlate(x, few)", "np.convolve(few, half)", "np.convolve(half, half)",
    "np.polyval(few, x)", "np.vander(x, 4)", "np.polymul(half, half)",
    # shapes
    "np.reshape(x, (-1, 10))", "np.ravel(a)", "a.T", "np.transpose(cube, (2, 0, 1))", "np.moveaxis(cube, 0, 2)", "np.swapaxes(a, 0, 1)", "np.expand_dims(x, 0)", "np.squeeze(x[None])", "np.broadcast_to(row, (ROOT, ROOT))",
    "np.flip(x)", "np.fliplr(a)", "np.rot90(a)", "np.roll(x, 7)", "np.roll(a, 3, axis=1)", "np.tile(x, 2)", "np.tile(row, ROOT)", "np.repeat(x, 2)", "np.repeat(row, ROOT)", "np.repeat(a, 2, axis=0)", "np.resize(x, SIZE // 2)", "np.triu(a)", "np.tril(a, -1)",
    "np.diag(row)", "np.diag(a)", "np.diagonal(a)", "np.trace(a)", "np.pad(x, 10)", "np.pad(a, 3, 'edge')", "np.pad(a, 3, 'reflect')", "np.pad(a, 3, 'wrap')", "np.concatenate((x, y))", "np.stack((x, y))", "np.stack((x, y), axis=1)", "np.hstack((x, y))", "np.vstack((x, y))",
    "np.column_stack((x, y))", "np.append(x, y)", "np.split(x, 10)[3]", "np.array_split(x, 7)", "np.meshgrid(row, row)", "np.block([[a, b], [b, a]])", "np.array(x)", "np.copy(x)", "x.astype(np.float32)", "np.full_like(x, r)", "np.linspace(r, 2.5, SIZE)",
    "np.delete(x, [3, 5])", "np.insert(x, 5, r)", "np.take(x, i)", "np.take(a, k[:ROOT], axis=0)", "np.take_along_axis(a, np.argsort(a, axis=1), 1)", "np.compress(m, x)", "np.extract(x > 1, x)", "np.choose(k, [x, y, x])", "np.select([m], [x], y)",
    "x[10:-10]", "x[::2]", "x[::-1]", "a[:, 3]", "a[3:7]", "x[i]", "x[m]", "a[k[:ROOT], k[:ROOT]]", "a[k[:ROOT]]",
    # products
    "a @ b", "a @ row", "row @ a", "x @ y", "np.dot(a, b)", "np.inner(a, b)", "np.outer(row, row)", "np.vdot(x, y)", "np.tensordot(cube, cube, ((0, 2), (0, 2)))", "np.einsum('ij,jk->ik', a, b)", "np.einsum('ij,ij->i', a, b)", "np.einsum('bij,bj->bi', stack, stack[:, 0])",
    "np.kron(few[:16], row)", "np.kron(a, few[:2])", "np.cross(three, other)", "np.linalg.multi_dot([a, b, a])", "np.linalg.matrix_power(a, 3)", "stack @ stack", "np.vecdot(a, b)",
    # linear algebra
    "np.linalg.inv(s)", "np.linalg.inv(stack)", "np.linalg.solve(s, row)", "np.linalg.solve(s, a)", "np.linalg.det(s / 40)", "np.linalg.det(stack)", "np.linalg.slogdet(s)[1]", "np.linalg.slogdet(stack)[1]", "np.linalg.cholesky(s)", "np.linalg.eigh(s)[0]", "np.linalg.eigh(s)[1]", "np.linalg.eigvalsh(s)",
    "np.linalg.svd(a, full_matrices=False)[1]", "np.linalg.svd(a, full_matrices=False)[0]", "np.linalg.svd(a, compute_uv=False)", "np.linalg.qr(a)[1]", "np.linalg.qr(thin)[0]", "np.linalg.pinv(a)", "np.linalg.lstsq(thin, thin[:, 0], rcond=None)[0]", "np.linalg.eigvals(a[:100, :100])",
    # Fourier transforms
    "np.fft.fft(z)", "np.fft.fft(x)", "np.fft.ifft(z)", "np.fft.rfft(x)", "np.fft.irfft(z)", "np.fft.fft2(a)", "np.fft.rfft2(a)", "np.fft.fftshift(x)",
    # methods of ufuncs
    "np.add.reduce(x)", "np.multiply.reduce(a)", "np.maximum.reduce(a)", "np.logaddexp.reduce(x)", "np.logaddexp.reduce(a)", "np.logaddexp.reduce(a, axis=1)", "np.hypot.reduce(x)", "np.fmax.reduce(x)", "np.fmin.reduce(a)", "np.add.accumulate(x)", "np.maximum.accumulate(x)", "np.maximum.accumulate(a)", "np.minimum.accumulate(a, axis=1)",
    "np.logaddexp.accumulate(a)", "np.multiply.accumulate(a)", "np.add.reduceat(x, cuts)", "np.multiply.outer(row, row)", "np.add.outer(row, row)", "np.maximum.outer(row, row)",
]
# Beginning of an expression -> why its pullback costs more.
_VECTOR = "the function is one pass of vector instructions that reads; the pullback compares, and writes an array"
_SORTS = "which element went where is found by sorting"
REASONS: dict[str, str] = {
    **dict.fromkeys(("np.max(", "np.min(", "np.ptp(", "np.nanmax(", "np.nanmin(", "np.maximum", "np.minimum", "np.fmax", "np.fmin", "np.clip(", "np.prod(", "np.nanprod(",
                     "np.multiply.reduce(", "np.abs(x)", "np.linalg.norm(x, np.inf)"), _VECTOR),
    **dict.fromkeys(("np.sort(", "np.partition(", "np.unique(", "np.quantile(", "np.percentile(", "np.nanquantile(", "np.nanmedian("), _SORTS),
    **dict.fromkeys(("a @ row", "row @ a"), "the contribution to the matrix is a matrix, which is written; the function reads one"),
    **dict.fromkeys(("a[k[:ROOT]]", "np.take(a, k"), "indices may be repeated: np.add.at"),
    **dict.fromkeys(("x ** y", "np.power(x, y)", "np.float_power(x, y)"), "one more power, and a logarithm"),
    "np.linalg.norm(x, 3)": "powers, with what is zero left out",
    **dict.fromkeys(("np.cumprod(a", "np.nancumprod(a", "np.multiply.accumulate(a)"), "where products underflow, element by element"),
    "np.linalg.cholesky(": "NumPy has no solver for triangular matrices",
    **dict.fromkeys(("np.linalg.det(", "np.linalg.slogdet("), "an inverse, at four times the cost"),
    **dict.fromkeys(("np.cumprod(near", "np.nancumprod(near"), "a product, a running sum backwards and a quotient, and whether the products are in range"),
    "np.linalg.lstsq(": "a pseudo-inverse", "np.pad(a": "elements that are repeated are added to, one by one",
    **dict.fromkeys(("np.gradient(", "np.kron(", "np.arctan2("), "several passes"),
    **dict.fromkeys(("x[::-1]", "np.rot90(", "np.flip(", "np.fliplr(", "np.squeeze("), "a view; the cotangent is copied against the order of memory"),
}


def reason(expression: str) -> str:
    """Why a pullback may cost more than the limit."""
    return next((why for start, why in REASONS.items() if expression.startswith(start)), "")


def function(expression: str) -> tuple[Callable[..., Any], list[str]]:
    """An expression as a function of the floats in it, and their names."""
    names = [n for n in compile(expression, "", "eval").co_names if n in GIVEN]
    given = [n for n in names if np.asarray(GIVEN[n]).dtype.kind in "fc" and n != "up"]
    source = f"def f({', '.join(given)}):\n    return {expression}\n"
    file = f"<{expression}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    module = types.ModuleType("rule")
    vars(module).update({n: GIVEN[n] for n in names if n not in given}, np=np, ROOT=ROOT, SIZE=SIZE, __file__=file)
    exec(compile(source, file, "exec"), vars(module))
    return module.f, given


def cotangent(value: Any) -> Any:
    """A cotangent for a value."""
    if isinstance(value, (tuple, list)):
        return type(value)(cotangent(item) for item in value)
    if np.asarray(value).dtype.kind not in "fc":
        return value
    drawn = rng.uniform(0.5, 1.5, np.shape(value))
    return drawn.astype(value.dtype) if isinstance(value, np.ndarray) else type(value)(drawn)


def measure(expression: str, effort: timing.Effort, clock: Callable[[], float]) -> dict[str, float]:
    """Seconds of the function, of its pullback, of both together, and of a copy of its arguments or results: what is passed over at least."""
    f, names = function(expression)
    args = [GIVEN[n] for n in names]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, pullback = cr.vjp(f, *args)
        bar = cotangent(value)
        results = value if isinstance(value, (tuple, list)) else [value]
        arrays = max([args, results], key=lambda some: sum(np.size(a) for a in some))
        return timing.measure({
            "function": lambda: f(*args), "pullback": lambda: pullback(bar), "both": lambda: cr.vjp(f, *args)[1](bar),
            "copy": lambda: [np.array(a) for a in arrays]}, effort, clock)


def main(arguments: list[str] | None = None) -> None:
    """Run what the command line asks for; fails where a pullback costs more than the limit without a reason."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks rules", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="expressions that contain TEXT")
    parser.add_argument("--clock", choices=timing.CLOCKS, default="cpu", help="CPU time or elapsed time")
    parser.add_argument("--full", action="store_true", help="more and longer rounds")
    parser.add_argument("--above", type=float, default=0.0, metavar="RATIO", help="show those above a ratio only")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args(arguments)
    pin_to_one_core()
    rows, slow = [], []
    for expression in EXPRESSIONS:
        if options.only and not any(text in expression for text in options.only):
            continue
        try:
            seconds = measure(expression, timing.FULL if options.full else timing.QUICK, timing.CLOCKS[options.clock])
        except Exception as failure:  # whatever it is, it is this row's result
            rows.append((np.inf, [expression, "-", "-", "-", "-", f"{type(failure).__name__}: {(str(failure).splitlines() or [''])[0]}"]))
            slow.append(expression)
            continue
        base = max(seconds["function"], seconds["copy"])
        ratio = seconds["pullback"] / base
        why = reason(expression) if ratio > LIMIT else ""
        if ratio > LIMIT and not why:
            slow.append(f"{expression}: {ratio:.1f}")
        if ratio >= options.above:
            rows.append((ratio, [expression, tables.seconds(seconds["function"]), tables.seconds(seconds["pullback"]), tables.ratio(ratio), tables.ratio(seconds["both"] / base), why]))
    rows.sort(key=lambda row: -row[0])
    header = ["function", "time", "pullback", "pullback / function", "both / function", "why"]
    print(tables.table(f"Pullbacks, for {SIZE} elements", header, [row for _, row in rows], options.markdown))
    print("\nA function that only gives a view is compared with a copy of its arguments or results.")
    if slow:
        print(f"\nMore than {LIMIT:g} times the function, without a reason:\n" + "\n".join(slow))
        sys.exit(1)


if __name__ == "__main__":
    main()
