"""A mixture of Gaussians, with a primitive of one's own: its rule checked, its Hessian for error bars."""

import autograd.numpy as np
import autograd.numpy.random as npr
from autograd import grad, hessian, make_hvp
from autograd.extend import defvjp, primitive
from autograd.test_util import check_grads


@primitive
def logsumexp(x):
    """log(sum(exp(x))) of each row, without overflow."""
    shift = np.max(x, axis=1, keepdims=True)
    return np.log(np.sum(np.exp(x - shift), axis=1)) + shift[:, 0]


def logsumexp_vjp(ans, x):
    return lambda g: np.exp(x - ans[:, None]) * g[:, None]


defvjp(logsumexp, logsumexp_vjp)


def negative_log_likelihood(params, data):
    """params (6,): two means, two logarithms of widths, two logits."""
    means, log_widths, logits = params[:2], params[2:4], params[4:]
    log_weights = logits - logsumexp(logits[None, :])
    z = (data[:, None] - means) / np.exp(log_widths)
    return -np.mean(logsumexp(log_weights - log_widths - 0.5 * z**2 - 0.5 * np.log(2 * np.pi)))


check_grads(logsumexp, modes=["rev"])(np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]))
rs = npr.RandomState(2)
data = np.concatenate([rs.normal(-1.0, 0.5, 150), rs.normal(2.0, 1.0, 350)])
params = np.array([-0.5, 0.5, 0.0, 0.0, 0.0, 0.0])
gradient = grad(negative_log_likelihood)
for _ in range(600):
    params = params - 0.5 * gradient(params, data)
print("means", params[0], params[1])
print("widths", np.exp(params[2]), np.exp(params[3]))
curvature = hessian(negative_log_likelihood)(params, data)[:4, :4]
print("standard errors", np.sqrt(np.diag(np.linalg.inv(curvature)) / len(data)))
product, _ = make_hvp(negative_log_likelihood)(params, data)
print("along the first mean", product(np.eye(6)[0]))
