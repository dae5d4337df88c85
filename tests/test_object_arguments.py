"""Objects as arguments: their gradients have their structure, and a call changes nothing in them."""

from __future__ import annotations

import copy
import enum
import functools
from dataclasses import dataclass, field

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import STEP, is_float

X = np.array([1.1, 2.3, 2.9])


def parts(value, path=()):
    """(path, leaf) of containers and objects; a path is made of ("attribute", name) and ("item", key)."""
    if isinstance(value, (list, tuple)):
        for n, item in enumerate(value):
            yield from parts(item, (*path, ("item", n)))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from parts(item, (*path, ("item", key)))
    elif type(value).__module__ == __name__ and not isinstance(value, enum.Enum):
        names = [n for cls in type(value).__mro__ for n in getattr(cls, "__slots__", ())] + list(getattr(value, "__dict__", ()))
        for name in names:
            yield from parts(getattr(value, name), (*path, ("attribute", name)))
    else:
        yield path, value


def at(value, path, *, gradient=False):
    for kind, key in path:
        value = value[key] if kind == "item" or (gradient and isinstance(value, dict)) else getattr(value, key)
    return value


def put(value, path, leaf):
    """Replace a leaf inside a value, in place."""
    owner = at(value, path[:-1])
    kind, key = path[-1]
    if kind == "item":
        owner[key] = leaf
    else:
        object.__setattr__(owner, key, leaf)


def frozen(value):
    return [(path, copy.deepcopy(leaf)) for path, leaf in parts(value)]


def same(a, b):
    return len(a) == len(b) and all(p == q and type(x) is type(y) and (x == y if type(x) in (float, int, str) else not isinstance(
        x, np.ndarray) or np.array_equal(x, y)) for (p, x), (q, y) in zip(a, b))


def gradient_is_right(f, *args, argnums=0):
    """The gradient with respect to an argument is as differences say, has its structure, and the call changes no argument."""
    before = frozen(args)
    value, gradient = cr.value_and_grad(f, argnums)(*args)
    assert same(frozen(args), before), "an argument was changed"
    np.testing.assert_allclose(value, copy.deepcopy(f)(*copy.deepcopy(args)))
    again = cr.grad(f, argnums)
    for _ in range(2):
        assert repr(again(*args)) == repr(gradient)
    chosen = args[argnums]
    found = 0
    for path, leaf in parts(chosen):
        derivative = at(gradient, path, gradient=True)
        if not is_float(leaf):
            assert derivative is None, path
            continue
        found += 1
        slope = np.zeros(np.shape(leaf))
        for index in np.ndindex(*np.shape(leaf)):
            values = []
            for step in (STEP, -STEP):
                given = list(copy.deepcopy(args))
                moved = np.array(leaf, float)
                moved[index] += step
                put(given, (("item", argnums), *path), moved if isinstance(leaf, np.ndarray) else float(moved))
                values.append(float(copy.deepcopy(f)(*given)))
            slope[index] = (values[0] - values[1]) / (2 * STEP)
        assert type(derivative) is type(leaf)
        np.testing.assert_allclose(derivative, slope, rtol=1e-5, atol=1e-5, err_msg=str(path))
    assert found
    return gradient


class Mode(enum.Enum):
    TANH = 1
    LINEAR = 2


class Layer:
    def __init__(self, w, b, mode=Mode.LINEAR):
        self.w, self.b, self.mode = w, b, mode

    def forward(self, x):
        z = self.w @ x + self.b
        return np.tanh(z) if self.mode is Mode.TANH else z


class Network:
    rate = 0.5

    def __init__(self, layers, scale=2.0, name="net"):
        self.layers, self.scale, self.name = layers, scale, name
        self.calls = 0
        self.seen = []
        self.random = np.random.default_rng(0)

    def __call__(self, x):
        self.calls += 1
        for layer in self.layers:
            x = layer.forward(x)
        self.seen.append(x)
        return x * self.scale

    def loss(self, x, target=1.0):
        return np.sum((self(x) - target) ** 2) * self.rate * self.calls


