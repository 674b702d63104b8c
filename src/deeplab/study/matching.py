"""From runs in a store to the lines of a study, and back: which run is the one that a configuration asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from deeplab.config.identity import CODE, added_keys, identity, sha, with_added_keys
from deeplab.study.results import Result, ResultKey
from deeplab.study.values import ALWAYS, TRAINING_SECONDS, scores_of
from deeplab.tracking.find import run_by_id
from deeplab.tracking.params import flatten, has_more
from deeplab.tracking.read import read_packages
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import COMMIT_TAG, DATA_TAG, DEVICE_TAG, DIRTY_TAG, KIND_TAG

TRAINED = ("train", "trial")
PACKAGES = ("deeplab", "tensorflow", "keras", "numpy")


def configuration_hash(values: Mapping[str, Any]) -> str:
    """Hash what a study compares configurations by; the number of threads is the machine's."""
    return sha(_compared(values))[:16]


def runs_with_configuration(runs: Iterable[Run], values: Mapping[str, Any]) -> list[Run]:
    """Find the trainings among some runs that have this configuration, the newest first."""
    compared = _compared(values)
    params, before = flatten(with_added_keys(compared)), flatten(added_keys(compared))
    return [
        run
        for run in runs
        if run.tags.get(KIND_TAG) in TRAINED
        and run.params.get(CODE) == compared.get(CODE)
        and {key: run.params.get(key, before.get(key)) for key in params} == params
        and not has_more(run.params, params)
    ]


def result_of(store: Store, run: Run, key: ResultKey, names: Iterable[str] = ()) -> Result:
    """Make the row of a finished training, with the values of these names."""
    scores = scores_of(store, run, names)
    return result_row(store, run, key, scores, run.metrics.get("time/training_seconds", 0.0))


def complete(store: Store, row: Result, names: Iterable[str]) -> Result:
    """Return a row with those of its values that were not kept and that its run in a store still has."""
    lacking = {name for name in names if name not in row.scores} - {TRAINING_SECONDS}
    run = run_by_id(store, row.run) if lacking else None
    if run is None:
        return row
    read = scores_of(store, run, lacking)
    return replace(row, scores={**row.scores, **{name: read[name] for name in (*ALWAYS, *lacking) if name in read}})


def result_row(store: Store, run: Run, key: ResultKey, scores: Mapping[str, float], seconds: float) -> Result:
    """Make a row with what a run has kept of where it comes from."""
    tags = run.tags
    packages = read_packages(store, run)
    dirty = "+" if tags.get(DIRTY_TAG) == "true" else ""
    return Result(
        **vars(key),
        run=run.id,
        finished=datetime.fromtimestamp((run.ended_ms or run.started_ms) / 1000, UTC).date().isoformat(),
        data=tags.get(DATA_TAG, "")[:12],
        device=tags.get(DEVICE_TAG, ""),
        commit=tags.get(COMMIT_TAG, "")[:12] + dirty,
        versions=" ".join(f"{name}-{packages[name]}" for name in PACKAGES if name in packages),
        seconds=seconds,
        scores=dict(scores),
    )


def _compared(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = identity(values)
    training = {key: value for key, value in kept["training"].items() if key != "threads"}
    return {**kept, "training": training}
