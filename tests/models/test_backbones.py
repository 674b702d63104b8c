"""Backbones against the applications of plain Keras, frozen layers, and what is refused of both."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError

import h5py
import keras
import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import ModelConfig
from deeplab.dataset_info import DatasetInfo, Standardization
from deeplab.errors import UserError
from deeplab.files import sha256_of
from deeplab.models import backbones
from deeplab.models.build import build, check_network
from deeplab.models.inspect import all_layers, layer_table
from deeplab.models.weight_file import load_weights
from deeplab.training.shared_numbers import copy_network

APPLICATIONS = keras.applications
PREPROCESSING = {
    "MobileNetV2": APPLICATIONS.mobilenet_v2,
    "MobileNetV3Small": APPLICATIONS.mobilenet_v3,
    "MobileNetV3Large": APPLICATIONS.mobilenet_v3,
    "EfficientNetV2B0": APPLICATIONS.efficientnet_v2,
    "ResNet50": APPLICATIONS.resnet,
    "DenseNet121": APPLICATIONS.densenet,
}
SMALL = {"name": "MobileNetV2", "alpha": 0.35, "weights": None, "pooling": "avg"}


@pytest.fixture(scope="module")
def small() -> Any:
    return build(network(**SMALL), facts(32, 32, 3), seed=0)


def facts(*shape: int) -> DatasetInfo:
    return DatasetInfo("mine", shape, 3, ("a", "b", "c"), "", 1 / 255)


def network(*before: dict[str, Any], **backbone: Any) -> ModelConfig:
    layers = (
        *before,
        {"type": "Backbone", **backbone},
        {"type": "Dense", "units": "num_classes", "activation": "softmax"},
    )
    return ModelConfig("mine", "classification", layers, {})


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "MobileNetV2" else [pytest.mark.slow, pytest.mark.long])
        for name in PREPROCESSING
    ],
)
def test_features_are_those_of_plain_keras_with_its_preprocessing(name: str, tmp_path: Path) -> None:
    shape = (33, 40, 3)  # odd, since paddings differ
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape)).astype(np.uint8)
    theirs = getattr(APPLICATIONS, name)(include_top=False, weights=None, pooling="avg", input_shape=shape)
    expected = theirs(PREPROCESSING[name].preprocess_input(pixels.astype(np.float32)), training=False)
    path = tmp_path / "theirs.weights.h5"
    theirs.save_weights(path)
    config = network(name=name, weights=str(path), sha256=sha256_of(path), pooling="avg", frozen=True)
    ours = build(config, facts(*shape), seed=3)
    features = ours.get_layer("backbone_1")(ours.get_layer("rescaling")(pixels.astype(np.float32)), training=True)
    np.testing.assert_allclose(features, expected, rtol=0, atol=5e-6 * np.abs(expected).max())
    saved = tmp_path / "ours.keras"
    ours.save(saved)
    np.testing.assert_array_equal(keras.models.load_model(saved)(pixels), ours(pixels))


@pytest.mark.parametrize("name", PREPROCESSING)
def test_pixels_are_prepared_as_the_weights_need_it(name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    inputs = keras.Input((32, 32, 3))
    prepared = keras.Model(inputs, backbones._preprocessed(name, inputs))(pixels / 255)
    np.testing.assert_allclose(prepared, PREPROCESSING[name].preprocess_input(pixels.copy()), atol=1e-4)


def test_a_picture_in_grey_is_one_of_three_equal_channels(small: Any) -> None:
    ours = build(network(**SMALL), facts(32, 32, 1), seed=0).get_layer("backbone_1")
    in_colour = small.get_layer("backbone_1")
    grey = np.random.default_rng(0).random((2, 32, 32, 1), np.float32)
    np.testing.assert_allclose(ours(grey), in_colour(np.repeat(grey, 3, axis=-1)), atol=1e-6)


def test_random_weights_and_names_are_a_function_of_the_seed(small: Any) -> None:
    one, again = small, build(network(**SMALL), facts(32, 32, 3), seed=0)
    other = build(network(**SMALL), facts(32, 32, 3), seed=2)
    assert one.to_json() == again.to_json()
    assert all(np.array_equal(*pair) for pair in zip(one.get_weights(), again.get_weights(), strict=True))
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_what_is_frozen_stays_and_what_is_unfrozen_is_trained_but_for_batch_normalization() -> None:
    config = network(**SMALL, frozen=True, unfreeze_from="block_15")
    ours = build(config, facts(32, 32, 3), seed=0)
    flags = {layer.name: layer.trainable for layer in ours.get_layer("backbone_1").layers}
    assert not flags["block_14_project"]
    assert flags["block_15_expand"]
    assert not flags["block_16_project_BN"]
    before = ours.get_weights()
    # The features of a network that is not trained are small, and so are gradients.
    ours.compile(keras.optimizers.SGD(1e6), "sparse_categorical_crossentropy")
    rows = np.random.default_rng(0).random((8, 32, 32, 3), np.float32)
    ours.fit(rows, np.arange(8) % 3, verbose=0)
    pairs = zip(ours.weights, before, ours.get_weights(), strict=True)
    moved = {weight.path.split("/")[-2] for weight, old, new in pairs if not np.array_equal(old, new)}
    assert {"block_16_project", "dense_1"} <= moved
    assert not moved & {"block_14_project", "block_16_project_BN", "Conv1"}
    row = next(row for row in layer_table(ours) if row.type == "Backbone")
    assert row.trained == sum(weight.shape.num_elements() for weight in ours.get_layer("backbone_1").trainable_weights)
    copied = copy_network(ours)
    assert [layer.trainable for layer in all_layers(copied)] == [layer.trainable for layer in all_layers(ours)]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"name": "MobilNetV2"}, "Unknown backbone 'MobilNetV2' in model.layers[0].name. Did you mean 'MobileNetV2'?"),
        ({"name": "VGG16"}, "Unknown backbone 'VGG16'"),
        ({"weights": "https://x.org/w.h5x"}, "weights must be imagenet or a file (.h5), or null"),
        ({"weights": ["a"]}, "weights must be imagenet or a file (.h5), or null"),
        ({"sha256": "00" * 32}, "sha256 is that of a file of weights, and none is named"),
        ({"weights": "a.h5"}, "a file is named where the Backbone stands, not by a value of a block"),
        ({"pooling": "min"}, "pooling must be one of avg, max, or null"),
        ({"alpha": 0}, "alpha must be a number above 0"),
        ({"name": "ResNet50"}, "alpha is for MobileNets"),
        ({"frozen": "yes"}, "frozen must be true or false"),
        ({"unfreeze_from": "block_15"}, "unfreeze_from is for a Backbone with frozen: true"),
        ({"frozen": True, "unfreeze_from": "block15"}, "Unknown layer 'block15' in model.layers[0].unfreeze_from"),
        ({"include_top": True}, "Unknown argument of Backbone 'include_top'"),
    ],
)
def test_what_is_wrong_with_a_backbone_is_one_line(change: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as error:
        check_network(network(**{**SMALL, **change}), facts(32, 32, 3))
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_are_asked_for_and_pixels_are_all_it_takes() -> None:
    with pytest.raises(UserError, match=r"needs weights: imagenet, a file \(.h5\), or null"):
        check_network(network(name="ResNet50"), facts(32, 32, 3))
    with pytest.raises(UserError, match=r"images of at least 32x32 are needed, these are 28x28"):
        check_network(network(**SMALL), facts(28, 28, 1))
    check_network(network({"type": "Resizing", "height": 32, "width": 32}, **SMALL), facts(28, 28, 1))
    with pytest.raises(UserError, match=r"takes the images of the data set, and model.layers\[0\] \(Conv2D\) stands"):
        check_network(network({"type": "Conv2D", "filters": 3, "kernel_size": 1}, **SMALL), facts(32, 32, 1))


def test_pixels_that_are_standardised_are_refused_also_of_a_backbone_in_a_group() -> None:
    plain = network(**SMALL)
    nested = replace(plain, layers=({"repeat": 1, "layers": [plain.layers[0]]}, *plain.layers[1:]))
    info = replace(facts(32, 32, 3), inputs=Standardization((0.0,) * 3, (1.0,) * 3))
    for config in (plain, nested):
        with pytest.raises(UserError, match=r"dataset.standardize: a Backbone scales pixels by itself"):
            check_network(config, info)


def test_a_file_of_weights_is_known_by_its_hash_and_another_one_is_refused(small: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.weights.h5"
    small.get_layer("backbone_1").save_weights(path)
    folder = tmp_path / "conf/model"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        f"name: mine\nlayers:\n  - {{type: Backbone, name: MobileNetV2, alpha: 0.35, weights: {path}, pooling: avg}}\n"
        "  - {type: Dense, units: num_classes, activation: softmax}\n"
    )
    composed = compose(["model=mine", "dataset=cifar10"], tmp_path / "conf")
    entry = composed.config.model.layers[0]
    assert entry["sha256"] == sha256_of(path)
    first, second = (backbones.Backbone(entry, "layers[0]", "b", seed).loaded((32, 32, 3)) for seed in (1, 2))
    np.testing.assert_array_equal(first.get_weights()[0], small.get_weights()[0])
    assert all(np.array_equal(*pair) for pair in zip(first.get_weights(), second.get_weights(), strict=True))
    path.write_bytes(path.read_bytes() + b"one more")
    with pytest.raises(UserError, match="is another file than that of this configuration"):
        load_weights(first, str(path), entry["sha256"], "weights")
    path.write_bytes(b"no weights")
    with pytest.raises(UserError, match="has no weights of this network"):
        load_weights(first, str(path), sha256_of(path), "weights")
    path.unlink()
    with pytest.raises(UserError, match=r"model.layers\[0\].weights=.*there is no such file"):
        compose(["model=mine", "dataset=cifar10"], tmp_path / "conf")


@pytest.mark.parametrize(
    ("attack", "line"),
    [
        (
            lambda file: file.create_dataset("bomb", (1 << 33,), "f4", chunks=True, compression="gzip"),
            "34,359,738,368 bytes",
        ),
        (lambda file: file.__setitem__("a", h5py.ExternalLink("/etc/other.h5", "/")), "a link to another place"),
        (lambda file: file.__setitem__("a", h5py.SoftLink("/layers")), "a link to another place"),
        (lambda file: file.create_dataset("a", (4,), "u1", external=[("/etc/passwd", 0, 4)]), "lies in another file"),
        (lambda file: file.create_group("/".join("g" * 60)), "nested more than 50 deep"),
    ],
)
def test_a_file_of_weights_from_a_stranger_is_refused(
    attack: Callable[[Any], Any], line: str, small: Any, tmp_path: Path
) -> None:
    path = tmp_path / "w.weights.h5"
    with h5py.File(path, "w") as file:
        attack(file)
    with pytest.raises(UserError, match=line) as error:
        load_weights(small, str(path), sha256_of(path), "weights")
    assert "\n" not in str(error.value)


def test_weights_that_cannot_be_downloaded_are_one_line_with_both_ways_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise URLError("no route")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", refused)
    entry = {**SMALL, "weights": "imagenet"}
    check_network(network(**entry), facts(32, 32, 3))  # which downloads nothing
    with pytest.raises(UserError, match=r"downloaded.*https:.*~/.keras/models.*weights: FILE.*weights: null"):
        backbones.Backbone(entry, "layers[0]", "b", 0).loaded((32, 32, 3))


def test_a_network_of_which_all_is_frozen_is_refused(tmp_path: Path) -> None:
    from deeplab.workflows.prepare import prepare

    folder = tmp_path / "conf/model"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "name: mine\nlayers:\n  - {type: Flatten}\n"
        "  - {type: Dense, units: num_classes, activation: softmax, frozen: true}\n"
    )
    config = compose(["model=mine", "dataset=digits"], tmp_path / "conf").config
    with pytest.raises(UserError, match="all layers with weights are frozen, so that nothing would be trained"):
        prepare(config, tmp_path, outlined=True)
