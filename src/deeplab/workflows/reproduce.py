"""Do a run again and tell whether it came out the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from deeplab.config.compose import ComposedConfig
from deeplab.errors import UserError
from deeplab.evaluation.statistics import CONFIDENCE, prediction_interval
from deeplab.runs.replicates import ReplicateSpread, spreads
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.read import read_packages
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    COMMIT_TAG,
    DATA_TAG,
    DETERMINISTIC_TAG,
    DEVICE_TAG,
    DIRTY_TAG,
    ENGINE_TAG,
    INITIAL_WEIGHTS_TAG,
    REPRODUCES_TAG,
    THREADS_TAG,
    VALIDATION_DATA_TAG,
    VERDICT_TAG,
)
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.resume import ResumePoint
from deeplab.workflows.train import RunObserver, train
from deeplab.workflows.trained_run import TrainedRun, find_trained_run

SCORES = ("test/", "validation/", "training/")
# What a run depends on besides its configuration, by the tag that tells it.
ENVIRONMENT_TAGS = {
    DATA_TAG: "data",
    VALIDATION_DATA_TAG: "validation data",
    COMMIT_TAG: "git commit",
    DIRTY_TAG: "changes that are not committed",
    DEVICE_TAG: "device",
    THREADS_TAG: "threads",
    ENGINE_TAG: "engine",
    DETERMINISTIC_TAG: "deterministic",
}

Verdict = Literal["identical", "within", "different"]


@dataclass(frozen=True)
class Score:
    """A score of both runs."""

    name: str  # as in `test/accuracy`
    before: float
    again: float
    spread: ReplicateSpread | None  # of its replicates, or None where it has none
    interval: float | None  # half the width of the prediction interval about their mean, or None

    @property
    def is_within(self) -> bool:
        """Whether the new score lies in the prediction interval of the replicates."""
        if self.spread is None or self.interval is None:
            return False
        return abs(self.again - self.spread.mean) <= self.interval


@dataclass(frozen=True)
class Reproduction:
    """What came of doing a run again."""

    trained: TrainedRun
    run_id: str  # of the new one
    verdict: Verdict  # `identical` to the bit, `within` the prediction intervals of its replicates, or `different`
    same: Mapping[str, bool | None]  # whether history, scores, weights are equal to the bit; None where not kept
    scores: tuple[Score, ...]
    changes: tuple[str, ...]  # in what both were done under, one line each


def reproduce(store: Store, experiment: str, name: str, observers: Sequence[RunObserver]) -> Reproduction:
    """Train with the logged configuration of a run, as a new run beside it, and compare.

    Args:
        name: the run, as `find_run` understands it.

    Raises:
        UserError: there is no such run, or it is not finished.
        RunError: the new run could not be finished.
    """
    trained = find_trained_run(store, name)
    if trained.run.status != "FINISHED":
        raise UserError(f"Run {trained.name} is {trained.run.status}; only a finished run has scores to be reproduced.")
    composed = _again(trained, experiment)
    result = train(composed, [_Marker(trained), *observers], repeated=trained.run)
    again = TrainedRun(store.get_run(result.run_id), store)
    same = {
        "history": _same_file(trained, again, "history.csv"),
        "scores": _same_file(trained, again, "score.csv"),
        "weights": _same_weights(trained, again, composed.config.tracking.save_model != "none"),
    }
    scores = _scores(trained, again)
    verdict: Verdict = "different"
    if same["history"] and same["scores"] and same["weights"] is not False:
        verdict = "identical"
    elif scores and all(score.is_within for score in scores):
        verdict = "within"
    store.set_tag(result.run_id, VERDICT_TAG, verdict)
    return Reproduction(trained, result.run_id, verdict, same, scores, tuple(_changes(trained, again)))


class _Marker(RunObserver):
    """Makes the new run findable from its first moment, and keeps its name from being taken for the other's."""

    def __init__(self, trained: TrainedRun) -> None:
        self._trained = trained

    def run_began(self, run_id: str, name: str, setup: TrainingSetup, resume_point: ResumePoint | None) -> None:
        store = self._trained.store
        store.set_tag(run_id, REPRODUCES_TAG, self._trained.run.id)
        store.rename_run(run_id, f"{self._trained.run.name} again")


def _again(trained: TrainedRun, experiment: str) -> ComposedConfig:
    """The logged configuration, in this store; the run whose weights it began with is meant by its id."""
    logged = trained.composed()
    config, values = logged.config, logged.values
    begun_with = trained.run.tags.get(INITIAL_WEIGHTS_TAG)
    if begun_with is not None:
        values = {**values, "training": {**values["training"], "initial_weights": begun_with}}
        config = replace(config, training=replace(config.training, initial_weights=begun_with))
    tracking = replace(config.tracking, uri=trained.store.place.uri, experiment=experiment)
    return ComposedConfig(replace(config, tracking=tracking), values, logged.overrides, logged.config_dir)


def _same_file(before: TrainedRun, again: TrainedRun, path: str) -> bool | None:
    old, new = (read_artifact(each.store, each.run, path) for each in (before, again))
    return None if old is None or new is None else old == new


def _same_weights(before: TrainedRun, again: TrainedRun, kept: bool) -> bool | None:
    """Whether every weight is the same to the bit; None where the old or the new network was not kept."""
    if not kept:
        return None
    try:
        old = before.network().get_weights()
    except UserError:
        return None
    new = again.network().get_weights()
    pairs = zip(old, new, strict=False)
    return len(old) == len(new) and all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)


def _scores(before: TrainedRun, again: TrainedRun) -> tuple[Score, ...]:
    scatter = spreads(before.store, before.run)
    old, new = before.run.metrics, again.run.metrics
    names = [name for name in sorted(old) if name.startswith(SCORES) and name in new]
    return tuple(held_against(name, old[name], new[name], scatter.get(name), len(names)) for name in names)


def held_against(name: str, before: float, again: float, spread: ReplicateSpread | None, count: int) -> Score:
    """A score with the interval in which one more run of the same configuration lies.

    Args:
        count: of the scores that are held against theirs. All of them lie within at once with CONFIDENCE at least, so
            each does with 1 - (1 - CONFIDENCE) / count (Bonferroni).
    """
    if spread is None:
        return Score(name, before, again, None, None)
    interval = prediction_interval(spread.deviation, spread.count, 1 - (1 - CONFIDENCE) / count)
    return Score(name, before, again, spread, interval)


def _changes(before: TrainedRun, again: TrainedRun) -> list[str]:
    old, new = before.run.tags, again.run.tags
    lines = [
        f"{what}: {_short(old.get(tag))}, now {_short(new.get(tag))}"
        for tag, what in ENVIRONMENT_TAGS.items()
        if old.get(tag) != new.get(tag)
    ]
    if old.get(DIRTY_TAG) == new.get(DIRTY_TAG) == "true":
        lines.append("changes that are not committed: there were some both times, and nobody knows if the same")
    return [*lines, *_package_changes(before, again)]


def _package_changes(before: TrainedRun, again: TrainedRun) -> list[str]:
    old, new = (read_packages(each.store, each.run) for each in (before, again))
    if not old:
        return ["packages: not kept with the run"]
    names = sorted(old.keys() | new.keys(), key=str.lower)
    return [
        f"{name}: {old.get(name, 'not installed')}, now {new.get(name, 'not installed')}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _short(value: str | None) -> str:
    if value is None:
        return "not known"
    return value[:12] if len(value) in (40, 64) else value
