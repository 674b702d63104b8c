from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.config.library import Library
from deeplab.errors import UserError

NET = "name: mine\nlayers:\n  - {type: Flatten}\n  - {type: Dense, units: num_classes, activation: softmax}\n"


def write(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def error(folder: Path, *overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        compose(overrides, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("notes", ["'\\\\${oc.env:SECRET}'", '"\\\\\\\\${oc.env:SECRET}"', "\\\\${oc.env:SECRET}"])
def test_no_escape_reads_the_environment(tmp_path: Path, notes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    write(tmp_path, experiment__e=f"# @package _global_\nnotes: {notes}\n")
    assert error(tmp_path, "experiment=e").startswith("experiment/e.yaml, line 2: '${oc.env:SECRET}' names a resolver")
    with pytest.raises(UserError, match="names a resolver"):
        compose(["notes='\\\\\\\\${oc.env:SECRET}'"])


def test_an_experiment_of_its_own(tmp_path: Path) -> None:
    write(
        tmp_path, model__mine=NET, experiment__e=b"\xef\xbb\xbf# @package _global_\ndefaults: [override /model: mine]\n"
    )
    assert compose(["experiment=e"], tmp_path).config.model.name == "mine"


@pytest.mark.parametrize(
    "text", ["seed: 3\n", "# about it\n# @package _global_\nseed: 3\n", "# @package model\nname: x\n"]
)
def test_an_experiment_says_first_that_it_is_global(tmp_path: Path, text: str) -> None:
    write(tmp_path, experiment__e=text)
    assert error(tmp_path, "experiment=e") == (
        "experiment/e.yaml, line 1: an experiment begins with the line '# @package _global_', before anything else; "
        "put it there."
    )


@pytest.mark.parametrize("name", ["model/mine.yml", "model/mine.YAML", "config.yml"])
def test_files_that_would_be_passed_over_are_told(tmp_path: Path, name: str) -> None:
    write(tmp_path, model__other=NET)
    (tmp_path / name).write_text(NET)
    ending, renamed = Path(name).suffix, f"{Path(name).stem}.yaml"
    assert error(tmp_path) == f"{name}: files that end with {ending} are not read; rename it to {renamed}."


def test_other_files_of_a_folder_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, model__mine=NET, unrelated__deep__x="a: &a {hydra: *a}\n", compose="on: {x: [*y]}\n")
    (tmp_path / "docker.yml").write_text("- x\n")
    assert compose(["model=mine"], tmp_path).config.model.name == "mine"


def test_what_a_defaults_list_names_is_checked_when_it_is_read(tmp_path: Path) -> None:
    write(tmp_path, model__mine=f"defaults: [parts/base]\n{NET}", model__parts__base="x: ${oc.env:HOME}\n")
    assert error(tmp_path, "model=mine").startswith("model/parts/base.yaml, line 1: '${oc.env:HOME}' names a resolver")


@pytest.mark.parametrize("name", ["../../secret", "/model/../../secret", "/../secret"])
def test_a_defaults_list_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path, secret="x: 1\n", conf__model__mine=f"defaults: ['{name}']\n{NET}")
    assert "files are named by group and name" in error(tmp_path / "conf", "model=mine")


@pytest.mark.parametrize("linked", ["model", "model/mine.yaml", "config.yaml"])
def test_links_do_not_lead_out_of_a_folder(tmp_path: Path, linked: str) -> None:
    write(tmp_path / "elsewhere", model__mine=NET, config="defaults: [_self_]\n")
    link = tmp_path / "conf" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "elsewhere" / linked)
    assert f"is a link to {tmp_path}/elsewhere/{linked}, outside of " in error(tmp_path / "conf", "model=mine")


def test_links_inside_a_folder_are_followed_and_what_they_lead_to_is_checked(tmp_path: Path) -> None:
    write(tmp_path, shared__mine=NET)
    (tmp_path / "model").symlink_to("shared")
    assert compose(["model=mine"], tmp_path).config.model.name == "mine"
    write(tmp_path, shared__mine="name: &a x\n")
    assert "model/mine.yaml, line 1: YAML anchors and aliases" in error(tmp_path, "model=mine")


def test_defaults_lists_that_name_each_other_twice_end_at_once(tmp_path: Path) -> None:
    files = {f"model__b{index}": f"defaults: [b{index - 1}, b{index - 1}]\n" for index in range(1, 40)}
    write(tmp_path, model__b0=NET, **files)
    assert "load more than 500 files" in error(tmp_path, "model=b39")
    write(tmp_path, model__b0="defaults: [b39]\n")
    assert "load more than 500 files" in error(tmp_path, "model=b39")


def test_what_is_interpolated_is_bounded_for_all_files_of_a_folder(tmp_path: Path) -> None:
    texts = ["".join(f"${{a{number}_{index}}}" for index in range(90)) for number in range(80)]
    write(tmp_path, **{f"model__m{number}": f'{NET}notes: "{text}"\n' for number, text in enumerate(texts)})
    assert "texts with ${...} come to over 50,000 characters." in error(tmp_path)


def test_a_folder_has_a_bounded_size(tmp_path: Path) -> None:
    write(tmp_path, **{f"model__m{index}": NET + "#" * 120_000 for index in range(5)})
    assert "holds more than 1,000 configuration files or 512 KiB of them" in error(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "name: 1234\n",
            "e.yaml, line 2: name: must be a string, got 1234. Text is written in quotes: '1234'.",
        ),
        ("name: 1e5\n", "line 2: name: must be a string, got 100000.0. Text is written in quotes: '1e5'."),
        ("name: 1234e56\n", "experiment/e.yaml, line 2: name: 1234e56 is a power of ten that looks like a name"),
        ("seed: 0123\n", "experiment/e.yaml, line 2: seed: 0123 is an octal number in YAML 1.1"),
        ("training: {epochs: 1:30}\n", "experiment/e.yaml, line 2: training.epochs: 1:30 is a number in sixties"),
        ("training:\n  epochs: x\n", 'experiment/e.yaml, line 3: training.epochs: must be an integer, got "x".'),
        (
            "training: {epoch: 1}\n",
            "experiment/e.yaml, line 2: Unknown key 'epoch' in training.",
        ),
        ("seed: 1\nseed: 2\n", "experiment/e.yaml, line 3: the key 'seed' stands twice, first in line 2."),
    ],
)
def test_a_wrong_value_is_told_with_file_line_and_key(tmp_path: Path, text: str, line: str) -> None:
    write(tmp_path, experiment__e=f"# @package _global_\n{text}")
    assert line in error(tmp_path, "experiment=e")


