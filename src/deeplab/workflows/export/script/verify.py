"""Whether a script trains as deeplab does: an epoch of either, loss by loss."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deeplab.config.schema import ExperimentConfig
from deeplab.errors import RunError
from deeplab.files import write_file
from deeplab.tracking.artifacts import read_artifact
from deeplab.training.runtime import one_of
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.prepare import prepare
from deeplab.workflows.trained_run import TrainedRun

TOLERANCE = 1e-6
OTHER_ENGINE = 1e-3  # of one that rounds otherwise, as a share

# The script is run without deeplab, and tells what `model.fit` returned in the last line.
_RUN = """
import json, runpy, sys
sys.modules["deeplab"] = None
made = runpy.run_path(sys.argv[1], run_name="__main__")
print(json.dumps({name: float(values[0]) for name, values in made["history"].history.items()}))
"""

Losses = Mapping[str, float]


@dataclass(frozen=True)
class Agreement:
    """How far the first epoch of a script lies from that of deeplab."""

    difference: float  # the largest, of losses and scores of `training.engine=keras`
    beside: str  # whose epoch that was: `the run` or `an epoch of training.engine=keras`
    from_run: float | None  # the largest difference from the run's own first epoch, as a share; None where it has none


def run_an_epoch(code: str, path: Path, setup: TrainingSetup, threads: int | None) -> Losses:
    """Run a script for an epoch in a process of its own.

    Args:
        code: of the script.
        path: a place for it, removed afterwards.
        setup: says on which device.
        threads: of an operation, where the configuration says so.

    Returns:
        Losses and scores by Keras' names: `loss`, `val_loss`, `accuracy`.

    Raises:
        UserError: the place takes no file.
        RunError: it fails.
    """
    settings = {"EPOCHS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if setup.runtime.device.startswith("cpu"):
        settings["CUDA_VISIBLE_DEVICES"] = ""
    if threads is not None:
        settings |= {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
    try:
        write_file(path, code.encode())
        done = subprocess.run(
            [sys.executable, "-c", _RUN, str(path)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **settings},
        )
    finally:
        path.unlink(missing_ok=True)
    lines = done.stdout.splitlines() if done.returncode == 0 else done.stderr.splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "")
    if done.returncode != 0:
        raise RunError(f"The script was run for an epoch and failed: {last[:300]}; it was not kept.")
    losses: Losses = json.loads(last)
    return losses


def compare(
    trained: TrainedRun, config: ExperimentConfig, losses: Losses, same_numbers: bool, engine: str
) -> Agreement:
    """Hold an epoch of the script against that of the run, and where that rounds otherwise, of `training.engine=keras`.

    Args:
        trained: the run.
        config: of it.
        losses: of the script.
        same_numbers: whether its layers draw what those of the run drew, or nothing.
        engine: that trained the run.

    Raises:
        RunError: they differ by more than TOLERANCE.
    """
    first = first_epoch(trained)
    from_run = difference(losses, first) if first else None
    if from_run is not None and same_numbers:
        if engine == "keras" and from_run <= TOLERANCE:
            return Agreement(from_run, "the run", from_run)
        if from_run > OTHER_ENGINE:
            raise RunError(
                f"The script gives other losses than the first epoch of run {trained.name}, by {from_run:.1e} "
                f"({OTHER_ENGINE:g} is allowed); it was not kept."
            )
    apart = difference(losses, _keras_epoch(config, trained))
    if not apart <= TOLERANCE:
        raise RunError(
            f"The script gives other losses than an epoch of training.engine=keras, by {apart:.1e} "
            f"({TOLERANCE:g} is allowed); it was not kept."
        )
    return Agreement(apart, "an epoch of training.engine=keras", from_run)


def first_epoch(trained: TrainedRun) -> Losses:
    """The first epoch in a run's history, by Keras' names; empty where there is none."""
    content = read_artifact(trained.store, trained.run, "history.csv")
    if content is None:
        return {}
    rows = [row for row in csv.DictReader(io.StringIO(content.decode())) if row["epoch"] == "1"]
    return {("val_" if row["data"] == "val" else "") + row["metric"]: float(row["value"]) for row in rows}


def difference(ours: Losses, theirs: Losses) -> float:
    """The largest difference of what both have; of values beyond 1 as a share."""
    shared = ours.keys() & theirs.keys()
    # NumPy's, which is no number where one of them is none.
    return float(np.max([abs(ours[name] - theirs[name]) / max(1.0, abs(theirs[name])) for name in shared]))


def in_keras(config: ExperimentConfig) -> ExperimentConfig:
    """The same training by Keras' own steps and generator, on one device."""
    device = one_of(config.training.device)
    return replace(config, training=replace(config.training, engine="keras", randomness="keras", device=device))


def _keras_epoch(config: ExperimentConfig, trained: TrainedRun) -> Losses:
    from deeplab.training.fit import fit

    setup = prepare(in_keras(config), trained.store.place.work_folder)
    done = fit(setup, replace(in_keras(config).training, epochs=1), config.seed)
    metrics = done.history.epochs[0].metrics
    return {
        ("val_" if name.startswith("val/") else "") + name.rpartition("/")[2]: value
        for name, value in metrics.items()
        if name.startswith(("train/", "val/"))
    }
