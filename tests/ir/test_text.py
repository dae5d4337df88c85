"""The dump of a program."""

from __future__ import annotations

from chainrule.ir.text import text
from chainrule.ir.types import INT
from tests.transform.lowering import VECTOR, lower

PROGRAM = """
    def f(x, u, n):
        s = x
        for k in range(1, n):
            if s > 0.0:
                s = s * u[k]
                continue
            u[0] = -s
        while s < 2.0:
            s = s * 2.0
        return (s, u)
"""


def test_structure():
    assert text(lower(PROGRAM, u=VECTOR, n=INT)) == "\n".join([
        "def f(x, u, n):",
        "    for k in range(1, n, 1) carrying s = x, u2 = u -> s3, u4:",
        "        t1 = s > 0.0",
        "        if t1:",
        "            t2 = u2[k]",
        "            s2 = s * t2",
        "            yield s2, u2",
        "        else:",
        "            t3 = -s",
        "            u3 = store(u2, (('index', 0),), t3)",
        "            yield s, u3",
        "    while True carrying s4 = s3 -> s6:",
        "        t4 = s4 < 2.0",
        "        if t4:",
        "            s5 = s4 * 2.0",
        "            yield s5",
        "        else:",
        "            break s4",
        "    return (s6, u4)",
    ])


def test_the_text_does_not_depend_on_what_ran_before():
    assert text(lower(PROGRAM, u=VECTOR, n=INT)) == text(lower(PROGRAM, u=VECTOR, n=INT))
