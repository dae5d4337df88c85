"""Programs with much of the language around the numbers: parsers, registries, managers, generators, logs."""

from __future__ import annotations

import abc
import contextlib
import functools
import itertools
import json
import logging
import math
import operator
import re
import statistics
import time
import warnings
from collections import ChainMap, Counter, defaultdict, namedtuple
from dataclasses import asdict, astuple, dataclass, field, fields
from enum import Enum, auto
from types import SimpleNamespace
from typing import Callable, NamedTuple, Protocol

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(9)
log = logging.getLogger(__name__)


# -- expression trees ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Binary:
    op: str
    left: object
    right: object


@dataclass(frozen=True)
class Call:
    function: str
    args: tuple


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow}


def evaluate(tree, env):
    match tree:
        case Number(value):
            return value
        case Name(name) if name in env:
            return env[name]
        case Name(name):
            raise KeyError(name)
        case Binary("*", Number(1.0), other) | Binary("*", other, Number(1.0)):
            return evaluate(other, env)
        case Binary(op, left, right):
            return OPERATORS[op](evaluate(left, env), evaluate(right, env))
        case Call("if", (condition, yes, no)):
            return evaluate(yes, env) if evaluate(condition, env) > 0 else evaluate(no, env)
        case Call(function, args):
            return getattr(math, function)(*(evaluate(a, env) for a in args))


@program({"x": 1.3, "y": 0.4})
def expression_tree(env):
    """An interpreter of dataclass trees by pattern matching."""
    x, y = Name("x"), Name("y")
    tree = Binary("+", Call("sin", (Binary("*", x, y),)), Binary("^", x, Number(3.0)))
    tree = Binary("*", tree, Number(1.0))
    tree = Call("if", (Binary("-", x, y), tree, Number(0.0)))
    return evaluate(tree, env) + evaluate(Binary("/", y, x), ChainMap({"y": 2.0}, env))


TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|([a-z]+)|(.))")


class Parser:
    """A recursive descent calculator over tokens."""

    def __init__(self, text, env):
        self.tokens = [m.groups() for m in TOKEN.finditer(text)]
        self.position = 0
        self.env = env

    def peek(self):
        return self.tokens[self.position][2] if self.position < len(self.tokens) else None

    def take(self):
        token = self.tokens[self.position]
        self.position += 1
        return token

    def expression(self):
        value = self.term()
        while self.peek() in ("+", "-"):
            value = OPERATORS[self.take()[2]](value, self.term())
        return value

    def term(self):
        value = self.factor()
        while self.peek() in ("*", "/"):
            value = OPERATORS[self.take()[2]](value, self.factor())
        return value

    def factor(self):
        number, name, symbol = self.take()
        if number is not None:
            return float(number)
        if name is not None:
            return self.env[name]
        if symbol == "-":
            return -self.factor()
        value = self.expression()
        self.take()
        return value


@program({"a": 1.5, "b": 2.0, "c": 0.3}, "a * (b + 3) / -c - a*b", by_values=True)
def parsed_formula(env, text):
    """A formula in text, parsed and evaluated with the parameters."""
    parser = Parser(text, env)
    value = parser.expression()
    assert parser.peek() is None
    return value * 0.1


class Dual(NamedTuple):
    real: float
    tail: float

    def __add__(self, other):
        return Dual(self.real + other.real, self.tail + other.tail)

    def __mul__(self, other):
        return Dual(self.real * other.real, self.real * other.tail + self.tail * other.real)


@program(1.7, 0.6)
def stack_machine(x, y):
    """Postfix code run by a table of operations, on numbers and on dual numbers of the user's."""

    def run(code, stack):
        for word in code.split():
            if word in OPERATORS:
                b, a = stack.pop(), stack.pop()
                stack.append(OPERATORS[word](a, b))
            elif word == "dup":
                stack.append(stack[-1])
            elif word == "swap":
                stack[-1], stack[-2] = stack[-2], stack[-1]
            else:
                stack.append(float(word))
        return stack.pop()

    a = run("dup * 3 + swap /", [y, x])
    b = run("dup * + ", [Dual(x, 1.0), Dual(y, 0.5)])
    return a + b.real * b.tail


# -- configuration ------------------------------------------------------------------------------------------------------

CONFIG = """
[model]
kind = spring
steps = 12
[solver]
method = heun
dt = 0.05
verbose = no
"""


