"""What a training left behind, epoch by epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

from deeplab.metrics import metric_of


@dataclass(frozen=True)
class Epoch:
    """One epoch of training."""

    number: int  # counted from 1
    # `train/loss`, `train/accuracy`, `val/loss`, `val/accuracy`, `time/epoch_seconds` (training and validation),
    # `time/step_ms` (training alone), `learning_rate` (at the end of the epoch); those of validation are missing when
    # nothing was held out
    metrics: dict[str, float]


@dataclass(frozen=True)
class History:
    """All epochs of a training, in order."""

    epochs: tuple[Epoch, ...]

    def values(self, name: str) -> list[float]:
        """The values of a metric, one for each epoch that has it."""
        return [epoch.metrics[name] for epoch in self.epochs if name in epoch.metrics]

    def best(self, monitor: str) -> Epoch:
        """The epoch that was best on validation data, the first of equals."""
        rank = metric_of(monitor).rank
        return min(self.epochs, key=lambda epoch: rank(epoch.metrics[f"val/{monitor}"]))

    def long_form(self) -> Iterator[tuple[int, float, str, str]]:
        """Rows (epoch, value, metric, data) of the scores: metric is loss or accuracy, data train or val."""
        for epoch in self.epochs:
            for name, value in epoch.metrics.items():
                data, _, metric = name.partition("/")
                if data in ("train", "val"):
                    yield epoch.number, value, metric, data

    def long_form_of_r(self) -> Iterator[tuple[int, float, str, str]]:
        """The same rows in the words of R's keras, as its `as.data.frame(history)` had them.

        Examples:
            >>> list(History((Epoch(1, {"val/accuracy": 0.5}),)).long_form_of_r())
            [(1, 0.5, 'acc', 'validation')]
        """
        for epoch, value, metric, data in self.long_form():
            yield epoch, value, metric.replace("accuracy", "acc"), {"train": "training", "val": "validation"}[data]
