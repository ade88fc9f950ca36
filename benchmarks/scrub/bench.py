"""The scrubber's two tiers beside stock Presidio, in one run: accuracy, CPU time, memory.

    python bench.py FOLDER CARD        FOLDER of texts with gold spans and their score.py; CARD is written as JSON

Detectors run one after another on one core, each in a process of its own, stock before and after ours: its two times
say how far to trust the ratios. The card holds shares, times, hashes and names, never a text.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = ("stock", "fast", "standard")
ROWS = {
    "entity recall": "ent_recall",
    "span precision": "span_prec",
    "F2": "F2",
    "texts with PII fully clean": "leakfree",
    "clean texts touched": "cleanFP",
}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
Json = dict[str, Any]


def measured(detector: str, folder: Path, *extra: str) -> Json:
    """What ``measure.py`` says of a detector. Its errors go to this terminal; no result, no benchmark."""
    print(f"{detector} ...", file=sys.stderr, flush=True)
    command = [sys.executable, str(HERE / "measure.py"), detector, str(folder.resolve()), *extra]
    ran = subprocess.run(command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return json.loads(ran.stdout.splitlines()[-1])


def rules_version(root: Path = ROOT) -> str:
    """SHA-256 over all that decides which spans the rules find: the scrubber's sources and its word lists."""
    room = root / "privacy_analytics" / "scrub"
    files = [file for file in room.rglob("*.py") if file.name != "card.py"] + list((root / "data").glob("*.txt"))
    sums = (f"{file.relative_to(root).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)
    return hashlib.sha256("\n".join(sorted(sums)).encode()).hexdigest()


def compared(folder: Path) -> Json:
    """All detectors, measured; ``speed`` is stock's CPU time (the mean of its two) over the detector's."""
    detectors = {name: measured(name, folder) for name in NAMES}
    again = measured("stock", folder, "--speed-only")["cpu_seconds"]
    passes = [detectors["stock"]["cpu_seconds"], again]
    for each in detectors.values():
        each["speed"] = round(sum(passes) / 2 / each["cpu_seconds"], 2)
    detectors["stock"]["speed"] = 1.0
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "rules_sha256": rules_version(),
        "versions": detectors["stock"].pop("versions"),
        "stock_cpu_seconds": passes,
        "detectors": {
            name: {key: value for key, value in each.items() if key != "versions"} for name, each in detectors.items()
        },
    }


def table(result: Json) -> Iterator[str]:
    """The result as aligned lines, a detector a column."""
    detectors = [result["detectors"][name] for name in NAMES]
    yield _line("mean of files", *NAMES)
    for title, metric in ROWS.items():
        yield _line(title, *(_share(each["macro"][metric]) for each in detectors))
    yield _line("CPU seconds", *(f"{each['cpu_seconds']:.2f}" for each in detectors))
    yield _line("speed, stock = 1", *(f"{each['speed']:.1f}x" for each in detectors))
    yield _line("peak memory, MiB", *(f"{each['mib']:.0f}" for each in detectors))
    before, after = result["stock_cpu_seconds"]
    yield f"stock took {before:.2f} s of CPU before ours and {after:.2f} s after"
    yield ""
    yield _line("entity recall by file", *NAMES)
    for name in detectors[0]["files"]:
        yield _line(name, *(_share(each["files"][name]["ent_recall"]) for each in detectors))
    yield ""
    yield _line("entity recall by type", *NAMES)
    for kind, first in sorted(detectors[0]["types"].items(), key=lambda pair: -pair[1]["of"]):
        yield _line(f"{kind} ({first['of']})", *(_share(each["types"][kind]["recall"]) for each in detectors))


def _line(title: str, *cells: str) -> str:
    return f"{title:<34}" + "".join(f"{cell:>10}" for cell in cells)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("card", type=Path)
    asked = parser.parse_args()
    if not (asked.folder / "score.py").is_file() or not list(asked.folder.glob("*.jsonl")):
        sys.exit(
            f"There is no benchmark in {asked.folder}: it takes a folder with score.py and *.jsonl files of texts with "
            "gold spans. Name it: make bench-scrub PII=FOLDER"
        )
    result = compared(asked.folder)
    asked.card.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print("\n".join(table(result)))
    print(f"\nwritten: {asked.card}")


if __name__ == "__main__":
    main()
