import resource

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deeplab.errors import UserError
from deeplab.models.build import build, check_network

FLATTEN = {"type": "Flatten"}
OUTPUT = {"type": "Dense", "units": "num_classes", "activation": "softmax"}


def conv(**arguments):
    return {"type": "Conv2D", "filters": 8, "kernel_size": 3, **arguments}


def pool(size):
    return {"type": "MaxPooling2D", "pool_size": size}


def dense(**arguments):
    return {"type": "Dense", **arguments}


IMAGES = [
    (
        [conv(), OUTPUT],
        "The network ends in maps of 26x26x10, not in 10 class probabilities: "
        "put a Flatten before model.layers[1] (Dense).",
    ),
    (
        [conv(), {"type": "Activation", "activation": "softmax"}],
        "The network ends in maps of 26x26x8, not in 10 class probabilities: is a Flatten missing?",
    ),
    (
        [FLATTEN, conv(), OUTPUT],
        "model.layers[1] Conv2D (kernel_size 3) cannot take vectors of 784: "
        "it needs maps of (height, width, channels); a layer before it ends them.",
    ),
    (
        [FLATTEN, dense(units=10)],
        "model.layers[1] (Dense) must end in the activation softmax or sigmoid, it has linear.",
    ),
    (
        [FLATTEN, OUTPUT, {"type": "Dropout", "rate": 0.1}],
        "model.layers[2] (Dropout) must end in the activation softmax or sigmoid, it has none.",
    ),
    (
        [FLATTEN, dense(units=7, activation="softmax")],
        "model.layers[1] (Dense) gives 7 outputs, mnist has 10 classes: write `units: num_classes`.",
    ),
    (
        [FLATTEN, dense(unit=3), OUTPUT],
        "Unknown argument of Dense 'unit' in model.layers[1]. Did you mean 'units'? "
        "Known: activation, bias_initializer, kernel_initializer, l1, l2, units, use_bias.",
    ),
    ([FLATTEN, dense(), OUTPUT], "model.layers[1] (Dense) needs units."),
    (
        [{**FLATTEN, "l2": 0.1}, OUTPUT],
        "model.layers[0].l2: Flatten has no kernel that l2 could act on.",
    ),
    (
        [{**FLATTEN, "units": 3}, OUTPUT],
        "Unknown argument of Flatten 'units' in model.layers[0]. Known: none.",
    ),
    (
        [conv(groups=3), FLATTEN, OUTPUT],
        "model.layers[0] (Conv2D, filters 8, kernel_size 3, groups 3): "
        "The number of filters must be evenly divisible by the number of groups.",
    ),
    (
        [conv(groups=2), FLATTEN, OUTPUT],
        "model.layers[0] Conv2D cannot take maps of 28x28x1: "
        "The number of input channels must be evenly divisible by the number of groups.",
    ),
    (
        [{"type": "PReLU", "shared_axes": [9]}, FLATTEN, OUTPUT],
        "model.layers[0] PReLU cannot take maps of 28x28x1: there is no such axis.",
    ),
    (
        [{"type": "Cropping2D", "cropping": 20}, FLATTEN, OUTPUT],
        "model.layers[0] Cropping2D (cropping 20) cannot take maps of 28x28x1: "
        "images of at least 41x41 are needed, these are 28x28.",
    ),
    (
        [{"type": "Reshape", "target_shape": [4, 4]}, FLATTEN, OUTPUT],
        "model.layers[0] Reshape (target_shape [4, 4]) cannot take maps of 28x28x1: "
        "images of 4x4 are needed, these are 28x28.",
    ),
    (
        [pool(2000), FLATTEN, OUTPUT],
        "model.layers[0] MaxPooling2D (pool_size 2000) cannot take maps of 28x28x1: "
        "Computed output size would be zero or negative; no image size up to 1024x1024 works.",
    ),
    (
        [{"type": "UpSampling2D", "size": 10**9}, FLATTEN, OUTPUT],
        "model.layers[0] UpSampling2D (size 1000000000) gives maps of 28000000000x28000000000x1 "
        "for each row, more than 2147483647 numbers.",
    ),
]


@pytest.mark.parametrize(("layers", "message"), IMAGES)
def test_a_network_that_does_not_fit_is_refused_in_one_line(layers, message, network, facts):
    with pytest.raises(UserError) as error:
        build(network(*layers), facts(28, 28, 1), seed=0)
    assert str(error.value) == message


def test_too_small_images_name_the_least_size_and_it_works(network, facts):
    layers = [conv(filters=64), conv(filters=64), pool(2), pool(3), FLATTEN, OUTPUT]
    with pytest.raises(UserError) as error:
        check_network(network(*layers), facts(8, 8, 1, name="digits"))
    assert str(error.value) == (
        "model.layers[3] MaxPooling2D (pool_size 3) cannot take maps of 2x2x64: "
        "images of at least 10x10 are needed, these are 8x8 (dataset.image_size=10)."
    )
    with pytest.raises(UserError):
        check_network(network(*layers), facts(9, 9, 1, name="digits"))
    assert check_network(network(*layers), facts(10, 10, 1)) == 640 + 36_928 + 650


