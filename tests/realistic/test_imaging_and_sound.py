"""Scanners, radar, microphones, instruments, colours and print."""

from __future__ import annotations

import math
from collections import deque
from functools import cached_property
from itertools import cycle, islice, product

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(13)


# -- scanners --------------------------------------------------------------------------------------------


@program(1.0, 0.12, 0.9)
def bloch_spin_echo(t1, t2, flip):
    """Signal of three isochromats after a pulse sequence, by rotations and relaxation in place."""
    offsets = np.array([-3.0, 0.5, 2.0])
    m = np.zeros((3, 3))
    m[:, 2] = 1.0

    def rotate_x(angle):
        y, z = m[:, 1].copy(), m[:, 2].copy()
        m[:, 1] = math.cos(angle) * y - math.sin(angle) * z
        m[:, 2] = math.sin(angle) * y + math.cos(angle) * z

    def wait(dt):
        c, s = np.cos(offsets * dt), np.sin(offsets * dt)
        x, y = m[:, 0].copy(), m[:, 1].copy()
        m[:, 0] = (c * x - s * y) * np.exp(-dt / t2)
        m[:, 1] = (s * x + c * y) * np.exp(-dt / t2)
        m[:, 2] = 1 + (m[:, 2] - 1) * np.exp(-dt / t1)

    echoes = []
    rotate_x(flip)
    for _ in range(3):
        wait(0.02)
        rotate_x(math.pi)
        wait(0.02)
        echoes.append(np.hypot(m[:, 0].mean(), m[:, 1].mean()))
    return np.polyval(echoes, 0.7) + m[:, 2].sum()


def ramp(n):
    kernel = np.zeros(2 * n + 1)
    k = np.arange(-n, n + 1)
    kernel[n] = 0.25
    odd = k % 2 == 1
    kernel[odd] = -1 / (np.pi * k[odd]) ** 2
    return kernel


@program(rng.random((6, 9)))
def filtered_back_projection(sinogram):
    """An image from projections: ramp filter, then interpolation of each projection along its rays."""
    views, detectors = sinogram.shape
    axis = np.linspace(-1, 1, 7)
    x, y = np.meshgrid(axis, axis)
    image = np.zeros_like(x)
    s = np.linspace(-1.5, 1.5, detectors)
    for view, angle in enumerate(np.linspace(0, np.pi, views, endpoint=False)):
        filtered = np.convolve(sinogram[view], ramp(4), mode="same")
        image += np.interp(x * np.cos(angle) + y * np.sin(angle), s, filtered)
    image *= np.pi / views
    image[image < 0] *= 0.1
    return np.sum(image**2) + image[3, 3]


@program(np.array([0.3, 2.1]), np.array([1.0, 0.6]))
def delay_and_sum_beamformer(places, strengths):
    """Ultrasound from two scatterers, received by five elements and summed along delays."""
    elements = np.linspace(-1.0, 1.0, 5)
    t = np.linspace(0.0, 8.0, 120)
    received = np.zeros((5, len(t)))
    for (p, a), e in product(zip(places, strengths), range(5)):
        delay = 2.0 + math.hypot(2.0, p - elements[e])
        received[e] += a * np.exp(-(((t - delay) / 0.25) ** 2)) * np.cos(6.0 * (t - delay))
    focus = 0.3
    total = 0.0
    for e, trace in enumerate(received):
        wanted = 2.0 + math.hypot(2.0, focus - elements[e])
        k = int(np.searchsorted(t, wanted))
        w = (wanted - t[k - 1]) / (t[k] - t[k - 1])
        total += (1 - w) * trace[k - 1] + w * trace[k]
    return total**2


# -- antennas and radar -----------------------------------------------------------------------------------


class Array:
    def __init__(self, amplitudes, phases, spacing):
        self.amplitudes, self.phases, self.spacing = amplitudes, phases, spacing

    @cached_property
    def weights(self):
        return self.amplitudes * np.exp(1j * self.phases)

    def gain(self, angle):
        n = np.arange(len(self.amplitudes))
        steering = np.exp(2j * np.pi * self.spacing * n * np.sin(angle))
        return np.abs(self.weights @ steering) ** 2 / np.sum(np.abs(self.weights) ** 2)


@program(np.array([0.5, 1.0, 1.0, 0.5]), np.array([0.0, 0.3, 0.5, 1.1]), 0.45)
def phased_array_sidelobes(amplitudes, phases, spacing):
    """Gain in one direction, against a soft maximum of the others'."""
    antenna = Array(amplitudes, phases, spacing)
    others = np.array([antenna.gain(a) for a in np.radians([-60, -40, 20, 45, 70])])
    return antenna.gain(np.radians(-8)) - np.log(np.sum(np.exp(3 * others))) / 3


@program(np.array([1.2, 0.4, 0.8]), np.array([10.0, 14.0, 21.0]), 0.7)
def constant_false_alarm_rate(amplitudes, delays, factor):
    """Pulse compression of a chirp, and the margin of each peak over the cells around it."""
    chirp = np.exp(1j * 0.15 * np.arange(8) ** 2)
    n = np.arange(32)
    echo = np.zeros(32, dtype=complex)
    for a, d in zip(amplitudes, delays):
        echo += a * np.exp(1j * 0.15 * (n - d) ** 2) / (1 + np.exp(-4 * (n - d))) / (1 + np.exp(4 * (n - d - 8)))
    power = np.abs(np.correlate(echo, chirp, mode="valid")) ** 2
    margins = []
    for k in range(4, len(power) - 4):
        around = np.concatenate((power[k - 4 : k - 1], power[k + 2 : k + 5]))
        margin = power[k] - factor * 4 * np.mean(around)
        if margin > 0 and power[k] == max(power[k - 2 : k + 3]):
            margins.append(margin)
    return sum(margins) / 50


