"""The group `states`: what a loop carries from one iteration to the next inside containers, the way optimisers, queues and searches do."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.objects import STATE
from tests.programs.values import Array, Float, fit

POINT = """
@dataclasses.dataclass
class Point:
    pos: object
    aux: object = 0.5
    hits: int = 0
"""


class States(Containers):
    """Statements with a loop whose state is a container, or one of several arrays."""

    def little(self, limit: float = 0.8) -> str:
        return fit(self.scalar(1), limit).at(3)

    def test(self, *names: str) -> str:
        """A condition on computed numbers."""
        name = self.choice(names)
        return self.choice([f"{name} > {self.threshold()}", f"{name} < {self.threshold()}", f"abs({name}) > 0.4"])

    def loop(self, body: list[str], i: str, most: int = 4) -> list[str]:
        return [f"for {i} in range({self.choice(range(most))}):", *("    " + line for line in body)]

    def optimisers(self) -> bool | None:
        """Parameters in a list, a tuple or a dictionary, made anew in each step from themselves and from gradients or velocities."""
        if self.loops > 1 or self.indent > 3:
            return None
        found = self.vector(least=2)
        if not found:
            return None
        y, n = found
        i, e, f = self.counter(), self.little(0.5), self.little(0.5)
        s, z = self.fresh(Float()), self.fresh(Array((n,)))
        kind = self.choice(["list", "dict", "tuple", "scalars", "velocity"])
        if kind == "scalars":
            start = [f"params = [q for q in {y}]"]
            step = self.choice([
                [f"params = [p1 - {e} * p1 * p1 for p1 in params]"], [f"grads = [{e} * p1 for p1 in params]", "params = [p1 - 0.3 * g1 for p1, g1 in zip(params, grads)]"],
                [f"params = [p1 - 0.2 * g1 for p1, g1 in zip(params, [params[-1] * {e}] * {n})]"], [f"params = [*params[1:], {e} * params[0]]"],
                ["for j1, p1 in enumerate(params):", f"    params[j1] = p1 - {e} * params[0]"], ["m1 = max(params)", "params = [p1 / (1.5 + m1 * m1) for p1 in params]"],
                [f"params[{i} % {n}] *= {e}"], [f"if {self.test('params[0]')}:", "    params = [0.5 * p1 for p1 in params]", f"    params[0] += {e}"],
            ])  # fmt: skip
            ends = [f"{s} = 0.3 * sum(params)", f"{z} = np.array(params)"]
        elif kind == "dict":
            bias, weight = 'params["b"]', 'params["w"][0]'
            start = [f'params = {{"w": {y} * 0.9, "b": {e}}}']
            step = self.choice([
                [f"params = {{k1: 0.8 * v1 - {f} for k1, v1 in params.items()}}"], [f'params["w"] = params["w"] - {f} * params["b"]'], [f'params["w"] -= {f} * params["w"]', 'params["b"] *= 0.9'],
                ["grads = {k1: 0.3 * np.sin(v1) for k1, v1 in params.items()}", "for k1 in params:", "    params[k1] = params[k1] - grads[k1]"],
                [f'params = {{**params, "b": 0.5 * params["b"] + 0.2 * params["w"][{i} % {n}]}}'], [f"if {self.test(bias)}:", '    params["w"] = params["w"] * 0.5', "else:", f'    params["b"] = {f}'],
                [f"if {self.test(weight)}:", f'    params = {{"w": params["w"][::-1], "b": params["b"] * {f}}}'], [f"params.update(b={f} * params['b'])"],
            ])  # fmt: skip
            ends = [f'{s} = params["b"]', f'{z} = params["w"]']
        elif kind == "velocity":
            start = [f"params = [{y}.copy(), {e}]", "speeds = [np.zeros_like(params[0]), 0.0]"]
            step = [f"grads = [0.5 * np.sin(params[0]) * params[1], {self.choice(['np.mean(params[0])', 'params[1] * 0.5', 'params[0][0]'])}]",
                    *self.choice([
                        ["speeds = [0.8 * v1 + 0.2 * g1 for v1, g1 in zip(speeds, grads)]", f"params = [p1 - {f} * v1 for p1, v1 in zip(params, speeds)]"],
                        ["for j1 in range(2):", "    speeds[j1] = 0.8 * speeds[j1] + 0.2 * grads[j1]", f"    params[j1] = params[j1] - {f} * speeds[j1]"],
                        ["for v1, g1 in zip(speeds[:1], grads):", "    v1 *= 0.5", "    v1 += g1", f"params = [params[0] - {f} * speeds[0], params[1]]"],
                        [f"if {self.test('params[1]')}:", "    speeds = grads", f"params = [p1 - {f} * v1 for p1, v1 in zip(params, speeds)]"],
                    ])]  # fmt: skip
            ends = [f"{s} = params[1] * np.mean(speeds[0])", f"{z} = params[0] * 0.5"]
        else:
            opened, closed = ("[", "]") if kind == "list" else ("(", ")")
            start = [f"params = {opened}{y} * 0.9, {e}{closed}"]
            step = self.choice([
                ["w1, b1 = params", f"params = {opened}w1 - {f} * w1 * b1, 0.9 * b1{closed}"], [f"params = {opened}params[0] * {f}, params[0][{i} % {n}]{closed}"],
                ["w1, b1 = params", f"if {self.test('b1')}:", f"    params = {opened}0.5 * w1, b1 * {f}{closed}", "else:", f"    params = {opened}w1[::-1], 0.3{closed}"],
                ["w1, b1 = params", "w1[0] = 0.5 * b1", f"params = {opened}w1, b1 * {f}{closed}"], ["old = params", f"params = {opened}old[0] * 0.5, old[1] * {f}{closed}"],
            ])  # fmt: skip
            ends = [f"{s} = params[1]", f"{z} = params[0]"]
        self.emit(*start, *self.loop(step, i))
        self.bind(s, Float())
        self.emit(ends[0])
        if self.chance(60):
            self.bind(z, Array((n,)))
            self.emit(ends[1])
        return True

    def queues(self) -> bool | None:
        """What is put into a list at one end and taken at the other."""
        if self.loops > 1 or self.indent > 3:
            return None
        found = self.vector(least=2)
        if not found:
            return None
        y, n = found
        i, e, s = self.counter(), self.little(), self.fresh(Float())
        c = self.test("q1")
        options: list[list[str]] = [
            [f"queue = list({y})", f"{s} = 0.0", *self.loop(["q1 = queue.pop(0)", f"queue.append(q1 * {e})", f"{s} = 0.5 * {s} + q1"], i)],
            [f"queue = [{y}[0], {e}]", f"{s}, k1 = 0.0, 0", "while queue:", "    q1 = queue.pop()", "    k1 += 1", f"    {s} = 0.6 * {s} + 0.4 * q1", f"    if {c} and k1 < 7 and abs({s}) < 1.0:", "        queue.append(0.5 * q1)", f"        queue.append({e} - q1)" if self.chance(50) else "        queue.insert(0, 0.4 * q1)"],
            [f"queue = collections.deque({y}, maxlen={n})", *self.loop([f"queue.append({e} * queue[0])"], i), f"{s} = 0.3 * sum(queue)"],
            [f"queue = collections.deque([{e}, 0.3])", f"{s} = 0.1", f"for q1 in {y}:", "    queue.append(q1)", f"    {s} = 0.5 * {s} + queue.popleft() * q1"],
            [f"queue = [(0, {e})]", f"{s} = 0.0", "while queue:", "    k1, q1 = queue.pop(0)", f"    {s} += 0.3 * q1 / (k1 + 1)", "    if k1 < 3:", f"        queue.append((k1 + {self.choice([1, 2])}, 0.8 * q1 + 0.1 * {y}[k1 % {n}]))"],
            [f"queue = [{y} * 0.5, {y}.copy()]", *self.loop(["q1 = queue.pop(0)", f"q1[0] *= {e}", "queue.append(q1)"], i), f"{s} = 0.3 * np.sum(queue[0] * queue[-1])"],
            ["stack = []", f"{s} = {e}", f"for q1 in {y}:", f"    if {c} or not stack:", f"        stack.append(q1 * {s})", "    else:", f"        {s} = 0.5 * {s} + 0.4 * stack.pop()"],
            [f"heap = sorted({y})", *self.loop(["q1 = heap.pop(0)", f"heap.append(0.5 * q1 + {e})", "heap.sort()"], i), f"{s} = heap[0] * heap[-1]"],
            [f"window = [{e}] * 3", f"{s} = 0.0", f"for q1 in {y}:", "    window = window[1:] + [q1]", f"    {s} = 0.5 * {s} + 0.2 * sum(window)"],
            ["seen = {}", f"{s} = 0.0", f"for k1, q1 in enumerate({y}):", f"    seen.setdefault({self.choice(['k1 % 2', 'q1 > 0.2', 'k1'])}, []).append(q1 * {e})", "for row in seen.values():", f"    {s} += 0.2 * row[0] * row[-1]"],
            ["seen = collections.defaultdict(float)", f"for k1, q1 in enumerate({y}):", f"    seen[{self.choice(['k1 % 2', 'q1 > 0.2', 'k1'])}] += q1 * {e}", f"{s} = 0.3 * sum(seen.values())"],
            ["seen = {}", f"for k1, q1 in enumerate({y}):", f"    if {c}:", "        seen[k1] = q1", f"{s} = {e} * sum(seen.values()) if seen else {e}"],
            [f"seen = {{'a': {e}}}", f"if {e} > {self.threshold()}:", f"    seen['b'] = {y}[0]", f"{s} = 0.4 * sum(seen.values()) * seen.get('b', 0.6)"],
        ]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True

    def searches(self) -> bool | None:
        """The best of several, which a loop keeps: a number, an array, a row, an index, or several of these."""
        if self.loops > 1 or self.indent > 3:
            return None
        of_matrix = self.matrix()
        found = self.vector(least=2)
        if not found:
            return None
        (y, n), i = found, self.counter()
        s, e = self.fresh(Float()), self.little()
        options: list[list[str]] = [
            [f"best = {y}[0]", f"for q1 in {y}:", f"    if q1 {self.choice('<>')} best:", "        best = q1", f"{s} = best * {e}"],
            ["best, where = -9.0, 0", f"for k1, q1 in enumerate({y}):", f"    value1 = q1 * {e}", "    if value1 > best:", "        best, where = value1, k1", f"{s} = best * {y}[where]"],
            ["best = None", f"for q1 in {y}:", "    if best is None or q1 < best:", "        best = q1", f"{s} = best * {e}"],
            [f"rows = [{y}, {y} * {e}, {y}[::-1]]", "best = rows[0]", "for row in rows[1:]:", "    if row[0] > best[0]:", "        best = row", *self.choice([[], [f"best[0] = {e}"], [f"best = best * {e}"]]), f"{s} = 0.3 * np.sum(best) + rows[0][0]"],
            [f"last = {y}[0]", f"{s} = 0.0", f"for q1 in {y}[1:]:", "    if q1 > last:", f"        {s} += 0.3 * (q1 - last)", "    last = q1"],
            [f"good = [q1 for q1 in {y} if {self.test('q1')}]", f"{s} = {e} * good[0] if good else {e}"],
            ["lo1, hi1 = -2.0, 2.0", f"for {i} in range(5):", "    mid1 = 0.5 * (lo1 + hi1)", f"    if mid1 * mid1 * mid1 + mid1 < {e}:", "        lo1 = mid1", "    else:", "        hi1 = mid1", f"{s} = 0.5 * lo1 * {e}"],
            [f"u1 = {e}", f"for {i} in range(6):", f"    new1 = u1 - 0.3 * (u1 - 0.5 * np.cos(u1) * {y}[0])", "    if abs(new1 - u1) < 0.05:", "        break", "    u1 = new1", f"{s} = u1"],
        ]  # fmt: skip
        if of_matrix and min(of_matrix[1]) > 0:
            M, (rows, _) = of_matrix
            writing = [[f"best[0] = {e}"], [f"best *= {e}"]] if M in [text for text, _ in self.arrays(writable=True)] else []
            w = self.choice([[], [f"best = best * {e}"], *writing])
            options += [
                [f"best = {M}[0]", f"for {i} in range({rows}):", f"    if {M}[{i}, 0] > best[0]:", f"        best = {M}[{i}]", *w, f"{s} = 0.3 * np.sum(best * best)"],
                [f"best = {M}[0].copy()", f"for row in {M}:", "    if np.sum(row) > np.sum(best):", f"        best = {self.choice(['row', 'row.copy()', 'row * 0.5'])}", *w, f"{s} = 0.3 * np.sum(best)"],
                ["best, value1 = None, -99.0", f"for {i}, row in enumerate({M}):", f"    if row[-1] * {e} > value1:", f"        best, value1 = row, row[-1] * {e}", *w, f"{s} = 0.2 * np.sum(best) + value1"],
            ]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True

    def rebuilt(self) -> bool | None:
        """A dataclass object, a dictionary or a named tuple that a loop makes anew, or changes, on some of its paths."""
        if self.loops > 1 or self.indent > 3:
            return None
        found = self.vector(least=2)
        if not found:
            return None
        y, n = found
        i, e, f, s = self.counter(), self.little(0.5), self.little(0.5), self.fresh(Float())
        if self.chance(35):
            self.module.define("State", STATE)
            start = f"state1 = State({self.choice([e, y + '[0]'])}, {f})"
            step = self.choice([
                ["state1 = state1.stepped(0.2)"], [f"if {self.test('state1.vel')}:", "    state1 = state1.stepped(0.3)", "else:", f"    state1.vel = {e}"],
                ["old = state1", "state1 = State(old.vel, old.pos)"], [f"state1 = dataclasses.replace(state1, pos=state1.pos * {f})", "state1.step(0.1)"],
                [f"state1 = State(**{{'pos': state1.vel * {y}[{i} % {n}], 'vel': state1.pos}})"], ["if state1.pos > state1.vel:", "    state1.pos, state1.vel = state1.vel, state1.pos"],
            ])  # fmt: skip
            end = f"{s} = 0.5 * state1.pos * state1.vel"
        elif self.chance(50):
            self.module.define("Point", POINT)
            start = f"point1 = Point({self.choice([y, y + '.copy()', y + ' * 0.5'])}, {e})"
            step = self.choice([
                [f"point1 = Point(point1.pos * {f}, point1.pos[0], point1.hits + 1)"], [f"if {self.test('point1.aux', 'point1.pos[0]')}:", f"    point1 = Point(point1.pos[::-1], {f})"],
                [f"point1.pos = point1.pos - {f} * point1.aux", "point1.hits += 1"], [f"point1.pos[{i} % {n}] = point1.aux", "point1.aux = 0.5 * point1.pos[0]"],
                [f"if {self.test('point1.pos[-1]')}:", "    point1.hits += 1", f"    point1.aux = point1.aux * {f}"], ["old = point1", f"point1 = Point(old.pos * 0.9, {f})", "old.pos[0] = 0.3"],
                [f"point1 = dataclasses.replace(point1, aux={f} * point1.aux, hits={i})"], [f"other1 = Point(point1.pos * {f})", "if other1.pos[0] > point1.pos[0]:", "    point1 = other1"],
            ])  # fmt: skip
            end = f"{s} = 0.3 * np.sum(point1.pos) * point1.aux + 0.1 * point1.hits * {e}"
        else:
            time = 'state1["t"]'
            start = f'state1 = {{"x": {self.choice([y, y + ".copy()", y + " * 0.5"])}, "t": {e}, "n": 0}}'
            step = self.choice([
                [f'state1 = {{"x": state1["x"] * {f}, "t": state1["x"][0], "n": state1["n"] + 1}}'], [f'state1["t"] = 0.5 * state1["t"] + 0.3 * state1["x"][{i} % {n}]', 'state1["n"] += 1'],
                [f"if {self.test(time)}:", f'    state1 = {{**state1, "t": {f}}}'], [f"if {self.test(time)}:", f'    state1["x"] = state1["x"] * {f}', '    state1["n"] += 1'],
                ["old = dict(state1)", f'state1["t"] = {f} * old["t"]', 'state1["x"] = old["x"] * 0.5 + 0.1 * old["t"]'], [f'state1["x"][{i} % {n}] *= {f}', "state1 = dict(state1, n=1)"],
                ["kept = state1", f'state1 = {{"x": kept["x"][::-1], "t": kept["t"] * {f}, "n": {i}}}', 'kept["x"][0] = 0.2'],
            ])  # fmt: skip
            end = f'{s} = 0.3 * np.sum(state1["x"]) * state1["t"] + 0.1 * state1["n"] * {e}'
        self.emit(start, *self.loop(step, i), end)
        self.bind(s, Float())
        return True

    def small_types(self) -> bool | None:
        """Arrays of other types: single precision that meets double precision, integers, booleans."""
        found = self.vector(least=2)
        if not found:
            return None
        y, n = found
        s, e = self.fresh(Float()), self.little()
        options: list[list[str]] = [
            [f"half1 = np.linspace(0.0, 1.0, {n}, dtype=np.float32)", f"{s} = 0.3 * np.sum(half1 * {y})"], [f"mask1 = {y} > {self.threshold()}", f"{s} = {e} * mask1.sum() * 0.3 + np.sum({y}[mask1]) * 0.2"],
            [f"half1 = np.ones({n}, dtype=np.float32)", f"half1 = half1 * {y}", f"half1[0] = {e}", f"{s} = 0.3 * float(np.sum(half1))"], [f"k1 = np.arange({n})", f"{s} = 0.2 * np.dot(k1, {y})"],
            [f"k1 = np.argsort({y})", f"{s} = {y}[k1[0]] * {e}"], [f"k1 = ({y} > {self.threshold()}).astype(int)", f"{s} = 0.2 * np.sum(k1 * {y})"], [f"{s} = np.float64({e}) * np.float32(0.5)"],
            [f"half1 = np.zeros(({n}, 2), dtype=np.float32) + {y}[:, None]", f"{s} = 0.2 * half1.sum() + 0.1 * half1[0, 1]"], [f"{s} = {y}.item(0) * {e}"], [f"{s} = float({y}[np.argmax({y})]) * int({e} > 0.1)"],
        ]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True
