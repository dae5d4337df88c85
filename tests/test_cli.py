"""The command line: what each command prints, and the exit code; errors of the user's are told without our frames."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.cli.failure import UserError
from chainrule.cli.typed import parse, random_arguments

ROOT = Path(__file__).resolve().parent.parent
MODEL = '''\
import functools

import numpy as np

import chainrule as cr

weights = np.array([[0.5, 0.1], [0.2, 0.3]])

def loss(w, x, n=2):
    for _ in range(n):
        x = np.tanh(w @ x)
    return np.sum(x)

def annotated(x: float, k: int = 3) -> float:
    return x ** k

@cr.grad
def slope(x: float):
    return x * x

class Model:
    def __init__(self, a):
        self.a = a

    def energy(self, x):
        return self.a * np.sum(x ** 2)

model = Model(3.0)

def parameters(p, pair):
    return np.sum(p["w"] * pair[0]) * pair[1]

def refused(x):
    return np.sum(np.nditer(x))

def helper(x):
    raise ValueError(f"never {x}")

def raising(x):
    return helper(x) * 2

@cr.custom_vjp
def wrong(x):
    return np.sum(x ** 2)

wrong.defvjp(lambda x: (wrong(x), x), lambda x, g: (g * x,))

def uses_wrong(x):
    return wrong(x) + x[0]

number = 3
'''


@pytest.fixture(autouse=True)
def _as_it_was(tmp_path, monkeypatch):
    """A directory of its own; modules that are imported from there are forgotten."""
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def run(capsys):
    def run(*argv: str) -> tuple[int, str, str]:
        code = main(argv)
        out, err = capsys.readouterr()
        return code, out, err

    return run


# -- show ----------------------------------------------------------------------------------------------------------------


def test_show_for_types(run):
    code, out, err = run("show", "model.py:loss", "--types", "w: f8[n, n], x: f8[n]")
    assert (code, err) == (0, "")
    assert out.startswith('def loss_grad(w, x, n):\n    """Gradient of loss (model.py, line 9) with respect to w.\n\n    For w: float64[n, n], x: float64[n], n: int.\n')
    assert "w_bar += t1[:, None] * x2" in out


def test_show_for_arguments_is_what_source_for_gives(run):
    code, out, _ = run("show", "model.py:loss", "--args", "weights, np.ones(2), n=3", "--argnums", "x,0")
    assert code == 0
    sys.path.insert(0, os.getcwd())
    import model

    assert out.strip() == cr.grad(model.loss, ("x", 0)).source_for(model.weights, np.ones(2), n=3).strip()


@pytest.mark.parametrize("mode, title", [
    ("grad", "loss_grad(w, x, n)"), ("value_and_grad", "loss_value_and_grad(w, x, n)"), ("jacfwd", "loss_jacfwd(w, x, n)"), ("hessian", "loss_grad_jacfwd(w, x, n)"),
    ("vjp", "loss_vjp(w, x, n)"), ("linearize", "loss_linearize(w, x, n)"), ("jvp", "loss_jvp(w, x, n, w_dot, x_dot, n_dot)"),
    ("hvp", "loss_grad_pushforward(w, x, n, w_dot, x_dot, n_dot)"),
])
@pytest.mark.parametrize("given", [("--types", "w: f8[n, n], x: f8[n]"), ("--args", "weights, np.ones(2), 2")])
def test_show_every_mode(run, mode, title, given):
    code, out, err = run("show", "model.py:loss", "--mode", mode, *given)
    assert code == 0, err
    assert f"def {title}:" in out.replace("\n    ", " ")


def test_show_by_annotations_methods_and_decorated_functions(run):
    assert "x_bar = " in run("show", "model.py:annotated")[1]
    assert run("show", "model.py:slope")[1].startswith("def slope_grad(x):")
    assert run("show", "model.py:slope", "--mode", "grad")[1].startswith("def slope_grad_grad(x):")
    assert run("show", "model.py:Model.energy", "--args", "model, np.ones(2)", "--argnums", "1")[1].startswith("def energy_grad(self, x, a):")
    assert run("show", "model.py:model.energy", "--types", "x: f4[:]")[1].startswith("def energy_grad(self, x")


def test_show_a_hessian_product_moves_one_argument_only(run):
    _, out, _ = run("show", "model.py:loss", "--mode", "hvp", "--types", "w: f8[n, n], x: f8[n]")
    assert "x_dot=None" in out and "w_dot: float64[n, n]" in out


