"""Every score that `training.metrics` may list, against scikit-learn, Keras, and a plain line of NumPy."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn
from sklearn.exceptions import UndefinedMetricWarning

from deeplab.evaluation.class_scores import calibration, most_likely
from deeplab.metrics import METRICS, Metric, optional

RNG = np.random.default_rng(0)
Rows = tuple[np.ndarray, np.ndarray]  # labels [n] and probabilities [n, classes]; or values and predictions [n, k]


def probabilities(count: int, classes: int, shares: list[float] | None = None, sharpness: float = 2.0) -> Rows:
    """Labels with these shares, and probabilities that often say them."""
    labels = RNG.choice(classes, count, p=shares)
    logits = RNG.normal(size=(count, classes)) + sharpness * np.eye(classes)[labels]
    exponents = np.exp(logits)
    return labels, (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)


def never_predicted() -> Rows:
    labels, outputs = probabilities(300, 4)
    outputs[:, 2] *= 1e-3
    return labels, outputs / outputs.sum(axis=1, keepdims=True)


def without_rows() -> Rows:
    labels, outputs = probabilities(300, 5)
    return np.where(labels == 3, 0, labels), outputs


def tied() -> Rows:
    labels = RNG.integers(0, 8, 300)
    counts = RNG.integers(0, 3, (300, 8)) + np.eye(8, dtype=int)[labels]
    return labels, (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)


CLASSES: dict[str, Rows] = {
    "ten classes": probabilities(1000, 10),
    "imbalanced": probabilities(500, 3, [0.9, 0.08, 0.02]),
    "a class never predicted": never_predicted(),
    "a class without rows": without_rows(),
    "ties": tied(),
    "two classes": probabilities(400, 2),
    "two imbalanced classes": probabilities(400, 2, [0.97, 0.03]),
    "all right": (np.arange(12) % 6, np.eye(6, dtype=np.float32)[np.arange(12) % 6]),
    "all the same said": (np.arange(12) % 3, np.tile(np.float32([0.2, 0.5, 0.3]), (12, 1))),
}
VALUES: dict[str, Rows] = {
    "one value": (RNG.normal(size=(200, 1)), RNG.normal(size=(200, 1))),
    "three values": (RNG.normal(size=(200, 3)) * [1, 10, 100], RNG.normal(size=(200, 3)) * [1, 10, 100]),
    "far from 0": (250_000 + RNG.normal(size=(200, 2)), 250_000 + RNG.normal(size=(200, 2))),
    "a constant value": (np.tile([1.0, 2.0], (50, 1)), np.stack([np.ones(50), RNG.normal(size=50)], axis=1)),
    "a value of 0": (np.array([[0.0], [1.0], [2.0]]), np.array([[0.5], [1.5], [2.0]])),
    "all right": (np.arange(5.0)[:, np.newaxis], np.arange(5.0)[:, np.newaxis]),
}


def auc(labels: np.ndarray, outputs: np.ndarray) -> float:
    if outputs.shape[1] == 2:
        return float(sklearn.roc_auc_score(labels, outputs[:, 1]))
    if len(np.unique(labels)) == outputs.shape[1]:
        return float(sklearn.roc_auc_score(labels, outputs, multi_class="ovr", average="macro"))
    # scikit-learn has none where a class has no rows: the mean over the others.
    return float(np.mean([sklearn.roc_auc_score(labels == each, outputs[:, each]) for each in np.unique(labels)]))


def top_5(labels: np.ndarray, outputs: np.ndarray) -> float:
    classes = np.arange(outputs.shape[1])
    scores = outputs if len(classes) > 2 else outputs[:, 1]
    return float(sklearn.top_k_accuracy_score(labels, scores, k=5, labels=classes))


def brier(labels: np.ndarray, outputs: np.ndarray) -> float:
    """Of two classes the squared error of one probability, of several the sum over all of them."""
    if outputs.shape[1] == 2:
        return float(sklearn.brier_score_loss(labels, outputs[:, 1]))
    return float(sklearn.brier_score_loss(labels, outputs, labels=np.arange(outputs.shape[1])))


def ece(labels: np.ndarray, outputs: np.ndarray) -> float:
    sure, right, total = outputs.max(axis=1).astype(float), outputs.argmax(axis=1) == labels, 0.0
    for low, high in zip(np.linspace(0, 1, 16)[:-1], np.linspace(0, 1, 16)[1:], strict=True):
        inside = (sure > low) & (sure <= high)
        total += abs(right[inside].sum() - sure[inside].sum()) / len(labels)
    return total


def of_predicted(function: Callable[..., Any], **more: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda labels, outputs: float(function(labels, outputs.argmax(axis=1), **more))


TRUTH: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "f1_macro": of_predicted(sklearn.f1_score, average="macro", zero_division=0),
    "balanced_accuracy": of_predicted(sklearn.balanced_accuracy_score),
    "top_5_accuracy": top_5,
    "auc": auc,
    "precision_macro": of_predicted(sklearn.precision_score, average="macro", zero_division=0),
    "recall_macro": of_predicted(sklearn.recall_score, average="macro", zero_division=0),
    "mcc": of_predicted(sklearn.matthews_corrcoef),
    "kappa": of_predicted(sklearn.cohen_kappa_score),
    "brier": brier,
    "ece": ece,
    "mae": sklearn.mean_absolute_error,
    "rmse": sklearn.root_mean_squared_error,
    "r2": sklearn.r2_score,
    "mape": sklearn.mean_absolute_percentage_error,
}
OF_CLASSES = [each.name for each in optional() if "classification" in each.tasks]
OF_VALUES = [each.name for each in optional() if "classification" not in each.tasks]


def measured(metric: Metric, targets: np.ndarray, outputs: np.ndarray) -> float:
    if metric.of_all:
        return metric.value_of_all(targets, outputs)
    values = metric.values(targets, __import__("tensorflow").constant(outputs))
    assert values.shape == (len(targets),)
    return float(np.mean(values.numpy(), dtype=np.float64))


def test_every_listed_score_is_held_against_another_program() -> None:
    assert TRUTH.keys() == {each.name for each in optional()}
    assert len(OF_CLASSES) + len(OF_VALUES) == len(TRUTH) == 14


@pytest.mark.parametrize("rows", CLASSES)
@pytest.mark.parametrize("name", OF_CLASSES)
def test_scores_of_classes_are_those_of_scikit_learn(name: str, rows: str) -> None:
    labels, outputs = CLASSES[rows]
    with warnings.catch_warnings():
        for text in (
            "y_pred contains classes not in y_true",
            "'k' .* greater than or equal to 'n_classes'",
            ".*than 50",
        ):
            warnings.filterwarnings("ignore", text)
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        expected = TRUTH[name](labels, outputs)
    targets = np.eye(outputs.shape[1], dtype=np.float32)[labels]
    assert measured(METRICS[name], targets, outputs) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rows", VALUES)
@pytest.mark.parametrize("name", OF_VALUES)
def test_scores_of_values_are_those_of_scikit_learn(name: str, rows: str) -> None:
    targets, outputs = (each.astype(np.float32) for each in VALUES[rows])
    expected = TRUTH[name](targets.astype(np.float64), outputs.astype(np.float64))
    assert measured(METRICS[name], targets, outputs) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in OF_CLASSES if METRICS[name].of_all and name != "ece"])
def test_a_network_of_one_number_has_the_scores_of_its_two_classes(name: str) -> None:
    labels, outputs = CLASSES["two imbalanced classes"]
    number = outputs[:, 1:] - outputs[:, :1]
    alike = METRICS[name].value_of_all(np.float32(labels * 2 - 1)[:, np.newaxis], number)
    assert alike == pytest.approx(TRUTH[name](labels, outputs), abs=1e-6)


def test_scores_are_those_of_keras_where_it_has_them() -> None:
    import keras

    labels, outputs = CLASSES["ten classes"]
    targets = np.eye(10, dtype=np.float32)[labels]
    kinds = {
        "f1_macro": keras.metrics.F1Score(average="macro"),
        "top_5_accuracy": keras.metrics.TopKCategoricalAccuracy(k=5),
    }
    values, given = (each.astype(np.float32) for each in VALUES["one value"])
    of_values = {
        "mae": keras.metrics.MeanAbsoluteError(),
        "rmse": keras.metrics.RootMeanSquaredError(),
        "r2": keras.metrics.R2Score(),
    }
    for name, kind in (kinds | of_values).items():
        rows = (targets, outputs) if name in kinds else (values, given)
        kind.update_state(*rows)
        assert measured(METRICS[name], *rows) == pytest.approx(float(kind.result()), abs=1e-5), name
    labels, outputs = CLASSES["two classes"]
    area = keras.metrics.AUC(num_thresholds=2000)  # which looks at so many thresholds, not at all
    area.update_state(labels, outputs[:, 1])
    two = np.eye(2, dtype=np.float32)[labels]
    assert METRICS["auc"].value_of_all(two, outputs) == pytest.approx(float(area.result()), abs=1e-3)


def test_what_is_not_defined_is_no_number() -> None:
    one_class = np.eye(3, dtype=np.float32)[[1, 1, 1]]
    assert math.isnan(METRICS["auc"].value_of_all(one_class, one_class))
    assert math.isnan(METRICS["kappa"].value_of_all(one_class, one_class))
    assert METRICS["mcc"].value_of_all(one_class, one_class) == 0
    assert math.isnan(METRICS["r2"].value_of_all(np.ones((1, 2)), np.ones((1, 2))))


def test_bins_of_sureness_have_their_upper_edge() -> None:
    sure = np.array([0.0, 1 / 15, 0.07, 1.0, 1.0])
    found = calibration(np.array([True, False, True, True, False]), sure)
    assert found.counts.tolist() == [2, 1, *[0] * 11, 0, 2]
    assert found.accuracy[[0, 1, 14]].tolist() == [0.5, 1.0, 0.5]
    assert found.confidence[[0, 14]] == pytest.approx([1 / 30, 1.0])
    assert found.error == pytest.approx((2 * abs(0.5 - 1 / 30) + 0.93 + 2 * 0.5) / 5)


def test_of_equals_the_first_class_is_the_most_likely() -> None:
    assert most_likely(np.array([[0.5, 0.5], [0.2, 0.8]])).tolist() == [0, 1]
    assert most_likely(np.array([[-0.1], [0.0], [0.1]])).tolist() == [0, 0, 1]
