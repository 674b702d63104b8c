"""What a sweep leaves in the store when its trials are done: tables, figures, the best point."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from deeplab.metrics import chosen_by, metric_of
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import Plan, Trial
from deeplab.sweep.results.summary import Summary, TrialScores, scores_in
from deeplab.sweep.results.tables import points_table, trials_table
from deeplab.tracking.delete import delete_files, remove_models
from deeplab.tracking.field_names import validated_on_test
from deeplab.tracking.read import metric_history
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import BEST_POINT_TAG
from deeplab.workflows.artifacts import LAST_CHECKPOINT

if TYPE_CHECKING:
    from deeplab.sweep.results.figures import History

# Figures of more points than these would be looked at by nobody.
MOST_CURVES = 24


def read_scores(trial: Trial, run: Run) -> TrialScores:
    """The scores of a finished trial."""
    seconds = run.metrics["time/training_seconds"]
    return TrialScores(trial.point, trial.replicate, run.id, scores_in(run.metrics), seconds, validated_on_test(run))


def log_outcome(log: RunLog, store: Store, plan: Plan, summary: Summary, runs: Mapping[str, "Run"]) -> None:
    """Write tables, figures and the best point into the parent run, and drop what the trials need not keep."""
    log.log_text("points.csv", points_table(plan.axes, summary))
    log.log_text("trials.csv", trials_table(plan.axes, summary))
    tracking = plan.trials[0].values["tracking"]
    if tracking["plots"] != "none":
        from deeplab.sweep.results.figures import sweep_figures  # here, because it imports Matplotlib

        drawn = list(range(len(plan.points)))[:MOST_CURVES] if tracking["plots"] == "all" else []
        if tracking["plots"] == "best" and summary.best is not None:
            drawn = [summary.best]
        histories = {
            number: [_history(store, trial) for trial in summary.points[number].trials]
            for number in drawn
            if summary.points[number].trials
        }
        for name, png in sweep_figures(plan.name, plan.axes, summary, plan.sweep.comparison, histories):
            log.log_bytes(f"plots/{name}.png", png)
    if summary.best is None:
        return
    best = summary.points[summary.best]
    log.set_tag(BEST_POINT_TAG, point_name(best.settings) or plan.name)
    log.metrics(summary.finished, {f"best/{metric}": scores.mean for metric, scores in best.statistics.items()})
    winner = best_trial(summary)
    if winner is not None:
        keep_best(store, tracking, {winner.run_id}, runs)


def best_trial(summary: Summary) -> TrialScores | None:
    """The trial whose model is the best one: the best replicate of the best point."""
    if summary.best is None:
        return None
    rank = metric_of(summary.metric).rank
    return min(summary.points[summary.best].trials, key=lambda trial: rank(trial.scores[summary.metric]))


def keep_best(store: Store, tracking: Mapping[str, Any], best: Collection[str], runs: Mapping[str, "Run"]) -> None:
    """Where only the best models or their figures are to be kept, delete those of all other trials."""
    for run in runs.values():
        if run.id in best or run.status != "FINISHED":
            continue
        if tracking["save_model"] == "best":
            remove_models(store, run.id)
            delete_files(store, run.artifact_uri, LAST_CHECKPOINT)
        if tracking["plots"] == "best":
            delete_files(store, run.artifact_uri, "plots")


def _history(store: Store, trial: TrialScores) -> "History":
    """The learning curves of a trial, in long form."""
    return [
        (step, value, metric.name, data)
        for data in ("train", "val")
        for metric in chosen_by()
        if not metric.is_optional or f"test/{metric.name}" in trial.scores
        for step, value in metric_history(store, trial.run_id, f"{data}/{metric.name}")
    ]
