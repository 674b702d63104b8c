"""Score the network of a run on its own test set or on another one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deeplab.config.compose import ComposedConfig, compose
from deeplab.config.overrides import parse_override
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.data.add_noise import add_noise
from deeplab.data.input_spec import InputSpec
from deeplab.data.load import load
from deeplab.data.splits import Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError, unknown_name
from deeplab.files import some
from deeplab.tasks import settle_limit
from deeplab.tracking.provenance import PACKAGES_FILE, git_tags, installed_packages
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_existing
from deeplab.tracking.tags import DATA_TAG, KIND_TAG, SOURCE_TAG
from deeplab.workflows.artifacts import log_plots, override_lines, score_table
from deeplab.workflows.recording import recorded
from deeplab.workflows.score_rows import score_rows
from deeplab.workflows.scored_rows import log_scored_rows, score_figures
from deeplab.workflows.trained_run import TrainedRun, find_trained_run

if TYPE_CHECKING:
    from deeplab.evaluation.accuracy import Accuracy, ClassScores

STORE_KEYS = ("tracking.uri", "tracking.experiment")
GROUPS = ("dataset", "noise")
METRICS_KEY = "training.metrics"


@dataclass(frozen=True)
class Evaluation:
    """How well a network did."""

    trained: TrainedRun  # whose network it is
    run_id: str  # of the evaluation itself
    dataset: str  # name of the data set, and the noise on its images, as in `mnist, gaussian 0.4`
    is_own: bool  # whether it is, row by row, what the network was trained and tested on
    scores: Mapping[str, float]  # over the test rows, by name, as a training logs them
    accuracy: "Accuracy | None"  # over the test rows with its interval, or None where rows have no class
    classes: "Mapping[str, ClassScores]"  # how well each class is known, by name; empty where rows have none


def evaluate(wanted: str, overrides: Sequence[str], config_dir: Path | None) -> Evaluation:
    """Score a network and log that as a run of its own.

    Args:
        wanted: the run, as `find_run` understands it.
        overrides: `dataset=...` and `dataset.KEY=...` for other rows, `noise...` for other noise on them,
            `training.metrics=[...]` for other scores, `tracking...` for the store.
        config_dir: a person's own `conf/` folder.

    Raises:
        UserError: there is no such network, or the data do not fit it; no run is left.
        Interrupted: it was ended from outside while it was logged, and is KILLED.
    """
    elsewhere, of_data = _divided(overrides)
    store = open_existing(compose(elsewhere, config_dir).config.tracking)
    trained = find_trained_run(store, wanted)
    composed = _with_data(trained.composed(), of_data, lambda words: compose([*words, *elsewhere], config_dir))
    config, facts = composed.config, trained.facts()
    splits = add_noise(load(config.dataset, store.place.work_folder, facts.table), config.noise, config.seed)
    _check_alike(trained, facts, splits.info)
    network = trained.network()
    from deeplab.training.check_config import check_listed  # here, because it imports TensorFlow

    check_listed(config.training.metrics, config.model.task, bool(facts.info.num_classes))
    scores, predictions = score_rows(network, splits.test, splits.info, config, facts.info)
    overall, classes = None, {}
    if predictions is not None and splits.info.num_classes:
        from deeplab.evaluation.accuracy import accuracy, class_scores

        overall = accuracy(int((predictions.classes == predictions.labels).sum()), len(predictions.labels))
        classes = class_scores(predictions, facts.info.class_names)
    is_own = splits.info.fingerprint == facts.info.fingerprint

    def begin() -> RunLog:
        return _begin(trained, composed, splits, overrides)

    with recorded(store, begin, lambda log: f"Interrupted: the evaluation {log.run_id[:8]} is KILLED.") as log:
        found = Evaluation(trained, log.run_id, _data_name(splits), is_own, scores, overall, classes)
        _log(log, found)
        if predictions is not None:
            log_scored_rows(log, predictions, splits.test, replace(facts.info, fingerprint=splits.info.fingerprint))
            log_plots(log, score_figures(predictions, facts.info, config.training.metrics))
    return found


def _data_name(splits: Splits) -> str:
    noise = splits.test.noise
    return splits.info.name if noise is None else f"{splits.info.name}, {noise.kind.replace('_', ' ')} {noise.level:g}"


def _divided(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """The overrides that say where the run is, and those of the data and the scores."""
    elsewhere, of_data = [], []
    for text in overrides:
        key = parse_override(text).key
        if key in STORE_KEYS:
            elsewhere.append(text)
        elif key == METRICS_KEY or key.partition(".")[0] in GROUPS:
            of_data.append(text)
        else:
            allowed = f"dataset, noise, {METRICS_KEY} and tracking.uri"
            raise UserError(f"Override '{text}': an evaluation can change nothing but {allowed}.")
    return elsewhere, of_data


def _with_data(
    logged: ComposedConfig, overrides: Sequence[str], compose_here: Callable[[list[str]], ComposedConfig]
) -> ComposedConfig:
    """A logged configuration with other rows, of another data set or with other settings, or with other scores."""
    values = dict(logged.values)
    for group in (*GROUPS, "training"):
        mine = [text for text in overrides if text.partition("=")[0].partition(".")[0] == group]
        if any(text.startswith(f"{group}=") for text in mine):
            values[group] = compose_here(mine).values[group]
            continue
        for text in mine:
            override = parse_override(text)
            key = override.key.partition(".")[2]
            if key not in values[group]:
                raise unknown_name("key", key, values[group], group)
            values[group] = {**values[group], key: override.value}
        if mine and group == "dataset":
            values[group] = settle_limit(values[group])
    return ComposedConfig(validate(ExperimentConfig, values), values, logged.overrides)


def _check_alike(trained: TrainedRun, facts: InputSpec, info: DatasetInfo) -> None:
    """Refuse rows that the network was not made for; they are not resized behind anybody's back.

    Raises:
        UserError: the shape, the kind of number or the classes are others.
    """
    who = f"The network of run {trained.name}"
    if info.input_shape != facts.info.input_shape:
        ours, theirs = ("x".join(map(str, shape)) for shape in (facts.info.input_shape, info.input_shape))
        size = f"dataset.image_size={facts.info.input_shape[0]}"
        hint = f" Give {size}." if info.name in ("digits", "image_folder") and len(facts.info.input_shape) == 3 else ""
        raise UserError(f"{who} takes rows of shape {ours}, those of {info.name} have {theirs}.{hint}")
    if info.scale != facts.info.scale:
        ours, theirs = (_numbers(scale) for scale in (facts.info.scale, info.scale))
        raise UserError(f"{who} takes {ours} as {facts.info.name} has them; the rows of {info.name} are {theirs}.")
    if (info.num_classes > 0) != (facts.info.num_classes > 0):
        ours, theirs = ("classes" if each.num_classes else "values" for each in (facts.info, info))
        raise UserError(f"{who} gives {ours}, and the rows of {info.name} have {theirs}.")
    if info.target_names != facts.info.target_names:
        ours, theirs = (_values_of(each) for each in (facts.info, info))
        hint = " dataset.target_names=[...] names them." if info.name == "npz" and info.num_targets > 1 else ""
        raise UserError(f"{who} gives {ours}, and the rows of {info.name} have {theirs}.{hint}")
    if info.class_names == facts.info.class_names:
        return
    if len(info.class_names) != len(facts.info.class_names):
        raise UserError(f"{who} knows {len(facts.info.class_names)} classes, {info.name} has {len(info.class_names)}.")
    pairs = zip(facts.info.class_names, info.class_names, strict=True)
    number, (ours, theirs) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
    hint = " dataset.class_names=[...] names them." if info.name == "npz" else ""
    raise UserError(f"{who} calls class {number} '{ours}', {info.name} calls it '{theirs}'.{hint}")


def _values_of(info: DatasetInfo) -> str:
    return f"the values {some(info.target_names)}" if info.target_names else "one value without a name"


def _numbers(scale: float) -> str:
    """What rows are that a network multiplies by this."""
    return {1: "floats", 1 / 255: "bytes"}.get(scale, f"numbers that are divided by {1 / scale:g}")


def _begin(trained: TrainedRun, composed: ComposedConfig, splits: Splits, overrides: Sequence[str]) -> RunLog:
    tags = {
        **git_tags(),
        KIND_TAG: "evaluate",
        SOURCE_TAG: trained.run.id,
        DATA_TAG: splits.info.fingerprint,
    }
    name = f"{trained.run.name} on {_data_name(splits)}"
    values = {group: composed.values[group] for group in GROUPS}
    files = {"overrides.txt": override_lines(overrides), PACKAGES_FILE: installed_packages()}
    return RunLog.begin(trained.store, name, values, tags, None, files)


def _log(log: RunLog, found: Evaluation) -> None:
    scores = dict(found.scores)
    if found.accuracy is not None:
        scores |= {"accuracy_low": found.accuracy.low, "accuracy_high": found.accuracy.high}
    log.metrics(0, {f"test/{name}": value for name, value in scores.items()})
    log.log_text("score.csv", score_table(scores))
