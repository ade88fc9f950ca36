"""One engine in a process of its own, so that CPU time and peak memory are its own.

    python measure.py ENGINE FOLDER

Prints one JSON object: CPU seconds of each question, of imports and set-up, of all; wall seconds; peak MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from engines import ENGINES, QUESTIONS


def main() -> None:
    engine, folder = sys.argv[1], Path(sys.argv[2])
    started = time.perf_counter()
    ask = ENGINES[engine](folder)
    result: dict[str, object] = {"import": time.process_time()}
    for name in QUESTIONS:
        before = time.process_time()
        try:
            ask[name]()
            result[name] = time.process_time() - before
        except Exception as error:  # noqa: BLE001  # another engine's refusal is a result
            result[name] = None
            print(f"{engine}, {name}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result |= {"cpu": time.process_time(), "wall": time.perf_counter() - started}
    result |= {"mib": peak / (2**20 if sys.platform == "darwin" else 2**10)}
    print(json.dumps(result | ({"cpu": result["cpu"] + _java()} if engine == "spark" else {})))


def _java() -> float:
    """CPU seconds of the processes below this one: where Spark counts."""
    import psutil

    times = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    main()
