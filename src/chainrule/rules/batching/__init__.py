"""Operation, arguments of which some have one more leading axis -> the operation done in all directions at once.

    batching(over("axis"), "np.sum", "np.max")     np.sum(x, 0)      np.sum(x, 1)
    batching(elementwise, "np.where")              x * y             x[:, None] * y     (x a number, y a vector)
    batching(_transpose, "np.transpose")           np.transpose(x)   np.swapaxes(x, -1, -2)

A *batched* value has one leading axis more than the value that it stands for: one entry for each direction. A row says what is done
with batched arguments so that each entry of the result is what the operation gives for that entry of the arguments; arguments that
are not batched are the same in all directions. Ranks and axes in this module are those of one direction. An operation that has no
row here, or is called in a way that its row does not know (`NoRule`), is done for one direction after the other, in a loop.
"""

from . import numbers, parts, products, shapes
from .directions import BATCHING, EMPTY, CannotBatch, Directions, NoRule, batching
from .shapes import SHAPES, of_shape, relevant, result_is_single

__all__ = ["BATCHING", "EMPTY", "SHAPES", "CannotBatch", "Directions", "NoRule", "batching", "numbers", "of_shape", "parts", "products", "relevant", "result_is_single", "shapes"]
