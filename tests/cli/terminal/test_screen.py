"""Nothing that comes from a file, a store or the command line acts on the terminal; it is shown written out."""

import json
import os
import pty
import re
import select
import shlex
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.cli.completion import complete_override, complete_run
from deeplab.cli.terminal.results import ui_command
from deeplab.cli.terminal.screen import Screen, guarded_streams
from deeplab.cli.terminal.sweep_progress import sweep_progress
from deeplab.cli.terminal.text import print_line
from deeplab.sweep.messages import TrialEvent
from deeplab.tracking.location import StoreLocation
from deeplab.visible import visible, visible_line

Cli = Callable[..., tuple[int, str, str]]
Forge = Callable[..., str]
# Clears the screen, sets a title, writes from right to left, deletes, and is half a character.
EVIL = "x\x1b[2J\x9b2J\x1b]0;t\x07\u202ey\u2066z\x7f\x08\rend"
SHOWN = r"x\x1b[2J\x9b2J\x1b]0;t\x07\u202ey\u2066z\x7f\x08\rend"
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_shown_never_acts_and_all_else_is_as_it_was(text: str) -> None:
    assert not ACTS.search(visible(text))
    visible(text).encode()
    harmless = ACTS.sub("", text)
    assert visible(harmless) == harmless
    assert not set("\n\t") & set(visible_line(text))


def test_each_is_written_out_as_python_writes_it() -> None:
    assert visible(EVIL) == SHOWN
    assert visible("a\n\tb") == "a\n\tb"
    assert visible_line("a\n\tb") == r"a\n\tb"
    assert visible("\udcff") == r"\udcff"


def test_prints_and_errors_of_every_kind_are_guarded(capfd: pytest.CaptureFixture[str]) -> None:
    with guarded_streams():
        print(EVIL)
        print_line(f"{EVIL}\nforged")
        print(EVIL, file=sys.stderr)
        sys.stdout.writelines([EVIL, "\n"])
    out, err = capfd.readouterr()
    assert out == f"{SHOWN}\n{SHOWN}\\nforged\n{SHOWN}\n"
    assert err == f"{SHOWN}\n"


def test_a_screen_draws_texts_letter_by_letter(capfd: pytest.CaptureFixture[str]) -> None:
    with guarded_streams():
        screen = Screen(400)
        screen.print(f"{EVIL} [red]a[/red] [/] :smile:", soft_wrap=True)
        screen.print("a\nb", soft_wrap=True)
    assert capfd.readouterr().out == f"{SHOWN} [red]a[/red] [/] :smile:\na\\nb\n"


EVIL_VALUES = {
    "dataset": {"kind": f"d{EVIL}"},
    "model": {"name": f"m{EVIL}", "layers": [{"type": f"L{EVIL}"}]},
    "training": {"epochs": 1},
}


@pytest.fixture
def evil(forged: Forge) -> str:
    return forged(
        f"{EVIL}[red]",
        EVIL_VALUES,
        {"validation/accuracy": 0.5, "test/accuracy": 0.5},
        {"train/accuracy": [0.1, 0.2], "val/accuracy": [0.1, 0.2]},
        "FAILED",
        f"why {EVIL}",
        sweep=EVIL,
    )


@pytest.mark.parametrize(
    "command",
    ["runs", "runs --failed", "runs --csv", "runs --json", "show", "show --json", "curves", "compare", "rm", "repair"],
)
def test_commands_show_a_stranger_s_run_written_out(cli: Cli, evil: str, forged: Forge, command: str) -> None:
    words = command.split()
    if words[0] in ("show", "curves", "rm", "compare"):
        words.insert(1, evil[:8])
    if words[0] == "compare":
        words.insert(1, forged(f"other{EVIL}", EVIL_VALUES, {"test/accuracy": 0.5})[:8])
    _, out, err = cli(*words)
    assert not ACTS.search((out + err).replace("\n", ""))
    if "--json" in words:
        assert EVIL in json.dumps(json.loads(out), ensure_ascii=False) or f"{EVIL}[red]" in _names(json.loads(out))
        assert out.isascii()
    elif words[0] != "repair":
        assert r"x\x1b[2J" in out.replace("\n", "")


