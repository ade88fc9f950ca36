"""Write a trained tagger as ONNX with 8-bit weights, beside its tokenizer: what the package ships in data/model.

    python export.py TAGGER.pt FOLDER --public PUBLIC

Weights of matrices are quantised by column with 7 bits (``reduce_range``: without VNNI, sums of two 8-bit products
overflow 16 bits and the model goes blind). Activations are quantised with ranges measured once, on rows like those of
training: onnxruntime's dynamic ranges span a batch, so that a text's answer would depend on its neighbours.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from corpus import CLASSES, Row, disguised, fill, templates, tweets
from model import Tagger, base_folder
from onnx import ModelProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn
from train import HERE, batches, items, tensors
from values import Values

ROWS = 1_500
"""Rows by which ranges are measured."""
TAIL = 2e-5
"""Share of values outside of a range, at each end: they are clipped."""


class Exit(nn.Module):
    """The tagger up to one exit: probabilities (batch, tokens, classes)."""

    def __init__(self, tagger: Tagger, depth: int) -> None:
        super().__init__()
        self.tagger, self.depth = tagger, depth
        tagger.layers = tagger.layers[:depth]
        tagger.exits = (depth,)

    def forward(self, ids: Tensor, mask: Tensor, cases: Tensor) -> Tensor:
        return self.tagger(ids, mask, cases)[self.depth].softmax(-1)


def widest(tagger: Tagger, depth: int, path: Path) -> None:
    """The tagger as ONNX with 32 bits."""
    example = tuple(torch.ones(2, 8, dtype=torch.long) for _ in range(3))
    names = ["ids", "mask", "cases"]
    torch.onnx.export(
        Exit(tagger, depth).eval(),
        example,
        str(path),
        input_names=names,
        output_names=["odds"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in [*names, "odds"]},
        opset_version=17,
        dynamo=False,
    )


def rows_like_training(public: Path) -> list[Row]:
    values = Values(99, public)
    made = [fill(template, values) for template in templates(HERE / "templates")]
    rows = [disguised(row, values.random) for row in [*made, *tweets(public / "ner_gold.jsonl.zst")]]
    return values.random.sample(rows, ROWS)


def ranges(wide: Path, wanted: list[str], rows: list[Row]) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each tensor, tails clipped; zero is always inside."""
    model = onnx.load(str(wide))
    known = {each.name for each in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted if name not in known)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    first, last = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    lows: dict[str, list[float]] = {name: [0.0] for name in wanted}
    highs: dict[str, list[float]] = {name: [0.0] for name in wanted}
    for batch in batches(items(rows, tokenizer), random.Random(7)):
        ids, mask, cases, *_ = (each.numpy() for each in tensors(batch, first, last))
        for name, found in zip(wanted, session.run(wanted, {"ids": ids, "mask": mask, "cases": cases}), strict=True):
            seen = found[mask.astype(bool)] if found.shape[:2] == mask.shape else found
            low, high = np.quantile(seen, [TAIL, 1 - TAIL])
            lows[name].append(float(low))
            highs[name].append(float(high))
    return {name: (min(lows[name]), max(highs[name])) for name in wanted}


def fixed(model: ModelProto, found: dict[str, tuple[float, float]]) -> None:
    """Put the ranges in place of every dynamic one.

    A product of integers, its cast and its scaling become one node, which onnxruntime would make itself of dynamic
    ranges alone.
    """
    nodes = {name: node for node in model.graph.node for name in node.output}
    users = {name: node for node in model.graph.node for name in node.input}
    replaced: dict[str, onnx.NodeProto] = {}
    for node in model.graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            low, high = found[node.input[0]]
            step = (high - low) / 255
            values = np.array(step, np.float32), np.array(round(-low / step), np.uint8)
            names = node.output[1:]
            model.graph.initializer.extend(map(numpy_helper.from_array, values, names))
            replaced[node.output[0]] = helper.make_node("QuantizeLinear", [node.input[0], *names], [node.output[0]])
        elif node.op_type == "MatMulInteger":
            scaled = users[users[node.output[0]].output[0]]
            inputs = [*node.input[:2], *nodes[scaled.input[1]].input, *node.input[2:]]
            replaced[scaled.output[0]] = helper.make_node(
                "MatMulIntegerToFloat", inputs, list(scaled.output), domain="com.microsoft"
            )
            for name in (node.output[0], scaled.input[0], scaled.input[1]):
                del nodes[name]
    kept = [replaced.get(name, node) for name, node in nodes.items() if name == node.output[0]]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def export(tagger: Tagger, depth: int, public: Path, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wide, dynamic = Path(folder) / "wide.onnx", Path(folder) / "dynamic.onnx"
        widest(tagger, depth, wide)
        quantize_dynamic(
            str(wide),
            str(dynamic),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
            extra_options={"MatMulConstBOnly": True},
        )
        model = onnx.load(str(dynamic))
        wanted = sorted({node.input[0] for node in model.graph.node if node.op_type == "DynamicQuantizeLinear"})
        fixed(model, ranges(wide, wanted, rows_like_training(public)))
    model.producer_name = "privacy_analytics"
    del model.metadata_props[:]
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
    tagger = Tagger(kept["layers"], len(CLASSES), kept["exits"])
    tagger.load_state_dict(kept["weights"])
    args.folder.mkdir(parents=True, exist_ok=True)
    export(tagger, args.depth or kept["layers"], args.public, args.folder / "tagger.onnx")
    shutil.copy(base_folder() / "tokenizer.json", args.folder / "tokenizer.json")
