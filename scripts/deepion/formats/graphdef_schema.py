# SPDX-License-Identifier: MIT
"""The messages of a TensorFlow graph file (GraphDef) that a model is read from, with the field numbers of the public format.

Fields that are not named here (libraries of functions, devices, versions) are skipped by the parser. The messages live in a pool
of their own: a process that also imports TensorFlow sees no conflict.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "deepion.graphdef"

# numbers of the element types that can be decoded; a type that ends in _REF is the same plus 100 and is never stored
DATA_TYPES = {
    "DT_INVALID": 0,
    "DT_FLOAT": 1,
    "DT_DOUBLE": 2,
    "DT_INT32": 3,
    "DT_UINT8": 4,
    "DT_INT16": 5,
    "DT_INT8": 6,
    "DT_STRING": 7,
    "DT_COMPLEX64": 8,
    "DT_INT64": 9,
    "DT_BOOL": 10,
    "DT_BFLOAT16": 14,
    "DT_UINT16": 17,
    "DT_COMPLEX128": 18,
    "DT_HALF": 19,
    "DT_RESOURCE": 20,
    "DT_VARIANT": 21,
    "DT_UINT32": 22,
    "DT_UINT64": 23,
}

# message -> field -> (number, type, repeated); a type in capitals is a scalar, else a message or enumeration of this file
FIELDS: dict[str, dict[str, tuple[int, str, bool]]] = {
    "Dim": {"size": (1, "INT64", False)},
    "TensorShapeProto": {"dim": (2, "Dim", True), "unknown_rank": (3, "BOOL", False)},
    "TensorProto": {
        "dtype": (1, "DataType", False),
        "tensor_shape": (2, "TensorShapeProto", False),
        "tensor_content": (4, "BYTES", False),
        "float_val": (5, "FLOAT", True),
        "double_val": (6, "DOUBLE", True),
        "int_val": (7, "INT32", True),
        "string_val": (8, "BYTES", True),
        "int64_val": (10, "INT64", True),
        "bool_val": (11, "BOOL", True),
        "half_val": (13, "INT32", True),
        "uint32_val": (16, "UINT32", True),
        "uint64_val": (17, "UINT64", True),
    },
    "ListValue": {"s": (2, "BYTES", True), "i": (3, "INT64", True), "f": (4, "FLOAT", True)},
    "AttrValue": {
        "list": (1, "ListValue", False),
        "s": (2, "BYTES", False),
        "i": (3, "INT64", False),
        "f": (4, "FLOAT", False),
        "b": (5, "BOOL", False),
        "type": (6, "DataType", False),
        "tensor": (8, "TensorProto", False),
    },
    "NodeDef": {
        "name": (1, "STRING", False),
        "op": (2, "STRING", False),
        "input": (3, "STRING", True),
        "attr": (5, "AttrValue", True),  # a map by name
    },
    "GraphDef": {"node": (1, "NodeDef", True)},
}


@cache
def graph_message() -> type[Any]:
    """The class of the message GraphDef."""
    file = descriptor_pb2.FileDescriptorProto(name="deepion/graphdef.proto", package=PACKAGE, syntax="proto3")
    types = file.enum_type.add(name="DataType")
    for name, number in DATA_TYPES.items():
        types.value.add(name=name, number=number)
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            entry = message.field.add(name=field, number=number)
            entry.label = entry.LABEL_REPEATED if repeated else entry.LABEL_OPTIONAL
            if (name, field) == ("NodeDef", "attr"):
                entry.type = entry.TYPE_MESSAGE
                entry.type_name = f".{PACKAGE}.NodeDef.{_map_entry(message, kind)}"
            elif kind == "DataType":
                entry.type = entry.TYPE_ENUM
                entry.type_name = f".{PACKAGE}.{kind}"
            elif kind in FIELDS:
                entry.type = entry.TYPE_MESSAGE
                entry.type_name = f".{PACKAGE}.{kind}"
            else:
                entry.type = getattr(entry, f"TYPE_{kind}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.GraphDef"))


def _map_entry(message: Any, value: str) -> str:
    """Add the nested message that protobuf stores a map from names to `value` as."""
    nested = message.nested_type.add(name="AttrEntry")
    nested.options.map_entry = True
    key = nested.field.add(name="key", number=1)
    key.label, key.type = key.LABEL_OPTIONAL, key.TYPE_STRING
    entry = nested.field.add(name="value", number=2)
    entry.label, entry.type, entry.type_name = entry.LABEL_OPTIONAL, entry.TYPE_MESSAGE, f".{PACKAGE}.{value}"
    return "AttrEntry"
