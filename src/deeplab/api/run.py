"""A run as a notebook has it: its configuration, history, network and what that says of rows."""

import csv
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeplab.api.keywords import told
from deeplab.api.stored import Stored
from deeplab.report.page import read_cell
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.read import read_history

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from deeplab.workflows.trained_run import TrainedRun

HISTORY = ("epoch", "value", "metric", "data")


class Run(Stored):
    """A run: a training, a trial of a sweep, an evaluation, ..."""

    @property
    @told
    def config(self) -> Mapping[str, Any]:
        """The configuration that it was trained with, as plain dicts and lists."""
        with self._consenting():
            return self._trained.composed().values

    @cached_property
    def history(self) -> "pd.DataFrame":
        """Its scores epoch by epoch, a row for each: epoch, value, metric (loss, ...), data (train or val).

        As in its `history.csv`; of a run that has none yet, what was logged so far.
        """
        import pandas as pd

        content = read_artifact(self._place.store, self._tracked, "history.csv")
        if content is None:
            logged = read_history(self._place.store, self._tracked).items()
            rows = [
                (epoch, value, *name.split("/", 1)[::-1])
                for name, line in logged
                if name.startswith(("train/", "val/"))
                for epoch, value in line.items()
            ]
            return pd.DataFrame(rows, columns=list(HISTORY))
        head, *lines = csv.reader(content.decode().splitlines())
        return pd.DataFrame([[*map(read_cell, line)] for line in lines], columns=head)

    @told
    def model(self) -> "keras.Model":
        """Its trained network, loaded anew each time: a plain Keras model, with the scaling of its inputs inside.

        Raises:
            UserError: it has none, or the file is damaged.
        """
        return self._network_anew()

    @told
    def predict(self, data: Any) -> "NDArray[np.float32]":
        """What its network says: probabilities of the classes [n, num_classes], values [n, k], images as given.

        Args:
            data: rows in the units that it learned from (images of bytes stay bytes): an array [n, ...] or one row; a
                DataFrame with the columns of its table; or paths as `deeplab predict` takes them, a table or pictures.

        Raises:
            UserError: they do not fit the network, or a file cannot be read.
        """
        from deeplab.api.rows import is_path, outputs, rows_for

        if is_path(data):
            with self._consenting():
                return self._predict_files([data] if isinstance(data, str | Path) else data)
        trained = self._trained
        rows = rows_for(trained.facts(), data, f"The network of run {trained.name}")
        return outputs(self._network, rows)

    @told
    def evaluate(self, *overrides: str, data: Any = None) -> "Run":
        """Score its network on its own test set or on another of the same shape, as a run of its own.

        Args:
            overrides: as of `deeplab evaluate`: `dataset=...`, `noise=...`, `training.metrics=[...]`.
            data: arrays in the place of a data set, as `deeplab.train` takes them; the test rows count.

        Raises:
            UserError: the rows do not fit the network.
        """
        from deeplab.api.arrays import with_arrays
        from deeplab.api.find import stored
        from deeplab.api.process import as_in_its_own_process
        from deeplab.workflows.evaluate import evaluate

        with (
            self._consenting(),
            with_arrays([*overrides, *self._place.overrides], data, None) as texts,
            as_in_its_own_process(None),
        ):
            # Arrays are read as those that it was trained on: their labels, their scale.
            is_alike = data is not None and self.config["dataset"]["kind"] == "npz"
            evaluation = evaluate(self.id, texts[1:] if is_alike else texts, None)
        found = stored(self._place.tracking, evaluation.run_id, self._place.code)
        assert isinstance(found, Run)
        return found

    def _predict_files(self, paths: Sequence[str | Path]) -> "NDArray[np.float32]":
        import numpy as np

        from deeplab.workflows.predict import predict
        from deeplab.workflows.predict_table import predict_table

        store = self._place.store
        if self._trained.facts().table is None:
            answers = predict(store, self.id, [Path(path) for path in paths]).answers
            return np.stack([answer.probabilities for answer in answers])
        return np.concatenate([predict_table(store, self.id, Path(path)).outputs for path in paths])

    @cached_property
    def _trained(self) -> "TrainedRun":
        from deeplab.workflows.trained_run import find_trained_run

        return find_trained_run(self._place.store, self.id)

    @cached_property
    def _network(self) -> "keras.Model":
        return self._network_anew()

    def _network_anew(self) -> "keras.Model":
        with self._consenting():
            return self._trained.network()
