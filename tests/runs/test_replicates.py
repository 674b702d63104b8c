"""The spread of a point over its replicates."""

from pathlib import Path

import pytest

from deeplab.config.schema import TrackingConfig
from deeplab.runs.replicates import spreads
from deeplab.tracking.find import all_runs
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store


@pytest.mark.parametrize("point", ["l2=0.1", "path='my file.npz'", "x=' or tags.`y` = '"])
def test_replicates_of_a_point_are_found_whatever_it_is_called(folder: Path, point: str) -> None:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    for score, of, status in ((0.5, point, "FINISHED"), (0.7, point, "FINISHED"), (0.1, "other", "FINISHED"),
                              (0.2, point, "KILLED")):  # fmt: skip
        tags = {"deeplab.kind": "trial", "deeplab.point": of, "mlflow.parentRunId": "abc"}
        with RunLog.begin(store, "a trial", {}, tags, None) as log:
            log.metrics(1, {"test/accuracy": score})
            log.end(status)
    run = next(run for run in all_runs(store) if run.metrics["test/accuracy"] == 0.5)
    found = spreads(store, run)["test/accuracy"]
    assert (found.count, found.mean) == (2, 0.6)
    assert found.deviation == pytest.approx(0.02**0.5)
