#!/usr/bin/env python3
"""Kill a sweep again and again, and compare what comes out with an undisturbed one.

A sweep of twelve trainings on digits with two workers; at random moments its parent, one of its workers, or all of
them are ended by SIGKILL, and the same command is given again until it is done. Each time there must be exactly twelve
FINISHED trials, none twice, no metric with two values at one step, and scores equal to the undisturbed sweep's to the
bit.

With --kind it is a decision between three points, an explanation, a sweep that is confirmed, or a grid with a budget
that is large enough, which must come to the same seeds, the same sentence and the same numbers; or a search (random,
hyperband, objectives), whose trials, those pruned among them, must be the same, and the front of several objectives.

scripts/sweep_torture.py [--kind decide] [--kills 20] [--seed 0]
"""

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

COMMON = [
    *("dataset.limit=300", "training.checkpoint_seconds=0", "tracking.plots=none", "tracking.save_model=none"),
    *("training.threads=1", "launcher.retries=9"),
]
TWO = "launcher.workers=2"
GRID = [
    *("sweep", "model=cnn_dropout", "l2=1e-5,1e-3", "model.dropout=0.2,0.4", "replicates=3", "training.epochs=5"),
    *("dataset.image_size=10", TWO, *COMMON),
]
SMALL = ["model=dense_relu", "dataset.image_size=8", "training.epochs=5", TWO, *COMMON]
SEARCHED = [
    *("--trials", "10", "model=cnn_dropout", "l2=interval(1e-6,1e-2)", "model.dropout=interval(0.1,0.6)"),
    *("training.epochs=4", "dataset.image_size=10", "sweep.reduction=2", *COMMON),
]
RATES = "optimizer.learning_rate=1e-5,1e-3,1e-2"
COMMANDS = {
    "grid": GRID,
    "hours": [*GRID, "--hours", "9"],
    "decide": ["decide", RATES, "optimizer=adam", "--max-replicates", "9", *SMALL],
    "why": ["why", "optimizer=adam", "optimizer=sgd l2=0.01 training.batch_size=32", *SMALL],
    "confirm": ["sweep", RATES, "optimizer=adam", "replicates=2", "--confirm", "3", *SMALL],
    # Whom the median prunes depends on what has ended before, so that a random search has one worker.
    "random": ["sweep", "--search", "random", "launcher.workers=1", *SEARCHED],
    "hyperband": ["sweep", "--search", "hyperband", TWO, *SEARCHED],
    # From the eleventh point on TPE draws by what has ended before, so that this search has one worker, too.
    "objectives": [
        *("sweep", "--search", "tpe", "--trials", "14", "launcher.workers=1", "model=mlp", "l2=interval(1e-6,1e-2)"),
        *("model.units=interval(4,64)", "sweep.objectives=[val/accuracy,parameters]", "training.epochs=4"),
        *("dataset.image_size=8", *COMMON),
    ],
}
SEARCHES = ("random", "hyperband", "objectives")
ENDED = (0, 3)  # 3: something is undecided
SAID = ("decision.json", "why.json", "confirmation.json")  # what a sweep came to
TARGETS = ("parent", "worker", "everything")


