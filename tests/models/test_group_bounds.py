"""A short file cannot stand for a large network, nor take long to be refused."""

import resource
import time
from typing import Any

import pytest

from deeplab.errors import UserError
from deeplab.models.check_layers import check_layers


def dense(units: Any) -> dict[str, Any]:
    return {"type": "Dense", "units": units}


def nested(depth: int) -> dict[str, Any]:
    item = dense(1)
    for _ in range(depth):
        item = {"repeat": 10**9, "layers": [item]}
    return item


def doubling(count: int) -> dict[str, Any]:
    """Blocks that each use the next one twice, with a list of twice the values."""
    blocks = {
        f"b{number}": {"values": {"x": [1]}, "layers": [{"block": f"b{number + 1}", "x": ["$x", "$x"]}] * 2}
        for number in range(count)
    }
    return {**blocks, f"b{count}": {"values": {"x": 1}, "layers": [dense(1)]}}


@pytest.mark.parametrize(
    ("layers", "blocks", "line"),
    [
        (
            (nested(1),),
            {},
            "model.layers stands for more than 500 layers, which is the most; at model.layers[0].layers[0].",
        ),
        ((nested(20),), {}, "model.layers stands for more than 500 layers"),
        ((nested(20_000),), {}, "model.layers[0].layers[0].layers[0]"),
        (({"block": "b0"},), doubling(3), "model.layers[0] b0.layers[0].x must be a number, a word,"),
        (
            ({"block": "b0"},),
            {f"b{n}": {"layers": [{"block": f"b{n + 1}"}]} for n in range(9000)},
            "model.layers[0] b0",
        ),
        (
            ({"block": "a"},),
            {"a": {"layers": [{"block": "a"}]}},
            "model.layers[0] a.layers[0]: the block 'a' uses itself",
        ),
    ],
)
def test_a_short_file_cannot_stand_for_a_large_network(
    layers: tuple[Any, ...], blocks: dict[str, Any], line: str
) -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(UserError) as caught:
        check_layers(layers, blocks)
    assert str(caught.value).startswith(line)
    assert len(str(caught.value)) < 1000
    assert time.perf_counter() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB
