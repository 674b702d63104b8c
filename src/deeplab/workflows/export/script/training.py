"""How a script trains: order of rows, loss, optimiser, schedule, what stops it."""

from typing import Any

import keras

from deeplab.config.schema import ExperimentConfig
from deeplab.errors import UserError
from deeplab.metrics import METRICS, metric_of
from deeplab.models.inspect import evaluation_batch_size
from deeplab.training.losses import LOSSES
from deeplab.training.optimizers import OPTIMIZERS, optimizer_arguments
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.export.script.expressions import Call, Raw, assignment, call_of, code
from deeplab.workflows.export.script.network import draws

# Scores that Keras defines as deeplab does.
KERAS_METRICS = {
    "top_5_accuracy": ("TopKCategoricalAccuracy", (5,)),
    "mae": ("MeanAbsoluteError", ()),
}
BATCHES = '''
class Batches(keras.utils.PyDataset):
    """The rows to learn from, batch by batch, in another order in each epoch."""

    def __init__(self):
        super().__init__()
        self.shuffle(epoch=0)

    def shuffle(self, epoch):
        self.order = np.random.default_rng([SEED, epoch]).permutation(len(x_train))

    def __len__(self):
        return -(-len(x_train) // BATCH_SIZE)

    def __getitem__(self, index):
        rows = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        return x_train[rows], y_train[rows]
'''
# Keras asks for batches of the next epoch in advance, so that the order follows the epoch that begins.
SHUFFLE = Call(
    "keras.callbacks.LambdaCallback", (), {"on_epoch_begin": Raw("lambda epoch, logs: batches.shuffle(epoch)")}
)
SEED_LAYERS = '''
class SeedLayers(keras.callbacks.Callback):
    """What dropout and the like draw in an epoch follows from SEED and the epoch alone."""

    def on_epoch_begin(self, epoch, logs=None):
        states = [each for each in self.model.variables if each.path.endswith("seed_generator_state")]
        for index, state in enumerate(states):
            drawn = np.random.SeedSequence([SEED, epoch, index]).generate_state(2)
            state.assign(drawn.astype(state.dtype))
'''
HALF_SQUARED_ERROR = '''
def half_squared_error(y_true, y_pred):
    """The mean of (target - output)^2 / 2."""
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1) / 2
'''
STANDARDIZED = '''
class Standardized(keras.losses.Loss):
    """A loss of targets and outputs that are both standardised before."""

    def __init__(self, loss):
        super().__init__(name="standardized")
        self.loss = loss
        self.mean, self.deviation = np.float32(means), np.float32(deviations)

    def call(self, y_true, y_pred):
        return self.loss((y_true - self.mean) / self.deviation, (y_pred - self.mean) / self.deviation)
'''
SAME_SIGN = '''
def accuracy(y_true, y_pred):
    """The share of outputs on the right side of zero."""
    return keras.ops.cast(keras.ops.equal(y_pred > 0, y_true > 0), "float32")
'''


def check_monitor(config: ExperimentConfig) -> None:
    """Refuse a score that stops the training and that Keras has no equal of.

    Raises:
        UserError: so it is.
    """
    training = config.training
    if training.early_stopping_patience is None and not training.restore_best_weights:
        return
    if metric_of(training.monitor).is_optional and training.monitor not in KERAS_METRICS:
        raise UserError(
            f"training.monitor={training.monitor}: there is no script without deeplab yet, since Keras has no score "
            "of this definition."
        )


def unmeasured(config: ExperimentConfig) -> list[str]:
    """Name the scores that deeplab measures and the script does not."""
    return [METRICS[name].label for name in config.training.metrics if name not in KERAS_METRICS]


def compile_code(config: ExperimentConfig, setup: TrainingSetup) -> str:
    """Write the functions of loss and scores, the optimiser and `model.compile`."""
    info = setup.targets.info
    functions: list[str] = []
    loss = _loss(config, functions)
    if info.targets is not None:
        functions.append(STANDARDIZED)
        loss = Call("Standardized", (loss,))
    metrics = _metrics(config, bool(info.num_classes), functions)
    compiled = Call(
        "model.compile",
        (),
        {
            "optimizer": Raw("optimizer"),
            "loss": loss,
            **({"metrics": metrics} if metrics else {}),
            "jit_compile": False,
        },
    )
    made = [each.strip("\n") for each in functions]
    return "\n\n\n".join([*made, "\n".join([_optimizer(config, setup), code(compiled)])])


