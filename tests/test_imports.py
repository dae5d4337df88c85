"""What `import chainrule` loads: nothing but itself, so that it is as fast as NumPy's import (`python -m benchmarks imports` measures it). Counted, not timed."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr

SOURCE = Path(cr.__file__).read_text(encoding="utf-8")


def loaded(code: str) -> set[str]:
    """The modules that a program has loaded in the end, in a process of its own."""
    path = json.dumps(str(Path(cr.__file__).resolve().parent.parent))
    program = f"import sys\nsys.path.insert(0, {path})\n{code}\nimport json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "chainrule"}


def test_the_import_loads_no_module():
    with_it, without = loaded("import chainrule"), loaded("")
    assert own(with_it) == {"chainrule"}
    assert with_it - without <= {"chainrule", "typing", "importlib", *(m for m in with_it if m.split(".")[0] in sys.stdlib_module_names)}
    assert len(with_it - without) <= 20, sorted(with_it - without)


def test_errors_load_no_compiler():
    assert own(loaded("from chainrule import UnsupportedError")) == {"chainrule", "chainrule.errors"}


def test_a_gradient_that_is_declared_loads_no_passes():
    modules = own(loaded("import chainrule\n@chainrule.grad\ndef f(x): return x * x"))
    heavy = {name.split(".")[1] for name in modules if "." in name} & {"backend", "transform", "simplify", "pipeline", "explanation", "cli", "testing", "coverage", "sparse"}
    assert heavy == set()


def test_all_names_are_there_and_found_at_once_afterwards():
    assert sorted(cr.__all__) == list(cr.__all__), "in order"
    for name in cr.__all__:
        assert getattr(cr, name) is not None and name in vars(cr)
        assert name in dir(cr)
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'nothing'"):
        _ = cr.nothing
    namespace: dict = {}
    exec("from chainrule import *", namespace)
    assert set(cr.__all__) <= set(namespace)


def test_what_type_checkers_see_is_what_there_is():
    """The imports for type checkers name the same modules as the table."""
    (block,) = [node for node in ast.parse(SOURCE).body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom) and statement.level == 1
        for alias in statement.names:
            seen[alias.name] = statement.module
    assert sorted(seen) == list(cr.__all__)
    for name, module in seen.items():
        assert cr._MODULES.get(name) == module
        found = importlib.import_module(f"chainrule.{module or name}")
        assert getattr(cr, name) is (found if module is None else getattr(found, name))
