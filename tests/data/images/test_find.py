"""Which files a person means by the names of images and folders."""

from pathlib import Path

import pytest

from deeplab.data.images.find import find_pictures
from deeplab.errors import UserError


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG", "c.jpeg", ".hidden.png", "Thumbs.db", "notes.txt", "predictions.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "deeper.png").mkdir()
    return tmp_path


def test_a_folder_s_images_come_by_name_without_what_was_drawn_before(scans: Path) -> None:
    found = find_pictures([str(scans)], scans / "predictions.png")
    assert [path.name for path in found.paths] == ["a.JPG", "b.png", "c.jpeg"]
    assert [path.name for path in found.left_out] == ["deeper.png", "notes.txt"]


def test_every_kind_that_is_read_is_found_by_its_ending(tmp_path: Path) -> None:
    names = ["a.gif", "b.WEBP", "c.tif", "d.Tiff", "e.bmp", "f.png", "g.jpg", "h.jpeg"]
    for name in [*names, "i.heic", "j.svg"]:
        (tmp_path / name).write_bytes(b"x")
    found = find_pictures([str(tmp_path)], Path("out.png"))
    assert [path.name for path in found.paths] == names
    assert [path.name for path in found.left_out] == ["i.heic", "j.svg"]


def test_a_loop_of_links_is_left_out(scans: Path) -> None:
    (scans / "loop.png").symlink_to(scans / "loop.png")
    found = find_pictures([str(scans)], scans / "predictions.png")
    assert [path.name for path in found.left_out] == ["deeper.png", "loop.png", "notes.txt"]


def test_a_name_given_twice_counts_once(scans: Path) -> None:
    found = find_pictures([str(scans / "c.jpeg"), str(scans), str(scans / "b.png")], Path("out.png"))
    assert [path.name for path in found.paths] == ["c.jpeg", "a.JPG", "b.png", "predictions.png"]


def test_what_is_not_there_is_one_line(scans: Path) -> None:
    (scans / "empty").mkdir()
    (scans / "texts" / "more").mkdir(parents=True)
    for word, line in (
        (scans / "bb.png", "there is no such image or folder. Did you mean 'b.png'?"),
        (scans / "nowhere" / "b.png", "there is no such image or folder."),
        (scans / "empty", "empty is empty. Taken are .png, .jpg, .jpeg, .gif, .webp, .tif, .tiff, .bmp."),
        (scans / "texts", "holds no image, only more. Folders in it are not searched"),
        ("a\0b.png", "cannot be read"),
        ("x" * 300, "cannot be read"),
        ("/dev/null", "is neither an image nor a folder"),
        (scans / "predictions.png", "--out would write over it"),
    ):
        with pytest.raises(UserError) as caught:
            find_pictures([str(word)], scans / "predictions.png")
        assert line in str(caught.value)
        assert "\n" not in str(caught.value)
