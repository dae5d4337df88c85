"""Python source -> HTML with colours, by the standard library's tokenizer; and programs side by side under tabs, for notebooks.

The page needs no script and nothing from outside: the tabs are radio buttons, and the colours follow the notebook's theme or, where that does not say, the reader's (light or dark).
"""

from __future__ import annotations

import html
import io
import itertools
import keyword
import tokenize
from collections.abc import Iterator, Sequence

__all__ = ["CLASSES", "markup", "spans", "tabs"]

_OF_TYPES = {tokenize.COMMENT: "comment", tokenize.STRING: "string", tokenize.NUMBER: "number"}
CLASSES = {"keyword": "k", "definition": "d", "call": "f", "string": "s", "number": "n", "comment": "c"}
_CONSTANTS = frozenset({"True", "False", "None"})
_counter = itertools.count(1)  # the radio buttons of two outputs in one page are apart


def spans(text: str) -> Iterator[tuple[str, str]]:
    """(kind, part) of a program, in order and without gaps: keyword, definition, call, string, number, comment, or "" for anything else.

    >>> [span for span in spans("x = f(2)  # two") if span[0]]
    [('call', 'f'), ('number', '2'), ('comment', '# two')]
    """
    lines = text.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):  # not Python, or a part of a program
        yield "", text
        return
    done, before = 0, ""
    for token, following in zip(tokens, [*tokens[1:], tokens[-1]]):
        kind = _kind(token, before, following.string)
        if token.string.strip():
            before = token.string
        if not kind:
            continue
        start, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        if start > done:
            yield "", text[done:start]
        yield kind, text[start:end]
        done = end
    if done < len(text):
        yield "", text[done:]


def _kind(token: tokenize.TokenInfo, before: str, following: str) -> str:
    if token.type == tokenize.NAME:
        if token.string in _CONSTANTS:
            return "number"
        if keyword.iskeyword(token.string):
            return "keyword"
        if before in ("def", "class"):
            return "definition"
        return "call" if following == "(" else ""
    if tokenize.tok_name[token.type].startswith("FSTRING"):
        return "string"
    return _OF_TYPES.get(token.type, "")


def markup(text: str) -> str:
    """A program as HTML: each part that has a colour in a span of its kind's class.

    >>> markup("return x < 2")
    '<span class="k">return</span> x &lt; <span class="n">2</span>'
    """
    return "".join(f'<span class="{CLASSES[kind]}">{html.escape(part, quote=False)}</span>' if kind else html.escape(part, quote=False) for kind, part in spans(text))


STYLE = """
.chainrule { LIGHT color: var(--text); }
@media (prefers-color-scheme: dark) { .chainrule { DARK } }
[data-jp-theme-light="true"] .chainrule, body.vscode-light .chainrule, [data-theme="light"] .chainrule { LIGHT }
[data-jp-theme-light="false"] .chainrule, body.vscode-dark .chainrule, [data-theme="dark"] .chainrule { DARK }
.chainrule > input { position: absolute; opacity: 0; }
.chainrule > label { display: inline-block; margin: 0 1em 0.3em 0; padding: 0.15em 0; color: var(--faint); cursor: pointer; font-family: monospace; font-size: 0.9em; border-bottom: 2px solid transparent; }
.chainrule > input:checked + label { color: var(--text); border-bottom-color: var(--d); }
.chainrule > input:focus-visible + label { outline: 1px solid var(--d); }
.chainrule > pre { display: none; margin: 0; padding: 0.5em 0; overflow-x: auto; background: none; color: inherit; border-top: 1px solid var(--line); }
.chainrule .k { color: var(--k); } .chainrule .d { color: var(--d); font-weight: 600; } .chainrule .f { color: var(--f); }
.chainrule .s { color: var(--s); } .chainrule .n { color: var(--n); } .chainrule .c { color: var(--c); font-style: italic; }
"""
_LIGHT = "--text: #1f2328; --faint: #656d76; --line: #d1d9e0; --k: #8250df; --d: #0550ae; --f: #0a5c8a; --s: #0a6b3b; --n: #953800; --c: #656d76;"
_DARK = "--text: #e6edf3; --faint: #9198a1; --line: #3d444d; --k: #d2a8ff; --d: #79c0ff; --f: #a5d6ff; --s: #7ee787; --n: #ffa657; --c: #9198a1;"


def tabs(title: str, programs: Sequence[tuple[str, str]], chosen: int = -1) -> str:
    """Programs, each with a label, under tabs; the chosen one is shown first. A title says what they are."""
    number = next(_counter)
    chosen %= max(len(programs), 1)
    style = STYLE.replace("LIGHT", _LIGHT).replace("DARK", _DARK)
    shown = "".join(f"#chainrule-{number}-{n}:checked ~ #chainrule-{number}-{n}-code {{ display: block; }}\n" for n in range(len(programs)))
    buttons, codes = [], []
    for n, (label, text) in enumerate(programs):
        name = f"chainrule-{number}-{n}"
        buttons.append(f'<input type="radio" name="chainrule-{number}" id="{name}"{" checked" if n == chosen else ""}><label for="{name}">{html.escape(label)}</label>')
        codes.append(f'<pre id="{name}-code"><code>{markup(text.rstrip(chr(10)))}</code></pre>')
    return f'<style>{style}{shown}</style>\n<div class="chainrule" role="group" aria-label="{html.escape(title)}">\n' + "\n".join([*buttons, *codes]) + "\n</div>"
