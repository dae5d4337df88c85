"""One thread for every library, so that the numbers compare programs and not thread pools."""

import os

_LIMITS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}


def limit_threads() -> None:
    """Limit the thread pools of NumPy's and the peers' libraries; call before importing them."""
    os.environ.update(_LIMITS)


def pin_to_one_core() -> None:
    """Bind the process to one core, where the system can (thread pools size themselves by it)."""
    if hasattr(os, "sched_setaffinity"):
        # The last core: the first is where most systems handle interrupts.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
