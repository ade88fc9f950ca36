"""A table that only grows, on SQLite and on a real PostgreSQL server: what it refuses, and who may write when."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from databases import OCTOBER, Server, spend

from privacy_analytics.dp import chain, layout
from privacy_analytics.dp.ledger import Charge, Ledger
from privacy_analytics.errors import LedgerError, SettingsError


def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def tamper(url: str, *statements: str) -> None:
    """What somebody who owns the database and has no scruples can do."""
    triggers = [name for name in ("update", "delete", "replace") if url.startswith("sqlite")]
    unlocked = [f"DROP TRIGGER {table}_refuse_{name}" for table in ("events", "head") for name in triggers]
    unlocked = [each.replace("head_refuse_update", "head_refuse_back") for each in unlocked]
    both = [f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in ("events", "head")]
    execute(url, *(unlocked or both), *statements)


def test_the_database_refuses_to_change_or_remove_a_row(ledger: Ledger, url: str):
    spend(ledger)
    own = {
        "sqlite": ["REPLACE INTO events SELECT * FROM events WHERE seq = 1", "REPLACE INTO head VALUES (1, 0, '')"],
        "postgresql": ["TRUNCATE events", "TRUNCATE head"],
    }[ledger.engine.dialect.name]
    changes = ["UPDATE events SET nano_rho = 0", "DELETE FROM events", "UPDATE head SET seq = 2", "DELETE FROM head"]
    for statement in changes + own:
        with pytest.raises(sa.exc.DBAPIError, match="the ledger only grows"):
            execute(url, statement)
    assert ledger.verify() == 3


def rows(kind: str, **changed: Any) -> Callable[[chain.Writer], None]:
    about = {"month": "2026-10", "purpose": "usage", "plan": "p", "key": "k"} | changed
    return lambda writer: writer.add(kind, **about)


@pytest.mark.parametrize(
    "again", [rows("reserve", key=""), rows("drawing"), rows("drawing", plan="another"), rows("commit", plan="another")]
)
def test_the_database_refuses_a_second_live_reservation_drawing_or_answer(
    ledger: Ledger, again: Callable[[chain.Writer], None]
):
    """Where two processes got past the turn and past our own checks."""
    spend(ledger)
    with pytest.raises(sa.exc.IntegrityError), ledger.adding() as writer:
        again(writer)
    assert ledger.verify() == 3


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["UPDATE events SET nano_rho = 39 WHERE seq = 1"], "breaks at entry 1"),
        (["UPDATE events SET delta = 0 WHERE seq = 1"], "breaks at entry 1"),
        (["UPDATE events SET attempt = 1 WHERE seq = 2"], "breaks at entry 2"),
        (["UPDATE events SET payload = '\"answer to K\"' WHERE seq = 3"], "breaks at entry 3"),
        (["UPDATE events SET purpose = 'marketing' WHERE seq = 2"], "breaks at entry 2"),
        (["UPDATE events SET at = '2020-01-01' WHERE seq = 2"], "breaks at entry 2"),
        (["DELETE FROM events WHERE seq = 2"], "breaks at entry 2"),
        (["DELETE FROM events WHERE seq = 3"], "cut off"),
        (["DELETE FROM events"], "cut off"),
        (["DELETE FROM events WHERE seq = 1", "UPDATE events SET seq = seq - 1"], "breaks at entry 1"),
        (["UPDATE head SET seq = 2"], "cut off"),
    ],
)
def test_a_tampered_ledger_does_not_open_and_says_what_to_do(
    ledger: Ledger, url: str, statements: list[str], says: str
):
    spend(ledger)
    tamper(url, *statements)
    with pytest.raises(LedgerError, match=rf"{says}.*pa doctor --accept-restore"):
        Ledger(url)


def unnumbered(url: str) -> None:
    """A ledger as versions before the number left it, without one of its indexes and one of its triggers."""
    sqlite = url.startswith("sqlite")
    number = "PRAGMA user_version = 0" if sqlite else "COMMENT ON TABLE events IS NULL"
    trigger = "DROP TRIGGER head_refuse_delete" + ("" if sqlite else " ON head")
    execute(url, number, trigger, "DROP INDEX one_commit_a_question")


def test_a_ledger_of_an_older_layout_is_refused_with_the_way_forward(ledger: Ledger, url: str):
    unnumbered(url)
    with pytest.raises(SettingsError, match=r"layout 1.*pa upgrade"):
        Ledger(url)


def test_an_upgrade_leaves_the_rows_and_brings_what_guards_them(ledger: Ledger, url: str):
    spend(ledger)
    unnumbered(url)
    before = ledger.events()
    assert chain.layout_of(url) == 1
    assert chain.upgrade(url) == 3
    assert chain.layout_of(url) == layout.LAYOUT
    assert Ledger(url).events() == before
    with pytest.raises(sa.exc.DBAPIError, match="the ledger only grows"):
        execute(url, "DELETE FROM head")
    with pytest.raises(sa.exc.IntegrityError), ledger.adding() as writer:
        rows("commit", plan="another")(writer)
    assert chain.upgrade(url) == 3


def test_an_upgrade_of_a_broken_ledger_changes_nothing(ledger: Ledger, url: str):
    spend(ledger)
    tamper(url, "UPDATE events SET nano_rho = 39 WHERE seq = 1")
    execute(url, "PRAGMA user_version = 0" if url.startswith("sqlite") else "COMMENT ON TABLE events IS NULL")
    with pytest.raises(LedgerError, match="breaks at entry 1"):
        chain.upgrade(url)
    assert chain.layout_of(url) == 1


def test_an_upgrade_that_dies_in_the_middle_changes_nothing(ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch):
    spend(ledger)
    unnumbered(url)

    def dies(_connection: sa.Connection) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(layout, "_guard", dies)
    with pytest.raises(KeyboardInterrupt):
        chain.upgrade(url)
    assert chain.layout_of(url) == 1
    with pytest.raises(sa.exc.DBAPIError, match="the ledger only grows"):
        execute(url, "DELETE FROM events")


def test_a_ledger_of_a_newer_layout_is_refused(ledger: Ledger, url: str):
    execute(url, "PRAGMA user_version = 99" if url.startswith("sqlite") else "COMMENT ON TABLE events IS 'layout 99'")
    for use in (Ledger, chain.upgrade):
        with pytest.raises(SettingsError, match=r"layout 99.*newer"):
            use(url)


def test_rows_that_no_upgrade_can_change_are_left_with_the_way_forward(url: str):
    execute(url, "CREATE TABLE events (seq BIGINT PRIMARY KEY, kind TEXT, nano_rho BIGINT, payload TEXT, hash TEXT)")
    with pytest.raises(SettingsError, match=r"other columns.*pa doctor --accept-restore"):
        chain.upgrade(url)


def test_a_file_that_is_no_database_is_refused_with_the_way_forward(tmp_path: Any):
    (tmp_path / "ledger.sqlite").write_text("not a database, but long enough to be looked at\n" * 100)
    with pytest.raises(LedgerError, match=r"cannot be used.*pa doctor --accept-restore"):
        Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")


def test_a_database_that_fails_later_says_what_to_do_and_quotes_nothing(ledger: Ledger, url: str):
    execute(url, "DROP TABLE events")
    with pytest.raises(LedgerError, match=r"database failed \(\w+\).* ask again") as refused:
        spend(ledger, key="a question")
    assert "a question" not in str(refused.value)
    with pytest.raises(LedgerError, match="ask again"):
        ledger.verify()


def test_a_drawing_and_an_answer_are_on_disk_before_they_are_believed(tmp_path: Path):
    """A reservation is there with its drawing at the latest: nothing was drawn for one that a power cut took."""
    ledger, told = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite"), []
    sa.event.listen(ledger.engine, "before_cursor_execute", lambda *about: told.append(about[2]))
    spend(ledger)
    synced = [each.rpartition("=")[2] for each in told if each.startswith("PRAGMA synchronous")]
    assert synced == ["NORMAL", "FULL", "FULL"]


def test_the_chain_is_verified_while_another_process_adds(ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch):
    spend(ledger)
    honest = chain._digest

    def interrupted(event: Any) -> str:
        monkeypatch.setattr(chain, "_digest", honest)
        spend(Ledger(url), "q", "another")
        return honest(event)

    monkeypatch.setattr(chain, "_digest", interrupted)
    assert ledger.verify() == 3
    assert ledger.verify() == 6


def test_whoever_waits_for_the_turn_finds_what_was_done_in_it(ledger: Ledger, url: str):
    found: list[str | None] = []

    def second() -> None:
        other = Ledger(url)
        waiting.set()
        with other.turn():
            found.append(other.released("k"))

    waiting = threading.Event()
    with ledger.turn():
        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait()
        spend(ledger)
        assert found == []
    thread.join()
    assert found == ['"answer to k"']


def test_a_turn_ends_with_the_process_that_had_it(ledger: Ledger, url: str):
    code = (
        "import os, signal, sys\n"
        "from privacy_analytics.dp.ledger import Ledger\n"
        "with Ledger(sys.argv[1]).turn(): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, url]).returncode == -9
    with ledger.turn():
        spend(ledger)


def test_of_processes_that_open_an_empty_ledger_at_once_one_lays_it_out(url: str):
    opened: list[int] = []
    threads = [threading.Thread(target=lambda: opened.append(Ledger(url).verify())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [0] * 6


def test_of_two_processes_that_race_for_the_last_unit_one_wins(ledger: Ledger, url: str):
    """Twenty units, two processes that each try fifteen times: twenty tries succeed, no more."""
    code = (
        "import sys\n"
        "from privacy_analytics.dp.ledger import Charge, Ledger\n"
        "from privacy_analytics.errors import InsufficientLoss\n"
        "ledger, won = Ledger(sys.argv[1]), 0\n"
        "about = dict(months=['2026-10'], purpose='usage', charge=Charge(1), allowance=Charge(20), payload='{}')\n"
        "sys.stdin.readline()\n"
        "for i in range(15):\n"
        "    try: ledger.reserve(f'{sys.argv[2]}-{i}', **about)\n"
        "    except InsufficientLoss: pass\n"
        "    else: won += 1\n"
        "print(won)\n"
    )
    command = [sys.executable, "-c", code, url]
    racers = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(2)
    ]
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    assert sum(won) == 20
    assert ledger.spent(**OCTOBER) == Charge(20)
    assert ledger.verify() == 20


def test_a_role_that_may_only_add_can_release_and_cannot_do_more(server: Server):
    """What docs/operator.md tells teams to grant."""
    url = server.new()
    Ledger(url)
    schema = url.rpartition("%3D")[2]
    execute(
        url,
        f"CREATE ROLE only_adds_{schema} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO only_adds_{schema}",
        f"GRANT SELECT, INSERT ON events TO only_adds_{schema}",
        f"GRANT SELECT, UPDATE ON head TO only_adds_{schema}",
    )
    narrow = url.replace("//ledger@", f"//only_adds_{schema}@")
    execute(url, "COMMENT ON TABLE events IS NULL")
    with pytest.raises(SettingsError, match="role that owns them"):
        chain.upgrade(narrow)
    chain.upgrade(url)
    ledger = Ledger(narrow)
    with ledger.turn():
        spend(ledger)
    assert ledger.verify() == 3
    for statement in ("TRUNCATE events", "ALTER TABLE events DISABLE TRIGGER ALL", "DROP TABLE events"):
        with pytest.raises(sa.exc.ProgrammingError):
            execute(narrow, statement)
