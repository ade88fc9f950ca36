"""A workspace whose releases are made by hand, and finished runs in it with sentences of every verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import nbformat
import pytest

from privacy_analytics import claims, figures
from privacy_analytics.claims import Told
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.marketing.site import Site
from privacy_analytics.marketing.statistics import statistics
from privacy_analytics.report.manifest import vouch, written
from privacy_analytics.report.render import Facts, render_html

TODAY = date(2026, 11, 23)
ADOPTERS = {"kind": "adopters", "key": "mix_assist", "rest": False}


@pytest.fixture
def house(empty):
    """A workspace without data."""
    return empty


@pytest.fixture
def store(house, world):
    """Its store, with the releases of ``world``."""
    made = ReleaseStore(house.path("releases"))
    for each in world.values():
        made.put(each.id, each.to_json())
    return made


@pytest.fixture
def answers(release, store):
    """Blocks of a case study: a cohort and the others, this month and the month before."""
    others = ADOPTERS | {"rest": True}
    months = {"month": "2026-09"}
    features = {"chat": 9000.0, "mix_assist": 1240.0, "vocal_tuner": 70.0, "undo_history": 9.0}
    made = {
        "everybody": release("mall", 12_400.0),
        "group": release("mgroup", 3_000.0, cohort=ADOPTERS),
        "others": release("mothers", 9_400.0, cohort=others),
        "done": release("mdone", 1_800.0, cohort=ADOPTERS),
        "others_done": release("mothersdone", 2_200.0, cohort=others),
        "same": release("msame", 720.0, cohort=others),
        "some": release("msome", 232.0, cohort=ADOPTERS),
        "few": release("mfew", 60.0, cohort=ADOPTERS),
        "group_before": release("mgroupbefore", 2_500.0, cohort=ADOPTERS, **months),
        "others_before": release("mothersbefore", 9_000.0, cohort=others, **months),
        "done_before": release("mdonebefore", 700.0, cohort=ADOPTERS, **months),
        "others_done_before": release("mothersdonebefore", 2_150.0, cohort=others, **months),
        "features": release("mfeatures", features),
    }
    made = {name: replace(each, population="not opted out", floor=50) for name, each in made.items()}
    for each in made.values():
        store.put(each.id, each.to_json())
    return made


@pytest.fixture
def tried():
    """What the case study tries to say: five clear sentences, one without a clear difference, one that is too noisy."""
    return [
        claims.amount(("group", "everybody"), "of the active accounts were {who}"),
        claims.versus(("done", "group"), ("others_done", "others"), "finished an export"),
        claims.against(
            (("done", "group"), ("done_before", "group_before")),
            (("others_done", "others"), ("others_done_before", "others_before")),
            "finished an export",
        ),
        claims.leader("features", "the feature that most accounts used", of="everybody"),
        claims.amount(("features:vocal_tuner", "everybody"), "of the active accounts tuned a voice thrice as fast"),
        claims.versus(("some", "group"), ("same", "others"), "wrote to support"),
        claims.amount("everybody", "accounts were active"),
    ]


@pytest.fixture
def run(house, store):
    """``run(answers, claims, report=…)``: a finished run with these sentences."""

    def made(answers, tried, *, report="case_study", title="Case study", month="2026-10", number="001", before=None):
        told = Told(answers, before or {})
        specs = [told.spec(each) for each in tried]
        html = figures.fragment("claims", *told.used, claims=specs, everything=True)
        output = nbformat.v4.new_output("display_data", {"text/html": html})
        cells = [nbformat.v4.new_markdown_cell("## In short"), nbformat.v4.new_code_cell("", outputs=[output])]
        book = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_markdown_cell("That is all.")])
        about = {"title": title, "facts": Facts(house.product, month, f"{month}.r0", "1.0", house.contact_email)}
        page, vouched = render_html(book, **about), vouch(book, {}, **about)
        folder = house.path("runs", month, report, number)
        folder.mkdir(parents=True)
        (folder / "report.html").write_text(page)
        manifest = written(page, b"", store, vouched, report=report, source=b"", values={}, **about)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    return made


@pytest.fixture
def said(run, answers, tried, store):
    """The statistics of the case study, in its order."""
    return statistics((run(answers, tried) / "report.html").read_text(), store)


@pytest.fixture
def site(house):
    return Site(house, TODAY)


@pytest.fixture
def approve(site):
    """``approve(statistic, by=…, until=…)``"""

    def approved(statistic, by="N. N.", **more):
        return site.approve(statistic, report="2026-10/case_study", by=by, **more)

    return approved


@pytest.fixture
def files():
    """``files(folder)``: every file under it by its relative path."""
    return lambda folder: {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }
