"""Every parameter of every function of NumPy that carries a derivative is known to its row, or refused by name: none is ignored.

A walk over the signatures: to a call that is known to work, each parameter is given in turn, with values that NumPy accepts. Then the value is NumPy's
and the derivative, in both modes, that of differences; or the error names the parameter.
"""

from __future__ import annotations

import ast
import copy
import inspect
import linecache
import re
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.test_coverage import DIFFERENTIABLE, classes, names

from .expressions import EXPRESSIONS, POOL
from .harness import Case, Const, Fixed, Grown, dot, leaves, random_like
from .samples import SAMPLES
from .test_expressions import forward, is_float, moved, random_seed
from .test_forward import richardson

# Parameter -> values to try, as text. Those that NumPy refuses are passed over, but one has to be left.
VALUES: dict[str, list[str]] = {
    "axis": ["0", "-1", "None", "(0, 1)", "(-1,)"], "axes": ["(0, 1)", "(1, 0)", "0", "((0,), (1,))", "1", "[(0, 1), (0,), (0,)]", "[(0,), (0, 1), (0,)]", "[(-1,), (-1,), ()]",
                                                             "[(1, 0), (0, 1), (1, 0)]"],
    "keepdims": ["True"], "dtype": ["np.float32", "complex", "np.longdouble", "int"], "ddof": ["1", "0.5"], "correction": ["1"], "initial": ["0.7", "-9.0"],
    "mean": ["np.mean(X, keepdims=True)"], "where": ["MASK", "True"], "out": ["LIKE"], "order": ["'F'", "'C'", "'A'", "'K'", "None"], "casting": ["'unsafe'", "'same_kind'"],
    "subok": ["False", "True"], "like": ["np.ones(2)"], "copy": ["True", "False"], "kind": ["'stable'", "'heapsort'", "'introselect'"], "stable": ["True"],
    "signature": ["'d->d'", "'dd->d'", "'d->dd'", "'dd->dd'", "'dl->d'", "'d->di'"], "overwrite_input": ["True", "False"], "rowvar": ["False"], "bias": ["True"],
    "mode": ["'wrap'", "'clip'", "'same'", "'r'", "'edge'", "'full'"], "weights": ["1.5 + 0 * X", "np.linspace(1.0, 2.0, 5)", "0.5 + np.arange(np.size(X))"], "device": ["'cpu'", "None"],
    "deg": ["True"], "ndmin": ["1", "3"], "ndmax": ["0", "1"], "y": ["2 * X + 1", "np.ones(np.shape(X)[-1:])"], "count": ["-1", "2"], "optimize": ["True", "'greedy'"],
    "shape": ["(5,)", "(2, 3)"], "num": ["3"], "range": ["(-3.0, 5.0)", "((-3.0, 5.0), (-3.0, 5.0))"], "density": ["True", "False"], "bins": ["3", "np.array([-1.0, 0.5, 9.0])"],
    "assume_unique": ["True"], "return_indices": ["True"], "return_index": ["True"], "return_inverse": ["True"], "return_counts": ["True"], "equal_nan": ["False"],
    "sorted": ["True", "False"], "method": ["'lower'", "'hazen'"], "interpolation": ["'lower'"], "m": ["2"], "k": ["1", "-1", "0.5"], "n": ["2", "3"], "s": ["(2, 3)", "(4, 4)", "(2, 3, 3)"],
    "norm": ["'ortho'", "'forward'"], "d": ["0.5"], "tol": ["1"], "start": ["1"], "trim": ["'f'", "'b'"], "N": ["3"], "p": ["1", "-2", "'fro'", "'nuc'"], "hermitian": ["False", "True"],
    "rcond": ["1e-9"], "rtol": ["1e-9"], "UPLO": ["'U'", "'L'"], "upper": ["True"], "full_matrices": ["False", "True"], "compute_uv": ["False", "True"], "axisa": ["0", "-1"], "axisb": ["0", "-1"],
    "axisc": ["0", "-1"], "offset": ["1"], "axis1": ["-1", "0", "1"], "axis2": ["0", "-1"], "ord": ["1", "2", "np.inf", "3"], "decimals": ["1"], "a_min": ["0.1"], "a_max": ["0.33"],
    "min": ["0.1"], "max": ["0.33"], "nan": ["1.0"], "posinf": ["9.0"], "neginf": ["-9.0"], "prepend": ["0.3", "X"], "append": ["0.3", "X"], "dx": ["0.5"], "x": ["np.cumsum(1.0 + 0 * X)"],
    "left": ["0.1"], "right": ["0.1"], "period": ["5.0"], "discont": ["4.0"], "to_end": ["0.3"], "to_begin": ["np.ones(2)"], "include_initial": ["True"], "endpoint": ["False"], "retstep": ["True"],
    "base": ["3.0"], "fweights": ["np.array([1, 2, 1, 1, 3])"], "aweights": ["np.linspace(1.0, 2.0, 5)"], "minlength": ["7"], "edge_order": ["2"], "indexing": ["'ij'"], "sparse": ["True"],
    "increasing": ["True"], "returned": ["True"], "full": ["False", "True"], "w": ["np.linspace(1.0, 2.0, 5)"], "cov": ["True"], "M": ["4"], "rot": ["1"], "ind": ["1", "2"], "wrap": ["True"],
    "default": ["0.7"], "otypes": ["[float]"], "doc": ["'text'"], "excluded": ["None"], "cache": ["True"], "val": ["2.0"], "axes1": ["0"], "buffer": ["None"], "allow_pickle": ["False"],
    "new_shape": ["(2, 2)"], "constant_values": ["1.5"],
}
# Calls of functions that have no sample which is one call; `@@` is where the parameter goes. Functions that write: what they have written.
MORE_CALLS: dict[str, list[str]] = {
    "np.arange": ["np.arange(3.0@@) * x[:3]", "np.arange(1, 4@@) * v"], "np.asarray_chkfinite": ["np.asarray_chkfinite(a@@)"],
    "np.copyto": ["(lambda y: (np.copyto(y, v@@), y)[1])(w * 1)"], "np.fill_diagonal": ["(lambda y: (np.fill_diagonal(y, r@@), y)[1])(a * 1)"],
    "np.place": ["(lambda y: (np.place(y, m, v[:2]@@), y)[1])(w * 1)"], "np.putmask": ["(lambda y: (np.putmask(y, m, v@@), y)[1])(w * 1)"],
    "np.put": ["(lambda y: (np.put(y, [0, 2], v[:2]@@), y)[1])(w * 1)"], "np.put_along_axis": ["(lambda y: (np.put_along_axis(y, i[:, None], r, 1@@), y)[1])(a * 1)"],
    "np.histogram2d": ["np.histogram2d(grid, grid[::-1], 3, weights=x@@)[0]", "np.histogram2d(grid, grid[::-1], weights=x@@)[0]", "np.histogram2d(grid, grid@@)[0] @ x[:1].repeat(10)"],
    "np.histogram": ["np.histogram(grid, weights=x@@)[0]", "np.histogram(x@@)[0] @ x[:1].repeat(10)", "np.histogram(x, 3@@)[0] * v"], "np.histogram_bin_edges": ["np.histogram_bin_edges(x@@)", "np.histogram_bin_edges(x, 3@@)"],
    "np.unique_all": ["np.unique_all(x@@)[0]"], "np.unique_counts": ["np.unique_counts(x@@)[0]"], "np.unique_inverse": ["np.unique_inverse(x@@)[0]"],
    "np.unique": ["np.unique(x@@)", "np.unique(a@@)"], "np.vectorize": ["np.vectorize(lambda t: t * t@@)(x)"], "np.clip": ["np.clip(x@@)", "np.clip(x, a_max=0.7@@)", "np.clip(x, a_min=-0.7@@)", "np.clip(x, -0.5, 0.7@@)", "np.clip(x, min=0.1@@)"],
    "np.linalg.cholesky": ["np.linalg.cholesky(s @ s.T + np.eye(3)@@)"], "np.linalg.eigh": ["np.abs(np.linalg.eigh(s + s.T@@)[1])"], "np.linalg.eigvalsh": ["np.linalg.eigvalsh(s + s.T@@)"],
    "np.linalg.lstsq": ["np.linalg.lstsq(tall, y@@)[0]"], "np.linalg.svd": ["np.linalg.svd(s + s.T@@)[1]", "np.linalg.svd(a@@)[1]"], "np.linalg.pinv": ["np.linalg.pinv(a@@)", "np.linalg.pinv(s + s.T@@)"],
    "np.einsum": ["np.einsum('ij,kj->ik', a, b@@)"], "np.full_like": ["np.full_like(x, r@@)"], "np.rollaxis": ["np.rollaxis(cube, 2@@)"], "np.polyfit": ["np.polyfit(u, y, 1@@)", "np.polyfit(u, y, 1@@)[0]"],
    "np.cov": ["np.cov(x@@)", "np.cov(a@@)"], "np.corrcoef": ["np.corrcoef(x@@)", "np.corrcoef(a@@)"], "np.fromiter": ["np.fromiter([r, q, 2.0], float@@)"],
    "np.linspace": ["np.linspace(r, 2.5@@)", "np.linspace(x, y, 4@@)"], "np.logspace": ["np.logspace(r, q@@)", "np.logspace(v, w, 4@@)"], "np.geomspace": ["np.geomspace(r, 8.0@@)", "np.geomspace(u, 8.0, 3@@)"],
    "np.quantile": ["np.quantile(x, 0.3@@)", "np.quantile(a, q@@)", "np.quantile(x, 0.3, method='inverted_cdf'@@)"], "np.percentile": ["np.percentile(x, 30.0@@)", "np.percentile(a, 30@@)", "np.percentile(x, 30, method='inverted_cdf'@@)"], "np.average": ["np.average(x@@)", "np.average(a@@)", "np.average(a, weights=b + 3@@)"],
    "np.nanquantile": ["np.nanquantile(hole, 0.3@@)", "np.nanquantile(holes, q@@)", "np.nanquantile(hole, 0.3, method='inverted_cdf'@@)"], "np.nanpercentile": ["np.nanpercentile(hole, 30.0@@)", "np.nanpercentile(holes, 30@@)", "np.nanpercentile(hole, 30, method='inverted_cdf'@@)"],
    "np.trim_zeros": ["np.trim_zeros(np.concatenate((np.zeros(2), x, np.zeros(1)))@@)"], "np.diagflat": ["np.diagflat(x@@)"], "np.trapezoid": ["np.trapezoid(x@@)", "np.trapezoid(a@@)", "np.trapezoid(a, axis=0@@)"],
    "np.fft.fftfreq": ["np.fft.fftfreq(5@@) * x", "np.fft.fftfreq(5, r@@)"], "np.fft.rfftfreq": ["np.fft.rfftfreq(5@@) * v", "np.fft.rfftfreq(5, r@@)"], "np.angle": ["np.angle(z@@)"],
    "np.cross": ["np.cross(v, w@@)", "np.cross(stack, s@@)"], "np.cumulative_sum": ["np.cumulative_sum(x@@)", "np.cumulative_sum(a, axis=0@@)"], "np.cumulative_prod": ["np.cumulative_prod(x@@)"],
    "np.bincount": ["np.bincount(k, x@@)", "np.bincount(k@@) @ v"], "np.real_if_close": ["np.real_if_close(z@@)"], "np.setdiff1d": ["np.setdiff1d(x, x[1:3]@@)"], "np.setxor1d": ["np.setxor1d(x, y@@)"],
    "np.intersect1d": ["np.intersect1d(x, x[1:3]@@)"], "np.amax": ["np.amax(x@@)", "np.amax(a@@)"], "np.amin": ["np.amin(a@@)"], "np.row_stack": ["np.row_stack((x, y)@@)"], "np.minimum.reduceat": ["np.minimum.reduceat(x, [0, 2]@@)"],
    "np.ediff1d": ["np.ediff1d(x@@)"], "np.polyint": ["np.polyint(x@@)"], "np.polyder": ["np.polyder(x@@)"],
}
for _half in ("rfft2", "rfftn", "irfft2", "irfftn", "fft2", "ifft2", "fftn", "ifftn"):
    MORE_CALLS[f"np.fft.{_half}"] = [f"np.fft.{_half}({'c' if 'i' in _half[:1] else 'a'}@@)", f"np.fft.{_half}(cube@@)"]
