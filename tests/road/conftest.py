"""Workspaces that many tests read and none changes: each is made once, by whichever process asks first."""

import fcntl
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "leak"), str(HERE.parent / "crash")]  # steps, kills, find, databases

from databases import server  # noqa: E402, F401  # a fixture
from steps import MONTH, copy, ok  # noqa: E402

from privacy_analytics.sample import write_sample  # noqa: E402


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Fill the folder of a name in the first process that asks for it; the others wait, then find it there."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared

    def made(name, make):
        folder, done = shared / name, shared / f"{name}.made"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made


@dataclass(frozen=True)
class Demo:
    """What ``pa demo`` left behind: the folder that it was called in, the home of who called, what it printed."""

    called_in: Path
    home: Path
    printed: str

    @property
    def root(self) -> Path:
        return self.called_in / "demo"


@pytest.fixture(scope="session")
def demo(once) -> Demo:
    def make(folder):
        for name in ("here", "home"):
            (folder / name).mkdir()
        done = ok("demo", cwd=folder / "here", HOME=str(folder / "home"))
        (folder / "printed").write_text(done.stdout)

    folder = once("demo", make)
    return Demo(folder / "here", folder / "home", (folder / "printed").read_text())


@pytest.fixture(scope="session")
def fresh(once) -> Path:
    """A workspace without data, and beside it an export of 4,000 accounts."""

    def make(folder):
        ok("init", folder / "w", "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
        write_sample(folder / "export", accounts=4_000, conversations=60)

    return once("fresh", make) / "w"


@pytest.fixture(scope="session")
def filled(once, fresh) -> Path:
    """The small export taken in; nothing is asked yet."""

    def make(folder):
        ok("ingest", fresh.parent / "export", "-w", copy(fresh, folder / "w"), "--tier", "fast")

    return once("filled", make) / "w"


@pytest.fixture(scope="session")
def reported(once, filled) -> Path:
    """The usage report of the small workspace has run once."""

    def make(folder):
        ok("run", "usage_report", "-w", copy(filled, folder / "w"), "--month", MONTH)

    return once("reported", make) / "w"
