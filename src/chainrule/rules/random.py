"""Random numbers: the functions of `np.random`, the methods of its generators, and those of the standard library's `random`.

A draw is an operation that runs once, in order, whatever becomes of its result: the state of the generator must be afterwards what
it is after the function itself. Its result is a new object, and the same in both sweeps.

A draw whose parameters carry no derivative is a constant. One from a family

    y = rng.normal(mu, sigma, n)     is     z = rng.standard_normal(n); y = mu + sigma * z

which is how NumPy computes it, from the same stream: then the derivative (of the sample with respect to the parameters) is that of ordinary
arithmetic, also where sigma is zero. `FAMILIES` says for which distributions, and how. All others have no such derivative.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import runtime
from ..ir.nodes import Arg, Let, Var
from ..ir.ops import OPS, Op, Param, define
from ..ir.probe import probe
from ..ir.types import OBJECT, Array, Opaque, Type
from . import infer
from .call import Call
from .table import FUNCTIONS, Row, RowError, _enter, parse, refuse

_standard: Any = importlib.import_module("random")  # named, never called

# The classes that draw. Of each a specimen of our own, on which the types of results are tried: never on the user's.
SPECIMENS: dict[str, Any] = {
    "np.random.Generator": np.random.Generator(np.random.PCG64(0)),
    "np.random.RandomState": np.random.RandomState(0),
    "random.Random": _standard.Random(0),
}
CLASSES: dict[type, str] = {type(specimen): name for name, specimen in SPECIMENS.items()}
MODULES: dict[str, tuple[Any, str]] = {"np.random": (np.random, "np.random.RandomState"), "random": (_standard, "random.Random")}

# Draws whose parameters, if they have any, are integers or change the result in jumps, or not at all.
_CONSTANT = {
    "np.random.Generator": [
        "random(size=None, dtype=None)", "standard_normal(size=None, dtype=None)", "standard_exponential(size=None, dtype=None, method='zig')",
        "integers(low, high=None, size=None, dtype=None, endpoint=False)", "standard_cauchy(size=None)",
        "choice(a, size=None, replace=True, p=None, axis=0, shuffle=True)", "permutation(x, axis=0)", "bytes(length)",
    ],
    "np.random.RandomState": [
        "random(size=None)", "random_sample(size=None)", "standard_normal(size=None)",
        "standard_exponential(size=None)", "standard_cauchy(size=None)", "rand(*shape)", "randn(*shape)", "randint(low, high=None, size=None, dtype=None)",
        "choice(a, size=None, replace=True, p=None)", "permutation(x)", "bytes(length)",
    ],
    "random.Random": ["random()", "randint(a, b)", "randrange(start, stop=None)", "getrandbits(k)", "randbytes(n)"],
}
# Draws with parameters that the sample may depend on: of these, a derivative only where FAMILIES has one.
_PARAMETERS = [
    "normal(loc=0.0, scale=1.0, size=None)", "uniform(low=0.0, high=1.0, size=None)", "laplace(loc=0.0, scale=1.0, size=None)",
    "logistic(loc=0.0, scale=1.0, size=None)", "gumbel(loc=0.0, scale=1.0, size=None)", "exponential(scale=1.0, size=None)",
    "rayleigh(scale=1.0, size=None)", "lognormal(mean=0.0, sigma=1.0, size=None)", "weibull(a, size=None)", "pareto(a, size=None)",
    "power(a, size=None)", "gamma(shape, scale=1.0, size=None)", "standard_gamma(shape, size=None)", "beta(a, b, size=None)",
    "chisquare(df, size=None)", "noncentral_chisquare(df, nonc, size=None)", "f(dfnum, dfden, size=None)", "noncentral_f(dfnum, dfden, nonc, size=None)",
    "standard_t(df, size=None)", "vonmises(mu, kappa, size=None)", "wald(mean, scale, size=None)", "triangular(left, mode, right, size=None)",
    "dirichlet(alpha, size=None)", "poisson(lam=1.0, size=None)", "binomial(n, p, size=None)", "negative_binomial(n, p, size=None)",
    "geometric(p, size=None)", "hypergeometric(ngood, nbad, nsample, size=None)", "logseries(p, size=None)", "zipf(a, size=None)",
    "multinomial(n, pvals, size=None)",
]
# Samples that are integers: they jump where a parameter moves.
_JUMPS = {
    "poisson": frozenset({"lam"}), "binomial": frozenset({"n", "p"}), "negative_binomial": frozenset({"n", "p"}), "geometric": frozenset({"p"}),
    "hypergeometric": frozenset({"ngood", "nbad", "nsample"}), "logseries": frozenset({"p"}), "zipf": frozenset({"a"}),
    "multinomial": frozenset({"n", "pvals"}), "choice": frozenset({"p"}),
}
_STANDARD_LIBRARY = [
    "gauss(mu=0.0, sigma=1.0)", "normalvariate(mu=0.0, sigma=1.0)", "uniform(a, b)", "expovariate(lambd=1.0)", "lognormvariate(mu, sigma)",
    "weibullvariate(alpha, beta)", "paretovariate(alpha)", "gammavariate(alpha, beta)", "betavariate(alpha, beta)", "vonmisesvariate(mu, kappa)",
    "triangular(low=0.0, high=1.0, mode=None)",
]


@dataclass(frozen=True)
class Family:
    """A distribution whose sample is a differentiable function of its parameters and of a standard sample z.

    draw:   how z is drawn: a draw of the same class, and its arguments, which may name parameters.
    value:  the sample, in terms of z and the parameters.
    checks: what the generator checks first: (helper, arguments).
    fixed:  parameters through which there is no derivative.
    """

    draw: str
    value: str
    checks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fixed: frozenset[str] = frozenset()

    def parsed(self) -> ast.expr:
        return ast.parse(self.value, mode="eval").body


def _nonnegative(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("rt.check_nonnegative", (repr(name), name)),)


def _positive(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("rt.check_positive", (repr(name), name)),)


_COMMON = {
    "normal": Family("standard_normal()", "loc + scale * z", _nonnegative("scale")),
    "laplace": Family("laplace()", "loc + scale * z", _nonnegative("scale")),
    "logistic": Family("logistic()", "loc + scale * z", _nonnegative("scale")),
    "gumbel": Family("gumbel()", "loc + scale * z", _nonnegative("scale")),
    "exponential": Family("standard_exponential()", "scale * z", _nonnegative("scale")),
    "rayleigh": Family("rayleigh()", "scale * z", _nonnegative("scale")),
    "lognormal": Family("standard_normal()", "np.exp(mean + sigma * z)", _nonnegative("sigma")),
    "weibull": Family("standard_exponential()", "z ** (1 / a)", _positive("a")),
    "power": Family("standard_exponential()", "(-np.expm1(-z)) ** (1 / a)", _positive("a")),
    "gamma": Family("standard_gamma(shape)", "scale * z", _nonnegative("scale"), frozenset({"shape"})),
}
FAMILIES: dict[tuple[str, str], Family] = {
    **{("np.random.Generator", name): family for name, family in _COMMON.items()},
    **{("np.random.RandomState", name): family for name, family in _COMMON.items()},
    ("np.random.Generator", "uniform"): Family("random()", "low + (high - low) * z", (("rt.check_range", ("low", "high", "True")),)),
    ("np.random.RandomState", "uniform"): Family("random_sample()", "low + (high - low) * z", (("rt.check_range", ("low", "high", "False")),)),
    ("np.random.Generator", "pareto"): Family("standard_exponential()", "np.expm1(z / a)", _positive("a")),
    ("np.random.RandomState", "pareto"): Family("standard_exponential()", "np.exp(z / a) - 1", _positive("a")),
    ("random.Random", "gauss"): Family("gauss(0.0, 1.0)", "mu + z * sigma"),
    ("random.Random", "normalvariate"): Family("normalvariate(0.0, 1.0)", "mu + z * sigma"),
    ("random.Random", "uniform"): Family("random()", "a + (b - a) * z"),
    ("random.Random", "expovariate"): Family("expovariate(1.0)", "z / lambd"),
    ("random.Random", "lognormvariate"): Family("normalvariate(0.0, 1.0)", "math.exp(mu + z * sigma)"),
    ("random.Random", "weibullvariate"): Family("expovariate(1.0)", "alpha * z ** (1 / beta)"),
    ("random.Random", "paretovariate"): Family("paretovariate(1.0)", "z ** (1 / alpha)"),
    ("random.Random", "gammavariate"): Family("gammavariate(alpha, 1.0)", "z * beta", (), frozenset({"alpha"})),
}


@dataclass(frozen=True)
class Draw:
    """A draw: the operation that it is, as a function of a module or as a method of a class."""

    op: str
    cls: str
    name: str

    @property
    def family(self) -> Family | None:
        return FAMILIES.get((self.cls, self.name))

    @property
    def is_method(self) -> bool:
        return self.op.startswith(self.cls)

    def sibling(self, name: str) -> str:
        """The operation of this name of the same class or module."""
        return f"{self.op.rpartition('.')[0]}.{name}"


DRAWS: dict[str, Draw] = {}  # by operation


def method(type: Type, name: str) -> Draw | None:
    """The draw that a method of an object of this type is."""
    return DRAWS.get(f"{type.name}.{name}") if isinstance(type, Opaque) else None


def function(f: Any) -> Draw | None:
    """The draw that a function is."""
    try:
        return DRAWS.get(FUNCTIONS.get(f, ""))
    except TypeError:
        return None


def draws(value: Any) -> bool:
    """Whether an object draws, or is what one that draws is made of: its state changes with each draw."""
    return isinstance(value, (np.random.Generator, np.random.RandomState, np.random.BitGenerator, np.random.SeedSequence, _standard.Random))


def module_states() -> Any:
    """The states of the generators that belong to modules."""
    return np.random.get_state(legacy=False), _standard.getstate()


def restore(states: Any) -> None:
    """Put the generators that belong to modules back."""
    np.random.set_state(states[0])
    _standard.setstate(states[1])


def _declare(cls: str, text: str, pull: Any) -> None:
    name, params, _ = parse(text)
    if not hasattr(SPECIMENS[cls], name):
        return  # not in this version
    specimen = _specimen(cls, name)
    if cls == "random.Random":  # which of its parameters have defaults depends on the version of Python
        own = inspect.signature(getattr(SPECIMENS[cls], name)).parameters
        params = tuple(Param(p.name) if own[p.name].default is inspect.Parameter.empty else p for p in params)
    _define(f"{cls}.{name}", cls, name, (Param("generator"), *params), pull, _on_object(name), specimen, skip=1)
    for prefix, (module, of) in MODULES.items():
        f = getattr(module, name, None)
        if of == cls and f is not None and type(getattr(f, "__self__", None)) is type(SPECIMENS[cls]):
            _define(f"{prefix}.{name}", cls, name, params, pull, f, specimen, skip=0)
            FUNCTIONS[f] = f"{prefix}.{name}"


def _define(op: str, cls: str, name: str, params: tuple[Param, ...], pull: Any, impl: Any, specimen: Any, skip: int) -> None:
    trial = Op(op, params[skip:], specimen)

    def infer(*args: Arg) -> Type:
        return probe(trial, args[skip:])

    define(Op(op, params, impl, infer, effect=True, fresh=True, cheap=False, method=bool(skip)))
    static = frozenset({"dtype", "axis", "replace", "endpoint", "method"} & {p.name for p in params})
    kind = "zero" if pull is None else "structural"
    names = tuple(p.name for p in params)
    _enter(Row(op, kind, pull=pull, static=static, constant=static | {"size", "generator"}, jumps=_JUMPS.get(name, frozenset()) & frozenset(names),
               names=names, keywords={n: n for n in names}))
    DRAWS[op] = Draw(op, cls, name)


def _specimen(cls: str, name: str) -> Any:
    """What the type of a draw is tried with: where the specimen would mind the numbers of a trial, better ones are chosen."""
    draw = getattr(SPECIMENS[cls], name)
    if name in ("integers", "randint"):
        def bounded(low: Any, high: Any = None, **more: Any) -> Any:
            return draw(np.zeros_like(low)[()], None if high is None else np.ones_like(high)[()], **more) if high is not None else draw(
                np.ones_like(low)[()], **more)

        return bounded
    if name == "choice" and cls != "random.Random":
        return lambda a, replace=True, p=None, **more: draw(a, **more)
    if name == "multinomial":
        return lambda n, pvals, **more: draw(n, np.full(np.shape(pvals), 1 / np.shape(pvals)[-1]), **more)
    return draw


def _on_object(name: str) -> Any:
    def call(generator: Any, *args: Any, **keywords: Any) -> Any:
        return getattr(generator, name)(*args, **keywords)

    return call


def _no_derivative(let: Let, call: Call) -> None:
    for param, arg in zip(OPS[let.op].params, let.args):
        if isinstance(arg, Var) and call.active(arg):
            raise RowError(f"`{let.op.rpartition('.')[2]}` with a parameter `{param.name}` that is differentiated",
                           "the sample is not a function of it with a known derivative",
                           "differentiate the logarithm of the density instead, or draw from a family with location and scale", certain=True)


def _multivariate(let: Let, call: Call) -> None:
    """rng.multivariate_normal(mean, cov): the mean is added; how the covariance is taken apart is the generator's affair."""
    names = [p.name for p in OPS[let.op].params]
    mean, cov = let.args[names.index("mean")], let.args[names.index("cov")]
    if isinstance(cov, Var) and call.active(cov):
        raise RowError("`multivariate_normal` with a covariance that is differentiated", "which root of it the generator takes is not known",
                       "mean + np.linalg.cholesky(cov) @ rng.standard_normal(len(mean))", certain=True)
    if isinstance(mean, Var) and call.active(mean):
        call.add(mean, call.full())


