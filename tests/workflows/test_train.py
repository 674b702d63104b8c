"""Whole runs on the built-in data, in this process."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from deeplab.config.compose import compose
from deeplab.errors import RunError, UserError, UserErrors
from deeplab.evaluation.kept_predictions import from_npz
from deeplab.sweep.check import checked_plan
from deeplab.sweep.plan import plan_sweep
from deeplab.workflows import train as train_module
from deeplab.workflows.train import train

pytestmark = pytest.mark.slow

SMALL = (
    "model=dense_relu",
    "dataset.image_size=8",
    "dataset.limit=300",
    "training.epochs=2",
    "optimizer=adam",
)


def artifact(run: Any, path: str) -> str:
    import mlflow

    return Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/{path}")).read_text()


@pytest.fixture
def finished(folder: Path, runs: Callable[[], list]) -> tuple[Any, Any]:
    """A small run and what MLflow has of it."""
    result = train(compose([*SMALL, "tags.course=nn101", "notes=mine", "training.monitor=accuracy"]))
    (run,) = runs()
    return result, run


def test_a_run_is_what_the_design_says(finished: tuple[Any, Any]) -> None:
    result, run = finished
    assert (run.info.run_id, run.info.status, run.info.run_name) == (
        result.run_id,
        "FINISHED",
        "dense_relu-digits",
    )
    assert run.data.params["optimizer.kind"] == "adam"
    assert run.data.params["training.epochs"] == "2"
    assert json.loads(run.data.params["model.layers.1"])["units"] == 256
    assert set(run.data.metrics) == {
        *("train/loss", "train/accuracy", "val/loss", "val/accuracy", "test/loss", "test/accuracy"),
        *("time/epoch_seconds", "time/step_ms", "learning_rate"),
        *("validation/loss", "validation/accuracy", "time/training_seconds"),
    }
    assert run.data.metrics["validation/loss"] == run.data.metrics["val/loss"]
    assert run.data.metrics["test/accuracy"] == result.scores["accuracy"]
    tags = run.data.tags
    assert (tags["deeplab.kind"], tags["course"], tags["mlflow.note.content"]) == ("train", "nn101", "mine")
    assert (
        tags["deeplab.config_hash"]
        == compose([*SMALL, "tags.course=nn101", "notes=mine", "training.monitor=accuracy"]).hash
    )
    assert len(tags["deeplab.dataset_sha256"]) == 64
    assert tags["deeplab.validation"] == "tail"
    assert (tags["deeplab.test_rows_in_training"], tags["deeplab.validation_rows_in_training"]) == ("0", "0")
    assert tags["deeplab.device"] == "cpu"
    assert int(tags["deeplab.heartbeat"]) > 1_700_000_000


@pytest.mark.parametrize("engine", ["compiled", "keras"])
def test_the_loss_on_the_test_set_is_the_loss_that_was_trained(folder: Path, engine: str) -> None:
    result = train(
        compose([*SMALL, "training.loss=binary_crossentropy", "validation=test", f"training.engine={engine}"])
    )
    assert result.scores["loss"] == pytest.approx(result.history.epochs[-1].metrics["val/loss"], rel=1e-6)


def test_artifacts_read_back_what_was_measured(finished: tuple[Any, Any]) -> None:
    result, run = finished
    config = yaml.safe_load(artifact(run, "config.yaml"))
    assert config["training"]["epochs"] == 2
    assert config["model"]["name"] == "dense_relu"
    assert artifact(run, "overrides.txt").splitlines()[0] == "model=dense_relu"
    rows = list(csv.DictReader(io.StringIO(artifact(run, "history.csv"))))
    assert list(rows[0]) == ["epoch", "value", "metric", "data"]
    losses = [float(row["value"]) for row in rows if (row["metric"], row["data"]) == ("loss", "val")]
    assert losses == result.history.values("val/loss")
    (scores,) = csv.DictReader(io.StringIO(artifact(run, "score.csv")))
    assert {key: float(value) for key, value in scores.items()} == {
        "loss": result.scores["loss"],
        "acc": result.scores["accuracy"],
    }
    assert any(line.startswith("tensorflow==2.") for line in artifact(run, "packages.txt").splitlines())


def test_plots_are_pictures(finished: tuple[Any, Any], folder: Path) -> None:
    import mlflow

    _, run = finished
    plots = Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/plots"))
    assert sorted(path.name for path in plots.iterdir()) == [
        *("confusion.png", "curves.png", "diagram.png", "filters.png", "mistakes.png")
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in plots.iterdir())


def test_the_logged_model_is_plain_keras_takes_the_rows_as_they_are_and_scores_the_same(
    finished: tuple[Any, Any],
) -> None:
    import keras
    import mlflow

    from deeplab.data.load import load

    result, run = finished
    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model"))
    described = yaml.safe_load((folder / "MLmodel").read_text())
    assert '"shape": [-1, 8, 8, 1]' in described["signature"]["inputs"]
    model = keras.saving.load_model(folder / "data" / "model.keras", safe_mode=True)
    assert type(model) is keras.Sequential
    test = load(compose(SMALL).config.dataset, Path()).test
    predicted = np.argmax(model.predict(test.images(slice(None)), verbose=0), axis=1)
    assert np.mean(predicted == test.labels) == result.scores["accuracy"]
    kept = from_npz(Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/predictions.npz")).read_bytes())
    assert (kept.predicted.tolist(), kept.labels.tolist()) == (predicted.tolist(), test.labels.tolist())
    assert [path.suffix for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle")] == []


def test_nothing_of_ours_stays_in_the_work_folder(finished: tuple[Any, Any], folder: Path) -> None:
    assert [path.name for path in (folder / ".deeplab").iterdir()] == ["store.lock"]


def test_neither_model_nor_plots_where_they_are_not_wanted(folder: Path, runs: Callable[[], list]) -> None:
    import mlflow

    left_out = ("tracking.save_model=none", "tracking.plots=none", "tracking.r_history=true")
    train(compose([*SMALL, *left_out, "training.epochs=1"]))
    (run,) = runs()
    names = {item.path for item in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    tables = {"history.csv", "history_r.csv", "score.csv", "classes.csv", "predictions.npz"}
    assert names == {"config.yaml", "overrides.txt", "packages.txt"} | tables
    ours, of_r = (artifact(run, name) for name in ("history.csv", "history_r.csv"))
    assert ours.replace(",train\n", ",training\n").replace(",val\n", ",validation\n").replace("accuracy", "acc") == of_r
    with pytest.raises(UserError, match="has no model; it was made with tracking.save_model=none or ended early"):
        train(compose([*SMALL, "training.initial_weights=latest"]))


def test_one_configuration_twice_is_the_same_to_the_bit(folder: Path) -> None:
    overrides = ["dataset.limit=150", "dataset.image_size=12", "training.epochs=2", "tracking.plots=none"]
    first, second = train(compose(overrides)), train(compose(overrides))
    assert [epoch.metrics["train/loss"] for epoch in first.history.epochs] == second.history.values("train/loss")
    assert first.history.values("val/loss") == second.history.values("val/loss")
    assert first.scores == second.scores
    assert train(compose([*overrides, "seed=1"])).scores != first.scores


def test_a_training_starts_from_the_weights_of_another(folder: Path, runs: Callable[[], list]) -> None:
    first = train(compose([*SMALL, "name=first", "tracking.plots=none"]))
    second = train(compose([*SMALL, "training.initial_weights=first", "tracking.plots=none"]))
    assert second.history.values("train/loss")[0] < first.history.values("train/loss")[1] + 0.1
    assert runs()[0].data.tags["deeplab.initial_weights"] == first.run_id
    with pytest.raises(UserError, match=r"training.initial_weights: the network of run first \(.*\) is another one"):
        train(compose([*SMALL, "model=mlp_64_64", "training.initial_weights=first"]))
    assert len(runs()) == 2
    with pytest.raises(UserErrors) as caught:
        checked_plan(plan_sweep([*SMALL[1:], "model=dense_relu,mlp_64_64", "training.initial_weights=first"], None))
    assert caught.value.messages[0].startswith("model=mlp_64_64: training.initial_weights=first: that network has ")
    assert caught.value.messages[1:] == ("1 of 2 points cannot be trained; nothing was started.",)


def test_a_run_validated_on_the_test_set_says_so(folder: Path, runs: Callable[[], list]) -> None:
    result = train(compose([*SMALL, "validation=test", "tracking.plots=none"]))
    assert runs()[0].data.tags["deeplab.validation"] == "test"
    assert result.history.values("val/accuracy")[-1] == pytest.approx(result.scores["accuracy"])


def test_points_train_as_well_as_images(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    np.savez("points.npz", x_train=x[:200], y_train=y[:200], x_test=x[200:], y_test=y[200:])
    result = train(compose(["model=mlp_64_64", "dataset=npz", "dataset.path=points.npz", "optimizer=adam"]))
    assert result.scores["accuracy"] > 0.9


def test_a_loss_that_is_no_number_fails_the_run_and_tells_the_epoch(folder: Path, runs: Callable[[], list]) -> None:
    with pytest.raises(RunError, match="The loss became .* in epoch 1, step .* is FAILED"):
        train(compose([*SMALL, "optimizer=sgd", "optimizer.learning_rate=1e30"]))
    (run,) = runs()
    assert run.info.status == "FAILED"
    assert "The loss became" in run.data.tags["deeplab.error"]
    assert artifact(run, "history.csv") == "epoch,value,metric,data\n"


def test_a_bug_of_ours_keeps_its_traceback_and_fails_the_run(
    folder: Path, runs: Callable[[], list], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(train_module, "log_scores", broken)
    with pytest.raises(ZeroDivisionError):
        train(compose(SMALL))
    (run,) = runs()
    assert (run.info.status, run.data.tags["deeplab.error"]) == ("FAILED", "ZeroDivisionError: ours")


def test_a_disk_that_is_full_fails_the_run_and_the_model_is_saved_elsewhere(
    folder: Path, runs: Callable[[], list], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(train_module, "log_scores", full)
    with pytest.raises(RunError, match="No space left on device.*was saved as .* is FAILED") as caught:
        train(compose(SMALL))
    (run,) = runs()
    assert run.info.status == "FAILED"
    (saved,) = (folder / ".deeplab").glob("*.keras")
    assert str(saved) in str(caught.value)
    assert f" To go on: deeplab train --resume {run.info.run_id[:8]}" in str(caught.value)
    assert keras.saving.load_model(saved).count_params() == 19_210


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ["training.batch_size=5000"],
            "training.batch_size: must be at most the number of training rows (240)",
        ),
        (["training.device=gpu:7"], "training.device=gpu:7: there is no such GPU"),
        (["model=cnn", "dataset.image_size=8", "model.layers.2.pool_size=9"], "MaxPooling2D"),
        (["training.class_weights=[1,2]"], "one weight for each of the 10 classes"),
        (["validation=none", "training.restore_best_weights=true"], "holds nothing out"),
        (["training.initial_weights=nothing"], "the store has no runs yet"),
        (["model.layers.1.type=Dens"], "Unknown layer 'Dens'"),
        (
            ["schedule=cosine", "schedule.warmup_epochs=2"],
            "schedule.warmup_epochs: must be less than training.epochs",
        ),
        (["schedule=plateau", "validation=none"], "schedule=plateau looks at validation scores, but validation=none"),
        (
            ["schedule=plateau", "schedule.min_learning_rate=1"],
            "schedule.min_learning_rate: must be less than optimizer.learning_rate (0.001), got 1.",
        ),
        (["training.accumulate=100"], "training.accumulate: must be at most the number of batches of an epoch ("),
        (["tracking.uri=sqlite:////proc/x/mlflow.db"], "cannot be written"),
    ],
)
def test_bad_input_leaves_no_run(folder: Path, runs: Callable[[], list], overrides: list[str], line: str) -> None:
    with pytest.raises(UserError) as caught:
        train(compose([*SMALL, *overrides]))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert runs() == []


def test_data_that_are_not_there_leave_no_run(folder: Path, runs: Callable[[], list]) -> None:
    with pytest.raises(UserError, match="dataset.path=nothing.npz: there is no such file or folder."):
        train(compose(["dataset=npz", "dataset.path=nothing.npz"]))
    assert runs() == []


def test_the_rows_that_were_learnt_from_are_scored_as_keras_evaluates_them(folder: Path) -> None:
    import keras
    import mlflow

    from deeplab.data.hold_out import hold_out
    from deeplab.data.load import load

    overrides = ["model=cnn_dropout", "dataset.limit=200", "training.epochs=2", "tracking.plots=none"]
    composed = compose([*overrides, "training.score_training_rows=true"])
    result = train(composed)
    config = composed.config
    rows, _ = hold_out(load(config.dataset, folder), config.validation, config.seed)
    network = mlflow.keras.load_model(f"runs:/{result.run_id}/model")
    network.compile(loss=keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    loss, accuracy = network.evaluate(rows.inputs(slice(None)), np.eye(10)[rows.labels], verbose=0)
    assert result.final["training/loss"] == pytest.approx(loss, rel=1e-5)
    assert result.final["training/accuracy"] == pytest.approx(accuracy)
    assert result.final["training/accuracy"] > result.history.epochs[-1].metrics["train/accuracy"]
    assert "training/loss" not in train(compose([*overrides, "training.epochs=1"])).final