def test_a_wrong_override_is_not_blamed_on_the_file_it_replaces(tmp_path: Path) -> None:
    write(tmp_path, experiment__e="# @package _global_\nseed: 3\n", schedule__s="kind: piecewise\nfactors: [1]\n")
    assert error(tmp_path, "experiment=e", "seed=x") == 'seed: must be an integer, got "x".'
    assert error(tmp_path, "schedule=s", "schedule.factors=[0]").startswith("schedule")


def test_keys_that_double_one_another_end_at_once_wherever_they_are_merged(tmp_path: Path) -> None:
    keys = "".join(f"  b{index}: '${{model.b{index - 1}}}${{model.b{index - 1}}}'\n" for index in range(1, 40))
    write(tmp_path, experiment__e=f"# @package _global_\nmodel:\n  b0: xxxxxxxx\n{keys}tags: '${{model.b39}}'\n")
    assert "200,000 characters" in error(tmp_path, "experiment=e")
    assert "200,000 characters" in error(tmp_path, "experiment=e", "tags.x=1", "model.b3=1")


@pytest.mark.parametrize("fault", [KeyError("x"), TypeError("x"), ValueError("x"), AttributeError("x")])
def test_a_fault_of_ours_shows_its_traceback(tmp_path: Path, fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, model__mine=NET)

    def broken(library: Library, name: str) -> str:
        raise fault

    monkeypatch.setattr(Library, "package", broken)
    with pytest.raises(type(fault)) as caught:
        compose(["model=mine"], tmp_path)
    assert caught.value is fault
