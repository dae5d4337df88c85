"""Likelihoods, mixtures, factorisations, sequences, networks."""

from __future__ import annotations

import logging
import math
from collections import Counter

import numpy as np
import pytest
from numpy import exp, log, sqrt

from tests.realistic.programs import program, programs

logger = logging.getLogger("inference")


# -- statistics ------------------------------------------------------------------------------------------------------


class GaussianProcess:
    """GP regression in the way of scikit-learn: fit, predict, log marginal likelihood."""

    def __init__(self, kernel="rbf", **hyper):
        self.kernel = getattr(self, "_" + kernel)
        self.hyper = hyper

    def _sqdist(self, A, B):
        return np.sum(A**2, 1)[:, None] + np.sum(B**2, 1)[None, :] - 2 * A @ B.T

    def _rbf(self, A, B):
        return self.hyper["variance"] * np.exp(-0.5 * self._sqdist(A, B) / self.hyper["lengthscale"] ** 2)

    def _matern(self, A, B):
        r = np.sqrt(np.maximum(self._sqdist(A, B), 1e-12)) / self.hyper["lengthscale"]
        return self.hyper["variance"] * (1 + np.sqrt(3) * r) * np.exp(-np.sqrt(3) * r)

    def fit(self, X, y):
        self.X_ = X
        K = self.kernel(X, X)
        K[np.diag_indices_from(K)] += self.hyper.get("noise", 0.1)
        self.L_ = np.linalg.cholesky(K)
        self.alpha_ = np.linalg.solve(self.L_.T, np.linalg.solve(self.L_, y))
        self.lml_ = -0.5 * y @ self.alpha_ - np.log(np.diag(self.L_)).sum() - len(y) / 2 * np.log(2 * np.pi)
        return self

    def predict(self, X, return_std=False):
        Ks = self.kernel(X, self.X_)
        mean = Ks @ self.alpha_
        if not return_std:
            return mean
        v = np.linalg.solve(self.L_, Ks.T)
        var = np.diag(self.kernel(X, X)) - np.sum(v**2, axis=0)
        return mean, np.sqrt(var)


@program(0.8, 1.3, 0.05)
def gaussian_process_regressor(lengthscale, variance, noise):
    X = np.linspace(-2, 2, 6)[:, np.newaxis]
    y = np.sin(2 * X[:, 0])
    total = 0.0
    for name in ("rbf", "matern"):
        gp = GaussianProcess(name, lengthscale=lengthscale, variance=variance, noise=noise).fit(X, y)
        mean, std = gp.predict(np.array([[0.3], [2.5]]), return_std=True)
        total += gp.lml_ + mean[0] - std[1]
    return total


@program(np.array([[0.0, 0.2], [3.0, 2.5]]), np.array([[0.1, 0.0], [0.3, 0.4], [2.9, 2.6], [3.2, 2.2], [2.7, 3.1], [-0.4, 0.3]]), by_values=True)
def gaussian_mixture_em(means, X):
    """EM for a mixture with full covariances; the loop stops when the likelihood does."""
    n, d = X.shape
    k = len(means)
    mu = means.copy()
    sigma = np.array([np.eye(d)] * k)
    pi = np.ones(k) / k
    old = -np.inf
    lls = []
    for it in range(8):
        logp = np.empty((n, k))
        for j in range(k):
            diff = X - mu[j]
            sign, logdet = np.linalg.slogdet(sigma[j])
            maha = np.einsum("ni,ij,nj->n", diff, np.linalg.inv(sigma[j]), diff)
            logp[:, j] = np.log(pi[j]) - 0.5 * (maha + logdet + d * np.log(2 * np.pi))
        m = logp.max(axis=1, keepdims=True)
        lse = m[:, 0] + np.log(np.exp(logp - m).sum(axis=1))
        ll = lse.sum()
        lls.append(ll)
        if abs(ll - old) < 1e-3:
            break
        old = ll
        resp = np.exp(logp - lse[:, None])
        Nk = resp.sum(0)
        pi = Nk / n
        mu = (resp.T @ X) / Nk[:, None]
        for j in range(k):
            diff = X - mu[j]
            sigma[j] = (resp[:, j, None] * diff).T @ diff / Nk[j] + 0.1 * np.eye(d)
    return lls[-1] + mu[0, 1] - lls[0] / 10


