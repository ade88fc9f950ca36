"""One detector in a process of its own, so that CPU time and peak memory are its own.

    python measure.py DETECTOR FOLDER [--speed-only]

Prints one JSON object. FOLDER holds ``*.jsonl`` with gold spans, and ``score.py``, whose rules of scoring are used.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib.util
import json
import math
import os
import resource
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from detectors import DETECTORS, MODELS, Detect

EACH = 123
"""Texts of each file in the mix whose CPU time is taken: about 800 from seven files, of which one has 60."""
COVER = 0.9
"""Part of an entity's letters and digits that must be masked for it to count as caught."""
WARM_UP = ["Hello, I am Jane Doe.", "my email is jane@example.com", ""]
PACKAGES = ("presidio-analyzer", "spacy", "onnxruntime", "tokenizers", "numpy", "privacy-analytics")
Rows = list[dict[str, Any]]


def scorer(folder: Path) -> ModuleType:
    """The benchmark's own ``score.py``."""
    spec = importlib.util.spec_from_file_location("score", folder / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gold(folder: Path) -> dict[str, Rows]:
    """The rows of every file, by its name."""
    return {
        file.stem: [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        for file in sorted(folder.glob("*.jsonl"))
    }


def mixed(rows: Mapping[str, Rows]) -> list[str]:
    """At most `EACH` texts of each file, evenly spaced in it, the files taking turns."""
    turns: list[tuple[float, str]] = []
    for each in rows.values():
        count = min(EACH, len(each))
        turns += [(turn / count, each[turn * len(each) // count]["text"]) for turn in range(count)]
    return [text for _, text in sorted(turns, key=lambda pair: pair[0])]


def cpu_seconds(detect: Detect, texts: list[str]) -> float:
    """CPU time of this process, all its threads together, in seconds."""
    before = time.process_time()
    detect(texts)
    return time.process_time() - before


def accuracy(detect: Detect, rows: Mapping[str, Rows], score: ModuleType) -> dict[str, Any]:
    """Metrics of each file, their means over the files, and recall by type over all texts; shares, never texts."""
    total, files = score.Tally(), {}
    for name, each in rows.items():
        tally = score.Tally()
        for row, found in zip(each, detect([row["text"] for row in each]), strict=True):
            tally.add(score.score_doc(row, score.norm(found, len(row["text"])), COVER))
        files[name] = _numbers(tally.metrics())
        total.add(tally)
    metrics = [name for name in total.metrics() if name not in ("docs", "ents")]
    return {"macro": {name: _mean(files, name) for name in metrics}, "types": _types(total), "files": files}


def peak_mib() -> float:
    """The most memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _mean(files: Mapping[str, Mapping[str, Any]], name: str) -> float | None:
    known = [each[name] for each in files.values() if each[name] is not None]
    return round(sum(known) / len(known), 4) if known else None


def _numbers(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else round(value, 4) for name, value in metrics.items()}


def _types(tally: Any) -> dict[str, dict[str, float]]:
    return {kind: {"recall": round(hit / of, 4), "of": of} for kind, (hit, of) in sorted(tally.types.items())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("detector", choices=DETECTORS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speed-only", action="store_true")
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    score, rows = scorer(asked.folder), gold(asked.folder)
    detect, weights = DETECTORS[asked.detector](), MODELS[asked.detector]()
    detect(WARM_UP)
    gc.collect()
    gc.freeze()  # or one collection of all that was loaded falls into somebody's seconds
    result: dict[str, Any] = {
        "cpu_seconds": round(cpu_seconds(detect, mixed(rows)), 3),
        "model_sha256": weights and hashlib.sha256(weights.read_bytes()).hexdigest(),
        "versions": {name: version(name) for name in PACKAGES},
    }
    if not asked.speed_only:
        result |= accuracy(detect, rows, score)
    print(json.dumps(result | {"mib": peak_mib()}))


if __name__ == "__main__":
    main()
