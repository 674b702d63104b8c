"""Which images a folder with a `labels.csv` holds; and whether it counts, or the folders do."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from deeplab.config.schema import FolderLabelKind
from deeplab.data.images.decode import SUFFIXES
from deeplab.data.images.file_contents import FileState
from deeplab.data.images.labels_file import LABELS_FILE, Line, is_labels_file, read_lines, told_labels
from deeplab.data.images.listing import ImageFile, Listing, is_passed_over
from deeplab.errors import UserError
from deeplab.files import some


def uses_labels_file(root: Path, labels: FolderLabelKind) -> bool:
    """Whether a `labels.csv` says what the images are, and not their folders.

    Args:
        root: the folder; with train/ and test/ each of these has a `labels.csv` of its own.
        labels: `auto` where the folder shows it: there is one, and no two folders beside it that may be classes.

    Raises:
        UserError: both may be meant, or there is none where there must be one.
    """
    if labels == "folders":
        return False
    parts = _parts(root)
    files = [root / part / LABELS_FILE for part in dict.fromkeys(("", *parts))]
    files = [file for file in files if os.path.lexists(file)]
    if labels == "auto":
        beside = {file: _folders(file.parent) for file in files}
        files = [file for file in files if len(beside[file]) < 2 or is_labels_file(file)]
        for file in files:
            if len(folders := beside[file]) > 1 and folders != ["test", "train"]:
                raise UserError(
                    f"{file} says labels, and the folders beside it ({some(folders)}) may be classes: dataset.labels="
                    "folders takes the folders, dataset.labels=classes or dataset.labels=values the file."
                )
    if labels == "values" and not files:
        raise UserError(f"{root / LABELS_FILE} is not there, which dataset.labels=values needs.")
    if files and files != [root / part / LABELS_FILE for part in parts]:
        raise UserError(f"{root} has train and test: each needs a {LABELS_FILE} of its own, for the images in it.")
    return bool(files)


def list_labelled(root: Path, labels: FolderLabelKind) -> Listing:
    """List the images that `labels.csv` names, or those of train/labels.csv and test/labels.csv.

    Its first line names the columns `file` and `label`; files are named inside the folder that it lies in. Labels are
    classes, sorted by name, or numbers; links are followed.

    Args:
        root: the folder.
        labels: `classes`, `values`, or `auto`, which takes decimal numbers for values and anything else for classes.

    Raises:
        UserError: a file cannot be read, or a line cannot be meant.
    """
    parts = _parts(root)
    notes: list[str] = []
    lines = {part: read_lines(root / part / LABELS_FILE, notes) for part in parts}
    found, class_names = told_labels(lines, labels, root)
    images = {part: _images(root, part, lines[part], found[part], notes) for part in parts}
    sources = [f"{part}/{LABELS_FILE}".lstrip("/") for part in parts]
    return Listing(
        class_names,
        images[parts[0]],
        images["test"] if "test" in parts else (),
        (),
        tuple((name, FileState.of((root / name).stat())) for name in sources),
        tuple(notes),
    )


def _parts(root: Path) -> tuple[str, ...]:
    return ("train", "test") if all((root / part).is_dir() for part in ("train", "test")) else ("",)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as scan:  # which asks nothing of each of a million images
            return sorted(entry.name for entry in scan if entry.is_dir() and not is_passed_over(entry.name))
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}.") from error


def _images(
    root: Path, part: str, lines: Sequence[Line], labels: Sequence[float], notes: list[str]
) -> tuple[ImageFile, ...]:
    folder = root / part
    images, missing = [], []
    for line, label in zip(lines, labels, strict=True):
        try:
            status = (folder / line.file).stat()
        except OSError:
            missing.append(line.file)
            continue
        if not stat.S_ISREG(status.st_mode):
            missing.append(line.file)
        images.append(ImageFile(f"{part}/{line.file}".lstrip("/"), label, FileState.of(status)))
    if missing:
        are = "a file that is" if len(missing) == 1 else f"{len(missing):,} files that are"
        raise UserError(f"{folder / LABELS_FILE} names {are} not there: {some(missing)}.")
    unnamed = sorted(_all_images(folder) - {line.file for line in lines})
    if unnamed:
        images_are = "an image" if len(unnamed) == 1 else f"{len(unnamed):,} images"
        notes.append(f"left out of {folder}: {images_are} that {LABELS_FILE} does not name: {some(unnamed)}")
    return tuple(images)


def _all_images(folder: Path) -> set[str]:
    """Every image in a folder and the folders in it, as `labels.csv` would name it."""
    images = set()
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not is_passed_over(name)]
        inside = Path(place).relative_to(folder)
        names = [name for name in files if name.lower().endswith(SUFFIXES) and not is_passed_over(name)]
        images |= {str(PurePosixPath(inside / name)) for name in names}
    return images
