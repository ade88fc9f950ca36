"""The documents keep up with the code: commands, exit codes, settings, links, examples, fields."""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest

import privacy_analytics
from privacy_analytics import claims, errors, workspace
from privacy_analytics.cli import cli
from privacy_analytics.contracts import EXPORTS
from privacy_analytics.dp import releases
from privacy_analytics.dp.arithmetic import OPERATIONS
from privacy_analytics.dp.corrected import Estimate
from privacy_analytics.dp.questions import CATALOGUE, KINDS, TENURES, cohort
from privacy_analytics.figures.claims import _FORMS, ABOUT, BETWEEN, MISS, MOST
from privacy_analytics.figures.estimates import LEVEL, likely, moved
from privacy_analytics.ingest import maps
from privacy_analytics.released import Released
from privacy_analytics.resolve import DERIVED_VERSIONS
from privacy_analytics.settings import reading, shape

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
PAST = date(2026, 1, 1)
OPERATOR, ANALYST = TEXT["operator.md"], TEXT["analyst.md"]
SOURCES = [*sorted((ROOT / "privacy_analytics").rglob("*.py")), *sorted((ROOT / "notebooks").glob("*.ipynb"))]


def _leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if each := command.get_command(context, name):
                yield from _leaves(each, (*path, name))
    else:
        yield " ".join(path), command


def _commands() -> dict[str, click.Command]:
    return dict(_leaves(cli, ()))


def _blocks(language: str) -> list[tuple[str, str]]:
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [
        (f"{name}:{text.count(chr(10), 0, hit.start())}", hit[1])
        for name, text in TEXT.items()
        for hit in pattern.finditer(text)
    ]


def _keys(known: dict[str, object], before: str = "") -> Iterator[str]:
    for name, kind in known.items():
        inner = kind[0] if isinstance(kind, list) else kind
        if isinstance(inner, dict):
            yield from _keys(inner, f"{before}{name.removesuffix('?')}.")
        elif name != shape.ANY:
            yield f"{before}{name.removesuffix('?')}"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("name", _commands())
def test_every_command_is_in_the_operators_list_and_has_help(name: str) -> None:
    assert _commands()[name].help
    assert f"| `pa {name}` |" in OPERATOR


def test_every_command_that_a_page_calls_exists() -> None:
    calls = [
        (place, call)
        for place, block in _blocks("console")
        for call in re.findall(r"^\$ (?:\.venv/bin/)?pa (.+)$", block, re.MULTILINE)
    ]
    assert calls
    for place, call in calls:
        assert any(f"{call} ".startswith(f"{name} ") for name in _commands()), place


