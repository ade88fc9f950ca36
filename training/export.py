"""Write a trained tagger as ONNX with 8-bit weights, beside its tokenizer: what the package ships in data/model.

    python export.py TAGGER.pt FOLDER --public PUBLIC

The graph is made by hand of onnxruntime's fused nodes. Weights of matrices are quantised by column to 7 bits (without
VNNI, sums of two 8-bit products overflow 16 bits and the model goes blind), embeddings to 8. Activations are quantised
with ranges measured once, on rows like those of training: ranges measured while running span a batch, and a text's
answer would depend on its neighbours. There is no mask: all windows of a batch are of one length.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from corpus import CLASSES, Row, disguised, fill, templates, tweets
from model import HEADS, Tagger, base_folder
from onnx import NodeProto, TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn
from train import HERE, batches, items, tensors
from values import Values

ROWS = 1_500
"""Rows by which ranges are measured."""
TAIL = 2e-5
"""Share of a batch's values outside of a range, at each end: they are clipped."""
MOST = 63
"""Largest magnitude of a weight in 7 bits."""
OURS = "com.microsoft"
"""Domain of onnxruntime's own nodes."""


def rows_like_training(public: Path) -> list[Row]:
    values = Values(99, public)
    made = [fill(template, values) for template in templates(HERE / "templates")]
    rows = [disguised(row, values.random) for row in [*made, *tweets(public / "ner_gold.jsonl.zst")]]
    return values.random.sample(rows, ROWS)


def ranges(tagger: Tagger, rows: list[Row]) -> dict[str, tuple[float, float]]:
    """Lowest and highest input of each linear layer, by name, tails clipped; zero is always inside."""
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    ends = (tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]"))
    found: dict[str, tuple[float, float]] = {}
    mask = torch.zeros(0)

    def look(name: str, given: Tensor) -> None:
        low, high = np.quantile(given[mask.bool()].numpy(), [TAIL, 1 - TAIL])
        lowest, highest = found.get(name, (0.0, 0.0))
        found[name] = min(lowest, float(low)), max(highest, float(high))

    for name, layer in tagger.named_modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_pre_hook(lambda _, given, name=name: look(name, given[0]))
    with torch.no_grad():
        for batch in batches(items(rows, tokenizer), random.Random(7)):
            ids, mask, cases, *_ = tensors(batch, *ends)
            tagger(ids, mask, cases)
    return found


