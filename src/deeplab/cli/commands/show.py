"""`deeplab show`: one run in full."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deeplab.cli.arguments import AsJson, ConfigDir, RunArguments, reading_files
from deeplab.cli.commands.runs import age, print_table
from deeplab.cli.lookup import named_runs
from deeplab.cli.terminal.chart import sparkline
from deeplab.cli.terminal.tables import console, number, size, table
from deeplab.cli.terminal.text import duration, to_json
from deeplab.errors import UserError
from deeplab.runs.detail import Detail, detail, groups, layers, scores_by_data, to_dict
from deeplab.tracking.tags import (
    BEST_POINT_TAG,
    COMMIT_TAG,
    DATA_TAG,
    DEVICE_TAG,
    DIRTY_TAG,
    ENGINE_TAG,
    INITIAL_WEIGHTS_TAG,
    NOTES_TAG,
)
from deeplab.visible import visible, visible_line

MOST_CHILDREN = 12
ORIGIN = {
    "git": COMMIT_TAG,
    "data": DATA_TAG,
    "device": DEVICE_TAG,
    "engine": ENGINE_TAG,
    "weights": INITIAL_WEIGHTS_TAG,
}


@reading_files
def show(run: RunArguments, as_json: AsJson = False, config_dir: ConfigDir = None) -> None:
    """Show the configuration of a run, its scores, history, files and origin.

    deeplab show best:model=cnn6
    """
    store, found = named_runs(run, config_dir)
    if len(found) > 1:
        raise UserError(f"One run at a time, got {len(found)}. To see several: deeplab compare {' '.join(run)}")
    known = detail(store, found[0])
    if as_json:
        print(to_json(to_dict(known)))
        return
    screen = console()
    _head(screen, known)
    _configuration(screen, known)
    _scores(screen, known)
    _history(screen, known)
    _origin(screen, known)
    _files(screen, known)
    _family(screen, known)


def _head(screen: Console, known: Detail) -> None:
    row = known.row
    seconds = "" if row.seconds is None else f" in {duration(row.seconds)}"
    status = f"{row.kind} {row.status.lower()}{seconds}, begun {duration(age(row))} ago"
    screen.print(Text.assemble((visible_line(row.name), "bold"), f"  {status}\n{row.id}"), soft_wrap=True)
    if row.error:
        screen.print(Text(visible(row.error), style="red"))


def _configuration(screen: Console, known: Detail) -> None:
    lines = {group: _pairs(values) for group, values in groups(known.params).items() if group != "tracking"}
    lines = {"": lines.pop("", ""), **lines}
    if "model" in lines:
        lines["model"] = "\n".join([lines["model"], *layers(known.params)])
    _section(screen, "configuration", lines)


def _scores(screen: Console, known: Detail) -> None:
    found = scores_by_data(known.metrics)
    if not found:
        return
    metrics = sorted({metric for scores in found.values() for metric in scores})
    shown = table()
    # Of a sweep they are those of its best point.
    shown.add_column(
        f"scores of {known.tags[BEST_POINT_TAG]}" if BEST_POINT_TAG in known.tags else "scores", no_wrap=True
    )
    for metric in metrics:
        shown.add_column(f" {metric}", justify="right")
    for data, scores in found.items():
        cells = [number(scores[metric]) if metric in scores else "" for metric in metrics]
        is_marked = data == "validation" and known.row.validation is not None and known.row.validation.on_test
        label = "validation, on the test set" if is_marked else data
        shown.add_row(label, *cells, style="bold" if data == "test" else "")
    screen.print()
    screen.print(shown)


def _history(screen: Console, known: Detail) -> None:
    if not known.history:
        return
    shown = table()
    shown.add_column("history", no_wrap=True)
    shown.add_column("epochs", no_wrap=True)
    for head in ("first", "last", "lowest", "highest"):
        shown.add_column(f" {head}", justify="right", no_wrap=True)
    for name, line in known.history.items():
        values = list(line.values())
        ends = (values[0], values[-1], min(values), max(values))
        shown.add_row(name, sparkline(values, 24), *map(number, ends))
    screen.print()
    screen.print(shown)


def _origin(screen: Console, known: Detail) -> None:
    lines = {name: known.tags[tag] for name, tag in ORIGIN.items() if tag in known.tags}
    if known.tags.get(DIRTY_TAG) == "true":
        lines["git"] += " with changes that were not committed"
    if known.packages:
        lines["packages"] = _pairs(known.packages, " ")
    if known.command:
        lines["command"] = known.command
    own = {key: value for key, value in known.tags.items() if not key.startswith(("mlflow.", "deeplab."))}
    if own:
        lines["tags"] = _pairs(own)
    if NOTES_TAG in known.tags:
        lines["notes"] = known.tags[NOTES_TAG]
    _section(screen, "origin", lines)


def _files(screen: Console, known: Detail) -> None:
    sizes: dict[str, list[int]] = {}
    for path, count in known.files:
        sizes.setdefault(path if "/" not in path else f"{path.partition('/')[0]}/", []).append(count)
    files = [
        f"{name} {size(sum(each))}" + (f" in {len(each)}" if name[-1] == "/" else "") for name, each in sizes.items()
    ]
    if files:
        _section(screen, "files", {"": ", ".join(files)})


def _family(screen: Console, known: Detail) -> None:
    if known.parent:
        _section(screen, "sweep", {known.parent.id[:8]: f"{known.parent.name}: deeplab show {known.parent.id[:8]}"})
    if known.children:
        screen.print("\n[bold]trials[/]", markup=True)
        print_table(known.children[:MOST_CHILDREN], False)
        if len(known.children) > MOST_CHILDREN:
            more = len(known.children) - MOST_CHILDREN
            screen.print(f"and {more} more: deeplab runs --kind trial --where 'sweep={known.row.id[:8]}*'")


def _section(screen: Console, title: str, lines: Mapping[str, str]) -> None:
    """A title, and a line or a few for each name."""
    screen.print(f"\n[bold]{title}[/]", markup=True)
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(min_width=12, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in lines.items():
        if text:
            grid.add_row(f"  {name}", text)
    screen.print(grid)


def _pairs(values: Mapping[str, str], equals: str = "=") -> str:
    return "  ".join(f"{key}{equals}{value}" for key, value in values.items())
