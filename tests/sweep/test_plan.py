import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from deeplab.errors import RunError, UserError, UserErrors
from deeplab.sweep.check import checked_plan
from deeplab.sweep.plan import SHARED_STEPS, Plan, apply_checks, plan_sweep
from deeplab.sweep.replicates import replicate_seed
from deeplab.workflows.check import PointCheck

CHECKED = PointCheck("keras", 10, "fingerprint")


def end_at_once(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def planned(*overrides: str) -> Plan:
    plan = plan_sweep(["model=mlp_64_64", *overrides], None)
    return apply_checks(plan, [CHECKED] * len(plan.points))


def error(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        plan_sweep(overrides, None)
    return str(caught.value)


def test_replicates_are_paired_across_points_and_the_first_has_the_seed_itself() -> None:
    plan = planned("l2=1e-6,1e-3", "replicates=3", "seed=7")
    seeds = [trial.values["seed"] for trial in plan.trials]
    assert seeds[:3] == seeds[3:] == [7, replicate_seed(7, 1), replicate_seed(7, 2)]
    assert len(set(seeds)) == 3
    assert [(trial.point, trial.replicate) for trial in plan.trials] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [trial.values["l2"] for trial in plan.trials] == [1e-6] * 3 + [1e-3] * 3
    assert plan.trial_name(plan.trials[4]) == "l2=0.001 #2"
    assert plan.size == "2 points x 3 replicates = 6 trials"


def test_the_cores_are_divided_among_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deeplab.sweep.workers.cores", lambda: 12)

    def threads(*overrides: str) -> int:
        return int(planned("l2=1e-6,1e-3", "replicates=6", *overrides).trials[0].values["training"]["threads"])

    assert threads() == 1
    assert threads("launcher.workers=3") == 4
    assert threads("launcher.workers=20") == 1
    assert threads("launcher.workers=3", "training.threads=2") == 2
    assert threads("launcher=ray", "launcher.cpus_per_trial=5") == 5


def test_identity_is_what_can_change_a_result() -> None:
    def first(*overrides: str) -> str:
        return planned("l2=1e-6,1e-3", "launcher.workers=1", *overrides).trials[0].identity

    same = first()
    for override in ("name=a", "notes=b", "tags.x=1", "tracking.plots=none", "training.checkpoint_every=3"):
        assert first(override) == same, override
    for override in ("launcher.retries=5", "dataset=mnist dataset.data_dir=x"):
        assert (first(*override.split()) == same) == (override.startswith("launcher")), override
    for override in ("seed=1", "training.epochs=2", "training.threads=7", "training.engine=compiled"):
        assert first(override) != same, override
    plan = plan_sweep(["model=mlp_64_64", "l2=1e-6,1e-3", "launcher.workers=1"], None)
    for checked in (PointCheck("compiled", 10, "fingerprint"), PointCheck("keras", 10, "other data")):
        assert apply_checks(plan, [checked] * 2).trials[0].identity != same


def test_the_same_command_is_known_by_its_name_or_its_words() -> None:
    assert planned("l2=1e-6,1e-3").key == planned("l2=1e-6,1e-3", "launcher.workers=2", "tracking.plots=none").key
    assert planned("l2=1e-6,1e-3").key != planned("l2=1e-6,1e-4").key
    assert planned("l2=1e-6,1e-3", "name=decay").key == planned("l2=1e-6,1e-4", "name=decay").key


def test_a_frozen_plan_is_json_with_every_configuration() -> None:
    plan = planned("l2=1e-6,1e-3", "replicates=2")
    frozen = json.loads(plan.frozen())
    assert [trial["identity"] for trial in frozen["trials"]] == [trial.identity for trial in plan.trials]
    assert frozen["trials"][3]["values"] == plan.trials[3].values


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=mlp_64_64"], "nothing to compare"),
        (["model=mlp_64_64", "replicates=0"], "replicates: must be greater than 0"),
        (["l3=1,2"], "Unknown key 'l3'. Did you mean 'l2'?"),
        (["model.drouput=0.1,0.2"], "Did you mean 'dropout'?"),
        (["seed=range(0,10001)"], "10,001 points x 1 replicate = 10,001 trials. If they are all meant: --yes"),
        (["seed=0,1", "validation=none"], "sweep.metric=test/accuracy"),
        (["seed=0,1", "sweep.metric=f1"], "must be 'val/accuracy', 'val/loss'"),
        (["seed=0,1", "launcher=lokal"], "Did you mean 'local'?"),
        (
            ["model=autoencoder,dense_relu"],
            "model=dense_relu: A network for classification cannot be compared with one for reconstruction.",
        ),
        (
            ["model=autoencoder", "replicates=2", "sweep.metric=test/accuracy"],
            "sweep.metric=test/accuracy: a network for reconstruction has no accuracy; give val/loss.",
        ),
    ],
)
def test_what_is_no_sweep_is_refused(overrides: list[str], message: str) -> None:
    assert message in error(*overrides)


