from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from privacy_analytics.scrub import card as cards
from privacy_analytics.scrub import weights

SHIPPED = Path(__file__).parents[3] / "data"
WEIGHTS = b"weights"


def _measured(recall: float = 0.95, model: bytes | None = None) -> dict:
    return {
        "macro": {"ent_recall": recall, "span_prec": 0.9, "leakfree": 0.8},
        "types": {"EMAIL": {"recall": 1.0, "of": 10}},
        "model_sha256": model and hashlib.sha256(model).hexdigest(),
    }


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Store a card and weights of our own: ``stored(standard=_measured(model=...))``."""
    for module in (cards, weights):
        monkeypatch.setattr(module, "shipped", tmp_path.joinpath)
    model = tmp_path / "data" / "model" / "tagger.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(WEIGHTS)

    def store(**detectors):
        text = json.dumps({"measured": "2026-11-20", "detectors": detectors})
        (tmp_path / "data" / "scrub_card.json").write_text(text)

    for cached in (cards.card, weights.model_hash):
        cached.cache_clear()
    yield store
    for cached in (cards.card, weights.model_hash):
        cached.cache_clear()


def test_a_card_tells_what_was_measured_of_the_weights_that_are_installed(stored):
    stored(standard=_measured(model=WEIGHTS))
    found = cards.card("standard")
    assert (found.tier, found.measured, found.recall) == ("standard", "2026-11-20", 0.95)
    assert (found.precision, found.leak_free, found.types) == (0.9, 0.8, {"EMAIL": 1.0})
    assert found.model_sha256 == hashlib.sha256(WEIGHTS).hexdigest()


def test_figures_of_other_weights_are_not_quoted(stored):
    stored(standard=_measured(model=b"other weights"))
    assert cards.card("standard") is None
    assert "was not measured" in cards.quoted(cards.scrubbing("standard"))


def test_weights_that_are_not_installed_have_no_card(stored, tmp_path):
    stored(standard=_measured(model=WEIGHTS))
    (tmp_path / "data" / "model" / "tagger.onnx").unlink()
    assert cards.card("standard") is None


def test_a_tier_without_weights_needs_none(stored, tmp_path):
    stored(fast=_measured(recall=0.7))
    (tmp_path / "data" / "model" / "tagger.onnx").unlink()
    assert cards.card("fast").missed_per_100 == 30


def test_stock_presidio_is_no_tier_of_ours(stored):
    stored(stock=_measured(model=b"spacy"))
    assert cards.card("stock") is None


@pytest.mark.parametrize(("recall", "missed"), [(0.95, 5), (0.9499, 6), (0.9236, 8), (1.0, 0), (0.9, 10)])
def test_what_is_missed_is_rounded_up(stored, recall, missed):
    stored(fast=_measured(recall=recall))
    assert cards.card("fast").missed_per_100 == missed


def test_an_intake_writes_down_tier_weights_day_and_what_is_missed(stored):
    stored(standard=_measured(model=WEIGHTS))
    assert cards.scrubbing("standard") == {
        "tier": "standard",
        "model_sha256": hashlib.sha256(WEIGHTS).hexdigest(),
        "measured": "2026-11-20",
        "missed_per_100": 5,
    }


def test_the_sentence_gives_the_figure_its_day_and_what_is_not_claimed(stored):
    stored(standard=_measured(model=WEIGHTS))
    said = cards.quoted(cards.scrubbing("standard"))
    assert said.startswith("In chat like this, about 5 in 100 identifiers are missed")
    assert "2026-11-20" in said
    assert "names in other languages are not claimed" in said


def test_a_card_costs_no_runtime_and_no_presidio():
    code = "import sys; from privacy_analytics.scrub.card import card; card('standard'); print(sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"onnxruntime", "presidio_analyzer", "spacy", "numpy"} & set(ast.literal_eval(ran.stdout))


def test_the_shipped_card_speaks_for_the_shipped_weights():
    if not (SHIPPED / "model" / "tagger.onnx").exists():
        pytest.skip("no weights are shipped")
    assert cards.card("standard"), "other weights than measured: make bench-scrub"


def test_the_shipped_card_holds_names_numbers_hashes_and_a_day_and_no_text():
    def leaves(node):
        if isinstance(node, dict):
            for key, value in node.items():
                yield key
                yield from leaves(value)
        elif isinstance(node, list):
            for value in node:
                yield from leaves(value)
        else:
            yield node

    texts = {leaf for leaf in leaves(json.loads((SHIPPED / "scrub_card.json").read_text())) if isinstance(leaf, str)}
    assert texts
    assert not [text for text in texts if not re.fullmatch(r"[A-Za-z0-9_-]{1,24}|[0-9.]+|[0-9a-f]{64}", text)]
