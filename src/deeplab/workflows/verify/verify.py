"""Tell whether finished runs are what their configurations give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deeplab.code.file import CodeReference, reference
from deeplab.config.compose import ComposedConfig
from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.machine import cores
from deeplab.tracking.find import TRAINED, find_run
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store, open_to_read
from deeplab.tracking.tags import CODE_TAG, DEVICE_TAG, KIND_TAG, PARAMETERS_TAG, VALIDATION_TAG
from deeplab.training.cache import TrainingCache
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.own_code import own_code_of
from deeplab.workflows.prepare import prepare
from deeplab.workflows.run_tags import tags_of
from deeplab.workflows.trained_run import TrainedRun
from deeplab.workflows.verify.finding import Finding, Outcome, held
from deeplab.workflows.verify.network import network_found
from deeplab.workflows.verify.processes import in_processes
from deeplab.workflows.verify.stored import files_found, stored_states
from deeplab.workflows.verify.stretches import Stretch, draw, stretches_of, train_again

OUTCOMES: tuple[Outcome, ...] = ("different", "unchecked", "within", "identical")


@dataclass(frozen=True)
class RunVerdict:
    """What was found of a run."""

    run: Run
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of what was found."""
        return worst([finding.outcome for finding in self.findings])


@dataclass(frozen=True)
class Verification:
    """What was found of all runs."""

    verdicts: tuple[RunVerdict, ...]
    trained: int  # epochs that were trained again
    epochs: int  # that all runs have together
    seed: int  # that the stretches were drawn from
    passed_over: tuple[Run, ...] = ()  # of which nothing was held against anything
    study: tuple[Finding, ...] = ()  # of the results of a study that they are of

    @property
    def outcome(self) -> Outcome:
        """The worst of what was found."""
        return worst([verdict.outcome for verdict in self.verdicts] + [finding.outcome for finding in self.study])


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The worst of some; `unchecked` where nothing was checked.

    Examples:
        >>> worst(["identical", "unchecked"]), worst(["within", "identical"]), worst([])
        ('unchecked', 'within', 'unchecked')
    """
    return next((each for each in OUTCOMES if each in outcomes), "unchecked")


@dataclass(frozen=True)
class _Subject:
    """A training that is verified, as another process is told of it."""

    tracking: TrackingConfig
    run_id: str
    data: Path | None
    code: CodeReference | None
    stretches: tuple[Stretch, ...]


def verify(
    store: Store,
    runs: Sequence[Run],
    share: float,
    seed: int,
    data: Path | None = None,
    tell: Callable[[RunVerdict], None] = lambda _: None,
) -> Verification:
    """Hold the files of runs against each other, score their networks again, and train parts of them again.

    Nothing is written into the store. Runs that took a part of the cores are verified side by side.

    Args:
        store: where they are.
        runs: to verify; those that trained nothing are passed over.
        share: of all their epochs that is trained again, from 0 to 1; at least one stretch is, unless it is 0.
        seed: the stretches are drawn from.
        data: where the data are on this machine, or None where the configurations say it rightly.
        tell: told of each run when it is done.

    Raises:
        UserError: none of them is a finished training.
    """
    trainings = [run for run in runs if run.tags.get(KIND_TAG) in TRAINED and run.status == "FINISHED"]
    if not trainings:
        raise UserError("There is no finished training among these runs; nothing can be verified.")
    stretches, epochs, workers = [], 0, cores()
    for run in trainings:
        trained = TrainedRun(run, store)
        states = stored_states(trained).states
        stretches += stretches_of(run.id, states)
        epochs += states[-1].epoch if states else 0
        workers = min(workers, _side_by_side(trained))
    chosen = draw(stretches, share, seed) if share else []
    tracking = TrackingConfig(store.place.uri, "deeplab", "all", "all")
    subjects = [
        _Subject(tracking, run.id, data, reference(), tuple(each for each in chosen if each.run_id == run.id))
        for run in trainings
    ]
    verdicts = []
    for verdict in in_processes(_verdict, subjects, min(workers, len(subjects))):
        verdicts.append(verdict)
        tell(verdict)
    return Verification(tuple(verdicts), sum(each.epochs for each in chosen), epochs, seed)


def _side_by_side(trained: TrainedRun) -> int:
    """How many such runs can be trained at once on the cores of this machine."""
    try:
        training = trained.composed().config.training
    except UserError as error:
        if CODE_TAG in trained.run.tags:  # it is not used without consent
            raise error
        return 1
    if training.device != "cpu" and trained.run.tags.get(DEVICE_TAG) != "cpu":
        return 1
    return max(1, cores() // (training.threads or cores()))


_CACHE = TrainingCache()  # what the trainings of this process share


def _verdict(subject: _Subject) -> RunVerdict:
    with own_code_of(subject.code):
        store = open_to_read(subject.tracking)
        trained = TrainedRun(find_run(store, subject.run_id), store)
        try:
            composed = _with_data(trained.composed(), subject.data)
        except UserError as error:
            return RunVerdict(trained.run, (Finding("config.yaml", "different", str(error)),))
        return RunVerdict(trained.run, tuple(_findings(trained, composed, subject.stretches)))


def _findings(trained: TrainedRun, composed: ComposedConfig, stretches: Sequence[Stretch]) -> list[Finding]:
    kept = stored_states(trained)
    findings = [*kept.findings, *files_found(trained, composed, kept)]
    work_folder = trained.store.place.work_folder
    try:
        setup = prepare(composed.config, work_folder, cache=_CACHE)
    except UserError as error:
        return [*findings, Finding("data and network", "unchecked", str(error))]
    tags = trained.run.tags
    if any(tags.get(tag) != fingerprint for tag, fingerprint in setup.fingerprints.items()):
        name = setup.splits.info.name
        return [*findings, Finding("data", "unchecked", f"{name} here is not what the run was trained on")]
    findings.append(_tags_found(trained, composed, setup))
    is_whole = bool(kept.states) and kept.states[-1].epoch == trained.run.steps.get("train/loss")
    findings += network_found(trained, composed.config, kept.states[-1] if is_whole else None, setup)
    for number, stretch in enumerate(stretches):
        if number:  # the network and the optimiser of one training serve no other
            setup = prepare(composed.config, work_folder, cache=_CACHE)
        findings += train_again(trained, composed, setup, stretch, kept.states, _CACHE)
    if not kept.states:
        findings.append(Finding("training", "unchecked", "no state was kept: tracking.keep_checkpoints=1 keeps them"))
    return findings


def _tags_found(trained: TrainedRun, composed: ComposedConfig, setup: TrainingSetup) -> Finding:
    """Hold those tags against the configuration that do not depend on the machine."""
    tags, again = trained.run.tags, tags_of(composed, setup)
    known = [tag for tag in again if tag in (VALIDATION_TAG, PARAMETERS_TAG) or tag.endswith("_rows_in_training")]
    odd = next((tag for tag in known if tags.get(tag, again[tag]) != again[tag]), None)
    detail = "" if odd is None else f"{odd} is {tags[odd]}, and the configuration gives {again[odd]}"
    return held("tags", odd is None, detail)


def _with_data(composed: ComposedConfig, data: Path | None) -> ComposedConfig:
    """The configuration with data that are elsewhere on this machine."""
    dataset: Any = composed.config.dataset
    key = next((key for key in ("path", "data_dir") if hasattr(dataset, key)), None)
    if data is None or key is None:
        return composed
    return replace(composed, config=replace(composed.config, dataset=replace(dataset, **{key: str(data)})))
