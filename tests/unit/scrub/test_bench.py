"""The benchmark beside stock Presidio: what it counts, what it writes, and what it says when there is nothing to do."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HERE = ROOT / "benchmarks" / "scrub"
PII = ROOT.parent / "shared" / "benchmarks" / "pii"
needs_gold = pytest.mark.skipif(not PII.is_dir(), reason="the benchmark's texts are not in this repository")


@pytest.fixture
def room(monkeypatch):
    """``room("bench")``: a module of the benchmark."""
    monkeypatch.syspath_prepend(HERE)
    yield importlib.import_module
    for name in ("bench", "measure", "detectors"):
        sys.modules.pop(name, None)


@pytest.fixture
def result():
    def of(recall, seconds):
        shares = {"ent_recall": recall, "span_prec": 0.9, "F2": 0.9, "leakfree": 0.8, "cleanFP": None}
        return {
            "macro": shares,
            "files": {"chat": shares},
            "types": {"EMAIL": {"recall": recall, "of": 7}},
            "cpu_seconds": seconds,
            "speed": 6 / seconds,
            "mib": 200.0,
        }

    detectors = {"stock": of(0.6, 6.0), "fast": of(0.7, 0.2), "standard": of(0.95, 2.0)}
    return {"detectors": detectors, "stock_cpu_seconds": [6.0, 6.1]}


def test_the_mix_takes_as_many_of_each_file_evenly_and_in_turns(room):
    measure = room("measure")
    rows = {name: [{"text": f"{name}{n}"} for n in range(size)] for name, size in (("a", 1230), ("b", 60))}
    mix = measure.mixed(rows)
    assert [text for text in mix if text[0] == "a"] == [f"a{n}" for n in range(0, 1230, 10)]
    assert len(mix) == measure.EACH + 60
    assert sum(text[0] == "b" for text in mix[: len(mix) // 2]) == pytest.approx(30, abs=2)


def test_the_table_has_ours_beside_stock_by_type(room, result):
    lines = list(room("bench").table(result))
    assert lines[0].split()[-3:] == ["stock", "fast", "standard"]
    assert next(line for line in lines if line.startswith("EMAIL (7)")).split()[-3:] == ["0.600", "0.700", "0.950"]
    assert next(line for line in lines if line.startswith("speed")).split()[-3:] == ["1.0x", "30.0x", "3.0x"]
    assert next(line for line in lines if line.startswith("clean texts")).split()[-3:] == ["-", "-", "-"]


def test_stock_runs_before_and_after_ours_and_its_mean_is_the_measure(room, monkeypatch):
    bench = room("bench")
    ran = []

    def measured(detector, _folder, *extra):
        ran.append((detector, *extra))
        return {"cpu_seconds": {1: 5.0, 4: 7.0}.get(len(ran), 2.0), "versions": {}, "macro": {}}

    monkeypatch.setattr(bench, "measured", measured)
    made = bench.compared(PII)
    assert ran == [("stock",), ("fast",), ("standard",), ("stock", "--speed-only")]
    assert made["stock_cpu_seconds"] == [5.0, 7.0]
    assert made["detectors"]["standard"]["speed"] == 3.0


def test_another_rule_or_word_is_another_version_and_a_card_is_none(room, tmp_path):
    version = room("bench").rules_version
    scrub = tmp_path / "privacy_analytics" / "scrub"
    for file in (scrub / "rules.py", scrub / "card.py", tmp_path / "data" / "names.txt"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("anna")
    seen = [version(tmp_path)]
    for file in (tmp_path / "data" / "names.txt", scrub / "rules.py"):
        file.write_text("anna bob")
        seen.append(version(tmp_path))
    assert len(set(seen)) == 3
    (scrub / "card.py").write_text("other words")
    assert version(tmp_path) == seen[-1]


def test_without_the_texts_it_says_what_to_name(tmp_path):
    command = [sys.executable, HERE / "bench.py", tmp_path / "nowhere", tmp_path / "card.json"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "make bench-scrub PII=FOLDER" in ran.stderr
    assert not (tmp_path / "card.json").exists()


@needs_gold
def test_accuracy_is_the_scorers_own(room):
    measure = room("measure")
    score = measure.scorer(PII)
    rows = {
        "all": [{"text": "Write to anna@studio.test", "spans": [{"start": 9, "end": 25, "type": "EMAIL"}]}],
        "none": [{"text": "Write to bob@studio.test", "spans": [{"start": 9, "end": 24, "type": "EMAIL"}]}],
    }
    made = measure.accuracy(lambda texts: [[(9, 25, "X")] if "anna" in text else [] for text in texts], rows, score)
    assert made["macro"]["ent_recall"] == 0.5
    assert made["macro"]["cleanFP"] is None
    assert made["types"] == {"EMAIL": {"recall": 0.5, "of": 2}}
    assert made["files"]["all"]["F2"] == 1.0


@needs_gold
def test_a_detector_is_measured_in_a_process_of_its_own(tmp_path):
    (tmp_path / "score.py").write_text((PII / "score.py").read_text())
    row = {"text": "Write to anna@studio.test", "spans": [{"start": 9, "end": 25, "type": "EMAIL"}]}
    (tmp_path / "chat.jsonl").write_text(json.dumps(row))
    command = [sys.executable, HERE / "measure.py", "fast", tmp_path]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert made["macro"]["ent_recall"] == 1.0
    assert made["model_sha256"] is None
    assert made["mib"] > 10
    assert "anna" not in json.dumps(made)
