import subprocess
import sys

import pytest

from deeplab.errors import UserError
from deeplab.models.check_layers import check_layers
from deeplab.models.layers import ACTIVATIONS, INITIALIZERS, LAYERS

DENSE = {"type": "Dense", "units": 3}
UNITS = (
    "model.layers[0].units must be a whole number from 1 to 2147483647, or num_classes, num_inputs, num_channels, "
    "num_targets, num_outputs"
)
CONV = {"type": "Conv2D", "filters": 8, "kernel_size": 3}

REFUSED = [
    ({}, "model.layers[0] must name its layer, as in `type: Dense`; it has nothing."),
    ({"typ": "Dense"}, "model.layers[0] must name its layer, as in `type: Dense`; it has typ."),
    ({"type": ["Dense"]}, "model.layers[0] must name its layer, as in `type: Dense`; it has type."),
    (
        {**DENSE, "activation": "rellu"},
        "Unknown activation 'rellu' in model.layers[0].activation. Did you mean 'relu'? "
        f"Known: {', '.join(sorted({*ACTIVATIONS, 'of_task'}))}.",
    ),
    (
        {**DENSE, "kernel_initializer": "he_norma"},
        "Unknown initializer 'he_norma' in model.layers[0].kernel_initializer. Did you mean 'he_normal'? "
        f"Known: {', '.join(sorted(INITIALIZERS))}.",
    ),
    (
        {**DENSE, "units": -3},
        f"{UNITS}, got -3.",
    ),
    (
        {**DENSE, "units": "many"},
        f"{UNITS}, got 'many'.",
    ),
    (
        {**DENSE, "units": True},
        f"{UNITS}, got True.",
    ),
    (
        {**DENSE, "units": 10**12},
        f"{UNITS}, got 1000000000000.",
    ),
    (
        {**CONV, "kernel_size": 0},
        "model.layers[0].kernel_size must be a whole number from 1 to 2147483647 or two of them, got 0.",
    ),
    (
        {**CONV, "kernel_size": [3, 3, 3]},
        "model.layers[0].kernel_size must be a whole number from 1 to 2147483647 or two of them, got [3, 3, 3].",
    ),
    ({**CONV, "padding": "full"}, "model.layers[0].padding must be one of same, valid, got 'full'."),
    (
        {"type": "Dropout", "rate": 1.5},
        "model.layers[0].rate must be a number from 0 up to but not 1, got 1.5.",
    ),
    (
        {"type": "GaussianDropout", "rate": 1},
        "model.layers[0].rate must be a number from 0 up to but not 1, got 1.",
    ),
    (
        {"type": "GaussianNoise", "stddev": float("nan")},
        "model.layers[0].stddev must be a finite number, a string, true, false, null or a list of those, got nan.",
    ),
    ({**DENSE, "l2": -1e-6}, "model.layers[0].l2 must be a number of at least 0, or null, got -1e-06."),
    (
        {**DENSE, "kernel_regularizer": "l2"},
        "model.layers[0].kernel_regularizer cannot be set: write l2 or l1 for a penalty on the kernel.",
    ),
    (
        {**DENSE, "bias_constraint": "non_neg"},
        "model.layers[0].bias_constraint cannot be set: write l2 or l1 for a penalty on the kernel.",
    ),
    (
        {**DENSE, "dtype": "float64"},
        "model.layers[0].dtype cannot be set: the precision is training.precision.",
    ),
    (
        {**DENSE, "name": "A b"},
        "model.layers[0].name must be a word of small letters, digits and _, other than input, got 'A b'.",
    ),
    (
        {"type": "Dropout", "rate": 0.5, "seed": 1},
        "model.layers[0].seed cannot be set: every layer draws from the seed of the run.",
    ),
    (
        {"type": "RandomContrast", "factor": 0.5},
        "model.layers[0] (RandomContrast) needs value_range: [0, 1] for images, which come in scaled.",
    ),
    ({"type": "Activation", "activation": None}, "Unknown activation 'None' in model.layers[0].activation. "),
    (
        {"type": "LayerNormalization", "axis": [-1, 3]},
        "model.layers[0].axis must be a whole number that is not 0, or several of one sign that rise, got [-1, 3].",
    ),
    (
        {"type": "BatchNormalization", "axis": [1]},
        "model.layers[0].axis must be a whole number that is not 0, got [1].",
    ),
    ({"type": "Rescaling", "scale": True}, "model.layers[0].scale must be a number, got True."),
]


