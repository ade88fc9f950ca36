"""Recall by type on support tickets that were role-played and labelled by others (the MultiDoGO dialogues).

    python benchmarks/scrub_support.py support.jsonl.zst [--tier fast|standard] [--limit TICKETS]

Each customer message is scanned alone, so a bare answer has lost the question that was its cue. A labelled value counts
as caught when at least 90 % of its letters and digits are masked. Role-players often answer with something else
("no", "i forgot"); the shapes below, written apart from the recognizers, tell which values are what they are called.
Prints counts and shares, no value.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter

import polars as pl

from privacy_analytics.scrub import find_spans
from privacy_analytics.scrub.recognizers.numbers import luhn

COVER = 0.9
"""Share of a value's letters and digits that must be masked."""

_E_MAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")  # an @ with a dotted host
_PHONE = re.compile(r"\+?(?:\(\d{1,4}\)|\d+)(?:[ .-]?(?:\(\d{1,4}\)|\d+))*")  # groups of digits, one separator between
_CARD = re.compile(r"\d+(?:[ -]\d+)*")
_SSN = re.compile(r"\d{9}|\d{3}([- ])\d{2}\1\d{4}")


def shape(kind: str, value: str) -> str | None:
    """The shape a value has, if it is one of its type: what the four promised recalls are about."""
    number = re.sub(r"\D", "", value)
    match kind:
        case "email_address" if _E_MAIL.fullmatch(value):
            return "e-mail: an @ with a dotted host"
        case "phone_number" | "phonenumber" if _PHONE.fullmatch(value) and 10 <= len(number) <= 15:
            return "phone: 10-15 digits"
        case "card_number" if _CARD.fullmatch(value) and 13 <= len(number) <= 19:
            return f"card: 13-19 digits, check digit {'right' if luhn(number) else 'wrong'}"
        case "ssn" if _SSN.fullmatch(value):
            return "SSN: 3-2-4 or 9 digits"
        case _:
            return None


def main(path: str, tier: str, limit: int | None) -> None:
    messages = (
        pl.scan_ndjson(path)
        .head(limit if limit is not None else 1_000_000)
        .select(pl.col("messages"))
        .explode("messages")
        .unnest("messages")
        .filter(pl.col("entities").list.len() > 0)
        .select("content", "entities")
        .collect()
    )
    labelled: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    masked = find_spans(messages["content"].to_list(), tier="fast" if tier == "fast" else "standard")
    for text, entities, spans in zip(messages["content"], messages["entities"].to_list(), masked, strict=True):
        covered = {at for start, end, _ in spans for at in range(start, end)}
        for entity in entities:
            letters = [at for at in range(entity["start"], entity["end"]) if text[at].isalnum()]
            hit = sum(at in covered for at in letters) >= COVER * len(letters)
            value = text[entity["start"] : entity["end"]].strip()
            for name in filter(None, (entity["type"], shape(entity["type"], value))):
                labelled[name] += 1
                caught[name] += hit
    print(f"{messages.height:,} messages with labels, {tier} tier")
    for name, count in sorted(labelled.items(), key=lambda each: (" " not in each[0], -each[1])):
        print(f"{name:45}{caught[name] / count:7.3f}{caught[name]:8,} of {count:,}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path")
    parser.add_argument("--tier", choices=("fast", "standard"), default="fast")
    parser.add_argument("--limit", type=int, help="tickets to read; all by default")
    given = parser.parse_args()
    main(given.path, given.tier, given.limit)