@program(np.array([[1.0, 0.5, 2.0], [0.2, 1.5, 0.7], [2.2, 0.1, 1.1], [0.9, 1.9, 0.4]]), 0.1, by_values=True)
def nonnegative_factorisation(V, l1):
    """NMF by multiplicative updates; restarts by seed, the best one is kept."""
    best, best_err = None, np.inf
    for seed in range(2):
        gen = np.random.RandomState(seed)
        W = gen.rand(V.shape[0], 2) + 0.1
        H = gen.rand(2, V.shape[1]) + 0.1
        for _ in range(6):
            H *= (W.T @ V) / (W.T @ W @ H + l1)
            W *= (V @ H.T) / (W @ H @ H.T)
        err = np.linalg.norm(V - W @ H)
        if err < best_err:
            best, best_err = (W, H), err
    W, H = best
    return best_err + 0.1 * np.sum(H) + W.max()


@program(np.array([[2.0, 0.3, 0.1], [1.0, -0.5, 0.4], [-1.5, 0.8, -0.2], [0.3, -0.9, 0.5], [-0.8, 0.2, 0.1]]))
def principal_components(X):
    """PCA by SVD with the signs fixed, explained variance, reconstruction error."""
    Xc = X - X.mean(axis=0)
    U, S, Vt = np.linalg.svd(Xc, full_matrices=False)
    flip = np.sign(Vt[np.arange(len(Vt)), np.argmax(np.abs(Vt), axis=1)])
    Vt = Vt * flip[:, None]
    scores = Xc @ Vt.T
    ratio = S**2 / np.sum(S**2)
    k = int(np.searchsorted(np.cumsum(ratio), 0.95)) + 1
    rec = scores[:, :k] @ Vt[:k]
    return ratio[0] + np.linalg.norm(Xc - rec) + scores[0, 0] * 0.1


@program({"omega": 0.05, "alpha": 0.1, "gamma": 0.05, "beta": 0.8}, np.array([0.3, -0.8, 0.5, 0.1, -1.2, 0.7, 0.2]))
def gjr_garch(params, r):
    """GJR-GARCH log-likelihood with Student t errors; parameters unpacked from a dict."""
    omega, alpha, gamma, beta = (params[k] for k in ("omega", "alpha", "gamma", "beta"))
    nu = 6.0
    const = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(math.pi * (nu - 2))
    h = np.var(r)
    ll = 0.0
    for t in range(len(r)):
        if t > 0:
            h = omega + (alpha + gamma * (r[t - 1] < 0)) * r[t - 1] ** 2 + beta * h
        ll += const - 0.5 * np.log(h) - (nu + 1) / 2 * np.log1p(r[t] ** 2 / (h * (nu - 2)))
    if not np.isfinite(ll):
        return 1e10
    return -ll


@program(np.array([0.5, -0.3, 0.8]), 0.7, 1)
def sequential_importance_resampling(obs, rho, seed):
    """A particle filter with systematic resampling of indices when the effective size is low."""
    gen = np.random.default_rng(seed)
    N = 12
    x = gen.normal(0, 1, N)
    logw = np.zeros(N)
    total = 0.0
    for y in obs:
        x = rho * x + gen.normal(0, 0.5, N)
        logw = logw - 0.5 * (y - x) ** 2 / 0.25
        top = logw.max()
        w = np.exp(logw - top)
        total += top + np.log(w.sum() / N)
        w /= w.sum()
        ess = 1 / np.sum(w**2)
        if ess < N / 2:
            u = (gen.random() + np.arange(N)) / N
            idx = np.minimum(np.searchsorted(np.cumsum(w), u), N - 1)
            x = x[idx]
            logw = np.zeros(N)
        else:
            logw = np.log(w)
    return total


@program(np.array([[0.3, 0.1], [-0.2, 0.4], [0.5, -0.1]]), np.array([[0.2, -0.1], [0.0, 0.3]]))
def conditional_random_field(unary, pairwise):
    """A chain CRF: log-partition by forward recursion, marginals by backward, score of the labels."""
    labels = [0, 1, 1]

    def logsumexp(a, axis=None):
        m = np.max(a, axis=axis, keepdims=True)
        s = np.log(np.sum(np.exp(a - m), axis=axis, keepdims=True)) + m
        return s.squeeze() if axis is None else np.squeeze(s, axis=axis)

    T, K = unary.shape
    alpha = np.zeros((T, K))
    beta = np.zeros((T, K))
    alpha[0] = unary[0]
    for t in range(1, T):
        alpha[t] = unary[t] + logsumexp(alpha[t - 1][:, None] + pairwise, axis=0)
    for t in range(T - 2, -1, -1):
        beta[t] = logsumexp(pairwise + unary[t + 1] + beta[t + 1], axis=1)
    logZ = logsumexp(alpha[-1])
    marginals = np.exp(alpha + beta - logZ)
    score = sum(unary[t, l] for t, l in enumerate(labels)) + sum(pairwise[a, b] for a, b in zip(labels[:-1], labels[1:]))
    entropy = -np.sum(marginals * np.log(marginals))
    return score - logZ + 0.1 * entropy


