"""A workspace whose releases are made by hand, and finished runs in it with sentences of every verdict."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date

import nbformat
import pytest

from privacy_analytics import claims, figures
from privacy_analytics.claims import Told
from privacy_analytics.dp.releases import Z95, Cell, status
from privacy_analytics.dp.store import FolderStore
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


@pytest.fixture(scope="session")
def released(world, answers, tmp_path_factory):
    """A folder with the releases of ``world`` and of the case study."""
    made = FolderStore(tmp_path_factory.mktemp("releases"))
    for each in (*world.values(), *answers.values()):
        made.put(each.id, each.to_json())
    return made.folder


@pytest.fixture
def store(house, released):
    """The workspace's store, with all of them."""
    return FolderStore(shutil.copytree(released, house.path("releases"), dirs_exist_ok=True))


@pytest.fixture(scope="session")
def answers(world):
    """Blocks of a case study: a cohort and the others, this month and the month before."""
    others = ADOPTERS | {"rest": True}
    features = {"chat": 9000.0, "mix_assist": 1240.0, "vocal_tuner": 70.0, "undo_history": 9.0}
    numbers = {
        "everybody": (12_400.0, None),
        "group": (3_000.0, ADOPTERS),
        "others": (9_400.0, others),
        "done": (1_800.0, ADOPTERS),
        "others_done": (2_200.0, others),
        "same": (720.0, others),
        "some": (232.0, ADOPTERS),
        "group_before": (2_500.0, ADOPTERS),
        "others_before": (9_000.0, others),
        "done_before": (700.0, ADOPTERS),
        "others_done_before": (2_150.0, others),
    }
    made = {
        name: _counted(world["month"], name, {(): value}, "2026-09" if name.endswith("before") else "2026-10", cohort)
        for name, (value, cohort) in numbers.items()
    }
    keyed = {(key,): value for key, value in features.items()}
    return made | {"features": _counted(world["features"], "features", keyed)}


def _counted(like, name, values, month="2026-10", cohort=None):
    """A release of marketing's population: of accounts that have not opted out, hidden below 50."""
    sigma = 20.0
    cells = tuple(
        Cell(key, value, value - Z95 * sigma, value + Z95 * sigma, sigma, status(value, sigma, 50))
        for key, value in values.items()
    )
    known = f"m{name.replace('_', '')}"
    return replace(
        like, id=f"r-{known}", key=known, month=month, snapshot=f"{month}.r0", cells=cells, floor=50,
        population="not opted out", question={**like.question, "cohort": cohort},
    )  # fmt: skip


@pytest.fixture
def counted():
    """``counted(like, name, values, month=…, cohort=…)``: a release of marketing's population."""
    return _counted


def _tried():
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


def _finished(answers, tried, store, *, title, before=None):
    """The files of a finished run with these sentences."""
    told = Told(answers, before or {})
    specs = [told.spec(each) for each in tried]
    html = figures.fragment("claims", *told.used, claims=specs, everything=True)
    output = nbformat.v4.new_output("display_data", {"text/html": html})
    cells = [nbformat.v4.new_markdown_cell("## In short"), nbformat.v4.new_code_cell("", outputs=[output])]
    book = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_markdown_cell("That is all.")])
    about = {"title": title, "facts": Facts("Plugin", "2026-10", "2026-10.r0", "1.0", "officer@studio.test")}
    page, vouched = render_html(book, **about), vouch(book, {}, **about)
    report = title.lower().replace(" ", "_")
    manifest = written(page, b"", store, vouched, report=report, source=b"", values={}, **about)
    return {"report.html": page, "manifest.json": json.dumps(manifest)}


@pytest.fixture
def run(house, store):
    """``run(answers, claims, title=…)``: a finished run with these sentences in the workspace."""

    def made(answers, tried, *, title="Case study", **more):
        return _kept(house, _finished(answers, tried, store, title=title, **more))

    return made


def _kept(house, made):
    report = json.loads(made["manifest.json"])["report"]
    folder = house.path("runs", "2026-10", report, "001")
    folder.mkdir(parents=True)
    for name, text in made.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def case_study(answers, released):
    return _finished(answers, _tried(), FolderStore(released), title="Case study")


@pytest.fixture
def finished(house, case_study):
    """The folder of a finished case study of the workspace."""
    return _kept(house, case_study)


@pytest.fixture
def said(finished, store):
    """Its statistics, in its order."""
    return statistics((finished / "report.html").read_text(), store)


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
