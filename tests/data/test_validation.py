"""Which rows are held out."""

import numpy as np
import pytest

from deeplab.config.errors import UserError
from deeplab.config.schema import NoValidationConfig, RandomConfig, TailConfig, TestConfig
from deeplab.data.splits import Split
from deeplab.data.validation import hold_out


def rows(labels: list[int]) -> Split:
    return Split.whole(np.arange(len(labels), dtype=np.float32)[:, None], np.array(labels, np.int32))


MIXED = rows([0, 1] * 50)


@pytest.mark.parametrize(("count", "fraction"), [(100, 0.2), (101, 0.3), (7, 0.5), (60_000, 0.2), (1438, 0.2)])
def test_the_tail_is_that_of_keras(count: int, fraction: float) -> None:
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    train, validation = hold_out(
        rows([0, 1, 0, 1, 0, 1, 0][:count] * (count // 7 or 1)), MIXED, TailConfig("tail", fraction), 0
    )
    total = len(train) + len(validation or ())
    (theirs,), (held_out,) = train_validation_split((np.arange(total),), validation_split=fraction)
    assert validation is not None
    assert train.rows.tolist() == theirs.tolist()
    assert validation.rows.tolist() == held_out.tolist()


def test_random_rows_depend_on_the_seed_and_keep_their_order() -> None:
    def held(seed: int) -> list[int]:
        train, validation = hold_out(MIXED, MIXED, RandomConfig("random", 0.25), seed)
        assert validation is not None
        assert sorted([*train.rows, *validation.rows]) == list(range(100))
        assert train.rows.tolist() == sorted(train.rows.tolist())
        assert len(validation) == 25
        return list(validation.rows.tolist())

    assert held(0) == held(0) != held(1)
    assert held(0) != list(range(75, 100))


def test_the_test_set_or_nothing() -> None:
    test = rows([1, 0])
    assert hold_out(MIXED, test, TestConfig("test"), 0) == (MIXED, test)
    assert hold_out(MIXED, test, NoValidationConfig("none"), 0) == (MIXED, None)


def test_a_part_without_rows_is_refused() -> None:
    with pytest.raises(UserError, match=r"validation.fraction=0.9 of 2 training rows leaves none for training"):
        hold_out(rows([0, 1]), MIXED, RandomConfig("random", 0.9), 0)


def test_a_tail_of_sorted_rows_is_refused() -> None:
    with pytest.raises(UserError, match="sorted by class; training would lack class 2.* Use validation=random"):
        hold_out(rows([0] * 40 + [1] * 40 + [2] * 10), MIXED, TailConfig("tail", 0.2), 0)


def test_values_are_no_classes_that_a_part_could_lack() -> None:
    values = np.linspace(-1, 1, 10).astype(np.float32)
    rows = Split.whole(np.zeros((10, 2), np.float32), values)
    train, validation = hold_out(rows, rows, TailConfig("tail", 0.2), seed=0)
    assert validation is not None
    assert (train.labels.tolist(), validation.labels.tolist()) == (values[:8].tolist(), values[8:].tolist())
