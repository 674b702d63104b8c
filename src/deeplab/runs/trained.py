"""A run as what it leaves for use: its network, its configuration and the facts of its data set."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deeplab.config.build import build
from deeplab.config.compose import Composed
from deeplab.config.errors import UserError
from deeplab.config.identity import with_added_keys
from deeplab.config.schema import ExperimentConfig
from deeplab.config.yaml_file import read_stored
from deeplab.data.facts import DatasetFacts
from deeplab.runs.artifacts import DATASET_FILE
from deeplab.tracking.fields import SOURCE_TAG
from deeplab.tracking.find import find_run
from deeplab.tracking.read import load_network, read_artifact
from deeplab.tracking.store import Store
from deeplab.training.runtime import load_keras

if TYPE_CHECKING:
    from mlflow.entities import Run


@dataclass(frozen=True)
class Trained:
    """A run that trained a network.

    Attributes:
        run: as MLflow has it.
        store: where it is.
    """

    run: "Run"
    store: Store

    @property
    def name(self) -> str:
        """As it is called in lines for a person."""
        return described(self.run)

    def composed(self) -> Composed:
        """The configuration that it was trained with, in the store that it was found in.

        An address that it was logged with is not followed: the store may be a stranger's.

        Raises:
            UserError: it ended before it was logged, or deeplab has changed too much since.
        """
        content = read_artifact(self.store, self.run, "config.yaml")
        if content is None:
            raise UserError(f"Run {self.name} has no config.yaml: it ended too early, or the file was deleted.")
        try:
            values = with_added_keys(read_stored(content, "config.yaml"))
            config = build(ExperimentConfig, values)
        except (TypeError, AttributeError, UserError) as error:
            raise UserError(f"The config.yaml of run {self.name} cannot be used: {error}") from error
        overrides = read_artifact(self.store, self.run, "overrides.txt") or b""
        config = replace(config, tracking=replace(config.tracking, uri=self.store.place.uri))
        return Composed(config, values, tuple(overrides.decode().splitlines()))

    def facts(self) -> DatasetFacts:
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
            return DatasetFacts.from_json(content)
        except ValueError as error:
            raise UserError(f"The {DATASET_FILE} of run {self.name} cannot be read: {error}") from error

    def network(self) -> Any:
        """Its network, a plain Keras model; see `load_network`."""
        load_keras()
        return load_network(self.store, self.run)


def find_trained(store: Store, wanted: str) -> Trained:
    """The run that is meant and that trained a network; an evaluation stands for the run that it scored.

    Args:
        store: where to look.
        wanted: as `find_run` understands it.

    Raises:
        UserError: there is no such run, or it is a whole sweep.
    """
    run = find_run(store, wanted)
    if SOURCE_TAG in run.data.tags:
        run = find_run(store, run.data.tags[SOURCE_TAG])
    if run.data.tags.get("deeplab.kind") == "sweep":
        raise UserError(
            f"Run {described(run)} is a sweep, which has no network of its own. Give one of its trials: "
            f"deeplab status {run.info.run_id[:8]} lists them."
        )
    return Trained(run, store)


def described(run: "Run") -> str:
    """A run by name and id."""
    return f"{run.info.run_name} ({run.info.run_id[:8]})"
