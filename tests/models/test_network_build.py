import random
import resource

import keras
import numpy as np
import pytest

from deeplab.models.build import build, outline
from deeplab.models.inspect import LayerRow, layer_table
from deeplab.models.layers import ACTIVATIONS, INITIALIZERS, LAYERS, MERGING, needed_rank

FLATTEN = {"type": "Flatten"}
OUTPUT = {"type": "Dense", "units": "num_classes", "activation": "softmax"}
CONV = {"type": "Conv2D", "filters": 8, "kernel_size": 3, "activation": "relu"}

# Every layer of the table with arguments that suit maps of 6x6x2.
EACH = {
    "Activation": {"activation": "gelu"},
    "AveragePooling2D": {"pool_size": [2, 3]},
    "AveragePooling1D": {"pool_size": 2},
    "CenterCrop": {"height": 4, "width": 5},
    "Concatenate": {"axis": 1},
    "Conv1D": {"filters": 4, "kernel_size": 3, "l2": 0.1},
    "Conv2D": {"filters": 4, "kernel_size": 3, "kernel_initializer": "orthogonal", "l2": 0.1},
    "Conv2DTranspose": {"filters": 3, "kernel_size": [2, 3], "strides": 2, "l1": 0.1},
    "Cropping2D": {"cropping": 1},
    "Dense": {"units": 5, "bias_initializer": "random_normal"},
    "DepthwiseConv2D": {"kernel_size": 3, "l2": 0.1},
    "Dropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "GroupNormalization": {"groups": 1},
    "Permute": {"dims": [2, 1]},
    "PReLU": {"alpha_initializer": "random_uniform", "shared_axes": [1, 2]},
    "RandomBrightness": {"factor": 0.2, "value_range": [0, 1]},
    "RandomContrast": {"factor": 0.2, "value_range": [0, 1]},
    "RandomErasing": {"value_range": [0, 1]},
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": [-0.2, 0.2]},
    "RandomZoom": {"height_factor": 0.1},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 2, "offset": -1},
    "Reshape": {"target_shape": [9, -1]},
    "Resizing": {"height": 4, "width": 7},
    "SeparableConv2D": {"filters": 4, "kernel_size": 3, "l2": 0.1},
    "SpatialDropout2D": {"rate": 0.5},
}


def test_an_outline_has_the_layers_of_the_network_and_no_weights(network, facts):
    info = facts(24, 24, 2)
    moving = ("CenterCrop", "Cropping2D", "Permute", "Reshape", "Resizing")
    maps = [kind for kind in EACH if needed_rank(kind) in (None, 3) and kind not in (*moving, *MERGING)]
    layers = [{"type": kind, **EACH[kind]} for kind in maps]
    net = network(*layers, FLATTEN, OUTPUT)
    assert layer_table(outline(net, info)) == layer_table(build(net, info, seed=0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    large = outline(network(FLATTEN, {"type": "Dense", "units": 200_000}, OUTPUT), info)
    assert layer_table(large)[-2].parameters == 1153 * 200_000  # 922 MB, were they there
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def weights(model):
    """Every variable by its layer and kind; Keras numbers seed generators through the process."""
    return {
        f"{layer.name}/{variable.path.split('/')[-1]}": variable.numpy()
        for layer in model.layers
        for variable in layer.variables
    }


def assert_same_bits(first, second):
    assert list(first) == list(second)
    for path, value in first.items():
        assert value.tobytes() == second[path].tobytes(), path


@pytest.mark.parametrize("kind", LAYERS)
def test_every_layer_is_built_from_the_seed_alone_and_trains(kind, network, facts):
    layer = {"type": kind, **EACH.get(kind, {})}
    before = {1: [FLATTEN], 2: [{"type": "Reshape", "target_shape": [12, 6]}]}.get(needed_rank(kind), [])
    if kind == "Permute":
        before = [{"type": "Reshape", "target_shape": [12, 6]}]
    if kind in MERGING:
        before, layer = [{"type": "Activation", "activation": "tanh", "name": "a"}], {**layer, "from": ["input", "a"]}
    net = network(*before, layer, FLATTEN, OUTPUT)
    rows = facts(6, 6, 2)
    model = build(net, rows, seed=4)
    before = weights(model)
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 2), dtype=np.uint8)
    outputs = model(images, training=True).numpy()  # [3, 10]; also moves the seeds of dropout on
    assert np.isfinite(outputs).all()
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
    random.seed(99)
    assert_same_bits(before, weights(build(net, rows, seed=4)))
    assert_same_bits(before, weights(build(net, rows, seed=4)))


def test_another_seed_gives_other_kernels_and_other_dropout(network, facts):
    net = network(CONV, {"type": "Dropout", "rate": 0.5}, FLATTEN, OUTPUT)
    one, other = (weights(build(net, facts(8, 8, 1), seed=seed)) for seed in (1, 2))
    same = [path for path in one if one[path].tobytes() == other[path].tobytes()]
    assert same == ["conv2d_1/bias", "dense_1/bias"]
    assert len(one) == 5


