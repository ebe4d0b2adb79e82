# SPDX-License-Identifier: MIT
"""The training script in a frozen graph, each setting checked when it is taken: the file may come from anywhere."""

import json
from typing import Any

from deepion.errors import ExportError

from .graphdef import Graph


class Settings:
    """One dictionary of the training script; empty where the graph has no script."""

    def __init__(self, values: dict[str, Any], where: str):
        self.values = values
        self._where = where

    def __bool__(self) -> bool:
        return bool(self.values)

    def _refuse(self, key: str, expected: str) -> ExportError:
        text = repr(self.values.get(key))
        text = text if len(text) < 80 else text[:80] + "..."
        return ExportError(
            f"the training script in the graph is damaged: {self._where}{key}: expected {expected}, got {text}"
        )

    def part(self, key: str) -> "Settings":
        value = self.values.get(key) or {}
        if not isinstance(value, dict):
            raise self._refuse(key, "a dictionary")
        return Settings(value, f"{self._where}{key}/")

    def parts(self, key: str) -> "list[Settings]":
        value = self.values.get(key) or []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self._refuse(key, "a list of dictionaries")
        return [Settings(one, f"{self._where}{key}/{number}/") for number, one in enumerate(value)]

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self._refuse(key, "a text")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.values.get(key, default)
        if value is not None and not isinstance(value, bool):
            raise self._refuse(key, "true or false")
        return bool(value)

    def names(self, key: str) -> list[str | None]:
        """A list of texts, of which some may be missing."""
        value = self.values.get(key) or []
        if not isinstance(value, list) or not all(name is None or isinstance(name, str) for name in value):
            raise self._refuse(key, "a list of texts")
        return value

    def numbers(self, key: str) -> list[float | None]:
        """A list of numbers, of which some may be missing."""
        value = self.values.get(key) or []
        if not isinstance(value, list) or not all(one is None or _is_number(one) for one in value):
            raise self._refuse(key, "a list of numbers")
        return value

    def pairs(self, key: str) -> list[list[int]]:
        """A list of pairs of whole numbers."""
        value = self.values.get(key) or []
        if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            raise self._refuse(key, "a list of pairs")
        if not all(isinstance(one, int) and not isinstance(one, bool) for pair in value for one in pair):
            raise self._refuse(key, "a list of pairs of types")
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


def model_settings(graph: Graph) -> Settings:
    """The entry "model" of the training script, with the dictionaries that are looked into as dictionaries."""
    text = graph.text("train_attr/training_script")
    if text is None:
        return Settings({}, "")
    try:
        script = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"the training script in the graph is damaged: {error}") from None
    if not isinstance(script, dict):
        raise ExportError("the training script in the graph is damaged: not a dictionary")
    model = Settings(script, "").part("model")
    for key in ("descriptor", "fitting_net", "type_embedding", "model_dict"):
        model.part(key)
    model.part("descriptor").parts("list")
    return model
