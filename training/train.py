"""Fine-tune the first layers of the base on the corpus, for a given time on a CPU.

    python train.py --public FOLDER --labelled LABELLED.jsonl --benchmark FOLDER --minutes 80 --out tagger.pt

The rate rises for 3 % of the time and then falls to nothing with the time that is left, so any time makes a whole
training. Templates are filled anew in every pass.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path

import torch
from corpus import (
    CLASSES,
    IGNORE,
    Row,
    addresses,
    disguised,
    fill,
    joined,
    labelled,
    squeezed,
    support,
    templates,
    tweets,
    without,
)
from model import Tagger, base, base_folder
from tokenizers import Tokenizer
from torch.nn import functional
from values import Values

HERE = Path(__file__).parent
WINDOW = 126
TOKENS = 3_000
"""Tokens a step, padding included."""
PEAK = 2.5e-4
EXITS = {4: 1.0}
"""Depth after which a head stands, and its share of the loss. Six layers, trained alike, found no more than four."""
FILLS = 8
"""Times a template is filled in a pass."""
STARTS = {  # where a class of ours starts: classes of the base
    "O": ["O"],
    "PERSON": ["GIVEN_NAME", "SURNAME"],
    "LOCATION": ["CITY", "STATE"],
    "ADDRESS": ["BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "ZIP_CODE"],
    "PHONE": ["PHONE"],
    "ID": ["TAX_ID", "BANK_ACCOUNT", "ROUTING_NUMBER", "GOVERNMENT_ID", "PASSPORT", "DRIVERS_LICENSE"],
    "USERNAME": ["EMAIL", "URL"],
    "PASSWORD": ["GOVERNMENT_ID", "EMAIL"],
    "EMAIL": ["EMAIL"],
}

Item = tuple[list[int], list[int], list[int], float]
"""Token ids, cases, classes (without [CLS] and [SEP]) and weight."""


def cases(text: str, offsets: list[tuple[int, int]]) -> list[int]:
    """How the word around each token is written: 0 small, 1 Capital, 2 CAPITALS."""
    found: list[int] = []
    for start, end in offsets:
        a, b = start, end
        while a and text[a - 1].isalnum():
            a -= 1
        while b < len(text) and text[b].isalnum():
            b += 1
        word = text[a:b] if text[start : start + 1].isalnum() else ""
        found.append(0 if not word[:1].isupper() else 2 if len(word) > 1 and word.isupper() else 1)
    return found


def items(rows: list[Row], tokenizer: Tokenizer) -> list[Item]:
    result: list[Item] = []
    encoded = tokenizer.encode_batch([row.text for row in rows], add_special_tokens=False)
    mask = tokenizer.token_to_id("[MASK]")
    for row, e in zip(rows, encoded, strict=True):
        classes = [0] * len(row.text)
        for start, end, kind in row.spans:
            classes[start:end] = [IGNORE if kind is None else CLASSES.index(kind)] * (end - start)
        token_classes = [max(classes[a:b], key=classes[a:b].count) if b > a else 0 for a, b in e.offsets]
        case = cases(row.text, e.offsets)
        kept = []
        for i, (start, _) in enumerate(e.offsets):
            code = next((code for code in row.codes if code[0] <= start < code[1]), None)
            if code is None:
                kept.append((e.ids[i], case[i], token_classes[i]))
            elif start == code[0]:
                kept.append((mask, 0, IGNORE))
        for at in range(0, len(kept), WINDOW):
            ids, written, gold = (list(column) for column in zip(*kept[at : at + WINDOW], strict=True))
            result.append((ids, written, gold, row.weight))
    return result


def batches(many: list[Item], generator: random.Random) -> list[list[Item]]:
    many = sorted(many, key=lambda item: len(item[0]) * generator.uniform(0.9, 1.1))
    result: list[list[Item]] = [[]]
    for item in many:
        if (len(result[-1]) + 1) * (len(item[0]) + 2) > TOKENS and result[-1]:
            result.append([])
        result[-1].append(item)
    generator.shuffle(result)
    return result


class Pool:
    """All rows; ``draw()`` gives one pass of them, templates filled anew."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.random = random.Random(args.seed)
        self.seed, self.public = args.seed, args.public
        paths = sorted(args.benchmark.glob("*.jsonl")) if args.benchmark else []
        left_out = {squeezed(json.loads(line)["text"]) for path in paths for line in path.open(encoding="utf-8")}
        fixed = [*tweets(args.public / "ner_gold.jsonl.zst")] * 2  # real text with gold labels is the scarcest
        fixed += support(args.public / "support.jsonl.zst", self.random)
        fixed += addresses(args.public / "addresses.jsonl.zst")
        fixed += labelled(args.labelled) if args.labelled else []
        self.fixed = list(without(iter(fixed), left_out))
        sys.stderr.write(f"{len(self.fixed)} rows of corpora, {len(fixed) - len(self.fixed)} left out\n")
        self.tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
        self.tokenizer.no_truncation()

    def draw(self) -> list[list[Item]]:
        self.seed += 1
        values = Values(self.seed, self.public)
        made = [fill(template, values) for template in templates(HERE / "templates") for _ in range(FILLS)]
        rows = made + self.fixed
        self.random.shuffle(rows)
        rows = [disguised(row, self.random) for row in joined(rows, self.random)]
        return batches(items(rows, self.tokenizer), self.random)


