"""A network for values in every command: nothing in them waits for classes."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import Outcome

from deeplab.config.compose import compose
from deeplab.data.input_spec import InputSpec
from deeplab.data.load import load
from deeplab.dataset_info import DatasetInfo, Standardization
from deeplab.evaluation.kept_predictions import from_npz
from deeplab.report.provenance import _data
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.store import open_existing
from deeplab.workflows.export import export as export_module
from deeplab.workflows.trained_run import find_trained_run

pytestmark = pytest.mark.slow
Cli = Callable[..., Outcome]
QUICK = ("model=mlp", "model.units=[8,4]", "training.epochs=3", "optimizer=adam", "tracking.plots=none")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> str:
    """A store with a run named values, of values without a name, and one named diabetes."""
    from deeplab.workflows.train import train

    folder = tmp_path_factory.mktemp("values")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    uri = f"tracking.uri=sqlite:///{folder / 'mlflow.db'}"
    for name, dataset in (("diabetes", "diabetes"), ("values", "bumps")):
        train(compose([*QUICK, f"dataset={dataset}", "training.standardize_targets=true", f"name={name}", uri]))
    return uri


@pytest.fixture
def use(store: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return lambda *words: cli(*words, store)


@pytest.mark.parametrize(
    ("name", "dataset", "learned"),
    [("values", "bumps", "bumps, rows of 2, values"), ("diabetes", "diabetes", "rows of 10, values (progression)")],
)
def test_it_is_shown_scored_explained_exported_and_compared_without_an_accuracy(
    use: Cli, name: str, dataset: str, learned: str
) -> None:
    shown = use("show", name)
    assert "test loss" in shown.out
    assert learned in shown.out
    scored = use("evaluate", name)
    assert re.search(rf"on {dataset} \(its own test set\): loss \d\.\d{{4}}\n", scored.out)
    explained = use("explain", name, "3")
    assert re.search(r"says -?\d+\.\d{4}; it is -?\d", explained.out)
    exported = use("export", name, "--to", "tflite")
    assert "loaded again and asked about 64 random rows and 64 test rows" in exported.out
    listed = use("runs")
    assert re.search(rf"{name} +train +{dataset} +mlp +finished", listed.out)
    repeated = use("reproduce", name)
    assert "identical to the bit" in repeated.out
    compared = use("compare", name, "latest")
    assert "compare-" in compared.out
    html = use("report", name, "--out", "page.html")
    for outcome in (shown, scored, explained, exported, listed, repeated, compared, html):
        assert (outcome.status, outcome.err) == (0, "")
        assert "accuracy" not in outcome.out
    page = Path("page.html").read_text()
    assert "0 classes" not in page
    assert "accuracy" not in page.lower()


@pytest.mark.parametrize(
    ("dataset", "line"),
    [
        ("circle", "gives values, and the rows of circle have classes."),
        ("npz", "gives values, and the rows of npz have classes."),
    ],
)
def test_it_is_not_scored_on_classes(use: Cli, dataset: str, line: str) -> None:
    x, y = np.zeros((4, 10)), np.arange(4) % 2
    np.savez("mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    rows = [f"dataset={dataset}", *(["dataset.path=mine.npz"] if dataset == "npz" else [])]
    outcome = use("evaluate", "diabetes" if dataset == "npz" else "values", *rows)
    assert outcome.status == 2
    assert line in outcome.err
    assert outcome.err.count("\n") == 1


def test_what_gives_classes_is_told_of_it(use: Cli) -> None:
    for words, line in (
        (("noise", "--classifier", "values", "--levels", "0.1"), "takes a network for classification"),
        (("generate", "values", "--around", "3"), "takes a network for reconstruction; that of run values"),
        (("sweep", *QUICK, "dataset=bumps", "seed=1,2", "sweep.metric=val/accuracy"), "sweep.metric=val/accuracy"),
    ):
        outcome = use(*words)
        assert outcome.status == 2
        assert line in outcome.err
        assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"class_names": ["a", "b"]}, "2 classes"),
        ({"class_names": []}, "values"),
        ({"class_names": [], "target_names": ["price"]}, "values (price)"),
        ({"class_names": [], "target_names": list("abcde")}, "values (a, b, c and 2 more)"),
    ],
)
def test_a_page_says_what_is_learned(monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], words: str) -> None:
    content = json.dumps({"name": "t", "input_shape": [3], **facts}).encode()
    monkeypatch.setattr("deeplab.report.provenance.read_artifact", lambda *_: content)
    assert list(_data(None, [None])) == [("data", f"t, rows of 3, {words}")]  # type: ignore[arg-type, list-item]


def test_differences_of_large_values_are_shares_of_the_largest_and_those_of_small_ones_are_not() -> None:
    ours, theirs = np.array([[2e6, 0.25], [1e6, 0.5]]), np.array([[2e6 + 1, 0.25], [1e6, 0.25]])
    assert export_module._difference(ours[:1], theirs[:1]) == pytest.approx(5e-7, rel=1e-3)
    assert export_module._difference(ours, theirs) == 0.25


def test_random_points_are_like_the_features_that_the_network_knows() -> None:
    by = Standardization((1900.0, 0.1), (30.0, 0.01))
    info = DatasetInfo("table", (2,), 0, (), "", 1.0, inputs=by)
    rows = export_module._random_examples(InputSpec(info, 0.05, 2000.0, None))
    assert rows.shape == (export_module.EXAMPLES, 2)
    assert 1810 <= rows[:, 0].min() < 1850
    assert 1950 < rows[:, 0].max() <= 1990
    assert 0.07 <= rows[:, 1].min() < rows[:, 1].max() <= 0.13


@pytest.mark.long
def test_a_sweep_and_a_search_choose_by_the_validation_loss(use: Cli) -> None:
    common = (*QUICK, "dataset=bumps", "dataset.limit=64", "launcher.workers=1")
    swept = use("sweep", *common, "model.dropout=0,0.3", "sweep.metric=val/loss", "name=swept")
    searched = use(
        "sweep", *common, "optimizer.learning_rate=interval(1e-3,1e-1)", "--search", "random", "--trials", "2"
    )
    for outcome in (swept, searched):
        assert (outcome.status, outcome.err) == (0, "")
        assert "val loss" in outcome.out or "val/loss" in outcome.out
        assert "acc" not in outcome.out
    assert re.search("Best by .*validation loss", use("show", "swept").out)


def test_what_it_gave_for_each_test_row_is_kept(store: str) -> None:
    tracked = open_existing(compose([store]).config.tracking)
    for name in ("diabetes", "values"):
        trained = find_trained_run(tracked, name)
        kept = from_npz(read_artifact(tracked, trained.run, "predictions.npz") or b"")
        splits = load(trained.composed().config.dataset, tracked.place.work_folder, trained.facts().table)
        given = trained.network().predict(splits.test.inputs(slice(None)), verbose=0)
        np.testing.assert_allclose(kept.predicted, given, rtol=1e-4, atol=1e-5)
        assert kept.labels.tolist() == splits.info.numbers(splits.test.labels).tolist()
        assert kept.predicted.dtype == np.float32
