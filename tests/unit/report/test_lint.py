"""What the code of a report notebook may be; ``tests/leak/test_attacks.py`` has what it may not."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from privacy_analytics.errors import UsageError
from privacy_analytics.report.lint import lint

NOTEBOOKS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))


def _book(source):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# x"), nbformat.v4.new_code_cell(source)])


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_shipped_notebooks_may_run(file):
    lint(nbformat.read(file, as_version=4))


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
