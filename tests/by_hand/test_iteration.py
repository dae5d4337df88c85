"""Comprehensions, generator expressions, iterators, itertools, functools, operator: over known items and in loops that stay loops."""

from __future__ import annotations

import collections
import functools
import itertools
import math
import operator

import numpy as np
import pytest

from tests.by_hand.cases import X4, M, W, X, case, cases
from tests.gradients import gradient_is

# -- comprehensions ---------------------------------------------------------------------------------------------


@case(X, M)
def comprehensions(x, m):
    a = [v * w for v in x for w in x if w > v]
    b = [[v * k for v in row] for k, row in enumerate(m)]
    c = {k: x[k] * j for k in range(3) for j in range(2) if k != j}
    d = [(v, w) for v, w in zip(x, x[1:])]
    e = [v for row in m for v in row if v > 0 if v < 2]
    return sum(a) + sum(sum(row) for row in b) + sum(c.values()) + sum(v * w for v, w in d) + sum(e)


@case(X)
def walrus(x):
    a = [y for v in x if (y := v * 2) > 3]
    b = [(last := v) * 2 for v in x]
    return sum(a) * y + last * b[0]


@case(X, 4)
def scopes(x, n):
    i = x[0]
    a = [i * v for i, v in enumerate(x)]
    b = sum(i * x[j] for j in range(3) for i in [x[j], x[1]])
    f = [lambda v, k=k: v * x[k] for k in range(3)]
    return sum(a) + b + i * n + sum(g(x[0]) for g in f)


@case(X, 3)
def ragged(x, n):
    return sum(x[j] * i for i in range(n) for j in range(i))


# -- generator expressions ------------------------------------------------------------------------------------------


@case(X, X4)
def consumed_by_many(x, y):
    g = lambda: (v ** 2 for v in x)  # noqa: E731
    h = lambda: (v * 2 for v in [x[0], x[1], x[2]])  # noqa: E731
    a, b, c = h()
    d = np.array(list(g())) * x
    e = np.fromiter(g(), dtype=float)
    s = 0.0
    for v in g():
        s += v * x[0]
    for v in h():
        s += v * x[1]
    first, *rest = h()
    return (sum(g()) + min(g()) + max(h()) + list(g())[1] + tuple(h())[0] * a * b * c + np.sum(d * e) + s + first * sum(rest)
            + next(h()) + next(g()) + max(v for v in y) * sum(dict((k, x[k]) for k in range(3)).values()))


@case(X)
def consumed_once(x):
    g = (v * 2 for v in [x[0], x[1], x[2]])
    a = next(g)
    b = sum(g)
    c = sum(g)
    return a * b + c + next(g, x[0])


@case(X)
def consumed_once_unknown(x):
    g = (v * 2 for v in x)
    a = next(g)
    b = sum(g)
    c = sum(g) + len(list(g))
    return a * b + c + next(g, x[0])


@case(X)
def late_binding(x):
    y = x * 1.0
    k = 2.0
    g = (v * k for v in y)
    y[1] = x[0] * 3
    k = 5.0
    return sum(g)


@case(X)
def effects_in_order(x):
    log = []

    def seen(v):
        log.append(v)
        return v * 2

    g = (seen(v) for v in [x[0], x[1], x[2]])
    n = len(log)
    s = 0.0
    for v in g:
        s += v * len(log)
    found = any(seen(v) > 3 for v in [x[0], x[1], x[2]])
    return s + n + len(log) * x[0] + log[-1] * found


@case(X)
def generator_through_a_helper(x):
    def doubled(values):
        return (v * 2 for v in values)

    def total(values):
        s = 0.0
        for v in values:
            s += v ** 2
        return s

    def first_and_rest(values):
        it = iter(values)
        first = next(it)
        return first * sum(it)

    return total(doubled(x)) + total(v * x[0] for v in x) + first_and_rest(doubled(x)) + first_and_rest([x[0], x[1], x[2]])


