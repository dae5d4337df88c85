"""Dictionaries, named tuples, sets and strings that hold or choose active values."""

from __future__ import annotations

import collections
from typing import NamedTuple

import numpy as np
import pytest

from tests.by_hand.cases import W, X, case, cases
from tests.gradients import gradient_is


@case(X)
def lookups(x):
    d = {"a": x[0], "b": x[1]}
    d["c"] = d["a"] * x[2]
    d["a"] = d["c"] ** 2
    s = d.get("a") + d.get("z", x[0]) * 3
    if d.get("q") is None and "b" in d and "q" not in d:
        s += d["b"] * len(d)
    return s


@case(X)
def views(x):
    d = {"a": x[0], "b": x[1], "c": x[2]}
    keys, values, items = d.keys(), d.values(), d.items()
    d["d"] = x[0] * x[1]
    s = 0.0
    for k in d:
        s += d[k] * len(k)
    for k, v in items:
        s += v * (2 if k == "b" else 1)
    for v in values:
        s += v ** 2
    for n, k in enumerate(keys):
        s += n * d[k]
    for n, (k, v) in enumerate(d.items()):
        s += n * v * len(items)
    return s + sum(values) + max(values) + (list(d)[1] == "b") * x[0] + sum(d[k] for k in reversed(d))


@case(X)
def taken_out(x):
    d = {"a": x[0], "b": x[1], "c": x[2], "d": x[0] ** 2, "e": x[1] ** 2}
    a = d.pop("a")
    z = d.pop("z", x[2])
    k, v = d.popitem()
    del d["b"]
    s = a * z + v * len(k)
    for value in d.values():
        s += value * 3
    e = dict(d)
    d.clear()
    return s + len(d) + sum(e.values())


@case(X)
def made(x):
    d = dict(a=x[0], b=x[1])
    e = dict([("a", x[2]), ("c", x[0] * x[1])])
    f = dict(zip("xyz", x * 2))  if False else dict(zip("xyz", [x[0], x[1], x[2]]))
    g = {**d, **e, "z": x[0]}
    h = d | e
    d |= e
    i = dict.fromkeys(["p", "q"], x[1] ** 2)
    j = {k: v * 2 for k, v in g.items() if k != "c"}
    d.update(b=x[2] ** 2)
    d.update({"w": x[0] ** 3})
    d.update([("v", x[1] ** 3)])
    return sum(d.values()) + sum(f.values()) * g["a"] + h["a"] * h["b"] + i["p"] * i["q"] + sum(j.values())


@case(X)
def defaults(x):
    d = {}
    d.setdefault("a", []).append(x[0])
    d.setdefault("a", []).append(x[1])
    d.setdefault("b", x[2])
    g = collections.defaultdict(list)
    for k in range(6):
        g[k % 3].append(x[k % 3] * k)
    c = collections.defaultdict(float)
    for k, w in zip("abca", [x[0], x[1], x[2], x[0]]):
        c[k] += w ** 2
    n = collections.defaultdict(lambda: x * 2)
    n["q"][0] = x[1]
    return sum(d["a"]) * d["b"] + sum(sum(v) * k for k, v in g.items()) + c["a"] * c["b"] + np.sum(n["q"] * n["r"]) + len(n)


@case(X)
def two_names(x):
    d = {"w": x * 2, "b": x[0]}
    e = d
    f = d.copy()
    e["b"] = x[1] ** 2
    e["w"][1] = x[2] ** 2
    f["b"] *= 3
    d["w"] *= x[0]
    return np.sum(f["w"]) * d["b"] + f["b"] * len(f)


@case(X)
def nested(x):
    net = {"layers": [{"w": x * 2, "b": x[0]}, {"w": x ** 2, "b": x[1]}], "out": {"scale": x[2]}}
    h = x
    for layer in net["layers"]:
        h = np.tanh(h * layer["w"] + layer["b"])
        layer["b"] = layer["b"] * 2
    net["layers"][0]["w"][0] = 7.0
    return np.sum(h) * net["out"]["scale"] + net["layers"][1]["b"] + np.sum(net["layers"][0]["w"])


@case(X, 3)
def in_a_loop(x, n):
    d = {"pos": x * 1.0, "vel": x[0] * 1.0}
    for i in range(n):
        d["pos"] = d["pos"] + d["vel"] * 0.1
        d["vel"] = d["vel"] - d["pos"][i % 3]
    return np.sum(d["pos"] ** 2) * d["vel"]


