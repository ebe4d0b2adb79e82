# SPDX-License-Identifier: MIT
"""Every kind of descriptor in a frozen TensorFlow graph: read from its nodes as the model that they were written from."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deepion.errors import ExportError
from deepion.export.exporter import load_potential
from deepion.export.serialized import potential_from_serialized
from descriptor_cases import THREE
from graph_writer import graph_of
from graphs import saved
from random_models import compressed, dpa1, embedding_net, hybrid, model, se_e2_a, type_embedding
from test_graphdef import assert_same

Build = Callable[[Any], dict[str, Any]]


def of_types(random, mode: str, one_side: bool, **settings) -> dict[str, Any]:
    """se_e2_a with a type embedding."""
    found = se_e2_a(random, THREE, one_side=one_side, sel=(20, 10, 15), **settings)
    extra = 6 * (1 if one_side else 2)
    found |= {"type_embedding_mode": mode, "tebd_dim": 6, "concat_output_tebd": True}
    nets = [embedding_net(random, 1 + extra if mode == "concat" else 1, [5, 10, 20])]
    found["embeddings"] = found["embeddings"] | {"ndim": 0, "networks": nets}
    if mode == "strip":
        found["embeddings_strip"] = found["embeddings"] | {"networks": [embedding_net(random, extra, [5, 10, 20])]}
    return found


def parts_of_one_embedding(random) -> dict[str, Any]:
    """Two parts with the same type embedding, which the fitting net takes once, at the end."""
    first = dpa1(random, THREE, smooth=False, tebd_output=False)
    second = dpa1(random, THREE, mode="strip", smooth=False, rcut=4.0, sel=30, neuron=(4, 8), axis=3)
    return hybrid(first, second | {"type_embedding": first["type_embedding"]})


# name: descriptor, shared fitting net, script of the descriptor
KINDS: dict[str, tuple[Build, bool]] = {
    "se_e2_a two-sided": (lambda r: se_e2_a(r, THREE, one_side=False, sel=(20, 0, 30)), False),
    "se_e2_a one-sided": (lambda r: se_e2_a(r, THREE), False),
    "se_e2_a excluded": (lambda r: se_e2_a(r, THREE, one_side=False, exclude=((0, 1), (2, 2))), False),
    "se_e2_r": (lambda r: se_e2_a(r, THREE, kind="se_r", one_side=False), False),
    "se_e2_r one-sided": (lambda r: se_e2_a(r, THREE, kind="se_r"), False),
    "dpa1 concat": (lambda r: dpa1(r, THREE, smooth=False), True),
    "dpa1 concat one-sided": (lambda r: dpa1(r, THREE, one_side=True, smooth=False, tebd_bias=True), True),
    "dpa1 strip": (lambda r: dpa1(r, THREE, mode="strip", smooth=False, activation="softplus"), True),
    "dpa1 electrons": (lambda r: dpa1(r, THREE, econf=True, smooth=False, resnet_dt=True), True),
    "types concat": (lambda r: of_types(r, "concat", False), True),
    "types concat one-sided": (lambda r: of_types(r, "concat", True), True),
    "types strip": (lambda r: of_types(r, "strip", False, shifted=False), True),
    "types strip one-sided": (lambda r: of_types(r, "strip", True, shifted=False), True),
    "hybrid": (lambda r: hybrid(se_e2_a(r, THREE), se_e2_a(r, THREE, kind="se_r", rcut=4.0, one_side=False),
                                se_e2_a(r, THREE, neuron=(4, 8), axis=2, rcut=3.5, one_side=False)), False),
    "hybrid of dpa1": (parts_of_one_embedding, True),
    "tables two-sided": (lambda r: compressed(r, se_e2_a(r, THREE, one_side=False, sel=(20, 0, 30))), False),
    "tables one-sided": (lambda r: compressed(r, se_e2_a(r, THREE)), False),
    "tables of se_e2_r": (lambda r: compressed(r, se_e2_a(r, THREE, kind="se_r", one_side=False)), False),
    "tables of dpa1": (lambda r: compressed(r, dpa1(r, THREE, mode="strip", smooth=False)), True),
    "tables in a hybrid": (lambda r: hybrid(compressed(r, se_e2_a(r, THREE)), compressed(r, se_e2_a(r, THREE, rcut=4.0))), False),
}  # fmt: skip


def written(name: str) -> dict[str, Any]:
    build, shared = KINDS[name]
    random = np.random.RandomState(sorted(KINDS).index(name))
    descriptor = build(random)
    data = model(random, THREE, descriptor, shared=shared) | {"backend": "TensorFlow"}
    if "type_embedding_mode" in descriptor:
        data["model"]["type_embedding"] = type_embedding(random, THREE, 6, False, True)
        wider = descriptor["neuron"][-1] * descriptor["axis_neuron"] + 6
        nets = data["model"]["fitting"]["nets"]["networks"]
        first = nets[0]["layers"][0]["@variables"]
        first["w"] = random.normal(size=(wider, first["w"].shape[1]))
    return data


@pytest.mark.parametrize("name", list(KINDS))
def test_read_as_written(tmp_path, name):
    data = written(name)
    excludes = data["model"]["descriptor"].get("exclude_types")
    script = {"descriptor": {"type": "se_e2_a", "exclude_types": excludes}} if excludes else None
    path = saved(graph_of(data, script), tmp_path / "graph.pb")
    read, expected = load_potential(path), potential_from_serialized(data, {})
    for part in (*read.parts, *expected.parts):  # what a compressed graph does not hold any more
        object.__setattr__(part, "activation", "")
        object.__setattr__(part, "neuron", part.neuron[-1:])
    assert_same(read, expected)


def test_type_embedding_that_is_not_there(tmp_path):
    message = graph_of(written("dpa1 concat"))
    kept = [node for node in message.node if not node.name.startswith("type_embed_net")]
    del message.node[:]
    message.node.extend(kept)
    with pytest.raises(ExportError, match="no type_embed_net"):
        load_potential(saved(message, tmp_path / "graph.pb"))


@pytest.mark.parametrize("name", ["tables one-sided", "tables of dpa1"])
def test_table_that_is_not_there(tmp_path, name):
    message = graph_of(written(name))
    table = next(node for node in message.node if node.name.endswith("/data"))
    message.node.remove(table)
    with pytest.raises(ExportError, match=f"no constant {table.name}"):
        load_potential(saved(message, tmp_path / "graph.pb"))


def test_attention_is_refused_by_name(tmp_path):
    message = graph_of(written("dpa1 concat"))
    for layer in range(2):
        message.node.add(name=f"attention_layer_{layer}/c_query/matrix", op="Const")
    with pytest.raises(ExportError, match="attention"):
        load_potential(saved(message, tmp_path / "graph.pb"))


@pytest.mark.parametrize("name", ["tables two-sided", "tables of dpa1", "hybrid of dpa1", "types strip"])
def test_damage_at_random_places(tmp_path, name):
    from test_graphdef import random_damage

    random = np.random.RandomState(6)
    path = tmp_path / "graph.pb"
    content = saved(graph_of(written(name)), path).read_bytes()
    with np.errstate(all="ignore"):
        for _ in range(50):
            path.write_bytes(random_damage(content, random))
            try:
                load_potential(path)
            except ExportError:
                pass
