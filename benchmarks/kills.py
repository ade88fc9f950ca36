"""SIGKILL at random moments of what runs unattended: what was left, what was lost, what came of it.

    python benchmarks/kills.py [KILLS]      so many in all; 40 unless told, the promise is held against 200

A fifth of them hit ``pa snapshot``, two fifths the whole job (``pa run --scheduled --publish``), the rest
``pa publish``; a few more hit ``pa ingest``. The moments are spread over the time that the command takes; every fourth
kill spares the kernel, which then has to end by itself. After each one every file is opened, the ledger is walked, the
site is looked at and every record is asked whether it tells the truth; at the end the work is completed and compared
with work that nobody disturbed. Stops with an AssertionError at the first promise that does not hold.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "road"))

import kills
from steps import copy, ok

from privacy_analytics.sample import write_sample

TOGETHER = 4
"""Kills of one report before it may complete: each may lose a charge, and a month has no more to pay with."""


def main(count: int, place: Path) -> None:
    fresh, export = place / "fresh", place / "export"
    ok("init", fresh, "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
    write_sample(export, accounts=4_000, conversations=60)
    fifth = max(count // 5, 1)

    filled, root = copy(fresh, place / "filled"), copy(fresh, place / "ingest")
    length = kills.seconds(kills.ingest(filled, export))
    told = kills.survive(
        kills.ingest(root, export), root, kills.moments(max(count // 20, 1), length, seed=20), kills.check_lake
    )
    kills.ingested(root, export)
    kills.check_same_rows(root, filled)
    _say("ingest", length, told, "the same rows in every table")

    root = copy(filled, place / "snapshot")
    length = kills.seconds(kills.freeze(copy(filled, place / "frozen")))
    told = kills.survive(kills.freeze(root), root, kills.moments(fifth, length, seed=21), kills.check_jobs)
    kills.frozen(root)
    _say("snapshot", length, told, "one token")

    undisturbed = copy(filled, place / "undisturbed")
    length = kills.seconds(kills.job(undisturbed))
    delays, told, after = kills.moments(2 * fifth, length, seed=22), Counter[str](), Counter[str]()
    for root, part in _rounds(filled, place, delays):
        told.update(kills.survive(kills.job(root), root, part, kills.check_jobs))
        after.update(kills.done(root))
        kills.check_same_questions(root, undisturbed)
    _say("run", length, told, f"{dict(after)}; again: stands, spent 0")

    shutil.rmtree(undisturbed / "published")
    (undisturbed / "published").mkdir(mode=0o700)
    length = kills.seconds(kills.publish(copy(undisturbed, place / "published")))
    delays, told, after = kills.moments(count - 3 * fifth, length, seed=23), Counter[str](), Counter[str]()
    for root, part in _rounds(undisturbed, place, delays):
        told.update(kills.survive(kills.publish(root), root, part, kills.check_jobs))
        after.update(kills.done(root))
        kills.check_same_questions(root, undisturbed)
    _say("publish", length, told, f"{dict(after)}; not one answer more")


def _rounds(of: Path, place: Path, delays: list[float]) -> Iterator[tuple[Path, list[float]]]:
    """A workspace of its own, and its share of the moments, for every few kills."""
    rounds = max(len(delays) // TOGETHER, 1)
    for number in range(rounds):
        root = copy(of, place / "round")
        yield root, delays[number::rounds]
        shutil.rmtree(root)


def _say(command: str, length: float, told: dict[str, int], completed: str) -> None:
    print(f"pa {command:<9} {length:4.1f} s undisturbed; {dict(told)}; completed: {completed}", flush=True)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, Path(folder))
