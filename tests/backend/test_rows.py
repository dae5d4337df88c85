"""Every operation of the table, and every one that its derivative is made of: printed, and compared with the interpreter.

The reverse of one operation is a program; its printed text must give what the interpreter gives. While the interpreter runs
it, each result is compared with its arguments: what shares memory must have declared that it does (`views`), since
the copies that `inplace` leaves out rest on that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.backend.emit import emit
from chainrule.backend.inplace import inplace
from chainrule.backend.load import load
from chainrule.ir.interpret import interpret
from chainrule.ir.ops import Op
from chainrule.transform.reverse import reverse
from tests.rules.harness import Single, needs
from tests.rules.samples import SAMPLES


def arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, (tuple, list)):
        return [array for item in value for array in arrays(item)]
    return [value] if isinstance(value, np.ndarray) else []


def same(got: Any, want: Any) -> None:
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for g, w in zip(got, want):
            same(g, w)
    else:
        assert np.shape(got) == np.shape(want)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def seed_for(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(seed_for(item) for item in value)
    rng = np.random.default_rng(3)
    seed = rng.normal(size=np.shape(value))
    if np.iscomplexobj(value):
        seed = seed + 1j * rng.normal(size=np.shape(value))
    return seed.astype(value.dtype) if isinstance(value, np.ndarray) else type(value)(seed)


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if not name.startswith("np.empty")))
def test_text_and_interpreter_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needs(name)
    run = Op.run

    def checked(op: Op, values: tuple[Any, ...]) -> Any:
        result = run(op, values)
        if not op.views and not op.effect and not isinstance(result, list):  # what is in a list always counts as shared
            shared = [a for a in arrays(result) for b in arrays(list(values)) if a.size and np.may_share_memory(a, b)]
            assert not shared, f"{op.name} gives a view and does not say so"
        return result

    monkeypatch.setattr(Op, "run", checked)
    for sample in SAMPLES[name]:
        with np.errstate(all="ignore"):
            single = Single(name, sample)
            if not single.wrt:
                continue
            program = reverse(single.program, single.wrt, seed="pullback")
            value, pull = interpret(program, tuple(single.values))
            if isinstance(value, (tuple, list)) or not np.size(value) or not np.issubdtype(np.asarray(value).dtype, np.inexact):
                continue
            seed = seed_for(value)
            want = pull(seed)
            got_value, got_pull = load(emit(inplace(program)))(*single.values)
            same(got_value, value)
            got = got_pull(seed)
        same(got, want)
        same(got_pull(seed), want)
