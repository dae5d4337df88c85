"""Python text -> Program, for a small subset of the language: what tests of passes are written in.

Names are bound by assignment, arrays written by `a[i] = v` and `a[i] += v` (no aliases); if, for over a range, while, break,
continue; one return at the end. A loop carries every name that is assigned in it.
"""

from __future__ import annotations

import ast
import textwrap
from typing import Any

from chainrule.ir.build import Builder, type_of
from chainrule.ir.nodes import UNDEFINED, Arg, Block, Branch, Break, End, For, If, Lit, Program, Seq, Slice, Var, While, Yield
from chainrule.ir.types import FLOAT, INT, Array, Dim, Scalar, Type, join
from chainrule.rules import registry

N = Dim("n", not_one=True)
M = Dim("m", not_one=True)
VECTOR = Array("float64", (N,))
MATRIX = Array("float64", (N, N))
WIDE = Array("float64", (N, M))
Env = dict[str, Arg]


def lower(source: str, **types: Type) -> Program:
    """The program of one function. Parameters without a type are Python floats."""
    tree = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    params = [Var(types.get(a.arg, FLOAT), a.arg) for a in tree.args.args]
    lowering = Lowering()
    env: Env = dict(zip((a.arg for a in tree.args.args), params))
    for stmt in tree.body[:-1]:
        lowering.stmt(stmt, env)
    last = tree.body[-1]
    assert isinstance(last, ast.Return) and last.value is not None
    end = Yield((lowering.expr(last.value, env),))
    signature = tuple((v.hint or "", v) for v in params)
    return Program(tree.name, signature, Block(tuple(params), tuple(lowering.b.stmts), end))


def leaves(stmts: list[ast.stmt]) -> bool:
    """Whether statements contain a break or a continue of the loop they stand in."""
    return any(isinstance(s, (ast.Break, ast.Continue)) or (isinstance(s, ast.If) and (leaves(s.body) or leaves(s.orelse)))
               for s in stmts)


def assigned(stmts: list[ast.stmt]) -> list[str]:
    """The names that statements bind or write into, in order."""
    names: dict[str, None] = {}
    for stmt in stmts:
        for node in ast.walk(stmt):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, (ast.AugAssign, ast.For)) else []
            for target in targets:
                for item in target.elts if isinstance(target, ast.Tuple) else [target]:
                    name = item.value if isinstance(item, ast.Subscript) else item
                    assert isinstance(name, ast.Name)
                    names[name.id] = None
    return list(names)


