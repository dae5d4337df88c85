"""Gravitating bodies, all pairs at once, over a few time steps."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def nbody(position: Array, velocity: Array, mass: Array, dt: float, steps: int) -> float:
    """The final spread of n bodies; position and velocity (n, 3), mass (n,)."""
    for _ in range(steps):
        offset = position - position[:, None]
        inverse = (np.sum(offset * offset, axis=2) + 0.01) ** -1.5
        acceleration = np.sum((mass * inverse)[:, :, None] * offset, axis=1)
        velocity = velocity + dt * acceleration
        position = position + dt * velocity
    return np.sum(position**2)


def nbody_gradient(
    position: Array, velocity: Array, mass: Array, dt: float, steps: int
) -> tuple[Array, Array, Array]:
    """d nbody / d (position, velocity, mass)."""
    tape = []
    for _ in range(steps):
        offset = position - position[:, None]
        distance = np.sum(offset * offset, axis=2)
        distance += 0.01
        inverse = distance**-1.5
        weight = mass * inverse
        tape.append((offset, distance, inverse, weight))
        velocity = velocity + dt * np.sum(weight[:, :, None] * offset, axis=1)
        position = position + dt * velocity

    position_bar = 2.0 * position
    velocity_bar = np.zeros_like(velocity)
    mass_bar = np.zeros_like(mass)
    while tape:
        offset, distance, inverse, weight = tape.pop()
        # velocity = velocity + dt * acceleration;  position = position + dt * velocity
        velocity_bar += dt * position_bar
        acceleration_bar = (dt * velocity_bar)[:, None]
        # acceleration = np.sum((mass * inverse)[:, :, None] * offset, axis=1)
        product = offset * acceleration_bar
        weight_bar = product.sum(axis=2)
        offset_bar = np.multiply(weight[:, :, None], acceleration_bar, out=product)
        mass_bar += (weight_bar * inverse).sum(axis=0)
        # inverse = (np.sum(offset * offset, axis=2) + 0.01) ** -1.5
        inverse /= distance
        weight_bar *= mass
        weight_bar *= inverse
        weight_bar *= -3.0
        offset *= weight_bar[:, :, None]
        offset_bar += offset
        # offset = position - position[:, None]
        position_bar += offset_bar.sum(axis=0)
        position_bar -= offset_bar.sum(axis=1)
    return position_bar, velocity_bar, mass_bar


def _args() -> tuple[Array, Array, Array, float, int]:
    rng = np.random.default_rng(4)
    return rng.normal(size=(64, 3)), rng.normal(size=(64, 3)), rng.uniform(0.5, 1.5, 64), 0.01, 10


WORKLOADS = (Workload("nbody", "vectorised", nbody, nbody_gradient, _args, (0, 1, 2)),)