def test_show_for_containers(run):
    code, out, err = run("show", "model.py:parameters", "--types", "p: {'w': f8[:]}, pair: (f8[:], float)")
    assert code == 0, err
    assert "p['w']: float64[n0], pair[0]: float64[n1], pair[1]: float" in out.replace("\n    ", " ")


# -- check ---------------------------------------------------------------------------------------------------------------


def test_check(run):
    code, out, err = run("check", "model.py:loss", "--args", "weights, np.ones(2), n=3")
    assert (code, err) == (0, "")
    assert out == "loss: first derivatives in forward and reverse mode are as finite differences give them\n"
    assert run("check", "model.py:loss", "--types", "w: f8[n, n], x: f8[n]", "--seed", "3", "--order", "2", "--mode", "rev")[:2] == (
        0, "loss: derivatives up to order 2 in reverse mode are as finite differences give them\n")
    assert run("check", "model.py:slope")[0] == 0 and run("check", "model.py:annotated", "--seed", "1")[0] == 0


def test_check_of_a_wrong_derivative(run):
    code, out, err = run("check", "model.py:uses_wrong", "--args", "np.array([1.0, 2.0])")
    assert code == 1
    assert "differs from finite differences" in out and re.search(r"x\[1\]: got -?[\d.]+, finite difference -?[\d.]+, relative error 0.5\n", out)
    code, out, err = run("check", "model.py:uses_wrong", "--types", "x: f8[2]", "--seed", "5", "--mode", "rev")
    assert code == 1 and "at the arguments\n  x = array([" in out


# -- explain -------------------------------------------------------------------------------------------------------------


def test_explain(run, tmp_path, monkeypatch):
    code, out, err = run("explain", "model.py:slope", "--args", "3.0")
    assert (code, err) == (0, "") and out.startswith("slope: 9\n") and "d slope / d x = 6" in out
    code, out, _ = run("explain", "model.py:loss", "--args", "weights, np.ones(2), n=1", "--argnums", "x")
    assert code == 0 and "d loss / d x = " in out
    shown = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    code, out, _ = run("explain", "model.py:slope", "--args", "3.0", "--html", "page.html", "--open")
    assert (code, out) == (0, "written to page.html\n") and shown == [(tmp_path / "page.html").resolve().as_uri()]
    assert "<html" in (tmp_path / "page.html").read_text(encoding="utf-8")
    code, _, err = run("explain", "model.py:slope", "--args", "3.0", "--html", "no/such/page.html")
    assert code == 2 and "no/such/page.html cannot be written: No such file or directory" in err.replace("\\", "/")
    code, _, err = run("explain", "model.py:raising", "--args", "3.0")
    assert code == 2 and err.endswith("ValueError: never 3.0\n") and "/chainrule/" not in err


# -- stages, coverage ----------------------------------------------------------------------------------------------------


def test_stages(run):
    code, out, _ = run("stages", "model.py:annotated")
    assert code == 0
    assert [line[8:] for line in out.splitlines() if line.startswith("# after ")] == ["lower", "differentiate", "signs", "dead", "dots", "gather", "reuse", "inplace"]
    assert run("stages", "model.py:slope", "--args", "1.0", "--pass", "lower")[1] == "def slope(x):\n    t1 = x * x\n    return t1\n"
    _, out, _ = run("stages", "model.py:loss", "--types", "w: f8[n, n], x: f8[n]", "--pass", "dead", "--diff")
    assert out.startswith("--- before dead\n+++ after dead\n") and "\n-    t2 = np.sum(" in out
    code, _, err = run("stages", "model.py:slope", "--args", "1.0", "--pass", "nothing")
    assert code == 2 and "the passes are lower, differentiate" in err


def test_coverage(run):
    assert run("coverage", "numpy.tanh")[:2] == (0, "np.tanh: differentiable\n")
    assert run("coverage", "np.argmax")[1] == "np.argmax: derivative zero\n"
    assert run("coverage", "np.frompyfunc")[1] == "np.frompyfunc: refused: it makes an array of Python objects\n"
    assert run("coverage", "math.exp")[1].startswith("math.exp: supported\n")
    assert "`await`: refused: `async def` cannot be differentiated" in run("coverage", "await")[1]
    code, out, err = run("coverage", "np.sumn")
    assert code == 2 and "names like it: np.sum," in err
    assert run("coverage")[1].startswith("NumPy: ")


@pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="SciPy is not installed")
def test_coverage_of_scipy(run):
    assert run("coverage", "scipy.linalg.expm")[1] == "scipy.linalg.expm: differentiable\n"
    assert run("coverage", "scipy.ndimage.sum")[1].startswith("scipy.ndimage.sum: refused")
    assert run("coverage", "scipy.linalg.exmp")[2].count("scipy.linalg.expm") == 1


# -- errors of the user's ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv, said", [
    (("show", "nothing.py:f"), "there is no file nothing.py"),
    (("show", "no.such.module:f"), "there is no file and no module no.such.module"),
    (("show", "model.py"), "'model.py' names no function; write FILE.py:FUNCTION"),
    (("show", "model.py:los"), "model.py has no los; did you mean loss?"),
    (("show", "model.py:Model.energie"), "model.py has no Model.energie; did you mean Model.energy?"),
    (("show", "model.py:number"), "number of model.py is no function, but of type int"),
    (("show", ".:f"), "is a directory"),
    (("show", "./:f"), "is a directory"),
    (("show", "model.py:loss"), "parameter 'w' has no annotation\n  help: state the types, --types"),
    (("show", "model.py:loss", "--types", "w: f9[n], x: f8"), "there is no type 'f9'"),
    (("show", "model.py:loss", "--types", "w: f8[n"), "--types is a list of parameters with types"),
    (("show", "model.py:loss", "--types", "y: f8[n]"), "loss has no parameter 'y' (it has w, x, n)"),
    (("show", "model.py:loss", "--args", "np.ones(2"), "--args is a list of arguments as in a call"),
    (("show", "model.py:loss", "--args", "undefined"), "--args 'undefined' raises NameError: name 'undefined' is not defined"),
    (("show", "model.py:loss", "--args", "1, 2, 3, 4, 5"), "too many positional arguments"),
    (("show", "model.py:annotated", "--args", "2"), "only floats have a derivative"),
    (("show", "model.py:annotated", "--argnums", "9"), "there is no argument 9 to differentiate with respect to"),
    (("show", "model.py:slope", "--argnums", "0"), "slope is a derivative already"),
    (("check", "model.py:loss"), "nothing is known of the type of 'w': state it"),
    (("check", "model.py:loss", "--types", "w: str, x: f8"), "no value can be made up for 'w' of type str"),
    (("check", "model.py:annotated", "--order", "0"), "order=0: the order of a derivative is 1 or more"),
    (("explain", "model.py:annotated", "--args", "(1.0"), "--args is a list of arguments as in a call"),
])
def test_errors_of_the_user(run, argv, said):
    code, out, err = run(*argv)
    assert code == 2 and out == ""
    assert said in err
    assert "/chainrule/" not in err and "\\chainrule\\" not in err, "no frame of ours"


def test_a_refused_program_is_shown_with_a_caret(run):
    code, _, err = run("show", "model.py:refused", "--types", "x: f8[:]")
    assert code == 2
    assert err.startswith("chainrule: ") and "model.py:34 in refused: `nditer` cannot be differentiated\n    return np.sum(np.nditer(x))\n                  ^^^^^^^^^^^^\n  why: " in err


def test_what_the_function_raises_is_shown_with_the_users_frames(run):
    code, _, err = run("check", "model.py:raising", "--args", "1.0")
    assert code == 2
    assert err.startswith("Traceback (most recent call last):\n") and err.endswith("ValueError: never 1.0\n")
    assert f'File "{Path("model.py").resolve()}", line 37, in helper' in err
    assert "/chainrule/" not in err and "entry>" not in err


@pytest.mark.parametrize("text, said", [
    ("import nothing_of_this_name\n", "ModuleNotFoundError: No module named 'nothing_of_this_name'\n"),
    ("def f(x):\n    return 1 / 0\n\ny = f(1)\n", "line 4, in <module>"),
    ("def f(x:\n", "SyntaxError: "),
    ("import sys\nsys.exit(3)\n", "ends the program when it is imported (exit status 3)"),
    ("import chainrule as cr\n@cr.grad(argnums=1.5)\ndef f(x): return x\n", "argnums is the position or name of an argument"),
])
def test_a_file_that_cannot_be_imported(run, tmp_path, text, said):
    (tmp_path / "broken.py").write_text(text)
    code, out, err = run("show", "broken.py:f", "--types", "x: float")
    assert code == 2 and out == ""
    assert said in err
    assert "/cli/" not in err and "importlib" not in err
    assert "broken.py" in err


