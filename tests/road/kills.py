"""SIGKILL at chosen moments, and what must hold afterwards. Tests use a few moments, benchmarks/kills.py many."""

import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import polars as pl
import psutil
from steps import MONTH, answers, command, curator, events, ok

from privacy_analytics import workspace
from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.marketing.history import history

Check = Callable[[Path], None]


def ingest(root: Path, export: Path) -> list[str]:
    return command("ingest", export, "-w", root, "--tier", "fast")


def report(root: Path) -> list[str]:
    return command("run", "usage_report", "-w", root, "--month", MONTH)


def freeze(root: Path) -> list[str]:
    return command("snapshot", MONTH, "-w", root)


def job(root: Path) -> list[str]:
    """What a scheduler calls: freeze the month, run the report, publish it."""
    return command("run", "usage_report", "-w", root, "--month", MONTH, "--scheduled", "--publish", "N. N.")


def publish(root: Path) -> list[str]:
    return command("publish", f"{MONTH}/usage_report", "-w", root, "--approve", "N. N.")


def moments(count: int, length: float, *, seed: int) -> list[float]:
    """Delays over the last three quarters of ``length`` seconds, one at random in each of ``count`` equal parts.

    The first quarter imports; nothing is touched there.
    """
    rng = random.Random(seed)
    return [length * (0.25 + 0.75 * (part + rng.random()) / count) for part in range(count)]


def seconds(line: Sequence[str]) -> float:
    """How long a command takes when nobody kills it."""
    started = time.monotonic()
    subprocess.run(line, check=True, capture_output=True)
    return time.monotonic() - started


def kill_after(line: Sequence[str], delay: float, *, alone: bool = False) -> bool:
    """Start a command and kill it, with all processes that it started unless ``alone``; False if it ended before.

    Returns when all of them are gone: a kernel whose parent died ends by itself.
    """
    process = psutil.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(delay)
    except psutil.TimeoutExpired:
        family = process.children(recursive=True)
        for each in [process] if alone else [process, *family]:
            each.kill()
        process.wait(60)
        _, left = psutil.wait_procs(family, timeout=60)
        assert left == []
        return True
    return False


def stored(root: Path) -> dict[str, pl.DataFrame]:
    """All that a reader of the lake sees, by table: every file of a committed batch is opened."""
    lake = Lake(root / "lake")
    committed = lake.batches()
    rows: dict[str, pl.DataFrame] = {}
    for table, schema in lake.schemas.items():
        months = [*lake.months(table)] if table not in ("accounts", "identities") else [ALWAYS]
        parts = [lake.scan(table, month, committed).collect().drop("batch") for month in months]
        rows[table] = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
    return rows


def check_same_rows(root: Path, other: Path) -> None:
    """Two lakes hold the same rows, in whatever files they lie."""
    one, two = stored(root), stored(other)
    assert [table for table in one | two if not _sorted(one[table]).equals(_sorted(two[table]))] == []


def check_same_questions(root: Path, other: Path) -> None:
    """Two ledgers have answered the same questions, each with its own noise.

    But for a block or two: a plan chooses by the month's released number of accounts, so one at the edge of usefulness
    may be in one of them alone; and what several kills have cost may be what the last block would have needed.
    """
    assert len(answers(root).keys() ^ answers(other).keys()) <= 2


def _sorted(rows: pl.DataFrame) -> pl.DataFrame:
    plain = [name for name, kind in sorted(rows.schema.items()) if not kind.is_nested()]
    return rows.select(sorted(rows.columns)).sort(plain, nulls_last=True, maintain_order=True)


def check_lake(root: Path) -> None:
    """All of a batch or nothing, and every visible file opens."""
    stored(root)
    for file in (root / "lake" / "batches").glob("*.json"):
        json.loads(file.read_text())


def check_releases(root: Path) -> None:
    """No half file; each release has one commit, and each commit was charged before it, never after it."""
    for folder in ("releases", "snapshots"):
        for file in (root / folder).glob("*.json"):
            json.loads(file.read_text())
    for run in (root / "runs").glob("*/*/[0-9]*"):
        assert (run / "report.html").read_text().rstrip().endswith("</html>")
        json.loads((run / "manifest.json").read_text())
        nbformat.read(run / "executed.ipynb", as_version=4)
    known = curator(root)
    known.ledger.verify()
    reserved = drawn = 0
    charged: Counter[str] = Counter()
    committed: dict[str, str] = {}
    for event in known.ledger.events():
        if event.kind == "reserve":
            reserved += event.nano_rho
        elif event.kind == "drawing":
            assert event.key not in committed
            charged[event.key] += 1
            drawn += event.nano_rho
        elif event.kind == "commit":
            assert event.key not in committed
            assert charged[event.key] >= 1
            committed[event.key] = event.payload
        assert drawn <= reserved
    for release in known.store.ids():
        assert known.store.get(release).to_json() in committed.values()


