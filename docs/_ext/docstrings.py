"""Docstrings as they are written here -> reStructuredText.

`name` in single backticks is a link where the reference has an entry of that name, and code otherwise. A paragraph of `name: what it is`, with further lines indented,
is a list.
"""

from __future__ import annotations

import re
from itertools import groupby

import chainrule

PLACES = {name: f"chainrule.{name}" for name in chainrule.__all__}
SINGLE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?![`_])")
ITEM = re.compile(r"^(\w+): +")


def linked(line: str) -> str:
    """One line of a docstring, its single backticks resolved.

    >>> linked("as `grad`, or `np.sin`")
    'as :py:obj:`~chainrule.grad`, or ``np.sin``'
    """
    return SINGLE.sub(lambda match: f":py:obj:`~{PLACES[match[1]]}`" if match[1] in PLACES else f"``{match[1]}``", line)


def listed(paragraph: list[str]) -> list[str]:
    """A paragraph, as a list where it is one.

    >>> listed(["x: a number", "    or an array", "n: how many"])
    ['- ``x``: a number', '  or an array', '- ``n``: how many']
    """
    items = [line for line in paragraph if not line.startswith(" ")]
    if not items or not all(ITEM.match(line) for line in items):
        return paragraph
    return [f"  {line.lstrip()}" if line.startswith(" ") else ITEM.sub(r"- ``\1``: ", line) for line in paragraph]


def rewrite(app, what, name, obj, options, lines):
    made: list[str] = []
    for blank, paragraph in groupby(lines, key=lambda line: not line.strip()):
        block = list(paragraph)
        made += block if blank or block[0].lstrip().startswith(">>>") else map(linked, listed(block))
    lines[:] = made


def setup(app):
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
