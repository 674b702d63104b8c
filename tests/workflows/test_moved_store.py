"""Commands on a trained store that was moved, copied, or cannot be written."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.conftest import DEEPLAB, Outcome, begin_anew

Cli = Callable[..., Outcome]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (folder / "mlruns").rglob("*") if path.is_file()}


@pytest.fixture
def copy(trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the trained store in the working directory, and a picture beside it."""
    begin_anew()
    here = tmp_path / "my copy"
    shutil.copytree(trained.folder, here, ignore=shutil.ignore_patterns(".deeplab"))
    Image.new("L", (12, 12), 60).save(tmp_path / "digit.png")
    monkeypatch.chdir(here)
    return here


def test_everything_works_on_a_copy_and_leaves_the_original(
    copy: Path, trained: Any, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(trained.folder)
    with closing(sqlite3.connect(trained.folder / "mlflow.db")) as database:  # other tests may have added runs
        ((count,),) = database.execute("SELECT COUNT(*) FROM runs").fetchall()
    first = cli("predict", "digits", "../digit.png")
    assert first.status == 0, first.err
    assert first.err == (
        f"deeplab: The store of {trained.folder} was moved or copied to {copy}; "
        f"where the files of {count} runs lie was rewritten in it.\n"
    )
    resumed = cli("train", "--resume", "digits", "training.epochs=5")
    assert (resumed.status, resumed.err) == (0, "")
    assert "epoch 5/5" in resumed.out
    exported = cli("export", "digits", "--to", "keras")
    assert (exported.status, exported.err) == (0, "")
    assert cli("rm", "digits", "denoiser", "--yes").status == 0
    assert contents(trained.folder) == before
    left = [Path(path).relative_to(copy).parts[1] for path in contents(copy)]
    assert trained.ids["photos"] in left
    assert trained.ids["digits"] not in left


def test_a_copy_that_cannot_be_written_is_read(copy: Path, trained: Any, tmp_path: Path) -> None:
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    # The superuser may write everything, until it gives that up.
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    words = ["predict", "digits", "digit.png", f"tracking.uri=sqlite:///{copy}/mlflow.db"]
    done = subprocess.run([*drop, str(DEEPLAB), *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "picture predictions.png" in done.stdout
    assert f"was moved or copied to {copy}; its files are looked for there, and that is not recorded" in done.stderr
    assert done.stderr.count("\n") == 1


def test_pictures_with_names_that_are_not_utf_8_are_answered(trained: Any, use: Cli, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in (b"a.png", b"caf\xe9.png", b"z.png"):
        with (pictures / os.fsdecode(name)).open("wb") as file:
            Image.new("L", (12, 12), 60).save(file, "PNG")
    outcome = use("predict", "digits", "pictures")
    assert outcome.status == 0, outcome.err
    assert "pictures/a.png" in outcome.out
    assert r"pictures/caf\udce9.png" in outcome.out
    assert "pictures/z.png" in outcome.out
    assert (tmp_path / "predictions.png").stat().st_size > 1000
