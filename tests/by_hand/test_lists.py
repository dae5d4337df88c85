"""Lists: every method, slices, copies and second names, known and grown in loops."""

from __future__ import annotations

import collections
import itertools

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


@case(X, 3)
def rowlate(x, n):
    rows = []
    for i in range(n):
        row = [x[i]]
        rows.append(row)
        row.append(x[i] * 2)
    return sum((r[1] * r[0] for r in rows))


@case(X, 3)
def rowlate_dict(x, n):
    rows = []
    for i in range(n):
        row = {"a": x[i]}
        rows.append(row)
        row["b"] = x[i] * 2
    return sum((r["b"] for r in rows))


@case(X, 3)
def array_in_list_written_after(x, n):
    rows = []
    for i in range(n):
        y = x * i
        rows.append(y)
        y[0] = x[1]
    return np.sum(np.stack(rows) ** 2)


@case(X, 3)
def same_array_appended(x, n):
    y = x * 1.0
    rows = []
    for i in range(n):
        y[i] = x[0] * i
        rows.append(y)
    return np.sum(np.stack(rows) ** 2)


@case(X, 3)
def write_through_list(x, n):
    rows = []
    for i in range(n):
        rows.append(x * i)
    rows[1][0] = x[2] ** 2
    return np.sum(np.stack(rows) ** 2)


@case(X, 3)
def loop_write_through(x, n):
    rows = [x * 1.0, x * 2.0]
    for r in rows:
        r[0] = r[1] * 3
    for i, r in enumerate(rows):
        rows[i] = r * x
    return np.sum(rows[0] * rows[1])


@case(X, 3)
def loop_reassign_items(x, n):
    a = [x[0], x[1], x[2]]
    for i in range(len(a)):
        a[i] = a[i] * a[i - 1]
    return sum(a)


@case(X, 3)
def list_in_tuple(x, n):
    t = ([x[0]], x * 1.0)
    t[0].append(x[1])
    t[1][0] = x[2]
    u = t
    return sum(u[0]) * np.sum(t[1])


@case(X, 3)
def nested_same(x, n):
    a = [x[0]]
    b = [a, a]
    b[0].append(x[1])
    c = [[x[0]] * 2] * 2
    c[0][1] = x[2]
    return sum(b[1]) * len(b[1]) + c[1][1] * c[1][0]


@case(X, 3)
def default_arg_list(x, n):

    def f(v, acc=[]):
        acc.append(v)
        return acc
    f(x[0])
    return sum(f(x[1]))


@case(X, 3)
def zero_trip(x, n):
    a = []
    for i in range(n - 3):
        a.append(x[i])
    s = x[0]
    for v in a:
        s += v
    return s + sum(a) + len(a)


@case(X, 3)
def branch_append_diff(x, n):
    a = []
    for i in range(n):
        if x[i] > 2:
            a.append(x[i])
        else:
            a.extend([x[i] * 2, x[i] ** 2])
    return sum((v * k for k, v in enumerate(a)))


@case(X, 3)
def pop_in_loop_unknown(x, n):
    a = [x[0], x[1], x[2]]
    s = 0.0
    for i in range(n):
        s += a.pop() * i
    return s


@case(X, 2)
def pop0_in_loop_unknown(x, n):
    a = [x[0], x[1], x[2]]
    s = 0.0
    for i in range(n):
        s = s * 2 + a.pop(0) * i
    return s + sum(a)


@case(X, 3)
def dict_of_lists_loop(x, n):
    d = {"a": [], "b": []}
    for i in range(n):
        d["a"].append(x[i])
        d["b"].append(d["a"][-1] * x[0])
    return sum(d["a"]) * sum(d["b"])


@case(X, 3)
def dict_arrays_written_loop(x, n):
    d = {"a": np.zeros(3), "b": x * 1.0}
    e = d["a"]
    for i in range(n):
        d["a"][i] = x[i] * d["b"][0]
        d["b"][0] += 1
    return np.sum(e ** 2)


@case(X, 3)
def copy_vs_alias_growing(x, n):
    a = []
    b = a
    for i in range(n):
        a.append(x[i])
    c = a[:]
    c.append(x[0])
    return sum(b) * len(c) + c[-1]


