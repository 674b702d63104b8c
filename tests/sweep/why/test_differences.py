"""What lies between two configurations."""

from itertools import combinations

import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.errors import UserError
from deeplab.sweep.why.differences import Difference, Ways

LAYERS = (
    "model.layers=[{type: Flatten},{type: Dense, units: %d},{type: Dense, units: num_classes, activation: softmax}]"
)


def ways(first: str, second: str) -> Ways:
    return Ways(*(compose(text.split("|")).values for text in (first, second)))


def test_keys_kinds_and_layers_differ_each_once() -> None:
    found = ways("model=cnn", "model=cnn_dropout|l2=0.001|optimizer=adam|training.epochs=9")
    assert found.differences == (
        Difference("l2", "null", "0.001"),
        Difference("optimizer", "adadelta", "adam"),
        Difference("training.epochs", "6", "9"),
        Difference("layer_3", "none", "Dropout rate 0.25"),
        Difference("layer_5", "none", "Dropout rate 0.5"),
    )


def test_the_ends_are_the_two_configurations_and_all_between_are_valid() -> None:
    first, second = (
        compose(["model=cnn"]).values,
        compose(["model=cnn_dropout", "l2=0.001", "optimizer=adam"]).values,
    )
    found = Ways(first, second)
    everything = range(len(found.differences))
    for end, expected in ((found.values(()), first), (found.values(everything), second)):
        for key in ("l2", "optimizer", "training", "dataset"):
            assert end[key] == expected[key]
        assert end["model"]["layers"] == expected["model"]["layers"]
    for count in everything:
        for made in combinations(everything, count):
            validate(ExperimentConfig, found.values(made))


def test_a_factor_of_all_layers_is_one_difference_and_reaches_every_layer() -> None:
    found = ways("model=cnn|l2=0.1", "model=cnn|l2=0.2")
    assert found.differences == (Difference("l2", "0.1", "0.2"),)
    factors = {layer["l2"] for layer in found.values([0])["model"]["layers"] if "l2" in layer}
    assert factors == {0.2}


def test_a_layer_that_is_another_is_one_difference() -> None:
    found = ways(LAYERS % 8, LAYERS % 9)
    assert found.differences == (Difference("layer_1", "Dense units 8", "Dense units 9"),)


def test_a_key_of_the_same_kind_is_a_difference_of_its_own() -> None:
    found = ways("optimizer=adam", "optimizer=adam|optimizer.learning_rate=0.5")
    assert found.differences == (Difference("optimizer.learning_rate", "0.001", "0.5"),)


def test_what_draws_nothing_stays_the_run_that_it_is() -> None:
    found = ways("model=cnn", "model=cnn_dropout")
    assert [found.values(made)["training"]["randomness"] for made in ((), (0,))] == ["keras", "splitmix"]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("seed=4|training.engine=keras|name=b|training.metrics=[auc]", "the same configuration"),
        ("dataset=mnist", "scored on other rows, dataset is digits in A and mnist in B"),
        ("dataset.limit=100", "dataset.limit is null in A and 100 in B"),
        ("validation=random", "validation is tail in A and random in B"),
        ("model=autoencoder", "A is a network for classification, B one for reconstruction"),
    ],
)
def test_what_cannot_be_compared_is_refused(second: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        ways("model=mlp_64_64", f"model=mlp_64_64|{second}" if "model=" not in second else second)
