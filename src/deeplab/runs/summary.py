"""What a table of runs says of each: the same few values, whatever kind of run it is."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from deeplab.choice import candidates
from deeplab.metrics import METRICS, chosen_by, known_metric
from deeplab.tracking.field_names import validated_on_test
from deeplab.tracking.run import Run
from deeplab.tracking.tags import ERROR_TAG, KIND_TAG, PARENT_TAG

# Where scores are looked for: of the weights that are kept, of a sweep's best point, of the last epoch.
PLACES = {
    "train": ("training/", "train/"),
    "validation": ("validation/", "best/val/", "val/"),
    "test": ("test/", "best/test/"),
}
MOST_NAMES = 2


@dataclass(frozen=True)
class Score:
    """A score and what it is."""

    metric: str
    value: float
    on_test: bool = False  # whether it is a score of validation, but was measured on the test set


@dataclass(frozen=True)
class RunSummary:
    """A run in brief."""

    id: str
    name: str
    kind: str  # train, trial, sweep, ...
    dataset: str  # its kind; of a sweep those of its trials
    model: str  # name of the network; of a sweep those of its trials
    status: str  # MLflow's; DEAD for one that says RUNNING and shows no life, PRUNED for one that a search ended early
    epochs: int | None  # done; None for what has none
    epochs_asked: int | None  # in its configuration; None for what has none
    trials: int | None  # of a sweep, begun so far; None for other runs
    # its score on validation data: of the weights that are kept, while it runs of the last epoch, of a sweep at its
    # best point
    validation: Score | None
    test: Score | None  # its score on the test set; of a sweep at its best point
    seconds: float | None  # of the training; of the whole run where it trains nothing, None while it goes on
    began: float  # seconds since 1970
    error: str | None  # why it ended early


def summarize_runs(runs: Sequence[Run], everything: Sequence[Run]) -> list[RunSummary]:
    """Make a row for each run; `everything` has the trials of the sweeps among it."""
    children: defaultdict[str, list[Run]] = defaultdict(list)
    for run in everything:
        if PARENT_TAG in run.tags:
            children[run.tags[PARENT_TAG]].append(run)
    return [_row(run, children[run.id]) for run in runs]


def scores_by_data(metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Sort scores into training, validation and test, each metric by its short name; empty ones are missing.

    Validation is that of the weights that are kept, and of the last epoch where a run has not come to its end.
    """
    by_data: dict[str, dict[str, float]] = {}
    for data, places in PLACES.items():
        for place in places:
            scores = {key.removeprefix(place): value for key, value in metrics.items() if key.startswith(place)}
            if scores:
                by_data[data] = scores
                break
    return by_data


def best(scores: Sequence[Score | None]) -> int | None:
    """Find the best score, the first of equals; None where they are not all there or not of one kind.

    Scores of validation that were measured on the test set compete only where all were.
    """
    present = [score for score in scores if score]
    if len(present) < len(scores) or len({score.metric for score in present}) != 1:
        return None
    metric = known_metric(present[0].metric) or METRICS["loss"]  # of what nobody knows less is better
    competing = candidates(range(len(present)), lambda number: present[number].on_test).items
    finite = [number for number in competing if math.isfinite(present[number].value)]
    return min(finite, key=lambda number: metric.rank(present[number].value), default=None)


def epochs_done(run: Run) -> int:
    """Return the last epoch that a run has logged; 0 where it has none."""
    return max((step for name, step in run.steps.items() if name.startswith("train/")), default=0)


def to_dict(row: RunSummary) -> dict[str, Any]:
    """Return a row as flat values, as JSON and CSV have it; the keys are COLUMNS."""
    plain: dict[str, Any] = {}
    for key, value in vars(row).items():
        if key in PLACES:
            plain |= {key: value and value.value, f"{key}_metric": value and value.metric}
        else:
            plain[key] = value
    return plain


COLUMNS = tuple(
    name
    for field in fields(RunSummary)
    for name in (field.name, f"{field.name}_metric")[: 2 if field.name in PLACES else 1]
)


def _row(run: Run, children: Sequence[Run]) -> RunSummary:
    params, metrics, tags = run.params, run.metrics, run.tags
    kind, by_data = tags.get(KIND_TAG, ""), scores_by_data(metrics)
    is_sweep = kind == "sweep"
    members = children if is_sweep else [run]
    written = [each.params.get("training.epochs", "") for each in members]
    asked = sorted({int(text) for text in written if re.fullmatch("[0-9]{1,9}", text)})  # plain MLflow keeps any text
    trains = not is_sweep and bool(asked) and kind in ("train", "trial")
    ended = (run.ended_ms - run.started_ms) / 1000 if run.ended_ms else None
    return RunSummary(
        id=run.id,
        name=run.name,
        kind=kind,
        dataset=_names(each.params.get("dataset.kind") for each in members),
        model=_names(each.params.get("model.name") for each in members),
        status=run.shown_status,
        epochs=epochs_done(run) if trains else None,
        epochs_asked=asked[-1] if trains or (is_sweep and asked) else None,
        trials=len(children) if is_sweep else None,
        validation=_validation(run, by_data.get("validation", {}), children if is_sweep else []),
        test=_score(run, by_data.get("test", {})),
        seconds=metrics.get("time/training_seconds", ended) if params else ended,
        began=run.started_ms / 1000,
        error=tags.get(ERROR_TAG),
    )


def _score(run: Run, scores: Mapping[str, float]) -> Score | None:
    """Find the score that tells most: what a sweep compares by, else the first of the table, else of the names."""
    first = run.params.get("sweep.metric", "").rpartition("/")[2]
    names = (first, *(each.name for each in chosen_by()), *sorted(scores))
    return next((Score(name, scores[name]) for name in names if name in scores), None)


def _validation(run: Run, scores: Mapping[str, float], trials: Sequence[Run]) -> Score | None:
    """Find the score on validation data, of a sweep that of its best point; all trials may be of the test set."""
    measured = _score(run, scores)
    on_test = validated_on_test(run) or (bool(trials) and all(map(validated_on_test, trials)))
    return replace(measured, on_test=True) if measured and on_test else measured


def _names(given: Iterable[str | None]) -> str:
    """Join the different names, in brief where they are many."""
    names = list(dict.fromkeys(name for name in given if name))
    return ", ".join(names) if len(names) <= MOST_NAMES else f"{names[0]} and {len(names) - 1} more"
