"""The image files that a user names, one by one or by their folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deeplab.data.images.decode import SUFFIXES
from deeplab.data.images.listing import is_passed_over
from deeplab.errors import UserError, nearest
from deeplab.files import some


@dataclass(frozen=True)
class Pictures:
    """What was found."""

    paths: tuple[Path, ...]  # of the image files
    # what else lies in the folders: files with other endings, and folders, which are not searched. Hidden files and
    # those that systems leave behind are not told.
    left_out: tuple[Path, ...]


def find_pictures(words: Sequence[str], out: Path) -> Pictures:
    """The image files that are named, and those directly in the folders that are.

    Args:
        words: paths of files and folders; `~` stands for the home folder.
        out: the picture that will be written: left out of a folder, where it lies from the last time.

    Raises:
        UserError: nothing is there, a folder holds no image, or `out` would be written over one that was named.
    """
    images: dict[Path, None] = {}
    left_out: dict[Path, None] = {}
    for word in words:
        try:
            path = Path(word).expanduser()
            if path.is_dir():
                inside, others = _in_folder(path, out)
                images |= dict.fromkeys(inside)
                left_out |= dict.fromkeys(others)
                continue
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(f"{word}: there is no such image or folder. {_neighbour(Path(word))}".rstrip()) from None
        except (OSError, ValueError, RuntimeError) as error:
            raise UserError(f"{word!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
        if not path.is_file():
            raise UserError(f"{path} is neither an image nor a folder.")
        if path.resolve() == out.resolve():
            raise UserError(f"{path} is an image to look at, and --out would write over it. Give another --out.")
        images[path] = None
    return Pictures(tuple(images), tuple(path for path in left_out if path not in images))


def _in_folder(folder: Path, out: Path) -> tuple[list[Path], list[Path]]:
    """The images in a folder, and what else is there."""
    own = out.resolve()
    entries = [path for path in sorted(folder.iterdir()) if not is_passed_over(path.name)]
    entries = [path for path in entries if not (path.is_file() and path.resolve() == own)]
    images = [path for path in entries if path.suffix.lower() in SUFFIXES and path.is_file()]
    others = sorted({*entries} - {*images})
    if not images:
        holds = f"holds no image, only {some([path.name for path in others])}" if others else "is empty"
        deeper = next((path for path in others if path.is_dir()), None)
        hint = (
            f" Folders in it are not searched; name them: {deeper}" if deeper else f" Taken are {', '.join(SUFFIXES)}."
        )
        raise UserError(f"{folder} {holds}.{hint}")
    return images, others


def _neighbour(path: Path) -> str:
    try:
        return nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""
