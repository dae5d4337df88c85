"""The group `collections`: what tuples, lists, dictionaries and sets can do."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import Array, Dict, Float, Int, List, Tuple, fit


class Collections(Containers):
    """Statements with containers; every one of them is made, or exists, with known items."""

    def short(self, limit: float = 1.0) -> str:
        """The text of a small number."""
        return fit(self.scalar(1), limit).text

    def floats(self) -> str:
        """The name of a list of floats that has items: an old one, or one made here."""
        found = [name for name in self.names(List, item=Float()) if self.scope[name].length]
        if found and self.chance(60):
            return self.choice(found)
        name = self.fresh(List(Float(), 2))
        self.emit(f"{name} = [{self.short()}, {self.short()}]")
        self.bind(name, List(Float(), 2))
        return name

    def list_methods(self) -> bool:
        """Methods and operators of lists; none makes the list shorter than it is known to be."""
        name = self.floats()
        e = self.short()
        t = self.fresh(Float())
        options: list[list[str]] = [
            [f"{name}.append({e})"], [f"{name}.insert(0, {e})"], [f"{name}.extend([{e}, {self.short()}])"], [f"{name} += [{e}]"],
            [f"{name}.reverse()"], [f"{name}[0], {name}[-1] = {name}[-1], {name}[0]"], [f"{name}.insert(0, {name}.pop())"],
            [f"{name}.append({name}.pop(0))"], [f"{name}[-1] *= {e}"], [f"{name}[0:1] = [{e}, {self.short()}]"],
            [f"{name}.append({e})", f"{t} = {name}.pop()"], [f"{name}.append({e})", f"del {name}[0]"], [f"{name}.sort()"],
            [f"{name}.insert(1, {e})", f"{t} = {name}.pop(0)"], [f"{name}[:] = [0.5 * q1 for q1 in {name}]"], [f"{t} = {name}[len({name}) // 2]"],
            [f"kept = {name}", f"kept.append({e})"], [f"kept = {name}[:]", f"kept[0] = {e}", f"{t} = {name}[0] - kept[0]"],
            [f"kept = list({name})", f"kept.append({e})", f"{t} = kept[-1] * kept[0]"], [f"{t} = {name}[{name}.index({name}[-1])]"],
            [f"kept = {name}.copy()", f"{name}[0] = {e}", f"{t} = kept[0]"], [f"if {name}[0] in {name}:", f"    {name}[-1] += {e}"],
            [f"{name}.append({e})", f"{name}.remove({name}[-1])"], [f"{t} = {name}.count({name}[0]) * {e}"],
        ]  # fmt: skip
        if name not in self.frozen:
            options += [[f"{name} += [{e}]"], [f"{name} = {name} + [{e}]"], [f"{name} = [{e}] + {name}"], [f"{name} = {name}[::-1]"], [f"{name} = [*{name}, {e}]"],
                        [f"{name} = list({name})"], [f"{name} = sorted({name})"], [f"{name} = [q1 * {e} for q1 in {name}]"]]  # fmt: skip
        lines = self.choice(options)
        self.emit(*lines)
        if any(line.startswith(f"{t} = ") for line in lines):
            self.bind(t, Float())
        return True

    def dict_methods(self) -> bool:
        """Methods and operators of dictionaries."""
        found = [name for name in self.names(Dict) if all(isinstance(t, Float) for _, t in self.scope[name].items)]
        if found and self.chance(50):
            name = self.choice(found)
        else:
            name = self.fresh(Dict(()))
            e, f = self.short(), self.short()
            made = [f'{{"a": {e}, "b": {f}}}', f"dict(a={e}, b={f})", f'dict(zip(("a", "b"), ({e}, {f})))', f'dict([("a", {e}), ("b", {f})])',
                    f'{{q1: {e} for q1 in ("a", "b")}}']  # fmt: skip
            self.emit(f"{name} = {self.choice(made)}")
            self.bind(name, Dict((("a", Float()), ("b", Float()))))
        e, t, key = self.short(), self.fresh(Float()), self.choice(["a", "b"])
        options: list[list[str]] = [
            [f'{name}["{key}"] += {e}'], [f'{name}["c"] = {e}', f'{t} = {name}.pop("c")'], [f'{t} = {name}.get("z", {e})'],
            [f'{t} = {name}.get("{key}")'], [f'{t} = {name}.setdefault("{key}", {e})'], [f"{name}.update({key}={e})"],
            [f'{name}.update({{"{key}": {e}}})'], [f'kept = {{**{name}, "{key}": {e}}}', f'{t} = kept["a"] * {name}["a"]'],
            [f'kept = {name} | {{"b": {e}}}', f'{t} = kept["b"] - {name}["b"]'], [f"kept = dict({name})", f'kept["a"] = {e}', f'{t} = {name}["a"]'],
            [f"{t} = 0.0", f"for q1 in {name}:", f"    {t} += 0.5 * {name}[q1]"], [f"{t} = 0.0", f"for q1, q2 in {name}.items():", f"    {t} = 0.5 * {t} - q2"],
            [f"{t} = 0.3 * sum({name}.values())"], [f"kept = {{q1: q2 * {e} for q1, q2 in {name}.items()}}", f'{t} = kept["{key}"]'],
            [f'if "{key}" in {name}:', f'    {name}["{key}"] = {e}'], [f'{name}["c"] = {e}', f'del {name}["c"]'], [f"{t} = list({name}.values())[0]"],
            [f"{t} = len({name}) * {e}"], [f"{t} = {name}[sorted({name})[-1]]"], [f"{t} = {name}[max({name}, key={name}.get)]"],
            [f'kept = {{"in": {name}}}', f'kept["in"]["{key}"] = {e}'], [f"for q1 in list({name}):", f"    {name}[q1] *= {e}"],
            ['for q1 in ("a", "b", "z"):', f"    {name}[q1] = {name}.get(q1, 0.0) + {e}", f'{t} = {name}.pop("z")'],
            [f'{t} = {name}.pop("missing", {e})'], [f"kept = {{0: {e}, 1: {self.short()}}}", f'{t} = kept[int({name}["a"] > {self.threshold()})]'],
            [f"{name} |= {{'{key}': {e}}}"] if name not in self.frozen else [f'{name}["{key}"] = {e}'],
        ]  # fmt: skip
        lines = self.choice(options)
        self.emit(*lines)
        if any(line.lstrip().startswith(f"{t} = ") for line in lines):
            self.bind(t, Float())
        return True

    def tuple_operations(self) -> bool:
        """Operators of tuples, nested unpacking, comparison."""
        a, b, c = self.short(), self.short(), self.short()
        s = self.fresh(Float())
        self.bind(s, Float())
        t = self.fresh(Float())
        self.bind(t, Float())
        ints = self.names(Int)
        k = f"{self.choice(ints)} % 2" if ints else "-1"
        options: list[list[str]] = [
            [f"{s}, ({t}, *kept) = {a}, ({b}, {c})"], [f"kept = ({a}, {b}) + ({c},)", f"{s}, {t} = kept[0], kept[-1]"],
            [f"kept = ({a}, {b})[::-1]", f"{s}, {t} = kept"], [f"{s}, *kept = ({a}, {b}, {c})", f"{t} = kept[{k}]"],
            [f"*kept, {s} = {a}, {b}, {c}", f"{t} = sum(kept)"], [f"kept = (({a}, {b}), {c})", f"({s}, _), {t} = kept"],
            [f"kept = ({a}, {b})", f"{s}, {t} = max(kept), kept[{k}]"], [f"kept = ({a}, {b})", f"{s}, {t} = kept if kept[0] < kept[1] else kept[::-1]"],
            [f"[{s}, {t}] = [{a}, {b}]"], [f"kept = ({a},) * 3", f"{s}, {t} = kept[1], len(kept) * {b}"],
            [f"{s} = {t} = 0.0", f"for {s}, ({t}, _) in (({a}, ({b}, 1)), ({c}, ({a}, 2))):", f"    {t} *= {s}"],
            [f"kept = tuple(q1 * {a} for q1 in ({b}, {c}))", f"{s}, {t} = kept"], [f"{s} = {a}", f"{t} = {s} if ({s}, 1) > ({b}, 0) else {c}"],
        ]  # fmt: skip
        return self.emit(*self.choice(options))

    def set_operations(self) -> bool | None:
        """Sets of ints that choose elements."""
        found = self.vector(least=2)
        if not found:
            return None
        y, n = found
        s, e, i = self.fresh(Float()), self.short(), self.counter()
        self.bind(s, Float())
        options: list[list[str]] = [
            [f"{s} = 0.0", f"for {i} in sorted({{0, {n - 1}}}):", f"    {s} = 0.5 * {s} + {y}[{i}] * {e}"],
            [f"kept = {{{i} % 2 for {i} in range(4)}}", f"{s} = len(kept) * 0.5 * {e}"],
            [f"{s} = 0.0", f"for {i} in range({n}):", f"    if {i} in {{0, 2}}:", f"        {s} += 0.5 * {y}[{i}]"],
            [f"kept = {{0, 1}} | {{1, {n - 1}}}", f"{s} = 0.3 * sum({y}[{i}] for {i} in sorted(kept))"],
            ["kept = set()", f"for {i} in range({n}):", f"    if {y}[{i}] > {self.threshold()}:", f"        kept.add({i})", f"{s} = len(kept) * 0.3 * {e}"],
            [f"kept = set(range({n})) - {{0}}", f"{s} = {y}[min(kept)] * {y}[max(kept)]"],
        ]  # fmt: skip
        return self.emit(*self.choice(options))

    def nested_lists(self) -> bool | None:
        """Lists of lists, shared or not."""
        a, b, c = self.short(), self.short(), self.short()
        s, i = self.fresh(Float()), self.counter()
        self.bind(s, Float())
        options: list[list[str]] = [
            [f"rows = [[{a}, {b}], [{c}, {a}]]", f"rows[0][1] += {c}", f"{s} = rows[0][1] * rows[1][0]"],
            [f"rows = [[{a}, {b}], [{c}, 1.0]]", "rows = [list(row) for row in zip(*rows)]", f"{s} = rows[0][1] - rows[1][0]"],
            [f"rows = [[{a}]] * 2", f"rows[0].append({b})", f"{s} = rows[1][-1]"],
            [f"rows = [[{a}] for {i} in range(3)]", f"for {i} in range(3):", f"    rows[{i}].append({b} * {i})", f"{s} = 0.3 * rows[2][1] + rows[0][0]"],
            [f"rows = [[0.0] * 2 for {i} in range(2)]", f"for {i} in range(2):", f"    rows[{i}][1 - {i}] = {a} + {i} * {b}", f"{s} = 0.3 * rows[0][1] * rows[1][0]"],
            [f'rows = {{"w": [{a}, {b}], "k": ({c}, 1)}}', 'rows["w"].append(rows["k"][0])', f'{s} = 0.3 * sum(rows["w"])'],
            [f"rows = [({a}, {b}), ({c}, {a})]", f"rows[0] = (rows[1][0], {b})", f"{s} = 0.5 * (rows[0][0] + rows[0][1])"],
        ]  # fmt: skip
        return self.emit(*self.choice(options))

    def parameters(self) -> bool | None:
        """A list of parameters that a loop makes anew, or updates in place."""
        if self.loops > 1 or self.indent > 3:
            return None
        shape = self.shape()
        if not shape[0]:
            return None
        w, b, e = fit(self.array(shape, 1)).text, self.short(), self.short(0.5)
        name, other = self.fresh(Array(shape)), self.fresh(Float())
        i = self.counter()
        start = self.choice([f"params = [0.9 * ({w}), {b}]", f"params = ({w} + 0.0, {b})", f"params = list((0.8 * ({w}), {b}))"])
        update = self.choice([
            [f"params = [q1 - {e} * q1 * q1 for q1 in params]"], [f"params = [q1 - 0.1 * q2 for q1, q2 in zip(params, (params[0] * {e}, params[1]))]"],
            [f"grads = [q1 * {e} for q1 in params]", "params = [q1 - 0.2 * g1 for q1, g1 in zip(params, grads)]"],
            ["w1, b1 = params", f"params = (w1 - {e} * np.sin(w1), b1 - 0.1 * b1 * np.sum(w1))"],
            ["params = list(params)", f"params[0] = params[0] * (1.0 - {e})", "params[1] = np.tanh(params[1] + params[0].sum())"],
            ["for q1 in params[:1]:", f"    q1 *= 0.9 - {e}"],
        ])  # fmt: skip
        self.emit(start, f"for {i} in range({self.choice([2, 3, 1, 0])}):", *("    " + line for line in update), f"{name}, {other} = params")
        self.bind(name, Array(shape))
        self.bind(other, Float())
        return True

    def double_buffer(self) -> bool | None:
        """Two arrays that are exchanged in every step, one being computed from the other."""
        if self.loops > 1 or self.indent > 3:
            return None
        found = self.vector(least=2)
        if not found:
            return None
        y, n = found
        a = self.fresh(Array((n,)))
        self.bind(a, Array((n,)))
        b = self.fresh(Array((n,)))
        self.bind(b, Array((n,)))
        i = self.counter()
        step = self.choice([
            [f"{b}[:] = 0.5 * {a} + 0.5 * np.roll({a}, 1)"], [f"{b}[1:] = {a}[:-1]", f"{b}[0] = {self.short()}"], [f"{b}[0] = {a}[-1] * {a}[0]"],
            [f"np.multiply({a}, 0.9, out={b})"], [f"for j1 in range(1, {n}):", f"    {b}[j1] = 0.5 * ({a}[j1 - 1] + {a}[j1])"], [f"{b} *= np.sin({a})"],
        ])  # fmt: skip
        self.emit(f"{a}, {b} = np.zeros({n}), {y}.copy()" if self.chance(50) else f"{a}, {b} = {y}.copy(), np.zeros_like({y})")
        return self.emit(f"for {i} in range({self.choice([2, 3, 1])}):", *("    " + line for line in step), f"    {a}, {b} = {b}, {a}")

    def array_lists(self) -> bool | None:
        """Arrays in lists: written, replaced, put together."""
        found = self.vector(writable=True)
        if not found:
            return None
        y, n = found
        name, s = self.fresh(Array((n,))), self.short()
        self.emit(f"rows = [{y}, {y} * {s}]")
        options: list[list[str]] = [
            ["rows[1][0] = rows[0][-1]"], [f"rows[0] = rows[0] + {s}"], [f"rows[0] += {s}"], ["rows[0], rows[1] = rows[1], rows[0]", f"rows[0][0] *= {s}"],
            ["rows.append(rows[0])", f"rows[-1][-1] *= {s}"], ["rows.reverse()", f"rows[0] *= {s}"], ["for row in rows:", f"    row[0] *= {s}"],
            ["rows = [row * 0.5 for row in rows]", f"rows[0][0] = {s}"], ["rows[0][:] = rows[1]"], ["rows = rows[::-1]", f"rows[0][-1] += {s}"],
        ]  # fmt: skip
        self.emit(*self.choice(options))
        ends = [f"{name} = rows[0]", f"{name} = rows[-1]", f"{name} = 0.5 * (rows[0] + rows[-1])", f"{name} = np.stack(rows)[0]",
                f"{name} = 0.3 * np.sum(rows, axis=0)", f"{name} = np.array(rows).mean(axis=0)", f"{name} = np.concatenate(rows)[:{n}]",
                f"{name} = 0.5 * sum(rows)"]  # fmt: skip
        self.bind(name, Array((n,)))
        return self.emit(self.choice(ends))

    def pairs(self) -> bool:
        """A tuple with an array inside, and what is written through it."""
        (a, ta), (b, tb) = self.part(), self.part()
        name = self.fresh(Tuple((ta, tb)))
        self.bind(name, Tuple((ta, tb)))
        return self.emit(f"{name} = tuple([{a.text}, {b.text}])")
