"""A forged history, score, prediction or weight is found, however much of the rest was made to agree with it."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from deeplab.config.identity import sha
from deeplab.training.checkpoint import Checkpoint, from_bytes, to_bytes
from deeplab.training.history import Epoch, History
from deeplab.workflows.verify.stored import _stops_after

from .conftest import Forge, contents, write_pack

Cli = Callable[..., tuple[int, str, str]]


def test_an_honest_run_is_identical_to_the_bit(cli: Cli, origin: Path, tmp_path: Path) -> None:
    status, out, err = cli("verify", str(origin / "kept.zip"), "--spot", "100%")
    assert (status, err) == (0, ""), err
    assert "every file is the one that its manifest names" in out
    assert "identical to the bit; 1 run, 3 of 3 epochs trained again" in out


def test_a_run_of_the_store_is_verified_where_it_is_and_nothing_is_written(
    cli: Cli, origin: Path, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in origin.rglob("*")}
    status, out, _ = cli("verify", "kept", f"tracking.uri=sqlite:///{origin}/mlflow.db", "--spot", "0.3", "--seed", "4")
    assert status == 0
    assert "kept: identical to the bit; 1 run, 1 of 3 epochs trained again; to draw the same: --seed 4" in out
    assert {path: path.stat().st_mtime_ns for path in origin.rglob("*")} == before


def test_what_was_not_kept_is_said_to_be_unchecked(cli: Cli, origin: Path) -> None:
    status, out, _ = cli("verify", "bare", f"tracking.uri=sqlite:///{origin}/mlflow.db")
    assert status == 3
    assert "model: not checked (it was not kept)" in out
    assert "training: not checked (no state was kept: tracking.keep_checkpoints=1 keeps them)" in out


def test_other_data_are_told(cli: Cli, origin: Path, forge: Forge) -> None:
    def other(content: bytes) -> bytes:
        run = json.loads(content)
        run["tags"]["deeplab.dataset_sha256"] = "0" * 64
        return json.dumps(run).encode()

    status, out, _ = cli("verify", str(forge(run_json=other)), "--spot", "100%")
    assert status == 3
    assert "data: not checked (digits here is not what the run was trained on)" in out


def digit(content: bytes) -> bytes:
    """Another sixth decimal of the first value."""
    lines = content.decode().splitlines(keepends=True)
    epoch, value, rest = lines[1].split(",", 2)
    place = value.index(".") + 6
    other = "3" if value[place] != "3" else "4"
    return "".join([lines[0], f"{epoch},{value[:place]}{other}{value[place + 1 :]},{rest}", *lines[2:]]).encode()


def byte(content: bytes) -> bytes:
    return content[:-50] + bytes([content[-50] ^ 1]) + content[-49:]


def test_a_changed_digit_of_the_history_is_found(cli: Cli, forge: Forge) -> None:
    status, out, _ = cli("verify", str(forge(history_csv=digit)), "--spot", "0")
    assert status == 1, out
    assert "  history.csv: different (train/" in out


@pytest.mark.parametrize("number", [1, 2])
def test_a_changed_byte_of_a_checkpoint_is_found(cli: Cli, forge: Forge, number: int) -> None:
    status, out, _ = cli("verify", str(forge(**{f"epoch_00000{number}_ckpt": byte})), "--spot", "0")
    assert status == 1
    assert f"checkpoints/epoch-00000{number}.ckpt: different (it is damaged: the checksum is wrong)" in out


def test_a_file_that_the_manifest_does_not_name_is_refused(cli: Cli, forge: Forge) -> None:
    status, _, err = cli("verify", str(forge(recomputed=False, history_csv=digit)))
    assert status == 2
    assert err.endswith("artifacts/history.csv is not what the manifest says; its SHA-256 differs.\n")


def test_a_score_that_agrees_everywhere_is_computed_again(cli: Cli, forge: Forge) -> None:
    def in_run(content: bytes) -> bytes:
        run = json.loads(content)
        step, stamp, _ = run["metrics"]["test/accuracy"][0]
        run["metrics"]["test/accuracy"] = [[step, stamp, "0.985"]]
        return json.dumps(run).encode()

    def in_file(content: bytes) -> bytes:
        head, row = content.decode().splitlines()
        return f"{head}\n{row.rpartition(',')[0]},0.985\n".encode()

    status, out, _ = cli("verify", str(forge(run_json=in_run, score_csv=in_file)), "--spot", "0")
    assert status == 1
    assert "scores on the test rows: different (accuracy is 0.985, again " in out
    assert "score.csv" not in out


def scaled_model(content: bytes) -> bytes:
    import keras

    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert "model.weights.h5" in file.namelist()
    path = Path("model.keras")
    path.write_bytes(content)
    network = keras.saving.load_model(path)
    network.set_weights([1.001 * each for each in network.get_weights()])
    network.save(path)
    return path.read_bytes()


def test_changed_weights_are_found(cli: Cli, forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, _ = cli("verify", str(forge(model_keras=scaled_model)), "--spot", "0")
    assert status == 1
    assert "weights of the model: different" in out, "however little they differ"


def test_a_changed_configuration_is_found(cli: Cli, forge: Forge) -> None:
    status, out, _ = cli("verify", str(forge(config_yaml=lambda text: text.replace(b"seed: 0", b"seed: 1"))))
    assert status == 1
    assert "config.yaml: different (seed is another than the run's parameter)" in out


def test_a_prediction_that_was_made_right_is_found(cli: Cli, forge: Forge) -> None:
    def corrected(content: bytes) -> bytes:
        arrays = dict(np.load(io.BytesIO(content)))
        row = np.flatnonzero(arrays["predicted"] != arrays["labels"])[0]
        arrays["predicted"][row] = arrays["labels"][row]
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    status, out, _ = cli("verify", str(forge(predictions_npz=corrected)), "--spot", "0")
    assert status == 1
    assert "  accuracy by predictions.npz: different" in out
    assert "  predictions.npz: " in out


def test_changed_tables_facts_and_tags_are_found(cli: Cli, forge: Forge) -> None:
    def in_run(content: bytes) -> bytes:
        run = json.loads(content)
        run["tags"] |= {"deeplab.parameters": "7"}
        run["metrics"]["learning_rate"][0][2] = "0.5"
        return json.dumps(run).encode()

    def in_table(content: bytes) -> bytes:
        head, first, *rest = content.decode().splitlines(keepends=True)
        name, _, other = first.split(",", 2)
        return "".join([head, f"{name},999,{other}", *rest]).encode()

    forged = forge(run_json=in_run, classes_csv=in_table, dataset_json=lambda text: text.replace(b"digits", b"letters"))
    status, out, _ = cli("verify", str(forged), "--spot", "0")
    assert status == 1
    assert "tags: different (deeplab.parameters is 7, and the configuration gives 19210)" in out
    assert "classes.csv: different (rows of 0 is 999, again " in out
    assert "dataset.json: different (name is another than that of the data)" in out
    assert "history in the checkpoint of epoch 1: different (learning_rate of epoch 1 is " in out


def test_a_training_without_its_last_state_or_its_last_epochs_is_found(
    cli: Cli, origin: Path, forge: Forge, tmp_path: Path
) -> None:
    files = contents(origin / "kept.zip")
    left = {name: files[name] for name in files if not name.endswith(("last.ckpt", "epoch-000003.ckpt"))}
    _, out, _ = cli("verify", str(write_pack(tmp_path / "left.zip", left)), "--spot", "0")
    assert "training: not checked (no state was kept after epoch 2 of 3)" in out
    config: dict[str, str] = {}

    def longer(content: bytes) -> bytes:
        values = yaml.safe_load(content)
        values["training"]["epochs"] = 4
        config["hash"] = sha(values)
        return yaml.safe_dump(values, sort_keys=False).encode()

    def in_run(content: bytes) -> bytes:
        run = json.loads(content)
        run["params"]["training.epochs"], run["tags"]["deeplab.config_hash"] = "4", config["hash"]
        return json.dumps(run).encode()

    status, out, _ = cli("verify", str(forge(config_yaml=longer, run_json=in_run)), "--spot", "0")
    assert status == 1
    assert "  number of epochs: different (it is 3, and the configuration ends it after 4)" in out


@pytest.mark.parametrize(("monitor", "mode"), [("loss", "min"), ("accuracy", "max")])
def test_a_training_stops_where_keras_stops_it(monitor: str, mode: str) -> None:
    import keras

    rng = np.random.default_rng(0)
    network = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    for _ in range(60):
        scores, patience = rng.integers(0, 6, 12).astype(float).tolist(), int(rng.integers(1, 4))
        stopper = keras.callbacks.EarlyStopping("val_x", patience=patience, mode=mode)
        stopper.set_model(network)
        stopper.on_train_begin()
        for epoch, score in enumerate(scores):
            network.stop_training = False
            stopper.on_epoch_end(epoch, {"val_x": score})
            if network.stop_training:
                break
        assert _stops_after(scores, patience, monitor) == (epoch + 1 if network.stop_training else None)


def test_a_run_of_before_a_key_was_added_is_what_it_was(cli: Cli, forge: Forge) -> None:
    older: dict[str, str] = {}

    def without_stages(content: bytes) -> bytes:
        values = yaml.safe_load(content)
        del values["training"]["stages"]
        older["hash"] = sha(values)
        return yaml.safe_dump(values, sort_keys=False).encode()

    def in_run(content: bytes) -> bytes:
        run = json.loads(content)
        del run["params"]["training.stages"]
        run["tags"]["deeplab.config_hash"] = older["hash"]
        return json.dumps(run).encode()

    status, out, _ = cli("verify", str(forge(config_yaml=without_stages, run_json=in_run)), "--spot", "0")
    assert status == 0, out


def better(state: Checkpoint) -> Checkpoint:
    epochs = [
        Epoch(each.number, {**each.metrics, "train/loss": each.metrics["train/loss"] * 0.7})
        for each in state.history.epochs
    ]
    return replace(state, history=History(tuple(epochs)))


def test_a_history_that_was_made_to_agree_in_every_file_is_trained_again(cli: Cli, forge: Forge) -> None:
    def in_state(content: bytes) -> bytes:
        return to_bytes(better(from_bytes(content)))

    def in_run(content: bytes) -> bytes:
        run = json.loads(content)
        losses = run["metrics"]["train/loss"]
        run["metrics"]["train/loss"] = [[step, stamp, repr(float(value) * 0.7)] for step, stamp, value in losses]
        return json.dumps(run).encode()

    def in_file(content: bytes) -> bytes:
        lines = [line.split(",") for line in content.decode().splitlines()]
        for line in lines:
            if line[2:] == ["loss", "train"]:
                line[1] = repr(float(line[1]) * 0.7)
        return "".join(",".join(line) + "\n" for line in lines).encode()

    forged = forge(ckpt=in_state, run_json=in_run, history_csv=in_file)
    status, out, _ = cli("verify", str(forged), "--spot", "0")
    assert (status, "identical to the bit" in out) == (0, True), "all its files agree"
    status, out, _ = cli("verify", str(forged), "--spot", "100%")
    assert status == 1
    assert "epoch 1, trained again: history of epoch 1: different (train/loss is " in out


def test_states_that_no_training_passes_through_are_found(cli: Cli, forge: Forge) -> None:
    def moved(content: bytes) -> bytes:
        state = from_bytes(content)
        weights = tuple(each + np.float32(0.1) for each in state.weights)
        return to_bytes(replace(state, weights=weights))

    status, out, _ = cli("verify", str(forge(epoch_000002_ckpt=moved)), "--spot", "100%")
    assert status == 1
    assert "epoch 2, trained again: weights: different" in out
    assert "epoch 3, trained again: " in out, "it does not lead to the next one either"
    assert "epoch 1, trained again" not in out


@pytest.mark.parametrize("spot", ["-1", "120%", "many", "1.5"])
def test_a_share_that_is_none_is_refused(cli: Cli, origin: Path, spot: str) -> None:
    status, _, err = cli("verify", str(origin / "kept.zip"), f"--spot={spot}")
    assert status == 2
    assert err == f"deeplab: --spot {spot}: give a share of all epochs, from 0 to 1 or 0% to 100%.\n"


def test_a_pack_holds_what_its_manifest_names(origin: Path) -> None:
    files = contents(origin / "kept.zip")
    assert {name.partition("/artifacts/")[2] for name in files if "/artifacts/checkpoints/" in name} == {
        f"checkpoints/epoch-00000{number}.ckpt" for number in (1, 2, 3)
    }
    assert json.loads(files["manifest.json"])["format"] == "deeplab pack 1"
