"""A sweep whose MLflow server goes away: for a while, as when it is brought up to date, and for good."""

import time
from collections.abc import Callable
from pathlib import Path

from serving.person import LIGHT, LONG, PATIENCE_SECONDS, SHORT, Person, check, while_away
from serving.servers import Servers

AWAY_SECONDS = 30.0


def sweep_away(servers: Servers, person: Person) -> str:
    """The MLflow server ended for 30 s in the midst of a sweep of short trials"""
    swept_while_away(person, servers.stop_mlflow, servers.start_mlflow)
    return "trials that end or begin meanwhile wait for it; 12 trials and the sweep are FINISHED, none is there twice"


def straight_away(servers: Servers, person: Person) -> str:
    """PostgreSQL as the store, ended for 30 s in the midst of a training and of a sweep of short trials"""
    own = Person(person.folder / "own", person.experiment + "-own", servers.database)
    command = own.begin("train", *LONG, *LIGHT, "training.epochs=80")
    command.until("/80")
    ended = while_away(command, servers.stop_postgres, servers.start_postgres, AWAY_SECONDS)
    check(ended.status == 0, ended, own.faults(80))
    other = Person(person.folder / "other", person.experiment + "-other", servers.database)
    swept_while_away(other, servers.stop_postgres, servers.start_postgres)
    return "the training and the 12 trials are FINISHED, every metric is there once"


def sweep_gone(servers: Servers, person: Person) -> str:
    """The MLflow server ended in the midst of a sweep for good; Ctrl-C; the same command when it is there again"""
    words = ("sweep", "l2=1e-5,1e-3", "launcher.workers=2", *LONG, *LIGHT)
    command = person.begin(*words)
    command.until("2 trials")
    until_finished(person, 0, checkpoints=2)
    servers.stop_mlflow()
    time.sleep(5)
    told = command.interrupt()
    servers.start_mlflow()
    again = person.do(*words)
    check(again.status == 0, again, person.faults(40))
    return f"{told} The same command goes on to FINISHED"


def swept_while_away(person: Person, stop: Callable[[], None], start: Callable[[], None]) -> None:
    """Carry out a sweep of twelve trials, and end the server of its store for a while when two are done."""
    command = person.begin("sweep", "l2=1e-5,1e-4,1e-3", "replicates=4", "launcher.workers=2", *SHORT, *LIGHT)
    command.until("12 trials")
    until_finished(person, 2)
    ended = while_away(command, stop, start, AWAY_SECONDS)
    check(ended.status == 0, ended, person.faults(3))
    check(sum(run.data.tags["deeplab.kind"] == "trial" for run in person.stored()) == 12, ended)


def until_finished(person: Person, trials: int, checkpoints: int = 0) -> None:
    """Wait until so many trials are FINISHED and so many others have a checkpoint."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        finished = sum(
            run.info.status == "FINISHED" and run.data.tags["deeplab.kind"] == "trial" for run in person.stored()
        )
        folders = {file.parent for file in Path(person.folder).rglob("*.ckpt")}
        if finished >= trials and len(folders) >= checkpoints:
            return
        time.sleep(0.5)
    raise AssertionError(f"{trials} trials were never finished, or {checkpoints} never had a checkpoint")
