"""What examples and values are standardised by, against scikit-learn, and inside a network."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from deeplab.config.compose import compose
from deeplab.config.schema import ModelConfig
from deeplab.data.input_spec import InputSpec
from deeplab.data.splits import Split
from deeplab.data.standardize import standardize
from deeplab.dataset_info import DatasetInfo
from deeplab.training.losses import build_loss

POINTS = DatasetInfo("points", (3,), 0, (), "", 1.0, ("height", "weight"))
IMAGES = DatasetInfo("images", (4, 4, 2), 2, ("a", "b"), "", 1 / 255)


def points(count: int = 10_000) -> Split:
    """Points of which one feature is a year, large and hardly different, and one always the same."""
    draw = np.random.default_rng(0)
    x = np.stack([draw.normal(2000, 3, count), draw.gamma(2.0, size=count), np.full(count, 7.0)], axis=1)
    y = np.stack([170 + 10 * x[:, 1], x[:, 0] / 1000], axis=1)
    return Split.whole(x.astype(np.float32), y.astype(np.float32))


def test_features_and_targets_are_standardised_as_by_scikit_learn() -> None:
    train = points()
    info = standardize(POINTS, train, inputs=True, targets=True)
    for by, values in ((info.inputs, train.x), (info.targets, train.y)):
        assert by is not None
        expected = StandardScaler().fit(values.astype(np.float64))
        np.testing.assert_allclose(by.mean, expected.mean_, rtol=1e-12)
        np.testing.assert_allclose(by.deviation, expected.scale_, rtol=1e-9)


def test_channels_of_images_are_standardised_by_the_examples_to_learn_from_alone() -> None:
    x = np.random.default_rng(1).integers(0, 256, (50, 4, 4, 2)).astype(np.uint8)
    whole = Split.whole(x, np.zeros(50, np.int32))
    info = standardize(IMAGES, whole.subset(slice(0, 30)), inputs=True, targets=True)
    assert info.inputs is not None and info.targets is None
    np.testing.assert_allclose(info.inputs.mean, (x[:30] / 255).mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(info.inputs.deviation, (x[:30] / 255).std(axis=(0, 1, 2)), rtol=1e-12)


def test_what_is_standardised_by_is_kept_with_the_run_and_old_files_are_read() -> None:
    info = standardize(POINTS, points(), inputs=True, targets=True)
    spec = InputSpec(info, 0.0, 1.0, None)
    assert InputSpec.from_json(spec.to_json()) == spec
    plain = InputSpec(IMAGES, 0.0, 255.0, None)
    assert not {"inputs", "targets", "target_names"} & {*plain.to_json().replace('"', " ").split()}
    assert InputSpec.from_json(plain.to_json()) == plain


def test_columns_in_tiny_and_huge_units_are_standardised_as_others_are() -> None:
    from deeplab.models.build import build

    values = np.random.default_rng(0).normal(2, 1, 200)
    x = np.stack([values * unit for unit in (1.0, 1e-9, 1e-30, 1e22, 1e37)], axis=1).astype(np.float32)
    train = Split.whole(x, (values > 2).astype(np.int32))
    info = standardize(replace(IMAGES, input_shape=(5,), scale=1.0), train, inputs=True, targets=False)
    config = compose(["model=linear", "model.task=classification"]).config.model
    network = build(config, info, seed=0)
    inside = network.get_layer("normalization")(network.get_layer("powers_of_two")(x)).numpy()
    np.testing.assert_allclose(inside, np.repeat(inside[:, :1], 5, axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(inside.std(axis=0), 1, rtol=1e-5)


def test_a_channel_of_one_value_is_not_divided_by_what_its_mean_was_rounded_by() -> None:
    x = np.full((1000, 4, 4, 2), (77, 78), np.uint8)
    info = standardize(IMAGES, Split.whole(x, np.zeros(1000, np.int32)), inputs=True, targets=False)
    assert info.inputs is not None and info.inputs.deviation == (1.0, 1.0)


def test_a_network_takes_rows_and_gives_values_as_they_are() -> None:
    from deeplab.models.build import build

    train = points(200)
    info = standardize(POINTS, train, inputs=True, targets=True)
    config = ModelConfig("linear", "regression", ({"type": "Dense", "units": "num_targets"},), {})
    network = build(config, info, seed=0)
    kernel = np.asarray(network.get_layer("dense_1").kernel)
    x, y = (StandardScaler().fit(values.astype(np.float64)) for values in (train.x, train.y))
    expected = y.inverse_transform(x.transform(train.x) @ kernel)
    np.testing.assert_allclose(network.predict(train.x, verbose=0), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["half_squared_error", "mean_squared_error", "mean_absolute_error", "huber"])
def test_the_loss_is_that_of_standardised_values(name: str) -> None:
    info = standardize(POINTS, points(200), inputs=False, targets=True)
    config = compose(["model=playground", "dataset=bumps", f"training.loss={name}"]).config.training
    assert info.targets is not None
    targets = points(200).y
    outputs = targets + np.float32(0.5)
    errors = np.broadcast_to(0.5 / np.array(info.targets.deviation), targets.shape)
    expected = {
        "half_squared_error": errors**2 / 2,
        "mean_squared_error": errors**2,
        "mean_absolute_error": errors,
        "huber": np.where(errors <= 1, errors**2 / 2, errors - 0.5),
    }[name].mean()
    assert float(build_loss(config, info.targets)(targets, outputs)) == pytest.approx(expected, rel=2e-3)
    assert float(build_loss(replace(config))(targets, targets)) == 0
