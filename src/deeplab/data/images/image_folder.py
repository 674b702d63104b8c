"""A user's own images, in class folders or with a `labels.csv`, decoded once into a memory-mapped array."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import ImageFolderConfig
from deeplab.data.fingerprint import fingerprint
from deeplab.data.images.cache import CachedSet, read, write
from deeplab.data.images.decode import decode, is_grey, quiet_pillow
from deeplab.data.images.file_contents import FileState, content_hash
from deeplab.data.images.labelled import list_labelled, uses_labels_file
from deeplab.data.images.listing import ImageFile, Listing, list_images
from deeplab.data.splits import Split, Splits
from deeplab.data.stratify import split_off
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.files import existing_folder, some
from deeplab.machine import cores

ORDER_SEED = 70_451  # examples lie shuffled, so that a tail or a limit has every class
LAYOUT = 2  # to be raised when the same files would be decoded to other examples
BLOCK_BYTES = 1 << 25  # decoded images held at a time


def load(config: ImageFolderConfig, cache_dir: Path) -> Splits:
    """Read the images as uint8 [n, image_size, image_size, 1 or 3].

    The first load decodes into `cache_dir`; later ones map what lies there, as long as names and contents of
    the files and the settings stay the same. `color: auto` is grey when every file is.

    Raises:
        UserError: the folder or an image cannot be read, or the disk is full.
    """
    root = existing_folder(config.path, "dataset.path")
    listing = _list(root, config)
    folder = cache_dir / "images" / _key(config, listing, content_hash(root, _states(listing), cache_dir / "images"))
    cached = read(folder)
    if cached is None:
        _decode_into(folder, root, config, listing)
        cached = read(folder)
        if cached is None:
            raise UserError(f"The decoded images in {folder} changed while they were written.")
    rows, known = cached
    labels = _as_array(known.labels, known.class_names)
    train, test = slice(known.num_train), slice(known.num_train, None)
    return Splits(
        Split.whole(rows[train], labels[train]),
        Split.whole(rows[test], labels[test]),
        DatasetInfo(
            name=config.kind,
            input_shape=known.shape[1:],
            num_classes=len(known.class_names),
            class_names=known.class_names,
            fingerprint=known.fingerprint,
            scale=1 / 255,
            background="" if config.background == "white" else config.background,
        ),
        notes=(
            *((f"left out of {root}, being no images: {some(listing.left_out)}",) if listing.left_out else ()),
            *listing.notes,
        ),
    )


def _list(root: Path, config: ImageFolderConfig) -> Listing:
    if uses_labels_file(root, config.labels):
        return list_labelled(root, config.labels)
    return list_images(root)


def _as_array(labels: Sequence[float], class_names: Sequence[str]) -> NDArray[Any]:
    return np.array(labels, np.int32 if class_names else np.float32)


def _states(listing: Listing) -> list[tuple[str, FileState]]:
    return [*((file.name, file.state) for file in (*listing.train, *listing.test)), *listing.sources]


def _key(config: ImageFolderConfig, listing: Listing, content: str) -> str:
    fraction = "" if listing.test else repr(config.test_fraction)
    settings = f"{LAYOUT} {config.image_size} {config.color} {fraction} {content}"
    # What was not to be chosen when the first folders were decoded is left out where it is as it was then.
    if config.background != "white":
        settings += f" {config.background}"
    if listing.sources:
        settings += " classes" if listing.class_names else " values"
    return hashlib.sha256(settings.encode()).hexdigest()[:32]


def _decode_into(folder: Path, root: Path, config: ImageFolderConfig, listing: Listing) -> None:
    train, test = _shuffled(listing, config.test_fraction, root)
    files = train + test
    labels = _as_array([file.label for file in files], listing.class_names)

    def describe(rows: NDArray[np.uint8]) -> CachedSet:
        if _list(root, config) != listing:
            raise UserError(f"Images in {root} changed while they were read. Begin once more.")
        end = len(train)
        return CachedSet(
            shape=rows.shape,
            num_train=end,
            labels=tuple(labels.tolist()),
            class_names=listing.class_names,
            fingerprint=fingerprint(rows[:end], labels[:end], rows[end:], labels[end:]),
        )

    with quiet_pillow():
        channels = 1 if config.color == "grey" else 3
        if config.color == "auto" and all(is_grey(root / file.name) for file in files):
            channels = 1
        shape = (len(files), config.image_size, config.image_size, channels)
        write(folder, shape, _decoded(root, files, config, channels), describe)


def _shuffled(listing: Listing, test_fraction: float, root: Path) -> tuple[list[ImageFile], list[ImageFile]]:
    rng = np.random.default_rng(ORDER_SEED)
    if listing.test:
        return (
            [listing.train[row] for row in rng.permutation(len(listing.train))],
            [listing.test[row] for row in rng.permutation(len(listing.test))],
        )
    labels = _as_array([file.label for file in listing.train], listing.class_names)
    counts = np.bincount(labels) if listing.class_names else np.array([len(labels)])
    if counts.min() < 2:
        name = listing.class_names[int(counts.argmin())]
        which = f"{root}: class '{name}'" if listing.sources else root / name
        raise UserError(f"{which} has one image; a class needs two, one to train on and one to test.")
    train, test = split_off(labels, test_fraction, rng)
    return [listing.train[row] for row in train], [listing.train[row] for row in test]


def _decoded(
    root: Path, files: Sequence[ImageFile], config: ImageFolderConfig, channels: int
) -> Iterator[NDArray[np.uint8]]:
    """The images in order, decoded a block at a time by a few threads (Pillow lets go of the lock)."""
    size, background = config.image_size, config.background
    step = max(1, BLOCK_BYTES // (size * size * channels))
    with ThreadPoolExecutor(min(4, cores())) as pool:
        for start in range(0, len(files), step):
            block = files[start : start + step]
            yield from pool.map(lambda file: decode(root / file.name, size, channels, background), block)
