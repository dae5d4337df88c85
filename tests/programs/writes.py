"""The group `writes`: everything besides plain stores that writes to an array."""

from __future__ import annotations

from tests.programs.containers import Containers
from tests.programs.values import LIMIT, Array, Expr, Float, fit


class Writes(Containers):
    """Statements that write to arrays by functions, masks, repeated indices, steps, and onto themselves."""

    def written(self, shape: tuple[int, ...], limit: float = 1.0) -> str:
        """The text of an array expression to be written."""
        return fit(self.array(shape, 1), limit).text

    def number(self, limit: float = LIMIT) -> str:
        return fit(self.scalar(1), limit).text

    def into_out(self) -> bool | None:
        """np.add(a, b, out=y), perhaps of overlapping parts, perhaps with where=, perhaps bound to a name as well."""
        found = self.arrays(writable=True)
        if not found:
            return None
        text, t = self.choice(found)
        shape, place = t.shape, text
        if shape[0] > 1 and self.chance(30):
            shape, place = (shape[0] - 1, *shape[1:]), self.choice([f"{text}[1:]", f"{text}[:-1]"])
        sources = [f"0.5 * {v}" for v, _ in self.views(shape)] + [f"{v}" for v, _ in self.views(shape, plain=False)]
        a = self.choice(sources) if sources and self.chance(50) else self.written(shape)
        b = self.choice(sources) if sources and self.chance(50) else self.written(shape)
        if self.chance(40):
            head = f"{self.choice(['np.sin', 'np.tanh', 'np.cos', 'np.negative', 'np.abs'])}({a}"
        else:
            head = f"{self.choice(['np.maximum', 'np.minimum', 'np.add', 'np.multiply', 'np.subtract'])}({a}, {b}"
        head += self.percent(20, f", out=({place},)", f", out={place}")
        if self.chance(30):
            masks = self.views(shape)
            head += f", where={self.choice(masks)[0]} > {self.threshold()}" if masks else ""
        if self.chance(25):
            name = self.target(Array(shape))
            self.bind(name, Array(shape))
            return self.emit(f"{name} = {head})")
        return self.emit(f"{head})")

    def at(self) -> bool | None:
        """np.add.at and its like, with repeated indices."""
        found = self.vector(writable=True)
        if not found:
            return None
        text, n = found
        where = [self.chooser.integer(0, n - 1) for _ in range(self.choice([3, 2, 1]))]
        ufunc = self.choice(["np.add", "np.subtract", "np.multiply"])
        limit = 1.0 if ufunc == "np.multiply" else 0.5
        if self.chance(50):
            return self.emit(f"{ufunc}.at({text}, {where}, {self.number(limit)})")
        values = ", ".join(self.number(limit) for _ in where)
        return self.emit(f"{ufunc}.at({text}, np.array({where}), np.array([{values}]))")

    def by_function(self) -> bool | None:
        """np.copyto, np.put, np.place, np.putmask, fill, fill_diagonal, sort."""
        found = self.arrays(writable=True)
        if not found:
            return None
        text, t = self.choice(found)
        mask = f"{text} {self.choice(['>', '<'])} {self.threshold()}"
        masks = self.views(t.shape)
        if masks and self.chance(50):
            mask = f"{self.choice(masks)[0]} > {self.threshold()}"
        size = 1
        for extent in t.shape:
            size *= extent
        if not size:
            return None
        i, j = self.chooser.integer(0, size - 1), self.chooser.integer(0, size - 1)
        options = [
            lambda: f"np.copyto({text}, {self.written(t.shape)})",
            lambda: f"np.copyto({text}, {self.written(t.shape)}, where={mask})",
            lambda: f"np.copyto({text}, {self.number()})",
            lambda: f"np.put({text}, [{i}, {j}], [{self.number()}, {self.number()}])",
            lambda: f"{text}.put({i}, {self.number()})",
            lambda: f"np.place({text}, {mask}, [{self.number()}, {self.number()}])",
            lambda: f"np.putmask({text}, {mask}, {self.written(t.shape)})",
            lambda: f"{text}.fill({self.number()})",
            lambda: f"{text}.sort()",
            lambda: f"{text}[::-1].sort()",
        ]
        if len(t.shape) == 2:
            options += [lambda: f"np.fill_diagonal({text}, {self.number()})", lambda: f"{text}.sort(axis=0)"] * 2
        return self.emit(self.choice(options)())

    def onto_itself(self) -> bool | None:
        """y[1:] = y[:-1] and other writes whose source and target overlap."""
        if self.chance(25) and (found := self.matrix(writable=True)):
            text, (rows, columns) = found
            options = [f"{text}[0], {text}[-1] = {text}[-1], {text}[0]", f"{text}[1:] = {text}[:-1]", f"{text}[:] = {text}[::-1]",
                       f"{text}[:, ::-1] = 0.9 * {text}", f"{text}[:, 0] *= {text}[:, -1]"]  # fmt: skip
            if rows == columns:
                options += [f"{text}[:] = {text}.T", f"{self.all_of(text)} *= 0.5 * {text}.T", f"{text}[0] = {text}[:, 0]", f"{text}[:, 0] = {text}[-1]"]
            return self.emit(self.choice(options))
        found_vector = self.vector(writable=True, least=2)
        if not found_vector:
            return None
        y, n = found_vector
        options = [f"{y}[1:] = {y}[:-1]", f"{y}[:-1] = {y}[1:]", f"{y}[1:] *= 0.5 * {y}[:-1]", f"{y}[:-1] -= 0.5 * {y}[1:]",
                   f"{y}[::-1] = {y}", f"{y}[:] = {y}[::-1]", f"{y}[0:1], {y}[-1:] = {y}[-1:], {y}[0:1]",
                   f"{y}[1:] = 0.5 * {y}[1:] + 0.5 * {y}[:-1]", f"{self.all_of(y)} *= 0.5 * {y}", f"{y}[:] = {y}[0]", f"{self.all_of(y)} *= 0.5 * {y}[::-1]"]  # fmt: skip
        if n > 2:
            options += [f"{y}[:2], {y}[1:3] = {y}[1:3], {y}[:2]", f"{y}[:2], {y}[-2:] = {y}[-2:], {y}[:2]"]
        return self.emit(self.choice(options))

    def fancy_store(self) -> bool | None:
        """Steps, repeated indices, masks."""
        if self.chance(30) and (found := self.matrix(writable=True)):
            text, (rows, columns) = found
            i, j = self.chooser.integer(0, rows - 1), self.chooser.integer(0, columns - 1)
            places: list[tuple[str, tuple[int, ...]]] = [
                (f"{text}[[0, {i}], [{j}, 0]]", (2,)),
                (f"{text}[:, [0, {j}]]", (rows, 2)),
                (f"{text}[[{i}, 0, {i}]]", (3, columns)),
                (f"{text}[..., {j}]", (rows,)),
                (f"{text}[{text}[:, {j}] > {self.threshold()}]", ()),
                (f"{text}[{text} > {self.threshold()}]", ()),
                (f"{text}[np.ix_([0, {i}], [{j}])]", (2, 1)),
                (f"{text}[{i}:, {j}]", (rows - i,)),
                (f"{text}[::-1, ::2]", (rows, (columns + 1) // 2)),
            ]
        else:
            vector = self.vector(writable=True)
            if not vector:
                return None
            text, n = vector
            i, j = self.chooser.integer(0, n - 1), self.chooser.integer(0, n - 1)
            flags = [self.choice([True, False]) for _ in range(n)]
            mask = f"{text} > {self.threshold()}"
            places = [
                (f"{text}[[{i}, {j}, {i}]]", (3,)),
                (f"{text}[np.array([{i}, {j}])]", (2,)),
                (f"{text}[[{i - n}, {j}]]", (2,)),
                (f"{text}[::-2]", ((n + 1) // 2,)),
                (f"{text}[-1:0:-1]", (n - 1,)),
                (f"{text}[::2]", ((n + 1) // 2,)),
                (f"{text}[{flags}]", (sum(flags),)),
                (f"{text}[{mask}]", ()),
                (f"{text}[({mask}) & ({text} < 1.0)]", ()),
                (f"{text}[~({mask})]", ()),
            ]
            others = [v for v, _ in self.views((n,))]
            if others and self.chance(25):
                return self.emit(f"{text}[{mask}] {self.choice(['=', '+=', '*='])} 0.5 * {self.choice(others)}[{mask}]")
        place, shape = self.choice(places)
        operator = self.choice(["=", "=", "+=", "-=", "*="])
        value = self.number(1.0) if not shape or not shape[-1] or self.chance(20) else self.written(shape)
        return self.emit(f"{place} {operator} {value}")

    def chained(self) -> bool | None:
        """One value for several targets."""
        places = [place for place in (self.item(writable=True), self.item(writable=True)) if place]
        if len(places) < 2:
            return None
        name = self.target(Float())
        e = self.number()
        kind = self.chooser.integer(0, 3)
        if kind == 1:
            return self.emit(f"{places[0]} = {places[1]} = {e}")
        self.bind(name, Float())
        if kind == 0:
            return self.emit(f"{name} = {places[0]} = {e}")
        if kind == 2 and (vector := self.vector(least=2)):
            rest = self.fresh(Array((1,)))
            self.emit(f"{name}, *{rest} = {vector[0]}")
            return self.emit(f"{places[0]} = {name} * 0.5 + {rest}[-1] * 0.5")
        return self.emit(f"{places[0]}, {name} = {e}, {places[0]}")


class Views(Writes):
    """The group `views`: every way to a second name for the same memory, and writes seen through it."""

    def another(self) -> tuple[str, tuple[int, ...], str] | None:
        """The text of a view (or what NumPy makes of it), its shape, and the array it is of."""
        found = [(text, t) for text, t in self.arrays(writable=True) if t.shape[0]]
        if not found:
            return None
        text, t = self.choice(found)
        n = t.shape[0]
        if len(t.shape) == 1:
            options: list[tuple[str, tuple[int, ...]]] = [
                (f"{text}[::-1]", (n,)), (f"{text}[::-2]", ((n + 1) // 2,)), (f"{text}.real", (n,)), (f"np.asarray({text})", (n,)),
                (f"{text}.reshape(-1)", (n,)), (f"np.ravel({text})", (n,)), (f"{text}[:, None].T[0]", (n,)), (f"np.flip({text})", (n,)),
                (f"{text}[None][0]", (n,)), (f"{text}[...]", (n,)), (f"{text}.view()", (n,)), (f"np.atleast_1d({text})", (n,)),
                (f"np.squeeze({text}[:, None]{', 1' * (n == 1)})", (n,)), (f"np.expand_dims({text}, 0)[0]", (n,)), (f"{text}.T", (n,)),
                (f"np.split({text}, [1])[0]", (1,)), (f"{text}[::-1][::-1]", (n,)), (f"{text}[[0, -1]]", (2,)), (f"{text}.flatten()", (n,)),
                (f"np.array({text})", (n,)),
            ]  # fmt: skip
            if n > 2:
                options += [(f"{text}[1:][:-1]", (n - 2,)), (f"{text}[1:][::-1]", (n - 1,)), (f"np.array_split({text}, 2)[0]", ((n + 1) // 2,))]
            if n == 4:
                options += [(f"{text}.reshape(2, 2)[1]", (2,)), (f"{text}.reshape(2, 2).T[0]", (2,)), (f"{text}.reshape(2, 2).ravel()", (4,))]
        else:
            rows, columns = t.shape
            options = [
                (f"{text}.T", (columns, rows)), (f"np.transpose({text})", (columns, rows)), (f"{text}.swapaxes(0, 1)", (columns, rows)),
                (f"{text}.reshape(-1)", (rows * columns,)), (f"{text}.ravel()", (rows * columns,)), (f"{text}.T.ravel()", (rows * columns,)),
                (f"{text}.T.reshape(-1)", (rows * columns,)), (f"{text}[0][::-1]", (columns,)), (f"{text}[:, 0]", (rows,)),
                (f"{text}[:, ::-1][0]", (columns,)), (f"{text}.reshape({columns}, {rows})", (columns, rows)), (f"{text}.real", (rows, columns)),
                (f"np.moveaxis({text}, 0, 1)[0]", (rows,)), (f"np.vsplit({text}, [1])[0][0]", (columns,)), (f"{text}[...]", (rows, columns)),
                (f"np.hsplit({text}, [1])[0][:, 0]", (rows,)), (f"{text}.reshape(-1)[::2]", ((rows * columns + 1) // 2,)),
                (f"{text}[::-1].T", (columns, rows)), (f"{text}[:1].ravel()", (columns,)), (f"{text}[:, :1].reshape(-1)", (rows,)),
            ]  # fmt: skip
        view, shape = self.choice(options)
        return view, shape, text

    def write_through(self) -> bool | None:
        """A view, a write through it or through what it is of, and both stay in use."""
        found = self.another()
        if not found:
            return None
        view, shape, text = found
        name = self.fresh(Array(shape))
        self.emit(f"{name} = {view}")
        self.bind(name, Array(shape))
        place = f"{name}[{', '.join(self.index(extent) for extent in shape)}]"
        kind = self.chooser.integer(0, 5)
        if kind < 2:
            return self.emit(f"{place} {self.choice(['=', '+=', '*='])} {fit(self.scalar(1), 1.0).text}")
        if kind == 2:
            return self.emit(f"{name} {self.choice(['*=', '+=', '-='])} {fit(self.array(shape, 1), 1.0).text}")
        if kind == 3:
            return self.emit(f"{text}[{self.index(2) if text == name else 0}] = {fit(self.scalar(1)).text}")
        if kind == 4:
            return self.emit(f"{self.all_of(text)} *= {fit(self.scalar(1), 1.0).text}")
        return self.emit(f"{name}[...] = {fit(self.array(shape, 1)).text}")

    def readonly_view(self) -> bool | None:
        """Views that cannot be written, of an array that is."""
        options: list[tuple[str, tuple[int, ...], str, int]] = []
        for text, t in self.arrays(writable=True):
            if len(t.shape) == 2:
                n = min(t.shape)
                options += [(f"{text}.diagonal()", (n,), text, n), (f"np.diagonal({text})", (n,), text, n), (f"np.diag({text})", (n,), text, n)]
            elif t.shape[0]:
                options += [(f"np.broadcast_to({text}, (2, {t.shape[0]}))", (2, t.shape[0]), text, 2)]
        if not options:
            return None
        view, shape, text, _ = self.choice(options)
        type_ = Array(shape, writable=False)
        name = self.fresh(type_)
        self.bind(name, type_)
        self.emit(f"{name} = {view}")
        if self.chance(60):
            self.emit(f"{text}[0] {self.choice(['=', '*='])} {fit(self.scalar(1), 1.0).text}")
        return True

    def flat(self) -> bool | None:
        """The elements of a matrix one after the other."""
        found = self.matrix(writable=True)
        if not found:
            return None
        text, (rows, columns) = found
        k = self.chooser.integer(0, rows * columns - 1)
        kind = self.chooser.integer(0, 2)
        if kind == 0:
            return self.value(f"{text}.flat[{k}]")
        if kind == 1:
            return self.emit(f"{text}.flat[{k}] = {fit(self.scalar(1)).text}")
        inner = self.counter("value")
        return self.value(f"sum([{inner} * {inner} for {inner} in {text}.flat])", 16.0)

    def pieces(self) -> bool | None:
        """The parts of an array, by np.split or by unpacking."""
        found = self.vector(writable=True, least=2)
        if not found:
            return None
        text, n = found
        cut = self.choice([1, n - 1])
        a = self.fresh(Array((cut,)))
        self.bind(a, Array((cut,)))
        b = self.fresh(Array((n - cut,)))
        self.bind(b, Array((n - cut,)))
        how = self.choice([f"np.split({text}, [{cut}])", f"{text}[:{cut}], {text}[{cut}:]"])
        self.emit(f"{a}, {b} = {how}")
        return self.emit(f"{a}[0] {self.choice(['=', '*=', '+='])} {fit(self.scalar(1), 1.0).text}")

    def twice(self) -> bool | None:
        """The same array, or overlapping parts of it, given twice to a function that writes."""
        body = self.choice(
            ["x[0] += 0.5 * y[-1] * s\n    return y", "x *= s\n    return x + 0.5 * y", "x[1:] = y[:-1]\n    y[0] = s\n    return x",
             "y[-1] = x[0] * s\n    x[0] = y[-1] + 0.3\n    return np.maximum(x, y)", "x, y = y, x\n    x[0] *= s\n    return y"]
        )  # fmt: skip
        name = self.module.define("share", f"def share(x, y, s):\n    {body}\n")
        found = self.vector(writable=True, least=3)
        if not found:
            return None
        text, n = found
        same = [v for v, _ in self.views((n,), writable=True)]
        pairs = [(f"{text}, {text}", n), (f"{text}[1:], {text}[:-1]", n - 1), (f"{text}, {text}[::-1]", n), (f"{text}, {self.choice(same)}", n)]
        given, length = self.choice(pairs)
        given += f", {fit(self.scalar(1), 1.0).text}"
        if self.chance(30):
            return self.emit(f"{name}({given})")
        target = self.target(Array((length,)))
        self.bind(target, Array((length,)))
        return self.emit(f"{target} = {name}({given})")

    def held(self) -> bool | None:
        """An array inside a container or a second name, written through one of its names."""
        found = self.arrays(writable=True)
        if not found:
            return None
        text, t = self.choice(found)
        if not t.shape[0]:
            return None
        e = fit(self.scalar(1), 1.0).text
        keep, name = self.counter("kept"), self.fresh(Array(t.shape))
        operator = self.choice(["=", "+=", "*="])
        kind = self.chooser.integer(0, 6)
        if kind == 0:
            self.emit(f"{name} = {text}", f"{name}[0] {operator} {e}")
        elif kind == 1:
            self.emit(f"{keep} = ({text}, {e})", f"{keep}[0][0] {operator} {keep}[1]", f"{name} = {keep}[0]")
        elif kind == 2:
            self.emit(f'{keep} = {{"a": {text}}}', f'{keep}["a"] {self.choice(["*=", "-="])} {e}', f'{name} = {keep}["a"]')
        elif kind == 3:
            self.emit(f"{keep} = [{text}, {text}]", f"{keep}[0][0] {operator} {e}", f"{keep}[1][-1] *= 0.5", f"{name} = {keep}[0]")
        elif kind == 4:
            self.emit(f"{keep} = [{text}]", f"{keep}.append({keep}[0])", f"{keep}[1] *= {e}", f"{name} = {keep}[-1]")
        elif kind == 5:
            self.emit(f"for {keep} in ({text}, {text}):", f"    {keep}[0] {operator} {e}", f"{name} = {keep}")
        else:
            self.emit(f"{name} = {text} if {self.condition()} else {text}[::-1]", f"{name}[0] {operator} {e}")
        self.bind(name, Array(t.shape))
        return True


class Orders(Views):
    """The group `orders`: memory orders, where NumPy decides between view and copy by the strides."""

    def ordered(self) -> bool | None:
        found = self.matrix()
        if not found:
            return None
        text, (rows, columns) = found
        options: list[tuple[str, tuple[int, int]]] = [
            (f"np.asfortranarray({text})", (rows, columns)), (f"np.array({text}, order='F')", (rows, columns)),
            (f"{text}.copy(order='F')", (rows, columns)), (f"{text}.T.copy()", (columns, rows)), (f"np.array({text}.T)", (columns, rows)),
            (f"{text}.copy(order='K')", (rows, columns)), (f"np.ascontiguousarray({text}.T)", (columns, rows)), (f"{text} * 1.0", (rows, columns)),
            (f"np.zeros({(rows, columns)}, order='F') + {text}", (rows, columns)), (f"{text}.T * 0.5", (columns, rows)),
            (f"np.reshape({text}, {(columns, rows)}, order='F')", (columns, rows)), (f"np.zeros_like({text})", (rows, columns)),
            (f"np.stack([{text}[0], {text}[-1]], axis=1)", (columns, 2)), (f"{text}.copy().T", (columns, rows)),
            (f"np.tanh({text}.T)", (columns, rows)), (f"{text}.T + {text}.T", (columns, rows)), (f"np.ones_like({text}.T)", (columns, rows)),
        ]  # fmt: skip
        how, shape = self.choice(options)
        name = self.fresh(Array(shape))
        self.emit(f"{name} = {fit(Expr(how, 1 if ' ' in how and '+' in how else 4, 4.0 if ' + ' in how else LIMIT)).text}")
        self.bind(name, Array(shape))
        size = shape[0] * shape[1]
        flat = self.choice([f"{name}.reshape(-1)", f"{name}.ravel()", f"{name}.ravel(order='F')", f"{name}.reshape(-1, order='F')",
                            f"np.ravel({name})", f"{name}.flatten(order='F')", f"{name}.T.reshape(-1)", f"{name}.ravel(order='K')",
                            f"{name}.reshape({shape[1]}, {shape[0]})[0]"])  # fmt: skip
        n = shape[0] if flat.endswith("[0]") else size
        vector = self.fresh(Array((n,)))
        self.emit(f"{vector} = {flat}")
        self.bind(vector, Array((n,)))
        if self.chance(80):
            self.emit(f"{vector}[{self.index(n)}] {self.choice(['=', '+=', '*='])} {fit(self.scalar(1), 1.0).text}")
        return True
