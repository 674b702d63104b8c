"""The command line that makes a run again."""

import json
import shlex

from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import run_by_id
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    CODE_FILE_TAG,
    KIND_TAG,
    MARGIN_TAG,
    PARENT_TAG,
    SEARCH_TAG,
    SOURCE_TAG,
    TRIALS_TAG,
    WHY_TAG,
)

SHORT_ID = 8


def command_line(store: Store, run: Run) -> str | None:
    """Return the command that makes a run again, or None where it ended before that was logged.

    A trial is made by the command of its sweep.
    """
    kind = run.tags.get(KIND_TAG)
    parent = run_by_id(store, run.tags[PARENT_TAG]) if kind == "trial" and PARENT_TAG in run.tags else None
    words = _noise(store, run) if kind == "noise" else _overrides(store, run)
    if words is None:
        return None
    return " ".join(map(shlex.quote, ["deeplab", *_beginning(parent or run, kind), *_code(run), *words]))


def _beginning(run: Run, kind: str | None) -> list[str]:
    tags = run.tags
    if SEARCH_TAG in tags:
        return ["sweep", "--search", tags[SEARCH_TAG], "--trials", tags[TRIALS_TAG]]
    if MARGIN_TAG in tags:
        return ["decide", "--margin", tags[MARGIN_TAG]]
    if WHY_TAG in tags:
        return ["why"]
    if kind == "evaluate" and SOURCE_TAG in tags:
        return ["evaluate", tags[SOURCE_TAG][:SHORT_ID]]
    return ["sweep" if kind in ("sweep", "trial") else "noise" if kind == "noise" else "train"]


def _code(run: Run) -> list[str]:
    return ["--code", run.tags[CODE_FILE_TAG]] if CODE_FILE_TAG in run.tags else []


def _overrides(store: Store, run: Run) -> list[str] | None:
    content = read_artifact(store, run, "overrides.txt")
    return None if content is None else content.decode().splitlines()


def _noise(store: Store, run: Run) -> list[str] | None:
    content = read_artifact(store, run, "settings.json")
    if content is None:
        return None
    settings = json.loads(content)
    noise = settings["noise"]
    words = [run_id[:SHORT_ID] for run_id in settings["denoisers"].values()]
    words += ["--classifier", settings["classifier"]["run"][:SHORT_ID], "--noise", noise["kind"]]
    return [*words, "--levels", ",".join(f"{level:g}" for level in noise["levels"]), "--seeds", str(noise["seeds"])]