for _half in ("hfft", "ihfft"):
    MORE_CALLS[f"np.fft.{_half}"] = [f"np.fft.{_half}({'z' if _half == 'hfft' else 'x'}@@)", f"np.fft.{_half}({'c' if _half == 'hfft' else 'a'}@@)"]


class Call:
    """A call as text, with a mark where a parameter can be put, and what its names mean."""

    def __init__(self, text: str, given: dict[str, Any], fixed: dict[str, Any]) -> None:
        self.text, self.given, self.fixed = text, given, fixed

    def plain(self) -> str:
        return self.text.replace("@@", "")


def from_text(text: str) -> Call:
    own = sorted({n.id for n in ast.walk(ast.parse(text.replace("@@", ""), mode="eval")) if isinstance(n, ast.Name) and n.id in POOL})
    return Call(text, {n: POOL[n] for n in own}, {})


def from_expression(name: str, text: str) -> Call | None:
    node = ast.parse(text.strip(), mode="eval").body
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != name or any(isinstance(a, ast.Starred) for a in node.args):
        return None
    return from_text(ast.unparse(node)[:-1] + "@@)")


def from_sample(name: str, sample: Case) -> Call | None:
    given: dict[str, Any] = {}
    fixed: dict[str, Any] = {}

    def text(value: Any) -> str:
        if isinstance(value, Const):
            return repr(value.value)
        if isinstance(value, (tuple, list)):
            inner = ", ".join(map(text, value))
            return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
        if value is None or isinstance(value, (bool, int, str)):
            return repr(value)
        if isinstance(value, Fixed):
            fixed[f"c{len(fixed)}"] = value.value
            return f"c{len(fixed) - 1}"
        given[f"p{len(given)}"] = value
        return f"p{len(given) - 1}"

    if any(isinstance(a, Grown) for a in (*sample.args, *sample.kwargs.values())):
        return None
    parts = [text(a) for a in sample.args] + [f"{k}={text(v)}" for k, v in sample.kwargs.items()]
    return Call(f"{name}({', '.join(parts)}@@)", given, fixed)


