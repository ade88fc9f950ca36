"""What a ledger and releases may live in: an SQLite file, or a real PostgreSQL server in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from privacy_analytics.dp.ledger import Charge, Ledger

DATABASES = ("sqlite", "postgresql")
_SERVER = {"listen_addresses": "", "fsync": "off", "max_connections": "100"}
"""Clients are killed, the server is not: it need not survive a power cut."""


@dataclass
class Server:
    """A running PostgreSQL; every ledger gets a schema of its own."""

    socket: Path
    numbers: Iterator[int] = field(default_factory=count)

    def new(self) -> str:
        """The URL of an empty schema."""
        schema = f"ledger_{os.getpid()}_{next(self.numbers)}"
        with self.engine().begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        return f"{self.url}&options=-csearch_path%3D{schema}"

    def drop(self, url: str) -> None:
        with self.engine().begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {url.rsplit('%3D', maxsplit=1)[-1]} CASCADE")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://ledger@/postgres?host={self.socket}"

    def engine(self) -> sa.Engine:
        return sa.create_engine(self.url, poolclass=sa.NullPool)


def programs() -> Path | None:
    """Where initdb and pg_ctl are: on PATH, or where Debian puts them."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


@contextmanager
def running(**settings: str) -> Generator[Server]:
    """Start a server, and stop it and remove its folder afterwards. PostgreSQL refuses to run as root."""
    tools = programs()
    assert tools, "PostgreSQL is not installed. On Debian: apt install postgresql"
    somebody: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        somebody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    options = " ".join(
        f"-c {name}='{value}'" for name, value in (_SERVER | settings | {"unix_socket_directories": folder}).items()
    )

    def run(*command: object) -> None:
        line = [str(each) for each in command]
        done = subprocess.run(line, cwd=folder, **somebody, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    try:
        run(tools / "initdb", "-D", folder / "data", "-U", "ledger", "--auth=trust", "--no-sync", "-E", "UTF8")
        run(tools / "pg_ctl", "start", "-w", "-D", folder / "data", "-l", folder / "log", "-o", options)
        try:
            yield Server(folder)
        finally:
            run(tools / "pg_ctl", "stop", "-m", "immediate", "-D", folder / "data")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One PostgreSQL for all tests of a process. Where CI_SERVICES is set, its absence is a failure."""
    if not programs():
        (pytest.fail if os.environ.get("CI_SERVICES") else pytest.skip)("PostgreSQL is not installed")
    with running() as started:
        yield started


@pytest.fixture(params=[DATABASES[0], pytest.param(DATABASES[1], marks=pytest.mark.service)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """``empty_url()``: another empty ledger, on each database."""
    if request.param == "postgresql":
        return request.getfixturevalue("server").new
    numbers = count()
    return lambda: f"sqlite:///{tmp_path}/ledger{next(numbers)}.sqlite"


@pytest.fixture
def url(empty_url: Callable[[], str]) -> str:
    """An empty ledger's URL, on each database."""
    return empty_url()


OCTOBER: dict[str, Any] = {"month": "2026-10", "purpose": "usage"}
SPEND: dict[str, Any] = {"months": ["2026-10"], "purpose": "usage"}
ALLOWED = Charge(100, 50)


def spend(ledger: Ledger, plan: str = "p", key: str = "k", charge: Charge = Charge(40, 7)) -> None:  # noqa: B008
    """One release, paid for and final."""
    ledger.reserve(plan, **SPEND, charge=charge, allowance=ALLOWED, payload="{}")
    ledger.drawing(plan, **SPEND, key=key, charge=charge, allowance=ALLOWED)
    ledger.commit(plan, **OCTOBER, key=key, payload=f'"answer to {key}"')


@pytest.fixture
def ledger(url: str) -> Ledger:
    """An empty one on each database."""
    return Ledger(url)
