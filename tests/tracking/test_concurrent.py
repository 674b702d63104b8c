"""Several processes that write into one SQLite store at once."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PATIENCE

pytestmark = pytest.mark.slow

PROCESSES, RUNS, STEPS = 4, 5, 10
WRITER = f"""
import sys
from deeplab.config.compose import compose
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store

store = open_store(compose([]).config.tracking)
for number in range({RUNS}):
    name, tags = f"{{sys.argv[1]}}-{{number}}", {{"deeplab.kind": "train"}}
    with RunLog.begin(store, name, {{"number": number}}, tags, None) as log:
        for step in range({STEPS}):
            log.metrics(step, {{"train/loss": float(step), "val/loss": step / 2}})
            log.flush()
        log.log_text("history.csv", "epoch\\n")
        log.end("FINISHED")
"""


def test_four_processes_lose_nothing(folder: Path, runs: Callable[[], list[Any]]) -> None:
    import mlflow

    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(number)], stderr=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    for writer in writers:
        _, err = writer.communicate(timeout=PATIENCE)
        assert (writer.returncode, err) == (0, "")
    found = runs()
    names = [f"{process}-{number}" for process in range(PROCESSES) for number in range(RUNS)]
    assert sorted(run.info.run_name for run in found) == sorted(names)
    assert {run.info.status for run in found} == {"FINISHED"}
    client = mlflow.MlflowClient()
    for run in found:
        for key in ("train/loss", "val/loss"):
            steps = [metric.step for metric in client.get_metric_history(run.info.run_id, key)]
            assert sorted(steps) == list(range(STEPS)), run.info.run_name
