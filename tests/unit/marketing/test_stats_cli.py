"""``pa stats``: only what was approved is found, shown and exported; what is not supported is never printed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner

from privacy_analytics import claims
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import stats as command
from privacy_analytics.errors import GateError, NotFound, PolicyError, UsageError
from privacy_analytics.marketing.publish import publish
from privacy_analytics.marketing.site import Site
from privacy_analytics.marketing.terms import REASONS
from privacy_analytics.sharing import exports


@pytest.fixture
def pa(house, monkeypatch):
    """``pa("search", "mix")`` on 23 November 2026, or on another day."""

    def called(*words, on=(2026, 11, 23)):
        class Today(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime(*on, tzinfo=UTC)

        monkeypatch.setattr(command, "datetime", Today)
        return CliRunner().invoke(command.stats, [*map(str, words), "-w", str(house.root)])

    return called


def test_claims_of_a_run_are_told_by_verdict_and_an_unsupported_sentence_is_not_printed(pa, said):
    done = pa("claims", "2026-10/case_study")
    assert done.exit_code == 0, done.output
    assert done.output.count("may be quoted, once approved") == 5
    assert done.output.count("no clear difference\n") == 1
    assert done.output.count("not supported\n") == 1
    assert "thrice as fast" not in done.output  # what the claim would have said
    assert said[4].id not in done.output
    assert "too small or too noisy to say anything" in done.output


def test_what_marketing_may_not_have_is_told_with_the_reason(pa, run, world):
    run({"month": world["month"]}, [claims.amount("month", "accounts were active")], title="Usage report")
    done = pa("claims", "2026-10/usage_report")
    assert "not for marketing" in done.output
    assert "Accounts that opted out are counted in it" in done.output
    (found,) = [line.split()[0] for line in done.output.splitlines() if line.startswith("s-")]
    refused = pa("approve", found, "--by", "Ada")
    assert isinstance(refused.exception, PolicyError)
    assert "policy §4, §10" in str(refused.exception)


def test_only_what_a_finished_run_supports_can_be_approved(pa, said, house):
    for each in (said[4], said[5]):
        assert isinstance(pa("approve", each.id, "--by", "Ada").exception, UsageError)
    assert isinstance(pa("approve", "s-0123456789", "--by", "Ada").exception, NotFound)
    assert isinstance(pa("approve", "../x", "--by", "Ada").exception, NotFound)
    assert not house.path("published", "index.html").exists()


def test_approving_reads_the_run_and_puts_it_on_the_site(pa, said, house):
    done = pa("approve", said[1].id, "--by", "Ada", "--until", "2027-10-31")
    assert done.exit_code == 0, done.output
    assert said[1].sentence in done.output
    assert "31 October 2027" in house.path("published", "index.html").read_text()


def test_a_page_changed_after_its_run_gives_no_statistic(pa, said, house):
    page = house.path("runs", "2026-10", "case_study", "001", "report.html")
    page.write_text(page.read_text().replace("That is all.", "That is not all."))
    assert isinstance(pa("approve", said[1].id, "--by", "Ada").exception, GateError)


def test_search_finds_approved_ones_alone_by_words_feature_and_month(pa, approve, said):
    for each in (said[0], said[3]):
        approve(each)
    assert [line[:12] for line in pa("search", "MIX assist").output.splitlines()[::2]] == [said[0].id]
    assert said[3].id in pa("search", "most", "october").output
    assert pa("search", "--feature", "chat").output.split()[0] == said[3].id
    assert pa("search", "--month", "2026-10").output.count("s-") == 2
    for nothing in (("export",), ("--feature", "voice_chat"), ("--month", "2026-09")):
        assert isinstance(pa("search", *nothing).exception, NotFound)


def test_show_prints_sentence_terms_and_every_source(pa, approve, said):
    approve(said[1], by="Ada")
    shown = pa("show", said[1].id).output
    assert shown.startswith(said[1].sentence)
    assert "approved       by Ada on 2026-11-23; to be quoted until 2027-11-23" in shown
    assert "7 sentence(s)" in shown
    assert all(release.id in shown for release in said[1].releases)


@pytest.mark.parametrize("words", [("show",), ("export", "--format", "csv", "--out", "x.csv")])
@pytest.mark.parametrize("state", ["never approved", "recalled", "expired"])
def test_what_may_not_be_quoted_is_neither_shown_nor_exported(pa, approve, said, words, state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if state != "never approved":
        approve(said[1])
    if state == "recalled":
        assert pa("recall", said[1].id, "--by", "Ada", "--reason", "superseded").exit_code == 0
    done = pa(words[0], said[1].id, *words[1:], on=(2028, 1, 1) if state == "expired" else (2026, 11, 23))
    assert isinstance(done.exception, NotFound)
    assert said[1].sentence not in done.output
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("kind", ["csv", "json", "svg", "png"])
def test_an_export_is_the_sites_own_file(pa, approve, said, tmp_path, house, kind):
    approve(said[1])
    out = tmp_path / f"mine.{kind}"
    assert pa("export", said[1].id, "--format", kind, "--out", out).exit_code == 0
    assert out.read_bytes() == house.path("published", "statistics", said[1].id, f"{said[1].id}.{kind}").read_bytes()


RECIPIENT = """
[sharing]
regions = ["US"]

