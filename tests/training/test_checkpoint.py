"""Checkpoints on disk."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.training.checkpoint import (
    DIGEST_BYTES,
    MAGIC,
    Checkpoint,
    DamagedError,
    from_bytes,
    newest,
    remove,
    to_bytes,
    write,
)
from deeplab.training.history import Epoch, History


def state(epochs: int) -> Checkpoint:
    metrics = {"train/loss": 0.1 + 0.2, "val/loss": float("nan")}
    return Checkpoint(
        History(tuple(Epoch(number, metrics) for number in range(1, epochs + 1))),
        stopped=False,
        early_stopping={"wait": 1, "best": 0.1 + 0.2, "stopped_epoch": 0, "best_epoch": None},
        weights=(np.arange(12, dtype=np.float32).reshape(3, 4), np.zeros(0, np.float32)),
        optimizer=(np.int64(7) * np.ones((), np.int64), np.float32([1.5])),
        best_weights=(),
    )


def test_it_reads_back_to_the_bit() -> None:
    ours, back = state(3), from_bytes(to_bytes(state(3)))
    assert back.history.values("train/loss") == [0.30000000000000004] * 3
    assert np.isnan(back.history.values("val/loss")).all()
    assert (back.epoch, back.stopped, back.early_stopping) == (3, False, ours.early_stopping)
    for kind in ("weights", "optimizer", "best_weights"):
        pairs = list(zip(getattr(ours, kind), getattr(back, kind), strict=True))
        assert all(np.array_equal(a, b) and a.dtype == b.dtype and a.shape == b.shape for a, b in pairs)


def test_one_of_before_a_plateau_could_be_waited_for_is_read() -> None:
    ours = replace(state(2), plateau={"wait": 3, "best": 0.5, "cooldown_counter": 0})
    assert from_bytes(to_bytes(ours)).plateau == ours.plateau
    content = to_bytes(ours)
    with np.load(io.BytesIO(content[len(MAGIC) + DIGEST_BYTES :])) as stored:
        arrays = {name: stored[name] for name in stored.files}
    values = json.loads(arrays["state"].tobytes())
    del values["plateau"]
    arrays["state"] = np.frombuffer(json.dumps(values).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    earlier = from_bytes(MAGIC + hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())
    assert (earlier.plateau, earlier.early_stopping) == ({}, ours.early_stopping)


def test_many_arrays_keep_their_order() -> None:
    many = tuple(np.float32([index]) for index in range(25))
    back = from_bytes(to_bytes(Checkpoint(History(()), False, {}, many, (), ())))
    assert [float(array[0]) for array in back.weights] == list(range(25))


CONTENT = to_bytes(state(2))


@given(place=st.integers(0, len(CONTENT) - 1), bit=st.integers(0, 7))
def test_any_bit_that_is_flipped_is_noticed(place: int, bit: int) -> None:
    damaged = bytearray(CONTENT)
    damaged[place] ^= 1 << bit
    with pytest.raises(DamagedError):
        from_bytes(bytes(damaged))


@given(length=st.integers(0, len(CONTENT) - 1))
def test_any_truncation_is_noticed(length: int) -> None:
    with pytest.raises(DamagedError):
        from_bytes(CONTENT[:length])


def test_two_are_kept_and_the_newest_is_found(tmp_path: Path) -> None:
    for epochs in (1, 2, 9, 10):
        write(tmp_path / "run", state(epochs))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["epoch-000009.ckpt", "epoch-000010.ckpt"]
    found, damaged = newest(tmp_path / "run")
    assert found is not None
    assert (found.epoch, damaged) == (10, [])


def test_a_damaged_one_falls_back_to_the_one_before(tmp_path: Path) -> None:
    for epochs in (1, 2):
        write(tmp_path, state(epochs))
    bad = tmp_path / "epoch-000002.ckpt"
    bad.write_bytes(bad.read_bytes()[:-1])
    (tmp_path / "epoch-000003.partial").write_bytes(b"half")
    found, damaged = newest(tmp_path)
    assert found is not None
    assert (found.epoch, damaged) == (1, [bad])


def test_none_is_found_where_there_is_none(tmp_path: Path) -> None:
    assert newest(tmp_path / "nothing") == (None, [])
    remove(tmp_path / "nothing")
