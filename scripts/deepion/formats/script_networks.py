# SPDX-License-Identifier: MIT
"""Networks of a TorchScript archive in DeePMD-kit's serialized form."""

from typing import Any

from deepion.errors import ExportError

from .script_object import ScriptObject

MOST_LAYERS = 400_000  # a damaged archive may name one network again and again


class NetworkReader:
    """Reads networks, and counts their layers."""

    def __init__(self) -> None:
        self._layers = 0

    def collection(self, nets: ScriptObject, kind: str) -> dict[str, Any]:
        """A NetworkCollection; kind: "embedding_network" or "fitting_network"."""
        return {
            "@class": "NetworkCollection",
            "@version": 1,
            "ndim": nets.whole("ndim"),
            "ntypes": nets.whole("ntypes"),
            "network_type": kind,
            "networks": [self.network(net, kind) for net in nets.children("networks")],
        }

    def network(self, net: ScriptObject, kind: str) -> dict[str, Any]:
        """An EmbeddingNet or FittingNet."""
        data = {
            "@class": "EmbeddingNetwork" if kind == "embedding_network" else "FittingNetwork",
            "@version": 2 if kind == "embedding_network" else 1,
            "in_dim": net.whole("in_dim"),
            "neuron": net.values("neuron", (int,)),
            "activation_function": net.text("activation_function"),
            "resnet_dt": net.flag("resnet_dt"),
            "precision": net.text("precision"),
            "layers": [self._layer(layer) for layer in net.children("layers")],
        }
        if kind == "embedding_network":
            data["bias"] = net.flag("bias", True)
        else:
            data |= {"out_dim": net.whole("out_dim"), "bias_out": net.flag("bias_out", True)}
        return data

    def _layer(self, layer: ScriptObject) -> dict[str, Any]:
        self._layers += 1
        if self._layers > MOST_LAYERS:
            raise ExportError(f"more than {MOST_LAYERS} layers: damaged")
        bias, time_step = layer.array("bias", None), layer.array("idt", None)
        return {
            "@class": "Layer",
            "@version": 2,
            "bias": bias is not None,
            "use_timestep": time_step is not None,
            "activation_function": layer.text("activate_name", None) or "none",
            "resnet": layer.flag("resnet"),
            "precision": layer.text("precision"),
            "trainable": layer.flag("trainable", True),
            "@variables": {"w": layer.array("matrix"), "b": bias, "idt": time_step},
        }

    def type_embedding(self, embedding: ScriptObject) -> dict[str, Any]:
        """A TypeEmbedNetConsistent."""
        return {
            "@class": "TypeEmbedNet",
            "@version": 2,
            "ntypes": embedding.whole("ntypes"),
            "neuron": embedding.values("neuron", (int,)),
            "resnet_dt": embedding.flag("resnet_dt"),
            "precision": embedding.text("precision"),
            "activation_function": embedding.text("activation_function"),
            "trainable": embedding.flag("trainable", True),
            "padding": embedding.flag("padding"),
            "use_econf_tebd": embedding.flag("use_econf_tebd", False),
            "use_tebd_bias": embedding.flag("use_tebd_bias", True),
            "type_map": embedding.values("type_map", (str,), None),
            "embedding": self.network(embedding.child("embedding_net"), "embedding_network"),
        }
