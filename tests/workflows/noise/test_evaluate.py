"""Evaluations under noise, over networks that were really trained."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import DEEPLAB, Outcome, wait_until

from deeplab.cli.terminal.noise_progress import PlainNoise
from deeplab.config.compose import compose
from deeplab.errors import UserError
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.noise.evaluate import NoiseResult, NoiseSettings, noise_curve
from deeplab.workflows.noise.levels import read_levels
from deeplab.workflows.noise.partial_results import NoiseDraw, NoiseDrawFile
from deeplab.workflows.train import train

pytestmark = pytest.mark.slow

SMALL = ("dataset.image_size=12", "dataset.limit=200", "optimizer=adam", "tracking.plots=none", "seed=1")


@pytest.fixture(scope="module")
def trained_store(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A classifier and an autoencoder that do what they should, a little."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    uri = f"tracking.uri=sqlite:///{folder / 'mlflow.db'}"
    train(compose(["model=dense_relu", "training.epochs=30", "name=classifier", uri, *SMALL]))
    noise = ("noise=salt_and_pepper", "noise.level=0.4")
    longer = ("dataset.limit=800", "training.epochs=60")
    train(compose([*SMALL, "model=autoencoder", "name=denoiser", uri, *noise, *longer]))
    train(compose(["model=autoencoder", "training.epochs=1", "name=wide", uri, *SMALL, "dataset.image_size=16"]))
    # Two classes of its own, in floats from 0 to 1.
    x, y = np.random.default_rng(0).random((40, 12, 12, 1), np.float32), np.arange(40) % 2
    np.savez(folder / "floats.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    own = ("dataset=npz", f"dataset.path={folder / 'floats.npz'}", "tracking.plots=none", "optimizer=adam")
    train(compose(["model=autoencoder", "training.epochs=1", "name=floats", uri, *own]))
    return folder


@pytest.fixture
def store(trained_store: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(trained_store)
    return open_store(compose([]).config.tracking)


def evaluated(store: Store, *denoisers: str, levels: str = "0,0.4,1", seeds: int = 3) -> NoiseResult:
    settings = NoiseSettings("classifier", denoisers, None, read_levels(levels), seeds)
    return noise_curve(settings, store, PlainNoise())


def artifact(store: Store, run_id: str, path: str) -> Path:
    import mlflow

    return Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/{path}", tracking_uri=store.place.uri))


def test_denoising_helps_where_it_was_trained_and_the_run_tells_so(store: Store) -> None:
    result = evaluated(store, "denoiser")
    assert result.kind == "salt_and_pepper"
    noisy, denoised = result.rates["noisy"], result.rates["denoiser"]
    assert [point.count for point in noisy] == [1, 3, 3]
    assert denoised[1].mean > noisy[1].mean + 0.02
    assert noisy[0].mean > 0.8
    assert noisy[2].mean < 0.3
    run = store.client.get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["deeplab.kind"] == "noise"
    steps = {
        metric.step: metric.value
        for metric in store.client.get_metric_history(result.run_id, "noisy/true_positive_rate")
    }
    assert steps == {0: noisy[0].mean, 400: noisy[1].mean, 1000: noisy[2].mean}
    lines = artifact(store, result.run_id, "rates.csv").read_text().splitlines()
    assert lines[0] == "level,state,mean,std,interval_95,min,max,n,0,1,2,3,4,5,6,7,8,9"
    assert len(lines) == 1 + 3 * 2
    assert len(artifact(store, result.run_id, "draws.csv").read_text().splitlines()) == 1 + 7 * 2
    content = artifact(store, result.run_id, "classes.csv").read_text()
    head, *classes = [line.split(",") for line in content.splitlines()]
    assert head == ["level", "state", "class", "images", "mean", "std", "interval_95", "min", "max", "n"]
    assert len(classes) == 3 * 2 * 10
    own = [line for line in classes if line[:2] == ["0.4", "denoiser"]]
    right = sum(int(line[3]) * float(line[4]) for line in own)
    assert right / sum(int(line[3]) for line in own) == pytest.approx(denoised[1].mean)
    assert {line[9] for line in own} == {"3"}
    assert any(float(line[6]) > 0 for line in own)
    assert all(line[5] == line[6] == "" for line in classes if line[0] == "0.0")
    assert {path.name for path in artifact(store, result.run_id, "gallery").iterdir()} == {
        "level_0.000.png", "level_0.400.png", "level_1.000.png",
    }  # fmt: skip
    assert not (store.place.work_folder / "noise").exists() or not list((store.place.work_folder / "noise").iterdir())


def test_the_rates_are_those_of_keras_on_the_same_noise(store: Store) -> None:
    from deeplab.data.load import load
    from deeplab.data.noise import Noise
    from deeplab.workflows.trained_run import find_trained_run

    result = evaluated(store, levels="0.3", seeds=1)
    trained = find_trained_run(store, "classifier")
    test = load(trained.composed().config.dataset, store.place.work_folder).test
    images = Noise("salt_and_pepper", 0.3, 0, "test").apply(test.images(slice(None)), test.rows)
    right = trained.network().predict(images, verbose=0).argmax(1) == test.labels
    assert result.rates["noisy"][0].mean == pytest.approx(right.mean())
    rates = [float(right[test.labels == digit].mean()) for digit in range(10)]
    line = artifact(store, result.run_id, "rates.csv").read_text().splitlines()[1].split(",")
    assert [float(cell) for cell in line[-10:]] == pytest.approx(rates)


def test_an_evaluation_is_no_network(store: Store, cli: Callable[..., Outcome]) -> None:
    result = evaluated(store, levels="0", seeds=1)
    outcome = cli("noise", "--classifier", result.run_id)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert f"({result.run_id[:8]}) trained none." in outcome.err


def test_an_evaluation_that_was_killed_goes_on_and_comes_to_the_same(
    store: Store, trained_store: Path, start: Callable[..., Any]
) -> None:
    def cells() -> list[Path]:
        return list(trained_store.glob(".deeplab/noise/*/cells.jsonl"))

    undisturbed = evaluated(store, "denoiser", levels="0:0.8:0.4", seeds=60)
    arguments = ["noise", "denoiser", "--classifier", "classifier", "--levels", "0:0.8:0.4", "--seeds", "60"]
    process = start(*arguments)
    wait_until(lambda: [file for file in cells() if len(file.read_text().splitlines()) > 20], every=0.01)
    process.kill()
    process.communicate()
    (left,) = cells()
    with left.open("a") as file:
        file.write('{"level": 0.8, "se')  # a line that was cut off
    kept = len(left.read_text().splitlines()) - 1
    assert 20 < kept < 121
    again = subprocess.run([DEEPLAB, *arguments], cwd=trained_store, capture_output=True, text=True, check=True)
    assert f"{kept * undisturbed.images:,} of them are done already" in again.stdout
    found = [
        run for run in store.client.search_runs([store.experiment_id]) if run.data.tags.get("deeplab.kind") == "noise"
    ]
    newest = found[0]
    assert (newest.info.status, newest.info.run_id != undisturbed.run_id) == ("FINISHED", True)
    assert not any(run.info.status == "RUNNING" for run in found)
    ours, theirs = (artifact(store, one, "rates.csv").read_text() for one in (undisturbed.run_id, newest.info.run_id))
    assert ours == theirs


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--classifier", "denoiser"], "--classifier takes a network for classification; that of run denoiser ("),
        (["classifier", "--classifier", "classifier"], "deeplab noise takes a network for reconstruction; that of run"),
        (["wide", "--classifier", "classifier"], "denoises images of 16x16x1, the classifier takes images of 12x12x1."),
        (["floats", "--classifier", "classifier"], "with values from 0 to 1, the classifier takes 0 to 255."),
        (["denoiser", "denoiser", "--classifier", "classifier"], "is given twice."),
        (["--classifier", "nothing"], "There is no run 'nothing'."),
        (["--classifier", "best:model=cnn6"], "is a training that the filter is true of."),
        (["--classifier", "classifier", "--levels", "0:2:0.5"], "--levels: a level lies in [0, 1], got 1.5."),
        (["--classifier", "classifier", "--levels", "0:1:0"], "--levels 0:1:0: write START:STOP:STEP"),
        (["--classifier", "classifier", "--seeds", "0"], "--seeds: must be 1 to 1000, got 0."),
        (["--classifier", "classifier", "--noise", "salt"], "Unknown noise 'salt' in --noise."),
        (["x=3", "--classifier", "classifier"], "There is no run 'x=3'."),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_run(
    arguments: list[str], line: str, store: Store, cli: Callable[..., Outcome]
) -> None:
    before = len(store.client.search_runs([store.experiment_id]))
    outcome = cli("noise", *arguments)
    assert outcome.status == 2
    assert line in outcome.err
    assert outcome.err.count("\n") == 1
    assert len(store.client.search_runs([store.experiment_id])) == before


def test_a_deleted_model_is_one_line(store: Store, cli: Callable[..., Outcome]) -> None:
    from deeplab.tracking.delete import remove_models

    extra = train(compose(["model=autoencoder", "training.epochs=1", "name=gone", *SMALL]))
    remove_models(store, extra.run_id)
    outcome = cli("noise", "gone", "--classifier", "classifier")
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "has no model" in outcome.err


@pytest.mark.parametrize(
    ("text", "levels"),
    [("0:1:0.1", tuple(n / 10 for n in range(11))), ("0.5", (0.5,)), ("0,1", (0, 1)), ("0:0.5:0.2", (0, 0.2, 0.4))],
)
def test_levels_are_read(text: str, levels: tuple[float, ...]) -> None:
    assert read_levels(text) == levels


@pytest.mark.parametrize("text", ["", "a", "1:0:0.1", "0:1:-1", "0:1", "0:1:1e-9", "nan", "0:inf:1"])
def test_levels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--levels"):
        read_levels(text)


def test_cells_are_kept_and_read_again(tmp_path: Path) -> None:
    cells = NoiseDrawFile(tmp_path)
    cells.add(NoiseDraw(0.4, 2, {"noisy": (1, 2)}))
    assert NoiseDrawFile(tmp_path).done == {(0.4, 2): NoiseDraw(0.4, 2, {"noisy": (1, 2)})}
    assert json.loads((tmp_path / "cells.jsonl").read_text())["seed"] == 2
    cells.clear()
    assert NoiseDrawFile(tmp_path).done == {}


def test_generate_begins_and_ends_with_the_images_it_goes_between(store: Store) -> None:
    from deeplab.workflows.generate import GenerateRequest, generate
    from deeplab.workflows.trained_run import find_trained_run, load_data

    wish = GenerateRequest("between", ("3", "@5"), 4, 0.0, 0)
    found = generate("denoiser", wish, "classifier", store)
    trained = find_trained_run(store, "denoiser")
    test = load_data(trained).test
    ends = np.stack([test.images(np.flatnonzero(test.labels == 3)[:1])[0], test.images(slice(5, 6))[0]])
    given = trained.network().predict(ends, verbose=0)
    for images in found.rows.values():
        assert images.shape == (4, 12, 12, 1)
        assert np.allclose(images[[0, -1]], given, atol=1e-5)
    assert found.predicted is not None
    assert all(0 < probability <= 1 for pairs in found.predicted.values() for _, probability in pairs)
    assert artifact(store, trained.run.id, found.artifact).read_bytes() == found.png


def test_a_classifier_of_other_data_names_its_own_classes_and_sees_its_own_values(store: Store) -> None:
    from deeplab.workflows.generate import GenerateRequest, generate
    from deeplab.workflows.trained_run import find_trained_run

    found = generate("floats", GenerateRequest("between", ("0", "1"), 2, 0.0, 0), "classifier", store)
    said = find_trained_run(store, "classifier").network().predict(255 * found.rows["linear"], verbose=0)
    assert found.predicted is not None
    assert [name for name, _ in found.predicted["linear"]] == [str(digit) for digit in said.argmax(1)]
    assert [share for _, share in found.predicted["linear"]] == pytest.approx(said.max(1).tolist(), abs=1e-4)


def test_a_picture_takes_the_place_of_none_that_was_asked_for_otherwise(store: Store) -> None:
    from deeplab.workflows.generate import GenerateRequest, generate

    wishes = [("between", 2, 0.0, 0), ("between", 3, 0.0, 0), ("between", 3, 0.5, 0), ("between", 3, 0.5, 1)]
    names = [
        generate("denoiser", GenerateRequest(way, ("3", "8"), *rest), None, store).artifact for way, *rest in wishes
    ]
    names.append(generate("denoiser", GenerateRequest("between", ("3", "8"), 3, 0.5, 1), "classifier", store).artifact)
    assert len(set(names)) == 5
    assert names[3] == "generate/between_3_8_in_3_noise_0.5_seed_1.png"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["denoiser"], "Give one of --between A B, --grid A B C D and --around A."),
        (["denoiser", "--around", "3", "--grid", "1", "2", "3", "4"], "Give one of"),
        (["denoiser", "--between", "3", "12"], "Unknown class '12'."),
        (["denoiser", "--between", "3", "@9999"], "'@9999': there is no such test image; they are @0 to @"),
        (["denoiser", "--between", "3", "8", "--steps", "1"], "--steps: must be 2 to 40, got 1."),
        (["denoiser", "--around", "3", "--noise", "0"], "--around varies the code of an image by noise"),
        (["classifier", "--between", "3", "8"], "deeplab generate takes a network for reconstruction"),
        (
            ["denoiser", "--between", "3", "8", "--classifier", "wide"],
            "--classifier takes a network for classification",
        ),
        (["denoiser", "--between", "3", "8", "--out", "x.jpg"], "--out x.jpg: its name must end in .png."),
    ],
)
def test_generate_refuses_bad_input_in_one_line(
    arguments: list[str], line: str, store: Store, cli: Callable[..., Outcome]
) -> None:
    outcome = cli("generate", *arguments)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert line in outcome.err


def test_a_grid_and_a_variation(store: Store, cli: Callable[..., Outcome], trained_store: Path) -> None:
    outcome = cli("generate", "denoiser", "--grid", "0", "1", "2", "3", "--steps", "3", "--out", "grid.png")
    assert (outcome.status, outcome.err) == (0, "")
    assert (trained_store / "grid.png").read_bytes().startswith(b"\x89PNG")
    outcome = cli("generate", "denoiser", "--around", "4", "--classifier", "classifier")
    assert "noise 0.5: " in outcome.out
