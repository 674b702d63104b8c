"""The trainings between two configurations, and what is told of them."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deeplab.errors import UserError
from deeplab.evaluation.shapley import combinations_of
from deeplab.sweep.results.summary import TrialScores
from deeplab.sweep.why.plan import WhyPlan, in_words, plan_why, seed_of
from deeplab.sweep.why.result import explain

A, B = "model=mlp_64_64", "model=mlp_64_64 optimizer=adam l2=0.01"


def planned(first: str = A, second: str = B, *overrides: str, sampled: int = 6) -> WhyPlan:
    return plan_why(first, second, overrides, None, sampled)


def trial(plan: WhyPlan, point: int, replicate: int, score: float) -> TrialScores:
    return TrialScores(point, replicate, f"{point}-{replicate}", {plan.sweep.comparison.metric: score}, 1.0)


def test_every_combination_is_trained_with_the_same_fresh_seeds() -> None:
    plan = planned()
    assert in_words(plan) == "2 differences, all 4 combinations x 3 replicates = 12 trials"
    assert [point["optimizer"] for point in plan.points] == ["adadelta", "adadelta", "adam", "adam"]
    seeds = [[each.values["seed"] for each in plan.trials if each.point == point] for point in range(4)]
    assert seeds == [[seed_of(0, number) for number in range(3)]] * 4
    assert 0 not in seeds[0]


def test_what_is_common_stands_beside_the_two() -> None:
    plan = planned(A, B, "training.epochs=2", "replicates=2", "optimizer=sgd")
    assert {each.values["training"]["epochs"] for each in plan.trials} == {2}
    assert plan.differences[1].before == "sgd"
    assert plan.replicates == 2


def test_more_than_four_differences_are_sampled_in_orders() -> None:
    second = f"{B} training.epochs=9 training.batch_size=8 training.clip_norm=1.0"
    plan = planned(A, second, sampled=2)
    assert len(plan.orders) == 2
    assert len(plan.combinations) == 10 < 2**5
    assert not plan.is_whole


def test_shares_are_in_favour_of_the_second_and_add_up() -> None:
    plan = planned(A, B, "sweep.metric=val/loss")
    base = {0: 0.5, 1: 0.4, 2: 0.45, 3: 0.2}  # neither, l2, adam, both: loss, of which less is better
    trials = [trial(plan, point, seed, loss + 0.01 * seed * point) for point, loss in base.items() for seed in range(3)]
    found = explain(plan, trials)
    assert found.whole is not None
    assert math.fsum(share.gain for share in found.shares) == pytest.approx(found.whole.gain, abs=1e-9)
    assert found.whole.gain == pytest.approx(0.3 - 0.03)
    assert [share.name for share in found.shares] == ["l2 null → 0.01", "optimizer adadelta → adam"]
    assert found.whole.verdict == "better"
    assert found.combinations["A"] == pytest.approx(0.5)
    assert found.sentence.startswith("B is better than A in validation loss (+0.27 in its favour, 95 % interval ")


def test_only_seeds_that_are_there_everywhere_count() -> None:
    plan = planned()
    trials = [trial(plan, point, seed, 0.9) for point in range(4) for seed in range(3)][:-1]
    found = explain(plan, trials)
    assert (found.seeds, found.planned, found.trainings) == (2, 3, 11)
    assert {share.verdict for share in found.shares} == {"equal"}
    nothing = explain(plan, trials[:5])
    assert (nothing.whole, nothing.shares, nothing.sentence) == (
        None,
        (),
        "No seed is finished in every combination yet.",
    )
    json.loads(nothing.to_json())


def test_the_plan_is_that_of_a_direction() -> None:
    assert planned(A, B).key != planned(B, A).key
    assert planned(A, B, "replicates=4").key != planned(A, B).key
    assert planned(A, B, "launcher.workers=1").key == planned(A, B).key
    assert combinations_of(planned(A, B).orders) == list(planned(A, B).combinations)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((A, A), "the same configuration"),
        ((A, B, "replicates=1"), "replicates must be at least 2"),
        ((A, B, "sweep.stop=paired"), "sweep.stop: deeplab why needs every combination"),
        ((A, f"{B} replicates=3"), "B: replicates=3 is no difference"),
        ((A, f"{B} seed=3"), "B: seed=3 is no difference"),
        ((A, "model.layers=[{type: Dense"), "B: .*: a bracket is not closed"),
        ((A, "optimizer=adamm"), "adam"),
        ((A, B, "sweep.metric=val/psnr"), "psnr"),
        (("nothing", B), "store"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        planned(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_orders_come_in_pairs() -> None:
    with pytest.raises(UserError, match="--orders must be an even number from 2"):
        planned(A, B, sampled=3)


@pytest.mark.slow
def test_it_is_trained_told_and_gone_on_with(cli: Callable[..., Any], folder: Path) -> None:
    small = ("dataset.limit=120", "dataset.image_size=8", "training.epochs=1", "replicates=2", "launcher.workers=1")
    command = ("why", "model=dense_relu", "model=dense_relu optimizer=adam", *small)
    status, out, err = cli(*command, "--json")
    stored = json.loads(out)
    assert status == (3 if "undecided" in {each["verdict"] for each in stored["shares"]} else 0), err
    assert stored["trainings"] == 4
    assert stored["shares"][0]["gain"] == pytest.approx(stored["whole"]["gain"], abs=1e-9)
    assert json.loads(cli(*command, "--json")[1]) == stored  # which trained nothing
    assert cli("report", "why model=dense_relu to model=dense_relu optimizer=adam", "--out", "r.md")[0] == 0
    page = (folder / "r.md").read_text()
    assert stored["sentence"] in page
    before, _, after = page.partition("All combinations")
    assert "Points by validation accuracy" not in before and "Points by validation accuracy" in after
    assert "chosen, the best of" not in page, "nothing was"
    assert 0 < page.index("What each difference brings") < page.index("The points compared")
    assert "deeplab why model=dense_relu 'model=dense_relu optimizer=adam' dataset.limit=120" in page
