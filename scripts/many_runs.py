#!/usr/bin/env python3
"""Measure how long the commands that look at runs take where there are many.

A store is filled through MLflow's own interface with runs that have the params, metrics of ten epochs and tags of a
training; then each command is timed as a whole, process start included, some times over. The medians count: by the
clock, and of the processor's seconds, which other work on the machine changes less. The first line is what any command
of Python takes that does nothing.

A sweep of ten thousand trials that scripts/parent_cost.py left in a folder is looked at with --sweep; its report is
written, too.

scripts/many_runs.py [--runs 500] [--repeats 5] [--folder FOLDER] [--sweep NAME] [tracking.uri=...]
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = (
    ("status",),
    ("runs",),
    ("runs", "--where", "model=cnn* and test/accuracy>0.98"),
    ("runs", "--json", "--all"),
    ("show", "latest"),
    ("show", "best:model=cnn"),
    ("curves", "latest"),
)
MODELS = ("cnn", "cnn_dropout", "mlp_64_64", "dense_relu")
EPOCHS = 10


def fill(folder: Path, count: int) -> None:
    """Write runs as `deeplab train` writes them, without training: every tenth failed, the rest finished."""
    from deeplab.config.compose import compose
    from deeplab.tracking.run_log import RunLog
    from deeplab.tracking.store import open_store

    draw = random.Random(1)
    for number in range(count):
        name = MODELS[number % len(MODELS)]
        composed = compose([f"model={name}", f"seed={number}", f"tracking.uri=sqlite:///{folder}/mlflow.db"])
        if number == 0:
            store = open_store(composed.config.tracking)
        tags = {"deeplab.kind": "train", "deeplab.parameters": "1199882", "deeplab.dataset_sha256": "0" * 64}
        with RunLog.begin(store, f"{name}-digits", composed.values, tags, None) as log:
            log.log_text("overrides.txt", f"model={name}\nseed={number}\n")
            for epoch in range(1, EPOCHS + 1):
                score = 1 - draw.uniform(0.01, 0.5) / epoch
                log.metrics(epoch, {f"{part}/accuracy": score for part in ("train", "val")})
                log.metrics(epoch, {f"{part}/loss": 1 - score for part in ("train", "val")})
                log.metrics(epoch, {"time/epoch_seconds": 1.5, "time/step_ms": 12.0, "learning_rate": 0.001})
            for part in ("test", "validation"):
                log.metrics(EPOCHS, {f"{part}/accuracy": score, f"{part}/loss": 1 - score})
            log.metrics(EPOCHS, {"time/training_seconds": 15.0})
            log.end("FAILED" if number % 10 == 9 else "FINISHED")


def seconds(command: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """What one command line takes: by the clock, and of the processor."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    program = [sys.executable, "-c", "from deeplab.cli.main import main; main()" if command else "", *command]
    subprocess.run(program, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Fill a store, time the commands, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the store here, and use what is there already")
    parser.add_argument("--sweep", help="name of a sweep in the folder's store, of which a report is written")
    parser.add_argument("overrides", nargs="*", help="of the store")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        commands, page = COMMANDS, Path(scratch) / "report.html"
        if arguments.sweep:
            commands = (("status",), ("runs",), ("show", "latest"), ("report", arguments.sweep, "--out", str(page)))
        elif not (folder / "mlflow.db").exists():
            fill(folder, arguments.runs)
        for command in ((), *((*command, *arguments.overrides) for command in commands)):
            times = [seconds(command, folder) for _ in range(arguments.repeats)]
            clock, processor = (statistics.median(part) for part in zip(*times, strict=True))
            least = min(each for each, _ in times)
            print(f"{clock:6.2f} s (least {least:.2f}), processor {processor:.2f} s  deeplab {' '.join(command)}")
        if page.exists():
            print(f"the report has {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
