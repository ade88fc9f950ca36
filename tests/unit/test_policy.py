import pytest

from privacy_analytics import policy
from privacy_analytics.errors import PolicyError
from privacy_analytics.settings import PURPOSES, Settings


def test_marketing_alone_counts_only_who_did_not_opt_out():
    assert {purpose for purpose in PURPOSES if policy.population(purpose) != "all"} == {"marketing"}


def test_marketing_has_the_higher_floor(empty: Settings):
    assert policy.floor(empty, "marketing") == 50
    assert policy.floor(empty, "usage") == policy.floor(empty, "exploration") == 20


def test_the_list_of_purposes_is_closed():
    for purpose in PURPOSES:
        policy.check_purpose(purpose)
    with pytest.raises(PolicyError, match="Choose one of: usage, cohorts"):
        policy.population("training")
