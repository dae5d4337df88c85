"""A camera lens, designed by following its rays: an optical system of classes, and a gradient through it.

Three lenses in a row, six curved surfaces (the triplet that H. Dennis Taylor patented in 1893), have to bring the light of
each point to one point of the film. A ray is an object that flies from surface to surface and changes as it
is refracted; the system is a list of surfaces. The curvatures and distances that make the sharpest picture come from
the gradient of the size of the spots.

    python examples/lens.py
    python examples/lens.py --show                 # also print the generated gradient
    python examples/lens.py --picture lens.png     # draw the lens, needs matplotlib
"""

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

FOCAL_LENGTH = 50.0  # mm
FIELDS = np.radians([0.0, 10.0, 18.0])  # directions that the light comes from
HEIGHTS = np.linspace(-5.0, 5.0, 9)  # mm, of the rays where they enter
AIR = 1.0
# Refractive indices behind the six surfaces, for red light and for blue: crown glass, flint, crown. Flint spreads the colours more.
INDICES = np.array([[1.620, 1.627], [AIR, AIR], [1.617, 1.631], [AIR, AIR], [1.620, 1.627], [AIR, AIR]])
# Curvatures (1 / mm) of the six surfaces and the distances (mm) from each of them to the next; the last one is to the film.
START = np.array([0.040, 0.000, -0.040, 0.040, 0.010, -0.045, 3.0, 6.0, 1.0, 5.0, 3.0, 42.0])


@dataclass
class Ray:
    """Rays (n,) in a plane that contains the axis: where they are, and their directions' cosines."""

    x: np.ndarray
    y: np.ndarray
    along: np.ndarray
    up: np.ndarray


@dataclass
class Surface:
    """A spherical surface at x = place on the axis, with what is behind it."""

    place: float
    curvature: float
    index: float

    def refract(self, ray, index):
        """Fly to the surface and pass through it, from a medium with this refractive index."""
        # Distance along the ray to the sphere, in the form that is exact for a plane, too.
        x, y = ray.x - self.place, ray.y
        b = ray.along - self.curvature * (x * ray.along + y * ray.up)
        c = self.curvature * (x**2 + y**2) - 2.0 * x
        cosine = np.sqrt(b**2 - self.curvature * c)
        distance = c / (b + cosine)
        ray.x = ray.x + distance * ray.along
        ray.y = ray.y + distance * ray.up
        # Snell's law for the components along the normal (1 - curvature * x, -curvature * y).
        ratio = index / self.index
        bent = np.sqrt(1.0 - ratio**2 * (1.0 - cosine**2))
        change = bent - ratio * cosine
        normal = 1.0 - self.curvature * (ray.x - self.place), -self.curvature * ray.y
        ray.along = ratio * ray.along + change * normal[0]
        ray.up = ratio * ray.up + change * normal[1]


class Lens:
    """Surfaces in order, and a film behind them."""

    def __init__(self, shape, colour):
        self.surfaces = []
        place = 0.0
        for n in range(6):
            self.surfaces.append(Surface(place, shape[n], INDICES[n, colour]))
            place += shape[6 + n]
        self.film = place

    def trace(self, ray):
        """Where the rays (n,) meet the film."""
        index = AIR
        for surface in self.surfaces:
            surface.refract(ray, index)
            index = surface.index
        return ray.y + (self.film - ray.x) * ray.up / ray.along


def beam(angle):
    """Parallel rays from one direction, that cross the middle of the lens at HEIGHTS."""
    stop = 10.0  # mm behind the first surface
    x = np.full(len(HEIGHTS), -5.0)
    y = HEIGHTS - (stop + 5.0) * np.tan(angle)
    return Ray(x, y, np.full(len(HEIGHTS), np.cos(angle)), np.full(len(HEIGHTS), np.sin(angle)))


def spots(shape):
    """Root mean square size (mm) of the spots that all directions make together, where they belong."""
    total = 0.0
    for angle in FIELDS:
        for colour in range(2):
            hits = Lens(shape, colour).trace(beam(angle))
            total += np.mean((hits - FOCAL_LENGTH * np.tan(angle)) ** 2)
    return np.sqrt(total / (2 * len(FIELDS)))


def merit(shape):
    """Size of the spots, and a penalty for glass or air thinner than a millimetre."""
    thin = np.maximum(1.0 - shape[6:], 0.0)
    thick = np.maximum(shape[6:11] - 8.0, 0.0)
    return spots(shape) + np.sum(thin**2) + np.sum(thick**2)


merit_and_grad = cr.value_and_grad(merit)


def drawn(axes, shape, title):
    """The lens and its rays."""
    lens = Lens(shape, 0)
    for surface in lens.surfaces:
        y = np.linspace(-7.5, 7.5, 50)
        depth = surface.curvature * y**2 / (1.0 + np.sqrt(np.maximum(1.0 - (surface.curvature * y) ** 2, 0.0)))
        axes.plot(surface.place + depth, y, color="k", linewidth=1.0)
    axes.axvline(lens.film, color="0.5")
    for number, angle in enumerate(FIELDS):
        ray = beam(angle)
        places = [(ray.x, ray.y)]
        index = AIR
        for surface in lens.surfaces:
            surface.refract(ray, index)
            index = surface.index
            places.append((ray.x, ray.y))
        places.append((np.full(len(HEIGHTS), lens.film), ray.y + (lens.film - ray.x) * ray.up / ray.along))
        axes.plot(*np.swapaxes(places, 0, 1), color=f"C{number}", linewidth=0.6)
    axes.set(title=f"{title}: spots of {1e3 * spots(shape):.0f} µm", aspect="equal", ylabel="mm", ylim=(-12.0, 19.0))


def draw(path, start, found):
    """Before and after."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 7.5), layout="constrained")
    for axes, shape, title in zip(figure.subplots(2), (start, found), ("at the start", "designed")):
        drawn(axes, shape, title)
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the lens (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    cr.check_grads(merit, (START,))

    # In units in which a curvature and a distance matter about as much.
    unit = np.where(np.arange(12) < 6, 0.01, 10.0)

    def scaled(x):
        value, gradient = merit_and_grad(x * unit)
        return value, gradient * unit

    fit = minimize(scaled, START / unit, jac=True, method="BFGS", options={"maxiter": 300})
    found = fit.x * unit
    if options.show:
        print(merit_and_grad.source)

    print("surface   radius (mm)   to the next (mm)      at the start")
    for n in range(6):
        print(f"{n + 1:7}{1.0 / found[n]:14.2f}{found[6 + n]:19.2f}{1.0 / START[n] if START[n] else np.inf:15.2f}{START[6 + n]:8.2f}")
    print(f"\nspots: {1e3 * spots(START):.1f} -> {1e3 * spots(found):.1f} µm, {fit.nit} iterations, {fit.nfev} values and gradients")
    if options.picture:
        draw(options.picture, START, found)

    if not spots(found) < 0.1 * spots(START) or not np.all(found[6:] > 0.5):
        raise SystemExit(f"lens: spots {spots(START)} -> {spots(found)} mm, shape {found}")


if __name__ == "__main__":
    main()