@case(X, M)
def generators_with_several_for(x, m):
    s = 0.0
    for v in (a * b for a in x for b in x if a < b):
        s += v * x[1]
    for v in (a * b for a in [x[0], x[1]] for b in [x[1], x[2]]):
        s += v ** 2
    g = (v for row in m for v in row)
    return s + sum(g) + sum(v * k for k in range(3) for v in (x[k], x[0]))


@case(X)
def filtered_loop(x):
    s = 0.0
    for v in (u * 2 for u in x if u > 1.5):
        if s > 100:
            break
        s += v ** 2
    for v in filter(lambda u: u > 2, x):
        if v > 2.5:
            continue
        s += v * x[0]
    return s


# -- iterators ------------------------------------------------------------------------------------------------------


@case(X)
def state_known(x):
    it = iter([x[0], x[1], x[2], x[0] * x[1]])
    a = next(it)
    same = iter(it)
    b = next(same)
    s = 0.0
    for v in it:
        s += v ** 2
    for v in it:
        s += 100 * v
    return a * b + s + next(it, 7.0)


@case(X4, 1.0)
def state_unknown(x, w):
    it = iter(x)
    a = next(it)
    s = 0.0
    for v in it:
        if v < 0:
            break
        s += v
    t = 0.0
    for v in it:
        t += v * w
    return a * 3 + s * t + next(it, w)


@case(X4)
def pairs_from_one_iterator(x):
    it = iter([x[0], x[1], x[2], x[3]])
    s = 0.0
    for a, b in zip(it, it):
        s += a * b
    jt = iter(x * 2)
    for a in jt:
        b = next(jt)
        s += a / b
    return s


@case(X4)
def pulled_in_the_body(x):
    it = iter([x[0], x[1], x[2], x[3]])
    s = 0.0
    for v in it:
        s += v * next(it, 1.0)
    return s


def take(it, n):
    return [next(it) for _ in range(n)]


@case(X4)
def through_helpers(x):
    it = iter([x[0], x[1], x[2], x[3]])
    a = take(it, 2)
    b = take(it, 1)
    return a[0] * a[1] + b[0] ** 2 * next(it)


@case(X)
def in_branches(x):
    it = iter([x[0], x[1], x[2]])
    s = next(it)
    if x[0] > 1:
        s *= next(it)
    return s + sum(v for v in it)


@case(X, 3)
def while_next(x, n):
    it = iter(x)
    s = 0.0
    k = 0
    while k < n:
        s += next(it) * k
        k += 1
    return s + next(it, x[0])


@case(X)
def for_else(x):
    s = 0.0
    for v in iter(x):
        if v > 100:
            break
        s += v
    else:
        s *= x[0]
    it = iter(x)
    for v in it:
        if v > 2:
            break
    else:
        s = 0.0
    return s + v * next(it)


# -- zip and its kind ----------------------------------------------------------------------------------------------------


@case(X, X4, 3)
def zips(x, y, n):
    s = 0.0
    for a, b in zip(x, y):
        s += a * b
    for a, b in zip(x, x[::-1], strict=True):
        s += a * b
    for k, (a, b) in enumerate(zip([x[0], x[1]], range(n)), start=1):
        s += a * b * k
    for k, v in enumerate(reversed(x), 2):
        s += k * v
    for a, (k, b) in zip(reversed([x[0], x[1]]), enumerate(x)):
        s += a * b * k
    for i, v in zip(itertools.count(1), x):
        s += i * v
    for i, v in zip(itertools.count(0.5, 0.25), [x[0], x[1]]):
        s += i * v
    u, w = zip(*[(x[0], x[1]), (x[2], x[0])])
    p = dict(zip("abc", [x[0], x[1], x[2]]))
    return s + sum(u) * sum(w) + p["a"] * p["c"]


