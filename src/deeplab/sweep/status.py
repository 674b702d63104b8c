"""How sweeps stand, told from the store alone."""

from collections import Counter
from dataclasses import dataclass

from deeplab.errors import UserError
from deeplab.metrics import compared
from deeplab.runs.summary import epochs_done
from deeplab.sweep.parent_run import children
from deeplab.tracking.find import all_runs, find_run
from deeplab.tracking.numbers import whole_of
from deeplab.tracking.run import STATUS_TAGS, Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    BUDGET_TAG,
    KIND_TAG,
    POINT_TAG,
    REPLICATE_TAG,
    REPLICATES_TAG,
    SEARCH_TAG,
    TRIAL_TAG,
    TRIALS_TAG,
)

# What is shown of a trial that is being trained, the first that it has.
SCORES = tuple(metric.name for metric in compared("val", "train"))


@dataclass(frozen=True)
class SweepStatus:
    """How a sweep stands."""

    run: Run
    trials: int  # trainings that are planned
    replicates: int  # trainings of each point
    counts: dict[str, int]  # of its trials, by status

    @property
    def left(self) -> int:
        """Trainings that are still to be done; a point that is pruned needs none of its others."""
        if self.run.status == "FINISHED" and not self.run.tags.get(BUDGET_TAG):
            return 0  # a search trains once what it draws twice
        counts = self.counts
        done = sum(counts.get(status, 0) for status in ("FINISHED", "RUNNING", "FAILED"))
        return max(0, self.trials - done - counts.get("PRUNED", 0) * self.replicates)


@dataclass(frozen=True)
class TrialStatus:
    """How a trial stands."""

    run: Run
    epoch: int  # done
    epochs: int  # asked for
    score: float | None  # of the last epoch, the first of SCORES that there is, or None


def sweeps(store: Store, most: int = 20) -> list[SweepStatus]:
    """The newest sweeps of the store."""
    return [sweep_status(store, run) for run in all_runs(store, (KIND_TAG, "sweep"))[:most]]


def find_sweep_run(store: Store, name: str) -> Run:
    """The sweep that is meant by an id, the beginning of one, a name, or `latest`; a UserError where there is none."""
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
    counts = Counter(child.shown_status for child in children(store, run.id, (TRIAL_TAG, *STATUS_TAGS)).values())
    replicates = whole_of(run.tags, REPLICATES_TAG, "1")
    # A search is asked for points, a grid for trainings.
    trials = whole_of(run.tags, TRIALS_TAG) * (replicates if SEARCH_TAG in run.tags else 1)
    return SweepStatus(run, trials, replicates, dict(counts))


def trial_statuses(store: Store, run: Run) -> list[TrialStatus]:
    """How the trials of a sweep stand that were begun, point by point."""
    runs = children(store, run.id).values()
    return [
        TrialStatus(
            trial,
            epochs_done(trial),
            whole_of(trial.params, "training.epochs", "0"),
            next((trial.metrics[name] for name in SCORES if name in trial.metrics), None),
        )
        for trial in sorted(
            runs, key=lambda trial: (whole_of(trial.tags, POINT_TAG), whole_of(trial.tags, REPLICATE_TAG))
        )
    ]
