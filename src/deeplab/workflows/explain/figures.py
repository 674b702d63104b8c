"""Which pictures show what goes on inside a network, and what each is drawn from."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from deeplab.data.input_spec import DatasetFacts
from deeplab.numpy_layers.arrays import Array
from deeplab.numpy_layers.forward import Layer
from deeplab.plots import PLOTS
from deeplab.tasks import TaskName
from deeplab.workflows.explain.inputs import Seen

MAP_LAYERS = (
    "AveragePooling2D",
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "MaxPooling2D",
    "SeparableConv2D",
)


def pictures(
    task: TaskName, facts: DatasetFacts, seen: Seen, layers: Sequence[Layer], outputs: Sequence[Array], trained: Any
) -> Iterator[tuple[str, bytes]]:
    """Draw what this kind of network has.

    Args:
        task: of the network.
        facts: of its data.
        seen: what it looks at.
        layers: in order.
        outputs: of each layer for the one row.
        trained: the layers of Keras, for the gradient.

    Yields:
        File names, and PNGs.
    """
    answer = outputs[-1]
    if task == "classification":
        bars = {"probabilities": answer, "class_names": facts.class_names, "label": seen.label}
        yield "probabilities.png", _png("probabilities", **bars)
    if not facts.is_image:
        return
    image = _displayed(seen.row, facts)
    maps = [(layer.name, output) for layer, output in zip(layers, outputs, strict=True) if layer.kind in MAP_LAYERS]
    for number, (name, output) in enumerate(maps, start=1):
        yield f"maps_{number:02d}_{name}.png", _png("feature_maps", maps=output, layer=name)
    if maps:
        yield "strongest.png", _png("strongest", image=image, layers=maps)
    if task == "classification":
        from deeplab.evaluation.layer_outputs import saliency

        winner = int(answer.argmax())
        gradient = saliency(trained, seen.row, winner)
        yield "saliency.png", _png("saliency", image=image, gradient=gradient, class_name=facts.class_names[winner])
    if task == "reconstruction":
        states = {"clean": _displayed(seen.clean, facts), "given": image, "reconstruction": answer}
        yield "reconstruction.png", _png("reconstruction", **states)


def _png(plot: str, **arguments: Any) -> bytes:
    from deeplab.plots.style import to_png

    module, _, function = PLOTS[plot].partition(":")
    return to_png(getattr(import_module(module), function)(**arguments))


def _displayed(row: NDArray[Any], facts: DatasetFacts) -> Array:
    """An image in [0, 1], black being 0."""
    image: Array = (row.astype("float32") - facts.low) / ((facts.high - facts.low) or 1.0)
    return image
