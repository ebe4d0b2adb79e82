# SPDX-License-Identifier: MIT
"""Refusals of whole kinds of models, of unknown versions and of unknown settings, each with what to do."""

from typing import Any

from deepion.errors import ExportError, RefusedError

from .stays_out import DEEPMD, DPLR, SPIN, descriptor_stays_out, fitting_stays_out, model_stays_out
from .values import brief

TABLES_MISSING = (
    "a compressed model whose tables are not in its file cannot be exported: export the original (not compressed) model"
)
WITHOUT_ATTENTION = ("dpa1", "se_atten", "se_atten_v2")  # exported where attn_layer is 0


def refuse_by_script(script: Any, model: dict[str, Any] | None = None) -> None:
    """What the training input says and the serialized model does not."""
    if not isinstance(script, dict):
        return
    if "model_dict" in script:
        heads = ", ".join(map(str, script["model_dict"]))
        raise RefusedError(
            f"a multi-task model cannot be exported: freeze one of its heads ({heads}) with: dp --pt freeze --head NAME"
        )
    descriptor = (model or {}).get("descriptor") or {}
    parts = [descriptor, *(descriptor.get("list") or [])] if isinstance(descriptor, dict) else []
    if script.get("compress") and not any(part.get("compress") for part in parts if isinstance(part, dict)):
        raise RefusedError(TABLES_MISSING)
    if script.get("spin"):
        raise RefusedError(SPIN)
    if script.get("modifier"):
        raise RefusedError(DPLR)
    if script.get("use_srtab"):
        raise RefusedError(
            "a model with a short-range table (use_srtab) whose table is not in its file cannot be exported: export its .pb or "
            ".pth file, or use DeePMD-kit for it"
        )
    given = script.get("descriptor")
    plain = isinstance(given, dict) and given.get("type") in ("se_e2_a", "se_a")
    if script.get("type_embedding") and plain and not (model or {}).get("type_embedding"):
        raise RefusedError("a model with type embedding cannot be exported from this kind of file: export its .pb file")
    if str(script.get("bridging_method") or "None").lower() != "none":
        raise RefusedError(f"bridging_method '{script['bridging_method']}' cannot be exported; use DeePMD-kit for it")


def refuse_model_kind(model: dict[str, Any]) -> None:
    kind = str(model.get("type", "standard"))
    reason = SPIN if "backbone_model" in model else model_stays_out(kind)
    if reason is not None:
        raise RefusedError(reason)
    if kind in ("pairtab", "pair_tab"):
        raise RefusedError(
            f"a model of a pair table alone (type '{kind}') cannot be exported: it has no Deep Potential; run its table with "
            "pair_style table"
        )
    if kind == "frozen":
        raise RefusedError(
            "a model of type 'frozen' cannot be exported: it names another model's file (model_file); export that one"
        )
    if kind != "standard":
        raise RefusedError(f"a model of type '{kind}' cannot be exported: deepion does not know it{DEEPMD}")


def refuse_descriptor_kind(descriptor: dict[str, Any]) -> None:
    kind = str(descriptor.get("type"))
    attention = kind in WITHOUT_ATTENTION and descriptor.get("attn_layer")
    if attention or kind not in ("se_e2_a", "se_a", "se_e2_r", "se_r", *WITHOUT_ATTENTION):
        raise RefusedError(descriptor_stays_out(kind, descriptor))
    if descriptor.get("@version") == 3 and not descriptor.get("compress"):
        raise RefusedError(TABLES_MISSING)
    if descriptor.get("spin") is not None:
        raise RefusedError(SPIN)


def refuse_fitting_kind(fitting: dict[str, Any]) -> None:
    kind = str(fitting.get("type"))
    if kind != "ener" or fitting.get("var_name", "energy") != "energy" or fitting.get("dim_out", 1) != 1:
        raise RefusedError(fitting_stays_out(kind, str(fitting.get("var_name", ""))))
    if fitting.get("use_aparam_as_mask"):
        raise RefusedError("use_aparam_as_mask cannot be exported: use DeePMD-kit for this model")
    if fitting.get("tot_ener_zero"):
        raise RefusedError("tot_ener_zero cannot be exported: use DeePMD-kit for this model")
    if fitting.get("spin") is not None:
        raise RefusedError(SPIN)
    if any(name is not None for name in fitting.get("layer_name") or []):
        raise RefusedError("a fitting net with shared layers (layer_name) cannot be exported")


def check_version(what: str, part: dict[str, Any], oldest: int, newest: int) -> None:
    version = part.get("@version", 1)
    if not isinstance(version, int) or not oldest <= version <= newest:
        raise ExportError(
            f"the {what} is stored in version {version}, this deepion reads {oldest} to {newest}: update deepion, or "
            "convert the model with DeePMD-kit 3.2.0"
        )


def refuse_unknown(what: str, part: dict[str, Any], known: set[str]) -> None:
    """An unknown setting that is not off may change the energy."""
    for key, setting in part.items():
        off = setting is None or setting is False or (isinstance(setting, (list, dict, str)) and not setting)
        if key not in known and not off:
            raise ExportError(
                f"the {what} has a setting that deepion does not know: {key} = {brief(setting, 80)}; update deepion, or convert the "
                "model with DeePMD-kit 3.2.0"
            )
