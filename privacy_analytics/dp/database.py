"""A release store in PostgreSQL: one row a release, which the database itself refuses to change or remove.

The tables are laid out by whoever opens them first. They belong to one workspace: another one's answers to the same
questions are other numbers.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import LedgerError, SettingsError

_METADATA = sa.MetaData()
RELEASES = sa.Table(
    "releases",
    _METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("json", sa.Text, nullable=False),
)
_OWNER = sa.Table(
    "releases_owner",
    _METADATA,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("workspace", sa.Text, nullable=False),
)
_REFUSE = [
    """CREATE FUNCTION releases_stay() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a release is never changed or removed'; END $$""",
    *(
        f"CREATE TRIGGER {table}_refuse_{name} BEFORE {what} ON {table} FOR EACH STATEMENT "
        "EXECUTE FUNCTION releases_stay()"
        for table in _METADATA.tables
        for name, what in {"change": "UPDATE OR DELETE", "truncate": "TRUNCATE"}.items()
    ),
]
_LAYING = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 2))"  # the ledger's are 0 and 1
_ADD = insert(RELEASES).on_conflict_do_nothing()
_TEXT = sa.select(RELEASES.c.json).where(RELEASES.c.id == sa.bindparam("id"))
_IDS = sa.select(RELEASES.c.id)


class DatabaseStore(ReleaseStore):
    """The releases of one workspace in the schema that is current for a URL; safe for any number of processes.

    Parameters
    ----------
    url : an SQLAlchemy URL of PostgreSQL
    owner : names the workspace; says nothing else
    before : where its releases were kept until now; an empty table takes all of them over, or none

    Raises
    ------
    SettingsError
        out of reach, no psycopg, or the tables of another workspace or program
    LedgerError
        one of the releases before is damaged
    """

    def __init__(self, url: str, *, owner: str, before: ReleaseStore) -> None:
        with _reached():
            self.engine = sa.create_engine(url, pool_pre_ping=True)
            weakref.finalize(self, self.engine.dispose)
            with self.engine.begin() as connection:
                connection.exec_driver_sql(_LAYING)
                _lay_out(connection, owner)
                if connection.execute(_IDS.limit(1)).first() is None and (known := before.ids()):
                    connection.execute(_ADD, [{"id": each, "json": _whole(before, each)} for each in known])

    def put(self, release_id: str, text: str) -> None:
        """Keep a release's bytes. Raises LedgerError where others are kept under its id: one of the two is forged."""
        with self._at_once() as connection:
            connection.execute(_ADD, {"id": release_id, "json": text})
            kept = connection.execute(_TEXT, {"id": release_id}).scalar_one()
        if kept != text:
            raise LedgerError(
                f"The release store holds other bytes of {release_id} than the ledger. Nothing is replaced: find out "
                "who changed which of the two (pa budget verify), and restore it."
            )

    def text(self, release_id: str) -> str | None:
        with self._at_once() as connection:
            return connection.execute(_TEXT, {"id": release_id}).scalar()

    def ids(self) -> list[str]:
        with self._at_once() as connection:
            return sorted(connection.execute(_IDS).scalars())

    @contextmanager
    def _at_once(self) -> Generator[sa.Connection]:
        """Every statement is a transaction of its own: a row is all that is ever written."""
        with _reached(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection


def _lay_out(connection: sa.Connection, owner: str) -> None:
    found = sa.inspect(connection)
    if not found.has_table(RELEASES.name):
        _METADATA.create_all(connection)
        connection.execute(_OWNER.insert().values(id=1, workspace=owner))
        for statement in _REFUSE:
            connection.exec_driver_sql(statement)
    elif not found.has_table(_OWNER.name):
        raise SettingsError(
            "The database of releases.url has a table releases of another program. Name another schema in releases.url."
        )
    elif connection.execute(sa.select(_OWNER.c.workspace)).scalar() != owner:
        raise SettingsError(
            "The database of releases.url keeps the releases of another workspace, with another private/key. Name a "
            "schema of this one's own in releases.url; was the key lost, restore it."
        )


def _whole(store: ReleaseStore, release_id: str) -> str:
    """A release's bytes, after a look: what enters the table stays."""
    text = store.text(release_id) or ""
    try:
        right = release_id == f"r-{Release.from_json(text).key[:12]}"
    except (ValueError, KeyError, TypeError, AttributeError):
        right = False
    if not right:
        raise LedgerError(f"The stored release {release_id} is damaged. Restore its file, then do this again.")
    return text


@contextmanager
def _reached() -> Generator[None]:
    """Say what to do where the database cannot be used; what a driver says could quote its URL."""
    try:
        yield
    except ModuleNotFoundError:
        raise SettingsError(
            "Releases on PostgreSQL need psycopg. Install it with: pip install 'privacy-analytics[postgres]'"
        ) from None
    except (SQLAlchemyError, ValueError) as error:  # a port that is no number is the latter
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise SettingsError(
            f"The database of the releases cannot be used ({type(cause).__name__}). See that releases.url is right, "
            "its server runs and its role may use the tables. Then ask again: what the ledger holds costs nothing."
        ) from None
