"""The group `iteration`: comprehensions, generators, and the functions that take functions or iterators."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import Array, Float, List, fit

PIECES = (
    "for v in x:\n        yield s * v",
    "for k in range(len(x)):\n        yield x[k] * x[-1]\n        yield s",
    "t = s\n    for v in x:\n        t = 0.5 * t + v\n        yield t",
    "yield s\n    yield from x",
    "if s > 0.2:\n        yield s * s\n    for v in x:\n        if v > 0.1:\n            yield v",
    "k = 0\n    while k < len(x):\n        yield x[k]\n        k += 1",
    "for v in x:\n        if v > 1.0:\n            return\n        yield v * s",
)


class Iteration(Containers):
    """Statements that iterate in one of the many ways there are."""

    def iterable(self) -> tuple[str, int] | None:
        """Something that gives floats, and how many (at least; at most 4 where it is an array)."""
        found = [(text, t.shape[0]) for text, t in self.arrays() if len(t.shape) == 1 and t.shape[0]]
        found += [(name, self.scope[name].length) for name in self.names(List, item=Float()) if self.scope[name].length]
        return self.choice(found) if found else None

    def folded(self) -> bool | None:
        """One number made of many."""
        found, again = self.iterable(), self.iterable()
        if not found or not again:
            return None
        (y, n), (z, m) = found, again
        v, e, th = self.counter("value"), fit(self.scalar(1), 1.0).text, self.threshold()
        options = [
            f"sum({v} * {v} for {v} in {y})", f"sum([{v} * {e} for {v} in {y}])", f"sum(({v} for {v} in {y} if {v} > {th}), 0.0)",
            f"max({y})", f"min(abs({v}) for {v} in {y})", f"max([{v} * {e} for {v} in {y}], key=abs)", f"sorted({y})[0]",
            f"sorted({y}, key=lambda q: -q)[0]", f"sorted({y}, reverse=True)[-1]", f"sum(sorted({y})[1:], 0.0)", f"min({y}, key=lambda q: (q - 0.3) ** 2)",
            f"functools.reduce(lambda a1, b1: 0.5 * a1 + b1 * b1, {y}, 0.0)", f"functools.reduce(lambda a1, b1: 0.5 * a1 * b1, {y})",
            f"functools.reduce(operator.mul, {y})", f"sum(map(lambda q: q * {e}, {y}))", f"sum(map(math.sin, {y}))",
            f"sum(filter(lambda q: q > {th}, {y}), 0.0)", f"sum(a1 * b1 for a1, b1 in zip({y}, {z}))", f"sum(k1 * q for k1, q in enumerate({y}, 1))",
            f"sum(itertools.chain({y}, {z}))", f"list(itertools.accumulate({y}))[-1]", f"sum(list(itertools.accumulate({y}, lambda a1, b1: 0.5 * a1 * b1)))",
            f"sum(a1 * b1 for a1, b1 in itertools.product({y}, {z}))", f"sum(a1 * b1 for a1, b1 in itertools.combinations({y}, 2))",
            f"sum(itertools.islice({y}, 0, 2))", f"sum(a1 - b1 for a1, b1 in itertools.zip_longest({y}, {z}, fillvalue={e}))",
            f"sum(itertools.starmap(lambda a1, b1: a1 * b1, zip({y}, {z})))", f"math.fsum({y})", f"math.prod({y})", f"math.prod(0.5 * {v} for {v} in {y})",
            f"sum(a1 * b1 for a1, b1 in zip({y}, {y}[1:]))", f"sum({v} * {e} for {v} in reversed({y}))", f"sum(a1 * b1 for a1 in {y} for b1 in {z} if a1 < b1)",
            f"sum(sum(a1 * b1 for a1 in {y}) for b1 in {z})", f"sum([q := {v} * {e}, q * q][1] for {v} in {y})" if self.indent == 1 else f"sum({y})",
            f"sum(map(operator.mul, {y}, {z}))", f"sum([{v} if {v} > {th} else {e} for {v} in {y}])", f"sum({{k1: q for k1, q in enumerate({y})}}.values())",
            f"next(iter({y}))", f"next(({v} for {v} in {y} if {v} > {th}), {e})", f"sum(itertools.takewhile(lambda q: q < 0.9, {y}), 0.0)",
            f"len([{v} for {v} in {y} if {v} > {th}]) * {e}", f"{e} if any({v} > {th} for {v} in {y}) else 0.5", f"{e} if all({v} < {th} for {v} in {y}) else -0.5",
            f"sum(itertools.repeat({e}, 3))", f"sum(a1 * b1 for a1, b1 in zip({y}, itertools.count(1)))", f"sum(a1 * b1 for a1, b1 in zip(itertools.cycle({z}), {y}))",
            f"np.sum([{v} * {v} for {v} in {y}])", f"np.max([{e}, *{y}])", f"max({y}[0], {e})", f"min({e}, *{y})", f"sum(x1[0] * x1[1] for x1 in enumerate({y}))",
            f"sum(g1 * c1 for g1, c1 in [({e}, 2), ({y}[0], 1)])", f"max(enumerate({y}), key=lambda q: q[1])[0] * {e}", f"sum(set(range(3))) * {e}",
            f"dict(zip('ab', ({e}, {y}[0])))['b']", f"sum(1 for {v} in {y} if {v} > {th}) * {e}",
        ]  # fmt: skip
        return self.value(self.choice(options), 99.0)

    def collected(self) -> bool | None:
        """An array made of a comprehension, a map, or of what was sorted."""
        found = [(text, t.shape[0]) for text, t in self.arrays() if len(t.shape) == 1 and t.shape[0]]
        if not found:
            return None
        y, n = self.choice(found)
        v, e = self.counter("value"), fit(self.scalar(1), 1.0).text
        k = self.counter()
        if self.chance(25):
            z, m = self.choice(found)
            name = self.fresh(Array((m, n)))
            self.bind(name, Array((m, n)))
            return self.emit(f"{name} = 0.5 * np.array([[{v} * q for {v} in {y}] for q in {z}])")
        options = [
            f"np.array([{v} * {e} for {v} in {y}])", f"np.array([{v} if {v} > {self.threshold()} else {e} for {v} in {y}])", f"np.array(list(map(math.tanh, {y})))",
            f"np.array(sorted({y}))", f"np.array(sorted({y}, key=abs))", f"np.array(tuple(reversed({y})))", f"np.stack([{v} * {e} for {v} in {y}])",
            f"np.array([{y}[{k}] * {e} for {k} in range({n})])", f"np.fromiter(({v} * {e} for {v} in {y}), float)", f"np.array([*{y}]) * {e}",
            f"np.array([0.5 * (a1 + b1) for a1, b1 in zip({y}, reversed({y}))])", f"np.array(list({y})[::-1])",
        ]  # fmt: skip
        name = self.target(Array((n,)))
        self.bind(name, Array((n,)))
        return self.emit(f"{name} = {self.choice(options)}")

    def generator(self) -> bool | None:
        """A generator function, and one way of using it."""
        found = self.vector()
        if not found:
            return None
        y, n = found
        body = self.choice(PIECES)
        name = self.module.define("pieces", f"def pieces(x, s):\n    {body}\n")
        s, e, v = self.fresh(Float()), fit(self.scalar(1), 1.0).text, self.counter("value")
        run = f"{name}({y}, {e})"
        options: list[list[str]] = [
            [f"{s} = np.tanh(sum({run}))"], [f"{s} = 0.3", f"for {v} in {run}:", f"    {s} = 0.5 * {s} + {v} * 0.3"],
            [f"{s} = 0.3", f"for k1, {v} in enumerate({run}):", "    if k1 > 1:", "        break", f"    {s} += 0.3 * {v}"],
            [f"parts = {run}", f"{s} = next(parts, 0.5)", f"{s} += 0.2 * sum(parts)"], [f"{s} = 0.3 * sum([{v} * {v} for {v} in {run}])"],
            [f"parts = list({run})", f"{s} = 0.3 * len(parts) * {e}"], [f"{s} = 0.2 * sum(a1 * b1 for a1, b1 in zip({run}, {y}))"],
            [f"{s} = max({run}, default=0.1)"], [f"{s}, *_ = [*{run}, 0.5]"], [f"{s} = 0.2 * sum(sorted({run}))"],
        ]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True

    def by_hand(self) -> bool | None:
        """iter and next; an iterator that two loops share."""
        found = self.vector(least=2)
        if not found:
            return None
        y, n = found
        s, e, v = self.fresh(Float()), fit(self.scalar(1), 1.0).text, self.counter("value")
        options: list[list[str]] = [
            [f"it = iter({y})", f"{s} = next(it) * {e}", f"for {v} in it:", f"    {s} = 0.5 * {s} + 0.4 * {v}"],
            [f"it = iter({y})", f"{s} = next(it) - next(it)"], [f"it = zip({y}, {y}[1:])", f"{s} = 0.5", "for a1, b1 in it:", f"    {s} += 0.2 * a1 * b1"],
            [f"{s} = 0.5", f"for {v} in (q * {e} for q in {y}):", f"    {s} = {s} * 0.5 + {v}", f"    if {s} > 1.0:", "        break"],
            [f"it = iter([{e}, 0.4, {y}[0]])", f"{s} = next(it)", f"{s} += 0.5 * sum(it)"],
            [f"{s} = 0.4", f"for (k1, a1), b1 in zip(enumerate({y}), reversed({y})):", f"    {s} += 0.1 * k1 * a1 * b1"],
            [f"it = map(lambda q: q * {e}, {y})", f"{s} = next(it) + next(it)"], [f"{s} = 0.0", f"for {v} in itertools.chain({y}, [{e}]):", f"    {s} = 0.6 * {s} + 0.4 * {v}"],
        ]  # fmt: skip
        self.bind(s, Float())
        return self.emit(*self.choice(options))

    def written_while_iterated(self) -> bool | None:
        """The array being iterated is written in the body."""
        found = self.vector(writable=True, least=2)
        if not found or self.indent > 3:
            return None
        y, n = found
        e = fit(self.scalar(1), 0.8).text
        options: list[list[str]] = [
            [f"for k1, q in enumerate({y}):", f"    {y}[k1 - 1] = 0.5 * q + {e}"], [f"for q in {y}:", f"    {y}[-1] = 0.5 * q * {e}"],
            [f"for k1, (q, r1) in enumerate(zip({y}, {y}[::-1])):", f"    {y}[k1] = 0.5 * (q + r1)"], [f"for k1 in reversed(range({n})):", f"    {y}[k1] *= {y}[k1 - 1]"],
            [f"for {y}[0] in ({e}, {y}[1]):", f"    {y}[-1] += 0.3 * {y}[0]"], [f"for k1, {y}[1] in enumerate(({e}, 0.3)):", f"    {y}[0] = 0.5 * {y}[1] - 0.2 * k1"],
        ]  # fmt: skip
        return self.emit(*self.choice(options))
