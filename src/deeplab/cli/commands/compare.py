"""`deeplab compare`: runs, sweeps and studies side by side."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deeplab.cli.arguments import AsJson, ConfigDir, Latex, RunArguments, reading_files, running_code, split
from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.tables import score_column
from deeplab.cli.terminal.text import duration, print_line, to_json
from deeplab.config.tracking import tracking_config
from deeplab.errors import UserError
from deeplab.files import check_file, write_file
from deeplab.report.page import Part, Table, Text
from deeplab.runs.compare import RunCurves, differences, with_curves
from deeplab.tracking.store import Store

if TYPE_CHECKING:
    from deeplab.comparison.across import Across
    from deeplab.comparison.groups import Group
    from deeplab.comparison.hold import Comparison

MOST_IDS = 4
MOST_COLUMNS = 6  # groups whose configurations stand side by side
MOST_DRAWN = 24  # groups whose curves are told apart


@reading_files
@running_code
def compare(
    runs: RunArguments,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.png", help="Where the curves go; here, named for the runs, if not given."),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="The largest difference that does not matter: 0.002 is 0.2 points of an accuracy.")
    ] = 0.0,
    latex: Latex = None,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Show in what runs differ and what they reached, and draw all their curves in one picture.

    deeplab compare best:model=cnn best:model=cnn_dropout --out dropout.png

    A sweep stands for its points, SWEEP:POINT for one of them; the folder of a study for its entries, FOLDER:ENTRY for
    one of those. What was trained with several seeds is called better, worse, equal within the margin, or undecided.
    """
    if out is not None and (out.suffix.lower() != ".png" or not out.absolute().parent.is_dir()):
        raise UserError(f"--out {out}: must be a file NAME.png in a folder that is there.")
    if latex is not None:
        check_file(latex, ".tex", "--latex")
    if not 0 <= margin < math.inf:
        raise UserError(f"--margin {margin:g}: must be a number that is at least 0, in the unit of the score.")
    # Here, because they import NumPy.
    from deeplab.comparison.across import across_data
    from deeplab.comparison.find import find_groups
    from deeplab.comparison.hold import hold
    from deeplab.comparison.latex import comparison_latex
    from deeplab.comparison.page import as_values

    names, overrides = split(runs)
    store, groups = find_groups(names, tracking_config(overrides, config_dir))
    if len(groups) < 2:
        look = f" To look at it: deeplab show {names[0]}" if groups[0].is_run else ""
        raise UserError(f"Name two {'runs' if look else 'groups'} or more; {groups[0].name} is one.{look}")
    comparison = hold(groups, store, margin)
    across = across_data(comparison)
    table = "" if latex is None else comparison_latex(comparison, across)
    # Of many trials they take long to read, and of so many groups they are not drawn.
    are_read = len(groups) <= MOST_DRAWN or all(group.is_run for group in groups)
    curves = [_curves(store, group) if are_read else [] for group in groups]
    # A group has many seeds, and may have many folds.
    left_out = ("seed",) if comparison.has_replicates else ()
    known = [
        {
            key: value
            for key, value in group.params.items()
            if key not in (*left_out, *(("validation.fold",) if group.folds > 1 else ()))
        }
        for group in groups
    ]
    differing = differences(known)
    if as_json:
        print(to_json({**as_values(comparison, across), "differences": differing}))
    else:
        print_parts(_differences(differing, groups), most=None)
        print_line("")
        print_parts(_result(comparison, across, curves), most=None)
    if latex is not None:
        write_file(latex, table.encode())
        if not as_json:
            print_line(f"table {latex}")
    if out is not None or not as_json:
        _draw(groups, curves, out, quiet=as_json)


def _curves(store: Store | None, group: "Group") -> list[RunCurves]:
    there = [member.run for member in group.members if member.run is not None]
    return with_curves(store, there) if store and there else []


def _differences(differing: dict[str, list[str]], groups: Sequence["Group"]) -> Iterator[Part]:
    if not differing:
        yield Text("Their configurations are the same.")
    elif len(groups) > MOST_COLUMNS:
        yield Text(f"They differ in {', '.join(differing)}.")
    else:
        heads = (f"{'run' if group.is_run else 'group'} {number}" for number, group in enumerate(groups, 1))
        head = ("configuration", *heads)
        yield Table("", head, tuple((key, *values) for key, values in differing.items()))


def _result(comparison: "Comparison", across: "Across | None", curves: Sequence[Sequence[RunCurves]]) -> Iterator[Part]:
    from deeplab.comparison.page import across_table, score_table

    if all(each.group.is_run for each in comparison.standings):
        yield _run_table([each[0] for each in curves])
    else:
        yield score_table(comparison)
    yield from map(Text, comparison.sentences)
    if across is not None:
        if across.rows:
            yield across_table(across)
        yield Text(across.sentence)


def _run_table(compared: Sequence[RunCurves]) -> Table:
    validation, test = (
        score_column(label, short, scores)
        for label, short, scores in (
            ("validation", "val", [each.row.validation for each in compared]),
            ("test", "test", [each.row.test for each in compared]),
        )
    )
    rows = tuple(
        (
            number + 1,
            each.row.id[:8],
            each.row.name,
            each.row.epochs,
            validation[1][number],
            test[1][number],
            None if each.epoch_seconds is None else f"{each.epoch_seconds:.2f}",
            None if each.row.seconds is None else duration(each.row.seconds),
        )
        for number, each in enumerate(compared)
    )
    head = ("run", "id", "name", "epochs", validation[0], test[0], "seconds\nan epoch", "time")
    return Table("", head, rows)


def _draw(groups: Sequence["Group"], curves: Sequence[Sequence[RunCurves]], out: Path | None, quiet: bool) -> None:
    # Here, because they import Matplotlib.
    from deeplab.plots.run.compared_curves import draw
    from deeplab.plots.style import to_png

    names = [f"{group.name} ({group.members[0].run_id[:8]})" if group.is_run else group.name for group in groups]
    histories = {
        f"{number + 1} {name}": [each.curves for each in of]
        for number, (name, of) in enumerate(zip(names, curves, strict=True))
    }
    said = ""
    if len(groups) > MOST_DRAWN:
        said = f"The curves of more than {MOST_DRAWN} groups are not drawn."
    elif not any(each.curves for of in curves for each in of):
        said = "None of them has curves to draw."
    if not said:
        ids = [group.members[0].run_id[:8] for group in groups]
        more = [f"and-{len(ids) - MOST_IDS}-more"] if len(ids) > MOST_IDS else []
        path = out or Path("-".join(["compare", *ids[:MOST_IDS], *more]) + ".png")
        try:
            path.write_bytes(to_png(draw(histories)))
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror}). Give another place with --out.") from error
        said = f"curves {path}"
    if not quiet:
        print_line(said)