def test_a_net_with_dropout_starts_from_the_weights_of_the_net_without(network, facts):
    plain = build(network(CONV, FLATTEN, OUTPUT), facts(8, 8, 1), seed=3)
    dropped = build(network(CONV, {"type": "Dropout", "rate": 0.5}, FLATTEN, OUTPUT), facts(8, 8, 1), seed=3)
    for first, second in zip(plain.trainable_weights, dropped.trainable_weights, strict=True):
        assert first.path == second.path
        assert first.numpy().tobytes() == second.numpy().tobytes()


def test_two_kernels_of_one_shape_differ(network, facts):
    layer = {"type": "Dense", "units": 16}
    model = build(network(FLATTEN, layer, layer, layer, OUTPUT), facts(4, 4, 1), seed=0)
    assert not np.array_equal(model.layers[3].kernel.numpy(), model.layers[4].kernel.numpy())


def test_the_table_has_names_shapes_and_counts(network, facts):
    layers = [CONV, {"type": "LeakyReLU"}, {"type": "MaxPooling2D"}, CONV, FLATTEN, OUTPUT]
    expected = (
        LayerRow("rescaling", "Rescaling", (28, 28, 1), 0),
        LayerRow("conv2d_1", "Conv2D", (26, 26, 8), 80),
        LayerRow("leaky_relu_1", "LeakyReLU", (26, 26, 8), 0),
        LayerRow("max_pooling2d_1", "MaxPooling2D", (13, 13, 8), 0),
        LayerRow("conv2d_2", "Conv2D", (11, 11, 8), 584),
        LayerRow("flatten_1", "Flatten", (968,), 0),
        LayerRow("dense_1", "Dense", (10,), 9690),
    )
    for _ in range(2):
        assert layer_table(build(network(*layers), facts(28, 28, 1), seed=0)) == expected


def test_bytes_are_scaled_inside_the_network_and_points_are_not(network, facts):
    images = build(network(FLATTEN, OUTPUT), facts(2, 2, 1), seed=0)
    pixels = np.array([[[[0], [51]], [[102], [255]]]], dtype=np.uint8)
    np.testing.assert_allclose(images.layers[0](pixels).numpy().ravel(), [0, 0.2, 0.4, 1], rtol=1e-6)
    points = build(network(FLATTEN, OUTPUT), facts(2, num_classes=2), seed=0)
    assert [layer.name for layer in points.layers] == ["flatten_1", "dense_1"]
    assert points.input_dtype == "float32"


@pytest.mark.parametrize(("l1", "l2"), [(None, 0.5), (0.25, 0), (0.25, 0.5)])
def test_l2_and_l1_weigh_the_kernel(l1, l2, network, facts):
    layer = {"type": "Dense", "units": 6, "bias_initializer": "ones", "l1": l1, "l2": l2}
    model = build(network(FLATTEN, layer, OUTPUT), facts(2, 2, 1), seed=0)
    kernel = model.layers[2].kernel.numpy()
    expected = (l1 or 0) * np.abs(kernel).sum() + (l2 or 0) * np.square(kernel).sum()
    assert [float(loss) for loss in model.losses] == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize("none", [None, 0, 0.0])
def test_no_l2_is_no_loss(none, network, facts):
    net = network(FLATTEN, {"type": "Dense", "units": 6, "l2": none}, OUTPUT)
    assert build(net, facts(2, 2, 1), seed=0).losses == []


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_ends_in_float32(policy, network, facts):
    net = network(
        {"type": "RandomRotation", "factor": 0.1},
        {"type": "RandomTranslation", "height_factor": 0.1, "width_factor": 0.1},
        CONV,
        FLATTEN,
        OUTPUT,
    )
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = build(net, facts(8, 8, 1), seed=0)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    half = policy.removeprefix("mixed_")
    computed = [layer.compute_dtype for layer in model.layers]
    assert computed == ["float32", "float32", "float32", half, half, "float32"]
    outputs = model(np.full((2, 8, 8, 1), 255, np.uint8), training=True)
    assert outputs.dtype == "float32"


# Keras 3.15 copies variables in a way that NumPy 2 has deprecated.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_saved_network_loads_in_safe_mode_and_predicts_the_same(network, facts, tmp_path):
    net = network({"type": "RandomFlip"}, {**CONV, "l2": 0.1}, {"type": "Dropout", "rate": 0.5}, FLATTEN, OUTPUT)
    model = build(net, facts(8, 8, 1), seed=0)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras", safe_mode=True)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    assert model(images).numpy().tobytes() == loaded(images).numpy().tobytes()
    assert layer_table(loaded) == layer_table(model)


def test_every_name_in_the_tables_is_known_to_keras():
    assert [name for name in sorted(ACTIVATIONS) if not callable(keras.activations.get(name))] == []
    assert [name for name in sorted(INITIALIZERS) if not callable(keras.initializers.get(name))] == []
