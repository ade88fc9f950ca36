"""CSV and JSON of released numbers: made again from the releases that they name, and compared byte by byte."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import PrivacyAnalyticsError
from privacy_analytics.exports import TOGETHER, claim_to_json, read_source, to_csv, to_csv_together, to_json
from privacy_analytics.gate.findings import Finding, Vouched, line
from privacy_analytics.gate.identities import identities


def examine_csv(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a CSV back: of one release, or of several together."""

    def again(text: str) -> bytes:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        releases = [store.evaluate(read_source(source)) for source in dict.fromkeys(row["source"] for row in rows)]
        together = text.startswith(",".join(TOGETHER))
        return to_csv_together(releases) if together else to_csv(*releases)

    return _examine(data, vouched, again)


def examine_json(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a JSON file back: of a release, or of a quotable sentence."""

    def again(text: str) -> bytes:
        said = json.loads(text)
        return (
            claim_to_json(said["claim"], store)
            if "claim" in said
            else to_json(store.evaluate(read_source(said["source"])))
        )

    return _examine(data, vouched, again)


def _examine(data: bytes, vouched: Vouched, again: Callable[[str], bytes]) -> list[Finding]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return [Finding("readable", "line 1", "the file is not UTF-8")]
    try:
        made = again(text).decode()
    except (PrivacyAnalyticsError, ValueError, LookupError, TypeError, AttributeError, csv.Error, RecursionError):
        what = "the file does not name a release of this workspace that it was made from; export it again"
        return [Finding("bytes", "file", what), *identities(text, vouched)]
    findings: list[Finding] = []
    if made != text:
        at = next((at for at, (one, other) in enumerate(zip(text, made, strict=False)) if one != other), len(made))
        findings.append(Finding("bytes", line(text, at), "this is not what the release gives; export it again"))
    return findings + list(identities(text, vouched))
