"""One training, from a composed configuration to a finished run: the flow the whole project is made of."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deeplab.config.compose import Composed
from deeplab.config.schema import AddedNoiseConfig, ExperimentConfig
from deeplab.errors import Pruned, RunError
from deeplab.tracking.location import Place
from deeplab.tracking.provenance import git_tags
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, checkpoint_folder, open_store, store_errors
from deeplab.tracking.tags import (
    CONFIG_TAG,
    DETERMINISTIC_TAG,
    DEVICE_TAG,
    ENGINE_REASON_TAG,
    ENGINE_TAG,
    INITIAL_WEIGHTS_TAG,
    KIND_TAG,
    PARAMETERS_TAG,
    PARENT_TAG,
    PRUNED_TAG,
    THREADS_TAG,
    VALIDATION_TAG,
)
from deeplab.training.checkpoint import Checkpoint, remove, write
from deeplab.training.compiled_cache import Workshop
from deeplab.training.history import Epoch, History
from deeplab.training.observer import Observer
from deeplab.training.setup import Prepared
from deeplab.workflows.artifacts import (
    input_files,
    log_checkpoint,
    log_history,
    log_model,
    log_plots,
    log_scores,
    save_elsewhere,
    without_password,
)
from deeplab.workflows.figures import figures
from deeplab.workflows.initial_weights import take_weights
from deeplab.workflows.plane_figures import Film, film_for
from deeplab.workflows.prepare import likeness, prepare
from deeplab.workflows.recording import Membership, recorded
from deeplab.workflows.resume import Resumption
from deeplab.workflows.signals import signals_ignored
from deeplab.workflows.trained_run import other_data


@dataclass(frozen=True)
class RunResult:
    """What came of a training.

    Attributes:
        run_id: MLflow's.
        name: of the run.
        place: where it is kept.
        history: of every epoch.
        scores: on the test set, taken once at the end, by name.
        final: the metrics that were logged once, at the end.
        seconds: from the first step to the last line logged.
    """

    run_id: str
    name: str
    place: Place
    history: History
    scores: Mapping[str, float]
    final: Mapping[str, float]
    seconds: float


class RunObserver(Observer):
    """Told also when everything is ready and the run exists."""

    def run_began(self, run_id: str, name: str, prepared: Prepared, resumption: Resumption | None) -> None:
        """The run is in the store and its training is about to begin."""


class _EpochLog(Observer):
    """Hands every epoch to the run's log, and remembers them for a run that ends early."""

    def __init__(self, resumed: Checkpoint | None) -> None:
        self.log: RunLog | None = None
        self._epochs: list[Epoch] = list(resumed.history.epochs) if resumed else []

    def epoch_ended(self, epoch: Epoch) -> None:
        if self.log is not None:
            self.log.metrics(epoch.number, epoch.metrics)
        self._epochs.append(epoch)

    @property
    def history(self) -> History:
        """The epochs so far."""
        return History(tuple(self._epochs))


def train(
    composed: Composed,
    observers: Sequence[RunObserver] = (),
    resumption: Resumption | None = None,
    membership: Membership | None = None,
    workshop: Workshop | None = None,
) -> RunResult:
    """Train what a configuration describes and log it.

    Args:
        composed: the configuration.
        observers: told when the run begins, and of every step and epoch.
        resumption: the run to go on with, or None to begin one; its configuration is `composed`.
        membership: of the run in a sweep, or None for a run of its own.
        workshop: what trainings of this process share, or None.

    Raises:
        UserError: before the run begins; nothing is left in the store.
        RunError: the run could not be finished and is FAILED.
        Interrupted: the run was ended from outside and is KILLED.
        Pruned: an observer raised it; the run is KILLED, and keeps no model.
    """
    config = composed.config
    store = open_store(config.tracking) if resumption is None else resumption.store
    prepared = prepare(config, store.place.work_folder)
    name = membership.name if membership else config.name or f"{config.model.name}-{prepared.splits.info.name}"
    epochs = _EpochLog(resumption.checkpoint if resumption else None)
    film = film_for(config, len(epochs.history.epochs))
    watching = [epochs, *filter(None, [film]), *observers]

    def begin() -> RunLog:
        if resumption is None:
            return _begin(composed, store, name, prepared, membership)
        return _go_on(resumption, prepared)

    def interrupted(log: RunLog) -> str:
        return (
            f"Interrupted: run {log.run_id[:8]} is KILLED, {len(epochs.history.epochs)} of {config.training.epochs} "
            f"epochs are logged. To go on: deeplab train --resume {log.run_id[:8]}"
        )

    def keep(log: RunLog, cause: BaseException) -> str | None:
        return _keep(log, config, prepared, epochs.history, store, cause)

    with recorded(store, begin, interrupted, keep) as log:
        began = time.perf_counter()
        epochs.log = log
        folder = checkpoint_folder(store, log.run_id)
        if resumption is not None:
            _log_again(log, resumption)
        for observer in observers:
            observer.run_began(log.run_id, name, prepared, resumption)
        trained = _train(composed, prepared, watching, resumption, folder, workshop)
        scores, final = _score_and_log(name, config, prepared, log, trained, film)
    with signals_ignored():
        remove(folder)
    return RunResult(log.run_id, name, store.place, trained.history, scores, final, time.perf_counter() - began)


