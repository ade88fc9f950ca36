"""Releases in a real PostgreSQL: what stays, what is refused, and whose they are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import Server

from privacy_analytics.dp.database import DatabaseStore
from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.dp.store import FolderStore, parquet
from privacy_analytics.errors import LedgerError, NotFound, SettingsError

CELL = Cell(("chät",), 900.25, 860.0, 940.0, None, "ok")
Opened = Callable[..., DatabaseStore]


def made(letter: str, **changed: object) -> Release:
    release = Release(
        id=f"r-{letter * 12}",
        key=letter * 64,
        unit="accounts",
        table="events",
        by=("feature",),
        month="2026-10",
        snapshot="2026-10.r0",
        population="all",
        floor=20,
        cells=(CELL,),
        question={"kind": "count_accounts"},
        mechanism=None,
        nano_rho=5,
        recorded={"purpose": "usage"},
    )
    return replace(release, **changed)


A, B = made("a"), made("b")


@pytest.fixture
def before(tmp_path: Path) -> FolderStore:
    """A folder of releases, empty at first."""
    return FolderStore(tmp_path)


@pytest.fixture
def place(server: Server) -> str:
    return server.new()


@pytest.fixture
def opened(request: pytest.FixtureRequest, before: FolderStore) -> Opened:
    """``opened(owner, url=)``: the store of a schema of its own."""

    def open_store(owner: str = "one", url: str = "") -> DatabaseStore:
        return DatabaseStore(url or request.getfixturevalue("place"), owner=owner, before=before)

    return open_store


@pytest.mark.service
def test_what_was_put_is_there_for_everybody_byte_by_byte(opened: Opened):
    opened().put(B.id, B.to_json())
    opened().put(A.id, A.to_json())
    store = opened()
    assert (store.ids(), store.text(A.id), store.get(B.id)) == ([A.id, B.id], A.to_json(), B)
    assert parquet(store.text(A.id) or "") == parquet(A.to_json())
    assert store.evaluate({"op": "share", "of": [A.id, A.id]}).cells[0].value == 1
    with pytest.raises(NotFound, match="pa doctor --accept-restore"):
        store.get("r-cccccccccccc")


@pytest.mark.service
def test_the_same_bytes_again_change_nothing_and_others_are_refused(opened: Opened):
    store = opened()
    for _ in range(2):
        store.put(A.id, A.to_json())
    with pytest.raises(LedgerError, match=f"other bytes of {A.id} than the ledger"):
        store.put(A.id, replace(A, nano_rho=6).to_json())
    assert store.get(A.id) == A


@pytest.mark.service
@pytest.mark.parametrize("table", ["releases", "releases_owner"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_to_change_or_remove_a_row(opened: Opened, table: str, change: str):
    store = opened()
    store.put(A.id, A.to_json())
    with pytest.raises(sa.exc.DBAPIError, match="never changed or removed"), store.engine.begin() as connection:
        connection.exec_driver_sql(change.format(table))
    assert store.ids() == [A.id]


@pytest.mark.service
def test_many_open_an_empty_schema_at_once(opened: Opened, before: FolderStore, place: str):
    before.put(A.id, A.to_json())
    with ThreadPoolExecutor(8) as many:
        assert list(many.map(lambda _: opened(url=place).ids(), range(8))) == [[A.id]] * 8


@pytest.mark.service
def test_an_empty_database_takes_the_folder_over_once(opened: Opened, before: FolderStore):
    before.put(A.id, A.to_json())
    assert opened().get(A.id) == A
    before.put(B.id, B.to_json())
    assert opened().ids() == [A.id]  # what the folder gets later is nobody's release, until the ledger knows it


@pytest.mark.service
@pytest.mark.parametrize("damage", ["{", '{"format": 1}', B.to_json()])
def test_a_damaged_release_lets_nothing_be_taken_over(opened: Opened, before: FolderStore, damage: str):
    before.put(B.id, B.to_json())
    before.put(A.id, A.to_json())
    (before.folder / f"{A.id}.json").write_text(damage)
    with pytest.raises(LedgerError, match=f"{A.id} is damaged. Restore its file"):
        opened()
    before.put(A.id, A.to_json())
    assert opened().ids() == [A.id, B.id]


@pytest.mark.service
def test_another_workspace_is_refused(opened: Opened):
    opened("one").put(A.id, A.to_json())
    with pytest.raises(SettingsError, match="another workspace"):
        opened("two")


@pytest.mark.service
def test_a_table_of_another_program_is_refused(opened: Opened, server: Server):
    url = server.new()
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE releases (id INT, json TEXT)")
    with pytest.raises(SettingsError, match="of another program"):
        opened(url=url)


@pytest.mark.service
def test_a_role_that_owns_nothing_reads_and_adds(opened: Opened, server: Server):
    """The grants of docs/operator.md."""
    owned = opened()
    with owned.engine.begin() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
        role = f"curator_of_{schema}"
        for statement in [
            f"CREATE ROLE {role} LOGIN",
            f"GRANT USAGE ON SCHEMA {schema} TO {role}",
            f"GRANT SELECT, INSERT ON releases TO {role}",
            f"GRANT SELECT ON releases_owner TO {role}",
        ]:
            connection.exec_driver_sql(statement)
    url = owned.engine.url.set(username=role).render_as_string()
    opened(url=url).put(A.id, A.to_json())
    assert opened(url=url).get(A.id) == A


@pytest.mark.service
def test_a_database_that_fails_later_says_what_to_do_and_quotes_nothing(opened: Opened, server: Server, place: str):
    store = opened()
    server.drop(place)
    with pytest.raises(SettingsError, match=r"cannot be used \(UndefinedTable\).*ask again") as refused:
        store.put(A.id, A.to_json())
    assert refused.value.__suppress_context__
    assert "chät" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://curator:horse@/privacy?host=/nowhere", "postgresql://curator:horse@h:port/x", "horse"]
)
def test_a_database_out_of_reach_is_refused_without_its_url(opened: Opened, url: str):
    pytest.importorskip("psycopg")
    with pytest.raises(SettingsError, match=r"releases\.url is right") as refused:
        opened(url=url)
    assert "horse" not in str(refused.value)


def test_without_psycopg_the_refusal_says_how_to_install_it(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"pip install 'privacy-analytics\[postgres\]'"):
        opened(url="postgresql+psycopg:///privacy")
