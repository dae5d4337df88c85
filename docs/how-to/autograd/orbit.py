"""A probe is to reach a place at a time: Newton-CG on a simulation, with products of the Hessian, and its Jacobian."""

import autograd.numpy as np
from autograd import hessian_vector_product, jacobian, value_and_grad
from scipy.optimize import minimize


def acceleration(position):
    return -position / np.sum(position**2) ** 1.5


def fly(velocity, steps=200, dt=0.02):
    """Where a probe is that leaves (1, 0); leapfrog steps."""
    position = np.array([1.0, 0.0])
    velocity = velocity + 0.5 * dt * acceleration(position)
    for _ in range(steps):
        position = position + dt * velocity
        velocity = velocity + dt * acceleration(position)
    return position


def miss(velocity, goal):
    return np.sum((fly(velocity) - goal) ** 2)


goal = np.array([-0.9, 0.6])
guess = np.array([0.0, 1.0])
print("derivative of the place", jacobian(fly)(guess))
found = minimize(value_and_grad(miss), guess, args=(goal,), jac=True, hessp=lambda v, direction, goal: hessian_vector_product(miss)(v, goal, direction), method="Newton-CG",
                 tol=1e-10)
print("velocity", found.x)
print("arrives at", fly(found.x))
