"""A sweep as a notebook has it: its points, its trials and the best of them."""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from deeplab.api.keywords import told
from deeplab.api.run import Run
from deeplab.api.runs import Runs
from deeplab.api.stored import Stored
from deeplab.metrics import metric_of
from deeplab.report.decision import confirmation_of, confirmation_parts, decision_parts
from deeplab.report.page import Part, Text, read_cell
from deeplab.report.scores import scores
from deeplab.report.sweep_report import conclusion_of, points
from deeplab.report.sweep_tables import Outcome, candidates_in, read_outcome
from deeplab.report.why import read_why, why_parts
from deeplab.runs.summary import summarize_runs
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import all_runs
from deeplab.tracking.run import Run as TrackedRun
from deeplab.tracking.tags import PARENT_TAG

if TYPE_CHECKING:
    import pandas as pd

    from deeplab.api.decision import Decision


class Sweep(Stored):
    """A sweep or a search: trainings of several points, compared."""

    @cached_property
    @told
    def table(self) -> "pd.DataFrame":
        """A row for each point: its values, how many trials, mean and spread of each score; of a search each trial."""
        import pandas as pd

        with self._consenting():
            lines = self._outcome.points or self._outcome.trials
        return pd.DataFrame([{key: read_cell(text) for key, text in line.items()} for line in lines])

    @cached_property
    def trials(self) -> "Runs[Run]":
        """Its trials so far, in the order in which they were begun."""
        children = self._children
        rows = summarize_runs(children, children)
        return Runs([Run(run.id, row, run, self._place) for run, row in zip(children, rows, strict=True)])

    @property
    @told
    def best(self) -> Run | None:
        """The best finished trial of its best point, whose model is kept; None where there is none."""
        with self._consenting():
            return self._best()

    @property
    def confirmation(self) -> "Decision | None":
        """The best point against the runner-up with fresh seeds, as `confirm=` trained them; None where nothing has."""
        from deeplab.api.find import found

        run = confirmation_of(self._place.store, self._tracked)
        return None if run is None else cast("Decision", found(self._place, run.id))

    def _best(self) -> Run | None:
        outcome = self._outcome
        lines = candidates_in(outcome.trials)
        if outcome.points:
            winner = None if outcome.best is None else outcome.points[outcome.best]["point"]
            lines = [line for line in lines if line["point"] == winner]
        scored = [(float(line[outcome.metric]), line["run"]) for line in lines if line.get(outcome.metric)]
        best = metric_of(outcome.metric).best(score for score, _ in scored)
        return None if best is None else next((run for run in self.trials if run.id == scored[best][1]), None)

    def _read_json(self, name: str) -> dict[str, Any]:
        """What a file of its own holds; nothing where there is none yet."""
        content = read_artifact(self._place.store, self._tracked, name)
        return {} if content is None else dict(json.loads(content))

    @cached_property
    def _children(self) -> list[TrackedRun]:
        return all_runs(self._place.store, (PARENT_TAG, self.id))[::-1]

    @cached_property
    def _outcome(self) -> Outcome:
        return read_outcome(self._place.store, self._tracked, self._children)

    def _parts(self) -> Iterator[Part]:
        yield Text(repr(self)[1:-1])
        yield from decision_parts(self._place.store, self._tracked)
        if (explained := read_why(self._place.store, self._tracked)) is not None:
            yield from why_parts(explained)
        yield from conclusion_of(self._tracked, self._outcome, self._children)
        yield from points(self._outcome)
        yield from confirmation_parts(self._place.store, self._tracked)
        if not self._outcome.points:
            yield from scores(self._tracked)
