"""`deeplab show`, `compare`, `curves` and `rm`: what they tell and what they leave."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deeplab.cli.completion import complete_run
from deeplab.cli.terminal.chart import Line, chart
from deeplab.report.scores import sparkline
from deeplab.tracking.store import Store

Cli = Callable[..., tuple[int, str, str]]
Forge = Callable[..., str]
Ids = dict[str, str]


def test_show_tells_everything_about_a_run(cli: Cli, ids: Ids) -> None:
    status, out, err = cli("show", "conv")
    assert (status, err) == (0, "")
    assert re.match(rf"conv\nTraining of cnn on mnist, finished, begun [-0-9]+ [0-9:]+ UTC\.\nRun {ids['conv']}\n", out)
    for line in (
        r"^  dataset +kind=mnist",
        r"^  model +name=cnn",
        r"^ +1 Conv2D +filters=8 *$",
        r"^  seconds +12.0",
        r"^  parameters +1,234",
        r"^  optimizer +kind=sgd  learning_rate=0.1",
        r"^data +accuracy +loss",
        r"^validation +0.8000 +0.2000",
        r"^test +0.7900 +0.2100",
        r"^train/accuracy +▁▆█ +0.5000 +0.9000 +0.5000 +0.9000",
        r"^val/loss +█▁▃ +0.8000 +0.6500 +0.6000 +0.8000",
        r"^  packages +keras 3.15.1, numpy 2.4.0 *$",
        r"^  deeplab train model=cnn 'tags.course='\"'\"'nn 101'\"'\"''",
        r"^plots/curves.png +Learning curves *$",
        r"plots/ 3.0 kB in 1",
    ):
        assert re.search(line, out, re.MULTILINE), line


def test_show_names_the_family(cli: Cli, ids: Ids) -> None:
    out = cli("show", "a sweep")[1]
    assert re.search(r"Scores of l2=0.1\ndata +accuracy\n.*\nvalidation +0.9500 *\ntest +0.9400", out)
    assert out.index(ids["l2=0.5 #1"][:8]) < out.index(ids["l2=1.5 #1"][:8])
    assert f"a sweep: deeplab show {ids['sweep'][:8]}" in cli("show", "l2=0.5 #1")[1]
    assert "deeplab sweep model=cnn" in cli("show", "l2=0.5 #1")[1]


def test_show_tells_what_there_is_of_other_runs(cli: Cli, ids: Ids) -> None:
    assert re.search(r"data +loss +mse\n.*\nvalidation +0.0100 *\ntest +0.0300 +0.0200", cli("show", "coder")[1])
    assert "History" not in cli("show", "noisy")[1]
    assert "The loss became NaN in epoch 2." in cli("show", "broken")[1]


def test_show_as_json_is_whole(cli: Cli, ids: Ids) -> None:
    found = json.loads(cli("show", ids["conv"][:10], "--json")[1])
    assert found["id"] == ids["conv"]
    assert found["params"]["optimizer.learning_rate"] == "0.1"
    assert found["history"]["val/accuracy"] == {"1": 0.6, "2": 0.7, "3": 0.8}
    assert {"path": "plots/curves.png", "bytes": 3000} in found["files"]
    assert (found["validation"], found["validation_metric"], found["parent"]) == (0.8, "accuracy", None)
    sweep = json.loads(cli("show", "a sweep", "--json")[1])
    assert sweep["children"] == [ids["l2=0.5 #1"], ids["l2=1.5 #1"]]


def test_json_has_no_word_for_what_is_not_finite(cli: Cli, forged: Forge) -> None:
    forged("nan", scores={"validation/loss": float("nan")})
    text = cli("show", "nan", "--json")[1]
    assert json.loads(text, parse_constant=pytest.fail)["validation"] is None


def test_the_best_run_is_shown(cli: Cli, ids: Ids) -> None:
    best = {"best:": "l2=0.5 #1", "best:model=cnn and kind=train": "conv", "best:model=coder": "coder"}
    assert {wanted: json.loads(cli("show", wanted, "--json")[1])["name"] for wanted in best} == best


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show"], "Missing argument"),
        (
            ["show", "tracking.experiment=deeplab"],
            "Name a run: an id, the beginning of one, a name, latest, or best:FILTER.",
        ),
        (["show", "cnov"], "There is no run 'cnov'. Did you mean 'conv'?"),
        (["show", "best:model=vgg"], "none of 8 runs is a training that the filter is true of."),
        (["show", "conv", "dense"], "One run at a time, got 2. To see several: deeplab compare conv dense"),
        (["compare", "conv"], "Name two runs or more; conv is one. To look at it: deeplab show conv"),
        (["compare", "conv", "conv"], "Name two runs or more"),
        (["curves", "a sweep"], "is a sweep; deeplab compare "),
        (
            ["compare", "conv", "dense", "--out", "x.pdf"],
            "--out x.pdf: must be a file NAME.png in a folder that is there.",
        ),
        (["compare", "conv", "dense", "--out", "no/x.png"], "--out no/x.png: must be"),
        (["curves", "noisy"], "noisy: there are no epochs yet to draw."),
    ],
)
def test_what_cannot_be_shown_is_told(cli: Cli, ids: Ids, arguments: list[str], told: str) -> None:
    status, _, err = cli(*arguments)
    assert status == 2
    assert told in err


def test_compare_shows_what_differs_and_draws_the_curves(cli: Cli, ids: Ids, tmp_path: Path) -> None:
    status, out, err = cli("compare", "conv", "dense", "l2=1.5 #1", "--out", str(tmp_path / "c.png"))
    assert (status, err) == (0, "")
    assert re.search(r"^dataset.kind +mnist +digits +mnist", out, re.MULTILINE)
    assert re.search(r"^l2 +- +- +0.1", out, re.MULTILINE)
    assert re.search(r"^model.layers +Conv2D filters=8 +Dense units=9 +Conv2D filters=8", out, re.MULTILINE)
    assert "training.epochs" not in out
    assert re.search(rf"^ +1 {ids['conv'][:8]} conv +3 0.8000 0.7900 +2.00 12 s", out, re.MULTILINE)
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert out.endswith(f"curves {tmp_path}/c.png\n")


def test_compare_names_its_picture_for_the_runs(cli: Cli, forged: Forge, folder: Path) -> None:
    one, other = (forged(name, curves={"train/loss": [0.5]}) for name in "ab")
    out = cli("compare", "a", "b")[1]
    assert out.startswith("Their configurations are the same.\n")
    assert f"curves compare-{one[:8]}-{other[:8]}.png" in out
    assert (folder / f"compare-{one[:8]}-{other[:8]}.png").is_file()
    forged("c")
    forged("d")
    assert "None of them has curves to draw." in cli("compare", "c", "d")[1]


def test_curves_are_drawn_in_the_terminal(cli: Cli, ids: Ids) -> None:
    status, out, err = cli("curves", "conv")
    assert (status, err) == (0, "")
    assert re.search(r"^ +0.9┤.*t", out, re.MULTILINE)
    assert re.search(r"└1 +3", out)
    assert out.rstrip().endswith(f"conv ({ids['conv'][:8]}): t training  v validation")
    out = cli("curves", "conv", "l2=1.5 #1")[1]
    assert f"2 l2=1.5 #1 ({ids['l2=1.5 #1'][:8]}), validation" in out


def test_a_chart_has_its_lines_where_they_belong() -> None:
    rising = Line([(1, 0.0), (2, 1.0)], "blue", "r")
    rows = chart("loss", [rising], 9 + 4, 2).plain.split("\n")
    assert rows[1].endswith("r")
    assert rows[2][9] != " "
    assert rows[1][9] == " "
    flat = chart("loss", [Line([(1, 0.5)], "blue", "")], 20, 3).plain
    assert len([letter for letter in flat if 0x2800 < ord(letter) <= 0x28FF]) == 1
    assert "no finite value" in chart("loss", [Line([(1, float("nan"))], "blue", "x")], 20, 3).plain
    gap = chart("loss", [Line([(1, 0.0), (2, float("inf")), (3, 1.0)], "blue", "")], 20, 3).plain
    assert len([letter for letter in gap if 0x2800 < ord(letter) <= 0x28FF]) == 2


def test_a_sparkline_is_as_long_as_it_may_be() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 20) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, float("nan"), 3], 20) == "▁ █"
    assert sparkline([2, 2], 20) == "▁▁"
    assert sparkline([float("nan")], 5) == " "
    assert len(sparkline(range(1000), 20)) == 20
    assert sparkline(range(1000), 20)[-1] == "█"


def test_rm_frees_what_lies_there_for_a_run(cli: Cli, own_store: Store, forged: Forge, folder: Path) -> None:
    kept = forged("kept")
    gone = forged("gone")
    checkpoints = folder / ".deeplab" / "checkpoints" / gone
    checkpoints.mkdir(parents=True)
    (checkpoints / "1.ckpt").write_bytes(b"x" * 5000)
    status, out, err = cli("rm", "gone", "--yes")
    assert (status, err) == (0, "")
    assert re.search(rf"{gone[:8]} gone +train finished +4 8.1 kB", out)
    assert out.endswith("deleted 1 run, 8.1 kB freed\n")
    assert not checkpoints.exists()
    assert [path.name for path in (folder / "mlruns").iterdir()] == [kept]
    assert own_store.client.get_run(gone).info.lifecycle_stage == "deleted"
    assert "There is no run 'gone'" in cli("show", "gone")[2]


def test_rm_of_a_sweep_takes_its_trials(cli: Cli, forged: Forge, folder: Path) -> None:
    sweep = forged("sweep", kind="sweep")
    trials = [forged(f"trial {number}", kind="trial", parent=sweep) for number in range(2)]
    alone = forged("alone")
    plan = folder / ".deeplab" / "sweeps" / sweep
    plan.mkdir(parents=True)
    assert cli("rm", "sweep", trials[0], "--yes")[1].endswith("deleted 3 runs, 9.2 kB freed\n")
    assert [run["id"] for run in json.loads(cli("runs", "--all", "--json")[1])] == [alone]
    assert not plan.exists()


def test_rm_takes_the_model_too(cli: Cli, folder: Path) -> None:
    small = (
        "model=dense_relu",
        "dataset.image_size=8",
        "dataset.limit=100",
        "training.epochs=1",
        "tracking.plots=none",
    )
    assert cli("train", *small)[0] == 0
    assert list((folder / "mlruns" / "models").rglob("model.keras"))
    out = cli("show", "latest")[1]
    assert re.search(r"model/ \d+ kB in \d", out)
    assert cli("rm", "latest", "--yes")[0] == 0
    assert list((folder / "mlruns").rglob("*.*")) == []
    assert cli("runs")[1] == "no run yet\n"


def test_rm_of_a_running_run_is_refused(cli: Cli, own_store: Store, forged: Forge) -> None:
    sweep = forged("sweep", kind="sweep")
    trial = forged("trial", kind="trial", parent=sweep, status="RUNNING")
    for named in (("trial",), ("sweep",)):
        status, out, err = cli("rm", *named, "--yes")
        assert (status, out) == (2, "")
        assert err.startswith(f"deeplab: Run trial ({trial[:8]}) is still running; nothing was deleted.")
    own_store.client.set_tag(trial, "deeplab.heartbeat", "1000")
    assert cli("rm", "sweep", "--yes")[0] == 0


def test_rm_asks_on_a_terminal_and_nowhere_else(
    cli: Cli, forged: Forge, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged("run")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    status, _, err = cli("rm", "run")
    assert status == 2
    assert err == "deeplab: There is no terminal to ask on; nothing was deleted. To delete without asking: --yes\n"

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    status, out, _ = cli("rm", "run")
    assert status == 0
    assert "Delete this run and 3.1 kB of files for good? [y/N]" in out
    assert out.endswith("nothing was deleted\n")
    assert list((folder / "mlruns").rglob("*.png"))
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert "deleted 1 run, 3.1 kB freed" in cli("rm", "run")[1]


def test_rm_that_was_ended_half_way_is_done_again(cli: Cli, forged: Forge, folder: Path) -> None:
    run = forged("run")
    shutil.rmtree(folder / "mlruns" / run)
    assert cli("rm", "run", "--yes")[1].endswith("deleted 1 run, 0 B freed\n")


def test_runs_are_completed(ids: Ids, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = [word for word, _ in complete_run("")]
    assert words[:2] == ["latest", "best:"]
    assert {"conv", "a sweep", ids["conv"][:8], ids["l2=0.5 #1"][:8]} <= set(words)
    assert complete_run("den") == [("dense", ids["dense"][:8])]
    assert complete_run(ids["conv"][:8]) == [(ids["conv"][:8], "conv")]
    monkeypatch.chdir(tmp_path)
    assert [word for word, _ in complete_run("")] == ["latest", "best:"]
    assert list(tmp_path.iterdir()) == []
