import polars as pl
import pytest

from privacy_analytics.contracts import EXPORTS, tables
from privacy_analytics.errors import SettingsError
from privacy_analytics.ingest.schemas import LINE, schema
from privacy_analytics.keys import OTHER, as_key, key_list
from privacy_analytics.lake import schemas
from privacy_analytics.settings import DeclaredColumn, Settings

DERIVED = {"chats": ["prompts", "days_since_signup"], "events": ["days_since_signup"]}


def with_column(settings: Settings, name: str, column: DeclaredColumn) -> Settings:
    settings.columns.setdefault("events", {})[name] = column
    return settings


def test_every_export_and_derived_table_is_there(empty: Settings):
    assert set(tables(empty)) == {*EXPORTS, "messages", "sessions", "themes"}


def test_no_identity_id_or_list_of_messages_can_be_asked_for(empty: Settings):
    kinds = {column.kind for table in tables(empty).values() for column in table.columns.values()}
    assert kinds == {"key", "number", "flag", "text", "time"}


def test_keys_are_public_lists_that_end_in_other_and_numbers_have_bounds(empty: Settings):
    for table in tables(empty).values():
        assert table.rows_per_account >= 1
        for column in table.columns.values():
            if column.kind == "key":
                assert column.values[-1] == OTHER
                assert column.cells >= 1
            if column.kind == "number":
                assert column.bounds
                assert column.bounds[0] < column.bounds[1]


def test_of_texts_only_messages_can_be_asked_for_and_only_inside(empty: Settings):
    texts = {
        (name, column): tuple(spec.purposes)
        for name, table in tables(empty).items()
        for column, spec in table.columns.items()
        if spec.kind == "text"
    }
    assert texts.pop(("messages", "content")) == ("usage", "cohorts", "exploration", "revisions")
    assert texts == {("crashes", "stack"): (), ("support", "subject"): ()}


def test_what_an_export_holds_is_what_the_lake_has_and_what_names_an_account(empty: Settings):
    for name, table in tables(with_column(empty, "preset_count", DeclaredColumn("integer", bounds=(0, 500)))).items():
        unasked = ("account", "identity", "id", "messages")
        if name in EXPORTS:
            asked = [key for key, spec in table.export.items() if spec.kind not in unasked]
            assert list(table.columns) == [*asked, *DERIVED.get(name, [])]
            assert [spec.kind for spec in table.export.values()].count("account") == 1
        else:
            assert not table.export
    assert "preset_count" in tables(empty)["events"].export


def test_of_a_project_only_what_the_policy_names_may_come_in():
    """Policy §3: how many tracks, never what they are called."""
    named = {"account_id", "project_id", "saved_at", "tracks", "bpm", "musical_key", "main_effect", "host"}
    assert set(EXPORTS["projects"]) == named
    assert not [name for name, column in EXPORTS["projects"].items() if column.kind == "text"]


def test_the_lake_stores_no_column_that_a_question_joins(empty: Settings):
    joined = {
        (name, column) for name, table in tables(empty).items() for column, spec in table.columns.items() if spec.joined
    }
    assert joined == {
        ("sessions", "crashed"),
        *((name, "days_since_signup") for name in ("chats", "events", "sessions")),
    }
    stored = schemas(empty)
    assert not [(name, column) for name, column in joined if column in stored[name]]


@pytest.mark.parametrize("name", EXPORTS)
def test_a_schema_requires_what_the_contract_requires(name: str):
    built = schema(EXPORTS[name]).columns()
    assert {column: spec.nullable for column, spec in built.items()} == {
        **{column: spec.nullable for column, spec in EXPORTS[name].items()},
        LINE: False,
    }


def test_a_workspace_declares_its_own_columns_and_lists(empty: Settings):
    empty.path("keys", "moods.txt").write_text("# how it went\nhappy\nother\nsad\n")
    with_column(empty, "mood", DeclaredColumn("key", keys="moods"))
    with_column(empty, "preset_count", DeclaredColumn("integer", bounds=(0, 500)))
    events = tables(empty)["events"].columns
    assert events["mood"].values == ("happy", "sad", "other")
    assert tuple(events["mood"].purposes) == ("usage", "exploration")
    assert events["preset_count"].bounds == (0, 500)


def test_a_workspaces_list_takes_the_place_of_the_shipped_one(empty: Settings):
    empty.path("keys", "os.txt").write_text("beos\n")
    assert key_list(empty, "os") == ("beos", "other")


def test_a_list_that_is_missing_or_holds_a_key_twice_is_refused(empty: Settings):
    with pytest.raises(SettingsError, match="no public list moods"):
        key_list(empty, "moods")
    empty.path("keys", "os.txt").write_text("macOS\nmacos\n")
    with pytest.raises(SettingsError, match="holds a key twice"):
        key_list(empty, "os")


def test_a_declared_column_does_not_replace_one_of_the_contract(empty: Settings):
    for name in ("os", "days_since_signup"):
        with pytest.raises(SettingsError, match=f"declares {name}"):
            tables(with_column(empty, name, DeclaredColumn("boolean")))
        del empty.columns["events"]


def test_a_value_becomes_its_key_row_by_row():
    values = pl.DataFrame({"os": [" MacOS ", "macos", "my secret", "", None]})
    assert values.select(as_key("os", ("macos", OTHER)))["os"].to_list() == ["macos", "macos", OTHER, OTHER, None]