@program(np.array([0.5, -1.0, 0.7, 0.2]), 0.1)
def compressed_sensing(y, lam):
    """Iterative soft thresholding with momentum (FISTA), and debiasing on the support."""
    gen = np.random.default_rng(4)
    A = gen.standard_normal((4, 8)) / 2
    L = np.linalg.norm(A, 2) ** 2
    soft = lambda v, t: np.sign(v) * np.maximum(np.abs(v) - t, 0.0)
    x = z = np.zeros(8)
    t = 1.0
    for _ in range(30):
        x_old = x
        x = soft(z - A.T @ (A @ z - y) / L, lam / L)
        t_old, t = t, (1 + sqrt(1 + 4 * t * t)) / 2
        z = x + (t_old - 1) / t * (x - x_old)
    support = np.flatnonzero(x)
    return np.sum(np.abs(x)) + 0.5 * np.sum((A @ x - y) ** 2) + 0.01 * len(support)


def negative_binomial_loglik(theta, counts, exposure):
    mu = exposure * exp(theta["rate"])
    r = exp(theta["log_r"])
    lg = np.vectorize(math.lgamma)
    return np.sum(lg(counts + r) - lg(r) - lg(counts + 1.0) + r * log(r / (r + mu)) + counts * log(mu / (r + mu)))


@program({"rate": 0.4, "log_r": 0.7})
def overdispersed_counts(theta):
    """A negative binomial likelihood with np.vectorize of math.lgamma, and a prior from a table of functions."""
    counts = np.array([0, 2, 5, 1, 0, 3])
    exposure = np.array([1.0, 1.5, 2.0, 1.0, 0.5, 1.0])
    priors = {"rate": lambda x: -0.5 * x**2, "log_r": lambda x: -abs(x)}
    assert theta.keys() == priors.keys()
    return negative_binomial_loglik(theta, counts, exposure) + sum(priors[name](value) for name, value in theta.items())


# -- networks --------------------------------------------------------------------------------------------------------


def glorot(gen, n_in, n_out):
    return gen.normal(scale=np.sqrt(2 / (n_in + n_out)), size=(n_in, n_out))


def make_transformer(d=4, heads=2, hidden=6, seed=0):
    gen = np.random.default_rng(seed)
    p = {name: glorot(gen, d, d) for name in ("Wq", "Wk", "Wv", "Wo")}
    p["ff"] = [(glorot(gen, d, hidden), np.zeros(hidden)), (glorot(gen, hidden, d), np.zeros(d))]
    p["ln"] = {"g1": np.ones(d), "b1": np.zeros(d), "g2": np.ones(d), "b2": np.zeros(d)}
    return p


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def layer_norm(x, g, b, eps=1e-5):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return g * (x - mean) / np.sqrt(var + eps) + b


