"""The tables of docs/capacity.md, made from data/capacity.json alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULT, PAGE = ROOT / "data" / "capacity.json", ROOT / "docs" / "capacity.md"
Json = dict[str, Any]
MONTHS = ((10_000, 200_000, 20_000), (100_000, 2_000_000, 200_000), (1_000_000, 20_000_000, 2_000_000))
"""Accounts, events and messages of a month, as the model of one machine has them."""
CORES = 40
"""Of the cluster that is modelled: 10 workers of 4 cores."""
TOMBSTONE = 190
"""Bytes of one in ``private/tombstones.json``."""
USED = 0.7
"""Share of a cluster's cores that are at work while a question runs: assumed."""


def put(page: str, result: Json) -> str:
    """The page with every table between ``<!-- NAME -->`` and ``<!-- end -->`` made anew."""
    for name, make in TABLES.items():
        table = "\n".join(make(result))
        place, made = f"<!-- {name} -->.*?<!-- end -->", f"<!-- {name} -->\n{table}\n<!-- end -->"
        page, found = re.subn(place, made, page, flags=re.DOTALL)
        if found != 1:
            raise ValueError(f"docs/capacity.md needs one place for the table {name}.")
    return page


def ingest(result: Json) -> Iterator[str]:
    yield from _head("events", "accounts", "first: CPU s", "peak MiB", "again: CPU s", "peak MiB", "lake, MB")
    for each in result["ingest"]:
        took = (each[run][figure] for run in ("first", "again") for figure in ("cpu", "mib"))
        yield _row(each["events"], each["accounts"], *took, each["lake_bytes"] / 1e6)


def questions(result: Json) -> Iterator[str]:
    yield from _head("engine", "events", "accounts", "CPU s of all six", "peak MiB")
    for each in result["questions"]:
        mib = each["mib"] if each["engine"] != "spark" else "the JVM's heap"
        yield _row(each["engine"], each["events"], each["accounts"], each["cpu"], mib)


def texts(result: Json) -> Iterator[str]:
    yield from _head("tier", "messages", "CPU s", "peak MiB")
    for each in result["texts"]:
        yield _row(each["tier"], each["messages"], each["first"]["cpu"], each["first"]["mib"])


def laws(result: Json) -> Iterator[str]:
    yield from _head("step", "a, CPU s", "b, CPU µs a row")
    for name, fit in result["fits"].items():
        yield _row(name, fit["a"], fit["b"] * 1e6)


def machine(result: Json) -> Iterator[str]:
    """A month on one machine, one core at work."""
    fits = result["fits"]
    yield from _head("accounts", "events", "messages", "ingest, h", "of it texts, h", "six questions, s", "disk, GB")
    for accounts, events, messages in MONTHS:
        scrub = messages * fits["texts standard"]["b"]
        hours = (fits["ingest first"]["a"] + events * fits["ingest first"]["b"] + scrub) / 3_600
        asked = fits["questions polars"]["a"] + events * fits["questions polars"]["b"]
        yield _row(accounts, events, messages, hours, scrub / 3_600, asked, disk(result, events, messages) / 1e9)


def cluster(result: Json) -> Iterator[str]:
    """The six questions on a cluster, from what a row took in local mode."""
    per_row = result["fits"]["questions spark"]["b"]
    yield from _head("events a month", "accounts", "core hours", f"minutes on {CORES} cores")
    for events in (10**8, 10**9, 10**10):
        seconds = events * per_row
        yield _row(events, events // 20, seconds / 3_600, seconds / (CORES * USED) / 60)


def internet(result: Json) -> Iterator[str]:
    """What grows with accounts, and what does not."""
    event = disk(result, 1, 0)
    yield from _head("", "10^6 accounts", "10^9 accounts")
    yield _row("events a month, 20 an account", 20 * 10**6, 20 * 10**9)
    yield _row("lake of a month, TB", 20 * 10**6 * event / 1e12, 20 * 10**9 * event / 1e12)
    taken = 20 * result["fits"]["ingest first"]["b"] / 3_600
    yield _row("ingest of a month, core hours", 10**6 * taken, 10**9 * taken)
    yield _row("files of 32,768 events", 20 * 10**6 // 32_768, 20 * 10**9 // 32_768)
    yield _row("tombstones of 1 % erased, MB", 10**4 * TOMBSTONE / 1e6, 10**7 * TOMBSTONE / 1e6)


def disk(result: Json, events: int, messages: int) -> float:
    """Bytes of the lake, from the largest sizes measured."""
    told, said = result["ingest"][-1], result["texts"][-1]
    return events * told["lake_bytes"] / told["events"] + messages * said["lake_bytes"] / said["messages"]


TABLES = {
    "ingest": ingest, "questions": questions, "texts": texts, "laws": laws,
    "machine": machine, "cluster": cluster, "internet": internet,
}  # fmt: skip


def read() -> Json:
    """The result that the page was made from."""
    return json.loads(RESULT.read_text(encoding="utf-8"))


def _head(*names: str) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "|" + "---|" * len(names)


def _row(*cells: float | str) -> str:
    return "| " + " | ".join(cell if isinstance(cell, str) else _number(cell) for cell in cells) + " |"


def _number(value: float) -> str:
    """Three digits that count."""
    if value and abs(value) < 100:
        return f"{value:.3g}"
    return f"{round(value):,}"