def test_every_option_that_a_page_uses_exists() -> None:
    for place, block in _blocks("console"):
        for call in re.findall(r"^\$ (?:\.venv/bin/)?pa ([^#\n]+)", block, re.MULTILINE):
            name = max((name for name in _commands() if f"{call} ".startswith(f"{name} ")), key=len)
            known = {option for each in _commands()[name].params for option in each.opts}
            assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", call)) <= known, place


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_no_message_sends_anybody_to_a_command_that_does_not_exist(source: Path) -> None:
    known = {name.split(" ")[0] for name in _commands()}
    assert set(re.findall(r"`pa ([a-z-]+)", source.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize(
    "code",
    sorted(
        {
            0,
            *(
                each.exit_code
                for _, each in inspect.getmembers(errors, inspect.isclass)
                if issubclass(each, errors.PrivacyAnalyticsError)
            ),
        }
    ),
)
def test_every_exit_code_is_documented(code: int) -> None:
    assert re.search(rf"^\| {code} \|", OPERATOR, re.MULTILINE)


@pytest.mark.parametrize("key", [*_keys(reading._SHAPE), *reading._COLUMN_KEYS])
def test_every_setting_is_documented(key: str) -> None:
    assert f"| `{key}` |" in OPERATOR


@pytest.mark.parametrize("name", workspace.FOLDERS)
def test_every_folder_of_a_workspace_is_documented(name: str) -> None:
    assert re.search(rf"^\| `{name}/", OPERATOR, re.MULTILINE)


@pytest.mark.parametrize("table", EXPORTS)
def test_every_export_column_is_documented_as_required_or_not(table: str) -> None:
    row = re.search(rf"^\| `{table}` \| (.+) \|$", OPERATOR, re.MULTILINE)
    said = [f"**{name}**" if not column.nullable else name for name, column in EXPORTS[table].items()]
    assert row
    assert row[1].split(", ") == said


def test_the_map_of_the_docs_is_a_map(tmp_path: Path) -> None:
    example = next(block for place, block in _blocks("toml") if place.startswith("map-format.md"))
    (tmp_path / "map.toml").write_text(example)
    folder = tmp_path / "w"
    made = workspace.create(folder, product="P", contact_email="a@example.com", timezone="UTC", posted=PAST)
    assert maps.load(tmp_path / "map.toml", made).tables


@pytest.mark.parametrize("key", ["files", "ignore", *maps._TABLE_KEYS, "messages"])
def test_every_key_of_a_map_is_documented(key: str) -> None:
    assert re.search(rf"^\| `\[?{key}\]?` \|", TEXT["map-format.md"], re.MULTILINE)


def _fields(heading: str, column: int = 0) -> dict[str, str]:
    """The names in the first column of a section's table in the release format, and what another column says."""
    section = re.split(r"^##+ ", TEXT["release-format.md"].split(f"# {heading}\n")[1], flags=re.MULTILINE)[0]
    rows = [row.split(" | ") for row in re.findall(r"^\| (`.+) \|$", section, re.MULTILINE)]
    return {name: row[column] for row in rows for name in re.findall(r"`(\w+)`", row[0])}


def test_the_documented_fields_are_those_of_real_releases_of_every_kind(every_kind: tuple[list[Any], Any]) -> None:
    assert {release.question["kind"] for release in every_kind[0]} == set(KINDS)
    for release in every_kind[0]:
        raw, kind = json.loads(release.to_json()), release.question["kind"]
        assert raw.keys() == _fields("Fields").keys()
        assert {name for cell in raw["cells"] for name in cell} == _fields("A cell").keys()
        assert raw["mechanism"].keys() == _fields("`mechanism`").keys()
        assert raw["recorded"].keys() == _fields("`recorded`").keys() - ({"themes"} - {raw["table"]})
        kinds = _fields("`question`", column=1)
        assert raw["question"].keys() == {name for name, said in kinds.items() if said == "all" or kind in said}
        for inner in (raw["mechanism"]["clipped"], raw["question"]["value"]):
            assert all(f"`{name}`" in TEXT["release-format.md"] for name in inner or ())
        named = _fields("The parts of a key", column=1)[kind]
        assert raw["by"][-1] in named or "column" in named or "same" in named


def test_the_documented_parquet_is_what_the_store_writes(every_kind: tuple[list[Any], Any]) -> None:
    releases, store = every_kind
    for release in releases:
        frame = pl.read_parquet(store.folder / f"{release.id}.parquet")
        assert frame.columns == [*release.by, "value", "low", "high", "sigma", "status"]
        assert frame.equals(release.to_polars())


def test_the_release_of_the_docs_is_a_release() -> None:
    example = next(block for place, block in _blocks("json") if place.startswith("release-format.md"))
    release = releases.Release.from_json(example)
    assert release.id == f"r-{release.key[:12]}"
    assert [cell.status for cell in release.cells] == [
        releases.status(c.value, c.sigma, release.floor) for c in release.cells
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT[page.name]):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(_anchor, headings), target


@pytest.mark.parametrize(("place", "code"), _blocks("python"), ids=lambda each: each if "\n" not in each else "")
def test_examples_parse_and_import_public_names(place: str, code: str) -> None:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "privacy_analytics":
            known = {*privacy_analytics.__all__, "claims"}  # a module: claims.amount says more than amount
            assert {name.name for name in node.names} <= known, place


@pytest.mark.parametrize("page", sorted({place.partition(":")[0] for place, _ in _blocks("python")}))
def test_an_example_uses_what_its_page_has_introduced(page: str) -> None:
    known = {*vars(builtins)}
    for place, code in _blocks("python"):
        if place.startswith(f"{page}:"):
            nodes = list(ast.walk(ast.parse(code)))
            names = [node for node in nodes if isinstance(node, ast.Name)]
            imported = [name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for name in node.names]
            known |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
            known |= {name.asname or name.name for name in imported}
            known |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
            assert {name.id for name in names} <= known, place


@pytest.mark.parametrize("name", sorted(privacy_analytics.__all__))
def test_every_public_name_is_somewhere_in_the_docs(name: str) -> None:
    assert any(re.search(rf"\b{name}\b", text) for text in TEXT.values())


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_cohort_of_the_catalogue_is_in_the_analysts_table(name: str) -> None:
    row = re.search(rf"^\| `{CATALOGUE[name].__name__}\(\"([^`]+)\"\)` \| `{name}:([^`]+)` \|", ANALYST, re.MULTILINE)
    assert row
    assert cohort(f"{name}:{row[2]}") == CATALOGUE[name](row[1])
    assert f"`{name}`" in _fields("`question`", column=2)["cohort"]


@pytest.mark.parametrize("tenure", TENURES)
def test_every_tenure_is_documented(tenure: str) -> None:
    assert f"`{tenure}`" in ANALYST


@pytest.mark.parametrize("form", _FORMS)
def test_every_form_of_sentence_is_documented_with_its_arguments(form: str) -> None:
    row = re.search(rf"^\| `claims\.{form}\(([^`]+)\)` \|", ANALYST, re.MULTILINE)
    assert row
    names = [name.partition("=")[0] for name in row[1].split(", ")]
    assert names == [name for name in inspect.signature(getattr(claims, form)).parameters if name != "unit"]


def test_the_documented_wordings_are_those_that_sentences_have() -> None:
    rows = re.findall(r"^\| (\d\.\d+) to (\d\.\d+) \| (.+) \| (.+) \|$", ANALYST, re.MULTILINE)
    assert len(rows) == 7
    for low, high, trend, versus in rows:
        found = Estimate((float(low) + float(high)) / 2, float(low), float(high))
        assert moved(found)[1].startswith(f"{trend} ")
        assert likely(found).startswith(f"{versus} ") if found.clear else versus == "no clear difference"


def test_the_documented_limits_of_sentences_are_those_that_they_have() -> None:
    assert f"within {LEVEL * 100:.0f} % of no change" in ANALYST
    assert f"at most {ABOUT * 100:.0f} % to either side" in ANALYST
    assert f"up to {BETWEEN * 100:.0f} %" in ANALYST
    assert MISS == 0.05
    assert MOST == 5
    assert "each is taken at 99.5 %" in ANALYST
    assert "The first five that are clear" in ANALYST


@pytest.mark.parametrize("method", [name for name in vars(Released) if not name.startswith("_")])
def test_what_a_page_is_made_of_is_documented(method: str) -> None:
    assert re.search(rf"\.{method}\b", ANALYST)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_arithmetic_on_releases_is_in_the_release_format(operation: str) -> None:
    assert operation in _fields("Derived values")


@pytest.mark.parametrize("name", DERIVED_VERSIONS)
def test_every_version_of_what_is_derived_is_in_the_release_format(name: str) -> None:
    assert f'["{name}", {DERIVED_VERSIONS[name]}]' in TEXT["release-format.md"]


def test_the_changelog_has_a_privacy_heading_in_every_version() -> None:
    versions = re.split(r"^## ", TEXT["CHANGELOG.md"], flags=re.MULTILINE)[1:]
    assert versions
    assert all("\n### Privacy\n" in version for version in versions)
