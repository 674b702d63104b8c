"""Class folders of images: decoded once, mapped afterwards."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deeplab.config.schema import ImageFolderConfig
from deeplab.data.images import file_contents, image_folder
from deeplab.data.load import load
from deeplab.data.splits import Splits
from deeplab.errors import UserError


def picture(path: Path, value: int | tuple[int, ...] = 100, size: tuple[int, int] = (10, 6), mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of ten grey images, of two sizes; cats are dark, dogs are bright."""
    root = tmp_path / "animals"
    for index in range(10):
        picture(root / "cat" / f"{index}.png", 10 + index, (10 + index, 6))
        picture(root / "dog" / f"{index}.JPG", 200 + index)
    return root


def read(root: Path, cache: Path | None = None, **changes: Any) -> Splits:
    settings = {
        "image_size": 8,
        "color": "auto",
        "test_fraction": 0.2,
        "limit": None,
        "stratify": False,
        "standardize": False,
    }
    settings |= changes
    return load(ImageFolderConfig("image_folder", str(root), **settings), cache or root.parent / "cache")


def error(root: Path, **changes: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(root, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_images_of_any_size_become_rows_of_one_mapped_array(folder: Path) -> None:
    splits = read(folder)
    assert splits.info.input_shape == (8, 8, 1)
    assert splits.info.class_names == ("cat", "dog")
    assert (len(splits.train), len(splits.test)) == (16, 4)
    assert isinstance(splits.train.x, np.memmap)
    for part in (splits.train, splits.test):
        means = part.images(slice(None)).reshape(len(part), -1).mean(axis=1)
        assert np.array_equal(means > 150, part.labels == 1)
        assert set(part.labels.tolist()) == {0, 1}


def test_rows_lie_shuffled(folder: Path) -> None:
    labels = read(folder).train.labels
    assert labels.tolist() != sorted(labels.tolist())


def test_the_second_load_decodes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(folder)
    monkeypatch.setattr(image_folder, "decode", None)
    second = read(folder)
    assert second.info == first.info
    assert np.array_equal(first.train.x, second.train.x)


def test_a_changed_file_or_setting_is_decoded_again(folder: Path) -> None:
    first = read(folder).info.fingerprint
    assert read(folder, image_size=9).info.input_shape == (9, 9, 1)
    picture(folder / "cat" / "0.png", 77)
    assert read(folder).info.fingerprint != first


@pytest.mark.parametrize("name", ["rows.npy", "set.json"])
def test_a_damaged_cache_is_decoded_again(folder: Path, name: str) -> None:
    first = read(folder)
    (kept,) = (folder.parent / "cache").rglob(name)
    content = kept.read_bytes()
    kept.write_bytes(content[: len(content) // 2])
    second = read(folder)
    assert second.info == first.info
    assert len(second.train.images(slice(None))) == 16


def test_a_split_that_is_there_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "animals"
    for part, count in (("train", 3), ("test", 2)):
        for name in ("cat", "dog"):
            for index in range(count):
                picture(root / part / name / f"{index}.png", 7 if part == "test" else 9)
    splits = read(root)
    assert (len(splits.train), len(splits.test)) == (6, 4)
    assert np.unique(splits.test.images(slice(None))).tolist() == [7]


def test_colour_is_kept_where_one_image_has_it_and_can_be_chosen(folder: Path) -> None:
    picture(folder / "cat" / "red.png", (255, 0, 0), mode="RGB")
    assert read(folder).info.input_shape == (8, 8, 3)
    assert read(folder, color="grey").info.input_shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, 255),
        ("L", 130, 130),
        ("I;16", 257 * 130, 130),
        ("LA", (0, 0), 255),
        ("RGBA", (255, 0, 0, 0), 255),
        ("RGB", (50, 50, 50), 50),
        ("P", 0, 0),
    ],
)
def test_every_kind_of_image_is_seen_as_people_see_it(folder: Path, mode: str, value: Any, expected: int) -> None:
    picture(folder / "cat" / "odd.png", value, mode=mode)
    splits = read(folder, color="grey")
    rows = np.concatenate([splits.train.images(slice(None)), splits.test.images(slice(None))])
    assert any(np.all(row == expected) for row in rows)


def test_turned_photographs_are_turned_back(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for name in ("a", "b"):
        for index in range(2):
            image = Image.new("L", (8, 8))
            image.paste(255, (0, 0, 4, 8))
            exif = Image.Exif()
            exif[0x0112] = 6
            (root / name).mkdir(parents=True, exist_ok=True)
            image.save(root / name / f"{index}.png", exif=exif)
    row = read(root).train.images(slice(None))[0, ..., 0]
    assert (row[:4] == 255).all()
    assert (row[4:] == 0).all()


def test_folders_that_are_no_set_are_told(folder: Path, tmp_path: Path) -> None:
    assert "there is no such file or folder" in error(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert "two at least, and has none" in error(tmp_path / "empty")
    (folder / "eel").mkdir()
    assert f"{folder}/eel is a class without images." in error(folder)


def test_files_that_are_no_images_are_named(folder: Path) -> None:
    bad = folder / "dog" / "broken.png"
    bad.write_text("not an image")
    assert f"{bad} is not a PNG, JPEG, GIF, WebP, TIFF or BMP image." in error(folder)
    bad.write_bytes((folder / "dog" / "0.JPG").read_bytes()[:-200])
    assert f"{bad} is damaged" in error(folder)
    bad.unlink()
    (folder / "dog" / "notes.txt").write_text("hello")
    assert f"{folder}/dog/notes.txt is not an image file; allowed are .png, .jpg, .jpeg, .gif, " in error(folder)
    for name in ("a.heic", "b.svg", "c.txt", "d.txt"):
        (folder / "dog" / name).write_text("hello")
    assert f"{folder}/dog/a.heic, b.svg, c.txt and 2 more are no image files; allowed" in error(folder)


def test_what_systems_leave_behind_is_passed_over(folder: Path) -> None:
    (folder / "dog" / ".DS_Store").write_text("x")
    (folder / "dog" / "Thumbs.db").write_text("x")
    assert len(read(folder).train) == 16


def test_classes_of_train_and_test_must_agree(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for place in ("train/cat", "train/dog", "test/cat", "test/eel"):
        picture(root / place / "0.png")
    assert "class 'dog' is in train and not in test" in error(root)


def test_a_bomb_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    assert "has more than 20 pixels" in error(folder)


def test_a_loop_of_links_ends(folder: Path) -> None:
    (folder / "eel").symlink_to(folder)
    assert "is a folder inside a class folder" in error(folder)


def test_a_disk_that_is_full_is_told_and_nothing_half_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from deeplab.data.images import cache as image_cache

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(image_cache.os, "fsync", full)
    assert "The decoded images cannot be kept in" in error(folder)
    assert [path for path in (folder.parent / "cache").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("settled", [True, False])
def test_folders_that_look_alike_share_nothing(tmp_path: Path, settled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_contents, "SETTLED_SECONDS", -60.0 if settled else 60.0)
    one, other = tmp_path / "one", tmp_path / "other"
    for root, value in ((one, 40), (other, 140)):
        for name in ("cat", "dog"):
            for index in range(4):
                path = root / name / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((8, 8), value + index, np.uint8)).save(path, compress_level=0)
                os.utime(path, ns=(10**18, 10**18))
    names = [path.relative_to(one) for path in sorted(one.rglob("*.png"))]
    alike = [[(root / name).stat() for name in names] for root in (one, other)]
    assert [(each.st_size, each.st_mtime_ns) for each in alike[0]] == [
        (each.st_size, each.st_mtime_ns) for each in alike[1]
    ]
    first, second = read(one, tmp_path / "cache"), read(other, tmp_path / "cache")
    assert int(first.train.images(slice(None)).max()) < 50
    assert int(second.train.images(slice(None)).min()) >= 140
    assert first.info.fingerprint != second.info.fingerprint
    # Other pixels in the same file, its size and time as before.
    path = one / "cat" / "0.png"
    Image.fromarray(np.full((8, 8), 99, np.uint8)).save(path, compress_level=0)
    os.utime(path, ns=(10**18, 10**18))
    assert path.stat().st_size == alike[0][0].st_size
    third = read(one, tmp_path / "cache")
    rows = np.concatenate([third.train.images(slice(None)), third.test.images(slice(None))])
    assert int(rows.max()) == 99
    assert third.info.fingerprint != first.info.fingerprint


def test_a_copy_with_the_same_contents_is_not_decoded_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(folder)
    shutil.copytree(folder, tmp_path / "copy")
    monkeypatch.setattr(image_folder, "decode", None)
    assert read(tmp_path / "copy").info == first.info


def test_files_that_have_not_changed_are_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_contents, "SETTLED_SECONDS", -60.0)
    first = read(folder)
    monkeypatch.setattr(file_contents, "_file_hash", None)
    assert read(folder).info == first.info
    (note,) = (folder.parent / "cache" / "images").glob("*.sha256")
    note.write_text("damaged")
    monkeypatch.undo()
    assert read(folder).info == first.info


def test_files_that_change_while_they_are_read_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decode = image_folder.decode

    def disturbed(path: Path, *settings: Any) -> Any:
        aside = folder.parent / f"{path.parent.name}-{path.name}"  # whole at once: another thread may be reading
        picture(aside, 77)
        aside.replace(folder / "cat" / "0.png")
        return decode(path, *settings)

    monkeypatch.setattr(image_folder, "decode", disturbed)
    assert error(folder) == f"Images in {folder} changed while they were read. Begin once more."
    assert list((folder.parent / "cache").rglob("rows.npy")) == []


def test_names_that_are_not_utf_8_are_taken_and_shown(folder: Path) -> None:
    odd = (folder / "dog").rename(folder / os.fsdecode(b"caf\xe9"))
    (odd / "0.JPG").rename(odd / os.fsdecode(b"\xff.JPG"))
    first = read(folder)
    assert first.info.class_names == (r"caf\xe9", "cat")
    assert len(first.train) == 16
    assert read(folder).info == first.info
    picture(folder / r"caf\xe9" / "0.png")
    assert error(folder) == rf"{folder} has two class folders that are both shown as 'caf\xe9': rename one."


def test_files_beside_the_class_folders_are_told(folder: Path) -> None:
    assert read(folder).notes == ()
    for name in ("LICENSE", "labels.csv", ".DS_Store", "Thumbs.db"):
        (folder / name).write_text("hello")
    assert read(folder).notes == (f"left out of {folder}, being no images: LICENSE, labels.csv",)


@pytest.mark.parametrize("ending", ["gif", "webp", "tif", "tiff", "bmp"])
def test_a_folder_of_other_kinds_of_images_is_read(tmp_path: Path, ending: str) -> None:
    root = tmp_path / "animals"
    for index in range(4):
        picture(root / "cat" / f"{index}.{ending.upper()}", 10 + index)
        picture(root / "dog" / f"{index}.{ending}", 200 + index)
    splits = read(root)
    assert splits.info.input_shape == (8, 8, 3 if ending == "webp" else 1)
    means = splits.train.images(slice(None)).reshape(len(splits.train), -1).mean(axis=1)
    assert np.array_equal(means > 150, splits.train.labels == 1)
