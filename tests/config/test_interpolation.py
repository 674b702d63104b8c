import time
from typing import Any

import pytest
from omegaconf import OmegaConf

from deeplab.config.interpolation import check_text, check_texts, resolve
from deeplab.errors import UserError


@pytest.mark.parametrize(
    "text",
    [
        "${l2}",
        "a ${ model.dropout } b",
        "${model.layers[0].units}",
        "${.kind}",
        "${..seed}",
        "${a}${b}",
        "\\${oc.env:HOME}",  # an odd number of backslashes: text
        "\\\\\\${oc.env:HOME}",
        "$HOME {x} $",
        "\\\\${l2}",
    ],
)
def test_plain_keys_and_escaped_ones_are_taken(text: str) -> None:
    check_text(text, "notes")


@pytest.mark.parametrize(
    "text",
    [
        "${oc.env:HOME}",
        "\\\\${oc.env:HOME}",  # an even number of backslashes: a resolver behind one
        "\\\\\\\\${oc.env:HOME}",
        "\\${l2} ${oc.env:HOME}",
        "${l2}${ oc.env : HOME }",
        "${oc.decode:x}",
        "${${name}:HOME}",
        "${oc.${name}:HOME}",
        "${a${name}b}",
        "${a.${name}}",
        "${a[${name}]}",
        "${x:}",
        "${",
        "${}",
        "${l2",
        "${" * 300,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="^notes: '.*' names a resolver, which is refused"):
        check_text(text, "notes")


def test_texts_are_bounded_before_the_grammar_reads_them() -> None:
    with pytest.raises(UserError, match="may have 1,000 characters, this has 4,000"):
        check_text("${a}" * 1000, "notes")
    with pytest.raises(UserError, match="come to over 50,000 characters"):
        check_texts((str(index), f"{index} ${{{'a' * 900}}}") for index in range(100))


SOUND = {
    "l2": 0.1,
    "name": "x",
    "none": None,
    "model": {"rate": 0.5, "layers": [{"l2": "${l2}", "rate": "${model.rate}"}, {"up": "${...rate}", "at": "${.up}"}]},
    "copies": ["${model.layers}", "${model.layers[0].rate}", "${model.layers.1.up}", "${copies.1}"],
    "text": "a ${name} b ${l2} ${none} \\${name} \\\\${name} \\x",
    "escaped": "\\${oc.env:HOME}",
    "through": "${alias.rate}",
    "alias": "${model}",
}


def test_keys_are_filled_in_as_omegaconf_does() -> None:
    resolved = resolve(SOUND)
    assert resolved == OmegaConf.to_container(OmegaConf.create(SOUND), resolve=True)
    assert resolved["text"] == "a x b 0.1 None ${name} \\x \\x"
    assert resolved["escaped"] == "${oc.env:HOME}"
    assert resolved["copies"][0] is not resolved["model"]["layers"]


def test_no_resolver_of_omegaconf_is_ever_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    asked = []
    monkeypatch.setattr(OmegaConf, "_get_resolver", asked.append)
    with pytest.raises(UserError) as caught:
        resolve({"notes": "\\\\${oc.env:SECRET}"})  # even where it was not checked
    assert str(caught.value) == "'oc.env' is a resolver, which is refused."
    assert asked == []


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"a": "${nothing}"}, "a: Interpolation key 'nothing' not found."),
        ({"a": {"b": ["${c}"]}}, "a.b[0]: Interpolation key 'c' not found."),
        ({"a": "${b[2]}", "b": [1]}, "a: Interpolation key 'b[2]' not found."),
        ({"a": "${b.c}", "b": 3}, "a: Interpolation key 'b.c' not found."),
        ({"a": "${...b}", "b": 3}, "a: ${...b} has more dots than there are levels."),
        ({"a": "${b}", "b": "${a}"}, "its ${...} lead back to itself."),
        ({"a": {"b": "${a}"}}, "a: its ${...} lead back to itself."),
        ({"a": "${b}", "b": "???"}, "b must be given: b=..."),
    ],
)
def test_what_cannot_be_filled_in_is_told_with_its_key(raw: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(raw)
    assert line in str(caught.value)


def doubling(first: Any, form: str, count: int = 40) -> dict[str, Any]:
    return {"b0": first, **{f"b{index}": form.format(f"${{b{index - 1}}}") for index in range(1, count)}}


LISTS = {"b0": ["x"], **{f"b{index}": [f"${{b{index - 1}}}"] * 2 for index in range(1, 40)}}


@pytest.mark.parametrize(
    "raw",
    [
        doubling("xxxxxxxx", "{0}{0}"),
        dict(reversed(doubling("xxxxxxxx", "{0}{0}").items())),
        LISTS,
        {"big": [0] * 5000, "all": ["${big}"] * 4000},
        doubling("x", "{0}", 500) | {"a": "${b499}"},
        dict(reversed(doubling("x", "{0}", 500).items())),
        {"a": [[0] * 100] * 101},
    ],
    ids=["text", "backwards", "lists", "copies", "chain", "chain backwards", "values"],
)
def test_what_would_grow_without_bound_ends_at_once(raw: dict[str, Any], request: pytest.FixtureRequest) -> None:
    began = time.perf_counter()
    if request.node.callspec.id == "chain":
        assert resolve(raw)["a"] == "x"
    else:
        with pytest.raises(UserError, match=r"a configuration may have 10,000 values|more than 60 keys lead"):
            resolve(raw)
    assert time.perf_counter() - began < 1
    assert resolve(doubling("", "{0}{0}"))["b39"] == ""
