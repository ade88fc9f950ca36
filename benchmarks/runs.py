"""How long `pa run usage_report` takes on the sample world, the first time and again, and what it spends.

    python benchmarks/runs.py [ACCOUNTS]

Makes a workspace of its own in a temporary folder (about a minute) and calls the command line as a scheduler does.
Today's aims: 60 s cold, 15 s warm, 5 s where a scheduled run stands, and nothing spent when it is not cold.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from privacy_analytics.sample import write_sample

MONTH = "2026-10"
PA = (sys.executable, "-m", "privacy_analytics")


def main(accounts: int = 20_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, export = Path(folder, "w"), Path(folder, "export")
        write_sample(export, accounts=accounts)
        _call("init", root, "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
        _call("ingest", export, "-w", root, "--tier", "fast")
        _call("snapshot", MONTH, "-w", root)
        for temperature, more in (("cold", ()), ("warm", ()), ("stands", ("--scheduled",))):
            started = time.monotonic()
            said = _call("run", "usage_report", "-w", root, "--month", MONTH, *more)
            spent = re.search(r"spent (rho [\d.]+|0)", said)
            size = max(file.stat().st_size for file in root.glob("runs/*/*/*/report.html"))
            print(
                f"{temperature:<6}  {time.monotonic() - started:5.1f} s  spent {spent[1] if spent else '?'}  "
                f"page {size / 1000:,.0f} kB"
            )


def _call(*arguments: object) -> str:
    return subprocess.run([*PA, *map(str, arguments)], check=True, capture_output=True, text=True).stdout  # noqa: S603


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
