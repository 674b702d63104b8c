"""Who is told how a training goes: the screen, the run's log."""

from collections.abc import Mapping
from typing import Any

from deeplab.training.history import Epoch


class Observer:
    """Told of every step and epoch; each method does nothing unless it is overridden."""

    def network_ready(self, network: Any) -> None:
        """This network is about to be trained: its weights change with every step."""

    def training_began(self, epochs: int, steps_per_epoch: int) -> None:
        """The first step is about to run."""

    def step_ended(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """A step is done, or several; epoch and step count from 1, metrics are means over the epoch so far."""

    def epoch_ended(self, epoch: Epoch) -> None:
        """An epoch and its validation are done."""