def _loss(config: ExperimentConfig, functions: list[str]) -> Any:
    training = config.training
    if training.loss == "half_squared_error":
        functions.append(HALF_SQUARED_ERROR)
        return Raw("half_squared_error")
    smoothing = {"label_smoothing": training.label_smoothing} if training.label_smoothing else {}
    name = f"keras.losses.{LOSSES[training.loss]}"
    if training.standardize_targets:
        return Raw(f"keras.losses.{training.loss}")
    return Call(name, (), smoothing)


def _metrics(config: ExperimentConfig, has_classes: bool, functions: list[str]) -> list[Any]:
    metrics: list[Any] = []
    if config.model.task == "reconstruction":
        metrics.append(Call("keras.metrics.MeanSquaredError", (), {"name": "mse"}))
    elif config.model.task == "classification":
        metrics.append(Call("keras.metrics.CategoricalAccuracy", (), {"name": "accuracy"}))
    elif has_classes:
        functions.append(SAME_SIGN)
        metrics.append(Raw("accuracy"))
    for name in config.training.metrics:
        if name in KERAS_METRICS:
            kind, given = KERAS_METRICS[name]
            metrics.append(Call(f"keras.metrics.{kind}", given, {"name": name}))
    return metrics


def _optimizer(config: ExperimentConfig, setup: TrainingSetup) -> str:
    arguments = optimizer_arguments(config.optimizer, config.training)
    kind: str = config.optimizer.kind
    rate: Any = config.optimizer.learning_rate
    schedule = setup.optimizer.get_config()["learning_rate"]
    if isinstance(schedule, dict):
        made = keras.saving.deserialize_keras_object(schedule)
        called = call_of(made, "schedules")
        rate = Raw("learning_rate")
        values = made.get_config()
        steps = assignment("learning_rate", Call(called.name, (), {key: values[key] for key in _keys(made)}))
    else:
        steps = ""
    call = Call(f"keras.optimizers.{OPTIMIZERS[kind]}", (), {"learning_rate": rate, **arguments})
    return "\n".join([*([steps] if steps else []), assignment("optimizer", call)])


def _keys(schedule: Any) -> list[str]:
    values = schedule.get_config()
    unset = {key for key, value in values.items() if value is None or value is False or key == "name"}
    if not values.get("warmup_steps"):
        unset |= {"warmup_steps", "warmup_target"}
    return [key for key in values if key not in unset]


def fit_code(config: ExperimentConfig, setup: TrainingSetup) -> str:
    """Write the classes that feed the training, and `model.fit`."""
    training = config.training
    batches = BATCHES
    if training.class_weights is not None:
        batches = batches.replace("y_train[rows]\n", "y_train[rows], row_weights[rows]\n")
    classes = [batches.strip("\n")]
    callbacks: list[Any] = [SHUFFLE]
    if draws(setup.network):
        classes.append(SEED_LAYERS.strip("\n"))
        callbacks.append(Raw("SeedLayers()"))
    if training.early_stopping_patience is not None or training.restore_best_weights:
        callbacks.append(_early_stopping(config))
    named: dict[str, Any] = {"epochs": Raw("EPOCHS")}
    if setup.validation is not None:
        named["validation_data"] = Raw("(x_val, y_val)")
        named["validation_batch_size"] = evaluation_batch_size(setup.network)
    named |= {"callbacks": callbacks, "shuffle": False}
    fitted = assignment("history", Call("model.fit", (Raw("batches"),), named))
    return "\n\n\n".join([*classes, f"batches = Batches()\n{fitted}"])


def _early_stopping(config: ExperimentConfig) -> Call:
    training = config.training
    patience = training.early_stopping_patience
    return Call(
        "keras.callbacks.EarlyStopping",
        (),
        {
            "monitor": f"val_{training.monitor}",
            "mode": "max" if metric_of(training.monitor).higher_is_better else "min",
            # without a patience it never stops and only remembers the best epoch
            "patience": patience or training.epochs + 1,
            "restore_best_weights": training.restore_best_weights,
        },
    )


def test_code(setup: TrainingSetup) -> str:
    """Write how the network is scored on the test rows."""
    size = evaluation_batch_size(setup.network)
    return (
        f"scores = model.evaluate(x_test, y_test, batch_size={size}, verbose=0, return_dict=True)\n"
        'print("test", {name: round(value, 4) for name, value in scores.items()})'
    )
