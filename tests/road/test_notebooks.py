"""The notebooks in the repository: clean, short, and all talk to a session."""

import ast
from pathlib import Path

import nbformat
import pytest

from privacy_analytics.report.parameters import declared

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def book(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture
def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_all_three_are_here():
    assert [path.stem for path in NOTEBOOKS] == ["case_study", "explore", "my_question", "usage_report"]


def test_nothing_of_a_run_is_kept(code):
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)


def test_one_cell_holds_typed_and_explained_parameters(book, code):
    tagged = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert {"month", "workspace"} <= set(declared(book))
    for line in tagged[0].source.splitlines():
        _, _, comment = line.partition("#")
        assert comment.strip()
        assert "=" not in comment  # papermill drops such a parameter from its help


def test_cells_keep_their_names(book):
    names = [cell.id for cell in book.cells if cell.id != "revised"]  # it came later, between two that had theirs
    first = names[0].split("-")[0]
    assert names == [f"{first}-{number:02}" for number in range(len(names))]


def test_cells_are_short_and_define_nothing(code):
    for cell in code:
        assert len(cell.source.splitlines()) <= 16
        kinds = {type(node) for node in ast.walk(ast.parse(cell.source))}
        assert not kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While}


def test_no_cell_reaches_past_the_public_names(code):
    for node in (node for cell in code for node in ast.walk(ast.parse(cell.source))):
        assert not isinstance(node, ast.Import)
        assert not isinstance(node, ast.ImportFrom) or node.module == "privacy_analytics"
