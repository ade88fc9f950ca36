"""The site: what stands on it, what the gate keeps off it, and that the same approvals give the same bytes."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import re
from datetime import date
from html import escape

import pytest

from privacy_analytics.errors import GateError, PolicyError, UsageError
from privacy_analytics.gate import Vouched, check
from privacy_analytics.gate.findings import digest
from privacy_analytics.gate.fragments import cut
from privacy_analytics.gate.site import house as made_of
from privacy_analytics.marketing.publish import publish
from privacy_analytics.marketing.site import Site
from privacy_analytics.workspace import load

TODAY = date(2026, 11, 23)


def _index(site):
    return (site.folder / "index.html").read_text()


def test_an_approved_statistic_stands_on_the_site_with_its_files(site, approve, said, files):
    approve(said[1])
    name = said[1].id
    assert set(files(site.folder)) == {
        "index.html",
        *(
            f"statistics/{name}/{each}"
            for each in ("index.html", f"{name}.csv", f"{name}.json", f"{name}.svg", f"{name}.png")
        ),
    }
    assert escape(said[1].sentence) in _index(site)
    assert "May be quoted until <strong>23 November 2027</strong>" in _index(site)
    assert "Approved by N. N. on 23 November 2026." in _index(site)


def test_a_statistics_page_says_how_it_was_made(site, approve, said):
    approve(said[1])
    page = (site.folder / "statistics" / said[1].id / "index.html").read_text()
    for release in said[1].releases:
        assert f'<li id="{release.id}">' in page
    assert "What may not be said" in page
    assert "<script" not in page


def test_a_card_links_to_its_report_once_that_is_published(site, house, approve, said):
    approve(said[1])
    assert "2026-10/case_study/index.html" not in _index(site)
    publish(house, house.path("runs", "2026-10", "case_study", "001"), approved_by="Ada", today=TODAY)
    assert _index(site).count('href="2026-10/case_study/index.html"') == 2
    assert (
        'href="../../2026-10/case_study/index.html"'
        in (site.folder / "statistics" / said[1].id / "index.html").read_text()
    )


def test_every_link_of_the_site_leads_somewhere(site, house, approve, said):
    publish(house, house.path("runs", "2026-10", "case_study", "001"), approved_by="Ada", today=TODAY)
    for each in said[:4]:
        approve(each)
    site.recall(said[3].id, by="Ada", reason="superseded")
    for page in site.folder.rglob("index.html"):
        for link in re.findall(r'href="([^"#]+)"', page.read_text()):
            assert link.startswith("mailto:") or (page.parent / link).resolve().is_file(), (page, link)


def test_the_same_approvals_give_the_same_bytes_on_any_day(site, house, approve, said, files):
    for each in said[:4]:
        approve(each)
    before = files(site.folder)
    site.build()
    Site(house, date(2027, 3, 1)).build()
    assert files(site.folder) == before
    for file in sorted(site.folder.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    site.build()
    assert files(site.folder) == before


def test_a_recall_takes_it_off_and_leaves_a_notice(site, approve, said, files):
    for each in said[:2]:
        approve(each)
    site.recall(said[1].id, by="Grace Hopper", reason="superseded")
    left = files(site.folder)
    assert f"statistics/{said[1].id}/index.html" in left
    assert not [name for name in left if name.startswith(f"statistics/{said[1].id}/s-")]
    notice = left[f"statistics/{said[1].id}/index.html"].decode()
    for page in (notice, _index(site)):
        assert "Recalled on 23 November 2026, because a better number has taken its place." in page
        assert escape(said[1].sentence) not in page
        assert "Grace" not in page
    assert escape(said[0].sentence) in _index(site)


def test_what_has_expired_is_marked_and_can_no_longer_be_taken(site, house, approve, said, files):
    approve(said[0], until=date(2026, 12, 31))
    approve(said[1])
    later = Site(house, date(2027, 1, 1))
    later.build()
    assert "Its approval ended after 31 December 2026." in _index(later)
    assert escape(said[0].sentence) not in _index(later)
    assert set(files(site.folder / "statistics" / said[0].id)) == {"index.html"}


def test_without_a_statistic_the_site_has_no_script_and_nothing_to_search(site, house, said):
    publish(house, house.path("runs", "2026-10", "case_study", "001"), approved_by="Ada", today=TODAY)
    assert "<script" not in _index(site)
    assert "<input" not in _index(site)
    assert escape(said[0].sentence) in _index(site)


def test_filters_are_of_what_is_there_and_work_by_the_style_sheet(site, approve, said):
    for each in (said[0], said[3]):
        approve(each)
    index = _index(site)
    chips = re.findall(r'name="feature" value="(\w*)"[^>]*><span>([^<]+)', index)
    assert chips == [("", "All"), ("a", "Chat"), ("b", "Mix assist")]
    cards = re.findall(r'<li class="card ([^"]+)">', index)
    assert sorted(cards) == ["feature-a month-a", "feature-b month-a"]
    assert '.pa-page:has(input[name="feature"][value="b"]:checked) .card:not(.feature-b) { display: none; }' in index
    assert 'name="month"' not in index.split("</style>")[1]  # one month is no choice


def test_a_canary_keeps_a_site_from_being_written(site, house, approve, said, files):
    approve(said[0])
    before = files(site.folder)
    canary = said[1].sentence[20:60]
    with pytest.raises(GateError) as refused:
        Site(house, TODAY, (canary,)).approve(said[1], report="2026-10/case_study", by="Ada")
    assert canary not in str(refused.value)
    assert files(site.folder) == before
    assert [each.id for each in site.approvals.all()] == [said[0].id]


def test_a_canary_as_an_approvers_name_does_not_get_out(site, house, said, files):
    with pytest.raises(GateError):
        Site(house, TODAY, ("Zanzibar Quux",)).approve(said[0], report="2026-10/case_study", by="Zanzibar Quux")
    assert files(site.folder) == {}


def test_a_name_is_escaped(site, approve, said):
    approve(said[0], by="R&D O'Neill")
    assert "Approved by R&amp;D O&#39;Neill on" in _index(site)


@pytest.mark.clause("12.contact")
def test_a_contact_that_reaches_nobody_keeps_the_site_back(house, said):
    file = house.root / "workspace.toml"
    file.write_text(file.read_text().replace("officer@studio.test", "officer@localhost"))
    with pytest.raises(PolicyError):
        Site(load(house.root), TODAY).approve(said[0], report="2026-10/case_study", by="Ada")


def test_nothing_unsupported_is_on_the_site_even_if_somebody_wrote_its_approval(site, approve, said):
    approve(said[0])
    file = site.approvals.folder / f"{said[0].id}.json"
    raw = json.loads(file.read_text())
    forged = raw | {"id": said[4].id, "spec": said[4].spec}
    (site.approvals.folder / f"{said[4].id}.json").write_text(json.dumps(forged))
    with pytest.raises(UsageError):
        site.build()


def test_two_approvals_at_once_wait_for_each_other(site, house, approve, said, monkeypatch):
    draft = Site.draft

    def watched(self, **more):
        with (site.approvals.folder / ".lock").open("w") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return draft(self, **more)

    monkeypatch.setattr(Site, "draft", watched)
    approve(said[0])
    site.recall(said[0].id, by="Ada", reason="faulty")
    publish(house, house.path("runs", "2026-10", "case_study", "001"), approved_by="Ada", today=TODAY)


# the one script


def _examined(site, text, kind="index"):
    pieces = frozenset(digest(piece) for _, piece in cut(text, site.store).pieces)
    allowed = ("Plugin", "officer@studio.test", "95 of 100", "October 2026", "23 November 2026", "23 November 2027")
    ids = [each.id for each in site.approvals.all()]
    allowed += tuple(f"{each}{end}" for each in ids for end in ("", ".csv", ".json", ".svg", ".png"))
    return check("index.html", text.encode(), site.store, Vouched(allowed, pieces, pieces, site=kind))


def test_the_house_script_passes_on_the_index_and_nowhere_else(site, approve, said):
    approve(said[0])
    index = _index(site)
    assert index.count("<script") == 1
    assert _examined(site, index) == []
    for kind in ("page", ""):
        assert any("script" in finding for finding in _examined(site, index, kind))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"use strict";', '"use strict"; '),
        ("clipboard.writeText(said", "clipboard.writeText(document"),
        ("<script>", '<script type="module">'),
        ("<script>", '<script src="more.js">'),
        ("</script>", "</script><script>1</script>"),
        ("script-src 'sha256-", "script-src 'unsafe-inline' 'sha256-"),
        ("script-src 'sha256-", "script-src 'sha256-A"),
        ("<button ", '<button onclick="1" '),
        ('type="search"', 'type="search" formaction="x"'),
        ("default-src 'none'", "default-src *"),
        (".card[hidden]", ".card"),
    ],
)
def test_a_changed_script_policy_or_style_is_refused(site, approve, said, old, new):
    approve(said[0])
    index = _index(site)
    assert old in index
    assert _examined(site, index.replace(old, new, 1))


def test_the_policy_pins_the_script_by_its_hash():
    index = made_of("index")
    assert f"'sha256-{base64.b64encode(hashlib.sha256(index.script.encode()).digest()).decode()}'" in index.csp
    assert "unsafe-inline' 'sha" not in index.csp
    assert made_of("page").script is None
    assert "script-src" not in made_of("").csp + made_of("page").csp


def test_the_script_loads_sends_and_keeps_nothing():
    script = made_of("index").script
    assert not re.search(
        r"fetch|XMLHttp|import|WebSocket|sendBeacon|https?:|eval|innerHTML|Storage|cookie|src|location", script
    )
