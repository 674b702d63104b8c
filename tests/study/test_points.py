"""Entries of studies as points of a decision."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from deeplab.errors import UserError
from deeplab.study.points import points_of_studies
from deeplab.sweep.decision.plan import Budget, DecisionPlan, plan_decision

STUDY = """
title: Some
about: Points.
replicates: 2
entries:
  small:
    run: [model=mlp_64_64, dataset.limit=60, seed=7]
  decay:
    sweep: [model=mlp_64_64, "l2=choice(0,0.01)", dataset.limit=60, replicates=3]
  code:
    run: [model=autoencoder, dataset.limit=60]
  noise:
    noise: {classifier: small, denoisers: [code], levels: "0", seeds: 2}
"""


@pytest.fixture
def study(folder: Path) -> Path:
    (folder / "some").mkdir()
    (folder / "some" / "study.yaml").write_text(STUDY)
    return folder


def decision(*words: str, against: str | None = None) -> DecisionPlan:
    return plan_decision(words, None, 0.01, against, Budget(), points_of_studies)


def test_entries_are_points_with_overrides_of_their_own_and_common_seeds(study: Path) -> None:
    plan = decision("some:small", "some:decay", "training.epochs=1", against="small")
    assert [plan.point_name(point) for point in range(3)] == [
        "entry=small", "entry=decay, l2=0", "entry=decay, l2=0.01",
    ]  # fmt: skip
    assert plan.question.base == 0
    values = [plan.composer.compose(plan.grid.overrides(settings)).values for settings in plan.points]
    assert [each["l2"] for each in values] == [None, 0, 0.01]
    assert {each["training"]["epochs"] for each in values} == {1}
    assert plan.sweep.replicates == 1
    assert plan.overrides == ("some:small", "some:decay", "training.epochs=1")


def test_a_folder_stands_for_all_entries_that_train(study: Path) -> None:
    assert list(points_of_studies(["some"])[1]) == ["small", "decay, l2=0", "decay, l2=0.01", "code"]


def test_entries_of_one_name_in_two_studies_are_two_points(study: Path) -> None:
    other = study / "other"
    other.mkdir()
    (other / "study.yaml").write_text(STUDY.replace("seed=7", "l2=0.1"))
    plan = decision("some:small", "other:small")
    assert [plan.point_name(point) for point in range(2)] == ["entry=some: small", "entry=other: small"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["some:smal", "some:decay"], "Unknown entry 'smal' in some. Did you mean 'small'?"),
        (["some:noise"], "some:noise trains nothing: an evaluation under noise is no point."),
        (["some:small"], "There is nothing to decide"),
        (["some:small", "l2=1,2"], "l2 has several values, but the points are named already: small."),
        (["some:small", "some:decay", "dataset.limit=-1"], "dataset.limit"),
    ],
)
def test_entries_that_are_no_points_are_refused_in_a_line(study: Path, words: Sequence[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        decision(*words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