def calls(name: str) -> list[Call]:
    found = [from_text(text) for text in MORE_CALLS.get(name, [])]
    found += [from_expression(name, line) for line in EXPRESSIONS.get(name, "").splitlines() if line.strip()]  # type: ignore[misc]
    found += [from_sample(name, sample) for sample in SAMPLES.get(name, [])]  # type: ignore[misc]
    return [call for call in found if call is not None and any(is_float(v) for v in call.given.values())]


# (function, parameter) that NumPy takes no value of but the default.
EXEMPT: set[tuple[str, str]] = {("np.frexp", "dtype"), ("np.arange", "stop"), ("np.arange", "step"), ("np.vectorize", "pyfunc"), ("np.vectorize", "signature")}
OF_UFUNCS = ("out", "where", "casting", "order", "dtype", "subok", "signature")
OF_METHODS = {"reduce": ("axis", "dtype", "out", "keepdims", "initial", "where"), "accumulate": ("axis", "dtype", "out"), "reduceat": ("axis", "dtype", "out"),
              "outer": ("out", "where", "casting", "order", "dtype", "subok")}


def parameters(name: str, function: Any) -> list[str]:
    """The names of the parameters that a function can be given by name."""
    if isinstance(function, np.ufunc):
        return [n for n in OF_UFUNCS if n != "where" or not function.signature] + (
            ["axes", "axis", "keepdims"] if function.signature == "(n),(n)->()" else ["axes"] if function.signature else [])
    last = name.rpartition(".")[2]
    if last in OF_METHODS and isinstance(getattr(function, "__self__", None), np.ufunc):
        return list(OF_METHODS[last])
    try:
        own = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.default is not p.empty]


