"""What is done to a store with MLflow alone: each try returns what happened, and raises where something is wrong."""

from serving.person import LIGHT, LONG, SHORT, Person, check, in_one_line
from serving.servers import Servers


def deleted_alive(_servers: Servers, person: Person) -> str:
    """A run deleted in MLflow's browser while it is trained"""
    command = person.begin("train", *LONG, *LIGHT)
    command.until("epoch 3/")
    person.client().delete_run(person.stored()[0].info.run_id)
    return in_one_line(command.end())


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
