"""Block -> frames and sites: in which block each Var is defined, by what, and what that block stands in.

A *frame* is a block with its place: the function's own block, a branch of an If, the body of a loop, or a *leaf* of a loop's
body that ends in a Branch. Sites are numbered in the order of the text, so an argument has a smaller number than
what is computed from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

from ..ir.nodes import Block, Branch, For, If, Let, Pullback, Stmt, Var, While
from ..ir.walk import blocks, defined, end_blocks


@dataclass(frozen=True, eq=False)
class Frame:
    """A block and its place. owner: the If or loop whose block it is, or the Branch whose leaf it is."""

    block: Block
    parent: Frame | None
    owner: Union[If, For, While, Branch, None]
    looped: bool  # whether it may run more than once
    depth: int

    @property
    def is_top(self) -> bool:
        return self.parent is None

    @property
    def is_body(self) -> bool:
        """Whether it is the body of a loop."""
        return isinstance(self.owner, (For, While))


@dataclass(frozen=True, eq=False)
class Site:
    """Where a Var is defined. stmt: by what; None for a parameter of the block."""

    frame: Frame
    stmt: Stmt | None
    number: int


@dataclass(eq=False)
class Places:
    sites: dict[Var, Site] = field(default_factory=dict)
    frames: dict[Block, Frame] = field(default_factory=dict)

    def within(self, inner: Frame, outer: Frame) -> bool:
        """Whether a frame is another one or stands in it."""
        frame: Frame | None = inner
        while frame is not None and frame.depth > outer.depth:
            frame = frame.parent
        return frame is outer


def places(body: Block) -> Places:
    """The frames and sites of a function's body."""
    found = Places()
    _enter(found, body, None, None, False)
    return found


def _enter(found: Places, block: Block, parent: Frame | None, owner: If | For | While | Branch | None, looped: bool) -> None:
    frame = Frame(block, parent, owner, looped, 0 if parent is None else parent.depth + 1)
    found.frames[block] = frame
    for param in block.params:
        found.sites[param] = Site(frame, None, len(found.sites))
    for stmt in block.stmts:
        if isinstance(stmt, (If, For, While)):
            for inner in blocks(stmt):
                _enter(found, inner, frame, stmt, looped or not isinstance(stmt, If))
        for var in defined(stmt):
            found.sites[var] = Site(frame, stmt, len(found.sites))
    for inner in end_blocks(block.end):
        assert isinstance(block.end, Branch)
        _enter(found, inner, frame, block.end, looped)


__all__ = ["Frame", "Let", "Places", "Pullback", "Site", "places"]
