"""The image files that a person names, one by one or by their folder."""

from collections.abc import Sequence
from pathlib import Path

from deeplab.config.errors import UserError, nearest
from deeplab.data.folder_listing import SUFFIXES


def find_pictures(words: Sequence[str], out: Path) -> tuple[Path, ...]:
    """The PNG and JPEG files that are named, and those directly in the folders that are.

    Args:
        words: paths of files and folders; `~` stands for the home folder.
        out: the picture that will be written: left out of a folder, where it lies from the last time.

    Raises:
        UserError: nothing is there, a folder holds no image, or `out` would be written over one that was named.
    """
    found: dict[Path, None] = {}
    for word in words:
        try:
            path = Path(word).expanduser()
            if path.is_dir():
                found |= dict.fromkeys(_in_folder(path, out))
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
        found[path] = None
    return tuple(found)


def _in_folder(folder: Path, out: Path) -> list[Path]:
    entries = sorted(folder.iterdir())
    own = out.resolve()
    images = [path for path in entries if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    images = [path for path in images if path.is_file() and path.resolve() != own]
    if not images:
        holds = "is empty" if not entries else f"holds no image; {len(entries)} other entries were passed over"
        deeper = next((path for path in entries if path.is_dir()), None)
        hint = (
            f" Folders in it are not searched; name them: {deeper}" if deeper else f" Taken are {', '.join(SUFFIXES)}."
        )
        raise UserError(f"{folder} {holds}.{hint}")
    return images


def _neighbour(path: Path) -> str:
    try:
        return nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""
