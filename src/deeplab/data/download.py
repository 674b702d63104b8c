"""Named data sets from the internet into Keras' cache, as `.npz`; nothing that comes is unpickled."""

import gzip
import tarfile
import tempfile
import zlib
from http.client import HTTPException
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deeplab.errors import one_line
from deeplab.imports import load_keras

GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
# The binary version: one byte for the label, then 32x32 bytes of red, of green and of blue.
CIFAR10 = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR10_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
# The same with two bytes of labels: the superclass, then the class. What Keras fetches is pickled.
CIFAR100 = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
CIFAR100_MD5 = "03b5dce01913d631647c71ecec9e9cb8"


class DownloadError(Exception):
    """The download failed; the text is a short reason."""


def download(name: str, folder: Path) -> Path:
    """Fetch a named data set into `folder/<name>.npz`, which appears when it is complete.

    Args:
        name: mnist, fashion_mnist, cifar10 or cifar100.
        folder: Keras' cache of data sets; made when needed.

    Raises:
        DownloadError: no connection, a wrong checksum, a full disk, no permission.
    """
    fetch = {"mnist": _mnist, "fashion_mnist": _fashion_mnist, "cifar10": _cifar10, "cifar100": _cifar100}[name]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Each download has a folder of its own, so that two at a time do not write into one file.
        with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=folder) as aside:
            return fetch(Path(aside)).replace(folder / f"{name}.npz")
    except (OSError, EOFError, ValueError, KeyError, zlib.error, tarfile.TarError, HTTPException) as error:
        raise DownloadError(one_line(error)) from error


def fetch_file(origin: str, folder: Path, file_hash: str | None) -> Path:
    """Download one file into the folder, through Keras.

    Raises:
        OSError: no connection.
        ValueError: the file is not the one of that hash.
    """
    load_keras()
    from keras.utils import get_file

    name = origin.rpartition("/")[2]
    try:
        # an absolute cache_subdir is where the file goes; cache_dir must be writable, or /tmp is taken
        return Path(get_file(name, origin, file_hash=file_hash, cache_subdir=str(folder), cache_dir=str(folder)))
    except Exception as error:
        if type(error) is not Exception:
            raise
        # get_file raises a plain Exception for a server that cannot be reached, the reason after the dashes
        raise OSError(str(error).rpartition(" -- ")[2]) from error


def _mnist(folder: Path) -> Path:
    return fetch_file(f"{GOOGLE}mnist.npz", folder, MNIST_SHA256)


def _fashion_mnist(folder: Path) -> Path:
    """Four IDX files; gzip's own checksum guards them, as Keras knows no hashes for these."""
    labels, images = "labels-idx1-ubyte.gz", "images-idx3-ubyte.gz"
    arrays = {
        "x_train": _idx(fetch_file(f"{GOOGLE}train-{images}", folder, None), 16).reshape(-1, 28, 28),
        "y_train": _idx(fetch_file(f"{GOOGLE}train-{labels}", folder, None), 8),
        "x_test": _idx(fetch_file(f"{GOOGLE}t10k-{images}", folder, None), 16).reshape(-1, 28, 28),
        "y_test": _idx(fetch_file(f"{GOOGLE}t10k-{labels}", folder, None), 8),
    }
    return _save(folder / "fashion_mnist.npz", arrays)


def _idx(path: Path, header_bytes: int) -> NDArray[np.uint8]:
    with gzip.open(path) as stream:
        return np.frombuffer(stream.read(), np.uint8, offset=header_bytes)


def _cifar10(folder: Path) -> Path:
    with tarfile.open(fetch_file(CIFAR10, folder, CIFAR10_MD5), "r:gz") as archive:
        names = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]
        batches = [_cifar_batch(archive, name, 1) for name in names]
        x_test, y_test = _cifar_batch(archive, "cifar-10-batches-bin/test_batch.bin", 1)
    x_train = np.concatenate([images for images, _ in batches])
    y_train = np.concatenate([labels for _, labels in batches])
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    return _save(folder / "cifar10.npz", arrays)


def _cifar100(folder: Path) -> Path:
    with tarfile.open(fetch_file(CIFAR100, folder, CIFAR100_MD5), "r:gz") as archive:
        x_train, y_train = _cifar_batch(archive, "cifar-100-binary/train.bin", 2)
        x_test, y_test = _cifar_batch(archive, "cifar-100-binary/test.bin", 2)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    return _save(folder / "cifar100.npz", arrays)


def _cifar_batch(archive: tarfile.TarFile, name: str, labels: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images and the last of their labels; `labels` is how many bytes of them a record begins with."""
    stream = archive.extractfile(name)
    if stream is None:
        raise ValueError(f"{name} in the archive is not a file")
    records = np.frombuffer(stream.read(), np.uint8).reshape(-1, labels + 3 * 32 * 32)
    return records[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, labels - 1]


def _save(path: Path, arrays: dict[str, NDArray[np.uint8]]) -> Path:
    np.savez(path, allow_pickle=False, **arrays)
    return path
