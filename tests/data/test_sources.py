"""The built-in and the named data sets, the limit and the packages' own."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import DigitsConfig, NamedDatasetConfig, PluginDatasetConfig
from deeplab.data import benchmarks as named
from deeplab.data import download, load
from deeplab.data.splits import Split, Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError

REAL = os.environ.get("DEEPLAB_DATA")
NOBODY = 65534


def archive(folder: Path, name: str = "mnist", shape: tuple[int, ...] = (28, 28), classes: int = 10) -> Path:
    """A small archive laid out as the named data set is."""
    rng = np.random.default_rng(0)
    path = folder / f"{name}.npz"
    folder.mkdir(parents=True, exist_ok=True)
    labels = (np.arange(40) % classes).astype(np.uint8)
    images = rng.integers(0, 256, (40, *shape), dtype=np.uint8)
    np.savez(path, x_train=images, y_train=labels, x_test=images[:20], y_test=labels[:20])
    return path


def mnist(data_dir: Path | None = None, limit: int | None = None, stratify: bool = False) -> Splits:
    folder = str(data_dir) if data_dir else None
    return load.load(NamedDatasetConfig("mnist", folder, limit, stratify, standardize=False), Path())


def digits(size: int) -> Splits:
    return load.load(DigitsConfig("digits", size, None, stratify=False, standardize=False), Path())


@pytest.fixture(autouse=True)
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("DEEPLAB_DATA", raising=False)


def test_digits_are_split_and_sized_as_promised() -> None:
    splits = digits(28)
    assert splits.info.input_shape == (28, 28, 1)
    assert (len(splits.train), len(splits.test), splits.info.num_classes) == (1438, 359, 10)
    assert splits.train.x.dtype == np.uint8
    assert splits.info.scale == 1 / 255
    shares = [np.bincount(part.labels) / len(part) for part in (splits.train, splits.test)]
    assert np.abs(shares[0] - shares[1]).max() < 0.005


def test_digits_of_eight_are_the_source_s_own() -> None:
    from sklearn.datasets import load_digits

    splits = digits(8)
    ours = np.concatenate([splits.train.x, splits.test.x])[..., 0]
    theirs = np.rint(load_digits().images * 255 / 16).astype(np.uint8)
    assert sorted(image.tobytes() for image in ours) == sorted(image.tobytes() for image in theirs)


def test_the_same_digits_have_the_same_fingerprint_and_other_sizes_another() -> None:
    first, second, other = (digits(size) for size in (8, 8, 9))
    assert first.info.fingerprint == second.info.fingerprint != other.info.fingerprint


@pytest.mark.parametrize("key", ["x_train", "y_train", "x_test", "y_test"])
def test_the_fingerprint_covers_every_row_and_label(tmp_path: Path, key: str) -> None:
    path = archive(tmp_path)
    before = mnist(tmp_path).info.fingerprint
    with np.load(path) as data:
        arrays = dict(data)
    arrays[key].flat[0] ^= 1
    np.savez(path, **arrays)
    assert mnist(tmp_path).info.fingerprint != before
    assert len(before) == 64


def test_the_limit_takes_the_first_rows_and_leaves_the_fingerprint(tmp_path: Path) -> None:
    folder = archive(tmp_path).parent
    whole, some = mnist(folder), mnist(folder, limit=25)
    assert (len(some.train), len(some.test)) == (25, 20)
    assert np.array_equal(some.train.images(slice(None)), whole.train.x[:25])
    assert some.info == whole.info


def by_class(folder: Path) -> Path:
    """An archive whose rows are sorted by class, four of each to train and two to test."""
    path = archive(folder)
    with np.load(path) as data:
        arrays = dict(data)
    arrays["y_train"] = np.repeat(np.arange(10, dtype=np.uint8), 4)
    arrays["y_test"] = np.repeat(np.arange(10, dtype=np.uint8), 2)
    np.savez(path, **arrays)
    return folder


def test_a_stratified_limit_takes_the_first_rows_of_each_class(tmp_path: Path) -> None:
    folder = by_class(tmp_path)
    some = mnist(folder, limit=20, stratify=True)
    assert some.train.rows.tolist() == [row for row in range(40) if row % 4 < 2]
    assert len(some.test) == 20
    assert mnist(folder, limit=10, stratify=True).test.rows.tolist() == list(range(0, 20, 2))
    assert mnist(folder, limit=20, stratify=False).train.rows.tolist() == list(range(20))
    with pytest.raises(UserError, match="dataset.limit=9 is fewer than the 10 classes.* dataset.stratify=false"):
        mnist(folder, limit=9, stratify=True)
    assert len(mnist(folder, limit=9).train) == 9


def test_a_limit_is_stratified_unless_that_is_refused_and_nothing_else_has_changed() -> None:
    def stratify(*overrides: str) -> bool:
        return compose(list(overrides)).config.dataset.stratify

    assert stratify("dataset.limit=50") is True
    assert stratify("dataset.limit=50", "dataset.stratify=false") is False
    assert stratify() is stratify("dataset=spiral") is False


def test_folders_are_looked_through_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting, variable, cache = tmp_path / "setting", tmp_path / "variable", tmp_path / "keras" / "datasets"
    monkeypatch.setenv("DEEPLAB_DATA", str(archive(variable).parent))
    archive(cache)
    setting.mkdir()
    looked: list[Path] = []
    read = named.read_archive
    monkeypatch.setattr(named, "read_archive", lambda path, where: looked.append(path) or read(path, where))
    mnist(setting)
    archive(setting)
    mnist(setting)
    monkeypatch.delenv("DEEPLAB_DATA")
    mnist()
    assert looked == [variable / "mnist.npz", setting / "mnist.npz", cache / "mnist.npz"]


def test_nowhere_and_no_internet_is_one_line_with_three_ways_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPLAB_DATA", str(tmp_path))
    with pytest.raises(UserError) as caught:
        mnist()
    line = str(caught.value)
    assert line.startswith(f"mnist.npz is not in {tmp_path}, {tmp_path}/keras/datasets, and the download failed (")
    assert all(way in line for way in ("dataset.data_dir=FOLDER", "DEEPLAB_DATA=FOLDER", "dataset=digits"))
    assert "\n" not in line


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dataset.data_dir=.*nothing: there is no such file or folder"):
        mnist(tmp_path / "nothing")


def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    folder = archive(tmp_path / "closed").parent
    folder.chmod(0)
    person = os.geteuid()
    if person == 0:
        os.seteuid(NOBODY)  # the superuser may read every folder
    try:
        with pytest.raises(UserError, match="no permission"):
            mnist(folder)
    finally:
        os.seteuid(person)
        folder.chmod(0o700)


def test_an_archive_that_is_another_set_is_told(tmp_path: Path) -> None:
    archive(tmp_path, shape=(27, 28))
    with pytest.raises(UserError, match=r"uint8 images of shape \(27, 28, 1\); mnist has uint8 images of shape"):
        mnist(tmp_path)


def test_cifar10_is_downloaded_read_without_pickle_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The binary archive as its authors describe it: a label, then planes of red, green and blue."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 20, 32, 32, 3), dtype=np.uint8)
    labels = np.tile(np.arange(10, dtype=np.uint8), 2)
    source = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(source, "w:gz") as tar:
        for number, name in enumerate([*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]):
            planes = images[number].transpose(0, 3, 1, 2).reshape(20, -1)
            data = np.concatenate([labels[:, None], planes], axis=1).tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    monkeypatch.setattr(download, "CIFAR10", source.as_uri())
    monkeypatch.setattr(download, "CIFAR10_MD5", hashlib.md5(source.read_bytes()).hexdigest())
    config = NamedDatasetConfig("cifar10", None, None, stratify=False, standardize=False)
    splits = load.load(config, Path())
    assert splits.info.class_names[:2] == ("airplane", "automobile")
    assert np.array_equal(splits.train.x, images[:5].reshape(100, 32, 32, 3))
    assert np.array_equal(splits.test.x, images[5])
    assert (tmp_path / "keras" / "datasets" / "cifar10.npz").exists()
    source.unlink()
    assert load.load(config, Path()).info == splits.info


def cifar100(labels: str, data_dir: Path | None = None) -> Splits:
    overrides = [
        "dataset=cifar100",
        f"dataset.labels={labels}",
        *([f"dataset.data_dir={data_dir}"] if data_dir else []),
    ]
    return load.load(compose(overrides).config.dataset, Path())


# The superclass of each class, as programs that know nothing of ours list it.
COARSE = (
    "4 1 14 8 0 6 7 7 18 3 3 14 9 18 7 11 3 9 7 11 6 11 5 10 7 6 13 15 3 15 0 11 1 10 12 14 16 9 11 5 5 19 8 8 15 13 "
    "14 17 18 10 16 4 17 4 2 0 17 4 18 17 10 3 2 12 12 16 12 1 9 19 2 10 0 1 16 12 9 13 15 13 16 19 2 4 6 19 5 5 8 19 "
    "18 1 2 15 6 0 17 8 14 13"
)


def test_cifar100_is_downloaded_without_pickle_and_has_classes_and_superclasses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The binary archive as its authors describe it: superclass, class, then planes of red, green and blue."""
    images = np.random.default_rng(0).integers(0, 256, (2, 100, 32, 32, 3), dtype=np.uint8)
    fine = np.stack([np.random.default_rng(seed).permutation(100) for seed in (0, 1)]).astype(np.uint8)
    coarse = np.array(COARSE.split(), np.uint8)[fine]
    source = tmp_path / "cifar-100-binary.tar.gz"
    with tarfile.open(source, "w:gz") as tar:
        for number, name in enumerate(("train.bin", "test.bin")):
            planes = images[number].transpose(0, 3, 1, 2).reshape(100, -1)
            data = np.concatenate([coarse[number, :, None], fine[number, :, None], planes], axis=1).tobytes()
            info = tarfile.TarInfo(f"cifar-100-binary/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    monkeypatch.setattr(download, "CIFAR100", source.as_uri())
    monkeypatch.setattr(download, "CIFAR100_MD5", hashlib.md5(source.read_bytes()).hexdigest())
    whole, grouped = cifar100("fine"), cifar100("coarse")
    assert (whole.info.num_classes, grouped.info.num_classes) == (100, 20)
    assert [whole.info.class_names[label] for label in (0, 41, 99)] == ["apple", "lawn_mower", "worm"]
    assert [grouped.info.class_names[label] for label in (0, 9, 19)] == [
        "aquatic_mammals",
        "large_man-made_outdoor_things",
        "vehicles_2",
    ]
    for splits, labels in ((whole, fine), (grouped, coarse)):
        assert np.array_equal(splits.train.x, images[0])
        assert np.array_equal(splits.test.x, images[1])
        assert np.array_equal(splits.train.labels, labels[0])
        assert np.array_equal(splits.test.labels, labels[1])
    assert whole.info.fingerprint != grouped.info.fingerprint
    source.unlink()
    assert cifar100("coarse", tmp_path / "keras" / "datasets").info == grouped.info


def test_a_cifar100_of_superclasses_alone_is_told(tmp_path: Path) -> None:
    archive(tmp_path, "cifar100", (32, 32, 3), classes=20)
    with pytest.raises(UserError, match=r"cifar100 in .* for 100 classes, but no row of class 20, 21, .* and 70 more"):
        cifar100("coarse", tmp_path)
    with pytest.raises(UserError, match="dataset.labels: must be 'fine' or 'coarse', got \"rough\""):
        cifar100("rough")


def test_a_download_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "cifar-10-binary.tar.gz"
    source.write_bytes(b"something else")
    monkeypatch.setattr(download, "CIFAR10", source.as_uri())
    with pytest.raises(UserError, match="the download failed"):
        load.load(NamedDatasetConfig("cifar10", None, None, stratify=False, standardize=False), Path())
    assert list((tmp_path / "keras" / "datasets").iterdir()) == []


def own_source(config: PluginDatasetConfig, cache_dir: Path) -> Splits:
    x = np.full((4, 2), config.options["value"], np.float32)
    split = Split.whole(x, np.array([0, 1, 0, 1], np.int32))
    return Splits(split, split, DatasetInfo("own", (2,), 2, ("a", "b"), "0" * 64, 1.0))


def test_a_package_adds_a_data_set(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    class Point(EntryPoint):
        def load(self) -> Callable[..., Splits]:
            return own_source

    monkeypatch.setattr("deeplab.code.file.entry_points", lambda group: [Point("own", "x:y", group)])
    splits = load.load(PluginDatasetConfig("own", {"value": 3.0}, 2), Path())
    assert splits.train.images(slice(None)).tolist() == [[3, 3], [3, 3]]
    with pytest.raises(UserError, match="Unknown dataset 'onw' in dataset.kind. Did you mean 'own'?"):
        load.load(PluginDatasetConfig("onw", {}, None), Path())


@pytest.mark.skipif(not REAL or not (Path(REAL) / "mnist.npz").exists(), reason="DEEPLAB_DATA holds no mnist.npz")
def test_real_mnist_is_read_as_it_is() -> None:
    splits = mnist(Path(str(REAL)))
    assert (len(splits.train), len(splits.test)) == (60_000, 10_000)
    assert splits.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert round(float(splits.train.x.mean()), 4) == 33.3184
