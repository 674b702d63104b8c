"""`deeplab reproduce`: the same to the bit, within what replicates scatter, or different and why."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import mlflow
import numpy as np
import pytest
from scipy import stats

from deeplab.config.compose import compose
from deeplab.evaluation.statistics import prediction_interval
from deeplab.runs.replicates import ReplicateSpread
from deeplab.workflows.recording import ParentRun
from deeplab.workflows.reproduce import held_against
from deeplab.workflows.train import train

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]
Runs = Callable[[], list]
SMALL = (
    *("model=dense_relu", "dataset.image_size=8", "dataset.limit=200", "training.epochs=2"),
    *("optimizer=adam", "tracking.plots=none"),
)


def rewrite(run_id: str, path: str, change: Callable[[str], str], folder: Path) -> None:
    (file,) = folder.glob(f"mlruns/**/{run_id}/artifacts/{path}")
    file.write_text(change(file.read_text()))


def test_a_run_comes_out_the_same_to_the_bit(cli: Cli, folder: Path, runs: Runs) -> None:
    first = train(compose([*SMALL, "name=first"]))
    begun = train(compose([*SMALL, "name=second", "training.initial_weights=latest"]))
    status, out, err = cli("reproduce", "second")
    assert (status, err) == (0, "")
    assert "history: the same to the bit\nscores: the same to the bit\nweights: the same to the bit\n" in out
    again = runs()[0]
    assert f"run second ({begun.run_id[:8]}), again {again.info.run_id}: identical to the bit" in out
    assert "nothing that is kept of a run has changed" in out
    assert again.info.run_name == "second again"
    tags = again.data.tags
    assert (tags["deeplab.reproduces"], tags["deeplab.reproduction"]) == (begun.run_id, "identical")
    # `latest` has become another run since; the weights are still those of the first
    assert tags["deeplab.initial_weights"] == first.run_id
    assert again.data.metrics["test/loss"] == begun.scores["loss"]


def test_what_is_different_names_what_changed(cli: Cli, folder: Path, runs: Runs) -> None:
    rng = np.random.default_rng(0)

    def write() -> None:
        x, y = rng.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 2
        np.savez("mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)

    write()
    before = train(compose(["model=mlp_64_64", "dataset=npz", "dataset.path=mine.npz", "tracking.save_model=none"]))
    rewrite(before.run_id, "packages.txt", lambda text: re.sub("numpy==.*", "numpy==1.0", text), folder)
    client = mlflow.MlflowClient(before.place.uri)
    client.set_tag(before.run_id, "deeplab.threads", "77")
    write()
    status, out, err = cli("reproduce", "latest")
    assert (status, err) == (1, "")
    assert "history: not the same to the bit" in out
    assert "weights: not kept, not compared" in out
    old, new = (run.data.tags["deeplab.dataset_sha256"][:12] for run in reversed(runs()))
    assert f"  data: {old}, now {new}\n" in out
    assert re.search(r"  threads: 77, now \d+\n", out)
    assert re.search(r"  numpy: 1.0, now 2\.", out)
    assert out.rstrip().endswith(": different")
    assert runs()[0].data.tags["deeplab.reproduction"] == "different"


@pytest.mark.parametrize(("accuracies", "verdict"), [((0.05, 0.95), "within"), ((0.0, 0.0001), "different")])
def test_a_trial_is_held_against_its_replicates(
    cli: Cli, folder: Path, runs: Runs, accuracies: tuple[float, float], verdict: str
) -> None:
    """The replicates' metrics are set by hand: what is tested is what is made of them."""
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment_id = client.create_experiment("deeplab", artifact_location=(folder / "mlruns").as_uri())
    parent = client.create_run(experiment_id, tags={"deeplab.kind": "sweep"}, run_name="sweep").info.run_id
    trial = train(compose(list(SMALL)), parent=ParentRun(parent, "point #1", {"deeplab.point": "0"}))
    rewrite(trial.run_id, "history.csv", lambda text: text.replace("0.", "0.1", 1), folder)
    for point, accuracy in (("0", accuracies[0]), ("0", accuracies[1]), ("1", -9.0)):
        other = client.create_run(experiment_id, tags={"mlflow.parentRunId": parent, "deeplab.point": point})
        for name, value in trial.final.items():
            client.log_metric(other.info.run_id, name, accuracy if name.endswith("accuracy") else value)
        client.set_terminated(other.info.run_id)
    client.log_metric(trial.run_id, "test/accuracy", accuracies[0], step=9)
    client.log_metric(trial.run_id, "validation/accuracy", accuracies[0], step=9)
    status, out, err = cli("reproduce", trial.run_id)
    assert (status, err) == ({"within": 0, "different": 1}[verdict], "")
    assert re.search(r"test/accuracy .* 3 +\d+\.\d{6} *\n", out)
    assert {"within": "within the 95 % prediction intervals of its replicates", "different": ": different"}[
        verdict
    ] in out
    again = runs()[0].data.tags
    assert (again["deeplab.reproduction"], again["deeplab.kind"]) == (verdict, "train")
    refused = cli("reproduce", parent[:12])
    assert refused.status == 2
    assert "is a sweep, which has no network of its own. Give one of its trials: deeplab status" in refused.err


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_one_more_number_is_held_as_scipy_says(count: int) -> None:
    """In SciPy's words: t with n - 1 degrees of freedom, as wide as the spread of mean and new number together."""
    deviation = 0.004
    expected = stats.t(count - 1, scale=deviation * math.sqrt(1 + 1 / count)).interval(0.95)
    assert prediction_interval(deviation, count) == pytest.approx(expected[1], rel=1e-12)
    assert prediction_interval(deviation, count) == pytest.approx(-expected[0], rel=1e-12)


