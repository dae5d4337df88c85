"""The views of an explanation: table, graph, flow, and what is in the page."""

from __future__ import annotations

import json
import re
import sys
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule.explanation.graph import graph, widths
from chainrule.explanation.layout import HEIGHT, WIDTH, layout
from chainrule.explanation.limit import Gap, visible
from chainrule.explanation.table import rows
from tests.explanation.programs import branching, contracting, loss, network, recurrent, sequence


def test_the_table_is_text():
    text = str(cr.explain(branching, 1.5, 0.7, argnums=(0, 1)))
    lines = text.splitlines()
    assert lines[0] == "branching: 2.41079"
    assert lines[2].split() == ["line", "statement", "value", "cotangent", "operand", "local", "derivative", "contribution"]
    first = branching.__code__.co_firstlineno
    assert [int(line.split()[0]) - first for line in lines if re.match(r"\d", line)] == [1, 2, 3, 6]
    assert next(line for line in lines if "np.sin" in line).split()[1:] == ["b", "=", "np.sin(a)", "0.867423", "1.05", "a", "0.497571", "0.52245"]
    assert lines[-2:] == ["d branching / d x = 1.97291", "d branching / d y = 2.08481"]
    assert max(map(len, lines)) <= 220


def test_long_loops_are_shortened():
    explained = cr.explain(contracting, 1.3, 200)
    text = str(explained)
    assert "200 iterations" in text
    assert "... 196 more iterations" in text
    assert len(text.splitlines()) < 80
    assert sum(row.kind == "iteration" for row in rows(explained)) == 4
    assert sum(row.kind == "iteration" for row in rows(explained, all_iterations=True)) == 200


def test_large_arrays_are_summarised():
    text = str(cr.explain(loss, *network()))
    assert "(32, 16) mean" in text
    assert max(map(len, text.splitlines())) <= 240


def test_rich_prints_a_table(capsys):
    pytest.importorskip("rich")
    from rich.console import Console

    from chainrule.explanation.table import rich_table

    console = Console(width=160, record=True, file=open("/dev/null", "w"))
    console.print(rich_table(cr.explain(branching, 1.5, 0.7)))
    assert "b = np.sin(a)" in console.export_text()


