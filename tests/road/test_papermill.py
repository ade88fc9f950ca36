"""Notebooks run by plain papermill and by the engine from anywhere, and spend nothing after ``pa run``."""

import ast

import nbformat
import pytest
from steps import MONTH, copy, pa, spent, write_report

pytestmark = pytest.mark.slow
SECRET = "anneliese.zwirn@example.org"


def papermill(tmp_path, root, notebook, *more):
    """The executed notebook, run in another folder."""
    source, out = root / "notebooks" / f"{notebook}.ipynb", tmp_path / "out.ipynb"
    given = ("-p", "workspace", root, "-p", "month", MONTH)
    done = pa(source, out, "--no-progress-bar", *given, *more, cwd=tmp_path, module="papermill")
    return done, nbformat.read(out, as_version=4)


def outputs(book):
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.long
@pytest.mark.parametrize("engine", [(), ("--engine", "privacy")], ids=["plain", "privacy"])
def test_a_report_by_papermill_spends_nothing_after_pa_run(demo, tmp_path, engine):
    root = copy(demo.root, tmp_path / "w")
    before = spent(root)
    done, book = papermill(tmp_path, root, "usage_report", *engine)
    assert done.returncode == 0, done.stderr
    kinds = {output.output_type for output in outputs(book)}
    assert kinds <= {"execute_result", "display_data"}  # no error, and nothing printed
    assert len(outputs(book)) >= 6
    assert spent(root) == before


def test_explore_runs_from_top_to_bottom(demo, tmp_path):
    root = copy(demo.root, tmp_path / "w")
    done, book = papermill(tmp_path, root, "explore")
    assert done.returncode == 0, done.stderr
    ends = [(ast.parse(cell.source).body[-1], cell.outputs) for cell in book.cells if cell.cell_type == "code"]
    assert all(bool(shown) == isinstance(end, ast.Expr) for end, shown in ends)  # what ends in a value shows it


def test_the_engine_keeps_the_text_of_an_error_out_of_the_notebook(reported, tmp_path):
    root = copy(reported, tmp_path / "w")
    write_report(root, "broken", f"secret = '@'.join({SECRET.split('@')})\nraise ValueError(secret)")
    done, book = papermill(tmp_path, root, "broken", "--engine", "privacy")
    assert done.returncode != 0
    (error,) = [output for output in outputs(book) if output.output_type == "error" and output.ename == "ValueError"]
    assert error.evalue.startswith("The message of this error is not shown")
    assert SECRET not in nbformat.writes(book) + done.stdout + done.stderr
