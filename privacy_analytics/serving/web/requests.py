"""Bodies of requests and answers as types; the curator itself reads every field once more."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from privacy_analytics.serving.calls import WORD

_QUESTION = {"kind": "count_accounts", "table": "events", "by": ["feature"], "per_account": 8}


class About(BaseModel):
    """Which month a call is about, and what for."""

    model_config = ConfigDict(strict=True, extra="forbid")

    month: str = Field("", max_length=WORD, description="2026-10, or a revision of it; empty: the last complete one")
    purpose: str = Field("exploration", max_length=WORD, description="whose share of the month's privacy loss pays")
    report: str = Field("", max_length=WORD, description="a name that is written down beside what is released")


class Preview(About):
    """Of which table synthetic rows are wanted."""

    table: str = Field(max_length=WORD)


class Asked(About):
    """One question, or several by name, in their canonical form."""

    question: dict[str, Any] | None = Field(None, examples=[_QUESTION])
    blocks: dict[str, dict[str, Any]] | None = Field(None, examples=[{"features": _QUESTION}])
    share: float = Field(description="part of what the purpose has left: above 0, at most 1")
    again: int = Field(0, description="which draw of the question; 0 is the first")
    expect: dict[str, float] | None = Field(None, description="of blocks, about which part of all accounts they are")


class Answer(BaseModel):
    """What every answer is."""

    version: int
    answer: dict[str, Any]


class Error(BaseModel):
    """What was refused, and what to do about it."""

    kind: str
    text: str
    fields: dict[str, Any]


class Refusal(BaseModel):
    """What every refusal is."""

    version: int
    error: Error


class Alive(BaseModel):
    """That it lives."""

    alive: bool
