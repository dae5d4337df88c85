"""callable -> its definition: the syntax tree with true line numbers, the file, and where its names live.

The definition is found in the file that the function came from, by name and line, and then proved: compiled again, it must
give the code that would run. So a file that changed after it was imported is an error, not the gradient of another function,
and lambdas that share a line are told apart by what they do.

A method is its function with the object as first argument, `functools.partial` its function with some arguments given; a
function written in C (`np.tanh`) is a line of Python that calls it.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import copy
import functools
import inspect
import linecache
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, BuiltinMethodType, CellType, CodeType, FunctionType, MethodType
from typing import Any, Union

import numpy as np

from ..errors import Location, SourceUnavailableError
from ..rules.custom import declared

__all__ = ["MISSING", "NAMES", "FunctionSource", "Item", "Place", "Resolved", "calling", "package", "read", "resolve"]

Definition = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING: Any = _Missing()  # what a place holds that is not bound


@dataclass(frozen=True)
class Item:
    """A step of a place: the item under a key."""

    key: Any

    def of(self, value: Any) -> Any:
        try:
            return value[self.key]
        except (LookupError, TypeError):
            return MISSING


class Names:
    """A step of a place: the names of the attributes of what is there."""

    def of(self, value: Any) -> Any:
        return tuple(vars(value))


NAMES = Names()


@dataclass(frozen=True, eq=False)
class Place:
    """Where a value is found at run time: a name in a namespace, or in a closure cell, and attributes (or items) of what is there.

    `root` is the namespace or cell; or an int, the number of the argument leaf whose attribute `path` is read.
    """

    root: Mapping[str, Any] | CellType | int
    name: str
    path: tuple[str | Item | Names, ...] = ()

    def __str__(self) -> str:
        return self.text(self.name)

    def text(self, root: str, keys: Callable[[Any], str] = repr) -> str:
        """The place as an expression, from what its root is called."""
        for step in self.path:
            root = f"{root}[{keys(step.key)}]" if isinstance(step, Item) else f"tuple(vars({root}))" if isinstance(step, Names) else f"{root}.{step}"
        return root

    def attribute(self, name: str) -> Place:
        """The place of an attribute of what is here."""
        return Place(self.root, self.name, (*self.path, name))

    def step(self, step: str | Item | Names) -> Place:
        """The place of a part of what is here."""
        return Place(self.root, self.name, (*self.path, step))

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for equal places."""
        return (self.root if isinstance(self.root, int) else id(self.root), self.name, self.path)

    def read(self, leaves: list[Any] | None = None) -> Any:
        """What is here now, as Python would find it; MISSING if nothing is."""
        value: Any
        if isinstance(self.root, int):
            value = MISSING if leaves is None else leaves[self.root]
        elif isinstance(self.root, CellType):
            try:
                value = self.root.cell_contents
            except ValueError:
                value = MISSING
        else:
            value = self.root.get(self.name, MISSING)
            if value is MISSING:
                value = getattr(builtins, self.name, MISSING)
        for step in self.path:
            if value is MISSING:
                break
            value = getattr(value, step, MISSING) if isinstance(step, str) else step.of(value)
        return value


@dataclass(frozen=True, eq=False)
class FunctionSource:
    """The definition of a Python function.

    `lines` are all lines of the file (`lines[node.lineno - 1]` is the line of a node), `cells` the closure by name.
    """

    function: FunctionType
    node: Definition
    file: str
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def line(self) -> int:
        return self.node.lineno

    @property
    def globals(self) -> dict[str, Any]:
        return self.function.__globals__

    @property
    def cells(self) -> dict[str, CellType]:
        return dict(zip(self.function.__code__.co_freevars, self.function.__closure__ or ()))

    @property
    def defaults(self) -> tuple[Any, ...]:
        """Default values of the last positional parameters."""
        return self.function.__defaults__ or ()

    @property
    def keyword_defaults(self) -> dict[str, Any]:
        return self.function.__kwdefaults__ or {}

    def place(self, name: str) -> Place:
        """Where a name that is not local is found: the closure, or else the globals (and then the builtins)."""
        cell = self.cells.get(name)
        return Place(self.globals if cell is None else cell, name)

    def location(self, node: ast.AST | None = None) -> Location:
        """The place of a node (default: the definition) for error messages."""
        at: Any = self.node if node is None or not hasattr(node, "lineno") else node
        last = at.end_lineno or at.lineno
        if node is None and not isinstance(at, ast.Lambda):
            last = at.lineno
        text = "\n".join(line.rstrip("\n") for line in self.lines[at.lineno - 1 : last])
        end = at.end_col_offset if last == at.end_lineno else len(text.encode())
        return Location(self.file, at.lineno, at.col_offset, last, end or 0, text, self.name)


