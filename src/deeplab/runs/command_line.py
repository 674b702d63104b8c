"""The command line that makes a run again."""

import json
import shlex

from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import run_by_id
from deeplab.tracking.numbers import whole_of
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    CODE_FILE_TAG,
    CONFIG_DIR_TAG,
    CONFIRMS_TAG,
    FOLDS_TAG,
    INITIAL_WEIGHTS_TAG,
    KIND_TAG,
    MARGIN_TAG,
    PARENT_TAG,
    REPLICATES_TAG,
    SEARCH_TAG,
    SOURCE_TAG,
    TRIALS_TAG,
    WHY_TAG,
)

SHORT_ID = 8
WEIGHTS = "training.initial_weights"


def command_line(store: Store, run: Run) -> str | None:
    """Return the command that makes a run again, or None where it ended before that was logged.

    A trial is made by the command of its sweep.
    """
    kind = run.tags.get(KIND_TAG)
    parent = run_by_id(store, run.tags[PARENT_TAG]) if kind == "trial" and PARENT_TAG in run.tags else None
    words = _noise(store, run) if kind == "noise" else _overrides(store, run)
    if words is None:
        return None
    made = parent or run
    return " ".join(map(shlex.quote, ["deeplab", *_beginning(store, made, kind), *_options(made), *words]))


def _beginning(store: Store, run: Run, kind: str | None) -> list[str]:
    tags = run.tags
    if CONFIRMS_TAG in tags:
        confirmed = run_by_id(store, tags[CONFIRMS_TAG])
        sweep = ["sweep"] if confirmed is None or CONFIRMS_TAG in confirmed.tags else _beginning(store, confirmed, kind)
        return [*sweep, "--confirm", str(whole_of(tags, REPLICATES_TAG) // (whole_of(tags, FOLDS_TAG, "1") or 1))]
    if SEARCH_TAG in tags:
        return ["sweep", "--search", tags[SEARCH_TAG], "--trials", tags[TRIALS_TAG]]
    if MARGIN_TAG in tags:
        return ["decide", "--margin", tags[MARGIN_TAG]]
    if WHY_TAG in tags:
        return ["why"]
    if kind == "evaluate" and SOURCE_TAG in tags:
        return ["evaluate", tags[SOURCE_TAG][:SHORT_ID]]
    return ["sweep" if kind in ("sweep", "trial") else "noise" if kind == "noise" else "train"]


def _options(run: Run) -> list[str]:
    options = (("--code", CODE_FILE_TAG), ("--config-dir", CONFIG_DIR_TAG))
    return [word for option, tag in options if tag in run.tags for word in (option, run.tags[tag])]


def _overrides(store: Store, run: Run) -> list[str] | None:
    content = read_artifact(store, run, "overrides.txt")
    if content is None:
        return None
    begun_with = run.tags.get(INITIAL_WEIGHTS_TAG)  # which `latest` and `best:` do not mean for ever
    words = content.decode().splitlines()
    return [f"{WEIGHTS}={begun_with}" if begun_with and word.startswith(f"{WEIGHTS}=") else word for word in words]


def _noise(store: Store, run: Run) -> list[str] | None:
    content = read_artifact(store, run, "settings.json")
    if content is None:
        return None
    settings = json.loads(content)
    noise = settings["noise"]
    words = [run_id[:SHORT_ID] for run_id in settings["denoisers"].values()]
    words += ["--classifier", settings["classifier"]["run"][:SHORT_ID], "--noise", noise["kind"]]
    return [*words, "--levels", ",".join(f"{level:g}" for level in noise["levels"]), "--seeds", str(noise["seeds"])]
