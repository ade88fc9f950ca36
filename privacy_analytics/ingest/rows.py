"""Checked rows of an export become rows of the lake: pseudonyms, hashed ids, listed keys, masked texts.

``row_id`` tells rows apart: 63 bits of SHA-256(salt ‖ table ‖ account ‖ id). A row without an id is told apart by its
content and by how many identical rows its account has in this export (``#content`` until ``numbered``), so it is
known again in a repeated or reordered export. Ids are made under the workspace's first key and nest through every newer
one (``scrub.nesting``), so it is known again after a rotation, too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import polars as pl

from privacy_analytics.contracts import Table
from privacy_analytics.ingest.accounts import Accounts
from privacy_analytics.ingest.ages import minors
from privacy_analytics.ingest.stamps import policy_at
from privacy_analytics.keys import as_key
from privacy_analytics.lake import ALWAYS, IDENTITIES, schemas
from privacy_analytics.scrub.identities import IdentityHasher, OwnIdentifiers
from privacy_analytics.scrub.nesting import NUMBERS, nested
from privacy_analytics.settings import Settings
from privacy_analytics.themes import area_of, classify

CONTENT = "#content"
FIRST = "#first"
"""The pseudonym under the first key, of which ids are made; in memory alone."""
MINOR, CARDS = "#minor", "#cards"
"""Whether a row's writer says to be under 18; how many card numbers were masked in its texts."""
ROW = "#row"
"""Which row of a chunk a text came in: its texts are one conversation, whatever other rows the export has."""


class Masked(Protocol):
    """What a scrubber returns for a text."""

    @property
    def text(self) -> str: ...


class TextScrubber(Protocol):
    """Whatever masks texts; ``own`` are each account's identifiers, ``conversations`` say what belongs together."""

    @property
    def tier(self) -> str: ...

    def scrub(
        self,
        texts: Sequence[str],
        own: Sequence[OwnIdentifiers | None] | None = None,
        conversations: Sequence[int] | None = None,
    ) -> Sequence[Masked]: ...


