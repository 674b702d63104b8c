"""What is tried on the servers: each returns what happened, in words, and raises where something is wrong."""

import signal
import statistics
import time
from collections.abc import Callable

from serving.person import LIGHT, LONG, SHORT, Ended, Person
from serving.servers import Servers

Try = Callable[[Servers, Person], str]
SWEEP = ("sweep", "l2=1e-5,1e-3", "replicates=2", "launcher.workers=2", *SHORT, *LIGHT)
AWAY_SECONDS = 8.0
DELAY_SECONDS = 0.2
# Nothing to draw; so long that five per cent are more than a handful of requests.
MINUTE = ("model=mlp_64_64", "dataset.limit=1000", "training.epochs=3000", "training.engine=compiled")


def check(is_fine: bool, ended: Ended, faults: list[str] | None = None) -> None:
    """Raise what a command said where it is not what was to be said."""
    if not is_fine or faults:
        raise AssertionError(f"status {ended.status} {faults or ''}: {ended.out[-300:]} {ended.err[-900:]}")


def in_one_line(ended: Ended) -> str:
    """The line by which a command told a fault; raise where it is none."""
    lines = ended.err.strip().splitlines()
    check(ended.status in (1, 2) and len(lines) == 1 and "Traceback" not in ended.err, ended)
    return f"status {ended.status}: `{lines[0].removeprefix('deeplab: ')}`"


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


def deleted_alive(_servers: Servers, person: Person) -> str:
    """A run deleted in MLflow's browser while it is trained"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 3/")
    person.client().delete_run(person.stored()[0].info.run_id)
    return in_one_line(command.end())


def packed(servers: Servers, person: Person) -> str:
    """`pack` from the server, `unpack` into it and into its database"""
    first = person.do("train", *SHORT, *LIGHT)
    check(first.status == 0, first)
    ended = person.do("pack", "latest", "--out", "run.deeplab.zip")
    check(ended.status == 0, ended)
    into_server = in_one_line(person.do("unpack", "run.deeplab.zip"))
    other = Person(person.folder / "other", f"{person.experiment}-other", servers.database)
    (person.folder / "run.deeplab.zip").rename(other.folder / "run.deeplab.zip")
    unpacked = other.do("unpack", "run.deeplab.zip", "--as-new")
    if unpacked.status:
        person.do("rm", "latest", "--yes")
        servers.mlflow("gc", "--backend-store-uri", servers.database, "--artifacts-destination", "s3://mlflow/mlflow")
        unpacked = other.do("unpack", "run.deeplab.zip")
    check(unpacked.status == 0, unpacked)
    shown = other.do("evaluate", "latest")
    check(shown.status == 0, shown)
    return f"packed; {into_server}; in the database it is there again and `evaluate` reads it"


def mlflow_away(servers: Servers, person: Person) -> str:
    """The MLflow server ended in mid-training, started again"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 5/")
    servers.stop_mlflow()
    time.sleep(AWAY_SECONDS)
    servers.start_mlflow()
    ended = command.end()
    check(ended.status == 0, ended, person.faults(40))
    return "the training waits for it and is FINISHED, every metric is there once"


