"""`deeplab explain` on networks that need no training: what agrees, what is logged, what is refused."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from deeplab.config.compose import compose
from deeplab.config.schema import TrackingConfig
from deeplab.data.input_spec import describe_inputs
from deeplab.data.load import load
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.artifacts import DATASET_FILE
from deeplab.workflows.explain.inputs import find_input
from deeplab.workflows.trained_run import find_trained_run

pytestmark = pytest.mark.slow

Cli = Callable[..., tuple[int, str, str]]
MAPS = ["maps_01_conv2d_1.png", "maps_02_max_pooling2d_1.png", "maps_03_conv2d_2.png", "maps_04_max_pooling2d_2.png"]
DATA = ("dataset=digits", "dataset.limit=50")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Store:
    folder = tmp_path_factory.mktemp("explained")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    return open_store(TrackingConfig(f"sqlite:///{folder / 'mlflow.db'}", "deeplab", "all", "all"))


def finished_run(store: Store, name: str, overrides: tuple[str, ...], make: Any = None, **tags: str) -> str:
    """A run with a network as it is before training, or the one that `make` makes; `make=False`: with none."""
    from deeplab.models.build import build

    composed = compose(list(overrides))
    splits = load(composed.config.dataset, store.place.work_folder)
    tags = {"deeplab.kind": "train", "deeplab.dataset_sha256": splits.info.fingerprint, **tags}
    with RunLog.begin(store, name, composed.values, tags, None) as log:
        log.log_text("config.yaml", yaml.safe_dump(composed.values))
        if make is not False:
            network = make() if make else build(composed.config.model, splits.info, seed=3)
            log.log_text(DATASET_FILE, describe_inputs(splits).to_json())
            log.model(network, splits.info.input_shape)
        log.end("FINISHED")
    return log.run_id


@pytest.fixture(scope="module")
def conv(store: Store) -> str:
    return finished_run(store, "conv", (*DATA, "model=cnn_two_pool"))


@pytest.fixture(scope="module")
def dense(store: Store) -> str:
    return finished_run(store, "dense", (*DATA, "model=dense_relu"))


@pytest.fixture
def explained(cli: Cli, store: Store) -> Cli:
    return lambda *words: cli("explain", *words, f"tracking.uri={store.place.uri}")


def files(store: Store, run_id: str, folder: str = "explain") -> list[str]:
    return sorted(Path(file.path).name for file in store.client.list_artifacts(run_id, folder))


def predicted(store: Store, run_id: str, row: int) -> np.ndarray:
    from deeplab.tracking.artifacts import load_network

    test = load(compose(list(DATA)).config.dataset, store.place.work_folder).test
    return np.asarray(load_network(store, store.get_run(run_id)).predict_on_batch(test.images(slice(row, row + 1))))


def test_every_layer_agrees_and_pictures_are_logged(explained: Cli, store: Store, conv: str) -> None:
    status, out, err = explained("conv", "7")
    assert (status, err) == (0, "")
    assert f"test row 7 in run conv ({conv[:8]})" in out
    said = predicted(store, conv, 7)[0]
    assert f"says {said.argmax()} ({100 * said.max():.1f} %); it is " in out
    assert files(store, conv, "explain/test-7") == [
        "layers.csv",
        *MAPS,
        "probabilities.png",
        "saliency.png",
        "strongest.png",
    ]
    content = read_artifact(store, store.get_run(conv), "explain/test-7/layers.csv")
    assert content is not None
    head, *lines = [line.split(",") for line in content.decode().splitlines()]
    assert head == ["layer", "type", "shape", "difference"]
    assert [line[:3] for line in lines[:3]] == [
        ["rescaling", "Rescaling", "28x28x1"],
        ["conv2d_1", "Conv2D", "26x26x32"],
        ["max_pooling2d_1", "MaxPooling2D", "13x13x32"],
    ]
    assert len(lines) == 9
    assert max(float(line[3]) for line in lines) < 1e-5


def test_a_file_is_what_a_row_is(explained: Cli, store: Store, dense: str, tmp_path: Path) -> None:
    test = load(compose(list(DATA)).config.dataset, store.place.work_folder).test
    Image.fromarray(test.images(slice(3, 4))[0, ..., 0]).save(tmp_path / "own seven.png")
    said = predicted(store, dense, 3)[0]
    status, out, _ = explained("dense", str(tmp_path / "own seven.png"))
    assert status == 0
    assert f"says {said.argmax()} ({100 * said.max():.1f} %)\n" in out
    assert out.startswith("own seven.png in run ")
    assert "saliency.png" in files(store, dense, "explain/own-seven.png")


def test_an_inverted_or_empty_file_is_called_so(explained: Cli, store: Store, dense: str, tmp_path: Path) -> None:
    test = load(compose(list(DATA)).config.dataset, store.place.work_folder).test
    Image.fromarray(255 - test.images(slice(3, 4))[0, ..., 0]).save(tmp_path / "ink.png")
    Image.new("L", (30, 30)).save(tmp_path / "empty.png")
    assert explained("dense", str(tmp_path / "ink.png"))[1].startswith("ink.png, inverted in run ")
    assert explained("dense", str(tmp_path / "empty.png"))[1].startswith("empty.png, with nothing to be seen, in run ")


def test_a_photo_is_brought_to_the_size_and_colours_of_the_rows(explained: Cli, store: Store, tmp_path: Path) -> None:
    images, labels = np.zeros((40, 6, 9, 1), np.uint8), np.arange(40) % 2
    images[labels == 1] = 255
    arrays = {"x_train": images, "y_train": labels, "x_test": images[:6], "y_test": labels[:6]}
    np.savez(tmp_path / "wide.npz", **arrays)
    data = ("dataset=npz", f"dataset.path={tmp_path / 'wide.npz'}", "model=dense_relu")
    run_id = finished_run(store, "wide", data)
    Image.new("RGB", (90, 60), "white").save(tmp_path / "white.jpg")
    assert explained("wide", str(tmp_path / "white.jpg"))[0] == explained("wide", "1")[0] == 0
    run = store.get_run(run_id)
    pictures = [read_artifact(store, run, f"explain/{name}/saliency.png") for name in ("white.jpg", "test-1")]
    assert pictures[0] == pictures[1] is not None


def test_layers_that_disagree_end_with_status_1(
    explained: Cli, store: Store, dense: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deeplab.numpy_layers import forward

    right = forward.LAYERS["Dense"]
    monkeypatch.setitem(forward.LAYERS, "Dense", lambda *values: right(*values) + 2e-4)  # type: ignore[index]
    status, out, err = explained("dense", "1")
    assert status == 1
    assert err == "deeplab: NumPy and Keras differ by more than 0.0001 in dense_1, dense_2.\n"
    assert "flatten_1" in out


def test_what_is_no_number_disagrees(explained: Cli, store: Store) -> None:
    def broken() -> Any:
        import keras

        network = keras.Sequential(
            [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, name="out")]
        )
        network.layers[-1].set_weights([np.full((784, 10), np.nan), np.zeros(10)])
        return network

    finished_run(store, "broken", DATA, broken)
    status, _, err = explained("broken", "0")
    assert (status, err) == (1, "deeplab: NumPy and Keras differ by more than 0.0001 in out.\n")


def test_parts_are_walked_and_a_reconstruction_is_shown(explained: Cli, store: Store) -> None:
    run_id = finished_run(store, "denoiser", (*DATA, "model=autoencoder", "noise=salt_and_pepper"))
    status, out, err = explained("denoiser", "2")
    assert (status, err) == (0, "")
    assert "test row 2 with noise in run denoiser (" in out
    assert re.search(r"dense_2 +Dense +96 .*\ndense_3 +Dense +128 ", out)
    assert "says" not in out
    assert files(store, run_id, "explain/test-2") == ["layers.csv", "reconstruction.png"]
    trained = find_trained_run(store, "denoiser")
    seen = find_input("2", trained, trained.facts())
    changed = seen.row != seen.clean
    assert 0.1 < changed.mean() < 0.5
    assert set(seen.row[changed]) == {0, 255}


def test_a_network_of_mixed_precision_is_compared_in_float32(explained: Cli, store: Store) -> None:
    def mixed() -> Any:
        import keras
        from keras import layers

        inner = [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.Flatten()]
        for layer in inner:
            layer.dtype_policy = "mixed_bfloat16"
        ends = [layers.Rescaling(1 / 255)], [layers.Dense(10, "softmax")]
        return keras.Sequential([keras.Input((28, 28, 1)), *ends[0], *inner, *ends[1]])

    finished_run(store, "mixed", DATA, mixed)
    status, out, err = explained("mixed", "2")
    assert (status, err) == (0, "")
    assert "says" in out


def test_rows_that_are_no_images_have_no_maps(explained: Cli, store: Store, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(40, 2)).astype(np.float32), np.arange(40) % 2
    np.savez(tmp_path / "points.npz", x_train=points, y_train=labels, x_test=points[:6], y_test=labels[:6])
    data = ("dataset=npz", f"dataset.path={tmp_path / 'points.npz'}", "model=mlp_64_64")
    run_id = finished_run(store, "points", data)
    status, out, err = explained("points", "5")
    assert (status, err) == (0, "")
    assert "explain/test-5 of the run: probabilities.png, layers.csv\n" in out
    assert files(store, run_id, "explain/test-5") == ["layers.csv", "probabilities.png"]
    status, _, err = explained("points", "photo.png")
    assert status == 2
    assert "photo.png: the rows of npz are no images. Give the number of a test row, from 0." in err

    def tanh() -> Any:
        import keras

        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "tanh", name="value")])

    run_id = finished_run(store, "values", (*data, "model.task=regression"), tanh)
    status, out, err = explained("values", "5")
    assert (status, err) == (0, "")
    assert "value " in out
    assert re.search(r"^says -?\d\.\d{4}; it is -?1$", out, re.MULTILINE)
    assert files(store, run_id, "explain/test-5") == ["layers.csv"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cnov", "1"), "There is no run 'cnov'. Did you mean 'conv'? Newest: "),
        (("conv", "50"), "Row 50: the test set of run conv (RUN) (digits) has rows 0 to 49."),
        (("conv", "9" * 30), "Row 999999999999999999999999999999: the test set of run conv (RUN) (digits) has rows 0"),
        (
            ("conv", "no.png"),
            "no.png: there is no such file. Give a PNG or JPEG image, or the number of a test row, from 0.",
        ),
        (("conv", "1" * 5000), "11111111"),
        (("conv", "~nobody-at-all/a.png"), "~nobody-at-all/a.png: there is no such file. Give a PNG or JPEG image, "),
        (("conv", __file__), f"{__file__} is not a PNG, JPEG, GIF, WebP, TIFF or BMP image."),
        (
            ("conv", "1", "seed=3"),
            "'seed=3': deeplab explain takes nothing more than the run and where it is kept (tracking.uri=",
        ),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    explained: Cli, store: Store, conv: str, words: tuple[str, ...], message: str
) -> None:
    before = files(store, conv)
    status, out, err = explained(*words)
    assert (status, out) == (2, "")
    assert err.startswith("deeplab: " + message.replace("RUN", conv[:8]))
    assert err.count("\n") == 1
    assert files(store, conv) == before


def test_a_run_without_a_network_or_with_other_data_is_refused(explained: Cli, store: Store) -> None:
    finished_run(store, "bare", DATA, False)
    assert explained("bare", "1")[2].startswith("deeplab: Run bare (")
    assert "tracking.save_model=none" in explained("bare", "1")[2]
    finished_run(store, "moved", (*DATA, "model=dense_relu"), **{"deeplab.dataset_sha256": "0"})
    status, _, err = explained("moved", "1")
    assert status == 2
    assert "The data set digits is not what run moved (" in err


def test_a_layer_that_is_not_there_by_hand_is_named(explained: Cli, store: Store) -> None:
    def enlarging() -> Any:
        import keras
        from keras import layers

        up = layers.UpSampling2D(2, interpolation="bilinear", name="up_1")
        return keras.Sequential([keras.Input((28, 28, 1)), up, layers.Flatten(), layers.Dense(10, "softmax")])

    run_id = finished_run(store, "enlarging", DATA, enlarging)
    status, _, err = explained("enlarging", "1")
    assert (status, err) == (
        2,
        "deeplab: Layer up_1 (UpSampling2D) has interpolation bilinear; by hand there is only nearest.\n",
    )
    assert files(store, run_id) == []


def chained(layers: list[Any]) -> list[tuple[Any, tuple[int, ...]]]:
    return [(layer, (number - 1,)) for number, layer in enumerate(layers)]


def test_saliency_is_the_gradient_of_what_goes_into_the_softmax() -> None:
    import keras

    from deeplab.evaluation.layer_outputs import saliency

    dense = keras.layers.Dense(4, "softmax")
    layers = [keras.layers.Flatten(), dense]
    row = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    keras.Sequential(layers)(row[None])
    dense.set_weights([100 * weight for weight in dense.get_weights()])
    np.testing.assert_allclose(
        saliency(chained(layers), row, 2), dense.get_weights()[0][:, 2].reshape(row.shape), rtol=1e-5
    )
    # A softmax of its own is left out in the same way, and the layer is as it was.
    assert dense.activation.__name__ == "softmax"
    linear = keras.layers.Dense(4)
    apart = [keras.layers.Flatten(), linear, keras.layers.Activation("softmax")]
    keras.Sequential(apart)(row[None])
    linear.set_weights(dense.get_weights())
    np.testing.assert_array_equal(saliency(chained(apart), row, 2), saliency(chained(layers), row, 2))
