"""Machine learning by hand: layers, cells, loaders, training loops."""

from __future__ import annotations

import copy
import functools
import json
import logging
import math
from collections import defaultdict, deque, namedtuple
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(5)
log = logging.getLogger(__name__)
X = rng.normal(size=(8, 3))
Y = np.sin(X[:, 0]) + 0.5 * X[:, 1]


def init(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape) * 0.5


# -- layers as classes ---------------------------------------------------------------------------------------------


class Layer:
    registry = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Layer.registry[cls.__name__.lower()] = cls

    def __init__(self, name):
        self.name = name
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return self.forward(x)

    def forward(self, x):
        raise NotImplementedError


class Dense(Layer):
    def __init__(self, W, b, name="dense"):
        super().__init__(name)
        self.W, self.b = W, b

    def forward(self, x):
        return x @ self.W + self.b

    def penalty(self):
        return np.sum(self.W**2)


class Activation(Layer):
    functions = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0), "softplus": lambda x: np.logaddexp(0, x)}

    def __init__(self, kind):
        super().__init__(kind)
        self.function = self.functions[kind]

    def forward(self, x):
        return self.function(x)


class LayerNorm(Layer):
    def __init__(self, gain, eps=1e-5):
        super().__init__("norm")
        self.gain, self.eps = gain, eps

    def forward(self, x):
        mu = x.mean(axis=-1, keepdims=True)
        var = ((x - mu) ** 2).mean(axis=-1, keepdims=True)
        return self.gain * (x - mu) / np.sqrt(var + self.eps)


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__("sequential")
        self.layers = layers

    def forward(self, x):
        return functools.reduce(lambda h, layer: layer(h), self.layers, x)

    def __iter__(self):
        return iter(self.layers)


@program({"W1": init(3, 4), "b1": np.zeros(4) + 0.1, "gain": np.ones(4), "W2": init(4, 1, seed=1), "b2": np.array([0.2])})
def multilayer_perceptron(params):
    """A sequential model of layer objects, weight decay by isinstance."""
    model = Sequential(
        Dense(params["W1"], params["b1"], name="first"),
        LayerNorm(params["gain"]),
        Activation("softplus"),
        Dense(params["W2"], params["b2"]),
    )
    error = np.mean((model(X)[:, 0] - Y) ** 2)
    decay = sum(layer.penalty() for layer in model if isinstance(layer, Dense))
    return error + 1e-2 * decay + 0.0 * sum(layer.calls for layer in model)


@program([("dense", init(3, 4)), ("tanh", None), ("dense", init(4, 2, seed=3)), ("scale", np.array([1.5, 0.5]))])
def plugin_layers(config):
    """Layers looked up by name in a dictionary of functions that a decorator fills."""
    plugins = {}

    def register(name):
        def wrap(f):
            plugins[name] = f
            return f
        return wrap

    @register("dense")
    def dense(h, w):
        return h @ w

    @register("tanh")
    def tanh(h, _):
        return np.tanh(h)

    @register("scale")
    def scale(h, s):
        return h * s

    h = X
    for kind, weights in config:
        h = plugins[kind](h, weights)
    return np.sum(h**2) / len(h)


# -- sequences ---------------------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_params(n_in, n_hidden):
    params = {}
    for k, gate in enumerate("ifog"):
        params["W" + gate] = init(n_in, n_hidden, seed=k)
        params["U" + gate] = init(n_hidden, n_hidden, seed=10 + k)
        params["b" + gate] = np.full(n_hidden, 0.1)
    params["out"] = init(n_hidden, seed=30)
    return params


@program(lstm_params(2, 3), rng.normal(size=(5, 2)))
def lstm_sequence(params, inputs):
    """A long short-term memory cell over a sequence, gates by name."""
    n = params["out"].shape[0]
    h, c = np.zeros(n), np.zeros(n)
    loss = 0.0
    for t, x in enumerate(inputs):
        gates = {g: x @ params[f"W{g}"] + h @ params[f"U{g}"] + params[f"b{g}"] for g in "ifog"}
        i, f, o = (sigmoid(gates[g]) for g in "ifo")
        c = f * c + i * np.tanh(gates["g"])
        h = o * np.tanh(c)
        loss += (h @ params["out"] - math.sin(t)) ** 2
    return loss / len(inputs)


