"""An erasure leaves releases as they are: reports made again are the same bytes and spend nothing."""

import csv
import subprocess

import pytest
from steps import MONTH, command, copy, files, ok, spent

from privacy_analytics import workspace
from privacy_analytics.lake import Lake
from privacy_analytics.rights.needles import gather
from privacy_analytics.scrub.identities import IdentityHasher

pytestmark = [pytest.mark.slow, pytest.mark.long]
REPORT = f"{MONTH}/usage_report"


@pytest.fixture
def somebody(fresh, reported, tmp_path):
    """A copy of the workspace, the id of one of its accounts, and a sentence of theirs."""
    root = copy(reported, tmp_path / "w")
    settings = workspace.load(root)
    lake, hasher = Lake(settings.path("lake")), IdentityHasher(*settings.secret_keys())
    said = lake.scan("messages", MONTH, lake.batches()).group_by("account").len().sort("len", "account").collect()
    with (fresh.parent / "export" / "accounts.csv").open() as rows:
        ids = {hasher.pseudonym(row["account_id"]): row["account_id"] for row in csv.DictReader(rows)}
    whom = next(each for each in reversed(said["account"].to_list()) if each in ids)
    return root, ids[whom], max(gather(settings, lake, [whom], []).texts, key=len)


def erase(root, whom):
    line = command("account", "erase", "-w", root, "--by", "N. N.", "--confirm")
    return subprocess.run(line, input=whom, capture_output=True, text=True, check=True).stdout


def test_a_report_after_an_erasure_is_the_same_page_and_spends_nothing(somebody):
    root, whom, _ = somebody
    pages, tokens, before = files(root / "runs" / REPORT / "001"), files(root / "snapshots"), spent(root)
    assert "erased 1 account(s)" in erase(root, whom)
    again = ok("run", "usage_report", "-w", root, "--month", MONTH)
    assert "spent 0  (same page as before)" in again.stdout
    assert files(root / "runs" / REPORT / "001") == pages
    assert files(root / "snapshots") == tokens
    assert spent(root) == before


def test_a_published_report_with_a_quotation_is_withdrawn_and_made_again_without_it(somebody):
    root, whom, sentence = somebody
    run, site = root / "runs" / REPORT / "001", root / "published"
    page = (run / "report.html").read_bytes()
    ok("publish", REPORT, "-w", root, "--approve", "N. N.")
    for file in (run / "report.html", site / REPORT / "index.html"):
        file.write_bytes(page.replace(b"</body>", f"<p>{sentence}</p></body>".encode()))
    before = spent(root)
    told = erase(root, whom)
    made = f"withdrawn published/{REPORT} -> replaced by runs/{REPORT}/001; look at it and publish it again"
    assert made in told
    assert (run / "report.html").read_bytes() == page
    assert not (site / REPORT).exists()
    assert REPORT not in (site / "index.html").read_text()
    assert spent(root) == before
    ok("publish", REPORT, "-w", root, "--approve", "N. N.")
