"""A line kept elsewhere shows what no chain shows by itself: an older copy put back, another continuation."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from privacy_analytics import anchor
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import cli
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.errors import LedgerError, UsageError
from privacy_analytics.settings import Settings

GRANT: dict[str, Any] = {"month": "2026-10", "purpose": "usage", "charge": Charge(1)}


def grow(settings: Settings, by: str = "N. N.") -> None:
    """One entry more in the ledger, and one more line in the log."""
    ledger(settings).grant(**GRANT, name=by, reason="test")
    AuditLog(settings).add("grant", by=by)


def ledger(settings: Settings) -> Ledger:
    return Ledger(settings.ledger_at)


def take(settings: Settings) -> anchor.Anchor:
    return anchor.take(settings)


def check(settings: Settings, *anchors: anchor.Anchor) -> None:
    anchor.check(settings, ledger(settings), list(anchors))


@pytest.fixture
def grown(empty: Settings) -> Settings:
    for _ in range(3):
        grow(empty)
    return empty


def test_chains_that_went_on_hold_against_every_older_anchor(empty: Settings):
    taken = [take(empty)]
    for _ in range(3):
        grow(empty)
        taken.append(take(empty))
    assert [each.ledger.length for each in taken] == [0, 1, 2, 3]
    check(empty, *taken)


@pytest.mark.parametrize("name", ["ledger.sqlite", "logs/audit.jsonl"])
def test_an_older_copy_put_back_is_seen(grown: Settings, name: str, tmp_path: Path):
    shutil.copy(grown.path(name), tmp_path / "older")
    grow(grown)
    taken = take(grown)
    shutil.copy(tmp_path / "older", grown.path(name))
    with pytest.raises(LedgerError, match=r"shorter than it was.*4 entries"):
        check(grown, taken)


@pytest.mark.parametrize("name", ["ledger.sqlite", "logs/audit.jsonl"])
def test_a_chain_that_goes_on_from_an_older_copy_is_seen(grown: Settings, name: str, tmp_path: Path):
    shutil.copy(grown.path(name), tmp_path / "older")
    before = take(grown)
    grow(grown)
    taken = take(grown)
    shutil.copy(tmp_path / "older", grown.path(name))
    for _ in range(3):
        grow(grown, by="another")
    check(grown, before)
    with pytest.raises(LedgerError, match="not the one that stood there"):
        check(grown, before, taken)


def test_an_anchor_is_found_in_a_mail_that_breaks_lines_and_among_others(grown: Settings):
    first = take(grown)
    grow(grown)
    second = take(grown)
    mail = f"Subject: anchor\n\n> {first}\n\nregards\n{str(second).replace(' ', chr(10))}\n"
    assert anchor.Anchor.all_in(mail) == [first, second]


@pytest.mark.parametrize("cut", [-1, -70, 30])
def test_a_cut_line_is_no_anchor(grown: Settings, cut: int):
    with pytest.raises(UsageError, match="no whole anchor"):
        anchor.Anchor.all_in(str(take(grown))[:cut])


def test_an_anchor_of_another_workspace_is_refused(
    grown: Settings, workspace_with: Callable[..., Settings], events: Any
):
    other = workspace_with(events(range(3)))
    with pytest.raises(UsageError, match="another workspace"):
        check(other, take(grown))


def test_a_line_names_no_key_and_stays_with_the_first_one(grown: Settings):
    from privacy_analytics.workspace import add_key

    key = grown.path("private", "key")
    before = take(grown)
    assert key.read_text().strip()[:16] not in str(before)
    add_key(key)
    assert take(grown).workspace == before.workspace


def test_the_command_prints_checks_and_exits_30(grown: Settings, tmp_path: Path):
    here = ["-w", str(grown.root)]
    printed = CliRunner().invoke(cli, ["anchor", *here])
    (tmp_path / "kept").write_text(printed.output)
    assert anchor.last(grown) == anchor.Anchor.all_in(printed.output)[0].at
    checked = CliRunner().invoke(cli, ["anchor", *here, "--check", str(tmp_path / "kept")])
    assert checked.output.startswith("ok  1 anchor(s)")
    grown.path("logs", "audit.jsonl").write_text("")
    refused = CliRunner().invoke(cli, ["anchor", *here, "--check", str(tmp_path / "kept")])
    assert isinstance(refused.exception, LedgerError)
    assert refused.exception.exit_code == 30
