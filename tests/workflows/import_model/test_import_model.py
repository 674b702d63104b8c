"""`deeplab import`: an existing Keras model as YAML, or one line for each thing that keeps it from being that."""

import copy
import json
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.workflows.train import train

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]
L = keras.layers


@keras.saving.register_keras_serializable("mine")
class Doubled(L.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


def sequential() -> Any:
    inner = keras.Sequential([L.SeparableConv2D(6, 3, padding="same"), L.PReLU(), L.Dropout(0.2)], name="Stem 1")
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            L.Rescaling(1 / 255),
            L.Conv2D(4, 3, strides=2, activation="gelu", kernel_regularizer=keras.regularizers.L1L2(1e-5, 1e-3)),
            L.BatchNormalization(momentum=0.9),
            L.LeakyReLU(negative_slope=0.2),
            inner,
            L.Conv2DTranspose(3, (2, 3), kernel_initializer="he_normal"),
            L.ReLU(),
            L.GlobalAveragePooling2D(),
            L.Dense(8, activation="relu", kernel_initializer=keras.initializers.RandomNormal(stddev=0.02)),
            L.Dense(10),
            L.Softmax(),
        ]
    )


def functional() -> Any:
    given = keras.Input((5,))
    x = L.Normalization(mean=[0.0] * 5, variance=[2.0] * 5)(given)
    for units in (7, 7, 3):
        x = L.Dense(units, activation="tanh", trainable=units != 3)(x)
    return keras.Model(given, L.Dense(2, use_bias=False)(x))


def of_input(make: Callable[[Any], Any]) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, make(given))


def shared() -> Any:
    layer = L.Dense(4)
    return of_input(lambda x: L.Dense(3, activation="softmax")(layer(layer(x))))


def two_inputs() -> Any:
    first, second = keras.Input((4,)), keras.Input((4,))
    return keras.Model([first, second], L.Dense(2)(L.Concatenate()([first, second])))


def ended(*layers: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), *layers, L.Dense(3, activation="softmax")])


REFUSED: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "shared": (shared, ["(Dense) is used 2 times; layers that are shared are not possible yet."]),
    "two_inputs": (two_inputs, ["has 2 inputs; a network in YAML has one."]),
    "lambda": (
        lambda: ended(L.Lambda(lambda x: x + 1, name="plus")),
        ["layer 'plus' (Lambda) holds code of its own, which a network in YAML never runs."],
    ),
    "custom": (lambda: ended(Doubled(name="twice")), ["test_import_model is no layer of Keras; its code is not run."]),
    "unknown": (lambda: ended(L.ELU(name="elu")), ["Unknown layer 'ELU' in layer 'elu' (ELU). Known: Activation, "]),
    "words": (
        lambda: ended(
            L.Dense(4, name="a", kernel_regularizer=keras.regularizers.OrthogonalRegularizer()),
            L.Dense(4, name="b", bias_regularizer="l2", kernel_constraint="max_norm"),
            L.Dense(4, name="c", activation=L.LeakyReLU(negative_slope=0.3)),
        ),
        [
            "layer 'a' (Dense).kernel_regularizer=OrthogonalRegularizer has no word: l1 and l2 of a kernel have.",
            "layer 'b' (Dense).bias_regularizer=L2 has no word",
            "layer 'b' (Dense).kernel_constraint=MaxNorm has no word: weights are not constrained.",
            "layer 'c' (Dense).activation must be",
        ],
    ),
    "sigmoid": (
        lambda: keras.Sequential([keras.Input((4,)), L.Dense(1, activation="sigmoid")]),
        ["the model ends in one sigmoid; two classes are two outputs with softmax here"],
    ),
    "shapeless": (lambda: keras.Sequential([L.Dense(3)]), ["does not say what shape its rows have"]),
}


def saved(model: Any, path: str) -> Any:
    """Save a model with weights that are not those it was made with."""
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.1, 0.9, weight.shape) for weight in model.get_weights()])
    model.save(path)
    return model


