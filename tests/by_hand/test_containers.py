"""Lists, tuples, dictionaries, objects."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from tests.by_hand.cases import X, case, cases
from tests.gradients import gradient_is


@dataclass
class P:
    a: float
    b: object

    def mul(self, z):
        return self.a * z


@case({'a': X, 'b': 2.0, 'c': None, 'n': 3})
def dictarg(p):
    s = 0.0
    for i in range(p['n']):
        s += p['a'][i] * p['b'] ** 2
    return s


@case(X)
def dict_upd(x):
    d = {'a': x * 1.0, 'b': x * 2}
    for i in range(3):
        d['a'] = d['a'] * d['b']
        d['b'][i] = d['a'][i]
    return np.sum(d['a'] * d['b'])


@case(X)
def dict_swap(x):
    d = {'a': x * 1.0, 'b': x * 2}
    for i in range(3):
        d['a'], d['b'] = (d['b'], d['a'] * x)
    return np.sum(d['a'] * d['b'])


@case(X)
def append_pop(x):
    l = []
    for i in range(3):
        l.append(x * i)
    t = l.pop()
    s = np.sum(t * t)
    for v in l:
        s += np.sum(v ** 2)
    return s


@case(X, 4)
def append_pop_n(x, n):
    l = []
    for i in range(n):
        l.append(x[0] * i)
    t = l.pop()
    s = t * t
    while l:
        s += l.pop() ** 2
    return s


@case(X, 4)
def append_arr_n(x, n):
    l = []
    for i in range(n):
        l.append(x * i)
    s = 0.0
    for v in l:
        s += np.sum(v ** 2)
    return s + np.sum(l[0]) + np.sum(l[-1] * x)


@case(X)
def lst_store(x):
    l = [0.0, 1.0, 2.0]
    for i in range(3):
        l[i] = x[i] * l[i - 1] + x[0]
    return l[0] * l[1] + l[2]


@case(X, 3)
def lst_store_n(x, n):
    l = [0.0] * 3
    for i in range(n):
        l[i] = x[i] * l[i - 1] + x[0]
    return l[0] * l[1] + l[2]


@case(X, 3)
def lst_of_arr3(x, n):
    l = [x] * 3
    y = [v * 1.0 for v in l]
    z = [y[0]] * 3
    z[1][0] = 5.0 * x[1]
    return np.sum(z[0] * z[2] * y[0])


@case(X, 3)
def grow_alias(x, n):
    y = x * 1.0
    l = []
    for i in range(n):
        y = y * 1.5
        l.append(y)
    return np.sum(l[0] * l[2] * y)


@case(X, 3)
def grow_alias3(x, n):
    y = x * 1.0
    l = []
    for i in range(n):
        l.append(y.copy())
        y[0] *= 2.0 * x[1]
    return np.sum(l[0] * l[2] * y)


@case(X)
def lst_alias(x):
    a = [x[0], x[1]]
    b = a
    b.append(x[2])
    a[0] = x[1]
    c = a[:]
    c[1] = 0.0
    d = list(a)
    d.pop()
    return a[0] * a[1] * a[2] * b[-1] * len(d)


@case(X)
def lst_aug(x):
    a = [x[0]]
    b = a
    a += [x[1]]
    c = a + [x[2]]
    a = a * 2
    return b[1] * c[2] * a[3] * len(b)


@case(X)
def lst_in_loop(x):
    a = [x[0], x[1], x[2]]
    for i in range(3):
        a[i], a[2 - i] = (a[2 - i], a[i] * x[0])
        a.append(a.pop(0))
    return a[0] * a[1] + a[2] * x[1]


@case(X, 3)
def dict_loop(x, n):
    s = {'x': x * 1.0, 'v': np.zeros(3), 't': 0.0, 'hist': []}
    for i in range(n):
        s['v'] = s['v'] - 0.1 * s['x']
        s['x'] += s['v'] * 0.5
        s['t'] += s['x'][0]
        s['hist'].append(s['t'])
    return np.sum(s['x']) * s['t'] + s['hist'][1]


@case(X)
def cond_lists(x):
    l = [x[0], x[1]] if x[0] > 0 else [x[2], x[1]]
    l[0] = l[0] * l[1]
    if x[0] > 0:
        l.append(x[2])
    return l[0] * l[-1]


@case((X, [X * 2, {'w': 3.0}]))
def nest(p):
    a, (b, c) = p
    b[0] = a[1] * c['w']
    c['w'] = c['w'] * 2
    return np.sum(a * b) * c['w']


@case(X, [X, X * 2])
def listarg(x, l):
    l.append(x * 3)
    l[0] *= 2
    l[1] = x
    return np.sum(l[0] * l[1] * l[2])


@case(X, {'a': X * 2})
def dictarg2(x, d):
    d['a'] *= x
    d['b'] = d['a']
    d['b'][0] = 1.0
    return np.sum(d['a'] * x)


@case(X)
def dictstuff(x):
    d = {k: v * 2 for k, v in zip(('a', 'b', 'c'), (x[0], x[1], x[2]))}
    s = 0.0
    for k in d:
        s += d[k] * d[k]
    for k in sorted(d):
        s = s * d[k]
    d2 = {**d, 'a': x[0]}
    d2['t', 1] = x[1]
    d2['a'] *= x[2]
    return s + d2['a'] * d2['t', 1] * len(d2) + d.get('zz', x[0]) + d.pop('b')


@case(X)
def dc(x):
    p = P(x[0], x)
    p.a = p.a * x[1]
    p.b = p.b * 2
    q = p
    q.a += 1
    for i in range(3):
        p.a = p.a * x[i]
    return np.sum(p.mul(p.b))


Pair = namedtuple("Pair", "a b")


@case(X)
def list_of_pairs(x):
    pairs = []
    for i in range(len(x) - 1):
        pairs.append((x[i], x[i + 1]))
    s = 0.0
    for a, b in pairs:
        s += a * b
    return s + pairs[0][1] * pairs[-1][0]


@case(X)
def list_of_pairs_read_by_index(x):
    pairs = []
    for i in range(len(x) - 1):
        pairs.append((x[i], x[i + 1]))
    s = 0.0
    for i in range(len(x)):
        if i >= len(pairs):
            break
        a, b = pairs[i]
        s += a * b
    return s


@case(X)
def list_of_nested_tuples(x):
    found = []
    for i in range(len(x) - 1):
        found.append((i, x[i], (x[i] * x[i + 1], 2.0), x[:2] * i))
    s = 0.0
    for i, a, (b, c), v in found:
        s += a * b * i + c * b + np.sum(v) * a
    return s + found[0][2][0] * found[-1][1]


@case(X)
def list_of_named_tuples(x):
    pairs = []
    for i in range(len(x) - 1):
        pairs.append(Pair(x[i], x[i + 1] ** 2))
    pairs[1] = Pair(x[0], x[0] * x[1])
    s = 0.0
    for p in pairs:
        s += p.a * p.b
    return s + pairs.pop().a


@case(X)
def list_of_lists(x):
    rows = []
    for i in range(len(x) - 1):
        rows.append([x[i], x[i + 1] ** 2])
    s = 0.0
    for row in rows:
        s += row[0] * row[1]
    return s


@case(X, 0)
@case(X, 4)
def recurrence_of_pairs(x, n):
    pairs = [(x[0], x[1])]
    for _ in range(n):
        a, b = pairs[-1]
        pairs.append((b, a * b + 0.1))
    return pairs[-1][0] + pairs[n // 2][1]


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