@case(X, 3)
def alias_growing_two(x, n):
    a = []
    b = a
    for i in range(n):
        a.append(x[i])
        b.append(x[0])
    return sum((v * k for k, v in enumerate(a)))


@case(X, 3)
def rebind_list_in_loop(x, n):
    a = [x[0], x[1]]
    for i in range(n):
        a = [a[1], a[0] * x[2]]
    return a[0] + 2 * a[1]


@case(X, 3)
def rebind_growing_alias(x, n):
    a = []
    b = a
    for i in range(n):
        a = a + [x[i]]
    return sum(a) + len(b)


@case(X, 3)
def rebind_then_append(x, n):
    a = [x[0]]
    b = a
    for i in range(n):
        a = a + [x[i]]
        a.append(x[0])
    return sum(a) + sum(b)


@case(X, 3)
def append_then_rebind(x, n):
    a = [x[0]]
    b = a
    for i in range(n):
        a.append(x[0])
        a = a + [x[i]]
    return sum(a) + sum(b)


@case(X, 3)
def rebound_other_lens(x, n):
    a = [x[0]]
    b = [x[1], x[2]]
    for i in range(n):
        a, b = (b, a)
        a.append(x[i])
    return sum(a) * 2 + sum(b)


@case(X, 3)
def swapped_before_append(x, n):
    a = [x[0]]
    b = [x[1], x[2]]
    if x[0] > 1:
        a, b = (b, a)
    a.append(x[0] ** 2)
    return sum(a) * 2 + sum(b)


@case(X, 3)
def select_list(x, n):
    a = [x[0]]
    b = [x[1], x[2]]
    c = a if x[0] > 1 else b
    c.append(x[2] ** 2)
    c[0] = x[1] * 3
    return sum(a) * 2 + sum(b) + len(a)


@case(X, 3)
def select_dict(x, n):
    a = {"k": x[0]}
    b = {"k": x[1]}
    c = a if x[0] > 1 else b
    c["k"] = x[2] ** 2
    c["z"] = x[1]
    return a["k"] * b["k"] + len(a)


@case(X, 3)
def select_array_in_list(x, n):
    a = [x * 1.0, x * 2.0]
    k = 0 if x[0] > 1 else 1
    a[k][0] = x[1] ** 2
    return np.sum(a[0] * a[1])


@case(X, 3)
def dyn_index_list(x, n):
    a = [x[0], x[1], x[2]]
    k = int(x[0])
    a[k] = x[2] ** 2
    return a[0] * 2 + a[1] * 3 + a[k - 1] * a[-1]


@case(X, 3)
def del_dyn(x, n):
    a = [x[0], x[1], x[2]]
    k = int(x[0])
    del a[k]
    return a[0] * 2 + a[1] * 3


@case(X, 3)
def dict_dyn_key(x, n):
    d = {1: x[0], 2: x[1]}
    return d[int(x[0])] * d[int(x[1])]


@case(X, 3)
def sort_values(x, n):
    a = [x[2], x[0], x[1]]
    a.sort()
    b = sorted(x, reverse=True)
    c = sorted([(x[k], k) for k in range(3)])
    return a[0] + 2 * a[1] + b[0] * 3 + c[0][0] * c[2][1]


@case(X, 3)
def sort_in_loop(x, n):
    s = 0.0
    for i in range(n):
        a = sorted([x[i], x[0] * 2, x[1]], key=lambda v: -v)
        s += a[0] * i + a[1]
    return s


@case(X, 3)
def remove_value(x, n):
    a = [x[0], x[1], x[2]]
    a.remove(x[1])
    return a[0] * a[1]


@case(X, 3)
def set_of_computed(x, n):
    s = {int(v) for v in x}
    t = set(np.round(x))
    return len(s) * x[0] + len(t) * x[1] + sum(s) * x[2]


@case(X, 3)
def counter_computed(x, n):
    c = collections.Counter((int(v) for v in x))
    return c[2] * x[0] + sum(c.values()) * x[1]


@case(X, 3)
def groupby_computed(x, n):
    s = 0.0
    for k, g in itertools.groupby(sorted(x), key=lambda v: v > 2):
        s += sum(g) * (2 if k else 1)
    return s


@case(X, 3)
def unpack_tuple_of_x(x, n):
    t = tuple(x)
    a, b, c = t
    return a * b + c * len(t) + sum(t[1:])


