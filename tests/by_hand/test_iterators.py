"""Iterators of users' classes, `iter(function, sentinel)`, generators that are unpacked
objects in lists and dictionaries."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest

from tests.gradients import gradient_is

X = np.array([1.1, 2.3, 0.4])
PROGRAMS = []


def program(f):
    PROGRAMS.append(pytest.param(f, id=f.__name__))
    return f


class Count:
    def __init__(self, x):
        self.x = x
        self.k = 0
    def __iter__(self):
        return self
    def __next__(self):
        if self.k >= len(self.x):
            raise StopIteration
        self.k += 1
        return self.x[self.k-1] * self.k
class Coll:
    def __init__(self, x):
        self.x = x
    def __iter__(self):
        return Count(self.x)


class V:
    def __init__(self, x):
        self.x = x
    def __iter__(self):
        yield self.x[0]
        yield self.x[1] * self.x[2]


@dataclass
class P:
    a: float
    b: float
class Layer:
    def __init__(self, w):
        self.w = w
    def __call__(self, x):
        return np.tanh(self.w * x)
    def __lt__(self, o):
        return self.w < o.w


@program
def loop_over_an_iterator(x):
    s = 0.0
    for v in Count(x):
        s += v * v
    return s


@program
def an_iterator_for_each_loop(x):
    c = Coll(x)
    return sum(c) * sum(v * w for v, w in zip(c, Coll(x)))


@program
def going_on_with_an_iterator(x):
    it = Count(x)
    a = next(it)
    s = 0.0
    for v in it:
        s += v * a
        break
    for v in it:
        s = s * v
    return s + next(it, x[0])


@program
def unpacked_iterators(x):
    a, b, c = Coll(x)
    return a * b * c + list(Count(x))[1] * max(Coll(x))


@program
def until_a_sentinel(x):
    items = list(x)
    s = 0.0
    for v in iter(items.pop, x[0]):
        s += v * v
    return s


@program
def a_counter_until_a_sentinel(x):
    k = 0
    def step():
        nonlocal k
        k += 1
        return k
    s = 1.0
    for v in iter(step, 4):
        s *= v * x[v-1]
    return s


@program
def fromiter_with_a_count(x):
    return np.sum(np.fromiter((v*v for v in x), float, 2)) * np.sum(np.fromiter(Count(x), float, count=3))


@program
def zip_longest_of_an_array(x):
    return sum(p*q for p, q in itertools.zip_longest(x, x[1:], fillvalue=x[0]))


@program
def starred_generators(x):
    def p():
        for v in x:
            if v > 1.0:
                yield v * x[0]
    s, *_ = [*p(), 0.5]
    return s * len([*p(), 1])


@program
def unpacked_generators(x):
    def p():
        for v in x:
            yield v * x[0]
    r, *t = p()
    q, w, _ = zip(p(), p())
    return r * sum(t)


@program
def an_iterator_with_else(x):
    s = 0.0
    for v in Count(x):
        if v > 2:
            continue
        s += v
    else:
        s *= x[1]
    return s


@program
def next_until_it_stops(x):
    it = Count(x)
    s = 0.0
    while True:
        try:
            s += next(it) * x[0]
        except StopIteration:
            break
    return s


@program
def next_and_the_rest(x):
    it = iter(Coll(x))
    return next(it) * next(it) + sum(it)


@program
def expressions_over_a_generator(x):
    v = V(x)
    return sum(q * q for q in v) * max(q for q in v) * sum(q for q in v if q > 1.0)


@program
def generators_in_expressions(x):
    def gen(n):
        for i in range(n):
            yield x[i] * i
    return sum(a * b for a in gen(3) for b in gen(2)) + len([q for q in gen(3)]) + sum(list(q for q in gen(2)))


@program
def an_expression_in_a_loop(x):
    v = V(x)
    s = 0.0
    for i in range(len(x)):
        s += sum(q * x[i] for q in v)
    return s


@program
def objects_in_a_list(x, n):
    ps = [P(v, v * 2) for v in x]
    s = 0.0
    for p in ps:
        if p.a > 1.0:
            p.b = p.a
        s += p.a * p.b
    return s * ps[n].a


@program
def objects_appended(x, n):
    ps = []
    for i in range(n):
        ps.append(P(x[i], i * 1.0))
    return sum(p.a * p.b for p in ps) * ps[-1].a


@program
def layers(x, n):
    layers = [Layer(v) for v in x]
    y = x
    for l in layers[:n]:
        y = l(y)
    return np.sum(y) * max(layers).w


@program
def objects_sorted(x, n):
    ps = sorted([P(v, -v) for v in x], key=lambda p: p.a)
    return ps[0].a * ps[1].b * 2 + ps[-1].a


@program
def objects_written_in_a_while_loop(x, n):
    ps = [P(v, 1.0) for v in x]
    i = 0
    while i < n:
        ps[i].b = ps[i - 1].a * 2
        i += 1
    return sum(p.b for p in ps)


@program
def keys_set_on_one_path(x, n):
    d = {}
    if n > 1:
        d['a'] = x[0]
    d['b'] = x[1]
    return sum(d.values()) * (d['a'] if 'a' in d else 1.0)


@program
def keys_in_a_loop(x, n):
    d = {}
    for v in x:
        if v > 1.0:
            d[len(d)] = v
    return sum(d.values()) * len(d) + sum(k * v for k, v in d.items())


@program
def lists_by_key(x, n):
    d = defaultdict(list)
    for i, v in enumerate(x):
        d[i % 2].append(v)
        if v > 2:
            d['big'].append(v * v)
    return sum(a * b for a, b in zip(d[0], d['big'])) + len(d)


@program
def two_iterators_in_step(x, n):
    it = iter(x)
    it2 = iter([x[0], x[1], 2.0])
    s = 0.0
    for a, b in zip(it, it2):
        s += a * b
        if a > 2:
            s += next(it2)
    return s


@program
def one_iterator_twice(x, n):
    it = iter(x)
    a = list(itertools.islice(it, 1))
    b = [u * v for u, v in zip(it, it)]
    return a[0] * sum(b)


@program
def the_best_object(x, n):
    ps = {i: P(v, v) for i, v in enumerate(x)}
    best = None
    for p in ps.values():
        if best is None or p.a > best.a:
            best = p
    best.b = 3.0 * best.a
    return sum(p.b for p in ps.values())


@program
def a_queue_of_objects(x, n):
    q = [P(v, 0.0) for v in x]
    s = 0.0
    while q:
        p = q.pop(0)
        s += p.a * (1 + p.b)
        if p.b < n:
            q.append(P(p.a * 0.5, p.b + 1))
    return s


@program
def the_best_object_in_a_loop(x, n):
    best = P(x[0], 0.0)
    for i in range(len(x)):
        cand = P(x[i] * x[i], i)
        if cand.a > best.a:
            best = cand
    return best.a * x[n]


@program
def a_population(x, n):
    pop = [P(v, v * v) for v in x]
    for g in range(n):
        pop = sorted(pop, key=lambda p: -p.b)[:2]
        pop.append(P(0.5 * (pop[0].a + pop[1].a), pop[0].b * 0.9))
    return sum(p.a * p.b for p in pop)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("f", PROGRAMS)
def test_gradients(f, n):
    more = () if f.__code__.co_argcount == 1 else (n,)
    gradient_is(lambda x: f(x, *more), (X,))
