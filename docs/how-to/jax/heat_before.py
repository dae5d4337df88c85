import jax
import jax.numpy as jnp
from jax import lax


def heat(u, rate, steps):
    def step(u, _):
        inner = u[1:-1] + rate * (u[:-2] - 2 * u[1:-1] + u[2:])
        return u.at[1:-1].set(inner), inner[0]

    u, flux = lax.scan(step, u, None, length=steps)
    return jnp.sum(u**2) + jnp.sum(flux)


heat_grad = jax.jit(jax.grad(heat, argnums=(0, 1)), static_argnums=2)
u_bar, rate_bar = heat_grad(jnp.linspace(0.0, 1.0, 6) ** 2, 0.2, 10)
print(u_bar, rate_bar)
