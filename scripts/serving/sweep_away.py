"""A sweep whose MLflow server goes away: for a while, as when it is brought up to date, and for good."""

import signal
import time
from pathlib import Path

from serving.person import LIGHT, LONG, SHORT, Person, check
from serving.servers import Servers

AWAY_SECONDS = 30.0
ENDING_SECONDS = 45.0


def sweep_away(servers: Servers, person: Person) -> str:
    """The MLflow server ended for 30 s in the midst of a sweep of short trials"""
    command = person.begin("sweep", "l2=1e-5,1e-4,1e-3", "replicates=4", "launcher.workers=2", *SHORT, *LIGHT)
    command.until("12 trials")
    until_finished(person, 2)
    servers.stop_mlflow()
    time.sleep(AWAY_SECONDS)
    servers.start_mlflow()
    ended = command.end()
    check(ended.status == 0, ended, person.faults(3))
    trials = sum(run.data.tags["deeplab.kind"] == "trial" for run in person.stored())
    check(trials == 12, ended)
    return "trials that end or begin meanwhile wait for it; 12 trials and the sweep are FINISHED, none is there twice"


def straight_away(servers: Servers, person: Person) -> str:
    """PostgreSQL as the store, ended for 30 s in the midst of a training and of a sweep of short trials"""
    own = Person(person.folder / "own", person.experiment + "-own", servers.database)
    command = own.begin("train", *LONG, *LIGHT, "training.epochs=80")
    command.until("epoch 5/")
    servers.stop_postgres()
    time.sleep(AWAY_SECONDS)
    servers.start_postgres()
    ended = command.end()
    check(ended.status == 0, ended, own.faults(80))
    own = Person(person.folder / "other", person.experiment + "-other", servers.database)
    command = own.begin("sweep", "l2=1e-5,1e-4,1e-3", "replicates=4", "launcher.workers=2", *SHORT, *LIGHT)
    command.until("12 trials")
    until_finished(own, 2)
    servers.stop_postgres()
    time.sleep(AWAY_SECONDS)
    servers.start_postgres()
    ended = command.end()
    check(ended.status == 0, ended, own.faults(3))
    return "the training and the 12 trials are FINISHED, every metric is there once"


def sweep_gone(servers: Servers, person: Person) -> str:
    """The MLflow server ended in the midst of a sweep for good; Ctrl-C; the same command when it is there again"""
    words = ("sweep", "l2=1e-5,1e-3", "launcher.workers=2", *LONG, *LIGHT)
    command = person.begin(*words)
    command.until("2 trials")
    until_finished(person, 0, checkpoints=2)
    servers.stop_mlflow()
    time.sleep(5)
    command.program.send_signal(signal.SIGINT)
    asked = time.monotonic()
    ended = command.end()
    seconds = time.monotonic() - asked
    servers.start_mlflow()
    said = [line for line in ended.err.splitlines() if line.startswith("deeplab: ")]
    check(ended.status != 0 and len(said) == 1 and seconds < ENDING_SECONDS, ended)
    again = person.do(*words)
    check(again.status == 0, again, person.faults(40))
    return (
        f"{seconds:.0f} s after Ctrl-C: status {ended.status}: `{said[0].removeprefix('deeplab: ')}` "
        "The same command goes on to FINISHED"
    )


def until_finished(person: Person, trials: int, checkpoints: int = 0) -> None:
    """Wait until so many trials are FINISHED and so many others have a checkpoint."""
    while True:
        finished = sum(
            run.info.status == "FINISHED" and run.data.tags["deeplab.kind"] == "trial" for run in person.stored()
        )
        folders = {file.parent for file in Path(person.folder).rglob("*.ckpt")}
        if finished >= trials and len(folders) >= checkpoints:
            return
        time.sleep(0.5)