def network():
    random = np.random.default_rng(1)
    return Network([Layer(random.normal(size=(4, 3)), np.zeros(4), Mode.TANH), Layer(random.normal(size=(2, 4)), np.ones(2))])


def test_the_gradient_of_a_network():
    gradient = gradient_is_right(Network.loss, network(), X)
    assert type(gradient) is dict and type(gradient["layers"]) is list
    assert list(gradient) == ["layers", "scale", "name", "calls", "seen", "random"]
    assert list(gradient["layers"][0]) == ["w", "b", "mode"]


def test_methods_and_callable_objects():
    net = network()
    before = frozen(net)
    gradient_is_right(net.loss, X)
    f = cr.grad(net.loss)
    first = f(X)
    assert np.array_equal(f(X), first) and same(frozen(net), before)
    net.layers[1].w = net.layers[1].w * 0.0
    assert f(X).tolist() == [0.0, 0.0, 0.0]
    net.layers[1].mode = Mode.TANH
    gradient_is_right(net.loss, X)

    def total(x):
        return np.sum(net(x))

    with pytest.raises(cr.UnsupportedError, match="not an argument"):
        cr.grad(total)(X)


def test_vjp_of_an_object():
    net = network()
    value, pullback = cr.vjp(Network.loss, net, X)
    gradient, x_bar, target_bar = (*pullback(1.0), None)[:3]
    whole = cr.grad(Network.loss, (0, 1))(net, X)
    assert repr(gradient) == repr(whole[0]) and np.allclose(x_bar, whole[1]) and target_bar is None


class Particle:
    def __init__(self, position, velocity, mass):
        self.position, self.velocity, self.mass = position, velocity, mass

    def step(self, dt):
        self.velocity = self.velocity - dt * self.position / self.mass
        self.position += dt * self.velocity
        if self.position[0] > 1.2:
            self.velocity[0] *= -0.5
            self.hits = 1.0

    @property
    def energy(self):
        return 0.5 * self.mass * np.sum(self.velocity ** 2)


def particle():
    return Particle(np.array([1.0, 2.0]), np.array([3.0, -1.0]), 2.0)


def simulate(p, n):
    for _ in range(n):
        p.step(0.1)
    return p.energy + np.sum(p.position)


def simulate_for(x, p, n):
    p.velocity = p.velocity * x
    p.mass = p.mass + x
    return simulate(p, n)


def system(ps, n):
    total = 0.0
    for _ in range(n):
        for a in ps:
            for b in ps:
                if a is not b:
                    a.velocity = a.velocity + 0.01 * b.mass * (b.position - a.position)
        for p in ps:
            p.position = p.position + 0.1 * p.velocity
    for p in ps:
        total = total + p.energy
    return total


def test_objects_that_are_changed():
    gradient_is_right(simulate, particle(), 5)
    gradient_is_right(simulate_for, 2.0, particle(), 5)
    gradient_is_right(simulate, particle(), 0)


def test_objects_in_containers():
    gradient_is_right(system, [particle(), Particle(np.zeros(2), np.ones(2), 5.0)], 2)
    gradient_is_right(lambda d, x: d["a"].energy * x + np.sum(d["b"][0].position), {"a": particle(), "b": (particle(),)}, 3.0)
    gradient_is_right(lambda x, d: d["a"].energy * x + np.sum(d["b"][0].position) * x, 2.0, {"a": particle(), "b": (particle(),)})
    gradient_is_right(lambda *ps: ps[0].energy * ps[1].mass, particle(), particle())


class Slotted:
    __slots__ = ("a", "b", "never")

    def __init__(self, a, b):
        self.a, self.b = a, b


def use_slots(s):
    s.b = s.b * s.a
    return np.sum(s.b) * s.a


def test_slots():
    s = Slotted(2.0, X.copy())
    gradient, f = cr.grad(use_slots)(s), cr.grad(lambda x, s: use_slots(s) * x)
    assert list(gradient) == ["a", "b"] and gradient["a"] == pytest.approx(2 * 2.0 * X.sum()) and gradient["b"].tolist() == [4.0] * 3
    assert f(1.0, s) == pytest.approx(4.0 * X.sum()) and s.b.tolist() == X.tolist()
    s.never = 1.0
    assert list(cr.grad(use_slots)(s)) == ["a", "b", "never"]


