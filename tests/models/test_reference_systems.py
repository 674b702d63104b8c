from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.config.folders import description, own_folder
from deeplab.models.build import build, check_network
from deeplab.models.expand import expand_layers
from deeplab.models.inspect import layer_table, parameter_count

# As published, or computed from the published layers; 28x28x1 images, CIFAR-10 32x32x3.
PARAMETERS = {
    "dense_linear": 203_530,
    "dense_relu": 203_530,
    "cnn": 1_199_882,
    "cnn_dropout": 1_199_882,
    "cnn_dropout_pool": 1_199_882,
    "cifar_cnn": 624_106,
    "cifar_cnn_valid": 443_882,
    "mlp_64_64": 55_050,
    "mlp_500_300": 545_810,
    "cnn_two_pool": 65_642,
    "cnn1": 693_962,
    "cnn2": 1_199_882,
    "cnn3": 34_826,
    "cnn4": 693_962,
    "cnn5": 1_199_882,
    "cnn6": 1_199_882,
    "autoencoder": 226_416,
    "playground": 28,
}

# dataset, model, optimizer, learning rate, schedule, validation, batch size, epochs, loss
CATEGORICAL, BINARY = "categorical_crossentropy", "binary_crossentropy"
SYSTEMS = {
    "mnist_dense_linear": (
        "mnist",
        "dense_linear",
        "rmsprop",
        0.001,
        "constant",
        "tail",
        128,
        12,
        CATEGORICAL,
    ),
    "mnist_dense_relu": ("mnist", "dense_relu", "rmsprop", 0.001, "constant", "tail", 128, 12, CATEGORICAL),
    "mnist_cnn": ("mnist", "cnn", "adadelta", 1.0, "constant", "tail", 128, 6, CATEGORICAL),
    "mnist_cnn_dropout": ("mnist", "cnn_dropout", "adadelta", 1.0, "constant", "tail", 128, 6, CATEGORICAL),
    "mnist_cnn_dropout_pool": (
        "mnist",
        "cnn_dropout_pool",
        "adadelta",
        1.0,
        "constant",
        "tail",
        128,
        6,
        CATEGORICAL,
    ),
    "cifar_cnn": ("cifar10", "cifar_cnn", "rmsprop", 1e-4, "inverse_time", "test", 32, 20, CATEGORICAL),
    "cifar_cnn_valid": (
        "cifar10",
        "cifar_cnn_valid",
        "rmsprop",
        1e-4,
        "inverse_time",
        "test",
        32,
        20,
        CATEGORICAL,
    ),
    "mnist_mlp_64_64": ("mnist", "mlp_64_64", "sgd", 0.1, "constant", "test", 128, 10, CATEGORICAL),
    "mnist_mlp_64_64_binary": ("mnist", "mlp_64_64", "sgd", 0.01, "constant", "test", 128, 10, BINARY),
    "mnist_mlp_500_300_binary": ("mnist", "mlp_500_300", "sgd", 0.01, "constant", "test", 128, 40, BINARY),
    "mnist_mlp_500_300_l2": ("mnist", "mlp_500_300", "sgd", 0.1, "constant", "test", 128, 40, CATEGORICAL),
    "mnist_cnn_two_pool": ("mnist", "cnn_two_pool", "sgd", 0.1, "constant", "test", 32, 4, CATEGORICAL),
    **{
        f"mnist_cnn{i}": ("mnist", f"cnn{i}", "sgd", 0.1, "constant", "test", 128, 10, CATEGORICAL) for i in range(1, 7)
    },
}


def files(group: str) -> list[Path]:
    return sorted((own_folder() / group).glob("*.yaml"))


@pytest.mark.parametrize("path", files("model"), ids=lambda path: path.stem)
def test_every_network_builds_with_the_published_number_of_parameters(path, facts):
    name = path.stem
    config = compose([f"model={name}"]).config.model
    rows = facts(32, 32, 3) if name.startswith("cifar") else facts(28, 28, 1)
    if config.task == "regression":
        rows = facts(7, num_classes=2)
    model = build(config, rows, seed=0)
    assert config.name == model.name == name
    outputs = {"classification": (10,), "regression": (1,), "reconstruction": rows.input_shape}
    assert model.output_shape[1:] == outputs[config.task]
    assert parameter_count(model) == check_network(config, rows)
    assert parameter_count(model) == sum(row.parameters for row in layer_table(model))
    assert PARAMETERS.get(name, parameter_count(model)) == parameter_count(model)


def test_every_published_network_has_a_file():
    assert set(PARAMETERS) <= {path.stem for path in files("model")}


def test_augmentation_adds_no_parameters(facts):
    augmented = compose(["model=cnn_augmented"]).config.model
    assert check_network(augmented, facts(28, 28, 1)) == PARAMETERS["cnn_dropout"]


@pytest.mark.parametrize("path", files("model"), ids=lambda path: path.stem)
def test_l2_reaches_every_hidden_kernel_and_the_output_where_there_is_no_other(path):
    model = compose([f"model={path.stem}", "l2=0.25"]).config.model
    layers = [layer.settings for layer in expand_layers(model.layers, model.blocks)]
    *hidden, output = [layer for layer in layers if "units" in layer or "filters" in layer]
    assert [layer.get("l2") for layer in hidden] == [0.25] * len(hidden)
    assert output.get("l2") == (None if hidden else 0.25)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_reference_system_is_composed_as_published(name):
    config = compose([f"experiment={name}"]).config
    assert (
        getattr(config.dataset, "kind"),  # noqa: B009
        config.model.name,
        config.optimizer.kind,
        config.optimizer.learning_rate,
        config.schedule.kind,
        config.validation.kind,
        config.training.batch_size,
        config.training.epochs,
        config.training.loss,
    ) == SYSTEMS[name]
    assert config.l2 == (1e-6 if name == "mnist_mlp_500_300_l2" else None)


@pytest.mark.parametrize("name", ["cifar_cnn", "cifar_cnn_valid"])
def test_the_old_decay_is_one_over_one_plus_a_millionth_a_step(name):
    schedule = compose([f"experiment={name}"]).config.schedule
    assert (schedule.decay_rate, schedule.decay_steps) == (1e-6, 1)


def test_an_experiment_yields_to_what_the_person_says():
    config = compose(["experiment=mnist_cnn6", "dataset=digits", "training.epochs=2", "model.dropout=0.3"]).config
    assert (config.dataset.kind, config.training.epochs) == ("digits", 2)
    assert [layer["rate"] for layer in config.model.layers if layer["type"] == "Dropout"] == [0.3, 0.5]


@pytest.mark.parametrize("group", ["model", "experiment", "optimizer", "schedule", "validation"])
def test_every_file_says_what_it_is(group):
    assert [path.name for path in files(group) if len(description(path)) < 15] == []


@pytest.mark.parametrize("group", ["optimizer", "schedule", "validation"])
def test_every_choice_of_a_group_composes(group):
    kinds = [getattr(compose([f"{group}={path.stem}"]).config, group).kind for path in files(group)]
    assert kinds == [path.stem for path in files(group)]
    assert len(kinds) > 3
