"""A list of units is a layer for each number."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplab.config.compose import compose
from deeplab.config.schema import ModelConfig
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.models.build import build, check_network
from deeplab.models.expand import expand_layers

Network, Facts = Callable[..., ModelConfig], Callable[..., DatasetInfo]
OUTPUT = {"type": "Dense", "units": "num_classes", "activation": "softmax"}
FLATTEN = {"type": "Flatten"}


@given(st.lists(st.integers(1, 9) | st.lists(st.integers(1, 9), min_size=1), min_size=1))
@settings(max_examples=50)
def test_layers_come_one_by_one_and_know_their_place_in_the_file(sizes: list[int | list[int]]) -> None:
    entries = expand_layers({"type": "Dense", "units": size, "activation": "relu"} for size in sizes)
    written = [(size, index) for index, one in enumerate(sizes) for size in (one if isinstance(one, list) else [one])]
    assert [(entry.settings["units"], entry.where) for entry in entries] == [
        (size, f"model.layers[{index}]") for size, index in written
    ]
    assert {(entry.kind, entry.settings["activation"]) for entry in entries} == {("Dense", "relu")}


def test_a_list_is_the_network_that_is_written_out_to_the_bit(network: Network, facts: Facts) -> None:
    def dense(units: object) -> dict[str, object]:
        return {"type": "Dense", "units": units, "activation": "tanh", "l2": 0.1}

    short = build(network(dense([4, 2]), OUTPUT), facts(7), seed=3)
    long = build(network(dense(4), dense(2), OUTPUT), facts(7), seed=3)
    assert [layer.name for layer in short.layers] == ["dense_1", "dense_2", "dense_3"]
    assert [layer.name for layer in long.layers] == [layer.name for layer in short.layers]
    for one, other in zip(short.get_weights(), long.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()
    assert all(layer.kernel_regularizer is not None for layer in short.layers[:2])


def test_filters_may_be_a_list_too_and_parts_hold_all_layers(network: Network, facts: Facts) -> None:
    conv = {"part": "eye", "type": "Conv2D", "filters": [4, 8], "kernel_size": 3}
    model = build(network(conv, FLATTEN, OUTPUT), facts(8, 8, 1), seed=0)
    assert [layer.output.shape[1:] for layer in model.get_layer("eye").layers] == [(6, 6, 4), (4, 4, 8)]


def test_dropout_of_a_layer_stands_behind_each_that_it_is_for(network: Network, facts: Facts) -> None:
    short = build(network({"type": "Dense", "units": [4, 2], "dropout": 0.25}, OUTPUT), facts(7), seed=3)
    one, two, drop = ({"type": "Dense", "units": 4}, {"type": "Dense", "units": 2}, {"type": "Dropout", "rate": 0.25})
    long = build(network(one, drop, two, drop, OUTPUT), facts(7), seed=3)
    assert [layer.get_config() for layer in short.layers] == [layer.get_config() for layer in long.layers]
    assert [layer.name for layer in short.layers][1::2] == ["dropout_1", "dropout_2"]
    for mine, other in zip(short.get_weights(), long.get_weights(), strict=True):
        assert mine.tobytes() == other.tobytes()


@pytest.mark.parametrize("rate", [0, 0.0, None])
def test_no_dropout_leaves_no_layer_behind(network: Network, facts: Facts, rate: float | None) -> None:
    conv = {"part": "eye", "type": "Conv2D", "filters": 4, "kernel_size": 3, "dropout": rate}
    model = build(network(conv, FLATTEN, OUTPUT), facts(8, 8, 1), seed=0)
    assert len(model.get_layer("eye").layers) == 1
    model = build(network({**conv, "dropout": 0.5}, FLATTEN, OUTPUT), facts(8, 8, 1), seed=0)
    assert [layer.name for layer in model.get_layer("eye").layers] == ["conv2d_1", "dropout_1"]


@pytest.mark.parametrize(
    ("layers", "line"),
    [
        (
            [{"type": "Dense", "units": 4, "dropout": 1}, OUTPUT],
            "model.layers[0].dropout must be a number from 0 up to but not 1, or null, got 1",
        ),
        (
            [{"type": "Dense", "units": 4, "activation": "of_tsk"}, OUTPUT],
            "Unknown activation 'of_tsk' in model.layers[0].activation. Did you mean 'of_task'?",
        ),
        (
            [{"type": "Dense", "units": [4, 0]}, OUTPUT],
            "model.layers[0].units[1] must be a whole number from 1 to 2147483647, or num_classes",
        ),
        ([{"type": "Dense", "units": []}, OUTPUT], "model.layers[0].units must be a whole number from 1 to"),
        ([{"type": "Dense", "units": [[4]]}, OUTPUT], "model.layers[0].units[0] must be a whole number from 1 to"),
        (
            [{"type": "Dense", "units": [4, 2]}, {"type": "Dense", "units": 3, "activation": "softmax"}],
            "model.layers[1] (Dense) gives 3 outputs, mnist has 10 classes",
        ),
        (
            [{"type": "Dense", "units": [4, 2]}, {"type": "Conv2D", "filters": 3, "kernel_size": 3}, OUTPUT],
            "model.layers[1] Conv2D (kernel_size 3) cannot take vectors of 2",
        ),
        (
            [{"type": "Dense", "units": [4, 2]}, {"type": "Dense", "units": 3, "size": 1}, OUTPUT],
            "Unknown argument of Dense 'size' in model.layers[1]",
        ),
        (
            [{"type": "Dense", "units": [4, 2**31 - 1, 2]}, OUTPUT],
            "model.layers[0] Dense has 8,589,934,588 parameters or more",
        ),
        (
            [{"type": "Dense", "units": [4, 2]}, {"type": "BatchNormalization", "axis": 4}, OUTPUT],
            "model.layers[1] BatchNormalization cannot take vectors of 2",
        ),
    ],
)
def test_errors_name_the_place_in_the_file(network: Network, facts: Facts, layers: list, line: str) -> None:
    with pytest.raises(UserError) as caught:
        check_network(network(*layers), facts(7))
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(("units", "parameters"), [("3", 28), ("[4,2]", 45), ("[3]", 28)])
def test_the_playground_takes_a_number_or_a_list(units: str, parameters: int, facts: Facts) -> None:
    config = compose(["model=playground", f"model.units={units}"]).config.model
    assert check_network(config, facts(7, num_classes=2)) == parameters


def test_a_setting_that_the_playground_does_not_use_is_refused() -> None:
    with pytest.raises(UserError, match="Unknown key 'dropout' in model"):
        compose(["model=playground", "model.dropout=0.5"])
    with pytest.raises(UserError, match=r"'model.units=\[4,2\]' changes nothing: no layer of the network"):
        compose(["model=playground", "model.units=[4,2]", "model.layers=[{type: Dense, units: 1}]"])


@pytest.mark.parametrize("shape", [(4,), (8, 8, 1)])
def test_the_plain_networks_take_rows_of_any_shape(facts: Facts, shape: tuple[int, ...]) -> None:
    for name, parameters in (("linear", 10 * (np.prod(shape) + 1)), ("mlp", 64 * (np.prod(shape) + 1) + 65 * 74)):
        assert check_network(compose([f"model={name}"]).config.model, facts(*shape)) == parameters
    values = DatasetInfo("table", shape, 0, (), "", 1.0, ("price", "rent"))
    config = compose(["model=mlp", "dataset=bumps", "model.units=[6,5]", "model.dropout=0.5"]).config.model
    model = build(config, values, seed=0)
    assert model.output_shape == (None, 2)
    assert [layer.name for layer in model.layers] == (
        ["flatten_1", "dense_1", "dropout_1", "dense_2", "dropout_2", "dense_3"]
    )
    assert model.layers[-1].activation.__name__ == "linear"


def test_penalties_reach_the_hidden_layers_alone(facts: Facts) -> None:
    config = compose(["model=playground", "model.l1=0.01", "l2=0.1", "model.units=[4,2]"]).config.model
    model = build(config, facts(7, num_classes=2), seed=0)
    penalties = [layer.kernel_regularizer for layer in model.layers]
    assert penalties[2] is None
    assert [float(penalty.l1) for penalty in penalties[:2]] == pytest.approx([0.01, 0.01])
    assert [float(penalty.l2) for penalty in penalties[:2]] == pytest.approx([0.1, 0.1])
    assert np.shape(model(np.zeros((5, 7), np.float32))) == (5, 1)