def program(text: str, call: Call) -> Any:
    source = f"def f({', '.join(call.given)}):\n    return {text}\n"
    file = f"<parameters {hash(source) & 0xffffffff:x}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    module = types.ModuleType("parameters")
    module.__dict__.update(np=np, __file__=file, **call.fixed)
    exec(compile(source, file, "exec"), vars(module))
    return module.f


def attempts(call: Call, parameter: str) -> Iterator[str]:
    """The call with a parameter, in all ways that are known."""
    first = next(n for n, v in call.given.items() if is_float(v))
    for value in VALUES.get(parameter, []):
        value = re.sub(r"\bX\b", first, value)
        if value in ("MASK", "LIKE"):
            try:
                result = program(call.plain(), call)(*copy.deepcopy(list(call.given.values())))
            except TypeError:  # the parameter is needed
                continue
            value = mask(call.given[first], result, parameter) if value == "MASK" else like(result)
        yield call.text.replace("@@", f", {parameter}={value}")


def mask(x: Any, result: Any, name: str) -> str:
    """Some of the elements."""
    shape = np.shape(x)
    return f"np.reshape(np.arange({int(np.prod(shape))}) % 3 > 0, {shape})"


def like(result: Any) -> str:
    """What a result can be written into, as text."""
    if isinstance(result, tuple):
        return f"({''.join(like(item) + ', ' for item in result)})"
    return f"np.zeros({np.shape(result)}, '{np.asarray(result).dtype}')"


