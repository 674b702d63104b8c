"""`deeplab evaluate` on a network's own test set and on others."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.data.load import load

Use = Callable[..., Any]


@pytest.fixture
def evaluations(trained: Any) -> Callable[[], list]:
    """The evaluations in the store, the newest first."""
    client = mlflow.MlflowClient(trained.uri.removeprefix("tracking.uri="))
    experiment = client.get_experiment_by_name("deeplab")
    return lambda: list(client.search_runs([experiment.experiment_id], "tags.`deeplab.kind` = 'evaluate'"))


def logged(trained: Any, run: Any, path: str) -> list[dict[str, str]]:
    file = mlflow.artifacts.download_artifacts(
        f"runs:/{run.info.run_id}/{path}", tracking_uri=trained.uri.removeprefix("tracking.uri=")
    )
    return list(csv.DictReader(Path(file).read_text().splitlines()))


def test_its_own_test_set_gives_the_scores_of_the_training(
    use: Use, trained: Any, evaluations: Callable[[], list]
) -> None:
    status, out, err = use("evaluate", "digits")
    assert (status, err) == (0, "")
    client = mlflow.MlflowClient(trained.uri.removeprefix("tracking.uri="))
    source = client.get_run(trained.ids["digits"])
    run = evaluations()[0]
    assert (run.info.status, run.info.run_name) == ("FINISHED", "digits on digits")
    assert run.data.tags["deeplab.source"] == trained.ids["digits"]
    assert run.data.tags["deeplab.dataset_sha256"] == source.data.tags["deeplab.dataset_sha256"]
    for name in ("test/loss", "test/accuracy"):
        assert run.data.metrics[name] == pytest.approx(source.data.metrics[name], abs=1e-6)
    low, high = run.data.metrics["test/accuracy_low"], run.data.metrics["test/accuracy_high"]
    assert low < run.data.metrics["test/accuracy"] < high
    assert f"accuracy {run.data.metrics['test/accuracy']:.4f}, 95 % interval {low:.4f} to {high:.4f}" in out
    assert "on digits (its own test set): loss " in out
    (scores,) = logged(trained, run, "score.csv")
    assert list(scores) == ["loss", "acc", "acc_low", "acc_high"]
    classes = logged(trained, run, "classes.csv")
    assert [row["class"] for row in classes] == list("0123456789")
    right, rows = (sum(int(row[key]) for row in classes) for key in ("right", "rows"))
    assert right / rows == run.data.metrics["test/accuracy"]
    names = {item.path for item in client.list_artifacts(run.info.run_id, "plots")}
    assert names == {"plots/confusion.png"}


def test_other_scores_can_be_asked_for_than_the_training_listed(
    use: Use, trained: Any, evaluations: Callable[[], list]
) -> None:
    status, out, err = use("evaluate", "digits", "training.metrics=[f1_macro,ece]", "dataset.limit=100")
    assert (status, err) == (0, "")
    run = evaluations()[0]
    classes = logged(trained, run, "classes.csv")
    f1 = [float(row["f1"]) for row in classes if row["support"] != "0"]
    assert run.data.metrics["test/f1_macro"] == pytest.approx(np.mean(f1), abs=1e-12)
    assert f"f1_macro {np.mean(f1):.4f}, ece {run.data.metrics['test/ece']:.4f}" in out
    first = classes[0]
    shown = f"{float(first['precision']):.4f} +{float(first['f1']):.4f}"
    assert re.search(rf"^0 .* {shown} *$", out, re.MULTILINE)
    client = mlflow.MlflowClient(trained.uri.removeprefix("tracking.uri="))
    names = {item.path for item in client.list_artifacts(run.info.run_id, "plots")}
    assert names == {"plots/confusion.png", "plots/reliability.png"}
    status, _, err = use("evaluate", "digits", "training.metrics=[rmse]")
    line = "training.metrics: there is no rmse of a network for classification on these rows; there are f1_macro, "
    assert (status, line in err) == (2, True)


def test_other_rows_of_the_same_kind_are_scored_too(
    use: Use, trained: Any, evaluations: Callable[[], list], tmp_path: Path
) -> None:
    test = load(compose(["dataset.image_size=12"]).config.dataset, Path()).test
    images, labels = test.images(slice(100)), test.labels[:100]
    files = {"right": labels, "wrong": (labels + 1) % 10}
    for name, y in files.items():
        np.savez(tmp_path / f"{name}.npz", x_train=images, y_train=y, x_test=images, y_test=y)
    for name in files:
        status, out, _ = use("evaluate", "digits", "dataset=npz", f"dataset.path={name}.npz")
        assert status == 0
        assert "on npz (not the data it was trained and tested on)" in out
    wrong, right = evaluations()[:2]
    assert right.data.params["dataset.path"] == "right.npz"
    assert right.data.metrics["test/accuracy"] > 0.5 > wrong.data.metrics["test/accuracy"]
    assert use("evaluate", "digits", "dataset.limit=50").status == 0
    assert sum(int(row["rows"]) for row in logged(trained, evaluations()[0], "classes.csv")) == 50


def test_an_evaluation_stands_for_the_run_that_it_scored(use: Use, evaluations: Callable[[], list]) -> None:
    use("evaluate", "photos")
    _, out, _ = use("evaluate", evaluations()[0].info.run_id[:12])
    assert "run photos (" in out


def test_what_gives_images_back_is_scored_by_their_pixels(
    use: Use, trained: Any, evaluations: Callable[[], list]
) -> None:
    status, out, _ = use("evaluate", "denoiser")
    assert status == 0
    found = evaluations()[0].data.metrics
    source = mlflow.MlflowClient(trained.uri.removeprefix("tracking.uri=")).get_run(trained.ids["denoiser"])
    for name in ("test/loss", "test/mse", "test/psnr"):
        assert found[name] == pytest.approx(source.data.metrics[name], abs=1e-6)
    assert f"mse {found['test/mse']:.4f}, psnr {found['test/psnr']:.4f}\n" in out
    assert use("evaluate", "denoiser", "noise.level=0.9").status == 0
    noisier = evaluations()[0]
    assert noisier.data.params["noise.level"] == "0.9"
    assert re.fullmatch(r"denoiser on digits, [a-z ]+ 0\.9", noisier.info.run_name)
    assert noisier.data.metrics["test/mse"] != found["test/mse"]


def test_rows_that_do_not_fit_are_one_line_and_leave_no_run(
    use: Use, evaluations: Callable[[], list], tmp_path: Path
) -> None:
    x, y = np.zeros((20, 12, 12), np.uint8), np.arange(20) % 10
    np.savez(tmp_path / "floats.npz", x_train=x / 255, y_train=y, x_test=x / 255, y_test=y)
    np.savez(tmp_path / "two.npz", x_train=x, y_train=y % 2, x_test=x, y_test=y % 2)
    np.savez(tmp_path / "other.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    names = "dataset.class_names=[a,b,c,d,e,f,g,h,i,j]"
    before = len(evaluations())
    for words, line in (
        (
            ("digits", "dataset.image_size=8"),
            "takes rows of shape 12x12x1, those of digits have 8x8x1. Give dataset.im",
        ),
        (
            ("digits", "dataset=npz", "dataset.path=floats.npz"),
            "takes bytes as digits has them; the rows of npz are fl",
        ),
        (("digits", "dataset=npz", "dataset.path=two.npz"), "knows 10 classes, npz has 2"),
        (("digits", "dataset=npz", "dataset.path=other.npz", names), "calls class 0 '0', npz calls it 'a'. dataset.cl"),
        (("digits", "dataset=npz", "dataset.path=none.npz"), "there is no such file"),
        (("digits", "dataset=mnits"), "Unknown dataset 'mnits'. Did you mean 'mnist'?"),
        (("digits", "dataset.lmit=3"), "Unknown key 'lmit' in dataset. Did you mean 'limit'?"),
        (("digits", "dataset.limit=-3"), "dataset.limit: must be"),
        (("digits", "seed=3"), "Override 'seed=3': an evaluation can change nothing but dataset"),
        (("unsaved",), "has no dataset.json"),
        (("nothing",), "There is no run 'nothing'"),
    ):
        status, out, err = use("evaluate", *words)
        assert (status, out) == (2, ""), err
        assert line in err
        assert err.count("\n") == 1
    assert len(evaluations()) == before
