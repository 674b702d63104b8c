"""The state of a training after an epoch, on disk: written aside, checksummed, synced, renamed, two kept."""

import hashlib
import io
import json
import math
import os
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.files import DAMAGE, array_header
from deeplab.training.history import Epoch, History

MAGIC = b"deeplab checkpoint 1\n"
DIGEST_BYTES = 32
KEPT = 2

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True)
class Checkpoint:
    """All that a training needs to go on as if it had never stopped.

    What layers draw and the order of rows are functions of (seed, epoch) and need no state.
    """

    history: History  # of the epochs that are done
    stopped: bool  # whether early stopping has ended the training
    early_stopping: dict[str, float | int | None]  # numbers that early stopping goes on from; empty where there is none
    weights: Arrays  # of the network, as they are trained; where they are averaged, `optimizer` has the averages
    optimizer: Arrays  # variables of the optimiser, its step among them; none to begin with a new one
    best_weights: Arrays  # those of the best epoch so far, where they are kept
    # numbers that a schedule which waits for a plateau goes on from; empty where there is none
    plateau: dict[str, float | int | None] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Number of epochs that are done."""
        return len(self.history.epochs)


@dataclass(frozen=True)
class CheckpointSink:
    """Where the states go that a training passes through."""

    latest: Callable[[Checkpoint], None]  # takes one as often as the configuration says, to go on from after a kill
    kept: Callable[[Checkpoint], None] | None = None  # takes that of every `keep_every`-th epoch, for good
    keep_every: int = 1


class DamagedError(Exception):
    """A file is not the checkpoint that was written."""


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """A checkpoint as one piece: a mark, the SHA-256 of the rest, and the rest as plain arrays."""
    state = {
        "epochs": [epoch.metrics for epoch in checkpoint.history.epochs],
        "stopped": checkpoint.stopped,
        "early_stopping": checkpoint.early_stopping,
        "plateau": checkpoint.plateau,
    }
    arrays = {"state": np.frombuffer(json.dumps(state).encode(), np.uint8)}
    for kind in ("weights", "optimizer", "best_weights"):
        arrays |= {f"{kind}.{index}": array for index, array in enumerate(getattr(checkpoint, kind))}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    payload = buffer.getvalue()
    return MAGIC + hashlib.sha256(payload).digest() + payload


def from_bytes(content: bytes) -> Checkpoint:
    """Read what `to_bytes` made.

    Raises:
        DamagedError: the content is anything else, by a single bit.
    """
    head = len(MAGIC) + DIGEST_BYTES
    payload = content[head:]
    if content[: len(MAGIC)] != MAGIC or hashlib.sha256(payload).digest() != content[len(MAGIC) : head]:
        raise DamagedError("the checksum is wrong")
    try:
        _check_sizes(payload)
        with np.load(io.BytesIO(payload), allow_pickle=False) as stored:
            state = json.loads(stored["state"].tobytes())
            groups: dict[str, list[NDArray[Any]]] = {"weights": [], "optimizer": [], "best_weights": []}
            for name in stored.files:  # in the order they were written
                if name != "state":
                    groups[name.partition(".")[0]].append(stored[name])
        epochs = tuple(Epoch(number, _numbers(metrics)) for number, metrics in enumerate(state["epochs"], start=1))
        return Checkpoint(
            History(epochs),
            bool(state["stopped"]),
            _numbers(state["early_stopping"]),
            **{kind: tuple(arrays) for kind, arrays in groups.items()},
            plateau=_numbers(state.get("plateau", {})),  # earlier checkpoints have none
        )
    except (*DAMAGE, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(str(error)) from error


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    if odd := next((name for name, value in values.items() if not isinstance(value, int | float | None)), None):
        raise ValueError(f"{odd} is no number")
    return dict(values)


def _check_sizes(payload: bytes) -> None:
    """Refuse arrays that claim to be larger than what is there; NumPy makes room for what they claim."""
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        for info in archive.infolist():
            with archive.open(info) as stream:
                shape, dtype = array_header(stream)
                size = math.prod(shape) * dtype.itemsize
                if not size == info.file_size - stream.tell() <= len(payload):
                    raise ValueError(f"{info.filename} claims shape {shape}, which is not its size")


def file_name(checkpoint: Checkpoint) -> str:
    """The name of its file, in the order of epochs."""
    return f"epoch-{checkpoint.epoch:06d}.ckpt"


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and remove all but the newest two.

    It appears under its name complete or not at all, whatever moment the machine stops at.

    Raises:
        OSError: the folder takes no more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(checkpoint)
    aside = path.with_suffix(".partial")
    with aside.open("wb") as file:
        file.write(to_bytes(checkpoint))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    _sync_folder(folder)
    for old in _files(folder)[KEPT:]:
        old.unlink()


def newest(folder: Path) -> tuple[Checkpoint | None, list[Path]]:
    """The newest checkpoint that is whole, and those newer ones that are damaged."""
    damaged: list[Path] = []
    for path in _files(folder):
        try:
            return from_bytes(path.read_bytes()), damaged
        except (DamagedError, OSError):
            damaged.append(path)
    return None, damaged


def restore(checkpoint: Checkpoint, trainer: Any) -> None:
    """Give a compiled and built model the weights and the optimiser of a checkpoint.

    Raises:
        ValueError: they are of another network or optimiser.
    """
    trainer.set_weights(checkpoint.weights)
    if not checkpoint.optimizer:
        return  # a new stage begins with a new one
    for variable, value in zip(trainer.optimizer.variables, checkpoint.optimizer, strict=True):
        variable.assign(value)


def remove(folder: Path) -> None:
    """Remove the checkpoints of a run that is finished and logged."""
    shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch-*.ckpt"), reverse=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can be told to."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