@program(np.array([1.0, 0.0]), 2.0, by_values=True)
def configured_simulation(state, stiffness):
    """A simulation set up by an ini file, with a registry of methods and a log of what was done."""
    settings, section = defaultdict(dict), None
    for line in CONFIG.strip().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        else:
            key, _, value = line.partition(" = ")
            settings[section][key] = value
    steps, dt = int(settings["model"]["steps"]), float(settings["solver"]["dt"])
    verbose = settings["solver"].get("verbose", "no") == "yes"
    methods = {}

    def method(f):
        methods[f.__name__] = f
        return f

    rhs = lambda y: np.array([y[1], -stiffness * y[0] - 0.1 * y[1]])

    @method
    def euler(y):
        return y + dt * rhs(y)

    @method
    def heun(y):
        guess = euler(y)
        return y + dt / 2 * (rhs(y) + rhs(guess))

    step = methods[settings["solver"]["method"]]
    for n in range(steps):
        state = step(state)
        if verbose:
            print(n, state)
    log.info("finished after %d steps", steps)
    return np.sum(state**2)


@program({"rate": 0.1, "decay": 0.9}, '{"schedule": [1, 2, 3], "clip": 0.5}', by_values=True)
def json_schedule(params, text):
    """A JSON document of settings, numbers clipped and collected, a report in JSON again."""
    settings = json.loads(text)
    x, history = 1.0, []
    for epoch, count in enumerate(settings["schedule"]):
        rate = params["rate"] * params["decay"] ** epoch
        for _ in range(count):
            gradient = 2 * (x - 0.2)
            x -= rate * min(max(gradient, -settings["clip"]), settings["clip"])
        history.append({"epoch": epoch, "x": x})
    report = json.dumps([h["epoch"] for h in history])
    assert report == "[0, 1, 2]"
    return sum(h["x"] ** 2 for h in history)


@program([0.5, 1.2, 0.9])
def records_from_text(scale):
    """Rows of a table in text, numbers read by float, grouped and averaged."""
    table = """site  depth  value
    a  1  2.5
    b  2  1.5
    a  3  0.5
    """
    header, *lines = [line.split() for line in table.strip().splitlines()]
    Row = namedtuple("Row", header)
    rows = [Row(site, int(depth), float(value)) for site, depth, value in lines]
    groups = defaultdict(list)
    for row, s in zip(rows, scale):
        groups[row.site].append(row.value * s / row.depth)
    return sum(len(values) * (sum(values) / len(values)) ** 2 for values in groups.values())


# -- classes -------------------------------------------------------------------------------------------------------------


class Kernel(abc.ABC):
    """Composable covariance functions."""

    @abc.abstractmethod
    def __call__(self, a, b): ...

    def __add__(self, other):
        return Sum(self, other)

    def __mul__(self, other):
        return Product(self, other) if isinstance(other, Kernel) else Scaled(self, other)

    __rmul__ = __mul__


class RBF(Kernel):
    def __init__(self, length):
        self.length = length

    def __call__(self, a, b):
        return math.exp(-0.5 * ((a - b) / self.length) ** 2)


class Periodic(Kernel):
    def __init__(self, period):
        self.period = period

    def __call__(self, a, b):
        return math.exp(-2 * math.sin(math.pi * abs(a - b) / self.period) ** 2)


class Combined(Kernel):
    def __init__(self, *parts):
        self.parts = parts


class Sum(Combined):
    def __call__(self, a, b):
        return sum(p(a, b) for p in self.parts)


class Product(Combined):
    def __call__(self, a, b):
        return math.prod(p(a, b) for p in self.parts)


class Scaled(Kernel):
    def __init__(self, kernel, factor):
        self.kernel, self.factor = kernel, factor

    def __call__(self, a, b):
        return self.factor * self.kernel(a, b)


@program(0.7, 1.9, 0.5)
def kernel_algebra(length, period, amplitude):
    """Kernels added and multiplied by operators, a Gram matrix and its log-determinant."""
    kernel = amplitude * (RBF(length) * Periodic(period)) + RBF(2.0) * 0.1
    points = [0.0, 0.4, 1.1, 1.5]
    K = np.array([[kernel(a, b) for b in points] for a in points]) + 0.05 * np.eye(4)
    return np.linalg.slogdet(K)[1] + K[0, 3]


class Unit(Enum):
    METRE = 1.0
    FOOT = 0.3048
    INCH = 0.0254


@functools.total_ordering
class Length:
    """A quantity with a unit; compared and added in metres."""

    def __init__(self, value, unit=Unit.METRE):
        self.value, self.unit = value, unit

    @property
    def metres(self):
        return self.value * self.unit.value

    @classmethod
    def from_metres(cls, metres, unit):
        return cls(metres / unit.value, unit)

    def __add__(self, other):
        return Length.from_metres(self.metres + other.metres, self.unit)

    def __radd__(self, other):
        return self if other == 0 else NotImplemented

    def __eq__(self, other):
        return isinstance(other, Length) and self.metres == other.metres

    def __lt__(self, other):
        return self.metres < other.metres

    def __float__(self):
        return float(self.metres)

    def __format__(self, spec):
        return f"{self.value:{spec}} {self.unit.name.lower()}"


