"""What the code of a report notebook may be; ``tests/leak/test_attacks.py`` has what it may not."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from privacy_analytics import policy
from privacy_analytics.errors import PolicyError, UsageError
from privacy_analytics.report.lint import check_purposes, lint

NOTEBOOKS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))


def _book(source):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# x"), nbformat.v4.new_code_cell(source)])


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_shipped_notebooks_may_run(file, empty):
    book = nbformat.read(file, as_version=4)
    lint(book)
    check_purposes(book, policy.document(empty, "1.0"))


@pytest.mark.parametrize(
    "source",
    ["", "from privacy_analytics import CountAccounts as C", "a < b", "f'{feature} is small'", "_ = 1"],
)
def test_plain_code_may_run(source):
    lint(_book(source))


def test_a_refusal_names_the_cell_and_not_what_is_in_it():
    with pytest.raises(UsageError, match="Cell 2 imports something") as refused:
        lint(_book("import jane_doe"))
    assert "jane" not in str(refused.value)


def test_prose_is_not_code():
    lint(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("import os <b>open</b>")]))


SESSION = "session = open_session(workspace, month=month, purpose={}, report='x')\n"


@pytest.mark.parametrize(
    "source",
    [
        SESSION.format("'marketing'") + "session.release(CountAccounts('chats', by='topic'))",
        SESSION.format("'marketing'") + "plan = {'x': TopKeys('messages', 'content')}",
        SESSION.format("'marketing'") + "Histogram('crashes', 'rows', [2])",
    ],
)
def test_a_table_that_a_purpose_may_not_read_stops_a_notebook_before_it_runs(source, empty):
    with pytest.raises(PolicyError, match=r"'marketing' may read: releases about accounts, .* Requested: (ch|me|cr)"):
        check_purposes(_book(source), policy.document(empty, "1.0"))


@pytest.mark.parametrize(
    "source",
    [
        SESSION.format("'marketing'") + "CountAccounts('events')",
        SESSION.format("'usage'") + SESSION.format("'marketing'") + "CountAccounts('chats')",
        SESSION.format("purpose") + "CountAccounts('chats')",
        SESSION.format("'marketing'") + "CountAccounts(table)",
        "open_session(workspace, month, 'marketing'); CountAccounts('chats')",
        "CountAccounts('chats')",
    ],
)
def test_what_shows_only_when_it_runs_is_left_to_the_curator(source, empty):
    check_purposes(_book(source), policy.document(empty, "1.0"))
