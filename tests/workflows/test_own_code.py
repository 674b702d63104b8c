"""The file that docs/plugins.md shows: written out, trained with, and asked for again by whatever uses the run."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import ROOT, Outcome

from deeplab.code.file import own_layers
from deeplab.workflows.own_code import own_code

pytestmark = pytest.mark.slow

FILE = re.search(r"```python\n(# mine\.py\n.*?)```", (ROOT / "docs" / "plugins.md").read_text(), re.DOTALL)
NETWORK = re.search(
    r"```yaml\n(# my_conf/model/swish\.yaml\n.*?)```", (ROOT / "docs" / "plugins.md").read_text(), re.DOTALL
)
LINES = re.findall(r"^(deeplab (?:train|sweep) --code .*)$", (ROOT / "docs" / "plugins.md").read_text(), re.MULTILINE)
LAST = "{type: Dense, units: num_classes, activation: softmax}"
LAYERS = f"model.layers=[{{type: Dense, units: 8}},{{type: Swish, beta: 1.5}},{LAST}]"
SMALL = ("dataset=moons", "model=mlp", LAYERS, "training.loss=focal", "training.metrics=[sure]", "schedule=warmup")
QUICK = ("tracking.plots=none", "training.batch_size=50")


@pytest.fixture
def mine(folder: Path) -> Path:
    assert FILE is not None
    path = folder / "mine.py"
    path.write_text(FILE[1])
    return path


def module_of(path: Path) -> Any:
    values: dict[str, Any] = {}
    exec(path.read_text(), values)
    return values


def test_the_focal_loss_is_that_of_keras_and_the_layer_the_one_that_it_imitates(mine: Path) -> None:
    import keras

    values = module_of(mine)
    rng = np.random.default_rng(0)
    outputs = rng.dirichlet(np.ones(5), 40).astype(np.float32)
    targets = np.eye(5, dtype=np.float32)[rng.integers(0, 5, 40)]
    theirs = keras.losses.CategoricalFocalCrossentropy(alpha=0.25, gamma=2.0, reduction="none")(targets, outputs)
    np.testing.assert_allclose(values["focal"](targets, outputs), theirs, rtol=1e-5)
    chosen = outputs[targets == 1].astype(np.float64)
    np.testing.assert_allclose(values["focal"](targets, outputs), -0.25 * (1 - chosen) ** 2 * np.log(chosen), rtol=1e-4)
    x = rng.normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_allclose(values["Swish"]()(x), keras.layers.Activation("silu")(x), rtol=1e-6)


def test_a_run_with_code_of_its_own_asks_for_it_again(
    mine: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]
) -> None:
    import keras

    trained = cli("train", "--code", "mine.py", *SMALL, *QUICK, "training.epochs=2", "name=own")
    assert (trained.status, trained.err) == (0, "")
    (run,) = runs()
    kept = Path(run.info.artifact_uri.removeprefix("file://")) / "code" / "mine.py"
    assert kept.read_bytes() == mine.read_bytes()
    assert run.data.tags["deeplab.code_file"] == "mine.py"
    assert run.data.params["code"] == run.data.tags["deeplab.code_sha256"]
    assert run.data.metrics["learning_rate"] == pytest.approx(2 / 3)  # of the second epoch, and an optimizer's 1.0
    (saved,) = Path("mlruns").rglob("model.keras")
    with own_code(str(mine)):
        network = keras.saving.load_model(saved, custom_objects=own_layers())
        assert network.layers[1].get_config()["beta"] == 1.5

    Path("other.py").write_text("x = 1\n")
    line = r"^deeplab: Run own \(\w+\) was trained with code of its own, mine\.py \(SHA-256 \w{12}\)"
    for words in (["evaluate", "own"], ["train", "--resume", "own", "training.epochs=3"], ["reproduce", "own"]):
        refused = cli(*words)
        assert refused.status == 2
        assert re.match(rf"{line}; --code FILE gives consent .* {kept}\n$", refused.err), refused.err
    other = cli("evaluate", "own", "--code", "other.py")
    assert re.match(rf"{line}, and --code other\.py is another file", other.err), other.err
    assert len(runs()) == 1

    evaluated = cli("evaluate", "own", "--code", "mine.py")
    assert (evaluated.status, evaluated.err) == (0, "")
    assert f"loss {run.data.metrics['test/loss']:.4f}" in evaluated.out
    assert "sure" in evaluated.out
    assert "identical to the bit" in cli("reproduce", "own", "--code", "mine.py").out
    shown = cli("show", "own")
    assert "deeplab train --code mine.py" in shown.out
    exported = cli("export", "own", "--code", "mine.py", "--to", "keras", "--out", "own.keras")
    assert exported.status == 0, exported.err
    script = cli("export", "own", "--code", "mine.py", "--to", "python")
    assert "the run was trained with code of its own" in script.err


def test_a_run_is_resumed_to_the_bit(mine: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]) -> None:
    for epochs, name in ((3, "whole"), (2, "half")):
        done = cli("train", "--code", "mine.py", *SMALL, *QUICK, f"training.epochs={epochs}", f"name={name}")
        assert done.status == 0, done.err
    resumed = cli("train", "--code", "mine.py", "--resume", "half", "training.epochs=3")
    assert (resumed.status, resumed.err) == (0, "")
    half, whole = runs()
    for key, value in whole.data.metrics.items():
        if not key.startswith("time/"):
            assert half.data.metrics[key] == value, key


BROKEN = {
    "in_graph": "@loss\ndef broken(y_true, y_pred):\n    import tensorflow as tf\n    with tf.control_dependencies([\n"
    "        tf.debugging.assert_less(y_pred, -1.0)]):\n        return tf.reduce_sum(y_true - y_pred, axis=-1)\n",
    "at_epoch": "@metric(direction='max')\ndef broken(y_true, y_pred):\n    raise ValueError('not today')\n",
}


@pytest.mark.parametrize("engine", ["keras", "compiled"])
def test_what_code_raises_while_it_trains_fails_the_run_with_its_line(
    engine: str, folder: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]
) -> None:
    kind = "in_graph" if engine == "compiled" else "at_epoch"
    (folder / "mine.py").write_text(f"from deeplab.code import loss, metric\n\n{BROKEN[kind]}")
    key = "training.loss=broken" if kind == "in_graph" else "training.metrics=[broken]"
    words = (
        "dataset=spiral",
        "model=mlp",
        "model.task=classification",
        "training.epochs=1",
        f"training.engine={engine}",
    )
    failed = cli("train", "--code", "mine.py", *words, key, *QUICK)
    line = (
        r"mine\.py:[67]: InvalidArgumentError: assertion failed"
        if kind == "in_graph"
        else r"mine\.py:5: ValueError: not today"
    )
    assert failed.status == 1
    (run,) = runs()
    assert re.match(rf"^deeplab: {line}.* Run {run.info.run_id[:8]} is FAILED\.\n$", failed.err), failed.err
    assert run.info.status == "FAILED"
    assert re.match(line, run.data.tags["deeplab.error"])


@pytest.mark.parametrize(
    ("text", "words", "why"),
    [
        ("@loss\ndef odd(a, b):\n    return a.nothing\n", "training.loss=odd", r"mine\.py:5: AttributeError"),
        ("@loss\ndef odd(a, b):\n    return b\n", "training.loss=odd", r".* a value for each row, \[n\], and gives"),
        ("@schedule\ndef odd(a, b):\n    return -1\n", "schedule=odd", r"schedule\.kind=odd: must give a learning"),
        ("@dataset\ndef odd(rows):\n    return 1\n", "dataset=odd", r"dataset\.options\.rows is missing"),
        ("@dataset\ndef odd():\n    return 1\n", "dataset=odd", r"dataset\.kind=odd: must return x_train, y_train"),
        ("@dataset\ndef odd(seed):\n    return [][seed]\n", "dataset=odd", r"mine\.py:5: IndexError: list index"),
    ],
)
def test_what_is_wrong_before_a_training_leaves_no_run(
    text: str, words: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Outcome]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(f"from deeplab.code import dataset, loss, schedule\n\n{text}")
    refused = cli("train", "--code", "mine.py", "dataset=spiral", "model=mlp", "model.task=classification", words)
    assert (refused.status, refused.out) == (2, "")
    assert re.match(rf"^deeplab: {why}.*\n$", refused.err), refused.err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.long
def test_both_engines_train_alike(mine: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]) -> None:
    for engine in ("keras", "compiled"):
        words = (*SMALL, *QUICK, "training.epochs=3", f"training.engine={engine}")
        assert cli("train", "--code", "mine.py", *words).status == 0
    compiled, plain = runs()
    assert compiled.data.tags["deeplab.engine"] == "compiled"
    assert compiled.data.tags["deeplab.engine_reason"] == "asked for; code of one's own may be none for XLA"
    assert compiled.data.metrics["test/loss"] == pytest.approx(plain.data.metrics["test/loss"], rel=1e-4)


@pytest.mark.long
def test_the_lines_of_the_page_work_and_a_sweep_takes_the_file_to_its_workers(
    mine: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]
) -> None:
    train, sweep, layer = LINES
    assert NETWORK is not None
    Path("my_conf/model").mkdir(parents=True)
    Path("my_conf/model/swish.yaml").write_text(NETWORK[1])
    for line in (train, layer):
        done = cli(*line.split()[1:], *QUICK, "training.epochs=1")
        assert (done.status, done.err) == (0, "")
    words = (*sweep.split()[1:], *QUICK, "training.epochs=1", "launcher.workers=2", "training.metrics=[sure]")
    words = (*words, "sweep.metric=val/sure", "name=s")
    swept = cli(*words)
    assert (swept.status, swept.err) == (0, "")
    assert "validation share of sure answers" in swept.out
    assert all(run.data.tags["deeplab.code_file"] == "mine.py" for run in runs())
    refused = cli("show", "s")
    assert "--code FILE gives consent" in refused.err
    assert "Best by mean validation share of sure answers" in cli("show", "s", "--code", "mine.py").out
    mine.write_text(f"{mine.read_text()}\n")
    changed = cli(*words)
    assert re.search(r"code was \w{64}, is \w{64} \(in 2 trials\)", changed.err), changed.err


@pytest.mark.long
@pytest.mark.parametrize("launcher", [("ray",), ("slurm", "launcher.cluster=local")], ids=lambda each: each[0])
def test_every_launcher_takes_the_file_along(
    launcher: tuple[str, ...], mine: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]
) -> None:
    kind, *more = launcher
    grid = (*SMALL, *QUICK, "training.epochs=1", "optimizer.learning_rate=0.1,0.3", "replicates=1")
    swept = cli("sweep", "--code", "mine.py", *grid, f"launcher={kind}", *more)
    assert (swept.status, swept.err) == (0, "")
    trials = [run for run in runs() if run.data.tags["deeplab.kind"] == "trial"]
    assert {run.data.tags["deeplab.code_sha256"] for run in trials} == {sha256(mine.read_bytes()).hexdigest()}
    assert [run.info.status for run in trials] == ["FINISHED"] * 2


@pytest.mark.long
def test_a_search_a_decision_and_an_explanation_take_the_file_along(
    mine: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]
) -> None:
    rows = (*SMALL, *QUICK, "training.epochs=1")
    search = (
        "sweep",
        "--search",
        "random",
        "--trials",
        "2",
        "optimizer.learning_rate=interval(0.1,0.9)",
        "name=searched",
    )
    decide = ("decide", "--max-replicates", "5", "optimizer.learning_rate=0.1,0.9", "name=decided")
    why = ("why", "schedule=warmup", "schedule=constant", "replicates=2")
    for words, statuses in ((search, (0,)), (decide, (0, 3)), (why, (0, 3))):
        others = [word for word in rows if word != "schedule=warmup" or words is not why]
        done = cli(*words, *others, "--code", "mine.py")
        assert done.status in statuses, done.err
        refused = cli(*words, *others)
        assert (refused.status, "One of your own needs --code FILE" in refused.err) == (2, True)
    assert all(run.data.tags["deeplab.code_file"] == "mine.py" for run in runs())
