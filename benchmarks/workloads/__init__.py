"""The workloads, by family. Plain NumPy and Python; every gradient written out by hand.

"By hand" means what a careful person writes in NumPy going backwards through the primal statement
by statement: results are reused, buffers that the function owns are written into, statements whose
value nobody needs are left out. Identities that only hold for the whole (softmax minus labels, a
shift by the maximum that cancels) are not used: a compiler could not know them.
"""

from benchmarks.workload import Workload
from benchmarks.workloads import (
    classification,
    eliminations,
    filters,
    finance,
    linear_algebra,
    networks,
    particles,
    scalars,
    sequences,
    stencils,
    training,
    trajectories,
    waves,
)

WORKLOADS: tuple[Workload, ...] = (
    *scalars.WORKLOADS,
    *networks.WORKLOADS,
    *classification.WORKLOADS,
    *finance.WORKLOADS,
    *particles.WORKLOADS,
    *stencils.WORKLOADS,
    *trajectories.WORKLOADS,
    *sequences.WORKLOADS,
    *linear_algebra.WORKLOADS,
    *eliminations.WORKLOADS,
    *waves.WORKLOADS,
    *filters.WORKLOADS,
    *training.WORKLOADS,
)