def _names(found: object) -> list[str]:
    rows = found if isinstance(found, list) else [found]
    return [row["name"] for row in rows]


def test_errors_and_comments_are_shown_written_out(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine\x1b[2J.yaml").write_text(f"# mine{EVIL}\nname: mine\n", encoding="utf-8")
    _, out, err = cli("list", "models", "--config-dir", str(tmp_path))
    assert r"  mine\x1b[2J  (cannot be read: " in re.sub(" {2,}", "  ", out)
    assert "holds the invisible character U+" in out
    for words in (
        ["train", f"model={EVIL}"],
        ["list", "--config-dir", EVIL],
        ["list", EVIL],
        [EVIL],
        ["train", f"--{EVIL}"],
    ):
        status, out, err = cli(*words)
        assert status == 2
        assert r"\x1b[2J" in err
        assert not ACTS.search((out + err).replace("\n", ""))


def test_a_bug_shows_its_traceback_written_out(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError(EVIL) from ValueError(EVIL)

    monkeypatch.setattr("deeplab.cli.commands.list.conf_folders", broken)
    status, _, err = cli("list")
    assert status == 1
    assert err.startswith("ValueError: x\\x1b[2J")
    assert "Traceback" in err
    assert not ACTS.search(err.replace("\n", ""))


def test_bars_on_a_terminal_show_names_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        with guarded_streams(), sweep_progress() as observer:
            observer.sweep_began(SimpleNamespace(count=2, name=EVIL, size="2"), "a" * 32, 0, 1)
            observer.trial_submitted(0, "[/] [link=http://x]\x1b[3J")
            observer.waited()
            observer.trial_changed(TrialEvent(0, "failed", EVIL), False)
        terminal.flush()
        parts = []
        while select.select([ours], [], [], 0.5)[0]:  # a terminal hands over a part at a time
            parts.append(os.read(ours, 1 << 16))
        told = b"".join(parts).decode()
    assert "[/] [link=http://x]\\x1b[3J" in told
    assert "\x1b[3J" not in told
    assert SHOWN in told
    assert "\x1b[2J" not in told


def test_what_is_completed_is_a_plain_word_for_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = ["a;touch pwned", "$(touch pwned)", "`x`", "a\nb", "a'b", 'a"b', EVIL, "a b", "*", "~x", "--yes", "good-1"]
    with closing(sqlite3.connect("mlflow.db")) as database:
        database.execute("CREATE TABLE runs (run_uuid, name, lifecycle_stage, start_time)")
        rows = [(f"id{number}", name, "active", number) for number, name in enumerate(evil)]
        database.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", rows)
        database.execute("INSERT INTO runs VALUES ('$(x)', 'named', 'active', 99)")
        database.commit()
    offered = complete_run("")
    assert {word for word, _ in offered} == {
        "latest",
        "best:",
        "good-1",
        "a b",
        "named",
        *(f"id{n}" for n in range(12)),
    }
    assert {told for word, told in offered if word.startswith("id")} == {"", "a b", "good-1"}
    (tmp_path / "conf" / "model").mkdir(parents=True)
    for name in ("$(touch pwned)", "good"):
        (tmp_path / "conf" / "model" / f"{name}.yaml").write_text("name: x\n")
    context: Any = SimpleNamespace(params={"config_dir": tmp_path / "conf"})
    found = complete_override(context, "model=")
    assert "model=good" in found
    assert all(re.fullmatch(r"model=[a-z0-9_]+", word) for word in found)


def test_commands_that_are_shown_can_be_typed(tmp_path: Path) -> None:
    place = StoreLocation(f"sqlite:///{tmp_path}/$(touch pwned) x/mlflow.db", None, tmp_path)
    assert shlex.split(ui_command(place)) == ["deeplab", "ui", f"tracking.uri={place.uri}"]
    assert "'tracking.uri=" in ui_command(place)