@program(3.0, 2.5, 40.0, by_values=True)
def quantities_with_units(metres, feet, inches):
    """Lengths in several units: summed, sorted, compared, formatted."""
    lengths = [Length(metres), Length(feet, Unit.FOOT), Length(inches, Unit.INCH)]
    total = sum(lengths)
    shortest, *_, longest = sorted(lengths)
    assert f"{Length(1.0, Unit.FOOT):.1f}" == "1.0 foot"
    ratio = longest.metres / shortest.metres if shortest < longest else 1.0
    return float(total) * ratio + max(lengths).value


class Observable:
    """A value that tells its listeners, and counts."""

    def __init__(self, value):
        self._value = value
        self.listeners = []
        self.__count = 0

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, new):
        old, self._value = self._value, new
        self.__count += 1
        for listener in self.listeners:
            listener(old, new)

    @property
    def count(self):
        return self.__count


@program(1.0, 0.3)
def observers(start, step):
    """An observable value whose listeners accumulate work and the largest jump."""
    work, jumps = [0.0], []
    signal = Observable(start)

    def add_work(old, new):
        work[0] += 0.5 * (old + new) * (new - old)

    signal.listeners.append(add_work)
    signal.listeners.append(lambda old, new: jumps.append(abs(new - old)))
    for k in range(4):
        signal.value = signal.value * math.cos(k * step) + step
    return work[0] + max(jumps) * signal.count


class Pipeline:
    """Stages chained by `|`, each a callable or a class with fit and transform."""

    def __init__(self, *stages):
        self.stages = stages

    def __or__(self, stage):
        return Pipeline(*self.stages, stage)

    def __call__(self, x):
        for stage in self.stages:
            x = stage.fit(x).transform(x) if hasattr(stage, "fit") else stage(x)
        return x


class Standardise:
    def fit(self, x):
        self.mean_, self.scale_ = x.mean(axis=0), x.std(axis=0)
        return self

    def transform(self, x):
        return (x - self.mean_) / self.scale_


@program(rng.normal(size=(6, 2)), 0.5)
def data_pipeline(x, power):
    """A pipeline built by operators, with stages of different kinds."""
    pipe = Pipeline() | np.abs | (lambda a: (a + 0.1) ** power) | Standardise() | functools.partial(np.clip, a_min=-1.0, a_max=1.2)
    return np.sum(pipe(x) ** 3 * np.arange(1.0, 13.0).reshape(6, 2))


# -- control ------------------------------------------------------------------------------------------------------------


