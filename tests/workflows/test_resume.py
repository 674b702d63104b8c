"""A run that was killed and resumed is the run that was not."""

import csv
import io
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import BRANCHED, DEEPLAB

from deeplab.config.compose import compose
from deeplab.errors import Interrupted, UserError
from deeplab.tracking.repair import mark_dead
from deeplab.training.history import Epoch
from deeplab.workflows.resume import find_resume_point, resumable
from deeplab.workflows.train import RunObserver, RunResult, train

pytestmark = pytest.mark.slow

TINY = ("dataset.limit=100", "dataset.image_size=10", "training.checkpoint_seconds=0", "tracking.plots=none")
# Three batches an epoch, and a step every two.
STEPS = (
    *("training.ema=0.9", "training.accumulate=2", "training.clip_global_norm=1.0"),
    *("schedule=plateau", "schedule.patience=2", "schedule.factor=0.9"),
)
NETWORKS = {
    "averaged": ("model=mlp_64_64", "training.engine=compiled", "optimizer=muon", *STEPS),
    "averaged, the best": ("model=mlp_64_64", "optimizer=nadam", "training.restore_best_weights=true", *STEPS),
    "dense": ("model=mlp_64_64", "training.engine=compiled", "optimizer=adam", "schedule=cosine"),
    "noise": (
        *("model=mlp_64_64", "training.engine=compiled", "optimizer=adam"),
        "model.layers=[{type: Flatten},{type: GaussianNoise, stddev: 0.2},{type: Dense, units: 20, activation: relu},"
        "{type: Dropout, rate: 0.5},{type: Dense, units: num_classes, activation: softmax}]",
    ),
    "conv": ("model=cnn", "optimizer=sgd", "optimizer.momentum=0.9", "schedule.kind=constant"),
    "branches": (*BRANCHED, "optimizer=adam", "training.engine=compiled"),
    "dropout": ("model=cnn_dropout", "training.early_stopping_patience=4", "training.restore_best_weights=true"),
}


class Stop(RunObserver):
    """Ends a training as Ctrl-C does, after some epochs."""

    def __init__(self, after: int) -> None:
        self.after = after

    def epoch_ended(self, epoch: Epoch) -> None:
        if epoch.number == self.after:
            raise KeyboardInterrupt


def scores(history: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in csv.reader(io.StringIO(history))]


def left_behind(run_id: str) -> tuple[list[tuple[str, ...]], list[np.ndarray]]:
    """The history and the weights of a run as the store has them."""
    import keras
    import mlflow

    history = scores(mlflow.artifacts.load_text(f"runs:/{run_id}/history.csv"))
    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/model"))
    return history, keras.saving.load_model(folder / "data" / "model.keras").get_weights()


def stopped_and_resumed(overrides: list[str], after: int, *more: str) -> RunResult:
    with pytest.raises(Interrupted, match="To go on: deeplab train --resume"):
        train(compose(overrides), [Stop(after)])
    found = find_resume_point("latest", more, None)
    return train(found.composed, [], found)


FEW = ("averaged, the best", "conv", "branches", "dropout")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in FEW else pytest.mark.long) for name in NETWORKS]
)
def test_interrupted_and_resumed_equals_undisturbed_to_the_bit(
    name: str, folder: Path, runs: Callable[[], list]
) -> None:
    overrides = [*NETWORKS[name], *TINY, "training.epochs=5"]
    undisturbed = train(compose(overrides))
    resumed = stopped_and_resumed(overrides, 3)
    (ours, weights), (theirs, weights_then) = (left_behind(run.run_id) for run in (resumed, undisturbed))
    assert ours == theirs
    assert len({row[0] for row in ours[1:]}) == 5
    assert all(np.array_equal(a, b) for a, b in zip(weights, weights_then, strict=True))
    assert resumed.scores == undisturbed.scores
    assert [run.info.status for run in runs()] == ["FINISHED", "FINISHED"]


