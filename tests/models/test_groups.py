"""Groups of layers, names and blocks: what they stand for, and what is refused in one line."""

from collections.abc import Callable
from typing import Any

import pytest

from deeplab.config.schema import ModelConfig
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.models.build import build, check_network
from deeplab.models.check_layers import check_layers
from deeplab.models.expand import expand_layers, is_chain, layer_names

Network, Facts = Callable[..., ModelConfig], Callable[..., DatasetInfo]
OUTPUT = {"type": "Dense", "units": "num_classes", "activation": "softmax"}
POOL = {"type": "GlobalAveragePooling2D"}
CONV = {"type": "Conv2D", "filters": 4, "kernel_size": 3, "padding": "same"}
WIDE = {**CONV, "filters": 8}


def dense(units: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Dense", "units": units, **more}


def residual(*layers: Any, **options: Any) -> dict[str, Any]:
    return {"residual": {"layers": list(layers), **options}}


def written(*layers: Any, **blocks: Any) -> list[tuple[str, tuple[int, ...]]]:
    """The names of the layers, and the numbers of those that each takes."""
    entries = expand_layers(layers, blocks)
    return [(name, entry.inputs) for name, entry in zip(layer_names(entries), entries, strict=True)]


def test_a_plain_list_is_a_chain() -> None:
    entries = expand_layers([dense([3, 4], dropout=0.5), {"repeat": 2, "layers": [dense(2)]}])
    assert is_chain(entries)
    assert [entry.where for entry in entries[-3:]] == [
        "model.layers[0]",
        "model.layers[1].layers[0]",
        "model.layers[1].layers[0]",
    ]


def test_names_say_who_takes_what() -> None:
    assert written(
        dense([3, 4], name="a"),
        dense(4, name="b"),
        {"type": "Add", "from": ["a", "b"]},
        dense(4, **{"from": "input"}),
        {"type": "Concatenate", "from": ["input", "b"]},
    )[2:] == [("dense_3", (1,)), ("add_1", (1, 2)), ("dense_4", (-1,)), ("concatenate_1", (-1, 2))]


def test_a_residual_adds_what_came_in() -> None:
    assert written(dense(4), residual(dense(8), dense(4))) == [
        ("dense_1", (-1,)),
        ("dense_2", (0,)),
        ("dense_3", (1,)),
        ("add_1", (2, 0)),
    ]
    shortcut = residual(CONV, shortcut="projection", normalization=True, drop=0.1)
    assert written(CONV, shortcut)[2:] == [
        ("conv2d_3", (0,)),
        ("batch_normalization_1", (2,)),
        ("dropout_1", (1,)),
        ("add_1", (4, 3)),
    ]
    kinds = [name for name, _ in written(CONV, residual(CONV, shortcut="pad"))]
    assert kinds[2:] == ["average_pooling2d_1", "permute_1", "zero_padding2d_1", "permute_2", "add_1"]


BLOCK = {"values": {"units": 3, "depth": 1}, "layers": [{"repeat": "$depth", "layers": [dense("$units")]}]}
OUTER = {"values": {"size": [5, 6]}, "layers": [{"block": "block", "units": "$size"}, dense(1)]}


def test_blocks_take_values_and_use_blocks() -> None:
    entries = expand_layers(
        [{"block": "block"}, {"block": "outer"}, {"block": "outer", "size": 7}], {"block": BLOCK, "outer": OUTER}
    )
    assert [entry.settings["units"] for entry in entries] == [3, 5, 6, 1, 7, 1]
    assert entries[1].where == "model.layers[1] outer.layers[0] block.layers[0].layers[0]"
    assert [group.label for group in entries[1].path] == ["outer", "block", "repeat 1"]


def test_input_in_a_block_is_what_comes_into_the_block() -> None:
    block = {
        "layers": [dense(4, name="a"), dense(4, name="b", **{"from": "input"}), {"type": "Add", "from": ["a", "b"]}]
    }
    assert written(dense(4), {"block": "two"}, {"block": "two"}, two=block) == [
        ("dense_1", (-1,)),
        ("dense_2", (0,)),
        ("dense_3", (0,)),
        ("add_1", (1, 2)),
        ("dense_4", (3,)),
        ("dense_5", (3,)),
        ("add_2", (4, 5)),
    ]


def test_shortcuts_fit_what_they_are_added_to(network: Network, facts: Facts) -> None:
    strided = {**WIDE, "strides": [2, 3]}
    for shortcut, layer, arguments in [
        ("projection", "conv2d_3", {"filters": 8, "strides": (2, 3), "kernel_size": (1, 1)}),
        ("pad", "average_pooling2d_1", {"pool_size": (1, 1), "strides": (2, 3)}),
        ("pad", "zero_padding2d_1", {"padding": ((0, 0), (2, 2))}),
    ]:
        config = network(CONV, residual(strided, shortcut=shortcut, drop=0.2), POOL, OUTPUT)
        model = build(config, facts(9, 10, 1), seed=0)
        made = model.get_layer(layer).get_config()
        assert {key: tuple(made[key]) if isinstance(made[key], list) else made[key] for key in arguments} == arguments
        assert model.get_layer("dropout_1").noise_shape == (None, 1, 1, 1)
        assert check_network(config, facts(9, 10, 1)) == model.count_params()


LINES = [
    (
        [residual(WIDE)],
        "model.layers[1].residual: its layers give maps of 8x8x8, and what comes in is maps of 8x8x4; write "
        "shortcut: projection, or pad, or let them give what comes in.",
    ),
    (
        [
            residual({**CONV, "strides": 3, "padding": "valid"}, {**CONV, "strides": 1}, shortcut="pad"),
            residual({"type": "UpSampling2D"}, shortcut="pad"),
        ],
        "model.layers[2].residual: its layers give maps of 4x4x4, and what comes in "
        "is maps of 2x2x4; the shortcut cannot fit (AveragePooling2D): no strides lead from one size to the other.",
    ),
    (
        [{**CONV, "name": "a"}, {**WIDE, "name": "b"}, {"type": "Add", "from": ["a", "b"]}],
        "model.layers[3] Add cannot join "
        "maps of 8x8x4 (model.layers[1] Conv2D) and maps of 8x8x8 (model.layers[2] Conv2D): their sizes "
        "must be the same.",
    ),
    (
        [{**CONV, "name": "a"}, {"type": "MaxPooling2D", "name": "b"}, {"type": "Concatenate", "from": ["a", "b"]}],
        "model.layers[3] Concatenate cannot join maps of 8x8x4 (model.layers[1] Conv2D) and maps of 4x4x4 "
        "(model.layers[2] "
        "MaxPooling2D): their sizes must be the same but along axis -1.",
    ),
    (
        [{**CONV, "name": "a"}, {"type": "Concatenate", "from": ["input", "a"], "axis": -4}],
        "model.layers[2] Concatenate cannot "
        "join maps of 8x8x1 (the input) and maps of 8x8x4 (model.layers[1] Conv2D): there is no axis -4.",
    ),
    ([{"type": "Add"}], "model.layers[1] (Add) joins two or more: write their names, as in `from: [a, b]`."),
    (
        [{**CONV, "name": "a"}, {"type": "Add", "from": ["a", "b"]}],
        "Unknown name 'b' in model.layers[2].from. Known: a, input.",
    ),
    ([{**CONV, "name": "a"}, {"type": "Add", "from": ["a", "a"]}], "model.layers[2].from names one of a, a twice."),
    ([{**CONV, "name": "a"}, {**CONV, "name": "a"}], "model.layers[2].name: 'a' is the name of an item before it."),
    (
        [{**CONV, "name": "input"}],
        "model.layers[1].name must be a word of small letters, digits and _, other than input, got 'input'.",
    ),
    (
        [{**CONV, "name": "a"}, {**CONV, "from": ["a", "input"]}],
        "model.layers[2] (Conv2D) takes one input, and from names 2; "
        "Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract join several.",
    ),
    (
        [{**CONV, "name": "a"}, {**CONV, "from": "input"}],
        "model.layers[1] (Conv2D) leads nowhere: no layer takes what it gives; "
        "give it a name, and name it in a `from`.",
    ),
    (
        [{**CONV, "part": "eye"}, residual(CONV)],
        "model.layers[1].part: parts are for networks without branches, in which no layer skips another.",
    ),
    ([{"repeat": 0, "layers": [CONV]}], "model.layers[1].repeat must be a whole number from 1 to 2147483647, got 0."),
    ([{"repeat": 2}], "model.layers[1].layers must be a list of layers, got None."),
    ([{"repeat": 2, "layers": []}], "model.layers[1].layers must be a list of layers, got []."),
    ([{"repeat": 2, "layers": [CONV], "l2": 1}], "Unknown key 'l2' in model.layers[1]. Known: layers, repeat."),
    ([{"repeat": 2, "block": "b"}], "model.layers[1] has both block and repeat; one item is one of them."),
    (
        [residual(CONV, shortcut="project")],
        "Unknown shortcut 'project' in model.layers[1].residual. Did you mean 'projection'? "
        "Known: identity, pad, projection.",
    ),
    (
        [residual(CONV, drop=1)],
        "model.layers[1].residual.drop must be a number from 0 up to but not 1, or null, got 1.",
    ),
    (
        [residual(CONV, normalization=True)],
        "model.layers[1].residual.normalization is for shortcut: projection; there is no shortcut.",
    ),
    ([{"residual": [CONV]}], "model.layers[1].residual must be a mapping with layers, got "),
    (
        [{**CONV, "filters": "$filters"}],
        "model.layers[1].filters: '$filters' stands outside of a block, where there are no values.",
    ),
    (
        [{"block": "bloc"}],
        "Unknown block 'bloc' in model.layers[1].block. Did you mean 'block'? Known: block, inner, loop, other.",
    ),
    (
        [{"block": "block", "filtres": 3}],
        "Unknown value of the block 'block' 'filtres' in model.layers[1]. Did you mean 'filters'? Known: filters.",
    ),
    (
        [{"block": "block", "filters": {"a": 1}}],
        "model.layers[1].filters must be a number, a word, true, false, null or a list of those, got {'a': 1}.",
    ),
    (
        [{"block": "inner"}],
        "Unknown value '$filtres' in model.layers[1] inner.layers[0].filters. Did you mean '$filters'? Known: "
        "$filters.",
    ),
    ([{"block": "block", "filters": -3}], "model.layers[1] block.layers[0].filters must be a whole number from 1 to"),
    (
        [{"block": "loop"}],
        "model.layers[1] loop.layers[0] other.layers[0]: the block 'loop' uses itself (loop -> other -> loop).",
    ),
    (
        [{"type": "Reshape", "target_shape": [8, 8]}, {"type": "Conv2D", "filters": 2, "kernel_size": 3}],
        "model.layers[2] "
        "Conv2D (kernel_size 3) cannot take arrays of 8x8: it needs maps of (height, width, channels); a layer before",
    ),
    (
        [{"type": "MaxPooling1D"}],
        "model.layers[1] MaxPooling1D cannot take maps of 8x8x1: it needs sequences of (steps, values); a "
        "Reshape makes them.",
    ),
    (
        [{"type": "Permute", "dims": [1]}],
        "model.layers[1] Permute cannot take maps of 8x8x1: dims must name each of its 3 axes; ",
    ),
    ([{"type": "CenterCrop", "height": 9, "width": 8}], "model.layers[1] CenterCrop cannot take maps of 8x8x1: "),
]
BLOCKS = {
    "block": {"values": {"filters": 4}, "layers": [{**CONV, "filters": "$filters"}]},
    "inner": {"values": {"filters": 4}, "layers": [{**CONV, "filters": "$filtres"}]},
    "loop": {"layers": [{"block": "other"}]},
    "other": {"layers": [{"block": "loop"}]},
}


@pytest.mark.parametrize(("layers", "line"), LINES, ids=range(len(LINES)))
def test_what_is_wrong_is_told_in_one_line(network: Network, facts: Facts, layers: list[Any], line: str) -> None:
    first = CONV if "residual" in layers[0] else {"type": "Activation", "activation": "relu"}
    config = network(first, *layers, POOL, OUTPUT)
    config = ModelConfig(config.name, config.task, config.layers, config.settings, BLOCKS)
    with pytest.raises(UserError) as caught:
        check_network(config, facts(8, 8, 1))
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("blocks", "line"),
    [
        ({"b": 3}, "model.blocks.b must have layers, a list, and may have values; it is 3."),
        (
            {"b": {"layers": [], "value": {}}},
            "Unknown key 'value' in model.blocks.b. Did you mean 'values'? Known: layers, values.",
        ),
        (
            {"b": {"layers": [], "values": [1]}},
            "model.blocks.b.values must be a mapping, as in {filters: 16}, got [1].",
        ),
        ({"b": {"layers": [], "values": {"from": 1}}}, "model.blocks.b.values: 'from' cannot be the name of a value;"),
        (
            {"b": {"layers": [], "values": {"a": [[1]]}}},
            "model.blocks.b.values.a must be a number, a word, true, false, null or",
        ),
    ],
)
def test_blocks_are_checked_before_they_are_used(blocks: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as caught:
        check_layers((OUTPUT,), blocks)
    assert str(caught.value).startswith(line)