for _cls, _texts in _CONSTANT.items():
    for _text in _texts:
        _declare(_cls, _text, None)
for _cls in ("np.random.Generator", "np.random.RandomState"):
    for _text in _PARAMETERS:
        _declare(_cls, _text, _no_derivative)
    _declare(_cls, "multivariate_normal(mean, cov, size=None)", _multivariate)
for _text in _STANDARD_LIBRARY:
    _declare("random.Random", _text, _no_derivative)

for _name in ("ranf", "sample"):
    FUNCTIONS[getattr(np.random, _name)] = "np.random.random_sample"

# Generators that are made inside: each call makes another one. What they are seeded with carries no derivative. They are effects, as the
# draws are: a program that begins again goes on with the generator that it has.
MAKERS = {"random.Random"}
for _name, _result in (("default_rng(seed=None)", "np.random.Generator"), ("RandomState(seed=None)", "np.random.RandomState"),
                       ("Generator(bit_generator)", "np.random.Generator"), ("PCG64(seed=None)", "np.random.PCG64"),
                       ("MT19937(seed=None)", "np.random.MT19937"), ("Philox(seed=None)", "np.random.Philox"),
                       ("SFC64(seed=None)", "np.random.SFC64"), ("SeedSequence(entropy=None)", "np.random.SeedSequence")):
    _head, _params, _ = parse(_name)
    _made = Opaque(_result)
    _function = getattr(np.random, _head)
    define(Op(f"np.random.{_head}", _params, _function, lambda *_, made=_made: made, effect=True, fresh=True, cheap=False))
    _enter(Row(f"np.random.{_head}", "zero", names=tuple(p.name for p in _params), keywords={p.name: p.name for p in _params}))
    FUNCTIONS[_function] = f"np.random.{_head}"
    MAKERS.add(f"np.random.{_head}")
