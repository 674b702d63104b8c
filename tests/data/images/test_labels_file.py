"""Images whose labels stand in a file."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deeplab.config.compose import compose
from deeplab.config.schema import ImageFolderConfig
from deeplab.data.images import image_folder, labels_file
from deeplab.data.load import load
from deeplab.data.splits import Splits
from deeplab.errors import UserError

DEFAULTS = compose(["dataset=image_folder", "dataset.path=x", "dataset.image_size=8"]).config.dataset
assert isinstance(DEFAULTS, ImageFolderConfig)

NAMES = ["cat", "dog", "cat", "dog", "cat", "dog", "cat", "dog", "cat", "dog"]


def read(root: Path, **changes: Any) -> Splits:
    return load(replace(DEFAULTS, path=str(root), **changes), root.parent / "cache")


def error(root: Path, **changes: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(root, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def picture(path: Path, value: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (10, 6), value).save(path)


def labelled(root: Path, labels: list[Any], head: str = "file,label", inside: str = "") -> Path:
    """Images of brightness 10, 11, 12 ... with these labels."""
    lines = [head]
    for index, label in enumerate(labels):
        picture(root / inside / f"{index}.png", 10 + index)
        lines.append(f"{inside}{index}.png,{label}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return root


def by_brightness(splits: Splits) -> list[float]:
    """The labels of all images, the darkest first."""
    rows = np.concatenate([splits.train.images(slice(None)), splits.test.images(slice(None))])
    labels = np.concatenate([splits.train.labels, splits.test.labels])
    return list(labels[np.argsort(rows[:, 0, 0, 0])].tolist())


@pytest.mark.parametrize("inside", ["", "pictures/"])
def test_the_file_says_the_class_of_each_image(tmp_path: Path, inside: str) -> None:
    root = labelled(tmp_path / "set", NAMES, inside=inside)
    splits = read(root)
    assert splits.info.class_names == ("cat", "dog")
    assert (len(splits.train), len(splits.test), splits.notes) == (8, 2, ())
    assert sorted(splits.test.labels.tolist()) == [0, 1]
    assert by_brightness(splits) == [0, 1] * 5


def test_decimal_numbers_are_values_to_the_bit(tmp_path: Path) -> None:
    numbers = ["0.1", "-2", "3.5e-3", ".5", "1e30", "7.", "+8.25", "0", "1", "2"]
    root = labelled(tmp_path / "set", numbers)
    for _ in range(2):  # decoded, then mapped
        splits = read(root)
        assert (splits.info.num_classes, splits.info.class_names) == (0, ())
        assert splits.train.y.dtype == np.float32
        assert by_brightness(splits) == [float(np.float32(number)) for number in numbers]


def test_whole_numbers_are_classes_by_size_unless_they_are_said_to_be_values(tmp_path: Path) -> None:
    root = labelled(tmp_path / "set", [10, 9, 10, 9, 10, 9, 10, 9, -1, -1])
    classes = read(root)
    assert classes.info.class_names == ("-1", "9", "10")
    assert by_brightness(classes) == [2, 1, 2, 1, 2, 1, 2, 1, 0, 0]
    values = read(root, labels="values")
    assert by_brightness(values) == [10, 9, 10, 9, 10, 9, 10, 9, -1, -1]
    assert values.info.fingerprint != classes.info.fingerprint
    assert read(root).info == read(root, labels="classes").info == classes.info


def test_train_and_test_have_a_file_each(tmp_path: Path) -> None:
    root = tmp_path / "set"
    labelled(root / "train", NAMES[:4])
    labelled(root / "test", ["dog", "cat"])
    splits = read(root)
    assert (len(splits.train), len(splits.test)) == (4, 2)
    assert sorted(splits.test.labels.tolist()) == [0, 1]
    (root / "test" / "labels.csv").write_text("file,label\n0.png,eel\n1.png,cat\n")
    assert f"{root}/test/labels.csv, line 2: no training image has the label 'eel'." in error(root)
    (root / "test" / "labels.csv").unlink()
    assert error(root) == f"{root} has train and test: each needs a labels.csv of its own, for the images in it."
    labelled(root / "test", ["dog", "cat"])
    (root / "labels.csv").write_text("file,label\n")
    assert "each needs a labels.csv of its own" in error(root)


def test_folders_beside_the_file_are_asked_about(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for name in ("a", "b"):
        for index in range(3):
            picture(root / name / f"{index}.png", 10 * index)
    lines = [f"{name}/{index}.png,{'xy'[index % 2]}" for name in "ab" for index in range(3)]
    (root / "labels.csv").write_text("\n".join(["\ufefffile , label", *lines]), "utf-8")
    assert error(root) == (
        f"{root}/labels.csv says labels, and the folders beside it (a, b) may be classes: dataset.labels=folders takes "
        "the folders, dataset.labels=classes or dataset.labels=values the file."
    )
    assert read(root, labels="classes").info.class_names == ("x", "y")
    folders = read(root, labels="folders")
    assert folders.info.class_names == ("a", "b")
    assert folders.notes == (f"left out of {root}, being no images: labels.csv",)
    # A file of another kind says nothing of labels, as before there was one that does.
    (root / "labels.csv").write_text("id,breed\n0,pug\n")
    assert read(root).info == folders.info
    (root / "labels.csv").unlink()
    assert read(root, labels="classes").info == folders.info
    assert error(root, labels="values") == f"{root}/labels.csv is not there, which dataset.labels=values needs."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "the first line must name the columns file and label, file,label; it is not there."),
        ("0.png,cat\n1.png,dog\n", "file,label; it is '0.png,cat'."),
        ("file;label\n0.png;cat\n", "file,label; it is 'file;label'."),
        ("file,label,label\n", "file,label; it is 'file,label,label'."),
        ("file,label\n", "names no image."),
        ("file,label\n0.png,cat,x\n", "line 2: 3 fields for 2 columns."),
        ("file,label\n\n0.png,cat\n1.png\n", "line 4: 1 fields for 2 columns."),
        ("file,label\n0.png, \n", "line 2: no label."),
        ("file,label\n,cat\n", "line 2: no file."),
        ("file,label\n../set/0.png,cat\n", "line 2: '../set/0.png' lies outside of "),
        ("file,label\n/etc/passwd,cat\n", "line 2: '/etc/passwd' lies outside of "),
        ("file,label\na/../../x.png,cat\n", "line 2: 'a/../../x.png' lies outside of "),
        ("file,label\n0.png\0,cat\n", "lies outside of "),
        ("file,label\nnotes.txt,cat\n", "line 2: 'notes.txt' is not an image file; allowed are .png, "),
        ("file,label\n0.png,cat\n1.png,dog\n./0.png,cat\n", "line 4: '0.png' is named twice, in line 2 too."),
        ("file,label\n8.png,cat\n9.png,dog\n", "names a file that is not there: 9.png."),
        (
            "file,label\n" + "".join(f"x{i}.png,{i % 2}\n" for i in range(2000)),
            "2,000 files that are not there: x0.png, ",
        ),
        (f"file,label\n{'x' * 300}.png,a\n0.png,b\n", "names a file that is not there: xxx"),
        ("file,label\nsub.png,a\n0.png,b\n", "names a file that is not there: sub.png."),
        ("file,label\n0.png,cat\n1.png,cat\n", "every label of the training images is 'cat'; two classes are needed."),
        ("file,label\n0.png,1.5\n1.png,1.50\n", "every label of the training images is 1.5, of which nothing is learn"),
        (
            "file,label\n0.png,1.5\n1.png,n/a\n",
            "line 3: 'n/a' is no number, and '1.5' in line 2 is one; dataset.labels=c",
        ),
        ("file,label\n0.png,1.5\n1.png,nan\n", "line 3: 'nan' is no number"),
        ("file,label\n0.png,1.5\n1.png,1e99\n", "line 3: '1e99' is no value."),
        (
            "file,label\n0.png,1.0\n1.png,2.0\n",
            "holds whole numbers with a point, 1 to 2, which may be classes or values",
        ),
        ('file,label\n0.png,"cat\n', "unexpected end of data."),
        ("file,label\n0.png,cat\n1.png,dog\n", "class 'cat' has one image; a class needs two"),
        ("file,label\n0.png," + "9" * 200_000 + "\n", "line 2: field larger than field limit"),
    ],
)
def test_lines_that_cannot_be_meant_are_one_line(tmp_path: Path, text: str, line: str) -> None:
    root = labelled(tmp_path / "set", NAMES[:9])
    (root / "sub.png").mkdir()
    (root / "labels.csv").write_bytes(text.encode())
    assert line in error(root)


def test_labels_of_any_length_and_script_are_classes(tmp_path: Path) -> None:
    root = labelled(tmp_path / "set", ["9" * 5000, "水", "9" * 5000, "水", "٣", "٣"])
    assert read(root).info.class_names == ("9" * 5000, "٣", "水")


def test_a_labels_file_that_is_none_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = labelled(tmp_path / "set", NAMES)
    content = (root / "labels.csv").read_bytes()
    (root / "labels.csv").write_bytes(b"file,label\n0.png,caf\xe9\n")
    assert "is not text in UTF-8" in error(root)
    monkeypatch.setattr(labels_file, "MOST_BYTES", 10)
    assert "at most 0 MiB are read." in error(root)
    (root / "labels.csv").unlink()
    os.mkfifo(root / "labels.csv")
    assert error(root) == f"{root}/labels.csv is not a regular file."
    (root / "labels.csv").unlink()
    (root / "labels.csv").symlink_to(tmp_path / "gone")
    assert error(root) == f"{root}/labels.csv cannot be read: No such file or directory."
    monkeypatch.undo()
    (root / "labels.csv").unlink()
    (root / "labels.csv").write_bytes(content)
    assert len(read(root).train) == 8


def test_what_the_file_does_not_name_or_is_not_read_is_told(tmp_path: Path) -> None:
    root = labelled(tmp_path / "set", [f"{name},x" for name in NAMES], head="file,label,by")
    for index in range(4):
        picture(root / "more" / f"{index}.png")
    picture(root / ".hidden" / "0.png")
    (root / "notes.txt").write_text("x")
    assert read(root).notes == (
        f"not read of {root}/labels.csv: by",
        f"left out of {root}: 4 images that labels.csv does not name: more/0.png, more/1.png, more/2.png and 1 more",
    )


def test_the_cache_knows_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = labelled(tmp_path / "set", NAMES)
    first = read(root)
    labelled(root, [*NAMES[1:], "cat"])
    second = read(root)
    assert by_brightness(second) == [1, 0] * 5
    assert second.info.fingerprint != first.info.fingerprint
    monkeypatch.setattr(image_folder, "decode", None)
    assert read(root).info == second.info


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    root = labelled(tmp_path / "set", NAMES)
    (root / "3.png").write_bytes((root / "3.png").read_bytes()[:40])
    assert error(root).startswith(f"{root}/3.png is ")
