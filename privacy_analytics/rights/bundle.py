"""The answer to a request for access or export (policy §8): one zip for a person, in the request's folder.

Access is everything that is held; export is the chat history, both sides and voice transcripts: a part of access.
Beside the JSON of each category lie Markdown to be read, a README in plain words and a manifest with counts and hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from privacy_analytics.errors import ContractError
from privacy_analytics.lake import private_files, write_private
from privacy_analytics.policy import in_force
from privacy_analytics.rights import render
from privacy_analytics.rights.letters import draft
from privacy_analytics.rights.requests import Request, Requests
from privacy_analytics.settings import Settings

Answer = Literal["access", "export"]
FILE = "bundle.zip"
FORMAT = 1
_NEVER = (
    "Statistics and reports: they are aggregates with random noise, and say nothing about any one person.",
    "Your e-mail address, user name and name: they are not stored here, only keyed hashes of them.",
    "Audio: it is never stored; of voice chats there are transcripts and their length.",
)
_READABLE: dict[str, Callable[[Any], str]] = {"chats.json": render.chats, "account.json": render.account}
_ONLY_CHATS = "All but your conversations: ask for access to get everything that is held."
_NO_PRODUCT = "Your texts as you wrote them: only the product itself has them; here they are stored with names masked."


def contents(
    kind: Answer, holdings: Sequence[Mapping[str, Any]], product: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The data files of a bundle by name, as JSON takes them; in a folder an account where there are several.

    Parameters
    ----------
    holdings : of each account of the person, as ``rights.holdings.collect`` gives them
    product : rows by table, as ``rights.holdings.exported`` gives them
    """
    files: dict[str, Any] = {}
    for at, held in enumerate(holdings):
        folder = f"account-{at + 1}/" if len(holdings) > 1 else ""
        files |= {f"{folder}{name}.json": held[name] for name in held if kind == "access" or name == "chats"}
    own = product or {}
    return files | {f"product/{table}.json": own[table] for table in own if kind == "access" or table == "chats"}


def counts(name: str, content: Any) -> dict[str, int]:
    """How much a data file holds, by what."""
    folder, _, file = name.rpartition("/")
    if folder == "product":
        return {"rows": len(content)}
    if file == "account.json":
        return {"accounts": len(content["earlier"]) + bool(content["now"])}
    if file == "telemetry.json":
        return {table: len(rows) for table, rows in content.items()}
    what = "conversations" if file == "chats.json" else "tickets"
    return {what: len(content), "messages": sum(len(each.get("messages", [])) for each in content)}


def answer(
    settings: Settings, requests: Requests, request: Request, files: Mapping[str, Any], *, today: date
) -> dict[str, Any]:
    """Write a request's bundle (0600), whole or not at all; note it in the audit log and the record. Its manifest.

    Done again, it writes the bundle anew.
    """
    texts = dict(_texts(files))
    held = {name: counts(name, content) for name, content in files.items()}
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "request": request.id,
        "kind": request.kind,
        "made": today.isoformat(),
        "policy": in_force(settings).version,
        "product": settings.product,
        "contact": settings.contact_email,
        "files": {
            name: {"counts": held[f"{name.rpartition('.')[0]}.json"], "sha256": _sha256(text.encode())}
            for name, text in texts.items()
        },
        "not_in_it": [
            *_NEVER,
            *([_ONLY_CHATS] if request.kind == "export" else []),
            *([] if any(name.startswith("product/") for name in files) else [_NO_PRODUCT]),
        ],
    }
    first = {"README.md": render.readme(manifest), "manifest.json": _json(manifest)}
    _write(requests.path(request, FILE), first | texts)
    tables = sorted({what for each in held.values() for what in each})
    kind: Answer = "access" if request.kind == "access" else "export"
    requests.log.add(kind, request=request.id, by=request.by, tables=tables, rows=total(held))
    write_private(requests.path(request, "letter-done.md"), draft(request, "done", settings, today))
    requests.step(request, "done", f"A bundle of {len(texts)} files was written.", answered=request.answered or today)
    return manifest


def total(held: Mapping[str, Mapping[str, int]]) -> int:
    """All that is counted in the data files."""
    return sum(sum(each.values()) for each in held.values())


def read_bundle(file: Path) -> dict[str, Any]:
    """What a bundle holds: its ``manifest``, and ``files`` as they went in. Raises ContractError for a damaged one."""
    wrong = ContractError("This bundle is damaged or was changed. Write it again with: pa account access --request R-…")
    try:
        with zipfile.ZipFile(file) as bundle:
            manifest: dict[str, Any] = json.loads(bundle.read("manifest.json"))
            raw = {name: bundle.read(name) for name in manifest["files"]}
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise wrong from None
    if any(_sha256(raw[name]) != told["sha256"] for name, told in manifest["files"].items()):
        raise wrong
    return {
        "manifest": manifest,
        "files": {name: json.loads(text) for name, text in raw.items() if name.endswith(".json")},
    }


def _texts(files: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each data file as JSON, and what people read as Markdown beside it."""
    for name, content in files.items():
        yield name, _json(content)
        read = None if name.startswith("product/") else _READABLE.get(name.rpartition("/")[2])
        if read:
            yield name.replace(".json", ".md"), read(content)


def _write(file: Path, texts: Mapping[str, str]) -> None:
    """A zip of these files, whole or not at all."""
    partial = file.with_suffix(".partial")
    with private_files():
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as handle:
            with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as bundle:
                for name, text in texts.items():
                    bundle.writestr(name, text)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(file)


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
