"""Comparisons as tables for LaTeX: of any groups, of a sweep, of a study."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deeplab.comparison.across import Across, across_data
from deeplab.comparison.groups import groups_of_study, groups_of_sweep
from deeplab.comparison.hold import Comparison, by_score, hold
from deeplab.comparison.page import across_table, score_table
from deeplab.errors import UserError
from deeplab.report.latex import HEAD, to_latex
from deeplab.report.page import Table
from deeplab.study.config import read_study
from deeplab.study.entries import measure
from deeplab.study.results import Results
from deeplab.study.table import verdict_table
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG

SIGNS = {"equal": "=", "undecided": "?"}


def comparison_latex(comparison: Comparison, across: Across | None) -> str:
    """Write a comparison: the best in bold, those equal to it and those not told apart from it marked.

    Raises:
        UserError: the groups have no score in common.
    """
    if comparison.score is None:
        raise UserError("--latex: the runs have no score in common, so there is no table of it.")
    return "\n".join([HEAD, *_tables(comparison, across)])


def sweep_latex(store: Store, run: Run) -> str:
    """Write the points of a sweep.

    Raises:
        UserError: it is none, or none of its trials is finished.
    """
    if run.tags.get(KIND_TAG) != "sweep":
        raise UserError(f"--latex: run {run.label} is no sweep; of several runs deeplab compare --latex writes one.")
    comparison = hold(groups_of_sweep(store, run), store)
    return comparison_latex(comparison, across_data(comparison))


def study_latex(folder: Path, store: Store | None) -> str:
    """Write the figures of a study beside the measured ones, and its entries, those of each score by themselves.

    Args:
        folder: of the study.
        store: that may have its runs, or None.

    Raises:
        UserError: the study cannot be read, or nothing is finished.
    """
    parts = verdict_table(measure(read_study(folder), Results(folder).rows))
    verdicts = (to_latex(part) for part in parts if isinstance(part, Table))
    comparisons = [hold(groups, store) for groups in by_score(groups_of_study(folder, store))]
    tables = (table for each in comparisons for table in _tables(each, across_data(each)))
    return "\n".join([HEAD, *verdicts, *tables])


def _tables(comparison: Comparison, across: Across | None) -> Iterator[str]:
    score, standings = comparison.score, list(enumerate(comparison.standings))
    assert score is not None
    caption = f"{score.label[:1].upper()}{score.label[1:]}: mean ± standard deviation over n seeds."
    table = replace(score_table(comparison, numbered=False), caption=caption)
    column = table.head.index(score.metric.on(score.data).short_label)
    bold = {(row, place) for row, each in standings if each.is_best for place in (0, column)}
    marks = {(row, column): SIGNS[each.word] for row, each in standings if each.word in SIGNS}
    meanings = {"=": f"equal to the best within {comparison.margin:g}", "?": "not told apart from the best"}
    notes = [*comparison.sentences, *(f"{sign} {meanings[sign]}." for sign in sorted(set(marks.values())))]
    yield to_latex(table, notes, bold, marks)
    if across is not None and across.rows:
        yield to_latex(across_table(across), [across.sentence])
