"""Who is given what: registered recipients, for their purposes, where the policy allows it; and all of it is noted."""

from datetime import date

import pytest

from privacy_analytics import sharing, workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import PolicyError
from privacy_analytics.sharing import EVERYBODY, MARKETING, Audience

TODAY = date(2026, 11, 23)
REGISTER = """
[sharing]
regions = ["US", "CA"]

[[recipients]]
name = "Chart Makers, Inc."
category = "analytics"
region = "CA"
purposes = ["marketing"]
contract = 2026-02-01
"""


@pytest.fixture
def house(empty):
    """A workspace whose register is the one above, with something in it changed."""

    def made(old="", new=""):
        assert old in REGISTER
        file = empty.root / workspace.FILE
        head = file.read_text().partition("[[recipients]]")[0].partition("[sharing]")[0]
        file.write_text(head + REGISTER.replace(old, new))
        return workspace.load(empty.root)

    return made


@pytest.mark.clause("6.recipients")
@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("Chart Makers, Inc.", "Others", "No such recipient. Enter it under"),
        ('category = "analytics"', 'category = "friends"', "policy names no such category .* Choose one of: cloud, ai"),
        ('purposes = ["marketing"]', 'purposes = ["usage"]', "registered for: usage. Requested: marketing"),
        ("2026-02-01", "2026-11-24", "contract with this recipient is of a later day"),
    ],
)
def test_nobody_is_given_what_the_register_does_not_allow(house, old, new, refusal):
    assert sharing.require(house(), "Chart Makers, Inc.", "marketing", TODAY) == Audience("Chart Makers, Inc.", "CA", 6)
    with pytest.raises(PolicyError, match=refusal):
        sharing.require(house(old, new), "Chart Makers, Inc.", "marketing", TODAY)


@pytest.mark.clause("9.regions")
@pytest.mark.parametrize(("old", "new"), [('region = "CA"', 'region = "AU"'), ('["US", "CA"]', "[]")])
def test_nothing_leaves_for_a_region_that_is_not_on_the_allow_list(house, old, new):
    with pytest.raises(PolicyError, match=r"not on the allow-list .policy §9.* \[sharing\] regions"):
        sharing.require(house(old, new), "Chart Makers, Inc.", "marketing", TODAY)


def test_a_category_that_the_law_requires_needs_no_contract(house):
    law = house('category = "analytics"', 'category = "authority"')
    assert sharing.require(law, "Chart Makers, Inc.", "marketing", date(2026, 1, 1)).clause == 6


def test_the_ledger_of_exports_says_what_for_what_to_whom_and_where(empty):
    sharing.record(empty, ["s-2", "s-1"], purpose="marketing", to=MARKETING)
    AuditLog(empty).add("publish", by="N. N.")
    sharing.record(empty, ["2026-10/usage_report"], purpose="usage", to=EVERYBODY)
    found = [(each.what, each.purpose, each.clause, each.recipient, each.region) for each in sharing.exports(empty)]
    assert found == [
        (("s-1", "s-2"), "marketing", 4, "marketing", "inside"),
        (("2026-10/usage_report",), "usage", 4, "public site", "everywhere"),
    ]