@dataclass(frozen=True, eq=False)
class Resolved:
    """A callable as a Python function and the arguments that it is always called with."""

    function: FunctionType
    args: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()


def package(function: FunctionType) -> str:
    """The package that a function is from."""
    return (function.__module__ or "").partition(".")[0]


def resolve(f: Any) -> Resolved:
    """The Python function that a callable runs.

    A function with `__wrapped__` is itself: what its decorator added is part of what it computes. Only `lru_cache`
    adds nothing and is looked through.

    >>> resolve(functools.partial(read, 1)).args
    (1,)
    """
    if declared(f) is not None and not (isinstance(f, FunctionType) and _is_readable(f)):
        return Resolved(calling(f))
    if isinstance(f, FunctionType):
        return Resolved(f)
    if isinstance(f, MethodType):
        inner = resolve(f.__func__)
        return Resolved(inner.function, (*inner.args, f.__self__), inner.keywords)
    if isinstance(f, functools.partial):
        inner = resolve(f.func)
        return Resolved(inner.function, (*inner.args, *f.args), tuple((dict(inner.keywords) | f.keywords).items()))
    if isinstance(f, functools._lru_cache_wrapper):
        return resolve(f.__wrapped__)
    if isinstance(f, (staticmethod, classmethod)):
        return resolve(f.__func__)
    if isinstance(f, type):
        raise SourceUnavailableError(f.__name__, "it is a class, not a function", "differentiate a function that makes the object")
    if not callable(f):
        raise TypeError(f"a function is needed, not {type(f).__name__}")
    call = inspect.getattr_static(type(f), "__call__", None)
    if isinstance(call, FunctionType) and not hasattr(type(f), "primal") and not type(f).__module__.startswith("numpy"):
        return Resolved(call, (f,))
    return Resolved(calling(f))


def _is_readable(f: FunctionType) -> bool:
    try:
        read(f)
    except SourceUnavailableError:
        return False
    return True


def read(function: FunctionType) -> FunctionSource:
    """The definition of a Python function.

    Raises SourceUnavailableError, with the reason, when the text is not there or is not what would run.
    """
    code = function.__code__
    key = (code.co_filename, code)
    found = _definitions.get(key)
    if found is None:
        found = _definitions[key] = _find(function)
    return FunctionSource(function, *found)


_definitions: dict[tuple[str, CodeType], tuple[Definition, str, tuple[str, ...]]] = {}
_FUTURE = functools.reduce(int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))


def _find(function: FunctionType) -> tuple[Definition, str, tuple[str, ...]]:
    code = function.__code__
    name, file = _title(function), code.co_filename
    if file.startswith("<frozen "):  # a module that is part of the interpreter, whose text is in the library nevertheless
        file = function.__globals__.get("__file__") or file
    linecache.checkcache(file)
    lines = tuple(linecache.getlines(file, function.__globals__)) or _inspected(function) or _magic_cell(code)
    if not lines:
        if file.startswith("<"):
            raise SourceUnavailableError(name, "it was defined by exec, or typed at a prompt that keeps no history", location=None)
        raise SourceUnavailableError(name, f"its file, {file}, cannot be read", "put the .py file where Python imported it from")
    text = _texts.get(file)
    if text is None or text.lines != lines:
        try:
            text = _texts[file] = _Text(lines)
        except SyntaxError as error:
            raise SourceUnavailableError(name, f"its file, {file}, is not valid Python (line {error.lineno})",
                                         "restart Python after you have changed the file") from None
    candidates = [(node, top) for node, top in text.functions.get(code.co_firstlineno, ()) if _fits(node, code)]
    proved = [node for node, top in candidates if _compiles_to(node, top, text, code)]
    if not proved and len(candidates) == 1 and _rewritten(code):
        proved = [candidates[0][0]]
    if not proved and file == "<string>":  # what Python runs from the command line is not what exec ran
        raise SourceUnavailableError(name, "it was defined by exec, or typed at a prompt that keeps no history", location=None)
    if not proved:
        raise SourceUnavailableError(
            name, f"line {code.co_firstlineno} of {file} is not what Python has loaded; the file has changed since",
            "import it again, or restart Python")
    chosen = _by_position(proved, code)
    top = next(top for node, top in candidates if node is chosen)
    if top in text.taken:  # each function has nodes of its own, also where one stands in another
        return copy.deepcopy(chosen), file, lines
    text.taken.add(top)
    return chosen, file, lines


