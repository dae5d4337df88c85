"""Where are the balls, and where is the lamp? A ray tracer run backwards.

A picture shows two balls above a floor of tiles, with their shadows. The ray tracer that drew it is ordinary NumPy: a
loop over objects, masks for what is hit and what is hidden, writes into the picture where they hold. From a wrong
guess of positions, sizes, colours and light, the gradient of the difference leads back to the scene. Edges are soft by
half a pixel, as a camera's are; that is all that was done for the derivative's sake.

    python examples/scene.py
    python examples/scene.py --show                  # also print the generated gradient
    python examples/scene.py --picture scene.png     # draw guess, way and target, needs matplotlib
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

PIXELS = 40
SOFT = 0.02  # width of an edge, in units of the picture's half width at distance 1

# Of each ball: centre (x, y, z), radius, colour (red, green, blue). Then the direction to the lamp.
TRUTH = np.array([-0.55, 0.10, 3.0, 0.60, 0.90, 0.25, 0.20, 0.60, -0.15, 2.4, 0.35, 0.20, 0.45, 0.90, 0.50, 1.00, -0.60])
GUESS = np.array([-0.45, 0.00, 3.2, 0.50, 0.60, 0.60, 0.60, 0.45, -0.05, 2.6, 0.30, 0.50, 0.50, 0.50, 0.20, 1.20, -0.80])
FLOOR = -0.5  # its height


def rays():
    """Directions (PIXELS * PIXELS, 3) of length 1 through the pixels of a camera at the origin."""
    across = (np.arange(PIXELS) + 0.5) / PIXELS * 1.2 - 0.6
    x, y = np.meshgrid(across, -across)
    directions = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def cover(distance):
    """How much of a pixel is covered that lies this far inside an edge; 0.5 on it."""
    return 0.5 * (1.0 + np.tanh(distance / SOFT))


def shadow(points, lamp, centre, radius):
    """How much light a ball leaves to each of the points (n, 3)."""
    apart = centre - points
    towards = apart @ lamp
    light = np.ones(len(points))
    before = towards > 0
    missed = np.sqrt(np.sum(apart[before] ** 2, axis=1) - towards[before] ** 2 + 1e-9)
    light[before] -= cover(radius - missed)
    return light


def render(scene, directions):
    """Colours (n, 3) that come from the directions (n, 3)."""
    balls = scene[:14].reshape(2, 7)
    lamp = scene[14:] / np.linalg.norm(scene[14:])
    picture = np.empty((len(directions), 3))
    picture[:] = 0.6, 0.75, 0.9  # sky
    depth = np.full(len(directions), np.inf)

    # The floor: tiles where the ray goes down.
    down = directions[:, 1] < -1e-3
    depth[down] = FLOOR / directions[down, 1]
    points = depth[down, None] * directions[down]
    tile = (np.floor(2.0 * points[:, 0]) + np.floor(2.0 * points[:, 2])) % 2.0
    shade = (0.35 + 0.4 * tile) * (0.3 + 0.7 * lamp[1])
    for ball in balls:
        shade *= 0.4 + 0.6 * shadow(points, lamp, ball[:3], ball[3])
    fog = np.exp(-0.05 * depth[down])[:, None]
    picture[down] = fog * shade[:, None] + (1.0 - fog) * picture[down]

    # The balls, the farthest first.
    for n in np.argsort(-balls[:, 2]):
        centre, radius, colour = balls[n, :3], balls[n, 3], balls[n, 4:]
        along = directions @ centre
        nearest = np.sqrt(np.sum(centre**2) - along**2)  # of the ray to the centre
        seen = nearest < radius + 4.0 * SOFT
        inside = np.maximum(radius**2 - nearest[seen] ** 2, 1e-4)
        hits = (along[seen] - np.sqrt(inside))[:, None] * directions[seen]
        normal = (hits - centre) / radius
        diffuse = np.maximum(normal @ lamp, 0.0)
        for m in range(2):
            if m != n:
                diffuse *= shadow(hits, lamp, balls[m, :3], balls[m, 3])
        half = lamp - directions[seen]
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        shine = 0.3 * np.maximum(np.sum(normal * half, axis=1), 0.0) ** 20
        colours = colour * (0.25 + 0.75 * diffuse)[:, None] + shine[:, None]
        share = cover(radius - nearest[seen])[:, None]
        picture[seen] = share * colours + (1.0 - share) * picture[seen]
    return picture


def difference(scene, directions, target):
    """Mean squared difference from a picture (n, 3)."""
    return np.mean((render(scene, directions) - target) ** 2)


difference_and_grad = cr.value_and_grad(difference)


def draw(path, pictures):
    """Pictures side by side, with their names."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.4 * len(pictures), 2.7), layout="constrained")
    for axes, (name, picture) in zip(figure.subplots(1, len(pictures)), pictures.items()):
        axes.imshow(np.clip(picture, 0.0, 1.0).reshape(PIXELS, PIXELS, 3))
        axes.set(title=name, xticks=[], yticks=[])
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw guess, way and target (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    directions = rays()
    target = render(TRUTH, directions)
    cr.check_grads(difference, (GUESS, directions[::7], target[::7]))

    pictures = {"guess": render(GUESS, directions)}
    way = []

    def keep(scene):
        way.append(scene.copy())

    fit = minimize(
        difference_and_grad, GUESS, args=(directions, target), jac=True, method="BFGS", callback=keep, options={"maxiter": 150, "gtol": 1e-8}
    )
    if options.show:
        print(difference_and_grad.source)

    lamps = [scene[14:] / np.linalg.norm(scene[14:]) for scene in (GUESS, fit.x, TRUTH)]
    print(f"{'':22}{'guess':>8}{'found':>10}{'truth':>10}")
    names = [f"{ball} ball: {what}" for ball in ("left", "right") for what in ("x", "y", "z", "radius", "red", "green", "blue")]
    for name, values in zip(names, zip(GUESS, fit.x, TRUTH)):
        print(f"{name:22}" + f"{values[0]:8.3f}" + "".join(f"{value:10.4f}" for value in values[1:]))
    for axis, values in zip("xyz", zip(*lamps)):
        print(f"{'lamp: ' + axis:22}" + f"{values[0]:8.3f}" + "".join(f"{value:10.4f}" for value in values[1:]))
    print(f"\nmean squared difference {difference(GUESS, directions, target):.2e} -> {fit.fun:.1e}, {fit.nfev} values and gradients")
    if options.picture:
        for count in (5, 20):
            if count < len(way):
                pictures[f"step {count}"] = render(way[count - 1], directions)
        draw(options.picture, {**pictures, f"step {len(way)}": render(fit.x, directions), "target": target})

    error = max(np.max(np.abs(fit.x[:14] - TRUTH[:14])), np.max(np.abs(lamps[1] - lamps[2])))
    if not error < 0.01:
        raise SystemExit(f"scene: off by {error}")


if __name__ == "__main__":
    main()