@case([X, X4], 2)
def list_arg(params, n):
    h = params[0] * 2
    params.append(h)
    params[0] = h * 3
    return sum((np.sum(p ** 2) for p in params))


@case({"a": [X, 2.0], "b": (X4, {"c": 1.5})}, 2)
def nested_arg(d, n):
    d["a"].append(d["b"][1]["c"])
    (w, k), *_ = [d["a"][:2]]
    return np.sum(w) * k * d["a"][2] + np.sum(d["b"][0] ** 2)


@case([1.0, 2.0, 3.0], 2)
def floats_arg(a, n):
    a.sort(key=lambda v: -v)
    b = sorted(a)
    return a[0] ** 2 * b[0] + sum(map(lambda v: v ** 3, a)) + max(a) * min(a)


@case([1.0, 2.0, 3.0], X)
def matvec(a, x):
    rows = [[v * w for w in x] for v in a]
    t = list(zip(*rows))
    return sum((sum(r) * k for k, r in enumerate(t))) + sum((p * q for r in rows for p, q in zip(r, a)))


@case([[1.0, 2.0], [3.0, 4.0]])
def matmul_lists(m):
    k = len(m)
    c = [[sum((m[i][l] * m[l][j] for l in range(k))) for j in range(k)] for i in range(k)]
    return c[0][0] * c[1][1] - c[0][1] * c[1][0] + sum(map(sum, c))


@case([(X, 0.5), (X * 2, 1.5)], X)
def layers(ls, x):
    h = x
    acts = [h]
    for w, b in ls:
        h = np.tanh(h * w + b)
        acts.append(h)
    return sum((np.sum(a) for a in acts)) + np.sum(acts[-1] * acts[1])


@case(X, 5)
def fib_list(x, n):
    f = [x[0], x[1]]
    for i in range(2, n):
        f.append(f[i - 1] + f[i - 2] * x[2])
    return f[-1] + f[n - 2]


@case(X, 4)
def pascal(x, n):
    row = [x[0]]
    for i in range(n):
        row = [a + b * x[1] for a, b in zip([0.0] + row, row + [0.0])]
    return sum((v * (k + 1) for k, v in enumerate(row)))


@case(X, 4)
def dp_table(x, n):
    t = [[0.0] * n for _ in range(n)]
    for i in range(n):
        t[i][0] = x[i % 3]
        for j in range(1, i + 1):
            t[i][j] = t[i - 1][j - 1] * x[0] + t[i - 1][j]
    return t[n - 1][n - 1] + sum(t[n - 2])


@case(X, 4)
def dp_alias_table(x, n):
    t = [[0.0] * 2] * n
    for i in range(n):
        t[i][0] = x[i % 3] * (i + 1)
    return sum((r[0] for r in t))


@case(X, 4)
def queue(x, n):
    q = [x[0]]
    s = 0.0
    while q and s < 20:
        v = q.pop(0)
        s += v
        if len(q) < 4:
            q.append(v * x[1])
            q.append(v + x[2])
    return s


@case(X, 4)
def deque_window(x, n):
    w = collections.deque([0.0, 0.0], maxlen=2)
    s = 0.0
    for i in range(n):
        w.append(x[i % 3] * i)
        s += w[0] * w[1]
    return s


@case(X, 4)
def memo_recursion(x, n):
    memo = {}

    def go(k):
        if k in memo:
            return memo[k]
        memo[k] = x[k] if k < 2 else go(k - 1) * x[2] + go(k - 2)
        return memo[k]
    return go(4)


@case(X, 4)
def recursion_lists(x, n):

    def total(v):
        return v if not isinstance(v, list) else sum((total(u) for u in v))
    return total([x[0], [x[1], [x[2], x[0]]], 2.0])


@case(X, 4)
def recursion_append(x, n):
    out = []

    def go(k):
        if k == 0:
            return
        out.append(x[k % 3] * k)
        go(k - 1)
    go(n)
    return sum((v * (i + 1) for i, v in enumerate(out)))


@case(X, 4)
def mergesort(x, n):

    def ms(a):
        if len(a) < 2:
            return a
        m = len(a) // 2
        l, r = (ms(a[:m]), ms(a[m:]))
        out = []
        while l and r:
            out.append(l.pop(0) if l[0] < r[0] else r.pop(0))
        return out + l + r
    return sum((v * (i + 1) for i, v in enumerate(ms([x[2], x[0], x[1], 2.0]))))