def test_without_rich_the_table_is_plain(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    cr.explain(branching, 1.5, 0.7).print()
    assert capsys.readouterr().out.startswith("branching: 2.41079\n")


# -- graph ------------------------------------------------------------------------------------------------------------


def test_graph_of_operations():
    made = graph(cr.explain(branching, 1.5, 0.7, argnums=(0, 1)))
    assert made.level == "operation"
    assert [(node.label, node.kind) for node in made.nodes] == [
        ("x", "input"), ("y", "input"), ("a", "value"), ("b", "value"), ("a * b", "value"), ("branching", "result")]
    found = {(made.nodes[a].label, made.nodes[b].label): norm for a, b, norm in made.edges}
    a = 1.05
    assert found == {
        ("x", "a"): pytest.approx(0.7 * (np.sin(a) + a * np.cos(a)), rel=1e-5), ("y", "a"): pytest.approx(1.5 * (np.sin(a) + a * np.cos(a)), rel=1e-5),
        ("a", "b"): pytest.approx(a * np.cos(a), rel=1e-5), ("a", "a * b"): pytest.approx(np.sin(a), rel=1e-5), ("b", "a * b"): pytest.approx(a, rel=1e-5),
        ("a * b", "branching"): 1.0, ("x", "branching"): 1.0}  # fmt: skip


def test_edges_are_as_wide_as_the_gradient():
    made = graph(cr.explain(recurrent, *sequence(20)))
    pairs = sorted(zip((norm for *_, norm in made.edges), widths(made)))
    assert [width for _, width in pairs] == sorted(width for _, width in pairs)
    assert pairs[-1][1] == 9.0 and pairs[0][1] >= 0.7


def test_graphs_of_long_loops_have_few_nodes():
    explained = cr.explain(contracting, 1.3, 500)
    made = graph(explained)
    assert made.level == "statement" and len(made.nodes) <= 45
    assert [node.kind for node in made.nodes].count("gap") == 1
    assert "iterations" in next(node.label for node in made.nodes if node.kind == "gap")


def test_places_do_not_overlap():
    for explained in (cr.explain(loss, *network()), cr.explain(recurrent, *sequence(12), argnums=(0, 1)), cr.explain(branching, 1.5, 0.7, argnums=(0, 1))):
        made = graph(explained)
        placed = layout(made)
        for n, (x, y) in enumerate(placed.centres):
            assert WIDTH / 2 <= x <= placed.width - WIDTH / 2 and HEIGHT / 2 <= y <= placed.height - HEIGHT / 2
            for x2, y2 in placed.centres[:n]:
                assert abs(x - x2) >= WIDTH or abs(y - y2) >= HEIGHT
        for a, b, _ in made.edges:
            assert placed.centres[a][1] < placed.centres[b][1]


def test_dot():
    text = cr.explain(branching, 1.5, 0.7, argnums=(0, 1)).to_dot()
    assert text.startswith('digraph "branching" {') and text.endswith("}")
    assert len(re.findall(r"^  n\d+ -> n\d+ \[penwidth=[\d.]+", text, re.MULTILINE)) == 7


# -- flow -------------------------------------------------------------------------------------------------------------


def test_flow_is_the_norm_of_the_gradient_at_each_step():
    w, u, x = sequence(15)
    found = cr.explain(recurrent, w, u, x).flow()["h"]

    def from_state(h, t):
        for k in range(t, len(x)):
            h = np.tanh(w @ h + u @ x[k])
        return np.sum(h**2)

    h = np.zeros(6)
    for t in range(len(x)):
        h = np.tanh(w @ h + u @ x[t])
        assert found[t] == pytest.approx(np.linalg.norm(cr.grad(from_state)(h, t + 1)), rel=1e-9)
    assert found[0] < 1e-3 * found[-1]


def test_flow_as_text_and_as_a_plot():
    flow = cr.explain(recurrent, *sequence(100)).flow()
    line = str(flow).splitlines()[0]
    assert re.fullmatch(r" *\d+ h +\|.{60}\| \S+ ... \S+", line)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    ax = flow.plot()
    assert ax.get_yscale() == "log"
    assert len(ax.lines[0].get_xdata()) == 100
    own = pyplot.subplots()[1]
    assert flow.plot(own) is own
    pyplot.close("all")
    with pytest.raises(KeyError):
        flow["nothing"]


# -- page -------------------------------------------------------------------------------------------------------------


def data_of(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_the_page_needs_nothing_else(tmp_path):
    explained = cr.explain(loss, *network())
    text = explained.to_html()
    explained.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
    assert not re.search(r'(?:src|href)="(?!data:,")|@import|url\(|https?://(?!www\.w3\.org/2000/svg")', text)
    assert explained._repr_html_().startswith("<iframe")


def test_the_page_is_made_in_time():
    args = network()
    begun = time.process_time()
    text = cr.explain(loss, *args).to_html()
    assert time.process_time() - begun < 2.0
    assert len(text.encode()) < 200_000


def test_the_page_of_a_long_loop_is_small():
    explained = cr.explain(contracting, 1.3, 3000)
    text = explained.to_html()
    assert len(text.encode()) < 1_000_000
    (loop, last) = data_of(text)["entries"]
    assert loop["count"] == 3000
    gaps = [one["gap"] for one in loop["iterations"] if "gap" in one]
    assert gaps == ["2,800 more iterations"]
    assert data_of(text)["flow"][0]["count"] == 3000
    shown = list(visible(explained.entries, 100, 400))
    assert sum(isinstance(one, Gap) for one in shown) == 1


def test_lines_of_the_adjoint_lead_to_those_of_the_primal():
    explained = cr.explain(loss, *network())
    data = data_of(explained.to_html())
    lines = explained.adjoint.text.split("\n")
    own = [source["name"] for source in data["sources"]]
    assert own == ["loss", "layer"]
    for number, (source, line, _) in data["adjoint"]["stems"].items():
        text = explained.sources[source].lines[line - explained.sources[source].first]
        if "error_bar =" in lines[int(number) - 1]:
            assert text.strip() == "return np.mean(error**2)"
        if "np.tanh(" in lines[int(number) - 1]:
            assert text.strip() == "return np.tanh(h @ w + b)"
    visits = {visit for *_, visit in data["adjoint"]["stems"].values()}
    assert len(visits) >= 5  # three layers are three visits


def summed(values):
    total = 0.0
    for value in values:
        total = total + value * value
    return total


def test_very_many_inputs():
    explained = cr.explain(summed, [float(n) for n in range(300)])
    text = explained.to_html()
    assert data_of(text)["hidden"] == 100
    assert [node.label for node in graph(explained).nodes if node.kind == "input"][:1] == ["values"]
    assert "... and 260 more" in str(explained)
    assert len(text.encode()) < 1_000_000


def busy(x, n):
    for _ in range(n):
        x = np.sin(x) + np.cos(x) * np.sin(x) - np.cos(x) / (2.0 + np.sin(x)) + np.exp(-x * x) * np.tanh(x) + np.sqrt(1.0 + x * x) / (3.0 + x * x) - np.log(2.0 + x * x) * 0.1
    return x


def test_the_page_is_smaller_than_a_megabyte_also_with_long_statements():
    text = cr.explain(busy, 0.3, 250).to_html()
    assert len(text.encode()) < 1_000_000
    assert any("gap" in one for one in data_of(text)["entries"][0]["iterations"])


def closing(x):
    note = "</script><!-- <b>"
    y = x * x if note else x
    return y


def test_texts_cannot_end_the_script():
    text = cr.explain(closing, 2.0).to_html()
    assert text.count("</script>") == 2
    assert data_of(text)["name"] == "closing"


def test_in_a_notebook_it_is_hardly_larger():
    explained = cr.explain(contracting, 1.3, 500)
    assert len(explained._repr_html_()) < 1.1 * len(explained.to_html())
