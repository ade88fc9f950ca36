"""SIGKILL at random moments of ``pa ingest`` and ``pa run``: what was left, what was lost, what came of it.

    python benchmarks/kills.py [KILLS]      each of the two is killed so often; 20 unless told

The moments are spread over the time that the command takes; every fourth kill spares the kernel, which then has to end
by itself. After each one every file is opened and the ledger is walked; at the end the work is completed and compared
with work that nobody disturbed. Stops with an AssertionError at the first promise that does not hold.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "road"))

import kills
from steps import answers, copy, ok

from privacy_analytics.sample import write_sample

TOGETHER = 4
"""Kills of one report before it may complete: each may lose a charge, and a month has no more to pay with."""


def main(count: int, place: Path) -> None:
    fresh, export = place / "fresh", place / "export"
    ok("init", fresh, "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
    write_sample(export, accounts=4_000, conversations=60)

    filled, root = copy(fresh, place / "filled"), copy(fresh, place / "ingest")
    length = kills.seconds(kills.ingest(filled, export))
    told = kills.survive(kills.ingest(root, export), root, kills.moments(count, length, seed=20), kills.check_lake)
    kills.ingested(root, export)
    kills.check_same_rows(root, filled)
    print(f"pa ingest  {length:.1f} s undisturbed; {told}; completed, the same rows in every table", flush=True)

    undisturbed = copy(filled, place / "undisturbed")
    length = kills.seconds(kills.report(undisturbed))
    delays, lost = kills.moments(count, length, seed=21), 0
    rounds = max(count // TOGETHER, 1)
    for number in range(rounds):
        root = copy(filled, place / f"run-{number}")
        told = kills.survive(kills.report(root), root, delays[number::rounds], kills.check_releases)
        after = kills.settled(root)
        kills.check_same_questions(root, undisturbed)
        lost += after["charges lost"]
        print(f"pa run     {length:.1f} s undisturbed; {told}; completed, {after}; again: spent 0", flush=True)
    print(f"{lost} charge(s) lost between drawing and commit, none of {len(answers(undisturbed))} answers paid twice")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, Path(folder))