@case(X, X4)
def maps(x, y):
    f = lambda a, b: a * b  # noqa: E731
    s = sum(map(f, x, y)) + sum(map(lambda v: v ** 2, [x[0], x[1]]))
    for v in map(math.exp, x):
        s += v * x[1]
    for v in map(operator.mul, x, [2.0, 3.0, x[0]]):
        s += v
    for a, b in zip(map(math.sin, x), y):
        s += a * b
    a, b = map(abs, (x[0], -x[1]))
    return s + a * b + sum(map(float, x)) + max(map(abs, y)) + len(list(map(str, [1, 2])))


@case(X)
def filters(x):
    names = list(filter(None, ["a", "", "b"]))
    s = sum(filter(lambda v: v > 2, x)) + len(names) * x[0]
    a, b = filter(lambda k: k % 2, range(4)) if False else (1, 3)
    big = [v for v in filter(lambda v: v > 2, [x[0], x[1], x[2]])]
    return s + sum(big) + a * b + len(big) * x[1]


@case(X, 3)
def sums(x, n):
    rows = [x, x * 2]
    lists = [[x[0]], [x[1], x[2]]]
    return (np.sum(sum(rows) ** 2) + np.sum(sum(rows, start=x[0])) + sum(sum(lists, [])) + sum(x, 1.0) + sum(v for v in range(n)) * x[0]
            + np.sum(sum(x * k for k in range(n))) + sum((p for p in [(x[0],), (x[1],)]), ())[1] + math.fsum(v * 2 for v in x)
            + math.prod([x[0], x[1], 2]) + math.prod(v for v in x) + math.dist([x[0], x[1]], [0.0, x[2]]) + math.hypot(x[0], x[1]))


@case(X, X4)
def extremes(x, y):
    pairs = [("a", x[2]), ("b", x[0]), ("c", x[1])]
    low = min(pairs, key=lambda pair: pair[1])
    high = max(x, key=lambda v: -v)
    far = max(y, key=abs)
    far_known = max([y[0], y[1], y[2]], key=abs)
    arrays = max([x, x * 2], key=lambda a: a[0])
    return (low[1] ** 2 + high * far * far_known + np.sum(arrays) + min([], default=x[0]) + max((v for v in x if v > 100), default=x[1])
            + min(x[0], x[1], 9) + max(x) + min([x[0], x[2]]) + max("ab", key=len) .count("a") * x[0] + min([[2, x[0]], [1, x[1]]])[1]
            + max(-3, 2, key=abs) * x[1] + max({"a": x[0], "b": x[1]}.values()))


@case(X4)
def all_any(x):
    s = 0.0
    if any(v < -1 for v in x):
        s += x[0]
    if all(v > -2 for v in x) and not all([x[0] > 0, x[1] > 0]):
        s += x[1] ** 2
    if any([x[0] > 100, x[1] < 0]) and any(x > 1):
        s += x[2] ** 2
    if all(k < 3 for k in range(3)) and not any([]) and all(()):
        s += x[3]
    if any(map(lambda v: v > 100, x)):
        s = 0.0
    return s + any([x[0], 0.0]) * x[0]


@case(X)
def sorting(x):
    table = {"c": x[0], "a": x[1], "b": x[2]}
    s = 0.0
    for n, (k, v) in enumerate(sorted(table.items(), key=operator.itemgetter(0), reverse=True)):
        s += v * n
    for n, k in enumerate(sorted(table)):
        s += table[k] ** n
    return s + sorted([(2, x[0]), (1, x[1])], key=lambda t: t[0])[0][1]


@case(X, X4)
def functional(x, y):
    add = lambda a, b: a + b  # noqa: E731
    s = functools.reduce(add, [x[0], x[1], x[2]]) + functools.reduce(add, x, 1.0) + functools.reduce(operator.mul, y)
    s += functools.reduce(lambda t, v: t * 0.5 + v, (v ** 2 for v in x), 0.0)
    s += functools.reduce(add, [], x[0])
    return s + np.sum(functools.reduce(np.multiply, [x, x, x * 2]))


# -- itertools -----------------------------------------------------------------------------------------------------------


