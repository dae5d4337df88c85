"""The examples: each runs, is right by its own checks, draws its picture, and is described where people look for it.

An example ends with SystemExit where a number is wrong. What it is about is its docstring: a title in the first line, then a paragraph, then
the commands, indented; examples/README.md is made of these (`python tests/test_examples.py` writes it), and so is the gallery.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FILES = sorted(EXAMPLES.glob("*.py"))
# Arguments that make an example take less time than it takes by itself, as far as its checks allow.
SHORTER = {"bratu": ["--points", "60"], "lstm": ["--steps", "120"], "conductivity": ["--iterations", "80"]}
PACKAGES = {"sklearn": "scikit-learn", "tqdm": "tqdm", "scipy": "scipy", "matplotlib": "matplotlib"}  # what an example may need besides NumPy
OWN_PACE = {"digits"}  # trains for longer; the quick start runs it


class Description(NamedTuple):
    title: str
    paragraph: str
    commands: tuple[str, ...]


def description(path: Path) -> Description:
    """What the docstring of an example says."""
    title, _, rest = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")
    text, _, commands = rest.strip().partition("\n\n    ")
    commands = re.split(r"\n\n\S", f"    {commands}", maxsplit=1)[0]
    return Description(title.strip(), " ".join(text.split()), tuple(line.split("#")[0].strip() for line in commands.splitlines()))


def readme() -> str:
    """examples/README.md."""
    parts = [
        "# Examples",
        "Each file runs by itself, prints what it found, and ends with an error if a number is wrong. All take `--help`; with `--show` most also print "
        "the gradient that was generated, and with `--picture PATH` they draw a picture. What they need is installed by "
        '`python -m pip install -e ".[examples]"`; matplotlib only for the pictures.',
    ]
    for path in FILES:
        what = description(path)
        parts.append(f"## [{path.name}]({path.name})\n**{what.title}** {what.paragraph}\n\n```bash\n" + "\n".join(what.commands) + "\n```")
    return "\n\n".join(parts) + "\n"


def imported(path: Path):
    """The example as a module, read anew."""
    spec = importlib.util.spec_from_file_location(f"examples_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in OWN_PACE], ids=lambda path: path.stem)
def test_an_example_runs_and_draws(path, tmp_path, capsys):
    for module, package in PACKAGES.items():
        if re.search(rf"^\s*(import|from) {module}\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            pytest.importorskip(module, reason=f"{path.name} needs {package}")
    picture = tmp_path / "picture.png"
    imported(path).main([*SHORTER.get(path.stem, []), "--picture", str(picture)])
    assert capsys.readouterr().out.strip()
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 5000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_says_what_it_is_about(path):
    what = description(path)
    assert 20 < len(what.title) < 130 and what.title.endswith(".")
    assert 150 < len(what.paragraph) < 700, "a paragraph of some lines"
    assert what.commands and all(command.startswith(f"python examples/{path.name}") for command in what.commands)


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in OWN_PACE], ids=lambda path: path.stem)
def test_an_example_needs_matplotlib_only_to_draw(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in module.body if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in module.body if isinstance(node, ast.ImportFrom)}
    assert not any(name.split(".")[0] == "matplotlib" for name in names)


def test_an_example_that_finds_a_wrong_number_says_so(monkeypatch):
    """The checks are checked: a gradient that is off by a part in a hundred."""
    module = imported(EXAMPLES / "newton_sqrt.py")
    right = module.derivative
    module.derivative = lambda a: 1.01 * right(a)
    with pytest.raises(SystemExit, match="wrong"):
        module.main([])


def test_the_list_of_examples_is_what_the_examples_say():
    assert (EXAMPLES / "README.md").read_text(encoding="utf-8") == readme(), "python tests/test_examples.py rewrites it"


if __name__ == "__main__":
    (EXAMPLES / "README.md").write_text(readme(), encoding="utf-8")
