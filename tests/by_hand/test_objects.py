"""Objects of ordinary classes, made and changed inside the differentiated function."""

from __future__ import annotations

import abc
import copy
import dataclasses
import enum
import functools
from dataclasses import InitVar, dataclass, field
from typing import NamedTuple

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


class Vec3:
    """Vectors that are never changed."""

    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    @classmethod
    def of(cls, values):
        return cls(values[0], values[1], values[2])

    @staticmethod
    def zero():
        return Vec3(0.0, 0.0, 0.0)

    def plus(self, other):
        return Vec3(self.x + other.x, self.y + other.y, self.z + other.z)

    def times(self, factor):
        return type(self)(self.x * factor, self.y * factor, self.z * factor)

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    @property
    def norm(self):
        return np.sqrt(self.dot(self))


class Particle:
    """Position and velocity, changed in place and rebound."""

    drag = 0.1

    def __init__(self, position, velocity, mass=2.0):
        self.position = position
        self.velocity = velocity
        self.mass = mass

    def kick(self, force, dt):
        self.velocity = self.velocity + dt * (force / self.mass - self.drag * self.velocity)

    def drift(self, dt):
        self.position += dt * self.velocity

    def bounce(self):
        if self.position[0] < 1.0:
            self.velocity[0] = -self.velocity[0] * 0.9
            self.position[0] = 2.0 - self.position[0]

    @property
    def energy(self):
        return 0.5 * self.mass * np.sum(self.velocity ** 2)


@case(X)
def vectors(x):
    v = Vec3.of(x)
    w = v.times(x[0]).plus(Vec3.zero()).plus(Vec3(1.0, x[1], 2.0))
    return w.norm * v.dot(w)


@case(X, 4)
def a_vector_rebound_in_a_loop(x, n):
    v = Vec3.of(x)
    total = 0.0
    for i in range(n):
        v = v.plus(v.times(0.1 * x[0]))
        total += v.norm * i
    return total + v.x


@case(X, 0)
def a_loop_without_iterations(x, n):
    v = Vec3.of(x)
    for _ in range(n):
        v = v.times(2.0)
    return v.norm


@case(X, 5)
def particle(x, n):
    p = Particle(x * 1.0, np.ones(3) * x[1])
    for _ in range(n):
        p.kick(-p.position, 0.1)
        p.drift(0.1)
        p.bounce()
    return p.energy + np.sum(p.position)


@case(X, 3)
def two_particles_that_share_an_array(x, n):
    shared = x * 2.0
    a = Particle(shared, x * 1.0)
    b = Particle(shared, x * 0.5)
    for _ in range(n):
        a.drift(0.1)
        b.drift(0.2)
    return np.sum(a.position * b.position) + np.sum(shared)


@case(X)
def two_names_of_one_object(x):
    p = Particle(x * 1.0, x * 2.0)
    q = p
    q.mass = x[0]
    p.kick(x, 0.1)
    q.velocity[1] = x[2]
    return p.energy + q.mass


@case(X, 3)
def particles_in_a_list(x, n):
    ps = [Particle(x * float(k), x + k) for k in range(3)]
    for _ in range(n):
        for p in ps:
            p.kick(-p.position, 0.05)
        for p in ps:
            p.drift(0.05)
    return sum(p.energy for p in ps) + np.sum(ps[-1].position)


@case(X)
def particles_in_a_dictionary(x):
    ps = {"sun": Particle(x * 0.0, x * 0.0, 100.0), "earth": Particle(x * 1.0, x * 2.0)}
    for name, p in ps.items():
        p.kick(x, 0.1)
        ps[name].mass *= x[0]
    return ps["sun"].energy * ps["earth"].mass


@case(X)
def made_in_either_branch(x):
    if x[0] > 1.0:
        v = Vec3(x[0], x[1], x[2])
    else:
        v = Vec3(x[2], x[1], 1.0)
    return v.norm + v.x


