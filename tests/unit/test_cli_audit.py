"""``pa audit``: what was done can be read, what was handed out is listed, and a changed report is told."""

import json

import nbformat
import pytest
from click.testing import CliRunner

from privacy_analytics import figures
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.audit import audit
from privacy_analytics.cli.budget import budget
from privacy_analytics.curator import Curator
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.errors import GateError, NotFound, SettingsError
from privacy_analytics.gate.notebook import rebuilt
from privacy_analytics.report.manifest import vouch, written
from privacy_analytics.report.render import Facts, render_html
from privacy_analytics.report.shared import cells, outputs


@pytest.fixture
def pa(empty):
    return lambda *words, group=audit: CliRunner().invoke(group, [*words, "-w", str(empty.root)])


def test_the_log_is_read_by_action_request_and_day(pa, empty):
    AuditLog(empty).add("ingest", batch="b-1", rows=7)
    AuditLog(empty).add("erase", request="R-0123456789", by="N. N.", stores=["events", "chats"], commitment="ab" * 32)
    assert pa("list").output.count("\n") == 2
    (erased,) = pa("list", "--action", "erase").output.splitlines()
    assert erased.split(maxsplit=4)[3:] == ["erase", "request R-0123456789  by N. N.  stores events, chats"]
    assert pa("list", "--request", "R-0123456789").output.splitlines() == [erased]
    assert pa("list", "--since", "2026-01-01").output.count("\n") == 2
    assert isinstance(pa("list", "--since", "2999-01-01").exception, NotFound)


def test_both_chains_are_verified_and_their_heads_are_told_to_be_written_down(pa, empty):
    granted = ("grant", "2026-10", "usage", "0.002", "--name", "N. N.", "--reason", "board")
    assert pa(*granted, group=budget).exit_code == 0
    done = pa("verify").output
    ledger = Curator(empty).ledger
    assert f"audit log      1 entries, unbroken; head {AuditLog(empty).verify()[1]}\n" in done
    assert f"ledger         1 entries, unbroken; head {ledger.events()[-1].hash}\n" in done
    assert "Keep them outside, as pa anchor prints them" in done


def test_a_changed_log_is_not_verified(pa, empty):
    for _ in range(2):
        AuditLog(empty).add("ingest")
    log = AuditLog(empty).file
    log.write_text(log.read_text().partition("\n")[2])
    assert isinstance(pa("verify").exception, SettingsError)


def test_a_grant_is_logged_with_who_gave_it(pa, empty):
    pa("grant", "2026-10", "usage", "0.002", "--name", "N. N.", "--reason", "board", group=budget)
    (entry,) = AuditLog(empty).entries()
    assert entry.facts == {"by": "N. N.", "month": "2026-10", "purpose": "usage", "nano_rho": 2_000_000}


@pytest.fixture
def report(workspace_with, events, session_of):
    """``report()`` checks a finished run again; ``report.folder`` is the run's."""
    october = workspace_with(events(range(200)))
    release = session_of(october).release(CountAccounts("events", by="feature"), share=0.5).release
    output = nbformat.v4.new_output("display_data", {"text/html": figures.table(release)})
    first = nbformat.v4.new_markdown_cell("# Usage", id="a-00")
    book = nbformat.v4.new_notebook(cells=[first, nbformat.v4.new_code_cell("x", id="a-01", outputs=[output])])
    about = {"title": "Usage", "facts": Facts(october.product, "2026-10", "2026-10.r0", "1.0", october.contact_email)}
    page, notebook = render_html(book, **about), rebuilt(cells(book, {}, outputs(book)))
    made = [page, notebook, FolderStore(october.path("releases")), vouch(book, {}, **about)]
    folder = october.path("runs", "2026-10", "usage", "001")
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(page)
    (folder / "report.ipynb").write_bytes(notebook)
    (folder / "manifest.json").write_text(json.dumps(written(*made, report="usage", source=b"", values={}, **about)))

    def checked():
        return CliRunner().invoke(audit, ["report", "2026-10/usage", "-w", str(october.root)])

    checked.folder = folder
    return checked


def test_a_report_is_checked_again_rule_by_rule_and_what_is_not_as_it_was_made_is_refused(report):
    done = report()
    assert done.exit_code == 0, done.output
    assert "refused" not in done.output
    assert "every byte of it can be read" in done.output
    manifest = report.folder / "manifest.json"
    changed = {"files": {"report.html": "00"}, "releases": ["r-000000000000"], "policy": "9.9"}
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changed))
    again = report()
    assert isinstance(again.exception, GateError)
    for told in ("its manifest says: report.html", "in the ledger: 1 of 1 are not", "no such version"):
        assert told in again.output
