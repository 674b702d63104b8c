"""`model.task: auto` is the task of the data, and a network's last layer that of its task."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deeplab.config import task_of_data
from deeplab.config.compose import compose, compose_sweep
from deeplab.config.identity import sha
from deeplab.config.schema import DATASET_KINDS, TABLE_KINDS
from deeplab.errors import UserError

CLASSES = ("digits", "mnist", "fashion_mnist", "cifar10", "spiral", "circle", "xor", "gaussians")
MLP = ("model=mlp", "model.units=[64,32]")


def archive(folder: Path, labels: Any) -> str:
    path = folder / "mine.npz"
    np.savez_compressed(path, x_train=np.zeros((3, 2)), y_train=labels, x_test=np.zeros((3, 2)), y_test=labels)
    return f"dataset.path={path}"


def task(*overrides: str) -> str:
    return compose(["model=mlp", *overrides]).config.model.task


@pytest.mark.parametrize("name", CLASSES)
def test_rows_with_classes_are_classified(name: str) -> None:
    assert task(f"dataset={name}") == "classification"
    assert task("dataset=image_folder", "dataset.path=nowhere") == "classification"


@pytest.mark.parametrize("name", ["plane", "bumps"])
def test_the_values_of_rows_are_learned(name: str) -> None:
    sweep = compose_sweep([*MLP, f"dataset={name}"])
    composed = sweep.run
    assert composed.values["model"]["task"] == "regression"
    assert composed.config.training.loss == "half_squared_error"
    assert sweep.comparison.metric == "val/loss"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.arange(3), "classification"),
        (np.arange(3, dtype=np.uint8), "classification"),
        (np.linspace(0, 1, 3), "regression"),
        (np.full((3, 2), 0.5, np.float16), "regression"),
        (np.eye(3)[:, :2], "classification"),  # one-hot
        (np.array(["a", "b", "c"]), "classification"),
    ],
)
def test_the_dtype_of_labels_decides_of_an_archive(tmp_path: Path, labels: Any, expected: str) -> None:
    assert task("dataset=npz", archive(tmp_path, labels)) == expected


def test_what_is_said_of_labels_decides(tmp_path: Path) -> None:
    floats = archive(tmp_path, np.arange(3.0))
    assert task("dataset=npz", floats, "dataset.labels=classes") == "classification"
    assert task("dataset=npz", floats, "dataset.class_names=[a,b,c]") == "classification"
    assert task("dataset=npz", archive(tmp_path, np.arange(3)), "dataset.labels=values") == "regression"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("0.5 1 2", "regression"), ("1 2 3", "classification"), ("cat dog cat", "classification")],
)
def test_decimal_numbers_in_labels_csv_are_values(tmp_path: Path, labels: str, expected: str) -> None:
    (tmp_path / "train").mkdir()
    lines = ["file,label", *(f"{number}.png,{label}" for number, label in enumerate(labels.split()))]
    (tmp_path / "train" / "labels.csv").write_text("\n".join([*lines, ""]))
    assert task("dataset=image_folder", f"dataset.path={tmp_path}") == expected
    (tmp_path / "train" / "labels.csv").write_bytes(b"\xff\xfe" * 9)
    assert task("dataset=image_folder", f"dataset.path={tmp_path}") == "classification"


def test_only_the_head_of_the_labels_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path, np.zeros(2_000_000)).partition("=")[2]
    content = bytearray(Path(path).read_bytes())
    at = content.index(b"y_train.npy") + 1_500  # within the values of zeros, far behind the head
    content[at : at + 50] = b"\xff" * 50
    Path(path).write_bytes(content)
    assert task("dataset=npz", f"dataset.path={path}") == "regression"


def test_what_is_wrong_with_an_archive_is_said_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    os.mkfifo(tmp_path / "pipe.npz")  # is not waited for
    for name in ("text.npz", "pipe.npz", "missing.npz", "."):
        assert task("dataset=npz", f"dataset.path={tmp_path / name}") == "classification"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), "regression"),
        (("dataset.target=town",), "classification"),
        (("dataset.target=rooms",), "classification"),
        (("dataset.target=[rooms,price]",), "regression"),
        (("dataset.target=rooms", "model.task=regression"), "regression"),
        (("dataset.target=rooms", "dataset.task=regression"), "regression"),
    ],
)
def test_what_a_table_is_to_predict_decides_and_is_its_own_task(
    tmp_path: Path, overrides: tuple[str, ...], expected: str
) -> None:
    rows = [f"{'AB'[n % 2]},{n % 3},{n + 0.5}" for n in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(["town,rooms,price", *rows]))
    table = ("dataset=csv", f"dataset.path={tmp_path}/t.csv", "dataset.target=price")
    composed = compose([*MLP, *table, *overrides])
    assert composed.values["model"]["task"] == composed.values["dataset"]["task"] == expected
    assert "auto" not in (composed.config.model.task, composed.config.dataset.task)  # type: ignore[union-attr]
    last = composed.config.model.layers[-1]["units"]
    assert last == ("num_targets" if expected == "regression" else "num_classes")


def test_what_is_wrong_with_a_table_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    for words, line in (
        ((f"dataset.path={tmp_path}/u.csv", "dataset.target=a"), "there is no such file"),
        ((f"dataset.path={tmp_path}/t.csv", "dataset.target=c"), "Unknown column 'c'"),
        ((f"dataset.path={tmp_path}/t.csv",), "dataset.target"),
        (("dataset.target=a",), "dataset.path"),
    ):
        with pytest.raises(UserError) as caught:
            compose(["model=mlp", "dataset=csv", *words])
        assert line in str(caught.value)
        assert "\n" not in str(caught.value)


def test_built_in_tables_are_known() -> None:
    tasks = {name: task(f"dataset={name}") for name in ("iris", "wine", "breast_cancer", "diabetes")}
    assert tasks.pop("diabetes") == "regression"
    assert set(tasks.values()) == {"classification"}


def test_the_task_of_every_kind_of_data_set_is_known() -> None:
    assert {*DATASET_KINDS} == {*task_of_data._TASKS, *TABLE_KINDS, "csv", "npz", "image_folder"}


def test_a_given_task_decides_against_the_data() -> None:
    assert task("dataset=circle", "model.task=regression") == "regression"
    config = compose([*MLP, "dataset=circle", "model.task=regression"]).config.model
    assert config.layers[-1] == {"type": "Dense", "units": "num_targets", "activation": "linear"}


def test_of_a_package_s_rows_the_task_is_to_be_said(tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "sine.yaml").write_text("kind: sine\noptions: {rows: 5}\nlimit: null\n")
    own = ["model=mlp", "dataset=sine"]
    line = r"^model\.task=auto: .* rows of dataset\.kind=sine .*; give model\.task=classification or model"
    with pytest.raises(UserError, match=line):
        compose(own, tmp_path)
    assert compose([*own, "model.task=regression"], tmp_path).config.model.task == "regression"


@pytest.mark.parametrize("kind", ["dgits", "5", "null"])
def test_what_is_wrong_with_the_data_set_is_said_before_its_task(kind: str) -> None:
    with pytest.raises(UserError) as with_a_task:
        compose([f"dataset.kind={kind}"])
    with pytest.raises(UserError) as caught:
        compose(["model=mlp", f"dataset.kind={kind}"])
    assert str(caught.value) == str(with_a_task.value)


def test_a_composed_configuration_never_says_auto_and_is_the_same_run_as_one_that_is_written_out() -> None:
    composed = compose([*MLP, "dataset=digits"])
    assert "auto" not in (composed.values["model"]["task"], *map(str, composed.values["model"]["layers"]))
    assert "num_outputs" not in str(composed.values)
    assert "of_task" not in str(composed.values)
    assert composed.values["model"]["layers"][-1] == {"type": "Dense", "units": "num_classes", "activation": "softmax"}
    written = compose([*MLP, "dataset=digits", "model.task=classification"])
    assert sha(written.values) == composed.hash


def test_a_network_s_own_words_stand_in_any_layer_and_task() -> None:
    layers = "model.layers=[{type: Conv2D, filters: num_outputs, kernel_size: 3, activation: of_task}]"
    config = compose(["model=conv_autoencoder", layers]).config.model
    assert config.layers == ({"type": "Conv2D", "filters": "num_inputs", "kernel_size": 3, "activation": "sigmoid"},)


def test_dropout_behind_layers_draws_and_a_rate_of_0_does_not() -> None:
    for rate, randomness in ((0.0, "keras"), (0.1, "splitmix"), (1e-5, "splitmix")):
        assert compose([*MLP, f"model.dropout={rate}"]).config.training.randomness == randomness
