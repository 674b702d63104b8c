"""What is a box of a diagram: a layer, or a group of layers where a network has many."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

MOST_BOXES = 25


@dataclass(frozen=True)
class Box:
    """A layer, or a group of them."""

    name: str  # as in `conv2d_1`, or of a group as in `basic x3`
    type: str  # as in `Conv2D`; "" of a group
    output_shape: tuple[int, ...]  # of one example, without the batch
    parameters: int
    inputs: tuple[int, ...]  # the numbers of the boxes whose outputs it takes; -1 for the network's input
    groups: tuple[tuple[int, str], ...] = ()  # that it stands in, the outermost first: a number of its own and a label


def boxes_of(layers: Sequence[Box], input_shape: tuple[int, ...]) -> list[Box]:
    """The boxes of a diagram, the network's input first; -1 stands nowhere any more.

    Args:
        layers: of the network, in order. Where there are more than MOST_BOXES, the innermost groups become a box each,
            then those around them.
        input_shape: of one example.
    """
    boxes = list(layers)
    for depth in reversed(range(max((len(layer.groups) for layer in layers), default=0))):
        if len(boxes) <= MOST_BOXES:
            break
        boxes = _folded(layers, depth)
    first = Box("input", "", input_shape, 0, ())
    return [first, *(replace(box, inputs=tuple(number + 1 for number in box.inputs)) for box in boxes)]


def arcs(boxes: Sequence[Box]) -> list[tuple[int, int, int]]:
    """Who takes something of whom that does not stand in front of it: both numbers, and the lane of the arc.

    Arcs of one lane do not touch.
    """
    skipping = [(number, place) for place, box in enumerate(boxes) for number in box.inputs if number < place - 1]
    ends: list[int] = []  # of the last arc in each lane
    found = []
    for first, last in sorted(skipping, key=lambda arc: (arc[0], arc[1] - arc[0])):
        lane = next((lane for lane, end in enumerate(ends) if end <= first), len(ends))
        ends[lane : lane + 1] = [last]
        found.append((first, last, lane))
    return found


def _folded(layers: Sequence[Box], depth: int) -> list[Box]:
    """A box for each group of this depth, and one for groups that follow each other and are the same."""
    boxes: list[Box] = []
    places: dict[int, int] = {-1: -1}  # of the boxes that layers went into
    counts: list[int] = []

    def key(pair: tuple[int, Box]) -> tuple[int, ...]:
        number, layer = pair
        return (layer.groups[depth][0],) if len(layer.groups) > depth else (-1, number)

    for _, pairs in groupby(enumerate(layers), key):
        inside = list(pairs)
        last = inside[-1][1]
        outside = sorted({places[each] for _, layer in inside for each in layer.inputs if each < inside[0][0]})
        box = replace(last, inputs=tuple(outside))
        if len(last.groups) > depth:
            parameters = sum(layer.parameters for _, layer in inside)
            box = Box(last.groups[depth][1], "", last.output_shape, parameters, tuple(outside), last.groups[:depth])
            if boxes and _same(boxes[-1], box) and box.inputs == (len(boxes) - 1,):
                counts[-1] += 1
                places |= {number: len(boxes) - 1 for number, _ in inside}
                continue
        places |= {number: len(boxes) for number, _ in inside}
        boxes.append(box)
        counts.append(1)
    return [
        replace(box, name=f"{box.name} x{count}", parameters=box.parameters * count) if count > 1 else box
        for box, count in zip(boxes, counts, strict=True)
    ]


def _same(one: Box, other: Box) -> bool:
    return (one.name, one.type, one.output_shape, one.parameters) == (
        other.name,
        other.type,
        other.output_shape,
        other.parameters,
    )
