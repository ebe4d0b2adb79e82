# SPDX-License-Identifier: MIT
"""Models of a Deep Potential and a table of pair energies: DP-ZBL (`zbl`) and weighted sums (`linear`)."""

from dataclasses import replace
from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.contract_check import MOST_SLOTS
from deepion.model.potential import NearestSwitch, PairTable, Potential

from .refusals import check_version, refuse_unknown
from .values import finite_number, float_array, positive_integer

KINDS = ("zbl", "linear", "linear_ener")
KEYS = {
    "@class", "@version", "@variables", "type", "type_map", "models", "weights", "sw_rmin", "sw_rmax", "smin_alpha",
    "atom_exclude_types", "pair_exclude_types", "rcond", "preset_out_bias", "pair_table", "energy",
}  # fmt: skip
TABLE_KEYS = {"@class", "@version", "@variables", "type", "tab", "rcut", "sel", "type_map", "atom_exclude_types",
              "pair_exclude_types", "rcond", "preset_out_bias", "tab_file"}  # fmt: skip


def _out_bias(model: dict[str, Any]) -> np.ndarray:
    """[ntypes], eV; [1] where there is none."""
    bias = (model.get("@variables") or {}).get("out_bias")
    return np.zeros(1) if bias is None else float_array("out_bias", bias).ravel()


