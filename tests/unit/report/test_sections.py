"""A small month is a short page: sections without anything to show are left out."""

from privacy_analytics import figures
from privacy_analytics.report.sections import with_something


def prose(text):
    return {"cell_type": "markdown", "source": text}


def shows(*htmls):
    return {"cell_type": "code", "source": "", "outputs": [{"data": {"text/html": html}} for html in htmls]}


MISSING = figures.fragment("not_shown", blocks=[{"name": "os", "needs": 500}], beside=True)
LISTED = figures.fragment("not_shown", blocks=[{"name": "os", "needs": 500}])


def left(*cells):
    return [cell["source"] for cell in with_something(list(cells)) if cell["cell_type"] == "markdown"]


def test_a_section_with_only_missing_figures_is_left_out(release):
    drawn = figures.figure(release("month", 900.0))
    assert left(prose("# T"), prose("## A"), shows(MISSING), prose("## B"), shows(drawn)) == ["# T", "## B"]


def test_a_section_with_something_keeps_its_notes(release):
    drawn = figures.figure(release("month", 900.0))
    cells = [prose("# T"), prose("## A"), shows(MISSING), shows(drawn)]
    assert with_something(cells) == cells


def test_the_list_of_what_is_missing_stays():
    assert left(prose("# T"), prose("## A"), shows(LISTED)) == ["# T", "## A"]


def test_a_part_of_a_section_goes_alone(release):
    drawn = figures.figure(release("month", 900.0))
    cells = (prose("# T"), prose("## A"), shows(drawn), prose("### B"), prose("words"), shows(MISSING), prose("## C"))
    assert left(*cells) == ["# T", "## A", "## C"]


def test_prose_and_quiet_code_stay():
    cells = [prose("# T"), prose("## A"), shows(), prose("words")]
    assert with_something(cells) == cells
