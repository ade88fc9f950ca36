"""An executed notebook as one self-contained page: its prose and its fragments, and nothing else.

Code is left out. An output is either made of fragments or a failure: a number that was printed, logged or drawn by
other means has no release behind it and must not reach a page.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, cast

import mistune
import nbformat
from nbconvert.exporters import TemplateExporter

from privacy_analytics.errors import NotebookError, UsageError
from privacy_analytics.figures import PROVISIONAL, opening, specifications, style
from privacy_analytics.figures.format import capital, month_words
from privacy_analytics.gate.site import house
from privacy_analytics.report.sections import with_something

_FRAGMENTS = re.compile(rf"\s*(?:{opening.pattern}(?:(?!</section>).)*</section>\s*)+", re.DOTALL)
_WAY_OUT = "A report's cell ends with .plot(), .table(), .sentence() or the like, or shows nothing."
TEMPLATES = Path(__file__).with_name("template")


@dataclass(frozen=True)
class Facts:
    """What a page says about itself beside its notebook."""

    product: str
    month: str
    """``"2026-10"``"""
    snapshot: str
    policy: str
    """Version of the privacy policy in force."""
    contact: str
    """The officer's e-mail address."""
    provisional: bool = False
    """Files of the month were still missing when the snapshot was made."""

    def state(self) -> str:
        """What a reader has to know of the month before reading a number."""
        revised = re.search(r"\.r[1-9]\d*$", self.snapshot)
        said = ["Revised with rows that came late; what they changed is said below."] if revised else []
        return " ".join([*said, *([f"{capital(PROVISIONAL)}."] if self.provisional else [])])

    def allowed(self) -> list[str]:
        """The texts with digits that stand outside fragments, for the gate."""
        return [
            self.product,
            month_words(self.month),
            self.month,
            self.snapshot,
            self.policy,
            self.contact,
            "95 of 100",
        ]


def render_html(notebook: Any, *, title: str, facts: Facts) -> str:
    """The report page of an executed notebook, which stays as it is.

    Raises
    ------
    NotebookError
        an output is no fragment; the message names its cell, not what it holds
    """
    book = copy.deepcopy(notebook)
    _drop_title(book.cells, title)
    for number, cell in enumerate(book.cells, start=1):
        if cell.cell_type == "code":
            cell.outputs = [_kept(output, number) for output in cell.outputs]
    book.cells = with_something(book.cells)
    exporter = _Page(template_name="page", extra_template_basedirs=[str(TEMPLATES)], exclude_input=True)
    exporter.register_filter("prose", prose)
    page = asdict(facts) | {"title": title, "state": facts.state(), "month": month_words(facts.month), "style": style()}
    page["csp"] = house("").csp
    body, _ = cast("tuple[str, Any]", exporter.from_notebook_node(book, resources={"page": page}))  # pyright: ignore[reportUnknownMemberType]
    return body


def title_of(notebook: Any) -> str:
    """The heading that a report notebook starts with. Raises UsageError where there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"# +(.+)", cell.source)):
            return heading[1].strip()
    raise UsageError("A report notebook starts with its title: a markdown cell with `# Title`.")


def expressions(page: str) -> list[Any]:
    """Every expression over releases that a page shows, in its order."""
    return [expression for spec in specifications(page) for expression in spec["of"]]


def prose(markdown: str) -> str:
    """Markdown as HTML; raw HTML in it is shown as text, images and foreign links lose their address."""
    return cast("str", _MARKDOWN(markdown))


class _Page(TemplateExporter):
    """Nbconvert's own HTMLExporter rewrites the page through a parser; a fragment must keep its bytes."""

    file_extension = ".html"
    template_extension = ".html.j2"
    output_mimetype = "text/html"


class _Prose(mistune.HTMLRenderer):
    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002  # mistune's signature
        return escape(text)

    def link(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002  # mistune's signature
        return f'<a href="{escape(url)}">{text}</a>' if url.startswith("#") else text


_MARKDOWN = mistune.create_markdown(renderer=_Prose(escape=True), plugins=["table", "strikethrough"])


def _drop_title(cells: list[Any], title: str) -> None:
    """The page has its title in its header already."""
    first = next((cell for cell in cells if cell.cell_type == "markdown"), None)
    if first is not None:
        first.source = re.sub(rf"\A# +{re.escape(title)}[ #]*(?:\n|\Z)", "", first.source)


def _kept(output: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The output, reduced to its fragments. Raises NotebookError where there is anything else in it."""
    kind = output["output_type"]
    if kind == "error":
        raise NotebookError(f"Cell {number} failed, so there is no report. Its traceback stays in the private run.")
    if kind == "stream":
        raise NotebookError(f"Cell {number} prints text. {_WAY_OUT}")
    data: Mapping[str, Any] = output["data"]
    if "text/html" not in data or set(data) - {"text/html", "text/plain"}:
        raise NotebookError(f"Cell {number} shows something that no release stands behind. {_WAY_OUT}")
    html = "".join(data["text/html"]).removeprefix(f"<style>{style()}</style>")  # the page has it once
    if not _FRAGMENTS.fullmatch(html):
        raise NotebookError(f"Cell {number} shows HTML that is no figure of a release. {_WAY_OUT}")
    return nbformat.v4.new_output("display_data", {"text/html": html})  # pyright: ignore[reportUnknownMemberType]
