"""Randomised schedules of processes that release at once and are killed anywhere, on SQLite and PostgreSQL.

    python benchmarks/soak.py [SCHEDULES] [SEED]     10,000 unless told, half of them on each database

Each schedule is an empty ledger, three processes with overlapping plans and spanning months, and a death by SIGKILL
before a random step or by the clock for most of them. tests/crash/schedules.py says what must hold; the files lie in
memory where there is such a place, since a killed process loses nothing that it wrote. Exits with 1 at any finding.
"""

import os
import sys
import time
from collections import Counter
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "crash"))

from databases import Server, running
from schedules import Schedule, Told, survive
from tqdm import tqdm

MEMORY = Path("/dev/shm")  # noqa: S108
CHUNK, JOBS = 25, 2 * (os.cpu_count() or 1)
PROMISES = {
    "overspends": "overspent",
    "releases without a charge": "a release without a charge",
    "committed answers charged twice": "a committed answer was charged again",
}


def chunk(server: Server | None, seeds: range) -> Told:
    """Some schedules one after the other: on a server, or else each on a file."""
    told = Told()
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        for seed in seeds:
            folder = Path(place) / str(seed)
            url = server.new() if server else f"sqlite:///{folder}.sqlite"
            survive(Schedule.drawn(seed), url, folder, told)
            if server:
                server.drop(url)
    return told


def soak(name: str, server: Server | None, seeds: range) -> list[str]:
    told, started = Told(), time.monotonic()
    with Pool(JOBS) as pool, tqdm(total=len(seeds), desc=name, mininterval=5) as bar:
        for part in pool.imap_unordered(
            partial(chunk, server), [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
        ):
            told.counts.update(part.counts)
            told.findings += part.findings
            bar.update(part.counts["schedules"])
    seconds, found = time.monotonic() - started, Counter(told.findings)
    print(f"{name:<11} {len(seeds):,} schedules in {seconds:,.0f} s, {len(seeds) / seconds:.1f}/s  {dict(told.counts)}")
    print(f"{'':<11} {', '.join(f'{found[finding]} {promise}' for promise, finding in PROMISES.items())}", flush=True)
    return told.findings


def main(schedules: int = 10_000, seed: int = 0) -> int:
    half = seed + schedules // 2
    found = soak("sqlite", None, range(seed, half))
    with running() as server:
        found += soak("postgresql", server, range(half, seed + schedules))
    for finding, count in Counter(found).most_common(20):
        print(f"{count:>6}  {finding}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
