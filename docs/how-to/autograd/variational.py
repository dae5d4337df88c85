"""Black-box variational inference: the gradient of an estimate over random draws, and densities of SciPy."""

import autograd.numpy as np
import autograd.numpy.random as npr
from autograd import grad
from autograd.misc.optimizers import rmsprop
from autograd.scipy.stats import norm


def black_box_variational_inference(logprob, D, num_samples):
    def unpack_params(params):
        return params[:D], params[D:]

    def gaussian_entropy(log_std):
        return 0.5 * D * (1.0 + np.log(2 * np.pi)) + np.sum(log_std)

    rs = npr.RandomState(0)

    def variational_objective(params, t):
        mean, log_std = unpack_params(params)
        samples = rs.randn(num_samples, D) * np.exp(log_std) + mean
        lower_bound = gaussian_entropy(log_std) + np.mean(logprob(samples, t))
        return -lower_bound

    return variational_objective, grad(variational_objective), unpack_params


def log_posterior(x, t):
    """An unnormalised density: a funnel."""
    mu, log_sigma = x[:, 0], x[:, 1]
    prior = norm.logpdf(log_sigma, 0, 1.35)
    likelihood = norm.logpdf(mu, 0, np.exp(log_sigma))
    return prior + likelihood


objective, gradient, unpack_params = black_box_variational_inference(log_posterior, 2, num_samples=200)
params = rmsprop(gradient, np.array([-1.0, -1.0, -5.0, -5.0]), num_iters=200, step_size=0.1)
mean, log_std = unpack_params(params)
print("mean", mean[0], mean[1])
print("standard deviation", np.exp(log_std)[0], np.exp(log_std)[1])
print("bound", -objective(params, 0))