@case(X)
def in_branches(x):
    d = {"a": x[0], "b": x[1]}
    if x[0] > 1:
        d["a"] = x[2] ** 2
        d["c"] = x[1]
    else:
        d["a"] = x[1]
        d["c"] = x[0]
    return d["a"] * d["c"] + d["b"]


def set_defaults(options, **more):
    options.update(more)
    return {"rate": 0.1, **options}


@case(X)
def in_helpers(x):
    options = {"steps": 2}
    all_of = set_defaults(options, scale=x[0])

    def go(rate, steps, scale, **rest):
        return rate * steps * scale ** 2 + len(rest)

    return go(**all_of) + go(*[0.5], **options) * x[1]


@case(X)
def compared(x):
    d, e = {"a": x[0], "b": 1}, {"b": 1, "a": x[0]}
    s = x[1]
    if d == e:
        s *= x[0]
    if d != {"a": x[0]}:
        s *= x[2]
    return s * (1 if d.keys() == e.keys() else 2)


@case(X)
def odd_keys(x):
    d = {(0, 1): x[0], 3: x[1], None: x[2], True: x[0] * x[1], 2.5: 1.0}
    s = 0.0
    for i in range(2):
        s += d[(i, 1)] if (i, 1) in d else d[3] * d[None]
    return s * d[1] * d[2.5]


@case(X)
def memo(x):
    seen = {}

    def fib(n):
        if n not in seen:
            seen[n] = x[n] if n < 2 else fib2(n)
        return seen[n]

    def fib2(n):
        return seen[n - 1] * x[2] + seen[n - 2]

    for n in [0, 1, 2, 3, 4]:
        fib(n)
    return seen[4]


@case(X)
def ordered(x):
    d = collections.OrderedDict()
    d["a"] = x[0]
    d["b"] = x[1]
    d["c"] = x[2]
    d.move_to_end("a")
    first = d.popitem(last=False)
    return sum(v * (k + 1) for k, v in enumerate(d.values())) + first[1] ** 2


@case(X)
def counted(x):
    c = collections.Counter("abracadabra")
    c.update("aab")
    s = sum(x[0] * n for n in c.values()) + c["a"] * x[1] + c["zzz"]
    (top, n), *_ = c.most_common(2)
    return s * n + (x[2] if top == "a" else 0.0)


# -- named tuples ----------------------------------------------------------------------------------------------


class Point(NamedTuple):
    a: float
    b: float = 2.0

    @property
    def norm(self):
        return self.a ** 2 + self.b ** 2

    def scaled(self, s):
        return Point(self.a * s, self.b * s)


Pair = collections.namedtuple("Pair", "first second")


@case(X)
def named(x):
    p = Point(x[0], x[1])
    q = p._replace(b=x[2] ** 2)
    d = q._asdict()
    a, b = p
    r = Pair(first=p, second=[x[0]])
    r.second.append(x[1])
    s = 0.0
    for name in Point._fields:
        s += getattr(q, name) * d[name]
    t = Point._make([x[2], x[0]])
    return s + a * b + r.first.a * r.second[1] + p[0] * p[-1] + sum(p) + len(p) + Point(x[0]).b * x[1] + t.a * t.b + t.index(x[0])


@case(X)
def named_methods(x):
    p = Point(x[0], x[1])
    return p.norm * p.scaled(x[2]).b


# -- tuples --------------------------------------------------------------------------------------------------------


@case(X)
def unpacking(x):
    a, *b = x
    *c, d = [x[0], x[1], x[2], x[0] * x[1]]
    (e, f), *g = (x[0], x[1]), x[2], x[0]
    h, *i, j = (x[0], x[1])
    [k, [l, m]] = [x[0], (x[1], x[2])]
    n = [*b, *c, a]
    o = [*g, *i, d]
    p, q = {"u": x[0], "v": x[1]}.values()
    r, s = sorted({"u": 1, "v": 2})
    return a * sum(b) + sum(c) * d + e * f + len(i) + h * j + k * l * m + sum(n) + sum(o) + p * q + len(r + s)


@case(X)
def unpacking_unknown(x):
    a, *b, c = x * 2
    *d, e = [v ** 2 for v in x]
    return a * c + sum(b) * 3 + sum(d) * e + len(b) * d[0] * b[-1]


def variadic(*args, **kw):
    first, *rest = args
    return first * sum(rest) + sum(kw.values()) * len(args)


