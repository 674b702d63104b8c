"""A study that is packed in one store and unpacked in others, which then say the same of it."""

import json
from pathlib import Path

from serving.person import LIGHT, Person, check
from serving.servers import Servers

STUDY = """\
title: Weight decay
about: To be carried.
replicates: 1
entries:
  decay:
    sweep: [model=mlp_64_64, dataset.limit=300, training.epochs=3, "l2=linspace(1e-6,1e-3,5)", replicates=3, {more}]
    figures: [{{metric: test/accuracy, at_least: 0.1, source: chance}}]
"""


def carried(servers: Servers, person: Person) -> str:
    """A study of 15 trials packed from SQLite, `unpack` into PostgreSQL and into another SQLite"""
    origin = _beside(person, "origin")
    (origin.folder / "decay").mkdir()
    (origin.folder / "decay" / "study.yaml").write_text(STUDY.format(more=", ".join(LIGHT)))
    check((done := origin.do("study", "decay")).status == 0, done)
    runs = json.loads(origin.do("runs", "--all", "--json").out)
    sweep, trial = (next(run["id"] for run in runs if run["kind"] == kind) for kind in ("sweep", "trial"))
    study_pack, sweep_pack, small = (origin.folder / f"{name}.zip" for name in ("study", "sweep", "small"))
    for what, pack, *option in (("decay", study_pack), (sweep, sweep_pack), ("decay", small, "--no-checkpoints")):
        check((done := origin.do("pack", str(what), "--out", str(pack), *map(str, option))).status == 0, done)
    expected = _answers(origin, sweep, trial)
    stores = [_beside(person, "sqlite"), _beside(person, "postgres", servers.database), _beside(person, "of_sweep")]
    for store, pack in zip(stores, (study_pack, study_pack, sweep_pack), strict=True):
        check((done := store.do("unpack", str(pack))).status == 0, done)
        for words, answer in _answers(store, sweep, trial).items():
            if answer != expected[words]:
                both = zip(expected[words].splitlines(), answer.splitlines(), strict=False)
                raise AssertionError(f"{store.folder.name}, {words}: {next((a, b) for a, b in both if a != b)}")
    again = stores[1].do("unpack", str(sweep_pack))
    check(again.status == 0 and f"{len(runs)} runs there already" in again.out, again)
    return (
        f"{len(runs)} runs, {small.stat().st_size / 1e6:.0f} MB without checkpoints; `runs --all --json`, `show` and "
        "`report` say the same in all three; the sweep's own pack adds nothing to them"
    )


def _beside(person: Person, name: str, address: str | None = None) -> Person:
    """Somebody with another folder, and a store in it where no address is given."""
    folder = person.folder / name
    return Person(folder, person.experiment, address or f"sqlite:///{folder}/mlflow.db")


def _answers(person: Person, sweep: str, trial: str) -> dict[str, str]:
    """What a store says of the runs, by command."""
    answers = {}
    for words in (("runs", "--all", "--json"), ("show", trial), ("show", sweep), ("report", trial), ("report", sweep)):
        out = ("--out", "report.md") if words[0] == "report" else ()
        check((done := person.do(*words, *out)).status == 0, done)
        page = Path(person.folder, "report.md")
        answers[" ".join(words)] = page.read_text() if out else done.out
    return answers
