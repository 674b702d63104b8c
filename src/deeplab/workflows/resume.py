"""Go on with a run that ended early, or train a finished one further."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deeplab.config.compose import ComposedConfig, compose
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.errors import UserError
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import all_runs, find_run
from deeplab.tracking.run import STALE_SECONDS, Run
from deeplab.tracking.store import Store, checkpoint_folder, open_existing
from deeplab.tracking.tags import KIND_TAG
from deeplab.training import checkpoint as checkpoints
from deeplab.training.checkpoint import Checkpoint, DamagedError
from deeplab.workflows.artifacts import LAST_CHECKPOINT
from deeplab.workflows.trained_run import TrainedRun

EPOCHS = "training.epochs="


@dataclass(frozen=True)
class ResumePoint:
    """A run to go on with."""

    run: Run  # as MLflow has it
    store: Store  # where it is
    composed: ComposedConfig  # its configuration, with the new number of epochs if one was given
    checkpoint: Checkpoint | None  # where to go on from; None is the beginning
    damaged: tuple[Path, ...]  # checkpoints that were newer and cannot be used


def find_resume_point(wanted: str, overrides: Sequence[str], config_dir: Path | None) -> ResumePoint:
    """Find a run and the state it can go on from.

    Args:
        wanted: the run, as `find_run` understands it.
        overrides: `training.epochs=N` to train further, `tracking...` for the store; nothing else can change.
        config_dir: a person's own `conf/` folder.

    Raises:
        UserError: there is no such run, it is alive, it is done, or what it left behind is damaged.
    """
    for override in overrides:
        if not override.startswith((EPOCHS, "tracking.uri=", "tracking.experiment=")):
            raise UserError(f"Override '{override}': a run that is resumed can change nothing but training.epochs.")
    asked = compose(overrides, config_dir).config
    store = open_existing(asked.tracking)
    run = find_run(store, wanted)
    name = f"{run.label}"
    if run.is_alive:
        raise UserError(
            f"Run {name} is still running; it was alive {run.heartbeat_age:.0f} s ago. "
            f"If its process is gone: the same again in {STALE_SECONDS:.0f} s."
        )
    composed = _configuration(store, run, asked.training.epochs if _has_epochs(overrides) else None)
    found, damaged = _state(store, run)
    if found is None and (damaged or run.status == "FINISHED"):
        kept = f": {', '.join(map(str, damaged))} damaged" if damaged else "; it was made with tracking.save_model=none"
        raise UserError(f"Run {name} has no checkpoint to go on from{kept}. Train it anew.")
    if found is not None and run.status == "FINISHED":
        _check_goes_on(name, found, composed.config.training.epochs)
    return ResumePoint(run, store, composed, found, tuple(damaged))


def resumable(store: Store) -> list[Run]:
    """The runs that ended early and can be resumed, the newest first."""
    killed = [run for run in all_runs(store) if run.status == "KILLED"]
    return [run for run in killed if run.tags.get(KIND_TAG) == "train"]


def _has_epochs(overrides: Sequence[str]) -> bool:
    return any(override.startswith(EPOCHS) for override in overrides)


def _configuration(store: Store, run: Run, epochs: int | None) -> ComposedConfig:
    logged = TrainedRun(run, store).composed()
    if epochs is None:
        return logged
    values = {**logged.values, "training": {**logged.values["training"], "epochs": epochs}}
    config = replace(validate(ExperimentConfig, values), tracking=logged.config.tracking)
    return ComposedConfig(config, values, logged.overrides)


def _state(store: Store, run: Run) -> tuple[Checkpoint | None, list[Path]]:
    if run.status != "FINISHED":
        return checkpoints.newest(checkpoint_folder(store, run.id))
    content = read_artifact(store, run, LAST_CHECKPOINT)
    if content is None:
        return None, []
    try:
        return checkpoints.from_bytes(content), []
    except DamagedError:
        return None, [Path(LAST_CHECKPOINT)]


def _check_goes_on(name: str, checkpoint: Checkpoint, epochs: int) -> None:
    if checkpoint.stopped:
        raise UserError(f"Run {name} is finished: early stopping ended it after {checkpoint.epoch} epochs.")
    if checkpoint.epoch >= epochs:
        raise UserError(
            f"Run {name} is finished after {checkpoint.epoch} epochs. "
            f"Give more of them to train it further: {EPOCHS}{2 * checkpoint.epoch}"
        )