# -- sound -----------------------------------------------------------------------------------------------


@program(0.4, 0.995, rng.normal(size=10), by_values=True)
def plucked_string(blend, decay, pluck):
    """Karplus and Strong's string: a delay line with a filter; energy of what comes after a while."""
    line = deque(pluck, maxlen=10)
    out = []
    for _ in range(45):
        first = line.popleft()
        line.append(decay * (blend * first + (1 - blend) * line[0]))
        out.append(first)
    late = np.array(out[20:])
    return np.sum(late**2) + np.sum(late[1:] * late[:-1])


@program(rng.normal(size=24))
def linear_prediction(speech):
    """Levinson and Durbin's recursion for the filter of a voice, and the log of what is left."""
    windowed = speech * np.hamming(len(speech))
    r = [windowed[k:] @ windowed[: len(windowed) - k] for k in range(5)]
    a = [1.0]
    error = r[0]
    reflections = []
    for order in range(1, 5):
        k = -sum(a[j] * r[order - j] for j in range(order)) / error
        a = [x + k * y for x, y in zip(a + [0.0], [0.0] + a[::-1])]
        error *= 1 - k * k
        reflections.append(k)
    return math.log(error) + np.sum(np.square(reflections)) + abs(np.polyval(a, 0.5))


@program(np.array([3.0, 2.2]), np.array([0.8, 0.7, 0.9, 0.6]), 1.1)
def image_source_room(size, reflection, source):
    """Echoes in a rectangular room by mirror images of the source; early energy over late energy."""
    microphone = (2.1, 1.3)
    early, late = 0.0, 0.0
    for i, j in product(range(-2, 3), repeat=2):
        x = i * size[0] + (source if i % 2 == 0 else size[0] - source)
        y = j * size[1] + (0.9 if j % 2 == 0 else size[1] - 0.9)
        bounces = reflection[0] ** abs(i // 2) * reflection[1] ** abs((i + 1) // 2) * reflection[2] ** abs(j // 2) * reflection[3] ** abs((j + 1) // 2)
        d = math.dist((x, y), microphone)
        energy = (bounces / d) ** 2
        if d < 4.0:
            early += energy
        else:
            late += energy
    return 10 * math.log10(early / late)


@program(np.array([1.0, 0.5, 0.35, 0.2]), 1.06)
def sensory_dissonance(partials, interval):
    """Roughness of two tones with the same partials (Plomp and Levelt; Sethares), over a scale."""
    def roughness(f1, a1, f2, a2):
        s = 0.24 / (0.021 * min(f1, f2) + 19)
        d = s * abs(f2 - f1)
        return min(a1, a2) * (math.exp(-3.5 * d) - math.exp(-5.75 * d))

    total = 0.0
    note = 262.0
    for step in islice(cycle([2, 2, 1]), 4):
        other = note * interval**step
        tones = [(note * (k + 1), a) for k, a in enumerate(partials)] + [(other * (k + 1), a) for k, a in enumerate(partials)]
        for n, (f1, a1) in enumerate(tones):
            total += sum(roughness(f1, a1, f2, a2) for f2, a2 in tones[:n])
        note = other
    return total


# -- colours and print ------------------------------------------------------------------------------------


def to_lab(rgb):
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    ratio = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@program(np.array([0.8, 0.3, 0.02]), np.array([0.7, 0.35, 0.1]))
def colour_difference(first, second):
    """Distance of two colours in CIE L*a*b*, and in lightness, chroma and hue."""
    a, b = map(to_lab, (first, second))
    chroma = [math.hypot(c[1], c[2]) for c in (a, b)]
    hue = [math.atan2(c[2], c[1]) for c in (a, b)]
    dh = 2 * math.sqrt(chroma[0] * chroma[1]) * math.sin((hue[1] - hue[0]) / 2)
    dc = (chroma[1] - chroma[0]) / (1 + 0.045 * chroma[0])
    return math.sqrt((a[0] - b[0]) ** 2 + dc**2 + (dh / (1 + 0.015 * chroma[0])) ** 2) + 0.01 * np.linalg.norm(a - b)


@program(rng.random((5, 6)), 0.8)
def error_diffusion_halftone(image, spread):
    """Floyd and Steinberg: each pixel becomes black or white, its error goes to its neighbours."""
    a = image.copy()
    rows, columns = a.shape
    error = 0.0
    for y in range(rows):
        for x in range(columns):
            old = a[y, x]
            new = 1.0 if old > 0.5 else 0.0
            a[y, x] = new
            left = spread * (old - new)
            if x + 1 < columns:
                a[y, x + 1] += left * 7 / 16
            if y + 1 < rows:
                if x > 0:
                    a[y + 1, x - 1] += left * 3 / 16
                a[y + 1, x] += left * 5 / 16
                if x + 1 < columns:
                    a[y + 1, x + 1] += left * 1 / 16
            error += left**2
    return error


@pytest.mark.parametrize("case", programs(__name__))
def test_program(case):
    case.check()
