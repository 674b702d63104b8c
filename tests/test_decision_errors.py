"""The simulation of decisions: that it decides as the code does, and that the page says what must be so."""

import re
from types import ModuleType

import numpy as np
import pytest
from tests.conftest import ROOT, script_module

from deeplab.evaluation.intervals import verdict
from deeplab.evaluation.multiple_comparisons import half_width
from deeplab.evaluation.paired_sequence import paired_interval

PAGE = (ROOT / "docs" / "decisions.md").read_text()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return script_module("decision_errors")


def tables() -> list[list[list[str]]]:
    """The cells of the tables that the script wrote, without heads."""
    written = PAGE.partition("writes from here -->")[2].partition("<!-- to here")[0]
    found = re.findall(r"^\|[^\n]*\n\|---[^\n]*\n((?:\|[^\n]*\n)+)", written, re.MULTILINE)
    return [[line.strip("| ").split(" | ") for line in table.splitlines()] for table in found]


@pytest.mark.parametrize("effect", [0.0, 0.25, 1.0])
def test_the_simulation_decides_as_intervals_and_words_do(script: ModuleType, effect: float) -> None:
    scores = script.normal(np.random.default_rng(0), (40, 2, 90))
    scores[:, 0] += effect
    found = script.decide(scores, effect, script.anytime)
    for number, (ours, theirs) in enumerate(scores):
        words = [verdict(paired_interval((ours - theirs)[:count].tolist()), script.MARGIN) for count in range(2, 91)]
        seeds = next((count for count, word in enumerate(words, start=2) if word != "undecided"), 90)
        said = words[seeds - 2]
        assert found.seeds[number] == seeds
        assert found.better[number] == (said in ("better", "worse"))
        assert found.equal[number] == (said == "equal")
        assert found.wrong_better[number] == (said == "worse" or (said == "better" and not effect))
    assert (found.better | found.equal).sum() > 15


def test_of_many_points_wrong_words_are_rare_and_the_plain_rule_says_them_always(script: ModuleType) -> None:
    found = [script.simulate(5, 0.0, width, 200) for width in (script.anytime, script.plain)]
    assert [int(each.wrong_better.sum()) for each in found] == [pytest.approx(6, abs=9), pytest.approx(186, abs=12)]


def test_the_tables_say_that_errors_are_rare() -> None:
    decided, _, swept, _ = tables()
    assert len(decided) == 18
    assert len(swept) == 8
    for line in decided:
        assert max(float(line[4]), float(line[5])) <= 5, line
    assert float(decided[0][9]) > 20  # of the plain rule
    for line in swept:
        # A simulation of 10,000 sweeps is off by 0.22 of 95 %, one standard error.
        assert min(float(line[column]) for column in (2, 4, 6)) >= 95 - 3 * 0.22, line


def test_the_widths_of_the_page_are_those_of_the_code() -> None:
    lines = re.findall(r"^\| (\d+)(?: \(as plain\))? \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert [int(line[0]) for line in lines] == [2, 5, 10]
    for points, *widths in lines:
        assert widths == [f"{half_width(seeds, int(points)):.2f}" for seeds in (3, 5, 10)]


def test_the_page_of_studies_says_how_often_deciding_errs(script: ModuleType) -> None:
    written = script.STUDIES.read_text().partition(script.BEGIN)[2].partition(script.END)[0]
    ten, twenty, three = (float(share) for share in re.findall(r"([0-9.]+) %", written))
    again = [float(share) for share in re.findall(r"([0-9.]+) %", script.study_sentence(5000))]
    assert again == pytest.approx([ten, twenty, three], abs=1.5)
    assert three == pytest.approx(2.5, abs=0.2), "as an interval of 95 % has it"
