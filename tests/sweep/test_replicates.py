"""What differs between the replicates of a point: the seed, and where that is asked for the rows held out."""

import numpy as np
import pytest

from deeplab.config.compose import compose_sweep
from deeplab.config.identity import identity
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.data.hold_out import hold_out
from deeplab.data.load import load
from deeplab.data.splits import Split
from deeplab.errors import UserError
from deeplab.sweep.decision.plan import Budget, plan_decision
from deeplab.sweep.plan import plan_sweep

WORDS = ("model=mlp_64_64", "l2=1e-6,1e-3", "dataset.limit=100", "replicates=3")
VARIED = "replicates.vary=[seed, split]"


def held_out(values: dict[str, object]) -> Split:
    config = validate(ExperimentConfig, values)
    held = hold_out(load(config.dataset, None), config.validation, config.seed)[1]  # type: ignore[arg-type]
    assert held is not None
    return held


def test_with_split_each_replicate_holds_out_other_rows_the_same_at_every_point() -> None:
    trials = plan_sweep([*WORDS, VARIED], None).trials
    rows = [held_out(trial.values).rows for trial in trials]
    for replicate in range(3):
        assert np.array_equal(rows[replicate], rows[3 + replicate])
    assert len({tuple(each) for each in rows[:3]}) == 3
    assert {len(each) for each in rows} == {20}
    fixed = [held_out(trial.values).rows for trial in plan_sweep(WORDS, None).trials]
    assert all(np.array_equal(each, fixed[0]) for each in fixed)


def test_without_it_trainings_are_the_ones_they_were() -> None:
    plain, said = (plan_sweep([*WORDS, *more], None).trials for more in ((), ("replicates.vary=[seed]",)))
    assert [trial.values for trial in plain] == [trial.values for trial in said]
    assert all(identity(trial.values)["validation"] == {"kind": "tail", "fraction": 0.2} for trial in plain)
    drawn, varied = (plan_sweep([*WORDS, "validation=random", *more], None).trials for more in ((), (VARIED,)))
    assert [trial.values for trial in drawn] == [trial.values for trial in varied], "its rows are drawn by the seed"


def test_a_decision_varies_them_too() -> None:
    plan = plan_decision([*WORDS[:3], VARIED], None, 0.01, None, Budget())
    assert plan.sweep.comparison.vary == ("seed", "split")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("replicates.vary=[split]", "must be [seed] or [seed, split]"),
        ("replicates.vary=[seed,rows]", "vary"),
        ("replicates.vary=seed", "vary"),
    ],
)
def test_what_cannot_vary_is_one_line(word: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        compose_sweep([word])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["test", "none"])
def test_rows_that_nothing_draws_cannot_vary(kind: str) -> None:
    with pytest.raises(UserError, match=f"validation={kind} draws no rows to hold out"):
        plan_sweep([*WORDS, VARIED, f"validation={kind}", "sweep.metric=test/loss"], None)
