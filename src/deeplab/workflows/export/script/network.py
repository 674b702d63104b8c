"""The network of a script."""

import inspect
from typing import Any

import keras

from deeplab.models.inspect import graph
from deeplab.workflows.export.script.expressions import Call, Raw, assignment, call_of, code, reciprocal


def network_code(network: Any, precision: str) -> str:
    """Write the network: the same layers with the same seeds of their initial weights.

    Args:
        network: as deeplab built it.
        precision: the policy of its layers.
    """
    if not isinstance(network, keras.Sequential):
        return _branched_code(network, precision)
    shape = Call("keras.Input", (network.input_shape[1:],))
    inside = [shape, *(_layer(layer, precision) for layer in network.layers)]
    return assignment("model", Call("keras.Sequential", (inside,)))


def _branched_code(network: Any, precision: str) -> str:
    """Write a layer a line; what only the next line takes is called x."""
    connected = graph(network)
    taken = [
        [number for number, (_, inputs) in enumerate(connected) if each in inputs] for each in range(len(connected))
    ]
    names = ["x" if taken[number] == [number + 1] else layer.name for number, (layer, _) in enumerate(connected)]
    lines = [assignment("inputs", Call("keras.Input", (network.input_shape[1:],)))]
    for (layer, numbers), name in zip(connected, names, strict=True):
        given = ", ".join(names[number] if number >= 0 else "inputs" for number in numbers)
        suffix = f"([{given}])" if len(numbers) > 1 else f"({given})"
        call = code(_layer(layer, precision), 0, len(name) + 3 + len(suffix))
        lines.append(f"{name} = {call}{suffix}")
    return "\n".join([*lines, assignment("model", Call("keras.Model", (Raw("inputs"), Raw(names[-1]))))])


def draws(network: Any) -> bool:
    """Tell whether layers draw random numbers while they train."""
    return any(variable.path.endswith("seed_generator_state") for variable in network.variables)


def _layer(layer: Any, precision: str) -> Call:
    if isinstance(layer, keras.Sequential):
        return Call("keras.Sequential", ([_layer(each, precision) for each in layer.layers],), {"name": layer.name})
    dtype = {} if layer.dtype_policy.name == precision else {"dtype": layer.dtype_policy.name}
    dtype |= {} if layer.trainable else {"trainable": False}
    if layer.name == "normalization":
        return Call("layers.Normalization", (), {"mean": Raw("mean"), "variance": Raw("variance"), **dtype})
    if layer.name == "units_of_targets":
        return Call("layers.Rescaling", (Raw("deviations"), Raw("means")), dtype)
    values = layer.get_config()
    values = {
        key: value for key, value in values.items() if key not in ("name", "dtype", "seed", "trainable", "data_format")
    }
    for key in inspect.signature(type(layer)).parameters:
        if key.endswith(("_initializer", "_regularizer")):
            values[key] = _object(getattr(layer, key), key, layer)
    if isinstance(layer, keras.layers.Rescaling) and isinstance(values["scale"], float):
        values["scale"] = reciprocal(values["scale"])
    made = call_of(layer, "layers", values)
    return Call(made.name, made.given, {**(made.named or {}), **dtype})


def _object(thing: Any, key: str, layer: Any) -> Any:
    """The call that makes an initialiser or a regulariser, or the default of the layer where it is that."""
    default = inspect.signature(type(layer)).parameters[key].default
    if thing is None:
        return default
    if key.endswith("_regularizer"):
        return call_of(thing, "regularizers", {name: value for name, value in thing.get_config().items() if value})
    usual = keras.initializers.get(default)
    if type(thing) is type(usual) and thing.get_config() == usual.get_config():
        return default
    return call_of(thing, "initializers")