class Rows:
    """Turns checked chunks into frames by lake table."""

    def __init__(
        self,
        settings: Settings,
        tables: Mapping[str, Table],
        scrubber: TextScrubber,
        own: Callable[[pl.Series], Mapping[str, OwnIdentifiers]],
    ) -> None:
        """``own`` gives the own identifiers of accounts, those of them that have any."""
        keys = settings.secret_keys()
        self.schemas = schemas(settings)
        self.salt = hmac.digest(keys[0], b"privacy_analytics row ids", "sha256")
        self.hasher, self.newer = IdentityHasher(*keys), keys[1:]
        self.accounts = Accounts(settings, self.hasher)
        self.zone, self.tables, self.scrubber = settings.timezone, tables, scrubber
        self.versions, self.now = settings.policy, datetime.now(UTC)
        self.own = own

    def of(self, table: str, good: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """The lake rows of a chunk, by table, with ``month`` and what their texts told; without an id, ``#content``."""
        made = {"accounts": self._accounts, "chats": self._chats}.get(table)
        frames = made(good) if made else self._others(table, good)
        return {name: self._stored(name, frame) for name, frame in frames.items()}

    def numbered(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with a ``row_id`` also where there is no id: from the content, and which of its equals it is."""
        if CONTENT not in rows.columns:
            return rows
        nth = pl.int_range(pl.len()).over("account", CONTENT)
        names = rows.select(pl.col(CONTENT).cast(pl.String) + "#" + nth.cast(pl.String)).to_series()
        made = self.hashes(f"{table} row", pl.repeat("", rows.height, eager=True), names)
        ids = nested(pl.DataFrame({"row_id": made}), self.newer)["row_id"]
        return rows.with_columns(pl.coalesce("row_id", ids).alias("row_id"))

    def _stored(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Only what the lake stores goes on: no raw account id, e-mail or name reaches the staging files."""
        extra = [name for name in (CONTENT, MINOR, CARDS) if name in rows.columns]
        stamped = self.stamped(table, rows) if table in self.tables else rows
        return nested(stamped.select(*self.schemas[table].names(), "month", *extra), self.newer, NUMBERS)

    def stamped(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """With the version of the policy in force at each row's own time, or now where it has none (policy §11)."""
        own = [name for name in (self.tables[table].time, "started_at") if name in rows.columns]
        when = pl.coalesce(*own, pl.lit(self.now, pl.Datetime("us", "UTC")))
        return rows.with_columns(policy_at(when, self.versions).alias("policy"))

    def _others(self, table: str, good: pl.DataFrame) -> dict[str, pl.DataFrame]:
        spec = self.tables[table]
        rows = self._identified(good, spec)
        rows = self._when(self._keyed(rows, spec), spec.time)
        if table == "events":
            rows = rows.with_columns(self.hashes("session", rows[FIRST], rows["session_id"]).alias("session"))
        if table == "support":
            ticket = self.hashes("ticket", rows[FIRST], rows["ticket_id"]).alias("ticket")
            return {table: self.tickets(rows.with_columns(ticket))}
        texts = [name for name, column in spec.columns.items() if column.kind == "text"]
        masked = rows.with_columns(self.masked(rows.with_row_index(ROW), name) for name in texts)
        return {table: masked.with_columns(_cards(rows[name], masked[name]) for name in texts)}

    def hashes(self, kind: str, accounts: pl.Series, ids: pl.Series) -> pl.Series:
        """63 bits of SHA-256(salt ‖ kind ‖ account ‖ id) for each row; null where the id is."""
        start = hashlib.sha256(self.salt + kind.encode() + b"\0")
        values: list[int | None] = []
        for account, each in zip(accounts, ids, strict=True):
            if each is None:
                values.append(None)
                continue
            state = start.copy()
            state.update(f"{account}{each}".encode())
            values.append(int.from_bytes(state.digest()[:8], "big") >> 1)
        return pl.Series(values, dtype=pl.Int64)

    def _identified(self, good: pl.DataFrame, spec: Table) -> pl.DataFrame:
        now, first = (self.accounts.pseudonyms(good["account_id"], key=key) for key in (-1, 0))
        unique = first.unique()
        short = dict(zip(unique, self.hashes("account", pl.repeat("", len(unique), eager=True), unique), strict=True))
        ids = good[spec.id] if spec.id else pl.repeat(None, good.height, dtype=pl.String, eager=True)
        rows = good.with_columns(
            now,
            first.alias(FIRST),
            first.replace_strict(short, return_dtype=pl.Int64).alias("account_hash"),
            self.hashes(spec.name, first, ids).alias("row_id"),
        )
        nameless = ids.is_null()
        whole = (
            good.filter(nameless).select(pl.struct(pl.exclude("#line", "account_id")).struct.json_encode()).to_series()
        )
        contents = self.hashes(f"{spec.name} content", first.filter(nameless), whole)
        empty = pl.repeat(None, good.height, dtype=pl.Int64, eager=True)
        return rows.with_columns(empty.scatter(nameless.arg_true(), contents).alias(CONTENT))

    def _accounts(self, good: pl.DataFrame) -> dict[str, pl.DataFrame]:
        spec = self.tables["accounts"]
        rows = self._when(self._keyed(self._identified(good, spec), spec), spec.time)
        found: list[tuple[str | int | None, ...]] = []
        for account, *own in rows.select("account", "email", "username", "name").iter_rows():
            found += [(account, *entry) for entry in self.hasher.stored(*own)]
        identities = pl.DataFrame(found, schema=IDENTITIES, orient="row").unique(maintain_order=True)
        always = pl.lit(ALWAYS).alias("month")
        return {"accounts": rows.with_columns(always), "identities": identities.with_columns(always)}

    def _chats(self, good: pl.DataFrame) -> dict[str, pl.DataFrame]:
        rows = self._identified(good, self.tables["chats"])
        conversation = self.hashes("conversation", rows[FIRST], rows["conversation_id"])
        rows = self._when(rows.with_columns(conversation.alias("conversation")), "started_at")
        turns = rows.select(
            "account", FIRST, "account_hash", "conversation", "started_at", "month", "day", "messages",
            pl.int_range(pl.len()).alias(ROW), pl.int_ranges(pl.col("messages").list.len()).alias("position"),
        )  # fmt: skip
        turns = turns.filter(pl.col("messages").list.len() > 0).explode("messages", "position").unnest("messages")
        turns = turns.with_columns(pl.col("channel").fill_null("text"))  # who does not say spoke by keyboard
        place = turns["conversation"].cast(pl.String) + ":" + turns["position"].cast(pl.String)
        sent = pl.coalesce("sent_at", "started_at").dt.convert_time_zone(self.zone).dt.date()
        content = self.masked(turns, "content")
        turns = self._keyed(turns, self.tables["messages"]).with_columns(
            self.hashes("messages", turns[FIRST], place).alias("row_id"),
            content,
            _cards(turns["content"], content),
            minors(turns["content"]).alias(MINOR) & (turns["role"] == "user"),
            sent.alias("day"),
        )
        prompts = pl.col("messages").list.eval(pl.element().struct.field("role") == "user").list.sum()
        chats = self._keyed(rows, self.tables["chats"]).with_columns(
            prompts.cast(pl.Int64).alias("prompts"), pl.col("messages").list.len().cast(pl.Int64)
        )
        return {"chats": chats, "messages": turns, "themes": self.themes(turns)}

    def themes(self, turns: pl.DataFrame) -> pl.DataFrame:
        """A row for each theme of each conversation, from what its user said, scrubbed, in these turns alone."""
        said = turns.filter(pl.col("role") == "user", pl.col("content").is_not_null())
        chats = said.group_by(ROW, maintain_order=True).agg(
            pl.col("account", FIRST, "account_hash", "conversation", "started_at").first(), "content"
        )
        found = pl.Series("theme", [classify(texts) for texts in chats["content"]], dtype=pl.List(pl.String))
        rows = chats.with_columns(found).explode("theme")
        rows = rows.with_columns(pl.Series("area", [area_of(theme) for theme in rows["theme"]], dtype=pl.String))
        name = rows["conversation"].cast(pl.String) + ":" + rows["theme"]
        rows = rows.with_columns(self.hashes("themes", rows[FIRST], name).alias("row_id"))
        return self._keyed(self._when(rows, "started_at"), self.tables["themes"])

    def tickets(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Tickets with their texts scrubbed: subject and messages of each are read together, in order."""
        rows = rows.with_row_index(ROW)
        turns = rows.select("account", ROW, "messages").filter(pl.col("messages").list.len() > 0)
        turns = turns.explode("messages").unnest("messages").with_columns(pl.lit(1).alias("#turn"))
        subjects = rows.select("account", ROW, pl.lit(0).alias("#turn"), pl.col("subject").alias("content"))
        said = pl.concat([turns, subjects], how="diagonal").sort(ROW, "#turn", maintain_order=True)
        content = self.masked(said, "content")
        theirs = pl.coalesce(pl.col("role") == "user", pl.col("#turn") == 0)
        young = pl.lit(minors(said["content"])) & theirs
        found = said.with_columns(young.alias(MINOR), _cards(said["content"], content))
        notes = found.group_by(ROW, maintain_order=True).agg(pl.col(MINOR).any(), pl.col(CARDS).sum())
        said = said.with_columns(content)
        answers = said.filter(pl.col("#turn") == 1).group_by(ROW, maintain_order=True)
        messages = answers.agg(pl.struct(pl.exclude(ROW, "account", "#turn")).alias("messages"))
        return (
            rows.drop("messages")
            .with_columns(said.filter(pl.col("#turn") == 0)["content"].alias("subject"))
            .join(messages, on=ROW, how="left", maintain_order="left")
            .join(notes, on=ROW, how="left", maintain_order="left")
        )

    def _keyed(self, rows: pl.DataFrame, spec: Table) -> pl.DataFrame:
        return rows.with_columns(
            as_key(name, column.values) for name, column in spec.columns.items() if column.kind == "key"
        )

    def _when(self, rows: pl.DataFrame, time: str) -> pl.DataFrame:
        local = pl.col(time).dt.convert_time_zone(self.zone)
        return rows.with_columns(local.dt.strftime("%Y-%m").alias("month"), local.dt.date().alias("day"))

    def masked(self, rows: pl.DataFrame, name: str) -> pl.Series:
        """A column of texts, scrubbed; those of one ``#row`` of the export are read together, in order."""
        there = rows.filter(pl.col(name).is_not_null())
        own = self.own(there["account"])
        masked = self.scrubber.scrub(
            there[name].to_list(), [own.get(account) for account in there["account"]], there[ROW].to_list()
        )
        return rows[name].scatter(rows[name].is_not_null().arg_true(), [each.text for each in masked]).alias(name)


def _cards(before: pl.Series, after: pl.Series) -> pl.Series:
    """How many card numbers were masked in each text; those that an export brought masked are none."""
    then, now = (texts.str.count_matches("<CREDIT_CARD>", literal=True).cast(pl.Int64) for texts in (before, after))
    return (now - then).clip(0).fill_null(0).alias(CARDS)
