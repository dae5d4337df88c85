"""Call -> Graph: the values that carry a derivative, and how much of it flows from each to those that it was computed from."""

from __future__ import annotations

from .build import Built
from .calls import Call
from .model import Graph


def graph(call: Call, built: Built) -> Graph:
    return Graph((), ())


__all__ = ["graph"]
