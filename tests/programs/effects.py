"""The group `effects`: what is printed, and what is drawn from random generators."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import Array, Float, Int, Random, fit


class Effects(Containers):
    """Statements that do something besides computing."""

    def prints(self) -> bool:
        ints = self.names(Int)
        e = self.scalar_atom().text
        options = ["print('here')", f"print(f'{{{e}:.2f}}')", f"print('value', {e} > {self.threshold()})", "print()", "print('a', 1, sep='-', end='.\\n')"]
        if ints:
            options += [f"print('step', {self.choice(ints)})", f"print({self.choice(ints)})"]
        found = self.arrays()
        if found:
            options += [f"print({self.choice(found)[0]}.shape)", f"print(np.sum({self.choice(found)[0]}) > {self.threshold()})"]
        return self.emit(self.choice(options))

    def draws(self) -> bool:
        """A draw, in whatever loop or branch this stands."""
        known = self.names(Random)
        rng = self.choice(known) if known else self.fresh(Random())
        if not known:
            self.emit(f"{rng} = np.random.default_rng({self.chooser.integer(0, 99)})")
            self.bind(rng, Random())
        e = fit(self.scalar(1), 1.0).text
        found = self.vector(writable=True)
        s = self.target(Float())
        options: list[list[str]] = [
            [f"{s} = {e} * {rng}.uniform(0.5, 1.0)"], [f"{s} = 0.3 * {rng}.normal() * {e}"], [f"{s} = {e} + 0.2 * {rng}.standard_normal()"], [f"{s} = {e} if {rng}.random() < 0.5 else 0.3"],
            [f"{s} = {e} * 0.3 * {rng}.integers(0, 3)"], [f"{s} = {e} * {rng}.choice([0.5, 1.0])"], [f"{s} = 0.1", "for _ in range(3):", f"    {s} = 0.5 * {s} + 0.3 * {e} * {rng}.random()"],
            [f"{s} = {e} * {rng}.random(3).mean()"], [f"{s} = 0.0", f"while {rng}.random() < 0.4:", f"    {s} = 0.5 * {s} + {e}"],
        ]  # fmt: skip
        if found:
            y, n = found
            options += [[f"{s} = 0.2 * np.sum({y} * {rng}.normal(size={n}))"], [f"{s} = {y}[{rng}.integers({n})]"], [f"{s} = 0.3 * {y}[{rng}.permutation({n})][0]"],
                        [f"{rng}.shuffle({y})", f"{s} = {y}[0]"], [f"{s} = 0.2 * np.sum({y} * ({rng}.random({n}) < 0.5))"], [f"{s} = {rng}.choice({y})"],
                        [f"{y}[:] = 0.5 * {y} + 0.3 * {rng}.uniform(size={n})", f"{s} = {y}[-1]"]]  # fmt: skip
        self.emit(*self.choice(options))
        self.bind(s, Float())
        return True

    def noisy(self) -> bool | None:
        """An array of draws."""
        known = self.names(Random)
        if not known:
            return None
        shape = self.shape()
        e = fit(self.scalar(1), 1.0).at(2)
        name = self.target(Array(shape))
        self.bind(name, Array(shape))
        return self.emit(f"{name} = np.tanh({self.choice(known)}.normal(size={shape}) * {e})")
