"""What ``workspace.toml`` says of running unattended and beyond one machine; every section may be left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Engine = Literal["polars", "duckdb", "spark"]
ENGINES: tuple[str, ...] = get_args(Engine)
MOST_HOURS = 24 * 28
"""A month that waits longer for its files than most of the next one is no monthly report any more."""


@dataclass(frozen=True)
class Spark:
    """The cluster that counts where ``engine = "spark"``."""

    master: str = "local[*]"
    conf: dict[str, str] = field(default_factory=dict[str, str])
    """Settings of Spark's own, by their names there."""


@dataclass(frozen=True)
class Schedule:
    """What a month waits for before a scheduled run reads it."""

    expects: tuple[str, ...] = ()
    """Tables of the export whose files have to be there; without one a month is complete when it is over."""
    wait_hours: int = 72
    """After the month's end; then it is read as it is, and marked provisional."""


@dataclass(frozen=True)
class Notify:
    """Who is told of a scheduled run: success and failure may go to different people, by mail or by a command."""

    sender: str = ""
    smtp: str = ""
    """``smtp://[USER@]HOST[:PORT]`` or ``smtps://…``; a password stands in ``private/smtp_password``."""
    success: tuple[str, ...] = ()
    failure: tuple[str, ...] = ()
    success_command: tuple[str, ...] = ()
    """Program and arguments; the message comes on its standard input."""
    failure_command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tls:
    """Certificate and key, PEM files, that ``pa serve --http`` speaks TLS with."""

    certificate: str
    private_key: str


@dataclass(frozen=True)
class Operating:
    """All of it."""

    engine: Engine = "polars"
    spark: Spark = field(default_factory=Spark)
    releases_url: str = ""
    """SQLAlchemy URL of a PostgreSQL database that keeps the releases; empty: the folder ``releases``."""
    schedule: Schedule = field(default_factory=Schedule)
    notify: Notify = field(default_factory=Notify)
    tls: Tls | None = None
