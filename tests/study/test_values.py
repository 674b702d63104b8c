"""What figures are made of: epochs, crossings, differences of entries, seconds, and what is taken over replicates."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Outcome
from tests.study.rows import held, row

from deeplab.errors import UserError
from deeplab.study.config import ReportedValue, StudyEntry, read_study
from deeplab.study.results import Results
from deeplab.study.values import crossing_epoch
from deeplab.study.verdicts import Verdict, value_names, verdicts


@pytest.mark.parametrize(
    ("figure", "names"),
    [
        ({"metric": "validation/accuracy", "epoch": 5}, ("val/accuracy[5]",)),
        ({"metric": "train/loss", "minus": "val/loss", "epoch": 1}, ("train/loss[1]", "val/loss[1]")),
        ({"metric": "time/step_ms", "epoch": 2}, ("time/step_ms[2]",)),
        ({"crosses": ("train/loss", "validation/loss")}, ("crosses(train/loss,val/loss)",)),
        ({"metric": "test/loss", "minus_entry": "x"}, ("test/loss",)),
    ],
)
def test_figures_name_the_values_that_they_take(figure: dict[str, object], names: tuple[str, ...]) -> None:
    assert value_names(ReportedValue(source="s", at_least=0, **figure)) == names


@pytest.mark.parametrize(
    ("one", "other", "epoch"),
    [
        ([0.9, 0.5, 0.2], [0.6, 0.4, 0.3], 3),
        ([0.2, 0.9], [0.3, 0.1], 2),
        ([0.5, 0.9, 0.2], [0.5, 0.4, 0.3], 3),  # they begin at one place
        ([0.9, 0.5, 0.6, 0.1], [0.6, 0.5, 0.5, 0.5], 4),  # they meet, and cross later
        ([0.9, 0.8], [0.1, 0.2], math.inf),
        ([], [], math.inf),
    ],
)
def test_curves_have_crossed_where_the_upper_one_lies_below(one: list[float], other: list[float], epoch: float) -> None:
    assert crossing_epoch(dict(enumerate(one, 1)), dict(enumerate(other, 1))) == epoch


def test_curves_that_never_cross_hold_no_bound() -> None:
    crossed = {"crosses": ("train/loss", "val/loss"), "at_most": 8}
    name = "crosses(train/loss,val/loss)"
    assert held(crossed, [3.0, 4.0, 3.0], name).outcome == "holds"
    assert held(crossed, [math.inf] * 3, name).outcome == "falls short"
    assert held(crossed, [3.0, math.inf], name).outcome == "undecided"
    assert held(crossed, [3.0], name).metric == "epoch at which train/loss and val/loss have crossed"


@pytest.mark.parametrize(
    ("figure", "value", "within", "outcome", "words"),
    [
        ({"over": "min", "at_most": 0.1}, 0.05, 1, "holds", "smallest test/loss"),
        ({"over": "max", "at_most": 0.1}, 0.4, 1, "falls short", "largest test/loss"),
        ({"over": "max", "at_least": 0.4}, 0.4, 1, "holds", "largest test/loss"),
        (
            {"over": "share", "each_at_most": 0.2, "at_least": 0.01},
            0.5, 2, "holds", "share of runs with test/loss at most 0.2",
        ),
        (
            {"over": "share", "each_at_most": 0.2, "reported": 0.33, "tolerance": 0.1},
            0.5, 2, "undecided", "share of runs with test/loss at most 0.2",
        ),
        (
            {"over": "share", "each_at_least": 0.15, "each_at_most": 0.3, "at_least": 0.995},
            0.5, 2, "falls short", "share of runs with test/loss at least 0.15 and at most 0.3",
        ),
    ],
)  # fmt: skip
def test_a_figure_may_take_the_least_the_largest_or_a_share_of_the_replicates(
    figure: dict[str, object], value: float, within: int, outcome: str, words: str
) -> None:
    verdict = held(figure, [0.05, 0.2, 0.3, 0.4], "test/loss")
    assert (verdict.value, verdict.within, verdict.outcome, verdict.metric) == (value, within, outcome, words)


def of_pair(ours: list[float], theirs: list[float | None]) -> Verdict:
    """The verdict on a difference of two entries, whose rows come in different orders."""
    figure = ReportedValue(source="s", metric="test/accuracy", minus_entry="plain", at_least=0)
    lines = [row(number, {"test/accuracy": value}) for number, value in enumerate(ours)]
    others = [
        row(number, {"test/accuracy": value}, "plain") for number, value in enumerate(theirs) if value is not None
    ]
    entry = StudyEntry(run=("x",), figures=(figure,))
    (verdict,) = verdicts("e", entry, lines, "", {"plain": (others[::-1], "")})
    return verdict


def test_entries_are_subtracted_replicate_by_replicate() -> None:
    verdict = of_pair([0.5, 0.7, 0.9], [0.4, 0.6, 0.8])
    # Each by 0.1, although the accuracies themselves scatter.
    assert (verdict.value, verdict.measured.deviation, verdict.outcome) == (0.1, 0.0, "holds")
    assert tuple(map(float, verdict.interval)) == (0.1, 0.1)
    assert verdict.metric == "test/accuracy − that of plain"
    assert of_pair([0.5, 0.7, 0.9], [0.4, None, 0.8]).measured.count == 2
    assert of_pair([0.5], [None]).outcome == "not yet run"
    assert of_pair([0.5], [None]).lacking == 0


KEPT_BEFORE = ("test", "train", "validation")
STUDY = """
title: t
about: a
replicates: 2
entries:
  dense:
    run: [model=dense_relu, dataset.image_size=8, dataset.limit=60, training.epochs=2, tracking.plots=none]
    figures:
      - {metric: test/accuracy, at_least: 0, source: s}
      - {metric: parameters, reported: 19210, tolerance: 0, source: s}
      - {metric: val/loss, epoch: 1, at_least: 0, source: s}
      - {metric: time/epoch_seconds, at_least: 0, source: s}
      - {metric: time/step_ms, at_least: 0, source: s}
      - {metric: time/training_seconds, at_least: 0, source: s}
      - {crosses: [train/loss, val/loss], at_least: 1, source: s}
