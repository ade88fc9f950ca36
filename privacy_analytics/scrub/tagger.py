"""The name model: a small ONNX token classifier that tags people, places and ids in chat; offline.

The weights in ``data/model`` are "Rampart" (National Design Studio, CC BY 4.0: see NOTICE), fine-tuned and quantised to
8 bits by ``training/``.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from privacy_analytics.scrub.spans import Span
from privacy_analytics.scrub.weights import model_file

BATCH = 8
WINDOW = 126
"""Tokens a window, about 480 characters, as in training."""
OVERLAP = 32
OPEN = frozenset({"PERSON", "LOCATION", "ADDRESS"})
"""Types that the model reads even where they are known: it may see more of a name."""
KEPT = 4_096
"""Windows whose odds are kept to be asked for again; about 10 MiB."""
ROUGH = 0.05
"""A token with less odds of being personal is not looked at again."""

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_CAPITAL = re.compile(r"(?<![^\W_])[^\W\d_](?:[^\W_])*")

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Tagger:
    """Tags texts in batches of at most `BATCH` windows of one length. One tagger a process.

    Parameters
    ----------
    threads : of the runtime
    """

    def __init__(self, threads: int = 1) -> None:
        runtime: Any = importlib.import_module("onnxruntime")
        options: Any = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # runtime warnings may quote inputs
        path = model_file()
        self._session: Any = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.classes = cast("list[str]", json.loads(self._session.get_modelmeta().custom_metadata_map["classes"]))
        self._tokenizer = Tokenizer.from_file(str(path.with_name("tokenizer.json")))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._first, self._last, self._mask = (
            cast("int", self._tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]", "[MASK]")
        )

        self._answers: dict[bytes, Floats] = {}

    def tag(self, texts: Sequence[str], known: Sequence[Sequence[Span]] | None = None) -> list[list[Span]]:
        """Whole words that are likely personal, each with its likeliest class and the odds that it is personal.

        ``known`` are spans already found in each text; of a code among them (a key, a number), or of a
        placeholder, the model is shown one mask, which is quicker.
        """
        encoded = [self._tokenizer.encode(text, add_special_tokens=False) for text in texts]
        shown = [
            _shown(text, each, known[index] if known else (), self._mask)
            for index, (text, each) in enumerate(zip(texts, encoded, strict=True))
        ]
        odds: list[Floats] = [np.zeros((len(each), len(self.classes)), dtype=np.float32) for each in shown]
        windows = [
            (index, start, each[start : start + WINDOW])
            for index, each in enumerate(shown)
            for start in range(0, max(len(each) - OVERLAP, min(len(each), 1)), WINDOW - OVERLAP)
        ]
        keys = [part[:, :2].tobytes() for *_, part in windows]
        self._answer({key: part for key, (*_, part) in zip(keys, windows, strict=True)})
        for key, (index, start, part) in zip(keys, windows, strict=True):
            seen = odds[index][start : start + len(part)]
            np.maximum(seen, self._answers[key], out=seen)
        return [list(self._words(*each)) for each in zip(texts, shown, odds, strict=True)]

    def _answer(self, asked: Mapping[bytes, Integers]) -> None:
        """Ask the model what was not asked before: masked text, read again, often shows it the same as at first."""
        if len(self._answers) > KEPT:
            self._answers.clear()
        new = sorted((key for key in asked if key not in self._answers), key=len)
        for _, alike in groupby(new, key=len):
            many = list(alike)
            for at in range(0, len(many), BATCH):
                batch = many[at : at + BATCH]
                self._answers.update(zip(batch, self._run([asked[key] for key in batch]), strict=True))

    def _run(self, batch: list[Integers]) -> Floats:
        """Odds of each class for each token, (windows, tokens, classes), of windows of one length.

        Without padding, and with fixed ranges for activations, a text's odds do not depend on its neighbours.
        """
        tokens = np.stack(batch)
        ids, cases = (np.zeros((len(batch), tokens.shape[1] + 2), dtype=np.int64) for _ in range(2))
        ids[:, 0], ids[:, 1:-1], ids[:, -1] = self._first, tokens[:, :, 0], self._last
        cases[:, 1:-1] = tokens[:, :, 1]
        return cast("Floats", self._session.run(None, {"ids": ids, "cases": cases})[0])[:, 1:-1]

    def _words(self, text: str, shown: Integers, odds: Floats) -> Iterator[Span]:
        """Words around the tokens that may be personal; a word is judged by the mean of its tokens."""
        personal = odds[:, 1:].sum(axis=1)
        starts, ends = shown[:, 2], shown[:, 3]
        done = 0
        for token in np.flatnonzero(personal >= ROUGH):
            if ends[token] <= done:
                continue
            word = _word_at(text, int(starts[token]))
            if word is None:
                continue
            done = word.end()
            inside = slice(int(np.searchsorted(starts, word.start())), int(np.searchsorted(starts, word.end())))
            mean = odds[inside].mean(axis=0)
            kind = 1 + int(mean[1:].argmax())
            yield Span(word.start(), word.end(), self.classes[kind], float(mean[1:].sum()))


def _shown(text: str, encoded: Encoding, known: Sequence[Span], mask: int) -> Integers:
    """Tokens as the model gets them: (id, case, start, end) each."""
    ends = encoded.offsets
    tokens = np.zeros((len(ends), 4), dtype=np.int64)
    if not ends:
        return tokens
    tokens[:, 0] = encoded.ids
    tokens[:, 2:] = ends
    starts = tokens[:, 2]
    if not text.islower():
        for word in _CAPITAL.finditer(text):
            if word[0][0].isupper():
                inside = slice(int(np.searchsorted(starts, word.start())), int(np.searchsorted(starts, word.end())))
                tokens[inside, 1] = 2 if len(word[0]) > 1 and word[0].isupper() else 1
    keep = np.ones(len(tokens), dtype=bool)
    for span in known:
        first, end = np.searchsorted(starts, (span.start, span.end))
        if span.type not in OPEN and first < end:
            keep[first + 1 : end] = False
            tokens[first, :2] = mask, 0
    return tokens[keep]


def _word_at(text: str, place: int) -> re.Match[str] | None:
    """The word that holds a place."""
    start = place
    while start and (
        text[start - 1].isalnum() or (text[start - 1] in "'’.-" and start > 1 and text[start - 2].isalnum())
    ):
        start -= 1
    word = _WORD.match(text, start)
    while word and word.end() <= place:
        word = _WORD.search(text, word.end())
        if word and word.start() > place:
            return None
    return word
