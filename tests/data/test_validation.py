"""Which rows are held out."""

import numpy as np
import pytest

from deeplab.config.schema import GivenConfig, NoValidationConfig, RandomConfig, TailConfig, TestConfig
from deeplab.data.hold_out import hold_out, unlearned_classes
from deeplab.data.splits import Split, Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError


def rows(labels: list[int]) -> Split:
    return Split.whole(np.arange(len(labels), dtype=np.float32)[:, None], np.array(labels, np.int32))


def of(train: Split, test: Split | None = None, validation: Split | None = None) -> Splits:
    return Splits(train, test or train, DatasetInfo("own", (1,), 2, ("a", "b"), "", 1.0), validation)


MIXED = rows([0, 1] * 50)


@pytest.mark.parametrize(("count", "fraction"), [(100, 0.2), (101, 0.3), (7, 0.5), (60_000, 0.2), (1438, 0.2)])
def test_the_tail_is_that_of_keras(count: int, fraction: float) -> None:
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    train, validation = hold_out(
        of(rows([0, 1, 0, 1, 0, 1, 0][:count] * (count // 7 or 1))), TailConfig("tail", fraction), 0
    )
    total = len(train) + len(validation or ())
    (theirs,), (held_out,) = train_validation_split((np.arange(total),), validation_split=fraction)
    assert validation is not None
    assert train.rows.tolist() == theirs.tolist()
    assert validation.rows.tolist() == held_out.tolist()


@pytest.mark.parametrize("stratify", [True, False])
def test_random_rows_depend_on_the_seed_and_keep_their_order(stratify: bool) -> None:
    def held(seed: int) -> list[int]:
        train, validation = hold_out(of(MIXED), RandomConfig("random", 0.25, stratify), seed)
        assert validation is not None
        assert sorted([*train.rows, *validation.rows]) == list(range(100))
        assert train.rows.tolist() == sorted(train.rows.tolist())
        assert len(validation) == 25
        return list(validation.rows.tolist())

    assert held(0) == held(0) != held(1)
    assert held(0) != list(range(75, 100))


def test_the_test_set_or_nothing() -> None:
    test = rows([1, 0])
    assert hold_out(of(MIXED, test), TestConfig("test"), 0) == (MIXED, test)
    assert hold_out(of(MIXED, test), NoValidationConfig("none"), 0) == (MIXED, None)


def test_a_part_without_rows_is_refused() -> None:
    with pytest.raises(UserError, match=r"validation.fraction=0.9 of 2 training rows leaves none for training"):
        hold_out(of(rows([0, 1])), RandomConfig("random", 0.9, True), 0)


def test_a_tail_of_sorted_rows_is_refused() -> None:
    with pytest.raises(UserError, match="sorted by class; training would lack class 2.* Use validation=random"):
        hold_out(of(rows([0] * 40 + [1] * 40 + [2] * 10)), TailConfig("tail", 0.2), 0)


def test_values_are_no_classes_that_a_part_could_lack() -> None:
    values = np.linspace(-1, 1, 10).astype(np.float32)
    rows = Split.whole(np.zeros((10, 2), np.float32), values)
    assert unlearned_classes(rows, 0) == []
    drawn, others = hold_out(of(rows), RandomConfig("random", 0.2, True), seed=0)
    assert others is not None
    assert (len(drawn), len(others)) == (8, 2)
    train, validation = hold_out(of(rows), TailConfig("tail", 0.2), seed=0)
    assert validation is not None
    assert (train.labels.tolist(), validation.labels.tolist()) == (values[:8].tolist(), values[8:].tolist())


@pytest.mark.parametrize("seed", range(20))
def test_random_rows_are_of_each_class_its_share(seed: int) -> None:
    rare = rows([0] * 5 + [1] * 70 + [2] * 25)
    train, validation = hold_out(of(rare), RandomConfig("random", 0.2, True), seed)
    assert validation is not None
    assert np.bincount(validation.labels).tolist() == [1, 14, 5]
    assert np.bincount(train.labels).tolist() == [4, 56, 20]
    assert sorted([*train.rows, *validation.rows]) == list(range(100))


def test_two_rows_of_a_class_go_one_to_each_side() -> None:
    for fraction, held_out in ((0.05, [1, 4]), (0.9, [1, 90])):
        train, validation = hold_out(of(rows([1] * 98 + [0] * 2)), RandomConfig("random", fraction, True), 0)
        assert validation is not None
        assert np.bincount(validation.labels).tolist() == held_out
        assert np.bincount(train.labels)[0] == 1


def test_rows_drawn_whatever_the_class_are_those_of_runs_that_knew_nothing_else() -> None:
    order = np.random.default_rng(np.random.SeedSequence([7, 0x76616C])).permutation(100)
    train, validation = hold_out(of(MIXED), RandomConfig("random", 0.25, False), 7)
    assert validation is not None
    assert train.rows.tolist() == sorted(order[:75])
    assert validation.rows.tolist() == sorted(order[75:])


def test_classes_that_cannot_be_on_both_sides_are_one_line() -> None:
    for labels, fraction, line in (
        ([0] * 50 + [1], 0.2, "validation=random: class 1 has one training row"),
        ([0] * 50 + [1, 2], 0.2, "classes 1, 2 have one training row each"),
        (list(range(10)) * 2, 0.2, "leaves 4 for validation, fewer than the 10 classes. "),
        (list(range(10)) * 2, 0.8, "leaves 3 for training, fewer than the 10 classes. "),
    ):
        with pytest.raises(UserError) as caught:
            hold_out(of(rows(labels)), RandomConfig("random", fraction, True), 0)
        assert line in str(caught.value)
        assert "validation.stratify=false" in str(caught.value)
        train, validation = hold_out(of(rows(labels)), RandomConfig("random", fraction, False), 0)
        assert len(train) + len(validation or ()) == len(labels)


def test_classes_without_a_row_to_learn_from_are_known() -> None:
    assert unlearned_classes(rows([0, 2, 2]), 5) == [1, 3, 4]
    assert unlearned_classes(MIXED, 2) == []


def test_given_rows_validate_or_are_missed() -> None:
    given = rows([1, 0])
    assert hold_out(of(MIXED, MIXED, given), GivenConfig("given"), 0) == (MIXED, given)
    with pytest.raises(UserError, match="validation=given: own brings no validation rows along, as an .npz with x_val"):
        hold_out(of(MIXED), GivenConfig("given"), 0)