def test_wrong_usage_is_exit_code_two(capsys):
    for argv in ([], ["nothing"], ["show"], ["show", "model.py:loss", "--mode", "nothing"], ["explain", "model.py:loss", "--open"]):
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 2
        assert "usage: " in capsys.readouterr().err


def test_help_and_version(capsys):
    for argv, said in ((["--version"], f"chainrule {cr.__version__}\n"), (["--help"], "exit codes: 0, all is well; 1,"), (["show", "--help"], "chainrule show model.py:loss --types")):
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 0 and said in capsys.readouterr().out


# -- where functions are found -------------------------------------------------------------------------------------------


def test_modules_packages_and_files_with_names_that_are_taken(run, tmp_path):
    package = tmp_path / "some_package" / "inner"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "helpers.py").write_text("def double(x):\n    return 2 * x\n")
    (package / "main.py").write_text("from .helpers import double\n\ndef f(x: float):\n    return double(x) * x\n")
    assert run("show", "some_package.inner.main:f")[1].startswith("def f_grad(x):")
    assert run("show", "some_package/inner/main.py:f")[1].startswith("def f_grad(x):")
    assert run("show", "some_package/inner/main.py::f")[0] == 0
    (tmp_path / "json.py").write_text("def f(x: float):\n    return x * x\n")
    assert run("show", "json.py:f")[0] == 0
    import json

    assert json.loads("1") == 1
    (tmp_path / "with-dash.py").write_text("def f(x: float):\n    return x * x\n")
    assert run("show", "with-dash.py:f")[0] == 0


# -- the language of types -----------------------------------------------------------------------------------------------


def test_random_arguments_fit_together():
    def f(w, x, *, p, k: int, scale: np.float32, z: complex, flag=False):
        return 0

    args, keywords = random_arguments(f, parse("w: f8[n, m], x: f8[m], p: {'a': [f4[:, :], c16]}, flag: bool = True"), 0)
    w, x = args
    assert w.shape == (3, 4) and x.shape == (4,) and w.dtype == np.float64
    assert keywords["p"]["a"][0].shape == (3, 3) and keywords["p"]["a"][0].dtype == np.float32 and type(keywords["p"]["a"][1]) is np.complex128
    assert keywords["k"] == 3 and type(keywords["scale"]) is np.float32 and type(keywords["z"]) is complex and keywords["flag"] is True
    again = random_arguments(f, parse("w: f8[n, m], x: f8[m], p: {'a': [f4[:, :], c16]}, flag: bool = True"), 0)
    np.testing.assert_array_equal(again[0][0], w)
    assert not np.array_equal(random_arguments(f, parse("w: f8[n, m], x: f8, p: f8"), 1)[0][0], w)


@pytest.mark.parametrize("text, place", [("x: f8[n, x+1]", 9), ("x: list[f8]", 3), ("é: f8, y: nope", 10), ("x", 0), ("x: f8[:], n = f(1)", 14), ("x: O", 3)])
def test_errors_in_types_show_the_place(text, place):
    with pytest.raises(UserError) as caught:
        parse(text)
    assert str(caught.value).splitlines()[-2:] == [f"    {text}", f"    {' ' * place}^"]


# -- the screen ----------------------------------------------------------------------------------------------------------


def _environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return {**plain, "PYTHONPATH": str(ROOT / "src"), "TERM": "xterm", **more}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_colours_on_a_terminal_and_nowhere_else():
    pytest.importorskip("pygments")
    import pty

    def on_a_terminal(*argv: str, **environment: str) -> str:
        ours, theirs = pty.openpty()
        with subprocess.Popen([sys.executable, "-m", "chainrule", *argv], stdout=theirs, stderr=subprocess.STDOUT, env=_environment(**environment)) as process:
            os.close(theirs)
            parts = []
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                parts.append(part)
        os.close(ours)
        assert process.returncode == 0
        return b"".join(parts).decode().replace("\r\n", "\n")

    shown = on_a_terminal("show", "model.py:slope")
    plain = on_a_terminal("show", "model.py:slope", "--no-color")
    assert "\x1b[" in shown and "\x1b[" not in plain and "def slope_grad(x):" in plain
    assert on_a_terminal("show", "model.py:slope", NO_COLOR="1") == plain
    piped = subprocess.run([sys.executable, "-m", "chainrule", "show", "model.py:slope"], capture_output=True, text=True, env=_environment(), check=True)
    assert piped.stdout == plain and piped.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is needed")
def test_a_reader_that_has_seen_enough():
    command = f"{sys.executable} -m chainrule coverage generator | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=_environment())
    assert done.returncode == 0 and "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