@dataclass
class Config:
    rate: float
    shift: np.ndarray
    inner: Slotted = None
    names: list = field(default_factory=list)

    def apply(self, x):
        self.rate = self.rate * 2.0
        return np.sum(self.rate * x + self.shift) * (self.inner.a if self.inner else 1.0)


@dataclass(frozen=True)
class Fixed:
    w: np.ndarray
    kind: str = "a"

    def loss(self, x):
        return np.sum(self.w * x) if self.kind == "a" else np.sum(self.w)


def test_dataclasses():
    gradient = gradient_is_right(lambda c, x: c.apply(x) * c.rate, Config(2.0, X.copy(), None, ["a"]), X)
    assert type(gradient) is Config and gradient.names == [None] and gradient.inner is None
    gradient = cr.grad(lambda c, x: c.apply(x))(Config(2.0, X.copy(), Slotted(3.0, None)), X)
    assert type(gradient) is Config and gradient.inner == {"a": pytest.approx(np.sum(4.0 * X + X)), "b": None}
    assert type(gradient_is_right(Fixed.loss, Fixed(X.copy()), X)) is Fixed
    assert cr.grad(Fixed.loss)(Fixed(X.copy(), "b"), X).w.tolist() == [1.0, 1.0, 1.0]


def test_another_structure_is_another_specialisation():
    def f(p):
        return np.sum(p.position) * (p.extra if hasattr(p, "extra") else 1.0)

    df, p = cr.grad(f), particle()
    assert df(p)["position"].tolist() == [1.0, 1.0]
    p.extra = 3.0
    assert df(p)["position"].tolist() == [3.0, 3.0] and df(p)["extra"] == 3.0
    del p.extra
    assert df(p)["position"].tolist() == [1.0, 1.0]

    def g(x, p):
        return x * (p.extra if hasattr(p, "extra") else 1.0) * p.mass

    dg = cr.grad(g)
    assert dg(1.0, p) == 2.0
    p.extra = 3.0
    assert dg(1.0, p) == 6.0
    del p.extra
    assert dg(1.0, p) == 2.0


def test_a_method_that_the_object_overrides():
    class Model:
        def scale(self, x):
            return 2.0 * x

        def loss(self, x):
            return self.scale(x) * x

    model = Model()
    df = cr.grad(model.loss)
    assert df(3.0) == 12.0
    model.scale = lambda x: x
    assert df(3.0) == 6.0
    del model.scale
    assert df(3.0) == 12.0
    Model.scale = lambda self, x: 5.0 * x
    assert df(3.0) == 30.0


def test_one_object_twice():
    def f(p, q):
        p.mass = p.mass * 2.0
        return p.mass * q.mass

    p, q = particle(), particle()
    assert cr.grad(f)(p, q)["mass"] == 4.0
    with pytest.raises(cr.UnsupportedError, match="another way|one object"):
        cr.grad(f)(p, p)
    assert cr.grad(f)(p, q)["mass"] == 4.0

    def g(x, p, q):
        p.mass = p.mass * x
        return p.mass * q.mass

    dg = cr.grad(g)
    assert dg(1.0, p, q) == 4.0
    with pytest.raises(cr.UnsupportedError, match="one object"):
        dg(1.0, p, p)
    assert dg(1.0, p, q) == 4.0
    assert cr.grad(lambda x, p, q: x * p.mass * q.mass)(1.0, p, p) == 4.0


def test_objects_inside_objects_that_are_one():
    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b

    def f(x, pair):
        pair.a.mass = x
        return pair.b.mass * x

    p = particle()
    df = cr.grad(f)
    assert df(3.0, Pair(p, particle())) == 2.0
    with pytest.raises(cr.UnsupportedError, match="one object"):
        df(3.0, Pair(p, p))
    with pytest.raises(cr.UnsupportedError, match="one object"):
        cr.grad(f)(3.0, Pair(p, p))

    def g(pair):
        pair.a.mass = 2.0 * pair.a.mass
        return pair.b.mass

    with pytest.raises(cr.UnsupportedError, match="another way"):
        cr.grad(g)(Pair(p, p))


