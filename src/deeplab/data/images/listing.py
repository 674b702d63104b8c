"""Which images a folder of class folders holds, without opening any of them."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from deeplab.data.images.decode import SUFFIXES
from deeplab.data.images.file_contents import FileState
from deeplab.errors import UserError
from deeplab.files import some

PASSED_OVER = ("thumbs.db", "desktop.ini", "__macosx")  # what systems leave behind, besides dotfiles


@dataclass(frozen=True)
class ImageFile:
    """One image."""

    name: str  # its path inside the folder, with `/`
    label: float  # index of its class, or its value
    state: FileState  # in which it was found


@dataclass(frozen=True)
class Listing:
    """The images of a folder, by class and name, or as `labels.csv` names them."""

    # names of the classes, sorted, a byte of a folder's that is not UTF-8 being written as `\xe9`; empty where images
    # have values
    class_names: tuple[str, ...]
    train: tuple[ImageFile, ...]  # the training images; all images where the folder has no train/ and test/
    test: tuple[ImageFile, ...]  # the test images; none where the folder has no train/ and test/
    left_out: tuple[str, ...]  # names of the files beside the class folders, which are no images
    sources: tuple[tuple[str, FileState], ...] = ()  # each `labels.csv` with the state in which it was found
    notes: tuple[str, ...] = ()  # what a person should know of it, each a line


def is_passed_over(name: str) -> bool:
    """Whether a file is none of the user's: hidden, or left behind by a system."""
    return name.startswith(".") or name.lower() in PASSED_OVER


def list_images(root: Path) -> Listing:
    """List `root/<class>/*`, or `root/train/<class>/*` and `root/test/<class>/*` where both are there.

    Files beside the class folders are left out unless they are images; in a class folder every file must be one.
    Symbolic links are followed, and nothing is searched deeper, so a loop of links ends.

    Raises:
        UserError: fewer than two classes, an empty one, classes of train and test that differ, other
            files, folders too deep, no permission.
    """
    folders, left_out = _folders(root)
    if not {"train", "test"} <= set(folders):
        class_names = _classes(root, folders)
        return Listing(_shown(root, class_names), _images(root, "", class_names), (), tuple(left_out))
    others = sorted(set(folders) - {"train", "test"})
    if others:
        raise UserError(
            f"{root} holds the folder '{others[0]}' beside train and test, which would not be read: move it."
        )
    parts = {part: _folders(root / part) for part in ("train", "test")}
    train, test = (_classes(root / part, folders) for part, (folders, _) in parts.items())
    left_out += [f"{part}/{name}" for part, (_, others) in parts.items() for name in others]
    differing = sorted(set(train) ^ set(test))
    if differing:
        here, there = ("train", "test") if differing[0] in train else ("test", "train")
        raise UserError(f"{root}: class '{differing[0]}' is in {here} and not in {there}.")
    trained, tested = _images(root, "train/", train), _images(root, "test/", train)
    return Listing(_shown(root, train), trained, tested, tuple(left_out))


def _folders(folder: Path) -> tuple[list[str], list[str]]:
    """The folders in a folder, and the other files, none of them an image."""
    folders, others = [], []
    for entry, status in _entries(folder):
        if stat.S_ISDIR(status.st_mode):
            folders.append(entry)
        elif entry.lower().endswith(SUFFIXES):
            raise UserError(f"{folder / entry} lies beside the class folders; images go into one of those.")
        else:
            others.append(entry)
    return folders, others


def _classes(folder: Path, class_names: list[str]) -> tuple[str, ...]:
    if len(class_names) < 2:
        there = f"only '{class_names[0]}'" if class_names else "none"
        raise UserError(f"{folder} needs a folder for each class, two at least, and has {there}.")
    return tuple(class_names)


def _shown(root: Path, folders: tuple[str, ...]) -> tuple[str, ...]:
    """The names of classes as they can be written anywhere."""
    names = tuple(os.fsencode(folder).decode("utf-8", "backslashreplace") for folder in folders)
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"{root} has two class folders that are both shown as '{twice}': rename one.")
    return names


def _images(root: Path, part: str, class_names: tuple[str, ...]) -> tuple[ImageFile, ...]:
    images = []
    for label, class_name in enumerate(class_names):
        folder = root / part / class_name
        entries = _entries(folder)
        if not entries:
            raise UserError(f"{folder} is a class without images.")
        others = []
        for entry, status in entries:
            if stat.S_ISDIR(status.st_mode):
                raise UserError(
                    f"{folder / entry} is a folder inside a class folder, which may hold images only "
                    "(a set that is split already needs both train/ and test/)."
                )
            if not entry.lower().endswith(SUFFIXES) or not stat.S_ISREG(status.st_mode):
                others.append(entry)
                continue
            images.append(ImageFile(f"{part}{class_name}/{entry}", label, FileState.of(status)))
        if others:
            are = "is not an image file" if len(others) == 1 else "are no image files"
            raise UserError(f"{folder / some(others)} {are}; allowed are {', '.join(SUFFIXES)}.")
    return tuple(images)


def _entries(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Names in a folder, sorted, each with the status of what it is or links to."""
    try:
        with os.scandir(folder) as scan:
            names = sorted(entry.name for entry in scan if not is_passed_over(entry.name))
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}.") from error
    entries = []
    for name in names:
        try:
            entries.append((name, (folder / name).stat()))
        except OSError as error:  # a broken link, a loop of links
            raise UserError(f"{folder / name} cannot be read: {error.strerror}.") from error
    return entries
