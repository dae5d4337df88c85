"""The table of Python that is refused: node -> (what, why, what to write instead)."""

from __future__ import annotations

REFUSED_EXPRESSIONS: dict[str, tuple[str, str, str]] = {
    "Await": ("`await` cannot be differentiated", "a coroutine is suspended and resumed by somebody else", "call a plain function"),
    "Yield": ("`yield` cannot be differentiated", "a suspended generator cannot be run backwards", "collect the values in a list and return the list"),
    "YieldFrom": ("`yield from` cannot be differentiated", "a suspended generator cannot be run backwards",
                  "collect the values in a list and return the list"),
}

REFUSED_STATEMENTS: dict[str, tuple[str, str, str]] = {
    "AsyncFunctionDef": ("`async def` cannot be differentiated", "a coroutine is suspended and resumed by somebody else", "use a plain function"),
    "AsyncFor": ("`async for` cannot be differentiated", "it is suspended and resumed by somebody else", "use a plain loop"),
    "AsyncWith": ("`async with` cannot be differentiated", "it is suspended and resumed by somebody else", "use a plain block"),
    "TryStar": ("`except*` is not supported", "an exception group is several exceptions at once", "catch them with `except`"),
    "TypeAlias": ("`type` statements are not supported", "they have no effect on the computation", "define the alias outside"),
}
