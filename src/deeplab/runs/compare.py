"""Several runs side by side: what differs between them, what they reached, and their curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from deeplab.config.identity import draws_numbers
from deeplab.errors import UserError
from deeplab.runs.detail import LAYER, layer_lines, layers
from deeplab.runs.summary import RunSummary, summarize_runs
from deeplab.tracking.read import read_history
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG

# Where runs are kept and what they are called makes them no other.
NO_DIFFERENCE = ("tracking.", "name", "notes", "tags.")
LAYERS = "model.layers"
RANDOMNESS = "training.randomness"  # of no meaning where no layer draws
MISSING = "-"
CURVES = ("train", "val")
# A point of a curve: epoch, value, metric, data, as in `history.csv`.
Point = tuple[int, float, str, str]


@dataclass(frozen=True)
class RunCurves:
    """One of the runs that are compared."""

    row: RunSummary
    curves: Sequence[Point]  # its scores epoch by epoch
    epoch_seconds: float | None  # mean over the epochs, training and validation, or None


def with_curves(store: Store, runs: Sequence[Run]) -> list[RunCurves]:
    """Read what is compared of runs; a sweep is refused, which has no configuration and no curves of its own."""
    for run in runs:
        if run.tags.get(KIND_TAG) == "sweep":
            raise UserError(
                f"Run {run.label} is a sweep; deeplab compare {run.short_id} draws the curves of its points. "
                f"Its trials can be named here: deeplab runs --kind trial --where 'sweep={run.short_id}*'"
            )
    return [_compared(store, run, row) for run, row in zip(runs, summarize_runs(runs, runs), strict=True)]


def differences(configurations: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Find the keys in which configurations differ, flattened, and the value of each; `-` where it has no such key."""
    keys = dict.fromkeys(key for params in configurations for key in params)
    differing = {}
    for key in keys:
        if key.startswith(NO_DIFFERENCE) or key.startswith(LAYER):
            continue
        values = [params.get(key, MISSING) for params in configurations]
        counting = [params for params in configurations if key != RANDOMNESS or draws_numbers(layer_lines(params))]
        meant = [params.get(key, MISSING) for params in counting]
        if len(set(meant)) > 1:
            differing[key] = values
    return differing | _networks(list(map(layers, configurations)))


def _networks(networks: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Find the layers that differ where networks are equally deep; else return all of them, a line for each."""
    if len({len(network) for network in networks}) > 1:
        return {LAYERS: ["\n".join(network) for network in networks]}
    numbered = enumerate(zip(*networks, strict=True))
    return {f"{LAYERS}.{number}": list(each) for number, each in numbered if len(set(each)) > 1}


def _compared(store: Store, run: Run, row: RunSummary) -> RunCurves:
    history = read_history(store, run)
    curves = [
        (epoch, value, metric, data)
        for name, line in history.items()
        for data, _, metric in [name.partition("/")]
        if data in CURVES
        for epoch, value in line.items()
    ]
    seconds = list(history.get("time/epoch_seconds", {}).values())
    return RunCurves(row, curves, fmean(seconds) if seconds else None)
