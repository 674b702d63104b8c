"""What a training starts from."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deeplab.config.schema import PlateauConfig
from deeplab.data.input_spec import InputSpec
from deeplab.data.splits import Split, Splits
from deeplab.models.groups import Group
from deeplab.models.inspect import LayerRow, layer_table, parameter_count
from deeplab.tracking.tags import DATA_TAG, VALIDATION_DATA_TAG
from deeplab.training.engine import Engine
from deeplab.training.runtime import Runtime
from deeplab.training.stages import Stage

if TYPE_CHECKING:
    import keras

    from deeplab.training.targets import Targets


@dataclass(frozen=True)
class TrainingSetup:
    """A training that has been checked and not begun."""

    network: "keras.Model"  # built, with the weights drawn from the seed; without any where it is an outline
    optimizer: "keras.optimizers.Optimizer"  # with its schedule, not yet used
    splits: Splits  # the data set
    train: Split  # rows to train on
    validation: Split | None  # rows to validate on, or None
    runtime: Runtime  # the device and the rest of the process
    engine: Engine  # how the steps will be run
    targets: "Targets"  # what the network is to say of each row
    # how many of the `test` rows lie in the training rows, too, those that are held out included, and where other rows
    # than the test set's validate, how many `validation` rows are among those to learn from
    overlap: Mapping[str, int]
    notes: tuple[str, ...]  # what a person should know of the data, each a line
    input_spec: Callable[[], InputSpec]  # finds out what one must know of the data to use the network
    fresh_noise: bool = False  # whether the rows to train on get another noise in each epoch
    stages: tuple[Stage, ...] = ()  # of a fine-tuning, or none
    end: int | None = None  # the epoch that a stage ends with; None for that of the training
    plateau: PlateauConfig | None = None  # lowers the learning rate where the validation score gets no better, or None
    groups: Mapping[str, tuple[Group, ...]] = field(
        default_factory=dict
    )  # of the network's file that a layer stands in
    # equal for trainings that can share compiled steps: they differ in the seed, factors of L2 and the learning rate
    # alone
    cache_key: Hashable = None

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """The layer table."""
        return layer_table(self.network, self.groups)

    @property
    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of the data by the tag that keeps it: of the data set, and of given validation rows that are used."""
        found = {DATA_TAG: self.splits.info.fingerprint}
        if self.validation is not None and self.validation is self.splits.validation:
            found[VALIDATION_DATA_TAG] = self.splits.validation_fingerprint()
        return found

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return parameter_count(self.network)
