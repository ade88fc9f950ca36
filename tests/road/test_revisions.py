"""A month whose rows came late, as an operator revises it: once, gated, old and new on one page."""

import json
import re
import subprocess

import pytest
from steps import MONTH, answers, command, copy, events, ok, pa, run

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def late(reported, tmp_path):
    """The reported workspace, and since then an export with rows of 400 more accounts of its month."""
    root, export = copy(reported, tmp_path / "w"), tmp_path / "export"
    export.mkdir()
    row = {"event": "feature_used", "feature": "vocal_tuner", "os": "ios"}
    rows = ({"account_id": f"late-{n}", "occurred_at": f"{MONTH}-{n % 28 + 1:02}T10:00:00Z", **row} for n in range(400))
    (export / "events.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    ok("ingest", export, "-w", root, "--tier", "fast", "--through", f"{MONTH}-31")
    return root


def test_a_revision_is_made_once_and_its_page_passes_the_gate_with_old_and_new(late):
    first, before = answers(late), (late / "runs" / MONTH / "usage_report" / "001" / "report.html").read_text()
    asked = command("snapshot", MONTH, "-w", late, "--revise")
    both = [subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [each.communicate()[0] for each in both] == ["2026-10.r1  2 batch(es)\n"] * 2

    paid = len(events(late))
    done = run(late, "usage_report", "--revise")
    assert done.returncode == 0, done.stderr
    folder = max((late / "runs" / MONTH / "usage_report").glob("[0-9][0-9][0-9]"))
    page = (folder / "report.html").read_text()
    assert {event.purpose for event in events(late)[paid:]} == {"revisions"}
    assert {key: text for key, text in answers(late).items() if key in first} == first
    assert json.loads((folder / "manifest.json").read_text())["snapshot"] == "2026-10.r1"
    assert "Revised with rows that came late" in page
    assert "What late rows changed" not in before
    said = re.search(r"Active accounts<br>.*?</tr>", page)[0]
    assert len(re.findall(r"±\d", said)) == 2
    assert "(+" in said  # 400 of some 3,000 accounts are a clear difference
    for name in ("report.html", "report.ipynb"):
        assert (late / "runs" / MONTH / "usage_report" / "001" / name).is_file()
        ok("gate", folder / name, "-w", late)

    again = len(events(late))
    assert run(late, "usage_report", "--revise").returncode == 0
    assert len(events(late)) == again
    refused = pa("snapshot", "2026-09", "-w", late, "--revise")
    assert refused.returncode == 20
    assert "nothing to revise" in refused.stderr
