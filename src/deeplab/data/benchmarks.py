"""MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100: found in a folder as `<name>.npz`, or downloaded once."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from deeplab.config.schema import Cifar100Config, NamedDatasetConfig
from deeplab.data.cifar100 import COARSE, FINE, superclasses
from deeplab.data.download import DownloadError, download
from deeplab.data.fingerprint import fingerprint
from deeplab.data.npz import read_archive
from deeplab.data.splits import Splits
from deeplab.data.validate_arrays import checked_splits
from deeplab.errors import UserError
from deeplab.files import existing_file, existing_folder


@dataclass(frozen=True)
class BenchmarkSpec:
    """What is known of a named data set before it is read."""

    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]


KNOWN = {
    "mnist": BenchmarkSpec((28, 28, 1), tuple("0123456789")),
    "fashion_mnist": BenchmarkSpec(
        (28, 28, 1),
        (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
    ),
    "cifar10": BenchmarkSpec(
        (32, 32, 3),
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
    "cifar100": BenchmarkSpec((32, 32, 3), FINE),
}


def load(config: NamedDatasetConfig | Cifar100Config, cache_dir: Path) -> Splits:  # noqa: ARG001  (Keras' cache is used)
    """Read `<name>.npz` from dataset.data_dir, DEEPLAB_DATA or Keras' cache, or download it there.

    The labels of `cifar100.npz` are the 100 classes; the superclasses follow from them.

    Raises:
        UserError: it is nowhere and cannot be downloaded, or is not what its name says.
    """
    path = find_archive(config)
    where = f"{config.kind} in {path}"
    known = KNOWN[config.kind]
    existing_file(str(path), config.kind)
    splits = checked_splits(config.kind, read_archive(path, where).arrays, known.class_names, where)
    if splits.info.input_shape != known.input_shape or splits.train.x.dtype != "uint8":
        raise UserError(
            f"{where}: {splits.train.x.dtype} images of shape {splits.info.input_shape}; "
            f"{config.kind} has uint8 images of shape {known.input_shape}."
        )
    return _coarse(splits) if isinstance(config, Cifar100Config) and config.labels == "coarse" else splits


def _coarse(splits: Splits) -> Splits:
    """CIFAR-100 with its 20 superclasses."""
    train, test = (replace(part, y=superclasses(part.y)) for part in (splits.train, splits.test))
    validation = splits.validation and replace(splits.validation, y=superclasses(splits.validation.y))
    info = replace(
        splits.info,
        num_classes=len(COARSE),
        class_names=COARSE,
        fingerprint=fingerprint(train.x, train.y, test.x, test.y),
    )
    return replace(splits, train=train, test=test, validation=validation, info=info)


def data_folders(data_dir: str | None) -> list[Path]:
    """The folders that named data sets are looked for in, in order; Keras' cache is the last.

    Args:
        data_dir: the setting, or None.

    Raises:
        UserError: a folder that was named is not there or cannot be read.
    """
    folders = []
    if data_dir:
        folders.append(existing_folder(data_dir, "dataset.data_dir"))
    if os.environ.get("DEEPLAB_DATA"):
        folders.append(existing_folder(os.environ["DEEPLAB_DATA"], "DEEPLAB_DATA"))
    return [*folders, Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"]


def find_archive(config: NamedDatasetConfig | Cifar100Config) -> Path:
    """Find `<name>.npz` in dataset.data_dir, DEEPLAB_DATA or Keras' cache, or download it there.

    Raises:
        UserError: it is nowhere and cannot be downloaded.
    """
    folders = data_folders(config.data_dir)
    for folder in folders:
        path = folder / f"{config.kind}.npz"
        if os.path.lexists(path):  # a broken link is an error of its own, not a reason to download
            return path
    try:
        return download(config.kind, folders[-1])
    except DownloadError as error:
        raise UserError(
            f"{config.kind}.npz is not in {', '.join(map(str, folders))}, and the download failed ({error}). "
            f"Put {config.kind}.npz into a folder and give dataset.data_dir=FOLDER, or set "
            "DEEPLAB_DATA=FOLDER, or use the built-in dataset=digits."
        ) from error
