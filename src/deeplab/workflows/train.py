"""One training, from a composed configuration to a finished run: the flow the whole project is made of."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deeplab.code.file import blaming
from deeplab.config.compose import ComposedConfig
from deeplab.config.schema import ExperimentConfig
from deeplab.errors import Paused, Pruned, RunError
from deeplab.tracking.location import StoreLocation
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, checkpoint_folder, find_store, open_store, store_errors
from deeplab.tracking.tags import (
    INITIAL_WEIGHTS_TAG,
    KIND_TAG,
    PARENT_TAG,
    PRUNED_TAG,
)
from deeplab.training.cache import TrainingCache
from deeplab.training.checkpoint import Checkpoint, remove
from deeplab.training.history import Epoch, History
from deeplab.training.observer import Observer
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.artifacts import (
    input_files,
    log_checkpoint,
    log_history,
    log_model,
    log_plots,
    log_scores,
    without_password,
)
from deeplab.workflows.cache_key import cache_key
from deeplab.workflows.checkpoint_sink import checkpoint_sink
from deeplab.workflows.figures import figures
from deeplab.workflows.initial_weights import load_initial_weights
from deeplab.workflows.plane_figures import BoundaryRecorder, boundary_recorder
from deeplab.workflows.prepare import engine_of_run, prepare
from deeplab.workflows.recording import ParentRun, recorded
from deeplab.workflows.resume import ResumePoint
from deeplab.workflows.run_tags import tags_of
from deeplab.workflows.save_elsewhere import save_elsewhere
from deeplab.workflows.score_rows import score_rows
from deeplab.workflows.scored_rows import log_scored_rows
from deeplab.workflows.signals import signals_ignored
from deeplab.workflows.trained_run import other_data


@dataclass(frozen=True)
class RunResult:
    """What came of a training."""

    run_id: str  # MLflow's
    name: str  # of the run
    place: StoreLocation  # where it is kept
    history: History  # of every epoch
    scores: Mapping[str, float]  # on the test set, taken once at the end, by name
    final: Mapping[str, float]  # the metrics that were logged once, at the end
    seconds: float  # from the first step to the last line logged


class RunObserver(Observer):
    """Told also when everything is ready and the run exists."""

    def run_began(self, run_id: str, name: str, setup: TrainingSetup, resume_point: ResumePoint | None) -> None:
        """The run is in the store and its training is about to begin."""


@dataclass(frozen=True)
class RunContext:
    """A run that is being trained."""

    store: Store  # where it is kept
    log: RunLog  # that writes it
    setup: TrainingSetup  # what is trained
    config: ExperimentConfig  # that it was made of
    history: History  # of the epochs so far
    cache: TrainingCache | None = None  # what trainings of this process share, or None


class _EpochLog(Observer):
    """Hands every epoch to the run's log, and remembers them for a run that ends early."""

    def __init__(self, log: RunLog, epochs: list[Epoch]) -> None:
        self._log, self._epochs = log, epochs

    def epoch_ended(self, epoch: Epoch) -> None:
        self._log.metrics(epoch.number, epoch.metrics)
        self._epochs.append(epoch)


def train(
    composed: ComposedConfig,
    observers: Sequence[RunObserver] = (),
    resume_point: ResumePoint | None = None,
    parent: ParentRun | None = None,
    cache: TrainingCache | None = None,
    repeated: Run | None = None,
) -> RunResult:
    """Train what a configuration describes and log it.

    Args:
        composed: the configuration.
        observers: told when the run begins, and of every step and epoch.
        resume_point: the run to go on with, or None to begin one; its configuration is `composed`.
        parent: of the run in a sweep, or None for a run of its own.
        cache: what trainings of this process share, or None.
        repeated: the run that is done again, or None.

    Raises:
        UserError: before the run begins; nothing is left in the store.
        RunError: the run could not be finished and is FAILED.
        Interrupted: the run was ended from outside and is KILLED.
        Pruned: an observer raised it; the run is KILLED, and keeps no model. Paused: it was trained as far as asked.
    """
    config = composed.config
    place = find_store(config.tracking) if resume_point is None else resume_point.store.place
    setup = prepare(config, place.work_folder, cache=cache)
    # Only now: what cannot be trained leaves no store behind either.
    store = open_store(config.tracking) if resume_point is None else resume_point.store
    earlier = repeated if resume_point is None else resume_point.run
    if earlier is not None:
        setup = replace(setup, engine=engine_of_run(earlier, setup))
    name = parent.name if parent else config.name or f"{config.model.name}-{setup.splits.info.name}"
    resume_from = resume_point.checkpoint if resume_point else None
    epochs = list(resume_from.history.epochs) if resume_from else []
    recorder = boundary_recorder(config, len(epochs))

    def begin() -> RunLog:
        if resume_point is None:
            return _begin(composed, store, name, setup, parent)
        return _go_on(resume_point, setup)

    def interrupted(log: RunLog) -> str:
        again = "the same command again" if parent else f"deeplab train --resume {log.run_id[:8]}"
        return (
            f"Interrupted: run {log.run_id[:8]} is KILLED, {len(epochs)} of {config.training.epochs} "
            f"epochs are logged. To go on: {again}"
        )

    def keep(log: RunLog, cause: BaseException) -> str | None:
        return _keep(RunContext(store, log, setup, config, History(tuple(epochs))), cause)

    # Here, because it imports TensorFlow, which `deeplab --help` can do without.
    from deeplab.training.fit import fit

    with recorded(store, begin, interrupted, keep) as log, blaming(RunError):
        began = time.perf_counter()
        if resume_point is not None:
            _log_again(log, resume_point)
        for observer in observers:
            observer.run_began(log.run_id, name, setup, resume_point)
        watching = [_EpochLog(log, epochs), *filter(None, [recorder]), *observers]
        folder = checkpoint_folder(store, log.run_id)
        trained = fit(
            replace(setup, cache_key=cache_key(composed.values, setup)),
            config.training,
            config.seed,
            observers=watching,
            resume_from=resume_from,
            sink=checkpoint_sink(log, folder, config.tracking.keep_checkpoints, parent.until if parent else None),
            cache=cache,
        )
        scores, final = _score_and_log(
            RunContext(store, log, setup, config, trained.history, cache), name, trained, recorder
        )
    with signals_ignored():
        remove(folder)
    return RunResult(log.run_id, name, store.place, trained.history, scores, final, time.perf_counter() - began)


