"""The commands: parsed options -> text on the screen, and an exit code."""

from __future__ import annotations

import ast
import difflib
import os
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ChainRuleError, GradientCheckError
from .failure import UserError, users_part
from .screen import coloured, put
from .target import Target, find
from .typed import Types, parse, random_arguments

__all__ = ["check", "coverage", "explain", "show", "stages"]

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def show(options: Namespace) -> int:
    """Print the source of the derivative."""
    target, derivation = _derivation(options)
    put(_of_users(lambda: derivation.text(*given[0], **given[1]) if (given := _given(options, target)) else _for_types(derivation.text_for_types, options, target)),
        "python", options.color)
    return 0


def stages(options: Namespace) -> int:
    """Print the program after each pass, or what each pass changed."""
    target, derivation = _derivation(options)
    found = _of_users(lambda: derivation.stages(*given[0], **given[1]) if (given := _given(options, target)) else _for_types(derivation.stages_for_types, options, target))
    if options.only is not None and options.only not in found:
        raise UserError(f"there is no pass {options.only!r}; the passes are {', '.join(found)}")
    names = list(found)
    shown = []
    for n, name in enumerate(names):
        if options.only not in (None, name):
            continue
        text = str(found[name])
        if options.diff and n:
            before = str(found[names[n - 1]])
            lines = difflib.unified_diff(before.splitlines(), text.splitlines(), f"before {name}", f"after {name}", lineterm="")
            shown.append("\n".join(lines) or f"# {name} changes nothing")
        else:
            shown.append(f"# after {name}\n{text}" if options.only is None else text)
    put("\n\n".join(text.rstrip("\n") for text in shown), "diff" if options.diff else "python", options.color)
    return 0


def check(options: Namespace) -> int:
    """Compare the derivatives with finite differences; 1 if they differ."""
    from ..api import check_grads

    target = find(options.target)
    f = _primal(target.function)
    if options.args is not None:
        args, keywords = _evaluated(options.args, target)
    else:
        args, keywords = random_arguments(f, _types(options), options.seed or 0)
    function = f if not keywords else _with_keywords(f, keywords)
    modes = tuple(dict.fromkeys(options.modes or ("fwd", "rev")))
    try:
        _of_users(lambda: check_grads(function, args, order=options.order, modes=modes, atol=options.atol, rtol=options.rtol))
    except GradientCheckError as error:
        put(str(error), "text")
        if options.args is None:
            put("at the arguments\n" + "\n".join(f"  {name} = {value!r}" for name, value in _named(args, keywords, f)), "text")
        return 1
    orders = "first derivatives" if options.order == 1 else f"derivatives up to order {options.order}"
    spelled = {"fwd": "forward", "rev": "reverse"}
    put(f"{target.name}: {orders} in {' and '.join(spelled[mode] for mode in modes)} mode are as finite differences give them", "text")
    return 0


def explain(options: Namespace) -> int:
    """Print the chain rule step by step, for the numbers of one call."""
    target = find(options.target)
    f = _primal(target.function)
    args, keywords = _evaluated(options.args, target)
    import chainrule

    report = _of_users(lambda: chainrule.explain(f if not keywords else _with_keywords(f, keywords), *args, argnums=_argnums(options)))
    if options.html is None and coloured(sys.stdout, options.color):
        report.print()
    elif options.html is None:
        put(str(report), "text")
    else:
        path = Path(options.html)
        try:
            report.to_html(path)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}") from None
        put(f"written to {path}", "text")
        if options.open:
            webbrowser.open(path.resolve().as_uri())
    return 0