[[recipients]]
name = "Chart Makers"
category = "analytics"
region = "US"
purposes = ["marketing"]
contract = 2026-02-01
"""


def register(house, text):
    file = house.root / "workspace.toml"
    file.write_text(file.read_text().partition("[sharing]")[0].partition("[[recipients]]")[0] + text)


@pytest.mark.clause("6.export_ledger")
def test_every_way_out_is_written_down_with_purpose_clause_and_recipient(pa, said, house, tmp_path):
    register(house, RECIPIENT)
    pa("approve", said[1].id, "--by", "Ada")
    for to in ((), ("--to", "Chart Makers")):
        done = pa("export", said[1].id, "--format", "csv", "--out", tmp_path / "x.csv", *to)
        assert done.exit_code == 0, done.output
    publish(house, house.path("runs", "2026-10", "case_study", "001"), approved_by="Ada", today=date(2026, 11, 23))
    told = [(each.what, each.purpose, each.clause, each.recipient, each.region) for each in exports(house)]
    assert told == [
        ((said[1].id,), "marketing", 4, "public site", "everywhere"),
        ((said[1].id,), "marketing", 4, "marketing", "inside"),
        ((said[1].id,), "marketing", 6, "Chart Makers", "US"),
        (("2026-10/case_study",), "usage", 4, "public site", "everywhere"),
    ]


@pytest.mark.parametrize(("old", "new"), [("Chart Makers", "Others"), ('["US"]', '["CA"]')])
def test_a_recipient_who_may_not_have_it_gets_no_file_and_no_line(pa, said, house, tmp_path, old, new):
    register(house, RECIPIENT.replace(old, new))
    pa("approve", said[1].id, "--by", "Ada")
    refused = pa("export", said[1].id, "--format", "csv", "--out", tmp_path / "x.csv", "--to", "Chart Makers")
    assert isinstance(refused.exception, PolicyError)
    assert not (tmp_path / "x.csv").exists()
    assert [each.recipient for each in exports(house)] == ["public site"]


def test_who_approved_and_recalled_is_logged(pa, said, house):
    pa("approve", said[1].id, "--by", "Ada")
    pa("recall", said[1].id, "--by", "Ben", "--reason", "misleading")
    told = {entry.action: dict(entry.facts) for entry in AuditLog(house).entries()}
    assert told["publish"] == {"by": "Ada", "statistic": said[1].id}
    assert told["recall"] == {"by": "Ben", "statistic": said[1].id, "reason": "misleading"}


def test_a_csv_holds_what_is_hidden_as_nothing(pa, approve, said, tmp_path):
    approve(said[3])
    assert pa("export", said[3].id, "--format", "csv", "--out", tmp_path / "f.csv").exit_code == 0
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO((tmp_path / "f.csv").read_text()))}
    assert rows["Undo history"]["value"] == rows["Undo history"]["low"] == ""
    assert rows["Undo history"]["status"] == "suppressed"


def test_a_release_that_became_small_is_not_looked_up_behind_the_ledger(pa, approve, said, store):
    approve(said[1])
    (store.folder / f"{said[1].releases[0].id}.json").unlink()
    assert isinstance(pa("show", said[1].id).exception, NotFound)


def test_list_tells_what_may_be_quoted_and_notices_without_their_sentence(pa, approve, said):
    for each in said[:3]:
        approve(each, until=date(2026, 12, 24) if each is said[2] else None)
    pa("recall", said[1].id, "--by", "Ada", "--reason", "misleading")
    listed = pa("list", on=(2026, 12, 25)).output
    assert said[0].sentence in listed
    assert f"{said[1].id}  not to be quoted. Recalled on 23 November 2026, because {REASONS['misleading']}." in listed
    assert f"{said[2].id}  not to be quoted. Its approval ended after 24 December 2026." in listed
    assert said[1].sentence not in listed
    assert said[2].sentence not in listed


def test_a_recall_says_that_it_is_never_about_one_person_and_knows_no_such_reason(pa, said, approve):
    assert "Never because of one person" in CliRunner().invoke(command.stats, ["recall", "--help"]).output
    approve(said[0])
    assert pa("recall", said[0].id, "--by", "Ada", "--reason", "erasure").exit_code == 2
    assert pa("recall", said[0].id, "--by", "Ada").exit_code == 2


def test_the_site_is_made_anew(pa, approve, said, house, files):
    approve(said[0])
    before = files(house.path("published"))
    house.path("published", "index.html").unlink()
    assert pa("site").exit_code == 0
    assert files(house.path("published")) == before
    assert Site(house, date(2026, 11, 23)).reports() == []
