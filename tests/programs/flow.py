"""The group `flow`: exceptions, contexts, matching, assertions, deletion, loops that end in the middle."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import Float, Int, fit

LEVEL = """
class Level:
    depth = 0

    def __init__(self, by):
        self.by = by

    def __enter__(self):
        self.depth = self.depth + 1
        return self

    def __exit__(self, kind, value, trace):
        self.by = 0.5 * self.by
        return False
"""
QUIET = """
@contextlib.contextmanager
def doubled(s):
    yield 2.0 * s
"""
TOO_HIGH = """
class TooHigh(ValueError):
    def __init__(self, by):
        super().__init__("too high")
        self.by = by
"""
CHECKED = """
def checked(s):
    if s > 0.4:
        raise TooHigh(s)
    return 0.5 * s
"""
FALLBACK = """
def fallback(x, k):
    try:
        return x[k] * x[0]
    except IndexError:
        return 0.3
    finally:
        x = None
"""


class Flow(Containers):
    """Statements in which control does something else than if, for and while."""

    def tiny(self, limit: float = 1.0) -> str:
        return fit(self.scalar(1), limit).text

    def raises(self) -> bool | None:
        """try with an exception that is raised on one path only, or always, or never."""
        if self.indent > 3:
            return None
        s, e, f = self.target(Float()), self.tiny(), self.tiny()
        ints = self.names(Int)
        k = self.choice(ints) if ints else "1"
        vector = self.vector()
        self.module.define("TooHigh", TOO_HIGH)
        options: list[tuple[str, str]] = [
            (f"if {self.condition()}:\n    raise ValueError('no')", "ValueError"), (f"{s} = float({e}) / {k}", "ZeroDivisionError"),
            (f"{s} = 0.5 * math.sqrt({e} + 0.1)", "ValueError"), (f"{s} = 0.3 * math.log({e} + 0.2)", "ValueError"),
            (f'{s} = {{"a": {e}}}["b"]', "KeyError"), (f"{s} = [{e}, {f}][{k} + 1]", "IndexError"), (f"{s} = [{e}].pop({k})", "IndexError"),
            (f"raise TooHigh({e})", "TooHigh"), (f"if {e} > {self.threshold()}:\n    raise TooHigh({e})", "(TooHigh, KeyError)"),
            (f"assert {self.condition()}", "AssertionError"), (f"{s} = int('x') * {e}", "ValueError"), (f"{s} = {e} + (1 // {k})", "ArithmeticError"),
            (f"{s} = None * {e}", "TypeError"), (f"{s} = {e}.missing", "AttributeError"), (f"{s} = next(iter([])) * {e}", "StopIteration"),
            (f"a1, b1 = ({e},) * (1 + {k})", "ValueError"),
        ]  # fmt: skip
        if vector:
            options += [(f"{s} = {vector[0]}[{k} + 1]", "IndexError"), (f"{s} = {vector[0]}[5] * {e}", "IndexError"),
                        (f"{s} = np.sum({vector[0]} + np.ones(7))", "ValueError")]  # fmt: skip
        raising, kind = self.choice(options)
        known = s in self.scope
        if not known:
            self.emit(f"{s} = {f}")
        self.bind(s, Float())
        kind = self.percent(15, "Exception", kind)
        with self.branch("try:"):
            if self.chance(50):
                self.statement(simple=True)
            self.emit(*raising.split("\n"))
            self.statement(simple=True)
        as_ = "TooHigh" in kind and "KeyError" not in kind
        with self.branch(f"except {kind}{' as error' if as_ else ''}:"):
            self.emit(f"{s} = 0.5 * error.by" if as_ else f"{s} = {f}")
            if self.chance(30):
                self.statement(simple=True)
        if self.chance(25):
            with self.branch("else:"):
                self.statement(simple=True)
        if self.chance(25):
            with self.branch("finally:"):
                self.statement(simple=True)
        return True

    def handled_elsewhere(self) -> bool | None:
        """Exceptions from helpers, in loops, re-raised, suppressed."""
        if self.indent > 3:
            return None
        self.module.define("TooHigh", TOO_HIGH)
        self.module.define("checked", CHECKED)
        s, e = self.fresh(Float()), self.tiny()
        i = self.counter()
        vector = self.vector()
        options: list[list[str]] = [
            ["try:", f"    {s} = checked({e})", "except TooHigh as error:", f"    {s} = 0.3 * error.by"],
            [f"{s} = 0.2", f"for {i} in range(3):", "    try:", f"        {s} += checked({e} * {i})", "    except TooHigh:", f"        {self.choice(['break', 'continue', 'pass'])}"],
            [f"{s} = {e}", "with contextlib.suppress(TooHigh):", f"    {s} = checked({s})", f"    {s} = 0.5 * {s}"],
            [f"{s} = 0.1", "try:", "    try:", f"        {s} = checked({e})", "    except KeyError:", f"        {s} = 0.4", "    finally:", f"        {s} = 0.5 * {s} + 0.2",
             "except TooHigh:", f"    {s} *= 2.0"],
            ["try:", "    try:", f"        {s} = checked({e})", "    except TooHigh as error:", "        raise KeyError('low') from error", "except KeyError:", f"    {s} = 0.6 * {e}"],
            [f"{s} = 0.0", "while True:", "    try:", f"        {s} += 0.3", f"        checked({s})", "    except TooHigh:", "        break"],
        ]  # fmt: skip
        if vector:
            name = self.module.define("fallback", FALLBACK)
            options += [[f"{s} = 0.5 * {name}({vector[0]}, {self.choice([0, 1, 7])})"],
                        [f"{s} = 0.1", f"for q in {vector[0]}:", "    try:", f"        {s} += 0.3 * math.sqrt(q + 0.01)", "    except ValueError:", f"        {s} -= 0.2 * q"]]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True

    def contexts(self) -> bool | None:
        """with: of NumPy, of a class, of a generator function."""
        if self.indent > 3:
            return None
        s, e = self.target(Float()), self.tiny()
        kind = self.chooser.integer(0, 4)
        if kind == 0:
            with self.indented("with np.errstate(all='ignore'):"):
                self.statement(simple=True)
                self.statement(simple=True)
            return True
        if kind == 1:
            self.module.define("Level", LEVEL)
            self.emit(f"with Level({e}) as level:", f"    {s} = level.by * level.depth", f"{s} += 0.5 * level.by")
        elif kind == 2:
            self.module.define("doubled", QUIET)
            self.emit(f"with doubled({e}) as twice1:", f"    {s} = 0.5 * twice1")
        elif kind == 3:
            self.module.define("Level", LEVEL)
            self.emit(f"level = Level({e})", "with level:", f"    {s} = level.depth * 0.5", f"{s} += level.by")
        else:
            self.emit("with contextlib.nullcontext(), np.errstate(divide='ignore'):", f"    {s} = {e} / 2.0")
        self.bind(s, Float())
        return True

    def matches(self) -> bool | None:
        """match on numbers, tuples, dictionaries, types."""
        if self.indent > 3:
            return None
        s, e, f = self.target(Float()), self.tiny(), self.tiny()
        ints = self.names(Int)
        k = self.choice(ints) if ints else str(self.chooser.integer(0, 3))
        options: list[list[str]] = [
            [f"match {k} % 3:", "    case 0:", f"        {s} = {e}", "    case 1 | 2:", f"        {s} = {f}", "    case _:", f"        {s} = 0.0"],
            [f"match ({e} > {self.threshold()}, {k}):", "    case (True, _):", f"        {s} = {e}", "    case (False, k1) if k1 > 0:", f"        {s} = {f} * 0.3 * k1",
             "    case _:", f"        {s} = -0.4"],
            [f"match [{e}, {f}]:", "    case [p1]:", f"        {s} = p1", "    case [p1, *rest1]:", f"        {s} = p1 * rest1[0]"],
            [f'match {{"a": {e}, "k": {k}}}:', '    case {"a": a1, "k": 0}:', f"        {s} = a1", '    case {"a": a1}:', f"        {s} = 0.5 * a1 * {f}"],
            [f"match {e}:", f"    case float() as v1 if v1 > {self.threshold()}:", f"        {s} = 0.5 * v1", "    case v1:", f"        {s} = {f}"],
            [f'match "{self.choice(["sin", "cos", "other"])}":', '    case "sin":', f"        {s} = np.sin({e})", '    case "cos":', f"        {s} = np.cos({e})",
             "    case name1:", f"        {s} = {e} * 0.1 * len(name1)"],
            [f"match ({e}, ({f}, {k})):", "    case (a1, (b1, 0 | 1)):", f"        {s} = 0.5 * (a1 - b1)", "    case (a1, _):", f"        {s} = a1"],
        ]  # fmt: skip
        self.bind(s, Float())
        return self.emit(*self.choice(options))

    def small_statements(self) -> bool | None:
        """assert, del, pass, docstrings, annotations, chained comparisons."""
        e, f, t = self.tiny(), self.tiny(), self.target(Float())
        self.bind(t, Float())
        s = self.fresh(Float())
        options: list[list[str]] = [
            [f"{s} = {e}", f"assert {s} < 1e6, 'too large'", f"{t} = {s}"], [f"{s} = {e}", f"{t} = 0.5 * {s}", f"del {s}"],
            [f"{t}: float = {e}"], ["pass", f"{t} = +{e}" if not e.startswith("-") else f"{t} = {e}"],
            [f"gone = [{e}, 0.5]", "del gone[0]", f"{t} = gone[0] * {f}"], [f'gone = {{"a": {e}}}', f'{t} = gone["a"]', 'del gone["a"]', f"{t} *= 1 + len(gone)"],
            [f"{s} = {e}", f"if {s} > {self.threshold()}:", f"    del {s}", f"    {t} = 0.3", "else:", f"    {t} = {s}"],
        ]  # fmt: skip
        found = self.vector()
        if found:
            options += [[f"gone = {found[0]}", "gone[0] = 0.5" if any(found[0] == a for a, _ in self.arrays(writable=True)) else "pass", "del gone", f"{t} = {e}"],
                        [f"assert {found[0]}.ndim == 1 and len({found[0]}) == {found[1]}", f"{t} = {found[0]}[0]"]]  # fmt: skip
        self.emit(*self.choice(options))
        return True

    def forever(self) -> bool | None:
        """while True with several ways out; else of loops; the loop variable after the loop."""
        if self.loops or self.indent > 3:
            return None
        s, e, i = self.fresh(Float()), self.tiny(), self.counter()
        found = self.vector()
        y = found[0] if found else f"({e}, 0.3)"
        options: list[list[str]] = [
            [f"{s}, {i} = {e}, 0", "while True:", f"    {i} += 1", f"    if {i} > 4:", "        break", f"    if {s} > {self.threshold()}:", f"        {s} = 0.5 * {s} - 0.1",
             "        continue", f"    {s} = {s} * {s} + 0.2", f"    if {s} > 0.9:", "        break"],
            [f"for q in {y}:", f"    if q > {self.threshold()}:", "        break", "else:", "    q = 0.25", f"{s} = 0.5 * q"],
            [f"{s} = {e}", f"for {i} in range(4):", f"    {s} = 0.6 * {s} * {s} + 0.1", f"    if {s} > 0.3:", "        break", f"{s} = {s} + 0.1 * {i}"],
            [f"{s} = 0.2", f"for {i}, q in enumerate({y}):", f"    {s} += 0.2 * q * {i}", f"{s} = {s} + 0.3 * q * {i}"],
            [f"{s}, {i} = {e}, 3", f"while {i}:", f"    {i} -= 1", f"    {s} = np.sin({s}) * 0.9", "else:", f"    {s} += 0.3"],
            [f"{s} = 0.0", f"for {i} in range(3):", "    for j1 in range(3):", f"        if j1 > {i}:", "            break", f"        {s} += 0.1 * {e} * j1", "    else:", f"        {s} -= 0.3"],
            [f"{s} = {e}", "for _ in range(3):", f"    if {s} > 0.3:", f"        {s} -= 0.4 * {s}", "        continue", f"    {s} += 0.3 * {e}", "for _ in range(0):", f"    {s} = 9.0"],
        ]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True