def check_jobs(root: Path) -> None:
    """Releases, runs and site whole, at most one of each run; nothing that is dead is said to run."""
    check_releases(root)
    for file in (root / "snapshots").iterdir():
        assert file.suffix in (".json", ".partial")
    found = history(workspace.load(root))
    assert {each.state for each in found} <= {"died", "finished", "published", "failed"}
    assert len([each for each in found if each.folder]) <= 1
    assert all(each.attempt.exit_code for each in found if each.state == "failed")
    check_site(root)


def check_site(root: Path) -> None:
    """One report of the month, or none yet; its page is the run's, and a reader finds every file whole."""
    site, run = root / "published", root / "runs" / MONTH / "usage_report" / "001"
    shown = [folder for folder in site.glob("[0-9]*/*") if not folder.name.startswith(".")]
    assert [folder.name for folder in shown] in ([], ["usage_report"])
    for folder in shown:
        assert (folder / "index.html").read_bytes() == (run / "report.html").read_bytes()
        assert json.loads((folder / "manifest.json").read_text())["approved_by"] == "N. N."
    for page in site.glob("index.html"):
        assert page.read_text().rstrip().endswith("</html>")


def survive(line: list[str], root: Path, delays: Sequence[float], check: Check) -> dict[str, int]:
    """Kill a command at each delay, check after each, and see that no answer once given changes. Returns counts.

    A command that was quicker is called again and killed sooner, so there are as many kills as delays.
    """
    told: Counter[str] = Counter()
    given: dict[str, str] = {}
    for number, delay in enumerate(delays):
        while not kill_after(line, delay, alone=number % 4 == 3):
            told["finished"] += 1
            delay *= 0.7  # noqa: PLW2901  # that is what it is for
        told["killed"] += 1
        check(root)
        now = answers(root)
        assert {key: now[key] for key in given} == given
        given = now
    return dict(told)


def lost(root: Path) -> int:
    """Charges between drawing and commit that a kill has cost; what spans two months is charged to each of them."""
    drawn = Counter((event.key, event.month) for event in events(root) if event.kind == "drawing")
    return drawn.total() - len(drawn)


def settled(root: Path) -> dict[str, int]:
    """After the last kill: the report completes, again it spends nothing; what the kills have cost, in charges."""
    done = ok(*report(root)[3:])
    assert "report  " in done.stdout
    check_releases(root)
    before = len(events(root))
    again = ok(*report(root)[3:])
    assert "spent 0  (same page as before)" in again.stdout
    assert len(events(root)) == before
    return {"answers": len(answers(root)), "charges lost": lost(root)}


def frozen(root: Path) -> None:
    """After the last kill: one token, and the batches that stood when it was made."""
    assert ok(*freeze(root)[3:]).stdout == ok(*freeze(root)[3:]).stdout
    assert [file.name for file in (root / "snapshots").glob("*.json")] == [f"{MONTH}.r0.json"]


def done(root: Path) -> dict[str, int]:
    """After the last kill: the job completes, again it finds everything done; the ledger says what the releases say."""
    assert "published  " in ok(*job(root)[3:]).stdout
    before = len(events(root))
    assert "stands, spent 0" in ok(*job(root)[3:]).stdout
    assert len(events(root)) == before
    check_jobs(root)
    states = Counter(each.state for each in history(workspace.load(root)))
    assert states["published"] == 1
    assert not states["finished"]
    committed = {f"r-{event.key[:12]}" for event in events(root) if event.kind == "commit"}
    assert committed == set(curator(root).store.ids())
    return {"answers": len(answers(root)), "charges lost": lost(root), **states}


def ingested(root: Path, export: Path) -> None:
    """After the last kill: the intake completes, and again it adds nothing."""
    ok(*ingest(root, export)[3:])
    check_lake(root)
    assert not (root / "lake" / "staging").exists()
    batches = set(Lake(root / "lake").batches())
    on_disk = {folder.name.removeprefix("batch=") for folder in (root / "lake").glob("*/month=*/batch=*")}
    assert on_disk <= batches  # a batch that found everything known has no files
