# SPDX-License-Identifier: MIT
"""Models that deepion does not run: what each is, why it stays out, and the way that works today."""

from typing import Any

DISTILL = """
  Two ways that work today:
  - distill it: label structures like those of your runs with this model, and train DPA-1 without attention on them
    ("descriptor": {"type": "se_atten_v2", "attn_layer": 0, ...}):  dp --pt train input.json; dp --pt freeze -o student.pth;
    then  deepion export student.pth student.onnx  (the page on models has the commands)
  - run it with DeePMD-kit: pair_style deepmd in LAMMPS"""
DEEPMD = "; use DeePMD-kit for it"
SPIN = "a spin model cannot be exported: deepion has no magnetic moments; run it with DeePMD-kit (pair_style deepspin)"
DPLR = (
    "a model with a modifier (long-range charges, DPLR) cannot be exported: deepion has no electrostatics; run it with "
    "DeePMD-kit (pair_style deepmd with fix dplr)"
)
MESSAGES = "its atoms exchange messages, deepion looks at one neighborhood at a time"
THREE_BODY = "it sums over pairs of neighbors, which no table of a distance replaces"
SPIN_MODELS = {"spin", "spin_ener", "native_spin", "sezm_spin", "sezm_native_spin"}
# descriptors by the names that files have, in lower case: the name for people, and why it stays out
DESCRIPTORS = {
    "dpa2": ("DPA-2", MESSAGES),
    "se_repformer": ("DPA-2", MESSAGES),
    "se_uni": ("DPA-2", MESSAGES),
    "dpa3": ("DPA-3", MESSAGES),
    "se_repflow": ("DPA-3", MESSAGES),
    "dpa4": ("DPA-4", MESSAGES),
    "sezm": ("DPA-4", MESSAGES),
    "dpa4c": ("DPA-4C", "its networks have a form of their own"),
    "se_e3": ("DeepPot-SE, three-body", THREE_BODY),
    "se_t": ("DeepPot-SE, three-body", THREE_BODY),
    "se_at": ("DeepPot-SE, three-body", THREE_BODY),
    "se_a_3be": ("DeepPot-SE, three-body", THREE_BODY),
    "se_e3_tebd": ("DeepPot-SE, three-body", THREE_BODY),
    "se_t_tebd": ("DeepPot-SE, three-body", THREE_BODY),
    "se_ttebd": ("DeepPot-SE, three-body", THREE_BODY),
    "loc_frame": ("local frames", "its energy is not smooth where neighbors change places"),
}
# fitting nets: what they predict, and what DeePMD-kit has for it
FITTINGS = {
    "dipole": ("dipoles", "dp test, compute deeptensor/atom"),
    "polar": ("polarizabilities", "dp test, compute deeptensor/atom"),
    "dos": ("the density of states", "dp test"),
    "property": ("a property", "dp test"),
    "population": ("populations", "dp test"),
    "denoise": ("positions without noise", "it prepares a training"),
}


def model_stays_out(kind: str) -> str | None:
    """What to say about a model by its type alone; None: the type says nothing."""
    if kind in SPIN_MODELS:
        return SPIN
    if kind.lower().startswith(("sezm", "dpa4")):
        return descriptor_stays_out("dpa4", {})
    return None


def descriptor_stays_out(kind: str, descriptor: dict[str, Any]) -> str:
    """What to say about a descriptor that is not exported."""
    if descriptor.get("attn_layer"):
        layers = descriptor["attn_layer"]
        return (
            f"{kind} with attention (attn_layer {layers}) cannot be exported: its neighbors act on each other, only without "
            f"attention is each a function of its distance{DISTILL}"
        )
    if kind.lower() in DESCRIPTORS:
        name, why = DESCRIPTORS[kind.lower()]
        return f"descriptor '{kind}' ({name}) cannot be exported: {why}{DISTILL}"
    return (
        f"descriptor '{kind}' cannot be exported: deepion does not know it; it runs se_e2_a, se_e2_r, DPA-1 without attention "
        f"(dpa1, se_atten, se_atten_v2) and hybrids of these{DEEPMD}"
    )


def fitting_stays_out(kind: str, variable: str) -> str:
    """What to say about a fitting net that is not exported; variable: the name of what it predicts."""
    if kind in FITTINGS:
        what, instead = FITTINGS[kind]
        if kind == "property" and variable not in ("", "energy", "property"):
            what = f"the property '{variable}'"
        return (
            f"fitting net '{kind}' cannot be exported: it predicts {what}, and nothing moves by that; use DeePMD-kit "
            f"({instead})"
        )
    if kind.startswith("direct_force"):
        return f"fitting net '{kind}' cannot be exported: its forces are not the slope of its energy{DEEPMD}"
    return f"fitting net '{kind}' cannot be exported: deepion runs energy models (fitting 'ener') only{DEEPMD}"
