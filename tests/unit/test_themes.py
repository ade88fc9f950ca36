"""Themes: public keys found by public rules in one conversation, and a card that says how well."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from privacy_analytics import themes
from privacy_analytics.keys import key_list
from privacy_analytics.settings import Settings
from privacy_analytics.themes import accuracy, taxonomy
from privacy_analytics.themes.words import Vocabulary, words

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmarks_themes", ROOT / "benchmarks" / "themes.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped taxonomy and card, to be changed."""
    (tmp_path / "data").mkdir()
    for name in ("themes.toml", "themes_card.json"):
        (tmp_path / "data" / name).write_bytes((ROOT / "data" / name).read_bytes())
    for module in (accuracy, taxonomy):
        monkeypatch.setattr(module, "shipped", tmp_path.joinpath)
    accuracy.card.cache_clear()
    yield tmp_path / "data"
    accuracy.card.cache_clear()


def test_the_public_lists_of_keys_are_those_of_the_taxonomy(empty: Settings):
    areas = {theme.area: None for theme in taxonomy.all_themes()}
    assert key_list(empty, "themes") == (*themes.THEMES, "other")
    assert set(key_list(empty, "areas")) == {*areas, "other"}


def test_a_theme_has_a_name_an_area_a_definition_and_cues_of_its_own():
    for theme in taxonomy.all_themes():
        assert theme.name
        assert theme.definition.endswith(".")
        assert "\n" not in theme.definition
        assert len(theme.cues) == len(dict(theme.cues)) > 30, theme.id
        assert all(cue for cue, _ in theme.cues), theme.id
    assert 55 <= len(set(themes.THEMES)) == len(themes.THEMES) <= 70


def test_every_theme_has_an_area_and_other_is_its_own():
    assert themes.area_of("sidechain") == "routing"
    assert themes.area_of("other") == "other"
    with pytest.raises(KeyError):
        themes.area_of("no theme")


def test_a_conversation_gets_at_most_three_themes_the_clearest_first():
    everything = [" ".join(cue for theme in taxonomy.all_themes() for cue, _ in theme.cues[:5])]
    assert len(themes.classify(everything)) == 3
    assert themes.classify(["how do i sidechain the pads to the kick, also what reverb"])[:1] == ("sidechain",)


@pytest.mark.parametrize(
    "texts", [[], [""], ["hi"], ["thanks a lot!", "bye"], ["<PERSON_1>", "<SCRUB_FAILED>"], ["🎹"]]
)
def test_what_has_no_clear_theme_is_other(texts: list[str]):
    assert themes.classify(texts) == ("other",)


@pytest.mark.parametrize(
    "said",
    ["Compressor settings?", "compresors?", "COMPRESSORS", "what does compressing do", "<PERSON_2>: copmressor???"],
)
def test_case_plurals_slips_and_placeholders_do_not_matter(said: str):
    assert themes.classify([said]) == ("compression",)


def test_a_placeholder_says_nothing():
    assert words("ask <PERSON_1> at <EMAIL_ADDRESS>") == ["ask", "at"]


def test_one_slip_is_mended_but_ordinary_and_short_words_are_what_they_are():
    known = Vocabulary(["chorus", "quieter", "sample", "third"]).known
    assert [known(word) for word in ("choruus", "chorsu", "chors", "chxrxs")] == ["chorus", "chorus", "", ""]
    assert [known(word) for word in ("quiter", "quieten", "thrid", "simple")] == ["quieter", "quieter", "", ""]


def test_what_is_asked_first_weighs_more_than_what_is_added_later():
    asked = ["what reverb", "what compressor"]
    assert themes.classify(asked) == ("reverb_delay", "compression")
    assert themes.classify(asked[::-1]) == ("compression", "reverb_delay")


def test_themes_are_the_same_in_every_process(bench: ModuleType):
    texts = [row.texts for row in bench.labelled()[:40]]
    told = "import json, sys; from privacy_analytics import themes; "
    told += "print(json.dumps([themes.classify(each) for each in json.load(sys.stdin)]))"
    found = {
        subprocess.run(
            [sys.executable, "-c", told],
            input=json.dumps(texts), capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert [json.loads(each) for each in found] == [[list(themes.classify(each)) for each in texts]]


def test_a_conversation_is_classified_by_itself_alone():
    asked = ["how do i sidechain the pads to the kick"]
    before = themes.classify(asked)
    for other in (["compressors and reverbs, sidechain everything"], ["sidechian", "kcik"]):
        themes.classify(other)
    assert themes.classify(asked) == before


def test_at_least_300_labelled_conversations_are_kept_for_measuring_and_every_theme_has_four(bench: ModuleType):
    rows = bench.labelled()
    splits, of = Counter(row.split for row in rows), Counter(row.theme for row in rows if row.split == "test")
    assert set(splits) == {"test", "dev"}
    assert splits["test"] >= 300
    assert min(of[theme] for theme in themes.THEMES) >= 4
    assert of["other"] >= 20
    assert set(of) == {*themes.THEMES, "other"}
    assert {row.second for row in rows} <= {*themes.THEMES, ""}
    assert len({row.texts for row in rows}) == len(rows)


def test_the_card_says_what_is_measured_anew(bench: ModuleType):
    stored = json.loads((ROOT / "data" / "themes_card.json").read_text())
    measured = bench.measure([row for row in bench.labelled() if row.split == "test"])
    assert json.loads(json.dumps(measured)) == {key: value for key, value in stored.items() if key != "measured"}


def test_the_card_belongs_to_the_shipped_taxonomy_and_is_good_enough():
    card = themes.card()
    assert card is not None
    assert (card.themes, card.conversations) == (len(themes.THEMES), card.first.of)
    assert card.first.share >= 0.75
    assert card.among.share >= 0.85
    assert card.first.low < card.first.share < card.first.high


def test_figures_of_another_taxonomy_are_not_quoted(elsewhere: Path):
    assert themes.card() is not None
    accuracy.card.cache_clear()
    with (elsewhere / "themes.toml").open("a") as file:
        file.write("# changed\n")
    assert themes.card() is None
    assert "was not measured" in themes.quoted()


def test_what_is_quoted_repeats_the_cards_numbers(elsewhere: Path):
    stored = json.loads((elsewhere / "themes_card.json").read_text())
    stored |= {"conversations": 311, "themes": 61}
    stored["among"]["share"], stored["first"]["share"] = 0.8799, 0.77
    (elsewhere / "themes_card.json").write_text(json.dumps(stored))
    assert themes.quoted() == (
        "Themes are found by rules over scrubbed text: of 311 conversations that its authors wrote and labelled to "
        "measure it, 87 in 100 got the right one of 61 themes among at most three, 77 in 100 as the first; in other "
        "people's words expect fewer."
    )


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)]
)
def test_intervals_are_wilsons(hits: int, of: int, low: float, high: float):
    share = accuracy.Share.measured(hits, of)
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-4)


def test_the_page_on_themes_repeats_the_card_and_names_every_theme():
    page, card = (ROOT / "docs" / "themes.md").read_text(encoding="utf-8"), themes.card()
    assert card is not None
    for share in (card.first, card.among, card.area, card.other, card.first_unsaid, card.among_unsaid):
        measured = f"{100 * share.share:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"
        assert f"| {share.hits} of {share.of} | {measured} |" in page
    assert [theme for theme in themes.THEMES if f"`{theme}`" not in page] == []
    weak = {theme for theme, (hits, of) in card.recall.items() if hits < 0.7 * of}
    assert [theme for theme in sorted(weak) if f"`{theme}` ({card.recall[theme][0]} of" not in page] == []
