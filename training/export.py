"""Write a trained tagger as ONNX with 8-bit weights, beside its tokenizer: what the package ships in data/model.

    python export.py TAGGER.pt FOLDER [DEPTH]

Weights of matrices are quantised by column, activations while running (onnxruntime's dynamic quantisation), with
7 bits (``reduce_range``): without VNNI, sums of two 8-bit products overflow 16 bits and the model goes blind.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import onnx
import torch
from corpus import CLASSES
from model import Tagger, base_folder
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn


class Exit(nn.Module):
    """The tagger up to one exit: probabilities (batch, tokens, classes)."""

    def __init__(self, tagger: Tagger, depth: int) -> None:
        super().__init__()
        self.tagger, self.depth = tagger, depth
        tagger.layers = tagger.layers[:depth]
        tagger.exits = (depth,)

    def forward(self, ids: Tensor, mask: Tensor, cases: Tensor) -> Tensor:
        return self.tagger(ids, mask, cases)[self.depth].softmax(-1)


def export(tagger: Tagger, depth: int, path: Path) -> None:
    example = tuple(torch.ones(2, 8, dtype=torch.long) for _ in range(3))
    free = {0: "batch", 1: "tokens"}
    names = ["ids", "mask", "cases"]
    with tempfile.TemporaryDirectory() as folder:
        wide = Path(folder) / "wide.onnx"
        torch.onnx.export(
            Exit(tagger, depth).eval(), example, str(wide), input_names=names, output_names=["odds"],
            dynamic_axes=dict.fromkeys([*names, "odds"], free), opset_version=17, dynamo=False,
        )  # fmt: skip
        quantize_dynamic(
            str(wide),
            str(path),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
            extra_options={"MatMulConstBOnly": True},
        )
    model = onnx.load(str(path))
    model.producer_name = "privacy_analytics"
    del model.metadata_props[:]
    model.metadata_props.add(key="classes", value=json.dumps(CLASSES))
    onnx.save(model, str(path))


if __name__ == "__main__":
    kept = torch.load(sys.argv[1], map_location="cpu")
    tagger = Tagger(kept["layers"], len(CLASSES), kept["exits"])
    tagger.load_state_dict(kept["weights"])
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    export(tagger, int(sys.argv[3]) if len(sys.argv) > 3 else kept["layers"], target / "tagger.onnx")
    shutil.copy(base_folder() / "tokenizer.json", target / "tokenizer.json")
