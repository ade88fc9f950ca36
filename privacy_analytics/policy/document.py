"""One version of the privacy policy as frozen values, read from a whole TOML document and checked.

A workspace's ``policy/VERSION.toml`` holds; a version without one is the shipped ``data/policy.toml``.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from privacy_analytics.errors import PolicyError, SettingsError
from privacy_analytics.settings import TABLES, Settings
from privacy_analytics.settings.shape import ANY, check, meant
from privacy_analytics.shipped import shipped

FORMAT = 1
DATASETS = (*TABLES, "messages", "sessions", "themes")
KINDS = ("time", "key", "number", "flag", "text")
POPULATIONS = ("all", "not opted out")
SLOTS = {"effective": "[Date]", "posted": "[Date]", "contact_email": "[Your Email Address]"}
"""What a text leaves open, with what the posted policy says in its place."""
SHIPPED = "data/policy.toml"
_SHAPE: dict[str, Any] = {
    "format": int,
    "title": str,
    "head": str,
    "foot": str,
    "audiences": {name: {"what": str, "floor": int} for name in ("inside", "marketing", "person")},
    "purposes": {ANY: {"what": str, "clause": int, "lawful_basis": str, "audience": str, "population": str}},
    "matrix": [{"purposes": [str], "datasets": [str], "columns": [str]}],
    "recipients": {ANY: {"what": str, "clause": int, "under": str}},
    "commitments": dict.fromkeys(("deidentified", "retention", "opt_out_signal", "sharing"), str),
    "clauses": [{"number": int, "title": str, "text": str}],
}


@dataclass(frozen=True)
class Clause:
    """One numbered part of the text."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class Audience:
    """Who sees numbers, and the smallest released number of accounts that they are shown."""

    what: str
    floor: int


@dataclass(frozen=True)
class Purpose:
    """What information is used for (policy §4), and what of it."""

    what: str
    clause: int
    lawful_basis: str
    """Of GDPR Art. 6(1); empty where the policy names none."""
    audience: str
    population: str
    """Whose rows it counts, one of ``POPULATIONS``."""
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Dataset -> kinds of its columns."""


@dataclass(frozen=True)
class Category:
    """A kind of recipient (policy §6)."""

    what: str
    clause: int
    under: str
    """What they are given it under: ``"contract"`` or ``"law"``."""


@dataclass(frozen=True)
class Document:
    """A whole version: its text, and what follows from it."""

    source: str
    """File that it was read from, as messages name it."""
    content: str
    """That file's text."""
    title: str
    head: str
    foot: str
    clauses: tuple[Clause, ...]
    audiences: Mapping[str, Audience]
    purposes: Mapping[str, Purpose]
    recipients: Mapping[str, Category]
    commitments: Mapping[str, str]
    """What the text commits the company to; empty where it says nothing."""

    @property
    def sha256(self) -> str:
        """Of the file, 64 hex digits."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    def allows(self, purpose: str, dataset: str, kind: str | None = None) -> bool:
        """Whether a purpose may read a dataset; of it, this kind of column."""
        kinds = self.purposes[purpose].reads.get(dataset) if purpose in self.purposes else None
        return kinds is not None and (kind is None or kind in kinds)

    def datasets(self, purpose: str) -> list[str]:
        """What a purpose may read, by name."""
        return sorted(self.purposes[purpose].reads) if purpose in self.purposes else []


def document(settings: Settings, version: str) -> Document:
    """The document of a version of the policy. Raises PolicyError where it is not one."""
    own = settings.path("policy", f"{version}.toml")
    if own.is_file():
        return _parsed(own.read_text(encoding="utf-8"), f"policy/{version}.toml")
    return _parsed(shipped("data", "policy.toml").read_text(encoding="utf-8"), SHIPPED)


@cache
def _parsed(content: str, source: str) -> Document:
    try:
        raw: dict[str, Any] = tomllib.loads(content)
        check(raw, _SHAPE, file=source)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{source} is not valid TOML: {error}. Mend that line.") from None
    except SettingsError as error:
        raise PolicyError(str(error)) from None
    if raw.pop("format") != FORMAT:
        raise PolicyError(f"{source} is not of format {FORMAT}, which this version reads. Upgrade one of them.")
    matrix = raw.pop("matrix")
    made = Document(
        source=source,
        content=content,
        title=raw["title"],
        head=raw["head"],
        foot=raw["foot"],
        clauses=tuple(Clause(**each) for each in raw["clauses"]),
        audiences={name: Audience(**each) for name, each in raw["audiences"].items()},
        purposes={name: Purpose(**each, reads=_reads(name, matrix)) for name, each in raw["purposes"].items()},
        recipients={name: Category(**each) for name, each in raw["recipients"].items()},
        commitments=raw["commitments"],
    )
    _check(made, matrix)
    return made


def _reads(purpose: str, matrix: list[dict[str, list[str]]]) -> dict[str, frozenset[str]]:
    reads: dict[str, frozenset[str]] = {}
    for row in matrix:
        for dataset in row["datasets"] if purpose in row["purposes"] else ():
            reads[dataset] = reads.get(dataset, frozenset()) | frozenset(row["columns"])
    return reads


def _check(made: Document, matrix: list[dict[str, list[str]]]) -> None:
    """What a shape cannot say: clauses in order, names that are there, slots that something fills."""
    numbers = [clause.number for clause in made.clauses]
    if numbers != list(range(1, len(numbers) + 1)):
        raise PolicyError(f"The clauses of {made.source} are not numbered 1, 2, 3 and so on. Number them so.")
    for row in matrix:
        for name, known in (("purposes", made.purposes), ("datasets", DATASETS), ("columns", KINDS)):
            _named(made, f"the matrix's {name}", row[name], known)
    for name, purpose in made.purposes.items():
        _named(made, f"purposes.{name}.audience", [purpose.audience], ("inside", "marketing"))
        _named(made, f"purposes.{name}.population", [purpose.population], POPULATIONS)
    for name, category in made.recipients.items():
        _named(made, f"recipients.{name}.under", [category.under], ("contract", "law"))
    for kind, each in (*made.purposes.items(), *made.recipients.items()):
        if each.clause not in numbers:
            raise PolicyError(f"{kind} in {made.source} stands on a clause that there is not. Name its clause.")
    for text in (made.head, made.foot, *(clause.text for clause in made.clauses)):
        _named(made, "the text's braces", re.findall(r"\{([^{}]*)\}", text), SLOTS)


def _named(made: Document, where: str, words: list[str], known: Iterable[str]) -> None:
    for word in words:
        if word not in known:
            hint = meant(word, known) or f" Choose one of: {', '.join(known)}."
            raise PolicyError(f"There is no {word!r} for {where} in {made.source}.{hint}")
