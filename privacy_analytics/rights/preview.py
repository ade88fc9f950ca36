"""What an erasure would do, store by store, without doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import polars as pl

from privacy_analytics.lake.rewriting import touching
from privacy_analytics.rights.choices import holds
from privacy_analytics.rights.erase import ABOUT, Exports, census, leave
from privacy_analytics.rights.exports import rows_of
from privacy_analytics.rights.needles import gather
from privacy_analytics.rights.receipts import STAYS
from privacy_analytics.rights.requests import Requests
from privacy_analytics.rights.sweep import Sweep, store
from privacy_analytics.settings import Settings

_SWEPT = ("runs", "published", "approved", "notebooks", "logs", "private", "keys")


def preview(
    settings: Settings,
    requests: Requests,
    accounts: Sequence[str],
    *,
    names: Iterable[str] = (),
    exports: Exports | None = None,
) -> list[tuple[str, str]]:
    """(store, what would become of it) for all stores, those first that lose something. Writes nothing.

    Raises TryLater while rows are rewritten.
    """
    lake, theirs = requests.lake, pl.col("account").is_in(list(accounts))
    with lake.reading():
        rows = sum(census(lake, accounts).values(), Counter[str]())
        needles = gather(settings, lake, accounts, names)
        sweep = Sweep(settings, needles.all, leave(lake, exports))
        seen = sweep.look()
        files = {file for table in lake.schemas if table != ABOUT for file in touching(lake, table, theirs)}
        live = leave(lake)
    found = Counter(store(path) for path in seen.files)
    bundles = len(requests.about(accounts))
    tables = [*(name for name in lake.schemas if name != ABOUT), "quarantine"]
    lines = [(name, f"{rows[name]:,} row(s)") for name in tables]
    lines += [(name, f"{found.pop(name, 0):,} file(s)") for name in _SWEPT]
    lines += [(name, f"{number:,} file(s)") for name, number in found.items() if name != "requests"]
    lines += [("requests", f"{bundles:,} earlier one(s): their files go, their records stay")]
    if exports:
        number = sum(1 for _ in rows_of(exports.folder, exports.column_map, settings, accounts))
        lines.append(("exports", f"{number:,} row(s)"))
    lines += [(f"{name}, stays", why) for name, why in STAYS.items()]
    size, whole = (sum(file.stat().st_size for file in each) for each in (files, live))
    lines.append(("to rewrite", f"{size:,} of {whole:,} bytes, {len(files)} of {len(live)} files of the lake"))
    lines.append(("to withdraw", ", ".join(sweep.to_withdraw(seen)) or "no published report"))
    lines.append(("tombstones", f"{len(set(accounts)):,} would be made"))
    if held := holds(requests, accounts):
        lines.append(("legal hold", f"{', '.join(held)}: it would be deferred"))
    return lines
