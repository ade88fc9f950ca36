"""Fifty people are erased from real data, by the command: nothing of them is left anywhere, nobody else is touched.

SIGKILL at random moments changes nothing about that. Long; what it reads is never committed.
"""

import random
import shutil
import subprocess
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import psutil
import pytest
import telling
from click.testing import CliRunner
from steps import command, copy, ok

from privacy_analytics import workspace
from privacy_analytics.cli import cli
from privacy_analytics.errors import NotFound
from privacy_analytics.ingest import maps
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake
from privacy_analytics.rights.exports import rows_of
from privacy_analytics.rights.requests import Requests
from privacy_analytics.sample import write_sample
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.tombstones import Tombstones
from privacy_analytics.witness import find

pytestmark = [pytest.mark.slow, pytest.mark.long]

HERE = Path(__file__).parents[2]
REAL, MAP = HERE.parent / "shared" / "data" / "real", HERE / "data" / "maps" / "real_open_data.toml"
EXPORTS = ("accounts.csv.gz", "chats.jsonl.zst", "events.parquet")
OTHER = "sd-u00006"
"""Somebody who stays, and shows that the search works."""
PEOPLE, HEAVY, SENTENCES = 50, 10, 200
KILLS = 6
"""Of an erasure that also rewrites exports; tests/crash has thirty of one that does not."""


