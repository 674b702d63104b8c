#!/usr/bin/env python3
"""Treat trainings and sweeps as a rough machine does, and write in a table what happened.

Closed terminals, signals, lost workers, too little memory, full disks, stores that cannot be written, clocks that are
set back, and sixteen processes that write one SQLite file. After each fault the run is resumed, or the sweep's command
given again, and what comes out is compared with an undisturbed run, to the bit. Needs Linux; full disks the right to
mount, stores that cannot be written `chattr`, clocks the package `faketime` of Debian: a fault
that cannot be had here is said in the table.

scripts/rough.py [--only PART-OF-A-NAME] [--processes 16] [--write]
"""

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from faults.page import Row, Skipped, Tries
from faults.programs import Program
from faults.stores import begun, difference, runs, statuses

SMALL = ("model=cnn_dropout", "dataset.image_size=10", "dataset.limit=300", "training.threads=1", "tracking.plots=none")
TRAIN = ("train", *SMALL, "training.epochs=60", "training.checkpoint_seconds=0")
NO_CHECKPOINT = (*TRAIN[:-1], "training.checkpoint_seconds=100000")
SWEEP = (
    *("sweep", *SMALL, "l2=1e-5,1e-3", "replicates=2", "training.epochs=60", "training.checkpoint_seconds=0"),
    *("launcher.workers=2", "tracking.save_model=none"),
)
RESUME = ("train", "--resume", "latest")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
DISK_BYTES = 64 << 20
GIVE_UP_BYTES = 96 << 10
BUSY = " 5/60"
STALE_SECONDS = 61.0  # after which a run without a sign of life is dead


class Rough:
    """The folder of all tries, and in it the undisturbed training and sweep."""

    def __init__(self, root: Path, processes: int) -> None:
        """Train what the others are compared with."""
        self.root, self.processes, self._calm = root, processes, dict[str, Path]()

    def calm(self, command: tuple[str, ...]) -> Path:
        """The folder of the undisturbed run of this command, which is trained when it is first asked for."""
        kind = command[0]
        if kind not in self._calm:
            folder = self.folder(f"calm-{kind}")
            program = Program(folder, *command)
            if program.end() != 0:
                raise RuntimeError(f"the undisturbed {kind} failed:\n{program.text}")
            self._calm[kind] = folder
        return self._calm[kind]

    def folder(self, name: str) -> Path:
        """A new folder."""
        folder = self.root / name
        folder.mkdir()
        return folder

    def row(self, fault: str, program: Program, folder: Path, command: tuple[str, ...], **settings: object) -> Row:
        """Wait for the end of a program, go on by this command, compare."""
        status = program.end()
        said = "(its terminal is gone)" if "terminal" in fault else program.said() or "(nothing)"
        said = f"{said} — status {status}"
        left = statuses(folder)
        environment = settings.get("environment")
        again = Program(folder, *command, environment=environment if isinstance(environment, dict) else None)
        ended = again.end()
        if ended == 2 and "is still running" in again.text:
            time.sleep(STALE_SECONDS)
            again = Program(folder, *command, environment=environment if isinstance(environment, dict) else None)
            ended = again.end()
        wrong = difference(folder, self.calm(SWEEP if command[0] == "sweep" else TRAIN))
        if ended != 0:
            wrong = f"status {ended}: {again.said()}"
        how = "the same command" if command[0] == "sweep" else "`train --resume`"
        if fault.endswith(("SIGTERM", "SIGINT twice", "closed terminal")) and status not in (130, 143):
            wrong = f"NO FAULT: the signal did not end it; {wrong}"
        if "a worker" in fault and "tried again" not in program.text:
            wrong = f"NO FAULT: no worker was lost; {wrong}"
        has_ended = "did not end" not in said and "Traceback" not in program.text and "RUNNING" not in left
        return Row(fault, said, left, wrong or f"{how}: equal to the bit", not wrong and has_ended)


def busy(folder: Path, command: tuple[str, ...], **settings: object) -> Program:
    """Start a training or a sweep, and wait until it is in the midst."""
    program = Program(folder, *command, **settings)  # type: ignore[arg-type]
    if command[0] == "train":
        program.wait_for(BUSY)
    else:
        begun(folder, program)
    return program


def signalled(rough: Rough, what: str) -> Row:
    """A training or a sweep that signals end: `KIND HOW`."""
    kind, _, how = what.partition(" ")
    folder = rough.folder(f"{kind}-{how.replace(' ', '-')}")
    command = TRAIN if kind == "train" else SWEEP
    program = busy(folder, command, terminal=how == "closed terminal")
    if how == "closed terminal":
        os.close(program.master)  # the kernel sends SIGHUP to all in it
    else:
        for _ in range(2 if how == "SIGINT twice" else 1):
            program.signal_all(signal.SIGINT if "SIGINT" in how else signal.SIGTERM)
            time.sleep(0.1)
    return rough.row(f"`{kind}`: {how}", program, folder, RESUME if kind == "train" else SWEEP)


