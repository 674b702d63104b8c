"""The rule of a verdict, and the exit status that says what came of a study."""

import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from scipy import stats
from tests.conftest import Outcome
from tests.study.rows import held, rows_of

from deeplab.study.config import read_study
from deeplab.study.outcomes import mean_interval, share_interval
from deeplab.study.results import Results

ABOUT = {"reported": 0.97, "tolerance": 0.03}  # 0.94 to 1


@pytest.mark.parametrize(
    ("figure", "values", "outcome"),
    [
        # the whole interval within, wholly outside, and over an edge
        (ABOUT, [0.969, 0.970, 0.971], "reproduced"),
        (ABOUT, [0.899, 0.900, 0.901], "differs"),
        (ABOUT, [0.93, 0.97, 0.99], "undecided"),
        (ABOUT, [0.90, 0.91], "undecided"),  # the mean outside, the interval of two over an edge
        (ABOUT, [0.5, 1.5], "undecided"),  # an interval around all of it
        # one run decides nothing, wherever it lies
        (ABOUT, [0.97], "undecided"),
        (ABOUT, [0.1], "undecided"),
        (ABOUT, [math.nan], "undecided"),
        (ABOUT, [], "not yet run"),
        # without spread the edges belong to it, in the decimals that are written
        (ABOUT, [1.0] * 3, "reproduced"),
        (ABOUT, [0.94] * 3, "reproduced"),
        (ABOUT, [0.97] * 2, "undecided"),  # two may be the same by chance
        (ABOUT, [0.9399999999] * 3, "differs"),
        ({"reported": 0.1, "tolerance": 0.2}, [0.3] * 3, "reproduced"),
        ({"reported": 0.5, "tolerance": 0}, [0.5] * 3, "reproduced"),
        ({"reported": 0.5, "tolerance": 0}, [0.5, 0.6], "undecided"),
        # what is no number is not as published
        (ABOUT, [math.nan, 0.97, 0.97], "differs"),
        ({"at_least": 0.5}, [math.nan, 0.97], "falls short"),
        # infinite values, as of the PSNR of perfect images
        ({"at_least": 30.0}, [math.inf] * 3, "holds"),
        ({"at_most": 30.0}, [math.inf] * 3, "falls short"),
        ({"at_least": 30.0}, [40.0, math.inf], "undecided"),
        (ABOUT, [-math.inf, math.inf], "undecided"),
        ({"at_least": 0.9}, [0.94, 0.95, 0.96], "holds"),
        ({"at_least": 0.9}, [0.84, 0.85, 0.86], "falls short"),
        ({"at_least": 0.9}, [0.88, 0.91, 0.93], "undecided"),
        ({"at_least": 0.1, "at_most": 0.2}, [0.149, 0.15, 0.151], "holds"),
        ({"at_least": 0.1, "at_most": 0.2}, [0.249, 0.25, 0.251], "falls short"),
        ({"at_least": 0.1, "at_most": 0.2}, [0.05, 0.15], "undecided"),
    ],
)
def test_the_interval_decides(figure: dict[str, float], values: list[float], outcome: str) -> None:
    assert held(figure, values).outcome == outcome


@pytest.mark.parametrize(
    ("reported", "values", "outcome"), [(55050, [55050.0], "reproduced"), (55050, [55051.0], "differs")]
)
def test_a_number_of_parameters_is_decided_by_one_run(reported: int, values: list[float], outcome: str) -> None:
    assert held({"reported": reported, "tolerance": 0}, values, "parameters").outcome == outcome


def test_single_runs_are_counted_with_the_edges() -> None:
    values = [0.94, 1.0, 0.9399999999, 0.97]
    assert held(ABOUT, values).within == 3
    edge = Decimal(repr(ABOUT["reported"])) - Decimal(repr(ABOUT["tolerance"]))
    assert sum(edge <= Decimal(repr(value)) <= 1 for value in values) == 3


def test_the_intervals_are_those_of_scipy() -> None:
    values = [0.91, 0.94, 0.95, 0.99]
    low, high = stats.t.interval(0.95, 3, loc=sum(values) / 4, scale=stats.sem(values))
    assert tuple(map(float, mean_interval(values, False) or ())) == pytest.approx((low, high))
    for counted in (0, 4, 20):
        exact = stats.binomtest(counted, 20).proportion_ci(0.95, "exact")
        assert share_interval(counted, 20) == pytest.approx((exact.low, exact.high))


