"""What each function of NumPy is tried on, as expressions over a few arrays: at points where they are smooth, and at special ones.

A name of the pool in an expression is an argument of the program; the floats among them are differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

rng = np.random.default_rng(11)


def _matrix(n: int, *stack: int) -> Any:
    return rng.uniform(-1, 1, size=(*stack, n, n)) + 3 * np.diag(np.arange(1.0, n + 1))


def _complex(*shape: int) -> Any:
    return rng.uniform(-1, 1, size=shape) + 1j * rng.uniform(-1, 1, size=shape)


def _holes(x: Any, *places: Any) -> Any:
    x = x.copy()
    for place in places:
        x[place] = np.nan
    return x


POOL: dict[str, Any] = {
    "x": rng.permutation(np.linspace(-1.7, 2.1, 5)), "y": rng.permutation(np.linspace(-2.2, 1.9, 5)), "u": rng.uniform(0.4, 2.0, size=5),
    "v": rng.uniform(-1, 1, size=3), "w": rng.uniform(0.5, 1.5, size=3), "one": rng.uniform(0.5, 1.5, size=1),
    "a": rng.uniform(-2, 2, size=(3, 5)), "b": rng.uniform(-2, 2, size=(3, 5)), "tall": rng.uniform(-2, 2, size=(5, 3)),
    "cube": rng.uniform(-2, 2, size=(2, 3, 4)), "four": rng.uniform(-1, 1, size=(2, 3, 3, 2)),
    "s": _matrix(3), "stack": _matrix(3, 2), "sym": (lambda m: m + m.T + 6 * np.eye(3))(rng.uniform(-1, 1, size=(3, 3))), "spin": np.array([[1.0, -2.0, 0.3], [2.5, 0.5, 0.2], [0.1, 0.4, -1.5]]),
    "z": _complex(5), "z3": _complex(3), "c": _complex(3, 5), "cs": _complex(3, 3) + 3 * np.diag([1.0, 2.0, 3.0]), "ctall": _complex(5, 3), "r": 1.3, "q": 0.37, "f0": np.float64(0.7), "o": np.array(0.6),
    "empty": np.zeros(0), "none": np.zeros((0, 3)), "hole": _holes(rng.uniform(-2, 2, size=6), 1, 4),
    "holes": _holes(rng.uniform(-2, 2, size=(3, 5)), (0, 1), (2, 3), (2, 4)),
    "i": np.array([0, 2, 2]), "j": np.array([2, 0, 1]), "m": np.array([True, False, True]), "k": np.array([1, 0, 2, 1, 0]), "up": np.arange(5.0), "grid": np.arange(5),
}

# Function -> expressions, one a line.
EXPRESSIONS: dict[str, str] = {}


def expressions(**texts: str) -> None:
    """Add expressions for functions of np; `__` in a name stands for a dot."""
    EXPRESSIONS.update({f"np.{name.replace('__', '.')}": text for name, text in texts.items()})


for _name in ("fft", "ifft"):
    expressions(**{f"fft__{_name}": f"""np.fft.{_name}(x)
        np.fft.{_name}(z)
        np.fft.{_name}(a, axis=0)
        np.fft.{_name}(c, 7, norm='ortho')
        np.fft.{_name}(c, 2, 0, 'forward')
        np.fft.{_name}(x, n=len(x) + 1)
        np.fft.{_name}(one)"""})
expressions(
    fft__rfft="""np.fft.rfft(x)
        np.fft.rfft(cube)
        np.fft.rfft(cube, 6, axis=0, norm='ortho')
        np.fft.rfft(x, 4, norm='forward')
        np.fft.rfft(x, n=2 * len(x))
        np.fft.rfft(one)""",
    fft__irfft="""np.fft.irfft(z)
        np.fft.irfft(z, 9)
        np.fft.irfft(z, 5, norm='ortho')
        np.fft.irfft(c, 12, axis=0, norm='forward')
        np.fft.irfft(x)
        np.fft.irfft(np.fft.rfft(x), n=len(x))
        np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(y), len(x))
        np.fft.irfft(z, 1)""",
    fft__hfft="""np.fft.hfft(z)
        np.fft.hfft(z, 7, norm='ortho')
        np.fft.hfft(c, axis=0, norm='forward')""",
    fft__ihfft="""np.fft.ihfft(x)
        np.fft.ihfft(a, 4, axis=0, norm='ortho')""",
    fft__fft2="""np.fft.fft2(a)
        np.fft.fft2(c, (4, 4), norm='ortho')
        np.fft.fft2(cube, axes=(0, 1))""",
    fft__ifft2="np.fft.ifft2(c)", fft__fftn="""np.fft.fftn(cube)
        np.fft.fftn(cube, axes=(0, 2), norm='ortho')
        np.fft.fftn(cube, (2, 5), axes=(0, 2))""",
    fft__ifftn="np.fft.ifftn(c, norm='forward')", fft__rfft2="np.fft.rfft2(a)\nnp.fft.rfft2(cube, (3, 3))",
    fft__rfftn="np.fft.rfftn(cube)\nnp.fft.rfftn(cube, axes=(1, 0))", fft__irfft2="np.fft.irfft2(c)\nnp.fft.irfft2(c, (3, 7), norm='ortho')",
    fft__irfftn="np.fft.irfftn(np.fft.rfftn(cube) ** 2, np.shape(cube), axes=(0, 1, 2))\nnp.fft.irfftn(c)",
    fft__fftshift="np.fft.fftshift(x)\nnp.fft.fftshift(a, axes=1)\nnp.fft.fftshift(a, (0, 1))", fft__ifftshift="np.fft.ifftshift(x)\nnp.fft.ifftshift(z)",
    fft__fftfreq="np.fft.fftfreq(6, r)\nnp.fft.fftfreq(len(x), d=r) * x", fft__rfftfreq="np.fft.rfftfreq(6, r)",
)
_SIGNS = "np.sum({} ** 2 * np.arange(1.0, 1 + np.size({}[0])))"
expressions(
    linalg__svd="""np.linalg.svd(a, compute_uv=False)
        np.linalg.svd(stack, compute_uv=False)
        np.linalg.svd(c, compute_uv=False)
        np.linalg.svd(a, full_matrices=False)
        np.linalg.svd(tall, full_matrices=False)
        np.linalg.svd(stack)
        (lambda u, s, vh: (u * s) @ vh[:2])(*np.linalg.svd(a[:2]))
        (lambda u, s, vh: (u[:, :3] * s) @ vh + (u[:, 3:] @ u[:, 3:].T)[:, :3])(*np.linalg.svd(tall))
        (lambda u, s, vh: (vh[3:].T @ vh[3:]))(*np.linalg.svd(a))
        (lambda u, s, vh: (u * s ** 2) @ vh)(*np.linalg.svd(c, full_matrices=False))
        (lambda u, s, vh: np.abs(u) ** 2 @ s)(*np.linalg.svd(cs))
        np.linalg.svd(a)[1]
        np.linalg.svd(a).S""",
    linalg__svdvals="np.linalg.svdvals(a)\nnp.linalg.svdvals(stack)",
    linalg__qr="""np.linalg.qr(tall)
        np.linalg.qr(s)
        np.linalg.qr(a)
        np.linalg.qr(stack)
        np.linalg.qr(tall, 'r')
        np.linalg.qr(a, mode='r')
        np.linalg.qr(ctall)
        (lambda q, r: (q @ np.diag(np.arange(1.0, 6.0)) @ q.T @ tall, r, q[:, 3:] @ q[:, 3:].T))(*np.linalg.qr(tall, mode='complete'))""",
    linalg__eig="""np.linalg.eig(s)
        np.linalg.eig(stack)
        np.linalg.eig(spin)
        np.linalg.eig(cs)
        np.linalg.eig(s)[0]""",
    linalg__eigvals="np.linalg.eigvals(s)\nnp.linalg.eigvals(spin)\nnp.linalg.eigvals(cs)\nnp.abs(np.linalg.eigvals(spin))\nnp.max(np.real(np.linalg.eigvals(spin)))",
    linalg__pinv="np.linalg.pinv(a)\nnp.linalg.pinv(tall)\nnp.linalg.pinv(stack)\nnp.linalg.pinv(ctall)\nnp.linalg.pinv(np.outer(v, w))",
    linalg__lstsq="""np.linalg.lstsq(tall, y)[0]
        np.linalg.lstsq(a, v, rcond=None)[0]
        np.linalg.lstsq(tall, a.T, None)[0]
        np.linalg.lstsq(ctall, z)[0]
        np.linalg.lstsq(np.outer(v, w), v, rcond=None)[0]
        np.linalg.lstsq(tall, y, rcond=None)[1]
        np.linalg.lstsq(tall, y, rcond=None)[3]
        np.linalg.lstsq(tall, a.T)[1]""",
    linalg__cond="np.linalg.cond(s)\nnp.linalg.cond(a, 2)\nnp.linalg.cond(s, -2)\nnp.linalg.cond(s, 'fro')\nnp.linalg.cond(s, 1)\nnp.linalg.cond(s, np.inf)\nnp.linalg.cond(stack)",
    linalg__matrix_norm="np.linalg.matrix_norm(a)\nnp.linalg.matrix_norm(stack, ord=1)\nnp.linalg.matrix_norm(stack, keepdims=True)\nnp.linalg.matrix_norm(s, ord='nuc')",
    linalg__vector_norm="""np.linalg.vector_norm(x)
        np.linalg.vector_norm(a)
        np.linalg.vector_norm(a, axis=1, ord=3)
        np.linalg.vector_norm(cube, axis=(0, 2))
        np.linalg.vector_norm(a, ord=1, keepdims=True)
        np.linalg.vector_norm(cube, axis=(0, 1), keepdims=True)""",
    linalg__matrix_power="np.linalg.matrix_power(s, 5)\nnp.linalg.matrix_power(s, -2)\nnp.linalg.matrix_power(stack, 3)\nnp.linalg.matrix_power(s, 0) * s\nnp.linalg.matrix_power(s, 1)",
    linalg__multi_dot="np.linalg.multi_dot([a, tall, s])\nnp.linalg.multi_dot([v, a, y])",
    linalg__tensorsolve="np.linalg.tensorsolve(np.reshape(stack[0], (3, 3, 1)), v)\nnp.linalg.tensorsolve(four + np.reshape(4 * np.eye(6), (2, 3, 3, 2)), a[:2, :3])",
    linalg__tensorinv="np.linalg.tensorinv(four + np.reshape(4 * np.eye(6), (2, 3, 3, 2)))\nnp.linalg.tensorinv(np.reshape(s, (3, 3, 1)), ind=1)",
    linalg__cross="np.linalg.cross(v, w)", linalg__diagonal="np.linalg.diagonal(stack)\nnp.linalg.diagonal(a, offset=1)",
    linalg__trace="np.linalg.trace(stack)\nnp.linalg.trace(s, offset=-1)", linalg__matrix_transpose="np.linalg.matrix_transpose(cube)",
    linalg__matmul="np.linalg.matmul(a, tall)", linalg__outer="np.linalg.outer(v, w)", linalg__tensordot="np.linalg.tensordot(a, b, axes=2)",
    linalg__vecdot="np.linalg.vecdot(a, b)\nnp.linalg.vecdot(a, b, axis=0)", vecdot="np.vecdot(a, x)\nnp.vecdot(z, c)", matvec="np.matvec(stack, v)\nnp.matvec(c, z)",
    vecmat="np.vecmat(v, stack)\nnp.vecmat(z3, c)", linalg__slogdet="np.linalg.slogdet(s)[1]\nnp.linalg.slogdet(stack)[1]\nnp.linalg.slogdet(-s)\nnp.linalg.slogdet(s).logabsdet",
    cross="np.cross(v, w)\nnp.cross(stack, v)\nnp.cross(stack, s, axis=1)\nnp.cross(tall, s[:, 0], axisa=1)\nnp.cross(a, a + v[:, None], axis=0)",
    block="np.block([x, y])\nnp.block([[s, tall.T], [x[:3], y]])\nnp.block([[r, r], [r, 1.0]])\nnp.block([[a], [b]])", diagflat="np.diagflat(x)\nnp.diagflat(s, 1)",
    delete="np.delete(x, 1)\nnp.delete(x, [0, 2])\nnp.delete(a, 1, axis=1)\nnp.delete(a, i, axis=0)\nnp.delete(a, slice(0, 2), 1)\nnp.delete(a, 3)\nnp.delete(v, m)\nnp.delete(x, -1)",
    insert="""np.insert(x, 1, r)
        np.insert(x, [0, 3], w[:2])
        np.insert(a, 1, v, axis=1)
        np.insert(a, 1, x, axis=0)
        np.insert(a, 0, r, axis=1)
        np.insert(x, -1, 2.5)
        np.insert(a, [1, 1], y, axis=0)
        np.insert(a, 2, r)""",
    compress="np.compress(m, v)\nnp.compress(m, a, axis=0)\nnp.compress(m, a)\nv.compress(m)\na.compress(m, axis=0)", extract="np.extract(x > 0, x)\nnp.extract(a > 0, a)",
    trim_zeros="np.trim_zeros(np.concatenate((np.zeros(2), x, np.zeros(1))))\nnp.trim_zeros(np.concatenate((np.zeros(2), x, np.zeros(1))), 'f')",
    choose="np.choose(i, [v, w, r])\nnp.choose(j, (v, w, 2 * v))\nnp.choose(i + 1, [v, w], mode='wrap')\ni.choose([v, w, v * w])",
    unstack="np.unstack(a)\nnp.unstack(tall, axis=1)", vander="np.vander(x)\nnp.vander(x, 3)\nnp.vander(x, 4, increasing=True)", union1d="np.union1d(x, y)",
    intersect1d="np.intersect1d(x, np.concatenate((x[1:3], y)))", setdiff1d="np.setdiff1d(x, x[1:3])", setxor1d="np.setxor1d(x, np.concatenate((x[1:3], y)))",
    sort_complex="np.sort_complex(x)", partition="np.partition(x, 2)\nnp.partition(a, 1, axis=0)\nnp.partition(a, 2)",
    unique="np.unique(x)\nnp.unique(a)\nnp.unique(x, return_index=True)[0]\nnp.unique(np.concatenate((x, x)), return_inverse=True)\nnp.unique(v[i], return_counts=True)\nnp.unique(x, True, True, True)",
    unique_all="np.unique_all(x)[0]\nnp.unique_all(x).values", unique_counts="np.unique_counts(v[i]).values", unique_inverse="np.unique_inverse(x)[0]", unique_values="np.unique_values(x)",
    average="np.average(x)\nnp.average(a, axis=1, weights=b + 3)\nnp.average(a, 0, w)\nnp.average(a, axis=1, weights=u)\nnp.average(x, weights=u, returned=True)\nnp.average(a, axis=0, keepdims=True)",
    quantile="\n".join(f"np.quantile(x, 0.3, method='{m}')\nnp.quantile(a, np.array([0.25, 0.6]), axis=1, method='{m}')" for m in (
        "linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
        "hazen", "weibull", "median_unbiased", "normal_unbiased")) + """
        np.quantile(x, q)
        np.quantile(a, q, axis=0, keepdims=True)
        np.quantile(cube, [0.1, 0.5], axis=(0, 2))
        np.quantile(cube, q, axis=(1, 2), keepdims=True)
        np.quantile(a, q)
        np.quantile(x, 1.0)
        np.quantile(x, 0.0)""",
    percentile="np.percentile(x, 40)\nnp.percentile(a, [10, 55.0], axis=0)\nnp.percentile(x, 100 * q)\nnp.percentile(a, 30, axis=1, keepdims=True)",
    nanquantile="np.nanquantile(hole, 0.3)\nnp.nanquantile(holes, [0.2, 0.8], axis=1)\nnp.nanquantile(holes, q, axis=0, keepdims=True)\nnp.nanquantile(holes, 0.4)",
    nanpercentile="np.nanpercentile(hole, 30)\nnp.nanpercentile(holes, 70.0, axis=0)", nanmedian="np.nanmedian(hole)\nnp.nanmedian(holes, axis=1)\nnp.nanmedian(holes, axis=1, keepdims=True)\nnp.nanmedian(x)",
    **{name: f"np.{name}(hole)\nnp.{name}(holes, axis=1)\nnp.{name}(holes, axis=0)\nnp.{name}(holes, axis=(0, 1))\nnp.{name}(holes, axis=1, keepdims=True)\nnp.{name}(x)"
       for name in ("nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "nanprod", "nansum")},
    nancumsum="np.nancumsum(hole)\nnp.nancumsum(holes, axis=1)", nancumprod="np.nancumprod(hole)\nnp.nancumprod(holes, axis=0)",
    histogram="""np.histogram(grid, 3, weights=x)[0]
        np.histogram(grid, bins=np.array([0.0, 1.5, 4.0]), weights=x)
        np.histogram(grid, 4, (0.0, 4.0), weights=u, density=True)[0]
        np.histogram(x, 3, weights=u)""",
    histogram2d="np.histogram2d(grid, grid[::-1], 3, weights=x)[0]\nnp.histogram2d(grid, grid, [2, 3], weights=u, density=True)[0]", histogram_bin_edges="np.histogram_bin_edges(x, 4)\nnp.histogram_bin_edges(x, 4, (0.0, r))",
    bincount="np.bincount(k, weights=x)\nnp.bincount(k, x, minlength=6)",
    cov="np.cov(a)\nnp.cov(x, y)\nnp.cov(a, rowvar=False)\nnp.cov(a, bias=True)\nnp.cov(a, ddof=0)\nnp.cov(a, aweights=u)\nnp.cov(x)\nnp.cov(a, fweights=np.array([1, 2, 1, 1, 3]))\nnp.cov(c)\nnp.cov(a, aweights=u, ddof=0)",
    corrcoef="np.corrcoef(a)\nnp.corrcoef(x, y)[0, 1]\nnp.corrcoef(tall, rowvar=False)\nnp.corrcoef(c)\nnp.corrcoef(x, np.arange(5.0))\nnp.corrcoef(x)",
    polyadd="np.polyadd(x, v)\nnp.polyadd(v, x)", polysub="np.polysub(x, v)", polymul="np.polymul(x, v)", polyder="np.polyder(x)\nnp.polyder(x, 2)", polyint="np.polyint(x)\nnp.polyint(x, 2, [r, 1.0])\nnp.polyint(v, k=r)",
    polydiv="np.polydiv(x, v)", poly="np.poly(x)\nnp.poly(s)\nnp.poly(spin)", roots="np.roots(x)\nnp.roots(v)\nnp.roots(np.array([1.0, -3.0, 2.0]) * r)",
    polyfit="np.polyfit(u, y, 2)\nnp.polyfit(u, y, 1, w=u)\nnp.polyfit(u, tall, 1)\nnp.polyfit(u, y, 1, cov=True)\nnp.polyfit(u, y, 1, full=True)[0]\nnp.polyfit(u, y, 0, w=u, cov='unscaled')",
    polyval="np.polyval(x, y)\nnp.polyval(v, r)\nnp.polyval(v, a)\nnp.polyval([1.0, 2.0, r], x)", kaiser="np.kaiser(6, r)\nnp.kaiser(1, r)", i0="np.i0(x)\nnp.i0(10 * x)\nnp.i0(r)",
    unwrap="np.unwrap(3 * x)\nnp.unwrap(3 * a, axis=0)\nnp.unwrap(5 * x, period=2.5)\nnp.unwrap(3 * x, discont=4.0)",
    linspace="np.linspace(r, 2.5, 5, retstep=True)\nnp.linspace(x, y, 4, axis=1)\nnp.linspace(r, q, 4, endpoint=False, retstep=True)\nnp.linspace(x, 1.0, 3)",
    logspace="np.logspace(r, q, 4)\nnp.logspace(r, 2.0, 4, base=3.0)\nnp.logspace(0.0, 1.0, 3, base=r)\nnp.logspace(v, w, 4, axis=1)", geomspace="np.geomspace(r, 8.0, 4)\nnp.geomspace(-r, -8.0, 4, endpoint=False)",
    cumulative_sum="np.cumulative_sum(x)\nnp.cumulative_sum(a, axis=1, include_initial=True)", cumulative_prod="np.cumulative_prod(x)\nnp.cumulative_prod(a, axis=0, include_initial=True)",
    ediff1d="np.ediff1d(x)\nnp.ediff1d(a, to_end=w, to_begin=r)", diff="np.diff(x, prepend=0.0)\nnp.diff(a, prepend=r, append=b, axis=0)\nnp.diff(a, axis=0, append=b)\nnp.diff(x, n=2, append=r)",
    correlate="np.correlate(x, v)\nnp.correlate(x, v, 'same')\nnp.correlate(x, v, 'full')\nnp.correlate(v, x, 'full')\nnp.correlate(v, x)\nnp.correlate(v, x, 'same')\nnp.correlate(x, w[:2], 'same')\nnp.correlate(w[:2], x, 'same')\nnp.correlate(z, z3, 'full')",
    convolve="np.convolve(x, v)\nnp.convolve(v, x, 'same')\nnp.convolve(w[:2], x, 'same')\nnp.convolve(v, x, 'valid')\nnp.convolve(z, z3)",
    interp="np.interp(0.9 * u, up, y)\nnp.interp(3 * x, up, y, left=0.0, right=r)\nnp.interp(7 * x, up, y, period=5.0)\nnp.interp(r, u[0] * up, x)\nnp.interp(0.9 * u, up + 0.1 * x, y)",
    pad="""np.pad(x, 2, constant_values=r)
        np.pad(a, ((1, 0), (0, 2)), constant_values=((r, 0.0), (0.0, q)))
        np.pad(x, 2, 'linear_ramp')
        np.pad(a, ((1, 2), (2, 1)), 'linear_ramp', end_values=r)
        np.pad(x, 2, mode='mean')
        np.pad(a, 1, 'mean', stat_length=2)
        np.pad(a, ((2, 1), (0, 3)), 'maximum')
        np.pad(a, 1, 'minimum', stat_length=((2, 2), (3, 3)))
        np.pad(x, 2, 'median')
        np.pad(x, 3, 'reflect', reflect_type='odd')
        np.pad(x, 7, 'reflect', reflect_type='odd')
        np.pad(a, 2, 'symmetric', reflect_type='odd')
        np.pad(a, ((0, 1), (1, 0)), 'wrap')
        np.pad(a, ((0, 1), (1, 0)), 'edge')
        np.pad(x, (1, 2), 'empty')[1:4]
        np.pad(x, 2, 'symmetric')""",
    real_if_close="np.real_if_close(z)\nnp.real_if_close(z * np.conj(z))\nnp.real_if_close(x)",
    **{f"emath__{name}": f"np.emath.{name}(0.3 * u)\nnp.emath.{name}(x)\nnp.emath.{name}(z)\nnp.emath.{name}(r)" for name in ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh")},
    emath__logn="np.emath.logn(2, u)\nnp.emath.logn(r, x)", emath__power="np.emath.power(u, 2.5)\nnp.emath.power(x, q)",
    # the methods of ufuncs
    **{f"{name}__reduce": f"np.{name}.reduce(u)\nnp.{name}.reduce(a ** 2 + 0.3)\nnp.{name}.reduce(cube ** 2 + 0.3, axis=1)\nnp.{name}.reduce(a ** 2 + 0.3, axis=-1, keepdims=True)"
       for name in ("add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot", "subtract", "divide")},
    mod__outer="np.mod.outer(u, 10 * w)", fmod__outer="np.fmod.outer(u, 10 * w)", add__reduceat="np.add.reduceat(x, [0, 2, 3])\nnp.add.reduceat(a, [0, 3, 1], axis=1)\nnp.add.reduceat(x, i)", multiply__reduceat="np.multiply.reduceat(x, [0, 2])",
    maximum__reduceat="np.maximum.reduceat(x, [0, 2])", logaddexp__reduceat="np.logaddexp.reduceat(x, [0, 3])", minimum__reduceat="np.minimum.reduceat(a, [0, 2], 1)",
    **{f"{name}__accumulate": f"np.{name}.accumulate(u)\nnp.{name}.accumulate(a ** 2 + 0.3, axis=1)" for name in (
        "add", "multiply", "maximum", "minimum", "logaddexp", "subtract", "divide", "hypot", "fmax", "fmin")},
    **{f"{name}__outer": f"np.{name}.outer(u, w)\nnp.{name}.outer(u, r)" for name in (
        "add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "fmax", "fmin", "hypot", "arctan2", "logaddexp", "logaddexp2", "float_power", "copysign")},
)
expressions(add__reduce=EXPRESSIONS["np.add.reduce"] + "\nnp.add.reduce(a, axis=None)\nnp.add.reduce(cube, axis=(0, 2))\nnp.add.reduce(x, initial=r)\nnp.add.reduce(v, where=m)",
            logaddexp__reduce=EXPRESSIONS["np.logaddexp.reduce"] + "\nnp.logaddexp.reduce(cube, axis=(0, 2))\nnp.logaddexp.reduce(a, axis=None)\nnp.logaddexp.reduce(x, initial=r)")
expressions(
    apply_along_axis="np.apply_along_axis(lambda row: row * np.sum(row ** 2), 1, a)\nnp.apply_along_axis(np.sum, 0, a)", apply_over_axes="np.apply_over_axes(np.sum, cube, (0, 2))\nnp.apply_over_axes(np.max, a, 1)",
    asarray_chkfinite="np.asarray_chkfinite(x) * 2", astype="np.astype(a, 'float64') * b\nnp.astype(a, np.complex128)" if hasattr(np, "astype") else "", dstack="np.dstack((x, y))\nnp.dstack((a, b))",
    fromfunction="np.fromfunction(lambda n, k: n * r + k, (2, 3))", fromiter="np.fromiter([r, q, 2.0], float)",
    gradient="np.gradient(x, edge_order=2)\nnp.gradient(a, edge_order=2)\nnp.gradient(a, np.array([0.0, 1.0, 1.5, 3.0, 3.5]), axis=1, edge_order=2)\nnp.gradient(x, r, edge_order=2)\nnp.gradient(x)\nnp.gradient(a, axis=0)\nnp.gradient(a)\nnp.gradient(x, r)\nnp.gradient(a, 0.5, 2.0)",
    meshgrid="np.meshgrid(x, v)\nnp.meshgrid(x, v, indexing='ij')\nnp.meshgrid(x, v, w, sparse=True)\nnp.meshgrid(x)", row_stack="np.vstack((x, y))",
    piecewise="np.piecewise(x, [x < 0, x >= 0], [lambda t: t ** 2, np.sqrt])\nnp.piecewise(x, [x < 0, x > 1], [0.0, np.sqrt, np.exp])\nnp.piecewise(x, [x > 0], [lambda t, s: s * t], r)",
    select="np.select([x < 0, x < 1], [x ** 2, y], default=r)\nnp.select([x > 0, x > 1], [np.sqrt(x), np.log(x)])\nnp.select([a > 0], [a], b)",
    ldexp__outer="np.ldexp.outer(x, i)", copysign__reduce="np.copysign.reduce(x)", heaviside__outer="np.heaviside.outer(x, r)", nextafter__outer="np.nextafter.outer(x, r)",
    mean="np.mean(a, axis=1, keepdims=True)\nnp.mean(a, where=a > 0)\nnp.mean(c)", sum="np.sum(a, axis=(0, 1), keepdims=True)\nnp.sum(v, where=m, initial=r)\nnp.sum(c, axis=0)",
    median="np.median(a, axis=1)\nnp.median(x)\nnp.median(a, keepdims=True)\nnp.median(cube, axis=(0, 1))", take_along_axis="np.take_along_axis(a, np.argsort(a, axis=1), axis=1)",
    trapezoid="np.trapezoid(x)\nnp.trapezoid(a, dx=r, axis=0)", kron="np.kron(a, v)\nnp.kron(s, w[:2])", meshgrids="", einsum="np.einsum('ij,kj->ik', a, b)\nnp.einsum('ii', s)\nnp.einsum('...i,i', cube, w[i][:1][0] * u[:4])\nnp.einsum(a, [0, 1], b, [0, 1])\nnp.einsum('i,i,i->', x, y, u)\nnp.einsum('ij->j', c)",
    mod="np.mod(x, u)\nnp.mod(a, r)\nnp.remainder(x, -u)", floor_divide="np.floor_divide(x, u) * x", modf="np.modf(x)", divmod="np.divmod(x, u)[1]", spacing="np.spacing(x) * x",
)
for _name in sorted(dir(np)):
    _ufunc = getattr(np, _name)
    if isinstance(_ufunc, np.ufunc) and _ufunc.__name__ == _name and (_ufunc.nin, _ufunc.nout) == (2, 1) and _ufunc.signature is None and "dd->d" in _ufunc.types:
        for _method, _arguments in (("reduce", ""), ("accumulate", ""), ("reduceat", ", [0, 2]")):
            if _name not in ("power", "arctan2") or _method == "accumulate":
                EXPRESSIONS.setdefault(f"np.{_name}.{_method}", f"np.{_name}.{_method}(1.2 * u{_arguments})\nnp.{_name}.{_method}(a ** 2 + 0.7{_arguments}, axis=1)")
expressions(
    var="np.var(a, where=b > -1)\nnp.var(a, axis=0, where=b > -2)" + ("\nnp.var(x, correction=1)\nnp.var(a, axis=1, mean=np.mean(a, axis=1, keepdims=True))" if hasattr(np, "trapezoid") else ""),
    std="np.std(a, axis=0, where=b > -2, keepdims=True)", trace="np.trace(cube, axis1=1, axis2=2)\nnp.trace(s, offset=1)\nnp.trace(stack, 0, 1, 2)",
    take="np.take(a, [0, 7, -9], mode='wrap')\nnp.take(a, [0, 7, -9], axis=1, mode='clip')\nnp.take(a, i, 0)",
    linalg__pinv=EXPRESSIONS["np.linalg.pinv"] + ("\nnp.linalg.pinv(a, rtol=1e-10)" if hasattr(np, "trapezoid") else ""),
    nansum=EXPRESSIONS["np.nansum"] + "\nnp.nansum(hole, initial=r)\nnp.nansum(holes, axis=1, where=b > 0)",
)
del EXPRESSIONS["np.meshgrids"]
