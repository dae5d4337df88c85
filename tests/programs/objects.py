"""The group `objects`: classes of the program, their attributes, methods and operators."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import Array, Float, Object, fit

VECTOR = """
class Vec:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Vec(self.x + other.x, self.y + other.y)

    def __sub__(self, other):
        return Vec(self.x - other.x, self.y - other.y)

    def __mul__(self, k):
        return Vec(0.5 * self.x * k, 0.5 * self.y * k)

    __rmul__ = __mul__

    def __neg__(self):
        return Vec(-self.x, -self.y)

    def __iadd__(self, other):
        self.x = 0.5 * (self.x + other.x)
        self.y += 0.3 * other.y
        return self

    def __getitem__(self, k):
        return self.y if k else self.x

    def __len__(self):
        return 2

    def __iter__(self):
        yield self.x
        yield self.y

    def __lt__(self, other):
        return self.square < other.square

    def __call__(self, k):
        return self.x * k + self.y

    @property
    def square(self):
        return self.x * self.x + self.y * self.y

    def dot(self, other):
        return self.x * other.x + self.y * other.y
"""
METER = """
class Meter:
    unit = 0.5

    def __init__(self, total):
        self.total = total
        self.last = 0.0
        self.count = 0

    def add(self, value):
        self.total += self.unit * value
        self.last = value
        self.count += 1
        return self

    @property
    def mean(self):
        return self.total / max(self.count, 1)

    @staticmethod
    def scaled(value):
        return 0.5 * value

    @classmethod
    def started(cls, value):
        return cls(value * cls.unit)


class Fading(Meter):
    unit = 0.3

    def add(self, value):
        super().add(np.sin(value))
        self.total = 0.8 * self.total
        return self
"""
STATE = """
@dataclasses.dataclass
class State:
    pos: object
    vel: float = 0.5

    def stepped(self, dt):
        return State(self.pos + dt * self.vel, self.vel * 0.9)

    def step(self, dt):
        self.pos = self.pos + dt * self.vel
        self.vel -= dt * self.vel * self.vel