# Every function once, by one of its names.
CASES: list[tuple[str, Any]] = []
_seen: set[Any] = set()
for _name, _value in sorted(names().items(), key=lambda item: not calls(f"np.{item[0]}")):
    if _name.startswith(("random.", "ndarray.")) or _name.endswith(".at") or [c for c, _ in classes(_name, _value)] != [DIFFERENTIABLE]:
        continue
    _key = (getattr(_value, "__self__", None), _name.rpartition(".")[2]) if isinstance(getattr(_value, "__self__", None), np.ufunc) else _value
    if _key not in _seen:
        _seen.add(_key)
        CASES.append((f"np.{_name}", _value))
CASES.sort(key=lambda case: case[0])


def refused(error: Exception, parameter: str) -> bool:
    return parameter in str(error)


def check(text: str, call: Call, parameter: str) -> str:
    """"known", "refused" or "NumPy refuses"; an error otherwise."""
    f = program(text, call)
    args = list(call.given.values())
    plain, rng = f, np.random.default_rng(3)
    f = lambda *args: plain(*copy.deepcopy(args))  # noqa: E731  (`overwrite_input`)
    try:
        expected = f(*args)
    except (TypeError, ValueError, IndexError, RuntimeError, np.linalg.LinAlgError):
        return "NumPy refuses"
    if any(np.isnan(leaf).any() for leaf in leaves(expected)):
        return "NumPy refuses"
    directions = [np.where(np.isnan(a), 0, random_like(a, rng))[()] if is_float(a) else None for a in args]
    active = [k for k, a in enumerate(args) if is_float(a)]
    seed = random_seed(expected, rng)
    try:
        value, pullback = cr.vjp(plain, *copy.deepcopy(args))
        gradients = pullback(seed)
    except cr.errors.UnsupportedError as error:
        if not refused(error, parameter):
            raise AssertionError(f"{text}: refused without naming {parameter!r}: {error}") from error
        return "refused"
    low = "float32" in text
    flat = lambda v: [np.asarray(x) for x in (v if isinstance(v, (tuple, list)) else [v])]  # noqa: E731
    for got, want in zip(flat(value), flat(expected)):
        assert got.dtype == want.dtype and got.shape == want.shape, (text, got.dtype, want.dtype, got.shape, want.shape)
        np.testing.assert_allclose(got, want, rtol=1e-5 if low else 1e-9, atol=1e-6 if low else 1e-11, err_msg=text)
    found = sum(dot(np.where(np.isnan(args[k]), 0, gradients[k]), directions[k]) for k in active)
    if not low:
        wanted = richardson(lambda h: dot(seed, f(*moved(args, directions, h))))
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7, err_msg=f"{text}: reverse")
    try:
        forward(plain, copy.deepcopy(args), directions, active, seed, found) if not low else None
    except cr.errors.UnsupportedError as error:
        if not refused(error, parameter):
            raise AssertionError(f"{text}: refused in forward mode without naming {parameter!r}: {error}") from error
    return "known"


@pytest.mark.parametrize(("name", "value"), CASES, ids=[c[0] for c in CASES])
def test_parameters(name: str, value: Any) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = [p for p in parameters(name, value) if (name, p) not in EXEMPT]
        samples = calls(name)
        assert samples or not own, "no sample"
        for parameter in own:
            tried = []
            for call in samples[:6]:
                if f"{parameter}=" in call.text:
                    tried.append(check(call.plain(), call, parameter))
                    continue
                for text in attempts(call, parameter):
                    tried.append(check(text, call, parameter))
                    if tried.count("known") + tried.count("refused") >= 4:
                        break
            assert "known" in tried or "refused" in tried, f"no value is known that NumPy takes for {parameter!r}: {tried}"
