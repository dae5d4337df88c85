import numpy as np

import chainrule as cr


def heat(u, rate, steps):
    flux = np.empty(steps)
    for n in range(steps):
        u[1:-1] += rate * (u[:-2] - 2 * u[1:-1] + u[2:])
        flux[n] = u[1]
    return np.sum(u**2) + np.sum(flux)


heat_grad = cr.grad(heat, argnums=(0, 1))
u_bar, rate_bar = heat_grad(np.linspace(0.0, 1.0, 6) ** 2, 0.2, 10)
print(u_bar, rate_bar)
