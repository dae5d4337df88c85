"""The page in a real browser: it draws itself without an error, and does what it says, on wide and narrow screens, light and dark."""

from __future__ import annotations

import shutil

import pytest

import chainrule as cr
from tests.explanation.programs import contracting, loss, network, recurrent, sequence

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
PAGES = {"loss": lambda: cr.explain(loss, *network()), "recurrent": lambda: cr.explain(recurrent, *sequence(40), argnums=(0, 1)),
         "contracting": lambda: cr.explain(contracting, 1.3, 2000)}


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        except sync_api.Error as error:
            pytest.skip(f"there is no browser: {error}")
        yield found
        found.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, made in PAGES.items():
        made().to_html(folder / f"{name}.html")
    return folder


@pytest.fixture
def opened(browser, files):
    """Opens a page; at the end of the test there must have been no error, and no request but for the file itself."""
    contexts, problems = [], []

    def open_(name, width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or problems.append(request.url))
        page.goto((files / f"{name}.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


def text_colour(page, selector):
    """Colours of the text and of what is behind it, as (red, green, blue)."""
    return page.evaluate("""selector => {
        const element = document.querySelector(selector), rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
        let behind = element;
        while (behind && getComputedStyle(behind).backgroundColor.endsWith(", 0)")) behind = behind.parentElement;
        return [rgb(getComputedStyle(element).color), rgb(getComputedStyle(behind || document.documentElement).backgroundColor)];
    }""", selector)


def contrast(one, other):
    """The ratio of the Web Content Accessibility Guidelines."""

    def luminance(colour):
        parts = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", ["loss", "recurrent"])
def test_it_is_drawn_and_fits(opened, name, width, scheme):
    page = opened(name, width, scheme)
    assert page.locator("#primal .line").count() > 3
    assert page.locator("#adjoint .line").count() > 5
    assert page.locator("#graph .node").count() > 5
    assert page.locator("#steps .row").count() > 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#primal .line')).fontSize)")
    assert size >= 11
    for selector in ("h1", "#primal .line > span:last-child", "#steps .row.statement, #steps .row.iteration", "#gradients dd", "#phase"):
        assert contrast(*text_colour(page, selector)) >= 4.5, selector
    dark = sum(text_colour(page, "h1")[1]) < 200
    assert dark == (scheme == "dark")
    left, right = page.locator(".primal").bounding_box(), page.locator(".adjoint").bounding_box()
    assert (left["y"] == right["y"] and left["x"] < right["x"]) if width == 1280 else left["x"] == right["x"] and left["y"] < right["y"]


def test_pointing_at_a_line_shows_its_counterpart_and_its_values(opened):
    page = opened("loss")
    page.locator("#primal .line", has_text="error = h - y").hover()
    near = page.locator("#adjoint .line.near")
    assert any("error = h3 - y" in text for text in near.all_inner_texts())
    assert "error = h - y" in page.locator("#detail h3").inner_text()
    shown = page.locator("#detail").inner_text()
    assert "(32, 2)" in shown and "norm" in shown and "float64" in shown
    page.locator("#adjoint .line", has_text="np.tanh(h @ w2 + b2)").hover()
    assert "return np.tanh(h @ w + b)" in page.locator("#primal .line.near").inner_text()
    assert "(16, 16)" in page.locator("#detail").inner_text()  # the second layer, not the others
    assert page.locator("#graph .node.dimmed").count() > 0
    assert page.locator("#detail h4", has_text="h @ w + b").count() == 2  # the sum, and its tanh: of one layer


def test_stepping_goes_forward_to_the_result_and_back(opened):
    page = opened("loss")
    phase = page.locator("#phase")
    page.locator("#first").click()
    assert "start" in phase.inner_text()
    assert page.locator("#graph .node.back").count() == 0
    page.locator("#forth").click()
    assert "forward 1/8" in phase.inner_text()
    assert page.locator("#primal .line.now").count() == 1
    reached = page.locator("#graph .node.done").count()
    for _ in range(7):
        page.locator("#forth").click()
    assert "forward 8/8" in phase.inner_text()
    assert page.locator("#graph .node.done").count() > reached
    page.locator("#forth").click()
    assert "loss = " in phase.inner_text() and "its cotangent is 1" in phase.inner_text()
    page.locator("#step").press("ArrowRight")
    assert "backward 1/8" in phase.inner_text()
    assert page.locator("#graph .edge.flowed").count() == 2
    page.locator("#last").click()
    assert page.locator("#graph .edge.flowed").count() == page.locator("#graph .edge").count()
    assert page.locator("#graph .node.back").count() == page.locator("#graph .node").count()
    page.locator("#back").click()
    assert "backward 7/8" in phase.inner_text()


def test_playing_ends(opened):
    page = opened("loss")
    page.evaluate("go(TOTAL - 2)")
    page.locator("#play").click()
    page.wait_for_function("Number(document.getElementById('step').value) === TOTAL && timer === null", timeout=10_000)


def test_loops_and_calls_open_and_close(opened):
    page = opened("recurrent")
    heads = page.locator("#steps .row.iteration")
    assert heads.count() == 40
    statements = page.locator("#steps .row.statement")
    before = statements.count()
    heads.nth(3).click()
    assert statements.count() == before + 1
    assert heads.nth(3).get_attribute("aria-expanded") == "true"
    statement = page.locator("#steps .row.statement").first
    statement.press("Enter")
    parts = page.locator("#steps .parts").first
    assert "g * (1 - h ** 2)" in parts.inner_text()
    heads.nth(3).click()
    assert not parts.is_visible()
    page.locator("#steps .row.loop").click()
    assert not heads.first.is_visible()


def test_a_long_loop_says_what_it_leaves_out(opened):
    page = opened("contracting")
    assert "1,800 more iterations" in page.locator("#steps .row.gap").inner_text()
    assert page.locator("#flow svg").count() == 1
    page.evaluate("go(Math.round(TOTAL * 0.8))")
    assert "backward" in page.locator("#phase").inner_text()
    assert page.locator("#steps .row.now").is_visible()


def test_in_a_notebook_it_stands_in_a_frame_of_its_own(browser):
    page = browser.new_page()
    page.set_content(f"<p>cell</p>{cr.explain(loss, *network())._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.locator("#graph .node").first.wait_for()
    assert frame.locator("h1").inner_text().startswith("loss")
    page.close()