def test_a_run_keeps_its_engine_where_another_would_be_chosen_now(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deeplab.training import engine
    from deeplab.workflows.reproduce import reproduce

    overrides = ["model=mlp_64_64", *TINY, "training.epochs=3"]
    undisturbed = train(compose(overrides))
    with pytest.raises(Interrupted):
        train(compose(overrides), [Stop(2)])
    monkeypatch.setattr(engine, "WORTHWHILE_STEPS", 0)
    found = find_resume_point("latest", (), None)
    resumed = train(found.composed, [], found)
    assert left_behind(resumed.run_id)[0] == left_behind(undisturbed.run_id)[0]
    assert found.run.tags["deeplab.engine"] == "keras"
    again = reproduce(found.store, found.composed.config.tracking.experiment, undisturbed.run_id, [])
    assert again.verdict == "identical"
    assert not [line for line in again.changes if line.startswith("engine")]


def test_no_step_is_logged_twice_and_none_too_few(folder: Path, runs: Callable[[], list]) -> None:
    import mlflow

    resumed = stopped_and_resumed([*NETWORKS["dense"], *TINY, "training.epochs=4", "training.checkpoint_every=2"], 3)
    client = mlflow.MlflowClient()
    for key in ("train/loss", "val/accuracy", "time/step_ms", "learning_rate"):
        assert [metric.step for metric in client.get_metric_history(resumed.run_id, key)] == [1, 2, 3, 4]
    assert len(client.get_metric_history(resumed.run_id, "test/loss")) == 1
    (run,) = runs()
    assert "deeplab.error" not in run.data.tags
    assert len(client.search_logged_models([run.info.experiment_id])) == 1
    assert not (folder / ".deeplab" / "checkpoints" / resumed.run_id).exists()


def test_a_finished_run_is_trained_further_as_if_it_had_been_longer(folder: Path) -> None:
    overrides = ["model=mlp_64_64", "training.engine=compiled", "optimizer=adam", *TINY]
    longer = train(compose([*overrides, "training.epochs=4"]))
    first = train(compose([*overrides, "training.epochs=2", "name=short"]))
    found = find_resume_point("short", ["training.epochs=4"], None)
    further = train(found.composed, [], found)
    assert further.run_id == first.run_id
    assert left_behind(further.run_id)[0] == left_behind(longer.run_id)[0]
    assert further.scores == longer.scores
    with pytest.raises(UserError, match="is finished after 4 epochs. Give more of them to train it further"):
        find_resume_point("short", [], None)


def test_early_stopping_is_not_resumed(folder: Path) -> None:
    overrides = [*("model=mlp_64_64", "optimizer=sgd", "optimizer.learning_rate=5.0"), *TINY]
    result = train(compose([*overrides, "training.epochs=30", "training.early_stopping_patience=1"]))
    assert len(result.history.epochs) < 30
    with pytest.raises(UserError, match="early stopping ended it after"):
        find_resume_point("latest", ["training.epochs=60"], None)


@pytest.mark.parametrize("way", [pytest.param("truncated", marks=pytest.mark.long), "flipped"])
def test_a_damaged_checkpoint_falls_back_and_says_so(way: str, folder: Path) -> None:
    from deeplab.errors import Interrupted

    overrides = [*NETWORKS["dense"], *TINY, "training.epochs=5"]
    undisturbed = train(compose(overrides))
    with pytest.raises(Interrupted):
        train(compose(overrides), [Stop(4)])
    kept = sorted((folder / ".deeplab" / "checkpoints").rglob("*.ckpt"))
    assert [path.name for path in kept] == ["epoch-000002.ckpt", "epoch-000003.ckpt"]
    content = bytearray(kept[1].read_bytes())
    content[len(content) // 2] ^= 1
    kept[1].write_bytes(content if way == "flipped" else content[:-7])
    found = find_resume_point("latest", [], None)
    assert found.damaged == (kept[1],)
    assert found.checkpoint is not None
    assert found.checkpoint.epoch == 2
    resumed = train(found.composed, [], found)
    assert resumed.history.values("train/loss") == undisturbed.history.values("train/loss")


def test_two_damaged_checkpoints_are_refused(folder: Path) -> None:
    from deeplab.errors import Interrupted

    with pytest.raises(Interrupted):
        train(compose([*NETWORKS["dense"], *TINY, "training.epochs=5"]), [Stop(4)])
    for path in (folder / ".deeplab" / "checkpoints").rglob("*.ckpt"):
        path.write_bytes(b"x")
    with pytest.raises(UserError, match="has no checkpoint to go on from: .* damaged. Train it anew."):
        find_resume_point("latest", [], None)


def test_nothing_but_the_number_of_epochs_can_change(folder: Path) -> None:
    with pytest.raises(UserError, match="can change nothing but training.epochs"):
        find_resume_point("latest", ["seed=3"], None)


def test_other_data_are_refused(folder: Path) -> None:
    from deeplab.errors import Interrupted

    rng = np.random.default_rng(0)
    arrays = {"x_train": rng.normal(size=(64, 3)), "y_train": np.arange(64) % 2}
    arrays |= {"x_test": rng.normal(size=(20, 3)), "y_test": np.arange(20) % 2}
    np.savez("a.npz", **arrays)
    with pytest.raises(Interrupted):
        train(compose(["dataset=npz", "dataset.path=a.npz", "model=mlp_64_64", "training.epochs=3"]), [Stop(1)])
    arrays["x_train"][0] += 1
    np.savez("a.npz", **arrays)
    found = find_resume_point("latest", [], None)
    with pytest.raises(UserError, match="its SHA-256 differs"):
        train(found.composed, [], found)


@pytest.mark.parametrize(
    ("network", "epochs"),
    [
        (("model=cnn_dropout",), 14),
        pytest.param(("model=mlp_64_64", "optimizer=adafactor", *STEPS), 200, marks=pytest.mark.long),
        pytest.param(BRANCHED, 40, marks=pytest.mark.long),
        pytest.param(
            ("model=mlp_64_64", "optimizer=lion", "training.engine=compiled", *STEPS), 200, marks=pytest.mark.long
        ),
        *(
            pytest.param((f"model={name}", "dataset.image_size=28", "dataset.limit=60"), 14, marks=pytest.mark.long)
            for name in ("lenet5", "all_cnn", "unet_autoencoder", "mlp_mixer_tiny", "resnet8")
        ),
    ],
)
def test_killed_three_times_and_resumed_equals_undisturbed_to_the_bit(
    network: tuple[str, ...], epochs: int, folder: Path, runs: Callable[[], list]
) -> None:
    """SIGKILL, which no program hears, at a random moment of each life."""
    overrides = [*TINY, *network, f"training.epochs={epochs}"]
    undisturbed = train(compose(overrides))
    rng = np.random.default_rng(0)
    command = [str(DEEPLAB), "train", *overrides]
    for life in range(4):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line)
                if life < 3 and re.match(rf"epoch +\d+/{epochs}", line) and len(lines) >= 4:
                    time.sleep(float(rng.uniform(0, 0.4)))
                    os.kill(process.pid, signal.SIGKILL)
                    break
        if life < 3:
            newest: Any = runs()[0]
            assert newest.info.status == "RUNNING"
            mark_dead_now(newest.info.run_id)
            command = [str(DEEPLAB), "train", "--resume", newest.info.run_id[:10]]
    assert process.returncode == 0, lines
    ours, theirs = left_behind(runs()[0].info.run_id), left_behind(undisturbed.run_id)
    assert ours[0] == theirs[0]
    assert all(np.array_equal(a, b) for a, b in zip(ours[1], theirs[1], strict=True))


def mark_dead_now(run_id: str) -> None:
    """What `deeplab repair` does a minute after the last heartbeat."""
    import mlflow

    from deeplab.tracking.run_log import HEARTBEAT_TAG

    mlflow.MlflowClient().set_tag(run_id, HEARTBEAT_TAG, "1000")


def test_repair_marks_the_dead_and_lists_what_can_go_on(folder: Path, runs: Callable[[], list]) -> None:
    from deeplab.config.schema import TrackingConfig
    from deeplab.tracking.run_log import RunLog
    from deeplab.tracking.store import open_store

    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    names = ("alive", "dead")
    for name in names:
        RunLog.begin(store, name, {}, {"deeplab.kind": "train"}, None).close()
    by_name = {run.info.run_name: run for run in runs()}
    mark_dead_now(by_name["dead"].info.run_id)
    assert [run.name for run in mark_dead(store)] == ["dead"]
    assert {run.info.run_name: run.info.status for run in runs()} == {"alive": "RUNNING", "dead": "KILLED"}
    assert [run.name for run in resumable(store)] == ["dead"]
    with pytest.raises(UserError, match=r"Run alive \(.*\) is still running; it was alive \d+ s ago."):
        find_resume_point("alive", [], None)