@case(X, M)
def products(x, m):
    s = 0.0
    for a, b in itertools.product([x[0], x[1]], (x[2], 2.0)):
        s += a * b
    for a, b in itertools.product(x, x):
        s += a / b
    for i, j in itertools.product(range(m.shape[0]), range(m.shape[1])):
        s += m[i, j] * (i + 2 * j)
    for i, j, k in itertools.product(range(2), repeat=3):
        s += x[i] * x[j] * k
    for a, b in itertools.combinations([x[0], x[1], x[2]], 2):
        s += a * b
    for p in itertools.permutations([x[0], x[1], x[2]]):
        s += p[0] * p[1] ** 2
    for a, b in itertools.combinations_with_replacement([x[0], x[1]], 2):
        s += a * b
    return s


@case(X, X4)
def chains(x, y):
    s = 0.0
    for v in itertools.chain([x[0]], (x[1], x[2])):
        s += v ** 2
    for k, v in enumerate(itertools.chain(x, y)):
        s += v * k
    flat = list(itertools.chain.from_iterable([[x[0], x[1]], [x[2]]]))
    for v in itertools.chain.from_iterable(m for m in ([x[0]], [x[1]])):
        s += v
    return s + sum(flat) * sum(itertools.chain(y, x))


@case(X)
def accumulated(x):
    a = list(itertools.accumulate([x[0], x[1], x[2]]))
    b = list(itertools.accumulate(x, operator.mul))
    s = 0.0
    for k, v in enumerate(itertools.accumulate(x, lambda t, v: t * 0.5 + v)):
        s += v * k
    for v in itertools.accumulate([x[0], x[1]], initial=2.0):
        s += v ** 2
    for v in itertools.accumulate(x, max, initial=x[1]):
        s += v
    return s + a[0] * a[1] * a[2] + b[2]


@case(X4)
def cut(x):
    s = 0.0
    for a, b in itertools.pairwise(x):
        s += a * b
    for a, b in itertools.pairwise([x[0], x[1], x[2]]):
        s += a * b
    for v in itertools.islice(x, 1, 3):
        s += v ** 2
    for v in itertools.islice([x[0], x[1], x[2], x[3]], 0, None, 2):
        s += v ** 3
    for k in itertools.islice(itertools.count(2, 3), 3):
        s += x[0] * k
    it = iter([x[0], x[1], x[2], x[3]])
    head = list(itertools.islice(it, 2))
    tail = list(it)
    return s + head[0] * head[1] - tail[0] * tail[1] + len(tail)


@case(X4)
def endless(x):
    s = 0.0
    for v, w in zip(x, itertools.cycle([1.0, x[0]])):
        s += v * w
    for v, w in zip([x[0], x[1], x[2]], itertools.cycle((2.0, x[3]))):
        s += v * w
    for v, w in zip(x, itertools.repeat(x[1])):
        s += v * w
    for w in itertools.repeat(x[0], 3):
        s += w
    for k in itertools.count(1):
        if k > 3:
            break
        s += x[0] * k
    ids = itertools.count()
    a = {name: next(ids) for name in "abc"}
    return s + a["c"] * x[2] + sum(map(pow, x, itertools.repeat(2)))


@case(X4)
def chosen(x):
    s = 0.0
    for v in itertools.takewhile(lambda v: v > 0, x):
        s += v ** 2
    for v in itertools.dropwhile(lambda v: v > 0, x):
        s += v * x[0]
    for k in itertools.takewhile(lambda k: k < 3, itertools.count()):
        s += x[k] * k
    for v in itertools.takewhile(lambda v: v > -5, [x[0], x[1]]):
        s += v
    a = [k for k in itertools.filterfalse(lambda k: k % 2, [1, 2, 4])]
    b = list(itertools.compress([x[0], x[1], x[2]], [1, 0, 1]))
    c = list(itertools.dropwhile(lambda k: k < 2, [0, 1, 2, 0]))
    return s + sum(a) * x[1] + b[0] * b[1] + len(c) * x[3]


