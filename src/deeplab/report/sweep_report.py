"""The report of a sweep or a search: its points held against each other, its figures, its trials."""

import csv
from collections.abc import Iterator, Sequence

from deeplab.choice import ON_TEST, left_out
from deeplab.metrics import compared, is_share, label_of
from deeplab.report.configuration import configuration
from deeplab.report.page import Cell, Code, Collapsible, KeyValues, Page, Part, Section, Table, Text, number, table_of
from deeplab.report.pictures import pictures_in, read_pictures
from deeplab.report.provenance import SHORT_ID, notes, provenance, timestamp, what
from deeplab.report.sweep_tables import Line, Outcome, cells, read_outcome, settings_of, value
from deeplab.runs.summary import summarize_runs
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.field_names import validated_on_test
from deeplab.tracking.find import all_runs
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import BEST_POINT_TAG, PARENT_TAG, POINT_TAG, REPLICATES_TAG, SEARCH_TAG, TRIALS_TAG

_SPREAD = ("mean", "std", "± 95 %", "min", "max")


def sweep_report(store: Store, run: Run, files: list[str]) -> Page:
    """Describe a sweep.

    Args:
        store: where it is.
        run: its own, the parent of its trials.
        files: that it left.
    """
    children = all_runs(store, (PARENT_TAG, run.id))[::-1]
    outcome = read_outcome(store, run, children)
    best = _best_trial(run, outcome, children)
    shown = [best, *(each for each in children if each is not best)] if best else children
    title = "Configuration of the best point" if best else "Configuration of the first trial"
    sections = (
        Section("Result", (*notes(run), *_result(run, outcome, children), *_points(outcome), *_other_scores(outcome))),
        Section("Figures", read_pictures(store, run, pictures_in(files, "plots"), _captions(outcome))),
        Section("Trials", tuple(_trials(store, run, outcome, children))),
        Section("What was swept", tuple(_swept(run))),
        *(configuration(store, each, title, outcome.keys) for each in shown[:1]),
        provenance(store, run, shown),
    )
    row = summarize_runs([run], [run, *children])[0]
    kind = "Search" if SEARCH_TAG in run.tags else "Sweep"
    about = f"{kind}{what(row)}, {row.status.lower()}, begun {timestamp(run.started_ms)}."
    return Page(row.name, (about,), tuple(_highlights(run, outcome, children)), sections)


def _highlights(run: Run, outcome: Outcome, children: Sequence[Run]) -> Iterator[tuple[str, Cell]]:
    tags = run.tags
    if BEST_POINT_TAG in tags:
        yield "best", tags[BEST_POINT_TAG]
    tested = next((each.name for each in compared("test") if f"best/{each.name}" in run.metrics), outcome.metric)
    for name in dict.fromkeys((outcome.metric, tested)):
        if f"best/{name}" in run.metrics:
            yield label_of(name), run.metrics[f"best/{name}"]
    if outcome.points:
        yield "points", len(outcome.points)
    finished = sum(child.status == "FINISHED" for child in children)
    planned = tags.get(TRIALS_TAG, "")
    if SEARCH_TAG in tags:  # which counts points
        planned = str(int(planned) * int(tags.get(REPLICATES_TAG, "1")))
    yield "trials", finished if planned == str(finished) else f"{finished} of {planned}"


def _result(run: Run, outcome: Outcome, children: Sequence[Run]) -> Iterator[Part]:
    """What the sweep says, in sentences."""
    chosen = _best_trial(run, outcome, children)
    if outcome.best is None:
        if chosen and validated_on_test(chosen):  # of a search
            yield Text(ON_TEST)
        return
    metric, best = outcome.metric, outcome.points[outcome.best]
    mean, interval = value(best[f"{metric} mean"]), value(best[f"{metric} interval"])
    if mean is None:
        return
    spread = "" if interval is None else f" ± {number(interval)} (95 % interval, n = {best['n']})"
    yield Text(
        f"Best by mean {label_of(metric)}: {settings_of(outcome, best) or 'the only point'}, {mean:.4f}{spread}."
    )
    yield from _compared(outcome)
    if len(outcome.points) > 1 and (metric.startswith("test/") or (chosen and validated_on_test(chosen))):
        yield Text(ON_TEST)
    elif on_test := {child.tags.get(POINT_TAG) for child in children if validated_on_test(child)}:
        yield Text(left_out(len(on_test), "point"))
    yield from _against_reference(run, metric, mean)


def _compared(outcome: Outcome) -> Iterator[Part]:
    """How many points are told apart from the best one by the interval of their differences in pairs."""
    pairs = [(value(line["difference"]), value(line["difference_interval"])) for line in outcome.points]
    tested = [
        (difference, interval) for difference, interval in pairs if difference is not None and interval is not None
    ]
    if tested:
        apart = sum(abs(difference) > interval for difference, interval in tested)
        if len(tested) == 1:
            who = "The other point differs" if apart else "The other point does not differ"
        else:
            who = f"{apart or 'None'} of {len(tested)} other points differ{'s' if apart == 1 else ''}"
        yield Text(f"{who} from it by more than the 95 % interval of the difference, taken in pairs of the same seed.")


