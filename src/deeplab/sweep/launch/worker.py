"""A worker process: trains what it is given, one trial after the other."""

import gc
import os
import sys
import tempfile
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from deeplab.child_process import end_with_parent
from deeplab.imports import load, load_keras
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.trial import run_trial
from deeplab.tracking.store import load_mlflow
from deeplab.training.cache import TrainingCache
from deeplab.workflows.signals import install_handlers

# What a process may hold of memory beyond what it held after its first trial.
MOST_GROWTH_BYTES = 400 << 20


def work(connection: Connection, log: Path, temporary: str) -> None:
    """Take jobs until there are no more, and tell what becomes of them.

    Args:
        connection: to the launcher. It brings jobs, and answers to those that ask after each epoch. It takes pairs: an
            event, and whether the worker ends after it because a trial did not give back its memory.
        log: takes what would otherwise go to the screen.
        temporary: folder for files such as TensorFlow's, which writes Python for each function that it compiles.
    """
    tempfile.tempdir = temporary
    _write_to(log)
    end_with_parent()
    install_handlers()
    _import_for_good()
    cache = TrainingCache()
    held: int | None = None
    try:
        while True:
            last: list[TrialEvent] = []

            def report(event: TrialEvent, last: list[TrialEvent] = last) -> None:
                if event.ends_trial:
                    last.append(event)
                else:
                    connection.send((event, False))

            job = _next_job(connection)
            run_trial(job, report, partial(_should_continue, connection) if job.asks else None, cache)
            clean_up(cache)
            memory = resident_bytes()
            held = held or memory
            ends = keeps_memory(held, memory)
            connection.send((last[0], ends))
            if ends:
                return
    except (EOFError, OSError, KeyboardInterrupt):
        return  # nobody is there to work for, or the work is to end
    finally:
        gc.freeze()  # else Python searches TensorFlow's objects for cycles before it goes


def _import_for_good() -> None:
    """Import what every trial needs, and let the collector leave it alone: to search it takes half a second a time."""
    load_keras()
    load_mlflow()
    load("deeplab.training.fit", "deeplab.evaluation.scores", "deeplab.plots.run.confusion")


def _next_job(connection: Connection) -> TrialJob:
    """Wait for a job; an answer that comes instead was meant for a trial that did not wait for it."""
    while not isinstance(job := connection.recv(), TrialJob):
        pass
    return job


def _should_continue(connection: Connection, event: TrialEvent) -> bool:
    """Wait for the answer to this epoch of this trial."""
    asked = event.number, event.epoch
    while not (isinstance(answer := connection.recv(), ContinueReply) and (answer.number, answer.epoch) == asked):
        pass
    return answer.go_on


def keeps_memory(after_first: int, now: int) -> bool:
    """Whether a process holds so much more memory than after its first trial that another one has to take its place."""
    return now > after_first + MOST_GROWTH_BYTES


def resident_bytes() -> int:
    """Memory that this process holds now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _write_to(log: Path) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def clean_up(cache: TrainingCache) -> None:
    """Give back what a trial took: Keras keeps graphs, and the C library keeps what was freed."""
    import keras

    if cache.holds_another:
        keras.backend.clear_session()  # which also forgets what is compiled: not between trials that share it
    gc.collect()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).malloc_trim(0)
