#!/usr/bin/env python3
"""Carry out a sweep of many small trainings as `deeplab sweep` does and as a notebook's loop does, and compare.

The notebook's loop is one process with a plain `fit` a trial on float32 arrays; it writes the history and the scores as
CSV, the curves as PNG, and the model. Both are whole commands, each in a folder of its own, and take turns. The times
of single trials and of what lies between them come from the store; what a warm worker spends on what is measured in
this process, by wrapping the functions that do it.

Cases b and c need mnist.npz in DEEPLAB_DATA.

scripts/sweep_throughput.py [--cases a b c] [--pairs 3] [--workers 2] [--phases] [--json FILE]
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPLICATES = 3


@dataclass(frozen=True)
class Case:
    """One sweep.

    Attributes:
        overrides: of every trial.
        factors: so many weight decays are trained, each REPLICATES times.
        at_least: the ratio of the times that is asked for.
    """

    overrides: tuple[str, ...]
    factors: int
    at_least: float

    @property
    def decays(self) -> list[float]:
        """The weight decays."""
        return [round(1e-5 * (number + 1), 6) for number in range(self.factors)]


CASES = {
    "a": Case(("model=mlp_64_64", "dataset=digits", "training.epochs=6"), 20, 1.5),
    "b": Case(("model=mlp_64_64", "dataset=mnist", "training.epochs=5"), 8, 4.0),
    "c": Case(("model=cnn1", "dataset=mnist", "dataset.limit=10000", "training.epochs=3"), 4, 1.5),
}


def notebook(case: Case, folder: Path) -> None:
    """The loop that a notebook has, in this process."""
    import keras
    import numpy as np
    from matplotlib import pyplot

    from deeplab.config.compose import compose
    from deeplab.data.hold_out import hold_out
    from deeplab.data.load import load
    from deeplab.models.build import build
    from deeplab.training.optimizers import build_optimizer

    pyplot.switch_backend("agg")
    config = compose(list(case.overrides)).config
    splits = load(config.dataset, folder)
    train, validation = hold_out(splits, config.validation, config.seed)
    assert validation is not None
    one_hot = np.eye(splits.info.num_classes, dtype=np.float32)
    parts = [
        (part.inputs(slice(None)).astype(np.float32), one_hot[part.labels]) for part in (train, validation, splits.test)
    ]
    scores = []
    for decay in case.decays:
        for replicate in range(REPLICATES):
            name = f"l2_{decay:g}_{replicate}"
            settings = compose([*case.overrides, f"l2={decay}", f"seed={replicate}"]).config
            keras.backend.clear_session()
            network = build(settings.model, splits.info, settings.seed)
            optimizer = build_optimizer(settings.optimizer, settings.schedule, settings.training, 1)
            network.compile(optimizer, loss=settings.training.loss, metrics=["accuracy"])
            history = network.fit(
                *parts[0], settings.training.batch_size, settings.training.epochs, validation_data=parts[1], verbose=0
            ).history
            scores.append([name, *network.evaluate(*parts[2], verbose=0)])
            with (folder / f"{name}.csv").open("w", newline="") as file:
                csv.writer(file).writerows([list(history), *zip(*history.values(), strict=True)])
            figure, axes = pyplot.subplots(1, 2, figsize=(8, 4))
            for panel, metric in zip(axes, ("accuracy", "loss"), strict=True):
                panel.plot(history[metric], label="training")
                panel.plot(history[f"val_{metric}"], label="validation")
                panel.set(xlabel="epoch", ylabel=metric)
                panel.legend()
            figure.savefig(folder / f"{name}.png")
            pyplot.close(figure)
            network.save(folder / f"{name}.keras")
    with (folder / "scores.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["trial", "loss", "accuracy"], *scores])


def _seconds(command: list[str], folder: str) -> float:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - began


def one_pair(name: str, workers: int) -> dict[str, float]:
    """Both sides of a case, whole commands, and where the time of the sweep went."""
    case = CASES[name]
    grid = ",".join(f"{decay:g}" for decay in case.decays)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        found["notebook"] = _seconds([sys.executable, __file__, "--notebook", name, folder], folder)
    with tempfile.TemporaryDirectory() as folder:
        deeplab = str(Path(sys.executable).with_name("deeplab"))
        store = f"tracking.uri=sqlite:///{folder}/store.db"
        began = time.time()
        found["deeplab"] = _seconds(
            [
                *(deeplab, "sweep", *case.overrides, f"l2={grid}", f"replicates={REPLICATES}"),
                *(f"launcher.workers={workers}", store),
            ],
            folder,
        )
        return found | _of_the_store(f"sqlite:///{folder}/store.db", began, began + found["deeplab"])


def _of_the_store(uri: str, began: float, ended: float) -> dict[str, float]:
    from deeplab.config.schema import TrackingConfig
    from deeplab.tracking.find import all_runs
    from deeplab.tracking.store import open_existing
    from deeplab.tracking.tags import KIND_TAG, PARENT_TAG

    runs = all_runs(open_existing(TrackingConfig(uri, "deeplab", "all", "all")))
    parent = next(run for run in runs if run.tags[KIND_TAG] == "sweep")
    trials = [run for run in runs if run.tags.get(PARENT_TAG) == parent.id]
    first = min(run.started_ms for run in trials) / 1000
    last = max(run.ended_ms or 0 for run in trials) / 1000
    return {
        "start of the command to the sweep's run": parent.started_ms / 1000 - began,
        "to the first trial": first - parent.started_ms / 1000,
        "to the end of the last trial": last - first,
        "to the end of the command": ended - last,
        "a trial from its run's beginning to its end": statistics.median(
            ((run.ended_ms or 0) - run.started_ms) / 1000 for run in trials
        ),
    }


def _steps_per_epoch(case: Case) -> int:
    from deeplab.config.compose import compose
    from deeplab.data.hold_out import hold_out
    from deeplab.data.load import load

    config = compose(list(case.overrides)).config
    train, _ = hold_out(load(config.dataset, Path(tempfile.gettempdir())), config.validation, config.seed)
    return -(-len(train) // config.training.batch_size)


# What is wrapped, and what it is called in the table; a function that calls another one of these has its time less that
# of the other.
PHASES = {
    "deeplab.workflows.train:prepare": "data and network",
    "deeplab.workflows.prepare:load": "data read",
    "deeplab.models.build:build": "network built",
    "deeplab.training.fit:fit": "compiling, and the rest of fit",
    "deeplab.evaluation.scores:score": "test scores",
    "deeplab.workflows.train:log_plots": "figures",
    "deeplab.workflows.train:log_model": "model",
    "deeplab.workflows.train:log_checkpoint": "checkpoint",
    "deeplab.workflows.train:log_history": "files",
    "deeplab.workflows.train:log_scores": "files",
    "deeplab.workflows.train:_begin": "run begun",
    "deeplab.workflows.recording:RunLog.end": "run ended",
    "deeplab.workflows.train:open_store": "store opened",
}


def phases(name: str, trials: int) -> dict[str, float]:
    """Seconds of a trial in a warm process, by what they are spent on; medians."""
    from importlib import import_module

    from deeplab.config.compose import compose
    from deeplab.training.cache import TrainingCache
    from deeplab.workflows.recording import ParentRun
    from deeplab.workflows.train import train

    case = CASES[name]
    spent: dict[str, float] = defaultdict(float)
    running: list[float] = []

    def timed(function: Callable[..., Any], label: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            running.append(0.0)
            try:
                return function(*arguments, **named)
            finally:
                seconds = time.perf_counter() - began
                spent[label] += seconds - running.pop()
                if running:
                    running[-1] += seconds

        return call

    for path, label in PHASES.items():
        module, _, attribute = path.partition(":")
        owner: Any = import_module(module)
        *above, last = attribute.split(".")
        for part in above:
            owner = getattr(owner, part)
        setattr(owner, last, timed(getattr(owner, last), label))
    found: dict[str, list[float]] = defaultdict(list)
    cache = TrainingCache()
    steps_per_epoch = _steps_per_epoch(case)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(trials + 2):
            decay = case.decays[number // REPLICATES % len(case.decays)]
            # The plan of so many trials takes blocks for all of them.
            settings = [f"l2={decay}", f"seed={number}", f"tracking.uri=sqlite:///{folder}/store.db"]
            settings.append("training.engine=compiled")
            spent.clear()
            began = time.perf_counter()
            composed = compose([*case.overrides, *settings])
            spent["configuration"] = time.perf_counter() - began
            result = train(composed, parent=ParentRun("0" * 32, "trial", {}), cache=cache)
            whole = time.perf_counter() - began
            if number < 2:  # what a process does once
                continue
            seconds = result.history.values("time/epoch_seconds")
            # The first epoch compiles.
            usual = statistics.median(seconds[1:]) * len(seconds)
            steps = statistics.median(result.history.values("time/step_ms")[1:]) / 1000 * steps_per_epoch * len(seconds)
            spent["compiling, and the rest of fit"] -= usual
            found["steps"].append(steps)
            found["validation"].append(usual - steps)
            for label, value in spent.items():
                found[label].append(value)
            found["rest"].append(whole - usual - sum(spent.values()))
            found["whole"].append(whole)
            found["beyond steps and validation"].append(whole - usual)
    return {label: statistics.median(values) for label, values in found.items()}


def main() -> None:
    """Run the cases and print their ratios and where the time went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--phases", action="store_true", help="measure a warm worker's trial instead of whole sweeps")
    parser.add_argument("--json", type=Path, help="also write what was measured to this file")
    parser.add_argument("--notebook", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.notebook:
        notebook(CASES[options.notebook[0]], Path(options.notebook[1]))
        return
    measured: dict[str, Any] = {}
    for name in options.cases:
        case = CASES[name]
        print(f"{name}: {case.factors * REPLICATES} trials of {' '.join(case.overrides)}", flush=True)
        if options.phases:
            measured[name] = phases(name, 2 * REPLICATES)
            for label, seconds in measured[name].items():
                print(f"  {seconds:7.3f} s  {label}", flush=True)
            continue
        pairs = measured[name] = []
        for number in range(options.pairs):
            pairs.append(one_pair(name, options.workers))
            ratio = pairs[-1]["notebook"] / pairs[-1]["deeplab"]
            times = "  ".join(f"{label} {seconds:.1f} s" for label, seconds in pairs[-1].items())
            print(f"  pair {number + 1}: {ratio:.2f}  ({times})", flush=True)
        ratios = [pair["notebook"] / pair["deeplab"] for pair in pairs]
        low, high = min(ratios), max(ratios)
        print(f"  ratio {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f}), asked {case.at_least}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
