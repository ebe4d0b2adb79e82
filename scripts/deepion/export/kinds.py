# SPDX-License-Identifier: MIT
"""What kind of value each setting of a serialized model has: checked as a whole before anything is read from a file that may be
damaged, so that the translators need not expect a text in the place of a list.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepion.errors import ExportError

from .values import brief

DEEPEST = 30  # of the tree; DeePMD-kit's have about 10 levels


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _real(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _truth(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_)) or _whole(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _dictionary(value: Any) -> bool:
    return isinstance(value, dict)


def _dictionaries(value: Any) -> bool:
    return isinstance(value, list) and all(one is None or isinstance(one, dict) for one in value)


def _wholes(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(_whole(one) for one in value)


def _array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1 and np.issubdtype(value.dtype, np.integer)


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)


# each setting may be missing or None as well
KINDS: list[tuple[str, Callable[[Any], bool], str]] = [
    ("a dictionary", _dictionary, "@variables descriptor fitting nets embeddings embeddings_strip type_embedding embedding env_mat "
     "compress tab"),
    ("a list of dictionaries", _dictionaries, "networks layers models list"),
    ("a list of whole numbers", _wholes, "neuron atom_exclude_types"),
    ("a list of names", _texts, "type_map"),
    ("a list", lambda value: isinstance(value, (list, tuple)),
     "exclude_types pair_exclude_types layer_name atom_ener default_fparam compress_info compress_data"),
    ("a whole number or a list of them", lambda value: _whole(value) or _wholes(value) or _array(value), "sel"),
    ("a whole number", _whole, "@version ntypes ndim axis_neuron numb_fparam numb_aparam dim_case_embd attn_layer lmax tebd_dim dim_out"),
    ("a number", _real, "rcut rcut_smth env_protection protection sw_rmin sw_rmax smin_alpha"),
    ("true or false", _truth, "resnet resnet_dt type_one_side set_davg_zero smooth_type_embedding concat_output_tebd use_econf_tebd "
     "use_tebd_bias use_exp_switch mixed_types use_aparam_as_mask tot_ener_zero geo_compress"),
    ("a text", _text, "type @class activation_function precision tebd_input_mode type_embedding_mode var_name network_type"),
]  # fmt: skip
EXPECTED = {key: (what, check) for what, check, keys in KINDS for key in keys.split()}


def check_kinds(node: Any, where: str = "model", depth: int = 0) -> None:
    """Raise ExportError, naming the place, for the first setting that is of another kind than DeePMD-kit writes."""
    if depth > DEEPEST:
        raise ExportError(f"{where}: nested too deeply: the model file is damaged")
    if isinstance(node, dict):
        for key, value in node.items():
            what, check = EXPECTED.get(key, ("", None))
            if check is not None and value is not None and not check(value):
                raise ExportError(f"{where}: {key}: expected {what}, got {brief(value, 60)}")
            check_kinds(value, f"{where}.{key}", depth + 1)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            if isinstance(value, (dict, list)):
                check_kinds(value, f"{where}[{number}]", depth + 1)
