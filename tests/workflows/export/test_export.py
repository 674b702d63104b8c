"""`deeplab export`: what is written says the same, or is not written."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.conftest import BRANCHED

from deeplab.config.compose import compose
from deeplab.dataset_info import DatasetInfo
from deeplab.models.build import build
from deeplab.workflows.export import export as export_module
from deeplab.workflows.export.formats import FORMATS, Format, for_inference

pytestmark = pytest.mark.slow

Use = Callable[..., Any]


def check_onnx(name: str) -> None:
    if name == "onnx":
        pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")


@pytest.mark.parametrize(
    ("run", "to", "made"),
    [
        ("digits", "keras", "digits.keras"),
        ("digits", "saved_model", "digits_saved_model"),
        ("digits", "onnx", "digits.onnx"),
        ("digits", "tflite", "digits.tflite"),
        ("denoiser", "tflite", "denoiser.tflite"),
        ("points", "saved_model", "points_saved_model"),
    ],
)
def test_what_is_exported_says_the_same(use: Use, tmp_path: Path, run: str, to: str, made: str) -> None:
    check_onnx(to)
    status, out, err = use("export", run, "--to", to)
    assert (status, err) == (0, "")
    assert out.startswith(f"{made}: ")
    found = re.search(r"64 random rows and (\d+) test rows: it differs by (\S+) at most", out)
    assert found is not None
    assert int(found[1]) >= 40
    assert float(found[2]) < 1e-5
    assert [path.name for path in tmp_path.iterdir()] == [made]
    if to in ("onnx", "tflite"):
        return  # files are written over in one way
    again = use("export", run, "--to", to)
    assert again.status == 2
    assert f"--out {made}: this is there already. Give another name, or --force" in again.err
    assert use("export", run, "--to", to, "--force").status == 0
    assert [path.name for path in tmp_path.iterdir()] == [made]


LAYERS = keras.layers


@pytest.fixture(scope="module")
def every_kind() -> Any:
    """A network with what is hardest for other formats: layers that draw, an inner network, gelu, mixed precision."""
    inner = keras.Sequential([LAYERS.SeparableConv2D(6, 3), LAYERS.PReLU(), LAYERS.UpSampling2D(2)], name="inner")
    network = keras.Sequential(
        [
            keras.Input((12, 12, 1), dtype="float32", name="rows"),
            LAYERS.RandomTranslation(0.1, 0.1),
            LAYERS.RandomRotation(0.1),
            LAYERS.Conv2D(6, 3, activation="gelu"),
            LAYERS.BatchNormalization(),
            LAYERS.GaussianNoise(0.1),
            inner,
            LAYERS.Dropout(0.5),
            LAYERS.Conv2DTranspose(4, 3, strides=2),
            LAYERS.LayerNormalization(),
            LAYERS.GlobalAveragePooling2D(),
            LAYERS.Dense(10, activation="softmax"),
        ]
    )
    network.layers[3].set_weights([np.random.default_rng(1).uniform(0.5, 1.5, 6) for _ in range(4)])
    return network


@pytest.mark.parametrize("to", list(FORMATS))
def test_layers_that_only_training_needs_and_inner_networks_are_no_hindrance(
    every_kind: Any, tmp_path: Path, to: str
) -> None:
    check_onnx(to)
    rows = np.random.default_rng(0).uniform(0, 1, (5, 12, 12, 1)).astype(np.float32)
    expected = every_kind.predict_on_batch(rows)
    chosen = FORMATS[to]
    chosen.write(every_kind if chosen.is_keras else for_inference(every_kind), tmp_path / "made")
    np.testing.assert_allclose(chosen.load(tmp_path / "made")(rows), expected, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize(
    "to", [pytest.param(to, marks=pytest.mark.long if to == "saved_model" else []) for to in FORMATS]
)
def test_branches_are_exported(tmp_path: Path, to: str) -> None:
    check_onnx(to)
    info = DatasetInfo("digits", (8, 8, 1), 10, tuple("0123456789"), "0" * 64, 1 / 255)
    network = build(compose(BRANCHED).config.model, info, seed=0)
    rows = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype(np.float32)
    chosen = FORMATS[to]
    chosen.write(network if chosen.is_keras else for_inference(network), tmp_path / "made")
    np.testing.assert_allclose(chosen.load(tmp_path / "made")(rows), network.predict_on_batch(rows), atol=1e-5)


KERAS = FORMATS["keras"]


def other_weights(network: Any, path: Path) -> None:
    copy = keras.models.clone_model(network)
    copy.set_weights([weight * 1.01 for weight in network.get_weights()])
    KERAS.write(copy, path)


def broken(network: Any, path: Path) -> None:
    path.write_text("half")
    raise ValueError("no word for this layer\nand more")


def full(network: Any, path: Path) -> None:
    path.write_text("half")
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("write", "line"),
    [
        (other_weights, "The keras file of run digits (.*) says something else than the network, by up to "),
        (broken, "The keras file of run digits (.*) cannot be made: no word for this layer$"),
        (full, "digits.keras cannot be written: No space left on device.$"),
    ],
)
def test_what_fails_its_check_leaves_nothing_and_what_was_there_stays(
    use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Any, line: str
) -> None:
    Path("digits.keras").write_text("before")
    monkeypatch.setitem(export_module.FORMATS, "keras", replace(KERAS, write=write))
    status, out, err = use("export", "digits", "--to", "keras", "--force")
    assert (status, out) == (1, "")
    assert re.match(f"deeplab: {line}", err.rstrip("\n")), err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("digits.keras", "before")]


def test_a_network_far_from_its_data_is_checked_on_random_rows_and_says_so(use: Use, trained: Any) -> None:
    data = trained.folder / "points.npz"
    away = data.rename(data.with_name("away.npz"))
    try:
        status, out, _ = use("export", "points", "--to", "keras")
    finally:
        away.rename(data)
    assert status == 0
    assert "asked about 64 random rows: it differs by" in out
    assert "test rows were not compared: dataset.path=" in out


def test_bad_input_is_one_line_and_writes_nothing(use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.keras").mkdir()
    monkeypatch.setitem(
        export_module.FORMATS, "onnx", Format(".onnx", broken, broken, packages=("onnx>=1.23", "nosuchpackage>=2"))
    )
    for words, line in (
        (("digits",), "Say what to export to: --to with one of keras, saved_model, onnx, tflite, python, notebook."),
        (("digits", "--to", "onx"), "Unknown format 'onx' in --to. Did you mean 'onnx'?"),
        (
            ("digits", "--to", "onnx"),
            "--to onnx needs more packages; install them with: pip install 'nosuchpackage>=2'",
        ),
        (("nothing", "--to", "keras"), "There is no run 'nothing'"),
        (("unsaved", "--to", "keras"), "has no dataset.json"),
        (("digits", "--to", "keras", "--out", "x.h5"), "--out x.h5: its name must end in .keras"),
        (("digits", "--to", "keras", "--out", "no/x.keras"), "there is no folder"),
        (("digits", "--to", "keras", "--out", "folder.keras", "--force"), "this is a folder"),
        (("digits", "--to", "saved_model", "--out", "folder", "--force"), "something is there that is no saved model"),
        (("digits", "--to", "keras", "seed=3"), "'seed=3': deeplab export takes nothing more than the run"),
    ):
        status, out, err = use("export", *words)
        assert (status, out) == (2, ""), err
        assert line in err
        assert err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "folder.keras"]
