"""Docstrings as they are written here -> reStructuredText.

They are plain text. `name` in backticks is a link where the reference has an entry of that name, and code otherwise; an indented paragraph is code; a paragraph of
`name: what it is`, further lines indented, is a list. All else stands for itself: a star is a star.
"""

from __future__ import annotations

import re
from itertools import groupby

import chainrule

PLACES = {name: f"chainrule.{name}" for name in chainrule.__all__ if name != "errors"}
SPANS = re.compile(r"(``.+?``|`[^`]+`)")
ITEM = re.compile(r"^(?![A-Z])((?:\*{0,2}\w+)(?:, \*{0,2}\w+)*): +")
SPECIAL = re.compile(r"([\\*|]|_(?!\w))")


def inline(text: str) -> str:
    """A line of text, with its names and code.

    >>> inline("as `grad`, or `np.sin` of *args")
    'as :py:obj:`~chainrule.grad`, or ``np.sin`` of \\\\*args'
    """
    return "".join(_span(part) if part.startswith("`") else SPECIAL.sub(r"\\\1", part) for part in SPANS.split(text))


def _span(text: str) -> str:
    name = text.strip("`")
    return f":py:obj:`~{PLACES[name]}`" if text == f"`{name}`" and name in PLACES else f"``{name}``"


def flowing(lines: list[str]) -> list[list[str]]:
    """Lines, each with those that are indented below it."""
    groups: list[list[str]] = []
    for line in lines:
        if line.startswith(" ") and groups:
            groups[-1].append(line.strip())
        else:
            groups.append([line.strip()])
    return groups


def paragraph(lines: list[str]) -> list[str]:
    """A paragraph as it is to be read by Sphinx.

    >>> paragraph(["x: a number", "    or an array", "n: how many"])
    ['- ``x``: a number or an array', '- ``n``: how many']
    >>> paragraph(["    y = f(x)"])
    ['.. code-block:: python', '', '    y = f(x)']
    """
    if lines[0].startswith(">>>"):
        return lines
    if lines[0].startswith(" "):
        return [".. code-block:: python", "", *lines]
    groups = [" ".join(group) for group in flowing(lines)]
    if all(ITEM.match(group) for group in groups):
        return [f"- ``{ITEM.match(group)[1]}``: {inline(ITEM.sub('', group))}" for group in groups]
    if all(group.startswith("- ") for group in groups):
        return [f"- {inline(group[2:])}" for group in groups]
    return [inline(" ".join(groups))]


def rewrite(app, what, name, obj, options, lines):
    made: list[str] = []
    for blank, block in groupby(lines, key=lambda line: not line.strip()):
        made += [""] if blank else paragraph(list(block))
    lines[:] = [*made, ""]


def setup(app):
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