def coverage(options: Namespace) -> int:
    """Print what is known of a name, or how many names there are of each class."""
    from .. import coverage as known

    if options.name is None:
        for title, counts in known.summary():
            put(f"{title}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()), "text")
        put("`chainrule coverage NAME` says it of a function of NumPy or SciPy, or a construct of Python", "text")
        return 0
    found = known.lookup(options.name)
    if not found:
        like = known.close(options.name)
        hint = f"; names like it: {', '.join(like)}" if like else ""
        raise UserError(f"nothing is known of {options.name!r}{hint}\n(a function that is not listed is executed as the Python that it is written in, if it is)")
    put("\n".join(map(str, found)), "text")
    return 0


# -- what the commands have in common ---------------------------------------------------------------------------------------


def _of_users(run: Callable[[], Any]) -> Any:
    """Run what calls the user's function, or what reads it: what that raises is the user's to see, without our frames."""
    try:
        return run()
    except (GradientCheckError, UserError, KeyboardInterrupt, BrokenPipeError):
        raise
    except ChainRuleError as error:
        raise UserError(str(error)) from None
    except Exception as error:  # raised by the user's program, or because the arguments do not fit
        raise UserError(users_part(error)) from None


def _derivation(options: Namespace) -> tuple[Target, Any]:
    from ..api import HessianProduct, Transformed
    from ..programs import Derivation

    target = find(options.target)
    made = isinstance(target.function, (Transformed, HessianProduct))
    if made and options.mode is None and options.argnums is not None:
        raise UserError(f"{target.name} is a derivative already, {target.function!r}; --mode says which derivative of it is meant")
    mode = options.mode or (None if made else "grad")
    return target, _of_users(lambda: Derivation(target.function, mode, _argnums(options), options.has_aux))


def _primal(f: Any) -> Callable[..., Any]:
    """The function that is differentiated, of one that a transform made."""
    from ..api import HessianProduct, Transformed

    while isinstance(f, (Transformed, HessianProduct)):
        f = f.primal
    return f  # type: ignore[no-any-return]


def _argnums(options: Namespace) -> Any:
    """Positions and names, separated by commas; one alone is no tuple."""
    if options.argnums is None:
        return 0
    found = [int(one) if one.lstrip("-").isdigit() else one for one in (part.strip() for part in options.argnums.split(",")) if one]
    if not found:
        raise UserError("--argnums is a position or a name, or several, separated by commas")
    return tuple(found) if len(found) > 1 or options.argnums.strip().endswith(",") else found[0]


def _types(options: Namespace) -> Types:
    return Types() if options.types is None else parse(options.types)


def _for_types(ask: Callable[..., Any], options: Namespace, target: Target) -> Any:
    types = _types(options)
    import inspect

    parameters = inspect.signature(target.function).parameters
    for name in (*types.hints, *types.values):
        if name not in parameters:
            raise UserError(f"{target.name} has no parameter {name!r} (it has {', '.join(parameters)})")
    try:
        return ask(types.hints, types.values)
    except ChainRuleError as error:
        text = str(error).replace("ask for the types of some arguments, source_for(*args), or call the function first",
                                  'state the types, --types "x: f8[:], n: int = 3", or give arguments, --args "np.ones(3), 3"')
        raise UserError(text) from None


def _given(options: Namespace, target: Target) -> Arguments | None:
    """The arguments of --args; None if there are none."""
    return None if options.args is None else _evaluated(options.args, target)


def _evaluated(text: str, target: Target) -> Arguments:
    """A list of arguments, as it is written in a call, evaluated where the function is defined, with `np`."""
    import numpy

    before = "f("
    try:
        call = ast.parse(f"{before}{text}\n)", mode="eval").body
    except SyntaxError as error:
        column = min(max((error.offset or 1) - 1 - len(before), 0), max(len(text) - 1, 0))
        raise UserError(f"--args is a list of arguments as in a call ({error.msg})\n    {text}\n    {' ' * column}^") from None
    assert isinstance(call, ast.Call)
    collected = ast.Expression(ast.Call(ast.Name("__collected__", ast.Load()), call.args, call.keywords))
    ast.fix_missing_locations(collected)
    namespace = {"np": numpy, "numpy": numpy, **vars(target.module), "__collected__": lambda *args, **keywords: (args, keywords)}
    try:
        found: Arguments = eval(compile(collected, "<--args>", "eval"), namespace)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the expression raises
        raise UserError(f"--args {text!r} raises {type(error).__name__}: {error}") from None
    return found


def _with_keywords(f: Callable[..., Any], keywords: dict[str, Any]) -> Callable[..., Any]:
    import functools

    given = functools.partial(f, **keywords)
    functools.update_wrapper(given, f, assigned=("__name__", "__qualname__", "__doc__"), updated=())
    del given.__dict__["__wrapped__"]
    return given


def _named(args: tuple[Any, ...], keywords: dict[str, Any], f: Callable[..., Any]) -> list[tuple[str, Any]]:
    import inspect

    names = list(inspect.signature(f).parameters)
    return [*((names[n] if n < len(names) else f"args[{n}]", value) for n, value in enumerate(args)), *keywords.items()]


def silence() -> None:
    """Nobody reads any more (`chainrule show ... | head`): let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
