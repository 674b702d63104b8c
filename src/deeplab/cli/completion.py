"""Shell completion of overrides: keys, group names and what a group can be."""

import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import typer

from deeplab.config.folders import GROUPS, conf_folders, options
from deeplab.config.yaml_file import read_yaml
from deeplab.errors import UserError
from deeplab.tracking.params import flatten

_RUNS_OFFERED = 50
_PLAIN = re.compile(r"(?!-)[\w .,:=@%+/#-]*", re.ASCII)
_NEWEST_RUNS = "SELECT run_uuid, name FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time DESC LIMIT ?"


def complete_override(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the words that may stand where the cursor is.

    Bash takes `=` for a border of words: there the values alone are wanted, the key being on the line already.
    """
    folders = conf_folders(ctx.params.get("config_dir"))
    before = _bash_words()
    if before is not None and incomplete == "=":
        return _plain(_values(before[-1], "", folders))
    if before is not None and len(before) >= 2 and before[-1] == "=":
        return _plain(_values(before[-2], incomplete, folders))
    key, equals, value = incomplete.partition("=")
    if equals:
        return _plain(f"{key}={name}" for name in _values(key, value, folders))
    return _plain(f"{name}=" for name in _keys(folders) if name.startswith(incomplete))


def complete_run(incomplete: str) -> list[tuple[str, str]]:
    """Return what may name a run: `latest`, `best:`, names and ids of the newest in the working directory's store.

    Each comes with a word on it, for shells that show one.
    """
    # Read without MLflow, whose import takes seconds; where its tables are others, there is nothing to offer.
    offered = [("latest", "the newest run"), ("best:", "the best that a filter leaves, as in best:model=cnn6")]
    database = Path("mlflow.db")
    if database.is_file():
        try:
            with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                runs = connection.execute(_NEWEST_RUNS, (_RUNS_OFFERED,)).fetchall()
        except sqlite3.Error:
            runs = []
        offered += [(str(name), run_id[:8]) for run_id, name in runs]
        offered += [(run_id[:8], str(name)) for run_id, name in runs]
    words = {word: told if _PLAIN.fullmatch(told) else "" for word, told in reversed(offered)}
    return [(word, words[word]) for word in _plain(words) if word.startswith(incomplete)][::-1]


def _plain(words: Iterable[str]) -> list[str]:
    """Keep the words in which a shell finds nothing to do: it gets them unquoted, and they may be a stranger's."""
    return [word for word in words if _PLAIN.fullmatch(word)]


def _bash_words() -> list[str] | None:
    """Return the words before the cursor as bash split them, or None in another shell."""
    if not os.environ.get("_DEEPLAB_COMPLETE", "").endswith("bash"):
        return None
    words = os.environ.get("COMP_WORDS", "").split()
    return words[: int(os.environ.get("COMP_CWORD", "0"))]


def _values(key: str, beginning: str, folders: tuple[Path, ...]) -> list[str]:
    names = list(options(key, folders)) if key in GROUPS else []
    return [name for name in names if name.startswith(beginning)]


def _keys(folders: tuple[Path, ...]) -> list[str]:
    """Return every group, and every dotted key that any file of a group has."""
    keys = dict.fromkeys(GROUPS)
    for group in GROUPS:
        if group == "experiment":
            continue
        for path in options(group, folders).values():
            keys |= dict.fromkeys(_dotted(_read(path), f"{group}."))
    for folder in reversed(folders):
        keys |= dict.fromkeys(_dotted(_read(folder / "config.yaml"), ""))
    return sorted(keys)


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_yaml(path).values
    except (OSError, UserError):
        return {}  # `train` will say what is wrong with it; here there is no place to


def _dotted(values: dict[str, Any], prefix: str) -> list[str]:
    kept = {key: value for key, value in values.items() if key != "defaults"}
    return [key for key in flatten(kept, prefix) if not key.rpartition(".")[2].isdecimal()]  # no layers
