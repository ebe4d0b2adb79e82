# SPDX-License-Identifier: MIT
"""The floor: the fitting nets of a model file alone, value and gradient, with ONNX Runtime on one core.

The weights are constants of the type they are used in. As they stand in the file, behind a cast that fits them to their input,
ONNX Runtime would convert them again in every call.
"""

import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import FunctionProto, ModelProto, TensorProto, helper, numpy_helper

from deepion.model.contract import descriptor_length
from deepion.model.model_file import IR_VERSION, open_model_file

BATCHES = (16, 32, 64, 128, 256)
PRECISIONS = ("float32", "float64")


class FittingFloor:
    """The fitting nets of the elements of a system, ready to be timed."""

    def __init__(self, model: Path, symbols: list[str]):
        """symbols: element of each atom of the system; its composition weights the nets."""
        file = open_model_file(model)
        contract = file.contract
        functions = {function.name: function for function in onnx.load_from_string(file.content).functions}
        parameters = contract["numb_fparam"] + contract["numb_aparam"]
        self._widths = {"descriptor": descriptor_length(contract), "param": parameters}
        layers = [sum(self._widths.values()), *contract["fitting_neuron"], 1]
        products = sum(n_in * n_out for n_in, n_out in zip(layers[:-1], layers[1:], strict=True))
        self.flop = 4 * products  # per atom: a multiplication and an addition, forward and backward
        names = contract["fitting"]
        names = [names] * len(contract["type_map"]) if isinstance(names, str) else names
        self._nets = {
            (element, precision): (symbols.count(element) / len(symbols), _session(functions[name], precision))
            for element, name in zip(contract["type_map"], names, strict=True)
            if element in symbols
            for precision in PRECISIONS
        }

    def measure(self, seconds: float = 0.05) -> dict[tuple[str, int], float]:
        """Time per atom, us, by precision and batch size; each net and batch size is timed for about that long."""
        times = {(precision, batch): 0.0 for precision in PRECISIONS for batch in BATCHES}
        for (_, precision), (share, session) in self._nets.items():
            for batch in BATCHES:
                times[precision, batch] += share * self._time(session, precision, batch, seconds) / batch * 1e6
        return times

    def _time(self, session: onnxruntime.InferenceSession, precision: str, batch: int, seconds: float) -> float:
        """Median time of one call, s."""
        random = np.random.default_rng(1)
        binding = session.io_binding()
        for entry in session.get_inputs():
            value = np.zeros(1, np.int64)  # of the input `type` of a net that all types share
            if entry.name in self._widths:
                value = random.normal(0.0, 0.1, (batch, self._widths[entry.name])).astype(precision)
            binding.bind_cpu_input(entry.name, value)
        shapes = {"energy": (batch, 1), "denergy_ddescriptor": (batch, self._widths["descriptor"])}
        for name, shape in shapes.items():
            binding.bind_ortvalue_output(name, onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(shape, precision)))
        session.run_with_iobinding(binding)
        durations: list[float] = []
        while len(durations) < 5 or sum(durations) < seconds:
            start = time.perf_counter()
            session.run_with_iobinding(binding)
            durations.append(time.perf_counter() - start)
        return float(np.median(durations))


def standalone(function: FunctionProto, precision: str) -> ModelProto:
    """A local function of a model file as a model of its own, in one precision."""
    constants, nodes = {}, []
    for node in function.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "CastLike" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]].astype(precision)
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    element = helper.np_dtype_to_tensor_dtype(np.dtype(precision))
    graph = helper.make_graph(
        nodes,
        function.name,
        [
            helper.make_tensor_value_info(
                name, *((TensorProto.INT64, ["k"]) if name == "type" else (element, ["n", None]))
            )
            for name in function.input
        ],
        [helper.make_tensor_value_info(name, element, ["n", None]) for name in function.output],
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    return helper.make_model(graph, opset_imports=function.opset_import, ir_version=IR_VERSION)


def _session(function: FunctionProto, precision: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    content = standalone(function, precision).SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
