"""Find the groups that a person names: runs, sweeps, `SWEEP:POINT`, folders of studies, `FOLDER:ENTRY`."""

from collections.abc import Sequence
from dataclasses import replace

from deeplab.comparison.groups import Group, group_of_run, groups_of_study, groups_of_sweep
from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError, unknown_name
from deeplab.study.points import study_of
from deeplab.tracking.find import BEST, find_run
from deeplab.tracking.store import Store, open_if_there, open_to_read
from deeplab.tracking.tags import KIND_TAG


def find_groups(names: Sequence[str], tracking: TrackingConfig) -> tuple[Store | None, list[Group]]:
    """Find what is meant, in the order it is named, each once.

    Args:
        names: of runs and so on, at least one.
        tracking: where the store is.

    Returns:
        The store, None where only studies are named and there is none; and the groups.

    Raises:
        UserError: one is not there, or has nothing that is finished.
    """
    if not names:
        raise UserError("Name a run: an id, the beginning of one, a name, latest, or best:FILTER.")
    store = open_if_there(tracking) if all(map(study_of, names)) else open_to_read(tracking)
    found = [_groups(store, name) for name in names]
    several = sum(not groups[0].is_run for groups, _ in found) > 1
    groups = [
        replace(group, name=f"{source}: {group.name}") if several and source and source != group.name else group
        for groups, source in found
        for group in groups
    ]
    return store, list({tuple(member.run_id for member in group.members): group for group in groups}.values())


def _groups(store: Store | None, name: str) -> tuple[list[Group], str]:
    """Find the groups of one name, and what they come from; empty of a run."""
    study = study_of(name)
    if study is not None:
        folder, entry = study
        return _chosen(groups_of_study(folder, store), entry, "entry", str(folder)), folder.resolve().name
    assert store is not None
    source, point = name, ""
    try:
        run = find_run(store, name)
    except UserError:
        source, colon, point = name.partition(":")
        if not colon or f"{source}:" == BEST:
            raise
        run = find_run(store, source)
    if run.tags.get(KIND_TAG) == "sweep":
        return _chosen(groups_of_sweep(store, run), point, "point", f"the sweep {run.label}"), run.name
    if point:
        raise UserError(f"{name}: {run.label} is no sweep, so it has no points.")
    return [group_of_run(run)], ""


def _chosen(groups: list[Group], name: str, what: str, where: str) -> list[Group]:
    """Choose the groups of a name, of an entry that is a sweep all of its points; all where none is named."""
    if not name:
        return groups
    chosen = [group for group in groups if group.name == name or group.name.startswith(f"{name}, ")]
    if not chosen:
        raise unknown_name(what, name, [group.name for group in groups], where)
    return chosen
