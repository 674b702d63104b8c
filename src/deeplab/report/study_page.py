"""The report of a study: `README.md` with figures, written from its results alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deeplab.config.study import Entry
from deeplab.evaluation.statistics import Statistics, statistics
from deeplab.report.measure import configuration
from deeplab.report.results import Result
from deeplab.report.study import Study, planned_runs
from deeplab.report.verdicts import Verdict, verdicts
from deeplab.sweep.plan import plan_sweep
from deeplab.tracking.read import read_artifact

FIGURES = "figures"
# Of which run which pictures are shown.
_RUN_PICTURES = ("curves", "denoised", "boundary", "units")
_NOISE_PICTURES = ("noise_curve", "noise_classes")
_SWEEP_PICTURES = ("sweep",)


@dataclass(frozen=True)
class Measured:
    """An entry and its finished runs.

    Attributes:
        name: of the entry.
        entry: what it asks for.
        lines: finished runs of the configuration that it has now.
        planned: how many there are to be.
        verdicts: its figures.
    """

    name: str
    entry: Entry
    lines: tuple[Result, ...]
    planned: int
    verdicts: tuple[Verdict, ...]


def write_page(study: Study) -> Path:
    """Write `README.md` and its figures into the folder of a study.

    Returns:
        The path of the page.
    """
    from deeplab.plots.study import draw
    from deeplab.plots.style import to_png

    measured = measure(study)
    figures = study.folder / FIGURES
    figures.mkdir(exist_ok=True)
    pictures: list[str] = []
    accuracies = [
        (f"{verdict.entry}: {verdict.metric}", verdict)
        for each in measured
        for verdict in each.verdicts
        if verdict.figure.reported is not None and "accuracy" in verdict.metric
    ]
    if accuracies:
        rows = [
            (
                label,
                verdict.figure.reported or 0.0,
                verdict.figure.tolerance or 0.0,
                None if verdict.measured is None else verdict.measured.mean,
                None if verdict.measured is None else verdict.measured.deviation,
            )
            for label, verdict in accuracies
        ]
        (figures / "reported.png").write_bytes(to_png(draw(rows, f"{study.config.title}: accuracy", "accuracy")))
        pictures.append("reported.png")
    shown = {each.name: _pictures(study, each, figures) for each in measured}
    page = study.folder / "README.md"
    text = "\n".join(_lines(study, measured, pictures, shown))
    aside = page.with_suffix(".new")
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(page)
    return page


def measure(study: Study) -> list[Measured]:
    """Every entry with what is finished of it."""
    return [_measured(study, name, entry) for name, entry in study.config.entries.items()]


def _measured(study: Study, name: str, entry: Entry) -> Measured:
    """The lines of an entry whose configuration is still what the study asks for."""
    ours = [line for line in study.results.lines if line.entry == name]
    if entry.run is not None:
        wanted = [configuration(each.values) for each in planned_runs(name, entry, study.config, study.overrides)]
    elif entry.sweep is not None:
        wanted = [configuration(trial.values) for trial in plan_sweep([*entry.sweep, *study.overrides], None).trials]
    else:
        wanted = [line.configuration for line in ours][-1:]
    lines = tuple(line for line in ours if line.configuration in wanted)
    return Measured(name, entry, lines, max(1, len(wanted)), tuple(verdicts(name, entry, lines)))


def _pictures(study: Study, measured: Measured, figures: Path) -> list[str]:
    """Copy an entry's pictures out of the store; where the run is elsewhere, those of before stay."""
    names = _RUN_PICTURES if measured.entry.run else _SWEEP_PICTURES if measured.entry.sweep else _NOISE_PICTURES
    kept = []
    for name in names:
        target = figures / f"{measured.name}_{name}.png"
        content = _picture(study, measured, name)
        if content is not None:
            target.write_bytes(content)
        if target.exists():
            kept.append(target.name)
    return kept


def _picture(study: Study, measured: Measured, name: str) -> bytes | None:
    from mlflow.exceptions import MlflowException

    if not measured.lines:
        return None
    try:
        run = study.store.client.get_run(measured.lines[0].run)
        if measured.entry.sweep:
            run = study.store.client.get_run(run.data.tags["mlflow.parentRunId"])
    except (MlflowException, KeyError):
        return None
    return read_artifact(study.store, run, f"plots/{name}.png")


