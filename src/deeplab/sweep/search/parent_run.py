"""What a search is in the store: a parent run as a grid has it, a table of its trials, a figure, the best trial."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from optuna.study import Study
from optuna.trial import TrialState

from deeplab.files import table
from deeplab.metrics import metric_of
from deeplab.plots.score_axes import on_log_scale
from deeplab.plots.style import to_png
from deeplab.plots.sweep import search as figure
from deeplab.sweep.grid import Axis, point_name
from deeplab.sweep.results.figures import numbers
from deeplab.sweep.results.write import keep_best
from deeplab.sweep.search.optuna_study import IDENTITY, SETTINGS
from deeplab.sweep.search.plan import SearchPlan, space_text
from deeplab.tracking.provenance import git_tags
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    BEST_POINT_TAG,
    KIND_TAG,
    REPLICATES_TAG,
    SEARCH_TAG,
    STUDY_TAG,
    SWEEP_KEY_TAG,
    TRIALS_TAG,
)
from deeplab.workflows.artifacts import override_lines

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True)
class SearchTrial:
    """A trial of a search that has ended.

    Attributes:
        number: Optuna's, from 0.
        settings: the value of each key; empty where it ended while it was drawn.
        state: COMPLETE, PRUNED, or FAIL, which it also is when its process ended.
        value: of the metric that is searched by, the last one where it was pruned; None where there is none.
        epochs: that were reported.
        run_id: of the run that trained it, or nothing.
    """

    number: int
    settings: Mapping[str, str]
    state: str
    value: float | None
    epochs: int
    run_id: str


def begin_search(store: Store, search: SearchPlan, study: str) -> RunLog:
    """Create the parent run.

    Args:
        store: where.
        search: what it is.
        study: name of its study.
    """
    tags = {
        **git_tags(),
        KIND_TAG: "sweep",
        SWEEP_KEY_TAG: search.key,
        STUDY_TAG: study,
        SEARCH_TAG: search.kind,
        TRIALS_TAG: str(search.count),
        REPLICATES_TAG: "1",
    }
    values = {**{axis.key: space_text(axis) for axis in search.grid.axes}, **asdict(search.config)}
    return RunLog.begin(store, search.name, values, tags, None, {"overrides.txt": override_lines(search.overrides)})


def read_drawn(study: Study, runs: Mapping[str, "Run"]) -> tuple[SearchTrial, ...]:
    """The trials of a study that have ended.

    Args:
        study: of the search.
        runs: by the identity of their trial.
    """
    drawn = []
    for trial in study.get_trials(deepcopy=False, states=_ENDED):
        run = runs.get(trial.user_attrs.get(IDENTITY, ""))
        run_id = "" if run is None else run.id
        settings = trial.user_attrs.get(SETTINGS, {})
        drawn.append(SearchTrial(trial.number, settings, trial.state.name, trial.value, trial.last_step or 0, run_id))
    return tuple(drawn)


def best_drawn(drawn: Sequence[SearchTrial], metric: str) -> SearchTrial | None:
    """The best finished trial, the first of equals; None where there is none."""
    finished = [(trial.value, trial) for trial in drawn if trial.state == "COMPLETE" and trial.value is not None]
    best = metric_of(metric).best(value for value, _ in finished)
    return None if best is None else finished[best][1]


def log_search(
    log: RunLog, store: Store, search: SearchPlan, drawn: Sequence[SearchTrial], runs: Mapping[str, "Run"]
) -> None:
    """Write table, figure and the best trial into the parent run, and drop what the trials need not keep."""
    metric, tracking = search.config.sweep.metric, search.first.values["tracking"]
    log.log_text("trials.csv", trials_table(search.grid.axes, drawn, metric))
    if tracking["plots"] != "none":
        log.log_bytes("plots/search.png", search_figure(search, drawn))
    best = best_drawn(drawn, metric)
    if best is None or best.value is None:
        return
    log.set_tag(BEST_POINT_TAG, point_name(best.settings))
    log.metrics(len(drawn), {f"best/{metric}": best.value})
    keep_best(store, tracking, best.run_id, runs)


def trials_table(axes: Sequence[Axis], drawn: Sequence[SearchTrial], metric: str) -> str:
    """A line for each trial: number, what was drawn, state, value, epochs, run."""
    keys = [axis.key for axis in axes]
    rows = (
        [
            trial.number,
            *(trial.settings.get(key, "") for key in keys),
            trial.state,
            "" if trial.value is None else trial.value,
            trial.epochs,
            trial.run_id,
        ]
        for trial in drawn
    )
    return table(["trial", *keys, "state", metric, "epochs", "run"], rows)


def search_figure(search: SearchPlan, drawn: Sequence[SearchTrial]) -> bytes:
    """The figure of a search as PNG."""
    shown = [trial for trial in drawn if trial.value is not None]
    return to_png(
        figure.draw(
            [trial.number for trial in shown],
            [trial.value for trial in shown if trial.value is not None],
            [trial.state == "PRUNED" for trial in shown],
            {axis.key: _factor(axis, [trial.settings[axis.key] for trial in shown]) for axis in search.grid.axes},
            metric=search.config.sweep.metric,
            name=search.name,
        )
    )


def _factor(axis: Axis, drawn: Sequence[str]) -> figure.Factor:
    values = numbers(axis)
    if values is None:
        return figure.Factor([axis.values.index(value) for value in drawn], options=axis.values)
    log = axis.interval.log if axis.interval else on_log_scale(values)
    return figure.Factor([float(value) for value in drawn], log)