@case(X)
def passed_on(x):
    args = [x[0], x[1]]
    return variadic(*args, *[x[2]], a=x[0], b=x[1] ** 2) + variadic(*(v for v in args), c=x[2]) + variadic(*"ab"[:0], x[0], x[1])


@case(X)
def tuple_slices(x):
    t = (x[0], x[1], x[2], x[0] * x[1])
    return sum(t[1:3]) * t[::-1][0] + t[-2:][0] + (t + t[:1])[4] + len(t * 2) + ((1, 2) + (3,))[2] * x[0] + t.index(t[0])


# -- sets and strings -----------------------------------------------------------------------------------------------


@case(X)
def sets(x):
    s = {1, 2, 3}
    t = set([2, 3, 4, 4])
    s.add(7)
    s.discard(100)
    s.remove(1)
    u = s | t
    u |= {9}
    u -= {9, 2}
    v = {k * k for k in range(4) if k}
    total = x[0] * len(s & t) + x[1] * sum(u) + x[2] * len(v ^ t)
    if s <= u | {2} and not s.isdisjoint(t) and 7 in s and frozenset([2, 3]).issubset(s):
        total *= x[0]
    for k in sorted(s - t):
        total += x[k % 3] ** 2
    w = s.copy()
    w.update([10, 11], (12,))
    w.clear()
    return total + len(w) + len(s.union([50], t)) * x[0] + max(s) * x[1] + (1 if s != t else 2) * x[2]


@case(X)
def iterated_set(x):
    total = 0.0
    for n, k in enumerate({0, 2, 1}):
        total += x[k] * (n + 1)
    return total + sum(x[k] ** 2 for k in frozenset((2, 0)))


@case(X, "mean,max")
def strings(x, how):
    s = 0.0
    for word in how.upper().split(","):
        name = f"{word.lower():>6}".strip()
        if name.startswith("me"):
            s += np.mean(x) * len(name)
        elif name in ("max", "min") and "-".join(["a", "b"]) == "a-b":
            s += np.max(x)
    text = "%s-%d" % ("n", 3) + "ab" * 2
    return s + text.count("b") * x[0] + len("{}:{:.1f}".format("a", 2.0)) * x[1] + "abc".index("c") * x[2]


@case(X)
def string_keys(x):
    d = {}
    for k in range(3):
        d[f"w{k}"] = x[k] * k
    for k in "abc":
        d[k.upper()] = x[ord(k) - ord("a")]
    message = f"norm {np.sum(x):.3f} of {x[0]!r}"
    return sum(d[k] for k in d if k.startswith("w")) + d["A"] * d["C"] + (0.0 if message is None else x[1])


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


@case(W)
def counts_that_are_compared(x):
    """The operators of a Counter count: they are not those of a dictionary."""
    a, b = collections.Counter(a=x[0], b=x[1]), collections.Counter(a=x[1] / 2, c=x[2])
    total = collections.Counter()
    for key, value in (("a", x[0] ** 2), ("b", x[1]), ("a", x[2] ** 2)):
        total = total + collections.Counter({key: value**2})
    c = a
    c |= b
    d = collections.Counter(a=x[0] ** 2, b=1.0)
    d -= collections.Counter(a=-x[1] ** 2, b=2.0)
    s = sum(((a | b)["a"], 2 * (a & b)["a"], 3 * (a + b)["c"], 5 * (a - b)["a"], 7 * a.__or__(b)["b"], (+a)["c"]))
    return s + c["c"] * len(c) + a["a"] + d["a"] * len(d) + total["a"] * total["b"] + (x[0] if a == b else x[1])


@case(W)
def methods_of_dict_on_a_counter(x):
    c = collections.Counter(a=x[0], b=x[1])
    dict.update(c, {"a": x[2]})
    e = dict.copy(c)
    return c["a"] * c["missing"] + c["b"] * e["a"] + dict.get(c, "z", x[1])


def test_a_missing_key_is_a_key_error():
    import chainrule as cr

    def f(x):
        return {"a": x[0]}["b"]

    with pytest.raises(KeyError):
        cr.grad(f)(W)


def test_a_counter_is_not_returned():
    import chainrule as cr

    def f(x):
        return x[0], collections.Counter("aab")

    with pytest.raises(cr.errors.UnsupportedError, match="a Counter is returned"):
        cr.grad(f, has_aux=True)(W)
