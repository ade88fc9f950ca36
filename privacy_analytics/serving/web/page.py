"""``/docs``: what may be asked, by whom, as a page that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

from privacy_analytics.serving.web.rules import RULES

POLICY = "Content-Security-Policy"
CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_STYLE = """\
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid; }
h2 { margin-top: 2rem; font-size: 1.1rem; }
"""
STYLED = f"{CLOSED}; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
"""The policy of the page, which lets its one style through."""


def drawn(api: dict[str, Any]) -> str:
    """The page, from the description that ``/openapi.json`` gives."""
    calls = "".join(
        _call(path, verb, call, api) for path, verbs in api["paths"].items() for verb, call in verbs.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(api["info"]["title"])}</title>'
        f"<style>{_STYLE}</style><h1>{escape(api['info']['title'])}</h1><p>{escape(api['info']['description'])}</p>"
        "<p>Ask with <code>Authorization: Bearer TOKEN</code>. Every call as types: "
        f'<a href="openapi.json">openapi.json</a>.</p>{calls}</html>'
    )


def _call(path: str, verb: str, call: dict[str, Any], api: dict[str, Any]) -> str:
    told = f"<p>{escape(call.get('description', ''))}</p><p>For: {escape(', '.join(RULES.get(path, ())))}.</p>"
    said = ", ".join(code for code in call["responses"] if code != "200")
    schema = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = api["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties")
    body = f"<pre>{escape(json.dumps(fields, indent=1, ensure_ascii=False))}</pre>" if fields else ""
    return f"<h2><code>{verb.upper()} {escape(path)}</code></h2>{told}{body}<p>Refusals: {said}.</p>"
