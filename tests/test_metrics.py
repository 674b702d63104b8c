"""The table of scores, and that an entry in it and a function are all that a new one takes."""

import csv
import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import ROOT, Outcome

from deeplab.metrics import (
    METRICS,
    Metric,
    against,
    compared,
    in_order,
    is_share,
    known_metric,
    label_of,
    metric_of,
    optional,
    short_label_of,
)
from deeplab.plots.run import curves
from deeplab.plots.score_axes import axis_label

# What somebody writes who adds a score: a function, and an entry, here made when Python starts.
FUNCTIONS = """
import numpy as np


def top_two(targets, outputs):
    import tensorflow as tf

    return tf.keras.metrics.top_k_categorical_accuracy(targets, outputs, k=2)


def median_right(targets, outputs):
    return np.median(outputs[targets > 0])
"""
TOP_TWO = Metric(
    "top_two", "top-two accuracy", "top 2", "top_two", higher_is_better=True, is_share=True, function="made_up:top_two"
)
# Of all rows at once, and measured only where it is listed or chosen by.
MEDIAN = Metric(
    "median_right", "median right", "med", "median_right", higher_is_better=True, is_share=True, is_optional=True,
    of_all="made_up:median_right",
)  # fmt: skip
STUDY = """
title: Two rates
about: Which one is better.
replicates: 1
entries:
  rates:
    sweep: [{overrides}]
    figures:
      - {{metric: test/{name}, source: us, at_least: 0.1}}
"""
OVERRIDES = (
    "model=dense_relu", "dataset=digits", "dataset.limit=300", "optimizer=sgd", "optimizer.learning_rate=0.01,0.1",
    "training.epochs=2", "replicates=1", "launcher.workers=1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "label", "short", "logged"),
    [
        ("val/accuracy", "validation accuracy", "val acc", "validation/accuracy"),
        ("validation/loss", "validation loss", "val loss", "validation/loss"),
        ("train/loss", "training loss", "train loss", "train/loss"),
        ("test/accuracy", "test accuracy", "test acc", "test/accuracy"),
        ("accuracy", "accuracy", "acc", "accuracy"),
    ],
)
def test_a_score_is_found_by_any_of_its_names(name: str, label: str, short: str, logged: str) -> None:
    found = metric_of(name)
    assert (found.label, found.short_label, found.logged_as) == (label, short, logged)
    assert (label_of(name), short_label_of(name)) == (label, short)


@pytest.mark.parametrize("name", ["val/speed", "speed", "best/val/loss", "somewhere/loss", ""])
def test_what_is_no_score_is_none(name: str) -> None:
    assert known_metric(name) is None
    assert (label_of(name), short_label_of(name), is_share(name)) == (name, name, False)
    with pytest.raises(
        ValueError, match=r"Known: val/accuracy, val/loss, .*, test/accuracy, test/loss, .*, test/mape\.$"
    ):
        metric_of(name)


def test_the_page_on_scores_lists_those_that_there_are() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (higher|lower) \| (\w+) \| (yes|no) \|$", page, re.MULTILINE)

    def of_what(metric: Metric) -> str:
        if "classification" not in metric.tasks:
            return "values"
        return "classes" if "regression" in metric.tasks else "probabilities"

    assert rows == [
        (
            each.name,
            each.label,
            "higher" if each.higher_is_better else "lower",
            of_what(each),
            "yes" if each.function else "no",
        )
        for each in optional()
    ]
    assert len(rows) == 14
    assert not any(each.function and each.of_all for each in METRICS.values())


def test_the_best_is_the_first_of_equals_and_no_number_comes_last() -> None:
    assert METRICS["loss"].best([math.nan, 0.5, 0.25, 0.25]) == 2
    assert METRICS["accuracy"].best([math.nan, 0.25, 0.5, 0.5]) == 2
    assert METRICS["accuracy"].best([math.nan, -math.inf]) == 0
    assert METRICS["psnr"].best([20.0, 30.0]) == 1


def test_a_score_is_compared_in_the_order_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "recall", Metric("recall", "recall", "rec", "recall", higher_is_better=True))
    names = [metric.name for metric in compared("test")]
    assert (names[:3], names[-1]) == (["test/accuracy", "test/loss", "test/f1_macro"], "test/recall")
    assert in_order(["recall", "accuracy", "loss"]) == ["accuracy", "loss", "recall"]


@pytest.mark.parametrize(
    ("value", "metric", "best", "expected"),
    [
        (0.9847, "val/accuracy", 0.9828, "H: 98.47 %; the best is 0.19 points (0.19 %) below it"),
        (0.9847, "val/accuracy", 0.9857, "H: 98.47 %; the best is 0.10 points (0.10 %) above it"),
        (0.9847, "val/accuracy", 0.98469, "H: 98.47 %; the best is 0.001 points (0.001 %) below it"),
        (0.9847, "val/accuracy", None, "H: 98.47 %"),
        (0.05, "val/loss", 0.04, "H: 0.05; the best is 0.0100 (20.00 %) below it"),
        (0.0, "val/loss", 0.04, "H: 0; the best is 0.0400 above it"),
        (0.5, "val/loss", 0.5, "H: 0.5; the best equals it"),
    ],
)
def test_the_gap_to_a_published_figure(value: float, metric: str, best: float | None, expected: str) -> None:
    assert against("H", value, metric, best) == expected


