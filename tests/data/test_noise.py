import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.config.schema import AddedNoiseConfig, NoNoiseConfig
from deeplab.data.add_noise import add_noise
from deeplab.data.assemble import make_splits
from deeplab.data.noise import NOISES, ROWS_AT_ONCE, Noise
from deeplab.data.splits import Splits
from deeplab.errors import UserError

GREY = np.full((40, 6, 5, 1), 100, np.uint8)
ROWS = np.arange(40)


def images(value: float, dtype: type = np.float32, shape: tuple[int, ...] = (8, 8, 1)) -> Splits:
    x = np.full((20, *shape), value, dtype)
    y = (np.arange(20) % 2).astype(np.int32)
    return make_splits("grey", ("a", "b"), x_train=x, y_train=y, x_test=x[:10], y_test=y[:10])


@pytest.mark.parametrize("kind", NOISES)
@given(order=st.permutations(range(40)), cut=st.integers(1, 39))
def test_a_row_has_its_noise_in_whatever_order_and_batches_it_is_asked_for(
    kind: str, order: list[int], cut: int
) -> None:
    noise = Noise(kind, 0.4, 7, "test")
    whole = noise.apply(GREY, ROWS)
    rows = np.array(order)
    parts = np.concatenate([noise.apply(GREY[:cut], rows[:cut]), noise.apply(GREY[cut:], rows[cut:])])
    assert np.array_equal(parts, whole[rows])


@pytest.mark.parametrize("kind", NOISES)
def test_no_two_rows_seeds_splits_levels_kinds_or_epochs_are_alike(kind: str) -> None:
    base = Noise(kind, 0.4, 1, "test").apply(GREY, ROWS)
    assert len({row.tobytes() for row in base}) == 40
    others = [
        Noise(kind, 0.4, 2, "test"),
        Noise(kind, 0.4, 1, "train"),
        Noise(kind, 0.41, 1, "test"),
        Noise(kind, 0.4, 1, "test", epoch=1),
    ]
    assert all(not np.array_equal(base, other.apply(GREY, ROWS)) for other in others)
    assert np.array_equal(base, Noise(kind, 0.4, 1, "test").apply(GREY, ROWS))


@pytest.mark.parametrize("level", [0.0, 0.1, 0.4, 1.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_salt_and_pepper_replaces_the_share_it_is_asked_for_half_by_white(level: float, dtype: type) -> None:
    grey, white = (100, 255) if dtype is np.uint8 else (0.5, 1)
    noisy = Noise("salt_and_pepper", level, 0, "test").apply(np.full((100, 28, 28, 1), grey, dtype), np.arange(100))
    assert noisy.dtype == dtype
    shares = [float(np.mean(noisy == value)) for value in (grey, white, 0)]
    assert sum(shares) == pytest.approx(1)
    assert shares == pytest.approx([1 - level, level / 2, level / 2], abs=0.01)


def test_masking_makes_black() -> None:
    noisy = Noise("masking", 0.3, 0, "test").apply(np.full((100, 28, 28, 1), 9, np.uint8), np.arange(100))
    assert set(np.unique(noisy)) == {0, 9}
    assert np.mean(noisy == 0) == pytest.approx(0.3, abs=0.01)


def test_gaussian_has_its_standard_deviation_and_stays_in_range() -> None:
    grey = np.full((100, 28, 28, 1), 0.5, np.float32)
    noisy = Noise("gaussian", 0.1, 0, "test").apply(grey, np.arange(100))
    assert [noisy.mean(), noisy.std()] == pytest.approx([0.5, 0.1], abs=0.002)
    strong = Noise("gaussian", 1.0, 0, "test").apply(grey, np.arange(100))
    assert (strong.min(), strong.max()) == (0, 1)
    in_bytes = Noise("gaussian", 0.1, 0, "test").apply(np.full((100, 28, 28, 1), 128, np.uint8), np.arange(100))
    assert in_bytes.std() == pytest.approx(25.5, abs=0.5)
    assert np.array_equal(Noise("gaussian", 0, 0, "test").apply(GREY, ROWS), GREY)


def test_a_pixel_of_several_channels_is_replaced_as_a_whole() -> None:
    colour = np.tile(np.array([10, 20, 30], np.uint8), (5, 16, 16, 1))
    noisy = Noise("salt_and_pepper", 0.5, 0, "test").apply(colour, np.arange(5)).reshape(-1, 3)
    assert {tuple(map(int, pixel)) for pixel in noisy} == {(10, 20, 30), (0, 0, 0), (255, 255, 255)}


def test_more_rows_than_are_drawn_at_once() -> None:
    many = np.full((ROWS_AT_ONCE + 3, 2, 2, 1), 100, np.uint8)
    noise = Noise("masking", 0.5, 0, "test")
    last = np.arange(ROWS_AT_ONCE, ROWS_AT_ONCE + 3)
    assert np.array_equal(noise.apply(many, np.arange(len(many)))[last], noise.apply(many[last], last))


def test_inputs_have_the_noise_and_images_do_not() -> None:
    splits = add_noise(images(0.5), AddedNoiseConfig("masking", 0.5, False), seed=3)
    part = splits.test.subset(np.array([4, 2]))
    assert np.array_equal(part.inputs(slice(None)), splits.test.inputs(slice(None))[[4, 2]])
    assert (part.images(slice(None)) == 0.5).all()
    assert (part.inputs(slice(None)) == 0).any()
    assert not np.array_equal(splits.train.inputs(slice(10)), splits.test.inputs(slice(None)))
    assert add_noise(images(0.5), NoNoiseConfig("none"), 0).test.noise is None


@pytest.mark.parametrize(
    ("splits", "line"),
    [
        (images(3.5), "noise=masking needs images with values from 0 to 1, those of grey go 3.5 to 3.5."),
        (images(0.5, shape=(4,)), "noise=masking needs images, and grey has rows of other kinds."),
    ],
)
def test_rows_that_take_no_noise_are_refused(splits: Splits, line: str) -> None:
    with pytest.raises(UserError) as caught:
        add_noise(splits, AddedNoiseConfig("masking", 0.5, False), seed=0)
    assert str(caught.value) == line


def test_a_level_outside_its_range_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="level in"):
        Noise("masking", 1.5, 0, "test")
