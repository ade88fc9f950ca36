from __future__ import annotations

import json
import re

import nbformat
import pytest

from privacy_analytics import figures
from privacy_analytics.errors import GateError, NotFound, UsageError
from privacy_analytics.marketing.publish import publish
from privacy_analytics.report.manifest import vouch, written
from privacy_analytics.report.render import Facts, render_html


@pytest.fixture
def run(tmp_path, world, store, house):
    """Makes a run's folder: ``run("usage_report", "Usage report")``."""

    def made(report="usage_report", title="Usage report", month="2026-10", prose="Fine."):
        folder = tmp_path / "runs" / month / report
        folder.mkdir(parents=True, exist_ok=True)
        html = figures.fragment("sentence", world["month"]) + figures.table(world["features"])
        output = nbformat.v4.new_output("display_data", {"text/html": html})
        cells = [nbformat.v4.new_markdown_cell(prose), nbformat.v4.new_code_cell("", outputs=[output])]
        about = {
            "title": title,
            "facts": Facts(house.product, month, f"{month}.r0", "1.0", house.contact_email),
        }
        page = render_html(nbformat.v4.new_notebook(cells=cells), **about)
        (folder / "report.html").write_text(page)
        vouched = vouch(nbformat.v4.new_notebook(cells=cells), {}, **about)
        manifest = written(page, b"", store, vouched, report=report, source=b"", values={}, **about)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    return made


@pytest.fixture
def site(house):
    return house.path("published")


def _files(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_report_goes_out_as_the_bytes_that_were_approved(run, site, house):
    folder = run()
    page = publish(house, folder, approved_by="Ada")
    assert page == site / "2026-10" / "usage_report" / "index.html"
    assert page.read_bytes() == (folder / "report.html").read_bytes()
    assert set(_files(site)) == {
        "index.html",
        "2026-10/usage_report/index.html",
        "2026-10/usage_report/manifest.json",
    }


def test_the_manifest_says_who_approved_what(run, site, house):
    manifest = json.loads((publish(house, run(), approved_by="Ada").parent / "manifest.json").read_text())
    assert manifest["approved_by"] == "Ada"
    assert manifest["releases"] == ["r-features", "r-month"]
    assert re.fullmatch(r"[0-9a-f]{64}", manifest["sha256"])
    assert manifest["policy"] == "1.0"


def test_the_index_lists_reports_newest_month_first_with_a_sentence_each(run, site, house):
    publish(house, run(month="2026-09", title="Usage report"), approved_by="Ada")
    publish(house, run("case_study", "Mix Assist"), approved_by="Ada")
    publish(house, run(), approved_by="Ada")
    index = (site / "index.html").read_text()
    assert re.findall(r'<a href="(2026[^"]+)">([^<]+)', index) == [
        ("2026-10/case_study/index.html", "Mix Assist"),
        ("2026-10/usage_report/index.html", "Usage report"),
        ("2026-09/usage_report/index.html", "Usage report"),
    ]
    assert index.count("About 12,412 (±35) accounts") == 3


def test_publishing_again_changes_nothing_but_the_approval(run, site, house):
    folder = run()
    publish(house, folder, approved_by="Ada")
    before = _files(site)
    publish(house, folder, approved_by="Grace")
    after = _files(site)
    assert {name for name in after if after[name] != before[name]} == {"2026-10/usage_report/manifest.json"}
    assert set(after) == set(before)


def test_what_the_gate_refuses_leaves_the_site_as_it_was(run, site, house):
    publish(house, run(), approved_by="Ada")
    before = _files(site)
    with pytest.raises(GateError):
        publish(house, run(prose="We have 4711 users."), approved_by="Ada")
    assert _files(site) == before


def test_a_canary_in_the_title_does_not_reach_the_index(run, site, house):
    with pytest.raises(GateError):
        publish(house, run(title="Jane Doe"), approved_by="Ada", canaries=["jane doe"])
    assert _files(site) == {}


def test_bytes_changed_after_the_run_do_not_go_out(run, site, house):
    folder = run()
    page = folder / "report.html"
    page.write_text(page.read_text().replace("12,412", "13,000"))
    with pytest.raises(GateError):
        publish(house, folder, approved_by="Ada")


@pytest.mark.parametrize("name", ["", "  ", "Ada\nLovelace"])
def test_somebody_approves(run, site, house, name):
    with pytest.raises(UsageError):
        publish(house, run(), approved_by=name)


@pytest.mark.parametrize(
    "change", [{"report": "../../etc"}, {"month": "2026-10/.."}, {"report": None}, {"title": 7}, {"month": "october"}]
)
def test_a_manifest_cannot_name_a_place_outside_the_site(run, site, house, change):
    folder = run()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(UsageError):
        publish(house, folder, approved_by="Ada")
    assert _files(site) == {}


def test_a_run_without_a_report_is_not_published(tmp_path, house):
    with pytest.raises(NotFound):
        publish(house, tmp_path / "nowhere", approved_by="Ada")


def test_a_publication_that_died_half_way_is_completed_by_the_next(run, site, house, monkeypatch):
    folder = run()
    publish(house, folder, approved_by="Ada")
    home = site / "2026-10" / "usage_report"
    home.rename(site / "2026-10" / ".usage_report.retired")
    publish(house, folder, approved_by="Ada")
    assert [file.name for file in (site / "2026-10").iterdir()] == ["usage_report"]


def test_two_groups_of_one_report_lie_beside_each_other():
    from privacy_analytics.marketing.pages import place
    from privacy_analytics.report.places import variant

    plain = {"month": "2026-10", "report": "case_study", "variant": variant({"month": "2026-10", "spend": 0.3})}
    named = plain | {"variant": variant({"month": "2026-10", "group": "adopters:mix_assist"})}
    assert place(plain) == "2026-10/case_study"
    assert place(named) == "2026-10/case_study-adopters-mix_assist"
