"""The command line in this process: what it prints and how it ends."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import put_nvidia_smi

from deeplab.workflows import doctor

Cli = Callable[..., tuple[int, str, str]]
SMALL = (
    "model=dense_relu",
    "dataset.image_size=8",
    "dataset.limit=300",
    "training.epochs=2",
    "optimizer=adam",
)


def test_train_prints_every_epoch_the_scores_and_the_way_on(cli: Cli, folder: Path) -> None:
    status, out, err = cli("train", *SMALL, "tracking.plots=none")
    assert (status, err) == (0, "")
    assert "digits: 240 rows to train, 60 to validate, 300 to test; 8x8x1, 10 classes" in out
    assert "dense_relu: 19,210 parameters; cpu" in out
    pattern = (
        r"epoch (\d)/2  [\d.]+ s  \d+ ms/step  loss [\d.]+  accuracy [\d.]+  val_loss [\d.]+  val_accuracy [\d.]+\n"
    )
    assert re.findall(pattern, out) == ["1", "2"]
    assert re.search(r"test +\d\.\d{4} +0\.\d{4}", out)
    assert re.search(r"run [0-9a-f]{32} in \d+ s", out)
    assert f"store sqlite:///{folder}/mlflow.db" in out
    assert out.rstrip().endswith("deeplab ui")


def test_dry_run_shows_the_network_and_trains_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, _ = cli("train", "--dry-run", "model=cnn_dropout", "seed=7")
    assert status == 0
    assert "seed: 7\n" in out
    assert re.search(r"conv2d_1 +Conv2D +26x26x32 +320\n", out)
    assert "1,199,882 parameters. Nothing was trained." in out
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_one_line_and_status_2(cli: Cli, folder: Path) -> None:
    status, out, err = cli("train", "model=cnn_dropuot")
    assert (status, out) == (2, "")
    assert err.startswith("deeplab: Unknown model 'cnn_dropuot'. Did you mean 'cnn_dropout'?")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "asked",
    [("dataset=npz", "dataset.path=absent.npz"), ("model=cnn", "dataset.image_size=3")],
    ids=["data", "network"],
)
def test_a_training_that_is_refused_leaves_no_store(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = cli("train", *asked)
    assert (status, err.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback_too(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPLAB_DEBUG", "1")
    _, _, err = cli("train", "seed=x")
    assert err.startswith("Traceback")
    assert err.splitlines()[-1] == 'deeplab: seed: must be an integer, got "x".'


def test_a_failed_run_ends_with_status_1(cli: Cli, folder: Path) -> None:
    status, _, err = cli("train", *SMALL, "optimizer=sgd", "optimizer.learning_rate=1e30")
    assert status == 1
    assert err.startswith("deeplab: The loss became")
    assert err.count("\n") == 1


def test_list_names_every_choice_with_a_line_on_each(cli: Cli) -> None:
    status, out, _ = cli("list")
    assert status == 0
    assert [line for line in out.splitlines() if line.endswith("=")] == [
        "dataset=",
        "model=",
        "optimizer=",
        "experiment=",
    ]
    assert re.search(r"^  cnn_dropout +\w", out, re.MULTILINE)
    assert all(len(line.split(None, 1)) == 2 for line in out.splitlines() if line.startswith("  "))


def test_list_shows_one_group_and_a_person_s_own(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("# conf/model/mine.yaml\n# My own network\nname: mine\n")
    _, out, _ = cli("list", "models", "--config-dir", str(tmp_path))
    assert re.search(r"^  mine +My own network$", out, re.MULTILINE)
    assert "adadelta" not in out


def test_list_refuses_what_there_is_not(cli: Cli) -> None:
    status, _, err = cli("list", "modles")
    assert status == 2
    assert err.startswith("deeplab: Unknown list 'modles'. Did you mean 'models'?")


def test_doctor_tells_what_is_there(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sets").mkdir()
    (folder / "sets" / "mnist.npz").write_bytes(b"0" * 2_000_000)
    monkeypatch.setenv("DEEPLAB_DATA", str(folder / "sets"))
    status, out, _ = cli("doctor")
    assert status == 0
    assert re.search(r"^tensorflow +2\.\d+", out, re.MULTILINE)
    assert re.search(r"^CPU +\d+ threads; a product of 1,000 x 1,000 in \d+\.\d ms$", out, re.MULTILINE)
    assert re.search(r"^GPU", out, re.MULTILINE)
    assert f"{folder}/sets: mnist.npz (2.0 MB)" in out
    assert re.search(rf"^store +sqlite:///{folder}/mlflow.db: 0 runs in experiment deeplab", out, re.MULTILINE)


def test_doctor_tells_cards_and_what_they_need(
    cli: Cli, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, 4)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    _, out, _ = cli("doctor")
    for number in range(4):
        assert f"card {number}       Card {number}, 24576 MB, 24000 MB free; driver 550.54\n" in out
    assert re.search(r"^CUDA +\d+\.\d[\d.]* wanted, .*found", out, re.MULTILINE)
    assert re.search(r"^cuDNN +\d+ wanted, .*found", out, re.MULTILINE)
    assert "no nvidia-smi" not in out
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    _, out, _ = cli("doctor")
    assert re.search(r"^GPU +none: CUDA_VISIBLE_DEVICES hides them$", out, re.MULTILINE)


def test_a_product_that_fails_or_is_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    assert re.match(r"a product of 1,000 x 1,000 fails: .*GPU:77", doctor._product("GPU:77"))
    monkeypatch.setattr(tf, "matmul", lambda one, other: tf.zeros(one.shape))
    assert doctor._product("CPU:0").startswith("a product of 1,000 x 1,000 is wrong, by ")


def test_ui_without_a_store_says_what_to_do_first(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = cli("ui")
    assert status == 2
    assert err == f"deeplab: There is no store {tmp_path}/mlflow.db yet. Train something first, as in: deeplab train\n"


def test_ui_of_a_server_is_the_server_s_own(cli: Cli) -> None:
    status, out, _ = cli("ui", "tracking.uri=http://127.0.0.1:5999")
    assert status == 0
    assert "http://127.0.0.1:5999" in out


def test_version(cli: Cli) -> None:
    assert cli("--version")[:2] == (0, "deeplab 0.1.0\n")


@pytest.mark.parametrize("override", ["replicates=3", "experiment=l2_weight_decay"])
def test_what_asks_for_several_runs_is_a_sweep(cli: Cli, override: str) -> None:
    status, _, err = cli("train", override)
    assert status == 2
    assert err == (
        "deeplab: This asks for several runs (replicates, sweep.grid), and 'deeplab train' makes one: deeplab sweep\n"
    )
