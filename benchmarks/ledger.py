"""What the ledger costs a release: reserve, drawing and commit of 8 kB, on disk.

    python benchmarks/ledger.py [RELEASES] [FOLDER]     2,000 in a temporary folder unless told

All are of one month and purpose, which is the hardest case for the sums. Beside it the time that the disk takes for the
two waits alone. Medians over batches, so that what else runs on the machine counts less.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from privacy_analytics.dp.ledger import Charge, Ledger

BATCH = 50
PLENTY = Charge(10**15, 10**15)


def timed(act: Callable[[int], None], numbers: range) -> list[tuple[float, float]]:
    """Wall and CPU milliseconds of one act, by batch."""
    taken: list[tuple[float, float]] = []
    for first in range(numbers.start, numbers.stop, BATCH):
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(first, first + BATCH):
            act(number)
        taken.append(((time.perf_counter() - wall) * 1e3 / BATCH, (time.process_time() - cpu) * 1e3 / BATCH))
    return taken


def main(releases: int = 2_000, folder: str | None = None) -> None:
    with TemporaryDirectory(dir=folder) as place:
        ledger = Ledger(f"sqlite:///{place}/ledger.sqlite")
        about = {"purpose": "usage", "months": ["2026-10"], "charge": Charge(5, 1), "allowance": PLENTY}

        def release(number: int) -> None:
            plan, key = f"plan {number}", f"key {number}"
            ledger.reserve(plan, **about, payload="{}")
            ledger.drawing(plan, **about, key=key)
            ledger.commit(plan, month="2026-10", purpose="usage", key=key, payload="x" * 8_000)

        with (Path(place) / "disk").open("wb", buffering=0) as file:

            def write(_: int) -> None:
                for _ in range(2):
                    file.write(b"x" * 4096)
                    os.fdatasync(file.fileno())

            disk = timed(write, range(10 * BATCH))
            taken = timed(release, range(releases))
            disk += timed(write, range(10 * BATCH))
        tenth = max(len(taken) // 10, 1)
        for name, batches in {"first tenth": taken[:tenth], "last tenth": taken[-tenth:]}.items():
            wall, cpu = (median(each) for each in zip(*batches, strict=True))
            print(f"{name:<12} {wall:.2f} ms a release, {cpu:.2f} of it CPU; best batch {min(batches)[0]:.2f} ms")
        wall = median(each for each, _ in disk)
        print(f"{'the disk':<12} {wall:.2f} ms for two writes of a page; best batch {min(disk)[0]:.2f} ms")
        started = time.perf_counter()
        print(f"verify       {ledger.verify():,} entries in {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main(*(kind(each) for kind, each in zip((int, str), sys.argv[1:], strict=False)))
