"""Colours that everybody can tell apart: contrast by WCAG 2.2, colour blindness simulated by numbers.

Simulation: Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency",
IEEE TVCG 15 (2009), severity 1.0, on linear RGB. Distances are CIE 1976 in L*a*b*; 2.3 is just noticeable.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from privacy_analytics import figures
from privacy_analytics.figures import grids
from privacy_analytics.figures.svg import ROLES

SIGHT = {
    "everybody": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
BLOCKS = re.findall(r"\{([^{}]*--ink:[^{}]*)\}", figures.style())
SCHEMES = dict(zip(("light", "dark", "lab light", "lab dark", "print"), BLOCKS, strict=True))
BARS = ("mark", "other", "faint")


@pytest.fixture(params=SCHEMES)
def colours(request):
    found = dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", SCHEMES[request.param]))
    return {name: _rgb(colour) for name, colour in found.items()}


def _rgb(text):
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return np.array([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)])


def _linear(rgb):
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _contrast(first, second):
    low, high = sorted(float(LUMINANCE @ _linear(colour)) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


def _lab(rgb, sight):
    x, y, z = (XYZ @ np.clip(sight @ _linear(rgb), 0, 1)) / (XYZ @ np.ones(3))
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def test_there_is_one_light_and_one_dark_scheme_wherever_a_figure_stands():
    told = {name: dict(re.findall(r"--([a-z]+): (\S+);", block)) for name, block in SCHEMES.items()}
    assert told["light"] == told["lab light"]
    assert told["dark"] == told["lab dark"]
    assert len({frozenset(each) for each in told.values()}) == 1


@pytest.mark.parametrize("ground", ["paper", "panel"])
@pytest.mark.parametrize("text", ["ink", "quiet", "accent"])
def test_text_has_a_contrast_of_four_and_a_half(colours, text, ground):
    assert _contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("mark", BARS)
def test_marks_stand_out_from_the_page_and_whiskers_from_both(colours, mark):
    assert _contrast(colours[mark], colours["paper"]) >= 3
    assert _contrast(colours["whisker"], colours[mark]) >= 3
    assert _contrast(colours["whisker"], colours["paper"]) >= 3


@pytest.mark.parametrize(("text", "shade"), [("ink", grids._SHADES[1]), ("quiet", grids.WEAKEST)])
def test_numbers_on_the_darkest_shade_can_be_read(colours, text, shade):
    shaded = shade * colours["mark"] + (1 - shade) * colours["paper"]
    assert _contrast(colours[text], shaded) >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
def test_what_is_compared_can_be_told_apart_without_some_colours(colours, sight):
    for pair in combinations(BARS, 2):
        first, second = (_lab(colours[name], SIGHT[sight]) for name in pair)
        assert np.linalg.norm(first - second) >= 15, pair


def test_a_cohort_and_everybody_differ_in_lightness_too(colours):
    """As on a black and white printer."""
    lightness = [_lab(colours[name], SIGHT["everybody"])[0] for name in ("mark", "other")]
    assert abs(lightness[0] - lightness[1]) >= 10


def test_a_picture_without_a_style_sheet_has_the_light_colours():
    light = dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", SCHEMES["light"]))
    for role in ("mark", "other", "faint", "whisker", "band"):
        assert ROLES[role] == light[role]
