"""What a run can be asked for by name: its params by long and short names, metrics, tags, and what it is."""

from collections.abc import Collection, Sequence

from deeplab.choice import TEST
from deeplab.errors import UserError, nearest
from deeplab.tracking.filter import Value, fields, matches, parse
from deeplab.tracking.run import Run
from deeplab.tracking.tags import KIND_TAG, OUR_TAGS, VALIDATION_TAG

OWN = ("id", "name", "status", "kind")

# What a group is called by when it is named alone: model=cnn, dataset=mnist.
NAMES_OF_GROUPS = ("name", "kind")

# What the rows are that a run was validated on: as a param, and as a tag.
VALIDATION = ("validation.kind", VALIDATION_TAG)


def validated_on_test(run: Run) -> bool:
    """Whether the rows that a run was validated on are the test set."""
    param, tag = VALIDATION
    return run.params.get(param, run.tags.get(tag)) == TEST


def values_of(run: Run) -> dict[str, Value]:
    """Everything of a run under its full name."""
    own: dict[str, Value] = {"id": run.id, "name": run.name, "status": run.shown_status}
    own["kind"] = run.tags.get(KIND_TAG, "")
    return {**run.tags, **run.metrics, **run.params, **own}


def select(runs: Sequence[Run], text: str) -> list[Run]:
    """The runs that a filter is true of, in their order.

    Args:
        runs: to choose from; a field that none of them has is a mistake.
        text: the filter, as `deeplab.tracking.filter.parse` reads it.

    Raises:
        UserError: the text is no filter, or asks for a field that no run has or that may be several.
    """
    query = parse(text)
    keys = {name: names_in(runs, name, f"Filter '{text}'") for name in dict.fromkeys(fields(query))}

    def is_meant(run: Run) -> bool:
        values = values_of(run)
        return matches(query, lambda name: next((values[key] for key in keys[name] if key in values), None))

    return list(filter(is_meant, runs))


def asks_for_validation(text: str) -> bool:
    """Whether a filter says what the rows are that runs were validated on."""
    return any(name in (VALIDATION[0].partition(".")[0], *VALIDATION) for name in fields(parse(text)))


def names_in(runs: Sequence[Run], name: str, where: str, more: Collection[str] = ()) -> tuple[str, ...]:
    """The full names that a name of a field may stand for in some runs.

    Args:
        more: names that would be right, too.
    """
    params = {key for run in runs for key in run.params}
    metrics = {key for run in runs for key in run.metrics}
    tags = {key for run in runs for key in run.tags}
    return resolve_field(name, params, metrics, tags, where, more)


def resolve_field(
    name: str,
    params: Collection[str],
    metrics: Collection[str],
    tags: Collection[str],
    where: str,
    more: Collection[str] = (),
) -> tuple[str, ...]:
    """The full names that a short one stands for: more than one where runs write the same differently.

    Args:
        params: that any run has.
        metrics: that any run has.
        tags: that any run has; our own go without `deeplab.`, too.
        more: names that would be right, too.

    Raises:
        UserError: no run has such a field, or it may be several.
    """
    if name in OWN:
        return (name,)
    # A sweep over networks has `model` where its trials have `model.name`.
    groups = [f"{name}.{ending}" for ending in NAMES_OF_GROUPS if f"{name}.{ending}" in params]
    exact = [*groups, *([name] if name in params else [])]
    if exact:
        return tuple(exact)
    # A param by its last part comes before a metric of that name: learning_rate=0.1 asks for what was set.
    kinds = (
        [key for key in params if key.rpartition(".")[2] == name and not name.isdigit()],
        [key for key in (name,) if key in metrics],
        [key for key in (name, OUR_TAGS + name) if key in tags][:1],
        [key for key in metrics if key.rpartition("/")[2] == name],
    )
    candidates = sorted(next(filter(None, kinds), []))
    if len(candidates) == 1:
        return tuple(candidates)
    if candidates:
        raise UserError(f"{where}: '{name}' may be {' or '.join(candidates)}.")
    known = {*OWN, *more, *params, *metrics, *tags, *(key.removeprefix(OUR_TAGS) for key in tags)}
    parts = {part for key in params for part in (key.partition(".")[0], key.rpartition(".")[2])}
    known |= {part for part in parts if not part.isdigit()}  # a layer's number is no name
    raise UserError(
        f"{where}: no run has '{name}'. {nearest(name, sorted(known))}"
        f"Known are {', '.join((*OWN, *more))}, params, metrics and tags."
    )
