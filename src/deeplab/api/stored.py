"""What runs and sweeps of a store have in common, as a notebook has them: read when asked for, shown as tables."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from deeplab.api.figure import Figure
from deeplab.api.keywords import consenting, in_python, override, told
from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError, unknown_name
from deeplab.report.page import Part, Text
from deeplab.report.pictures import pictures_in
from deeplab.report.scores import scores
from deeplab.runs.detail import files_of
from deeplab.runs.summary import RunSummary, scores_by_data
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.run import Run as TrackedRun
from deeplab.tracking.store import Store
from deeplab.visible import visible_line


@dataclass(frozen=True)
class Place:
    """An open store, and what it was opened by."""

    store: Store
    tracking: TrackingConfig
    code: str | None = None  # the file of code that may be run

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

    def _consenting(self) -> AbstractContextManager[None]:
        """For as long as the context lasts, the file of code is in force that it may run, if there is one."""
        return consenting(self._place.code)

    def __repr__(self) -> str:
        row = self._summary
        test = f", test {row.test.metric} {row.test.value:.4f}" if row.test else ""
        return visible_line(f"<{type(self).__name__} {self._tracked.label} {self.status}{test}>")

    def _repr_html_(self) -> str:
        from deeplab.report.html import parts_to_html

        try:
            with self._consenting():
                parts = tuple(self._parts())
        except UserError as error:  # a notebook that shows a value has not asked for a traceback
            parts = (Text(repr(self)[1:-1]), Text(in_python(str(error)), is_warning=True))
        return parts_to_html(parts, lambda _: None)

    def _parts(self) -> Iterator[Part]:
        yield Text(repr(self)[1:-1])
        yield from scores(self._tracked)
