# SPDX-License-Identifier: MIT
"""The exported file: writing it, and opening it with every check in a fixed order.

The file is B + E: B a serialized ModelProto, E one more metadata entry "deepion_sha256" with the sha256 of B. Protocol
buffers concatenate, so B + E is an ordinary ModelProto.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import helper

from deepion.errors import ModelFileError
from deepion.formats.table import SUFFIXES, export_command

from .contract import (
    NEWEST_FORMAT,
    PAIR_TABLE,
    basis_name,
    contract_of,
    fitting_names,
    format_version,
    function_names,
    gate_name,
    reduced_fitting_name,
)
from .contract_check import check_contract
from .graph import build_graph
from .networks import (
    ReducedParameters,
    basis_function,
    embedding_function,
    fitting_function,
    gate_function,
    reduced_fitting_function,
)
from .onnx_nodes import DOMAIN, DOMAIN_VERSION, OPSET
from .pair_tables import pair_table_function
from .potential import Family, Potential, Table
from .reduction import Reduction
from .tables import table_function

FORMAT_KEY = "deepion_format"
CONTRACT_KEY = "deepion_contract"
HASH_KEY = "deepion_sha256"
IR_VERSION = 8
_METADATA_FIELD_TAG = 0x72  # ModelProto.metadata_props, length-delimited


@dataclass(frozen=True)
class ModelFile:
    """An opened and checked model file; `sha256` is that of the whole file, as `sha256sum` and the plugin print it."""

    path: Path
    content: bytes
    contract: dict[str, Any]
    sha256: str


def write_model_file(path: Path, potential: Potential, reduction: Reduction | None = None) -> str:
    """Write the potential as ONNX; returns the sha256 of the file."""
    content = with_trailer(build_model(potential, reduction).SerializeToString(deterministic=True))
    path = Path(path)
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ModelFileError(f"{path}: cannot be written: {error.strerror or error}") from None
    return hashlib.sha256(content).hexdigest()


def build_model(potential: Potential, reduction: Reduction | None = None) -> onnx.ModelProto:
    """The ModelProto without its trailer."""
    contract = contract_of(potential, reduction)
    version = format_version(potential)
    check_contract(contract, version)
    names = fitting_names(potential)
    functions = _embedding_functions(potential)
    if isinstance(potential.fitting, Family):
        shared = fitting_function(str(names), potential.fitting, potential.scaling, any(potential.vacuum))
        functions.append(shared)
    else:
        functions += [
            fitting_function(names[t], potential.fitting[t], potential.scaling, potential.vacuum[t])
            for t in range(potential.ntypes)
        ]
    if potential.pair_table is not None:
        functions.append(pair_table_function(PAIR_TABLE, potential.pair_table))
    if reduction is not None:
        for k, level in enumerate(reduction.levels):
            for i, center in enumerate(level.centers):
                functions.append(basis_function(basis_name(k, i), center.basis))
                param = _reduced_parameters(potential, i)
                functions.append(reduced_fitting_function(reduced_fitting_name(k, i), center.network, param))
    model = helper.make_model(
        build_graph(potential),
        functions=functions,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, DOMAIN_VERSION)],
        ir_version=IR_VERSION,
        producer_name="deepion",
        producer_version=contract["producer"].split()[-1],
    )
    helper.set_model_props(
        model, {FORMAT_KEY: str(version), CONTRACT_KEY: json.dumps(contract, indent=1, allow_nan=False)}
    )
    return model


def _embedding_functions(potential: Potential) -> list[onnx.FunctionProto]:
    """Embedding nets and gates of all parts."""
    functions = []
    for number, part in enumerate(potential.parts):
        for name, net in part.embedding.items():
            if isinstance(net, Table):
                functions.append(table_function(name, net))
            else:
                functions.append(embedding_function(name, net, potential.ntypes))
        if part.gate is not None:
            functions.append(gate_function(gate_name(number), part.gate, potential.ntypes))
    return functions


def _reduced_parameters(potential: Potential, center: int) -> ReducedParameters | None:
    if potential.scaling is None:
        return None
    vacuum = potential.fitting_net(center) if potential.vacuum[center] else None
    return ReducedParameters(potential.scaling, vacuum, potential.numb_aparam > 0)


def with_trailer(body: bytes) -> bytes:
    """The body followed by the metadata entry that holds its sha256."""
    return body + _trailer(hashlib.sha256(body).hexdigest())


def open_model_file(path: Path) -> ModelFile:
    """Read and check a model file; raises ModelFileError with the file's name and what is wrong."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        contract, digest = check_content(content)
    except ModelFileError as error:
        what = str(error)
        if path.suffix.lower() in SUFFIXES:
            what = f"a DeePMD-kit model: export it first: {export_command(path)}"
        raise ModelFileError(f"{path}: {what}") from None
    return ModelFile(path, content, contract, digest)


def check_content(content: bytes) -> tuple[dict[str, Any], str]:
    """All checks on a file's bytes, in order; returns its contract and the sha256 of all of it."""
    if not content:
        raise ModelFileError("the file is empty")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError:
        raise ModelFileError("not a readable ONNX file, or truncated") from None
    metadata = {_text(entry.key): _text(entry.value) for entry in model.metadata_props}
    if FORMAT_KEY not in metadata:
        raise ModelFileError(
            f"not a deepion model (no '{FORMAT_KEY}' in its metadata): export it with `deepion export`"
        )
    contract = _contract(metadata, _version(metadata[FORMAT_KEY]))
    _check_trailer(content)
    _check_functions(model, contract)
    return contract, hashlib.sha256(content).hexdigest()


def _text(value: str | bytes) -> str:
    """Protocol buffers hand out text that is not UTF-8 as bytes."""
    return value if isinstance(value, str) else value.decode(errors="replace")


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ModelFileError(f"format version: got '{text[:40]}', expected a whole number: re-export the model")
    if int(text) > NEWEST_FORMAT:
        raise ModelFileError(
            f"format version {int(text)} is newer than this deepion understands ({NEWEST_FORMAT}): "
            "update deepion or re-export"
        )
    return int(text)


def _contract(metadata: dict[str, str], version: int) -> dict[str, Any]:
    if CONTRACT_KEY not in metadata:
        raise ModelFileError(f"no '{CONTRACT_KEY}' in its metadata: re-export the model")
    try:
        contract = json.loads(metadata[CONTRACT_KEY])
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"contract: not valid JSON ({error}): re-export the model") from None
    check_contract(contract, version)
    return contract


def _entry(field: int, text: str) -> bytes:
    data = text.encode()
    return bytes([(field << 3) | 2, len(data)]) + data


def _trailer(digest: str) -> bytes:
    """The encoded metadata entry; its length does not depend on the digest."""
    inner = _entry(1, HASH_KEY) + _entry(2, digest.ljust(64, "0"))
    return bytes([_METADATA_FIELD_TAG, len(inner)]) + inner


def _check_trailer(content: bytes) -> None:
    digest = hashlib.sha256(content[: -len(_trailer(""))]).hexdigest()
    if not content.endswith(_trailer(digest)):
        raise ModelFileError("the file was changed or damaged since its export (sha256 does not match): re-export it")


def _check_functions(model: onnx.ModelProto, contract: dict[str, Any]) -> None:
    present = {function.name for function in model.functions if function.domain == DOMAIN}
    for name in function_names(contract):
        if name not in present:
            raise ModelFileError(f"function '{name}' of the contract is not in the file: re-export the model")