def mlflow_gone(servers: Servers, person: Person) -> str:
    """The MLflow server ended in mid-training for good; Ctrl-C; `train --resume` when it is there again"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 5/")
    servers.stop_mlflow()
    command.until("epoch 40/")
    time.sleep(5)
    command.program.send_signal(signal.SIGINT)
    ended = command.end()
    lost = in_one_line(person.do("runs"))
    servers.start_mlflow()
    check(ended.status != 0 and len(ended.err.strip().splitlines()) == 1 and ended.seconds < 200, ended)
    person.declare_dead()
    again = person.do("train", "--resume", "latest")
    check(again.status == 0, again, person.faults(40))
    return f"`{ended.err.strip().removeprefix('deeplab: ')}` `runs` meanwhile: {lost}; resumed, it is FINISHED"


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
    """The bucket made unwritable in mid-training, then writable again"""
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
    seconds: dict[float, list[float]] = {0.0: [], DELAY_SECONDS: []}
    listing: dict[float, float] = {}
    requests = 0
    for delay in (*seconds, *seconds):
        servers.to_mlflow.delay, servers.to_mlflow.requests = delay, 0
        ended = person.do("train", *MINUTE, *LIGHT)
        check(ended.status == 0, ended)
        seconds[delay].append(ended.seconds)
        requests = servers.to_mlflow.requests
        shown = [person.do(*command) for command in (("runs",), ("show", "latest"))]
        listing[delay] = sum(each.seconds for each in shown) / 2
    servers.to_mlflow.delay = 0.0
    fast, delayed = (statistics.median(seconds[delay]) for delay in seconds)
    return (
        f"a training of {fast:.0f} s takes {delayed - fast:+.1f} s ({100 * (delayed / fast - 1):+.0f} %), "
        f"with {requests} requests; `runs` and `show` take {listing[DELAY_SECONDS] - listing[0.0]:+.1f} s each"
    )


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


def foreign(_servers: Servers, person: Person) -> str:
    """A store with runs of plain MLflow"""
    client = person.client()
    experiment = client.create_experiment(person.experiment)
    for number in range(3):
        run = client.create_run(experiment, run_name=f"plain {number}", tags={"who": "somebody"})
        client.log_param(run.info.run_id, "training.epochs", "many" if number else "3")
        client.log_metric(run.info.run_id, "val/accuracy", 0.5)
        client.log_text(run.info.run_id, "text", "note.txt")
        if number:
            client.set_terminated(run.info.run_id)
    for command in (("runs",), ("runs", "--all", "--json"), ("show", "latest"), ("status",), ("curves", "latest"),
                    ("report", "latest"), ("evaluate", "latest"), ("rm", "plain 2", "--yes")):  # fmt: skip
        ended = person.do(*command)
        if ended.status:
            in_one_line(ended)
    ended = person.do("train", *SHORT, *LIGHT)
    check(ended.status == 0, ended)
    best = person.do("show", "best:")
    check(best.status == 0 and "mlp_64_64" in best.out, best)
    return "they are listed and shown; commands that need a training of deeplab say so; `best:` is ours"


def renamed(_servers: Servers, person: Person) -> str:
    """The experiment renamed in MLflow in mid-training"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 3/")
    client, name = person.client(), person.experiment
    client.rename_experiment(client.get_experiment_by_name(name).experiment_id, f"{name}-2")
    told = in_one_line(person.do("runs"))
    ended = command.end()
    person.experiment = f"{name}-2"
    check(ended.status == 0, ended, person.faults(40))
    return f"the training is FINISHED where it began; `runs`: {told}"


def deleted(_servers: Servers, person: Person) -> str:
    """The experiment deleted in MLflow in mid-training, then restored"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 3/")
    client = person.client()
    experiment = client.get_experiment_by_name(person.experiment).experiment_id
    client.delete_experiment(experiment)
    told = in_one_line(person.do("runs"))
    ended = in_one_line(command.end())
    client.restore_experiment(experiment)
    person.declare_dead()
    again = person.do("train", "--resume", "latest")
    check(again.status == 0, again, person.faults(40))
    return f"{ended} `runs`: {told}; restored and resumed, it is FINISHED"


def collected(servers: Servers, person: Person) -> str:
    """`rm` and `mlflow gc`"""
    for _ in range(2):
        check((ended := person.do("train", *SHORT, *LIGHT)).status == 0, ended)
    gone = person.stored()[1].info.run_id
    check((ended := person.do("rm", gone[:8], "--yes")).status == 0, ended)
    swept = servers.mlflow(
        "gc", "--backend-store-uri", servers.database, "--artifacts-destination", "s3://mlflow/mlflow"
    )
    if swept.returncode:
        raise AssertionError(swept.stderr[-600:])
    check((shown := person.do("evaluate", "latest")).status == 0, shown)
    return "the removed run is gone for good, the other one is as it was"


def straight(servers: Servers, person: Person) -> str:
    """PostgreSQL as the store, without an MLflow server"""
    own = Person(person.folder / "own", person.experiment + "-own", servers.database)
    check((ended := own.do("train", *SHORT, *LIGHT)).status == 0, ended, own.faults(3))
    for command in (("runs",), ("show", "latest"), ("status",), ("evaluate", "latest")):
        check((ended := own.do(*command)).status == 0, ended)
    return "FINISHED; commands read its tables"


TRIES: tuple[Try, ...] = (
    train, sweep, reading, killed, killed_sweep, remove, remove_alive, deleted_alive, packed, mlflow_away, mlflow_gone,
    postgres_away, read_only_bucket, slow, two_people, foreign, renamed, deleted, collected, straight,
)  # fmt: skip
