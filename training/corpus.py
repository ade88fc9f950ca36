"""Training rows: a text, and for every character the class that the model should give (or none: don't care).

Rows come from the templates beside this file, and from public corpora with a licence that allows it: WNUT 2017
and the Broad Twitter Corpus without their test parts, both CC BY 4.0; MultiDoGO (CDLA-Permissive-1.0), half
of its tickets; addresses of OpenCage's address-formatting (MIT). No text of a benchmark is used.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import zstandard
from values import Values

CLASSES = ("O", "PERSON", "LOCATION", "ADDRESS", "PHONE", "ID", "USERNAME", "PASSWORD", "EMAIL")
IGNORE = -100
PERSONAL = {
    "first": "PERSON", "last": "PERSON", "full": "PERSON", "nick": "PERSON", "city": "LOCATION", "state": "LOCATION", "country": "LOCATION",
    "address": "ADDRESS", "address_lines": "ADDRESS", "street": "ADDRESS", "unit": "ADDRESS", "zip": "ADDRESS", "phone": "PHONE",
    "email": "EMAIL", "username": "USERNAME", "handle": "USERNAME", "password": "PASSWORD", "id": "ID", "digits": "ID", "card": "ID",
    "ssn": "ID", "iban": "ID", "key": "ID",
}  # fmt: skip
SILENT = {"url", "ip", "mac", "dob", "company"}
"""Slots that patterns find, or that may hold a surname: the model is told nothing."""
CODES = {"phone", "email", "url", "ip", "mac", "key", "card", "ssn", "iban", "handle", "password", "id", "digits"}
"""Slots of which the patterns find most."""
SUPPORT = {
    "name": "PERSON", "ssn": "ID", "booking_confirmation_number": "ID", "account_number": "ID", "target_account_number": "ID", "card_number": "ID",
    "claimid": "ID", "policyid": "ID", "account_id": "ID", "order_number": "ID", "current_zipcode": "ADDRESS", "new_zipcode": "ADDRESS",
    "address": "ADDRESS", "current_city": "LOCATION", "new_city": "LOCATION", "arrival_city": "LOCATION", "departure_city": "LOCATION",
    "email_address": "EMAIL", "phonenumber": "PHONE", "phone_number": "PHONE", "password": "PASSWORD", "username": "USERNAME",
}  # fmt: skip
TWEETS = {("wnut17", "train"), ("wnut17", "dev"), *(("btc", section) for section in "abegh")}
"""All but the test parts; the benchmark's texts, some of the dev parts, are left out by `without`."""
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(slots=True)
class Row:
    text: str
    spans: list[tuple[int, int, str | None]] = field(default_factory=list)
    """Ranges and their class; None for a range of which nothing is known."""
    codes: list[tuple[int, int]] = field(default_factory=list)
    """Ranges that patterns find, or that are masked already: the model is shown one mask for each."""
    weight: float = 1.0


def read(path: Path) -> Iterator[dict]:
    with path.open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8"):
            yield json.loads(line)


def fill(template: str, values: Values) -> Row:
    """A template with every slot drawn, written as its words are: small, CAPITALS or mixed."""
    row = Row("")
    at = 0
    template = template.replace("\\n", "\n")
    slots = [slot for slot in _SLOT.finditer(template) if values.knows(slot[1])]
    around = _SLOT.sub("", template)
    dice = values.random.random()
    write = str.lower if around.islower() and dice < 0.7 else str.upper if around.isupper() and dice < 0.6 else str
    for slot in slots:
        row.text += template[at : slot.start()]
        value = write(values(slot[1]))
        if slot[1] in PERSONAL and values.random.random() < (0.6 if slot[1] in CODES else 0.08):
            row.codes.append((len(row.text), len(row.text) + len(value)))
        if slot[1] in PERSONAL or slot[1] in SILENT:
            row.spans.append((len(row.text), len(row.text) + len(value), PERSONAL.get(slot[1])))
        row.text += value
        at = slot.end()
    row.text += template[at:]
    return row


def templates(folder: Path) -> list[str]:
    lines = [line for path in sorted(folder.glob("*.txt")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def tweets(path: Path) -> Iterator[Row]:
    for row in read(path):
        if (row["source"], row["split"]) in TWEETS:
            known = [(s["start"], s["end"], "PERSON" if s["label"].lower() == "person" else None) for s in row["spans"]]
            handles = [(m.start(), m.end(), "USERNAME") for m in re.finditer(r"(?<!\S)@\w+", row["text"])]
            yield Row(row["text"], known + handles, [(a, b) for a, b, _ in handles if b % 2])


def trained_on(ticket: str) -> bool:
    """Half of the tickets train; the other half is for measuring."""
    return hashlib.sha256(ticket.encode()).digest()[0] % 2 == 0


def support(path: Path, generator: random.Random) -> Iterator[Row]:
    for ticket in read(path):
        if not trained_on(ticket["ticket_id"]):
            continue
        for message in ticket["messages"]:
            spans = [
                (e["start"], e["end"], SUPPORT.get(e["type"]))
                for e in message["entities"]
                if e["type"] in SUPPORT or e["type"] == "company_name"
            ]
            if generator.random() < (0.45 if any(kind == "PERSON" for _, _, kind in spans) else 0.3 if spans else 0.04):
                yield Row(message["content"], spans, weight=0.5)


def addresses(path: Path) -> Iterator[Row]:
    for row in read(path):
        for gap in ("\n", ", "):
            text = row["formatted"].strip().replace("\n", gap)
            yield Row(text, [(0, len(text), "ADDRESS")], weight=0.5)


def disguised(row: Row, generator: random.Random) -> Row:
    """The same row as another person would type it: lower case, capitals, no final stop."""
    dice = generator.random()
    if dice < 0.28:
        lower = row.text.lower()
        return replace(row, text=lower) if len(lower) == len(row.text) else row
    if dice < 0.31:
        upper = row.text.upper()
        return replace(row, text=upper) if len(upper) == len(row.text) else row
    if dice < 0.36 and row.text.endswith("."):
        return replace(row, text=row.text[:-1])
    return row


def labelled(path: Path) -> Iterator[Row]:
    """What `teacher.py` wrote."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Row(row["text"], [(a, b, kind) for a, b, kind in row["spans"]], weight=row["weight"])


def joined(rows: list[Row], generator: random.Random) -> list[Row]:
    """One row in six becomes two of a message: with a space or a line break between."""
    result: list[Row] = []
    for row in rows:
        if result and generator.random() < 0.16 and len(result[-1].text) + len(row.text) < 400:
            result[-1] = _after(result[-1], generator.choice([" ", "\n", ". "]), row)
        else:
            result.append(row)
    return result


def _after(left: Row, gap: str, right: Row) -> Row:
    shift = len(left.text) + len(gap)
    return Row(
        left.text + gap + right.text,
        left.spans + [(a + shift, b + shift, kind) for a, b, kind in right.spans],
        left.codes + [(a + shift, b + shift) for a, b in right.codes],
        min(left.weight, right.weight),
    )


def without(rows: Iterator[Row], benchmark: set[str]) -> Iterator[Row]:
    return (row for row in rows if squeezed(row.text) not in benchmark)


def squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())
