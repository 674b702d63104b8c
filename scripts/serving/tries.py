"""What is tried on the servers: each returns what happened, in words, and raises where something is wrong."""

import signal
import statistics
import time
from collections.abc import Callable

from serving.beside_us import collected, deleted, deleted_alive, foreign, renamed, straight
from serving.carried import carried
from serving.person import LIGHT, LONG, SHORT, Person, check, in_one_line, while_away
from serving.servers import Servers
from serving.sweep_away import straight_away, sweep_away, sweep_gone

Try = Callable[[Servers, Person], str]
SWEEP = ("sweep", "l2=1e-5,1e-3", "replicates=2", "launcher.workers=2", *SHORT, *LIGHT)
AWAY_SECONDS = 8.0
DELAY_SECONDS = 0.2
PAIRS = 5


def train(servers: Servers, person: Person) -> str:
    """A training"""
    ended = person.do("train", *SHORT, *LIGHT)
    check(ended.status == 0, ended, person.faults(3))
    run = person.stored()[0].info.run_id
    names = [each.key for each in servers.bucket.objects.all()]
    files, models = sum(run in name for name in names), sum(name.endswith("model.keras") for name in names)
    check(files >= 10 and models >= 1 and not (person.folder / "mlruns").exists(), ended)
    again = person.do("evaluate", "latest")
    check(again.status == 0, again)
    return f"FINISHED; {files} files and its network are in the bucket, none in the folder; `evaluate` reads it back"


def sweep(_servers: Servers, person: Person) -> str:
    """A sweep with two workers and two replicates"""
    ended = person.do(*SWEEP)
    check(ended.status == 0, ended, person.faults(3))
    kinds = [run.data.tags["deeplab.kind"] for run in person.stored()]
    check(sorted(kinds) == ["sweep", *["trial"] * 4], ended)
    return "4 trials and the sweep are FINISHED, every metric is there once"


def killed(_servers: Servers, person: Person) -> str:
    """SIGKILL in mid-training, then `train --resume`"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 8/")
    command.program.send_signal(signal.SIGKILL)
    command.end()
    early = in_one_line(person.do("train", "--resume", "latest"))
    person.declare_dead()
    ended = person.do("train", "--resume", "latest")
    check(ended.status == 0, ended, person.faults(40))
    return f"at once {early}; after a minute it goes on to FINISHED, every epoch is there once"


def killed_sweep(_servers: Servers, person: Person) -> str:
    """SIGKILL of a sweep, then the same command at once"""
    command = person.begin(*SWEEP, "training.epochs=40")
    command.until("4 trials")
    time.sleep(12)
    command.program.send_signal(signal.SIGKILL)
    command.end()
    ended = person.do(*SWEEP, "training.epochs=40")
    check(ended.status == 0, ended, person.faults(40))
    check(sum(run.data.tags["deeplab.kind"] == "sweep" for run in person.stored()) == 1, ended)
    return "it goes on; 4 trials and one sweep are FINISHED"


def reading(_servers: Servers, person: Person) -> str:
    """Every command that reads"""
    first = person.do(*SWEEP)
    check(first.status == 0, first)
    sweep_id, trial = person.stored()[-1].info.run_id[:8], person.stored()[0].info.run_id[:8]
    commands = (
        ("runs",), ("runs", "--all", "--json"), ("runs", "--where", "l2>1e-4"), ("status",), ("status", "latest"),
        ("show", trial), ("show", sweep_id), ("curves", trial), ("compare", trial, sweep_id), ("evaluate", trial),
        ("report", trial, "--out", "run.html"), ("report", sweep_id, "--out", "sweep.html"),
        ("export", trial, "--out", "network.keras"), ("train", "--resume", trial, "training.epochs=4"),
    )  # fmt: skip
    slowest = 0.0
    for command in commands:
        ended = person.do(*command)
        check(ended.status == 0 or command[0] in ("compare", "export"), ended)
        if command[0] in ("compare", "export") and ended.status:
            in_one_line(ended)
        slowest = max(slowest, ended.seconds)
    return f"{len(commands)} commands answer"


def remove(servers: Servers, person: Person) -> str:
    """`rm`"""
    first = person.do("train", *SHORT, *LIGHT)
    check(first.status == 0, first)
    run = person.stored()[0].info.run_id
    ended = person.do("rm", run[:8], "--yes")
    left = [each.key for each in servers.bucket.objects.all() if run in each.key]
    check(ended.status == 0 and not person.stored() and not left, ended, left[:3])
    return f"`{ended.out.strip().splitlines()[-1]}`; nothing of it is in the bucket"


def remove_alive(_servers: Servers, person: Person) -> str:
    """`rm` of a run that is being trained"""
    command = person.begin("train", *LONG, *LIGHT, "training.epochs=60")
    command.until("epoch 3/")
    told = in_one_line(person.do("rm", "latest", "--yes"))
    ended = command.end()
    check(ended.status == 0, ended, person.faults(60))
    return f"{told}; the training ends FINISHED"


def packed(servers: Servers, person: Person) -> str:
    """`pack` from the server, `unpack` into it and into its database"""
    first = person.do("train", *SHORT, *LIGHT)
    check(first.status == 0, first)
    ended = person.do("pack", "latest", "--out", "run.deeplab.zip")
    check(ended.status == 0, ended)
    into_server = in_one_line(person.do("unpack", "run.deeplab.zip"))
    other = Person(person.folder / "other", f"{person.experiment}-other", servers.database)
    (person.folder / "run.deeplab.zip").rename(other.folder / "run.deeplab.zip")
    check((gone := person.do("rm", "latest", "--yes")).status == 0, gone)
    servers.mlflow("gc", "--backend-store-uri", servers.database, "--artifacts-destination", "s3://mlflow/mlflow")
    unpacked = other.do("unpack", "run.deeplab.zip")
    check(unpacked.status == 0, unpacked)
    shown = other.do("evaluate", "latest")
    check(shown.status == 0, shown)
    return f"packed; {into_server}; removed and unpacked into the database it is there again, and `evaluate` reads it"


def mlflow_away(servers: Servers, person: Person) -> str:
    """The MLflow server ended in mid-training, started again"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 5/")
    ended = while_away(command, servers.stop_mlflow, servers.start_mlflow, AWAY_SECONDS)
    check(ended.status == 0, ended, person.faults(40))
    return "the training waits for it and is FINISHED, every metric is there once"


