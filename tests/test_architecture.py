"""The layers, and what the compiler must not do: depend on chance, on time, or on where objects lie in memory."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "chainrule"

# Lowest first. A module imports from its own row and the rows before it.
LAYERS = ["errors", "structure", "highlight", "ir", "runtime", "nn", "rules", "frontend", "analysis", "simplify", "transform", "backend", "check", "pipeline", "tracebacks",
          "results", "tangents", "entries", "dispatch", "sparsity", "api", "programs", "coverage", "implicit", "flows", "custom", "sparse", "optim", "explanation",
          "compat", "testing", "cli", "__main__", "__init__"]
# What generates text. (`check` draws random directions, from a seed.)
COMPILER = ["errors", "structure", "ir", "runtime", "rules", "frontend", "analysis", "transform", "simplify", "backend", "pipeline", "dispatch"]

MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(path: Path) -> list[tuple[int, str, bool]]:
    """(line, layer, whether for type checking only) of all that a module imports from the package, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ("chainrule", *path.relative_to(PACKAGE).parts[:-1])
    typing_only = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
                   for inner in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "chainrule" else [module]
        found += [(node.lineno, name.split(".")[1], id(node) in typing_only) for name in names if name.startswith("chainrule.")]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_from_below(path):
    here = layer(path)
    assert here in LAYERS, f"{here} has no place in the layers"
    for line, there, typing_only in imported(path):
        assert typing_only or LAYERS.index(there) <= LAYERS.index(here), f"line {line}: {here} imports {there}, which is above it"


FORBIDDEN = {"random", "secrets", "uuid", "time", "datetime"}


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) in COMPILER], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_compiler_is_deterministic(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known_to_refuse = path.name == "table.py" and alias.name == "random"  # the table names its functions, and calls none
                assert known_to_refuse or alias.name.split(".")[0] not in FORBIDDEN, f"line {node.lineno}"
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert (node.module or "").split(".")[0] not in FORBIDDEN, f"line {node.lineno}"
        elif isinstance(node, ast.JoinedStr):
            calls = [call.func.id for call in ast.walk(node) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)]
            texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            assert "hash" not in calls, f"line {node.lineno}: a hash in a text"
            internal = any("?" in text for text in texts)  # the name of an unknown extent, which is never printed
            assert "id" not in calls or internal, f"line {node.lineno}: an id in a text"


def test_every_module_says_what_it_is():
    silent = [str(path.relative_to(PACKAGE)) for path in MODULES
              if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_only_one_module_knows_astor():
    users = [path.name for path in MODULES if "import astor" in path.read_text(encoding="utf-8") or "from astor" in path.read_text(encoding="utf-8")]
    assert len(users) <= 1, users


def test_the_documents_are_there():
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "docs/design.md", "docs/getting-started.md", "docs/how-it-works.md",
                 "docs/glossary.md", "docs/limitations.md"):
        assert (ROOT / name).is_file(), name
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quick = readme.split("\n## Quick start\n", 1)[1].split("\n## ", 1)[0]
    blocks = quick.split("```bash\n")[1:]
    assert len(blocks) == 2
    assert all(len(block.split("```")[0].strip().splitlines()) == 1 for block in blocks)
    assert "examples/digits.py" in blocks[0] and "pytest" in blocks[1]


def test_links_between_documents_lead_somewhere():
    import re

    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        if path.parent.name == "gallery" and path.name != "index.md":
            continue  # made by the build of the site
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