class Timer:
    """Measures; what it measures is not in the result. Swallows a division by zero."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.begin = time.perf_counter()
        return self

    def __exit__(self, kind, error, trace):
        self.elapsed = time.perf_counter() - self.begin
        return kind is not None and issubclass(kind, ZeroDivisionError)


@program(2.0, 0.5, by_values=True)
def timed_and_guarded(x, y):
    """Timers around parts, a division by zero that a manager swallows, a suppressed error."""
    total = 0.0
    with Timer("first") as timer:
        total += x * y
    assert timer.elapsed >= 0
    with Timer("second"):
        total += x / (y - y)
        total += 1000.0
    with contextlib.suppress(KeyError):
        total += {"a": x}["b"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        total += math.sqrt(x)
    return total**2


def retry(times):
    """Decorator: try again with a smaller step where the function does not converge."""

    def wrap(f):
        @functools.wraps(f)
        def wrapped(x, step):
            for attempt in range(times):
                try:
                    return f(x, step)
                except ArithmeticError:
                    step = step / 2
            raise RuntimeError("no convergence")

        return wrapped

    return wrap


@retry(6)
def descend(x, step):
    for n in range(20):
        new = x - step * (4 * x**3 - 2)
        if abs(new) > 10:
            raise OverflowError(f"diverged in iteration {n}")
        x = new
    return x


@program(1.5, 0.4, by_values=True)
def retried_descent(x, step):
    """Gradient descent that is retried with smaller steps when it diverges."""
    return descend(x, step) ** 2 + 0.1 * x


def sliding(items, size):
    window = []
    for item in items:
        window.append(item)
        if len(window) == size:
            yield tuple(window)
            window.pop(0)


def random_walk(start, generator, drift):
    x = start
    while True:
        yield x
        x = x + drift + 0.1 * generator.normal()


@program(0.5, 0.02, by_values=True)
def generator_pipeline(start, drift):
    """Generators chained: a walk, windows over it, running maxima, taken until they are large."""
    walk = random_walk(start, np.random.default_rng(2), drift)
    smoothed = (sum(w) / len(w) for w in sliding(itertools.islice(walk, 20), 3))
    running = itertools.accumulate(smoothed, max)
    total = 0.0
    for n, value in enumerate(itertools.takewhile(lambda v: v < 2.0, running)):
        total += value / (n + 1)
    return total


def moving_average(n):
    """A coroutine that answers with the mean of what it was sent."""
    total, count, mean = 0.0, 0, None
    while count < n:
        value = yield mean
        total += value
        count += 1
        mean = total / count
    yield total


@program(np.array([0.3, 1.2, -0.5, 0.8]), by_values=True)
def coroutine_of_means(x):
    """A generator that is sent values, and answers."""
    averager = moving_average(len(x))
    next(averager)
    means = [averager.send(v) for v in x]
    return sum(m**2 for m in means)


class Phase(Enum):
    IDLE = auto()
    HEATING = auto()
    COOLING = auto()


@program(18.0, 0.8, 0.1, by_values=True)
def thermostat(temperature, power, loss):
    """A state machine in a match statement; energy used and comfort lost."""
    phase, energy, discomfort = Phase.IDLE, 0.0, 0.0
    changes = Counter()
    for minute in range(40):
        match phase:
            case Phase.IDLE if temperature < 19:
                phase = Phase.HEATING
            case Phase.HEATING if temperature > 21:
                phase = Phase.COOLING
            case Phase.COOLING if temperature < 20:
                phase = Phase.IDLE
        changes[phase.name] += 1
        if phase is Phase.HEATING:
            temperature += 0.5 * power
            energy += power
        temperature -= loss * (temperature - 10) * 0.1
        discomfort += (temperature - 20) ** 2
    return energy + 0.01 * discomfort + 0.1 * changes["HEATING"]


@dataclass
class Metrics:
    loss: float = 0.0
    norm: float = 0.0
    history: list = field(default_factory=list)
    extra: dict = field(default_factory=dict)

    def __iadd__(self, other):
        self.loss += other.loss
        self.norm = max(self.norm, other.norm)
        self.history.append(other.loss)
        return self


@program(np.array([0.5, -1.0, 2.0]))
def metrics_dataclass(w):
    """Metrics added up in place, taken apart by asdict, astuple and fields."""
    metrics = Metrics()
    for k in range(1, 4):
        r = w * k - 1
        metrics += Metrics(loss=float(r @ r), norm=float(np.abs(r).max()))
    plain = asdict(metrics)
    loss, norm, history, extra = astuple(metrics)
    names = [f.name for f in fields(metrics)]
    return plain["loss"] + norm * len(history) + names.index("norm") * loss + statistics.mean(history)


@program(0.3, 1.2, by_values=True)
def namespaces_and_grids(a, b):
    """A search over a grid of settings kept in namespaces; the best by its score."""
    results = []
    for depth, width in itertools.product((1, 2, 3), (0.5, 1.0)):
        setting = SimpleNamespace(depth=depth, width=width)
        setting.score = (a * depth - b) ** 2 + width * math.exp(-a * width)
        results.append(setting)
    best = min(results, key=lambda s: s.score)
    ranking = sorted(results, key=operator.attrgetter("score"), reverse=True)
    return best.score * best.depth + ranking[0].score


class Model(Protocol):
    def predict(self, x: float) -> float: ...


@dataclass
class Linear:
    slope: float
    offset: float = 0.0

    def predict(self, x: float) -> float:
        return self.slope * x + self.offset


@dataclass
class Power:
    exponent: float
    scale: float = 1.0

    def predict(self, x: float) -> float:
        return self.scale * x**self.exponent


@dataclass
class Ensemble:
    models: list[Model]
    weights: dict[str, float]

    def predict(self, x: float) -> float:
        total = sum(self.weights.values())
        return sum(self.weights[type(m).__name__] * m.predict(x) for m in self.models) / total


@program(1.2, 0.7, {"Linear": 1.0, "Power": 2.0})
def ensemble_of_models(slope, exponent, weights):
    """Models behind one protocol, weighted by the names of their classes; *args and **kwargs on the way."""

    def make(kind: Callable[..., Model], *args, **options) -> Model:
        return kind(*args, **options)

    ensemble = Ensemble([make(Linear, slope, offset=0.1), make(Power, exponent=exponent)], weights)
    data = [(0.5, 1.0), (1.0, 1.4), (2.0, 2.9)]
    return sum((ensemble.predict(x) - y) ** 2 for x, y in data)


@program(np.array([0.2, 0.7, 1.1]), by_values=True)
def progress_report(x):
    """Progress lines, formatted numbers, a report that is joined."""
    lines = []
    for n, v in enumerate(x, start=1):
        bar = "#" * n + "." * (len(x) - n)
        lines.append(f"{n:>3d}/{len(x)} [{bar}] {v:8.3f} {v:+.1e}")
    report = "\n".join(lines)
    assert report.count("#") == 6
    return np.sum(x**2) * len(lines)


@pytest.mark.parametrize("program", programs(__name__))
def test_software(program):
    program.check()
