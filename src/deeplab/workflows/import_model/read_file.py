"""Read what Keras wrote of a model, as data: nothing in it is called, imported or unpickled."""

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.errors import UserError
from deeplab.files import DAMAGE, existing_file

MOST_BYTES = 4 << 20  # of a config.json: a network of 500 layers takes half a megabyte
CONFIG, WEIGHTS = "config.json", "model.weights.h5"

Shape = tuple[int, ...]


def read_config(text: str) -> dict[str, Any]:
    """The configuration of a model: of a `.keras` file, or a JSON file as `model.to_json()` gives it.

    Raises:
        UserError: it is neither, damaged, or too large to be one.
    """
    path = existing_file(text, "")
    try:
        if path.suffix.lower() == ".keras":
            with zipfile.ZipFile(path) as archive, archive.open(CONFIG) as stream:
                content = stream.read(MOST_BYTES + 1)
        elif path.suffix.lower() == ".json":
            with path.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
        else:
            raise UserError(f"{text}: a .keras file, or the .json of model.to_json(), is needed; save the model so.")
        if len(content) > MOST_BYTES:
            raise UserError(f"{text}: its configuration has more than {MOST_BYTES >> 20} MB, which no network needs.")
        values = json.loads(content)
    except PermissionError:
        raise UserError(f"{text}: no permission to read this file.") from None
    except RecursionError:
        raise UserError(f"{text}: its configuration is nested too deeply.") from None
    except DAMAGE as error:
        raise UserError(f"{text}: this is no model that Keras 3 wrote ({str(error)[:120]}).") from error
    if not isinstance(values, dict) or not isinstance(values.get("config"), dict):
        raise UserError(f"{text}: this is no configuration of a model of Keras 3.")
    return values


def read_weights(path: Path, wanted: Mapping[str, Sequence[Shape]], scratch: Path) -> dict[str, list[NDArray[Any]]]:
    """The weights of layers, by the layer's place in the file.

    Args:
        path: of a `.keras` file.
        wanted: the shapes that the weights of each layer must have.
        scratch: a folder for the file that lies packed in it.

    Raises:
        UserError: there are none, they are damaged, or have other shapes.
    """
    import h5py

    needed = 4 * sum(math.prod(shape) for shapes in wanted.values() for shape in shapes)
    unpacked = scratch / WEIGHTS
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(WEIGHTS)
            # The state of an optimiser may be in it, too: at most two or three numbers for each weight.
            if info.file_size > 8 * needed + (16 << 20):
                raise UserError(f"{path}: its weights take {info.file_size / 1e6:,.0f} MB, more than the layers have.")
            unpacked.write_bytes(archive.read(info))
        with h5py.File(unpacked, "r") as file:
            return {
                place: [_array(file, f"{place}/vars/{n}", s) for n, s in enumerate(shapes)]
                for place, shapes in wanted.items()
            }
    except DAMAGE as error:
        raise UserError(f"{path}: its weights cannot be read ({str(error)[:160]}).") from error


def _array(file: Any, place: str, shape: Shape) -> NDArray[Any]:
    """One weight; a link that leads to another file is not followed."""
    import h5py

    group = file
    for part in place.split("/"):
        link = group.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{place} is not there")
        group = group[part]
    if not isinstance(group, h5py.Dataset) or group.external or group.is_virtual or group.dtype.kind != "f":
        raise ValueError(f"{place} is no array of numbers")
    if group.shape != shape:
        raise ValueError(f"{place} has the shape {group.shape}, the layer {shape}")
    array = np.asarray(group[()], np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{place} holds NaN or infinity")
    return array
