"""What privacy costs in CPU time: six groups of questions over 10^6 and 10^7 events of 50,000 accounts, in one run.

    python bench.py CONTEXT_PYTHON [EVENTS ...]        CONTEXT_PYTHON runs OpenDP's Context API ("" leaves it out)

Every engine answers in a process of its own, one after another, raw polars before and after the others: its two times
say how far to trust the ratios. Prints a table a set of files; writes all of it to ``.cache/speed.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engines import QUESTIONS

from data import make

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
NAMES = {"raw": "raw polars", "ours": "ours", "curator": "ours, with curator", "context": "OpenDP Context API"}
Json = dict[str, Any]


def measured(engine: str, folder: Path, python: str) -> Json:
    """What ``measure.py`` says of an engine. Its errors go to this terminal; no result, no benchmark."""
    print(f"{engine}, {folder.name} ...", file=sys.stderr, flush=True)
    command = [python, "-W", "ignore", str(HERE / "measure.py"), engine, str(folder)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return json.loads(ran.stdout.splitlines()[-1])


def compared(folder: Path, context: str) -> Json:
    """All engines over the same files; raw polars is the mean of its two runs."""
    first = measured("raw", folder, sys.executable)
    engines = {name: measured(name, folder, sys.executable) for name in ("ours", "curator")}
    if context:
        engines["context"] = measured("context", folder, context)
    again = measured("raw", folder, sys.executable)
    raw = {key: (first[key] + again[key]) / 2 for key in first}
    return {"raw_cpu_seconds": [first["cpu"], again["cpu"]], "engines": {"raw": raw, **engines}}


def table(name: str, result: Json) -> Iterator[str]:
    """The result over one set of files as aligned lines, an engine a column."""
    engines = result["engines"]
    raw = engines["raw"]
    yield _line(f"{name} events, CPU seconds", *(NAMES[each] for each in engines))
    for question, title in {**QUESTIONS, "import": "imports and set-up"}.items():
        yield _line(title, *(_seconds(each[question]) for each in engines.values()))
    yield _line("in all", *(_seconds(each["cpu"]) for each in engines.values()))
    yield _line("in all, raw = 1", *(f"{each['cpu'] / raw['cpu']:.1f}x" for each in engines.values()))
    yield _line("without imports, raw = 1", *(f"{_asking(each) / _asking(raw):.1f}x" for each in engines.values()))
    yield _line("wall seconds", *(_seconds(each["wall"]) for each in engines.values()))
    yield _line("peak memory, MiB", *(f"{each['mib']:.0f}" for each in engines.values()))
    before, after = result["raw_cpu_seconds"]
    yield f"raw polars took {before:.2f} s of CPU before the others and {after:.2f} s after"


def _asking(engine: Json) -> float:
    return sum(engine[question] or 0 for question in QUESTIONS)


def _line(title: str, *cells: str) -> str:
    return f"{title:<38}" + "".join(f"{cell:>20}" for cell in cells)


def _seconds(value: float | None) -> str:
    return "refused" if value is None else f"{value:.2f}"


def main() -> None:
    context, sizes = sys.argv[1], [int(size) for size in sys.argv[2:]] or [1_000_000, 10_000_000]
    results: Json = {}
    for size in sizes:
        for order in ("sorted", "shuffled"):
            name = f"{size:,} {order}"
            folder = make(CACHE / f"{size}-{order}", size, shuffled=order == "shuffled")
            # the Context API does not mind the order, and one run of it takes minutes
            results[name] = compared(folder, context if order == "sorted" else "")
            print("\n".join(table(name, results[name])), end="\n\n", flush=True)
    told = {name: version(name) for name in ("polars", "opendp", "numpy", "narwhals")}
    said = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "cores": os.cpu_count(), "versions": told, "results": results}
    (CACHE / "speed.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    print(f"written: {CACHE / 'speed.json'}")


if __name__ == "__main__":
    main()
