from pathlib import Path
from typing import Any

import pytest

from deeplab.config.yaml_file import read_stored, read_yaml
from deeplab.config.yaml_scalars import DisputedError, read_plain
from deeplab.errors import UserError


def read(tmp_path: Path, content: str | bytes) -> dict[str, Any]:
    path = tmp_path / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_yaml(path).values


def refused(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(UserError) as caught:
        read(tmp_path, content)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_plain_values(tmp_path: Path) -> None:
    text = "a: [1, -2.5, 1e-3, true, null, ~, text, 'quoted', \"1\"]\nb:\n  c: |\n    two\n    lines\nd:\n"
    assert read(tmp_path, text) == {
        "a": [1, -2.5, 0.001, True, None, None, "text", "quoted", "1"],
        "b": {"c": "two\nlines\n"},
        "d": None,
    }
    assert read(tmp_path, "# nothing\n") == {}


def test_each_value_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\nb:\n  - {c: 2}\n  - 3\n")
    document = read_yaml(tmp_path / "a.yaml")
    assert {place: document.lines[place] for place in (("a",), ("b",), ("b", 0, "c"), ("b", 1))} == {
        ("a",): 1,
        ("b",): 2,
        ("b", 0, "c"): 3,
        ("b", 1): 4,
    }
    assert document.where(("b", 0, "nothing")) == f"{tmp_path}/a.yaml, line 3"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1_000", 1000),
        ("+3", 3),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e5", 1e5),
        ("12e-3", 0.012),
        ("1.5e3", 1500.0),
        ("00.5", 0.5),
        ("False", False),
        ("y", "y"),
        ("2001-01-01", "2001-01-01"),
        ("0:30", "0:30"),
        ("10.0.0.1:6379", "10.0.0.1:6379"),
        ("1e", "1e"),
        ("٣", "٣"),
        ("", None),
    ],
)
def test_a_word_without_quotes_is_read_as_on_the_command_line(word: str, value: Any) -> None:
    found = read_plain(word)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("0123", "0123 is an octal number in YAML 1.1; write it without the 0 in front, or '0123' in quotes for text"),
        ("089", "octal"),
        ("1:30", "1:30 is a number in sixties in YAML 1.1 (1:30 is 90); write it in decimal, or '1:30' in quotes"),
        ("0:1:0.1", "sixties"),
        ("0b1", "write it in decimal"),
        ("0o17", "write it in decimal"),
        ("0x1F", "write it in decimal"),
        ("yes", "yes is true in YAML 1.1, and text on the command line; write true, or 'yes' in quotes for text"),
        ("Off", "write false, or 'Off' in quotes"),
        ("1__0", "misplaced _"),
        ("1._5", "misplaced _"),
        ("1234e56", "1234e56 is a power of ten that looks like a name; write the number as in 1.5e+3, or '1234e56'"),
        ("1e400", "larger than numbers can be"),
        ("9" * 5000, "a number of 5,000 digits is too long"),
    ],
)
def test_a_word_that_is_read_in_two_ways_is_refused_with_the_cure(word: str, line: str) -> None:
    with pytest.raises(DisputedError) as caught:
        read_plain(word)
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a: 1\nb: {c: [0, 0123]}\n", "a.yaml, line 2: b.c[1]: 0123 is an octal number"),
        ("a: 1\nb:\n  c: 2\n  c: 3\n", "a.yaml, line 4: the key 'b.c' stands twice, first in line 3."),
        ("{a: 1, 'a': 2}\n", "a.yaml, line 1: the key 'a' stands twice, first in line 1."),
        ("on: 1\n", "a.yaml, line 1: on: on is true in YAML 1.1"),
        ("a: 1\n3: 2\n", "a.yaml, line 2: the key 3 is no text; put it in quotes."),
        ("? [a]\n: 1\n", "a.yaml, line 1: a key is a word, no list and no mapping."),
        ("<<: {a: 1}\n", "the key '<<' is refused"),
        ("a: &x 1\n", "anchors and aliases are refused"),
        ("a: *x\n", "anchors and aliases are refused"),
        ("a: !!str 1\n", "the tag 'tag:yaml.org,2002:str' is refused"),
        ("a: 1\n---\nb: 2\n", "a.yaml, line 2: a second document begins with ---"),
        ("a: 1\nb: [1\n", "is no valid YAML"),
        ("a: b: c\n", "a.yaml, line 1: is no valid YAML"),
        ("- 1\n", "holds no mapping"),
        ("a: 1\nb: \x1b[2J\n", "a.yaml, line 2: holds the invisible character U+001B; delete it."),
        ("a: 1\u2028b: 2\n", "U+2028"),
        ("a: \x85b: 2\n", "U+0085"),
        ("a: b\ufeff\n", "U+FEFF"),
        (b"a: 1\nb: \xff\n", "a.yaml, line 2: is no UTF-8 (byte 0xff); save it as UTF-8."),
        ("a: 1\n".encode("utf-16"), "is written in UTF-16; save it as UTF-8."),
        ("- " * 20_000, "is nested more than 30 deep"),
        ("a: " + "[" * 20_000, "is nested more than 30 deep"),
        ("? " * 20_000, "a key is a word"),
        ("a: [" + "1," * 20_000 + "]", "holds more than 10,000 values"),
        ("a: " + "x" * 200_000, "is larger than 128 KiB"),
    ],
)
def test_what_cannot_be_read_safely_is_refused_with_its_place(tmp_path: Path, content: str | bytes, line: str) -> None:
    assert line in refused(tmp_path, content)


def test_a_mark_in_front_of_utf_8_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\n") == {"a": 1}


def test_a_stored_configuration_is_read_as_it_was_written() -> None:
    # PyYAML writes these words without quotes, and they are text to it.
    assert read_stored(b"name: 1234e56\ntags: {a: 0o17}\nseed: 3\n", "x") == {
        "name": "1234e56",
        "tags": {"a": "0o17"},
        "seed": 3,
    }


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: &x [1]\nb: [*x, *x]\n", "config.yaml, line 1: YAML anchors and aliases are refused"),
        (b"a: !!python/object/apply:os.getcwd []\n", "is refused"),
        (b"a: " + b"[" * 20_000, "is nested more than 30 deep"),
        (b"a: \xff\n", "is no valid YAML"),
        (b"[1]", "config.yaml holds no mapping."),
        (b"#" * 2_000_000, "config.yaml is larger than 1024 KiB"),
    ],
)
def test_a_stored_configuration_that_was_tampered_with_is_refused(content: bytes, line: str) -> None:
    with pytest.raises(UserError) as caught:
        read_stored(content, "config.yaml")
    assert line in str(caught.value)
