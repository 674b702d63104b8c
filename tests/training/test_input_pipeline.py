from pathlib import Path
from typing import Any

import numpy as np

from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.training.input_pipeline import (
    EpochPermutation,
    ExampleLookup,
    block_sizes,
    load_blocks,
    row_order,
    single_batches,
    validation_batches,
)
from deeplab.training.targets import Target, Targets


def rows(count: int) -> Split:
    x = np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2, 1)
    return Split.whole(x, (np.arange(count) % 3).astype(np.int32))


def one_hot(split: Split) -> Target:
    info = DatasetInfo("rows", (2, 2, 1), 3, ("a", "b", "c"), "", 1 / 255)
    return Targets("classification", info).for_split(split)


def test_order_is_a_function_of_seed_and_epoch() -> None:
    assert np.array_equal(row_order(1, 2, 50), row_order(1, 2, 50))
    orders = {tuple(row_order(seed, epoch, 50)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert all(sorted(order) == list(range(50)) for order in orders)


def walk(split: Split, batch_size: int, steps: int, seed: int = 0) -> tuple[EpochPermutation, Any]:
    order = EpochPermutation(split, seed)
    return order, order.blocks(batch_size, block_sizes(len(split), batch_size, steps))


def test_every_row_comes_once_in_the_order_of_the_epoch_and_the_last_batch_is_short() -> None:
    split = rows(10)
    _, blocks = walk(split, 4, 1, seed=5)
    found = list(single_batches(blocks, ExampleLookup(split, one_hot(split))).as_numpy_iterator())
    assert [len(x) for x, _ in found] == [4, 4, 2]
    x = np.concatenate([x for x, _ in found])
    y = np.concatenate([y for _, y in found])
    order = row_order(5, 0, 10)
    assert x.dtype == np.uint8
    assert np.array_equal(x, split.x[order])
    assert np.array_equal(y, np.eye(3, dtype=np.float32)[split.y[order]])


def test_blocks_hold_the_same_batches() -> None:
    split, weights = rows(23), np.array([1, 2, 4], np.float32)
    look_up = ExampleLookup(split, one_hot(split), weights)
    one_by_one = list(single_batches(walk(split, 4, 1)[1], look_up).as_numpy_iterator())
    in_blocks = list(load_blocks(walk(split, 4, 2)[1], look_up).as_numpy_iterator())
    assert [len(x) for x, _, _ in in_blocks] == block_sizes(23, 4, 2) == [2, 2, 1, 1]
    flat = [tuple(part[step] for part in block) for block in in_blocks for step in range(len(block[0]))]
    assert len(flat) == len(one_by_one)
    for ours, theirs in zip(flat, one_by_one, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_part_gives_its_own_rows_only() -> None:
    part = rows(10).subset(np.array([7, 3, 5]))
    (block,) = walk(part, 3, 4)[1].as_numpy_iterator()
    assert block.tolist() == [row_order(0, 0, 3).tolist()]
    images, labels = ExampleLookup(part, one_hot(part))(block)
    assert np.array_equal(images[0], part.images(block[0]))
    assert np.array_equal(np.argmax(labels[0], 1), part.labels[block[0]])


def test_rows_on_disk_are_taken_like_rows_in_memory(tmp_path: Path) -> None:
    split = rows(10)
    np.save(tmp_path / "rows.npy", split.x)
    mapped = Split.whole(np.load(tmp_path / "rows.npy", mmap_mode="r"), split.y)
    look_ups = [ExampleLookup(source, one_hot(source)) for source in (split, mapped)]
    assert [look_up.in_memory for look_up in look_ups] == [True, False]
    for batches in (single_batches, load_blocks):
        in_memory, on_disk = (list(batches(walk(split, 4, 1)[1], one).as_numpy_iterator()) for one in look_ups)
        assert len(in_memory) == 3
        for ours, theirs in zip(in_memory, on_disk, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_each_epoch_has_its_own_order() -> None:
    split = rows(40)
    order, blocks = walk(split, 40, 1)
    (first,) = blocks.as_numpy_iterator()
    order.begin(7)
    (second,) = blocks.as_numpy_iterator()
    assert first[0].tolist() == row_order(0, 0, 40).tolist()
    assert second[0].tolist() == row_order(0, 7, 40).tolist()


def test_class_weights_become_weights_of_rows() -> None:
    _, _, weights = ExampleLookup(rows(6), one_hot(rows(6)), np.array([1, 2, 4], np.float32))(np.arange(6))
    assert weights.numpy().tolist() == [1, 2, 4, 1, 2, 4]


def test_validation_rows_come_in_their_own_order() -> None:
    split = rows(10).subset(np.array([7, 3, 5]))
    (batch,) = validation_batches(split, one_hot(split), 512).as_numpy_iterator()
    assert np.array_equal(batch[0], split.x[[7, 3, 5]])


def test_an_epoch_has_a_length() -> None:
    assert int(single_batches(walk(rows(10), 4, 1)[1], ExampleLookup(rows(10), one_hot(rows(10)))).cardinality()) == 3
