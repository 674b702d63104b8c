"""Trainings whose configuration lists scores: what is measured, chosen by, stored and drawn."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as sklearn

from deeplab.config.compose import compose
from deeplab.config.identity import identity
from deeplab.data.splits import Split, Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import Interrupted, UserError
from deeplab.training.cache import TrainingCache
from deeplab.training.history import Epoch
from deeplab.workflows.prepare import prepare
from deeplab.workflows.resume import find_resume_point
from deeplab.workflows.train import RunObserver, RunResult, train

pytestmark = pytest.mark.slow

OF_CLASSES = (
    "f1_macro", "balanced_accuracy", "top_5_accuracy", "auc", "precision_macro", "recall_macro", "mcc", "kappa",
    "brier", "ece",
)  # fmt: skip
OF_VALUES = ("mae", "rmse", "r2", "mape")
TINY = ("dataset.image_size=8", "training.epochs=2", "training.checkpoint_seconds=0")
QUIET = ("tracking.plots=none", "tracking.save_model=none")


def listed(*names: str) -> str:
    return f"training.metrics=[{','.join(names)}]"


def left(result: RunResult, path: str) -> str:
    import mlflow

    return str(mlflow.artifacts.load_text(f"runs:/{result.run_id}/{path}"))


def plots(result: RunResult) -> set[str]:
    import mlflow

    return {Path(each.path).stem for each in mlflow.MlflowClient().list_artifacts(result.run_id, "plots")}


def network(result: RunResult) -> Any:
    import keras
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{result.run_id}/model"))
    return keras.saving.load_model(folder / "data" / "model.keras")


def of_classes(labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    said, two = outputs.argmax(axis=1), outputs.shape[1] == 2
    macro = {"average": "macro", "zero_division": 0}
    return {
        "f1_macro": sklearn.f1_score(labels, said, **macro),
        "balanced_accuracy": sklearn.balanced_accuracy_score(labels, said),
        "top_5_accuracy": 1.0 if two else sklearn.top_k_accuracy_score(labels, outputs, k=5),
        "auc": sklearn.roc_auc_score(labels, outputs[:, 1] if two else outputs, multi_class="ovr"),
        "precision_macro": sklearn.precision_score(labels, said, **macro),
        "recall_macro": sklearn.recall_score(labels, said, **macro),
        "mcc": sklearn.matthews_corrcoef(labels, said),
        "kappa": sklearn.cohen_kappa_score(labels, said),
        "brier": sklearn.brier_score_loss(labels, outputs[:, 1] if two else outputs),
        "ece": float(np.sum(np.abs(np.bincount(  # of the bin of each row
            np.ceil(15 * outputs.max(axis=1).astype(float)).astype(int), (said == labels) - outputs.max(axis=1)
        )))) / len(labels),
    }  # fmt: skip


@pytest.mark.parametrize("engine", ["keras", "compiled"])
def test_scores_of_a_training_are_those_of_scikit_learn_on_its_network(engine: str, folder: Path) -> None:
    composed = compose(["model=dense_relu", *TINY, f"training.engine={engine}", listed(*OF_CLASSES)])
    result, made = train(composed), prepare(composed.config, folder)
    trained = network(result)
    assert made.validation is not None
    last = result.history.epochs[-1].metrics
    for part, split in (("validation", made.validation), ("test", made.splits.test)):
        expected = of_classes(split.labels, trained.predict(split.inputs(slice(None)), verbose=0))
        for name, value in expected.items():
            assert result.final[f"{part}/{name}"] == pytest.approx(value, abs=1e-6), (part, name)
            assert part == "test" or last[f"val/{name}"] == result.final[f"validation/{name}"]
    assert {name for name in last if name.startswith("train/")} == {
        f"train/{name}" for name in ("loss", "accuracy", "top_5_accuracy", "brier")
    }
    rows = list(csv.reader(io.StringIO(left(result, "history.csv"))))[1:]
    assert {metric for _, _, metric, data in rows if data == "val"} == {"loss", "accuracy", *OF_CLASSES}
    (scores,) = csv.DictReader(io.StringIO(left(result, "score.csv")))
    assert list(scores)[:2] == ["loss", "acc"]
    assert {*scores} == {"loss", "acc", *OF_CLASSES}


def test_each_class_is_scored_as_by_scikit_learn_with_the_intervals_of_scipy(folder: Path) -> None:
    composed = compose(["model=dense_relu", *TINY])
    result, test = train(composed), prepare(composed.config, folder).splits.test
    said = network(result).predict(test.inputs(slice(None)), verbose=0).argmax(axis=1)
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(test.labels, said)
    lines = list(csv.DictReader(io.StringIO(left(result, "classes.csv"))))
    assert [line["class"] for line in lines] == list("0123456789")
    for number, line in enumerate(lines):
        values = [float(line[name]) for name in ("precision", "recall", "f1", "support")]
        assert values == pytest.approx([each[number] for each in (precision, recall, f1, support)], abs=1e-12)
        right = int(line["right"])
        for name, rows in (("precision", int((said == number).sum())), ("recall", int(line["rows"]))):
            interval = binomtest(right, rows).proportion_ci(method="wilson")
            assert [float(line[f"{name}_{end}"]) for end in ("low", "high")] == pytest.approx([*interval], abs=1e-12)
        assert [line[f"acc{end}"] for end in ("", "_low", "_high")] == [
            line[f"recall{end}"] for end in ("", "_low", "_high")
        ]
    assert plots(result) == {"confusion", "curves", "diagram", "filters", "mistakes"}


def two_classes(folder: Path) -> tuple[str, ...]:
    rng = np.random.default_rng(0)
    labels = (rng.uniform(size=400) < 0.2).astype(int)
    points = rng.normal(size=(400, 3)).astype(np.float32) + labels[:, np.newaxis]
    np.savez(folder / "two.npz", x_train=points[:300], y_train=labels[:300], x_test=points[300:], y_test=labels[300:])
    return "dataset=npz", f"dataset.path={folder / 'two.npz'}", "training.epochs=2", "model=mlp_64_64"


def test_figures_are_those_that_the_listed_scores_call_for(folder: Path) -> None:
    data = two_classes(folder)
    always = {"confusion", "curves", "diagram"}
    assert plots(train(compose([*data, listed("auc")]))) == {*always, "roc", "precision_recall"}
    result = train(compose([*data, listed(*OF_CLASSES)]))
    assert plots(result) == {*always, "roc", "precision_recall", "reliability"}
    test = prepare(compose(list(data)).config, folder).splits.test
    expected = of_classes(test.labels, network(result).predict(test.inputs(slice(None)), verbose=0))
    assert {name: result.scores[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert plots(train(compose([*TINY, "model=dense_relu", listed("auc", "ece")]))) >= {"reliability"}
    assert not plots(train(compose([*TINY, "model=dense_relu", listed("auc")]))) & {"roc", "reliability"}


def with_values(count: int) -> Callable[..., Splits]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)).astype(np.float32)
    y = (x @ rng.normal(size=(4, count)) + 5).astype(np.float32)
    names = tuple(f"height {number}" for number in range(count)) if count > 1 else ()
    whole = Split.whole(x, y if count > 1 else y[:, 0])
    info = DatasetInfo("values", (4,), 0, (), "0" * 64, 1.0, names)
    return lambda *_: Splits(whole.subset(slice(0, 240)), whole.subset(slice(240, 300)), info)


@pytest.mark.parametrize("count", [1, 3])
def test_values_have_scores_a_table_and_figures(count: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deeplab.workflows.prepare.load", with_values(count))
    layers = "model.layers=[{type: Dense, units: 8, activation: relu}, {type: Dense, units: num_targets}]"
    overrides = ["model=playground", layers, "training.epochs=2", listed(*OF_VALUES)]
    result = train(compose(overrides))
    test = with_values(count)().test
    targets = test.labels.reshape(60, count).astype(np.float64)
    said = network(result).predict(test.inputs(slice(None)), verbose=0).astype(np.float64)
    functions = {
        "mae": sklearn.mean_absolute_error,
        "rmse": sklearn.root_mean_squared_error,
        "r2": sklearn.r2_score,
        "mape": sklearn.mean_absolute_percentage_error,
    }
    for name, function in functions.items():
        assert result.scores[name] == pytest.approx(function(targets, said), abs=1e-6)
        assert len(result.history.values(f"val/{name}")) == 2
    lines = list(csv.DictReader(io.StringIO(left(result, "targets.csv"))))
    assert [line["target"] for line in lines] == ([f"height {n}" for n in range(count)] if count > 1 else ["value"])
    for name in ("mae", "rmse", "r2"):
        each = functions[name](targets, said, multioutput="raw_values")
        assert [float(line[name]) for line in lines] == pytest.approx([*each], abs=1e-6)
    assert plots(result) == {"curves", "diagram", "predicted", "residuals"}


class Stop(RunObserver):
    def epoch_ended(self, epoch: Epoch) -> None:
        if epoch.number == 3:
            raise KeyboardInterrupt


def test_a_listed_score_stops_early_keeps_the_best_and_survives_being_killed(folder: Path) -> None:
    overrides = [
        *("model=mlp_64_64", "dataset.limit=150", *TINY, *QUIET, "training.epochs=60", "optimizer.learning_rate=0.3"),
        *("optimizer=sgd", "training.monitor=mcc", "training.early_stopping_patience=3"),
        "training.restore_best_weights=true",
    ]
    undisturbed = train(compose(overrides))
    values = undisturbed.history.values("val/mcc")
    best = int(np.argmax(values))
    assert len(values) == best + 4 < 60
    assert undisturbed.final["validation/mcc"] == values[best]
    with pytest.raises(Interrupted):
        train(compose(overrides), [Stop()])
    found = find_resume_point("latest", (), None)
    resumed = train(found.composed, [], found)
    assert resumed.scores == undisturbed.scores
    histories = [list(each.history.long_form()) for each in (undisturbed, resumed)]
    assert histories[0] == histories[1]


@pytest.mark.long
def test_trainings_that_share_what_is_compiled_are_scored_as_if_they_did_not(folder: Path) -> None:
    overrides = ["model=mlp_64_64", "dataset.limit=150", *TINY, *QUIET, "training.engine=compiled", listed(*OF_CLASSES)]
    cache = TrainingCache()

    def scores(seed: int, cache: TrainingCache | None) -> list[Any]:
        result = train(compose([*overrides, f"seed={seed}"]), cache=cache)
        return [*(row for row in result.history.long_form()), *result.scores.items()]

    alone = [scores(seed, None) for seed in (1, 2)]
    assert [scores(seed, cache) for seed in (1, 2, 1)] == [*alone, alone[0]]
    assert alone[0] != alone[1]


def test_what_is_chosen_by_is_measured() -> None:
    assert compose(["training.monitor=f1_macro"]).config.training.metrics == ("f1_macro",)
    assert compose([listed("auc"), "sweep.metric=test/ece", "training.monitor=kappa"]).config.training.metrics == (
        *("auc", "kappa", "ece"),
    )
    assert compose(["training.monitor=accuracy", "sweep.metric=val/loss"]).config.training.metrics == ()
    assert "metrics" not in identity(compose([]).values)["training"]
    assert identity(compose([listed("auc")]).values)["training"]["metrics"] == ["auc"]


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ([listed("f1_marco")], r"training.metrics\[0\]: must be 'f1_macro', .* or 'mape', got \"f1_marco\". "
                               r"Did you mean 'f1_macro'\?"),
        ([listed("auc", "acuracy")], r"training.metrics\[1\]: must be .*, got \"acuracy\""),
        ([listed("auc", "accuracy")], r"training.metrics\[1\]: must be a score that is not measured anyway, got "),
        ([listed("auc", "auc")], r"training.metrics: must name each score once, got \[\"auc\", \"auc\"\]"),
        (["training.metrics=auc"], r"training.metrics: must be a list, got \"auc\". A list has brackets: \[auc\]"),
        (["training.monitor=f1"], r"training.monitor: must be 'accuracy', 'loss', 'f1_macro', .*, got \"f1\""),
        ([listed("mae")], "training.metrics: there is no mae of a network for classification on these rows; "
                          f"there are {', '.join(OF_CLASSES)}."),
        (["model=playground", "dataset=bumps", listed("f1_macro")], "training.metrics: there is no f1_macro of a "
         r"network for regression on these rows; there are mae, rmse, r2, mape\."),
        (["model=playground", "dataset=circle", listed("ece")], "there are f1_macro, balanced_accuracy, auc, "
         "precision_macro, recall_macro, mcc, kappa, mae, rmse, r2, mape."),
        (["model=autoencoder", listed("r2")], "no r2 of a network for reconstruction on these rows; there is none to "),
        (["training.monitor=r2"], "training.monitor: there is no r2 of a network for classification on these rows; "),
    ],
)  # fmt: skip
def test_a_score_that_there_is_not_is_one_line(overrides: list[str], line: str) -> None:
    with pytest.raises(UserError, match=line):
        prepare(compose([*overrides, "dataset.limit=100"]).config, Path())
