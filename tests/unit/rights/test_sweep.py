"""What is found in files is taken out of logs and notebooks, and removed elsewhere; what cannot be is told."""

import json

import polars as pl
import pytest

from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.rights import withdrawal
from privacy_analytics.rights.needles import gather, sentences
from privacy_analytics.rights.sweep import Sweep
from privacy_analytics.rights.withdrawal import Withdrawals
from privacy_analytics.shipped import shipped

SAID = "The bridge of my third song still sounds hollow to me"


@pytest.fixture
def planted(empty):
    def plant(name, content=SAID):
        file = empty.path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return plant


def sweep(settings, **options):
    return Sweep(settings, [SAID], options.get("leave", ()))


def test_a_log_loses_lines_also_where_they_are_escaped_or_in_capitals(empty, planted):
    escaped = json.dumps({"t": SAID}).replace("T", "\\u0054")
    log = planted("logs/a.jsonl", f'{{"n": 1}}\r\n{escaped}\n{SAID.upper()}\n{{}}\n')
    assert sweep(empty).clean() == {"logs": 1}
    assert log.read_bytes() == b'{"n": 1}\r\n{}\n'


def test_what_is_left_after_the_lines_are_taken_out_goes_with_the_file(empty, planted):
    log = planted("logs/a.log", "The bridge of my third song\nstill sounds hollow to me\n")
    sweep(empty).clean()
    assert not log.exists()
    assert sweep(empty).left() == []


def test_a_run_goes_whole_for_its_page_and_loses_an_output_for_what_was_executed(empty, planted):
    planted("runs/2026-10/usage_report/001/report.html")
    planted("runs/2026-10/usage_report/001/manifest.json", "{}")
    shown = {"cell_type": "code", "source": "1", "outputs": [{"text": [SAID[:9], SAID[9:]]}], "metadata": {}}
    book = planted("runs/2026-10/usage_report/002/executed.ipynb", json.dumps({"cells": [shown]}))
    sweep(empty).clean()
    assert not empty.path("runs/2026-10/usage_report/001").exists()
    assert json.loads(book.read_text())["cells"][0]["outputs"] == []


def test_a_published_report_is_withdrawn_and_what_it_takes_to_make_it_again_is_known(empty, planted):
    given = {"month": "2026-10", "adopters": "chat"}
    made = {"month": "2026-10", "report": "usage_report", "snapshot": "2026-10.r0", "parameters": given}
    planted("runs/2026-10/usage_report/001/manifest.json", json.dumps(made | {"files": {"report.html": "7f"}}))
    planted("runs/2026-10/usage_report/002/manifest.json", json.dumps(made | {"files": {"report.html": "8f"}}))
    planted("published/2026-10/usage_report-chat/manifest.json", json.dumps({"sha256": "7f"}))
    planted("published/2026-10/usage_report-chat/index.html")
    look = sweep(empty)
    assert look.to_withdraw(look.look()) == ["published/2026-10/usage_report-chat"]
    look.clean()
    assert not empty.path("published/2026-10/usage_report-chat").exists()
    (told,) = json.loads(empty.path("requests/withdrawn.json").read_text())
    assert (told["report"], told["parameters"]) == ("usage_report", {"adopters": "chat"})
    assert told["snapshot"] == "2026-10.r0"


@pytest.mark.long
def test_a_withdrawn_report_without_its_notebook_is_told_with_the_command(empty, planted):
    planted("published/2026-10/usage_report-chat/index.html")
    sweep(empty).clean()
    (said,) = Withdrawals(empty).replace()
    assert said.startswith("withdrawn published/2026-10/usage_report-chat -> not made again (NotFound)")
    assert Withdrawals(empty).replace() == []


def test_a_withdrawal_that_was_killed_half_way_leaves_no_half_report(empty, planted, monkeypatch):
    planted("published/2026-10/usage_report/index.html")
    planted("published/2026-10/usage_report/manifest.json", "{}")

    def killed(*_, ignore_errors=False):
        if not ignore_errors:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(withdrawal.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep(empty).clean()
    assert not empty.path("published/2026-10/usage_report").exists()
    sweep(empty).clean()
    assert sweep(empty).left() == []
    assert [each["place"] for each in json.loads(empty.path("requests/withdrawn.json").read_text())] == [
        "published/2026-10/usage_report"
    ]


def test_files_and_folders_that_are_named_so_go(empty, planted):
    planted(f"private/lab/{SAID}/x.bin", b"1")
    planted(f"runs/{SAID}.txt", b"")
    sweep(empty).clean()
    assert sweep(empty).left() == []
    assert empty.path("private", "lab").exists()


def test_what_cannot_be_searched_is_told_and_not_passed_over(empty, planted):
    file = planted("runs/2026-10/page.pdf", b"%PDF-1.7")
    swept = sweep(empty)
    swept.clean()
    assert swept.left() == ["runs has 1 file(s) that cannot be searched. Remove them by hand."]
    file.unlink()
    assert swept.left() == []


def test_folders_that_are_not_ours_are_told_but_for_leftovers_in_them(empty, planted):
    kept, gone = planted("export/chats.jsonl"), planted("export/.chats.jsonl.partial")
    swept = sweep(empty)
    swept.clean()
    assert (kept.exists(), gone.exists()) == (True, False)
    (told,) = swept.left()
    assert told.startswith("export still holds something (1 file(s)). Is it a product export? Name it with --exports.")
    assert sweep(empty, leave={kept}).left() == []


def test_a_text_gives_its_long_sentences_or_itself():
    assert sentences(f"Hi. {SAID}!\n- {SAID}\nok") == [SAID, SAID]
    assert sentences("Hm. Yes. It is so. Or is it not? I see.") == ["Hm. Yes. It is so. Or is it not? I see"]
    assert sentences("=" * 80 + "\n" + "ha " * 30 + "\n<PERSON_1> <EMAIL> <URL> <PERSON_2> <ADDRESS> ok") == []
    assert sentences("reverberating kickdrum transients everywhere") == []


def test_hashes_that_others_share_and_sentences_that_we_ship_are_not_looked_for(empty):
    lake = Lake(empty.path("lake"))
    rows = [{"account": a, "hash": h, "type": None, "words": None} for a, h in [("a", "x"), ("a", "y"), ("b", "y")]]
    lake.add("identities", pl.DataFrame(rows, schema=lake.schemas["identities"]).with_columns(month=pl.lit(ALWAYS)))
    book = json.loads((shipped("notebooks") / "usage_report.ipynb").read_text())
    prose = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown"]
    ours = next(each for text in prose for each in sentences(text))
    said = {"account": "a", "content": f"{ours}. {SAID}."}
    row = {name: said.get(name) for name in lake.schemas["messages"]}
    lake.add("messages", pl.DataFrame([row], lake.schemas["messages"]).with_columns(month=pl.lit("2026-10")))
    needles = gather(empty, lake, ["a"], ["producer", "officer@studio.test", "u-000001"])
    assert needles.hashes == ("x",)
    assert needles.texts == (SAID, "u-000001")
