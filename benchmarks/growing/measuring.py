"""What one command takes, in a process of its own: seconds by the clock, seconds of CPU, peak MiB."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Took:
    """``wall`` depends on what else the machine does; ``cpu`` hardly does."""

    wall: float
    cpu: float
    mib: float
    said: str

    def figures(self) -> dict[str, float]:
        """All of it but what was said, rounded for a file."""
        return {"wall": round(self.wall, 1), "cpu": round(self.cpu, 1), "mib": round(self.mib)}


def took(*command: object, env: dict[str, str] | None = None) -> Took:
    """Run it to its end. Raises SystemExit with what it said where it fails."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        ran = subprocess.Popen(  # noqa: S603
            [sys.executable, *map(str, command)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
        _, status, used = os.wait4(ran.pid, 0)
        ran.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begun
        out.seek(0)
        said = out.read()
    if ran.returncode:
        raise SystemExit(said)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / unit, said)


def size(folder: Path) -> int:
    """Bytes of the files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def line(points: list[tuple[float, float]]) -> dict[str, float]:
    """a and b of y = a + b·x by least squares of relative errors, so that small sizes count as much as large ones."""
    weights = [1 / y**2 for _, y in points]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    slope = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, points, strict=True)) / spread
    return {"a": float(f"{mean_y - slope * mean_x:.3g}"), "b": float(f"{slope:.3g}")}
