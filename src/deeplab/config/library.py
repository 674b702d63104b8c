"""The configuration files that may be read: each is read once, checked, and lies inside its folder."""

from collections.abc import Iterator
from pathlib import Path

from deeplab.code.declare import default_options
from deeplab.code.file import current, declared
from deeplab.config.folders import GROUPS, conf_folders, options
from deeplab.config.hydra_adapter import HydraError, package_of
from deeplab.config.safety import check_document
from deeplab.config.yaml_file import Document, read_yaml
from deeplab.errors import UserError

MOST_FILES = 1_000
MOST_FOLDER_BYTES = 512 << 10
GLOBAL = "_global_"


class Library:
    """The files of a user's folder and of deeplab's own."""

    def __init__(self, config_dir: Path | None = None) -> None:
        """Check what can be chosen in a user's folder."""
        self.folders = conf_folders(config_dir)
        self._interpolated: set[str] = set()
        self._documents: dict[str, Document | None] = {**_of_code()}
        self._packages: dict[str, str | None] = {}
        for folder in self.folders[:-1]:
            self._check(folder)

    def document(self, name: str) -> Document | None:
        """A file by the name that Hydra has for it, as in `model/cnn`, or None; a UserError where it is refused."""
        if name not in self._documents:
            path = self._find(name)
            self._documents[name] = None if path is None else self._read(name, path)
        return self._documents[name]

    def options(self, group: str) -> list[str]:
        """The names that can be chosen of a group."""
        of_code = [name.partition("/")[2] for name in _of_code() if name.startswith(f"{group}/")]
        return sorted({*options(group, self.folders), *of_code})

    def package(self, name: str) -> str | None:
        """The package that a file says it belongs to, in a comment before its first line."""
        return self._packages.get(name)

    def _find(self, name: str) -> Path | None:
        parts = name.removesuffix(".yaml").split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise UserError(f"The defaults list names '{name}': files are named by group and name, as in /model: cnn.")
        for folder in self.folders:
            path = folder.joinpath(*parts[:-1], f"{parts[-1]}.yaml")
            try:
                if path.is_file():
                    return _inside(path, folder)
            except OSError as error:
                raise UserError(f"{path}: cannot be read ({error.strerror}).") from error
        return None

    def _read(self, name: str, path: Path) -> Document:
        try:
            document = read_yaml(path)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror}).") from error
        check_document(document, self._interpolated)
        try:
            package = package_of(document.text)
        except HydraError as error:
            raise UserError(f"{path}, line 1: {error}.") from error
        if package is not None and package.split(".")[0] == "hydra":
            raise UserError(f"{path}: '@package {package}' is refused, Hydra's own settings stay as they are.")
        if name.startswith("experiment/") and package != GLOBAL:
            raise UserError(
                f"{path}, line 1: an experiment begins with the line '# @package {GLOBAL}', before anything else; "
                "put it there."
            )
        self._packages[name] = package
        return document

    def _check(self, folder: Path) -> None:
        if (folder / "hydra").exists():
            raise UserError(f"{folder / 'hydra'} is refused: Hydra's own settings stay as they are.")
        count = size = 0
        for name, path in _choices(folder):
            count, size = count + 1, size + path.stat().st_size
            if count > MOST_FILES or size > MOST_FOLDER_BYTES:
                raise UserError(
                    f"{folder}: holds more than {MOST_FILES:,} configuration files or {MOST_FOLDER_BYTES >> 10} KiB "
                    "of them, the most that is read."
                )
            self.document(name)


def _of_code() -> dict[str, Document]:
    """What stands for files of data sets and schedules that the code in force declares, by their names."""
    code = current()
    if code is None:
        return {}
    values = {
        f"dataset/{name}": {"kind": name, "options": default_options(each.value), "limit": None}
        for name, each in declared("dataset").items()
    } | {f"schedule/{name}": {"kind": name} for name in declared("schedule")}
    return {name: Document(code.path, "", plain, {}, {}) for name, plain in values.items()}


def _choices(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder that an override can choose, and its root."""
    for group in ("", *GROUPS):
        inside = folder / group
        if not inside.is_dir():
            continue
        _inside(inside, folder)
        for path in inside.iterdir():
            ending = path.suffix
            if ending != ".yaml" and ending.lower() in (".yaml", ".yml") and (group or path.stem == "config"):
                raise UserError(f"{path}: files that end with {ending} are not read; rename it to {path.stem}.yaml.")
    if (folder / "config.yaml").is_file():
        yield "config", _inside(folder / "config.yaml", folder)
    for group in GROUPS:
        for name, path in options(group, (folder,)).items():
            yield f"{group}/{name}", _inside(path, folder)


def _inside(path: Path, folder: Path) -> Path:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"{path}: is a link to {path.resolve()}, outside of {folder}, where no file is read; copy it.")
    return path
