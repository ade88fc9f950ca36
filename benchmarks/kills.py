"""SIGKILL at random moments of ``pa ingest`` and ``pa run``: what was left, what was lost, what came of it.

    python benchmarks/kills.py [KILLS]      each of the two is killed so often; 20 unless told

The moments are spread at random over the time that the command takes; every fourth kill spares the kernel. After each
one every file is opened and the ledger is walked; at the end the work is completed and compared with work that nobody
disturbed. Exits with an AssertionError at the first promise that does not hold.
"""

import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "road"))

from kills import (
    check_lake,
    check_releases,
    differing,
    ingest,
    ingested,
    report,
    seconds,
    settled,
    stored,
    survive,
)
from steps import answers, copy, ok

from privacy_analytics.sample import write_sample

SEED = 20


def main(kills: int, place: Path) -> None:
    rng = random.Random(SEED)
    fresh, export = place / "fresh", place / "export"
    ok("init", fresh, "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
    write_sample(export, accounts=4_000, conversations=60)

    filled = copy(fresh, place / "filled")
    length = seconds(ingest(filled, export))
    root = copy(fresh, place / "killed-ingest")
    told = survive(ingest(root, export), root, [rng.uniform(0, length) for _ in range(kills)], check_lake)
    ingested(root, export)
    assert differing(stored(root), stored(filled)) == []
    print(f"pa ingest  {length:.1f} s undisturbed; {told}; completed, same rows in every table", flush=True)

    reported = copy(filled, place / "reported")
    length = seconds(report(reported))
    runs = lost = 0
    totals = {"killed": 0, "finished": 0}
    while sum(totals.values()) < kills:
        runs += 1
        root = copy(filled, place / f"killed-run-{runs}")
        moments = [rng.uniform(0.25 * length, length) for _ in range(min(4, kills - sum(totals.values())))]
        for outcome, count in survive(report(root), root, moments, check_releases).items():
            totals[outcome] += count
        lost += settled(root)["charges lost"]
        assert answers(root).keys() == answers(reported).keys()
    print(
        f"pa run     {length:.1f} s undisturbed; {totals} over {runs} workspaces; "
        f"each completed with all {len(answers(reported))} answers, again spent 0; "
        f"{lost} charge(s) lost between drawing and commit, no committed answer paid twice"
    )


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, Path(folder))
