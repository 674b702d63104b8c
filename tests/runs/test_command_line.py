"""The command that makes a run again, as a page of it says."""

from pathlib import Path

from deeplab.config.compose import compose
from deeplab.config.schema import TrackingConfig
from deeplab.runs.command_line import command_line
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store
from deeplab.workflows.run_tags import config_dir_tags


def test_weights_are_named_by_the_run_that_they_were_of(folder: Path) -> None:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    tags = {"deeplab.kind": "train", "deeplab.initial_weights": "5" * 32, "deeplab.code_file": "mine.py"}
    tags["deeplab.config_dir"] = "my conf"
    with RunLog.begin(store, "a", {}, tags, None) as log:
        log.log_text("overrides.txt", "training.initial_weights=latest\nmodel=cnn\n")
        log.end("FINISHED")
    again = command_line(store, store.get_run(log.run_id))
    assert again == f"deeplab train --code mine.py --config-dir 'my conf' training.initial_weights={'5' * 32} model=cnn"


def test_a_folder_of_ones_own_is_kept_with_the_run(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("layers: [{type: Flatten}]\nname: mine\n")
    assert config_dir_tags(compose(["model=mine"], tmp_path)) == {"deeplab.config_dir": str(tmp_path)}
    assert config_dir_tags(compose([])) == {}
