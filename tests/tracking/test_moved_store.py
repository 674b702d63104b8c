"""A store that is moved, copied, linked or mounted is the store that it was, and leaves the other one alone."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import DEEPLAB, begin_anew

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.runs.delete import plan_deletion, remove
from deeplab.tracking.artifact_locations import current, local_path
from deeplab.tracking.artifacts import list_files, model_locations, put_file, read_artifact
from deeplab.tracking.delete import remove_models
from deeplab.tracking.find import all_runs, find_run
from deeplab.tracking.location import locate_store
from deeplab.tracking.relocate import relocate
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store, open_to_read
from deeplab.tracking.tags import BESIDE_TAG, HEARTBEAT_TAG

NAMES = ("a", "an ä b")


def config(folder: Path, experiment: str = "deeplab") -> TrackingConfig:
    return TrackingConfig(f"sqlite:///{folder}/mlflow.db", experiment, "all", "all")


def add_run(store: Store, name: str) -> str:
    """A run with a file and a model, as a training leaves them."""
    with RunLog.begin(store, name, {"seed": 1}, {"deeplab.kind": "train"}, None) as log:
        log.log_text("config.yaml", name)
        model = store.client.create_logged_model(store.experiment_id, "model", source_run_id=log.run_id)
        folder = local_path(model.artifact_location)
        assert folder is not None
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "model.keras").write_text(name)
        log.end("FINISHED")
    return log.run_id


def places(folder: Path) -> list[str]:
    """Whatever is recorded in a store that looks like a place, in every table."""
    found = []
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                found += [value for value in row if isinstance(value, str) and "mlruns" in value]
    return found


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a store but its database, in which times change, and what is kept beside it for a moment."""
    files = (path for path in (folder / "mlruns").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def text_of(store: Store, name: str = "one") -> str:
    return (read_artifact(store, find_run(store, name), "config.yaml") or b"nothing").decode()


@pytest.fixture(autouse=True)
def _beginning() -> None:
    begin_anew()


@pytest.fixture(params=NAMES)
def original(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> Path:
    """A store with a run of the name `one`."""
    folder = tmp_path / request.param
    folder.mkdir()
    shutil.copyfile(empty_database, folder / "mlflow.db")
    # Made elsewhere for all tests; MLflow's own experiment is not in question.
    change(folder, "UPDATE experiments SET artifact_location = ?", (folder / "mlruns" / "0").as_uri())
    add_run(open_store(config(folder)), "one")
    return folder


@pytest.fixture
def yesterday(original: Path) -> Path:
    """The same, made before stores were told from places that somebody chose."""
    change(original, "DELETE FROM experiment_tags WHERE key = ?", BESIDE_TAG)
    return original


@pytest.mark.parametrize("opening", [open_store, open_to_read])
def test_a_copy_has_files_of_its_own(original: Path, opening: object, capsys: pytest.CaptureFixture[str]) -> None:
    copy = original.parent / "b"
    shutil.copytree(original, copy)
    (original / "mlruns" / all_runs(open_to_read(config(original)))[0].id / "artifacts/config.yaml").write_text(
        "changed"
    )
    assert capsys.readouterr().err == ""
    store = opening(config(copy))  # type: ignore[operator]
    assert capsys.readouterr().err == (
        f"deeplab: The store of {original} was moved or copied to {copy}; "
        "where the files of 1 run lie was rewritten in it.\n"
    )
    assert text_of(store) == "one"
    assert text_of(open_to_read(config(original))) == "changed"
    assert len(places(copy)) == 4  # two experiments, a run and a model
    assert {place.partition("/mlruns")[0] for place in places(copy)} == {copy.as_uri()}
    assert {place.partition("/mlruns")[0] for place in places(original)} == {original.as_uri()}
    opening(config(copy))  # type: ignore[operator]
    assert capsys.readouterr().err == ""


def test_deleting_in_a_copy_leaves_the_original(original: Path) -> None:
    copy = original.parent / "b"
    shutil.copytree(original, copy)
    before = contents(original)
    assert sorted(before.values()) == [b"one", b"one"]
    store = open_to_read(config(copy))
    (removal,) = plan_deletion(store, all_runs(store))
    assert (removal.files, removal.outside) == (2, ())
    remove(store, removal)
    assert contents(copy) == {}
    assert contents(original) == before
    assert len(all_runs(open_to_read(config(original)))) == 1


def test_what_is_written_to_a_copy_leaves_the_original(original: Path) -> None:
    copy = original.parent / "b"
    shutil.copytree(original, copy)
    before = contents(original)
    begin_anew()
    store = open_store(config(copy))
    run = find_run(store, "one")
    put_file(store, run, "config.yaml", b"other")
    with RunLog.resume(store, run) as log:
        log.log_text("more.txt", "more")
        remove_models(store, run.id)
        log.end("FINISHED")
    add_run(store, "two")
    assert sorted(contents(copy).values()) == [b"more", b"other", b"two", b"two"]
    assert contents(original) == before


def test_a_moved_store_does_not_make_the_old_one_anew(original: Path) -> None:
    moved = original.parent / "deep" / "b"
    moved.parent.mkdir()
    original.rename(moved)
    store = open_store(config(moved))
    add_run(store, "two")
    assert text_of(store) == "one"
    assert not original.exists()
    assert sorted(contents(moved).values()) == [b"one", b"one", b"two", b"two"]


def test_a_new_store_at_the_old_place_is_another_one(original: Path, empty_database: Path) -> None:
    other, moved = original.parent / "other", original.parent / "b"
    other.mkdir()
    shutil.copyfile(empty_database, other / "mlflow.db")
    add_run(open_store(config(other)), "new")
    original.rename(moved)
    other.rename(original)
    assert text_of(open_to_read(config(original)), "new") == "new"
    before = contents(original)
    store = open_store(config(moved))
    assert text_of(store) == "one"
    add_run(store, "two")
    assert contents(original) == before
    assert sorted(contents(moved).values()) == [b"one", b"one", b"two", b"two"]


def test_a_copy_of_a_store_without_runs_is_told_from_it(tmp_path: Path, empty_database: Path, original: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copyfile(empty_database, bare / "mlflow.db")
    open_store(config(bare))
    shutil.copytree(bare, tmp_path / "b")
    add_run(open_store(config(bare)), "one")
    before = contents(bare)
    add_run(open_store(config(tmp_path / "b")), "two")
    assert contents(bare) == before
    assert sorted(contents(tmp_path / "b").values()) == [b"two", b"two"]


def test_a_linked_folder_is_the_same_store(original: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = original.parent / "link"
    link.symlink_to(original)
    before = places(original)
    for spelled in (link, original, original.parent / "link" / ".." / original.name):
        store = open_store(config(spelled))
        assert text_of(store) == "one"
        assert plan_deletion(store, all_runs(store))[0].outside == ()
    assert capsys.readouterr().err == ""
    assert places(original) == before


def test_a_link_to_a_database_leads_to_its_files(original: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mlflow.db").symlink_to(original / "mlflow.db")
    store = open_store(config(elsewhere))
    assert locate_store(config(elsewhere).uri).work_folder == original / ".deeplab"
    add_run(store, "two")
    assert [path.name for path in elsewhere.iterdir()] == ["mlflow.db"]
    assert len(contents(original)) == 4


@pytest.mark.parametrize("scheme", ["s3://bucket", "mlflow-artifacts:", "http://host/api", "dbfs:/x", "file://host/x"])
def test_files_that_are_on_no_disk_of_this_machine_are_left_there(original: Path, scheme: str) -> None:
    change(original, "UPDATE experiments SET artifact_location = ?", f"{scheme}/mlruns")
    change(original, "UPDATE runs SET artifact_uri = ?", f"{scheme}/mlruns/1/artifacts")
    change(original, "UPDATE logged_models SET artifact_location = ?", f"{scheme}/mlruns/models/m")
    before = places(original)
    moved = original.parent / "b"
    original.rename(moved)
    assert relocate(moved / "mlflow.db").moves == ()
    assert places(moved) == before


def test_a_place_that_somebody_chose_is_left_and_told(
    original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "disk" / "mlruns"
    client = open_store(config(original)).client
    client.create_experiment("chosen", artifact_location=str(disk))
    run_id = add_run(open_store(config(original, "chosen")), "far")
    told = f"deeplab: The files of runs of experiment 'chosen' go to {disk}, outside the store {original}.\n"
    assert capsys.readouterr().err == told
    copy = tmp_path / "b"
    shutil.copytree(original, copy)
    begin_anew()
    store = open_store(config(copy, "chosen"))
    assert capsys.readouterr().err.count("\n") == 2  # the copy, and the place outside it
    assert text_of(store, "far") == "far"
    put_file(store, find_run(store, "far"), "note.txt", b"its own")
    with pytest.raises(UserError, match="lie outside the store") as refused:
        plan_deletion(store, all_runs(store))
    assert str(disk / run_id / "artifacts") in str(refused.value)
    assert (disk / run_id / "artifacts" / "note.txt").read_bytes() == b"its own"
    (removal,) = plan_deletion(store, all_runs(store), outside=True)
    assert len(removal.outside) == 2
    remove(store, removal)
    assert [path for path in disk.rglob("*") if path.is_file()] == []


def test_stores_of_yesterday_are_moved_and_copied_too(yesterday: Path) -> None:
    copy, moved = yesterday.parent / "b", yesterday.parent / "c"
    shutil.copytree(yesterday, copy)
    before = contents(yesterday)
    add_run(open_store(config(copy)), "two")
    assert contents(yesterday) == before
    yesterday.rename(moved)
    add_run(open_store(config(moved)), "two")
    assert not yesterday.exists()
    assert sorted(contents(moved).values()) == [b"one", b"one", b"two", b"two"]
    assert {place.partition("/mlruns")[0] for place in places(moved)} == {moved.as_uri()}


def test_a_database_that_was_copied_alone_reads_the_files_and_leaves_them(
    original: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = original.parent / "b"
    alone.mkdir()
    shutil.copyfile(original / "mlflow.db", alone / "mlflow.db")
    before = contents(original)
    store = open_store(config(alone))
    told = capsys.readouterr().err
    assert f"files of 0 runs lie was rewritten in it; those of 1 lie in {original}/mlruns alone and stay there." in told
    run = find_run(store, "one")
    assert text_of(store) == "one"
    assert len(list_files(store, model_locations(store, run.id)[0])) == 1
    for act in (lambda: RunLog.resume(store, run), lambda: put_file(store, run, "x.txt", b"x")):
        with pytest.raises(
            UserError, match=f"lie outside the store {alone}, in {original}/mlruns/.* nothing is written"
        ):
            act()
    with pytest.raises(UserError, match=f"lie outside the store {alone}, in {original}/mlruns/.*; nothing was deleted"):
        plan_deletion(store, [run])
    remove_models(store, run.id)
    assert f"lies outside the store {alone} and was left there" in capsys.readouterr().err
    add_run(store, "two")
    assert contents(original) == before
    assert sorted(contents(alone).values()) == [b"two", b"two"]


def test_files_that_are_gone_everywhere_are_expected_beside_the_database(original: Path) -> None:
    shutil.rmtree(original / "mlruns")
    moved = original.parent / "b"
    original.rename(moved)
    store = open_store(config(moved))
    assert text_of(store) == "nothing"
    assert {place.partition("/mlruns")[0] for place in places(moved)} == {moved.as_uri()}


def test_a_link_among_the_files_is_deleted_and_not_what_it_leads_to(original: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("mine")
    store = open_to_read(config(original))
    run_id = all_runs(store)[0].id
    artifacts = original / "mlruns" / run_id / "artifacts"
    (artifacts / "link").symlink_to(precious)
    (artifacts / "file").symlink_to(precious / "thesis.txt")
    checkpoints = original / ".deeplab" / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / run_id).symlink_to(precious)
    (removal,) = plan_deletion(store, all_runs(store))
    remove(store, removal)
    assert (precious / "thesis.txt").read_text() == "mine"
    assert not artifacts.exists()
    assert not (checkpoints / run_id).is_symlink()


def test_a_linked_folder_of_runs_is_not_deleted_unasked(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "b"
    copy.mkdir()
    shutil.copyfile(original / "mlflow.db", copy / "mlflow.db")
    (copy / "mlruns").symlink_to(original / "mlruns")
    before = contents(original)
    store = open_to_read(config(copy))
    assert text_of(store) == "one"
    with pytest.raises(UserError, match=f"lie outside the store {copy}, in {original}/mlruns/.*To delete them, too"):
        plan_deletion(store, all_runs(store))
    assert contents(original) == before


def test_a_store_that_is_being_written_elsewhere_is_read_and_not_written(
    original: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(original, "UPDATE runs SET status = 'RUNNING'")
    change(original, "UPDATE tags SET value = ? WHERE key = ?", str(int(time.time())), HEARTBEAT_TAG)
    mounted = original.parent / "b"
    original.rename(mounted)
    before = places(mounted)
    store = open_to_read(config(mounted))
    assert "its run one was written less than a minute ago" in capsys.readouterr().err
    assert text_of(store) == "one"
    with pytest.raises(UserError, match=r"was moved or copied, which cannot be recorded in it \(its run one was"):
        open_store(config(mounted))
    assert places(mounted) == before
    change(mounted, "UPDATE tags SET value = ? WHERE key = ?", str(int(time.time()) - 61), HEARTBEAT_TAG)
    open_store(config(mounted))
    assert {place.partition("/mlruns")[0] for place in places(mounted)} == {mounted.as_uri()}


def test_of_several_processes_at_once_one_rewrites(original: Path) -> None:
    moved = original.parent / "b"
    original.rename(moved)
    code = "import sys; from pathlib import Path; from deeplab.tracking.relocate import relocate\n"
    code += "print(relocate(Path(sys.argv[1])).moves)"
    command = [sys.executable, "-c", code, str(moved / "mlflow.db")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=original.parent)
        for _ in range(4)
    ]
    ended = [process.communicate() for process in started]
    assert [out for out, _ in ended] == ["()\n"] * 4
    assert sum(err.count("was rewritten") for _, err in ended) == 1
    assert {place.partition("/mlruns")[0] for place in places(moved)} == {moved.as_uri()}


def closed(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_a_store_that_cannot_be_written_is_read(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "b"
    shutil.copytree(original, copy)
    shutil.rmtree(original)
    closed(copy)
    # The superuser may write everything, until it gives that up.
    command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command.append(str(DEEPLAB))

    def asked(*words: str) -> subprocess.CompletedProcess[str]:
        words = (*words, f"tracking.uri=sqlite:///{copy}/mlflow.db")
        return subprocess.run([*command, *words], capture_output=True, text=True, check=False, cwd=tmp_path)

    shown = asked("show", "one")
    assert shown.returncode == 0, shown.stderr
    assert "config.yaml 3 B, model/ 3 B in 1" in shown.stdout
    assert shown.stderr == (
        f"deeplab: The store of {original} was moved or copied to {copy}; its files are looked for there, "
        "and that is not recorded in it (attempt to write a readonly database).\n"
    )
    refused = asked("rm", "one", "--yes")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"The store {copy}/mlflow.db cannot be written" in refused.stderr
    assert len(contents(copy)) == 2
    assert not original.exists()


def test_a_location_keeps_the_way_it_is_written(tmp_path: Path) -> None:
    from deeplab.tracking.artifact_locations import Move

    move = (Move(Path("/old ä/mlruns"), tmp_path / "mlruns"),)
    assert current("file:///old%20%C3%A4/mlruns/1/artifacts", move) == f"{tmp_path.as_uri()}/mlruns/1/artifacts"
    assert current("/old ä/mlruns/1", move) == f"{tmp_path}/mlruns/1"
    assert current("/old ä/mlruns2/1", move) == "/old ä/mlruns2/1"
    assert current("s3://old ä/mlruns/1", move) == "s3://old ä/mlruns/1"