def test_arrays_that_are_one():
    p = particle()
    q = Particle(p.position, np.ones(2), 1.0)

    def f(x, p, q):
        p.position[0] = x
        return q.position[0]

    def later(x, p, q):
        t = q.position[1]
        p.position[0] = x
        return q.position[0] * t

    for function in (f, later):
        with pytest.raises(cr.UnsupportedError, match="share memory"):
            cr.grad(function)(1.0, p, q)
        assert cr.grad(function)(1.0, p, particle()) == 0.0

    def g(p):
        p.velocity[0] = 2.0 * p.position[0]
        return np.sum(p.position * p.velocity)

    p.velocity = p.position
    with pytest.raises(cr.UnsupportedError, match="share memory"):
        cr.grad(g)(p)


class Tree:
    def __init__(self, value, children=(), parent=None):
        self.value, self.children, self.parent = value, list(children), parent
        for child in self.children:
            child.parent = self

    def total(self):
        return self.value ** 2 + sum(child.total() * self.value for child in self.children)


class Leafy:
    def __init__(self, value, children=()):
        self.value, self.children = value, list(children)

    def total(self):
        return self.value ** 2 + sum(child.total() * self.value for child in self.children)


def test_trees():
    gradient_is_right(Leafy.total, Leafy(2.0, [Leafy(3.0), Leafy(4.0, [Leafy(5.0)])]))
    tree = Tree(2.0, [Tree(3.0), Tree(4.0, [Tree(5.0)])])
    with pytest.raises(TypeError, match="holds itself"):
        cr.grad(Tree.total)(tree)
    assert cr.grad(lambda x, tree: x * tree.children[0].parent.value + x * tree.total())(1.0, tree) == pytest.approx(2.0 + tree.total())


def test_an_object_outside_is_not_changed():
    outside = particle()

    def reads(x):
        return outside.energy * x + np.sum(outside.position * x)

    def writes(x):
        outside.mass = x
        return outside.mass

    assert cr.grad(reads)(2.0) == pytest.approx(outside.energy + np.sum(outside.position))
    with pytest.raises(cr.UnsupportedError, match="not an argument"):
        cr.grad(writes)(2.0)
    assert outside.mass == 2.0


class Cached:
    def __init__(self, w):
        self.w = w

    @functools.cached_property
    def square(self):
        return self.w * self.w


def test_a_cached_property_of_an_argument():
    def f(x, c):
        return np.sum(c.square * x)

    df, c = cr.grad(f), Cached(X.copy())
    assert df(2.0, c) == pytest.approx(np.sum(X * X)) and "square" not in vars(c)
    c.__dict__["square"] = np.ones(3)
    assert df(2.0, c) == 3.0
    del c.__dict__["square"]
    assert df(2.0, c) == pytest.approx(np.sum(X * X))


def test_a_base_class_in_c_stays_as_it_is():
    class Names(dict):
        scale = 2.0

    def f(x, names):
        return x * names.scale

    assert cr.grad(f)(3.0, Names()) == 2.0
    with pytest.raises(TypeError, match="Names"):
        cr.grad(f, 1)(3.0, Names())


def test_an_argument_without_floats():
    class Empty:
        pass

    with pytest.raises(TypeError, match="only floats have a derivative|nothing in it"):
        cr.grad(lambda e: 1.0)(Empty())


def test_copies_of_objects():
    def f(p, n):
        q = copy.deepcopy(p)
        for _ in range(n):
            q.step(0.1)
        return q.energy + p.energy

    gradient_is_right(f, particle(), 3)

    def g(x, p):
        q = copy.copy(p)
        q.mass = x
        return q.energy * p.mass

    assert cr.grad(g)(1.0, particle()) == pytest.approx(10.0)