def test_a_sequential_model_becomes_yaml_and_its_weights_a_run_to_begin_with(folder: Path, cli: Cli) -> None:
    model = saved(sequential(), "theirs.keras")
    Path("conf/model").mkdir(parents=True)
    status, out, err = cli("import", "theirs.keras", "--out", "conf/model/mine.yaml", "--weights")
    assert (status, err) == (0, "")
    assert "conf/model/mine.yaml: 12 layers, 505 parameters, for classification" in out
    for note in (
        "(Rescaling) in front is left out: bytes are divided by 255 anyway",
        "kernel_initializer: stddev=0.02 has no word: weights that are drawn anew begin otherwise",
    ):
        assert note in out
    assert Path("conf/model/mine.yaml").read_text() == (
        "# Imported from theirs.keras\nname: mine\ntask: classification\nlayers:\n"
        "  - {type: Conv2D, filters: 4, kernel_size: 3, strides: 2, activation: gelu, l1: 1.0e-05, l2: 0.001}\n"
        "  - {type: BatchNormalization, momentum: 0.9}\n"
        "  - {type: LeakyReLU, negative_slope: 0.2}\n"
        "  - {part: stem, type: SeparableConv2D, filters: 6, kernel_size: 3, padding: same}\n"
        "  - {part: stem, type: PReLU}\n"
        "  - {part: stem, type: Dropout, rate: 0.2}\n"
        "  - {type: Conv2DTranspose, filters: 3, kernel_size: [2, 3], kernel_initializer: he_normal}\n"
        "  - {type: Activation, activation: relu}\n"
        "  - {type: GlobalAveragePooling2D}\n"
        "  - {type: Dense, units: 8, activation: relu}\n"
        "  - {type: Dense, units: num_classes}\n"
        "  - {type: Activation, activation: softmax}\n"
    )
    for words in (("runs",), ("show", "latest")):
        assert cli(*words).status == 0
    assert "holds imported weights and was not trained here: deeplab train" in cli("evaluate", "latest").err
    run = out.rpartition("training.initial_weights=")[2].strip()
    words = ("model=mine", "dataset=digits", "dataset.image_size=12", "dataset.limit=64", "training.epochs=1")
    small = ("tracking.plots=none", "optimizer=sgd", "optimizer.learning_rate=1e-30", f"training.initial_weights={run}")
    result = train(compose([*words, *small], Path("conf")))
    from deeplab.tracking.store import open_to_read
    from deeplab.workflows.trained_run import find_trained_run

    found = find_trained_run(open_to_read(compose([]).config.tracking), result.run_id).network()
    kernels = [weight for weight in found.get_weights() if weight.ndim > 1]
    theirs = [weight for weight in model.get_weights() if weight.ndim > 1]
    for ours, expected in zip(kernels, theirs, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_a_functional_chain_becomes_yaml_from_its_configuration_alone(folder: Path, cli: Cli) -> None:
    Path("theirs.json").write_text(functional().to_json())
    status, out, err = cli("import", "theirs.json", "--out", "mine.yaml")
    assert (status, err) == (0, "")
    assert "(Normalization) in front is left out: dataset.standardize=true standardises" in out
    assert "(Dense) is frozen there (trainable=False), and would be trained" in out
    assert "taken for a regression of 2 numbers" in out
    found = re.search(r"it differs by (\S+)\n", out)
    assert found is not None
    assert float(found[1]) <= 1e-6
    assert Path("mine.yaml").read_text().splitlines()[2:] == [
        "task: regression",
        "layers:",
        "  - {type: Dense, units: 7, activation: tanh}",
        "  - {type: Dense, units: 7, activation: tanh}",
        "  - {type: Dense, units: 3, activation: tanh}",
        "  - {type: Dense, units: num_targets, use_bias: false}",
    ]
    again = cli("import", "theirs.json", "--out", "mine.yaml")
    assert (again.status, again.err) == (
        2,
        "deeplab: --out mine.yaml: this is there already. Give another name, or --force to write over it.\n",
    )
    assert "--weights: theirs.json holds none" in cli("import", "theirs.json", "--out", "b.yaml", "--weights").err


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_has_no_word_is_named_layer_by_layer(name: str, folder: Path, cli: Cli) -> None:
    make, lines = REFUSED[name]
    Path("theirs.json").write_text(make().to_json())
    status, out, err = cli("import", "theirs.json", "--out", "mine.yaml")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == len(lines), err
    for line in lines:
        assert line in err
    assert not Path("mine.yaml").exists()


def test_files_of_strangers_are_read_as_data_and_refused_in_one_line(folder: Path, cli: Cli) -> None:
    """No class of theirs is looked up, nothing is unpacked beyond its size, no link is followed."""
    model = saved(functional(), "good.keras")
    config = json.loads(model.to_json())
    bomb = {**config, "module": "os", "class_name": "system", "registered_name": None}
    hidden = json.loads(json.dumps(config))
    hidden["config"]["layers"][2] |= {"module": "subprocess", "class_name": "Popen"}
    disguised = json.loads(json.dumps(config))
    disguised["config"]["layers"][2]["config"]["activation"] = {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": "function",
    }
    depth = "[" * 100_000
    for name, content, line in (
        ("bomb", json.dumps(bomb), "is of a class of its own (system), whose code deeplab does not run"),
        ("hidden", json.dumps(hidden), "(Popen) of subprocess is no layer of Keras; its code is not run"),
        ("disguised", json.dumps(disguised), "(Dense).activation must be a finite number, a string"),
        ("deep", depth, "theirs.json: "),
        ("empty", "{}", "this is no configuration of a model of Keras 3"),
        ("half", '{"config": ', "this is no model that Keras 3 wrote"),
        ("large", "[" + "1," * (3 << 20), "has more than 4 MB, which no network needs"),
    ):
        Path("theirs.json").write_text(content)
        status, out, err = cli("import", "theirs.json", "--out", "mine.yaml")
        assert (status, out, err.count("\n")) == (2, "", 1), (name, err)
        assert line in err, (name, err)
    with zipfile.ZipFile("good.keras") as archive:
        weights = archive.read("model.weights.h5")
    for name, content, line in (
        ("none", None, "its weights cannot be read"),
        ("cut", weights[: len(weights) // 2], "its weights cannot be read"),
        ("other", other_shape(weights), "has the shape (2, 2), the layer (5, 7)"),
        ("link", elsewhere(weights), "layers/dense/vars/0 is not there"),
        ("large", weights + b"\0" * (17 << 20), "more than the layers have"),
    ):
        with zipfile.ZipFile("theirs.keras", "w") as archive:
            archive.writestr("config.json", json.dumps(config))
            if content is not None:
                archive.writestr("model.weights.h5", content)
        status, out, err = cli("import", "theirs.keras", "--out", "mine.yaml", "--weights")
        assert (status, out, err.count("\n")) == (2, "", 1), (name, err)
        assert line in err, (name, err)
    for words, line in (
        (("nothing.keras", "--out", "m.yaml"), "there is no such file"),
        (("mlflow.db", "--out", "m.yaml"), "a .keras file, or the .json of model.to_json(), is needed"),
        (("good.keras", "--out", "m.txt"), "a name of letters, digits and _ that ends in .yaml is needed"),
        (("good.keras", "--out", "no/m.yaml"), "there is no folder"),
        (("good.keras", "--out", "m.yaml", "seed=1"), "deeplab import takes nothing more than"),
    ):
        status, out, err = cli("import", *words)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert line in err
    assert not [*folder.glob("*.yaml")]


def changed(weights: bytes, change: Callable[[Any], None]) -> bytes:
    import h5py

    Path("w.h5").write_bytes(weights)
    with h5py.File("w.h5", "a") as file:
        vars_ = file["layers/dense/vars"]
        del vars_["0"]
        change(vars_)
    return Path("w.h5").read_bytes()


def other_shape(weights: bytes) -> bytes:
    return changed(weights, lambda group: group.create_dataset("0", data=np.zeros((2, 2), np.float32)))


def elsewhere(weights: bytes) -> bytes:
    import h5py

    return changed(weights, lambda group: group.__setitem__("0", h5py.ExternalLink("/etc/secret.h5", "x")))


OWN = ["cnn_augmented", "cnn_dropout_pool", "conv_autoencoder", "autoencoder", "mlp", "resnet8", "unet_autoencoder"]


@pytest.mark.parametrize(
    "model",
    [*OWN, *(pytest.param(name, marks=pytest.mark.long) for name in ("resnet20", "mlp_mixer_tiny", "lenet5"))],
)
def test_networks_of_deeplab_go_out_and_come_in_again(model: str, folder: Path) -> None:
    """Their layers, written by Keras, become the layers that they were made of, and begin with the same weights."""
    from deeplab.workflows.import_model.import_model import import_model
    from deeplab.workflows.prepare import prepare

    data = ("dataset=digits", "dataset.image_size=28" if model in ("lenet5", "mlp_mixer_tiny") else "seed=0")
    config = compose([f"model={model}", *data]).config
    ours = prepare(config, folder)
    ours.network.save("ours.keras")
    Path("conf/model").mkdir(parents=True)
    made = import_model("ours.keras", Path("conf/model/mine.yaml"), False, config.training, config.tracking)
    assert (made.task, made.parameters) == (config.model.task, ours.parameters)
    theirs = prepare(compose(["model=mine", *data], Path("conf")).config, folder)
    # Groups are written out.
    assert theirs.layers == tuple(replace(layer, path=()) for layer in ours.layers)
    for mine, other in zip(ours.network.get_weights(), theirs.network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(deeper for key, item in inside for deeper in places(item, (*place, key)))]


def test_configurations_with_odd_values_give_lines_and_no_traceback() -> None:
    from deeplab.errors import UserError
    from deeplab.workflows.import_model.graph import graph_of
    from deeplab.workflows.import_model.words import words_of

    rng = random.Random(0)
    models = [json.loads(make().to_json()) for make in (sequential, functional, two_inputs, REFUSED["words"][0])]
    odd = [None, True, -1, 1.5, "x", "", [], {}, [[1]], {"a": 1}, 10**30, "Dense", ["a", 0, 0], {"class_name": [1]}]
    refused = 0
    for _ in range(3000):
        model = copy.deepcopy(rng.choice(models))
        *way, last = rng.choice([place for place in places(model["config"]) if place])
        inside = model["config"]
        for key in way:
            inside = inside[key]
        inside[last] = rng.choice(odd)
        try:
            for node in graph_of(model, "theirs.json").nodes:
                words_of(node)
        except UserError:
            refused += 1
    assert refused > 500
