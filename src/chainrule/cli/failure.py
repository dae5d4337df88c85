"""What goes wrong by the user's doing, as the text that is printed: no traceback, or only the part of it that is in the user's code."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

__all__ = ["UserError", "users_part"]

PACKAGE = str(Path(__file__).resolve().parent.parent)
ENTRIES = ("<chainrule entry>", "<chainrule run>")  # what finds the specialisation


class UserError(Exception):
    """An error of the user's; the message is printed as it is, and the exit code is 2."""


def users_part(error: BaseException) -> str:
    """An exception with its traceback, as Python prints it, without the frames of this package and of the import system.

    Lines of generated code stay: after each stands the user's line that it stems from. So do exceptions that led to this one.
    """
    parts = []
    seen: set[int] = set()
    current: BaseException | None = error
    link = ""
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(_one(current) + link)
        if current.__cause__ is not None:
            link, current = "\nThe above exception was the direct cause of the following exception:\n\n", current.__cause__
        elif current.__context__ is not None and not current.__suppress_context__ and not _ours(current.__context__):
            link, current = "\nDuring handling of the above exception, another exception occurred:\n\n", current.__context__
        else:
            current = None
    return "".join(reversed(parts)).rstrip("\n")


def _one(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_machinery(frame.filename)]
    shown = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*shown, *traceback.format_exception_only(type(error), error)])


def _ours(error: BaseException) -> bool:
    """Whether an exception was raised and caught in this package: it says nothing to the user."""
    last: TracebackType | None = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is None or _is_machinery(last.tb_frame.f_code.co_filename)


def _is_machinery(file: str) -> bool:
    return file in ENTRIES or file.startswith((PACKAGE, "<frozen importlib", "<frozen runpy"))