def _begin(composed: ComposedConfig, store: Store, name: str, setup: TrainingSetup, parent: ParentRun | None) -> RunLog:
    tags = tags_of(composed, setup)
    if parent is not None:
        tags |= {**parent.tags, KIND_TAG: "trial", PARENT_TAG: parent.parent_id}
    wanted = composed.config.training.initial_weights
    if wanted is not None:
        tags[INITIAL_WEIGHTS_TAG] = load_initial_weights(setup.network, store, wanted)
    kept = without_password(composed)
    return RunLog.begin(store, name, kept.values, tags, composed.config.notes, input_files(kept))


def _go_on(resume_point: ResumePoint, setup: TrainingSetup) -> RunLog:
    tags = resume_point.run.tags
    if any(tags.get(tag) != fingerprint for tag, fingerprint in setup.fingerprints.items()):
        raise other_data(setup.splits.info, resume_point.run.short_id)
    if INITIAL_WEIGHTS_TAG in tags and resume_point.checkpoint is None:
        load_initial_weights(setup.network, resume_point.store, tags[INITIAL_WEIGHTS_TAG])
    return RunLog.resume(resume_point.store, resume_point.run)


def _log_again(log: RunLog, resume_point: ResumePoint) -> None:
    """What an earlier start did not write any more, and what is another now: the number of epochs, the packages."""
    for path, text in input_files(without_password(resume_point.composed)).items():
        log.log_text(path, text)
    if resume_point.checkpoint is not None:
        # A checkpoint may hold epochs whose metrics were still to be written when the process ended.
        for epoch in resume_point.checkpoint.history.epochs:
            log.metrics(epoch.number, epoch.metrics)


def _keep(run: RunContext, cause: BaseException) -> str | None:
    """Log what was trained so far, the network included where a person ended it; where the store is full, save that."""
    if isinstance(cause, store_errors()):
        saved = save_elsewhere(run.setup.network, run.log.run_id, [run.store.place.work_folder])
        return f"The model as it is now was saved as {saved}." if saved else "The model could not be saved anywhere."
    if isinstance(cause, KeyboardInterrupt | Pruned | RunError):
        log_history(run.log, run.history, run.config.tracking.r_history)
    if isinstance(cause, KeyboardInterrupt) and run.config.tracking.save_model != "none":
        log_model(run.log, run.setup)
    if isinstance(cause, Pruned):  # a search has seen enough of it
        run.log.set_tag(PRUNED_TAG, "true")
        if not isinstance(cause, Paused):
            remove(checkpoint_folder(run.store, run.log.run_id))
    return None


def _score_and_log(
    run: RunContext, name: str, trained: Checkpoint, recorder: BoundaryRecorder | None
) -> tuple[Mapping[str, float], dict[str, float]]:
    log, setup, config = run.log, run.setup, run.config
    log_history(log, run.history, config.tracking.r_history)
    network, test, info = setup.network, setup.splits.test, setup.splits.info
    scores, predictions = score_rows(network, test, info, config, cache=run.cache)
    if predictions is not None:
        log_scored_rows(log, predictions, test, info)
    of_training: Mapping[str, float] = {}
    if config.training.score_training_rows:
        of_training, _ = score_rows(network, setup.train, info, config, cache=run.cache)
    final = log_scores(log, scores, run.history, config.training, of_training)
    if config.tracking.save_model != "none":
        log_model(log, setup)
        log_checkpoint(log, trained)
    if config.tracking.plots != "none":
        cache = run.cache or TrainingCache()
        log_plots(log, figures(name, config, setup, run.history, predictions, recorder, cache))
    return scores, final
