"""CSV and JSON of a release: made again from the store that they name, and compared byte by byte."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import PrivacyAnalyticsError
from privacy_analytics.exports import read_source, to_csv, to_json
from privacy_analytics.gate.findings import Finding, Vouched, line
from privacy_analytics.gate.identities import identities


def examine_csv(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a CSV back."""

    def source(text: str) -> str:
        return next(csv.DictReader(io.StringIO(text, newline="")))["source"]

    return _examine(data, store, vouched, source, to_csv)


def examine_json(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a JSON file back."""
    return _examine(data, store, vouched, lambda text: json.loads(text)["source"], to_json)


def _examine(
    data: bytes,
    store: ReleaseStore,
    vouched: Vouched,
    source: Callable[[str], str],
    export: Callable[[Release], bytes],
) -> list[Finding]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return [Finding("readable", "line 1", "the file is not UTF-8")]
    try:
        made = export(store.evaluate(read_source(source(text)))).decode()
    except (PrivacyAnalyticsError, StopIteration, ValueError, LookupError, TypeError, csv.Error, RecursionError):
        what = "the file does not name a release of this workspace that it was made from; export it again"
        return [Finding("bytes", "file", what), *identities(text, vouched)]
    findings: list[Finding] = []
    if made != text:
        at = next((at for at, (one, other) in enumerate(zip(text, made, strict=False)) if one != other), len(made))
        findings.append(Finding("bytes", line(text, at), "this is not what the release gives; export it again"))
    return findings + list(identities(text, vouched))