class _Text:
    """A file: its lines, its functions by their first lines, and what its statements compile to."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        self.tree = ast.parse("".join(lines))
        self.functions: dict[int, list[tuple[Definition, ast.stmt]]] = {}
        self.compiled: dict[tuple[tuple[ast.stmt, ...], int], tuple[CodeType, ...]] = {}
        self.taken: set[ast.stmt] = set()  # the statements of the file of which a function has been read
        for node, top in _functions(self.tree):
            self.functions.setdefault(_first_line(node), []).append((node, top))

    def imports(self, top: ast.stmt) -> list[ast.stmt]:
        # A call of an attribute of an imported module is compiled differently, so imports are compiled with it.
        return [s for s in self.tree.body if isinstance(s, (ast.Import, ast.ImportFrom, ast.If, ast.Try, ast.With)) and s is not top]

    def bodies(self, top: ast.stmt) -> list[tuple[ast.stmt, ...]]:
        """What a statement may have been compiled with: the imports of the file, the whole file, nothing (as a notebook compiles the statements of a cell)."""
        return [(*self.imports(top), top), tuple(self.tree.body), (top,)]

    def codes(self, body: tuple[ast.stmt, ...], flags: int) -> tuple[CodeType, ...]:
        """What the functions in some statements compile to."""
        if (body, flags) not in self.compiled:
            try:
                whole = compile(ast.Module(list(body), []), "<again>", "exec", flags, dont_inherit=True)
            except (SyntaxError, ValueError):
                self.compiled[body, flags] = ()
            else:
                self.compiled[body, flags] = tuple(_codes(whole))
        return self.compiled[body, flags]


_texts: dict[str, _Text] = {}


def _title(function: FunctionType) -> str:
    if function.__name__ == "<lambda>":
        return f"the lambda at line {function.__code__.co_firstlineno}"
    return function.__qualname__.replace("<locals>.", "")


def _inspected(function: FunctionType) -> tuple[str, ...]:
    """The lines as `inspect` finds them: interactive shells that keep them elsewhere than under the file's name."""
    try:
        return tuple(inspect.findsource(function)[0])
    except (OSError, TypeError, IndexError):
        return ()


def _magic_cell(code: CodeType) -> tuple[str, ...]:
    """The lines of a notebook's cell that a magic has run (`%%time`), under a name of its own: of the latest one in which the definition is proved."""
    interactive = sys.modules.get("IPython")
    shell: Any = None if interactive is None else interactive.get_ipython()
    for cell in [] if shell is None else reversed(shell.history_manager.input_hist_raw):
        magic, _, body = cell.partition("\n")
        if magic.startswith("%%"):
            try:
                text = _Text(tuple(shell.transform_cell(body).splitlines(keepends=True)))
            except SyntaxError:
                continue
            if any(_fits(node, code) and _compiles_to(node, top, text, code) for node, top in text.functions.get(code.co_firstlineno, ())):
                return text.lines
    return ()


def _functions(tree: ast.Module) -> Iterator[tuple[Definition, ast.stmt]]:
    """Every function of a file, with the top-level statement in which it stands."""
    for top in tree.body:
        for node in ast.walk(top):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                yield node, top


def _first_line(node: Definition) -> int:
    """The line that Python calls a function's first: that of its first decorator."""
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(d.lineno for d in decorators)])


def _fits(node: Definition, code: CodeType) -> bool:
    """Whether name and parameters agree."""
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg) if a]
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    return name == code.co_name and [_unmangled(n) for n in code.co_varnames[: len(names)]] == [_unmangled(n) for n in names]


def _unmangled(name: str) -> str:
    """A parameter `__x` of a method of class C is `_C__x` in its code."""
    return "__" + name.split("__", 1)[1] if name.startswith("_") and "__" in name[1:] and not name.startswith("__") else name


def _compiles_to(node: Definition, top: ast.stmt, text: _Text, code: CodeType) -> bool:
    """Whether the definition, compiled again, gives the code that would run."""
    flags = code.co_flags & _FUTURE
    inside = any(c.co_name == code.co_name and c.co_firstlineno == code.co_firstlineno and _same(c, code)
                 for body in text.bodies(top) for c in text.codes(body, flags))
    return inside and (not isinstance(node, ast.Lambda) or any(_same_lambda(node, imports, code, flags) for imports in (text.imports(top), [])))


def _same_lambda(node: ast.Lambda, imports: list[ast.stmt], code: CodeType, flags: int) -> bool:
    """Whether this is the lambda, among those on its line: compiled where its closure's names are local."""
    parameters = ast.arguments([], [ast.arg(name) for name in code.co_freevars], None, [], [], None, [])
    outer = ast.FunctionDef("outer", parameters, [ast.Return(node)], [], None, None)
    if "type_params" in ast.FunctionDef._fields:  # from Python 3.12
        setattr(outer, "type_params", [])  # noqa: B010
    module = ast.fix_missing_locations(ast.Module([*imports, outer], []))
    made = next(c for c in reversed(list(_codes(compile(module, "<again>", "exec", flags, dont_inherit=True)))) if c.co_name == "outer")
    own = [c for c in made.co_consts if isinstance(c, CodeType)][-1]  # behind those of lambdas that are default values
    return _same(own, code)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _same(a: CodeType, b: CodeType) -> bool:
    """Whether two code objects do the same, wherever they stand."""
    if (a.co_code, a.co_names, a.co_varnames, a.co_freevars, a.co_cellvars) != (b.co_code, b.co_names, b.co_varnames, b.co_freevars, b.co_cellvars):
        return False
    return len(a.co_consts) == len(b.co_consts) and all(map(_same_constant, a.co_consts, b.co_consts))