@case(X, X4)
def others(x, y):
    s = sum(itertools.starmap(operator.mul, [(x[0], x[1]), (x[2], 2.0)]))
    for v in itertools.starmap(lambda a, b: a * b, zip(x, y)):
        s += v ** 2
    for a, b in itertools.zip_longest([x[0], x[1], x[2]], [x[1]], fillvalue=2.0):
        s += a * b
    for key, group in itertools.groupby([(1, x[0]), (1, x[1]), (2, x[2])], key=lambda p: p[0]):
        s += key * sum(v for _, v in group)
    p, q = itertools.tee([x[0], x[1], x[2]])
    next(q)
    for a, b in zip(p, q):
        s += a * b
    return s


# -- operator, arithmetic -----------------------------------------------------------------------------------------------


P = collections.namedtuple("P", "a b")


@case(X)
def operators(x):
    d = {"a": x[0], "b": x[1]}
    first, last = operator.itemgetter(0, -1)([x[0], x[1], x[2]])
    s = operator.itemgetter("a")(d) * first + last + operator.attrgetter("b")(P(x[0], x[1] * 2))
    s += operator.add(x[0], x[1]) * operator.mul(x[0], 2) - operator.sub(x[1], x[0]) + operator.truediv(x[0], x[2]) + operator.neg(x[0])
    s += operator.pow(x[0], 2) + np.sum(operator.matmul(np.array([[x[0], x[1]], [x[1], x[2]]]), np.array([x[0], 1.0])))
    s += operator.getitem(d, "b") + operator.abs(x[0]) + operator.floordiv(7, 2) * x[0] + operator.mod(x[2], x[0])
    if operator.lt(x[0], x[1]) and operator.contains(d, "a") and not operator.eq(1, 2):
        s *= 2
    return s


@case(X)
def arithmetic(x):
    q, r = divmod(x[2], x[0])
    a, b = divmod(7, 3)
    return (q * r + a * b * x[0] + abs(-x[1]) + pow(x[0], 3) + pow(2, 5, 7) * x[1] + round(2.6) * x[2] + len(range(3, 20, 4)) * x[0]
            + abs(-3) * x[1] + sum(range(4)) * x[2] + float(round(x[0], 1)) * 0.0)


@case(X, 3)
def ranges(x, n):
    s = 0.0
    for i in range(n)[::-1]:
        s = s * 0.5 + x[i]
    for i in range(n)[1:]:
        s += x[i] * i
    for i in range(2, -1, -1):
        s = s * 0.7 + x[i]
    for i in range(0, 10, 2)[1:-1]:
        s += x[i % 3]
    for i in reversed(range(n)):
        s = s * 0.9 + x[i] ** 2
    r = range(1, n)
    if 2 in r and 7 not in r and len(r) == n - 1:
        s *= r[-1] + r[0]
    a, *b = range(3)
    return s + x[a] * len(b) + x[r.start] * list(range(3))[-1] + x[range(5)[-3]]


@case(X4, M)
def over_arrays(x, m):
    s = 0.0
    for row in m:
        for v in row:
            s += v ** 2
    for row, w in zip(m, x):
        row = row * w
        s += np.sum(row)
    for i, row in enumerate(m.T):
        s += row[0] * row[1] * i
    y = m * 1.0
    for row in y:
        row[0] = x[1]
    return s + np.sum(y ** 2)


@case(X)
def lists_of_lists(x):
    columns = list(zip([x[0], x[1]], [x[2], 1.0]))
    rows = [list(row) for row in columns]
    rows[0][1] = x[1] ** 2
    transposed = [[row[k] for row in rows] for k in range(2)]
    return sum(a * b for a, b in zip(*transposed)) + columns[0][1]


