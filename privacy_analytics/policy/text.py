"""The policy as a person reads it: the text of a version, what is not filled in, and how two versions differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from privacy_analytics.policy.document import SLOTS, Document, Purpose, document
from privacy_analytics.settings import PolicyVersion, Settings

_PLACEHOLDER = re.compile(r"\[[A-Z][^\]]+\]")


def render(made: Document, filled: Mapping[str, str] | None = None) -> str:
    """The whole text in Markdown; what nothing is given for stays the placeholder of the posted policy."""
    clauses = (f"\n## {clause.number}. {clause.title}\n\n{clause.text}" for clause in made.clauses)
    text = "".join([made.head, *clauses, made.foot])
    for slot, placeholder in SLOTS.items():
        text = text.replace(f"{{{slot}}}", (filled or {}).get(slot, placeholder))
    return text


def of(settings: Settings, version: PolicyVersion) -> str:
    """The text of a version as it is posted: "Last Updated" is the day of posting, "Effective" when it takes effect."""
    return render(
        document(settings, version.version),
        {
            "effective": str(version.effective),
            "posted": str(version.posted),
            "contact_email": settings.contact_email,
        },
    )


def placeholders(text: str) -> list[str]:
    """What of a text was left to be filled in, such as ``[Date]``; each once."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def diff(settings: Settings, old: PolicyVersion, new: PolicyVersion) -> list[str]:
    """Lines that say what a later version changes, and what follows; none where it changes nothing."""
    before, after = document(settings, old.version), document(settings, new.version)
    return [
        *_words(before, after),
        *_purposes(before, after, new),
        *_named("recipients", before.recipients, after.recipients, "what"),
        *_named("audience", before.audiences, after.audiences, "floor"),
        *_named("commitment", before.commitments, after.commitments),
    ]


def _words(before: Document, after: Document) -> Iterator[str]:
    parts = [
        {
            "head": made.head,
            **{f"§{clause.number} {clause.title}": clause.text for clause in made.clauses},
            "foot": made.foot,
        }
        for made in (before, after)
    ]
    for name in dict.fromkeys((*parts[0], *parts[1])):
        old, new = (part.get(name, "").splitlines() for part in parts)
        changed = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
        if changed:
            yield name
            yield from (f"  {line}" for line in changed if not line.startswith("@@"))


def _purposes(before: Document, after: Document, new: PolicyVersion) -> Iterator[str]:
    for name in dict.fromkeys((*before.purposes, *after.purposes)):
        was, now = before.purposes.get(name), after.purposes.get(name)
        if now is None:
            yield f"purpose {name}: removed. From {new.effective} on it asks for nothing; what was released stays"
            continue
        if was is None:
            yield f"purpose {name}: added. {now.what} (§{now.clause}; {now.audience}; counts {now.population})"
        else:
            yield from _changed(name, was, now)
        yield from _reads(name, was, now, new)


def _changed(name: str, was: Purpose, now: Purpose) -> Iterator[str]:
    for fact in ("what", "clause", "lawful_basis", "audience", "population"):
        one, other = getattr(was, fact), getattr(now, fact)
        if one != other:
            yield f"purpose {name}: {fact} is {other!r}, was {one!r}"


def _reads(name: str, was: Purpose | None, now: Purpose, new: PolicyVersion) -> Iterator[str]:
    had = was.reads if was else {}
    for dataset in dict.fromkeys((*had, *now.reads)):
        one, other = had.get(dataset, frozenset()), now.reads.get(dataset, frozenset())
        if gone := sorted(one - other):
            yield f"purpose {name}: no longer reads {dataset} ({', '.join(gone)})"
        if more := sorted(other - one):
            since = f"counts rows collected since {new.effective} only"
            yield f"purpose {name}: reads {dataset} ({', '.join(more)}), {since}"


def _named(what: str, before: Mapping[str, Any], after: Mapping[str, Any], fact: str = "") -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        one, other = (getattr(made.get(name), fact, None) if fact else made.get(name) for made in (before, after))
        if one != other:
            yield f"{what} {name}: {_said(other)}, was {_said(one)}"


def _said(value: object) -> str:
    return f"{value}" if value or value == 0 else "nothing"
