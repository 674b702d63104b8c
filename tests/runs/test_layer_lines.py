"""Layers, groups of layers and blocks of a run, a line each."""

from deeplab.config.compose import compose
from deeplab.runs.detail import layer_lines, layers
from deeplab.tracking.params import flatten
from deeplab.workflows.cache_key import shared_configuration


def test_groups_are_indented_and_blocks_stand_behind() -> None:
    params = flatten(compose(["model=resnet20", "l2=0.1"]).values)
    lines = layer_lines(params)
    assert [line.split(" filters")[0] for line in lines[2:8]] == [
        "Activation activation=relu",
        *("block stage",) * 3,
        "GlobalAveragePooling2D",
        "Dense units=num_classes activation=softmax",
    ]
    at = lines.index("stage: filters=16 strides=2 shortcut=pad")
    assert lines[at + 1 :] == [
        "  block basic filters=$filters strides=$strides shortcut=$shortcut",
        "  repeat 2",
        "    block basic filters=$filters",
    ]
    head = next(line for line in lines if line.startswith("  residual"))
    assert head == "  residual shortcut=$shortcut normalization=true kernel_initializer=he_normal l2=0.1"
    assert layers(params)[3] == "block stage filters=16 strides=1 shortcut=identity"


def test_weight_decay_in_groups_is_no_other_graph() -> None:
    one, other, third = (
        shared_configuration(compose(["model=resnet8", *more]).values)
        for more in (["l2=0.1"], ["l2=0.2"], ["l2=0.1", "model.layers.4.filters=8"])
    )
    assert one == other != third
