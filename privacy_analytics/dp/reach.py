"""How a ledger's database is reached: an SQLite file for one host, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, IntegrityError

from privacy_analytics.errors import LedgerError, SettingsError

ENTER = "enter the stored releases with their charges: pa doctor --accept-restore --name NAME --reason WHY"
AFTER_A_LOSS = f"Restore the newest backup; without one, move the ledger aside. Then {ENTER}"


@contextmanager
def reached(url: str) -> Generator[sa.Engine]:
    """An engine for a ledger's database.

    Raises LedgerError for whatever keeps it from being used meanwhile, SettingsError where its role lacks a right.
    """
    try:
        yield _engine(url)
    except ModuleNotFoundError:
        raise LedgerError(
            "A ledger on PostgreSQL needs psycopg. Install it with: pip install 'privacy-analytics[postgres]'"
        ) from None
    except DBAPIError as error:
        if type(error.orig).__name__ == "InsufficientPrivilege":
            raise SettingsError(
                "The role of ledger.url may not do this to the ledger's tables. Grant it what docs/operator.md names; "
                "an upgrade is for the role that owns them."
            ) from None
        raise LedgerError(
            f"The ledger's database cannot be used ({type(error.orig).__name__}). "
            f"See that ledger.url is right and its server runs. {AFTER_A_LOSS}"
        ) from None


def fails_quietly(engine: sa.Engine) -> None:
    """From here on a failing database is a LedgerError that says what to do; a refusal by a unique index stays one."""

    def told(context: sa.ExceptionContext) -> LedgerError | None:
        if isinstance(context.sqlalchemy_exception, IntegrityError | None):
            return None
        return LedgerError(
            f"The ledger's database failed ({type(context.original_exception).__name__}). See that its server runs and "
            "its disk has room, then ask again: what was answered before costs nothing."
        )

    listen(engine, "handle_error", told)


@contextmanager
def visited(url: str) -> Generator[sa.Engine]:
    """The same for one step alone."""
    with reached(url) as engine:
        try:
            yield engine
        finally:
            engine.dispose()


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    if engine.dialect.name == "sqlite":
        listen(engine, "connect", _on_connect)
        listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    """Leave transactions to us, and the file to its owner alone: what lies beside it takes its mode."""
    connection.isolation_level = None
    for *_, file in connection.execute("PRAGMA database_list"):
        if file:
            Path(file).chmod(0o600)
    for pragma in ("busy_timeout=30000", "journal_mode=WAL"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: sa.Connection) -> None:
    """Let a commit be on disk before it is believed, unless told otherwise."""
    how = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA synchronous={how.get('synchronous', 'FULL')}")
    connection.exec_driver_sql(f"BEGIN {how.get('begin', '')}")
