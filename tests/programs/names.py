"""The group `names`: functions as values, names of changing type or on one path only, checks of types, strings."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import Array, Float, fit


class Names(Containers):
    """Statements about what a name stands for."""

    def little(self, limit: float = 1.0) -> str:
        return fit(self.scalar(1), limit).text

    def nonlocals(self) -> bool | None:
        """A nested function that rebinds or reads what is around it."""
        if self.loops:
            return None
        s, e, f = self.fresh(Float()), self.little(0.7), self.little(0.7)
        self.bind(s, Float())
        t = self.fresh(Float())
        options: list[list[str]] = [
            [f"{s} = 0.2", "def more(q):", f"    nonlocal {s}", f"    {s} += 0.5 * q", f"    return {s}", f"{t} = more({e})", f"more({f})"],
            [f"{s} = {e}", "def later(q):", f"    return q * {s}", f"{s} = {f}", f"{t} = later(0.9)"],
            [f"{s} = 0.1", "def step1():", f"    nonlocal {s}", f"    {s} = 0.7 * {s} + {e}", "for _ in range(3):", "    step1()", f"{t} = {s}"],
            ["fs = [lambda q, k1=k1: q * k1 for k1 in range(3)]", f"{s} = 0.3 * fs[2]({e})", f"{t} = fs[0]({f})"],
            ["fs = []", "for k1 in range(3):", "    fs.append(lambda q: q * k1)", f"{s} = 0.3 * fs[0]({e})", f"{t} = {s}"],
            ["def outer1(q):", "    def inner1(r1):", f"        return q * r1 * {e}", "    return inner1", f"{s} = outer1({f})(0.5)", f"{t} = outer1(0.2)({s})"],
            ["def counter1():", "    n1 = 0.0", "    def up(q):", "        nonlocal n1", "        n1 = n1 + q", "        return n1", "    return up", "up1 = counter1()",
             f"{s} = up1({e})", f"{t} = 0.5 * up1({f})"],
        ]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(t, Float())
        return True

    def chosen(self) -> bool:
        """A function that is chosen at run time, made partial, or passed on."""
        s, e, f = self.target(Float()), self.little(), self.little()
        th = self.threshold()
        k = f"int({e} > {th})"
        options: list[list[str]] = [
            [f"pick = np.sin if {e} > {th} else np.cos", f"{s} = pick({f})"], [f"{s} = (math.sin, math.tanh)[{k}]({f})"],
            [f"{s} = {{'a': np.sin, 'b': np.tanh}}['{self.choice(['a', 'b'])}']({e})"], [f"pick = functools.partial(lambda a1, b1: a1 * b1, {e})", f"{s} = pick({f})"],
            [f"pick = functools.partial(np.maximum, {e})", f"{s} = pick({f})"], [f"pick = lambda q: q * {e}", f"{s} = 0.5 * pick(pick({f}))"],
            ["twice1 = lambda g1, q: g1(g1(q))", f"{s} = twice1(np.sin, {e})"], [f"if {self.condition()}:", "    def pick(q):", f"        return q * {e}", "else:", "    def pick(q):",
             "        return np.sin(q)", f"{s} = pick({f})"],
            [f"{s} = 0.3 * sum(g1({e}) for g1 in (np.sin, np.cos, lambda q: q * q))"], [f"{s} = {e}", "for g1 in (np.sin, lambda q: 0.5 * q):", f"    {s} = g1({s})"],
            [f"{s} = max(({e}, {f}), key=lambda q: q * q)"], ["compose = lambda *gs: functools.reduce(lambda a1, b1: lambda q: a1(b1(q)), gs)", f"{s} = compose(np.sin, np.tanh)({e})"],
            [f"pick = np.tanh if {self.condition()} else (lambda q: 0.5 * q)", f"{s} = pick({f}) * 0.9"], [f"pick = {{0: np.sin, 1: np.cos}}.get({k}, np.tanh)", f"{s} = pick({f})"],
        ]  # fmt: skip
        self.bind(s, Float())
        return self.emit(*self.choice(options))

    def recursive(self) -> bool | None:
        """Functions that call themselves or each other."""
        found = self.vector()
        bodies = {
            "sums": "def sums(x):\n    return 0.0 if len(x) == 0 else x[0] * x[0] + 0.5 * sums(x[1:])",
            "deep": "def deep(s, k, by=0.5):\n    if k <= 0:\n        return s\n    return by * deep(np.sin(s), k - 1) + 0.1 * deep(s, k - 2, by=0.2)",
            "even": "def even(s, k):\n    return s if k == 0 else odd(0.5 * s * s, k - 1)\n\n\ndef odd(s, k):\n    return -s if k == 0 else even(s + 0.1, k - 1)",
            "until": "def until(s):\n    return s if abs(s) < 0.3 else until(0.5 * s)",
            "halves": "def halves(x):\n    n = len(x)\n    if n == 1:\n        return x[0]\n    return max(halves(x[: n // 2]), halves(x[n // 2 :])) * 0.9 + 0.1 * x[0]",
        }  # fmt: skip
        name = self.choice([n for n in bodies if found or n not in ("sums", "halves")])
        self.module.define(name, bodies[name])
        s, e = self.target(Float()), self.little()
        self.bind(s, Float())
        if name in ("sums", "halves") and found:
            return self.emit(f"{s} = 0.2 * {name}({found[0]})")
        if name == "until":
            return self.emit(f"{s} = until({e})")
        return self.emit(f"{s} = {name}({e}, {self.choice([0, 1, 2, 3])})")

    def changing(self) -> bool:
        """A name whose value changes its type, or is there on one path only."""
        s, e, f = self.fresh(Float()), self.little(), self.little()
        th = self.threshold()
        found = self.vector()
        y = found[0] if found else f"({e}, {f})"
        options: list[list[str]] = [
            [f"{s} = 0", f"for q in {y}:", f"    {s} = {s} + 0.3 * q", f"{s} = {s} * 1.0"], [f"{s} = 1 if {e} > {th} else {f}", f"{s} = 0.5 * {s}"],
            [f"{s} = None", f"for q in {y}:", f"    {s} = q if {s} is None else 0.5 * {s} * q"], [f"{s} = [{e}, {f}]", f"{s} = {s}[0] * {s}[1]"],
            ["found1 = None", f"if {e} > {th}:", f"    found1 = {f}", f"{s} = 0.2 if found1 is None else found1 * 0.5"],
            [f"high = {e} > {th}", "if high:", f"    late = {f}", f"{s} = late * 0.9 if high else 0.1"], [f"{s} = '{th}'", f"{s} = float({s}) * {e}"],
            [f"{s} = True", f"for q in {y}:", f"    {s} = {s} and q > {th}", f"{s} = {e} if {s} else {f}"], [f"{s} = 3", f"{s} /= 2", f"{s} *= {e}"],
            ["first1 = True", f"{s} = 0.0", f"for q in {y}:", "    if first1:", f"        {s}, first1 = q, False", f"    {s} = max({s}, q)"],
            [f"best, {s} = -1, 0.1", f"for k1, q in enumerate({y}):", f"    if q > {s}:", f"        best, {s} = k1, q", f"{s} = {s} + 0.1 * best"],
            [f"{s} = ({e}, {f})", f"{s}, other1 = {s}", f"{s} *= other1"], ["for k1 in range(2):", "    if k1 == 0:", f"        prev1 = {e}", f"    {s} = prev1 * {f}", f"    prev1 = {s} + 0.1"],
            [f"{s} = {e} or 1", f"{s} = 0.5 * {s}"], [f"{s} = not {e} > {th}", f"{s} = {f} + {s}", f"{s} *= 0.5"],
        ]  # fmt: skip
        if found:
            options += [[f"{s} = {y}", f"{s} = np.sum({s} * {s}) * 0.1"], [f"{s} = {y} if {e} > {th} else {f}", f"{s} = 0.2 * np.sum({s})"], [f"{s} = 0.1", f"{s} = {s} + {y}", f"{s} = {s}[0]"]]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True

    def parameters_of_all_kinds(self) -> bool:
        """Default, keyword-only, star and double-star parameters."""
        texts = {
            "named": "def named(*, a, b=0.5):\n    return a * b",
            "table": "def table_of(**items):\n    return items['a'] * items.get('b', 0.5) + 0.1 * len(items)",
            "many": "def many(s, *rest, k=0.5, **more):\n    return s + k * sum(rest) + sum(more.values())",
            "both": "def both(s, /, t, *, k=1.0):\n    return s * t + 0.2 * k",
        }
        name = self.choice(list(texts))
        self.module.define(name if name != "table" else "table_of", texts[name])
        s, e, f = self.target(Float()), self.little(0.7), self.little(0.7)
        call = {
            "named": [f"named(a={e})", f"named(b={e}, a={f})", f"named(**{{'a': {e}}})"], "table": [f"table_of(a={e})", f"table_of(b={e}, **dict(a={f}))"],
            "many": [f"many({e})", f"many({e}, {f}, 0.3)", f"many({e}, *({f}, 0.2), k={f}, z={e})", f"many(*[{e}, {f}])"],
            "both": [f"both({e}, {f})", f"both({e}, t={f}, k={e})", f"both({e}, **{{'t': {f}, 'k': 0.5}})"],
        }[name]  # fmt: skip
        self.bind(s, Float())
        return self.emit(f"{s} = 0.3 * {self.choice(call)}")

    def checks(self) -> bool:
        """isinstance, type, dtype; float, int, item, tolist; f-strings."""
        s, e, f = self.target(Float()), self.little(), self.little()
        th = self.threshold()
        options: list[list[str]] = [
            [f"{s} = {e} if isinstance({f}, float) else 0.3"], [f"{s} = float({e})"], [f"{s} = {e} * int(3.7)"], [f"{s} = {e} * int({f} * 3.0) * 0.1"],
            [f"{s} = {e} if bool({f} > {th}) else {f}"], [f"{s} = np.float64({e}) * 0.9"], [f"{s} = np.float64({e}).item()"], ["label = f'{3}-{1.5}'", f"{s} = 0.1 * len(label) * {e}"],
            ["label = 'ab' + 'c' * 2", f"{s} = {e} * label.count('c') * 0.3"], [f"{s} = {e} if callable(np.sin) and hasattr(np, 'cos') else 0.0"],
            ["label = '%d' % 7", f"{s} = {e} * int(label) * 0.1"], [f"{s} = {e} * round(0.7)"], [f"{s} = {e} * (2 ** 3 // 3) * 0.3"], [f"{s} = {e} * divmod(7, 3)[1]"],
            [f"{s} = abs({e}) * float('0.5')"], [f"{s} = {e} * (7 % 4 - 1) * 0.5"], [f"{s} = {e} * math.floor({f} * 2.0) * 0.3"], [f"{s} = {e} * (1 << 1) * 0.3"],
            [f"{s} = np.asarray({e}).item()"], [f"{s} = np.array({e})", f"{s} = float({s} * {f})"], ["label = ','.join(['a', 'b'])", f"{s} = {e} * len(label.split(',')) * 0.5"],
        ]  # fmt: skip
        found = self.vector()
        if found:
            y, n = found
            options += [
                [f"{s} = {y}[0].item()"], [f"{s} = 0.2 * sum({y}.tolist())"], [f"{s} = {e} if isinstance({y}, np.ndarray) and {y}.dtype == np.float64 else 0.1"],
                [f"{s} = {y}.size * 0.2 * {e}"], [f"{s} = 0.2 * {y}.astype(int).sum() * {e}"], [f"{s} = {y}.max() if type({y}) is np.ndarray else 0.3"], [f"{s} = 0.1 * {y}.dot({y})"],
                [f"{s} = {y}[np.argmax({y})]"], [f"{s} = {y}[int(abs({e}) * 9.0) % {n}]"], [f"{s} = {e} * np.count_nonzero({y} > {th}) * 0.3"], [f"{s} = {y}.tolist()[-1] * 0.5"],
                [f"{s} = 0.3 * np.sum({y} * ({y} > {th}))"], [f"{s} = float({y}.astype(np.float32).astype(float)[0] > 0.1) * {e}"], [f"{s} = {y}[np.searchsorted([-0.5, 0.5], {e}) % {n}]"],
                [f"{s} = {y}[sorted(range({n}), key=lambda k1: {y}[k1])[0]]"], [f"label = f'{{{y}.shape[0]}} x {{{y}.ndim}}'", f"{s} = 0.1 * len(label) * {e}"],
            ]  # fmt: skip
        self.bind(s, Float())
        return self.emit(*self.choice(options))

    def integer_buffer(self) -> bool | None:
        """Buffers of integers and truth values, which carry no derivative."""
        found = self.vector()
        if not found:
            return None
        y, n = found
        s = self.fresh(Array((n,)))
        e = self.little()
        options: list[list[str]] = [
            [f"kept = np.zeros({n}, int)", f"kept[0] = {e} * 3.0", f"{s} = 0.5 * kept * {y}"], [f"kept = {y} > {self.threshold()}", "kept[0] = not kept[0]", f"{s} = np.where(kept, {y}, {e})"],
            [f"kept = np.argsort({y})", f"{s} = {y}[kept]", f"{s}[0] *= {e}"], [f"kept = np.arange({n})", "kept[::-1].sort()", f"{s} = 0.5 * {y}[kept]"],
            [f"kept = np.floor({y} * 2.0)", f"{s} = 0.3 * kept * {y}"], [f"kept = np.zeros({n}, bool)", "kept[0] = True", f"{s} = {y} * kept + {e}"],
        ]  # fmt: skip
        self.bind(s, Array((n,)))
        return self.emit(*self.choice(options))