def test_a_setting_that_no_layer_takes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text(
        "# mine\nname: mine\nunits: 5\nlayers:\n  - {type: Flatten}\n  - {type: Dense, units: num_classes}\n"
    )
    with pytest.raises(UserError, match=r"model.units=3' changes nothing: no layer of the network 'mine' takes"):
        plan_sweep(["model=mine", "model.units=3,4"], tmp_path)
    with pytest.raises(UserError, match=r"l2=0.1 changes nothing: the network 'mine' names no l2"):
        plan_sweep(["model=mine", "l2=0.1,0.2"], tmp_path)


def test_all_faults_of_all_points_are_told_at_once() -> None:
    with pytest.raises(UserErrors) as caught:
        plan_sweep(["model=cnn,dense_reul,mlp_64_64", "training.epochs=2,0"], None)
    lines = caught.value.messages
    assert len(lines) == 3
    assert "training.epochs: must be greater than 0" in " ".join(lines)
    assert "Did you mean 'dense_relu'?" in " ".join(lines)
    assert lines[-1] == "4 of 6 points cannot be trained; nothing was started."


def test_points_are_built_on_shapes_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_sweep(["model=cnn", "dataset.image_size=8", "model.layers.0.kernel_size=3,9"], None)
    with pytest.raises(UserErrors) as caught:
        checked_plan(plan)
    assert "model.layers[0]" in caught.value.messages[0]
    assert caught.value.messages[0].startswith("kernel_size=9: ")
    assert caught.value.messages[-1] == "1 of 2 points cannot be trained; nothing was started."
    assert list(tmp_path.iterdir()) == []


def test_a_metric_that_a_network_does_not_have_is_refused() -> None:
    plan = plan_sweep(["model=mlp_64_64", "seed=1,2"], None)
    with pytest.raises(UserErrors) as caught:
        apply_checks(plan, [CHECKED, replace(CHECKED, has_accuracy=False)])
    assert caught.value.messages[0] == (
        "seed=2: sweep.metric=val/accuracy: there is no accuracy of this network on these rows; give val/loss."
    )


def test_the_weights_to_begin_with_are_those_of_one_run_for_the_whole_sweep() -> None:
    plan = plan_sweep(["model=mlp_64_64", "seed=1,2", "training.initial_weights=old"], None)
    one, other = (apply_checks(plan, [replace(CHECKED, initial_weights=run)] * 2).trials for run in ("ab", "cd"))
    assert {trial.values["training"]["initial_weights"] for trial in one} == {"ab"}
    assert one[0].identity != other[0].identity
    assert plan.trials[0].values["training"]["initial_weights"] == "old"


def test_points_that_are_the_same_training_are_refused() -> None:
    with pytest.raises(UserError, match="are the same training"):
        planned("training.checkpoint_seconds=1,2")


MANY = ("model=mlp_64_64", "l2=1e-6,1e-3")


def test_many_short_trainings_that_share_what_is_compiled_go_in_blocks() -> None:
    short = replace(CHECKED, steps=SHARED_STEPS // 6 + 1, in_blocks="compiled with XLA")
    twice, thrice = (
        apply_checks(plan_sweep([*MANY, f"replicates={count}"], None), [short] * 2).trials for count in (2, 3)
    )
    assert {trial.values["training"]["engine"] for trial in twice} == {"auto"}
    assert {trial.values["training"]["engine"] for trial in thrice} == {"compiled"}
    apart = apply_checks(plan_sweep([*MANY, "replicates=3", "validation=random"], None), [short] * 2).trials
    assert {trial.values["training"]["engine"] for trial in apart} == {"auto"}
    asked = apply_checks(plan_sweep([*MANY, "replicates=3", "training.engine=keras"], None), [short] * 2).trials
    assert {trial.values["training"]["engine"] for trial in asked} == {"keras"}


def test_a_kill_of_what_checks_the_points_is_one_line_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("deeplab.sweep.check._check_and_tell", end_at_once)
    with pytest.raises(
        RunError, match="checks the points was ended; perhaps memory ran out. Nothing has begun: the sa"
    ):
        checked_plan(plan_sweep(["model=mlp_64_64", "l2=0.1,0.2"], None))
