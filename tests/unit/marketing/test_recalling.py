from __future__ import annotations

import json

import pytest

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import NotFound, PolicyError, UsageError
from privacy_analytics.marketing.publish import publish
from privacy_analytics.marketing.recalling import recall, recalled


@pytest.fixture
def published(house, store, finished):
    """A run whose page is on the site."""
    publish(house, finished, approved_by="Ada")
    return finished


def _page(house):
    return house.path("published", "2026-10", "case_study")


def test_a_recalled_page_is_off_the_site_and_its_index(published, house):
    assert "2026-10/case_study/" in house.path("published", "index.html").read_text()
    index = recall(house, published, by="Grace", reason="misleading")
    assert not _page(house).exists()
    assert "2026-10/case_study/" not in index.read_text()
    assert [each.name for each in house.path("published").glob("*/.*")] == []


def test_a_recalled_page_is_not_published_again(published, house):
    recall(house, published, by="Grace", reason="faulty")
    with pytest.raises(PolicyError, match="recalled"):
        publish(house, published, approved_by="Ada")
    assert not _page(house).exists()


def test_who_recalled_a_page_and_why_is_kept(published, house):
    recall(house, published, by="Grace", reason="faulty")
    (said,) = (json.loads(file.read_text()) for file in house.path("approved").glob("page-*.json"))
    assert (said["by"], said["reason"], said["report"]) == ("Grace", "faulty", "2026-10/case_study")
    assert [each.action for each in AuditLog(house).entries()][-1] == "recall"


def test_a_recall_that_was_killed_half_way_goes_on(published, house, monkeypatch):
    from privacy_analytics.marketing import recalling

    with monkeypatch.context() as broken:
        broken.setattr(recalling.Site, "alone", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            recall(house, published, by="Grace", reason="faulty")
    assert recalled(house, published)
    recall(house, published, by="Grace", reason="faulty")
    assert not _page(house).exists()
    assert sum(each.action == "recall" for each in AuditLog(house).entries()) == 1


def test_what_the_site_does_not_show_is_not_recalled(house, finished):
    with pytest.raises(NotFound, match="does not show"):
        recall(house, finished, by="Grace", reason="faulty")


def test_a_recall_has_a_reason_of_the_list(published, house):
    with pytest.raises(UsageError, match="reason"):
        recall(house, published, by="Grace", reason="because")
    assert _page(house).exists()
