"""Who is meant: by id, e-mail or user name, without keeping what was typed in."""

from datetime import date

import polars as pl
import pytest

from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.rights.subjects import find, parse, stores
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.tombstones import Tombstones


@pytest.fixture
def lake(empty):
    lake = Lake(empty.path("lake"))
    hasher = IdentityHasher(*empty.secret_keys())
    account = hasher.pseudonym("u-1")
    rows = {"account": account, "hash": hasher.identifier_hash("jane@studio.test"), "type": None, "words": None}
    lake.add("identities", pl.DataFrame([rows], schema=lake.schemas["identities"]).with_columns(month=pl.lit(ALWAYS)))
    return lake


def test_an_account_is_found_by_id_and_by_e_mail_in_any_spelling(empty, lake):
    names = ["u-1", " Jane@Studio.test ", '{"account_id": "u-1", "email": "jane@studio.test"}']
    found = set(find(empty, lake, parse("\n".join(names))))
    assert found == {(IdentityHasher(*empty.secret_keys()).pseudonym("u-1"),)}


def test_nobody_is_told_as_such_and_where_it_was_looked(empty, lake):
    with pytest.raises(NotFound, match=f"No such account .looked in {len(stores(lake))} stores"):
        find(empty, lake, parse("u-1\nu-2"))


def test_an_erased_account_is_told_as_erased(empty, lake):
    gone = IdentityHasher(*empty.secret_keys()).pseudonym("u-2")
    Tombstones(empty).add([gone], request="R-0123456789", on=date(2026, 11, 23))
    with pytest.raises(NotFound, match="erased before"):
        find(empty, lake, parse("u-1\nu-2"))


@pytest.mark.parametrize("line", ['{"account_id": ""}', '{"acount_id": "u-1"}', "{}", '{"email": 7}', "{", " "])
def test_a_line_that_names_nobody_is_refused_without_repeating_it(line):
    with pytest.raises(UsageError) as refused:
        parse(line)
    assert "acount" not in str(refused.value)