def test_a_convolution_cannot_take_points(network, facts):
    with pytest.raises(UserError) as error:
        build(network(conv(), FLATTEN, OUTPUT), facts(2, num_classes=2, name="spiral"), seed=0)
    assert str(error.value) == (
        "model.layers[0] Conv2D (kernel_size 3) cannot take vectors of 2: "
        "it needs images, and the rows of spiral are vectors of 2, which model=mlp takes."
    )


def test_a_dense_net_takes_points_and_images_alike(network, facts):
    net = network(FLATTEN, dense(units=3, activation="tanh"), OUTPUT)
    assert check_network(net, facts(2, num_classes=2)) == 9 + 8
    assert check_network(net, facts(28, 28, 1)) == 784 * 3 + 3 + 40


def test_a_dense_layer_on_maps_is_right_when_the_end_is(network, facts):
    net = network(dense(units=10), {"type": "GlobalAveragePooling2D"}, {"type": "Activation", "activation": "softmax"})
    assert check_network(net, facts(28, 28, 1)) == 20


def test_num_classes_counts_filters_too(network, facts):
    net = network(
        conv(filters="num_classes"),
        {"type": "GlobalMaxPooling2D"},
        {"type": "Activation", "activation": "softmax"},
    )
    assert check_network(net, facts(28, 28, 1, num_classes=7)) == 9 * 7 + 7


def test_absurd_sizes_are_refused_before_memory_is_taken(network, facts):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError) as error:
        build(network(FLATTEN, dense(units=10**7), OUTPUT), facts(28, 28, 1), seed=0)
    assert str(error.value) == (
        "model.layers[1] Dense brings the network to 7,850,000,000 parameters; at most 250,000,000 are allowed."
    )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 500_000  # KiB; the first matrix alone would take 31 GB


@pytest.mark.parametrize(
    ("name", "inside"),
    [("a/b", "a_b"), ("my net", "my_net"), ("größe", "gr__e"), ("_x", "network_x")],
)
def test_any_name_becomes_one_that_tensorflow_takes(network, facts, name, inside):
    assert build(network(FLATTEN, OUTPUT, name=name), facts(28, 28, 1), 0).name == inside


WHOLE = st.one_of(st.integers(1, 9), st.sampled_from([0, 10**9, "num_classes", None]))
PAIR = st.one_of(st.integers(1, 5), st.lists(st.integers(1, 4), min_size=2, max_size=2))
BORDER = st.one_of(st.integers(0, 3), st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=2), min_size=2))
SHARE = st.one_of(st.floats(0, 0.9), st.sampled_from([1, -0.5, float("inf")]))
AXES = st.one_of(st.integers(-5, 5), st.lists(st.integers(-5, 5), min_size=1, max_size=3))
PADDING = st.sampled_from(["same", "valid"])


def kinds(names, needed, **optional):
    """Layers of these kinds, with the arguments they need and some of the others."""
    return st.fixed_dictionaries({"type": st.sampled_from(names.split()), **needed}, optional=optional)


CONVOLUTION = {"strides": PAIR, "padding": PADDING, "dilation_rate": PAIR, "l2": SHARE}
ANY_LAYER = st.one_of(
    kinds("Conv2D Conv2DTranspose SeparableConv2D", {"filters": WHOLE, "kernel_size": PAIR}, **CONVOLUTION),
    kinds("Conv2D", {"filters": WHOLE, "kernel_size": PAIR}, groups=WHOLE),
    kinds("DepthwiseConv2D", {"kernel_size": PAIR}, depth_multiplier=WHOLE, **CONVOLUTION),
    kinds("MaxPooling2D AveragePooling2D", {"pool_size": PAIR}, strides=PAIR, padding=PADDING),
    kinds("Dense", {"units": WHOLE}, use_bias=st.booleans()),
    kinds("Reshape", {"target_shape": st.lists(st.sampled_from([-1, 1, 2, 4, 8, 64]), max_size=3)}),
    kinds("Cropping2D", {"cropping": BORDER}),
    kinds("ZeroPadding2D", {"padding": BORDER}),
    kinds("UpSampling2D", {"size": PAIR}),
    kinds("BatchNormalization LayerNormalization", {}, axis=AXES),
    kinds("PReLU", {}, shared_axes=AXES),
    kinds("Dropout SpatialDropout2D GaussianDropout", {"rate": SHARE}),
    kinds("RandomRotation", {"factor": SHARE}),
    kinds("RandomTranslation", {"height_factor": SHARE, "width_factor": SHARE}),
    kinds("Flatten GlobalMaxPooling2D GlobalAveragePooling2D RandomFlip LeakyReLU", {}, keepdims=st.just(True)),
    kinds("Flatten GlobalMaxPooling2D RandomFlip LeakyReLU", {}),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANY_LAYER, max_size=4), st.sampled_from([(8, 8, 1), (5, 9, 3), (2,)]))
def test_any_list_of_layers_is_built_or_refused_in_one_line(network, facts, layers, shape):
    net, rows = network(*layers, FLATTEN, OUTPUT), facts(*shape)
    try:
        count = check_network(net, rows)
    except UserError as error:
        assert "model.layers[" in str(error)
        assert "\n" not in str(error)
        return
    if count < 10**6:
        model = build(net, rows, seed=1)
        assert model.count_params() == count
        assert model(np.ones((2, *shape), np.float32), training=True).shape == (2, 10)
