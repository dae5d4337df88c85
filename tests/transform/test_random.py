"""Random programs of the subset that tests/transform/lowering reads: value kept, gradient right, tapes balanced."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Program
from chainrule.ir.types import INT

from .check import check, slope
from .lowering import VECTOR, lower

SCALARS = ("a", "b", "c")
ARRAYS = ("u", "v")
PARAMS = "x, y, u, v, n"


class Writer:
    """Writes a random function. Values stay small: what grows is wrapped in a sine."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.lines: list[str] = []
        self.loops: list[str] = []
        self.count = 0

    def program(self) -> str:
        self.lines = [f"def f({PARAMS}):", "    a = x * y", "    b = y", "    c = x"]
        self.block(1, self.r.randint(2, 5), 0)
        self.lines.append("    return a * b + c + np.sum(u * v) + np.sum(u)")
        return "\n".join(self.lines)

    def add(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def block(self, depth: int, size: int, level: int) -> None:
        for _ in range(size):
            self.stmt(depth, level)

    def stmt(self, depth: int, level: int) -> None:
        kind = self.r.choice(["scalar"] * 4 + ["array"] * 2 + ["store"] * 3 + ["swap"] + (["if", "for", "while"] * 2 if level < 3 else []))
        if kind == "scalar":
            self.add(depth, f"{self.r.choice(SCALARS)} = {self.scalar(2)}")
        elif kind == "array":
            self.add(depth, f"{self.r.choice(ARRAYS)} = {self.array(2)}")
        elif kind == "store":
            name = self.r.choice(ARRAYS)
            form = self.r.randint(0, 3)
            if form == 0:
                self.add(depth, f"{name}[{self.index()}] = {self.scalar(2)}")
            elif form == 1:
                self.add(depth, f"{name}[{self.index()}] += {self.scalar(2)}")
            elif form == 2:
                self.add(depth, f"{name}[1:-1] = {self.part()}")
            else:
                self.add(depth, f"{name}[:2] = np.sin({self.r.choice(ARRAYS)}[2:]) * {self.scalar(1)}")
        elif kind == "swap":
            one, two = self.r.sample(ARRAYS if self.r.random() < 0.5 else SCALARS, 2)
            self.add(depth, f"{one}, {two} = {two}, {one}")
        elif kind == "if":
            self.add(depth, f"if {self.condition()}:")
            self.block(depth + 1, self.r.randint(1, 3), level + 1)
            if self.r.random() < 0.6:
                self.add(depth, "else:")
                self.block(depth + 1, self.r.randint(1, 3), level + 1)
        else:
            self.loop(depth, level, kind)

    def loop(self, depth: int, level: int, kind: str) -> None:
        self.count += 1
        name = f"i{self.count}"
        if kind == "for":
            bound = self.r.choice(["n", "3", "1", "n - 1", *[f"{i} + 1" for i in self.loops]])
            span = self.r.choice([bound, bound, f"1, {bound}", f"{bound}, 0, -1"])
            self.add(depth, f"for {name} in range({span}):")
            self.loops.append(name)
        else:
            name = f"w{self.count}"
            self.add(depth, f"{name} = 0")
            self.add(depth, f"while {name} < {self.r.choice(['n', '2', '3'])}:")
            self.add(depth + 1, f"{name} += 1")
        before = self.lines
        self.lines = []
        self.block(depth + 1, self.r.randint(1, 3), level + 1)
        inner, self.lines = self.lines, before
        at = self.r.randint(0, len(inner))
        while at < len(inner) and not inner[at].startswith("    " * (depth + 1)) or (
                at < len(inner) and inner[at].startswith("    " * (depth + 2))) or (at < len(inner) and "else" in inner[at]):
            at += 1
        self.lines += inner[:at]
        if self.r.random() < 0.4:
            self.add(depth + 1, f"if {self.condition()}:")
            if self.r.random() < 0.5:
                self.add(depth + 2, f"{self.r.choice(SCALARS)} = {self.scalar(2)}")
            self.add(depth + 2, self.r.choice(["break", "continue"]))
        self.lines += inner[at:]
        if kind == "for":
            self.loops.remove(name)

    def index(self) -> str:
        options = ["0", "1", "-1", "2"]
        for i in self.loops:
            options += [f"{i} % 4", f"{i}", f"({i} + 1) % 4"] if not i.startswith("w") else []
        choice = self.r.choice(options)
        return choice if "%" in choice or not choice.startswith("i") else self.r.choice([f"{choice} - 1", f"{choice}", f"{choice} - 2"])

    def condition(self) -> str:
        return f"{self.scalar(1)} {self.r.choice(['<', '>'])} {self.r.choice(['0.3', '0.9', self.r.choice(SCALARS)])}"

    def scalar(self, depth: int) -> str:
        kind = self.r.randint(0, 7) if depth else self.r.randint(0, 2)
        if kind <= 1:
            return self.r.choice([*SCALARS, "x", "y"])
        if kind == 2:
            return f"{self.r.choice(ARRAYS)}[{self.index()}]"
        if kind == 3:
            return f"np.sin({self.scalar(depth - 1)} * {self.scalar(depth - 1)})"
        if kind == 4:
            return f"np.tanh(np.sum({self.array(depth - 1)}))"
        if kind == 5:
            return f"{self.scalar(depth - 1)} * 0.5 - {self.scalar(depth - 1)} * 0.4"
        if kind == 6:
            return f"np.sin({self.scalar(depth - 1)}) / (2.0 + np.cos({self.scalar(depth - 1)}))"
        return f"np.cos({self.scalar(depth - 1)} + {self.r.choice([*self.loops, '1.0'])})"

    def array(self, depth: int) -> str:
        kind = self.r.randint(0, 4) if depth else 0
        if kind == 0:
            return self.r.choice(ARRAYS)
        if kind == 1:
            return f"np.sin({self.array(depth - 1)} * {self.scalar(depth - 1)})"
        if kind == 2:
            return f"{self.array(depth - 1)} * 0.6 + {self.scalar(depth - 1)} * 0.3"
        if kind == 3:
            return f"np.tanh({self.array(depth - 1)} - {self.array(depth - 1)})"
        return f"np.cos({self.array(depth - 1)})"

    def part(self) -> str:
        one, two = self.r.choice(ARRAYS), self.r.choice(ARRAYS)
        return self.r.choice([f"0.5 * ({one}[:-2] + {two}[2:])", f"np.sin({one}[1:-1] * {two}[2:])", f"{one}[:-2] * {self.scalar(1)}", "0.0"])


def run(seed: int) -> str:
    """Check the program of one seed: "checked", or why it could not be."""
    source = Writer(seed).program()
    program = lower(source, u=VECTOR, v=VECTOR, n=INT)
    rng = np.random.default_rng(seed)
    args = (*rng.uniform(0.2, 1.5, 2), rng.uniform(0.2, 1.5, 4), rng.uniform(0.2, 1.5, 4), seed % 4)
    args = (float(args[0]), float(args[1]), *args[2:])
    try:
        interpret(program, args)
    except IndexError:
        return "raises"
    try:
        check(program, *args, tolerance=2e-5)
    except AssertionError as error:
        if "gradient of" in str(error) and "should be" in str(error) and _rough(program, args):
            return "rough"
        raise AssertionError(f"seed {seed}: {error}\n{source}") from error
    return "checked"


def _rough(program: Program, args: tuple[Any, ...]) -> bool:
    """Whether finite differences do not agree with themselves: a condition changes within the step."""
    for k in range(4):
        one, two = slope(program, args, k), slope(program, args, k, 1e-4)
        if not np.allclose(one, two, rtol=1e-3, atol=1e-3):
            return True
    return False


@pytest.mark.parametrize("block", range(10))
def test_random_programs(block):
    for seed in range(block * 20, block * 20 + 20):
        run(seed)