def attention_block(x, p, heads=2, causal=True):
    T, d = x.shape
    split = lambda m: m.reshape(T, heads, d // heads).transpose(1, 0, 2)
    q, k, v = (split(x @ p[name]) for name in ("Wq", "Wk", "Wv"))
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(d // heads)
    if causal:
        mask = np.triu(np.ones((T, T), dtype=bool), k=1)
        scores = np.where(mask, -np.inf, scores)
    scores = scores - scores.max(axis=-1, keepdims=True)
    w = np.exp(scores)
    w /= w.sum(axis=-1, keepdims=True)
    return (w @ v).transpose(1, 0, 2).reshape(T, d) @ p["Wo"]


@program(make_transformer(), np.random.default_rng(3).normal(size=(3, 4)))
def transformer_block(params, x):
    """A pre-norm transformer block with causal attention; loss of next-token prediction."""
    ln = params["ln"]
    x = x + attention_block(layer_norm(x, ln["g1"], ln["b1"]), params)
    h = layer_norm(x, ln["g2"], ln["b2"])
    *inner, last = params["ff"]
    for W, b in inner:
        h = gelu(h @ W + b)
    x = x + h @ last[0] + last[1]
    logits = x @ params["Wq"]
    targets = np.array([1, 0, 3])
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -logp[np.arange(3), targets].mean()


class Module:
    def __init__(self):
        self._parameters = {}

    def __setattr__(self, name, value):
        if isinstance(value, np.ndarray):
            self.__dict__.setdefault("_parameters", {})[name] = value
        object.__setattr__(self, name, value)

    def parameters(self):
        yield from self._parameters.values()
        for value in vars(self).values():
            if isinstance(value, Module):
                yield from value.parameters()

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)


class Linear(Module):
    def __init__(self, W, b):
        super().__init__()
        self.W = W
        self.b = b

    def forward(self, x):
        return x @ self.W + self.b


class Residual(Module):
    def __init__(self, inner, scale=1.0):
        super().__init__()
        self.inner = inner
        self.scale = scale

    def forward(self, x, activation=np.tanh):
        return x + self.scale * activation(self.inner(x))


@program(np.array([[0.2, -0.4], [0.1, 0.3]]), np.array([0.1, -0.2]))
def modules_that_register_parameters(W, b):
    """A small module system in the way of PyTorch: __setattr__ registers, parameters() walks."""
    net = Residual(Linear(W, b), scale=0.5)
    x = np.array([[1.0, 2.0], [-0.5, 0.3]])
    out = net(net(x), activation=lambda z: np.maximum(z, 0))
    decay = sum(np.sum(p**2) for p in net.parameters())
    return np.mean(out**2) + 0.01 * decay


@program(np.random.default_rng(0).normal(size=(3, 3)) * 0.5, np.random.default_rng(1).normal(size=(4, 3)), 0.2)
def message_passing(W, features, eps):
    """Graph isomorphism network: adjacency lists, sum aggregation with np.add.at, readout per layer."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    src, dst = np.array(edges + [(b, a) for a, b in edges]).T
    h = features
    readouts = []
    for layer in range(3):
        agg = np.zeros_like(h)
        np.add.at(agg, dst, h[src])
        h = np.maximum(((1 + eps) * h + agg) @ W, 0.01 * ((1 + eps) * h + agg) @ W)
        degree = np.bincount(dst, minlength=len(h))
        h = h / np.sqrt(degree)[:, None]
        readouts.append(h.sum(axis=0))
    return np.tanh(np.concatenate(readouts)).sum()


def im2col(x, k):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))
    c, h, w = windows.shape[:3]
    return windows.transpose(1, 2, 0, 3, 4).reshape(h * w, -1), (h, w)


@program(np.random.default_rng(5).normal(size=(2, 2 * 9)) * 0.3, np.random.default_rng(6).normal(size=(2, 6, 6)))
def convolution_by_columns(kernels, image):
    """Convolution as a matrix product of windows, batch normalisation, average pooling, dropout with a mask."""
    cols, (h, w) = im2col(image, 3)
    out = (cols @ kernels.T).T.reshape(-1, h, w)
    mean = out.mean(axis=(1, 2), keepdims=True)
    std = out.std(axis=(1, 2), keepdims=True)
    out = (out - mean) / (std + 1e-5)
    out = np.where(out > 0, out, 0.1 * out)
    mask = np.random.default_rng(0).random(out.shape) > 0.3
    out = out * mask / 0.7
    pooled = out.reshape(2, 2, 2, 2, 2).mean(axis=(2, 4))
    return np.linalg.norm(pooled.ravel()) + pooled[0, 0, 1]


class Vocabulary:
    def __init__(self, text):
        self.counts = Counter(text.split())
        self.words = [w for w, _ in self.counts.most_common()]
        self.index = {w: i for i, w in enumerate(self.words)}

    def __getitem__(self, word):
        return self.index[word]

    def __len__(self):
        return len(self.words)

    def pairs(self, text, window=1):
        tokens = text.split()
        for i, centre in enumerate(tokens):
            for j in range(max(0, i - window), min(len(tokens), i + window + 1)):
                if j != i:
                    yield self[centre], self[tokens[j]]


@program(np.random.default_rng(7).normal(size=(6, 2)), np.random.default_rng(8).normal(size=(6, 2)))
def skip_gram(U, V):
    """word2vec with negative sampling, one step of SGD at a time, in place."""
    text = "the cat sat on the mat the cat ran"
    vocab = Vocabulary(text)
    assert len(vocab) == len(U)
    U, V = U.copy(), V.copy()
    gen = np.random.default_rng(11)
    loss = 0.0
    for centre, context in vocab.pairs(text):
        negatives = gen.integers(0, len(vocab), size=2)
        for target, label in [(context, 1.0)] + [(n, 0.0) for n in negatives]:
            s = 1 / (1 + np.exp(-U[centre] @ V[target]))
            loss -= label * np.log(s) + (1 - label) * np.log(1 - s)
            g = 0.1 * (s - label)
            du, dv = g * V[target], g * U[centre]
            U[centre] -= du
            V[target] -= dv
    return loss / 10


@pytest.mark.parametrize("program", programs(__name__))
def test_inference_and_networks(program):
    program.check()
