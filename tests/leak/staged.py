"""An honest report and what it was made of, for attacks to spoil: in memory, and without a kernel."""

from functools import cache
from pathlib import Path

import nbformat

from privacy_analytics import figures
from privacy_analytics.dp.releases import Cell as Number
from privacy_analytics.dp.releases import Release
from privacy_analytics.gate import Finding, Vouched, examine
from privacy_analytics.gate.notebook import rebuilt
from privacy_analytics.report import shared
from privacy_analytics.report.manifest import vouch
from privacy_analytics.report.render import Facts, render_html
from privacy_analytics.witness import UNREADABLE, find

CANARY = "Zanzibar Quux Ferrule"
"""Shaped like nothing, so that no pattern helps: only what is not on a list is held back."""
FACTS = Facts("Tonearm", "2026-10", "2026-10.r0", "1.0", "privacy@tonearm.example")
ABOUT = {"title": "Usage report", "facts": FACTS}
VALUES = {"month": "2026-10"}


def made_release(name, values):
    cells = tuple(Number((key,), value, value - 40, value + 40, 20.0, "ok") for key, value in values.items())
    about = {"kind": "count_accounts", "table": "events", "by": ["feature"], "where": [], "cohort": None}
    return Release(
        f"r-{name}", name, "accounts", "events", ("feature",), "2026-10", "2026-10.r0", "all", 20, cells, about
    )


RELEASE = made_release("features", {"chat": 9000.0, "mix_assist": 1240.0})
TABLE = figures.table(RELEASE)
FIGURE = figures.figure(RELEASE)
SPEC = figures.specifications(FIGURE)[0]


def made_book(prose="What people used.", *outputs, source="released.show()"):
    """A report notebook: title and prose, parameters, one cell with outputs."""
    cells = [
        nbformat.v4.new_markdown_cell(f"# Usage report\n\n{prose}", id="a-00"),
        nbformat.v4.new_code_cell('month: str = ""', id="a-01", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(source, id="a-02", outputs=list(outputs)),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def made_output(html=TABLE):
    return nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "Release"})


BOOK = made_book("What people used.", made_output())

LEFT = [
    nbformat.v4.new_output("stream", name="stdout", text=CANARY),
    nbformat.v4.new_output("stream", name="stderr", text=CANARY),
    nbformat.v4.new_output("execute_result", {"text/plain": CANARY}, execution_count=1),
    nbformat.v4.new_output("display_data", {"text/html": f"<p>{CANARY}</p>"}),
    nbformat.v4.new_output("display_data", {"text/html": FIGURE.replace("Chat", CANARY)}),
    nbformat.v4.new_output("display_data", {"text/html": FIGURE, "image/png": "x"}, metadata={"note": CANARY}),
]
"""Outputs that no report may have."""


@cache
def vouched() -> Vouched:
    return vouch(BOOK, VALUES, **ABOUT)


@cache
def page() -> str:
    """A page with a table."""
    return render_html(BOOK, **ABOUT)


@cache
def pictured() -> str:
    """A page with a drawing."""
    return render_html(made_book("What people used.", made_output(FIGURE)), **ABOUT)


@cache
def handed_on() -> bytes:
    """The notebook beside the page."""
    return rebuilt(shared.cells(BOOK, VALUES, shared.outputs(BOOK)))


def holds(data: bytes, folder: Path, name: str, text: str = CANARY) -> bool:
    """Whether somebody who opens everything finds a text in a file."""
    opened = folder / "opened"
    opened.mkdir(exist_ok=True)
    (opened / name).write_bytes(data)
    hits = find(opened, [text])
    (opened / name).unlink()
    return any(hit.needle != UNREADABLE for hit in hits)


def findings(name, data, store, known=None) -> list[Finding]:
    return examine(name, data, store, known or vouched())


def held_by(rule, name, data, store, known=None) -> None:
    """A finding is by this rule, and none says what was found."""
    found = findings(name, data, store, known)
    assert rule in {finding.rule for finding in found}, found
    assert not any(CANARY in str(finding) for finding in found)


def passes(name, data, store, known=None) -> bool:
    return findings(name, data, store, known) == []


def nothing(*_, **__):
    """What a control finds that is switched off."""
    return []