@pytest.mark.parametrize(("layer", "message"), REFUSED)
def test_a_bad_layer_is_refused_in_one_line(layer, message):
    with pytest.raises(UserError) as error:
        check_layers((layer,))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_an_unknown_layer_names_its_place_the_nearest_and_all_others():
    with pytest.raises(UserError) as error:
        check_layers(({"type": "Flatten"}, {"type": "Conv2d"}))
    known = ", ".join(sorted([*LAYERS, "Backbone"]))
    assert str(error.value) == (
        f"Unknown layer 'Conv2d' in model.layers[1]. Did you mean 'Conv2D'? Known: {known}. "
        "One of your own needs --code FILE."
    )


@pytest.mark.parametrize("kind", ["Lambda", "TorchModuleWrapper", "RNN", "Wrapper", "os:system", "keras.layers:Dense"])
def test_what_could_run_code_is_not_a_layer(kind):
    with pytest.raises(UserError, match=f"Unknown layer '{kind}'"):
        check_layers(({"type": kind},))


@pytest.mark.parametrize("key", ["units", "activation", "kernel_initializer", "use_bias", "anything"])
@pytest.mark.parametrize("nested", [False, True])
def test_no_argument_may_be_a_mapping(key, nested):
    thing = {"module": "antigravity", "class_name": "geohash", "config": {}, "registered_name": None}
    with pytest.raises(UserError, match="must be a finite number, a string, true, false, null or a list of those"):
        check_layers(({**DENSE, key: [[thing]] if nested else thing},))


def test_what_is_right_passes():
    layers = (
        {"type": "ZeroPadding2D", "padding": [[0, 1], [2, 3]]},
        {
            "type": "Conv2D",
            "filters": 8,
            "kernel_size": [3, 1],
            "strides": 2,
            "padding": "same",
            "l1": 0,
            "l2": None,
        },
        {"type": "MaxPooling2D", "strides": None},
        {"type": "BatchNormalization", "momentum": 0.9, "scale": False},
        {"type": "RandomZoom", "height_factor": [-0.1, 0.1], "width_factor": None},
        {"type": "LayerNormalization", "axis": [-3, -1]},
        {"type": "PReLU", "shared_axes": [1, 2]},
        {"type": "Reshape", "target_shape": [4, -1]},
        {"type": "Dense", "units": "num_classes", "activation": None},
    )
    assert check_layers(layers) is None


def test_neither_tensorflow_nor_keras_is_imported():
    code = (
        "import sys; from deeplab.models.check_layers import check_layers; "
        "check_layers(({'type': 'Dense', 'units': 3, 'activation': 'relu'},)); "
        "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("layers", "line"),
    [
        ((DENSE,) * 3000, "model.layers has 3,000 layers; at most 500 are allowed."),
        (({**DENSE, "units": [3] * 400},) * 2, "model.layers stands for 800 layers; at most 500 are allowed."),
    ],
)
def test_a_network_has_a_bounded_depth(layers, line):
    assert check_layers((DENSE,) * 500) is None
    with pytest.raises(UserError) as error:
        check_layers(layers)
    assert str(error.value) == line


@pytest.mark.parametrize(
    ("layers", "place", "count"),
    [
        ([{"type": "Dense", "units": 2_000_000_000}], 0, "2,000,000,000"),
        ([{"type": "Dense", "units": [50_000, 50_000]}], 0, "2,500,000,000"),
        (
            [{"type": "Dense", "units": 50_000}, {"type": "Dropout", "rate": 0.5}, {**DENSE, "units": 5001}],
            2,
            "250,050,000",
        ),
    ],
)
def test_dense_layers_that_are_too_large_are_refused_without_tensorflow(layers, place, count):
    with pytest.raises(UserError) as told:
        check_layers(tuple(layers))
    assert str(told.value) == (
        f"model.layers[{place}] Dense has {count} parameters or more; at most 250,000,000 are allowed in a network."
    )


def test_sizes_that_do_not_meet_are_left_to_the_count():
    check_layers(({"type": "Dense", "units": 50_000}, {"type": "Reshape", "target_shape": [2, 25_000]}, DENSE))
