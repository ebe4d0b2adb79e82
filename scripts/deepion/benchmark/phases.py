# SPDX-License-Identifier: MIT
"""Where the time of a step goes, and how much of the arithmetic that a core can do is done there.

Operations are counted from the model file and the structure, a multiplication and an addition each as one:

* fitting nets: 4 for each weight that an atom's network multiplies with, forward and backward; activations are not counted;
* descriptor of reduced networks: for each pair within the cutoff and each column 54: the quintic (10) and four rows (8) forward; the
  quintic again with its slope (18), four products (8), their sum with the rows (8) and one product with the slope (2) backward.
"""

import re
import time
from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from deepion.evaluation.neighbors import pairs_within
from deepion.evaluation.structure import Structure
from deepion.model.contract import cutoff_of
from deepion.model.model_file import IR_VERSION, ModelFile

from .modes import Mode

PER_PAIR_AND_COLUMN = 54
DEFAULT_REDUCE = 1e-4  # eV/A, of the pair style with precision mixed
SIDE = 1024  # of the matrices by whose product the core is judged
LINE = re.compile(r"^  (\w[\w ]*?) +(\d+\.\d+) +(\d+\.\d) +(\d+\.\d+)$", re.MULTILINE)


def times(output: str) -> dict[str, float]:
    """core-us per atom and step of each phase, from what `timing yes` printed last; empty where it did not."""
    tables = output.split("deepion: time in pair_style")
    return {m[1]: float(m[4]) for m in LINE.finditer(tables[-1])} if len(tables) > 1 else {}


def work(file: ModelFile, mode: Mode, structure: Structure, full: float) -> dict[str, float]:
    """Operations per atom and step by phase, as far as they are counted. full: those of the full fitting nets."""
    level = _level(file.contract, mode)
    if level is None:
        return {"fitting nets": full}
    kinds = [file.contract["type_map"].index(symbol) for symbol in structure.symbols]
    weights = _weights(file.content, level["fitting"])
    center, _, _ = pairs_within(structure.coord, structure.cell, structure.periodic, cutoff_of(file.contract))
    neighbors = np.bincount(center, minlength=len(kinds))
    columns = np.array([level["columns"][kind] for kind in kinds])
    return {
        "fitting nets": 4.0 * sum(n * weights[kind] for kind, n in Counter(kinds).items()) / len(kinds),
        "descriptor": PER_PAIR_AND_COLUMN * float(np.mean(neighbors * columns)),
    }


def peak(seconds: float = 0.2) -> float:
    """GFLOP/s of the best of ONNX Runtime's products of two square matrices in float32 on one core."""
    shape = [SIDE, SIDE]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "abc"]
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", ends[:2], ends[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=IR_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    inputs = {name: random.standard_normal(shape).astype(np.float32) for name in "ab"}
    session.run(None, inputs)
    durations: list[float] = []
    while len(durations) < 3 or sum(durations) < seconds:
        begin = time.perf_counter()
        session.run(None, inputs)
        durations.append(time.perf_counter() - begin)
    return 2.0 * SIDE**3 / min(durations) / 1e9


def _level(contract: dict[str, Any], mode: Mode) -> dict[str, Any] | None:
    """The reduced networks that a mode runs; None: the full ones."""
    words = mode.keywords.split()
    if "double" in words and "reduce" not in words:
        return None
    if "reduce" in words:
        error = float(words[words.index("reduce") + 1])
    else:
        error = 0.0 if "tabulate" in words and words[words.index("tabulate") + 1] == "no" else DEFAULT_REDUCE
    levels = contract.get("reduced", {}).get("levels", [])
    return next((level for level in levels if level["force_error"] <= error), None)


def _weights(content: bytes, names: list[str]) -> list[int]:
    """Weights of the matrices of each of these functions."""
    functions = {function.name: function for function in onnx.load_from_string(content).functions}
    found = []
    for name in names:
        sizes: dict[str, int] = {}
        used: set[str] = set()
        alias: dict[str, str] = {}
        for node in functions[name].node:
            if node.op_type == "Constant" and len(node.attribute[0].t.dims) == 2:
                sizes[node.output[0]] = int(np.prod(node.attribute[0].t.dims))
            elif node.op_type == "CastLike":
                alias[node.output[0]] = node.input[0]
            elif node.op_type in ("Gemm", "MatMul"):
                used.update(alias.get(value, value) for value in node.input)
        found.append(sum(sizes.get(value, 0) for value in used))
    return found