@case(X, 3)
def in_a_loop_that_stays(x, n):
    s = 0.0
    for i in range(n):
        it = iter([x[i], x[0] * i, x[1]])
        s += next(it) * next(it)
        s += sum(v * i for v in it)
        s += max(x[i], x[1], key=lambda v: -v)
        for a, b in zip(x, itertools.accumulate(x)):
            s += a * b
        s += sum(filter(lambda v: v > 1.5, x)) + functools.reduce(lambda a, b: a * b, x)
    return s


@case(X, 3)
def gen_reads_later_write(x, n):
    y = x * 1.0
    s = 0.0
    for v in (u * 2 for u in y):
        s += v
        y[2] = s
    return s


@case(X, 3)
def gen_reads_later_write_filter(x, n):
    y = x * 1.0
    s = 0.0
    for v in (u * 2 for u in y if u > 1):
        s += v
        y[2] = s * 0.1 + 3
    return s


@case(X, 3)
def zip_reads_later_write(x, n):
    y = x * 1.0
    s = 0.0
    for u, v in zip(x, y):
        s += v * u
        y[2] = s
    return s


@case(X, 3)
def chain_reads_later_write(x, n):
    y = x * 1.0
    s = 0.0
    for v in itertools.chain(x, y):
        s += v
        y[2] = s
    return s


@case(X, 3)
def nested_gen_write(x, n):
    y = x * 1.0
    s = 0.0
    for v in (a * b for a in x for b in y):
        s += v
        y[0] = s * 0.01
    return s


@case(X, 3)
def acc_write(x, n):
    y = x * 1.0
    s = 0.0
    for v in itertools.accumulate(y):
        s += v
        y[2] = s
    return s


@case(X, 3)
def zip_acc_write(x, n):
    y = x * 1.0
    s = 0.0
    for u, v in zip(x, itertools.accumulate(y)):
        s += v * u
        y[2] = s
    return s


@case(X, 3)
def map_effect(x, n):
    y = x * 1.0

    def f(v):
        y[0] = y[0] + v
        return v * y[0]
    a = map(f, x)
    s = y[0]
    return s + sum(a) * y[0]


@case(X, 3)
def map_never_consumed(x, n):
    y = x * 1.0

    def f(v):
        y[0] = 100.0
        return v
    a = map(f, x)
    b = (f(v) for v in x)
    c = filter(f, x)
    return y[0]


@case(X, 3)
def map_partially(x, n):
    log = []

    def f(v):
        log.append(v)
        return v * 2
    a = map(f, x)
    u = next(a)
    w = next(a)
    return u * w + sum(log) + len(log)


@case(X, 3)
def zip_partial_exhaust(x, n):
    a = iter([x[0], x[1], x[2]])
    b = iter([x[1]])
    s = sum((u * v for u, v in zip(a, b)))
    return s + next(a)


@case(X, 3)
def zip_partial_exhaust2(x, n):
    a = iter(x)
    b = iter(x[:1])
    s = 0.0
    for u, v in zip(a, b):
        s += u * v
    return s + next(a)


@case(X, 3)
def iter_in_two_names(x, n):
    a = iter(x)
    b = a
    s = next(a) * 2
    s += next(b) * 3
    return s + sum(a) + sum(b)


@case(X, 3)
def iter_in_list(x, n):
    its = [iter(x), iter([x[0], x[1]])]
    s = next(its[0]) + next(its[1]) * 2
    for it in its:
        s += next(it) ** 2
    return s


@case(X, 3)
def roundrobin(x, n):
    its = [iter([x[0], x[1]]), iter([x[2], 1.0])]
    out = []
    for k in range(4):
        out.append(next(its[k % 2]))
    return out[0] * out[1] + out[2] * out[3]


@case(X, 3)
def iter_branch_dyn(x, n):
    it = iter(x)
    s = 0.0
    for i in range(n):
        if x[i] > 2:
            s += next(it) * i
    return s + next(it, 5.0)


