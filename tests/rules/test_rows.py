"""Every row of the table against finite differences. A row without samples fails."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.ir.ops import OPS
from chainrule.rules.random import DRAWS
from chainrule.rules.table import ROWS

from .harness import check, check_narrow, of_scipy
from .samples import SAMPLES

# Helpers whose derivative is not known (asking for it is an error), and operations that compute no numbers.
INTERNAL = {
    "push", "pop", "rt.add_ties", "empty_list", "and", "or", "constant", "range", "list_slice",
    "rt.adjugate_dot", "rt.cumprod_dot", "rt.interp_slope_pull", "rt.inverse_gaps", "rt.lower_half", "rt.mean_of_ties", "rt.multiply_at_dot",
    "rt.norm_slope", "rt.norm_slope_dot", "rt.polygamma", "rt.unique_dot",  # tests/rules/test_forward.py
    "rt.solve", "rt.newton_step", "rt.along_root", "rt.through_root",  # tests/test_implicit.py
    "ruled",  # tests/test_custom_rules.py
    "rt.error_args", "rt.expect", "rt.expect_kind", "rt.expect_same", "rt.raised", "np.seterr", "rt.set_errors",
    "np.can_cast", "np.indices", "np.iscomplexobj", "np.isrealobj", "np.isscalar", "np.lexsort", "np.may_share_memory",
    "np.ravel_multi_index", "np.result_type", "np.shares_memory", "np.unravel_index", "rt.adjugate", "rt.cholesky_pull",
    "rt.chunk_size", "rt.cumprod_pull", "rt.cut", "rt.eigh_pull", "rt.eigvalsh_pull", "rt.eigh_along", "rt.svd_along", "rt.unresolved", "rt.interp_slope", "rt.list_ties", "rt.multiply_at_pull", "rt.norm_pull", "rt.one_hot",
    "rt.prod_others_pull", "rt.ties", "rt.unique_pull", "rt.unstack",
}
INTERNAL |= {f"rt.{name}" for name in "as_given bspline bspline_pull direct_step fixed flow generic_like independent linear_step transposed_step".split()}  # tests/test_scipy_*.py
# Draws are compared with the function itself in tests/by_hand/test_random_draws.py, effects in test_effects.py.
INTERNAL |= set(DRAWS) | {name for name in ROWS if name.startswith(("py.", "rt.check_", "rt.expect", "rt.set_")) or name == "rt.raised"}
INTERNAL |= {name for name in ROWS if OPS[name].fresh and OPS[name].effect}  # generators that are made
NAMES = sorted(ROWS)


def test_every_row_has_samples() -> None:
    drawn = {name for name in ROWS if name.startswith(("np.random.", "random.", "py.", "rt.check_")) or of_scipy(name)}  # tested elsewhere
    assert sorted(set(ROWS) - set(SAMPLES) - INTERNAL - drawn) == []


@pytest.mark.parametrize("name", [n for n in NAMES if n in SAMPLES])
def test_row(name: str) -> None:
    for k, sample in enumerate(SAMPLES[name]):
        with np.errstate(all="ignore"):
            try:
                check(name, sample, seed=k)
            except AssertionError as error:
                raise AssertionError(f"{name}{sample.args}{sample.kwargs}: {error}") from error


@pytest.mark.parametrize("name", [n for n in NAMES if n in SAMPLES])
def test_row_in_single_precision(name: str) -> None:
    for sample in SAMPLES[name]:
        with np.errstate(all="ignore"):
            check_narrow(name, sample)
