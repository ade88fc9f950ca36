from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from privacy_analytics import figures
from privacy_analytics.errors import UsageError
from privacy_analytics.exports import to_png, to_svg
from privacy_analytics.exports.pictures import chunks, foreign, stripped


def spec(html):
    return figures.specifications(html)[0]


@pytest.fixture
def bars(world):
    return spec(figures.figure(world["features"], title="Features & more"))


def test_a_figure_stands_by_itself_with_its_heading_and_what_it_says(bars, store, world):
    root = ET.fromstring(to_svg(bars, store))
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == "Features & more"
    assert root.find(f"{space}desc").text == figures.alt_text(world["features"])
    said = " ".join(text.text for text in root.iter(f"{space}text"))
    assert "Features & more" in said
    assert "9,000" in said


def test_two_groups_keep_their_legend(world, store):
    drawn = spec(figures.fragment("compare", world["cohort"], world["features"], names=["Adopters", "Everybody"]))
    assert re.findall(r">(Adopters|Everybody)</text>", to_svg(drawn, store).decode()) == ["Adopters", "Everybody"]


def test_a_wide_table_is_drawn_whole(world, store):
    cells = tuple(replace(world["month"].cells[0], key=("2026-W36", str(later))) for later in range(9))
    kept = replace(world["features"], id="r-kept", by=("cohort", "week"), cells=cells)
    store.put(kept.id, kept.to_json())
    heads = re.findall(r">(\+\d)</text>", to_svg(spec(figures.figure(kept)), store).decode())
    assert heads == [f"+{later}" for later in range(9)]


def test_a_sentence_is_a_picture_too(world, store):
    drawn = spec(figures.fragment("sentence", world["month"]))
    lines = re.findall(r"<text[^>]*>(.*?)</text>", to_svg(drawn, store).decode())
    assert " ".join(lines) == figures.sentence(world["month"])


@pytest.mark.parametrize("draw", [figures.table, lambda release: figures.fragment("privacy_box", release)])
def test_what_has_no_drawing_is_no_picture(world, store, draw):
    with pytest.raises(UsageError):
        to_svg(spec(draw(world["features"])), store)


def test_a_picture_loads_and_runs_nothing(bars, store):
    assert not re.search(r"<script|<image|<foreignObject|href|url\(|<!--| on\w+=", to_svg(bars, store).decode())


def test_a_png_is_pixels_and_nothing_else(bars, store):
    png = to_png(bars, store)
    assert {kind for kind, _ in chunks(png)} <= {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"pHYs"}
    assert png == to_png(bars, store)


def test_text_time_and_profile_are_taken_out_of_a_png(bars, store):
    png = to_png(bars, store)
    text = b"\0\0\0\x04tEXtjane\0\0\0\0"
    spoiled = png[:33] + text + png[33:] + text
    assert stripped(spoiled) == png
    assert [foreign(kind) for kind, _ in chunks(spoiled)].count(True) == 2


@pytest.mark.parametrize("cut", [4, 40])
def test_what_is_no_whole_png_is_refused(bars, store, cut):
    with pytest.raises(UsageError):
        stripped(to_png(bars, store)[:cut])


def test_names_that_are_too_long_to_stand_side_by_side_stand_below_each_other(world, store):
    names = ["Adopters of Arrangement coach", "Active accounts without Arrangement coach"]
    drawn = to_svg(spec(figures.fragment("compare", world["cohort"], world["features"], names=names)), store).decode()
    places = [re.search(rf'<text x="([\d.]+)" y="([\d.]+)"[^>]*>{name}', drawn).groups() for name in names]
    assert places[0][0] == places[1][0]
    assert float(places[1][1]) - float(places[0][1]) == 20
