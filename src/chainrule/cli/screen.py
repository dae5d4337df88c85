"""Text -> the screen: with the colours of syntax where the output is a terminal and Pygments is there (Rich brings it), plain otherwise."""

from __future__ import annotations

import os
import sys
from typing import TextIO

__all__ = ["coloured", "put"]


def coloured(stream: TextIO, allowed: bool = True) -> bool:
    """Whether colours are shown: on a terminal that can, unless `--no-color` or the environment variable NO_COLOR forbids it."""
    return allowed and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def put(text: str, language: str = "python", colours: bool = True) -> None:
    """Print a text in a language that Pygments knows by that name ("python", "diff"; "text" has no colours)."""
    text = text.rstrip("\n") + "\n"
    if language != "text" and coloured(sys.stdout, colours):
        text = _highlighted(text, language)
    sys.stdout.write(text)


def _highlighted(text: str, language: str) -> str:
    try:
        from pygments import highlight
        from pygments.formatters.terminal import TerminalFormatter
        from pygments.lexers import get_lexer_by_name
    except ImportError:
        return text
    # The sixteen colours of the terminal's own theme, light or dark.
    return str(highlight(text, get_lexer_by_name(language, stripnl=False), TerminalFormatter()))