def test_branches_on_attributes():
    def f(p, x):
        if p.mass > x:
            p.mass = p.mass * x
            p.note = 2.0
        else:
            p.note = p.mass
        return p.mass * p.note

    gradient_is_right(f, particle(), 1.0)
    gradient_is_right(f, particle(), 3.0)
    gradient_is_right(lambda x, p: f(p, x), 1.5, particle())


def test_objects_as_auxiliary_results():
    def f(x):
        p = Particle(x * 1.0, x * 2.0, 3.0)
        p.step(0.1)
        return p.energy, p

    gradient, p = cr.grad(f, has_aux=True)(X)
    expected = Particle(X * 1.0, X * 2.0, 3.0)
    expected.step(0.1)
    assert type(p) is Particle and p.hits == 1.0 and np.allclose(p.position, expected.position) and np.allclose(p.velocity, expected.velocity)
    assert np.allclose(gradient, cr.grad(lambda x: f(x)[0])(X))


@dataclass
class Derived:
    w: np.ndarray
    total: float = field(init=False)

    def __post_init__(self):
        self.total = float(np.sum(self.w))
        if self.total < 0:
            raise ValueError


def test_a_dataclass_with_an_init_of_its_own():
    gradient = cr.grad(lambda d: -d.total * np.sum(d.w))(Derived(X.copy()))
    assert type(gradient) is Derived and gradient.total == pytest.approx(-X.sum()) and gradient.w.tolist() == [-X.sum()] * 3


class Holder:
    def __init__(self, v, items=()):
        self.v, self.items = v, list(items)

    def bump(self, d):
        self.v = self.v + d
        return self


def at_an_index(x, h, k):
    h.items[int(k)].v = h.items[int(k)].v * x
    h.items[0].bump(x)
    return sum(i.v for i in h.items)


def changes_places(x, h):
    h.items[0], h.items[1] = h.items[1], h.items[0]
    h.items[0].v = x
    h.items.append(Holder(x * h.v))
    return h.items[1].v * h.items[0].v + sum(i.v for i in h.items) * len(h.items)


def names(x, h):
    total = 0.0
    for value in vars(h).values():
        if isinstance(value, float):
            total = total + value * x
    h.__dict__.update(v=x)
    return total + h.v


def deleted(x, h):
    h.w = x * h.v
    del h.v
    return h.w * (1.0 if hasattr(h, "v") else 2.0)


def test_what_a_function_does_with_an_argument():
    def holder():
        return Holder(3.0, [Holder(1.0), Holder(2.0), Holder(4.0)])

    for argnums in (0, 1):
        gradient_is_right(lambda x, h: at_an_index(x, h, 1.0), 2.0, holder(), argnums=argnums)
        gradient_is_right(changes_places, 2.0, holder(), argnums=argnums)
        gradient_is_right(names, 2.0, holder(), argnums=argnums)
        gradient_is_right(deleted, 2.0, holder(), argnums=argnums)
    df, h = cr.grad(at_an_index), holder()
    assert [df(2.0, h, k) for k in (0.0, 1.0, 2.0, 0.0)] == [2.0, 3.0, 5.0, 2.0]


def test_checks():
    cr.check_grads(lambda x, h: h.v * x, (2.0, Holder(3.0)))
    cr.check_grads(lambda h: h.v * h.items[0].v, (Holder(3.0, [Holder(1.0)]),))
    assert cr.grad(lambda h, x: h.v * x, check=True)(Holder(3.0), 2.0) == {"v": 2.0, "items": []}
    assert cr.grad(lambda h, x: h.bump(x).v ** 2, 1, check=True)(Holder(3.0), 2.0) == 10.0


def test_what_is_outside_is_read_at_each_call():
    g = Holder(1.0, [Holder(2.0)])

    def f(x):
        return x * g.v + g.items[0].v * x

    df = cr.grad(f)
    assert df(1.0) == 3.0
    g.v = 5.0
    assert df(1.0) == 7.0
    g.items[0].v = 7.0
    assert df(1.0) == 12.0
    g.items = [Holder(1.0)]
    assert df(1.0) == 6.0
    g = Holder(0.0, [Holder(0.0)])
    assert df(1.0) == 0.0
