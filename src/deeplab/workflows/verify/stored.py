"""Whether the files of a run agree with each other: what a forger who changes one of them forgets."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deeplab.config.compose import ComposedConfig
from deeplab.config.identity import sha, without_added_keys
from deeplab.metrics import metric_of
from deeplab.tracking.artifacts import list_files, read_artifact
from deeplab.tracking.params import flatten
from deeplab.tracking.read import read_history
from deeplab.tracking.run_log import MAX_PARAM
from deeplab.tracking.tags import CONFIG_TAG
from deeplab.training.checkpoint import Checkpoint, DamagedError, from_bytes
from deeplab.training.history import History
from deeplab.workflows.artifacts import KEPT_CHECKPOINTS, LAST_CHECKPOINT
from deeplab.workflows.trained_run import TrainedRun
from deeplab.workflows.verify.finding import Finding, held, same, scores_found

MOST_CHECKPOINT_BYTES = 8 << 30
LEARNING_RATE = "learning_rate"
_CURVES = ("train/", "val/", LEARNING_RATE)


@dataclass(frozen=True)
class StoredStates:
    """The states of a training that were kept."""

    states: tuple[Checkpoint, ...]  # by epoch, each epoch once
    findings: tuple[Finding, ...]  # those that are damaged


def stored_states(trained: TrainedRun) -> StoredStates:
    """Read the checkpoints that lie among a run's files."""
    store, run = trained.store, trained.run
    files = [path for path, size in list_files(store, run.artifact_uri) if size <= MOST_CHECKPOINT_BYTES]
    names = [path for path in files if path == LAST_CHECKPOINT or path.startswith(f"{KEPT_CHECKPOINTS}/")]
    states: dict[int, Checkpoint] = {}
    findings = []
    for name in sorted(names):
        content = read_artifact(store, run, name)
        try:
            state = from_bytes(content or b"")
        except DamagedError as error:
            findings.append(Finding(name, "different", f"it is damaged: {error}"))
            continue
        states[state.epoch] = state
    return StoredStates(tuple(states[epoch] for epoch in sorted(states)), tuple(findings))


def files_found(trained: TrainedRun, composed: ComposedConfig, kept: StoredStates) -> Iterator[Finding]:
    """Hold the lines and files of a run against each other; nothing is trained or computed.

    Args:
        trained: the run.
        composed: its configuration.
        kept: its states.
    """
    store, run = trained.store, trained.run
    params = {key: value[:MAX_PARAM] for key, value in flatten(composed.values).items()}
    odd = sorted(key for key in params.keys() | run.params.keys() if params.get(key) != run.params.get(key))
    # Keys that were added since are in the one and not in the other.
    odd = [key for key in odd if key in run.params]
    as_logged = without_added_keys(composed.values, run.params)
    yield held("config.yaml", not odd and run.tags.get(CONFIG_TAG) == sha(as_logged), _config_detail(odd))
    logged = read_history(store, run)
    stored = {
        (name, epoch): value
        for name, values in logged.items()
        if name.startswith(_CURVES)
        for epoch, value in values.items()
    }
    in_file = {key: value for key, value in stored.items() if not key[0].startswith(LEARNING_RATE)}
    yield _lines_found("history.csv", _history_file(trained), in_file)
    for state in kept.states:
        own = {
            (name, epoch.number): value
            for epoch in state.history.epochs
            for name, value in epoch.metrics.items()
            if name.startswith(_CURVES)
        }
        until = {key: value for key, value in stored.items() if key[1] <= state.epoch}
        yield _lines_found(f"history in the checkpoint of epoch {state.epoch}", own, until)
    if kept.states:
        yield from _end_found(composed, kept.states[-1].history, max((epoch for _, epoch in stored), default=0))
        yield from _validation_found(trained, composed, kept.states[-1].history)
    scores = {name.removeprefix("test/"): value for name, value in run.metrics.items() if name.startswith("test/")}
    content = read_artifact(store, run, "score.csv")
    if content is None:
        yield Finding("score.csv", "different", "it is missing")
    else:
        yield scores_found("score.csv", _score_values(content.decode(errors="replace")), scores, 0)


def _config_detail(odd: list[str]) -> str:
    return f"{odd[0]} is another than the run's parameter" if odd else "its hash is another than the run's"


def _history_file(trained: TrainedRun) -> dict[tuple[str, int], float]:
    content = (read_artifact(trained.store, trained.run, "history.csv") or b"").decode(errors="replace")
    lines = {}
    for row in csv.DictReader(io.StringIO(content)):
        try:
            lines[f"{row['data']}/{row['metric']}", int(row["epoch"])] = float(row["value"])
        except (KeyError, ValueError, TypeError):
            lines["a line that cannot be read", 0] = 0.0
    return lines


def _lines_found(what: str, lines: dict[tuple[str, int], float], logged: dict[tuple[str, int], float]) -> Finding:
    """Hold a history against the one that the store's metrics have, to the last digit."""
    for key in sorted(lines.keys() | logged.keys(), key=lambda key: (key[1], key[0])):
        one, other = lines.get(key), logged.get(key)
        if one is None or other is None or not same(one, other):
            name, epoch = key
            here, there = ("missing" if each is None else f"{each!r}" for each in (one, other))
            return Finding(what, "different", f"{name} of epoch {epoch} is {here} there, {there} among the metrics")
    return Finding(what, "identical")


def _end_found(composed: ComposedConfig, history: History, epochs: int) -> Iterator[Finding]:
    """A training has the epochs that were asked for, or those until early stopping ends it, and a state of its end."""
    training, kept = composed.config.training, len(history.epochs)
    if kept != epochs:
        yield Finding("training", "unchecked", f"no state was kept after epoch {kept} of {epochs}")
        return
    patience, end = training.early_stopping_patience, training.epochs
    if patience is not None:
        end = _stops_after(history.values(f"val/{training.monitor}"), patience, training.monitor) or end
    yield held("number of epochs", epochs == end, f"it is {epochs}, and the configuration ends it after {end}")


def _stops_after(scores: Sequence[float], patience: int, monitor: str) -> int | None:
    """The epoch after which Keras' early stopping ends a training with these scores, or None."""
    is_higher_better, best, waited = metric_of(monitor).higher_is_better, None, 0
    for epoch, score in enumerate(scores, start=1):
        waited += 1
        if not math.isnan(score) and (best is None or (score > best if is_higher_better else score < best)):
            best, waited = score, 0
        elif waited >= patience and epoch > 1:
            return epoch
    return None


def _validation_found(trained: TrainedRun, composed: ComposedConfig, history: History) -> Iterator[Finding]:
    """The scores on validation rows are those of the epoch whose weights were kept."""
    training = composed.config.training
    if len(history.epochs) == 0 or training.ema is not None:
        return
    kept = history.best(training.monitor) if training.restore_best_weights else history.epochs[-1]
    own = {f"validation/{name.removeprefix('val/')}": value for name, value in kept.metrics.items() if "val/" in name}
    logged = {name: value for name, value in trained.run.metrics.items() if name.startswith("validation/")}
    if own or logged:
        yield scores_found("scores on validation rows", logged, own, 0)


def _score_values(text: str) -> dict[str, float]:
    """The scores that stand in `score.csv`, by name; empty where it cannot be read."""
    try:
        head, row = list(csv.reader(io.StringIO(text)))
        pairs = zip(head, row, strict=True)
        return {re.sub("^acc$", "accuracy", name): float(value) for name, value in pairs}
    except ValueError:
        return {}