def _same_constant(a: Any, b: Any) -> bool:
    if isinstance(a, CodeType):
        return isinstance(b, CodeType) and _same(a, b)
    if sys.version_info < (3, 11) and isinstance(a, str) and isinstance(b, str):  # perhaps the qualified name of an inner function
        return a.rpartition("<locals>.")[1:] == b.rpartition("<locals>.")[1:]
    return type(a) is type(b) and (repr(a) == repr(b) if not isinstance(a, frozenset) else a == b)


def _rewritten(code: CodeType) -> bool:
    """Whether a test runner rewrote assertions in the function, or in one inside it; only then may the code differ from the text."""
    return any(name.startswith("@py") for name in (*code.co_names, *code.co_varnames)) or any(
        isinstance(inner, CodeType) and _rewritten(inner) for inner in code.co_consts)


def _by_position(nodes: list[Definition], code: CodeType) -> Definition:
    """Of functions that do the same, the one that stands where the code says (from Python 3.11 it says)."""
    if len(nodes) > 1 and hasattr(code, "co_positions"):
        ends = {(line, column) for _, line, _, column in code.co_positions()}
        for node in nodes:
            body = node.body if isinstance(node, ast.Lambda) else node.body[-1]
            if (body.end_lineno, body.end_col_offset) in ends:
                return node
    return nodes[0]


# -- functions without Python source -------------------------------------------------------------------------

_callers: dict[int, tuple[Any, FunctionType]] = {}
_calling_lock = threading.Lock()


def calling(f: Callable[..., Any]) -> FunctionType:
    """A Python function that does nothing but call f: for one without source, or which may have a rule."""
    with _calling_lock:
        known = _callers.get(id(f))
        if known is None or known[0] is not f:
            known = _callers[id(f)] = (f, _write_caller(f))
        return known[1]


def _write_caller(f: Any) -> FunctionType:
    name = getattr(f, "__name__", type(f).__name__)
    name = name if name.isidentifier() else "f"
    namespace: dict[str, Any] = {"np": np, "__name__": getattr(f, "__module__", None) or "builtins"}
    inner = f"np.{name}" if getattr(np, name, None) is f else name
    if inner == name:
        inner = f"_{name}"
        namespace[inner] = f
    parameters, defaults = _stated(f) or ([*_required(f, name)], ())
    text = f"def {name}({', '.join(parameters)}):\n    return {inner}({', '.join(parameters)})\n"
    file = f"<call of {inner.lstrip('_')}>"
    while file in linecache.cache:  # another function of this name
        file = f"<{file[1:-1]}'>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    exec(compile(text, file, "exec"), namespace)
    function = namespace[name]
    assert isinstance(function, FunctionType)
    function.__defaults__ = defaults or None
    return function


def _stated(f: Any) -> tuple[list[str], tuple[Any, ...]] | None:
    """The parameters, and the default values of the last ones, of a function with a rule of the user's, or with Python source."""
    if (stated := declared(f)) is not None:
        own = [p for n, p in enumerate(stated.parameters) if n not in stated.defaults]
        if list(stated.parameters[:len(own)]) == own:
            return list(stated.parameters), tuple(stated.defaults[n] for n in range(len(own), len(stated.parameters)))
    if hasattr(type(f), "primal") or isinstance(f, FunctionType):
        parameters = list(inspect.signature(f).parameters.values())
        if all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in parameters):
            names = [f"*{p.name}" if p.kind is p.VAR_POSITIONAL else p.name for p in parameters]
            return names, tuple(p.default for p in parameters if p.default is not p.empty)
    return None


def _required(f: Any, name: str) -> list[str]:
    """Parameters to call f with: all that it requires."""
    if isinstance(f, np.ufunc):
        return ["x", "y", "z", "w"][: f.nin]
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        what = "it is written in C" if isinstance(f, (BuiltinFunctionType, BuiltinMethodType)) else f"it is an object of {type(f).__name__}"
        raise SourceUnavailableError(name, what, f"differentiate a function that calls it: `lambda x: {name}(x)`") from None
    required = [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return required or [p.name for p in parameters[:1]]
