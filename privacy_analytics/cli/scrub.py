"""``pa scrub``: a filter from standard input to standard output, one text a line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import islice
from typing import Literal

import click

BATCH = 2_000


@click.command()
@click.option("--tier", type=click.Choice(["fast", "standard"]), default="standard", show_default=True)
@click.option("--spans", is_flag=True, help="Print JSON lines: the text scrubbed, and where and what was masked.")
def scrub(tier: Literal["fast", "standard"], spans: bool) -> None:
    """Scrub texts: one a line in, one a line out."""
    from privacy_analytics.scrub import Scrubber

    scrubber = Scrubber(tier)
    while texts := [line.rstrip("\n") for line in islice(sys.stdin, BATCH)]:
        for scrubbed in scrubber.scrub(texts):
            found = {"text": scrubbed.text, "spans": [asdict(span) for span in scrubbed.spans]}
            click.echo(json.dumps(found, ensure_ascii=False) if spans else scrubbed.text)
