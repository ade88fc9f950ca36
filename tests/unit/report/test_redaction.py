"""What is said of an error: its text where this package raised it, else its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from privacy_analytics import errors
from privacy_analytics.report.redaction import NAMELESS, REDACTED, redacted

HERE = Path(errors.__file__).with_name("session.py")
CELL = "\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[1]\x1b[39m\x1b[32m, line 2\x1b[39m"


def _error(name, *frames):
    return {"ename": name, "evalue": "Ask for less.", "traceback": ["---", *frames, f"{name}: Ask for less."]}


def test_an_error_that_we_raised_keeps_its_text():
    kept = redacted(_error("InsufficientLoss", CELL, f"\x1b[36mFile \x1b[39m\x1b[32m{HERE}:7\x1b[39m, in ask"))
    assert kept == {
        "ename": "InsufficientLoss",
        "evalue": "Ask for less.",
        "traceback": ["InsufficientLoss: Ask for less."],
    }


@pytest.mark.parametrize(
    "frames",
    [
        (CELL,),
        (),
        (f"File {HERE}:7, in ask", CELL),
        (CELL, "File /usr/lib/python3/dist-packages/IPython/core/magic.py:3, in run"),
        (CELL, f"File {HERE.parent}_other/session.py:7, in ask"),
    ],
    ids=["a cell", "nobody", "a callback in a cell", "another package", "a folder of a like name"],
)
def test_an_error_that_is_only_called_like_ours_does_not(frames):
    assert redacted(_error("UsageError", *frames)) == {"ename": "UsageError", "evalue": REDACTED, "traceback": []}


@pytest.mark.parametrize(("name", "said"), [("ValueError", "ValueError"), ("JaneDoe", NAMELESS), ("", NAMELESS)])
def test_of_any_other_error_a_known_name_is_kept(name, said):
    assert redacted(_error(name, f"File {HERE}:7, in ask")) == {"ename": said, "evalue": REDACTED, "traceback": []}


def test_a_refusal_in_a_notebook_is_its_line_its_place_and_its_text():
    with pytest.raises(errors.UsageError) as refused:
        exec(compile("from privacy_analytics import Quantiles\nQuantiles('events', 'minutes', [])", "<cell>", "exec"))
    shown = refused.value._render_traceback_()
    assert shown[0].startswith("Line 2: ")
    assert "<cell>" not in shown[1]
    assert shown[2:] == ["", f"UsageError: {refused.value}"]
    assert redacted({"ename": "UsageError", "evalue": str(refused.value), "traceback": shown})["evalue"] != REDACTED


def test_a_text_of_our_error_that_a_cell_made_up_stays_hidden():
    with pytest.raises(errors.UsageError) as raised:
        exec(compile("from privacy_analytics.errors import UsageError\nraise UsageError('jane')", "<cell>", "exec"))
    shown = raised.value._render_traceback_()
    assert redacted({"ename": "UsageError", "evalue": "jane", "traceback": shown})["evalue"] == REDACTED
