"""A small sweep that is packed, and a forger who knows the format."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deeplab.config.schema import TrackingConfig

Forge = Callable[..., Path]
SMALL = ("model=dense_relu", "dataset.image_size=8", "dataset.limit=200", "optimizer=adam", "tracking.plots=none")


def tracking(folder: Path) -> TrackingConfig:
    return TrackingConfig(f"sqlite:///{folder}/mlflow.db", "deeplab", "all", "all")


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A folder with a store of one training that kept its states, and of one that did not; both packed."""
    from deeplab.config.compose import compose
    from deeplab.runs.pack import pack
    from deeplab.tracking.store import open_store
    from deeplab.workflows.train import train

    folder = tmp_path_factory.mktemp("origin")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    uri = f"tracking.uri=sqlite:///{folder}/mlflow.db"
    kept = train(compose([*SMALL, uri, "training.epochs=3", "tracking.keep_checkpoints=1", "name=kept"]))
    train(compose([*SMALL, uri, "training.epochs=1", "name=bare", "tracking.save_model=none", f"notes={kept.run_id}"]))
    store = open_store(tracking(folder))
    pack(store, [store.get_run(kept.run_id)], folder / "kept.zip")
    return folder


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write_pack(path: Path, files: Mapping[str, bytes], recomputed: bool = True) -> Path:
    """Write a pack; `recomputed` makes its manifest true again."""
    files = dict(files)
    if recomputed:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
            if name != "manifest.json"
        }
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


@pytest.fixture
def forge(origin: Path, tmp_path: Path) -> Forge:
    """Change files of the pack: a function for each ending of a path, of the old content."""

    def forged(recomputed: bool = True, **changes: Callable[[bytes], bytes]) -> Path:
        files = contents(origin / "kept.zip")
        for ending, change in changes.items():
            names = [name for name in files if name.replace(".", "_").replace("-", "_").endswith(ending)]
            assert names, ending
            files |= {name: change(files[name]) for name in names}
        assert files != contents(origin / "kept.zip")
        return write_pack(tmp_path / "forged.zip", files, recomputed)

    return forged
