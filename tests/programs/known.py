"""More of the group `collections`: lists that Python makes of texts, functions in lists and with attributes, objects in sets, tuples in tuples."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import Float, fit


class Known(Containers):
    """Statements with objects that are known when a program is compiled, and that change while it runs."""

    def short(self, limit: float = 1.0) -> str:
        """The text of a small number."""
        return fit(self.scalar(1), limit).text

    def words(self) -> bool:
        """The words of a text, taken and added in loops and branches."""
        s, i = self.fresh(Float()), self.counter()
        e, limit = self.short(), self.threshold()
        self.bind(s, Float())
        made = self.choice(['"aa b ccc dd".split()', 'list("abcd")', '"a,bb,c,d".split(",")', 'sorted("dbca")'])
        self.emit(f"{s}, words = {e}, {made}")
        options: list[list[str]] = [
            [f"for {i} in range({self.choice([2, 3, 0])}):", f"    {s} = 0.5 * {s} + 0.1 * len(words.pop())"],
            [f"if {s} > {limit}:", "    words.pop(0)", "else:", '    words.append("e")'],
            ["while len(words) > 1:", f"    {s} = 0.5 * {s} + 0.1 * len(words.pop())"],
            [f"for {i}, word in enumerate(words):", f"    {s} += 0.1 * {i} * len(word)"],
            ["kept = words", 'kept.insert(0, "q")', f"{s} *= 0.1 * len(words[0])"],
            ["for word in words[:]:", f"    if word < 'b' or {s} > {limit}:", "        words.remove(word)"],
        ]  # fmt: skip
        return self.emit(*self.choice(options), f"{s} *= 0.2 * len(words)")

    def functions_kept(self) -> bool:
        """Functions in lists that grow, and attributes of functions."""
        s, i = self.fresh(Float()), self.counter()
        a, b, limit = self.short(0.8), self.short(), self.threshold()
        self.bind(s, Float())
        self.emit(f"{s}, made = {b}, []")
        options: list[list[str]] = [
            [f"for {i} in range({self.choice([2, 3, 0])}):", f"    made.append(lambda q1, k={i}: q1 * {a} + 0.1 * k)", "for f in made:", f"    {s} = f({s})"],
            [f"made.append(lambda q1: q1 * {a})", f"if {s} > {limit}:", "    made.append(np.sin)", f"{s} = made[-1]({s})"],
            ["def f(q1):", "    f.count += 1", f"    f.total = 0.5 * f.total + q1 * {a}", "    return q1 * 0.5",
             "f.count, f.total = 0, 0.0", f"for {i} in range({self.choice([2, 3, 0])}):", f"    {s} = f({s})", f"{s} += 0.1 * f.count + f.total"],
            ["def f(q1):", "    return q1", f"if {s} > {limit}:", f"    f.scale = {a}", f"{s} *= getattr(f, 'scale', 0.5)"],
        ]  # fmt: skip
        return self.emit(*self.choice(options))

    def nested_tuples(self) -> bool:
        """Tuples whose parts carry no derivative, in lists that grow."""
        s, i = self.fresh(Float()), self.counter()
        a, b = self.short(), self.short()
        self.bind(s, Float())
        self.emit(f"{s}, found = {b}, []", f"for {i} in range({self.choice([2, 3, 1])}):", f"    found.append((({i}, 2), {a} * {s}))", f"    {s} = 0.5 * {s} + 0.1 * {i}")
        return self.emit(self.choice([
            f"{s} += found[0][1] * 0.1 * found[-1][0][1]", f"{s} = max(found, key=lambda q1: q1[1])[1]", f"{s} += min(found)[1]",
            f"{s} += 0.3 * sum(q2 for _, q2 in found)", f"{s} = found.pop()[1]"]))

    def elements_with_places(self) -> bool | None:
        """Elements with their places, sliding windows."""
        found = self.vector(least=3)
        if not found:
            return None
        y, n = found
        s, i = self.fresh(Float()), self.counter()
        e = self.short()
        self.bind(s, Float())
        options: list[list[str]] = [
            [f"{s} = {e}", f"for ({i},), q1 in np.ndenumerate({y}):", f"    {s} = 0.5 * {s} + 0.1 * {i} * q1"],
            [f"{s} = {e}", f"for {i} in np.ndindex(2, {n}):", f"    {s} = 0.5 * {s} + 0.2 * {y}[{i}[1]] * {i}[0]"],
            [f"{s} = 0.2 * np.sum(np.lib.stride_tricks.sliding_window_view({y}, 2) ** 2 * {e})"],
            [f"kept = {y} * 0.5", "seen = np.lib.stride_tricks.sliding_window_view(kept, 3)", f"kept[1] = {e}", f"{s} = 0.2 * np.sum(seen[0] * seen[-1])"],
        ]  # fmt: skip
        return self.emit(*self.choice(options))
