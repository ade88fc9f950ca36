"""A crowd at a curator over HTTP on this machine: calls a second, how long they wait, errors, overspends.

    python benchmarks/load.py [CLIENTS] [CALLS] [WORKERS] [ACCOUNTS]     200 10,000 4 20,000 unless told

Makes a workspace of its own in a temporary folder (about a minute), serves it with ``pa serve --http``, and asks a mix
of describe, budget, preview, plan, stored releases and a few fresh questions, all clients at once. Clients and server
share this machine's processors, so the figures are a lower bound.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "road"))

from crowd import MIX, crowd, spent  # noqa: E402
from steps import MONTH, command, ok  # noqa: E402

from privacy_analytics.sample import write_sample  # noqa: E402

PEOPLE = 10


def main(clients: int = 200, calls: int = 10_000, workers: int = 4, accounts: int = 20_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, export = Path(folder, "w"), Path(folder, "export")
        write_sample(export, accounts=accounts)
        ok("init", root, "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
        ok("ingest", export, "-w", root, "--tier", "fast")
        tokens = [
            ok("token", "add", f"person-{number}", "--role", "analyst", "-w", root).stdout.split()[1]
            for number in range(PEOPLE)
        ]
        line = command("serve", "-w", root, "--http", "127.0.0.1:0", "--workers", workers)
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
            try:
                url = next(iter(server.stdout or ())).split()[1]
                asyncio.run(crowd(url, tokens, clients=workers, calls=20 * workers, month=MONTH))  # workers wake up
                met = asyncio.run(crowd(url, tokens, clients=clients, calls=calls, month=MONTH))
            finally:
                server.terminate()
        after = spent(root, MONTH)
    errors = sum(met.problems.values()) + sum(n for status, n in met.statuses.items() if status != 200)
    print(f"{calls:,} calls by {clients} clients at {workers} workers: {calls / met.seconds:,.0f} a second")
    print(f"all        p50 {met.percentile(50):7,.0f} ms   p95 {met.percentile(95):7,.0f} ms")
    for kind in MIX:
        print(f"{kind:<10} p50 {met.percentile(50, kind):7,.0f} ms   p95 {met.percentile(95, kind):7,.0f} ms")
    print(f"errors     {errors}   {dict(met.statuses)} {dict(met.problems) or ''}")
    print(f"answers    {len(met.answers)} questions, each always the same bytes: {_same(met.answers)}")
    print(
        f"spent      {after.ledger:,} nano-rho in the verified ledger, {after.releases:,} in {after.commits} releases"
    )
    print(f"overspent  {max(after.ledger - after.allowed, 0)}")
    sys.exit(bool(errors) or after.ledger != after.releases or after.ledger > after.allowed or not _same(met.answers))


def _same(answers: dict[str, set[str]]) -> bool:
    return all(len(each) == 1 for each in answers.values())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