"""
PAIR = 'Pair = namedtuple("Pair", "a b")'


class Objects(Containers):
    """Statements with instances of user classes."""

    def small(self, limit: float = 1.0) -> str:
        return fit(self.scalar(1), limit).at(3)

    def things(self, cls: str) -> list[str]:
        return [name for name in self.names(Object) if self.scope[name].cls == cls]

    def vectors(self) -> bool:
        """Overloaded operators."""
        self.module.define("Vec", VECTOR)
        t = Object("Vec", (("x", Float()), ("y", Float())))
        a = self.fresh(t)
        self.emit(f"{a} = Vec({self.small()}, {self.small()})")
        others = self.things("Vec")
        self.bind(a, t)
        b = self.choice(others) if others and self.chance(70) else f"Vec({self.small()}, {self.small()})"
        s = self.fresh(Float())
        e = self.small()
        options: list[list[str]] = [
            [f"{s} = 0.5 * ({a} + {b}).x"], [f"{s} = 0.3 * ({a} - 0.5 * {b}).square"], [f"{a} += {b}"], [f"{s} = 0.5 * {a}.dot({b} * {e})"],
            [f"{s} = (-{a})[{self.choice([0, 1])}]"], [f"{a}.x, {a}.y = {a}.y, {a}.x"], [f"{a}.x *= {e}"], [f"{s} = 0.3 * sum(q for q in {a})"],
            [f"{s}, _ = {a}"], [f"{s} = 0.5 * len({a}) * {a}.y"], [f"{s} = {a}.x if {a} < {b} else {a}.y"], [f"{s} = 0.5 * {a}({e})"],
            [f"kept = {a}", f"kept.y = {e}", f"{s} = {a}.y"], [f"kept = [{a}, {b}]", f"kept[0].x = {e}", f"{s} = 0.5 * sum(q.x for q in kept)"],
            [f"kept = {a} * {e}", f"{a} = {a} + kept", f"{s} = 0.3 * {a}.x"], [f"{s} = 0.3 * max([{a}, {b}], key=lambda q: q.square).x"],
            [f"setattr({a}, 'x', {e})", f"{s} = getattr({a}, 'x')"], [f"{a}.extra = {e}", f"{s} = {a}.extra if hasattr({a}, 'extra') else 0.0"],
            ["for k1 in range(3):", f"    {a} = 0.9 * {a} + Vec({e}, 0.1 * k1)"], [f"if isinstance({a}, Vec) and {a}.x > {self.threshold()}:", f"    {a}.y = {e}"],
        ]  # fmt: skip
        lines = self.choice(options)
        self.emit(*lines)
        if any(line.startswith((f"{s} = ", f"{s}, ")) for line in lines):
            self.bind(s, Float())
        return True

    def accumulators(self) -> bool:
        """State inside an object: of floats, or of an array that others see."""
        self.module.define("Meter", METER)
        arrays = [(text, t) for text, t in self.arrays(writable=True) if t.shape[0]]
        cls = self.choice(["Meter", "Fading"])
        s, e = self.fresh(Float()), self.small(0.5)
        i = self.counter()
        if arrays and self.chance(45):
            text, t = self.choice(arrays)
            thing = Object("Meter", (("total", t), ("last", Float())))
            start = self.choice([text, f"{text}.copy()", f"np.zeros_like({text})"])
            name = self.fresh(thing)
            self.emit(f"{name} = {cls}({start})")
            lines = self.choice([
                [f"{name}.add({e})"], [f"for {i} in range(2):", f"    {name}.add({e} * {i})"], [f"{name}.total *= {e}"],
                [f"{name}.total[0] = {e}"], [f"{name}.add({e}).add({self.small(0.4)})"], [f"{text}[0] = {e}"],
                [f"{name}.total = {name}.total[::-1]", f"{name}.add({e})"],
            ])  # fmt: skip
            self.emit(*lines)
            self.bind(name, thing)
            return True
        thing = Object("Meter", (("total", Float()), ("last", Float())))
        name = self.fresh(thing)
        self.emit(f"{name} = {cls}({e})" if self.chance(70) else f"{name} = {cls}.started({e})")
        vector = self.vector()
        lines = [f"{s} = {name}.add({e}).total"]
        if vector:
            lines = self.choice([
                [f"for q in {vector[0]}:", f"    {name}.add(0.5 * q)", f"{s} = {name}.mean"], [f"{s} = {name}.scaled({name}.add({vector[0]}[0]).last)"],
                [f"other1 = {name}", f"other1.add({e})", f"{s} = 0.5 * {name}.total * {name}.count"],
                [f"for q in {vector[0]}:", f"    if q > {self.threshold()}:", f"        {name}.add(q)", f"{s} = 0.5 * {name}.last"],
                [f"meters = {{'a': {name}}}", f"meters['a'].add({e})", f"{s} = {name}.mean"],
                [f"step1 = {name}.add", f"step1({e})", f"{s} = {name}.last"],
            ])  # fmt: skip
        self.emit(*lines)
        self.bind(s, Float())
        self.bind(name, thing)
        return True

    def records(self) -> bool:
        """Dataclasses and named tuples, made inside."""
        e, f, s = self.small(), self.small(), self.fresh(Float())
        if self.chance(50):
            self.module.define("Pair", PAIR)
            t = Object("Pair", (("a", Float()), ("b", Float())), fixed=True)
            name = self.fresh(t)
            self.emit(f"{name} = Pair({e}, {f})")
            lines = self.choice([
                [f"{name} = {name}._replace(a={self.small()})"], [f"{s}, _ = {name}"], [f"{s} = {name}.a * {name}[1]"], [f"{s} = 0.5 * sum({name})"],
                [f"{name} = Pair(*{name}[::-1])"], [f"{name} = Pair(a={name}.b, b={name}.a)"], ["for k1 in range(3):", f"    {name} = Pair({name}.b, 0.5 * {name}.a + {f})"],
                [f"{s} = {name}._asdict()['b']"],
            ])  # fmt: skip
            self.emit(*lines)
        else:
            self.module.define("State", STATE)
            arrays = self.views(self.shapes[0], writable=True)
            of_array = bool(arrays) and self.chance(40)
            item = Array(self.shapes[0]) if of_array else Float()
            start = self.choice(arrays)[0] if of_array else e
            t = Object("State", (("pos", item), ("vel", Float())))
            name = self.fresh(t)
            self.emit(f"{name} = State({start}, {f})" if self.chance(60) else f"{name} = State(pos={start})")
            lines = self.choice([
                [f"{name}.step({self.small(0.3)})"], ["for k1 in range(2):", f"    {name} = {name}.stepped({self.small(0.3)})"], [f"{name}.vel *= {e}"],
                [f"{name} = dataclasses.replace({name}, vel={e})"], [f"{name}.pos = {name}.pos * {e}"], [f"{s} = {name}.stepped(0.1).vel"],
                [f"kept = {name}", f"kept.vel = {e}", f"{s} = {name}.vel"], ["for k1 in range(3):", f"    if {name}.vel > {self.threshold()}:", f"        {name}.step(0.2)"],
                [f"kept = [State(q, {f}) for q in ({e}, 0.3)]", "for q in kept:", "    q.step(0.1)", f"{s} = 0.5 * (kept[0].pos + kept[1].vel)"],
            ])  # fmt: skip
            self.emit(*lines)
        self.bind(name, t)
        if any(line.startswith((f"{s} = ", f"{s}, ")) for line in lines):
            self.bind(s, Float())
        return True
