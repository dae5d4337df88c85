"""Lists: every method, slices, copies and second names, known and grown in loops."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from tests.by_hand.cases import X4, M, W, X, case, cases
from tests.gradients import gradient_is

# -- known lists ---------------------------------------------------------------------------------------------


@case(X)
def append_extend(x):
    a = [x[0]]
    a.append(x[1] * x[0])
    a.extend([x[2], x[0]])
    a.extend(v * 2 for v in x[:2])
    a += (x[1], x[2])
    return a[0] * a[1] + a[2] * a[3] + a[4] * a[5] + a[-1] * a[-2]


@case(X)
def insert_pop(x):
    a = [x[0], x[1]]
    a.insert(1, x[2] * 2)
    a.insert(-1, x[0] ** 2)
    a.insert(100, x[1] ** 3)
    a.insert(-100, x[2] ** 2)
    first = a.pop(0)
    last = a.pop()
    middle = a.pop(-2)
    return first * a[0] + last * a[1] * middle + len(a) * a[2]


@case(X)
def remove_clear(x):
    names = ["a", "b", "c", "b"]
    values = [x[0], x[1], x[2]]
    names.remove("b")
    k = names.index("b")
    b = values
    c = values.copy()
    b.clear()
    return c[k] * 3 + c[0] * names.count("b") + len(values) + len(names) * c[1]


@case(X)
def index_count(x):
    flags = [1, 2, 2, 3]
    w = [x[0], x[1], x[2]]
    same = w.index(w[2])
    return w[flags.index(2)] * flags.count(2) + w[same] ** 2 + flags.index(2, 2) * w[0] + (1, 2, 1).index(2) * w[0] * (3, 3).count(3)


@case(X)
def reverse_in_place(x):
    a = [x[0], x[1], x[2]]
    b = a
    b.reverse()
    return a[0] * 3 + a[1] * a[2]


@case(X)
def sort_by_key(x):
    items = [("c", x[0]), ("a", x[1]), ("b", x[2])]
    items.sort(key=lambda pair: pair[0])
    other = sorted(items, key=lambda pair: pair[0], reverse=True)
    return items[0][1] * 2 + items[2][1] * other[0][1] ** 2 + sorted([3, 1, 2])[0] * x[0]


@case(X)
def slices(x):
    a = [x[0], x[1], x[2], x[0] * x[1]]
    b = a[1:3]
    c = a[::2]
    d = a[::-1]
    e = a[-2:]
    b.append(x[2])
    return sum(b) * c[1] + d[0] * d[1] + e[0] ** 2 + len(a)


@case(X)
def slices_written(x):
    a = [x[0], x[1], x[2], x[0] * x[1], x[2] ** 2]
    b = a
    a[1:3] = [x[2] * 5]
    a[::2] = [x[1], x[0]]
    a[len(a):] = [x[1] ** 2]
    return sum(v * (k + 1) for k, v in enumerate(b))


@case(X)
def deletes(x):
    a = [x[0], x[1], x[2], x[0] * x[1], x[2] ** 2]
    del a[1]
    del a[-1], a[0]
    b = [x[0], x[1], x[2], x[0] * x[1], x[2] ** 2]
    del b[1:3]
    c = [x[0], x[1], x[2], x[0] * x[1], x[2] ** 2]
    del c[::2]
    return a[0] * a[1] + b[0] * b[1] * b[2] + c[0] * c[1]


@case(X)
def plus_and_times(x):
    a = [x[0], x[1]] + [x[2]]
    b = 2 * a
    c = a * 2
    a += [x[0] ** 2]
    d = [x[1]]
    d *= 3
    e = a
    e = e + [x[2]]
    return sum(b) + c[5] * c[0] + a[3] + len(e) * d[2] + len(a)


@case(X)
def compared(x):
    a, b = [1, 2, x[0]], [1, 2, x[0]]
    s = 0.0
    if a == b:
        s += x[1]
    if [1, 2] < [1, 3]:
        s += x[2] ** 2
    if [x[0], 1] < [x[1], 0] and (x[0], x[2]) >= (x[0], x[1]):
        s += x[0] ** 3
    if 2 in a and 5 not in a and x[0] in a:
        s *= 2
    return s if a != [1, 2] else 0.0


@case(X)
def nested(x):
    grid = [[x[0], x[1]], [x[2], x[0] * x[1]]]
    row = grid[0]
    row.append(x[2] ** 2)
    grid.append(row)
    grid[2][0] = x[1] * 7
    flat = [v for r in grid for v in r]
    return sum(flat) + grid[0][0] * len(grid[2])


@case(X)
def two_names(x):
    a = [x[0], x[1]]
    b = a
    c = list(a)
    b.append(x[2])
    a[0] = x[2] * x[1]
    del c[0]
    return b[0] * 3 + a[2] ** 2 + c[0]


@case(X)
def arrays_held(x):
    y = x * 2
    a = [y, x ** 2]
    b = a.copy()
    a[0][1] = x[0] * 5
    b[1] += x
    c, d = a
    c[0] = 1.0
    return np.sum(y * W) + np.sum(d * b[0])


@case(X)
def arrays_moved(x):
    y, z = x * 2, x ** 2
    a = [y, z]
    a.reverse()
    a.insert(0, a.pop())
    a[0][0] = x[1] ** 3
    a[1:2] = [a[0]]
    a[1][2] = x[0]
    return np.sum(y * W) + np.sum(z) * a[1][1]


def grown(items, v):
    items.append(v)
    items.insert(0, v * 2)
    return items


@case(X)
def in_a_helper(x):
    a = []
    for k in range(3):
        grown(a, x[k] * k)
    return a[0] * a[5] + sum(grown([x[0]], x[1]))


@case(X)
def in_branches(x):
    a = [x[0], x[1]]
    if x[0] > 1:
        a.append(x[2] ** 2)
        a[0] = x[1]
    else:
        a.append(x[2])
    if x[1] > 100:
        a.insert(0, x[0])
        del a[1]
    return a[0] * a[1] + a[2] * a[-1]


@case(X)
def of_other_lengths(x):
    a = [x[0], x[1]]
    if x[0] > 1:
        a.append(x[2] ** 2)
    if x[0] > 100:
        a.pop()
    return sum(a) + len(a) * a[-1] * a[0]


@case(X)
def loop_over_a_growing_list(x):
    a = [x[0]]
    for v in a:
        if len(a) < 4:
            a.append(v * x[1])
    return sum(a)


@case(X)
def loop_over_a_shrinking_list(x):
    a = [x[0], x[1], x[2], x[0] * x[2]]
    s = 0.0
    for v in a:
        s += v ** 2
        a.pop()
    return s


# -- grown in loops -------------------------------------------------------------------------------------------


def squares(x, n):
    result = []
    for i in range(n):
        result.append(x[i % 3] * (i + 1))
    return result


@case(X, 5)
def grow_read(x, n):
    a = squares(x, n)
    s = a[0] * a[-1] + a[n - 2] ** 2 + len(a)
    for v in a:
        s += v * x[0]
    for k, v in enumerate(a):
        s += k * v
    return s


@case(X, 5)
def grow_slices(x, n):
    a = squares(x, n)
    b = a[1:3]
    c = a[::-1]
    d = a[2:]
    s = 0.0
    for v in b:
        s += v ** 2
    for p, q in zip(c, d):
        s += p * q
    return s + b[0] + c[0] * d[-1]


@case(X, 5)
def grow_to_array(x, n):
    a = squares(x, n)
    y = np.array(a)
    return (np.sum(y ** 2) + sum(a) + max(a) * min(a) + np.mean(a) * np.max(a) + np.sum(np.exp(a)) + np.sum(a) + np.dot(a, a) + np.std(a)
            + np.sum(np.sqrt(a) * x[0]))


@case(X, 5)
def grow_stack(x, n):
    rows = []
    for i in range(n):
        rows.append(x * (i + 1))
    return np.sum(np.stack(rows) ** 2) + np.sum(np.concatenate(rows) * x[0]) + np.sum(np.array(rows))


@case(X, 5)
def grow_plus(x, n):
    a = squares(x, n)
    b = squares(x, n - 2)
    c = a + b
    a += b
    a.extend(c)
    a.extend([x[0], x[1]])
    d = a * 2
    s = 0.0
    for k, v in enumerate(d):
        s += v * k
    return s + c[-1] ** 2


@case(X, 5)
def grow_from_empty_plus(x, n):
    a = []
    for i in range(n):
        a = a + [x[0] * i, x[1]]
    return sum(a) + a[0] * a[-1]


@case(X, 5)
def grow_methods(x, n):
    a = squares(x, n)
    a.reverse()
    a.insert(1, x[0] ** 2)
    v = a.pop(2)
    w = a.pop()
    a.insert(-1, x[2])
    del a[0]
    b = a.copy()
    b.append(x[0])
    s = v * w
    for k, u in enumerate(a):
        s += u * (k + 1)
    return s + b[-1] * len(b)


@case(X, 6)
def grow_slice_written(x, n):
    a = squares(x, n)
    a[1:3] = [x[0] * x[1]]
    del a[-1:]
    s = 0.0
    for k, u in enumerate(a):
        s += u * (k + 1)
    return s


@case(X, 5)
def grow_counted(x, n):
    a = []
    b = []
    for i in range(n):
        a.append(i % 3)
        b.append(x[i % 3])
    k = a.index(2)
    s = b[k] * a.count(1)
    if 2 in a:
        s += x[0]
    if 7 in a:
        s += x[1]
    a.clear()
    return s + len(a)


@case(X, 5)
def stack_machine(x, n):
    stack = [x[0]]
    for i in range(n):
        if i % 2:
            stack.append(stack[-1] * x[1])
            stack.append(x[2] * i)
        else:
            stack.append(stack.pop() + x[i % 3])
    s = 0.0
    while stack:
        s = s * 1.1 + stack.pop()
    return s


@case(X, 4)
def grow_repeat(x, n):
    a = [0.0] * n
    b = [x[0]] * n
    for i in range(n):
        a[i] = b[i] * x[i % 3]
    return sum(a) + a[0] * a[-1]


@case(X, 4)
def grow_while_looped_over(x, n):
    a = squares(x, n)
    s = 0.0
    for v in a:
        s += v * v
        if len(a) < 9:
            a.append(v * x[0])
    return s + len(a)


@case(X, 4)
def grow_in_a_branch(x, n):
    a = []
    for i in range(n):
        if i % 2 == 0:
            a.append(x[i % 3] ** 2)
    for i in range(n):
        if a and i > 2:
            a.pop()
    return sum(a) + len(a) * x[0]


@case(X, 4)
def grow_nested(x, n):
    rows = []
    for i in range(n):
        row = []
        for j in range(i + 1):
            row.append(x[j % 3] * i)
        rows.append(row)
    s = 0.0
    for row in rows:
        for v in row:
            s += v ** 2
    return s + rows[-1][0]


@case(X, 4)
def grow_tuples(x, n):
    pairs = []
    for i in range(n):
        pairs.append((x[i % 3], x[0] * i))
    s = 0.0
    for a, b in pairs:
        s += a * b
    return s + pairs[-1][1] + pairs[0][0]


# -- arrays as lists -----------------------------------------------------------------------------------------


@case(X, M)
def to_lists(x, m):
    a = x.tolist()
    b = list(x)
    d = list(m)
    e = [*x]
    s = 0.0
    for k, v in enumerate(a):
        s += v * k
    return s + b[0] * b[-1] + sum(v for v in e) + np.sum(d[0] * d[1])


@case(X)
def known_to_list(x):
    y = np.array([x[0], x[1] * 2])
    a, b = y.tolist()
    rows = np.array([[x[0], x[1]], [x[2], 1.0]]).tolist()
    rows[0][1] = rows[1][0] * a
    z = np.array(rows)
    return a * b + np.sum(z ** 2) + sum(rows[0])


@case(X, M)
def rows_are_views(x, m):
    y = np.stack((x, x * 2))
    rows = list(y)
    rows[0][1] = x[0] * 3
    a, b = tuple(y)
    b[0] += 1.0
    return np.sum(y ** 2) + rows[1][2] * a[0]


@case(X4)
def nested_to_array(x):
    a = np.array([[x[0], x[1]], [x[2], x[3]]])
    b = np.array([[v * k for v in x] for k in range(1, 3)])
    c = np.array([x, x * 2])
    return np.sum(a @ a) + np.sum(b * c)


# -- deques ------------------------------------------------------------------------------------------------------


@case(X)
def deques(x):
    d = collections.deque([x[0], x[1]])
    d.append(x[2])
    d.appendleft(x[0] * x[1])
    d.extendleft([x[1] ** 2, x[2] ** 2])
    d.rotate(2)
    d.rotate(-1)
    a = d.popleft()
    b = d.pop()
    return a * b + sum(v * (k + 1) for k, v in enumerate(d)) + len(d) * d[0] * d[-1]


@case(X)
def bounded_deque(x):
    d = collections.deque(maxlen=2)
    s = 0.0
    for v in [x[0], x[1], x[2], x[0] * x[2]]:
        d.append(v)
        s += sum(d) * len(d)
    d.appendleft(x[1] ** 2)
    return s + d[0] * d[1]


@case(X, 4)
def queue_in_a_loop(x, n):
    q = collections.deque()
    for i in range(n):
        q.append(x[i % 3] * i)
    s = 0.0
    while q:
        s = s * 0.5 + q.popleft() ** 2
    return s


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
