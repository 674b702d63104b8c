"""The report of a sweep or a search: its points held against each other, its figures, its trials."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from deeplab.choice import ON_TEST, left_out
from deeplab.evaluation.intervals import Verdict
from deeplab.metrics import Metric, against, compared, label_of, score_beside, short_label_of
from deeplab.report.configuration import configuration
from deeplab.report.decision import confirmation_parts, decision_parts
from deeplab.report.page import Cell, Code, Collapsible, KeyValues, Page, Part, Section, Table, Text, number
from deeplab.report.pictures import pictures, pictures_in
from deeplab.report.provenance import about, notes, provenance
from deeplab.report.scores import scores
from deeplab.report.search import search_parts
from deeplab.report.sweep_tables import (
    ALL_PAIRS,
    OVERLAP,
    Line,
    Outcome,
    candidates_in,
    cells,
    read_outcome,
    setting_cells,
    settings_of,
    short_key,
    value,
)
from deeplab.report.sweep_trials import trial_tables
from deeplab.report.why import read_why, why_highlights, why_parts
from deeplab.runs.summary import summarize_runs
from deeplab.sweep.decision.result import VALID
from deeplab.sweep.results.summary import times
from deeplab.tracking.field_names import validated_on_test
from deeplab.tracking.find import all_runs
from deeplab.tracking.numbers import number_of, whole_of
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    BEST_POINT_TAG,
    CONFIRMS_TAG,
    DECISION_TAG,
    PARENT_TAG,
    POINT_TAG,
    REPLICATES_TAG,
    SEARCH_TAG,
    TRIALS_TAG,
    WHY_TAG,
)

_SPREAD = ("std", "± 95 %", "min", "max")


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
    why = read_why(store, run) if WHY_TAG in run.tags else None
    highlights = _highlights(run, outcome, children) if why is None else why_highlights(why)
    result = _result(store, run, outcome, children) if why is None else _explained(why, run, outcome)
    sections = (
        Section("Result", tuple(result)),
        Section("Figures", pictures(run, pictures_in(files, "plots"), _captions(outcome))),
        Section("Trials", tuple(trial_tables(store, run, outcome, children))),
        Section("What was swept", (KeyValues(tuple((k, Code(v)) for k, v in run.params.items() if v != "null")),)),
        *(configuration(store, each, title, outcome.keys) for each in shown[:1]),
        provenance(store, run, shown),
    )
    row = summarize_runs([run], [run, *children])[0]
    kinds = {SEARCH_TAG: "Search", DECISION_TAG: "Decision", WHY_TAG: "Explanation", CONFIRMS_TAG: "Confirmation"}
    kind = next((name for tag, name in kinds.items() if tag in run.tags), "Sweep")
    return Page(row.name, about(kind, row, run), (*highlights, ("trials", _trials(run, children))), sections)


def _explained(stored: Mapping[str, Any], run: Run, outcome: Outcome) -> Iterator[Part]:
    """Say what an explanation came to, in which nothing is chosen."""
    yield from notes(run)
    yield from why_parts(stored)
    combinations = (*points(outcome), *_other_scores(outcome))
    if combinations:
        yield Collapsible("All combinations", combinations)


def _highlights(run: Run, outcome: Outcome, children: Sequence[Run]) -> Iterator[tuple[str, Cell]]:
    tags = run.tags
    if BEST_POINT_TAG in tags:
        yield "best", tags[BEST_POINT_TAG]
    best = {name.removeprefix("best/"): value for name, value in run.metrics.items() if name.startswith("best/")}
    tested = score_beside(outcome.metric, best)
    chosen = _best_trial(run, outcome, children)
    is_honest = (
        chosen is not None
        and CONFIRMS_TAG not in tags
        and not (outcome.metric.startswith("test/") or validated_on_test(chosen))
    )
    for name, what in ((outcome.metric, "chosen"), (tested.name if tested else "", "honest")):
        if name in best:
            yield f"{label_of(name)}, {what}" if tested and is_honest else label_of(name), best[name]
    if outcome.points:
        yield "points", len(outcome.points)


def _trials(run: Run, children: Sequence[Run]) -> Cell:
    finished = sum(child.status == "FINISHED" for child in children)
    planned = run.tags.get(TRIALS_TAG, "")
    if SEARCH_TAG in run.tags:  # which counts points
        planned = str(whole_of(run.tags, TRIALS_TAG) * whole_of(run.tags, REPLICATES_TAG, "1"))
    return finished if planned == str(finished) else f"{finished} of {planned}"


def _result(store: Store, run: Run, outcome: Outcome, children: Sequence[Run]) -> Iterator[Part]:
    yield from notes(run)
    yield from search_parts(store, run, outcome)
    yield from decision_parts(store, run)
    confirmed = tuple(confirmation_parts(store, run))
    is_confirmation = CONFIRMS_TAG in run.tags
    yield from confirmed if is_confirmation else ()
    yield from conclusion_of(run, outcome, children)
    yield from points(outcome)
    yield from () if is_confirmation else confirmed
    yield from _other_scores(outcome)
    yield from scores(run, f"Scores of {run.tags[BEST_POINT_TAG]}" if BEST_POINT_TAG in run.tags else "Scores")


def conclusion_of(run: Run, outcome: Outcome, children: Sequence[Run]) -> Iterator[Part]:
    """Say what the sweep found, as far as its runs tell."""
    chosen = _best_trial(run, outcome, children)
    seen = chosen is not None and validated_on_test(chosen)
    others = len({child.tags.get(POINT_TAG) for child in children if validated_on_test(child)})
    text = run.params.get("sweep.reference.value")
    reference = (
        None
        if text is None
        else (run.params.get("sweep.reference.label", "The reference"), number_of(run.params, "sweep.reference.value"))
    )
    if outcome.best is not None and CONFIRMS_TAG not in run.tags:
        on_test = outcome.metric.startswith("test/") or seen
        yield from conclusion(outcome, on_test, 0 if on_test else others, reference)
        return
    # Of a search, or of a confirmation, which chooses nothing.
    if seen:
        yield Text(ON_TEST)
    if outcome.folds > 1:
        yield Text(OVERLAP.format(outcome.folds - 1))


def conclusion(outcome: Outcome, on_test: bool, others: int, reference: tuple[str, float] | None) -> Iterator[Text]:
    """Say what a sweep found, in sentences; nothing where no trial is finished.

    Args:
        outcome: what came of it.
        on_test: whether its best point was chosen on the test set.
        others: points that did not compete, since they were validated on the test set.
        reference: whose published score it is held against, and that score, or None.
    """
    metric = outcome.metric
    best = None if outcome.best is None else outcome.points[outcome.best]
    mean = None if best is None else value(best[f"{metric} mean"])
    if best is None or mean is None or math.isnan(mean):
        if any(line[f"{metric} mean"] for line in outcome.points):
            yield Text(f"There is no best point: the {label_of(metric)} of none is a number.")
        return
    interval = value(best[f"{metric} interval"])
    spread = "" if interval is None else f" ± {number(interval)} (95 % interval, n = {_count(outcome, best)})"
    yield Text(
        f"Best by mean {label_of(metric)}: {settings_of(outcome, best) or 'the only point'}, {mean:.4f}{spread}."
    )
    yield from _compared(outcome)
    if outcome.folds > 1:
        yield Text(OVERLAP.format(outcome.folds - 1))
    if not on_test:
        yield from _chosen(outcome, best, others)
    if on_test and len(outcome.points) > 1:
        yield Text(ON_TEST)
    if others:
        yield Text(left_out(others, "point"))
    if reference is not None:
        yield Text(f"{against(*reference, metric, mean)}.")


def _chosen(outcome: Outcome, best: Line, others: int) -> Iterator[Text]:
    """Say which score of the best point was chosen, where one is shown beside it that was not."""
    tested = _beside(outcome)
    competing = sum(bool(line[f"{outcome.metric} mean"]) for line in outcome.points) - others
    score = None if tested is None else value(best[f"{tested.name} mean"])
    if tested is not None and score is not None and competing > 1:
        yield Text(
            f"Its {label_of(outcome.metric)} is chosen, the best of {competing}, and so rather too good; "
            f"its {tested.label}, {score:.4f}, is the honest one."
        )


def _beside(outcome: Outcome) -> Metric | None:
    """Find the score of the test set that is shown beside the one that points are compared by."""
    measured = [name.removesuffix(" mean") for line in outcome.points for name, text in line.items() if text]
    return score_beside(outcome.metric, measured)


def _compared(outcome: Outcome) -> Iterator[Text]:
    """Count what is known of the other points against the best one."""
    words = [line.get("verdict", "") for line in outcome.points]
    counts = {word: words.count(word) for word in get_args(Verdict)}
    if any(counts.values()):
        told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        yield Text(
            f"Against the best, of {sum(counts.values())} other point{'s' * (sum(counts.values()) > 1)}: {told}."
        )


def points(outcome: Outcome) -> Iterator[Table | Text]:
    """List the points: the score that they are compared by, its spread, the comparison, and a score of the test set."""
    if not outcome.points:
        return
    metric = outcome.metric
    beside = _beside(outcome)
    tested = [beside] if beside else []
    head = (*map(short_key, outcome.keys), "n", short_label_of(metric), *_SPREAD, "to best", "± all pairs", "verdict")
    head = (*head, *(each.short_label for each in tested), "seconds")
    rows = tuple(
        (
            *setting_cells(outcome, line),
            _count(outcome, line),
            *cells(line, metric),
            "best" if line["best"] else value(line["difference"]),
            value(line.get("corrected_interval", "")),
            line.get("verdict") or None,
            *(value(line[f"{each.name} mean"]) for each in tested),
            f"{float(line['seconds']):.1f}" if line["seconds"] else None,
        )
        for line in outcome.points
    )
    # Without anything swept there is no column that says what a row is about.
    marked = outcome.best if outcome.keys else None
    caption = f"Points by {label_of(metric)}; seconds are the mean of a training"
    yield Table(caption, head, rows, marked).without_empty_columns()
    if any(line.get("verdict") for line in outcome.points):
        yield Text(ALL_PAIRS if outcome.margin is None else f"Differences to the best with {VALID}.")


def _other_scores(outcome: Outcome) -> Iterator[Part]:
    points = outcome.points
    names = [each.name for each in compared() if any(line.get(f"{each.name} mean") for line in points)]
    others = [name for name in names if name != outcome.metric]
    head = (*map(short_key, outcome.keys), "n", "mean", *_SPREAD)
    tables = tuple(
        Table(
            f"Points by {label_of(name)}",
            head,
            tuple((*setting_cells(outcome, line), _count(outcome, line), *cells(line, name)) for line in points),
            outcome.best,
        ).without_empty_columns()
        for name in others
    )
    if tables:
        yield Collapsible(f"Other scores: {', '.join(map(label_of, others))}", tables)


def _best_trial(run: Run, outcome: Outcome, children: Sequence[Run]) -> Run | None:
    """Find a trial of the best point, whose configuration stands for the sweep; of a search the best trial."""
    by_id = {child.id: child for child in children}
    if SEARCH_TAG in run.tags:
        best = run.metrics.get(f"best/{outcome.metric}")
        chosen = [line["run"] for line in candidates_in(outcome.trials) if value(line[outcome.metric]) == best]
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


def _count(outcome: Outcome, line: Line) -> Cell:
    if line["n"] != line["planned"]:
        return f"{line['n']} of {line['planned']}"
    return int(line["n"]) if outcome.folds == 1 else times(int(line["n"]), outcome.folds)
