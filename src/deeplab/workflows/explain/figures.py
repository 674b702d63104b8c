"""Which pictures show what goes on inside a network, and what each is drawn from."""

from collections.abc import Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from deeplab.data.input_spec import InputSpec
from deeplab.numpy_layers.arrays import Array
from deeplab.numpy_layers.forward import Layer
from deeplab.tasks import TaskName
from deeplab.workflows.explain.inputs import ExplainInput

MAP_LAYERS = ("AveragePooling2D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "MaxPooling2D", "SeparableConv2D")


def pictures(
    task: TaskName,
    facts: InputSpec,
    seen: ExplainInput,
    layers: Sequence[Layer],
    outputs: Sequence[Array],
    trained: Any,
) -> Iterator[tuple[str, bytes]]:
    """Draw what this kind of network has, as file names and PNGs; `trained` are Keras' layers, for the gradient."""
    # Here, because they import Matplotlib.
    from deeplab.plots.explain import feature_maps, probabilities, reconstruction, saliency, strongest
    from deeplab.plots.style import to_png

    answer = outputs[-1]
    if task == "classification":
        figure = probabilities.draw(probabilities=answer, class_names=facts.info.class_names, label=seen.label)
        yield "probabilities.png", to_png(figure)
    if not facts.info.is_image:
        return
    image = _displayed(seen.row, facts)
    maps = [(layer.name, output) for layer, output in zip(layers, outputs, strict=True) if layer.kind in MAP_LAYERS]
    for number, (name, output) in enumerate(maps, start=1):
        yield f"maps_{number:02d}_{name}.png", to_png(feature_maps.draw(maps=output, layer=name))
    if maps:
        yield "strongest.png", to_png(strongest.draw(image=image, layers=maps))
    if task == "classification":
        from deeplab.evaluation import layer_outputs

        winner = int(answer.argmax())
        gradient = layer_outputs.saliency(trained, seen.row, winner)
        figure = saliency.draw(image=image, gradient=gradient, class_name=facts.info.class_names[winner])
        yield "saliency.png", to_png(figure)
    if task == "reconstruction":
        figure = reconstruction.draw(clean=_displayed(seen.clean, facts), given=image, reconstruction=answer)
        yield "reconstruction.png", to_png(figure)


def _displayed(row: NDArray[Any], facts: InputSpec) -> Array:
    """An image in [0, 1], black being 0."""
    image: Array = (row.astype("float32") - facts.low) / ((facts.high - facts.low) or 1.0)
    return image
