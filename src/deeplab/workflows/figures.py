"""Which figures a run has, and what each is drawn from."""

from collections.abc import Iterator
from dataclasses import astuple
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

from deeplab.models.inspect import flat_layers
from deeplab.plots import PLOTS
from deeplab.training.history import History
from deeplab.training.setup import Prepared
from deeplab.workflows.plane_figures import Film, plane_figures

if TYPE_CHECKING:
    from deeplab.evaluation.scores import Predictions

SHOWN_IMAGES = 10


def figures(
    name: str,
    monitor: str,
    prepared: Prepared,
    history: History,
    predictions: "Predictions | None",
    film: Film | None,
) -> Iterator[tuple[str, bytes]]:
    """Draw every figure that this kind of data and network has.

    Yields:
        Names of files, and what is in them: PNG, or GIF where it moves.
    """
    from deeplab.plots.plane.film import to_gif
    from deeplab.plots.style import to_png

    drawn = _arguments(name, monitor, prepared, history, predictions)
    for plot, arguments in chain(drawn, plane_figures(prepared, film) if film else ()):
        module, _, function = PLOTS[plot].partition(":")
        figure = getattr(import_module(module), function)(**arguments)
        yield ("boundary.gif", to_gif(figure)) if plot == "film" else (f"{plot}.png", to_png(figure))


def _arguments(
    name: str, monitor: str, prepared: Prepared, history: History, predictions: "Predictions | None"
) -> Iterator[tuple[str, dict[str, Any]]]:
    info = prepared.splits.info
    yield "curves", {"rows": list(history.long_form()), "monitor": monitor, "name": name}
    if predictions is not None and info.num_classes:
        yield (
            "confusion",
            {"labels": predictions.labels, "predicted": predictions.classes, "class_names": info.class_names},
        )
    rows = [astuple(row) for row in prepared.layers]
    yield "diagram", {"rows": rows, "input_shape": info.input_shape, "name": prepared.network.name}
    if not info.is_image:
        return
    if predictions is None:
        yield "denoised", _denoised(prepared)
    elif predictions.outputs.shape[1] > 1:
        yield "mistakes", _mistakes(prepared, predictions)
    first = next((layer for layer in flat_layers(prepared.network) if layer.weights), None)
    if first is not None and type(first).__name__ in ("Conv2D", "Dense") and _sees_the_image(first, info.input_shape):
        yield (
            "filters",
            {"weights": first.get_weights()[0], "layer": first.name, "input_shape": info.input_shape},
        )


def _mistakes(prepared: Prepared, predictions: "Predictions") -> dict[str, Any]:
    from deeplab.plots.run.mistakes import most_confident

    chosen = most_confident(predictions.outputs, predictions.labels)
    return {
        "images": prepared.splits.info.shown(prepared.splits.test.inputs(chosen)),
        "labels": predictions.labels[chosen],
        "probabilities": predictions.outputs[chosen],
        "class_names": prepared.splits.info.class_names,
        "total": len(predictions.labels),
    }


def _denoised(prepared: Prepared) -> dict[str, Any]:
    test, info = prepared.splits.test, prepared.splits.info
    chosen = slice(SHOWN_IMAGES)
    noisy = test.inputs(chosen)
    given = prepared.network.predict_on_batch(noisy)
    if test.noise is None:
        rows = {"original": info.shown(test.images(chosen)), "given back": given}
        return {"rows": rows, "title": "Test images, given back"}
    kind = f"{test.noise.kind.replace('_', ' ')} {test.noise.level:g}"
    rows = {"original": info.shown(test.images(chosen)), "noisy": info.shown(noisy), "denoised": given}
    return {"rows": rows, "title": f"Test images, with {kind}, and denoised"}


def _sees_the_image(layer: Any, input_shape: tuple[int, ...]) -> bool:
    """Whether the weights of a layer lie on the pixels themselves, not on what an earlier layer made of them."""
    shape = layer.get_weights()[0].shape
    if type(layer).__name__ == "Conv2D":
        return bool(shape[2] == input_shape[2])
    return bool(shape[0] == input_shape[0] * input_shape[1] * input_shape[2])
