"""The study of a search: what Optuna knows of its trials, kept in a file beside the store."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import optuna
from optuna.exceptions import OptunaError
from optuna.pruners import MedianPruner
from optuna.samplers import RandomSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from optuna.trial import Trial as Asked
from sqlalchemy.exc import SQLAlchemyError

from deeplab.errors import UserError
from deeplab.sweep.grid import Axis
from deeplab.sweep.parent_run import changed_keys, first_few
from deeplab.sweep.replicates import replicate_seed
from deeplab.sweep.search.objectives import means, more_is_better, score_of
from deeplab.sweep.search.plan import SearchPlan
from deeplab.tracking.run import Run
from deeplab.tracking.store import first_line
from deeplab.tracking.tags import PRUNED_TAG

# The first trials, and the first epoch of each, are not pruned: there is too little to compare them with.
UNPRUNED_TRIALS = 5
UNPRUNED_EPOCHS = 1
IDENTITY, SETTINGS, FROZEN = "identity", "settings", "search"
# Identities of the replicates of a trial, of which IDENTITY is the first; only where there are several.
REPLICATES = "replicates"
# Epochs of a trial of several objectives, of which Optuna takes no reports.
EPOCHS = "epochs"
# Of a trial that is drawn once more: the number of its draw.
DRAW = "draw"


@contextmanager
def open_study(path: Path, search: SearchPlan, name: str | None) -> Iterator[Study]:
    """The study of a search, for as long as the context lasts.

    Args:
        path: of its file, which holds the studies of all searches by the same command.
        name: of the study to go on with, or None to begin one.

    Raises:
        UserError: the study is gone or is of another search, or the file cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = RDBStorage(f"sqlite:///{path}")
    except (OptunaError, SQLAlchemyError, RuntimeError) as error:
        raise UserError(
            f"The study of the search '{search.name}', {path}, cannot be used ({first_line(error)}). "
            "Move it away and begin anew: --fresh."
        ) from error
    try:
        if name is not None and name not in optuna.get_all_study_names(storage):
            raise UserError(f"The study of the search '{search.name}' is gone from {path}. To begin anew: --fresh.")
        study = optuna.create_study(
            storage=storage,
            study_name=name or uuid4().hex,
            directions=["maximize" if more_is_better(each) else "minimize" for each in search.told],
            # Our epochs count from 1, Optuna's steps from 0. Several objectives prune nothing.
            pruner=MedianPruner(UNPRUNED_TRIALS, UNPRUNED_EPOCHS + 1),
            load_if_exists=True,
        )
        _check_unchanged(study, search)
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def ask(study: Study, search: SearchPlan) -> Asked:
    """Ask for a point, with a sampler that is seeded for this draw; so a kill changes nothing of what is drawn."""
    asked = study.ask()
    seed = replicate_seed(search.sweep.run.config.seed, _draw_of(study, asked.number, asked.user_attrs))
    study.sampler = TPESampler(seed=seed) if search.kind == "tpe" else RandomSampler(seed=seed)
    return asked


def suggest(asked: Asked, axes: Sequence[Axis]) -> dict[str, str]:
    """Draw the value of each key, written as in an override."""
    drawn = {}
    for axis in axes:
        interval = axis.interval
        if interval is None:
            drawn[axis.key] = str(asked.suggest_categorical(axis.key, axis.values))
        elif interval.whole:
            low, high = int(interval.low), int(interval.high)
            drawn[axis.key] = interval.written(asked.suggest_int(axis.key, low, high, log=interval.log))
        else:
            value = asked.suggest_float(axis.key, interval.low, interval.high, log=interval.log)
            drawn[axis.key] = interval.written(value)
    return drawn


def finished_trials(study: Study) -> list[FrozenTrial]:
    """The trials that are done: finished or pruned."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def identities_of(trial: FrozenTrial) -> Sequence[str]:
    """The identities of the replicates of a trial; none where it ended while it was drawn."""
    attributes = trial.user_attrs
    return attributes.get(REPLICATES) or ([attributes[IDENTITY]] if IDENTITY in attributes else [])


def whole_scores(trials: Sequence[FrozenTrial], runs: Mapping[str, Run], metric: str) -> Iterator[Mapping[int, float]]:
    """The scores of trials that are finished, by replicate; those left out whose runs are gone."""
    for trial in trials:
        scored = enumerate(score_of(runs.get(identity), metric) for identity in identities_of(trial))
        scores = {number: score for number, score in scored if score is not None}
        if trial.state == TrialState.COMPLETE and scores and len(scores) == len(identities_of(trial)):
            yield scores


def report_again(study: Study, asked: Asked, identity: str) -> int:
    """Report of a trial what was reported when it was trained before; returns the last epoch of that, or 0."""
    last = 0
    for earlier in study.get_trials(deepcopy=False):
        if earlier.number != asked.number and earlier.user_attrs.get(IDENTITY) == identity:
            for epoch, value in sorted(earlier.intermediate_values.items()):
                if epoch > last:
                    asked.report(value, epoch)
                    last = epoch
            if EPOCHS in earlier.user_attrs:
                asked.set_user_attr(EPOCHS, earlier.user_attrs[EPOCHS])
    return last


def tell(
    study: Study, trial: Asked | int, values: Sequence[float] | None, state: TrialState, told: Sequence[str]
) -> str:
    """Tell a study how a trial ended; one whose score is no number fails, since nothing can be compared with it.

    Args:
        values: what it comes to, where it is finished.
        told: the objectives, or the only metric.

    Returns:
        Why it fails against expectation, or nothing.
    """
    odd = [f"{name} is {value}" for name, value in zip(told, values or (), strict=False) if not math.isfinite(value)]
    study.tell(trial, None if odd else values, TrialState.FAIL if odd else state)
    return ", ".join(odd)


def tell_orphans(study: Study, runs: Mapping[str, Run], told: Sequence[str]) -> None:
    """Say what became of trials whose process ended before it could; what was not done is drawn once more.

    Args:
        told: the objectives that the study knows of, or its only metric.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        identities = identities_of(trial)
        trained = [runs[identity] for identity in identities if identity in runs]
        finished = [run for run in trained if run.status == "FINISHED"]
        if finished and len(finished) == len(identities):
            tell(study, trial.number, means(finished, told), TrialState.COMPLETE, told)
        elif identities and identities[0] in runs and PRUNED_TAG in trained[0].tags:
            study.tell(trial.number, state=TrialState.PRUNED)
        else:
            study.tell(trial.number, state=TrialState.FAIL)
            # Where it ended while it was drawn, all of it is drawn again.
            is_drawn = len(trial.params) == len(study.user_attrs[FROZEN]["searched"])
            params = trial.params if is_drawn else {}
            study.enqueue_trial(params, user_attrs={DRAW: _draw_of(study, trial.number, trial.user_attrs)})


def _draw_of(study: Study, number: int, attributes: Mapping[str, Any]) -> int:
    """The number of a draw, the same for a trial that is drawn once more."""
    if DRAW in attributes:
        return int(attributes[DRAW])
    return sum(DRAW not in trial.user_attrs for trial in study.get_trials(deepcopy=False) if trial.number < number)


def _check_unchanged(study: Study, search: SearchPlan) -> None:
    now = json.loads(json.dumps(search.frozen))
    before = study.user_attrs.get(FROZEN)
    if before is None:
        study.set_user_attr(FROZEN, now)
        return
    changes = changed_keys(before, now)
    if changes:
        raise UserError(
            f"The search '{search.name}' has changed since it began: {first_few(changes)}. "
            "Put it back to go on, or begin anew: --fresh."
        )
