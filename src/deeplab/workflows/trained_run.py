"""A run as what it leaves for use: its network, its configuration and the facts of its data set."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deeplab.config.compose import ComposedConfig
from deeplab.config.identity import with_added_keys
from deeplab.config.schema import PLANE_KINDS, CsvConfig, ExperimentConfig
from deeplab.config.validate import validate
from deeplab.config.yaml_file import read_stored
from deeplab.data.input_spec import InputSpec
from deeplab.data.load import load
from deeplab.data.splits import Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.imports import load_keras
from deeplab.tasks import TaskName
from deeplab.tracking.artifacts import check_code, load_network, read_artifact
from deeplab.tracking.find import find_run
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import CONFIG_DIR_TAG, DATA_TAG, KIND_TAG, SOURCE_TAG
from deeplab.workflows.artifacts import DATASET_FILE


@dataclass(frozen=True)
class TrainedRun:
    """A run that trained a network."""

    run: Run  # as MLflow has it
    store: Store  # where it is

    @property
    def name(self) -> str:
        """As it is called in lines for a person."""
        return described(self.run)

    def composed(self) -> ComposedConfig:
        """The configuration that it was trained with, in the store that it was found in.

        An address that it was logged with is not followed: the store may be a stranger's.

        Raises:
            UserError: it ended before it was logged, or deeplab has changed too much since.
        """
        check_code(self.store, self.run)
        content = read_artifact(self.store, self.run, "config.yaml")
        if content is None:
            raise UserError(f"Run {self.name} has no config.yaml: it ended too early, or the file was deleted.")
        try:
            values = with_added_keys(read_stored(content, "config.yaml"))
            config = validate(ExperimentConfig, values)
        except (TypeError, AttributeError, UserError) as error:
            raise UserError(f"The config.yaml of run {self.name} cannot be used: {error}") from error
        overrides = read_artifact(self.store, self.run, "overrides.txt") or b""
        config = replace(config, tracking=replace(config.tracking, uri=self.store.place.uri))
        own = self.run.tags.get(CONFIG_DIR_TAG)
        return ComposedConfig(config, values, tuple(overrides.decode().splitlines()), Path(own) if own else None)

    def facts(self) -> InputSpec:
        """What its network must know of its data.

        Raises:
            UserError: they were not kept.
        """
        content = read_artifact(self.store, self.run, DATASET_FILE)
        if content is None:
            raise UserError(
                f"Run {self.name} has no {DATASET_FILE}, which is kept with the model: "
                "it was made with tracking.save_model=none, ended early, or the file was deleted."
            )
        try:
            return InputSpec.from_json(content)
        except ValueError as error:
            raise UserError(f"The {DATASET_FILE} of run {self.name} cannot be read: {error}") from error

    def network(self) -> Any:
        """Its network, a plain Keras model; see `load_network`."""
        load_keras()
        return load_network(self.store, self.run)


def find_trained_run(store: Store, wanted: str) -> TrainedRun:
    """The run that is meant and that trained a network; an evaluation stands for the run that it scored.

    Args:
        store: where to look.
        wanted: as `find_run` understands it.

    Raises:
        UserError: there is no such run, it is a whole sweep, or it holds imported weights alone.
    """
    run = find_run(store, wanted)
    if SOURCE_TAG in run.tags:
        run = find_run(store, run.tags[SOURCE_TAG])
    if run.tags.get(KIND_TAG) == "sweep":
        raise UserError(
            f"Run {described(run)} is a sweep, which has no network of its own. Give one of its trials: "
            f"deeplab status {run.short_id} lists them."
        )
    if run.tags.get(KIND_TAG) == "import":
        raise UserError(
            f"Run {described(run)} holds imported weights and was not trained here: "
            f"deeplab train training.initial_weights={run.short_id} begins with them."
        )
    return TrainedRun(run, store)


def described(run: Run) -> str:
    """A run by name and id."""
    return f"{run.label}"


def file_name(trained: TrainedRun) -> str:
    """A name for a file that is made of a run, without a suffix."""
    return re.sub(r"[^\w.-]+", "_", str(trained.run.name)).lstrip(".") or trained.run.short_id


def load_data(trained: TrainedRun) -> Splits:
    """The data set of a run, without the noise that it may have been trained with.

    Raises:
        UserError: it is gone, or is not what the network was trained on.
    """
    config = trained.composed().config.dataset
    learned = trained.facts().table if isinstance(config, CsvConfig) else None
    splits = load(config, trained.store.place.work_folder, learned)
    if trained.run.tags.get(DATA_TAG) != splits.info.fingerprint:
        raise other_data(splits.info, trained.name)
    return splits


def other_data(info: DatasetInfo, run: str) -> UserError:
    """The error for a run whose data set has become another.

    Args:
        info: of the data set as it is now.
        run: that was trained on it as it was.
    """
    drawn = info.name in PLANE_KINDS
    cure = "deeplab drew other points then. Train anew." if drawn else "Put the old data back, or train anew."
    return UserError(f"The data set {info.name} is not what run {run} was trained on: its SHA-256 differs. {cure}")


def check_task(trained: TrainedRun, task: TaskName, asked: str) -> None:
    """Refuse a network that is for something else.

    Args:
        trained: the run that was given.
        task: what its network must be for.
        asked: the option or command that needs it, for the message.

    Raises:
        UserError: it is for something else.
    """
    found = trained.run.params.get("model.task")
    if found is None:
        raise UserError(f"{asked} takes a network for {task}; run {trained.name} trained none.")
    if found != task:
        raise UserError(f"{asked} takes a network for {task}; that of run {trained.name} is for {found}.")