def mlflow_gone(servers: Servers, person: Person) -> str:
    """The MLflow server ended in mid-training for good; Ctrl-C; `train --resume` when it is there again"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 5/")
    servers.stop_mlflow()
    command.until("epoch 40/")
    time.sleep(5)
    told = command.interrupt()
    lost = in_one_line(person.do("runs"))
    servers.start_mlflow()
    person.declare_dead()
    again = person.do("train", "--resume", "latest")
    check(again.status == 0, again, person.faults(40))
    return f"{told} `runs` meanwhile: {lost}; resumed, it is FINISHED"


def postgres_away(servers: Servers, person: Person) -> str:
    """PostgreSQL ended in mid-training, started again"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 5/")
    servers.stop_postgres()
    time.sleep(AWAY_SECONDS)
    told = in_one_line(person.do("runs"))
    servers.start_postgres()
    ended = command.end()
    check(ended.status == 0, ended, person.faults(40))
    return f"FINISHED, every metric is there once; `runs` meanwhile: {told}"


def read_only_bucket(servers: Servers, person: Person) -> str:
    """The bucket made unwritable in mid-training, then writable again (with MLFLOW_HTTP_REQUEST_MAX_RETRIES=3)"""
    person.environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "3"  # MLflow's own are seven, which take minutes
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 5/")
    servers.to_s3.read_only = True
    ended = command.end()
    first = in_one_line(person.do("train", *SHORT, *LIGHT))
    servers.to_s3.read_only = False
    told = in_one_line(ended)
    again = person.do("train", "--resume", "latest")
    check(again.status == 0, again, person.faults(40))
    return f"{told} A new training: {first}; resumed, the first is FINISHED"


def slow(servers: Servers, person: Person) -> str:
    """200 ms added to each request"""
    line, told = servers.to_mlflow, []
    commands = (("train", *LONG, *LIGHT), ("runs",), ("show", "latest"), ("curves", "latest"), ("report", "latest"))
    for words in commands:
        seconds: dict[float, list[float]] = {0.0: [], DELAY_SECONDS: []}
        for _ in range(PAIRS):
            for delay, measured in seconds.items():
                line.delay = delay
                check((ended := person.do(*words)).status == 0, ended)
                measured.append(ended.seconds)
        more = statistics.median(b - a for a, b in zip(*seconds.values(), strict=True))
        told.append(f"`{words[0]}` {statistics.median(seconds[0.0]):.1f} + {more:.1f} s")
        if words[0] == "train":
            told[0] += f", which is 5 % of a training of {more / 0.05:.0f} s, whatever its epochs are"
    line.delay = 0.0
    return f"what commands take without it, and what it adds (medians of {PAIRS} pairs in turn): {'; '.join(told)}"


def two_people(_servers: Servers, person: Person) -> str:
    """Two people start the same sweep at once"""
    other = Person(person.folder / "other", person.experiment, person.address)
    long = (*SWEEP, "training.epochs=40")
    both = [each.begin(*long) for each in (person, other)]
    ended = sorted((each.end() for each in both), key=lambda each: each.status)
    check(ended[0].status == 0 and ended[1].status == 2, ended[1], person.faults(40))
    kinds = sorted(run.data.tags["deeplab.kind"] for run in person.stored())
    check(kinds == ["sweep", *["trial"] * 4], ended[1])
    again = other.do(*long)
    check(again.status == 0, again)
    return f"one trains it; the other: {in_one_line(ended[1])}"


TRIES: tuple[Try, ...] = (
    train, sweep, reading, killed, killed_sweep, remove, remove_alive, deleted_alive, packed, mlflow_away, mlflow_gone,
    sweep_away, sweep_gone, carried, postgres_away, read_only_bucket, slow, two_people, foreign, renamed, deleted,
    collected, straight, straight_away,
)  # fmt: skip