@case(X)
def made_anew_in_a_branch(x):
    p = Particle(x * 1.0, x * 2.0)
    if x[1] > 2.0:
        p = Particle(x * 3.0, p.velocity * x, x[0])
    p.position[0] = x[1]
    return p.energy + np.sum(p.position * p.mass)


@case(X)
def one_of_two(x):
    a, b = Particle(x * 1.0, x * 2.0), Particle(x * 3.0, x * 0.5)
    p = a if x[0] > 1.5 else b
    p.mass = x[1]
    p.velocity[0] *= 3.0
    p.position = p.position * 2.0
    return a.energy + 2.0 * b.energy + np.sum(a.position) + p.mass


@case(X)
def an_attribute_set_in_one_branch(x):
    p = Particle(x * 1.0, x * 2.0)
    if x[0] > 1.0:
        p.charge = x[0] * 2.0
    else:
        p.charge = 0.0
    if x[1] > 2.0:
        p.spin = x[1]
    if x[1] > 2.0:
        return p.charge * p.spin + p.energy
    return p.charge


@case(X, 3)
def an_attribute_first_set_in_a_loop(x, n):
    p = Particle(x * 1.0, x * 2.0)
    for i in range(n):
        p.last = x * i
        p.mass = p.mass + np.sum(p.last)
    return p.mass


@case(X)
def getattr_and_friends(x):
    p = Particle(x * 1.0, x * 2.0)
    setattr(p, "extra", x[0])
    for name in ("mass", "extra"):
        setattr(p, name, getattr(p, name) * x[1])
    if hasattr(p, "missing"):
        return 0.0
    del p.extra
    known = 1.0 if hasattr(p, "extra") else 3.0
    p.__dict__["fresh"] = x[2]
    more = sum(np.sum(value) for value in vars(p).values())
    return known * p.mass + getattr(p, "missing", x[1]) + more + p.fresh * len(type(p).__name__) + (1.0 if p.__class__ is Particle else 0.0)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self):
        ...

    def twice(self):
        return 2.0 * self.area()


class Scaled:
    factor = 1.5

    def area(self):
        return self.factor * super().area()


class Rectangle(Shape):
    def __init__(self, a, b):
        self.a, self.b = a, b

    def area(self):
        return self.a * self.b


class ScaledSquare(Scaled, Rectangle):
    def __init__(self, a):
        super().__init__(a, a)

    def twice(self):
        return super(ScaledSquare, self).twice() + Rectangle.area(self)


@case(X)
def abstract_classes_and_mixins(x):
    total = 0.0
    for shape in (Rectangle(x[0], x[1]), ScaledSquare(x[2])):
        total += shape.twice()
        if isinstance(shape, Scaled):
            total *= shape.factor
    return total * (1.0 if issubclass(ScaledSquare, Shape) else 0.0)


class Account:
    """Properties with setter and deleter, private names."""

    __rate = 0.05

    def __init__(self, balance):
        self.__balance = balance
        self.history = []

    @property
    def balance(self):
        return self.__balance

    @balance.setter
    def balance(self, value):
        self.history.append(self.__balance)
        self.__balance = value if value > 0.0 else 0.1 * value

    @balance.deleter
    def balance(self):
        self.__balance = 1.0

    def year(self):
        self.balance = self.balance * (1.0 + Account.__rate)


@case(X)
def account(x):
    a = Account(x[0])
    a.balance += x[1]
    for _ in range(3):
        a.year()
    a.balance -= 100.0 * x[2]
    first = a.balance
    del a.balance
    return first * a.balance + sum(a.history)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b=None):
        self.a = a
        self.b = a.copy() if b is None else b


class MoreSlots(Slotted):
    __slots__ = ("c",)

    def __init__(self, a, c):
        super().__init__(a)
        self.c = c


@case(X, 3)
def slots(x, n):
    s = MoreSlots(x * 1.0, x[0])
    for _ in range(n):
        s.a = s.a * s.c
        s.c *= 1.1
    s.b[0] = 3.0
    return np.sum(s.a * s.b) + s.c