@case(X, 3)
def iter_passed_to_helper_loop(x, n):

    def skim(it, k):
        s = 0.0
        for v in it:
            s += v
            k -= 1
            if k == 0:
                break
        return s
    it = iter(x)
    return skim(it, 1) * 2 + skim(it, 1) * 3 + skim(it, 5) * 5


@case(X, 3)
def grouper(x, n):
    args = [iter([x[0], x[1], x[2], x[0]])] * 2
    return sum((a * b for a, b in zip(*args)))


@case(X4, 3)
def grouper_dyn(x, n):
    args = [iter(x)] * 2
    s = 0.0
    for a, b in zip(*args):
        s += a * b
    return s


@case(X, 3)
def enumerate_held(x, n):
    e = enumerate(x)
    k, v = next(e)
    s = v
    for k, v in e:
        s += k * v
    return s


@case(X, 3)
def enumerate_of_iter_held(x, n):
    it = iter(x)
    e = enumerate(it, 1)
    k, v = next(e)
    w = next(it)
    k2, v2 = next(e)
    return k * v + w * 10 + k2 * v2 * 100


@case(X, 3)
def reversed_held_changed(x, n):
    a = [x[0], x[1]]
    r = reversed(a)
    a.append(x[2])
    a[0] = x[2] * 5
    return sum((v * (k + 1) for k, v in enumerate(r)))


@case(X, 3)
def list_iter_grows(x, n):
    a = [x[0]]
    it = iter(a)
    a.append(x[1])
    s = sum(it)
    a.append(x[2])
    return s + next(it, 100.0 * x[0])


@case(X, 3)
def dict_changes_during(x, n):
    d = {"a": x[0], "b": x[1]}
    s = 0.0
    for k in d:
        d[k] = d[k] * 2
        s += d[k]
    for k in list(d):
        if k == "a":
            del d[k]
    return s + sum(d.values())


@case(X, 3)
def break_continue_iter(x, n):
    s = 0.0
    for k, v in enumerate(filter(lambda v: v > 0, x)):
        if v > 2.5:
            break
        if k == 0:
            continue
        s += v * k
    else:
        s = -1.0 * x[0]
    return s


@case(X, 3)
def return_inside(x, n):
    for v in (u * 2 for u in x if u > 2):
        if v > 3:
            return v * x[0]
    return x[0]


@case(X, 3)
def first_match(x, n):
    a = next((v for v in x if v > 2), x[0])
    b = next((v for v in [x[0], x[1], x[2]] if v > 2))
    c = next((k for k, v in enumerate(x) if v > 2))
    d = next((v for v in x if v > 200), None)
    return a * b * x[c] * (1 if d is None else 2)


@case(X, 3)
def any_walrus(x, n):
    if any(((w := v) > 2 for v in x)):
        return w * x[0]
    return x[0]


@case(X, 3)
def any_effect(x, n):
    log = [0.0]

    def f(v):
        log[0] = log[0] + v
        return v > 2
    b = any((f(v) for v in x))
    return log[0] * (2 if b else 1)


@case(X, 3)
def gen_of_gen(x, n):
    a = (v * 2 for v in x)
    b = (v + 1 for v in a)
    c = (v * w for v, w in zip(b, x))
    return sum(c) + sum(a)


@case(X, 3)
def gen_shadow(x, n):
    v = x[2]
    a = [v * u for u in x for v in (u, 2.0)]
    return sum(a) * v


@case(X, 3)
def dictcomp_arrays(x, n):
    d = {k: x * k for k in range(3)}
    d[1][0] = 5.0
    return np.sum(d[1] * d[2])


@case(X, 3)
def lambda_late(x, n):
    fs = []
    for k in range(3):
        fs.append(lambda v: v * x[k])
    return sum((f(x[0]) for f in fs))


@case(X, 3)
def sum_lists_unknown(x, n):
    rows = []
    for i in range(n):
        rows.append([x[i], x[0]])
    return sum(sum(rows, []))


