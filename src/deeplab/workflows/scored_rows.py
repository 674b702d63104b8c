"""What a training and an evaluation leave of the rows that were scored: a table by class or value, and figures."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np

from deeplab.dataset_info import DatasetInfo
from deeplab.files import table

if TYPE_CHECKING:
    from deeplab.data.splits import Split
    from deeplab.evaluation.accuracy import Accuracy
    from deeplab.evaluation.scores import Predictions
    from deeplab.tracking.run_log import RunLog

_ENDS = ("", "_low", "_high")
# The first six columns are older than the others, which are named as scikit-learn names them.
CLASS_COLUMNS = (
    *("class", "rows", "right", *(f"acc{end}" for end in _ENDS)),
    *(f"{name}{end}" for name in ("precision", "recall") for end in _ENDS),
    *("f1", "support"),
)


def log_scored_rows(log: "RunLog", predictions: "Predictions", test: "Split", info: DatasetInfo) -> None:
    """Log the tables of the rows that were scored, and what was said of each of them as `predictions.npz`."""
    from deeplab.evaluation.kept_predictions import FILE, to_npz

    for name, text in score_tables(predictions, info):
        log.log_text(name, text)
    content = to_npz(predictions, test, info)
    if content is not None:
        log.log_bytes(FILE, content)


def score_tables(predictions: "Predictions", info: DatasetInfo) -> Iterator[tuple[str, str]]:
    """Write `classes.csv`, a line for each class; where rows have values `targets.csv`, a line for each value.

    Yields:
        Its name, and what is in it.
    """
    if info.num_classes:
        from deeplab.evaluation.accuracy import class_scores

        classes = class_scores(predictions, info.class_names)
        rows = [
            (
                *(name, of.recall.rows, of.recall.right),
                *(value for share in (of.recall, of.precision, of.recall) for value in _with_ends(share)),
                *(of.f1, of.recall.rows),
            )
            for name, of in classes.items()
        ]
        yield "classes.csv", table(CLASS_COLUMNS, rows)
    else:
        from deeplab.evaluation.value_scores import absolute_errors, explained, root_errors

        targets = info.numbers(predictions.labels)
        columns = (each(targets, predictions.outputs).tolist() for each in (absolute_errors, root_errors, explained))
        names = info.target_names or ("value",)
        yield "targets.csv", table(("target", "mae", "rmse", "r2"), zip(names, *columns, strict=True))


def score_figures(
    predictions: "Predictions", info: DatasetInfo, listed: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    """Draw what the predictions call for.

    Of classes the confusion matrix; where `brier` or `ece` is listed the reliability diagram; where `auc` is listed
    and there are rows of two classes the ROC and the precision-recall curve. Of values the predicted ones against the
    true ones, and the residuals.

    Args:
        predictions: of the rows that were scored.
        info: the facts of the data set.
        listed: the scores that the configuration asks for.

    Yields:
        Names of files, and PNG.
    """
    # Here, because they import Matplotlib.
    from deeplab.plots.run import confusion, precision_recall, predicted, reliability, residuals, roc
    from deeplab.plots.style import to_png

    labels, outputs = predictions.labels, predictions.outputs
    if not info.num_classes:
        targets, names = info.numbers(labels), info.target_names or ("value",)
        yield "predicted.png", to_png(predicted.draw(targets=targets, outputs=outputs, names=names))
        yield "residuals.png", to_png(residuals.draw(targets=targets, outputs=outputs, names=names))
        return
    classes = predictions.classes
    yield "confusion.png", to_png(confusion.draw(labels=labels, predicted=classes, class_names=info.class_names))
    if {"brier", "ece"} & set(listed):
        from deeplab.evaluation.class_scores import calibration

        bins = calibration(classes == labels, outputs.max(axis=1))
        figure = reliability.draw(counts=bins.counts, confidence=bins.confidence, accuracy=bins.accuracy)
        yield "reliability.png", to_png(figure)
    if "auc" in listed and info.num_classes == 2 and len(np.unique(labels)) == 2:
        from deeplab.evaluation.threshold_curves import precision_recall_curve, roc_curve

        scores, name = outputs[:, -1], info.class_names[1]
        yield "roc.png", to_png(roc.draw(*roc_curve(labels, scores), name=name))
        yield "precision_recall.png", to_png(precision_recall.draw(*precision_recall_curve(labels, scores), name=name))


def _with_ends(share: "Accuracy") -> tuple[float, float, float]:
    return share.value, share.low, share.high
