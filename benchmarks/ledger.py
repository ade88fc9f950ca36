"""What a release costs ledger and store: reserve, drawing and commit of 8 kB, on disk, then the stored release.

    python benchmarks/ledger.py [RELEASES] [FOLDER]     2,000 in a temporary folder unless told

On SQLite and a folder, then, where it is installed, on a PostgreSQL server of its own, through a socket. All are of one
month and purpose, which is the hardest case for the sums. Beside it the time that the disk takes for the two waits
alone. Medians over batches, so that what else runs on the machine counts less.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "crash"))

from databases import programs, running

from privacy_analytics.dp.database import DatabaseStore
from privacy_analytics.dp.ledger import Charge, Ledger
from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.dp.store import FolderStore, ReleaseStore

BATCH = 50
PLENTY = Charge(10**15, 10**15)
CELLS = tuple(Cell((f"feature {n}",), 1000.0 + n, 900.0, 1100.0, 50.0, "ok") for n in range(60))
ABOUT = ("accounts", "events", ("feature",), "2026-10", "2026-10.r0", "all", 20, CELLS, {"kind": "count_accounts"})


def timed(act: Callable[[int], None], numbers: range) -> list[tuple[float, float]]:
    """Wall and CPU milliseconds of one act, by batch."""
    taken: list[tuple[float, float]] = []
    for first in range(numbers.start, numbers.stop, BATCH):
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(first, first + BATCH):
            act(number)
        taken.append(((time.perf_counter() - wall) * 1e3 / BATCH, (time.process_time() - cpu) * 1e3 / BATCH))
    return taken


def measure(ledger: Ledger, store: ReleaseStore, releases: int) -> tuple[float, float]:
    """Print what they cost; returns the medians of ledger and store in milliseconds."""
    about = {"purpose": "usage", "months": ["2026-10"], "charge": Charge(5, 1), "allowance": PLENTY}
    text = Release("r-000000000000", "0" * 64, *ABOUT).to_json()

    def release(number: int) -> None:
        plan, key = f"plan {number}", f"key {number}"
        ledger.reserve(plan, **about, payload="{}")
        ledger.drawing(plan, **about, key=key)
        ledger.commit(plan, month="2026-10", purpose="usage", key=key, payload="x" * 8_000)

    taken = timed(release, range(releases))
    tenth = max(len(taken) // 10, 1)
    for name, batches in {"first tenth": taken[:tenth], "last tenth": taken[-tenth:]}.items():
        wall, cpu = (median(each) for each in zip(*batches, strict=True))
        print(f"{name:<12} {wall:.2f} ms a release, {cpu:.2f} of it CPU; best batch {min(batches)[0]:.2f} ms")
    put = timed(lambda number: store.put(f"r-{number:012}", text), range(4 * BATCH))
    print(f"{'the store':<12} {median(each for each, _ in put):.2f} ms a release of {len(text):,} bytes")
    started = time.perf_counter()
    print(f"verify       {ledger.verify():,} entries in {time.perf_counter() - started:.2f} s")
    return median(each for each, _ in taken), median(each for each, _ in put)


def main(releases: int = 2_000, folder: str | None = None) -> None:
    with TemporaryDirectory(dir=folder) as place:
        files = FolderStore(Path(place))
        with (Path(place) / "disk").open("wb", buffering=0) as file:

            def write(_: int) -> None:
                for _ in range(2):
                    file.write(b"x" * 4096)
                    os.fdatasync(file.fileno())

            disk = timed(write, range(10 * BATCH))
            print("SQLite and a folder")
            here = measure(Ledger(f"sqlite:///{place}/ledger.sqlite"), files, releases)
            disk += timed(write, range(10 * BATCH))
        wall = median(each for each, _ in disk)
        print(f"{'the disk':<12} {wall:.2f} ms for two writes of a page; best batch {min(disk)[0]:.2f} ms")
        if programs():
            print("PostgreSQL")
            with running(fsync="on") as server:
                url, empty = server.new(), FolderStore(Path(place, "none"))
                there = measure(Ledger(url), DatabaseStore(url, owner="one", before=empty), releases)
            ratios = [theirs / ours for ours, theirs in zip(here, there, strict=True)]
            print(f"PostgreSQL takes {ratios[0]:.1f} times as long for the ledger, {ratios[1]:.1f} times for the store")


if __name__ == "__main__":
    main(*(kind(each) for kind, each in zip((int, str), sys.argv[1:], strict=False)))