def _against_reference(run: Run, metric: str, mean: float) -> Iterator[Part]:
    params = run.params
    text = params.get("sweep.reference.value")
    if text is None:
        return
    reference, label = float(text), params.get("sweep.reference.label", "The reference")
    gap = reference - mean
    side = "below" if gap > 0 else "above"
    far = f"{100 * abs(gap):.2f} points" if is_share(metric) else number(abs(gap))
    share = f" ({100 * abs(gap) / abs(reference):.2f} %)" if reference else ""
    yield Text(f"{label}: {text}. The best point's mean is {far}{share} {side} it.")


def _points(outcome: Outcome) -> Iterator[Part]:
    if not outcome.points:
        return
    head = (*map(_short, outcome.keys), "n", *_SPREAD, "to best", "± 95 %", "seconds")
    lines = tuple(
        (
            *(Code(line[key]) for key in outcome.keys),
            _count(line),
            *cells(line, outcome.metric),
            "best" if line["best"] else value(line["difference"]),
            value(line["difference_interval"]),
            f"{float(line['seconds']):.1f}" if line["seconds"] else None,
        )
        for line in outcome.points
    )
    shown = Table(
        f"Points by {label_of(outcome.metric)}; seconds are the mean of a training", head, lines, outcome.best
    )
    # Without anything swept there is no column that says what a row is about.
    yield shown if outcome.keys else Table(shown.caption, head, lines)


def _other_scores(outcome: Outcome) -> Iterator[Part]:
    names = [each.name for each in compared()]
    others = [
        metric
        for metric in names
        if metric != outcome.metric and any(line.get(f"{metric} mean") for line in outcome.points)
    ]
    tables = tuple(
        Table(
            f"Points by {label_of(metric)}",
            (*map(_short, outcome.keys), "n", *_SPREAD),
            tuple(
                (*(Code(line[key]) for key in outcome.keys), _count(line), *cells(line, metric))
                for line in outcome.points
            ),
            outcome.best,
        )
        for metric in others
    )
    if tables:
        yield Collapsible(f"Other scores: {', '.join(map(label_of, others))}", tables)


def _trials(store: Store, run: Run, outcome: Outcome, children: Sequence[Run]) -> Iterator[Part]:
    if outcome.trials and outcome.points:
        metrics = [metric.name for metric in compared() if any(line.get(metric.name) for line in outcome.trials)]
        head = (*map(_short, outcome.keys), "replicate", *map(label_of, metrics), "seconds", "run")
        lines = tuple(
            (
                *(Code(line[key]) for key in outcome.keys),
                int(line["replicate"]),
                *(value(line[metric]) for metric in metrics),
                f"{float(line['seconds']):.1f}",
                Code(line["run"][:SHORT_ID]),
            )
            for line in outcome.trials
        )
        yield Table("Finished trials", head, lines)
    elif content := read_artifact(store, run, "trials.csv"):
        table = table_of("Trials of the search", list(csv.reader(content.decode().splitlines())))
        shown = tuple((*row[:-1], Code(str(row[-1] or "")[:SHORT_ID])) for row in table.rows)
        yield Table(table.caption, table.head, shown)
    rest = [row for row in summarize_runs(children, []) if row.status not in ("FINISHED", "PRUNED")]
    if rest:
        lines = tuple((row.name, row.status.lower(), row.error, Code(row.id[:SHORT_ID])) for row in rest)
        yield Table("Trials that are not finished", ("trial", "status", "why", "run"), lines)


def _swept(run: Run) -> Iterator[Part]:
    yield KeyValues(tuple((key, Code(text)) for key, text in run.params.items() if text != "null"))


def _best_trial(run: Run, outcome: Outcome, children: Sequence[Run]) -> Run | None:
    """A trial of the best point, whose configuration stands for the sweep; of a search the best trial."""
    by_id = {child.id: child for child in children}
    if SEARCH_TAG in run.tags:
        best = run.metrics.get(f"best/{outcome.metric}")
        complete = [line for line in outcome.trials if line["state"] == "COMPLETE"]
        chosen = [line["run"] for line in complete if value(line[outcome.metric]) == best]
    else:
        numbers = [line["point"] for line in outcome.points if line["best"]]
        chosen = [line["run"] for line in outcome.trials if line["point"] in numbers]
    return next((by_id[run_id] for run_id in chosen if run_id in by_id), None)


def _captions(outcome: Outcome) -> dict[str, str]:
    return {
        f"plots/curves/point-{int(line['point']):03d}.png": f"Learning curves at {settings_of(outcome, line)}"
        for line in outcome.points
        if outcome.keys
    }


def _count(line: Line) -> Cell:
    return int(line["n"]) if line["n"] == line["planned"] else f"{line['n']} of {line['planned']}"


def _short(key: str) -> str:
    return key.rpartition(".")[2]