def start(folder: Path, command: list[str]) -> "subprocess.Popen[bytes]":
    """Begin or go on with the sweep."""
    deeplab = Path(sys.executable).with_name("deeplab")
    return subprocess.Popen(
        [str(deeplab), *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def workers_of(parent: int) -> list[int]:
    """The processes that train for a sweep."""
    command = ["pgrep", "-P", str(parent), "-f", "spawn_main"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def kill(sweep: "subprocess.Popen[bytes]", target: str, chance: random.Random) -> str:
    """End a part of the sweep at once; returns what was killed.

    Before any training begins the only worker is what checks the points; without it the sweep ends, too.
    """
    workers = workers_of(sweep.pid)
    if target == "worker" and workers:
        os.kill(chance.choice(workers), signal.SIGKILL)
        return "a worker"
    if target == "everything":
        os.killpg(sweep.pid, signal.SIGKILL)
        return "everything"
    sweep.kill()
    return "the parent"


def end(sweep: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """Wait for it; its status and what it printed."""
    out, _ = sweep.communicate()
    return sweep.returncode, out.decode()


def said_by(parent: Any) -> dict[str, Any]:
    """What a sweep says it came to: words and numbers, but for the seconds."""
    folder = Path(parent.info.artifact_uri.removeprefix("file://"))
    found = {name: json.loads((folder / name).read_text()) for name in SAID if (folder / name).is_file()}
    for each in found.values():
        del each["seconds"]
    if (folder / "points.csv").is_file():
        lines = csv.DictReader((folder / "points.csv").read_text().splitlines())
        found["points.csv"] = [{key: text for key, text in line.items() if key != "seconds"} for line in lines]
    if (folder / "trials.csv").is_file():
        lines = csv.DictReader((folder / "trials.csv").read_text().splitlines())
        # A draw whose process was killed has failed, and is drawn once more with a number of its own.
        drawn = [line for line in lines if line.get("state") != "FAIL"]
        found["trials.csv"] = sorted(str({**line, "trial": "", "run": "", "seconds": ""}) for line in drawn)
    return found


def results(folder: Path, kind: str) -> tuple[dict[str, Any], list[str]]:
    """What each sweep says, the seed and the scores of every trial by name, and whatever is wrong in the store."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("deeplab")
    runs = client.search_runs([experiment.experiment_id], max_results=5000)
    trials = [run for run in runs if run.data.tags.get("deeplab.kind") == "trial"]
    parents = {run.info.run_id: run for run in runs if run.data.tags.get("deeplab.kind") == "sweep"}
    faults = []
    if len(parents) != 1 + (kind == "confirm") or {run.info.status for run in parents.values()} != {"FINISHED"}:
        faults.append(f"parents: {[run.info.status for run in parents.values()]}")
    statuses = Counter(run.info.status for run in trials)
    is_search = kind in SEARCHES
    usual = {"FINISHED", "KILLED"} if is_search else {"FINISHED"}
    if not set(statuses) <= usual or (len(trials) != 12 and kind in ("grid", "hours", "confirm")):
        faults.append(f"trials: {dict(statuses)}")
    found: dict[str, Any] = {run.info.run_name: said_by(run) for run in parents.values()}
    for run in trials:
        name = f"{parents[run.data.tags['mlflow.parentRunId']].info.run_name}: {run.info.run_name}"
        if name in found:
            faults.append(f"{name} is there twice")
        history: list[Any] = []
        for key in ("train/loss", "val/accuracy"):
            values = sorted(client.get_metric_history(run.info.run_id, key), key=lambda metric: metric.step)
            if not is_search and [metric.step for metric in values] != [1, 2, 3, 4, 5]:
                faults.append(f"{name} has steps {[metric.step for metric in values]} of {key}")
            history += [(metric.step, metric.value) for metric in values]
        scores = (run.data.metrics.get(key) for key in ("test/loss", "validation/loss"))
        found[name] = (run.data.params["seed"], *history, *scores, "deeplab.pruned" in run.data.tags)
    return found, faults


def main() -> None:
    """Run the undisturbed sweep and then the disturbed ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=COMMANDS, default="grid", help="what is killed")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kind, command = options.kind, COMMANDS[options.kind]
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "undisturbed"
        base.mkdir()
        began = time.monotonic()
        status, out = end(start(base, command))
        seconds = time.monotonic() - began
        expected, faults = results(base, kind)
        if status not in ENDED or faults:
            sys.exit(f"The undisturbed sweep failed: {faults}\n{out}")
        told = (each for said in expected.values() if isinstance(said, dict) for each in said.values())
        sentences = [each["sentence"] for each in told if isinstance(each, dict)]
        print(" ".join([f"undisturbed: {seconds:.0f} s.", *sentences]), flush=True)
        bad = 0
        for number in range(options.kills):
            folder = Path(scratch) / f"killed-{number}"
            target = TARGETS[number % len(TARGETS)]
            while True:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                sweep = start(folder, command)
                moment = chance.uniform(4, 0.95 * seconds)
                time.sleep(moment)
                if sweep.poll() is None:
                    break
                seconds = moment  # it was done before that: the machine is faster than it was
            killed = kill(sweep, target, chance)
            status, out = end(sweep)
            starts, first = 1, out.strip().rpartition("\n")[2]
            while status not in ENDED and starts < 5:
                status, out = end(start(folder, command))
                starts += 1
            if starts > 1 and killed == "a worker":
                killed += f" ({first})"
            found, faults = results(folder, kind)
            if status not in ENDED:
                faults.append(f"status {status}: {out[-500:]}")
            faults += [f"{name} differs" for name in {*expected, *found} if found.get(name) != expected.get(name)]
            bad += bool(faults)
            outcome = f"{starts} starts: {faults or 'equal'}"
            print(f"{number + 1:>2}: killed {killed} after {moment:.1f} s, {outcome}", flush=True)
    print(f"{options.kills - bad} of {options.kills} equal to the undisturbed sweep to the bit")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
