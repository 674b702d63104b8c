"""Runs and sweeps of a store as a notebook has them: read when they are asked for, shown as tables."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar, overload

from deeplab.api.figure import Figure
from deeplab.api.keywords import override, told
from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError, unknown_name
from deeplab.metrics import metric_of
from deeplab.report.page import Cell, Code, Part, Table, Text, number, read_cell
from deeplab.report.pictures import pictures_in
from deeplab.report.scores import scores
from deeplab.report.sweep_report import conclusion_of, points
from deeplab.report.sweep_tables import Outcome, read_outcome
from deeplab.runs.detail import files_of
from deeplab.runs.summary import COLUMNS, RunSummary, scores_by_data, summarize_runs, to_dict
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import all_runs
from deeplab.tracking.read import read_history
from deeplab.tracking.run import Run as TrackedRun
from deeplab.tracking.store import Store
from deeplab.tracking.tags import PARENT_TAG

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from deeplab.workflows.trained_run import TrainedRun

Each_co = TypeVar("Each_co", bound="Stored", covariant=True)

HISTORY = ("epoch", "value", "metric", "data")
HEAD = ("name", "kind", "dataset", "model", "status", "epochs", "validation", "test", "id")
MOST_SHOWN = 30


@dataclass(frozen=True)
class Place:
    """An open store, and what it was opened by."""

    store: Store
    tracking: TrackingConfig

    @property
    def overrides(self) -> list[str]:
        """What leads to it."""
        uri, experiment = self.store.place.uri, self.tracking.experiment
        return [override("tracking.uri", uri), override("tracking.experiment", experiment)]


@dataclass(frozen=True, repr=False)
class Stored:
    """What runs and sweeps have in common. It is as it was when it was read: `deeplab.load(run.id)` looks again."""

    id: str  # MLflow's, 32 letters
    _summary: RunSummary = field(compare=False)
    _tracked: TrackedRun = field(compare=False)
    _place: Place = field(compare=False)

    @property
    def name(self) -> str:
        """As it was called, or as its network and its data."""
        return self._tracked.name

    @property
    def status(self) -> str:
        """FINISHED, KILLED, FAILED, RUNNING; DEAD where its process is gone, PRUNED where a search ended it."""
        return self._tracked.shown_status

    @property
    def kind(self) -> str:
        """What made it: train, trial, sweep, evaluate, noise, ..."""
        return self._summary.kind

    @property
    def scores(self) -> dict[str, float]:
        """Its scores by data and metric, as in `test/accuracy`; of a sweep those of its best point.

        Those of training and validation are of the weights that are kept.
        """
        by_data = scores_by_data(self._tracked.metrics)
        return {f"{data}/{name}": value for data, each in by_data.items() for name, value in each.items()}

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of its figures, those that say most first."""
        return tuple(self._figures)

    @told
    def figure(self, name: str | None = None) -> Figure:
        """A figure that it left: the one of this name, otherwise the first.

        Raises:
            UserError: it has none of this name.
        """
        paths = self._figures
        if not paths:
            raise UserError(f"Run {self._tracked.label} has no figures; it was made with tracking.plots=none or ended.")
        name = name or next(iter(paths))
        if name not in paths:
            raise unknown_name("figure", name, paths, f"run {self._tracked.label}")
        content = read_artifact(self._place.store, self._tracked, paths[name])
        if content is None:
            raise UserError(f"The file {paths[name]} of run {self._tracked.label} is gone.")
        return Figure(content, name)

    @cached_property
    def _figures(self) -> dict[str, str]:
        paths = pictures_in([path for path, _ in files_of(self._place.store, self._tracked)], "plots")
        # A PNG stands for the GIF of the same name.
        named: dict[str, str] = {}
        for path in sorted(paths, key=lambda path: path.endswith(".gif")):
            named.setdefault(PurePosixPath(path).stem, path)
        return named

    def __repr__(self) -> str:
        row = self._summary
        test = f", test {row.test.metric} {row.test.value:.4f}" if row.test else ""
        return f"<{type(self).__name__} {self._tracked.label} {self.status}{test}>"

    def _repr_html_(self) -> str:
        from deeplab.report.html import parts_to_html

        return parts_to_html(tuple(self._parts()), lambda _: None)

    def _parts(self) -> Iterator[Part]:
        yield Text(repr(self)[1:-1])
        yield from scores(self._tracked)