@case(X, 4)
def bubble(x, n):
    a = [x[2], x[0], x[1]]
    for i in range(3):
        for j in range(2 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = (a[j + 1], a[j])
    return a[0] + 2 * a[1] + 3 * a[2]


@case(X, 4)
def argmin_loop(x, n):
    best, where = (None, None)
    for k, v in enumerate(x):
        if best is None or v < best:
            best, where = (v, k)
    return best * x[where]


@case(X, 3)
def graph(x, n):
    edges = {0: [1, 2], 1: [2], 2: []}
    dist = {0: 0.0}
    todo = [0]
    while todo:
        u = todo.pop()
        for v in edges[u]:
            d = dist[u] + x[u] * x[v]
            if v not in dist or d < dist[v]:
                dist[v] = d
                todo.append(v)
    return sum(dist.values()) + dist[2] ** 2


@case(X, 3)
def tuples_swapped(x, n):
    t = (x[0], [x[1]])
    for i in range(n):
        a, b = t
        b.append(a * i)
        t = (b[-1] + x[2], b)
    return t[0] * sum(t[1])


@case(X, 3)
def listed_views(x, n):
    y = x * 1.0
    parts = [y[:2], y[1:], y]
    parts[0][1] = x[0] * 3
    parts[2] += 1.0
    return np.sum(parts[1] * y[:2])


@case(M, 3)
def listed_rows(m, n):
    rows = [r for r in m]
    rows.append(rows[0] * rows[1])
    a = np.vstack(rows)
    return np.sum(a ** 2)


@case(M, 3)
def rows_sorted(m, n):
    rows = sorted(m, key=lambda r: r[1])
    return np.sum(rows[0] * rows[1] ** 2)


@case(X, 3)
def isinstances(x, n):
    s = 0.0
    for v in [x[0], [x[1]], (x[2],), {"a": x[0]}, "s", None, x, {1}]:
        if isinstance(v, (list, tuple)):
            s += v[0]
        elif isinstance(v, dict):
            s += v["a"] ** 2
        elif isinstance(v, np.ndarray):
            s += np.sum(v)
        elif isinstance(v, (str, set)):
            s += len(v)
        elif v is not None:
            s *= v + 1
    return s


@case(X, 3)
def star_target_loop(x, n):
    s = 0.0
    for a, *b in [(x[0], x[1], x[2]), (x[1],)]:
        s += a * (1 + sum(b))
    for k, (a, b) in {"p": (x[0], x[1])}.items():
        s += a * b
    return s


@case(X, 3)
def big_known(x, n):
    a = [x[k % 3] * k for k in list(range(60))]
    return sum((a[k] * a[k - 1] for k in range(1, 60)))


@case(X, 3)
def set_in_loop(x, n):
    seen = set()
    s = 0.0
    for k in [0, 1, 0, 2, 1]:
        if k in seen:
            continue
        seen.add(k)
        s += x[k] ** 2
    return s


@case(X, 3)
def set_in_dyn_loop(x, n):
    seen = set()
    s = 0.0
    for i in range(n):
        k = int(x[i])
        if k not in seen:
            seen.add(k)
            s += x[i] ** 2
    return s


@case(X, 3)
def defaultdict_dyn(x, n):
    d = collections.defaultdict(float)
    for v in x:
        d[int(v)] += v ** 2
    return sum((k * v for k, v in d.items()))


@case(X, 3)
def setdefault_arr(x, n):
    cache = {}

    def get(k):
        return cache.setdefault(k, x * k)
    get(2)[0] = x[1]
    return np.sum(get(2) * get(3))


@case(X, 3)
def ternary_lists(x, n):
    a = [x[0]] if x[0] > 2 else [x[1], x[2]]
    return sum(a) * len(a)


@case(X, 3)
def compare_lists_dyn(x, n):
    a = []
    b = []
    for i in range(n):
        a.append(x[i])
        b.append(x[i])
    return x[0] if a == b else x[1]


@case(X, 3)
def print_things(x, n):
    a = [x[0], x[1]]
    d = {"k": x[0]}
    t = f"{a} {d} {len(a):>3}"
    return a[0] * len(t[:1])


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
