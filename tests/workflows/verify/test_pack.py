"""Runs that are carried to another store, and files that a stranger made to do harm."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deeplab.errors import UserError
from deeplab.runs import pack as packing
from deeplab.runs.pack_file import open_pack

from .conftest import Forge, contents, tracking, write_pack

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def elsewhere(tmp_path: Path, empty_database: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shutil.copyfile(empty_database, folder / "mlflow.db")
    return folder


def uri(folder: Path) -> str:
    return f"tracking.uri=sqlite:///{folder}/mlflow.db"


def test_a_run_is_the_same_in_another_store_and_packed_from_there(
    cli: Cli, origin: Path, elsewhere: Path, tmp_path: Path
) -> None:
    status, out, err = cli("unpack", str(origin / "kept.zip"), uri(elsewhere))
    assert (status, err) == (0, "")
    assert f"1 run put into the store {elsewhere}" in out
    (here,) = json.loads(cli("runs", "--json", uri(elsewhere))[1])
    (there,) = (run for run in json.loads(cli("runs", "--json", uri(origin))[1]) if run["name"] == "kept")
    assert here == there
    assert cli("show", "kept", uri(elsewhere))[1] == cli("show", "kept", uri(origin))[1], "params in their order, too"
    assert cli("pack", "kept", "--out", str(tmp_path / "again.zip"), uri(elsewhere))[0] == 0
    assert (tmp_path / "again.zip").read_bytes() == (origin / "kept.zip").read_bytes()
    status, out, _ = cli("evaluate", "kept", uri(elsewhere))
    assert status == 0, "the network can be used there"


def test_twice_is_once(cli: Cli, origin: Path, elsewhere: Path) -> None:
    assert cli("unpack", str(origin / "kept.zip"), uri(elsewhere))[0] == 0
    before = sorted(elsewhere.rglob("*"))
    status, out, _ = cli("unpack", str(origin / "kept.zip"), uri(elsewhere))
    assert (status, "0 runs put into the store" in out, "1 run there already" in out) == (0, True, True)
    assert sorted(elsewhere.rglob("*")) == before


def test_another_run_of_the_same_id_is_refused(cli: Cli, origin: Path, elsewhere: Path, forge: Forge) -> None:
    assert cli("unpack", str(origin / "kept.zip"), uri(elsewhere))[0] == 0
    forged = forge(run_json=lambda content: content.replace(b'"name": "kept"', b'"name": "mine"'))
    status, _, err = cli("unpack", str(forged), uri(elsewhere))
    assert status == 2
    assert "is in the store already, and what the two say differs. Unpack into another store" in err


def test_without_checkpoints_it_is_smaller_and_has_none(cli: Cli, origin: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.zip"
    assert cli("pack", "kept", "--no-checkpoints", "--out", str(out), uri(origin))[0] == 0
    assert not [name for name in contents(out) if name.endswith(".ckpt")]
    assert out.stat().st_size < (origin / "kept.zip").stat().st_size / 2


def test_an_end_in_the_middle_leaves_nothing(origin: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(packing, "put_lines", fails)
    with open_pack(str(origin / "kept.zip")) as reader, pytest.raises(KeyboardInterrupt):
        packing.unpack(reader, tracking(elsewhere))
    assert [path for path in elsewhere.rglob("*") if path.is_file() and "mlruns" in path.parts] == []
    assert not list((elsewhere / ".deeplab").glob("unpack-*"))


def test_a_server_gives_its_own_ids_and_is_refused(origin: Path) -> None:
    with open_pack(str(origin / "kept.zip")) as reader, pytest.raises(UserError, match="127.0.0.1"):
        packing.unpack(reader, type(tracking(origin))("http://127.0.0.1:9", "deeplab", "all", "all"))


def test_a_link_among_the_files_is_not_followed(cli: Cli, origin: Path, elsewhere: Path, tmp_path: Path) -> None:
    assert cli("unpack", str(origin / "kept.zip"), uri(elsewhere))[0] == 0
    (history,) = elsewhere.rglob("history.csv")
    history.unlink()
    history.symlink_to("/etc/passwd")
    status, _, err = cli("pack", "kept", "--out", str(tmp_path / "p.zip"), uri(elsewhere))
    assert status == 2
    assert "history.csv is a link, or below one; it is not packed." in err
    assert not (tmp_path / "p.zip").exists()


RUN = "runs/" + "a" * 32
STRANGE = [
    f"{RUN}/artifacts/../../../../evil",
    f"{RUN}/artifacts//evil",
    "/etc/evil",
    "../evil",
    f"{RUN}/artifacts/a\\..\\evil",
    f"{RUN}/artifacts/C:evil",
    f"{RUN}/artifacts/a\nb",
    "study/../evil",
    f"{RUN}/models/m-{'b' * 32}/evil",
]


@pytest.mark.parametrize("name", STRANGE)
def test_a_path_that_leaves_the_folder_is_refused(
    cli: Cli, origin: Path, elsewhere: Path, tmp_path: Path, name: str
) -> None:
    forged = write_pack(tmp_path / "forged.zip", {**contents(origin / "kept.zip"), name: b"evil"})
    before = sorted(tmp_path.rglob("*"))
    status, _, err = cli("unpack", str(forged), uri(elsewhere))
    assert (status, err.count("\n")) == (2, 1)
    assert "is no path that a pack may hold" in err or "differ in" in err
    assert sorted(tmp_path.rglob("*")) == before


def test_more_or_less_than_the_manifest_names_is_refused(
    cli: Cli, origin: Path, elsewhere: Path, tmp_path: Path
) -> None:
    files = contents(origin / "kept.zip")
    more = write_pack(tmp_path / "more.zip", {**files, "study/x": b""}, recomputed=False)
    assert "its files and its manifest differ in 'study/x'" in cli("unpack", str(more), uri(elsewhere))[2]
    name = next(name for name in files if name.endswith("history.csv"))
    less = write_pack(tmp_path / "less.zip", {key: files[key] for key in files if key != name}, recomputed=False)
    assert f"differ in '{name}'" in cli("unpack", str(less), uri(elsewhere))[2]


def test_a_bomb_is_not_unpacked(cli: Cli, origin: Path, elsewhere: Path, tmp_path: Path) -> None:
    files = contents(origin / "kept.zip")
    name = next(name for name in files if name.endswith("history.csv"))
    path = write_pack(tmp_path / "bomb.zip", files)
    manifest = json.loads(contents(path)["manifest.json"])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for each, content in {
            **files,
            name: b"\0" * (200 << 20),
            "manifest.json": json.dumps(manifest).encode(),
        }.items():
            file.writestr(each, content)
    status, _, err = cli("unpack", str(path), uri(elsewhere))
    assert (status, "its SHA-256 differs" in err) == (2, True)
    manifest["files"][name]["bytes"] = 1 << 40
    write_pack(path, {**files, "manifest.json": json.dumps(manifest).encode()}, recomputed=False)
    status, _, err = cli("unpack", str(path), uri(elsewhere))
    assert (status, "are allowed" in err) == (2, True)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("id", "b" * 32, "it is of run"),
        ("status", "RUNNING", "its status is RUNNING"),
        ("name", "x" * 251, "more than 250 letters"),
        ("tags", {"deeplab.parent": "\0"}, "NUL"),
        ("params", {"seed": 1}, "params"),
        ("metrics", {"test/loss": [[0, 0, "many"]]}, "could not convert"),
        ("metrics", {"test/loss": [[2**70, 0, "1.0"]]}, "a step or a time"),
        ("metrics", {"test/loss": [[0, 0, "nan"], [0, 0, "NaN"]]}, "the same twice"),
        ("metrics", {"": [[0, 0, "1.0"]]}, "a key is empty"),
        ("started_ms", 2**70, "a time that no store holds"),
        ("ended_ms", -1, "a time that no store holds"),
        ("models", [{"id": "../x", "name": "m", "created_ms": 0, "updated_ms": 0}], "a model has an id"),
    ],
)
def test_what_no_store_holds_is_refused(
    cli: Cli, elsewhere: Path, forge: Forge, key: str, value: object, told: str
) -> None:
    forged = forge(run_json=lambda content: json.dumps({**json.loads(content), key: value}).encode())
    status, _, err = cli("unpack", str(forged), uri(elsewhere))
    assert (status, err.count("\n")) == (2, 1)
    assert told in err
    assert json.loads(cli("runs", "--json", uri(elsewhere))[1] or "[]") == []


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 18])
def test_another_file_is_no_pack(cli: Cli, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    status, _, err = cli("unpack", str(tmp_path / "x.zip"))
    assert (status, "this is not a pack of deeplab" in err) == (2, True)


def test_a_model_of_another_run_is_neither_written_over_nor_deleted(
    cli: Cli, origin: Path, elsewhere: Path, tmp_path: Path
) -> None:
    assert cli("unpack", str(origin / "kept.zip"), uri(elsewhere))[0] == 0
    before = {path: path.read_bytes() for path in elsewhere.rglob("models/**/*") if path.is_file()}
    (run,) = (run["id"] for run in json.loads(cli("runs", "--json", uri(elsewhere))[1]))
    other = run[:-4] + "0000"
    files = {
        name.replace(run, other): content.replace(run.encode(), other.encode())
        for name, content in contents(origin / "kept.zip").items()
    }
    status, _, err = cli("unpack", str(write_pack(tmp_path / "other.zip", files)), uri(elsewhere))
    assert (status, err.count("\n")) == (2, 1)
    assert err.endswith("is in the store already, of another run.\n")
    assert before
    assert {path: path.read_bytes() for path in elsewhere.rglob("models/**/*") if path.is_file()} == before


def test_a_file_that_is_also_a_folder_is_refused(cli: Cli, origin: Path, elsewhere: Path, tmp_path: Path) -> None:
    files = contents(origin / "kept.zip")
    name = next(name for name in files if name.endswith("history.csv"))
    forged = write_pack(tmp_path / "forged.zip", {**files, f"{name}/x": b""})
    status, _, err = cli("unpack", str(forged), uri(elsewhere))
    assert (status, err.count("\n"), "history.csv/x cannot be read" in err) == (2, 1, True)
    assert not list((elsewhere / ".deeplab").glob("unpack-*"))


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_ask_for_much_memory_are_refused(origin: Path, tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as file:
        for name, content in contents(origin / "kept.zip").items():
            file.writestr(name, content)
    with pytest.raises(UserError, match="not a pack|another method than deflate"):
        open_pack(str(tmp_path / "x.zip"))


def test_files_that_share_their_bytes_are_refused(origin: Path, tmp_path: Path) -> None:
    path = write_pack(tmp_path / "x.zip", contents(origin / "kept.zip"))
    with zipfile.ZipFile(path) as file:
        (first, second), begin = file.infolist()[:2], file.start_dir
    content = path.read_bytes()  # the first entry of its directory is made to reach over the second
    reach = second.header_offset + 100 - first.header_offset
    path.write_bytes(content[: begin + 20] + reach.to_bytes(4, "little") + content[begin + 24 :])
    with pytest.raises(UserError, match="two of its files share their bytes"):
        open_pack(str(path))
