"""examples/*.py -> a page each in docs/gallery: what it says of itself, what it prints, its picture, its source.

Every example is run once, as a user runs it, with `--picture` (or `--output`) where it draws. A page is made anew when the example or the library has changed. The
pages are not kept in the repository.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from sphinx.errors import ExtensionError
from sphinx.util import logging

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ROOT / "docs" / "gallery"
PICTURE = re.compile(r'add_argument\(\s*"(--picture|--output)"')
LIMIT = 300  # seconds for one example; the slowest takes less than a minute on a shared core


def run(path: Path, picture: Path) -> str:
    """What an example prints. Where it can draw, the picture is made."""
    option = PICTURE.search(path.read_text(encoding="utf-8"))
    command = [sys.executable, str(path), *([option[1], str(picture)] if option else [])]
    environment = {**os.environ, "MPLBACKEND": "Agg", "COLUMNS": "100"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, timeout=LIMIT)
    if done.returncode:
        raise ExtensionError(f"{path.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def parts(path: Path) -> tuple[str, str, str]:
    """What an example is about in a few words, in a sentence, and the rest of its docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    sentence, _, body = text.partition("\n\n")
    sentence = " ".join(sentence.split())
    few, _, rest = re.sub(r"(?<=\?) |(?<=\w): ", "\n", sentence, count=1).partition("\n")
    return few.rstrip("."), f"{rest[:1].upper()}{rest[1:]}" or sentence, body


def markdown(body: str) -> str:
    """A docstring's text: indented paragraphs are commands."""
    paragraphs = []
    for paragraph in body.split("\n\n"):
        if paragraph.startswith("    "):
            commands = "\n".join(line[4:] for line in paragraph.split("\n"))
            paragraphs.append(f"```bash\n{commands}\n```")
        else:
            paragraphs.append(paragraph)
    return "\n\n".join(paragraphs)


def page(path: Path) -> str:
    title, sentence, body = parts(path)
    picture = PAGES / f"_{path.stem}.png"
    printed = re.sub(re.escape(str(picture)), picture.name.lstrip("_"), run(path, picture))
    drawn = f"```{{image}} {picture.name}\n:alt: {title}\n:width: 100%\n```\n\n" if picture.exists() else ""
    source = f"```{{literalinclude}} ../../examples/{path.name}\n:language: python\n```"
    return f"# {title}\n\n{sentence}\n\n{markdown(body)}\n\n{drawn}## What it prints\n```text\n{printed.rstrip()}\n```\n\n## The program\n{source}\n"


def card(path: Path) -> str:
    title, sentence, _ = parts(path)
    picture = f":img-top: _{path.stem}.png\n:img-alt: {title}\n" if (PAGES / f"_{path.stem}.png").exists() else ""
    return f":::{{grid-item-card}} {title}\n:link: {path.stem}\n:link-type: doc\n{picture}\n{sentence}\n:::\n"


def write(path: Path, text: str) -> None:
    """Write what has changed: Sphinx reads again what is newer."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def generate(app) -> None:
    library = hashlib.sha256(b"".join(p.read_bytes() for p in sorted((ROOT / "src").rglob("*.py"))) + Path(__file__).read_bytes())
    paths = sorted((ROOT / "examples").glob("*.py"))
    for path in paths:
        key = library.copy()
        key.update(path.read_bytes())
        stamp, target = PAGES / f"_{path.stem}.stamp", PAGES / f"{path.stem}.md"
        if not (target.exists() and stamp.exists() and stamp.read_text() == key.hexdigest()):
            logging.getLogger(__name__).info("running %s", path.name)
            write(target, page(path))
            stamp.write_text(key.hexdigest())
    kept = {path.stem for path in paths}
    for old in PAGES.glob("[!_]*.md"):
        if old.stem not in kept | {"index"}:
            old.unlink()
    write(PAGES / "_cards.md", "::::{grid} 1 2 2 3\n:gutter: 3\n\n" + "\n".join(map(card, paths)) + "::::\n")


def setup(app):
    app.connect("builder-inited", generate)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