def tensors(batch: list[Item], first: int, last: int) -> tuple[torch.Tensor, ...]:
    width = max(len(ids) for ids, *_ in batch) + 2
    ids, mask, case = (torch.zeros(len(batch), width, dtype=torch.long) for _ in range(3))
    classes = torch.full((len(batch), width), IGNORE)
    weight = torch.zeros(len(batch), width)
    for row, (tokens, written, gold, share) in enumerate(batch):
        end = len(tokens) + 1
        ids[row, : end + 1] = torch.tensor([first, *tokens, last])
        mask[row, : end + 1] = 1
        case[row, 1:end], classes[row, 1:end], weight[row, 1:end] = torch.tensor(written), torch.tensor(gold), share
    return ids, mask, case, classes, weight


def save(model: Tagger, path: Path) -> None:
    torch.save(
        {"exits": model.exits, "layers": len(model.layers), "weights": model.state_dict()}, path.with_suffix(".part")
    )
    path.with_suffix(".part").replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--public", type=Path, required=True, help="folder of the public corpora")
    parser.add_argument("--labelled", type=Path, help="rows that teacher.py labelled")
    parser.add_argument("--benchmark", type=Path, help="folder whose texts must not be trained on")
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", type=Path, help="weights to start from")
    parser.add_argument("--peak", type=float, default=PEAK)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    pool = Pool(args)
    labels = json.loads((base_folder() / "config.json").read_text())["label2id"]
    rows = {
        kind: [index for name, index in labels.items() if name.partition("-")[2] in wanted or name in wanted]
        for kind, wanted in STARTS.items()
    }
    model = base(rows, layers=max(EXITS), exits=tuple(EXITS))
    if args.resume:
        known = model.state_dict()
        model.load_state_dict({k: v for k, v in torch.load(args.resume)["weights"].items() if k in known})
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.peak, weight_decay=0.01, betas=(0.9, 0.98))
    first, last = (pool.tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    began, step, mean, saved = time.monotonic(), 0, 0.0, 0.0
    model.train()
    while (done := (time.monotonic() - began) / 60 / args.minutes) < 1:
        for batch in pool.draw():
            done = (time.monotonic() - began) / 60 / args.minutes
            if done >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = args.peak * min(done / 0.03, (1 - done) / 0.97)
            ids, mask, case, classes, weight = tensors(batch, first, last)
            loss = torch.zeros(())
            for depth, logits in model(ids, mask, case).items():
                each = functional.cross_entropy(
                    logits.flatten(0, 1), classes.flatten(), ignore_index=IGNORE, reduction="none"
                )
                known = (classes.flatten() != IGNORE) * weight.flatten()
                loss = loss + EXITS[depth] * (each * known).sum() / known.sum().clamp(min=1)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step += 1
            mean = 0.98 * mean + 0.02 * loss.item() if step > 1 else loss.item()
            if step % 100 == 0:
                sys.stderr.write(f"{done:6.1%} step {step} loss {mean:.4f}\n")
            if time.monotonic() - saved > 300:
                save(model, args.out)
                saved = time.monotonic()
        sys.stderr.write(f"a pass ends at step {step}\n")
    save(model, args.out)


if __name__ == "__main__":
    main()