class Combination:
    """A serialized model of several, taken apart: `model` is its Deep Potential, as a model of its own."""

    def __init__(self, outer: dict[str, Any], backend: str):
        """backend: that trained the model; PyTorch adds the output biases of the models inside, others do not."""
        self._outer = outer
        self._adds_inner = backend in ("PyTorch", "PyTorchExportable")
        self._kind = str(outer.get("type"))
        check_version(f"model of type {self._kind}", outer, 1, 3)
        refuse_unknown(f"model of type {self._kind}", outer, KEYS)
        models = outer.get("models")
        if not isinstance(models, list) or not all(isinstance(one, dict) for one in models):
            raise ExportError(f"the model of type {self._kind} has no models in it: the model file is incomplete")
        kinds = [str(one.get("type", "standard")) for one in models]
        if sorted(kinds) not in (["pairtab", "standard"], ["standard"]) or (
            self._kind == "zbl" and kinds[0] != "standard"
        ):
            raise ExportError(
                f"a {self._kind} model of {', '.join(kinds)} cannot be exported: only a Deep Potential with a table of pair "
                "energies; export Deep Potentials one by one and add them with pair_style hybrid/overlay"
            )
        place = kinds.index("standard")
        self._model_bias = _out_bias(models[place])
        self._table = next((one for one in models if one is not models[place]), None)
        self._weights = self._both_weights(len(models), place)
        for one in models:
            self._check_inner(one)
        settings = ("type_map", "atom_exclude_types", "pair_exclude_types", "@variables")
        self.model = models[place] | {key: outer[key] for key in settings if key in outer}

    def _both_weights(self, count: int, place: int) -> tuple[float, float]:
        """Of the Deep Potential and of the table."""
        given = self._outer.get("weights", "mean")
        if self._kind == "zbl":
            return 1.0, 1.0
        weights = given
        if isinstance(given, str) and given in ("sum", "mean"):
            weights = [1.0 if given == "sum" else 1.0 / count] * count
        if not isinstance(weights, (list, tuple)) or len(weights) != count:
            raise ExportError(f"weights: expected sum, mean or {count} numbers, got {given!r}")
        numbers = [finite_number("weights", weight) for weight in weights]
        return numbers[place], numbers[1 - place] if count == 2 else 0.0

    def _check_inner(self, one: dict[str, Any]) -> None:
        """What backends treat differently in the models inside."""
        biased = bool(np.any(_out_bias(one))) and not self._adds_inner
        excludes = any(len(one.get(key) or []) for key in ("atom_exclude_types", "pair_exclude_types"))
        if excludes or biased:
            raise ExportError(
                f"a {self._kind} model whose parts have excluded types or output biases of their own cannot be exported: use "
                "DeePMD-kit for it"
            )
        if (
            one.get("type_map")
            and self._outer.get("type_map")
            and list(one["type_map"]) != list(self._outer["type_map"])
        ):
            raise ExportError(
                f"a {self._kind} model whose parts have other elements than it has itself cannot be exported"
            )

    def complete(self, potential: Potential) -> Potential:
        """The Deep Potential with the table."""
        scale = potential.energy_scale * self._weights[0]
        out_bias, model_bias, pair_bias = self._biases(potential)
        shift = (
            potential.energy_shift - out_bias + model_bias
        )  # the bias of the whole was taken for that of the Deep Potential
        if self._table is None:
            return replace(potential, energy_scale=scale, energy_shift=shift * self._weights[0] + out_bias)
        table = self._pair_table(potential.ntypes)
        if self._kind == "zbl":
            # (1 - w) E_DP + w (E_pair + bias) = (1 - w) (E_DP - bias) + w E_pair + bias
            shift = shift - pair_bias
            switch = self._nearest(potential, table.sel, out_bias + pair_bias)
            table = replace(table, switch=switch)
        else:
            table = replace(table, coefficients=table.coefficients * self._weights[1])
            shift = shift * self._weights[0] + pair_bias * self._weights[1] + out_bias
        return replace(potential, energy_scale=scale, energy_shift=shift, pair_table=table)

    def _biases(self, potential: Potential) -> list[np.ndarray]:
        """Of the whole, of the Deep Potential and of the table, [ntypes] each."""
        silent = np.isin(np.arange(potential.ntypes), potential.atom_exclude_types)
        inner = [self._model_bias, np.zeros(1) if self._table is None else _out_bias(self._table)]
        biases = [_out_bias(self._outer), *(bias if self._adds_inner else np.zeros(1) for bias in inner)]
        for bias in biases:
            if bias.size not in (1, potential.ntypes):
                raise ExportError(f"out_bias: expected {potential.ntypes} values, got {bias.size}")
        return [np.where(silent, 0.0, bias) for bias in biases]

    def _pair_table(self, ntypes: int) -> PairTable:
        found = self._table or {}
        check_version("pair table", found, 1, 2)
        refuse_unknown("pair table", found, TABLE_KEYS)
        variables = (found.get("tab") or {}).get("@variables") or {}
        info = float_array("tab_info", variables.get("tab_info")).ravel()
        if info.size != 4 or info[0] < 0.0 or info[1] <= 0.0 or not 0.0 < info[2] < 1e7 or round(info[3]) != ntypes:
            raise ExportError(f"tab_info: expected start, step, intervals and {ntypes} types, got {info.tolist()}")
        intervals = int(info[2] + 0.1)
        data = float_array("tab_data", variables.get("tab_data"))
        if data.size != ntypes**2 * intervals * 4:
            raise ExportError(f"tab_data: expected {ntypes**2 * intervals * 4} values, got {data.size}")
        sel = found.get("sel")
        slots = positive_integer("sel of the pair table", int(sum(sel)) if isinstance(sel, (list, tuple)) else sel)
        rcut = finite_number("rcut of the pair table", found.get("rcut"))
        if slots > MOST_SLOTS or rcut <= 0.0:
            raise ExportError(
                f"pair table: expected a cutoff > 0 and at most {MOST_SLOTS} neighbors, got {rcut} and {slots}"
            )
        coefficients = data.reshape(ntypes, ntypes, intervals, 4)
        return PairTable(rcut, slots, float(info[0]), float(info[1]), coefficients, None)

    def _nearest(self, potential: Potential, slots: int, shift: np.ndarray) -> NearestSwitch:
        """The switch of DP-ZBL; it looks at the longer one of the two neighbor lists."""
        rmin, rmax = (finite_number(key, self._outer.get(key)) for key in ("sw_rmin", "sw_rmax"))
        alpha = finite_number("smin_alpha", self._outer.get("smin_alpha", 0.1))
        if not 0.0 <= rmin < rmax or alpha <= 0.0:
            raise ExportError(f"expected 0 <= sw_rmin < sw_rmax and smin_alpha > 0, got {rmin}, {rmax} and {alpha}")
        of_table = slots >= max(part.slots for part in potential.parts)
        if len(potential.parts) > 1 and slots < sum(part.slots for part in potential.parts):
            raise ExportError(
                "a zbl model with a hybrid descriptor of more neighbors than its table cannot be exported"
            )
        return NearestSwitch(rmin, rmax, alpha, of_table, shift)
