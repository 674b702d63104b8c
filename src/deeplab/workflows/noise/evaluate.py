"""How noise spoils a classifier, and what networks that denoise take back: an evaluation without training."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from filelock import FileLock, Timeout

from deeplab.data.add_noise import check_takes_noise
from deeplab.data.noise import Noise
from deeplab.data.splits import Splits
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError
from deeplab.evaluation.statistics import Statistics
from deeplab.tracking.find import all_runs
from deeplab.tracking.provenance import PACKAGES_FILE, git_tags, installed_packages
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import CLASSIFIER_TAG, DATA_TAG, DENOISERS_TAG, KIND_TAG, NOISE_KEY_TAG
from deeplab.workflows.noise.partial_results import NoiseDraw, NoiseDrawFile
from deeplab.workflows.noise.results import in_mlflow, log_outcome, rates_of
from deeplab.workflows.recording import recorded
from deeplab.workflows.signals import signals_ignored
from deeplab.workflows.trained_run import TrainedRun, check_task, find_trained_run, load_data

MOST_LEVELS, MOST_SEEDS = 1001, 1000


@dataclass(frozen=True)
class NoiseSettings:
    """What is evaluated."""

    classifier: str  # the run whose network classifies, as `find_run` understands it
    denoisers: tuple[str, ...]  # runs whose networks denoise
    kind: str | None  # of the noise; None for the kind that the first denoiser was trained with, or salt and pepper
    levels: tuple[float, ...]  # of the noise, in [0, 1]
    seeds: int  # draws of the noise at each level

    def __post_init__(self) -> None:
        if not self.levels or len(self.levels) > MOST_LEVELS:
            raise UserError(f"--levels: there must be 1 to {MOST_LEVELS} of them, got {len(self.levels)}.")
        for level in self.levels:
            if not 0 <= level <= 1:
                raise UserError(f"--levels: a level lies in [0, 1], got {level:g}.")
        if not 0 < self.seeds <= MOST_SEEDS:
            raise UserError(f"--seeds: must be 1 to {MOST_SEEDS}, got {self.seeds}.")


@dataclass(frozen=True)
class NoiseResult:
    """What came of it."""

    run_id: str
    name: str
    store: Store
    kind: str
    levels: tuple[float, ...]  # rising
    rates: Mapping[str, Sequence[Statistics]]  # true-positive, level by level, by state: `noisy` or who denoised
    images: int  # in the test set


class NoiseObserver:
    """Told how an evaluation goes; by itself it does nothing."""

    def began(self, run_id: str, name: str, images: int, done: int) -> None:
        """So many images are to be classified in all, and so many were when an earlier start ended."""

    def counted(self, images: int) -> None:
        """So many more were classified in every state."""

    def cell_done(self, cell: NoiseDraw, images: int) -> None:
        """A level and a seed are done, over so many images."""


def noise_curve(settings: NoiseSettings, store: Store, observer: NoiseObserver) -> NoiseResult:
    """Evaluate networks on noisy test images and log that as a run of its own.

    Raises:
        UserError: there are no such networks, or they do not fit each other; no run is left.
        Interrupted: it was ended from outside; the same evaluation again goes on.
    """
    classifier = find_trained_run(store, settings.classifier)
    check_task(classifier, "classification", "--classifier")
    denoisers = _named([find_trained_run(store, name) for name in settings.denoisers])
    for denoiser in denoisers.values():
        check_task(denoiser, "reconstruction", "deeplab noise")
    kind = settings.kind or next((kind for one in denoisers.values() if (kind := _trained_with(one)[0])), None)
    settings = replace(settings, kind=kind or "salt_and_pepper", levels=tuple(sorted(set(settings.levels))))
    splits = load_data(classifier)
    check_takes_noise(splits.test, splits.info, "deeplab noise")
    # Here, because it imports TensorFlow.
    from deeplab.training.runtime import prepare_runtime

    training = replace(classifier.composed().config.training, device="auto", threads=None, precision="float32")
    prepare_runtime(training, seed=0)
    networks = {name: denoiser.network() for name, denoiser in denoisers.items()}
    for name, network in networks.items():
        _check_fits(denoisers[name], network.input_shape[1:], splits.info)
    key = _key(settings, classifier, denoisers, splits)
    folder = store.place.work_folder / "noise" / key
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            cells = NoiseDrawFile(folder)

            def begin() -> RunLog:
                return _open_log(settings, classifier, denoisers, splits, store, key, cells)

            def interrupted(_log: RunLog) -> str:
                return (
                    f"Interrupted: {len(cells.done)} of {len(_cells(settings))} noise draws are kept. "
                    "To go on: the same command again."
                )

            with recorded(store, begin, interrupted) as log:
                _evaluate(settings, classifier.network(), networks, splits, cells, log.run_id, observer)
                rates = rates_of(cells.done, splits)
                log_outcome(log, settings.kind or "", cells.done, splits, networks, _levels(denoisers))
            with signals_ignored():
                cells.remove()
    except Timeout:
        raise UserError("This evaluation is being carried out by another process; wait for it, or end it.") from None
    name = _run_name(classifier, denoisers)
    return NoiseResult(log.run_id, name, store, settings.kind or "", settings.levels, rates, len(splits.test))


def _evaluate(
    settings: NoiseSettings,
    classifier: object,
    denoisers: Mapping[str, object],
    splits: Splits,
    cells: NoiseDrawFile,
    run_id: str,
    observer: NoiseObserver,
) -> None:
    from deeplab.evaluation.noise import count_correct

    planned, images = _cells(settings), len(splits.test)
    name = " + ".join(denoisers) or "classifier"
    observer.began(run_id, name, len(planned) * images, len(cells.done) * images)
    for level, seed in planned:
        if (level, seed) in cells.done:
            continue
        noise = Noise(settings.kind or "", level, seed, "test") if level else None
        info = splits.info
        correct = count_correct(
            classifier, denoisers, splits.test, noise, info.scale, info.num_classes, observer.counted
        )
        cell = NoiseDraw(level, seed, {state: tuple(map(int, counts)) for state, counts in correct.items()})
        cells.add(cell)
        observer.cell_done(cell, images)


def _cells(settings: NoiseSettings) -> list[tuple[float, int]]:
    """Levels and seeds; without noise there is nothing to draw, so one seed says it all."""
    return [(level, seed) for level in settings.levels for seed in range(settings.seeds if level else 1)]


def _named(denoisers: Sequence[TrainedRun]) -> dict[str, TrainedRun]:
    """By their run's name, with its id where two have the same."""
    names = [str(one.run.name) for one in denoisers]
    ids = [str(one.run.id) for one in denoisers]
    for number, run_id in enumerate(ids):
        if run_id in ids[:number]:
            raise UserError(f"Run {denoisers[number].name} is given twice.")
    return {
        name if names.count(name) == 1 and name != "noisy" else f"{name} {one.run.short_id}": one
        for name, one in zip(names, denoisers, strict=True)
    }


