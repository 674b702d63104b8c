"""Where the states of a training go that is logged: to go on from, and for good."""

from pathlib import Path

from deeplab.errors import Paused
from deeplab.tracking.run_log import RunLog
from deeplab.training.checkpoint import Checkpoint, CheckpointSink, write
from deeplab.workflows.artifacts import log_kept_checkpoint


def checkpoint_sink(log: RunLog, folder: Path, keep_every: int, until: int | None) -> CheckpointSink:
    """Write states into the folder, and those to keep into the run.

    Args:
        keep_every: epochs from one that is kept to the next, or 0.
        until: the epoch after which its state is written and `Paused` is raised, or None.
    """

    def latest(checkpoint: Checkpoint) -> None:
        write(folder, checkpoint)

    def kept(checkpoint: Checkpoint) -> None:
        if keep_every and checkpoint.epoch % keep_every == 0:
            log_kept_checkpoint(log, checkpoint)
        if checkpoint.epoch == until and not checkpoint.stopped:
            write(folder, checkpoint)
            raise Paused

    if not keep_every and until is None:
        return CheckpointSink(latest)
    return CheckpointSink(latest, kept, 1 if until and keep_every else until or keep_every)
