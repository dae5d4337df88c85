import jax
import jax.numpy as jnp
import numpy as np


def predict(params, x):
    return jnp.tanh(x @ params["w"] + params["b"]) @ params["v"]


def loss(params, x, y):
    return jnp.mean(jax.vmap(lambda one, target: (predict(params, one) - target) ** 2)(x, y))


@jax.jit
def update(params, x, y):
    value, gradient = jax.value_and_grad(loss)(params, x, y)
    return jax.tree_util.tree_map(lambda p, g: p - 0.2 * g, params, gradient), value


rng = np.random.default_rng(0)
params = {"w": rng.normal(size=(2, 8)), "b": np.zeros(8), "v": rng.normal(size=8)}
x = rng.normal(size=(64, 2))
y = x[:, 0] * x[:, 1]
for _ in range(200):
    params, value = update(params, x, y)
print(value)
