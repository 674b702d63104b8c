"""`deeplab export --to python`: a script without deeplab that trains the same network on the same rows."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import BRANCHED

from deeplab.config.compose import compose
from deeplab.errors import RunError, UserError
from deeplab.workflows.export.script import training, verify
from deeplab.workflows.export.script.expressions import Call, Raw, code
from deeplab.workflows.export.script.sections import plain
from deeplab.workflows.train import train

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]
COMMON = ("tracking.plots=none", "training.epochs=2", "training.batch_size=32", "training.engine=keras")
SMALL = ("dataset=digits", "dataset.image_size=12", "dataset.limit=200")
ALL_EPOCHS = """
import json, runpy, sys
sys.modules["deeplab"] = None
history = runpy.run_path(sys.argv[1], run_name="__main__")["history"].history
print(json.dumps({name: [float(value) for value in values] for name, values in history.items()}))
"""

TRAININGS = {
    "conv": (
        "model=cnn_dropout_pool",
        *SMALL,
        "training.randomness=keras",
        "optimizer=adam",
        "schedule=cosine",
        "schedule.warmup_epochs=1",
        "validation=random",
        "l2=0.001",
    ),
    "augmented": ("model=cnn_augmented", *SMALL, "training.randomness=keras"),
    "branches": (*BRANCHED, *SMALL, "training.randomness=keras"),
    "autoencoder": ("model=autoencoder", *SMALL, "validation=test"),
    "weighted": (
        "model=dense_relu",
        *SMALL,
        "training.class_weights=balanced",
        "training.label_smoothing=0.1",
        "training.metrics=[top_5_accuracy,f1_macro]",
        "training.restore_best_weights=true",
        "dataset.standardize=true",
        "validation=random",
        "validation.stratify=false",
    ),
    "iris": ("model=mlp", "dataset=iris", "schedule=exponential", "validation=kfold", "validation.fold=2"),
    "diabetes": ("model=mlp", "dataset=diabetes", "training.standardize_targets=true", "training.metrics=[mae]"),
    "wine": ("model=mlp", "dataset=wine", "schedule=piecewise", "optimizer=adamw", "validation=none"),
    "spiral": ("model=playground", "dataset=spiral", "training.clip_global_norm=0.1", "training.accumulate=2"),
    "nadam": ("model=mlp", "dataset=iris", "optimizer=nadam", "training.clip_value=0.01"),
    "gaussians": ("model=playground", "dataset=gaussians", "dataset.inputs=[x1,x2,sin_x1,x1_x2]"),
    "bumps": ("model=playground", "dataset=bumps", "model.task=regression", "schedule=inverse_time"),
    "text": ("model=mlp", "dataset=npz", "dataset.path=text.npz", "dataset.test_fraction=0.25", "validation=given"),
    "values": ("model=mlp", "dataset=npz", "dataset.path=values.npz", "dataset.test_fraction=0.25"),
    "images": ("model=dense_relu", "dataset=npz", "dataset.path=images.npz", "dataset.scale=16", "dataset.limit=60"),
    "cifar": ("model=cifar_cnn", "dataset=cifar10", "dataset.data_dir=.", "training.randomness=keras"),
    "mixed": ("model=mlp_64_64", *SMALL, "training.precision=mixed_bfloat16"),
}


@pytest.fixture
def place(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 5))
    names = np.array(["red", "green", "blue"])[rng.integers(0, 3, 120)]
    np.savez("text.npz", x_train=x, y_train=names, x_val=x[:40] + 0.1, y_val=names[:40])
    np.savez("values.npz", x_train=x, y_train=x[:, :2] @ rng.normal(size=(2, 2)))
    images = rng.integers(0, 17, (100, 8, 8), dtype=np.uint8)
    one_hot = np.eye(4)[np.arange(100) % 4]
    np.savez("images.npz", x_train=images, y_train=one_hot, x_test=images, y_test=one_hot)
    x = rng.integers(0, 256, (80, 32, 32, 3), dtype=np.uint8)
    y = (np.arange(80) % 10)[:, None]
    np.savez("cifar10.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    return folder


def every_epoch(script: Path) -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-c", ALL_EPOCHS, str(script)], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


FEW = ("conv", "iris", "spiral", "values")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in FEW else pytest.mark.long) for name in TRAININGS]
)
def test_a_script_trains_as_deeplab_does(name: str, place: Path, cli: Cli) -> None:
    result = train(compose([*COMMON, *TRAININGS[name], f"name={name}"]))
    status, out, err = cli("export", name, "--to", "python")
    assert (status, err) == (0, "")
    assert out.startswith(f"{name}.py: ")
    found = re.search(r"held against the run: losses and scores (are equal|differ by (\S+) at most)", out)
    assert found is not None, out
    assert float(found[2] or 0) <= 1e-6
    assert not [*place.glob(".*partial*")]
    text = Path(f"{name}.py").read_text()
    assert not re.search(r"^(import|from) deeplab", text, re.MULTILINE)
    if name not in ("conv", "augmented", "iris"):
        return
    theirs = every_epoch(Path(f"{name}.py"))
    for epoch, ours in enumerate(result.history.epochs):
        for key, values in theirs.items():
            logged = f"val/{key.removeprefix('val_')}" if key.startswith("val_") else f"train/{key}"
            assert values[epoch] == pytest.approx(ours.metrics[logged], rel=1e-6, abs=1e-7), (epoch, key)


@pytest.mark.long
def test_other_steps_and_other_masks_are_held_against_an_epoch_of_keras_and_said(
    place: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trained in blocks rounds otherwise; what drew by deeplab's generator has other masks."""
    small = (*COMMON[:3], "training.engine=compiled", *SMALL)
    train(compose([*small, "model=mlp_64_64", "name=blocks"]))
    status, out, err = cli("export", "blocks", "--to", "python")
    assert (status, err) == (0, "")
    assert "held against an epoch of training.engine=keras: losses and scores are equal" in out
    found = re.search(r"the run's own first epoch, which rounds otherwise, differs by (\S+)", out)
    assert found is None or float(found[1]) < 1e-3
    assert "The run itself was trained by training.engine=compiled with XLA" in Path("blocks.py").read_text()

    train(compose([*small, "model=mlp", "model.dropout=0.3", "name=masks"]))
    status, out, err = cli("export", "masks", "--to", "notebook")
    assert (status, err) == (0, "")
    assert "held against an epoch of training.engine=keras: losses and scores are equal" in out
    assert "the run drew dropout or noise by training.randomness=splitmix" in out
    notebook = json.loads(Path("masks.ipynb").read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert "its masks are others" in " ".join("".join(cell["source"]) for cell in notebook["cells"]).replace("\n", " ")

    # What trains otherwise is not kept, and what was there stays.
    monkeypatch.setattr(training, "BATCHES", training.BATCHES.replace("[SEED, epoch]", "[SEED + 1, epoch]"))
    Path("blocks.py").write_text("before")
    status, out, err = cli("export", "blocks", "--to", "python", "--force")
    assert (status, out) == (1, "")
    assert re.fullmatch(r"deeplab: The script gives other losses than .*; it was not kept.\n", err), err
    monkeypatch.setattr(training, "BATCHES", "nonsense(\n")
    status, out, err = cli("export", "blocks", "--to", "python", "--force")
    assert (status, out) == (1, "")
    assert re.fullmatch(r"deeplab: The script was run for an epoch and failed: .*Error.*; it was not kept.\n", err), err
    assert Path("blocks.py").read_text() == "before"


def test_what_a_script_cannot_do_is_one_line(use: Cli, trained: Any, tmp_path: Path) -> None:
    (tmp_path / "there.py").write_text("mine")
    for words, line in (
        (("photos", "--to", "python"), "dataset=image_folder: there is no script without deeplab yet: its files"),
        (("denoiser", "--to", "notebook"), "there is no script without deeplab yet: noise=salt_and_pepper: its noise"),
        (("nothing", "--to", "python"), "There is no run 'nothing'"),
        (("digits", "--to", "python", "--out", "x.txt"), "--out x.txt: its name must end in .py."),
        (("digits", "--to", "notebook", "--out", "x.py"), "--out x.py: its name must end in .ipynb."),
        (("digits", "--to", "python", "--out", "there.py"), "--out there.py: this is there already."),
        (("digits", "--to", "python", "--out", "no/x.py"), "there is no folder"),
    ):
        status, out, err = use("export", *words)
        assert (status, out) == (2, ""), err
        assert line in err
        assert err.count("\n") == 1
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there.py", "mine")]


def test_losses_that_are_no_numbers_are_not_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "first_epoch", lambda _: {})
    monkeypatch.setattr(verify, "_keras_epoch", lambda *_: {"accuracy": 0.5, "loss": 1.0})
    with pytest.raises(RunError, match="other losses"):
        verify.compare(None, None, {"accuracy": 0.5, "loss": float("nan")}, True, "keras")  # type: ignore[arg-type]


