import json

import pytest

from privacy_analytics.report.run import MANIFEST, NOTEBOOK, PAGE, _keep


@pytest.fixture
def made(tmp_path):
    """Keep a run of a snapshot; returns its number, and whether it stood already."""

    def make(snapshot, page="one"):
        scratch = tmp_path / ".scratch-1"
        scratch.mkdir()
        for name, text in ((PAGE, page), (NOTEBOOK, "{}"), (MANIFEST, json.dumps({"snapshot": snapshot}))):
            (scratch / name).write_text(text)
        kept = _keep(scratch, tmp_path)
        if kept.again:
            for file in scratch.iterdir():
                file.unlink()
            scratch.rmdir()
        return kept.folder.name, kept.again

    return make


def test_a_run_that_says_the_same_is_not_kept_twice(made):
    assert [made("2026-10.r0"), made("2026-10.r0")] == [("001", False), ("001", True)]


def test_a_month_run_again_after_its_revision_is_the_run_that_stands(made):
    assert [made("2026-10.r0"), made("2026-10.r1")] == [("001", False), ("002", False)]
    assert made("2026-10.r0") == ("001", True)


def test_a_page_that_returns_to_what_it_was_is_the_newest_again(made):
    assert [made("2026-10.r0", page)[0] for page in ("one", "two", "one")] == ["001", "002", "003"]
