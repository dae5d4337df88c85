"""A recurrent network learns a rhythm: parameters in a dictionary, states in a list, plain momentum."""

import autograd.numpy as np
import autograd.numpy.random as npr
from autograd import elementwise_grad, value_and_grad
from autograd.misc.optimizers import sgd


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2.0) + 1.0)


def create_params(inputs, hidden, outputs, rs, scale=0.4):
    return {"init hiddens": rs.randn(1, hidden) * scale,
            "change": rs.randn(inputs + hidden + 1, hidden) * scale,
            "predict": rs.randn(hidden + 1, outputs) * scale}


def concat_and_multiply(weights, *args):
    cat_state = np.hstack((*args, np.ones((args[0].shape[0], 1))))
    return np.dot(cat_state, weights)


def rnn_predict(params, inputs):
    hiddens = np.repeat(params["init hiddens"], inputs.shape[1], axis=0)
    output = [sigmoid(concat_and_multiply(params["predict"], hiddens))]
    for inp in inputs:
        hiddens = np.tanh(concat_and_multiply(params["change"], inp, hiddens))
        output.append(sigmoid(concat_and_multiply(params["predict"], hiddens)))
    return output


def loss(params, inputs, targets):
    predicted = rnn_predict(params, inputs)
    total = 0.0
    for t in range(len(targets)):
        total = total - np.mean(targets[t] * np.log(predicted[t]) + (1 - targets[t]) * np.log(1 - predicted[t]))
    return total / len(targets)


print("slope of the sigmoid", elementwise_grad(sigmoid)(np.array([-1.0, 0.0, 2.0])))
rhythm = np.array([0.0, 0, 1, 0, 1, 1] * 5)
sequence = np.stack([np.roll(rhythm, k) for k in range(6)], axis=1)[:, :, None]  # (time, which, 1)
params = create_params(1, 8, 1, npr.RandomState(1))
training_loss_and_grad = value_and_grad(loss)
print("before", training_loss_and_grad(params, sequence, sequence)[0])
trained = sgd(lambda p, i: training_loss_and_grad(p, sequence, sequence)[1], params, num_iters=150, step_size=0.5)
print("after", training_loss_and_grad(trained, sequence, sequence)[0])
