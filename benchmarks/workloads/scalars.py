"""Loops over Python floats: a Newton iteration and the logistic map."""

from benchmarks.workload import Workload


def newton(a: float, x: float) -> float:
    """The cube root of a by Newton's method from x."""
    n = 0
    while n < 50:
        dx = (x * x * x - a) / (3.0 * x * x)
        if abs(dx) < 1e-12:
            break
        x -= dx
        n += 1
    return x


def newton_gradient(a: float, x: float) -> float:
    """d newton / d a."""
    iterates = []
    n = 0
    while n < 50:
        square = 3.0 * x * x
        dx = (x * x * x - a) / square
        if abs(dx) < 1e-12:
            break
        iterates.append((x, square, dx))
        x -= dx
        n += 1

    x_bar = 1.0
    a_bar = 0.0
    for x, square, dx in reversed(iterates):
        # x -= dx;  dx = (x * x * x - a) / square;  square = 3.0 * x * x
        residual_bar = -x_bar / square
        square_bar = -residual_bar * dx
        a_bar -= residual_bar
        x_bar += residual_bar * square + square_bar * 6.0 * x
    return a_bar


def logistic_map(r: float, x: float, n: int) -> float:
    """The n-th iterate of x -> r x (1 - x)."""
    for _ in range(n):
        x = r * x * (1.0 - x)
    return x


def logistic_map_gradient(r: float, x: float, n: int) -> float:
    """d logistic_map / d r."""
    iterates = []
    for _ in range(n):
        iterates.append(x)
        x = r * x * (1.0 - x)

    x_bar = 1.0
    r_bar = 0.0
    for x in reversed(iterates):
        # x = r * x * (1.0 - x)
        rest = 1.0 - x
        r_bar += x_bar * x * rest
        x_bar *= r * (rest - x)
    return r_bar


WORKLOADS = (
    Workload("newton", "scalar loop", newton, newton_gradient, lambda: (1000.0, 1.0), 0),
    # r = 3.2 settles on a cycle of two points; in the chaotic range rounding alone would decide.
    Workload(
        "logistic_map",
        "scalar loop",
        logistic_map,
        logistic_map_gradient,
        lambda: (3.2, 0.4, 1000),
        0,
    ),
)
