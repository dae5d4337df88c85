"""The shallow-water equations on a staggered grid, stepped in place through views."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def shallow_water(depth: Array, u: Array, v: Array, dt: float, steps: int) -> float:
    """The energy after some steps; depth (m, n), u (m - 1, n) and v (m, n - 1) on the faces between the cells."""
    depth, u, v = depth.copy(), u.copy(), v.copy()
    west, east, south, north = depth[:-1], depth[1:], depth[:, :-1], depth[:, 1:]
    for _ in range(steps):
        u -= dt * (east - west)
        v -= dt * (north - south)
        flow_x = 0.5 * dt * u * (east + west)
        flow_y = 0.5 * dt * v * (north + south)
        west -= flow_x
        east += flow_x
        south -= flow_y
        north += flow_y
    return np.sum(depth**2) + np.sum(u**2) + np.sum(v**2)


def shallow_water_gradient(depth: Array, u: Array, v: Array, dt: float, steps: int) -> tuple[Array, Array, Array]:
    """d shallow_water / d (depth, u, v)."""
    depth, u, v = depth.copy(), u.copy(), v.copy()
    west, east, south, north = depth[:-1], depth[1:], depth[:, :-1], depth[:, 1:]
    half = 0.5 * dt
    tape = []
    for _ in range(steps):
        t = east - west
        t *= dt
        u -= t
        t = north - south
        t *= dt
        v -= t
        sum_x = east + west
        sum_x *= half
        sum_y = north + south
        sum_y *= half
        tape.append((sum_x, sum_y, u.copy(), v.copy()))
        flow_x = u * sum_x
        flow_y = v * sum_y
        west -= flow_x
        east += flow_x
        south -= flow_y
        north += flow_y

    depth *= 2.0
    u *= 2.0
    v *= 2.0
    depth_bar, u_bar, v_bar = depth, u, v
    while tape:
        sum_x, sum_y, u, v = tape.pop()
        # south -= flow_y;  north += flow_y;  west -= flow_x;  east += flow_x
        flow_y_bar = north - south
        flow_x_bar = east - west
        # flow_y = 0.5 * dt * v * (north + south)
        sum_y *= flow_y_bar
        v_bar += sum_y
        v *= half
        flow_y_bar *= v
        north += flow_y_bar
        south += flow_y_bar
        # flow_x = 0.5 * dt * u * (east + west)
        sum_x *= flow_x_bar
        u_bar += sum_x
        u *= half
        flow_x_bar *= u
        east += flow_x_bar
        west += flow_x_bar
        # v -= dt * (north - south)
        np.multiply(v_bar, dt, out=v)
        north -= v
        south += v
        # u -= dt * (east - west)
        np.multiply(u_bar, dt, out=u)
        east -= u
        west += u
    return depth_bar, u_bar, v_bar


def _args() -> tuple[Array, Array, Array, float, int]:
    rng = np.random.default_rng(12)
    m, n = 100, 100
    depth = 1.0 + 0.1 * rng.random((m, n))
    return depth, 0.1 * rng.normal(size=(m - 1, n)), 0.1 * rng.normal(size=(m, n - 1)), 0.1, 50


WORKLOADS = (
    Workload("shallow_water", "loop", shallow_water, shallow_water_gradient, _args, (0, 1, 2)),
)