def worker(rough: Rough, what: str) -> Row:
    """A worker that is killed, as the kernel does where memory is short, or that gets no more memory."""
    folder = rough.folder(f"worker-{what}")
    program = busy(folder, SWEEP)
    target = program.workers()[0]
    if what == "kill":
        os.kill(target, signal.SIGKILL)
    else:
        held = int(Path(f"/proc/{target}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(target, resource.RLIMIT_AS, (held, held))
    name = {"kill": "a worker killed (SIGKILL)", "memory": "a worker gets no more memory (`ulimit -v`)"}[what]
    return rough.row(f"`sweep`: {name}", program, folder, SWEEP)


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """A small disk at a folder."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped(f"mount is not allowed here ({done.stderr.strip()})")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def full(rough: Rough, what: str) -> Row:
    """A disk that fills up while a training or a sweep writes."""
    folder = rough.folder(f"full-{what}")
    command = {"checkpoint": TRAIN, "sweep": SWEEP}.get(what, NO_CHECKPOINT)
    with disk(folder):
        program = busy(folder, command)
        with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):  # until there is no more room
            while shutil.disk_usage(folder).free > (GIVE_UP_BYTES if what == "model" else 0):
                file.write(b"x" * 4096)
        program.process.wait(300)
        (folder / "filler").unlink()
        if what == "sweep":
            return rough.row("`sweep`: the disk is full", program, folder, SWEEP)
        return rough.row(f"`train`: the disk is full when a {what} is written", program, folder, RESUME)


def read_only(rough: Rough, _what: str) -> Row:
    """A store that can no longer be written, and a training that would begin in it."""
    folder = rough.folder("read-only")
    program = busy(folder, TRAIN)
    try:
        done = subprocess.run(["chattr", "-R", "+i", str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            program.end_all()
            raise Skipped(f"chattr is not allowed here ({done.stderr.strip()})")
        program.end()
        early = Program(folder, *TRAIN)
        refused = early.end()
    finally:
        subprocess.run(["chattr", "-R", "-i", str(folder)], capture_output=True, check=False)
    row = rough.row("`train`: the store turns read-only", program, folder, RESUME)
    said = f"{row.said}; a new training: {early.said()} — status {refused}"
    # Not even its end can be written: it is RUNNING until a minute has shown no sign of life, and then DEAD.
    is_good = row.after.endswith("to the bit") and refused == 2
    return Row(row.fault, said, row.left, row.after, is_good)


def clock(rough: Rough, what: str) -> Row:
    """A clock that is set back by an hour: while a training runs, or after it was killed."""
    if not FAKETIME.exists():
        raise Skipped("apt-get install faketime")
    folder = rough.folder(f"clock-{what}")
    offset = folder / "offset"
    offset.write_text("+0")
    environment = {
        **{"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(offset)},
        **{"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
    }
    program = busy(folder, TRAIN, environment=environment)
    if what == "running":
        offset.write_text("-1h")
        time.sleep(0.5)
        program.signal_all(signal.SIGTERM)
    else:
        program.end_all()
        program.process.wait()
        offset.write_text("-1h")
    name = {
        "running": "the clock is set back an hour, then SIGTERM",
        "killed": "SIGKILL, and the clock set back an hour",
    }
    row = rough.row(f"`train`: {name[what]}", program, folder, RESUME, environment=environment)
    if what == "killed":  # that it still says RUNNING is what is to be seen: nobody could write another word
        return Row(row.fault, "(nothing)", row.left, row.after, row.after.endswith("to the bit"))
    return row


def many(rough: Rough, _what: str) -> Row:
    """Many processes that train into one SQLite file at once."""
    count = rough.processes
    needed = count * 800_000
    free = int(
        next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemAvailable" in line).split()[1]
    )
    if free < needed:
        raise Skipped(f"{count} processes need {needed >> 20} GiB of memory, {free >> 20} are free")
    calm = rough.calm(TRAIN)
    folder = rough.folder("many")
    programs = [Program(folder, *TRAIN) for _ in range(count)]
    ended = [program.end() for program in programs]
    said = sorted({program.said() for program in programs if program.process.returncode})
    expected = runs(calm)[0][2]
    equal = sum(metrics == expected for *_, metrics in runs(folder))
    after = f"{equal} of {count} equal to one by itself to the bit"
    return Row(
        f"{count} times `train` into one SQLite file at once",
        " / ".join(said) or f"{ended.count(0)} end with status 0",
        statuses(folder),
        after,
        equal == count and not any(ended),
    )


FAULTS: list[tuple[Callable[[Rough, str], Row], str]] = [
    *((full, what) for what in ("checkpoint", "metric", "model", "sweep")),
    (read_only, "store"),
    *((clock, what) for what in ("running", "killed")),
    *((signalled, what) for what in ("train closed terminal", "train SIGTERM", "train SIGINT twice")),
    *((signalled, what) for what in ("sweep closed terminal", "sweep SIGTERM", "sweep SIGINT twice")),
    *((worker, what) for what in ("kill", "memory")),
    (many, "processes"),
]


def main() -> None:
    """Try each, print a table, and fail if one is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="those whose name has this in it")
    parser.add_argument("--processes", type=int, default=16, help="that train at once into one file")
    parser.add_argument("--write", action="store_true", help="write the table into docs/rough-machines.md")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, also by what is started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # disks are taken down
    with tempfile.TemporaryDirectory(prefix="deeplab-rough-") as scratch:
        Path(scratch).chmod(0o755)
        os.environ["TMPDIR"] = scratch  # takes models that a store does not
        rough = Rough(Path(scratch), options.processes)
        tries = Tries("rough", scratch, options.write)
        for fault, what in FAULTS:
            name = f"{fault.__name__} {what}"
            if options.only not in name:
                continue
            tries.add(name, partial(fault, rough, what))
    sys.exit(not tries.are_good)


if __name__ == "__main__":
    main()