"""


@pytest.mark.slow
def test_values_that_were_not_kept_are_read_from_the_store_or_said_to_be_lacking(
    folder: Path, cli: Callable[..., Outcome]
) -> None:
    path = folder / "study.yaml"
    path.write_text(STUDY)
    assert cli("study", ".").status in (0, 3)  # whether two curves have crossed is as it comes
    kept = Results(folder).rows
    history = (folder / "README.md").read_text()
    # As a version of before left it: scores alone.
    for line in Results(folder).rows:
        scores = {name: value for name, value in line.scores.items() if name.partition("/")[0] in KEPT_BEFORE}
        Results(folder).add(type(line)(**{**vars(line), "scores": scores}))
    lacking = cli("study", ".", "--report", "tracking.uri=sqlite:///elsewhere.db")
    assert lacking.status == 3
    assert "Not kept of finished runs, which are not in this store either: dense, parameters, of 2; " in lacking.out
    assert "5 of 7 figures are not measured" in lacking.out
    cli("study", ".", "--report")
    assert [line.scores["val/loss[1]"] for line in Results(folder).rows] == [row.scores["val/loss[1]"] for row in kept]
    assert (folder / "README.md").read_text() == history


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        ("metric: test/loss, epoch: 2", "there is no curve of 'test/loss' over the epochs;"),
        ("metric: val/acuracy, epoch: 2", "Did you mean 'val/accuracy'?"),
        ("crosses: [train/loss]", "crosses has two curves"),
        ("crosses: [train/loss, vall/loss]", "there is no curve of 'vall/loss'"),
        ("metric: test/loss, crosses: [train/loss, val/loss]", "either a metric, or the two curves"),
        ("metric: test/loss, over: share", "over: share, and each_at_least or each_at_most, go together"),
        ("metric: test/loss, each_at_most: 1", "over: share, and each_at_least or each_at_most, go together"),
        ("metric: test/loss, over: mean", "Input should be 'min', 'max' or 'share'"),
        ("metric: test/loss, minus: x, minus_entry: other", "either minus or minus_entry"),
        ("metric: test/loss, minus_entry: othr", "in study.yaml: e.minus_entry. Did you mean 'other'?"),
        ("metric: test/loss, explained: x, shown_by: othr", "in study.yaml: e.shown_by. Did you mean 'other'?"),
        ("metric: test/loss, shown_by: other", "shown_by goes with explained"),
        ("metric: test/loss, minus_entry: e", "Unknown entry 'e'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_figure_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(
        "title: t\nabout: a\nreplicates: 2\nentries:\n  other: {run: [seed=1]}\n"
        f"  e: {{run: [seed=2], figures: [{{{figure}, at_least: 0, source: s}}]}}\n"
    )
    with pytest.raises(UserError) as error:
        read_study(Path())
    assert line in str(error.value)