def _lines(
    study: Study, measured: Sequence[Measured], pictures: Sequence[str], shown: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    yield f"# {study.config.title}"
    yield ""
    yield "<!-- Written by deeplab study from study.yaml and results.csv; what is changed here is lost. -->"
    yield ""
    yield study.config.about.strip()
    yield ""
    yield "## Reported and measured"
    yield ""
    yield from _table(
        ("entry", "metric", "reported or expected", "source", "measured", "within, of n", "verdict"),
        [
            (
                verdict.entry + (f", {verdict.point}" if verdict.point else ""),
                verdict.metric,
                verdict.wanted,
                verdict.figure.source,
                _mean(verdict.measured),
                f"{verdict.within} of {verdict.measured.count}" if verdict.measured else "",
                verdict.words,
            )
            for each in measured
            for verdict in each.verdicts
        ],
    )
    yield ""
    yield (
        "Measured: mean ± standard deviation over n trainings, each with its own seed. The verdict is on the mean; "
        "beside it stands how many of the single trainings lie within."
    )
    for picture in pictures:
        yield ""
        yield f"![reported and measured]({FIGURES}/{picture})"
    for each in measured:
        yield ""
        yield from _entry(each, shown[each.name])
    yield ""
    yield from _provenance(study, measured)


def _entry(each: Measured, pictures: Sequence[str]) -> Iterator[str]:
    yield f"## {each.name}"
    yield ""
    if each.entry.about:
        yield each.entry.about.strip()
        yield ""
    command = f"deeplab train {' '.join(each.entry.run)}" if each.entry.run else ""
    command = f"deeplab sweep {' '.join(each.entry.sweep)}" if each.entry.sweep else command
    done = f"{len(each.lines)} of {each.planned} runs are finished."
    yield f"`{command}`: {done}" if command else done
    if each.lines:
        yield ""
        yield from _noise_table(each) if each.entry.noise else _score_table(each)
    if pictures and each.entry.run and each.planned > 1:
        yield ""
        yield "The pictures are of the first of these runs."
    for picture in pictures:
        yield ""
        yield f"![{picture.removesuffix('.png').replace('_', ' ')}]({FIGURES}/{picture})"


def _score_table(each: Measured) -> Iterator[str]:
    metrics = [
        metric
        for metric in ("validation/accuracy", "validation/loss", "test/accuracy", "test/loss", "test/mse", "test/psnr")
        if all(metric in line.scores for line in each.lines)
    ]
    points: dict[str, list[Result]] = {}
    for line in sorted(each.lines, key=_in_order):
        points.setdefault(line.point, []).append(line)
    rows = [
        (
            *((point,) if each.entry.sweep else ()),
            str(len(lines)),
            *(_mean(statistics([line.scores[metric] for line in lines])) for metric in metrics),
            f"{statistics([line.seconds for line in lines]).mean:.0f}",
        )
        for point, lines in points.items()
    ]
    yield from _table((*(("point",) if each.entry.sweep else ()), "n", *metrics, "seconds"), rows)


def _in_order(line: Result) -> tuple[str, float, str]:
    """Points of one key by its value, where that is a number."""
    key, _, value = line.point.partition("=")
    try:
        return key, float(value), ""
    except ValueError:
        return key, 0.0, value


def _noise_table(each: Measured) -> Iterator[str]:
    scores = each.lines[0].scores
    states = list(dict.fromkeys(name.partition("@")[0] for name in scores))
    levels = sorted({float(name.partition("@")[2]) for name in scores})
    ordered = ["noisy", *(state for state in states if state != "noisy")]
    yield "True-positive rate, the mean over the draws of the noise:"
    yield ""
    yield from _table(
        ("level", *ordered),
        [(f"{level:g}", *(f"{scores[f'{state}@{level:g}']:.4f}" for state in ordered)) for level in levels],
    )


def _provenance(study: Study, measured: Sequence[Measured]) -> Iterator[str]:
    lines = [line for each in measured for line in each.lines]
    yield "## Where the figures come from"
    yield ""
    yield f"`deeplab study {study.folder.as_posix()}` trains what is missing and writes this page."
    yield "Each run has its line in [results.csv](results.csv)."
    if not lines:
        return
    yield ""
    facts = {
        "finished": f"{min(line.finished for line in lines)} to {max(line.finished for line in lines)}",
        "versions": "; ".join(sorted({line.versions for line in lines})),
        "device": ", ".join(sorted({line.device for line in lines if line.device})),
        "data (SHA-256)": ", ".join(sorted({line.data for line in lines})),
        "seconds of training": f"{sum(line.seconds for line in lines):,.0f}",
    }
    yield from _table(("what", "value"), list(facts.items()))


def _mean(found: Statistics | None) -> str:
    if found is None:
        return ""
    return f"{found.mean:.4f}" if found.deviation is None else f"{found.mean:.4f} ± {found.deviation:.4f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
