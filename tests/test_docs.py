"""The documentation's Python blocks run as they stand, and print what they say they print.

README.md, and all pages of the site with its notebooks; the pages of the gallery are made by the build, which runs what they show.

The blocks of one file share a namespace. A block that begins with `>>>` is a doctest. A ```text or ```python output block right after a
Python block is what that block prints. Blocks that are not meant to run are marked ```python no-run. A block ```python NAME.py is a file of that name; the lines of a
```console block that begin with `$ chainrule` are commands, which find these files, and print what follows them (then the exit code, if it is not 0).

    python tests/test_docs.py [NAME.md ...]        # rewrites the output blocks; read the difference
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import linecache
import os
import re
import shlex
import sys
import tempfile
import types
from pathlib import Path

import pytest

from chainrule.cli import main

ROOT = Path(__file__).resolve().parent.parent
FILES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "gallery" or path.name == "index.md")]
RUN = ("python", "{code-cell}")
KNOWN = ("python", "python output", "python no-run", "text", "bash", "console")  # and directives of the site
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)


def blocks(path: Path) -> list[tuple[str, str, int, int, int]]:
    """(language, text, line, start, end) of every fenced block of a file."""
    text = path.read_text(encoding="utf-8")
    return [(match[1].strip(), match[2], text.count("\n", 0, match.start()) + 2, match.start(), match.end()) for match in FENCE.finditer(text)]


def run(path: Path) -> list[tuple[int, int, str, str]]:
    """Run a file's Python blocks: (start, end, text, what was printed) of every block that shows an output."""
    module = types.ModuleType(f"blocks_of_{path.stem.replace('-', '_')}")
    sys.modules[module.__name__] = module
    text = path.read_text(encoding="utf-8")
    found = blocks(path)
    outputs = []
    for n, (language, code, line, start, end) in enumerate(found):
        if language.startswith("{code-cell}"):
            code = re.sub(r"^:.*$", "", code, flags=re.MULTILINE) if code.startswith(":") else code  # its options
        elif language == "console":
            outputs.append((start, end, code, commands(code)))
            continue
        elif re.fullmatch(r"python \w+\.py", language):
            Path(language.split()[1]).write_text(code, encoding="utf-8")
            continue
        elif language != "python":
            continue
        if code.lstrip().startswith(">>>"):
            example = doctest.DocTestParser().get_doctest(code, vars(module), f"{path.name}:{line}", str(path), line - 1)
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
            report = io.StringIO()
            runner.run(example, out=report.write, clear_globs=False)
            assert not runner.failures, report.getvalue()
            vars(module).update(example.globs)
            continue
        filename = f"<{path.name}:{line}>"
        source = "\n" * (line - 1) + code  # so that errors name the line of the document
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, filename, "exec"), vars(module))
        if n + 1 < len(found) and found[n + 1][0] in ("text", "python output") and not text[end : found[n + 1][3]].strip():
            _, expected, _, after, stop = found[n + 1]
            outputs.append((after, stop, expected, printed.getvalue()))
    return outputs


def commands(code: str) -> str:
    """What a console shows, with what the commands print now."""
    shown = []
    for line in code.splitlines():
        if not line.startswith("$ chainrule"):
            assert shown and not line.startswith("$"), f"a command of the console is none of ours: {line}"
            continue
        shown.append(line)
        printed = io.StringIO()
        path, modules = [*sys.path], set(sys.modules)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            exit_code = main(shlex.split(line)[2:])
        sys.path[:] = path
        for name in set(sys.modules) - modules:  # each command is a process of its own
            if str(getattr(sys.modules[name], "__file__", None)).startswith(str(Path.cwd())):
                del sys.modules[name]
        shown += printed.getvalue().replace(f"{Path.cwd()}{os.sep}", "").rstrip().splitlines() + [f"(exit code {exit_code})"] * bool(exit_code)
    return "\n".join(shown)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in FILES if any(b[0].startswith((*RUN, "console")) for b in blocks(path))], ids=named)
def test_python_blocks_run(path, tmp_path, monkeypatch):
    for package in re.findall(r"^(?:import|from) (matplotlib|scipy)", path.read_text(encoding="utf-8"), re.MULTILINE):
        pytest.importorskip(package, reason=f"{path.name} needs {package}")
    monkeypatch.chdir(tmp_path)
    for _, _, expected, printed in run(path):
        assert printed.strip() == expected.strip(), f"{path.name} prints something else (python tests/test_docs.py rewrites it)"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_block_is_left_out_by_mistake(path):
    for language, _, line, _, _ in blocks(path):
        assert language in KNOWN or language.startswith("{") or re.fullmatch(r"python \w+\.py", language) or re.fullmatch(r"python \w+\.py", language), f"{named(path)}:{line}: a block of {language or 'nothing'}"


def test_the_examples_named_in_the_documentation_are_there():
    for path in FILES:
        for name in re.findall(r"examples/\w+\.py", path.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{path.name}: {name}"


def test_every_page_stands_in_the_site():
    """Once, in a table of contents: that of a section's index, or the one that leads to the sections."""
    listed = [ROOT / "docs" / "index.md"]
    for path in FILES[1:]:
        for language, text, *_ in blocks(path):
            if language == "{toctree}":
                listed += [(path.parent / f"{line}.md").resolve() for line in text.splitlines() if line and line[0] not in ":*"]
    assert sorted(map(named, listed)) == sorted(map(named, FILES[1:]))


def test_the_commands_of_the_documentation_are_there():
    for path in FILES:
        for name in re.findall(r"python -m (benchmarks(?:\.\w+)*)", path.read_text(encoding="utf-8")):
            assert importlib.util.find_spec(name) is not None, f"{named(path)}: {name}"


def rewrite(path: Path) -> None:
    """Put what the blocks print into the output blocks."""
    text = path.read_text(encoding="utf-8")
    for start, stop, _, printed in reversed(run(path)):
        first = text[start:stop].split("\n", 1)[0]
        text = f"{text[:start]}{first}\n{printed.strip()}\n```{text[stop:]}"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for file in FILES:
        if len(sys.argv) == 1 or file.name in sys.argv[1:]:
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                rewrite(file)
                os.chdir(ROOT)
