"""What a search is in the store: a parent run as a grid has it, a table of its trials, a figure, the best trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from types import MappingProxyType

from optuna.study import Study
from optuna.trial import TrialState

from deeplab.files import table
from deeplab.metrics import metric_of
from deeplab.plots.score_axes import on_log_scale
from deeplab.plots.style import to_png
from deeplab.plots.sweep import pareto
from deeplab.plots.sweep import search as figure
from deeplab.sweep.grid import Axis, point_name
from deeplab.sweep.parent_run import begin_parent
from deeplab.sweep.results.figures import numbers
from deeplab.sweep.results.summary import statistics_of
from deeplab.sweep.results.tables import SPREAD, parts_of
from deeplab.sweep.results.write import keep_best
from deeplab.sweep.search.importance import IMPORTANCE_FILE, importance_table
from deeplab.sweep.search.objectives import as_written, on_front, score_of
from deeplab.sweep.search.optuna_study import EPOCHS, SETTINGS, identities_of
from deeplab.sweep.search.plan import SearchPlan, space_text
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import BEST_POINT_TAG, POINT_TAG, SEARCH_TAG, STUDY_TAG, TRIALS_TAG

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True)
class SearchTrial:
    """A trial of a search that has ended."""

    number: int  # Optuna's, from 0
    settings: Mapping[str, str]  # the value of each key; empty where it ended while it was drawn
    state: str  # COMPLETE, PRUNED, or FAIL, which it also is when its process ended or a replicate of it failed
    # of the metric that is searched by, the mean of its replicates; the last one of the first replicate where it was
    # pruned; None where there is none
    value: float | None
    epochs: int  # that were reported, of the first replicate
    run_id: str  # of the run that trained it, of several finished ones the best; or nothing
    scores: tuple[float, ...] = ()  # of its finished replicates, in their order
    objectives: tuple[float, ...] = ()  # means of its replicates, of a finished trial, where several are weighed
    on_front: bool = False  # whether no other trial is as good in every objective and better in one


def begin_search(
    store: Store, search: SearchPlan, study: str | None, files: Mapping[str, str] = MappingProxyType({})
) -> RunLog:
    """Create the parent run, of a study of this name or of none, with these files."""
    tags = {SEARCH_TAG: search.kind, TRIALS_TAG: str(search.points)} | ({STUDY_TAG: study} if study else {})
    return begin_parent(store, search, {axis.key: space_text(axis) for axis in search.grid.axes}, tags, files)


def read_drawn(study: Study, runs: Mapping[str, Run], search: SearchPlan) -> tuple[SearchTrial, ...]:
    """The trials of a study that have ended; runs come by the identity of their trial."""
    drawn, metric = [], search.sweep.comparison.metric
    for trial in study.get_trials(deepcopy=False, states=_ENDED):
        trained = [runs[identity] for identity in identities_of(trial) if identity in runs]
        scored = [(score, run) for run in trained if (score := score_of(run, metric)) is not None]
        if trial.state == TrialState.FAIL:  # what it had finished belongs to the point that was drawn in its place
            scored = [(score, run) for score, run in scored if run.tags[POINT_TAG] == str(trial.number)]
        scores = tuple(score for score, _ in scored)
        best = metric_of(metric).best(scores)
        run_id = scored[best][1].id if best is not None else trained[0].id if trained else ""
        settings, epochs = trial.user_attrs.get(SETTINGS, {}), trial.user_attrs.get(EPOCHS, trial.last_step or 0)
        value = trial.values[search.told.index(metric)] if trial.values else None
        told = tuple(map(as_written, search.objectives, trial.values or ()))
        drawn.append(SearchTrial(trial.number, settings, trial.state.name, value, epochs, run_id, scores, told))
    weighed = [place for place, trial in enumerate(drawn) if trial.objectives]
    for place, is_there in zip(weighed, on_front([drawn[n].objectives for n in weighed], search.told), strict=True):
        drawn[place] = replace(drawn[place], on_front=is_there)
    return tuple(drawn)


def best_drawn(drawn: Sequence[SearchTrial], metric: str) -> SearchTrial | None:
    """The best finished trial, the first of equals, or of those on the front; None where there is none."""
    finished = [(trial.value, trial) for trial in drawn if trial.state == "COMPLETE" and trial.value is not None]
    finished = [(value, trial) for value, trial in finished if trial.on_front] or finished
    best = metric_of(metric).best(value for value, _ in finished)
    return None if best is None else finished[best][1]


def two_best(drawn: Sequence[SearchTrial], metric: str) -> tuple[SearchTrial, SearchTrial] | None:
    """The best finished trial and the best that is another training; None where there are no two."""
    best = best_drawn(drawn, metric)
    second = best and best_drawn([trial for trial in drawn if trial.run_id != best.run_id], metric)
    return None if best is None or second is None else (best, second)


def log_search(
    log: RunLog, store: Store, search: SearchPlan, drawn: Sequence[SearchTrial], runs: Mapping[str, Run]
) -> None:
    """Write table, figure and the best trial into the parent run, and drop what the trials need not keep."""
    metric, tracking = search.sweep.comparison.metric, search.sweep.run.values["tracking"]
    each = search.replicates, search.sweep.folds
    log.log_text("trials.csv", trials_table(search.grid.axes, drawn, metric, *each, search.objectives))
    importance = importance_table(search.grid.axes, drawn, search.told)
    if importance:
        log.log_text(IMPORTANCE_FILE, importance)
    if tracking["plots"] != "none":
        log.log_bytes("plots/search.png", search_figure(search, drawn))
        if search.objectives:
            log.log_bytes("plots/pareto.png", pareto_figure(search, drawn))
    best = best_drawn(drawn, metric)
    if best is None or best.value is None:
        return
    log.set_tag(BEST_POINT_TAG, point_name(best.settings))
    log.metrics(len(drawn), {f"best/{metric}": best.value})
    keep_best(store, tracking, {best.run_id, *(trial.run_id for trial in drawn if trial.on_front)}, runs)


def trials_table(
    axes: Sequence[Axis],
    drawn: Sequence[SearchTrial],
    metric: str,
    replicates: int = 1,
    folds: int = 1,
    objectives: Sequence[str] = (),
) -> str:
    """A line for each trial: number, what was drawn, state, value, epochs, run.

    With several replicates also how many are finished, and how their scores spread; the value of a trial that failed
    is then the mean of those that are. With several objectives also the others, and which trials are on the front.
    """
    keys = [axis.key for axis in axes]
    spread = ["n", *(f"{metric} {part}" for part in SPREAD)] if replicates > 1 else []
    others, blank = [name for name in objectives if name != metric], [""] * len(objectives)
    rows = (
        [
            trial.number,
            *(trial.settings.get(key, "") for key in keys),
            trial.state,
            trial.value if trial.value is not None else fmean(trial.scores) if trial.scores and spread else "",
            *(
                (len(trial.scores), *parts_of(statistics_of(trial.scores, folds) if trial.scores else None, SPREAD))
                if spread
                else ()
            ),
            *(value for name, value in zip(objectives, trial.objectives or blank, strict=True) if name != metric),
            *(["front" if trial.on_front else ""] if objectives else []),
            trial.epochs,
            trial.run_id,
        ]
        for trial in drawn
    )
    front = ["front"] if objectives else []
    return table(["trial", *keys, "state", metric, *spread, *others, *front, "epochs", "run"], rows)


def search_figure(search: SearchPlan, drawn: Sequence[SearchTrial]) -> bytes:
    """The figure of a search as PNG."""
    shown = [trial for trial in drawn if trial.value is not None]
    return to_png(
        figure.draw(
            [trial.number for trial in shown],
            [trial.value for trial in shown if trial.value is not None],
            [trial.state == "PRUNED" for trial in shown],
            {axis.key: _factor(axis, [trial.settings[axis.key] for trial in shown]) for axis in search.grid.axes},
            metric=search.sweep.comparison.metric,
            name=search.name,
            replicates=[trial.scores for trial in shown] if search.replicates > 1 else (),
        )
    )


def pareto_figure(search: SearchPlan, drawn: Sequence[SearchTrial]) -> bytes:
    """The figure of several objectives as PNG: that which the best is named by against each other one."""
    shown = [trial for trial in drawn if trial.objectives]
    columns = dict(zip(search.objectives, zip(*(trial.objectives for trial in shown), strict=True), strict=False))
    return to_png(
        pareto.draw(
            [trial.number for trial in shown],
            {name: columns.get(name, ()) for name in search.objectives},
            [trial.on_front for trial in shown],
            metric=search.sweep.comparison.metric,
            name=search.name,
        )
    )


def _factor(axis: Axis, drawn: Sequence[str]) -> figure.Factor:
    values = numbers(axis)
    if values is None:
        return figure.Factor([axis.values.index(value) for value in drawn], options=axis.values)
    log = axis.interval.log if axis.interval else on_log_scale(values)
    return figure.Factor([float(value) for value in drawn], log)
