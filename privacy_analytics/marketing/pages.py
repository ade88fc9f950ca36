"""The site's own pages as text: an index of statistics and reports, a page a statistic, a notice where one is gone.

Each is a function of approvals, releases and published reports alone; the only dates in it are those that were set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from privacy_analytics.figures import render
from privacy_analytics.figures.format import MONTHS, month_words, part_words
from privacy_analytics.gate.site import CHOICES, Kind, house
from privacy_analytics.marketing.approvals import Approval, Recall
from privacy_analytics.marketing.statistics import Statistic
from privacy_analytics.marketing.terms import KINDS, REASONS

Json = dict[str, Any]
NOTE = "95 of 100"
"""What stands below every page."""


@dataclass(frozen=True)
class Notice:
    """That a statistic may not be quoted any more."""

    id: str
    on: date
    what: str


@dataclass(frozen=True)
class Content:
    """What a site is made of."""

    product: str
    contact: str
    reports: Sequence[Mapping[str, Any]]
    """The manifests of the reports on it."""
    current: Sequence[tuple[Approval, Statistic]]
    notices: Sequence[Notice] = field(default_factory=tuple[Notice, ...])

    def allowed(self) -> tuple[str, ...]:
        """The texts with digits, names and addresses that its pages may hold."""
        months = {month for entry in self.reports for month in (entry["month"], month_words(entry["month"]))}
        said = {text for each in self.current for text in _allowed(*each)}
        gone = {text for each in self.notices for text in (each.id, day_words(each.on))}
        return (self.product, self.contact, NOTE, *sorted(months | said | gone))

    def index(self) -> str:
        """The first page: statistics to search and copy, what may not be quoted any more, reports by month."""
        features = _choices(sorted({key for _, each in self.current for key in each.features}))
        months = _choices(sorted({each.month for _, each in self.current}, reverse=True))
        ordered = sorted(self.current, key=lambda each: (each[1].about, each[0].on, each[0].id))
        ordered.sort(key=lambda each: each[1].month, reverse=True)
        cards = [
            self._card(approval, each)
            | {
                "choices": [f"feature-{features[key]}" for key in each.features if key in features]
                + [f"month-{months[key]}" for key in [each.month] if key in months]
            }
            for approval, each in ordered
        ]
        chosen = (
            ("feature", "Feature", {value: part_words(key, "feature") for key, value in features.items()}),
            ("month", "Month", {value: month_words(key) for key, value in months.items()}),
        )
        filters = [
            {"name": name, "legend": legend, "choices": choices} for name, legend, choices in chosen if len(choices) > 1
        ]
        kind: Kind = "index" if cards else "page"
        return self._page(
            "site", kind, "Statistics and reports" if cards else "Reports",
            cards=cards, filters=filters, notices=self.notices, months=self._months(),
        )  # fmt: skip

    def statistic(self, approval: Approval, statistic: Statistic) -> str:
        """The page of one statistic: its card, how it was made, its sources."""
        card = self._card(approval, statistic) | {
            "method": _drawn(statistic, "method"),
            "footnotes": _drawn(statistic, "footnotes"),
        }
        return self._page("statistic", "page", "A statistic to quote", month=card["month"], card=card)

    def notice(self, notice: Notice) -> str:
        """What stands where a statistic was."""
        return self._page("notice", "page", "Not to be quoted any more", notice=notice)

    def _page(self, template: str, kind: Kind, title: str, *, month: str = "", **about: Any) -> str:
        made = house(kind)
        page = {
            "title": title,
            "state": "",
            "product": self.product,
            "month": month,
            "snapshot": "",
            "contact": self.contact,
            "csp": _proven(made.csp),
            "style": _proven(made.style),
            "script": _proven(made.script or ""),
        }
        return _templates().get_template(f"{template}.html.j2").render(page=page, **about)

    def _card(self, approval: Approval, statistic: Statistic) -> Json:
        report = next((entry for entry in self.reports if place(entry) == approval.report), None)
        return {
            "id": statistic.id,
            "about": statistic.about,
            "month": month_words(statistic.month),
            "sentence": _proven(render(statistic.spec, statistic.store)),
            "picture": _picture(statistic),
            "files": KINDS,
            "by": approval.by,
            "on": day_words(approval.on),
            "until": day_words(approval.until),
            "report": report and {"href": f"{place(report)}/index.html", "title": report["title"]},
        }

    def _months(self) -> list[tuple[str, list[Json]]]:
        """The reports by month, the newest first."""
        entries = sorted(self.reports, key=lambda entry: entry["title"])
        entries.sort(key=lambda entry: entry["month"], reverse=True)
        return [
            (
                month_words(month),
                [
                    {
                        "href": f"{place(entry)}/index.html",
                        "title": entry["title"],
                        "headline": _proven(entry["drawn"]),
                    }
                    for entry in listed
                ],
            )
            for month, listed in groupby(entries, key=lambda entry: entry["month"])
        ]


def place(entry: Mapping[str, Any]) -> str:
    """Where a report lies on the site; one that was run with parameters of its own lies beside the plain one."""
    return f"{entry['month']}/{entry['report']}{entry.get('variant', '')}"


def recalled(recall: Recall) -> Notice:
    return Notice(recall.id, recall.on, f"Recalled on {day_words(recall.on)}, because {REASONS[recall.reason]}.")


def expired(approval: Approval) -> Notice:
    return Notice(approval.id, approval.until, f"Its approval ended after {day_words(approval.until)}.")


def day_words(day: date) -> str:
    """``"23 November 2026"``"""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _allowed(approval: Approval, statistic: Statistic) -> list[str]:
    files = [f"{approval.id}.{kind}" for kind in KINDS]
    days = [day_words(approval.on), day_words(approval.until)]
    return [approval.id, *files, *days, approval.by, statistic.month, month_words(statistic.month), statistic.about]


def _choices(keys: list[str]) -> dict[str, str]:
    """What a filter offers, each with its name in the style sheet; no more than it has names for."""
    return dict(zip(keys, CHOICES, strict=False))


def _proven(html: str) -> Markup:
    """What has its escapes already: fragments, and bytes that are shipped; the gate compares both."""
    return Markup(html)  # noqa: S704


def _picture(statistic: Statistic) -> Markup:
    """Its figure; nothing where that would be its sentence once more."""
    return _proven("" if statistic.picture == statistic.spec else statistic.drawn)


def _drawn(statistic: Statistic, renderer: str) -> Markup:
    spec = {"render": renderer, "of": statistic.spec["of"], "options": {}}
    return _proven(render(spec, statistic.store))


@cache
def _templates() -> jinja2.Environment:
    ours = Path(__file__).with_name("template")
    loader = jinja2.FileSystemLoader([ours, ours.parents[1] / "report" / "template" / "page"])  # head and foot
    return jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=True)