@case(X, 3)
def min_dyn_default(x, n):
    a = [v for v in x if v > 2]
    b = [v for v in x if v > 200]
    return min(a, default=1.0) * max(b, default=x[0]) + min(a, key=lambda v: -v)


@case(X, 3)
def max_pairs(x, n):
    v, k = max(((v, k) for k, v in enumerate(x)))
    u, j = min(((v, k) for k, v in enumerate([x[0], x[1]])))
    return v * x[k] * u * x[j]


@case(X, 3)
def reduce_tuple(x, n):
    a, b = functools.reduce(lambda t, v: (t[1], t[0] + v), x, (0.0, 1.0))
    return a * b


@case(X, 3)
def reduce_dict(x, n):
    d = functools.reduce(lambda d, kv: {**d, kv[0]: kv[1]}, [("a", x[0]), ("b", x[1])], {})
    return d["a"] * d["b"]


@case(X, 3)
def string_zip(x, n):
    return sum((v * ord(c) for v, c in zip(x, "abc")))


@case(X, 3)
def product_write(x, n):
    y = [x[0], x[1]]
    p = itertools.product(y, y)
    y[0] = x[2]
    return sum((a * b for a, b in p))


@case(X, 3)
def star_many(x, n):

    def f(a, *b, c=1.0, **k):
        return a * sum(b) * c + sum(k.values())
    return f(*x[:2], *map(abs, [x[2]]), c=x[0], z=x[1])


@case(X, 3)
def islice_shared(x, n):
    it = iter(x)
    a = sum(itertools.islice(it, 2))
    return a * next(it)


@case(X, 3)
def islice_dyn(x, n):
    s = 0.0
    for v in itertools.islice(x, n - 1):
        s += v
    for v in itertools.islice(itertools.cycle(x), 5):
        s += v
    return s


@case(X, 3)
def tee_unknown(x, n):
    a, b = itertools.tee(x)
    next(b, None)
    return sum((u * v for u, v in zip(a, b)))


@case(np.array([], float), 3)
def empties(x, n):
    s = 1.0
    for a, b in zip(x, x):
        s += a
    for k, v in enumerate(x):
        s += v
    return s + sum(x) + sum((v for v in x)) + max(x, default=0.0) + len(list(x)) + functools.reduce(operator.add, x, 0.0) + any((v > 0 for v in x))


@case(np.float32(1.5) * np.array([1, 2, 3], np.float32), 3)
def float32s(x, n):
    a = [v * 2 for v in x]
    b = x.tolist()
    c = list(x)
    return sum(a) * b[0] + c[1] * np.sum(np.array(c)) + sum(b)


@case(2.0, 3)
def scalars(v, n):
    a = [v] * n
    a[0] *= 2
    return math.prod(a) + sum(a) + max(a) + [v, v ** 2][-1]


@case(np.array(2.0), 3)
def zero_d(x, n):
    a = [x * k for k in range(1, 4)]
    return a[0] * a[1] + sum(a) + x.item() + x.tolist()


@case(X, 3)
def walrus_while(x, n):
    it = iter(x)
    s = 0.0
    while (v := next(it, None)) is not None:
        s += v ** 2
    return s


@case(X, 3)
def dict_iter_arr(x, n):
    d = {"w": x * 1.0, "b": x * 2.0}
    for k, v in d.items():
        v[0] = x[1]
        d[k] = v * x
    return np.sum(d["w"] * d["b"])


@case(X, 3)
def update_params(x, n):
    params = {"w": x * 1.0, "b": x[0] * 2}
    for _ in range(n):
        grads = {"w": params["w"] * 0.5, "b": params["b"] * 0.1}
        params = {k: p - 0.1 * grads[k] for k, p in params.items()}
    return np.sum(params["w"]) * params["b"]


@case(X, 3)
def update_params_list(x, n):
    params = [x * 1.0, x[0] * 2]
    for _ in range(n):
        params = [p - 0.1 * p ** 2 for p in params]
    return np.sum(params[0]) * params[1]


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


__all__ = ["W"]
