"""One image file to one array of pixels."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from deeplab.errors import UserError, one_line

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp")  # of the files of these formats
KINDS = "PNG, JPEG, GIF, WebP, TIFF or BMP"  # in lines for the user
_BITS, _PHOTOMETRIC = 258, 262  # tags of a TIFF

# What Pillow raises on damaged bytes.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    ZeroDivisionError,
    OverflowError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's remarks on odd files, and make too large an image an error.

    To be entered once around all decoding: filters of warnings belong to the process, not to a thread.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def is_grey(path: Path) -> bool:
    """Whether the file says that it has no colour: its mode, or a palette of greys alone. A WebP never says so.

    Raises:
        UserError: the file is no image.
    """
    with _named(path), Image.open(path, formats=FORMATS) as image:
        if image.mode != "P":
            return image.mode in ("1", "L", "LA", "F") or image.mode.startswith("I")
        palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())


def decode(path: Path, image_size: int, channels: int, background: str = "white") -> NDArray[np.uint8]:
    """Read one image as people see it; of several in a file, as in an animation, the first.

    It is turned as EXIF says, laid on the background where it is transparent, brought to 8 bits, and resized to a
    square; its proportions are not kept.

    Args:
        path: a file of one of FORMATS.
        image_size: height and width of what is returned.
        channels: 1 for grey (luma of ITU-R 601), 3 for red, green and blue.
        background: `white`, `black` or `grey`.

    Returns:
        [image_size, image_size, channels].

    Raises:
        UserError: the file is no image, is damaged, has more pixels than Pillow holds for safe, or numbers of which
            it does not say what white is.
    """
    mode = "L" if channels == 1 else "RGB"
    with _opened(path, mode, image_size) as opened:
        image = opened
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, background), image)
        image = image.convert(mode)
        if image.size != (image_size, image_size):
            image = image.resize((image_size, image_size), Image.Resampling.BICUBIC)
        return np.array(image, np.uint8).reshape(image_size, image_size, channels)


def read_picture(path: Path, wanted_size: int) -> Image.Image:
    """Read one image of any size for a network that takes `wanted_size` pixels.

    It is turned as EXIF says and brought to 8 bits; a JPEG that is far too large may come smaller.

    Returns:
        Of mode L, or RGBA where it is transparent anywhere, or RGB.

    Raises:
        UserError: as `decode` does.
    """
    with _opened(path, "RGB", wanted_size) as image:
        if image.has_transparency_data:
            return image.convert("RGBA")
        return image.convert("L" if image.mode in ("1", "L") else "RGB")


@contextmanager
def _opened(path: Path, mode: str, wanted_size: int) -> Iterator[Image.Image]:
    """An image turned as EXIF says, with 8 bits; errors are lines that name the file."""
    with _named(path), Image.open(path, formats=FORMATS) as source:
        # JPEG can be read at half, a quarter or an eighth of its size; twice ours leaves room for resizing
        source.draft(mode, (2 * wanted_size, 2 * wanted_size))
        image = ImageOps.exif_transpose(source)
        if image.mode == "LAB":
            raise UserError(f"{path} has its colours as LAB, which are not read; save it as RGB.")
        yield _eight_bits(path, source, image) if image.mode[0] in "IF" else image


def _eight_bits(path: Path, source: Image.Image, image: Image.Image) -> Image.Image:
    # convert("L") would clip 16 bits to 255 instead of scaling them
    values = np.array(image).astype(np.float32)
    tags = source.tag_v2 if isinstance(source, TiffImageFile) else {}
    if image.mode == "F":
        low, high = float(values.min()), float(values.max())
        if not (low >= 0 and high <= 1):
            raise UserError(
                f"{path} holds floats from {low:g} to {high:g}; those from 0 (black) to 1 (white) are read."
            )
        values *= 255
    elif image.mode == "I" and tags:
        raise UserError(f"{path} holds integers that do not say what white is; save it with 8 or 16 bits.")
    else:
        values /= (2 ** tags.get(_BITS, (16,))[0] - 1) / 255
    if tags.get(_PHOTOMETRIC) == 0:  # white is zero, which Pillow minds for 8 bits and fewer alone
        values = 255 - values
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn what Pillow raises into one line that names the file."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(
            f"{path} has more than {Image.MAX_IMAGE_PIXELS:,} pixels; scale it down or leave it out."
        ) from None
    except UnidentifiedImageError:
        raise UserError(f"{path} is not a {KINDS} image.") from None
    except (FileNotFoundError, PermissionError) as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except MemoryError:
        raise UserError(f"{path} does not fit into memory.") from None
    except DAMAGE as error:
        raise UserError(f"{path} is damaged ({one_line(error)[:120]}).") from error