class Lazy:
    def __init__(self, x):
        self.x = x
        self.count = 0

    @functools.cached_property
    def square(self):
        self.count += 1
        return self.x * self.x

    def __getattr__(self, name):
        if name == "cube":
            return self.x ** 3
        raise AttributeError(name)


@case(X)
def cached_and_computed_attributes(x):
    lazy = Lazy(x * 1.0)
    a = np.sum(lazy.square)
    lazy.square[0] = 7.0
    return a * np.sum(lazy.square) * lazy.count + np.sum(lazy.cube)


class Positive:
    """A descriptor."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        return getattr(instance, self.name)

    def __set__(self, instance, value):
        setattr(instance, self.name, np.abs(value))


class Measured:
    value = Positive()
    other = Positive()

    def __init__(self, value, other):
        self.value, self.other = value, other


@case(X4)
def descriptors(x):
    m = Measured(x[0], x[1])
    m.value = m.value * x[2] * -1.0
    return m.value * m.other


@dataclass
class Body:
    mass: float
    position: np.ndarray
    velocity: np.ndarray = None
    trail: list = field(default_factory=list)
    scale: InitVar[float] = 1.0
    weight: float = field(init=False, default=0.0)
    kind: str = "body"

    def __post_init__(self, scale):
        self.weight = self.mass * 9.81 * scale
        if self.velocity is None:
            self.velocity = np.zeros(3)

    def step(self, dt):
        self.trail.append(self.position)
        self.velocity = self.velocity - dt * self.position
        self.position = self.position + dt * self.velocity


@dataclass(frozen=True)
class State:
    x: np.ndarray
    t: float = 0.0

    def moved(self, dt):
        return dataclasses.replace(self, x=self.x + dt * np.sin(self.x), t=self.t + dt)


@dataclass
class Named(Body):
    name: str = "?"

    def step(self, dt):
        super().step(2.0 * dt)


@dataclass(order=True)
class Version:
    major: float
    minor: float


@case(X)
def dataclass_with_everything(x):
    b = Body(x[0], x * 1.0, scale=x[1])
    for _ in range(3):
        b.step(0.1)
    n = Named(2.0, x * 2.0, x * 1.0, name="n")
    n.step(0.1)
    return np.sum(b.position) * b.weight + sum(np.sum(t) for t in b.trail) + np.sum(n.position) * len(n.name) * len(b.kind)


@case(X, 4)
def frozen_dataclass_in_a_loop(x, n):
    s = State(x)
    for _ in range(n):
        s = s.moved(0.1)
    return np.sum(s.x) + s.t


@case(X)
def dataclass_functions(x):
    s = State(x * 2.0, x[0])
    d = dataclasses.asdict(s)
    d["x"][0] = 1.0
    a, t = dataclasses.astuple(s)
    names = [f.name for f in dataclasses.fields(s)]
    again = State(x * 2.0, x[0])
    return np.sum(s.x) * np.sum(d["x"]) + np.sum(a) * t * len(names) + (1.0 if s.t == again.t else 0.0) + (5.0 if dataclasses.is_dataclass(s) else 0.0)


@case(X)
def ordered_dataclasses(x):
    a, b = Version(x[0], x[1]), Version(x[0], x[2])
    best = x[0] if a < b else x[1]
    same = 2.0 if a == b else 3.0
    return best * same * (a.major + b.minor)


class Point(NamedTuple):
    x: float
    y: float = 1.0

    def dist(self, other):
        return np.hypot(self.x - other.x, self.y - other.y)

    @property
    def swapped(self):
        return Point(self.y, self.x)


@case(X, 3)
def named_tuples_with_methods(x, n):
    p, q = Point(x[0], x[1]), Point(y=x[2], x=1.0)
    for _ in range(n):
        p = Point(p.x * 1.1, p.y + q.x)
    return p.dist(q) + p.swapped.x + Point(x[0]).y + p._replace(x=2.0).x + q[1]


class Mode(enum.Enum):
    LINEAR = 1
    QUADRATIC = 2

    def apply(self, x):
        return x if self is Mode.LINEAR else x * x


@case(X)
def enum_members(x):
    total = 0.0
    for mode in (Mode.LINEAR, Mode.QUADRATIC):
        total += np.sum(mode.apply(x)) * mode.value
        if mode == Mode.QUADRATIC:
            total *= len(mode.name)
    return total


class Layer:
    def __init__(self, w, b, activation=np.tanh):
        self.w, self.b, self.activation = w, b, activation

    def __call__(self, x):
        return self.activation(self.w @ x + self.b)


class Network:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@case(M, X)
def network(m, x):
    net = Network([Layer(m, np.ones(2)), Layer(m.T, x, activation=lambda z: z * z)])
    return np.sum(net.forward(x))


class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right

    def total(self):
        result = self.value
        if self.left is not None:
            result = result + self.left.total() * 2.0
        if self.right is not None:
            result = result * self.right.total()
        return result


def insert(node, value):
    if node is None:
        return Node(value)
    node.left = insert(node.left, value * 0.5)
    return node


@case(X)
def tree(x):
    root = Node(x[0], Node(x[1], Node(x[2] * x[0])), Node(x[2], None, Node(x[0])))
    return root.total()


@case(X)
def tree_that_grows(x):
    root = Node(x[0])
    for value in (x[1], x[2]):
        root = insert(root, value)
    return root.total() * root.left.left.value


@case(X)
def linked_list(x):
    head = None
    for k in range(3):
        head = Node(x[k] * 2.0, head)
    total = 1.0
    node = head
    while node is not None:
        total = total * node.value + x[0]
        node = node.left
    return total


class Kalman:
    def __init__(self, x, p, q, r):
        self.x, self.p, self.q, self.r = x, p, q, r

    def predict(self, f):
        self.x = f @ self.x
        self.p = f @ self.p @ f.T + self.q

    def update(self, z):
        h = np.array([[1.0, 0.0]])
        s = h @ self.p @ h.T + self.r
        gain = self.p @ h.T @ np.linalg.inv(s)
        self.x = self.x + gain @ (z - h @ self.x)
        self.p = (np.eye(2) - gain @ h) @ self.p

    def run(self, f, zs):
        loss = 0.0
        for z in zs:
            self.predict(f)
            loss = loss + (z - self.x[0]) ** 2
            self.update(np.array([z]))
        return loss


@case(X)
def kalman_filter(x):
    k = Kalman(np.array([x[0], 0.1]), np.eye(2) * x[1], np.eye(2) * 0.01, np.array([[0.5]]) * x[2])
    return k.run(np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([1.0, 1.2, 0.9]))


class Simulation:
    def __init__(self, n, dt):
        self.bodies = [Particle(np.zeros(2) + k, np.ones(2) * k, 1.0 + k) for k in range(n)]
        self.dt = dt
        self.time = 0.0
        self.log = {"energy": 0.0, "steps": 0}

    def step(self, strength):
        for a in self.bodies:
            force = np.zeros(2)
            for b in self.bodies:
                if a is not b:
                    d = b.position - a.position
                    force += strength * d / (np.sum(d * d) + 0.1)
            a.kick(force, self.dt)
        for a in self.bodies:
            a.drift(self.dt)
        self.time += self.dt
        self.log["energy"] = sum(a.energy for a in self.bodies)
        self.log["steps"] += 1

    def run(self, strength, steps):
        for _ in range(steps):
            self.step(strength)
        return self.log["energy"] + self.time


@case(X, 4)
def simulation(x, n):
    s = Simulation(3, 0.05 * x[0])
    return s.run(x[1], n) + np.sum(s.bodies[0].position) * s.log["steps"]


@case(X)
def copies(x):
    p = Particle(x * 1.0, x * 2.0)
    q, r = copy.copy(p), copy.deepcopy(p)
    p.position[0] = 5.0
    q.mass = x[0]
    r.velocity[1] = x[1]
    return np.sum(q.position * p.mass) + np.sum(r.position) * q.mass + p.energy * r.energy


@case(X)
def bound_methods_as_values(x):
    p = Particle(x * 1.0, x * 2.0)
    drift, kick = p.drift, Particle.kick
    p.drift = None
    drift(0.1)
    kick(p, x, 0.2)
    apply = [lambda: p.energy, lambda: p.mass]
    return apply[0]() + apply[1]() + np.sum(p.position)


class Optimizer:
    """Momentum."""

    def __init__(self, rate):
        self.rate = rate
        self.moment = None

    def update(self, w, g):
        if self.moment is None:
            self.moment = np.zeros_like(w)
        self.moment = 0.9 * self.moment + g
        return w - self.rate * self.moment


@case(X, 4)
def optimizer_with_a_lazy_state(x, n):
    opt = Optimizer(0.1 * x[0])
    w = x * 1.0
    for _ in range(n):
        w = opt.update(w, 2.0 * (w - 1.0))
    return np.sum(w * w)


class Counter:
    made = 0.5

    def __new__(cls, x):
        self = super().__new__(cls)
        self.early = x * 2.0
        return self

    def __init__(self, x):
        self.late = self.early * x * self.made


@case(X)
def a_class_with_new(x):
    c = Counter(x[0])
    return c.early * c.late


@case(X, 3)
def nested_objects_in_a_loop(x, n):
    p = Particle(Vec3.of(x), Vec3(x[1], 0.0, 1.0))
    for _ in range(n):
        p.position = p.position.plus(p.velocity.times(0.1))
        if p.position.x > 1.5:
            p.velocity = p.velocity.times(0.5)
    return p.position.norm + p.velocity.x


@case(X, 3)
def an_object_that_is_rebound_and_changed(x, n):
    p = Particle(x * 1.0, x * 2.0)
    for _ in range(n):
        p = Particle(p.position * 1.1, p.velocity + 0.1 * p.position, p.mass)
        p.velocity[0] *= x[1]
        p.mass *= x[0]
    return p.energy


def helper(p, factor):
    p.mass = p.mass * factor
    return p


@case(X)
def changed_by_a_helper(x):
    p = Particle(x * 1.0, x * 2.0)
    q = helper(helper(p, x[0]), x[1])
    return q.energy + p.mass * (1.0 if p is q else 0.0)


class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)
        return self

    def pop(self):
        return self.items.pop()


@case(X)
def stack(x):
    s = Stack().push(x[0]).push(x[1]).push(x[0] * x[2])
    return s.pop() * s.pop() + len(s.items)


@case(X, 3)
def stack_in_a_loop(x, n):
    s = Stack()
    for i in range(n):
        s.push(x[0] * i)
    total = 0.0
    for item in s.items:
        total += item ** 2
    return total


# -- aliases, and what depends on values ----------------------------------------------------------------------------------


class Pair:
    def __init__(self, a, b=None):
        self.a, self.b = a, b

    def square(self):
        return np.sum(self.a * self.a)


@case(X, 3)
@case(X, 0)
def objects_that_change_places(x, n):
    p, q = Pair(x * 1.0), Pair(x * 2.0)
    for _ in range(n):
        p, q = q, p
        p.a[0] = p.a[1] * q.a[2]
        p.a = p.a * 1.5
    return p.square() + 2.0 * q.square()


@case(X, 3)
def attributes_that_change_places(x, n):
    p = Pair(x * 1.0, x * 2.0)
    for _ in range(n):
        p.a, p.b = p.b, p.a
        p.a[0] *= x[1]
    return np.sum(p.a * x) + np.sum(p.b)


@case(X, 0)
@case(X, 2)
def an_object_that_may_be_another_one_after_a_loop(x, n):
    p = Pair(x * 1.0)
    q = p
    for _ in range(n):
        p = Pair(p.a * 2.0)
    p.a[0] = 7.0
    p.b = x[0]
    return q.square() + p.square() + (q.b if q.b is not None else 0.0) * (2.0 if p is q else 3.0)


@case(X, 1.0)
@case(X, -1.0)
def attributes_that_are_there_or_not(x, c):
    p = Pair(x[0], x[1])
    if c > 0:
        p.v = x[0]
    else:
        del p.b
    return (p.v if hasattr(p, "v") else 2.0) * p.a + getattr(p, "b", 3.0)


@case(X, 6)
def a_state_machine(x, n):
    s = Pair("idle", 0.0)
    for _ in range(n):
        if s.a == "idle":
            s.b += x[0]
            if s.b > 2.0:
                s.a = "run"
        elif s.a == "run":
            s.b *= x[1]
            if s.b > 6.0:
                s.a = "stop"
        else:
            s.b -= x[2]
    return s.b


@case(X)
def the_best_object(x):
    ps = [Pair(x[k], float(k)) for k in range(3)]
    best = ps[0]
    for p in ps[1:]:
        if p.a > best.a:
            best = p
    best.a = best.a ** 2
    ps[int(np.argmin(x))].b = x[1]
    return best.a * best.b + ps[0].a * ps[0].b


@case(X, 3)
def objects_that_are_appended_under_a_condition(x, n):
    ps = [Pair(x * 1.0)]
    for i in range(n):
        if x[i] > 2.0:
            ps.append(Pair(x * i))
    return sum(p.square() for p in ps)


@case(X)
def parents_and_children(x):
    p = Pair(x[0])
    q = Pair(x[1], p)
    p.b = q
    p.b.b.a = p.b.a * 2.0
    r = copy.deepcopy(p)
    r.b.a = x[2]
    return p.a * q.a + p.b.b.b.a * r.b.b.a * r.b.a


@case(X, 3)
def a_queue(x, n):
    head = Pair(x[0])
    tail = head
    for i in range(n):
        node = Pair(x[1] * i)
        tail.b = node
        tail = node
    total, current = 0.0, head
    while current:
        total += current.a
        current = current.b
    return total


@case(X)
def views_in_objects(x):
    y = x * 1.0
    p, q = Pair(y[1:]), Pair(y[::-1])
    p.a[0] = x[0] ** 2
    q.a[0] *= 3.0
    return np.sum(y * q.a) + np.sum(p.a)


@case(X)
def in_place_through_a_property(x):
    a = Account(x[0])
    a.balance += x[1]
    a.balance **= 2
    return a.balance * len(a.history)


@case(X)
def closures_over_an_object(x):
    p = Pair(0.0)

    def add(v):
        p.a = p.a + v

    for i in range(3):
        add(x[i] * i)
    return p.a ** 2


class Doubled:
    """Iterated by a generator."""

    def __init__(self, values):
        self.values = values

    def __iter__(self):
        for i in range(3):
            yield self.values[i] * 2


class Environment:
    def __init__(self):
        self.names = {}

    def __getitem__(self, name):
        return self.names[name]

    def __setitem__(self, name, value):
        self.names[name] = value

    def __delitem__(self, name):
        del self.names[name]

    def __contains__(self, name):
        return name in self.names


class Scope:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append(1.0)
        return self

    def __exit__(self, *error):
        self.log.append(2.0)
        return False


class Failure(Exception):
    def __init__(self, value, text="failed"):
        super().__init__(text)
        self.value = value


@case(X)
def objects_in_loops_and_blocks(x):
    total = 0.0
    for value in Doubled(x):
        total += value * value
    total += sum(Doubled(x))
    env = Environment()
    env["a"] = x[0]
    env["b"] = env["a"] * x[1]
    del env["a"]
    total += env["b"] * (2.0 if "a" in env else 3.0)
    log = []
    with Scope(log) as scope:
        total *= len(scope.log)
    try:
        if x[0] > 1.0:
            raise Failure(x[1] * 2.0)
        total = 0.0
    except Failure as failure:
        total += failure.value * len(failure.args)
    return total * sum(log)


# -- classes inside the function -----------------------------------------------------------------------------------------


@case(X)
def a_class_inside(x):
    scale = x[0]

    class Point:
        """A point."""

        unit = 2.0

        def __init__(self, a, b=1.0):
            self.a, self.b = a, b
            self.__secret = a * scale

        def __add__(self, other):
            return Point(self.a + other.a, self.b * scale)

        @property
        def length(self):
            return np.hypot(self.a, self.b) * self.unit + self.__secret

        @length.setter
        def length(self, value):
            self.a = value

        @staticmethod
        def origin():
            return Point(0.0)

        @classmethod
        def of(cls, values):
            return cls(values[0], values[1])

    class Named(Point):
        def __init__(self, a, name):
            super().__init__(a, 3.0)
            self.name = name

        @property
        def length(self):
            return super().length + len(self.name)

    p = Point.of(x) + Point.origin()
    q = Named(x[2], "q")
    first = p.length
    p.length = x[1]
    return first * p.length + q.length + (q + p).a * Point.unit + (1.0 if isinstance(q, Point) else 0.0)


@case(X, 3)
def a_dataclass_inside(x, n):
    @dataclass(frozen=True)
    class State:
        position: float
        velocity: float = 1.0
        log: list = field(default_factory=list)

        def step(self, dt):
            return dataclasses.replace(self, position=self.position + dt * self.velocity, velocity=self.velocity - dt * x[1] * self.position)

    s = State(x[0])
    for _ in range(n):
        s = s.step(0.1)
    return s.position + s.velocity + len(s.log)


@case(X)
def an_abstract_class_inside(x):
    class Base(abc.ABC):
        @abc.abstractmethod
        def value(self):
            ...

        def twice(self):
            return 2.0 * self.value()

    class One(Base):
        def value(self):
            return x[0]

    class Two(Base):
        def __init__(self, k):
            self.k = k

        def value(self):
            return x[1] * self.k

        @functools.cached_property
        def third(self):
            return self.value() / 3.0

    two = Two(x[2])
    return sum(b.twice() for b in (One(), two)) + two.third * two.third


@functools.lru_cache
def shared_helper(k):
    return k + 1


@case(X)
def a_class_made_by_a_helper(x):
    def make(factor):
        class Scaler:
            def __call__(self, v):
                return v * factor * shared_helper(1)

        return Scaler()

    f, g = make(x[0]), make(x[1])
    return f(g(x[2]))


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


# -- what Python raises ------------------------------------------------------------------------------------------------


def missing_attribute(x):
    return Vec3.of(x).w


def no_setter(x):
    v = Vec3.of(x)
    v.norm = 1.0
    return v.x


def frozen(x):
    s = State(x)
    s.t = x[0]
    return s.t


def no_such_slot(x):
    s = Slotted(x)
    s.z = x[0]
    return s.z


def abstract(x):
    return Shape().area() * x[0]


def wrong_arguments(x):
    return Version(x[0]).major


@pytest.mark.parametrize("f, error", [(missing_attribute, AttributeError), (no_setter, AttributeError), (frozen, dataclasses.FrozenInstanceError),
                                      (no_such_slot, AttributeError), (abstract, TypeError), (wrong_arguments, TypeError)])
def test_errors(f, error):
    with pytest.raises(error):
        f(X.copy())
    with pytest.raises(error):
        cr.value_and_grad(f)(X.copy())


# -- what is refused ---------------------------------------------------------------------------------------------------


class Mine(list):
    pass


class Watching:
    def __getattribute__(self, name):
        return object.__getattribute__(self, name)


def subclass_of_list(x):
    return len(Mine()) * x[0]


def every_attribute(x):
    w = Watching()
    w.a = x[0]
    return w.a


def a_class_attribute_is_written(x):
    Particle.drag = x[0]
    return x[0]


@pytest.mark.parametrize("f, words", [(subclass_of_list, "`Mine` is made"), (every_attribute, "Watching"), (a_class_attribute_is_written, "of a class is written")])
def test_refused(f, words):
    with pytest.raises(cr.UnsupportedError, match=words):
        cr.grad(f)(X.copy())
    assert Particle.drag == 0.1
