"""Tables as aligned text or as Markdown."""

from collections.abc import Sequence


def seconds(value: float | None) -> str:
    """A time with three digits and its unit; a dash where there is none."""
    if value is None:
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def ratio(value: float | None) -> str:
    """A ratio with two decimals, or none from 100 on; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool) -> str:
    """The rows under their header: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *rest])} |" if markdown else "  ".join([first, *rest])

    if markdown:
        rules = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        heading = f"**{title}**\n"
    else:
        rules = ["-" * width for width in widths]
        heading = title
    return "\n".join([heading, line(header), line(rules), *map(line, rows)])