class Run(Stored):
    """A run: a training, a trial of a sweep, an evaluation, ..."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration that it was trained with, as plain dicts and lists."""
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
        return self._trained.network()

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
        from deeplab.api.functions import stored
        from deeplab.api.process import as_in_its_own_process
        from deeplab.workflows.evaluate import evaluate

        with with_arrays([*overrides, *self._place.overrides], data, None) as texts, as_in_its_own_process(None):
            # Arrays are read as those that it was trained on: their labels, their scale.
            is_alike = data is not None and self.config["dataset"]["kind"] == "npz"
            evaluation = evaluate(self.id, texts[1:] if is_alike else texts, None)
        found = stored(self._place.tracking, evaluation.run_id)
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
        return self._trained.network()


class Sweep(Stored):
    """A sweep or a search: trainings of several points, compared."""

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A row for each point: its values, how many trials, mean and spread of each score; of a search each trial."""
        import pandas as pd

        lines = self._outcome.points or self._outcome.trials
        return pd.DataFrame([{key: read_cell(text) for key, text in line.items()} for line in lines])

    @cached_property
    def trials(self) -> "Runs[Run]":
        """Its trials so far, in the order in which they were begun."""
        children = self._children
        rows = summarize_runs(children, children)
        return Runs([Run(run.id, row, run, self._place) for run, row in zip(children, rows, strict=True)])

    @property
    def best(self) -> Run | None:
        """The best finished trial of its best point, whose model is kept; None where there is none."""
        outcome = self._outcome
        lines = [line for line in outcome.trials if line.get("state", "COMPLETE") == "COMPLETE"]
        if outcome.points:
            winner = None if outcome.best is None else outcome.points[outcome.best]["point"]
            lines = [line for line in lines if line["point"] == winner]
        scored = [(float(line[outcome.metric]), line["run"]) for line in lines if line.get(outcome.metric)]
        best = metric_of(outcome.metric).best(score for score, _ in scored)
        return None if best is None else next((run for run in self.trials if run.id == scored[best][1]), None)

    @cached_property
    def _children(self) -> list[TrackedRun]:
        return all_runs(self._place.store, (PARENT_TAG, self.id))[::-1]

    @cached_property
    def _outcome(self) -> Outcome:
        return read_outcome(self._place.store, self._tracked, self._children)

    def _parts(self) -> Iterator[Part]:
        yield Text(repr(self)[1:-1])
        yield from conclusion_of(self._tracked, self._outcome, self._children)
        yield from points(self._outcome)
        if not self._outcome.points:
            yield from scores(self._tracked)


class Runs(Sequence[Each_co]):
    """Runs and sweeps, in order; `table` has them as a DataFrame."""

    def __init__(self, runs: Sequence[Each_co]) -> None:
        """Take them as they are."""
        self._runs = tuple(runs)

    @overload
    def __getitem__(self, index: int) -> Each_co: ...
    @overload
    def __getitem__(self, index: slice) -> "Runs[Each_co]": ...
    def __getitem__(self, index: int | slice) -> "Each_co | Runs[Each_co]":
        return Runs(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each: id, name, kind, data, network, status, epochs, scores, seconds; what `deeplab runs` has."""
        import pandas as pd

        return pd.DataFrame([to_dict(run._summary) for run in self._runs], columns=list(COLUMNS))

    def __repr__(self) -> str:
        lines = [f"<Runs: {len(self)}", *(f"  {run!r}" for run in self._runs[:MOST_SHOWN])]
        return "\n".join([*lines, *(["  ..."] if len(self) > MOST_SHOWN else [])]) + ">"

    def _repr_html_(self) -> str:
        from deeplab.report.html import parts_to_html

        rows = tuple(map(_line, self._runs[:MOST_SHOWN]))
        more = f", the first {MOST_SHOWN}" if len(self) > MOST_SHOWN else ""
        shown = Table(f"Runs: {len(self):,}{more}", HEAD, rows).without_empty_columns()
        return parts_to_html((shown,), lambda _: None)


def _line(run: Stored) -> tuple[Cell, ...]:
    row = run._summary
    scores = [f"{score.metric} {number(score.value)}" if score else None for score in (row.validation, row.test)]
    what = (row.name, row.kind, row.dataset, row.model, row.status.lower(), row.epochs)
    return (*what, *scores, Code(row.id[:8]))