class Lowering:
    def __init__(self) -> None:
        self.b = Builder()
        self.ends: list[tuple[Arg, ...]] = []

    def stmt(self, stmt: ast.stmt, env: Env) -> None:
        if isinstance(stmt, ast.Assign):
            target = stmt.targets[0]
            if isinstance(target, ast.Tuple):
                assert isinstance(stmt.value, ast.Tuple)
                values = [self.expr(v, env) for v in stmt.value.elts]
                for item, value in zip(target.elts, values):
                    self.bind(item, value, env)
            else:
                self.bind(target, self.expr(stmt.value, env), env)
        elif isinstance(stmt, ast.AugAssign):
            if isinstance(stmt.target, ast.Name):
                self.bind(stmt.target, self.b.emit(OPERATORS[type(stmt.op)], env[stmt.target.id], self.expr(stmt.value, env)), env)
            else:
                assert isinstance(stmt.target, ast.Subscript)
                old = self.expr(ast.Subscript(stmt.target.value, stmt.target.slice), env)
                self.bind(stmt.target, self.b.emit(OPERATORS[type(stmt.op)], old, self.expr(stmt.value, env)), env)
        elif isinstance(stmt, ast.If):
            self.if_(stmt, env)
        elif isinstance(stmt, (ast.For, ast.While)):
            self.loop(stmt, env)
        elif not isinstance(stmt, ast.Pass):
            raise NotImplementedError(ast.dump(stmt))

    def bind(self, target: ast.expr, value: Arg, env: Env) -> None:
        if isinstance(target, ast.Name):
            if isinstance(value, Var) and value.hint is None:
                self.rename(value, target.id, env)
                value = self.last
            env[target.id] = value
        else:
            assert isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name)
            path = Seq((Seq((Lit("index"), self.index(target.slice, env))),))
            name = target.value.id
            env[name] = self.b.emit("store", env[name], path, value, hint=name)

    def rename(self, var: Var, hint: str, env: Env) -> None:
        """Give the result of the last statement a name (Vars do not change, so the statement is made again)."""
        self.last: Arg = var
        if self.b.stmts and getattr(self.b.stmts[-1], "out", None) is var:
            let = self.b.stmts.pop()
            new = Var(var.type, hint)
            self.b.stmts.append(type(let)(new, let.op, let.args, let.span))  # type: ignore[union-attr,call-arg,arg-type]
            for key, known in self.b.scopes[-1].known.items():
                if known is var:
                    self.b.scopes[-1].known[key] = new
            self.last = new

    def if_(self, stmt: ast.If, env: Env) -> None:
        condition = self.expr(stmt.test, env)
        names = assigned(stmt.body + stmt.orelse)
        results = []
        for body in (stmt.body, stmt.orelse):
            inner = dict(env)
            with self.b.block() as stmts:
                for s in body:
                    self.stmt(s, inner)
            results.append((tuple(stmts), [inner.get(name, UNDEFINED) for name in names]))
        outs = tuple(Var(joined(a, b), name) for name, a, b in zip(names, results[0][1], results[1][1]))
        self.b.add(If(outs, condition, *(Block((), stmts, Yield(tuple(values))) for stmts, values in results)))
        env.update(zip(names, outs))

    def loop(self, stmt: ast.For | ast.While, env: Env) -> None:
        index = stmt.target.id if isinstance(stmt, ast.For) and isinstance(stmt.target, ast.Name) else None
        names = [name for name in assigned(stmt.body) if name != index]
        inits = [env.get(name, UNDEFINED) for name in names]
        bounds: list[Arg] = []
        if isinstance(stmt, ast.For):
            assert isinstance(stmt.iter, ast.Call)
            given = [self.expr(a, env) for a in stmt.iter.args]
            bounds = [Lit(0), given[0], Lit(1)] if len(given) == 1 else [*given, Lit(1)][:3]
        guess = [FLOAT if init is UNDEFINED else plain(type_of(init)) for init in inits]
        for _ in range(3):
            params = tuple(Var(t, name) for t, name in zip(guess, names))
            inner = {**env, **dict(zip(names, params))}
            number = Var(INT, index)
            if index:
                inner[index] = number
            outer, self.ends = self.ends, []
            with self.b.block() as stmts:
                if isinstance(stmt, ast.While):
                    condition = self.expr(stmt.test, inner)
                    then = self.body(stmt.body, dict(inner), names)
                    values = tuple(inner[name] for name in names)
                    end: End = Branch(condition, then, Block((), (), Break(values)))
                    block = Block((), tuple(stmts), end)
                else:
                    block = self.body(stmt.body, inner, names)
            ends, self.ends = [*self.ends, tuple(inits)], outer
            types = [plain(joined(*(e[k] for e in ends))) for k in range(len(names))]
            if types == guess:
                break
            guess = types
        outs = tuple(Var(t, name) for t, name in zip(guess, names))
        if isinstance(stmt, ast.For):
            self.b.add(For(outs, *bounds, tuple(inits), Block((number, *params), block.stmts, block.end)))
        else:
            self.b.add(While(outs, tuple(inits), Block(params, block.stmts, block.end)))
        env.update(zip(names, outs))

    def body(self, body: list[ast.stmt], env: Env, names: list[str]) -> Block:
        """Statements of a loop's body and how they end."""
        with self.b.block() as stmts:
            end = self.end(body, env, names)
        return Block((), tuple(stmts), end)

    def end(self, body: list[ast.stmt], env: Env, names: list[str]) -> End:
        for n, stmt in enumerate(body):
            if isinstance(stmt, (ast.Break, ast.Continue)):
                return self.values(env, names, Break if isinstance(stmt, ast.Break) else Yield)
            if isinstance(stmt, ast.If) and leaves([stmt]):
                condition, rest = self.expr(stmt.test, env), body[n + 1:]
                return Branch(condition, self.body(stmt.body + rest, dict(env), names), self.body(stmt.orelse + rest, dict(env), names))
            self.stmt(stmt, env)
        return self.values(env, names, Yield)

    def values(self, env: Env, names: list[str], kind: type) -> End:
        values = tuple(env.get(name, UNDEFINED) for name in names)
        self.ends.append(values)
        return kind(values)  # type: ignore[no-any-return]

    def expr(self, node: ast.expr, env: Env) -> Any:
        if isinstance(node, ast.Constant):
            return Lit(node.value)
        if isinstance(node, ast.Name):
            return env[node.id]
        if isinstance(node, ast.Tuple):
            return Seq(tuple(self.expr(item, env) for item in node.elts))
        if isinstance(node, ast.BinOp):
            return self.b.emit(OPERATORS[type(node.op)], self.expr(node.left, env), self.expr(node.right, env))
        if isinstance(node, ast.UnaryOp):
            if isinstance(node.operand, ast.Constant):
                return Lit(-node.operand.value)  # type: ignore[operator]
            return self.b.emit("neg" if isinstance(node.op, ast.USub) else "not", self.expr(node.operand, env))
        if isinstance(node, ast.Compare):
            return self.b.emit(OPERATORS[type(node.ops[0])], self.expr(node.left, env), self.expr(node.comparators[0], env))
        if isinstance(node, ast.Subscript):
            return self.b.emit("index", self.expr(node.value, env), self.index(node.slice, env))
        assert isinstance(node, ast.Call)
        name = ast.unparse(node.func)
        args = tuple(self.expr(a, env) for a in node.args)
        kwargs = {str(k.arg): self.expr(k.value, env) for k in node.keywords}
        return self.b.emit(name, *registry.bind(name, args, kwargs))

    def index(self, node: ast.expr, env: Env) -> Arg:
        if isinstance(node, ast.Tuple):
            return Seq(tuple(self.index(item, env) for item in node.elts))
        if isinstance(node, ast.Slice):
            parts = [Lit(None) if part is None else self.expr(part, env) for part in (node.lower, node.upper, node.step)]
            return Slice(*parts)
        return self.expr(node, env)  # type: ignore[no-any-return]


def joined(*values: Arg) -> Type:
    """The type that holds all of some values."""
    result: Type | None = None
    for value in values:
        if value is not UNDEFINED:
            result = type_of(value) if result is None else join(result, type_of(value))
    return result or FLOAT


def plain(type: Type) -> Type:
    """A type that says nothing of a number's value."""
    return Scalar(type.dtype, type.weak) if isinstance(type, Scalar) else type


OPERATORS: dict[Any, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}
