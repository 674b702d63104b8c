"""Entries of studies as a person names them: `FOLDER` for all, `FOLDER:ENTRY` for one; and as points of a decision."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deeplab.config.compose import Composer
from deeplab.config.trust import check_overrides
from deeplab.errors import UserError, unknown_name
from deeplab.study.config import FILE, StudyEntry, read_study
from deeplab.sweep.grid import point_name, read_grid


def study_of(name: str) -> tuple[Path, str] | None:
    """Tell folder and entry of a study apart; None where no study is meant."""
    ends = [len(name), *(place for place, letter in enumerate(name) if letter == ":")]
    parts = ((name[:end], name[end + 1 :]) for end in ends)
    return next(((Path(text), entry) for text, entry in parts if text and (Path(text) / FILE).is_file()), None)


def points_of_studies(words: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Tell entries of studies from overrides.

    Args:
        words: as on the command line.

    Returns:
        The overrides, and the points of the entries that were named: of a training one, of a sweep all; their names,
        and the overrides that each is made of. Evaluations under noise are left out.

    Raises:
        UserError: a study cannot be read, or has no such entry, or the entry trains nothing.
    """
    named = [(word, study_of(word)) for word in words]
    points: dict[str, list[str]] = {}
    several = len({found[0].resolve() for _, found in named if found}) > 1
    for word, found in named:
        if found is None:
            continue
        folder, entry = found
        config = read_study(folder)
        if entry and entry not in config.entries:
            raise unknown_name("entry", entry, config.entries, str(folder))
        chosen = {entry: config.entries[entry]} if entry else config.entries
        trained = {name: each for name, each in chosen.items() if each.noise is None}
        if not trained:
            raise UserError(f"{word} trains nothing: an evaluation under noise is no point.")
        for name, each in trained.items():
            check_overrides(each.run or each.sweep or (), f"{folder / FILE}: entries.{name}")
            points |= dict(_points(f"{folder.name}: {name}" if several else name, each))
    return [word for word, found in named if found is None], points


def _points(name: str, entry: StudyEntry) -> Iterator[tuple[str, list[str]]]:
    if entry.run is not None:
        yield name, list(entry.run)
        return
    grid, _ = read_grid(list(entry.sweep or ()), Composer(None))
    for settings in grid.points():
        yield ", ".join(filter(None, (name, point_name(settings)))), grid.overrides(settings)
