"""The engines: which is chosen, and that they train the same."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import BRANCHED, script_module

from deeplab.config.compose import compose
from deeplab.config.folders import conf_folders, options
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.models.build import build
from deeplab.models.expand import expand_layers
from deeplab.models.inspect import multiplications
from deeplab.models.layers import LAYERS
from deeplab.training.block_model import BlockModel
from deeplab.training.engine import BLOCK_SECONDS, XLA_IS_FASTEST, Engine, choose_engine, steps_per_block
from deeplab.training.fit import fit
from deeplab.training.optimizers import OPTIMIZERS, build_optimizer
from deeplab.training.targets import Targets
from deeplab.workflows.prepare import prepare

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ENGINES = {
    "keras": Engine("keras", False, ""),
    "blocks": Engine("compiled", False, ""),
    "xla": Engine("compiled", True, ""),
}
SMALL = ("dataset=digits", "dataset.limit=60", "training.batch_size=16", "training.epochs=2")


def trained(overrides: list[str], engine: str) -> tuple[list[float], list[np.ndarray]]:
    """Losses of training and validation, and the weights."""
    config = compose([*SMALL, *overrides]).config
    prepared = prepare(config, Path())
    done = fit(replace(prepared, engine=ENGINES[engine]), config.training, config.seed)
    return [*done.history.values("train/loss"), *done.history.values("val/loss")], prepared.network.get_weights()


def kinds_of(overrides: list[str]) -> set[str]:
    model = compose(overrides).config.model
    return {layer.kind for layer in expand_layers(model.layers, model.blocks)}


def without_dropout() -> list[Any]:
    found: list[Any] = []
    for name in options("model", conf_folders(None)):
        kinds = kinds_of([f"model={name}"])
        if not kinds & {"Dropout"} and not any(kind.startswith("Random") for kind in kinds):
            # A small network with all of their branches is trained below.
            is_long = name.startswith(("resnet", "unet", "mlp_mixer"))
            found.append(pytest.param(name, marks=pytest.mark.long) if is_long else name)
    return found


@pytest.mark.parametrize("name", without_dropout())
def test_every_network_without_dropout_trains_alike_in_both_engines(name: str) -> None:
    dense = name.startswith(("dense", "mlp_5", "mlp_6", "playground")) or name == "mlp"
    points = ["dataset=circle"] if name == "playground" else []
    # With plain descent; what Adadelta divides by is near zero in the first steps, and rounding grows large there.
    overrides = [f"model={name}", *points, "optimizer=sgd", "optimizer.learning_rate=0.05"]
    (ours, _), (theirs, _) = trained(overrides, "xla" if dense else "blocks"), trained(overrides, "keras")
    assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_trains_alike(kind: str) -> None:
    overrides = ["model=mlp_64_64", f"optimizer={kind}", "schedule=cosine", "schedule.warmup_epochs=1"]
    (ours, _), (theirs, _) = trained(overrides, "xla"), trained(overrides, "keras")
    assert ours == pytest.approx(theirs, rel=1e-3)


DRAWS = {
    "dropout": "{type: Dropout, rate: 0.3}",
    "noise": "{type: GaussianNoise, stddev: 0.3}",
    "multiplied": "{type: GaussianDropout, rate: 0.3}",
}


def drawing_network(kind: str) -> str:
    hidden, last = (
        "{type: Dense, units: 32, activation: relu}",
        "{type: Dense, units: num_classes, activation: softmax}",
    )
    return f"model.layers=[{{type: Flatten}},{DRAWS[kind]},{hidden},{DRAWS[kind]},{last}]"


@pytest.mark.parametrize("kind", DRAWS)
def test_what_draws_trains_alike_in_every_engine(kind: str) -> None:
    overrides = ["model=mlp_64_64", drawing_network(kind), "optimizer=sgd", "optimizer.learning_rate=0.05"]
    (plain, _), (blocks, _), (xla, _) = (trained(overrides, engine) for engine in ENGINES)
    assert blocks == pytest.approx(plain, rel=1e-5)
    assert xla == pytest.approx(plain, rel=1e-5)
    before, _ = trained([*overrides, "training.randomness=keras"], "keras")
    assert before[:2] != pytest.approx(plain[:2], rel=1e-3)


def test_branches_train_alike_in_every_engine() -> None:
    overrides = [*BRANCHED, "dataset.image_size=8", "optimizer=sgd", "optimizer.learning_rate=0.05"]
    (plain, _), (blocks, _), (xla, _) = (trained(overrides, engine) for engine in ENGINES)
    assert blocks == pytest.approx(plain, rel=1e-5)
    assert xla == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize("name", ["cnn_dropout", "cnn_augmented"])
def test_without_xla_dropout_and_augmentation_draw_the_same(name: str) -> None:
    overrides = [f"model={name}", "dataset.image_size=14", "optimizer=sgd", "optimizer.learning_rate=0.05"]
    (ours, _), (theirs, _) = trained(overrides, "blocks"), trained(overrides, "keras")
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_settings_of_the_loss_work_in_both() -> None:
    overrides = ["model=mlp_64_64", "optimizer=sgd", "optimizer.learning_rate=0.05"]
    settings = ["training.class_weights=balanced", "training.label_smoothing=0.2", "l2=0.01"]
    (ours, _), (theirs, _) = trained([*overrides, *settings], "xla"), trained([*overrides, *settings], "keras")
    assert ours == pytest.approx(theirs, rel=1e-4)
    for missing in range(3):
        without = [*overrides, *settings[:missing], *settings[missing + 1 :]]
        assert trained(without, "keras")[0] != pytest.approx(ours, rel=1e-4)


def test_binary_cross_entropy_and_mixed_precision_work_in_blocks() -> None:
    overrides = ["model=mlp_64_64", "optimizer=sgd", "training.loss=binary_crossentropy"]
    overrides += ["training.precision=mixed_bfloat16"]
    (ours, _), (theirs, _) = trained(overrides, "xla"), trained(overrides, "keras")
    assert ours == pytest.approx(theirs, rel=5e-2)


def test_early_stopping_and_best_weights_work_in_blocks() -> None:
    engine = "xla"
    overrides = [
        *("model=mlp_64_64", "optimizer=sgd", "optimizer.learning_rate=2.0"),
        *("training.early_stopping_patience=1", "training.restore_best_weights=true"),
    ]
    losses, weights = trained(overrides, engine)
    assert len(losses) == 4
    _, one_epoch = trained([*overrides, "training.restore_best_weights=false"], engine)
    assert all(np.isfinite(array).all() for array in weights)
    best_is_last = losses[3] < losses[2]
    assert all(np.array_equal(a, b) for a, b in zip(weights, one_epoch, strict=True)) == best_is_last


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_gives_the_same_to_the_bit(engine: str) -> None:
    overrides = ["model=cnn_dropout", "dataset.image_size=12", "optimizer=adam"]
    if engine == "xla":
        overrides = ["model=mlp_64_64", "optimizer=adam"]
    (losses, weights), (again, weights_again) = trained(overrides, engine), trained(overrides, engine)
    assert losses == again
    assert all(np.array_equal(a, b) for a, b in zip(weights, weights_again, strict=True))


def network(name: str, shape: tuple[int, ...] = (28, 28, 1)) -> Any:
    from deeplab.dataset_info import DatasetInfo

    info = DatasetInfo("x", shape, 10, tuple("0123456789"), "", 1 / 255)
    return build(compose([f"model={name}"]).config.model, info, 0)


@pytest.mark.parametrize(
    ("name", "wanted", "device", "steps", "expected"),
    [
        ("dense_relu", "auto", "cpu", 10_000, "compiled with XLA"),
        ("dense_relu", "auto", "cpu", 100, "keras"),
        ("dense_relu", "compiled", "cpu", 100, "compiled with XLA"),
        ("dense_relu", "keras", "cpu", 10_000, "keras"),
        ("cnn", "auto", "cpu", 10_000, "compiled"),
        ("cnn", "auto", "cpu", 100, "keras"),
        ("cnn_augmented", "auto", "cpu", 10_000, "compiled"),
        ("cnn", "compiled", "cpu", 10_000, "compiled"),
        ("cnn", "auto", "gpu:0", 10_000, "compiled with XLA"),
        ("cnn_augmented", "auto", "gpu:0", 10_000, "keras"),
        ("cnn_augmented", "compiled", "gpu:0", 10_000, "compiled"),
    ],
)
def test_the_choice(name: str, wanted: Any, device: str, steps: int, expected: str) -> None:
    engine = choose_engine(wanted, [type(layer).__name__ for layer in network(name).layers], device, steps)
    assert str(engine) == expected
    assert engine.reason


def cases() -> dict[str, list[str]]:
    module = script_module("engines")
    return dict(module.cases())


def test_no_layer_and_no_shipped_network_is_slower_by_default_than_step_by_step() -> None:
    page, measured = (ROOT / "docs/engines.md").read_text(encoding="utf-8"), cases()
    rows = re.findall(r"^\| `(.+)` \| .+ \| (.+) \| (.*) \| (.+) \|$", page, re.MULTILINE)
    assert {name for name, *_ in rows} == set(measured)
    assert set(XLA_IS_FASTEST) == set(LAYERS)
    for name, blocks, xla, taken in rows:
        assert str(choose_engine("auto", kinds_of(measured[name]), "cpu", 10**6)) == taken, name
        times_as_fast = {"keras": 1.0, "compiled": float(blocks), "compiled with XLA": float(xla or 0)}
        assert times_as_fast[taken] > 0.9, name


def test_a_block_is_short_and_blocks_are_equal() -> None:
    assert steps_per_block(55_050, 784, 128, 468) == 234
    assert steps_per_block(545_810, 784, 32, 1875) * (3e-4 + 6 * 545_810 * 32 / 1e11) <= BLOCK_SECONDS
    assert steps_per_block(10**9, 784, 128, 468) == 1
    assert steps_per_block(1000, 3_000_000, 128, 468) == 1
    assert steps_per_block(1000, 4, 16, 0) == 1


def test_a_convolution_multiplies_at_each_place() -> None:
    assert multiplications(network("mlp_64_64")) == network("mlp_64_64").count_params()
    convolutions = 26 * 26 * (9 * 32 + 32) + 24 * 24 * (9 * 32 * 64 + 64)
    assert convolutions < multiplications(network("cnn")) < 1.2 * convolutions


def test_a_set_smaller_than_two_batches_trains() -> None:
    config = compose([*SMALL, "training.batch_size=48", "model=mlp_64_64"]).config
    prepared = prepare(replace(config), Path())
    done = fit(replace(prepared, validation=None, engine=ENGINES["xla"]), config.training, 0)
    assert len(done.history.epochs) == 2


def test_the_network_stays_plain() -> None:
    import keras

    config = compose([*SMALL, "model=mlp_64_64"]).config
    plain = network("mlp_64_64")
    optimizer = build_optimizer(config.optimizer, config.schedule, config.training, 3)
    x = np.zeros((48, 28, 28, 1), np.uint8)
    split = Split.whole(x, np.zeros(48, np.int32))
    targets = Targets("classification", DatasetInfo("x", (28, 28, 1), 10, tuple("0123456789"), "", 1 / 255))
    setup = replace(prepare(config, Path()), network=plain, optimizer=optimizer, engine=ENGINES["xla"])
    fit(replace(setup, train=split, validation=None, targets=targets), config.training, 0)
    assert type(plain) is keras.Sequential
    assert not plain.compiled
    assert isinstance(BlockModel(plain, False, unpack=lambda *contents: contents)(x[:2]).shape[0], int)
