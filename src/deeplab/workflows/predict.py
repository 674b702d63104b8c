"""Ask the network of a run about pictures."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.images.decode import quiet_pillow
from deeplab.data.images.placement import FittedImage, fit_image
from deeplab.data.input_spec import InputSpec
from deeplab.errors import UserError, UserErrors
from deeplab.files import some
from deeplab.machine import cores
from deeplab.models.inspect import evaluation_batch_size
from deeplab.tracking.store import Store
from deeplab.workflows.trained_run import TrainedRun, find_trained_run

MOST_ERRORS = 10
READ_AT_ONCE = 256
MOST_SEEN = 30


@dataclass(frozen=True)
class ImagePrediction:
    """What a network said of a picture."""

    path: Path  # of the picture
    probabilities: NDArray[np.float32]  # of each class, [num_classes]
    inverted: bool  # whether black and white were exchanged
    blank: bool  # whether the network saw one brightness and nothing else
    trimmed: bool  # whether a frame, an edge or specks on the picture were left out
    unlike: tuple[str, ...]  # in what it is unlike the training data, as in `little ink`; empty where it is like them

    @property
    def is_doubtful(self) -> bool:
        """Whether something is to be seen that the network did not learn from."""
        return bool(self.unlike) and not self.blank

    def top(self, count: int) -> list[int]:
        """The most likely classes, the likeliest first."""
        return [int(index) for index in np.argsort(-self.probabilities, kind="stable")[:count]]


@dataclass(frozen=True)
class PredictResult:
    """What a network said of pictures."""

    trained: TrainedRun  # whose network it is
    facts: InputSpec  # of the data it was trained on
    answers: tuple[ImagePrediction, ...]  # in the order of the pictures
    # the first MOST_SEEN pictures as the network saw them, [k, height, width, channels] in [0, 1]
    seen: NDArray[np.float32]


def predict(store: Store, wanted: str, paths: Sequence[Path]) -> PredictResult:
    """Ask about pictures, as many at a time as fit into memory.

    Args:
        store: where the run is.
        wanted: the run, as `find_run` understands it.
        paths: of at least one picture.

    Raises:
        UserError: there is no such network, it takes no images, or a picture cannot be read (each on a line).
    """
    trained = find_trained_run(store, wanted)
    task, facts = trained.composed().config.model.task, trained.facts()
    if facts.table is not None:
        names = some([column.name for column in facts.table.columns])
        raise UserError(
            f"The network of run {trained.name} takes rows of a table with the columns {names}: "
            "give a CSV, TSV or Parquet file."
        )
    if task != "classification":
        raise UserError(f"The network of run {trained.name} is for {task} and says no classes of images.")
    if not facts.info.is_image:
        shape = " x ".join(map(str, facts.info.input_shape))
        raise UserError(f"The network of run {trained.name} takes {shape} numbers, no images.")
    with quiet_pillow():
        # Before TensorFlow is loaded: a slip in the first name must not cost seconds.
        try:
            fit_image(paths[0], facts)
        except UserError:
            _check_readable(paths, facts)
        network = trained.network()
        if tuple(network.output_shape[1:]) != (len(facts.info.class_names),):
            raise UserError(
                f"The network of run {trained.name} gives {network.output_shape[1:]} numbers an image "
                f"for {len(facts.info.class_names)} classes."
            )
        answers, seen = _ask(network, facts, paths)
    return PredictResult(trained, facts, tuple(answers), (seen - facts.low) / ((facts.high - facts.low) or 1.0))


def _ask(network: Any, facts: InputSpec, paths: Sequence[Path]) -> tuple[list[ImagePrediction], NDArray[np.float32]]:
    answers: list[ImagePrediction] = []
    seen: list[NDArray[Any]] = []
    errors: list[str] = []
    size = evaluation_batch_size(network)
    with ThreadPoolExecutor(min(4, cores())) as pool:
        for start in range(0, len(paths), size):
            batch = paths[start : start + size]
            placed = list(_placed(pool, batch, facts, errors))
            if errors:
                continue  # the rest is read only to name everything that is wrong at once
            rows = np.stack([each.row for each in placed])
            said = network.predict_on_batch(rows)
            answers += [
                ImagePrediction(path, probabilities, each.inverted, each.blank, each.trimmed, each.unlike)
                for path, probabilities, each in zip(batch, said, placed, strict=True)
            ]
            seen += list(rows[: MOST_SEEN - len(seen)])
    _tell(errors)
    return answers, np.stack(seen).astype(np.float32)


def _check_readable(paths: Sequence[Path], facts: InputSpec) -> None:
    """Read every picture, only to name all that cannot be read."""
    errors: list[str] = []
    with ThreadPoolExecutor(min(4, cores())) as pool:
        for start in range(0, len(paths), READ_AT_ONCE):
            list(_placed(pool, paths[start : start + READ_AT_ONCE], facts, errors))
    _tell(errors)


def _tell(errors: Sequence[str]) -> None:
    if errors:
        more = len(errors) - MOST_ERRORS
        raise UserErrors([*errors[:MOST_ERRORS], *([f"and {more:,} more such files"] if more > 0 else [])])


def _placed(
    pool: ThreadPoolExecutor, paths: Sequence[Path], facts: InputSpec, errors: list[str]
) -> Iterator[FittedImage]:
    """The pictures, read by a few threads (Pillow lets go of the lock); what cannot be read joins `errors`."""
    for future in [pool.submit(fit_image, path, facts) for path in paths]:
        try:
            yield future.result()
        except UserError as error:
            errors.append(str(error))


def draw_answers(answers: PredictResult) -> bytes:
    """The first pictures as the network saw them with what it said of them, as PNG."""
    from deeplab.plots.run.predictions import draw
    from deeplab.plots.style import to_png

    shown = answers.answers[: len(answers.seen)]
    figure = draw(
        images=answers.seen,
        probabilities=np.stack([answer.probabilities for answer in shown]),
        names=[answer.path.name for answer in shown],
        inverted=[answer.inverted for answer in shown],
        class_names=answers.facts.info.class_names,
        total=len(answers.answers),
    )
    return to_png(figure)