def _begin(composed: Composed, store: Store, name: str, prepared: Prepared, membership: Membership | None) -> RunLog:
    tags = _tags(composed, prepared)
    if membership is not None:
        tags |= {**membership.tags, KIND_TAG: "trial", PARENT_TAG: membership.parent_id}
    wanted = composed.config.training.initial_weights
    if wanted is not None:
        tags[INITIAL_WEIGHTS_TAG] = take_weights(prepared.network, store, wanted)
    kept = without_password(composed)
    return RunLog.begin(store, name, kept.values, tags, composed.config.notes, input_files(kept))


def _go_on(resumption: Resumption, prepared: Prepared) -> RunLog:
    tags = resumption.run.tags
    if any(tags.get(tag) != fingerprint for tag, fingerprint in prepared.fingerprints.items()):
        raise other_data(prepared.splits.info, resumption.run.short_id)
    if INITIAL_WEIGHTS_TAG in tags and resumption.checkpoint is None:
        take_weights(prepared.network, resumption.store, tags[INITIAL_WEIGHTS_TAG])
    return RunLog.resume(resumption.store, resumption.run)


def _log_again(log: RunLog, resumption: Resumption) -> None:
    """What an earlier start did not write any more, and what is another now: the number of epochs, the packages."""
    for path, text in input_files(without_password(resumption.composed)).items():
        log.text(path, text)
    if resumption.checkpoint is not None:
        # A checkpoint may hold epochs whose metrics were still to be written when the process ended.
        for epoch in resumption.checkpoint.history.epochs:
            log.metrics(epoch.number, epoch.metrics)


def _keep(
    log: RunLog,
    config: ExperimentConfig,
    prepared: Prepared,
    history: History,
    store: Store,
    cause: BaseException,
) -> str | None:
    """Log what was trained so far, the network included where a person ended it; where the store is full, save that."""
    if isinstance(cause, store_errors()):
        saved = save_elsewhere(prepared.network, log.run_id, [store.place.work_folder])
        return f"The model as it is now was saved as {saved}." if saved else "The model could not be saved anywhere."
    if isinstance(cause, KeyboardInterrupt | Pruned | RunError):
        log_history(log, history)
    if isinstance(cause, KeyboardInterrupt) and config.tracking.save_model != "none":
        log_model(log, prepared)
    if isinstance(cause, Pruned):  # a search has seen enough of it
        log.tag(PRUNED_TAG, "true")
        remove(checkpoint_folder(store, log.run_id))
    return None


def _train(
    composed: Composed,
    prepared: Prepared,
    observers: Sequence[Observer],
    resumption: Resumption | None,
    folder: Path,
    workshop: Workshop | None,
) -> Checkpoint:
    # Here, because it imports TensorFlow, which `deeplab --help` can do without.
    from deeplab.training.fit import fit

    return fit(
        prepared.network,
        prepared.train,
        prepared.validation,
        prepared.targets,
        composed.config.training,
        prepared.optimizer,
        prepared.engine,
        composed.config.seed,
        observers,
        resumption.checkpoint if resumption else None,
        lambda checkpoint: write(folder, checkpoint),
        workshop,
        likeness(composed.values, prepared),
        isinstance(composed.config.noise, AddedNoiseConfig) and composed.config.noise.fresh,
    )


def _score_and_log(
    name: str, config: ExperimentConfig, prepared: Prepared, log: RunLog, trained: Checkpoint, film: Film | None
) -> tuple[Mapping[str, float], dict[str, float]]:
    from deeplab.evaluation.scores import score, score_images
    from deeplab.training.losses import build_loss

    log_history(log, trained.history)
    network, test, info = prepared.network, prepared.splits.test, prepared.splits.info
    loss = build_loss(config.training)
    predictions = None
    if config.model.task == "reconstruction":
        scores = score_images(network, test, info.scale, loss)
    else:
        scores, predictions = score(network, test, info, config.model.task, loss)
    final = log_scores(log, scores, trained.history, config.training)
    if config.tracking.save_model != "none":
        log_model(log, prepared)
        log_checkpoint(log, trained)
    if config.tracking.plots != "none":
        log_plots(log, figures(name, config.training.monitor, prepared, trained.history, predictions, film))
    return scores, final


def _tags(composed: Composed, prepared: Prepared) -> dict[str, str]:
    config, runtime = composed.config, prepared.runtime
    return {
        **{key: str(value) for key, value in config.tags.items()},
        **git_tags(),
        KIND_TAG: "train",
        CONFIG_TAG: composed.hash,
        **prepared.fingerprints,
        DEVICE_TAG: " ".join(filter(None, (runtime.device, runtime.device_name))),
        ENGINE_TAG: str(prepared.engine),
        ENGINE_REASON_TAG: prepared.engine.reason,
        THREADS_TAG: str(runtime.threads),
        DETERMINISTIC_TAG: str(runtime.deterministic).lower(),
        VALIDATION_TAG: config.validation.kind,
        PARAMETERS_TAG: str(prepared.parameters),
        **{f"deeplab.{part}_rows_in_training": str(count) for part, count in prepared.overlap.items()},
    }
