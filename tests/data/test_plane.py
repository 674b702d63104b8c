"""Points in the plane: what is drawn, what a network is told of them, and what is refused."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplab.config.compose import compose
from deeplab.config.schema import PLANE_KINDS, PlaneConfig
from deeplab.config.schema.plane import PlaneInput
from deeplab.data import load
from deeplab.data.plane.inputs import INPUTS, to_inputs
from deeplab.data.plane.load import CLASSES, VALUES, draw
from deeplab.errors import UserError

ALL = tuple(INPUTS)


def config(kind: str, points: int = 500, noise: float = 0.0, **settings: object) -> PlaneConfig:
    values = {"train_share": 0.5, "inputs": ("x1", "x2"), "seed": 0, "limit": None, "stratify": False, **settings}
    return PlaneConfig(kind, points, noise, **values)


@given(
    kind=st.sampled_from(PLANE_KINDS),
    points=st.integers(100, 300),  # of fewer the training points may all be of one class
    noise=st.floats(0, 0.5),
    share=st.floats(0.3, 0.9),
    inputs=st.lists(st.sampled_from(ALL), min_size=1, unique=True),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_rows_and_targets_are_what_was_asked_for(
    kind: str, points: int, noise: float, share: float, inputs: list[str], seed: int
) -> None:
    wanted = config(kind, points, noise, train_share=share, inputs=tuple(inputs), seed=seed)
    splits = load.load(wanted, Path())
    assert (len(splits.train), len(splits.test)) == (round(points * share), points - round(points * share))
    assert splits.info.input_shape == (len(inputs),)
    assert (splits.info.name, splits.info.scale) == (kind, 1.0)
    for part in (splits.train, splits.test):
        assert part.x.dtype == np.float32
        assert np.isfinite(part.x).all()
        if kind in CLASSES:
            assert part.y.dtype == np.int32
            assert set(part.y.tolist()) <= {0, 1}
        else:
            assert part.y.dtype == np.float32
            assert np.abs(part.y).max() <= 1
    assert splits.info.class_names == (("-1", "+1") if kind in CLASSES else ())
    assert splits.info.num_classes == len(splits.info.class_names)
    again = load.load(wanted, Path())
    assert again.info == splits.info
    assert again.test.x.tobytes() == splits.test.x.tobytes()


def test_every_kind_is_in_a_table_and_every_input_has_a_formula() -> None:
    assert set(PLANE_KINDS) == {*CLASSES, *VALUES} <= set(load.DATASETS)
    assert get_args(PlaneInput) == ALL


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_another_seed_draws_other_points_within_the_plane(kind: str) -> None:
    first, other = draw(config(kind)), draw(config(kind, seed=1))
    assert not np.array_equal(first.points, other.points)
    assert np.abs(first.points).max() <= 6
    assert np.abs(first.points).max() > 3


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_share_inputs_and_noise_leave_the_points_and_their_order(kind: str) -> None:
    few = load.load(config(kind, train_share=0.2), Path())
    many = load.load(config(kind, train_share=0.8, inputs=("x1",)), Path())
    assert np.array_equal(few.train.x[:, 0], many.train.x[:100, 0])
    calm, noisy = draw(config(kind)), draw(config(kind, noise=0.5))
    if kind in ("spiral", "gaussians"):
        assert np.array_equal(calm.targets, noisy.targets)
        assert not np.array_equal(calm.points, noisy.points)
    else:
        assert np.array_equal(calm.points, noisy.points)
        assert not np.array_equal(calm.targets, noisy.targets)


def test_inputs_are_the_named_functions_of_the_coordinates_in_the_order_given() -> None:
    points = np.array([[2.0, -3.0], [0.5, 0.0]])
    x1, x2 = points.T
    formulas = [x1, x2, x1 * x1, x2 * x2, x1 * x2, np.sin(x1), np.sin(x2)]
    assert np.array_equal(to_inputs(points, ALL), np.stack(formulas, axis=1).astype(np.float32))
    assert np.array_equal(to_inputs(points, ALL[::-1]), np.stack(formulas[::-1], axis=1).astype(np.float32))
    splits = load.load(config("xor", inputs=ALL), Path())
    coordinates = draw(config("xor")).points
    assert np.array_equal(splits.train.x, to_inputs(coordinates[:250], ALL))
    assert np.array_equal(splits.test.x, to_inputs(coordinates[250:], ALL))


@pytest.mark.parametrize("kind", ["spiral", "circle", "gaussians"])
@pytest.mark.parametrize("points", [500, 501])
def test_half_of_the_points_are_of_each_class(kind: str, points: int) -> None:
    assert np.bincount(draw(config(kind, points)).targets).tolist() == [points // 2, points - points // 2]


def test_quadrants_hold_about_half_of_the_points_each() -> None:
    assert 0.45 < draw(config("xor", 10_000)).targets.mean() < 0.55


def test_a_calm_circle_is_a_disc_in_a_ring_with_a_gap_between() -> None:
    drawn = draw(config("circle", 5_000))
    distance = np.hypot(*drawn.points.T)
    inside, outside = distance[drawn.targets == 1], distance[drawn.targets == 0]
    assert 2.49 < inside.max() < 2.5
    assert 3.5 <= outside.min() < 3.51
    assert 4.99 < outside.max() <= 5


def test_calm_quadrants_are_told_apart_by_a_product_and_leave_a_cross_empty() -> None:
    drawn = draw(config("xor", 5_000))
    assert np.array_equal(drawn.points.prod(axis=1) > 0, drawn.targets == 1)
    assert 0.3 <= np.abs(drawn.points).min() < 0.31


def test_calm_arms_run_a_turn_and_three_quarters_half_a_turn_apart() -> None:
    drawn = draw(config("spiral", 1_000))
    distance, angle = np.hypot(*drawn.points.T), np.arctan2(drawn.points[:, 0], drawn.points[:, 1])
    expected = 2 * np.pi * 1.75 * distance / 5 + np.where(drawn.targets == 1, 0, np.pi)
    off_centre = distance > 0
    assert np.abs(np.angle(np.exp(1j * (angle - expected))))[off_centre].max() < 1e-9
    # Each arm starts in the centre and ends a step before its radius: i / n of it, i from 0 to n - 1.
    assert np.bincount(drawn.targets[~off_centre]).tolist() == [1, 1]
    for label in (0, 1):
        steps = np.sort(distance[drawn.targets == label]) * 500 / 5
        assert steps == pytest.approx(np.arange(500), abs=1e-9)


@pytest.mark.parametrize(
    ("dataset", "points"), [*((kind, 500) for kind in CLASSES), *((kind, 1200) for kind in VALUES)]
)
def test_there_are_as_many_points_as_in_the_playground(dataset: str, points: int) -> None:
    settings = compose([f"dataset={dataset}", "model=playground"]).config.dataset
    assert isinstance(settings, PlaneConfig)
    assert settings.points == len(draw(settings).targets) == points


def test_noise_shifts_a_point_of_an_arm_by_at_most_itself() -> None:
    shift = draw(config("spiral", 5_000, noise=0.3)).points - draw(config("spiral", 5_000)).points
    assert 0.29 < np.abs(shift).max() <= 0.3


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.5, 4.0)])
def test_clouds_lie_about_their_centres_with_the_variance_of_the_noise(noise: float, variance: float) -> None:
    drawn = draw(config("gaussians", 20_000, noise))
    for label, centre in ((1, 2), (0, -2)):
        cloud = drawn.points[drawn.targets == label]
        assert cloud.mean(axis=0) == pytest.approx([centre, centre], abs=0.06)
        assert cloud.var(axis=0) == pytest.approx([variance, variance], rel=0.05)


def test_a_plane_is_a_twelfth_of_the_sum() -> None:
    drawn = draw(config("plane"))
    assert drawn.targets == pytest.approx(drawn.points.sum(axis=1) / 12, abs=1e-6)
    assert np.abs(draw(config("plane", 5_000, noise=0.5)).targets).max() == 1


def test_bumps_are_cones_of_radius_two_whose_signs_alternate() -> None:
    drawn = draw(config("bumps", 5_000))
    for centre, sign in (((-4, 2.5), 1), ((0, 2.5), -1), ((0, -2.5), 1), ((4, -2.5), -1)):
        distance = np.hypot(*(drawn.points - centre).T)
        near = distance < 1.9
        assert drawn.targets[near] == pytest.approx(sign * (1 - distance[near] / 2), abs=1e-6)
    assert not drawn.targets[np.abs(drawn.points[:, 1]) < 0.5].any()


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_noise_changes_the_class_of_points_within_its_reach_of_a_border_alone(noise: float) -> None:
    for kind in ("circle", "xor"):
        calm, noisy = draw(config(kind, 5_000)), draw(config(kind, 5_000, noise=noise))
        changed = calm.points[calm.targets != noisy.targets]
        to_border = np.abs(np.hypot(*changed.T) - 2.5) if kind == "circle" else np.abs(changed).min(axis=1)
        assert 0.5 * noise * 5 < to_border.max() <= noise * 5 * np.sqrt(2)


def test_the_limit_takes_the_first_points() -> None:
    splits = load.load(config("spiral", limit=7), Path())
    assert (len(splits.train), len(splits.test)) == (7, 7)
    assert splits.info.fingerprint == load.load(config("spiral"), Path()).info.fingerprint


def test_training_points_of_one_class_alone_are_refused() -> None:
    with pytest.raises(UserError, match=r"dataset=spiral: the training points, 1 of 2, are of the class [+-]1 alone"):
        load.load(config("spiral", 2), Path())


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("dataset.inputs=[x1,x3]", "dataset.inputs[1]: must be 'x1', 'x2', 'x1_squared'"),
        ("dataset.inputs=[x1_square]", "Did you mean 'x1_squared'?"),
        ("dataset.inputs=[]", "dataset.inputs: must not be empty, got []."),
        ("dataset.inputs=[x1,x2,x1]", "dataset.inputs: must name each input once, and x1 is there twice, got"),
        ("dataset.inputs=x1", 'dataset.inputs: must be a list, got "x1". A list has brackets: [x1]'),
        ("dataset.noise=0.51", "dataset.noise: must be less than or equal to 0.5, got 0.51."),
        ("dataset.noise=-0.1", "dataset.noise: must be greater than or equal to 0, got -0.1."),
        (
            "dataset.train_share=0.0009",
            "dataset.train_share: must leave some of the 500 points for training and some for testing, got 0.0009.",
        ),
        ("dataset.train_share=0.9991", "dataset.train_share: must leave some of the 500 points for training and some"),
        ("dataset.train_share=1", "dataset.train_share: must be less than 1, got 1."),
        ("dataset.points=1", "dataset.points: must be greater than or equal to 2, got 1."),
        ("dataset.seed=-1", "dataset.seed: must be greater than or equal to 0, got -1."),
        ("dataset.kind=sprial", "Unknown kind 'sprial' in dataset. Did you mean 'spiral'?"),
        ("dataset.input=[x1]", "Unknown key 'input' in dataset. Did you mean 'inputs'?"),
    ],
)
def test_a_bad_value_is_one_line(override: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        compose(["dataset=circle", override])
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
