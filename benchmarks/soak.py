"""Randomised schedules of processes that release at once and are killed anywhere, on SQLite and PostgreSQL.

    python benchmarks/soak.py [SCHEDULES] [SEED]     10,000 unless told, half of them on each database

Each schedule is an empty ledger, three processes with overlapping plans and spanning months, and a death by SIGKILL
before a random step or by the clock for most of them. tests/crash/schedules.py says what must hold; the files lie in
memory where there is such a place, since a killed process loses nothing that it wrote. Exits with 1 at any finding.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "crash"))

from databases import running
from schedules import Schedule, Told, survive
from tqdm import tqdm

MEMORY = Path("/dev/shm")  # noqa: S108
PROMISES = {
    "overspends": "overspent",
    "releases without a charge": "a release without a charge",
    "committed answers charged twice": "a committed answer was charged again",
}


def soak(name: str, seeds: range, new: Callable[[], str], drop: Callable[[str], None]) -> list[str]:
    told, started = Told(), time.monotonic()
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        for seed in tqdm(seeds, desc=name, mininterval=5):
            url = new()
            survive(Schedule.drawn(seed), url, Path(place) / str(seed), told)
            drop(url)
    seconds, found = time.monotonic() - started, Counter(told.findings)
    print(f"{name:<11} {len(seeds):,} schedules in {seconds:,.0f} s, {len(seeds) / seconds:.1f}/s  {dict(told.counts)}")
    print(f"{'':<11} {', '.join(f'{found[finding]} {promise}' for promise, finding in PROMISES.items())}", flush=True)
    return told.findings


def main(schedules: int = 10_000, seed: int = 0) -> int:
    half = schedules // 2
    with running() as server, TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        file = Path(place) / "ledger.sqlite"
        url = f"sqlite:///{file}"
        found = soak(
            "sqlite", range(seed, seed + half), lambda: url, lambda _: [*map(Path.unlink, Path(place).iterdir())]
        )
        found += soak("postgresql", range(seed + half, seed + schedules), server.new, server.drop)
    for finding, count in Counter(found).most_common(20):
        print(f"{count:>6}  {finding}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