def held(scores: np.ndarray) -> bool:
    """Whether the last row of some made-up scores is called within what the rows before it scatter."""
    before, again = scores[:-1], scores[-1]
    spreads = [ReplicateSpread(fmean(column), stdev(column), len(column)) for column in before.T.tolist()]
    found = [held_against("x", 0, new, spread, len(spreads)) for new, spread in zip(again, spreads, strict=True)]
    return all(score.is_within for score in found)


@pytest.mark.parametrize(
    ("replicates", "scores", "least", "most"), [(3, 1, 0.94, 0.96), (3, 4, 0.94, 0.96), (5, 2, 0.94, 0.96)]
)
def test_a_faithful_run_is_held_as_often_as_is_stated(replicates: int, scores: int, least: float, most: float) -> None:
    """With one score and three replicates three standard deviations hold 0.88 of them, as SciPy confirms."""
    assert 2 * stats.t(2).cdf(3 / math.sqrt(4 / 3)) - 1 == pytest.approx(0.878, abs=0.001)
    rng = np.random.default_rng(7)
    drawn = rng.normal(0.98, 0.002, size=(4000, replicates + 1, scores))
    assert least < fmean(held(each) for each in drawn) < most


def test_replicates_that_are_all_equal_hold_what_is_equal_to_them_alone() -> None:
    none = ReplicateSpread(0.5, 0.0, 3)
    assert held_against("x", 0.5, 0.5, none, 4).is_within
    assert not held_against("x", 0.5, 0.5 + 1e-9, none, 4).is_within


def test_what_cannot_be_done_again_is_one_line_and_leaves_no_run(cli: Cli, folder: Path, runs: Runs) -> None:
    killed = train(compose([*SMALL, "name=killed"]))
    mlflow.MlflowClient(killed.place.uri).set_terminated(killed.run_id, "KILLED")
    gone = train(compose([*SMALL, "name=gone"]))
    (file,) = folder.glob(f"mlruns/**/{gone.run_id}/artifacts/config.yaml")
    file.unlink()
    for words, line in (
        (("killed",), "is KILLED; only a finished run has scores to be reproduced"),
        (("gone",), "has no config.yaml: it ended too early, or the file was deleted"),
        (("nothing",), "There is no run 'nothing'"),
        (("gone", "training.epochs=3"), "'training.epochs=3': deeplab reproduce takes nothing more than the run"),
    ):
        status, out, err = cli("reproduce", *words)
        assert (status, out) == (2, ""), err
        assert line in err
        assert err.count("\n") == 1
    assert len(runs()) == 2
