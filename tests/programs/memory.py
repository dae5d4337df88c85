"""Statements that bind names and write to memory: elements, slices, aliases, exchanges."""

from __future__ import annotations

from typing import Any

from tests.programs.expressions import Expressions
from tests.programs.values import LIMIT, THRESHOLDS, Array, Bool, Expr, Float, Int, add, constant, fit, mul


class Memory(Expressions):
    # ---- statements; each returns True, or None when it does not apply and wrote nothing

    def assign_scalar(self) -> bool:
        e = fit(self.scalar())
        name = self.target(Float())
        self.bind(name, Float())
        return self.emit(f"{name} = {e.text}")

    def assign_flag(self) -> bool:
        text = self.condition()
        name = self.target(Bool())
        self.bind(name, Bool())
        return self.emit(f"{name} = {text}")

    def shape(self) -> tuple[int, ...]:
        shapes = [t.shape for _, t in self.arrays()]
        return self.choice(shapes) if shapes and self.chance(75) else self.choice(self.shapes)

    def assign_array(self) -> bool:
        shape = self.shape()
        kind = self.chooser.integer(0, 2)
        if kind == 0:
            e = fit(self.array(shape))
            if e.bare and not e.writable:
                e = Expr(f"{e.text}.copy()", 4, LIMIT)
        else:
            made = self.made(shape) if kind == 1 else None
            e = made or fit(self.array(shape, 1))
            if e.bare and not e.writable:
                e = Expr(f"{e.text}.copy()", 4, LIMIT)
        name = self.target(Array(shape))
        self.bind(name, Array(shape))
        return self.emit(f"{name} = {e.text}")

    def assign_view(self) -> bool | None:
        """An alias or a view: y = x, v = x[1:], r = A[i], B = A.T."""
        arrays = self.arrays(writable=True)
        if not arrays:
            return None
        shape = self.choice([t.shape for _, t in arrays] + list(self.shapes))
        shorter = (shape[0] - 1, *shape[1:])
        if self.chance(35) and shape[0] > 1:
            shape = shorter
        found = self.views(shape, writable=True, plain=False)
        if not found:
            return None
        text = self.choice(found)[0]
        name = self.target(Array(shape))
        self.bind(name, Array(shape))
        return self.emit(f"{name} = {text}") if name != text else self.emit(f"{name} = {text}.copy()")

    def assign_readonly(self) -> bool | None:
        vectors = [(text, t) for text, t in self.arrays() if len(t.shape) == 1]
        if not vectors:
            return None
        text, t = self.choice(vectors)
        type_ = Array((2, *t.shape), writable=False)
        name = self.fresh(type_)
        self.bind(name, type_)
        return self.emit(f"{name} = np.broadcast_to({text}, (2, {t.shape[0]}))")

    def store_item(self) -> bool | None:
        """y[i] = ..., y[i] += ..., and so on; also items of lists and dictionaries."""
        boxed = self.boxed(writable=True)
        place = self.choice(boxed) if boxed and self.chance(20) else self.item(writable=True)
        if place is None:
            return None
        kind = self.chooser.integer(0, 5)
        if kind < 3:
            return self.emit(f"{place} = {fit(self.scalar()).text}")
        if kind < 5:
            return self.emit(f"{place} {self.choice(['+=', '-='])} {fit(self.scalar(), 0.8).text}")
        return self.emit(f"{place} *= {fit(self.scalar(1), 1.0).text}")

    def store_slice(self) -> bool | None:
        """y[1:] = ..., A[i] += ..., y[:] = ..., A.T[j] = ..., y[[0, 2]] = ..., y[y > 0] *= ..."""
        found = self.arrays(writable=True)
        if not found:
            return None
        text, t = self.choice(found)
        n = t.shape[0]
        options: list[tuple[str, tuple[int, ...]]] = [(f"{text}[:]", t.shape)]
        if n > 1:
            options += [(f"{text}[1:]", (n - 1, *t.shape[1:])), (f"{text}[:-1]", (n - 1, *t.shape[1:]))]
            options += [(f"{text}[::-1]", t.shape), (f"{text}[::2]", ((n + 1) // 2, *t.shape[1:]))]
        if len(t.shape) == 2 and n:
            options += [
                (f"{text}[{self.index(n)}]", t.shape[1:]),
                (f"{text}[:, {self.index(t.shape[1])}]", t.shape[:1]),
            ] * 2
            options += [
                (f"{text}[{self.index(n)}, 1:]", (t.shape[1] - 1,)),
                (f"{text}.T[{self.index(t.shape[1])}]", t.shape[:1]),
            ]
        if len(t.shape) == 1 and n > 1:
            options += [(f"{text}[[{self.chooser.integer(0, n - 1)}, {self.chooser.integer(0, n - 1)}]]", (2,))]
        place, shape = self.choice(options)
        masked = self.chance(10)
        if masked:
            place = f"{text}[{text} {self.choice(['>', '<'])} {self.choice(THRESHOLDS):g}]"
        scalar = masked or self.chance(20)
        kind = self.chooser.integer(0, 5)
        if kind < 3:
            value = fit(self.scalar(1) if scalar else self.array(shape))
            return self.emit(f"{place} = {value.text}")
        if kind < 5:
            value = fit(self.scalar(1) if scalar else self.array(shape, 1), 0.8)
            return self.emit(f"{place} {self.choice(['+=', '-='])} {value.text}")
        return self.emit(f"{place} *= {fit(self.scalar(1) if scalar else self.array(shape, 1), 1.0).text}")

    def augment(self) -> bool | None:
        """s += ..., and y += ... in place (seen through every alias)."""
        scalars, arrays = self.bindable(Float), [n for n in self.bindable(Array) if self.scope[n].writable]
        if not scalars and not arrays:
            return None
        name = self.choice(scalars + arrays)
        t = self.scope[name]
        kind = self.chooser.integer(0, 4)
        value = self.scalar(2) if isinstance(t, Float) or self.chance(25) else self.array(t.shape, 1)
        if kind < 3:
            return self.emit(f"{name} {['+=', '-=', '+='][kind]} {fit(value, 0.8).text}")
        if kind == 3:
            return self.emit(f"{name} *= {fit(value, 1.0).text}")
        return self.emit(f"{name} /= {add(constant(1.5), mul(value, value)).text}")

    def swap(self) -> bool | None:
        """a, b = b, a and rotations, of names and of elements."""
        groups: dict[Any, list[str]] = {}
        for name, t in self.scope.items():
            if isinstance(t, Float) or (isinstance(t, Array) and t.writable):
                if name not in self.frozen:
                    groups.setdefault(t, []).append(name)
        usable = [names for names in groups.values() if len(names) > 1]
        if self.chance(25) or not usable:
            a, b = self.item(writable=True), self.item(writable=True)
            return self.emit(f"{a}, {b} = {b}, {a}") if a and b else None
        names = self.choice(usable)
        first = self.chooser.integer(0, len(names) - 1)
        names = names[first:] + names[:first]
        if len(names) > 2 and self.chance(25):
            a, b, c = names[:3]
            return self.emit(f"{a}, {b}, {c} = {b}, {c}, {a}")
        a, b = names[:2]
        if self.chance(20):
            t = self.scope[a]
            e = fit(self.scalar(1) if isinstance(t, Float) else self.array(t.shape, 1))
            return self.emit(f"{a}, {b} = {b}, {e.text}")
        return self.emit(f"{a}, {b} = {b}, {a}")

    def flip(self) -> bool | None:
        """A branch that changes what its own condition reads."""
        place = self.item(writable=True)
        scalars = self.bindable(Float)
        if scalars and (place is None or self.chance(35)):
            place = self.choice(scalars)
        if place is None:
            return None
        level = self.choice(THRESHOLDS)
        body = self.choice(
            [f"{place} = -{place}", f"{place} *= -0.7", f"{place} = {level:g} - {place}", f"{place} -= 1.5"]
        )
        saved = dict(self.scope)
        with self.indented(f"if {place} > {level:g}:"):
            if self.chance(35):
                self.emit(body)
                self.statement(simple=True)
            else:
                self.emit(body)
        self.scope = saved
        if self.chance(40):
            with self.indented("else:"):
                self.emit(
                    self.choice(
                        [
                            f"{place} = {place} * {place} + 0.4",
                            f"{place} += 1.2",
                            f"{place} = {fit(self.scalar()).text}",
                        ]
                    )
                )
        return True

    def merge(self) -> bool | None:
        """One name for one of two arrays (which stay in use), and a write through it."""
        shape = self.shape()
        places = [text for text, _ in self.views(shape, writable=True, plain=not self.chance(30))]
        if len(places) < 2 or self.indent > 4:
            return None
        one, other = self.choice(places), self.choice(places)
        name = self.target(Array(shape), 70)
        with self.indented(f"if {self.condition()}:"):
            self.emit(f"{name} = {one}")
        with self.indented("else:"):
            self.emit(f"{name} = {other}")
        self.bind(name, Array(shape))
        place = f"{name}[{self.index(shape[0])}]"
        return self.emit(f"{place} {self.choice(['=', '+=', '*='])} {fit(self.scalar(1), 0.8).text}")

    def swap_both(self) -> bool | None:
        """Both branches exchange the same names, and one does more."""
        scalars, arrays = self.bindable(Float), self.bindable(Array, shape=self.shape(), writable=True)
        names = self.choice([scalars, arrays])
        if len(names) < 2 or self.indent > 4:
            return None
        first = self.chooser.integer(0, len(names) - 2)
        a, b = names[first : first + 2]
        saved = dict(self.scope)
        with self.indented(f"if {self.condition()}:"):
            self.emit(f"{a}, {b} = {b}, {a}")
            if self.chance(60):
                self.statement(simple=True)
        self.scope = dict(saved)
        with self.indented("else:"):
            self.emit(f"{a}, {b} = {b}, {a}" if self.chance(70) else f"{a} = {b}")
            if self.chance(30):
                self.statement(simple=True)
        self.scope = saved
        return True

    def recurrence(self) -> bool | None:
        """A buffer filled from its own earlier elements, sometimes exchanged with its source in every step."""
        vectors = [
            name
            for name in self.bindable(Array, writable=True)
            if len(self.scope[name].shape) == 1 and self.scope[name].shape[0] > 1
        ]
        if not vectors or self.indent > 3 or self.loops > 1:
            return None
        y = self.choice(vectors)
        n = self.scope[y].shape[0]
        z = self.fresh(Array((n,)))
        self.emit(
            f"{z} = {self.choice([f'np.zeros_like({y})', f'np.ones_like({y})', f'{y}.copy()', f'np.zeros({n})'])}"
        )
        self.bind(z, Array((n,)))
        i = self.fresh(Int(0, 1))
        outer = self.chance(50) and self.loops == 0
        if outer:
            k = next(name for name in ("k", "l", "step", "round") if name not in self.scope and name != i)
            self.emit(f"for {k} in range({self.choice([2, 3, 1])}):")
            self.indent += 1
        start = self.choice([0, 1])
        with self.indented(f"for {i} in range({start}, len({y})):" if start else f"for {i} in range(len({y})):"):
            before = f"{z}[{i} - 1]"
            form = self.choice(
                [f"0.6 * {before} + {y}[{i}]", f"np.sin({before} * {y}[{i}])", f"{before} * {y}[{i} - 1]"]
            )
            self.emit(f"{z}[{i}] = 0.7 * np.tanh({form})" if self.chance(50) else f"{z}[{i}] = 0.5 * ({form})")
            if self.chance(20):
                self.emit(f"{y}[{i}] = {z}[{i}] * 0.9")
        if outer:
            if self.chance(60):
                self.emit(f"{y}, {z} = {z}, {y}")
            self.indent -= 1
        return True
