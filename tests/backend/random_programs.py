"""seed -> a random program with stores, views, branches, loops, swaps, tapes and lists, as the passes before the backend make them."""

from __future__ import annotations

import random
from typing import Any

import chainrule.rules.registry  # noqa: F401  (the table of operations)
from chainrule.ir.build import Builder, as_arg
from chainrule.ir.nodes import Block, Branch, Break, For, If, Lit, Program, Pullback, Seq, Slice, Stmt, Var, While, Yield
from chainrule.ir.types import BOOL, FLOAT, INT, Array, Dim, List, Scalar, Type

N = 4
VECTOR = Array("float64", (Dim("n", 0, True),))
MATRIX = Array("float64", (Dim("n", 0, True), Dim("n", 0, True)))
NUMBER = Scalar("float64")
LIST = List(VECTOR)
FULL = Slice(Lit(None), Lit(None), Lit(None))
BACKWARDS = Slice(Lit(None), Lit(None), Lit(-1))
NAMES = ["u", "v", "w", "x", "y", None, None, None]


class Generator:
    """Makes one program. `scopes` holds the Vars that the current block sees."""

    def __init__(self, seed: int, size: int) -> None:
        self.random = random.Random(seed)
        self.b = Builder()
        self.scopes: list[list[Var]] = [[]]
        self.budget = size
        self.tapes = 0
        self.total: Any = Lit(0.0)
        self.depth = 0
        self.undo: list[Any] = []  # loops over which a reverse loop can run: (stop, tape, type)

    def pick(self, *types: Type) -> Any:
        found = [v for scope in self.scopes for v in scope if v.type in types]
        if not found:
            return None
        late = found[-4:] if self.random.random() < 0.5 else found
        return self.random.choice(late)

    def add(self, value: Any) -> Any:
        if isinstance(value, Var):
            self.scopes[-1].append(value)
        return value

    def emit(self, op: str, *args: Any, **options: Any) -> Any:
        options.setdefault("hint", self.random.choice(NAMES))
        return self.add(self.b.emit(op, *args, **options))

    # -- statements ------------------------------------------------------------------------------------------

    def statements(self, count: int, depth: int) -> None:
        for _ in range(count):
            if self.budget <= 0:
                return
            self.budget -= 1
            kinds = ["compute"] * 4 + ["view"] * 4 + ["write"] * 7 + ["accum"] * 2 + ["read", "list", "list", "spread", "tuple", "copy", "delayed", "delayed"]
            if depth < 3:
                kinds += ["branch", "loop", "loop", "while", "taped"]
            getattr(self, self.random.choice(kinds))()

    def compute(self) -> None:
        type = self.random.choice([VECTOR, VECTOR, MATRIX, NUMBER])
        x, y = self.pick(type), self.pick(type)
        if x is None:
            return
        op = self.random.choice(["+", "*", "-", "np.cos"])
        if op == "np.cos":
            self.emit(op, x)
        else:
            self.emit(op, x, self.emit("np.cos", y, hint=None) if self.random.random() < 0.5 else y)

    def view(self) -> None:
        x = self.pick(VECTOR, MATRIX)
        if x.type == VECTOR:
            self.emit("index", x, self.random.choice([BACKWARDS, FULL]))
        elif self.random.random() < 0.5:
            self.emit("np.transpose", x)
        else:
            self.emit("index", x, self.random.randrange(N))

    def read(self) -> None:
        x = self.pick(VECTOR)
        if x is not None:
            self.emit("index", x, self.random.randrange(N))

    def tuple(self) -> None:
        x, y = self.pick(VECTOR, MATRIX), self.pick(VECTOR)
        if x is not None and y is not None:
            pair = self.b.emit("tuple", Seq((x, y)))
            self.emit("item", pair, self.random.randrange(2), hint=self.random.choice(["u", None]))

    def copy(self) -> None:
        x = self.pick(VECTOR, MATRIX)
        self.emit("copy", x)

    def spread(self) -> None:
        x = self.pick(VECTOR)
        if x is not None:
            self.emit("np.broadcast_to", x, (N, N), type=MATRIX)

    def path(self, type: Type) -> tuple[Any, list[Type]]:
        """Where to write, and the types of what fits there."""
        r = self.random
        if type == VECTOR:
            return r.choice([
                ((("index", r.randrange(N)),), [NUMBER]), ((("index", FULL),), [NUMBER, VECTOR]),
                ((("index", BACKWARDS),), [VECTOR]), ((("index", BACKWARDS), ("index", r.randrange(N))), [NUMBER]),
                ((("index", Slice(Lit(1), Lit(None), Lit(None))),), [NUMBER]),
            ])
        return r.choice([
            ((("index", r.randrange(N)),), [VECTOR, NUMBER]), ((("T", None), ("index", r.randrange(N))), [VECTOR]),
            ((("index", (FULL, r.randrange(N))),), [VECTOR]), ((("index", (r.randrange(N), r.randrange(N))),), [NUMBER]),
            ((("index", FULL),), [MATRIX, VECTOR]), ((("T", None), ("index", FULL)), [MATRIX]),
        ])

    def write(self) -> None:
        x = self.pick(VECTOR, MATRIX)
        path, types = self.path(x.type)
        value = self.pick(*types) if self.random.random() < 0.8 else 0.5
        if value is None:
            value = 0.25
        if isinstance(value, Var) and self.random.random() < 0.3:
            value = self.b.emit("np.cos", value)
        op = self.random.choice(["store", "store", "iadd", "isub", "add_at", "sub_at"])
        if op in ("add_at", "sub_at") and x.type == VECTOR and self.random.random() < 0.4:
            path = (("index", [1, 1, 2]),)
            value = value if isinstance(value, Var) and value.type == NUMBER else 0.5
        if op == "store" and self.random.random() < 0.3 and len(path) == 1:
            value = self.b.emit("*", self.b.emit("index", x, path[0][1]), 0.5)
        self.emit(op, x, as_arg(path), value, hint=self.random.choice([x.hint, x.hint, *NAMES]))
        if x in self.scopes[-1] and self.random.random() < 0.7:  # most programs go on with the new contents only
            self.scopes[-1].remove(x)

    def delayed(self) -> None:
        """A value is computed from an array that is written before the value is used."""
        x = self.pick(VECTOR)
        if x is None:
            return
        before = self.b.emit("np.cos", self.b.emit("index", x, BACKWARDS) if self.random.random() < 0.5 else x)
        y = self.emit("store", x, at_path(self.random.randrange(N)), 0.75, hint=x.hint)
        if x in self.scopes[-1]:
            self.scopes[-1].remove(x)
        self.emit("+", before, y)

    def accum(self) -> None:
        x = self.pick(VECTOR, MATRIX, NUMBER)
        y = self.pick(x.type)
        if self.random.random() < 0.5:
            y = self.b.emit("np.cos", y)
        self.emit(self.random.choice(["accum", "accum_neg"]), x, y, hint=self.random.choice(["u_bar", x.hint]))

    def list(self) -> None:
        xs, x = self.pick(LIST), self.pick(VECTOR)
        if x is None:
            return
        if xs is None:
            self.emit("list", Seq((x,)), type=LIST, hint="xs")
            return
        kind = self.random.randrange(4)
        if kind == 0:
            self.emit("append", xs, x, type=LIST, hint="xs")
        elif kind == 1:
            self.emit("list_set", xs, 0, x, hint="xs")
        elif kind == 2:
            self.emit("list_slice", xs, FULL, type=LIST)
        else:
            self.emit("list_item", xs, self.random.choice([0, -1]))

    # -- structure -------------------------------------------------------------------------------------------

    def condition(self) -> Any:
        x = self.pick(NUMBER)
        if x is None:
            v = self.pick(VECTOR)
            x = self.b.emit("index", v, 0)
        return self.b.emit("<", x, self.random.choice([0.0, 0.5, -0.5]), type=BOOL, hint=self.random.choice([None, None, "c"]))

    def inside(self, params: list[Var], count: int) -> Any:
        """Open a block for some statements; used as a context by hand."""
        self.scopes.append(list(params))
        self.statements(count, self.depth)

    def branch(self) -> None:
        depth, self.depth = self.depth, self.depth + 1
        condition = self.condition()
        types = [self.random.choice([VECTOR, VECTOR, MATRIX, NUMBER]) for _ in range(self.random.randint(1, 3))]
        types = [t for t in types if self.pick(t) is not None]
        made = []
        for _ in range(2):
            with self.b.block() as stmts:
                self.inside([], self.random.randint(0, 4))
                values = tuple(self.pick(t) for t in types)
                self.scopes.pop()
            made.append(Block((), tuple(stmts), Yield(values)))
        outs = tuple(Var(t, self.random.choice(NAMES)) for t in types)
        self.b.add(If(outs, condition, *made))
        self.scopes[-1].extend(outs)
        self.depth = depth

    def carried(self) -> tuple[list[Var], list[Any], list[Var]]:
        inits = [self.pick(VECTOR, MATRIX) for _ in range(self.random.randint(1, 3))]
        extra = self.pick(NUMBER, LIST)
        if extra is not None and self.random.random() < 0.6:
            inits.append(extra)
        names = [v.hint if self.random.random() < 0.6 else self.random.choice(NAMES) for v in inits]
        return [Var(v.type, n) for v, n in zip(inits, names)], inits, [Var(v.type, n) for v, n in zip(inits, names)]

    def yields(self, params: list[Var]) -> tuple[Any, ...]:
        if self.random.random() < 0.2:  # a swap
            same = [p for p in params if p.type == params[0].type]
            turned = dict(zip(same, same[1:] + same[:1]))
            return tuple(turned.get(p, p) for p in params)
        return tuple(self.pick(p.type) for p in params)

    def loop(self) -> None:
        depth, self.depth = self.depth, self.depth + 1
        params, inits, outs = self.carried()
        index = Var(INT, "i")
        stop = self.random.choice([Lit(0), Lit(1), Lit(2), Lit(3), self.n])
        with self.b.block() as stmts:
            self.inside(params, self.random.randint(1, 6))
            if self.random.random() < 0.2:
                end: Any = self.ways(params)
            else:
                end = Yield(self.yields(params))
            self.scopes.pop()
        trips = Var(INT, "trips")
        self.b.add(For(tuple(outs), Lit(0), as_arg(stop), Lit(1), tuple(inits), Block((index, *params), tuple(stmts), end),
                       reverse=self.random.random() < 0.3, trips=trips))
        self.scopes[-1].extend(outs)
        if self.random.random() < 0.3:
            self.emit("*", trips, 0.5, type=NUMBER)
        self.depth = depth

    def ways(self, params: list[Var]) -> Any:
        made = []
        for leaf in self.random.choice([(Yield, Break), (Break, Yield), (Yield, Yield), (Break, Break)]):
            with self.b.block() as stmts:
                self.inside([], self.random.randint(0, 2))
                values = self.yields(params)
                self.scopes.pop()
            made.append(Block((), tuple(stmts), leaf(values)))
        return Branch(self.condition(), *made)

    def count_loop(self, body: Any, trips: Var, with_condition: bool) -> tuple[Var, ...]:
        """A While that leaves after at most three iterations."""
        params, inits, outs = self.carried()
        k = Var(INT, "k")
        with self.b.block() as stmts:
            self.scopes.append([])
            test = self.b.emit("<", k, 3, type=BOOL)
            self.scopes.pop()
            with self.b.block() as going:
                self.inside(params, self.random.randint(1, 4))
                body(params)
                step = self.b.emit("+", k, 1, hint="k")
                if with_condition and self.random.random() < 0.4:
                    end: Any = self.ways(params)
                    end = _with(end, step)
                else:
                    end = Yield((step, *self.yields(params)))
                self.scopes.pop()
            self.scopes.append(list(params))
            values = tuple(params) if self.random.random() < 0.8 else self.yields(params)
            self.scopes.pop()
            done = Block((), (), Break((k, *values)))
        k_out = Var(INT, "k")
        self.b.add(While((k_out, *outs), (Lit(0), *inits), Block((k, *params), tuple(stmts),
                   Branch(test, Block((), tuple(going), end), done)), trips=trips))
        self.scopes[-1].extend(outs)
        return tuple(outs)

    def while_(self) -> None:
        depth, self.depth = self.depth, self.depth + 1
        trips = Var(INT, "n_trips")
        self.count_loop(lambda params: None, trips, True)
        if self.random.random() < 0.4:
            self.emit("*", trips, 0.5, type=NUMBER)
        self.depth = depth

    def taped(self) -> None:
        """A loop that pushes, and later one that pops."""
        depth, self.depth = self.depth, self.depth + 1
        self.tapes += 1
        tape = self.random.choice(["u", "tape", "x_tape"]) + str(self.tapes)
        type = self.random.choice([VECTOR, MATRIX])
        stop: Any
        if self.random.random() < 0.5:
            stop = self.random.choice([Lit(2), Lit(3), self.n])
            params, inits, outs = self.carried()
            with self.b.block() as stmts:
                self.inside(params, self.random.randint(0, 3))
                self.push(tape, type)
                self.statements(self.random.randint(0, 3), self.depth)
                values = self.yields(params)
                self.scopes.pop()
            self.b.add(For(tuple(outs), Lit(0), as_arg(stop), Lit(1), tuple(inits),
                           Block((Var(INT, "i"), *params), tuple(stmts), Yield(values))))
            self.scopes[-1].extend(outs)
        else:
            trips = Var(INT, "n_trips")

            def push(params: list[Var]) -> None:
                self.push(tape, type)
                self.statements(self.random.randint(0, 2), self.depth)

            self.count_loop(push, trips, False)
            stop = self.b.emit("-", trips, 1, type=INT) if depth > 0 or self.random.random() < 0.3 else None
        self.undo.append((stop, tape, type))
        if depth > 0 or self.random.random() < 0.5:
            self.statements(self.random.randint(0, 3), self.depth)
            self.drain()
        self.depth = depth

    def push(self, tape: str, type: Type) -> None:
        """Push a value; often it is written right afterwards."""
        value = self.pick(type)
        self.b.effect("push", tape, value)
        if self.random.random() < 0.5:
            self.emit("store", value, at_path(self.random.randrange(N)), 0.125, hint=value.hint)
            if value in self.scopes[-1]:
                self.scopes[-1].remove(value)

    def drain(self) -> None:
        """A loop backwards that pops what an earlier one has pushed, and adds up what it finds."""
        stop, tape, type = self.undo.pop()
        depth, self.depth = self.depth, self.depth + 1
        if stop is None:
            stop = self.b.emit("tape_len", tape)
        params, inits, outs = self.carried()
        total, total_out = Var(NUMBER, "total"), Var(NUMBER, "total")
        index = Var(INT, "i")
        with self.b.block() as stmts:
            popped = self.b.emit("pop", tape, type=type, hint=self.random.choice(NAMES))
            sum_ = self.b.emit("+", total, self.b.emit("np.sum", self.b.emit("np.cos", popped)))
            self.inside([*params, popped], self.random.randint(1, 4))
            values = (sum_, *self.yields(params))
            self.scopes.pop()
        self.b.add(For((total_out, *outs), Lit(0), as_arg(stop), Lit(1), (self.total, *inits),
                       Block((index, total, *params), tuple(stmts), Yield(values)), reverse=True))
        if depth == 0:
            self.total = total_out
        self.scopes[-1].extend([total_out, *outs])
        self.depth = depth

    # -- the program -----------------------------------------------------------------------------------------

    def program(self) -> Program:
        u, m, s, n = Var(VECTOR, "u"), Var(MATRIX, "m"), Var(FLOAT, "s"), Var(INT, "n")
        self.n = n
        self.scopes[0] += [u, m]
        self.emit("*", s, 1.5, type=NUMBER)
        self.emit("np.cos", u)
        self.statements(self.random.randint(3, 14), 0)
        with_pullback = self.random.random() < 0.4
        if with_pullback:
            value = Seq((self.pick(VECTOR), self.pick(MATRIX), self.pick(VECTOR)))
            bar = Var(VECTOR, "y_bar")
            self.b.add(Pullback((bar,), value))
            self.scopes[-1] += [bar, bar]
        elif self.random.random() < 0.5:
            self.b.effect("mark", "reverse")
        while self.undo:
            self.statements(self.random.randint(0, 2), 0)
            self.drain()
        self.statements(self.random.randint(1, 8), 0)
        result = Seq(tuple(self.pick(t) for t in (VECTOR, MATRIX, VECTOR, MATRIX)) + (self.total,))
        stmts: tuple[Stmt, ...] = tuple(self.b.scopes[0].stmts)
        signature = tuple((str(p.hint), p) for p in (u, m, s, n))
        return Program("f", signature, Block((u, m, s, n), stmts, Yield((result,))))


setattr(Generator, "while", Generator.while_)


def _with(end: Any, step: Any) -> Any:
    """Carry the counter through a Branch whose leaves do not know of it."""
    if isinstance(end, Branch):
        blocks = [Block((), b.stmts, _with(b.end, step)) for b in (end.then, end.orelse)]
        return Branch(end.condition, *blocks)
    return type(end)((step, *end.values))


def at_path(index: int) -> Any:
    return as_arg((("index", index),))


def random_program(seed: int, size: int = 60) -> Program:
    return Generator(seed, size).program()
