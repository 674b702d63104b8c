"""What a run leaves in the store besides metrics: its configuration, history, scores, figures and model."""

import re
from collections.abc import Iterable, Mapping

import yaml

from deeplab.code.file import current
from deeplab.config.compose import ComposedConfig
from deeplab.config.schema import TrainingConfig
from deeplab.files import table
from deeplab.tracking.artifacts import CODE_FOLDER
from deeplab.tracking.location import redact_password
from deeplab.tracking.provenance import PACKAGES_FILE, installed_packages
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.tags import CODE_FILE_TAG, CODE_TAG
from deeplab.training.checkpoint import Checkpoint, file_name, to_bytes
from deeplab.training.history import History
from deeplab.training.setup import TrainingSetup

LAST_CHECKPOINT = "last.ckpt"
KEPT_CHECKPOINTS = "checkpoints"
DATASET_FILE = "dataset.json"


def without_password(composed: ComposedConfig) -> ComposedConfig:
    """The configuration as it may be kept: an address in it shows no password."""
    uri = composed.config.tracking.uri
    if uri is None or redact_password(uri) == uri:
        return composed
    tracking = {**composed.values["tracking"], "uri": redact_password(uri)}
    overrides = tuple(line.replace(uri, redact_password(uri)) for line in composed.overrides)
    return ComposedConfig(composed.config, {**composed.values, "tracking": tracking}, overrides)


def input_files(composed: ComposedConfig) -> dict[str, str]:
    """`config.yaml`, `overrides.txt`, `packages.txt` and the file of --code: what it takes to do the run again."""
    return {
        "config.yaml": yaml.safe_dump(composed.values, sort_keys=False, allow_unicode=True),
        "overrides.txt": override_lines(composed.overrides),
        PACKAGES_FILE: installed_packages(),
        **code_files(),
    }


def code_files() -> dict[str, str]:
    """The file of code that is in force, by the path that a run keeps it under; nothing where there is none."""
    code = current()
    return {} if code is None else {f"{CODE_FOLDER}/{code.name}": code.text}


def code_tags() -> dict[str, str]:
    """The tags by which a run knows the file of code that is in force."""
    code = current()
    return {} if code is None else {CODE_TAG: code.sha256, CODE_FILE_TAG: code.name}


def override_lines(overrides: Iterable[str]) -> str:
    """The content of `overrides.txt`."""
    return "".join(f"{line}\n" for line in overrides)


def log_history(log: RunLog, history: History, in_words_of_r: bool) -> None:
    """`history.csv` in long form: epoch, value, metric, data. Values are written so that they read back equal."""
    log.log_text("history.csv", table(("epoch", "value", "metric", "data"), history.long_form()))
    if in_words_of_r:
        log.log_text("history_r.csv", table(("epoch", "value", "metric", "data"), history.long_form_of_r()))


def log_scores(
    log: RunLog,
    scores: Mapping[str, float],
    history: History,
    config: TrainingConfig,
    of_training: Mapping[str, float],
) -> dict[str, float]:
    """The scores of the network as it is kept, and how long its training took, as metrics; `score.csv`: loss, acc of a
    classifier.

    Returns:
        What was logged: `test/loss`, `test/accuracy` and whatever else `scores` has, `training/loss` and so on of
        `of_training`, `time/training_seconds` and, where something was held out, `validation/loss` and so on: of the
        last epoch, or of the best one where its weights were restored.
    """
    kept = history.best(config.monitor) if config.restore_best_weights else history.epochs[-1]
    values = {f"test/{name}": value for name, value in scores.items()}
    values |= {f"training/{name}": value for name, value in of_training.items()}
    for name, value in kept.metrics.items():
        if name.startswith("val/"):
            values[f"validation/{name.removeprefix('val/')}"] = value
    values["time/training_seconds"] = sum(history.values("time/epoch_seconds"))
    log.metrics(history.epochs[-1].number, values)
    log.log_text("score.csv", score_table(scores))
    return values


def score_table(scores: Mapping[str, float]) -> str:
    """The content of `score.csv`: one line, under the names of the scores, the accuracy as `acc`."""
    return table([re.sub("^accuracy", "acc", name) for name in scores], [tuple(scores.values())])


def log_checkpoint(log: RunLog, checkpoint: Checkpoint) -> None:
    """`last.ckpt`: what it takes to train a finished run further."""
    log.log_bytes(LAST_CHECKPOINT, to_bytes(checkpoint))


def log_kept_checkpoint(log: RunLog, checkpoint: Checkpoint) -> None:
    """`checkpoints/epoch-000005.ckpt`: a state on the way, from which a stretch can be trained again."""
    log.log_bytes(f"{KEPT_CHECKPOINTS}/{file_name(checkpoint)}", to_bytes(checkpoint))


def log_model(log: RunLog, setup: TrainingSetup) -> None:
    """The trained network, and in `dataset.json` what one must know of its data to use it."""
    log.log_text(DATASET_FILE, setup.input_spec().to_json())
    log.model(setup.network, setup.splits.info.input_shape)


def log_plots(log: RunLog, plots: Iterable[tuple[str, bytes]]) -> None:
    """Figures by the names of their files, in `plots/`."""
    for name, content in plots:
        log.log_bytes(f"plots/{name}", content)
