"""Image files of every kind that is read, and of some that are not."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from deeplab.data.images.decode import decode, is_grey, quiet_pillow, read_picture
from deeplab.errors import UserError

GREY = np.arange(48 * 32, dtype=np.uint16).reshape(48, 32) // 6  # 0 to 255
COLOUR = np.stack([GREY, GREY[::-1], np.full_like(GREY, 40)], axis=-1).astype(np.uint8)


def saved(path: Path, pixels: Any, mode: str | None = None, **how: Any) -> Path:
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, **how)
    return path


def seen(path: Path, channels: int = 3) -> np.ndarray:
    """The file as it is decoded, not resized."""
    with quiet_pillow():
        with Image.open(path) as image:
            size = max(image.size)
        return np.array(read_picture(path, size).convert("RGB" if channels == 3 else "L"))


@pytest.mark.parametrize(
    ("name", "how", "most"),
    [
        ("a.png", {}, 0),
        ("a.bmp", {}, 0),
        ("a.tif", {}, 0),
        ("lzw.tif", {"compression": "tiff_lzw"}, 0),
        ("deflate.tif", {"compression": "tiff_adobe_deflate"}, 0),
        ("jpeg.tif", {"compression": "jpeg"}, 12),
        ("a.webp", {"lossless": True}, 0),
        ("lossy.webp", {"quality": 95}, 30),
        ("a.gif", {}, 30),
        ("a.jpg", {"quality": 95}, 12),
    ],
)
def test_colours_come_out_as_they_went_in(tmp_path: Path, name: str, how: dict[str, Any], most: int) -> None:
    path = saved(tmp_path / name, COLOUR, **how)
    assert np.abs(seen(path).astype(int) - COLOUR).max() <= most
    assert not is_grey(path)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.gif", "a.jpg"])
@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_files_say_so(tmp_path: Path, name: str, mode: str) -> None:
    assert is_grey(saved(tmp_path / name, GREY.astype(np.uint8), mode))


def test_sixteen_bits_floats_and_other_colours_are_scaled_rightly(tmp_path: Path) -> None:
    grey = GREY.astype(np.uint8)
    for path in (
        saved(tmp_path / "sixteen.tif", GREY * 257),
        saved(tmp_path / "sixteen.png", GREY * 257),
        saved(tmp_path / "float.tif", GREY.astype(np.float32) / 255),
    ):
        np.testing.assert_array_equal(seen(path, 1), grey)
        assert is_grey(path)
    cmyk = saved(tmp_path / "cmyk.tif", COLOUR, "CMYK")
    assert np.abs(seen(cmyk).astype(int) - COLOUR).max() <= 2


def with_tag(path: Path, tag: int, value: int) -> Path:
    """The TIFF with another value in one of its tags."""
    content = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", content, entry)[0] == tag:
            struct.pack_into("<H", content, entry + 8, value)
    path.write_bytes(content)
    return path


def test_white_may_be_zero(tmp_path: Path) -> None:
    for name, pixels in (("8", GREY.astype(np.uint8)), ("16", GREY * 257), ("f", GREY.astype(np.float32) / 255)):
        path = with_tag(saved(tmp_path / f"{name}.tif", pixels), 262, 0)
        np.testing.assert_array_equal(seen(path, 1), 255 - GREY.astype(np.uint8))


def test_numbers_that_do_not_say_what_white_is_are_one_line(tmp_path: Path) -> None:
    srgb, lab = (ImageCms.createProfile(space) for space in ("sRGB", "LAB"))
    in_lab = ImageCms.applyTransform(Image.fromarray(COLOUR), ImageCms.buildTransform(srgb, lab, "RGB", "LAB"))
    in_lab.save(tmp_path / "lab.tif")
    nothing = np.full((4, 4), np.nan, np.float32)
    for path, line in (
        (saved(tmp_path / "long.tif", GREY.astype(np.int32) * 1000), "holds integers that do not say what white is"),
        (saved(tmp_path / "to_255.tif", GREY.astype(np.float32)), "holds floats from 0 to 255; those from 0 (black)"),
        (saved(tmp_path / "nan.tif", nothing), "holds floats from nan to nan"),
        (tmp_path / "lab.tif", "has its colours as LAB, which are not read; save it as RGB."),
    ):
        with pytest.raises(UserError) as caught:
            decode(path, 8, 1)
        assert str(caught.value).startswith(f"{path} {line}")


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.tif"])
def test_of_several_images_in_a_file_the_first_counts(tmp_path: Path, name: str) -> None:
    first, second = Image.fromarray(COLOUR), Image.new("RGB", (32, 48), "blue")
    how = {"lossless": True} if name == "a.webp" else {}
    first.save(tmp_path / name, save_all=True, append_images=[second], **how)
    assert np.abs(seen(tmp_path / name).astype(int) - COLOUR).max() <= (30 if name == "a.gif" else 0)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.gif"])
def test_what_is_transparent_lies_on_white(tmp_path: Path, name: str) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = (200, 0, 0, 255)
    path = saved(tmp_path / name, pixels, **({"lossless": True} if name == "a.webp" else {}))
    row = decode(path, 8, 3)
    assert row[0, 0].tolist() == [200, 0, 0]
    assert row[0, 7].tolist() == [255, 255, 255]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_images_are_turned_as_exif_says(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / name, COLOUR, exif=exif, **({"lossless": True} if name == "a.webp" else {}))
    turned = np.rot90(COLOUR, -1)
    assert seen(path).shape == turned.shape
    assert np.abs(seen(path).astype(int) - turned).max() <= (30 if name == "a.jpg" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_every_orientation_is_that_of_pillow(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / name, COLOUR, exif=exif, **({"lossless": True} if name == "a.webp" else {}))
    with Image.open(path) as image:
        expected = ImageOps.exif_transpose(image).convert("RGB")
    np.testing.assert_array_equal(seen(path), np.array(expected))
    small = expected.resize((8, 8), Image.Resampling.BICUBIC)
    most = 1 if name == "a.jpg" else 0  # a JPEG is read at half its size where that is enough
    assert np.abs(decode(path, 8, 3).astype(int) - np.array(small)).max() <= most


@pytest.mark.parametrize("background", ["white", "black", "grey"])
def test_half_transparent_pixels_are_those_of_pillow(tmp_path: Path, background: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    for name, how in (("a.png", {}), ("a.webp", {"lossless": True, "exact": True}), ("a.tif", {})):
        path = saved(tmp_path / name, pixels, **how)
        expected = Image.new("RGB", (8, 8), background)
        expected.paste(Image.fromarray(pixels), mask=Image.fromarray(pixels).getchannel("A"))
        assert np.abs(decode(path, 8, 3, background).astype(int) - np.array(expected)).max() <= 1
    share = pixels[..., 3:] / 255
    behind = {"white": 255, "black": 0, "grey": 128}[background]
    np.testing.assert_allclose(decode(path, 8, 3, background), share * pixels[..., :3] + (1 - share) * behind, atol=1)
    grey = saved(tmp_path / "la.png", pixels, "LA")
    luma = np.array(Image.fromarray(pixels).convert("LA"))[..., :1] / 1.0
    np.testing.assert_allclose(decode(grey, 8, 1, background), share * luma + (1 - share) * behind, atol=1)


def test_sixteen_bits_in_colour_lose_their_lower_byte(tmp_path: Path) -> None:
    """Pillow reads the upper byte of each; files of OpenCV and ImageMagick are such."""
    pixels = np.random.default_rng(0).integers(0, 65536, (4, 4, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    (tmp_path / "rgb16.png").write_bytes(content)
    assert np.abs(decode(tmp_path / "rgb16.png", 4, 3) - pixels / 257).max() <= 1


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.tif", "lzw.tif", "a.bmp", "a.png", "a.jpg"])
def test_a_truncated_file_is_one_line_with_its_name(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    how = {"compression": "tiff_lzw"} if name == "lzw.tif" else {}
    path = saved(tmp_path / name, np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8), **how)
    whole = path.read_bytes()
    for share in (0.02, 0.3, 0.7, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with quiet_pillow(), pytest.raises(UserError) as caught:
            decode(path, 8, 3)
        assert str(caught.value).startswith(f"{path} is ")
    assert capfd.readouterr() == ("", "")  # libtiff says nothing of its own


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.tif", "a.bmp", "a.png"])
def test_more_pixels_than_are_safe_are_one_line(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / name, np.zeros((50, 50), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    with quiet_pillow(), pytest.raises(UserError, match="has more than 2,000 pixels; scale it down or leave it out"):
        decode(path, 8, 1)
