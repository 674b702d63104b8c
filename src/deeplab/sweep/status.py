"""How sweeps stand, told from the store alone."""

import time
from collections import Counter
from dataclasses import dataclass

from deeplab.errors import UserError
from deeplab.metrics import compared
from deeplab.sweep.parent_run import children
from deeplab.tracking.find import all_runs, find_run
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG, POINT_TAG, REPLICATE_TAG, REPLICATES_TAG, SEARCH_TAG, TRIALS_TAG

# What is shown of a trial that is being trained, the first that it has.
SCORES = tuple(metric.name for metric in compared("val", "train"))


@dataclass(frozen=True)
class SweepStatus:
    """How a sweep stands.

    Attributes:
        status: MLflow's; DEAD for one that says RUNNING and shows no life.
        trials: trainings that are planned.
        replicates: trainings of each point.
        counts: of its trials, by status.
        age_seconds: since it began.
    """

    run_id: str
    name: str
    status: str
    trials: int
    replicates: int
    counts: dict[str, int]
    age_seconds: float

    @property
    def left(self) -> int:
        """Trainings that are still to be done; a point that is pruned needs none of its others."""
        counts = self.counts
        done = sum(counts.get(status, 0) for status in ("FINISHED", "RUNNING", "FAILED"))
        return max(0, self.trials - done - counts.get("PRUNED", 0) * self.replicates)


@dataclass(frozen=True)
class TrialStatus:
    """How a trial stands.

    Attributes:
        status: MLflow's; DEAD for one that says RUNNING and shows no life, PRUNED for one that a search ended early.
        score: of the last epoch, the first of SCORES that there is, or None.
        heartbeat_seconds: since it last showed that it is alive.
    """

    run_id: str
    name: str
    status: str
    epoch: int
    epochs: int
    score: float | None
    heartbeat_seconds: float


def sweeps(store: Store, most: int = 20) -> list[SweepStatus]:
    """The newest sweeps of the store."""
    parents = all_runs(store, (KIND_TAG, "sweep"))
    return [sweep_status(store, run) for run in parents[:most]]


def find_sweep_run(store: Store, name: str) -> Run:
    """The sweep that is meant: an id, the beginning of one, a name, or `latest`.

    Raises:
        UserError: there is none, or it is no sweep.
    """
    parents = all_runs(store, (KIND_TAG, "sweep"))
    if name == "latest":
        if not parents:
            raise UserError("The store has no sweep yet.")
        return parents[0]
    named = [run for run in parents if run.name == name]
    if len(named) == 1:  # a training may have the same name
        return named[0]
    run = find_run(store, name)
    if run.tags.get(KIND_TAG) != "sweep":
        raise UserError(f"Run {run.label} is no sweep.")
    return run


def sweep_status(store: Store, run: Run) -> SweepStatus:
    """How one sweep stands."""
    counts = Counter(child.shown_status for child in children(store, run.id).values())
    replicates = int(run.tags.get(REPLICATES_TAG, "1"))
    # A search is asked for points, a grid for trainings.
    trials = int(run.tags[TRIALS_TAG]) * (replicates if SEARCH_TAG in run.tags else 1)
    age = time.time() - run.started_ms / 1000
    return SweepStatus(run.id, run.name, run.shown_status, trials, replicates, dict(counts), age)


def trial_statuses(store: Store, run: Run) -> list[TrialStatus]:
    """How the trials of a sweep stand that were begun, point by point."""
    runs = sorted(
        children(store, run.id).values(),
        key=lambda child: (int(child.tags[POINT_TAG]), int(child.tags[REPLICATE_TAG])),
    )
    return [_trial_status(child) for child in runs]


def _trial_status(run: Run) -> TrialStatus:
    metrics = run.metrics
    return TrialStatus(
        run.id,
        run.name,
        run.shown_status,
        run.steps["train/loss"] if "train/loss" in metrics else 0,
        int(run.params.get("training.epochs", 0)),
        next((metrics[name] for name in SCORES if name in metrics), None),
        run.heartbeat_age,
    )
