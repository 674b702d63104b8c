from pathlib import Path

import numpy as np

from deeplab.data.splits import Split
from deeplab.training.batches import batches, block_sizes, blocks, row_order, validation_batches


def rows(count: int) -> Split:
    x = np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2, 1)
    return Split.whole(x, (np.arange(count) % 3).astype(np.int32))


def test_order_is_a_function_of_seed_and_epoch() -> None:
    assert np.array_equal(row_order(1, 2, 50), row_order(1, 2, 50))
    orders = {tuple(row_order(seed, epoch, 50)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert all(sorted(order) == list(range(50)) for order in orders)


def test_every_row_comes_once_in_the_order_given_and_the_last_batch_is_short() -> None:
    split, order = rows(10), np.array([3, 1, 2, 0, 9, 8, 7, 6, 5, 4])
    found = list(batches(split, 4, 3, None, lambda: order).as_numpy_iterator())
    assert [len(x) for x, _ in found] == [4, 4, 2]
    x = np.concatenate([x for x, _ in found])
    y = np.concatenate([y for _, y in found])
    assert x.dtype == np.uint8
    assert np.array_equal(x, split.x[order])
    assert np.array_equal(y, np.eye(3, dtype=np.float32)[split.y[order]])


def test_blocks_hold_the_same_batches() -> None:
    split, order = rows(23), row_order(0, 0, 23)
    weights = np.array([1, 2, 4], np.float32)
    one_by_one = list(batches(split, 4, 3, weights, lambda: order).as_numpy_iterator())
    in_blocks = list(blocks(split, 4, 2, 3, weights, lambda: order).as_numpy_iterator())
    assert [len(x) for x, _, _ in in_blocks] == block_sizes(23, 4, 2) == [2, 2, 1, 1]
    flat = [tuple(part[step] for part in block) for block in in_blocks for step in range(len(block[0]))]
    assert len(flat) == len(one_by_one)
    for ours, theirs in zip(flat, one_by_one, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_rows_on_disk_are_taken_like_rows_in_memory(tmp_path: Path) -> None:
    split = rows(10)
    np.save(tmp_path / "rows.npy", split.x)
    mapped = Split.whole(np.load(tmp_path / "rows.npy", mmap_mode="r"), split.y)
    order = row_order(0, 0, 10)
    in_memory, on_disk = (list(batches(s, 4, 3, None, lambda: order).as_numpy_iterator()) for s in (split, mapped))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(in_memory, on_disk, strict=True))


def test_each_epoch_asks_for_its_own_order() -> None:
    orders = iter([np.arange(4), np.arange(4)[::-1]])
    dataset = batches(rows(4), 4, 3, None, lambda: next(orders))
    first, second = (next(iter(dataset.as_numpy_iterator()))[0] for _ in range(2))
    assert np.array_equal(first, second[::-1])


def test_class_weights_become_weights_of_rows() -> None:
    weights = np.array([1, 2, 4], np.float32)
    (batch,) = batches(rows(6), 6, 3, weights, lambda: np.arange(6)).as_numpy_iterator()
    assert batch[2].tolist() == [1, 2, 4, 1, 2, 4]


def test_validation_rows_come_in_their_own_order() -> None:
    split = rows(10).subset(np.array([7, 3, 5]))
    (batch,) = validation_batches(split, 3, 512).as_numpy_iterator()
    assert np.array_equal(batch[0], split.x[[7, 3, 5]])


def test_an_epoch_has_a_length() -> None:
    assert int(batches(rows(10), 4, 3, None, lambda: np.arange(10)).cardinality()) == 3
