"""SIGKILL of ``pa account erase`` at any moment: a retry, by request or with the same input, ends completely done."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from privacy_analytics import workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.account import account
from privacy_analytics.errors import NotFound
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake, private_files
from privacy_analytics.rights.requests import Requests
from privacy_analytics.sample import write_sample
from privacy_analytics.scrub import Scrubber
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.settings import Settings
from privacy_analytics.tombstones import Tombstones
from privacy_analytics.witness import find

pytestmark = [pytest.mark.long, pytest.mark.slow]
MOMENTS = 30
READY = """
import sys
import privacy_analytics.rights.preview, privacy_analytics.cli.account.erase
from privacy_analytics.cli import main
print("ready", flush=True)
main()
"""


class World:
    """A small workspace with everything planted in it, from which each kill starts."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "w"
        settings = workspace.create(
            self.root, product="P", contact_email="o@studio.test", timezone="UTC", posted=date(2026, 1, 1)
        )
        write_sample(folder / "export", accounts=200, conversations=60)
        hasher = IdentityHasher(*settings.secret_keys())
        ingest(settings, folder / "export", scrubber=Scrubber("fast", hasher=hasher))
        lake = Lake(settings.path("lake"))
        said = pl.concat([lake.scan("messages", month, lake.batches()).collect() for month in lake.months("messages")])
        talks = said.filter(pl.col("content").str.len_chars() > 60).group_by("account").len().sort("len", "account")
        people = pl.read_csv(folder / "export" / "accounts.csv")["account_id"]
        self.whom = talks["account"][-1]
        self.id = next(each for each in people if hasher.pseudonym(each) == self.whom)
        texts = said.filter(pl.col("account") == self.whom, pl.col("content").str.len_chars() > 60)["content"].unique()
        others = "\n".join(said.filter(pl.col("account") != self.whom)["content"].drop_nulls()).casefold()
        self.needles = [self.whom, *(text for text in texts.sort() if text.casefold() not in others)]
        assert len(self.needles) > 2
        for store in ("logs/run.log", "runs/2026-10/usage_report/001/report.html", "private/lab/x.bin"):
            file = settings.path(store)
            with private_files():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("\n".join(["kept", *self.needles]))
        self.others = rows_of_others(self.root, self.whom)

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.root, to)
        workspace.accept_restore(to)
        return to


def rows_of_others(root: Path, whom: str) -> dict[tuple[str, str], pl.DataFrame]:
    lake = Lake(root / "lake")
    return {
        (table, month): lake.scan(table, month, lake.batches()).filter(pl.col("account") != whom).collect()
        for table in lake.schemas
        if table != "subjects"
        for month in lake.months(table)
    }


def begin(root: Path, *more: str, people: str) -> tuple[subprocess.Popen[str], float]:
    """A real process, and when it had loaded everything."""
    line = [sys.executable, "-c", READY, "account", "erase", "--by", "N. N.", "--confirm", "-w", str(root), *more]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    process.stdin.write(people)
    process.stdin.close()
    process.stdin = None  # all is said: communicate() has nothing to send
    assert process.stdout.readline() == "ready\n"
    return process, time.monotonic()


def pa(root: Path, *more: str, people: str = "") -> None:
    line = ["erase", "--by", "N. N.", "--confirm", "-w", str(root), *more]
    CliRunner().invoke(account, line, input=people, catch_exceptions=False)


def requests_of(root: Path) -> tuple[Settings, Requests]:
    settings = workspace.load(root)
    return settings, Requests(settings, Lake(settings.path("lake")))


def check(world: World, root: Path) -> None:
    """Completely done: everything of one account is gone, everything of the others is there."""
    settings, requests = requests_of(root)
    assert [each.state for each in requests.all()] == ["done"]
    assert find(root, world.needles) == []
    after = rows_of_others(root, world.whom)
    assert all(after[each].equals(rows) for each, rows in world.others.items())
    assert settings.path("logs", "run.log").read_text() == "kept"
    assert Tombstones(settings).erased_among([world.whom]) == {world.whom}
    assert len(Tombstones(settings).all()) == 1
    assert requests.about([world.whom]) == []
    (done,) = requests.all()
    assert json.loads(requests.path(done, "receipt.json").read_text())["rows"]["messages"] > 0
    assert AuditLog(settings).verify()[0] >= 2
    assert list(root.rglob("*.partial")) == []


def test_killed_at_any_moment_a_retry_ends_completely_done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("erase")
    world = World(folder)
    process, started = begin(world.copy(folder / "timed"), people=world.id)
    said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    length = time.monotonic() - started
    check(world, folder / "timed")
    rng = random.Random(6)
    killed = 0
    for number in range(MOMENTS):
        root = world.copy(folder / f"w{number}")
        process, started = begin(root, people=world.id)
        delay = length * (number + rng.random()) / MOMENTS
        try:
            process.wait(max(started + delay - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        entered = [each.id for each in requests_of(root)[1].all()]
        with suppress(NotFound):  # behind the last row nobody is found by id
            pa(root, *(["--request", *entered] if entered and number % 2 else []), people=world.id)
        pa(root, "--request", *[each.id for each in requests_of(root)[1].all()])
        check(world, root)
        shutil.rmtree(root)
    assert killed > 4  # the timed run may have been the slowest on a busy machine
