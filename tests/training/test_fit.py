import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import TrainingConfig
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import RunError, UserError
from deeplab.models.build import build
from deeplab.training.check_config import check_fits
from deeplab.training.engine import Engine
from deeplab.training.fit import fit
from deeplab.training.history import Epoch, History
from deeplab.training.losses import class_weights
from deeplab.training.observer import Observer
from deeplab.training.runtime import Runtime
from deeplab.training.setup import TrainingSetup
from deeplab.training.targets import Targets

KERAS = Engine("keras", False, "")
INFO = DatasetInfo("points", (2,), 2, ("left", "right"), "", 1.0)
TRAINING = replace(compose([]).config.training, epochs=3, batch_size=16)
LAYERS = (
    {"type": "Dense", "units": 8, "activation": "relu"},
    {"type": "Dropout", "rate": 0.2},
    {"type": "Dense", "units": "num_classes", "activation": "softmax"},
)


def points(count: int, seed: int = 0) -> Split:
    """Points left and right of a line, easy to tell apart."""
    x = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    return Split.whole(x, (x[:, 0] > 0).astype(np.int32))


def trained(
    training: TrainingConfig = TRAINING,
    seed: int = 0,
    observer: Observer | None = None,
    validation: Split | None = None,
    learning_rate: float = 0.1,
    engine: Engine = KERAS,
) -> tuple[History, list[np.ndarray]]:
    import keras

    model = replace(compose([]).config.model, layers=LAYERS)
    network = build(model, INFO, seed)
    setup = TrainingSetup(
        network=network,
        optimizer=keras.optimizers.SGD(learning_rate),
        splits=None,
        train=points(100),
        validation=validation if validation is not None else points(40, 1),
        runtime=Runtime("cpu", "", 1, True),
        engine=engine,
        targets=Targets("classification", INFO),
        overlap={},
        notes=(),
        input_spec=lambda: None,
    )
    done = fit(setup, training, seed, observers=[observer] if observer else [])
    return done.history, network.get_weights()


def test_history_has_every_metric_of_every_epoch() -> None:
    history, _ = trained()
    assert [epoch.number for epoch in history.epochs] == [1, 2, 3]
    assert set(history.epochs[0].metrics) == {
        "train/loss",
        "train/accuracy",
        "val/loss",
        "val/accuracy",
        "time/epoch_seconds",
        "time/step_ms",
        "learning_rate",
    }
    assert history.values("val/accuracy")[-1] > 0.8
    assert history.values("learning_rate") == pytest.approx([0.1, 0.1, 0.1])


def test_the_same_seed_gives_the_same_to_the_bit_and_another_seed_does_not() -> None:
    (first, weights), (second, again), (other, _) = trained(), trained(), trained(seed=1)
    assert first.values("train/loss") == second.values("train/loss") != other.values("train/loss")
    assert all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))


def test_observers_see_every_step_with_the_short_one() -> None:
    seen: list[tuple[int, int]] = []

    class Steps(Observer):
        def training_began(self, epochs: int, steps_per_epoch: int) -> None:
            seen.append((epochs, steps_per_epoch))

        def step_ended(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
            assert math.isfinite(metrics["loss"])
            seen.append((epoch, step))

        def epoch_ended(self, epoch: Epoch) -> None:
            seen.append((epoch.number, 0))

    trained(replace(TRAINING, epochs=2), observer=Steps())
    assert seen == [(2, 7), *[(1, s) for s in range(1, 8)], (1, 0), *[(2, s) for s in range(1, 8)], (2, 0)]


def test_a_loss_that_is_no_number_ends_the_training_and_tells_the_epoch() -> None:
    with pytest.raises(RunError, match="The loss became (nan|inf) in epoch 1, step"):
        trained(learning_rate=1e38)


def test_early_stopping_stops_and_the_best_weights_come_back() -> None:
    training = replace(TRAINING, epochs=30, early_stopping_patience=2, restore_best_weights=True)
    history, weights = trained(training, learning_rate=3.0)
    losses = history.values("val/loss")
    best = int(np.argmin(losses)) + 1
    assert len(losses) < 30
    assert len(losses) == best + 2
    _, weights_then = trained(replace(TRAINING, epochs=best), learning_rate=3.0)
    assert all(np.array_equal(a, b) for a, b in zip(weights, weights_then, strict=True))


def test_best_weights_alone_stop_nothing() -> None:
    history, _ = trained(replace(TRAINING, epochs=6, restore_best_weights=True, monitor="accuracy"), learning_rate=3.0)
    assert len(history.epochs) == 6


def test_label_smoothing_and_class_weights_change_the_loss() -> None:
    plain = trained()[0].values("train/loss")[0]
    assert trained(replace(TRAINING, label_smoothing=0.2))[0].values("train/loss")[0] > plain
    heavy = trained(replace(TRAINING, class_weights=(10.0, 10.0)))[0].values("train/loss")[0]
    assert heavy > 2 * plain


def test_binary_cross_entropy_on_a_softmax_counts_classes() -> None:
    history, _ = trained(replace(TRAINING, loss="binary_crossentropy", epochs=8))
    assert history.values("val/accuracy")[-1] > 0.8


def test_balanced_weights_are_scikit_learn_s() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0, 0, 0, 1, 2, 2], np.int32)
    ours = class_weights(replace(TRAINING, class_weights="balanced"), labels, 3)
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"batch_size": 101},
            r"training.batch_size: must be at most the number of training rows \(100\), got 101",
        ),
        ({"class_weights": (1.0, 2.0, 3.0)}, "one weight for each of the 2 classes, got 3"),
        ({"early_stopping_patience": 2}, "training.early_stopping_patience looks at validation scores"),
        ({"restore_best_weights": True}, "training.restore_best_weights looks at validation scores"),
    ],
)
def test_settings_that_do_not_fit_are_refused(change: dict[str, object], line: str) -> None:
    with pytest.raises(UserError, match=line):
        check_fits(replace(TRAINING, **change), points(100), None, Targets("classification", INFO))


def test_a_score_that_validation_rows_do_not_have_chooses_no_epoch() -> None:
    validation = points(20)
    alike = replace(validation, y=np.zeros_like(validation.y))
    targets = Targets("classification", INFO)
    for monitor in ("auc", "kappa"):
        config = replace(TRAINING, monitor=monitor, restore_best_weights=True)
        check_fits(config, points(100), validation, targets)
        with pytest.raises(UserError, match=f"training.monitor={monitor}: the 20 validation rows have none"):
            check_fits(config, points(100), alike, targets)


def test_history_in_long_form() -> None:
    history = History((Epoch(1, {"train/loss": 0.5, "val/accuracy": 0.25, "time/step_ms": 3.0}),))
    assert list(history.long_form()) == [(1, 0.5, "loss", "train"), (1, 0.25, "accuracy", "val")]