def _trained_with(trained: TrainedRun) -> tuple[str | None, float]:
    """Kind and level of the noise that a network was trained with."""
    noise = trained.composed().values.get("noise", {})
    kind = noise.get("kind")
    return (None, 0.0) if kind in (None, "none") else (str(kind), float(noise["level"]))


def _levels(denoisers: Mapping[str, TrainedRun]) -> dict[str, float]:
    trained = {name: _trained_with(one) for name, one in denoisers.items()}
    return {name: level for name, (kind, level) in trained.items() if kind}


def _check_fits(denoiser: TrainedRun, shape: tuple[int, ...], info: DatasetInfo) -> None:
    if tuple(shape) != info.input_shape:
        a, b = ("x".join(map(str, shape)) for shape in (shape, info.input_shape))
        raise UserError(f"Run {denoiser.name} denoises images of {a}, the classifier takes images of {b}.")
    white, expected = (round(1 / scale) for scale in (denoiser.facts().info.scale, info.scale))
    if white != expected:
        raise UserError(
            f"Run {denoiser.name} denoises images with values from 0 to {white}, the classifier takes 0 to {expected}."
        )


def _key(settings: NoiseSettings, classifier: TrainedRun, denoisers: Mapping[str, TrainedRun], splits: Splits) -> str:
    """What the same evaluation has in common."""
    runs = [trained.run.id for trained in (classifier, *denoisers.values())]
    parts = [runs, settings.kind, settings.levels, settings.seeds, splits.info.fingerprint, len(splits.test)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _open_log(
    settings: NoiseSettings,
    classifier: TrainedRun,
    denoisers: Mapping[str, TrainedRun],
    splits: Splits,
    store: Store,
    key: str,
    cells: NoiseDrawFile,
) -> RunLog:
    before = _unfinished(store, key)
    if before is not None:
        return RunLog.resume(store, before)
    cells.clear()  # of a run that was deleted since
    ids = {in_mlflow(name): str(one.run.id) for name, one in denoisers.items()}
    values = {
        "noise": {"kind": settings.kind, "levels": list(settings.levels), "seeds": settings.seeds},
        "classifier": {"name": classifier.run.name, "run": classifier.run.id},
        "denoisers": ids,
        "dataset": classifier.composed().values["dataset"],
    }
    tags = {
        **git_tags(),
        KIND_TAG: "noise",
        NOISE_KEY_TAG: key,
        CLASSIFIER_TAG: classifier.run.id,
        DENOISERS_TAG: " ".join(ids.values()),
        DATA_TAG: splits.info.fingerprint,
    }
    files = {"settings.json": json.dumps(values, indent=2), PACKAGES_FILE: installed_packages()}
    return RunLog.begin(store, _run_name(classifier, denoisers), values, tags, None, files)


def _run_name(classifier: TrainedRun, denoisers: Mapping[str, TrainedRun]) -> str:
    return " + ".join(["noise", *denoisers, str(classifier.run.name)])


def _unfinished(store: Store, key: str) -> Run | None:
    same = [run for run in all_runs(store) if run.tags.get(NOISE_KEY_TAG) == key]
    return next((run for run in same if run.status != "FINISHED"), None)
