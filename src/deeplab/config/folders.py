"""Where the `conf/` folder is: inside an installed wheel, or at the top of a source checkout."""

from pathlib import Path

from deeplab.config.yaml_file import read_text
from deeplab.errors import UserError

GROUPS = (
    "dataset",
    "noise",
    "model",
    "optimizer",
    "schedule",
    "validation",
    "training",
    "tracking",
    "launcher",
    "experiment",
)


def own_folder() -> Path:
    """The `conf/` folder that comes with deeplab."""
    installed = Path(__file__).resolve().parents[1] / "conf"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[3] / "conf"


def conf_folders(config_dir: Path | None) -> tuple[Path, ...]:
    """The folders to look in, the user's own first; a UserError where that is none or cannot be read."""
    if config_dir is None:
        return (own_folder(),)
    try:
        list(config_dir.iterdir())
    except OSError as error:
        raise UserError(f"--config-dir {config_dir}: {error.strerror}. Give a folder laid out as conf/.") from error
    return (config_dir.resolve(), own_folder())


def options(group: str, folders: tuple[Path, ...]) -> dict[str, Path]:
    """The files of a group by name, the first folder's where several have one of that name."""
    paths: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((folder / group).glob("*.yaml")):
            if path.is_file():
                paths.setdefault(path.stem, path)
    return dict(sorted(paths.items()))


def description(path: Path) -> str:
    """The first comment of a configuration file that is neither a directive to Hydra nor the file's own path."""
    try:
        text = read_text(path)
    except (OSError, UserError) as error:
        return f"(cannot be read: {error})"
    for line in text.splitlines():
        if not line.startswith("#"):
            return ""
        if not line.startswith("# @package") and not line.endswith(f"{path.parent.name}/{path.name}"):
            return line.removeprefix("#").strip()
    return ""