class GRUCell:
    def __init__(self, weights):
        self.weights = weights
        self.hidden = None

    def reset(self):
        self.hidden = np.zeros(self.weights["h"].shape[0])

    def __call__(self, x):
        if self.hidden is None:
            self.reset()
        z = sigmoid(x * self.weights["x"][0] + self.weights["h"] @ self.hidden)
        candidate = np.tanh(x * self.weights["x"][1] + z * self.hidden)
        self.hidden = (1 - z) * self.hidden + z * candidate
        return self.hidden


@program({"x": init(2, 3), "h": init(3, 3, seed=2)}, np.array([0.1, -0.4, 0.9, 0.3]))
def recurrent_cell_with_state(weights, signal):
    """A stateful cell that is made lazily and reset between two passes."""
    cell = GRUCell(weights)
    outputs = [cell(x) for x in signal]
    total = np.sum(np.stack(outputs)[-2:] ** 2)
    cell.reset()
    for x in signal[::-1]:
        last = cell(x)
    return total + last.mean()


# -- images ------------------------------------------------------------------------------------------------------------


def convolve2d(image, kernel, stride=1, pad=0):
    if pad:
        image = np.pad(image, pad)
    kh, kw = kernel.shape
    oh = (image.shape[0] - kh) // stride + 1
    ow = (image.shape[1] - kw) // stride + 1
    out = np.zeros((oh, ow))
    for i in range(oh):
        for j in range(ow):
            patch = image[i * stride:i * stride + kh, j * stride:j * stride + kw]
            out[i, j] = np.sum(patch * kernel)
    return out