def test_code_is_laid_out_in_lines_that_fit_and_words_of_a_store_stay_words() -> None:
    call = Call("f", ([Raw("x"), Call("g", (1, "a"), {"c": (1,)})],), {"d": None})
    assert code(call) == 'f([x, g(1, "a", c=(1,))], d=None)'
    long = Call("f", ([Call("g", (number,), {"word": "w" * 30}) for number in range(3)],))
    lines = code(long).splitlines()
    assert lines[0] == "f(["
    assert lines[1] == f'    g(0, word="{"w" * 30}"),'
    assert lines[-1] == "])"
    for text in ('"""\n\x1b', "a\\b", "\U0001f600\n", "caf\xe9"):
        assert ast.literal_eval(code(text)) == text
    assert plain('"""\nimport os\\') == "____import os_"


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("training.ema=0.9", "training.ema"),
        ("schedule=plateau", "schedule=plateau"),
        ("optimizer=muon", "optimizer=muon"),
    ],
)
def test_a_training_that_keras_alone_does_otherwise_has_no_script_yet(override: str, reason: str) -> None:
    from deeplab.workflows.export.script.export_script import _check_possible

    with pytest.raises(UserError, match=f"there is no script without deeplab yet: {reason}"):
        _check_possible(compose([override]), "python")
