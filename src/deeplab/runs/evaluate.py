"""Score the network of a run on its own test set or on another one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeplab.config.build import build
from deeplab.config.compose import Composed, compose
from deeplab.config.errors import UserError, unknown_name
from deeplab.config.overrides import parse_override
from deeplab.config.schema import ExperimentConfig
from deeplab.data.facts import DatasetFacts
from deeplab.data.load import load
from deeplab.data.splits import DatasetInfo, Splits
from deeplab.runs.artifacts import table
from deeplab.runs.trained import SOURCE_TAG, Trained, check_classifies, find_trained
from deeplab.tracking.provenance import git_tags
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store

if TYPE_CHECKING:
    from deeplab.evaluation.accuracy import Accuracy
    from deeplab.evaluation.scores import Predictions

STORE_KEYS = ("tracking.uri", "tracking.experiment")


@dataclass(frozen=True)
class Evaluation:
    """How well a network did.

    Attributes:
        trained: whose network it is.
        run_id: of the evaluation itself.
        dataset: name of the data set.
        is_own: whether it is, row by row, what the network was trained and tested on.
        loss: mean over the test rows, plus the network's regularisation.
        accuracy: over the test rows.
        classes: the accuracy of each class, by name.
    """

    trained: Trained
    run_id: str
    dataset: str
    is_own: bool
    loss: float
    accuracy: "Accuracy"
    classes: "Mapping[str, Accuracy]"


def evaluate(wanted: str, overrides: Sequence[str], config_dir: Path | None) -> Evaluation:
    """Score a network and log that as a run of its own.

    Args:
        wanted: the run, as `find_run` understands it.
        overrides: `dataset=...` and `dataset.KEY=...` for other rows, `tracking...` for the store.
        config_dir: a person's own `conf/` folder.

    Raises:
        UserError: there is no such network, or the data do not fit it; no run is left.
    """
    elsewhere, of_data = _divided(overrides)
    store = open_store(compose(elsewhere, config_dir).config.tracking)
    trained = find_trained(store, wanted)
    check_classifies(trained, "evaluate")
    composed = _with_data(trained.composed(), of_data, config_dir)
    facts = trained.facts()
    splits = load(composed.config.dataset, store.place.work_folder)
    _check_alike(trained, facts, splits.info)
    network = trained.network()
    # Here, because they import TensorFlow.
    from deeplab.evaluation.accuracy import accuracy, class_accuracies
    from deeplab.evaluation.scores import predict, score
    from deeplab.training.losses import build_loss

    predictions = predict(network, splits.test)
    scores = score(network, predictions, build_loss(composed.config.training))
    right = int((predictions.classes == predictions.labels).sum())
    overall = accuracy(right, len(predictions.labels))
    classes = class_accuracies(predictions, facts.class_names)
    log = _begin(trained, composed, splits, overrides)
    with log:
        try:
            _log(log, scores.loss, overall, dict(zip(facts.class_names, classes, strict=True)), predictions)
            log.end("FINISHED")
        except BaseException as error:
            log.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", f"{type(error).__name__}: {error}")
            raise
    return Evaluation(
        trained=trained,
        run_id=log.run_id,
        dataset=splits.info.name,
        is_own=splits.info.fingerprint == facts.fingerprint,
        loss=scores.loss,
        accuracy=overall,
        classes=dict(zip(facts.class_names, classes, strict=True)),
    )


def _divided(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """The overrides that say where the run is, and those of the data."""
    elsewhere, of_data = [], []
    for text in overrides:
        key = parse_override(text).key_or_group
        if key in STORE_KEYS:
            elsewhere.append(text)
        elif key.partition(".")[0] == "dataset":
            of_data.append(text)
        else:
            raise UserError(f"Override '{text}': an evaluation can change nothing but dataset and tracking.uri.")
    return elsewhere, of_data


def _with_data(logged: Composed, overrides: Sequence[str], config_dir: Path | None) -> Composed:
    """A logged configuration with other rows: of another data set, or the same one with other settings."""
    if any(text.startswith("dataset=") for text in overrides):
        dataset: dict[str, Any] = compose(overrides, config_dir).values["dataset"]
    else:
        dataset = dict(logged.values["dataset"])
        for text in overrides:
            override = parse_override(text)
            key = override.key_or_group.partition(".")[2]
            if key not in dataset:
                raise unknown_name("key", key, dataset, "dataset")
            dataset[key] = override.value()
    values = {**logged.values, "dataset": dataset}
    return Composed(build(ExperimentConfig, values), values, logged.overrides)


def _check_alike(trained: Trained, facts: DatasetFacts, info: DatasetInfo) -> None:
    """Refuse rows that the network was not made for; they are not resized behind anybody's back.

    Raises:
        UserError: the shape, the kind of number or the classes are others.
    """
    who = f"The network of run {trained.name}"
    if info.input_shape != facts.input_shape:
        ours, theirs = ("x".join(map(str, shape)) for shape in (facts.input_shape, info.input_shape))
        size = f"dataset.image_size={facts.input_shape[0]}"
        hint = f" Give {size}." if info.name in ("digits", "image_folder") and len(facts.input_shape) == 3 else ""
        raise UserError(f"{who} takes rows of shape {ours}, those of {info.name} have {theirs}.{hint}")
    if info.scale != facts.scale:
        ours, theirs = ("bytes" if scale != 1 else "floats" for scale in (facts.scale, info.scale))
        raise UserError(f"{who} takes {ours} as {facts.name} has them; the rows of {info.name} are {theirs}.")
    if info.class_names == facts.class_names:
        return
    if len(info.class_names) != len(facts.class_names):
        raise UserError(f"{who} knows {len(facts.class_names)} classes, {info.name} has {len(info.class_names)}.")
    pairs = zip(facts.class_names, info.class_names, strict=True)
    number, (ours, theirs) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
    hint = " dataset.class_names=[...] names them." if info.name == "npz" else ""
    raise UserError(f"{who} calls class {number} '{ours}', {info.name} calls it '{theirs}'.{hint}")


def _begin(trained: Trained, composed: Composed, splits: Splits, overrides: Sequence[str]) -> RunLog:
    tags = {
        **git_tags(),
        "deeplab.kind": "evaluate",
        SOURCE_TAG: trained.run.info.run_id,
        "deeplab.dataset_sha256": splits.info.fingerprint,
    }
    name = f"{trained.run.info.run_name} on {splits.info.name}"
    log = RunLog.begin(trained.store, name, {"dataset": composed.values["dataset"]}, tags, None)
    log.text("overrides.txt", "".join(f"{line}\n" for line in overrides))
    return log


def _log(
    log: RunLog, loss: float, overall: "Accuracy", classes: "Mapping[str, Accuracy]", predictions: "Predictions"
) -> None:
    from deeplab.plots.confusion import draw
    from deeplab.plots.style import to_png

    ends = {"test/accuracy_low": overall.low, "test/accuracy_high": overall.high}
    log.metrics(0, {"test/loss": loss, "test/accuracy": overall.value, **ends})
    head = ("loss", "acc", "acc_low", "acc_high", "rows")
    log.text("score.csv", table(head, [(loss, overall.value, overall.low, overall.high, overall.rows)]))
    rows = [(name, each.rows, each.right, each.value, each.low, each.high) for name, each in classes.items()]
    log.text("classes.csv", table(("class", "rows", "right", "acc", "acc_low", "acc_high"), rows))
    figure = draw(predictions.labels, predictions.classes, list(classes))
    log.data("plots/confusion.png", to_png(figure))