@pytest.fixture(scope="module")
def real(once):
    """A workspace with the real data, and a copy of the exports that hold accounts."""
    if not REAL.is_dir():
        pytest.skip("the real data (../shared/data/real) is not here")

    def make(folder):
        (folder / "export").mkdir()
        for name in EXPORTS:
            shutil.copyfile(REAL / name, folder / "export" / name)
        ok("init", folder / "w", "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
        ok("ingest", folder / "export", "-w", folder / "w", "--map", MAP, "--tier", "fast")

    return once("real", make)


def live(settings, table):
    """Every row of a table, by whatever file it lies in."""
    lake = Lake(settings.path("lake"))
    files = [file for _, _, file in lake.live(table)]
    schema = lake.schemas[table]
    return pl.scan_parquet(files, schema=schema, missing_columns="insert", hive_partitioning=False) if files else None


def digests(settings, without):
    """A hash of all rows of each account but some, by table."""
    found = {}
    for table in Lake(settings.path("lake")).schemas:
        if table != "subjects" and (rows := live(settings, table)) is not None:
            frame = rows.filter(~pl.col("account").is_in(list(without))).collect()
            hashed = frame.select("account", hash=frame.hash_rows(seed=7))
            per = hashed.group_by("account").agg(
                pl.len(), pl.col("hash").sum(), pl.col("hash").bitwise_xor().alias("x")
            )
            found[table] = per.sort("account")
    return found


def sentences(settings, accounts):
    """What these accounts said, was kept as it was, and nobody else said."""
    rows = live(settings, "messages").select("account", "content").filter(pl.col("content").str.len_chars() > 50)
    alone = rows.group_by("content").agg(pl.col("account").unique()).filter(pl.col("account").list.len() == 1)
    theirs = alone.filter(
        pl.col("account").list.first().is_in(list(accounts)), ~pl.col("content").str.contains(r"[<>\\%&\n\"]|  ")
    )
    return theirs.select("content", pl.col("account").list.first()).collect().sort("content")


def erase(root, ids, *more):
    line = command("account", "erase", "-w", root, "--by", "N. N.", "--confirm", *more)
    return subprocess.run(line, input="\n".join(ids), capture_output=True, text=True, timeout=600)


def chosen(export):
    """Ids of 50 accounts, among them the heaviest, none of them part of another id.

    In the data of IRC a person also speaks in conversations that are another account's; those keep what they have.
    """
    chats = pl.read_ndjson(export / "chats.jsonl.zst").select(
        "user_id",
        authors=pl.col("messages").list.eval(pl.element().struct.field("author_id")).list.unique(),
        size=pl.col("messages").list.len(),
    )
    guests = set(chats.explode("authors").filter(pl.col("authors") != pl.col("user_id"))["authors"])
    heavy = chats.drop_nulls().group_by("user_id").agg(pl.col("size").sum())
    ids = pl.read_csv(export / "accounts.csv.gz")["user_id"].to_list()
    everybody, rng = "\n".join(ids).casefold(), random.Random(6)
    order = [*heavy.sort("size", "user_id", descending=True)["user_id"][:HEAVY], *rng.sample(ids, len(ids))]
    fit = (
        each for each in dict.fromkeys(order) if each not in guests | {OTHER} and everybody.count(each.casefold()) == 1
    )
    return list(islice(fit, PEOPLE))


def test_fifty_people_are_nowhere_after_their_erasure_and_nobody_else_is_touched(real, tmp_path):
    root, export = copy(real / "w", tmp_path / "w"), shutil.copytree(real / "export", tmp_path / "export")
    settings = workspace.load(root)
    hasher = IdentityHasher(*settings.secret_keys())
    ids = chosen(export)
    accounts = {each: hasher.pseudonym(each) for each in ids}
    said = sentences(settings, accounts.values())
    spoken = random.Random(6).sample(said["content"].to_list(), SENTENCES)
    before = digests(settings, accounts.values())

    loudest = said.group_by("account").len().sort("len", "account")["account"][-1]
    quoted = said.filter(pl.col("account") == loudest)["content"][0]
    planted = telling.plant(settings, loudest, quoted)
    needles = [*ids, *accounts.values(), *spoken, quoted]
    seen = {(needles[hit.needle], hit.path) for hit in find(root, needles)}
    for what, path in planted.items():
        for needle in (loudest, quoted):
            assert any(found == needle and where.startswith(path) for found, where in seen), what
    assert {*accounts.values(), *spoken} <= {found for found, path in seen if path.startswith("lake/")}

    done = erase(root, ids, "--exports", export, "--map", MAP)
    assert (done.returncode, done.stderr) == (0, "")
    assert found(root, [*needles, other := hasher.pseudonym(OTHER)]) == {other}
    assert found(export, [*needles, OTHER]) == {OTHER}
    after = digests(settings, ())
    assert [table for table in before if not before[table].equals(after[table])] == []

    again = ingest(settings, real / "export", column_map=maps.load(MAP, settings), scrubber=Identity())
    assert again.tables["accounts"].erased == PEOPLE
    added = {table: counts.added for table, counts in again.tables.items() if counts.added}
    assert set(added) <= {"themes"}  # of others: a text that is not masked may have more of them
    assert found(root, [*needles, other]) == {other}


def found(folder, needles):
    """Which of the needles are anywhere in a folder; -1 where something could not be read."""
    return {hit.needle if hit.needle < 0 else needles[hit.needle] for hit in find(folder, needles)}


class Identity:
    """Masks nothing: whatever comes back of an erased account is seen as it was said."""

    tier = "none"

    def scrub(self, texts, own=None, conversations=None):
        return [SimpleNamespace(text=text) for text in texts]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A workspace of the sample with something of an account planted everywhere, its export and who it is."""
    folder = tmp_path_factory.mktemp("small")
    sample = write_sample(folder / "export", accounts=300, conversations=60)
    ok("init", folder / "w", "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
    ok("ingest", sample.folder, "-w", folder / "w", "--tier", "fast")
    settings = workspace.load(folder / "w")
    said = live(settings, "messages").select("account", "content").collect()
    loudest = said.group_by("account").len().sort("len", "account")["account"][-1]
    quoted = sentences(settings, [loudest])["content"][0]
    telling.plant(settings, loudest, quoted)
    rows = rows_of(sample.folder, maps.ColumnMap(), settings, [loudest])
    return folder, str(next(rows)[1]["account_id"]), loudest, quoted


def test_an_erasure_killed_at_any_moment_is_completely_done_after_a_retry(small, tmp_path):
    folder, person, account, quoted = small
    request, rng = tmp_path / "request", random.Random(8)
    request.write_text(person)

    def fresh(name):
        shutil.copytree(folder / "export", tmp_path / name / "export")
        return copy(folder / "w", tmp_path / name / "w")

    def line(root, *whom):
        exports = ("--exports", root.parent / "export")
        return ["account", "erase", "-w", root, "--by", "N. N.", "--confirm", *exports, *whom]

    def called(root, *whom):
        return CliRunner().invoke(cli, [str(each) for each in line(root, *whom)])

    named = ("--request-file", request)

    length = worked(line(timed := fresh("timed"), *named), timed, 600)
    assert find(timed, [account, quoted]) == []
    killed = 0
    for number in range(KILLS):
        root = fresh(str(number))
        killed += worked(line(root, *named), root, length * (number + rng.random()) / KILLS) is None
        settings = workspace.load(root)
        if begun := unfinished(settings):
            again = called(root, *named)
            if isinstance(again.exception, NotFound):  # their rows are gone already; it says how to carry on
                assert f"--request: {begun[0]}" in str(again.exception)
                again = called(root, "--request", begun[0])
            assert again.exit_code == 0, again.output
        assert unfinished(settings) == []
        assert Tombstones(settings).erased_among([account])
        assert find(root.parent, [person, account, quoted]) == []
        shutil.rmtree(root.parent)
    assert killed


def worked(line, root, most):
    """Seconds that a command went on after it had entered its request; None where it was killed after so many."""
    there = len(list(root.glob("requests/R-*/record.json")))
    process = psutil.Popen(command(*line), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(root.glob("requests/R-*/record.json"))) == there:
        with suppress(psutil.TimeoutExpired):
            process.wait(0.005)
    begun = time.monotonic()
    try:
        process.wait(most)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(60)
        return None
    return time.monotonic() - begun


def unfinished(settings):
    requests = Requests(settings, Lake(settings.path("lake")))
    return [each.id for each in requests.all() if each.kind == "erase" and each.state != "done"]