def max_pool(image, size=2):
    h, w = image.shape
    return image[:h - h % size, :w - w % size].reshape(h // size, size, w // size, size).max(axis=(1, 3))


@program({"kernels": [init(3, 3), init(3, 3, seed=1)], "dense": init(8, seed=2)}, rng.normal(size=(4, 4)))
def convolutional_network(params, image):
    """Two filters, rectifier, pooling, and a linear readout."""
    maps = []
    for kernel in params["kernels"]:
        activation = np.maximum(convolve2d(image, kernel, pad=1), 0.1)
        maps.append(max_pool(activation))
    flat = np.concatenate([m.ravel() for m in maps])
    return np.tanh(flat @ params["dense"]) ** 2


# -- attention -----------------------------------------------------------------------------------------------------


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@program(init(4, 4), init(4, 4, seed=1), init(4, 4, seed=2), rng.normal(size=(5, 4)))
def multi_head_attention(Wq, Wk, Wv, tokens):
    """Causal self-attention with two heads split by reshape and transpose."""
    n, d = tokens.shape
    heads = 2
    split = lambda m: (tokens @ m).reshape(n, heads, d // heads).transpose(1, 0, 2)
    q, k, v = map(split, (Wq, Wk, Wv))
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(d // heads)
    mask = np.triu(np.ones((n, n), dtype=bool), k=1)
    scores = np.where(mask, -np.inf, scores)
    out = (softmax(scores) @ v).transpose(1, 0, 2).reshape(n, d)
    return np.sum(out**2)


GRAPH = {0: [1, 2], 1: [0, 3], 2: [0], 3: [1, 2]}


@program(init(3, 2), np.array([0.4, -0.3, 0.2, 0.5]), rng.normal(size=(4, 3)))
def graph_attention(W, a, features):
    """One layer of graph attention over an adjacency dictionary."""
    h = features @ W
    out = []
    for node, neighbours in GRAPH.items():
        nodes = [node, *neighbours]
        scores = []
        for other in nodes:
            s = np.concatenate([h[node], h[other]]) @ a
            scores.append(s if s > 0 else 0.2 * s)
        weights = softmax(np.array(scores))
        out.append(sum(w * h[other] for w, other in zip(weights, nodes)))
    return np.sum(np.array(out) ** 2)


# -- training loops ---------------------------------------------------------------------------------------------------


def batches(x, y, size, generator):
    order = generator.permutation(len(x))
    for start in range(0, len(x), size):
        chosen = order[start:start + size]
        yield x[chosen], y[chosen]


@dataclass
class Adam:
    rate: float
    moments: dict = field(default_factory=dict)
    steps: int = 0

    def update(self, params, gradients):
        self.steps += 1
        new = {}
        for name, g in gradients.items():
            m, v = self.moments.get(name, (0.0, 0.0))
            m = 0.9 * m + 0.1 * g
            v = 0.99 * v + 0.01 * g**2
            self.moments[name] = (m, v)
            mhat, vhat = m / (1 - 0.9**self.steps), v / (1 - 0.99**self.steps)
            new[name] = params[name] - self.rate * mhat / (np.sqrt(vhat) + 1e-4)
        return new


@program({"w": np.array([0.1, -0.2, 0.3]), "b": 0.5}, 0.05, rtol=1e-4, by_values=True)
def training_with_adam(start, rate):
    """Two epochs of mini-batches from a generator, Adam with a dictionary of moments: the loss as a function of the start."""
    generator = np.random.default_rng(0)
    params, optimiser = dict(start), Adam(rate)
    for epoch in range(2):
        for x, y in batches(X, Y, 3, generator):
            error = x @ params["w"] + params["b"] - y
            gradients = {"w": 2 * x.T @ error / len(y), "b": 2 * error.mean()}
            params = optimiser.update(params, gradients)
        log.debug("epoch %d", epoch)
    return np.mean((X @ params["w"] + params["b"] - Y) ** 2)


@program(np.array([0.5, -0.5, 0.2]), 0.3, by_values=True)
def early_stopping(w, rate):
    """Gradient descent with patience, the best weights kept by copy, a history of dictionaries."""
    best, best_loss, patience = None, float("inf"), 2
    history = []
    train, valid = slice(0, 5), slice(5, 8)
    for epoch in range(30):
        gradient = 2 * X[train].T @ (X[train] @ w - Y[train]) / 5
        w = w - rate * gradient
        loss = np.mean((X[valid] @ w - Y[valid]) ** 2)
        history.append({"epoch": epoch, "loss": loss})
        if loss < best_loss - 1e-4:
            best, best_loss, waited = copy.copy(w), loss, 0
        else:
            waited += 1
            if waited >= patience:
                break
    record = min(history, key=lambda h: h["loss"])
    return best_loss + np.sum(best**2) + 0.1 * record["loss"] + 0.01 * record["epoch"]


@dataclass(frozen=True)
class TrainState:
    params: np.ndarray
    velocity: np.ndarray
    step: int = 0

    def apply(self, gradient, rate):
        velocity = 0.9 * self.velocity - rate * gradient
        return replace(self, params=self.params + velocity, velocity=velocity, step=self.step + 1)


@program(np.array([1.0, 0.3, -0.7]), 0.02)
def checkpoints(w, rate):
    """Immutable training states, a dictionary of checkpoints, and a rollback."""
    state = TrainState(w, np.zeros_like(w))
    saved = {}
    for _ in range(6):
        if state.step % 2 == 0:
            saved[state.step] = copy.deepcopy(state)
        gradient = X.T @ np.tanh(X @ state.params - Y)
        state = state.apply(gradient, rate)
    rolled_back = saved[max(saved) - 2]
    return np.sum((state.params - rolled_back.params) ** 2) + np.sum(state.velocity**2)


# -- reinforcement learning ------------------------------------------------------------------------------------------

Transition = namedtuple("Transition", "state action reward")


class CartEnv:
    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)
        self.state = self.generator.normal(size=2) * 0.1

    def step(self, force):
        x, v = self.state
        v = v + 0.1 * (force - 0.2 * v + math.sin(x))
        x = x + 0.1 * v
        self.state = np.array([x, v])
        reward = -(x**2) - 0.01 * force**2
        return self.state, reward, abs(x) > 3.0


@program(np.array([-1.0, -0.5]), 0.3, by_values=True)
def policy_rollout(policy, spread):
    """Discounted return of a noisy linear policy, transitions in a replay buffer."""
    env = CartEnv(3)
    buffer = deque(maxlen=50)
    state, done, t = env.state, False, 0
    while not done and t < 12:
        action = float(policy @ state) + spread * env.generator.normal()
        new, reward, done = env.step(action)
        buffer.append(Transition(state, action, reward))
        state, t = new, t + 1
    ret = 0.0
    for transition in reversed(buffer):
        ret = transition.reward + 0.95 * ret
    return ret


@program(np.zeros((3, 2)) + np.array([0.1, -0.1]), 0.5)
def q_learning_table(q, alpha):
    """Q-learning along a fixed experience, greedy bootstraps by max."""
    experience = [(0, 1, 0.0, 1), (1, 1, 0.5, 2), (2, 0, 1.0, 0), (0, 0, -0.2, 0), (0, 1, 0.1, 1), (1, 0, 0.0, 0)]
    table = q.copy()
    visits = defaultdict(int)
    for s, a, r, s2 in experience * 2:
        visits[s, a] += 1
        rate = alpha / visits[s, a]
        target = r + 0.9 * max(table[s2])
        table[s, a] += rate * (target - table[s, a])
    return table.max(axis=1).sum()


# -- small models ------------------------------------------------------------------------------------------------------


@program(dict(encoder=init(3, 2), decoder=init(2, 3, seed=4)))
def variational_autoencoder(params):
    """An autoencoder with sampled codes: reconstruction plus divergence."""
    generator = np.random.default_rng(11)
    mean = X @ params["encoder"]
    log_var = -1 + 0.1 * mean**2
    code = mean + np.exp(0.5 * log_var) * generator.standard_normal(mean.shape)
    recon = np.tanh(code) @ params["decoder"]
    kl = -0.5 * np.sum(1 + log_var - mean**2 - np.exp(log_var))
    return (np.sum((recon - X) ** 2) + kl) / len(X)


@program({"embed": init(6, 3), "project": init(3, 6, seed=2)}, "to be or not to be", by_values=True)
def bigram_language_model(params, text):
    """A bigram model over words: a vocabulary dictionary, cross-entropy, a JSON line of progress."""
    words = text.split()
    vocabulary = {word: n for n, word in enumerate(sorted(set(words)))}
    loss = 0.0
    for current, following in zip(words, words[1:]):
        h = np.tanh(params["embed"][vocabulary[current]])
        logits = h @ params["project"]
        loss -= logits[vocabulary[following]] - np.log(np.sum(np.exp(logits)))
    record = json.dumps({"words": len(words), "size": len(vocabulary)})
    assert json.loads(record)["words"] == 6
    return loss / (len(words) - 1)


@program(np.array([[0.2, 1.0], [0.8, -0.5]]), np.array([0.3, -0.2]))
def neural_ode(W, y0):
    """A recurrent field integrated by RK4 with a regulariser on the path."""

    def field(y, t):
        return np.tanh(W @ y) * np.cos(t)

    y, reg, h = y0, 0.0, 0.1
    for n in range(8):
        t = n * h
        k1 = field(y, t)
        k2 = field(y + h / 2 * k1, t + h / 2)
        k3 = field(y + h / 2 * k2, t + h / 2)
        k4 = field(y + h * k3, t + h)
        dy = (k1 + 2 * k2 + 2 * k3 + k4) / 6
        y = y + h * dy
        reg += h * (dy @ dy)
    return np.sum((y - 1) ** 2) + 0.1 * reg


@pytest.mark.parametrize("program", programs(__name__))
def test_learning(program):
    program.check()
