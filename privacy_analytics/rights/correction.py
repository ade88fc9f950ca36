"""What is held of a person is corrected in place (policy §8), and what was derived of it made anew.

The newest row of the account and rows named by their ids change where they lie; their ids stay, so that the same export
taken in again does not undo it. After a change of identity the account's texts are scrubbed once more of its new
identifiers and its themes derived anew; after a change of events, its sessions of those months. Nobody else's row
changes. The record keeps the names of columns and a keyed hash of the changes: after a crash the officer gives them
again, and the same request is carried on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from privacy_analytics.contracts import tables
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.ingest import sessions
from privacy_analytics.ingest.identifiers import grouped
from privacy_analytics.ingest.rows import FIRST, ROW, Rows, TextScrubber
from privacy_analytics.lake import ALWAYS, IDENTITIES, Lake, rewrite, write_private
from privacy_analytics.rights.changes import Changes
from privacy_analytics.rights.choices import holds
from privacy_analytics.rights.holdings import stored
from privacy_analytics.rights.letters import Letter, draft
from privacy_analytics.rights.requests import Request, Requests
from privacy_analytics.scrub.nesting import nested_number
from privacy_analytics.settings import Settings

RECEIPT = "receipt.json"
FORMAT = 1
UNCHANGED = "Releases and reports that were made before stay: they are aggregate."
_AGAIN = "To carry it on, give the same changes again: they are not kept."


@dataclass(frozen=True)
class Subject:
    """Whose rows are corrected, by pseudonym and, where rows are named by their ids, by account id."""

    account: str
    account_id: str | None = None


def open_request(requests: Requests, account: str, fingerprint: str) -> Request | None:
    """The request about an account with these changes that is not done yet."""
    about = set(requests.about([account]))
    open_ = [each for each in requests.all() if each.kind == "correct" and each.state != "done" and each.id in about]
    return next((each for each in open_ if each.frozen.get("changes") == fingerprint), None)


def carry_out(
    settings: Settings,
    requests: Requests,
    request: Request,
    subject: Subject,
    changes: Changes,
    scrubber: TextScrubber,
    *,
    today: date,
) -> dict[str, Any] | None:
    """Correct, write the receipt, note it in the log and the record. The receipt; None where a legal hold forbids it.

    Done again after a crash, it completes what was begun.
    """
    lake = requests.lake
    if held := holds(requests, [subject.account]):
        _letter(settings, requests, request, "deferred", today)
        requests.step(request, "deferred", f"deferred: hold {', '.join(held)}; letter drafted. {_AGAIN}")
        return None
    requests.step(request, "working", f"Rows are being corrected. {_AGAIN}")
    with lake.alone():
        lake.recover()
        written = Correction(settings, lake, subject, changes, scrubber).apply()
    columns = changes.columns()
    receipt = {"format": FORMAT, "request": request.id, "kind": "correct", "done": today.isoformat()}
    receipt |= {"columns": columns, "rows": written, "unchanged": UNCHANGED}
    write_private(requests.path(request, RECEIPT), json.dumps(receipt, indent=1))
    requests.log.add("correct", request=request.id, by=request.by, tables=sorted(written), rows=sum(written.values()))
    _letter(settings, requests, request, "done", today)
    done = f"{sum(map(len, columns.values()))} column(s) corrected, {sum(written.values())} row(s) written anew."
    requests.step(request, "done", done, frozen={"columns": columns}, answered=request.answered or today)
    return receipt


def _letter(settings: Settings, requests: Requests, request: Request, kind: Letter, today: date) -> None:
    write_private(requests.path(request, f"letter-{kind}.md"), draft(request, kind, settings, today))


class Correction:
    """The changes of one account, applied to the lake."""

    def __init__(
        self, settings: Settings, lake: Lake, subject: Subject, changes: Changes, scrubber: TextScrubber
    ) -> None:
        self.settings, self.lake, self.subject, self.changes = settings, lake, subject, changes
        self.contract = tables(settings)
        self.identities = stored(lake, "identities", [subject.account]).select(IDENTITIES.names())
        self.rows = Rows(settings, self.contract, scrubber, lambda _: grouped(self.identities))
        if changes.identity is not None:
            entries = [(subject.account, *entry) for entry in self.rows.hasher.stored(*changes.identity)]
            self.identities = pl.DataFrame(entries, schema=IDENTITIES, orient="row").unique(maintain_order=True)
        self.written: dict[str, int] = {}

    def planned(self) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
        """The rows to be corrected by table, as they are and as they will be, texts not yet scrubbed.

        Raises
        ------
        NotFound
            the account has no row in ``accounts``, or none with an id that was given
        UsageError
            rows are named without the account's id, one would move to another month, or who a closed account is would
            be kept again
        """
        if self.changes.identity and self.subject.account in set(self.lake.marked("closed").collect()["account"]):
            raise UsageError("This account is closed (policy §5): its e-mail, user name and name are not kept again.")
        found: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = {}
        if self.changes.account or self.changes.identity:
            newest = stored(self.lake, "accounts", [self.subject.account]).filter(
                pl.col("batch") == pl.col("batch").max()
            )
            if newest.is_empty():
                raise NotFound("accounts has no row of this account. Take in an export that has one, then correct it.")
            found["accounts"] = newest, self._with(newest, "accounts", [self.changes.account])
        for table in dict.fromkeys(each.table for each in self.changes.rows):
            wanted = {
                self._row_id(each.table, each.id): each.values for each in self.changes.rows if each.table == table
            }
            old = self._stored(table).filter(pl.col("row_id").is_in(list(wanted)))
            if old.height < len(wanted):
                raise NotFound(f"{table}: {len(wanted) - old.height} of {len(wanted)} row(s) are not this account's.")
            found[table] = old, self._with(old, table, [wanted[row_id] for row_id in old["row_id"]])
        return found

    def apply(self) -> dict[str, int]:
        """Correct what was asked for and make anew what is derived of it; how many rows were written, by table.

        The caller is ``alone``. Rows that are not derived change in one transaction a table, before what is derived.
        """
        planned = self.planned()
        for table, (old, new) in planned.items():
            self._put(table, old, self._scrubbed(table, new) if self._has_new_text(table) else new)
        if self.changes.identity is not None:
            self._scrub_once_more()
            self._derive_themes()
            batch = str(planned["accounts"][0].item(0, "batch"))
            new = self.identities.with_columns(month=pl.lit(ALWAYS), batch=pl.lit(batch))
            self._settle("identities", new, key="hash")
        if "events" in planned:
            for month in planned["events"][0]["month"].unique().sort():
                self._derive_sessions(month)
        return {table: rows for table, rows in self.written.items() if rows}

    def _stored(self, table: str) -> pl.DataFrame:
        return stored(self.lake, table, [self.subject.account])

    def _row_id(self, table: str, name: str) -> int:
        if self.subject.account_id is None:
            raise UsageError("Rows are found by their account's id: give account_id, not an e-mail or user name.")
        first = self.rows.hasher.generations(self.subject.account_id)[0]
        made = self.rows.hashes(table, pl.Series([first]), pl.Series([name])).item()
        return nested_number(made, self.rows.newer)

    def _with(self, old: pl.DataFrame, table: str, values: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """Rows with new values, and the day that follows from their time."""
        rows = [{**row, **new} for row, new in zip(old.to_dicts(), values, strict=True)]
        time = pl.col(self.contract[table].time).dt.convert_time_zone(self.settings.timezone)
        made = pl.DataFrame(rows, schema=old.schema)
        if not any(self.contract[table].time in each for each in values):
            return made
        made = made.with_columns(day=time.dt.date())
        if table != "accounts" and not made.filter(time.dt.strftime("%Y-%m") != pl.col("month")).is_empty():
            raise UsageError(f"{table}: a corrected time stays in the month that its row was counted in.")
        return made

    def _has_new_text(self, table: str) -> bool:
        texts = {name for name, column in self.contract[table].export.items() if column.kind == "text"}
        return any(texts & set(each.values) for each in self.changes.rows if each.table == table)

    def _scrubbed(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows whose texts are scrubbed of what their account is known by now, read together as at intake."""
        if table == "support":
            return self.rows.tickets(rows).select(rows.columns)
        if table == "messages":
            ordered = rows.sort("conversation", "position").with_columns(pl.col("conversation").alias(ROW))
            return ordered.with_columns(self.rows.masked(ordered, "content")).select(rows.columns)
        return rows.with_columns(self.rows.masked(rows.with_row_index(ROW), "stack"))

    def _scrub_once_more(self) -> None:
        for table in ("messages", "support", "crashes"):
            old = self._stored(table)
            if table == "messages":
                old = old.sort("conversation", "position")
            self._put(table, old, self._scrubbed(table, old))

    def _derive_themes(self) -> None:
        """Themes of each conversation as it reads now; one that it had before keeps its row."""
        named = self.subject.account_id
        first = pl.lit(self.rows.hasher.generations(named)[0]) if named else pl.col("account")
        chats = self._stored("chats").select("conversation", "started_at", "batch")
        turns = self._stored("messages").drop("month", "batch").sort("conversation", "position")
        turns = turns.join(chats, on="conversation", maintain_order="left")
        made = self.rows.themes(turns.with_columns(pl.col("conversation").alias(ROW), first.alias(FIRST)))
        made = self.rows.stamped("themes", made.join(chats, on="conversation"))
        old, theme = self._stored("themes"), ["conversation", "theme"]
        kept = old.join(made, on=theme, how="semi")
        new = made.join(old, on=theme, how="anti").select(pl.col(name).cast(kind) for name, kind in old.schema.items())
        self._settle("themes", pl.concat([kept, new]))

    def _derive_sessions(self, month: str) -> None:
        """Sessions of a month as each batch that brought events of it derived them."""
        events = self.lake.scan("events", month, self.lake.batches()).filter(pl.col("account") == self.subject.account)
        batches = events.select(pl.col("batch").unique().sort()).collect()["batch"]
        made = [
            sessions.derive(events.filter(pl.col("batch") <= batch), self.rows).with_columns(batch=pl.lit(batch))
            for batch in batches
        ]
        self._settle("sessions", pl.concat(made), month=month)

    def _put(self, table: str, old: pl.DataFrame, new: pl.DataFrame) -> None:
        """Rows take the place of those that they were made of, in one transaction."""
        differs = [a != b for a, b in zip(old.rows(), new.select(old.columns).rows(), strict=True)]
        changed = new.filter(pl.Series(differs, dtype=pl.Boolean))
        if changed.is_empty():
            return
        theirs = self._theirs("row_id", changed["row_id"])

        def change(rows: pl.DataFrame) -> pl.DataFrame:
            here = changed.join(rows.filter(theirs), on="row_id", how="semi").select(rows.columns)
            return pl.concat([rows.filter(~theirs), here])

        rewrite(self.lake, table, theirs, change)
        self.written[table] = self.written.get(table, 0) + changed.height

    def _settle(self, table: str, new: pl.DataFrame, key: str = "row_id", month: str | None = None) -> None:
        """Make an account's derived rows (of one month) what they should be; begun twice, it ends the same."""
        old = self._stored(table)
        old = old.filter(pl.col("month") == month) if month else old
        new = new.select(pl.col(name).cast(kind) for name, kind in old.schema.items())
        at = old.columns.index(key)
        differ = pl.Series([row[at] for row in set(old.rows()) ^ set(new.rows())], dtype=old.schema[key]).unique()
        if differ.is_empty():
            return
        rewrite(self.lake, table, self._theirs(key, differ))
        added = new.filter(pl.col(key).is_in(differ.to_list()))
        for (batch,), rows in added.partition_by("batch", as_dict=True).items():
            self.lake.append(table, rows, str(batch))
        self.written[table] = added.height

    def _theirs(self, key: str, values: pl.Series) -> pl.Expr:
        return (pl.col("account") == self.subject.account) & pl.col(key).is_in(values.to_list()).fill_null(value=False)
