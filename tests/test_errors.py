"""Which name is near enough to be suggested."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.config.compose import compose
from deeplab.errors import UserError, nearest, unknown_name

TRAINING = ("batch_size", "class_weights", "deterministic", "epochs", "label_smoothing", "loss", "monitor", "threads")


@pytest.mark.parametrize(
    ("name", "choices", "suggested"),
    [
        ("modle", ("dataset", "model"), "model"),
        ("acuracy", ("age", "best/val/accuracy", "val/loss", "val/accuracy"), "val/accuracy"),
        ("learning_rat", ("seed", "optimizer.learning_rate"), "optimizer.learning_rate"),
        ("trail", ("train", "trial"), "trial"),
        ("l3", ("l2", "seed"), "l2"),
        ("Relu", ("relu", "selu"), "relu"),
        ("RELU", ("elu", "relu"), "relu"),
        ("conv2d", ("Conv1D", "Conv2D"), "Conv2D"),
        ("epoch", TRAINING, "epochs"),
        ("batchsize", TRAINING, "batch_size"),
        ("dropout", ("cnn", "cnn_dropout", "cnn_dropout_pool"), "cnn_dropout"),
        ("fashion-mnist", ("fashion_mnist", "mnist"), "fashion_mnist"),
        ("accuracy", ("val/loss", "val/accuracy"), "val/accuracy"),
        ("learning_rate_schedule", ("schedule", "seed"), "schedule"),
    ],
)
def test_a_near_name_is_suggested(name: str, choices: tuple[str, ...], suggested: str) -> None:
    assert nearest(name, choices) == f"Did you mean '{suggested}'? "


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("metrics", TRAINING),
        ("f1", ("deterministic", "l2")),
        ("x", ("y", "z")),
        ("", ("a", "b")),
        ("vgg", ("cnn", "mlp_64_64")),
        ("patience", ("precision", "threads")),
        ("mean_absolute_error", ("mean_squared_error", "binary_crossentropy")),
        ("rate", ("decorated", "ate_it")),
    ],
)
def test_a_far_name_is_not(name: str, choices: tuple[str, ...]) -> None:
    assert nearest(name, choices) == ""


def test_where_no_name_is_near_the_known_ones_are_listed_alone() -> None:
    with pytest.raises(UserError, match=r"^Unknown key 'scorers' in training\. Known: accumulate, batch_size, "):
        compose(["training.scorers=[f1]"])
    assert str(unknown_name("thing", "qq", ["b", "a"])) == "Unknown thing 'qq'. Known: a, b."


@given(st.text("abc_", min_size=1, max_size=9), st.lists(st.text("abc_", min_size=1, max_size=9), max_size=6))
def test_a_suggestion_is_one_of_the_choices_and_like_the_name(name: str, choices: list[str]) -> None:
    found = nearest(name, choices).removeprefix("Did you mean '").removesuffix("'? ")
    if name in choices:
        assert found == name
    elif found:
        assert found in choices
        assert difflib.SequenceMatcher(None, name, found).ratio() > 0
