"""Names of trials hold an equals sign, as overrides do; every command takes them for names."""

from pathlib import Path
from typing import Any

import pytest

from deeplab.errors import UserError


def test_noise_takes_trials_for_runs(cli: Any, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def noise_curve(settings: Any, store: Any, observer: Any) -> None:
        given.append((settings.denoisers, store.place.uri))
        raise UserError("Enough.")

    monkeypatch.setattr("deeplab.cli.commands.noise.noise_curve", noise_curve)
    uri = f"sqlite:///{Path.cwd()}/mlflow.db"
    words = ("l2=0.5 #1", f"tracking.uri={uri}", "best:model=coder", "l2=1.5 #1")
    assert cli("noise", *words, "--classifier", "conv")[::2] == (2, "deeplab: Enough.\n")
    assert given == [(("l2=0.5 #1", "best:model=coder", "l2=1.5 #1"), uri)]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["status", "l2=0.5 #1"], "is no sweep."),
        (["status", "l2=0.6 #1"], "There is no run 'l2=0.6 #1'. Did you mean 'l2=0.5 #1'?"),
        (["show", "l2=0.6 #1"], "There is no run 'l2=0.6 #1'. Did you mean 'l2=0.5 #1'?"),
    ],
)
def test_what_is_no_run_is_told_as_a_run(cli: Any, ids: dict[str, str], command: list[str], told: str) -> None:
    status, out, err = cli(*command)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
