"""A stored sweep as a notebook has it, and processes that are started from what cannot be imported twice."""

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import deeplab
from deeplab.config.schema import TrackingConfig
from deeplab.sweep.grid import Axis
from deeplab.sweep.results.summary import TrialScores, summarise
from deeplab.sweep.results.tables import points_table, trials_table
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store

SCORES = {(0, 0): 0.5, (0, 1): 0.75, (1, 0): 0.25, (1, 1): 0.875}


@pytest.fixture
def swept(folder: Path) -> tuple[Any, str]:
    """A sweep of two points with two replicates, and its `points.csv`."""
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    axes, trials = [Axis("l2", ("1e-6", "<b>"))], []
    settings = {"sweep": {"metric": "val/accuracy"}}
    with RunLog.begin(store, "swept", settings, {"deeplab.kind": "sweep"}, None) as parent:
        for (point, replicate), score in SCORES.items():
            tags = {
                "deeplab.kind": "trial",
                "mlflow.parentRunId": parent.run_id,
                "deeplab.point": str(point),
                "deeplab.replicate": str(replicate),
            }
            with RunLog.begin(store, f"l2 #{point}{replicate}", {"model": {"name": "mlp"}}, tags, None) as log:
                log.metrics(1, {"validation/accuracy": score, "time/training_seconds": 1.5})
                log.end("FINISHED")
            trials.append(TrialScores(point, replicate, log.run_id, {"val/accuracy": score}, 1.5))
        summary = summarise([{"l2": value} for value in axes[0].values], trials, "val/accuracy", 2)
        text = points_table(axes, summary)
        parent.log_text("points.csv", text)
        parent.log_text("trials.csv", trials_table(axes, summary))
        parent.end("FINISHED")
    return deeplab.load("swept"), text


def test_a_sweep_has_its_table_its_trials_and_the_best_of_them(swept: tuple[Any, str]) -> None:
    sweep, text = swept
    assert isinstance(sweep, deeplab.Sweep)
    lines = [*csv.DictReader(io.StringIO(text))]
    assert [*sweep.table.columns] == [*lines[0]]
    assert sweep.table["val/accuracy mean"].tolist() == [0.625, 0.5625]
    assert sweep.table["l2"].tolist() == [1e-6, "<b>"]
    assert [trial.name for trial in sweep.trials] == ["l2 #00", "l2 #01", "l2 #10", "l2 #11"]
    assert sweep.best.name == "l2 #01", "the better replicate of the better point, not the best of all"
    assert len(deeplab.runs()) == 1
    assert {run.name for run in deeplab.runs("validation/accuracy>0.6", kind="trial")} == {"l2 #01", "l2 #11"}
    html = sweep._repr_html_()
    assert "Best by mean validation accuracy: l2=1e-6" in html
    assert "<code>&lt;b&gt;</code>" in html


def test_trials_are_a_sequence(swept: tuple[Any, str]) -> None:
    trials = swept[0].trials
    assert [run.id for run in trials[1:3]] == [trials[1].id, trials[2].id]
    assert trials[-1] in trials
    assert trials.table["validation"].tolist() == [*SCORES.values()]
    assert repr(trials).splitlines()[0] == "<Runs: 4"


SCRIPT = """
SCRIPT_IS_THERE = True
from multiprocessing import get_context
from deeplab.child_process import starting_a_child
from pathlib import Path

print("once", flush=True)
process = get_context("spawn").Process(target=Path.touch, args=(Path("child.txt"),))
with starting_a_child():
    process.start()
process.join()
assert process.exitcode == 0
import __main__
assert __main__.SCRIPT_IS_THERE
"""


def test_a_script_without_a_guard_is_not_carried_out_again_by_what_it_starts(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\n", "")
    assert (tmp_path / "child.txt").exists()
