"""How time, memory and disk grow with a product: ingest, the six groups of questions, and texts.

    python benchmarks/growth.py [--most 1000000] [--texts 10000] [--spark] [--write]

Ingest is of a fresh lake and of the same export once more, all known; questions are those of benchmarks/dp, on lakes of
20 events an account; texts are chats of about five messages, in both tiers. Every command runs in a process of its
own. CPU seconds are fitted as a + b·n. ``--write`` keeps the result in data/capacity.json and puts its tables into
docs/capacity.md. Everything is seeded and synthetic; a larger size takes ten times as long and as much disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from growing.measuring import Took, line, size, took
from growing.tables import PAGE, RESULT, put

HERE = Path(__file__).parent
PA = ("-m", "privacy_analytics")
EXPORTS = HERE / "growing" / "exports.py"
Json = dict[str, Any]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--most", type=int, default=1_000_000, help="events")
    options.add_argument("--texts", type=int, default=10_000, help="messages")
    options.add_argument("--spark", action="store_true", help="the questions on Spark, too, in local mode")
    options.add_argument("--write", action="store_true")
    asked = options.parse_args()
    engines = ("polars", "duckdb", "spark") if asked.spark else ("polars", "duckdb")
    with tempfile.TemporaryDirectory() as folder:
        result: Json = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
        result["texts"] = [each for tier in ("fast", "standard") for each in texts(Path(folder), asked.texts, tier)]
        result["questions"] = list(questions(Path(folder), asked.most, engines))
        result["ingest"] = list(ingest(Path(folder), asked.most))
    result["fits"] = dict(fits(result))
    print(json.dumps(result["fits"], indent=1))
    if asked.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8")


def machine() -> Json:
    """What it ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = {name: version(name) for name in ("polars", "duckdb", "pyarrow", "deltalake", "opendp")}
    about = {"cores": os.cpu_count(), "gib": round(memory), "system": f"{platform.system()} {platform.machine()}"}
    return about | {"python": platform.python_version(), "packages": packages}


def sizes(first: int, most: int) -> Iterator[int]:
    """Powers of ten from one to another."""
    while first <= most:
        yield first
        first *= 10


def ingest(folder: Path, most: int) -> Iterator[Json]:
    """An export of each size, taken in twice."""
    for events in sizes(100_000, most):
        took(EXPORTS, folder / "export", events)
        first, again, root = taken(folder, f"{events} events")
        of = {"events": events, "accounts": events // 20, "export_bytes": size(folder / "export")}
        yield of | {"first": first.figures(), "again": again.figures(), "lake_bytes": size(root / "lake")}
        clear(folder)


def texts(folder: Path, most: int, tier: str) -> Iterator[Json]:
    """Chats of about so many messages, taken in once."""
    for messages in sizes(1_000, most):
        took(EXPORTS, folder / "export", 0, "--chats", messages // 5)
        first, _, root = taken(folder, f"{messages} messages, {tier}", tier, again=False)
        added = re.search(r"^messages +([\d,]+)", first.said, re.MULTILINE)
        if added is None:
            raise SystemExit(first.said)
        of = {"tier": tier, "messages": int(added[1].replace(",", "")), "chats": messages // 5}
        yield of | {"first": first.figures(), "lake_bytes": size(root / "lake")}
        clear(folder)


def taken(folder: Path, name: str, tier: str = "fast", *, again: bool = True) -> tuple[Took, Took, Path]:
    """``pa ingest`` of the export into a workspace of its own, and once more."""
    root = folder / "w"
    took(*PA, "init", root, "--contact-email", "privacy@example.com", "--policy-posted", "2026-01-01")
    command = (*PA, "ingest", folder / "export", "-w", root, "--tier", tier)
    first = took(*command)
    second = took(*command) if again else first
    tell(f"ingest of {name}", first)
    if again:
        tell(f"ingest of {name}, all known", second)
    return first, second, root


def questions(folder: Path, most: int, engines: tuple[str, ...]) -> Iterator[Json]:
    """The six groups on each engine, a process each; Spark up to 10^6 events, since it has one machine here."""
    for events in sizes(100_000, most):
        root = folder / f"q{events}"
        took(HERE / "dp" / "data.py", root, events, "--events-each", 20)
        for engine in engines:
            if engine == "spark" and events > 1_000_000:
                continue
            name = {"polars": "ours"}.get(engine, engine)
            ran = took("-W", "ignore", HERE / "dp" / "measure.py", name, root)
            told = json.loads(ran.said.splitlines()[-1])
            each = {key: round(told[key], 2) for key in ("day", "month", "errors", "plugins", "mean", "p95")}
            all_of_it = Took(ran.wall, told["cpu"], told["mib"], "")
            tell(f"six groups over {events} events, {engine}", all_of_it)
            yield {"engine": engine, "events": events, "accounts": events // 20} | all_of_it.figures() | {"each": each}
        clear(folder)


def fits(result: Json) -> Iterator[tuple[str, Json]]:
    """CPU seconds as a + b·n of whatever was measured at two sizes or more, n in rows."""
    points: dict[str, list[tuple[float, float]]] = {}
    for each in result["ingest"]:
        for run in ("first", "again"):
            points.setdefault(f"ingest {run}", []).append((each["events"], each[run]["cpu"]))
    for each in result["questions"]:
        points.setdefault(f"questions {each['engine']}", []).append((each["events"], each["cpu"]))
    for each in result["texts"]:
        points.setdefault(f"texts {each['tier']}", []).append((each["messages"], each["first"]["cpu"]))
    yield from ((name, line(of)) for name, of in points.items() if len(of) > 1)


def tell(name: str, each: Took) -> None:
    print(f"{name:<50}{each.wall:>9.1f} s{each.cpu:>9.1f} CPU s{each.mib:>8.0f} MiB", file=sys.stderr, flush=True)


def clear(folder: Path) -> None:
    """Room for the next size."""
    for each in folder.iterdir():
        shutil.rmtree(each)


if __name__ == "__main__":
    main()
