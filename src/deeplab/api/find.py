"""Stored runs found, each as what it is: a run, a sweep, a decision, an explanation."""

from collections.abc import Mapping
from typing import Any

from deeplab.api.decision import Decision
from deeplab.api.explanation import Explanation
from deeplab.api.keywords import code_of, folder_of, overrides_of
from deeplab.api.run import Run
from deeplab.api.stored import Place
from deeplab.api.sweep import Sweep
from deeplab.config.schema import TrackingConfig
from deeplab.config.tracking import tracking_config
from deeplab.runs.summary import summarize_runs
from deeplab.tracking.find import all_runs, find_run
from deeplab.tracking.run import Run as TrackedRun
from deeplab.tracking.store import open_to_read
from deeplab.tracking.tags import CONFIRMS_TAG, KIND_TAG, MARGIN_TAG, PARENT_TAG, WHY_TAG


def stored(tracking: TrackingConfig, run: str, code: str | None = None) -> Run | Sweep:
    """A run of this store, or a sweep, as it is now, which may run this file of code."""
    return found(Place(open_to_read(tracking), tracking, code), run)


def open_place(keywords: Mapping[str, Any]) -> Place:
    """The store that keywords name, opened to read."""
    tracking = tracking_config(overrides_of((), keywords), folder_of(keywords))
    return Place(open_to_read(tracking), tracking, code_of(keywords))


def found(place: Place, name: str) -> Run | Sweep:
    """The run of this name; a UserError where there is none, or several."""
    run = find_run(place.store, name)
    row = summarize_runs([run], [run, *all_runs(place.store, (PARENT_TAG, run.id))])[0]
    return kind_of(run)(run.id, row, run, place)


def kind_of(run: TrackedRun) -> type[Run] | type[Sweep]:
    """What a run is to a notebook."""
    if MARGIN_TAG in run.tags or CONFIRMS_TAG in run.tags:
        return Decision
    if WHY_TAG in run.tags:
        return Explanation
    return Sweep if run.tags.get(KIND_TAG) == "sweep" else Run
