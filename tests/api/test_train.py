"""One training from Python beside the same of the command line, in a process that a notebook has set up otherwise."""

import hashlib
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.conftest import DEEPLAB, PATIENCE

import deeplab
from deeplab.cli.terminal.training_progress import PlainProgress
from deeplab.config.compose import compose
from deeplab.data.load import load as load_data
from deeplab.tracking.tags import DATA_TAG

pytestmark = pytest.mark.slow

SMALL = ("model=mlp_64_64", "dataset.image_size=8", "dataset.limit=200", "training.batch_size=50")


def weights(run: Any) -> str:
    """SHA-256 of all weights of a run's network."""
    return hashlib.sha256(b"".join(weight.tobytes() for weight in run.model().get_weights())).hexdigest()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Path]:
    """A working directory with a store, in which the command line has trained `told`."""
    folder = tmp_path_factory.mktemp("api")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        words = [*SMALL, "name=told", "training.epochs=2", "seed=7", "tracking.plots=none"]
        subprocess.run([DEEPLAB, "train", *words], check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
        yield folder


@pytest.fixture(scope="module")
def asked(place: Path) -> Any:
    """The same run from Python, where Keras, NumPy and Python's own random numbers are set otherwise."""
    import keras
    import tensorflow as tf

    tf.random.set_seed(3)
    (tf.ones((4, 4)) @ tf.ones((4, 4))).numpy()  # TensorFlow has computed
    keras.config.set_floatx("float64")
    keras.config.set_epsilon(1e-3)
    keras.mixed_precision.set_global_policy("mixed_float16")
    random.seed(5)
    drawn = random.random()
    random.seed(5)
    try:
        run = deeplab.train(*SMALL, epochs=2, seed=7, name="asked", quiet=True)
        assert random.random() == drawn
        assert keras.config.floatx() == "float64"
        assert keras.config.epsilon() == 1e-3
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_epsilon(1e-7)
        keras.mixed_precision.set_global_policy("float32")
    return run


def test_the_weights_are_those_of_the_command_line_to_the_bit(asked: Any) -> None:
    told = deeplab.load("told")
    assert weights(asked) == weights(told)
    assert asked.scores == told.scores
    assert asked.history.equals(told.history)  # type: ignore[union-attr]


def test_the_history_is_that_of_its_file(asked: Any, place: Path) -> None:
    (path,) = place.glob(f"mlruns/**/{asked.id}/artifacts/history.csv")
    lines = [line.split(",") for line in path.read_text().splitlines()]
    assert [*asked.history.columns] == lines[0]
    rows = [(int(epoch), float(value), metric, data) for epoch, value, metric, data in lines[1:]]
    assert [*asked.history.itertuples(index=False, name=None)] == rows


def test_predictions_are_those_of_keras(asked: Any) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1), dtype=np.uint8)
    said = asked.predict(rows)
    assert np.array_equal(said, asked.model().predict(rows, batch_size=len(rows), verbose=0))
    assert np.array_equal(asked.predict(rows[..., 0]), said)
    assert np.allclose(asked.predict(rows[0]), said[:1], rtol=1e-5)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((2, 9, 8, 1)), r"takes rows of shape \(8, 8, 1\), \[n, 8, 8, 1\]; this is \(2, 9, 8, 1\)"),
        (np.full((2, 8, 8), np.nan), "NaN"),
        (np.full((2, 8, 8), 0.5), "learned from images of 0 to 255, and these reach 0.5: multiply by 255"),
        ([[1], [2, 3]], "this is no array"),
        (np.array([["a"]]), "integers or floats are needed"),
        ("nothing.png", "nothing.png cannot be read"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_one_line(rows: Any, message: str, asked: Any) -> None:
    with pytest.raises(deeplab.UserError, match=message):
        asked.predict(rows)


def test_figures_are_the_files_of_the_run(asked: Any, place: Path) -> None:
    (path,) = place.glob(f"mlruns/**/{asked.id}/artifacts/plots/curves.png")
    figure = asked.figure("curves")
    assert figure == path.read_bytes() == figure._repr_png_()
    assert asked.figures[0] == "curves"
    assert repr(figure).startswith("<Figure curves, ")
    with pytest.raises(deeplab.UserError, match=r"Unknown figure 'curvs' .* Did you mean 'curves'\?"):
        asked.figure("curvs")
    with pytest.raises(deeplab.UserError, match=r"has no figures; it was made with tracking.plots=none"):
        deeplab.load("told").figure()


def test_runs_are_listed_filtered_and_shown(asked: Any) -> None:
    listed = deeplab.runs("name=asked")
    assert [run.id for run in listed] == [asked.id]
    assert listed[0] == asked
    table = listed.table
    assert isinstance(table, pd.DataFrame)
    assert (table["test"][0], table["status"][0]) == (asked.scores["test/accuracy"], "FINISHED")
    assert deeplab.load(asked.id[:8]).name == "asked"
    assert asked.config["training"]["epochs"] == 2
    assert repr(asked) == f"<Run asked ({asked.id[:8]}) FINISHED, test accuracy {asked.scores['test/accuracy']:.4f}>"
    with pytest.raises(deeplab.UserError, match="There is no run 'askd'. Did you mean 'asked'"):
        deeplab.load("askd")


def test_names_are_escaped_where_they_are_shown(asked: Any) -> None:
    from mlflow import MlflowClient

    client = MlflowClient("sqlite:///mlflow.db")
    client.update_run(asked.id, name="<script>\x1b[31m")
    try:
        found = deeplab.load(asked.id)
        for shown in (found._repr_html_(), deeplab.runs()._repr_html_()):
            assert "&lt;script&gt;\\x1b[31m" in shown
            assert "<script>" not in shown
    finally:
        client.update_run(asked.id, name="asked")


def test_arrays_are_trained_on_resumed_and_evaluated(asked: Any, place: Path) -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = digits.images.astype(np.uint8), digits.target
    parts = (x[:200], y[:200], x[200:300], y[200:300])
    settings = ("model=mlp_64_64", "dataset.scale=16", "training.batch_size=50")
    run = deeplab.train(*settings, "tracking.plots=none", data=parts, epochs=1, name="arrays", quiet=True)
    np.savez(place / "own.npz", **dict(zip(("x_train", "y_train", "x_test", "y_test"), parts, strict=True)))
    own = load_data(compose(["dataset=npz", "dataset.path=own.npz", "dataset.scale=16"]).config.dataset, place)
    assert run._tracked.tags[DATA_TAG] == own.info.fingerprint
    assert weights(run) != weights(asked)
    further = deeplab.train(resume=run.id, epochs=2, quiet=True)
    assert (further.id, max(further.history["epoch"])) == (run.id, 2)
    rows = x[300:500]
    scored = further.evaluate(data=(*parts[:2], rows, y[300:500]))
    assert scored.kind == "evaluate"
    correct = further.predict(rows).argmax(axis=1) == y[300:500]
    assert scored.scores["test/accuracy"] == pytest.approx(correct.mean())


def test_a_ctrl_c_ends_the_run_and_it_can_be_resumed(
    asked: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(PlainProgress, "epoch_ended", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt, match="is KILLED, 1 of 3 epochs are logged. To go on: "):
        deeplab.train(*SMALL, "tracking.plots=none", epochs=3, name="stopped")
    run = deeplab.load("stopped")
    assert (run.status, max(run.history["epoch"])) == ("KILLED", 1)  # type: ignore[union-attr]
    assert "stopped" in capsys.readouterr().out


def test_what_makes_another_run_of_it_is_told(asked: Any) -> None:
    import keras
    import tensorflow as tf

    before = len(deeplab.runs())
    tf.config.run_functions_eagerly(True)
    try:
        with pytest.raises(deeplab.UserError, match="run_functions_eagerly"):
            deeplab.train(*SMALL)
    finally:
        tf.config.run_functions_eagerly(False)
    keras.config.set_max_epochs(1)
    try:
        with pytest.raises(deeplab.UserError, match="cuts every training of this process short"):
            deeplab.train(*SMALL)
    finally:
        keras.config.set_max_epochs(None)
    assert len(deeplab.runs()) == before


def test_threads_that_were_set_are_told(monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 3)
    monkeypatch.setattr("deeplab.api.process.cores", lambda: 12)
    with pytest.raises(deeplab.UserError, match="TensorFlow is set to 3 of 12 threads in this process"):
        deeplab.train(*SMALL)