define(Op("random.Random", (Param("x", None),), _standard.Random, lambda *_: Opaque("random.Random"), effect=True, fresh=True, cheap=False))
_enter(Row("random.Random", "zero", names=("x",), keywords={"x": "x"}))
FUNCTIONS[_standard.Random] = "random.Random"

for _name in ("np.random.RandomState", "np.random.Generator", "random.Random"):  # the functions of the modules are methods of these
    refuse(_name, because="this draw is not in the table of those that can be differentiated through", instead="draw outside the function and pass the sample in")

def _shuffled(generator: Any, n: int) -> Any:
    """The order into which a generator shuffles a list."""
    order = list(range(n))
    generator.shuffle(order)
    return np.array(order, dtype=int)


def _sampled(generator: Any, n: int, k: int) -> Any:
    """The positions that a generator of the standard library samples."""
    return np.array(generator.sample(range(n), k), dtype=int)


for _name, _parameters, _function in (("py.shuffled", "generator n", _shuffled), ("py.sampled", "generator n k", _sampled)):
    define(Op(_name, tuple(map(Param, _parameters.split())), _function, lambda *args: Array("int64", infer.extents_of(args[-1])),
              effect=True, fresh=True, cheap=False))
    _enter(Row(_name, "zero"))

# Statements without a result: what a generator checks before it draws, and the functions that set its state.
for _name, _arguments in (("check_nonnegative", "name value"), ("check_positive", "name value"), ("check_range", "low high ordered")):
    define(Op(f"rt.{_name}", tuple(map(Param, _arguments.split())), getattr(runtime, _name), lambda *_: OBJECT, effect=True))
    _enter(Row(f"rt.{_name}", "zero"))
for _op, _function, _cls in (("np.random.seed", np.random.seed, ""), ("random.seed", _standard.seed, ""),
                             ("np.random.RandomState.seed", _on_object("seed"), "np.random.RandomState"),
                             ("random.Random.seed", _on_object("seed"), "random.Random")):
    _seed = "a" if _op.startswith("random.") else "seed"
    _params = ((Param("generator"),) if _cls else ()) + (Param(_seed, None),)
    define(Op(_op, _params, _function, lambda *_: OBJECT, effect=True, method=bool(_cls)))
    _enter(Row(_op, "zero", names=tuple(p.name for p in _params), keywords={_seed: _seed}))
    DRAWS[_op] = Draw(_op, _cls or _op.rpartition(".")[0], "seed")
    if not _cls:
        FUNCTIONS[_function] = _op

# What leaves no trace when it runs on copies of generators, and the modules' own are put back.
HARMLESS = frozenset({*DRAWS, *MAKERS, "py.shuffled", "py.sampled", "rt.check_nonnegative", "rt.check_positive", "rt.check_range"})
