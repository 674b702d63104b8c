"""Which figures a run has, and what each is drawn from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deeplab.config.schema import ExperimentConfig
from deeplab.imports import load
from deeplab.models.inspect import all_layers
from deeplab.training.cache import TrainingCache
from deeplab.training.history import History
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.plane_figures import BoundaryRecorder, plane_figures
from deeplab.workflows.scored_rows import score_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deeplab.evaluation.scores import Predictions
    from deeplab.plots.run.boxes import Box

SHOWN_IMAGES = 10


def figures(
    name: str,
    config: ExperimentConfig,
    setup: TrainingSetup,
    history: History,
    predictions: "Predictions | None",
    recorder: BoundaryRecorder | None,
    cache: TrainingCache,
) -> Iterator[tuple[str, bytes]]:
    """Draw every figure that this kind of data and network has.

    Args:
        name: of the run.
        config: whose monitor's best epoch is marked, and whose metrics call for figures; how curves are smoothed.
        setup: what was trained.
        history: of every epoch.
        predictions: of the test examples; None of a reconstruction.
        recorder: of the boundary on points of the plane, or None.
        cache: keeps the diagram from one training of this process to the next.

    Yields:
        Names of files, and what is in them: PNG, or GIF where it moves.
    """
    load("deeplab.plots.run.confusion")  # here, because it imports Matplotlib
    from deeplab.plots.run import curves, diagram
    from deeplab.plots.style import to_png

    info = setup.splits.info
    monitor, smoothing = config.training.monitor, config.tracking.smoothing
    yield "curves.png", to_png(curves.draw(history.long_form(), monitor, name=name, smoothing=smoothing))
    if predictions is not None:
        yield from score_figures(predictions, info, config.training.metrics)
    drawn_of = (_boxes(setup), info.input_shape, setup.network.name)
    yield "diagram.png", cache.kept("diagram", drawn_of, lambda: to_png(diagram.draw(*drawn_of)))
    if info.is_image:
        yield from _of_images(setup, predictions)
    if recorder:
        yield from plane_figures(setup, recorder)


def _boxes(setup: TrainingSetup) -> list["Box"]:
    from deeplab.plots.run.boxes import Box

    numbers = {row.name: number for number, row in enumerate(setup.layers)}
    return [
        Box(
            *(row.name, row.type, row.output_shape, row.parameters),
            inputs=tuple(numbers.get(name, -1) for name in row.inputs) or (number - 1,),
            groups=tuple((group.number, group.label) for group in row.path),
        )
        for number, row in enumerate(setup.layers)
    ]


def _of_images(setup: TrainingSetup, predictions: "Predictions | None") -> Iterator[tuple[str, bytes]]:
    from deeplab.plots.run import filters
    from deeplab.plots.style import to_png

    if predictions is None:
        yield "denoised.png", to_png(_denoised(setup))
    elif setup.splits.info.num_classes and predictions.outputs.shape[1] > 1:
        yield "mistakes.png", to_png(_mistakes(setup, predictions))
    shape = setup.splits.info.input_shape
    first = next((layer for layer in all_layers(setup.network) if layer.weights), None)
    if first is not None and type(first).__name__ in ("Conv2D", "Dense") and _sees_the_image(first, shape):
        figure = filters.draw(weights=first.get_weights()[0], layer=first.name, input_shape=shape)
        yield "filters.png", to_png(figure)


def _mistakes(setup: TrainingSetup, predictions: "Predictions") -> "Figure":
    from deeplab.plots.run import mistakes

    chosen = mistakes.most_confident(predictions.outputs, predictions.labels)
    return mistakes.draw(
        images=setup.splits.info.shown(setup.splits.test.inputs(chosen)),
        labels=predictions.labels[chosen],
        probabilities=predictions.outputs[chosen],
        class_names=setup.splits.info.class_names,
        total=len(predictions.labels),
    )


def _denoised(setup: TrainingSetup) -> "Figure":
    from deeplab.plots.run import gallery

    test, info = setup.splits.test, setup.splits.info
    chosen = slice(SHOWN_IMAGES)
    noisy = test.inputs(chosen)
    given = setup.network.predict_on_batch(noisy)
    if test.noise is None:
        rows = {"original": info.shown(test.images(chosen)), "given back": given}
        return gallery.draw(rows=rows, title="Test images, given back")
    kind = f"{test.noise.kind.replace('_', ' ')} {test.noise.level:g}"
    rows = {"original": info.shown(test.images(chosen)), "noisy": info.shown(noisy), "denoised": given}
    return gallery.draw(rows=rows, title=f"Test images, with {kind}, and denoised")


def _sees_the_image(layer: Any, input_shape: tuple[int, ...]) -> bool:
    """Whether the weights of a layer lie on the pixels themselves, not on what an earlier layer made of them."""
    shape = layer.get_weights()[0].shape
    if type(layer).__name__ == "Conv2D":
        return bool(shape[2] == input_shape[2])
    return bool(shape[0] == input_shape[0] * input_shape[1] * input_shape[2])
