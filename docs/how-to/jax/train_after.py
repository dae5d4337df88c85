import numpy as np

import chainrule as cr


def predict(params, x):
    return np.tanh(x @ params["w"] + params["b"]) @ params["v"]


def loss(params, x, y):
    return np.mean((predict(params, x) - y) ** 2)


loss_and_grad = cr.value_and_grad(loss)


def update(params, x, y):
    value, gradient = loss_and_grad(params, x, y)
    for name, g in gradient.items():
        params[name] -= 0.2 * g
    return value


rng = np.random.default_rng(0)
params = {"w": rng.normal(size=(2, 8)), "b": np.zeros(8), "v": rng.normal(size=8)}
x = rng.normal(size=(64, 2))
y = x[:, 0] * x[:, 1]
for _ in range(200):
    value = update(params, x, y)
print(value)
