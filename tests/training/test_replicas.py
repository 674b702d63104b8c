"""A training on two devices, which are halves of a processor here, beside the same training on one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.config.overrides import expand_override
from deeplab.errors import UserError

# Trains what the overrides say on each device, without a store; prints every epoch's losses and scores, whether the
# weights of devices are equal, and whether a training that goes on after its first epoch ends the same to the bit.
PROGRAM = """
import json, sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from deeplab.config.compose import compose
from deeplab.training.checkpoint import CheckpointSink, from_bytes, to_bytes
from deeplab.workflows.prepare import prepare

COMMON = ["dataset.limit=103", "training.batch_size=15", "training.epochs=2"]


def trained(overrides, resumed=None, sink=None):
    from deeplab.training.fit import fit

    config = compose([*COMMON, *overrides]).config
    setup = prepare(config, Path("work"))
    done = fit(setup, config.training, config.seed, resume_from=resumed, sink=sink)
    return setup, done


def numbers(done):
    epochs = done.history.epochs
    return [{name: value for name, value in each.metrics.items() if not name.startswith("time/")} for each in epochs]


cases, told = json.loads(sys.argv[1]), []
for case in cases:
    kept = []
    sink = CheckpointSink(lambda _: None, lambda each: kept.append(to_bytes(each)))
    setup, several = trained([*case, "training.device=cpu:0,1"], sink=sink)
    _, again = trained([*case, "training.device=cpu:0,1"], resumed=from_bytes(kept[0]))
    one, alone = trained([*case, "training.device=cpu", "training.engine=keras"])
    told.append(
        {
            "several": numbers(several),
            "one": numbers(alone),
            "resumed to the bit": all(
                np.array_equal(ours, theirs)
                for kind in ("weights", "optimizer", "best_weights")
                for ours, theirs in zip(getattr(several, kind), getattr(again, kind), strict=True)
            )
            and numbers(several) == numbers(again),
            "network has them": all(
                np.array_equal(ours, theirs)
                for ours, theirs in zip(setup.network.get_weights(), several.weights, strict=True)
            ),
            "engine": str(setup.engine),
            "device": setup.runtime.device,
        }
    )
print(json.dumps(told))
"""
# What draws, what looks at a batch as a whole, what weighs rows, and what looks at gradients as a whole.
DRAWS = (
    "model.layers=[{type: Reshape, target_shape: [28, 28, 1]}, {type: GaussianNoise, stddev: 0.1}, "
    "{type: RandomTranslation, height_factor: 0.1, width_factor: 0.1}, "
    "{type: RandomBrightness, factor: 0.1, value_range: [0, 1]}, "
    "{type: Conv2D, filters: 4, kernel_size: 3, strides: 2}, {type: SpatialDropout2D, rate: 0.2}, "
    "{residual: {layers: [{type: Conv2D, filters: 4, kernel_size: 3, padding: same}], drop: 0.3}}, "
    "{type: Flatten}, {type: GaussianDropout, rate: 0.2}, {type: Dense, units: 16, activation: relu}, "
    "{type: Dropout, rate: 0.5}, {type: Dense, units: num_classes, activation: softmax}]"
)
WHOLE = (
    "model.layers=[{type: Flatten}, {type: Dense, units: 16, l2: 0.01}, {type: BatchNormalization}, "
    "{type: Activation, activation: relu}, {type: Dropout, rate: 0.5}, "
    "{type: Dense, units: num_classes, activation: softmax}]"
)
ALL = [
    WHOLE,
    "optimizer=adam",
    "training.clip_global_norm=0.1",
    "training.class_weights=balanced",
    "training.early_stopping_patience=5",
    "training.restore_best_weights=true",
]
# By name: what is trained, and how far losses may lie apart.
MORE = {
    "draws": ([DRAWS, "optimizer=adam"], 1e-5),
    "plateau": ([WHOLE, "schedule=plateau", "schedule.patience=1", "schedule.min_delta=1"], 1e-5),
    "schedule": ([WHOLE, "optimizer=adamw", "schedule=cosine", "training.metrics=[f1_macro]"], 1e-5),
    "one row": ([WHOLE, "validation.fraction=0.01", "training.clip_norm=0.1"], 1e-5),  # for two devices to validate on
    "images": (["model=autoencoder"], 1e-5),
    "muon": ([WHOLE, "optimizer=muon"], 1e-3),  # it makes all directions of a gradient equal, those of rounding too
    "half": ([WHOLE, "training.precision=mixed_float16"], 1e-2),  # three digits
}


def trained_apart(cases: list[list[str]], folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return told


def largest_difference(told: dict[str, Any]) -> float:
    pairs = zip(told["several"], told["one"], strict=True)
    assert all(ours.keys() == theirs.keys() for ours, theirs in zip(told["several"], told["one"], strict=True))
    return max(float(np.max([abs(ours[name] - theirs[name]) for name in ours])) for ours, theirs in pairs)


def check(told: dict[str, Any], tolerance: float = 1e-5) -> None:
    assert largest_difference(told) <= tolerance
    assert told["resumed to the bit"] and told["network has them"]
    assert (told["engine"], told["device"]) == ("keras", "cpu:0,1")


def test_two_devices_train_as_one_and_go_on_to_the_bit(tmp_path: Path) -> None:
    (told,) = trained_apart([ALL], tmp_path)
    check(told)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("case", MORE)
def test_two_devices_train_as_one_whatever_draws_and_learns(tmp_path: Path, case: str) -> None:
    overrides, tolerance = MORE[case]
    (told,) = trained_apart([overrides], tmp_path)
    check(told, tolerance)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["training.device=cpu:0,0"], 'training.device: must name each device once, got "cpu:0,0".'),
        (["training.device=cpu:0,2"], "training.device: must count the parts of the processor from 0"),
        (
            ["training.device=gpu:0,-1"],
            "training.device: must be auto, cpu, gpu or the number of a GPU as in gpu:1, or",
        ),
        (["training.device=gpu:0,1", "training.accumulate=2"], "accumulate goes with one device, and device=gpu:0,1"),
        (["training.device=gpu:0,1", "training.ema=0.9"], "ema goes with one device"),
        (
            ["training.device=gpu:0,1", "model=cnn_dropout", "training.randomness=keras"],
            "training.randomness=keras draws the same on each of several devices",
        ),
    ],
)
def test_what_several_devices_cannot_do_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError) as told:
        compose(overrides)
    assert message in str(told.value)


def test_several_devices_are_one_value_on_the_command_line_and_another_training() -> None:
    assert expand_override("training.device=gpu:0,1", {}) == ["training.device=gpu:0,1"]
    assert expand_override("training.device=gpu:0,gpu:1", {}) == ["training.device=gpu:0", "training.device=gpu:1"]
    two = compose(["training.device=gpu:0,1"])
    assert two.config.training.device == "gpu:0,1"
    assert len({two.hash, compose([]).hash, compose(["training.device=gpu:0"]).hash}) == 3