def with_score(folder: Path, score: Metric) -> Path:
    """A folder from which Python takes the score as soon as it starts."""
    folder.mkdir()
    (folder / "made_up.py").write_text(FUNCTIONS)
    entry = f"from deeplab.metrics import METRICS, Metric\n\nMETRICS[{score.name!r}] = {score!r}\n"
    (folder / "sitecustomize.py").write_text(entry)
    return folder


def logged_by_epoch(folder: Path, run_id: str, name: str) -> list[tuple[str, str]]:
    """Epochs and data of a score in the history of a run."""
    (history,) = folder.glob(f"mlruns/**/{run_id}/artifacts/history.csv")
    rows = csv.reader(history.read_text().splitlines())
    return [(epoch, data) for epoch, _, metric, data in rows if metric == name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("added_score", "in_training"),
    [(TOP_TWO, True), pytest.param(MEDIAN, False, marks=pytest.mark.long)],
    ids=["rows", "all rows"],
)
def test_a_new_score_takes_an_entry_and_a_function(
    added_score: Metric,
    in_training: bool,
    process: Callable[..., Outcome],
    cli: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    new, label, short = added_score.name, added_score.label, added_score.short_label
    overrides = (*OVERRIDES, f"sweep.metric=val/{new}")
    folder = tmp_path / "study"
    folder.mkdir()
    added = with_score(tmp_path / "added", added_score)
    (folder / "study.yaml").write_text(STUDY.format(name=new, overrides=", ".join(f"'{each}'" for each in overrides)))
    path = os.pathsep.join(filter(None, (str(added), os.environ.get("PYTHONPATH"))))
    env = {"PYTHONPATH": path, "COLUMNS": "200"}

    # A study: trained in processes of its own, the best point chosen by the score, and what it is held against.
    done = process("study", "study", env=env)
    assert done.status == 3, done.err  # undecided: of one training no figure is decided
    page = (folder / "README.md").read_text()
    assert f"Best by mean validation/{new}: learning_rate=0.1." in page
    assert f"| test/{new} | at least 0.1 |" in page
    assert f"| validation/{new} | test/accuracy | test/loss | test/{new} | seconds |" in page

    # The table of the sweep.
    done = process("sweep", *overrides, env=env)
    assert done.status == 0, done.err
    assert f"Best by mean validation {label}: learning_rate=0.1" in done.out
    assert re.search(rf"^learning_rate +n +val {short} .* test {short} +seconds", done.out, re.MULTILINE)

    monkeypatch.setitem(METRICS, new, added_score)
    monkeypatch.chdir(tmp_path)
    # `runs` finds by it, the store has it by epoch and at the end, and `show` and the report tell it.
    (trial,) = json.loads(cli("runs", "--all", "--kind", "trial", "--where", "learning_rate=0.1", "--json").out)
    found = json.loads(cli("show", trial["id"], "--json").out)["metrics"]
    test = found[f"test/{new}"]
    assert (found["test/accuracy"] if in_training else 0.1) < test <= 1
    assert {f"val/{new}", f"validation/{new}"} <= found.keys()
    assert (f"train/{new}" in found) == in_training
    assert trial["id"] in cli("runs", "--all", "--where", f"test/{new}>={test}", "--json").out
    assert trial["id"] not in cli("runs", "--all", "--where", f"test/{new}<{test}", "--json").out
    assert new in cli("show", trial["id"]).out
    assert cli("report", trial["id"], "--out", "trial.md").status == 0
    assert f"| data | accuracy | loss | {new} |" in (tmp_path / "trial.md").read_text()

    # Of the sweep: its line among the runs, its page, figure, tables and report.
    (sweep,) = json.loads(cli("runs", "--kind", "sweep", "--json").out)
    assert (sweep["validation_metric"], sweep["test_metric"]) == (new, new)
    assert re.search(rf"^ +val +test *\n.* {short} +{short} ", cli("runs", "--kind", "sweep").out, re.MULTILINE)
    shown = cli("show", sweep["id"]).out
    scores = rf"^  validation {label}, chosen +0\.\d{{4}} *\n  test {label}, honest +0\.\d{{4}}"
    assert re.search(scores, shown, re.MULTILINE)
    assert re.search(rf"^learning_rate +n +val {short} .* test {short} +seconds", shown, re.MULTILINE)
    assert cli("report", sweep["id"], "--out", "sweep.md").status == 0
    report = (tmp_path / "sweep.md").read_text()
    assert f"Best by mean validation {label}: learning_rate=0.1" in report
    assert f"validation {label} | " in report
    (points,) = tmp_path.glob(f"mlruns/**/{sweep['id']}/artifacts/points.csv")
    lines = list(csv.DictReader(points.read_text().splitlines()))
    assert [line["best"] for line in lines] == ["", "best"]
    assert float(lines[1][f"val/{new} mean"]) > float(lines[0][f"val/{new} mean"])
    assert (points.parent / "plots" / "sweep.png").stat().st_size > 10_000
    measured_on = ("train", "val") if in_training else ("val",)
    assert logged_by_epoch(tmp_path, trial["id"], new) == [(epoch, data) for epoch in "12" for data in measured_on]


def test_figures_show_a_new_score_as_its_entry_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "top_two", TOP_TWO)
    rows = [
        (epoch, epoch / 4, name, data) for epoch in (1, 2) for name in ("loss", "top_two") for data in ("train", "val")
    ]
    first, second = curves.draw(rows, "top_two").axes
    assert (first.get_ylabel(), second.get_ylabel()) == ("top_two (%)", "loss")
    assert first.get_title(loc="left") == "Top_two: validation 50.00 % in epoch 2 (○)"
    assert axis_label("val/top_two") == "validation top-two accuracy (%)"