def test_a_published_figure_is_held_against_where_a_single_run_lies() -> None:
    verdict = held({"reported": 0.96, "tolerance": 0.03}, [0.97, 0.98, 0.99])
    half = stats.t.ppf(0.975, 2) * 0.01 * math.sqrt(1 + 1 / 3)
    assert verdict.single_run == pytest.approx((0.98 - half, 0.98 + half))
    three = held({"reported": 0.96, "tolerance": 0.03, "mean_of": 3}, [0.97, 0.98, 0.99])
    half = stats.t.ppf(0.975, 2) * 0.01 * math.sqrt(1 / 3 + 1 / 3)
    assert three.single_run == pytest.approx((0.98 - half, 0.98 + half))
    assert held({"reported": 0.96, "tolerance": 0.03}, [0.97]).single_run is None
    assert held({"at_least": 0.96}, [0.97, 0.98]).single_run is None


STUDY = """
title: t
about: a
replicates: 3
entries:
  good: {run: [seed=1], figures: [{metric: test/accuracy, reported: 0.9, tolerance: 0.1, source: s}]}
  other: {run: [seed=2], figures: [{metric: test/accuracy, at_most: 0.5, source: s, explained: "A lamp, lit"}]}
"""


@pytest.mark.parametrize(
    ("accuracies", "arguments", "status", "told"),
    [
        ({"good": [0.9] * 3, "other": [0.5] * 3}, (), 0, "every figure is as published or within its bounds"),
        ({"good": [0.9] * 3, "other": [0.6] * 3}, (), 4, "1 of 2 figures differ or fall short, 1 for a cause that is"),
        ({"good": [0.9] * 3, "other": [0.4, 0.6, 0.5]}, (), 3, "1 of 2 figures are undecided"),
        (
            {"good": [0.0, 0.9, 0.9], "other": [0.6] * 3},
            (),
            4,
            "fall short, 1 for a cause that is known; 1 of 2 figures are",
        ),
        ({"good": [0.9] * 3, "other": [0.6] * 3}, ("--only", "good"), 0, "every figure is as published"),
        ({"good": [0.9] * 3}, (), 3, "1 of 2 figures are not measured; 3 of 6 runs are missing"),
        ({"good": [0.9] * 3}, ("--only", "other"), 3, "1 of 1 figures are not measured; 3 of 3 runs are missing"),
        ({"good": [0.9] * 3}, ("--only", "god"), 2, "Unknown entry 'god' in --only. Did you mean 'good'?"),
        ({"good": [0.9]}, (), 3, "1 of 2 figures are undecided; 1 of 2 figures are not measured; 5 of 6 runs"),
    ],
)
def test_the_status_of_a_study_says_what_came_of_it(
    folder: Path,
    cli: Callable[..., Outcome],
    accuracies: dict[str, list[float]],
    arguments: tuple[str, ...],
    status: int,
    told: str,
) -> None:
    (folder / "study.yaml").write_text(STUDY)
    results = Results(folder)
    for name, values in accuracies.items():
        for row in rows_of(read_study(folder), name, values):
            results.add(row)
    outcome = cli("study", ".", "--report", *arguments)
    assert (outcome.status, told in outcome.out + outcome.err) == (status, True)


def test_a_known_cause_stands_beside_a_difference_and_nowhere_else(folder: Path, cli: Callable[..., Outcome]) -> None:
    text = STUDY.replace('"A lamp, lit"', '"A lamp, lit", shown_by: good')
    for values, is_told in (([0.6] * 3, True), ([0.4] * 3, False), ([0.4, 0.6, 0.5], False)):
        (folder / "study.yaml").write_text(text)
        for row in rows_of(read_study(folder), "other", values):
            Results(folder).add(row)
        outcome = cli("study", ".", "--report")
        for shown in (outcome.out, (folder / "README.md").read_text()):
            assert ("falls short (1)" in shown) is is_told
            assert ("(1) A lamp, lit; entry good shows it." in shown) is is_told
