"""Code of one's own is in force for a command, or for a trial of a sweep in another process."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from deeplab.code.declare import Kind
from deeplab.code.file import CodeReference, blaming, current, in_force, plugins, run_file
from deeplab.config.schema.schedule import SCHEDULE_KINDS
from deeplab.data.load import DATASETS, ENTRY_POINT_GROUP
from deeplab.errors import UserError
from deeplab.imports import load_keras
from deeplab.metrics import METRICS
from deeplab.models.layers import LAYERS
from deeplab.tasks import TASKS


@contextmanager
def own_code(path: str, sha256: str | None = None) -> Iterator[None]:
    """For as long as the context lasts, configurations may name what a file declares.

    Args:
        path: of the file.
        sha256: of its bytes, where it is known what it must be.

    Raises:
        UserError: the file cannot be used, declares a name that is taken, or its code raises something.
    """
    code = run_file(path, load_keras)
    if sha256 not in (None, code.sha256):
        raise UserError(f"{path} has changed since the command began: what it trains would not be one thing.")
    for each in code.declared:
        if each.name in _taken(each.kind):
            raise UserError(f"{path}: the {each.kind} {each.name} is there already; choose another name.")
    with in_force(code), blaming(UserError):
        yield


def own_code_of(reference: CodeReference | None) -> AbstractContextManager[None]:
    """The same for a file that the process which gave the work has read; without one nothing changes."""
    code = current()
    is_there = reference is None or (code is not None and code.sha256 == reference.sha256)  # this process gave it
    return nullcontext() if is_there or reference is None else own_code(reference.path, reference.sha256)


def _taken(kind: Kind) -> set[str]:
    """The names of a kind that deeplab itself or an installed package has."""
    if kind == "layer":
        return {*LAYERS, *plugins("deeplab.layers", kind)}
    if kind == "dataset":
        return {*DATASETS, *plugins(ENTRY_POINT_GROUP, kind)}
    if kind == "loss":
        return {loss for task in TASKS.values() for loss in task.losses}
    return {*METRICS} if kind == "metric" else {*SCHEDULE_KINDS}
