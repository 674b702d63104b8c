import os
from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.errors import UserError


@pytest.mark.parametrize(
    "override",
    [
        "hydra.run.dir=x",
        "hydra.searchpath=[pkg://antigravity]",
        "+hydra.searchpath=[pkg://antigravity]",
        "++hydra.x=1",
        "~hydra.x",
        "hydra/launcher=joblib",
        "hydra@x=y",
        "hydra=x",
    ],
)
def test_hydra_cannot_be_touched(override: str) -> None:
    with pytest.raises(UserError, match="Hydra's own settings cannot be changed"):
        compose([override])


@pytest.mark.parametrize(
    "override",
    ["model._target_=os.system", "+x._target_=os.system", "tags={_target_: os.system}", "name=_target_"],
)
def test_code_cannot_be_named(override: str) -> None:
    with pytest.raises(UserError, match="cannot name code to run"):
        compose([override])


@pytest.mark.parametrize(
    "text", ["${oc.env:HOME}", "${ oc.env:HOME }", "a${oc.decode:x}b", "${hydra:job.name}", "${x:}"]
)
def test_resolvers_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="resolver"):
        compose([f"notes='{text}'"])


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (
            "config.yaml",
            "defaults: [_self_]\nhydra: {searchpath: [pkg://antigravity]}\n",
            "line 2: 'hydra' is refused",
        ),
        (
            "config.yaml",
            "defaults:\n  - override hydra/launcher: joblib\n",
            "is refused, Hydra's own settings",
        ),
        (
            "config.yaml",
            "defaults:\n  - override /hydra/launcher: joblib\n",
            "is refused, Hydra's own settings",
        ),
        ("model/m.yaml", "# @package hydra.job\nname: x\n", "'@package hydra.job' is refused"),
        ("model/m.yaml", "name: x\nlayers: [{_target_: os.system}]\n", "line 2: '_target_' is refused"),
        ("model/m.yaml", "name: ${oc.env:HOME}\n", "names a resolver, which is refused"),
        ("model/m.yaml", "defaults: ['${oc.env:X}']\n", "names a resolver, which is refused"),
        ("model/m.yaml", "name: !!python/object/apply:os.system [echo]\n", "the tag"),
        ("model/m.yaml", "name: !mine x\n", "the tag '!mine' is refused"),
        ("model/m.yaml", "a: &a [1]\nb: [*a, *a]\n", "anchors and aliases are refused"),
        ("model/m.yaml", "[" * 2000, "m.yaml"),
        ("hydra/config.yaml", "a: 1\n", "hydra is refused"),
        ("model/m.yaml", "a: {hydra: 1}\n", "m.yaml, line 1: 'hydra' is refused"),
        ("model/m.yaml", "defaults: ['${model}']\n", "line 1: '${model}': a defaults list names files"),
        ("model/m.yaml", "defaults: [/hydra/launcher/basic]\n", "'/hydra/launcher/basic' is refused"),
    ],
)
def test_unsafe_files_are_refused(tmp_path: Path, name: str, text: str, line: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        compose([], tmp_path)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "notes"), [("oc.env", "${${name}:SECRET}"), ("env", "${oc.${name}:SECRET}"), ("x", "${a${name}b}")]
)
def test_the_name_of_a_resolver_cannot_be_interpolated(name: str, notes: str) -> None:
    with pytest.raises(UserError, match="names a resolver"):
        compose([f"name={name}", f'notes="{notes}"'])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x: " + "[" * 60_000 + "]" * 60_000, "m.yaml, line 1: is nested more than 30 deep"),
        ("x: " + "[" * 100_000 + "]" * 100_000, "m.yaml: is larger than 128 KiB"),
        ("5", "holds no mapping"),
        ("x: !!binary aGk=", "the tag"),
        ("0: 0", "the key 0 is no text"),
        ('name: "\\ud800"', "m.yaml, line 1: is no valid YAML"),
    ],
)
def test_odd_files_are_refused_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "m.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        compose(["model=m"], tmp_path)
    assert line in str(caught.value)


def test_no_secret_of_the_environment_gets_into_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    assert os.environ["SECRET"] == "hunter2"
    with pytest.raises(UserError) as caught:
        compose(["notes=${oc.env:SECRET}"])
    assert "hunter2" not in str(caught.value)