class Graph:
    """Nodes and constants; each method adds some and returns the name of their result."""

    def __init__(self, tagger: Tagger, found: dict[str, tuple[float, float]]) -> None:
        self.weights = {name: value.numpy() for name, value in tagger.state_dict().items()}
        self.found = found
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: Iterable[str], results: int = 1, domain: str = "", **attributes: object) -> str:
        name = f"{kind}_{len(self.nodes)}"
        outputs = [name] if results == 1 else [f"{name}_{i}" for i in range(results)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes))
        return name

    def table(self, name: str, kind: str, *at: str) -> str:
        """Rows of an embedding, widened: ``Gather`` those at places, or ``Slice`` the first ones."""
        weight = self.weights[f"{name}.weight"]
        step = np.float32(np.abs(weight).max() / 127)
        small = self.constant(f"{name}.table", np.clip(np.rint(weight / step), -127, 127).astype(np.int8))
        return self.node("DequantizeLinear", [self.node(kind, [small, *at]), self.constant(f"{name}.step", step)])

    def normal(self, layer: str, x: str, beside: str | None = None) -> str:
        scale, bias = (self.constant(f"{layer}.{part}", self.weights[f"{layer}.{part}"]) for part in ("weight", "bias"))
        if beside is None:
            return self.node("LayerNormalization", [x, scale, bias], epsilon=1e-12)
        return self.node("SkipLayerNormalization", [x, beside, scale, bias], domain=OURS, epsilon=1e-12)

    def quantised(self, layer: str, x: str) -> tuple[str, str, str]:
        low, high = self.found[layer]
        step = np.float32((high - low) / 255)
        names = self.constant(f"{layer}.in", step), self.constant(f"{layer}.zero", np.uint8(round(-low / step)))
        return self.node("QuantizeLinear", [x, *names]), *names

    def linear(self, layers: list[str], x: str, *, bias: bool = True) -> str:
        """One product for layers with the same input; results stand side by side."""
        name = layers[0]
        weight = np.concatenate([self.weights[f"{layer}.weight"] for layer in layers]).T
        steps = (np.abs(weight).max(axis=0) / MOST).astype(np.float32)
        small = self.constant(f"{name}.weight", np.clip(np.rint(weight / steps), -MOST, MOST).astype(np.int8))
        given, step, zero = self.quantised(name, x)
        inputs = [given, small, step, self.constant(f"{name}.steps", steps), zero, ""]
        whole = np.concatenate([self.weights[f"{layer}.bias"] for layer in layers])
        inputs += [self.constant(f"{name}.bias", whole)] if bias else []
        return self.node("MatMulIntegerToFloat", inputs, domain=OURS)

    def layer(self, stem: str, x: str) -> str:
        every = self.linear([f"{stem}.{part}" for part in ("query", "key", "value")], x)
        parts = self.node("Split", [every], 3, axis=-1, num_outputs=3)
        seen = self.node("MultiHeadAttention", [f"{parts}_{i}" for i in range(3)], domain=OURS, num_heads=HEADS)
        x = self.normal(f"{stem}.norm_mix", self.linear([f"{stem}.mix"], seen), x)
        risen = self.linear([f"{stem}.rise"], x, bias=False)
        bias = self.constant(f"{stem}.rise.bias", self.weights[f"{stem}.rise.bias"])
        bent = self.node("FastGelu", [risen, bias], domain=OURS)
        return self.normal(f"{stem}.norm_fall", self.linear([f"{stem}.fall"], bent), x)

    def head(self, stem: str, x: str) -> str:
        weight = self.constant(f"{stem}.weight", self.weights[f"{stem}.weight"].T)
        bias = self.constant(f"{stem}.bias", self.weights[f"{stem}.bias"])
        return self.node("Softmax", [self.node("Add", [self.node("MatMul", [x, weight]), bias])], axis=-1)


def export(tagger: Tagger, depth: int, found: dict[str, tuple[float, float]], path: Path) -> None:
    graph = Graph(tagger, found)
    length = graph.node("Shape", ["ids"], start=1, end=2)
    start = graph.constant("start", np.array([0]))
    tables = graph.table("words", "Gather", "ids"), graph.table("cases", "Gather", "cases")
    places = graph.table("places", "Slice", start, length, start)
    x = graph.normal("norm", graph.node("Add", [graph.node("Add", tables), places]))
    for at in range(depth):
        x = graph.layer(f"layers.{at}", x)
    odds = graph.head(f"heads.{depth}", x)
    graph.nodes.append(helper.make_node("Identity", [odds], ["odds"]))
    shape = ["batch", "tokens"]
    made = helper.make_graph(
        graph.nodes,
        "tagger",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("ids", "cases")],
        [helper.make_tensor_value_info("odds", TensorProto.FLOAT, [*shape, len(CLASSES)])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(OURS, 1)]
    model = helper.make_model(made, producer_name="privacy_analytics", opset_imports=opsets, ir_version=9)
    model.metadata_props.add(key="classes", value=json.dumps(CLASSES))
    onnx.save(model, str(path))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tagger", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--public", type=Path, required=True, help="folder of the public corpora")
    parser.add_argument("--depth", type=int, help="the exit; the last by default")
    args = parser.parse_args()
    torch.set_num_threads(1)
    kept = torch.load(args.tagger)
    tagger = Tagger(kept["layers"], len(CLASSES), kept["exits"]).eval()
    tagger.load_state_dict(kept["weights"])
    args.folder.mkdir(parents=True, exist_ok=True)
    found = ranges(tagger, rows_like_training(args.public))
    export(tagger, args.depth or kept["layers"], found, args.folder / "tagger.onnx")
    shutil.copy(base_folder() / "tokenizer.json", args.folder / "tokenizer.json")
