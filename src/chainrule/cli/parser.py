"""The command line's words: which options each command has, and what `--help` says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import chainrule

from . import commands
from .failure import UserError

__all__ = ["main"]

CODES = "exit codes: 0, all is well; 1, a check found a wrong derivative; 2, wrong usage, a file that cannot be imported, or a program that is refused"
TARGET = "FILE.py:FUNCTION, or package.module:FUNCTION; the function may be a method, Class.method, or made by a transform (@chainrule.grad)"
ARGS = 'arguments as in a call, "np.ones(3), n=2": Python, with np and the names of the module'
TYPES = 'types of parameters, "x: f8[:, :], w: {\'a\': f4[n]}, n: int = 3": float, int, complex; dtypes; arrays of any, named or fixed extents; containers of these'
MODES = ("grad", "value_and_grad", "elementwise_grad", "jacobian", "jacfwd", "jacrev", "hessian", "vjp", "jvp", "linearize", "hvp")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(prog="chainrule", description="Derivatives of Python functions over NumPy, as Python source.", epilog=CODES)
    top.add_argument("--version", action="version", version=f"chainrule {chainrule.__version__}", help="show the version, and exit")
    several = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, what: str, examples: str) -> argparse.ArgumentParser:
        made = several.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=f"examples:\n{examples}\n\n{CODES}",
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
        made.set_defaults(run=getattr(commands, name))
        return made

    def colours(made: argparse.ArgumentParser) -> None:
        made.add_argument("--no-color", dest="color", action="store_false", help="no colours (they are shown on terminals, unless NO_COLOR is set)")

    def chosen(made: argparse.ArgumentParser) -> None:
        made.add_argument("target", metavar="FILE:FUNCTION", help=TARGET)
        made.add_argument("--args", metavar="ARGS", help=ARGS)

    def derivative(made: argparse.ArgumentParser) -> None:
        chosen(made)
        made.add_argument("--types", metavar="TYPES", help=TYPES + "; without --args and --types, the annotations of the function")
        made.add_argument("--mode", choices=MODES, metavar="MODE", help=f"the derivative: {', '.join(MODES)} (grad, or the transform that made the function)")
        made.add_argument("--argnums", metavar="N", help='what to differentiate with respect to: a position or name, or several, "0,2" or "w,b"')
        made.add_argument("--has-aux", action="store_true", help="the function returns (value, aux)")
        colours(made)

    made = command("show", "print the derivative of a function, as Python", """\
  chainrule show model.py:loss --types "w: f8[n, m], x: f8[m]"
  chainrule show model.py:loss --args "np.ones((2, 3)), np.ones(3)" --argnums w
  chainrule show model.py:loss --mode hvp --types "w: f8[:, :], x: f8[:]"
  chainrule show package.model:Model.energy --args "Model(3), 2.0" --argnums 1""")
    derivative(made)

    made = command("check", "compare the derivatives of a function with finite differences", """\
  chainrule check model.py:loss --args "np.ones((2, 3)), np.ones(3)"
  chainrule check model.py:loss --types "w: f8[n, m], x: f8[m]" --seed 1
  chainrule check model.py:loss --seed 1 --order 2 --mode rev""")
    chosen(made)
    made.add_argument("--types", metavar="TYPES", help=TYPES + "; for random arguments, where --args is left out")
    made.add_argument("--seed", type=int, metavar="N", help="the seed of random arguments (0)")
    made.add_argument("--order", type=int, default=1, metavar="N", help="the highest derivative to compare (1)")
    made.add_argument("--mode", dest="modes", action="append", choices=("fwd", "rev"), help="forward or reverse mode alone (both)")
    made.add_argument("--rtol", type=float, metavar="X", help="relative tolerance (by the dtypes of the arguments)")
    made.add_argument("--atol", type=float, metavar="X", help="absolute tolerance (by the dtypes of the arguments)")

    made = command("explain", "print the chain rule step by step, with the numbers of one call", """\
  chainrule explain model.py:loss --args "np.ones(3), 2.0"
  chainrule explain model.py:loss --args "np.ones(3), 2.0" --html loss.html --open""")
    chosen(made)
    made.set_defaults(args="")
    made.add_argument("--argnums", metavar="N", help='what to differentiate with respect to: a position or name, or several, "0,2" or "w,b"')
    colours(made)
    made.add_argument("--html", metavar="PATH", help="write a page instead")
    made.add_argument("--open", action="store_true", help="show the page in a browser")

    made = command("stages", "print the program after each pass of the compiler", """\
  chainrule stages model.py:loss --types "x: f8[:]"
  chainrule stages model.py:loss --types "x: f8[:]" --pass differentiate
  chainrule stages model.py:loss --types "x: f8[:]" --diff""")
    derivative(made)
    made.add_argument("--pass", dest="only", metavar="NAME", help="only the program after this pass")
    made.add_argument("--diff", action="store_true", help="what each pass changes, as a difference of lines")

    made = command("coverage", "say whether something can be differentiated, and why not", """\
  chainrule coverage np.linalg.svd
  chainrule coverage scipy.special.gamma
  chainrule coverage while
  chainrule coverage""")
    made.add_argument("name", nargs="?", metavar="NAME", help="a function of NumPy or SciPy, a method of arrays, or a construct of Python; without, how many of each there are")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (that of the process by default); returns the exit code. Wrong usage exits with code 2, as `argparse` does."""
    options = parser().parse_args(argv)
    if getattr(options, "open", False) and options.html is None:
        parser().error("--open shows a page: --html PATH says where to write it")
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except UserError as error:
        sys.stdout.flush()
        print(f"chainrule: {error}" if "\n" not in str(error) or not str(error).startswith("Traceback") else error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        commands.silence()
        return 0
    return code
