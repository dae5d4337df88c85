"""Graph -> places: in layers, from the inputs at the top to the result at the bottom, after Sugiyama, Tagawa and Toda (1981).

Each node stands below all that it is computed from; an edge over several layers gets a place in each of them; the order in a layer is that
of the means of the neighbours' places, a few times down and up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from .graph import Graph

WIDTH, HEIGHT, GAP, LAYER, THREAD = 148.0, 44.0, 16.0, 84.0, 14.0  # of a node; between nodes; from layer to layer; of an edge that passes a layer
_ROUNDS = 24
_WEIGHTS = {"input": 1.0, "value": 1e4, "result": 1e4, "gap": 1e4}  # how much a place counts: what is computed one from another stands in a line
_THREAD_WEIGHT = 4.0
_LEAN = 24.0  # how far to the left, and to the right, inputs want to be from what uses them


@dataclass(frozen=True)
class Layout:
    """centres: of the nodes; paths: for each edge the points that it goes through, from the lower side of one node to the upper side of another."""

    centres: tuple[tuple[float, float], ...]
    paths: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float


def layout(graph: Graph) -> Layout:
    """The places of nodes and edges."""
    count = len(graph.nodes)
    layers = _layers(graph)
    depth = dict(enumerate(layers))
    up: dict[int, list[int]] = {}
    down: dict[int, list[int]] = {}
    chains: list[list[int]] = []
    for a, b, _ in graph.edges:
        step = 1 if depth[b] >= depth[a] else -1
        chain = [a]
        for layer in range(depth[a] + step, depth[b], step):
            new = len(depth)
            depth[new] = layer
            chain.append(new)
        chain.append(b)
        chains.append(chain)
        for one, two in pairwise(chain):
            upper, lower = (one, two) if depth[one] <= depth[two] else (two, one)
            down.setdefault(upper, []).append(lower)
            up.setdefault(lower, []).append(upper)
    rows: list[list[int]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for item, layer in depth.items():
        rows[layer].append(item)
    x = _across(rows, up, down, [_WEIGHTS[node.kind] for node in graph.nodes], _leaning(rows, graph))
    left = min((x[n] - _wide(n, count) / 2 for n in x), default=0.0) - GAP
    right = max((x[n] + _wide(n, count) / 2 for n in x), default=WIDTH) + GAP
    y = {n: layer * LAYER + HEIGHT / 2 + GAP for n, layer in depth.items()}
    paths = []
    for chain in chains:
        downwards = y[chain[-1]] >= y[chain[0]]
        side = HEIGHT / 2 if downwards else -HEIGHT / 2
        inner = [(x[n] - left, y[n]) for n in chain[1:-1]]
        paths.append(((x[chain[0]] - left, y[chain[0]] + side), *inner, (x[chain[-1]] - left, y[chain[-1]] - side)))
    return Layout(tuple((x[n] - left, y[n]) for n in range(count)), tuple(paths), right - left, len(rows) * LAYER - (LAYER - HEIGHT) + 2 * GAP)


def _layers(graph: Graph) -> list[int]:
    """The layer of each node. Edges against the order of the nodes (into a statement that has called a function, from that) do not count."""
    layer = [0] * len(graph.nodes)
    for b in range(len(graph.nodes)):
        layer[b] = max((layer[a] + 1 for a, to, _ in graph.edges if to == b and a < b), default=0)
    for n, node in enumerate(graph.nodes):  # an input stands right above what first uses it
        users = [layer[b] for a, b, _ in graph.edges if a == n]
        if node.kind == "input" and users:
            layer[n] = max(min(users) - 1, 0)
    return layer


def _leaning(rows: list[list[int]], graph: Graph) -> dict[int, float]:
    """Of the inputs in a row, every other one stands to the right of what uses it."""
    found: dict[int, float] = {}
    for row in rows:
        inputs = [n for n in row if n < len(graph.nodes) and graph.nodes[n].kind == "input"]
        found.update((n, _LEAN if k % 2 else -_LEAN) for k, n in enumerate(inputs))
    return found


def _across(rows: list[list[int]], up: dict[int, list[int]], down: dict[int, list[int]], weights: list[float], leaning: dict[int, float]) -> dict[int, float]:
    """The place of each item in its row."""
    count = len(weights)
    x: dict[int, float] = {}

    def weight(n: int) -> float:
        return weights[n] if n < count else _THREAD_WEIGHT

    for row in rows:
        _spread(row, dict.fromkeys(row, 0.0), x, count, weight)
    for round_ in range(_ROUNDS):
        neighbours = up if round_ % 2 == 0 else down
        for row in rows if round_ % 2 == 0 else reversed(rows):
            wanted = {n: _mean([(x[m], weight(m)) for m in neighbours.get(n, ())], x[n]) + leaning.get(n, 0.0) for n in row}
            row.sort(key=lambda n: (wanted[n], x[n]))
            _spread(row, wanted, x, count, weight)
    return x


def _spread(row: list[int], wanted: dict[int, float], x: dict[int, float], count: int, weight: Callable[[int], float]) -> None:
    """Place a row as near as possible to where its items want to be: those that are too near to each other move together (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []  # the mean of what its items want, less their offsets; what it weighs; how many items
    offset, offsets = 0.0, []
    for k, n in enumerate(row):
        if k:
            offset += (_wide(row[k - 1], count) + _wide(n, count)) / 2 + GAP
        offsets.append(offset)
        blocks.append((wanted[n] - offset, weight(n), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, v, m), (b, w, k2) = blocks[-2:]
            blocks[-2:] = [((a * v + b * w) / (v + w), v + w, m + k2)]
    start = 0
    for mean, _, size in blocks:
        for k in range(start, start + size):
            x[row[k]] = mean + offsets[k]
        start += size


def _mean(values: list[tuple[float, float]], default: float) -> float:
    """The mean of values with weights."""
    total = sum(weight for _, weight in values)
    return sum(value * weight for value, weight in values) / total if total else default


def _wide(n: int, count: int) -> float:
    return WIDTH if n < count else THREAD


__all__ = ["HEIGHT", "WIDTH", "Layout", "layout"]
