"""A configuration that lies in a store brings no address along: its runs go on in the store they were found in."""

from pathlib import Path

import pytest
import yaml

from deeplab.config.compose import ComposedConfig, compose
from deeplab.config.schema import TrackingConfig
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store
from deeplab.workflows.resume import _configuration
from deeplab.workflows.trained_run import TrainedRun


@pytest.mark.parametrize("epochs", [None, 7])
@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:////tmp/elsewhere/mlflow.db"])
def test_the_address_that_a_run_was_logged_with_is_not_followed(folder: Path, uri: str, epochs: int | None) -> None:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    values = compose(["training.epochs=3"]).values
    values = {**values, "tracking": {**values["tracking"], "uri": uri}}
    tags = {"deeplab.kind": "train", "deeplab.engine": "keras"}
    with RunLog.begin(store, "a run", {}, tags, None) as log:
        log.log_text("config.yaml", yaml.safe_dump(values))
        log.end("KILLED")
    run = store.get_run(log.run_id)
    found: list[ComposedConfig] = [TrainedRun(run, store).composed(), _configuration(store, run, epochs)]
    assert [each.config.tracking.uri for each in found] == [f"sqlite:///{folder}/mlflow.db"] * 2
    assert [each.config.training.epochs for each in found] == [3, epochs or 3]
