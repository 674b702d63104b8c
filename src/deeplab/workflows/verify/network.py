"""The network of a run, held against the last state and against what the run says of it."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import ExperimentConfig
from deeplab.data.input_spec import InputSpec
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.evaluation.kept_predictions import FILE, KeptPredictions, from_npz, row_scores, to_npz
from deeplab.evaluation.scores import Predictions
from deeplab.tracking.artifacts import read_artifact
from deeplab.training.checkpoint import Checkpoint
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.artifacts import DATASET_FILE
from deeplab.workflows.score_rows import score_rows
from deeplab.workflows.scored_rows import score_tables
from deeplab.workflows.trained_run import TrainedRun
from deeplab.workflows.verify.finding import ROUNDING_OF_ANSWERS, Finding, array_gap, arrays_found, held, scores_found


def network_found(
    trained: TrainedRun, config: ExperimentConfig, last: Checkpoint | None, setup: TrainingSetup
) -> Iterator[Finding]:
    """Hold a network against the state after the last epoch, and what it says of rows against what was kept of that.

    Args:
        trained: the run.
        config: its configuration.
        last: that state, or None where it was not kept.
        setup: from the configuration.
    """
    run = trained.run
    if config.tracking.save_model == "none":
        yield Finding("model", "unchecked", "it was not kept")
        return
    try:
        network: Any = trained.network()
        facts = trained.facts()
    except UserError as error:
        yield Finding("model", "different", str(error))
        return
    yield _facts_found(facts.info, setup)
    if last is not None:
        yield _weights_found(last, network, is_averaged=config.training.ema is not None)
    for name, split in (("test", setup.splits.test), ("training", setup.train)):
        place = f"{name}/"
        logged = {key.removeprefix(place): value for key, value in run.metrics.items() if key.startswith(place)}
        if logged or name == "test":
            scores, predictions = score_rows(network, split, facts.info, config)
            yield scores_found(f"scores on the {name} rows", logged, scores, ROUNDING_OF_ANSWERS)
            if name == "test" and predictions is not None:
                yield from _rows_found(trained, predictions, split, facts.info)


def _facts_found(stored: DatasetInfo, setup: TrainingSetup) -> Finding:
    """What the run says of its data; facts that it does not have are of later versions."""
    again = InputSpec.from_json(setup.input_spec().to_json()).info
    pairs = ((each.name, getattr(stored, each.name), getattr(again, each.name)) for each in fields(DatasetInfo))
    odd = next((name for name, one, other in pairs if one and one != other), None)
    return held(DATASET_FILE, odd is None, f"{odd} is another than that of the data")


def _weights_found(last: Checkpoint, network: Any, is_averaged: bool) -> Finding:
    stored = last.best_weights or last.weights
    if is_averaged and not last.best_weights:  # the averages are somewhere in the optimiser
        trainable = {id(weight) for weight in network.trainable_weights}
        stored = tuple(
            _nearest(weight.numpy(), last.optimizer) if id(weight) in trainable else each
            for weight, each in zip(network.weights, stored, strict=False)
        )
    found = arrays_found("weights of the model", stored, network.get_weights())
    return replace(found, outcome="different") if found.outcome == "within" else found  # both are copies of the same


def _nearest(weights: NDArray[Any], arrays: tuple[NDArray[Any], ...]) -> NDArray[Any]:
    alike = [each for each in arrays if each.shape == weights.shape and each.dtype == weights.dtype]
    return min(alike, key=lambda each: array_gap(each, weights), default=np.zeros(0, weights.dtype))


def _rows_found(trained: TrainedRun, predictions: Predictions, test: Split, info: DatasetInfo) -> Iterator[Finding]:
    """What is kept of single test rows; runs of before it was kept have none."""
    content, again = read_artifact(trained.store, trained.run, FILE), to_npz(predictions, test, info)
    if content is not None and again is not None:
        try:
            kept = from_npz(content)
            yield _predictions_found(kept, from_npz(again), predictions.outputs)
            rows, logged = row_scores(kept, "accuracy"), trained.run.metrics.get("test/accuracy", math.nan)
            if rows is not None:
                right = math.isclose(rows.mean(), logged, rel_tol=1e-6)
                yield held(f"accuracy by {FILE}", right, f"it is {rows.mean():.6g}, and the run says {logged:.6g}")
        except ValueError as error:
            yield Finding(FILE, "different", str(error))
    for name, text in score_tables(predictions, info):
        table = read_artifact(trained.store, trained.run, name)
        if table is not None:
            stored, now = _numbers(table.decode(errors="replace")), _numbers(text)
            columns = {key.partition(" of ")[0] for key in stored}  # earlier versions had fewer
            again_there = {key: value for key, value in now.items() if key.partition(" of ")[0] in columns}
            yield scores_found(name, stored, again_there, ROUNDING_OF_ANSWERS)


def _predictions_found(stored: KeptPredictions, again: KeptPredictions, outputs: NDArray[Any]) -> Finding:
    """Hold classes or values of rows against others; a class that rounding changes is nearly as likely as the other."""
    alike = stored.has_classes == again.has_classes and stored.predicted.shape == again.predicted.shape
    if not alike or stored.test_rows != again.test_rows or not np.array_equal(stored.labels, again.labels):
        return Finding(FILE, "different", "it is of other rows")
    if not stored.has_classes:
        return arrays_found(FILE, [stored.predicted], [again.predicted])
    rows = np.flatnonzero(stored.predicted != again.predicted)
    if not len(rows):
        return Finding(FILE, "identical")
    if outputs.shape[1] == 1:  # a number whose sign is the class
        near = np.abs(outputs[rows, 0]) <= ROUNDING_OF_ANSWERS
    else:
        said = np.minimum(stored.predicted[rows].astype(np.int64), outputs.shape[1] - 1)
        near = outputs[rows].max(axis=1) - outputs[rows, said] <= ROUNDING_OF_ANSWERS
    return Finding(FILE, "within" if near.all() else "different", f"{len(rows)} of {len(outputs)} rows differ")


def _numbers(text: str) -> Mapping[str, float]:
    """The numbers of a table, each as `COLUMN of FIRST WORD OF ITS LINE`; none of what cannot be read."""
    numbers = {}
    for row in csv.DictReader(io.StringIO(text)):
        for column, value in row.items():
            try:
                numbers[f"{column} of {next(iter(row.values()))}"] = float(value)
            except (TypeError, ValueError):
                continue
    return numbers
