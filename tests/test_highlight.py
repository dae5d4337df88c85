"""Source in notebooks: coloured by the tokenizer, nothing lost; a tab for each specialisation; and what a browser makes of it."""

from __future__ import annotations

import html
import importlib.util
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.highlight import markup, spans, tabs

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*_grad.py"))


@pytest.mark.parametrize("path", GOLDEN[::6], ids=lambda path: path.stem)
def test_nothing_is_lost(path):
    text = path.read_text(encoding="utf-8")
    assert "".join(part for _, part in spans(text)) == text
    assert html.unescape(re.sub(r"</?span[^>]*>", "", markup(text))) == text


def test_kinds():
    text = 'def f(x, n=None):\n    """Text."""\n    # note\n    return np.sum(x) < 1.5e3 and f"{x!r}" or "ü<"\n'
    assert [(kind, part) for kind, part in spans(text) if kind and not (kind == "string" and part[:1] in "f{}")][:9] == [
        ("keyword", "def"), ("definition", "f"), ("number", "None"), ("string", '"""Text."""'), ("comment", "# note"), ("keyword", "return"), ("call", "sum"), ("number", "1.5e3"),
        ("keyword", "and")]
    for text in ("not (python", "def f(:\n  x", "'", "", "a\r\nb = 2", "    indented\n  less"):
        assert "".join(part for _, part in spans(text)) == text


class Tree(HTMLParser):
    """(tag, attributes) of all that is opened; everything opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag != "input":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def of(tree: Tree, tag: str) -> list[dict[str, str | None]]:
    return [attributes for found, attributes in tree.found if found == tag]


def area(r):
    return np.sum(r * r)


def test_a_tab_for_each_specialisation():
    df = cr.grad(area)
    tree = Tree(df._repr_html_())  # nothing is known of the types: what there is to say
    assert not of(tree, "input") and "chainrule.grad(area)" in df._repr_html_() and "parameter &#x27;r&#x27; has no annotation" in df._repr_html_()
    df(2.0), df(np.ones(3)), df(np.ones(4)), df.source_for(np.ones(2, np.float32)), df(2.0)
    text = df._repr_html_()
    tree = Tree(text)
    assert not tree.open
    buttons, codes = of(tree, "input"), of(tree, "pre")
    assert len(buttons) == len(codes) == len(df.signatures) == 3
    assert [f"{button['id']}-code" for button in buttons] == [code["id"] for code in codes]
    assert ["checked" in button for button in buttons] == [False, False, True], "the latest that was made or asked for"
    assert all(html.escape(signature) in text for signature in df.signatures)
    assert "script" not in {tag for tag, _ in tree.found} and "http" not in text
    other = Tree(df._repr_html_())
    assert not {b["id"] for b in buttons} & {b["id"] for b in of(other, "input")}, "two outputs in one page"


def test_annotations_and_products():
    def f(x: float) -> float:
        return x * x

    assert '<span class="d">f_grad</span>' in cr.grad(f)._repr_html_()
    assert "for the types of the annotations" in cr.grad(f)._repr_html_()
    product = cr.hvp(f)
    assert "f_grad_pushforward" in product._repr_html_()
    product(2.0, 1.0)
    assert "x: float, x_dot: float" in product._repr_html_()


def test_text_is_escaped():
    text = tabs("<b>", [("<i>", "x < 1  # <script>")])
    assert "<i>" not in text and "<b>" not in text and "<script>" not in text


@pytest.mark.skipif(importlib.util.find_spec("playwright") is None or not os.path.exists("/usr/bin/chromium"), reason="there is no browser")
def test_in_a_browser():
    """One program is shown at a time, and the colours are legible in the light and in the dark."""
    from playwright.sync_api import sync_playwright

    df = cr.grad(area)
    df(2.0), df(np.ones(3))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for scheme, ground, attribute in (("light", "#ffffff", ""), ("dark", "#111111", ""), ("light", "#111111", 'data-jp-theme-light="false"'), ("dark", "#ffffff", 'data-jp-theme-light="true"')):
            page = browser.new_page(color_scheme=scheme)
            page.set_content(f'<body {attribute} style="background: {ground}">{df._repr_html_()}</body>')
            assert [code.is_visible() for code in page.locator("pre").all()] == [False, True]
            page.locator("label").first.click()
            assert [code.is_visible() for code in page.locator("pre").all()] == [True, False]
            for selector in (".k", ".d", ".s", ".c", ".n", "code"):
                shown = page.locator(f"pre:visible {selector}").first if page.locator(f"pre:visible {selector}").count() else None
                if shown is not None:
                    rgb = [int(x) for x in re.findall(r"\d+", shown.evaluate("e => getComputedStyle(e).color"))[:3]]
                    assert contrast(rgb, [int(ground[i:i + 2], 16) for i in (1, 3, 5)]) >= 4.5, (scheme, attribute, selector, rgb)
            page.close()
        browser.close()


def contrast(a: list[int], b: list[int]) -> float:
    """The contrast ratio of WCAG 2."""
    def luminance(rgb: list[int]) -> float:
        linear = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
