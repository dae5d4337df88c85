"""Two spirals told apart by a small network: nested parameters, a penalty through flatten, Adam with a callback."""

import autograd.numpy as np
import autograd.numpy.random as npr
from autograd import grad
from autograd.misc.flatten import flatten
from autograd.misc.optimizers import adam
from autograd.scipy.special import logsumexp


def init_random_params(scale, layer_sizes, rs):
    return [(scale * rs.randn(m, n), scale * rs.randn(n)) for m, n in zip(layer_sizes[:-1], layer_sizes[1:])]


def predict(params, inputs):
    for W, b in params:
        outputs = np.dot(inputs, W) + b
        inputs = np.tanh(outputs)
    return outputs - logsumexp(outputs, axis=1, keepdims=True)


def l2_norm(params):
    flattened, _ = flatten(params)
    return np.dot(flattened, flattened)


def log_posterior(params, inputs, targets, penalty):
    return np.sum(predict(params, inputs) * targets) - penalty * l2_norm(params)


def accuracy(params, inputs, targets):
    return np.mean(np.argmax(predict(params, inputs), axis=1) == np.argmax(targets, axis=1))


rs = npr.RandomState(0)
angle = np.linspace(0.3, 2.0, 100) * np.pi
arm = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1) / 3.0
inputs = np.concatenate([arm, -arm]) + 0.05 * rs.randn(200, 2)
targets = np.repeat(np.eye(2), 100, axis=0)
init_params = init_random_params(0.5, [2, 16, 16, 2], rs)


def objective(params, iteration):
    batch = slice(iteration % 4, None, 4)
    return -log_posterior(params, inputs[batch], targets[batch], 0.01)


def report(params, iteration, gradient):
    if iteration % 100 == 0:
        print(iteration, accuracy(params, inputs, targets), objective(params, iteration))


trained = adam(grad(objective), init_params, callback=report, num_iters=301, step_size=0.02)
print("at the end", accuracy(trained, inputs, targets))
