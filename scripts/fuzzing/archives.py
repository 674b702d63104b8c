"""Random .npz archives."""

import ast
import contextlib
import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from fuzzing.case import Case
from fuzzing.overrides import words_of

SHAPES = [(2,), (5,), (64,), (8, 8), (8, 8), (8, 8, 1), (8, 8, 3), (4, 5, 4), (1, 1)]
ODD_SHAPES = [(), (0,), (0, 4), (3, 3, 2), (8, 8, 0), (2, 2, 2, 2), (1,) * 30, (100_000,), (1, 200, 3), (1000, 1)]
DTYPES = words_of("u1 u1 u1 f4 f8 i4 ? >f8 f2 i8 >i2 f16")
ODD_DTYPES = words_of("c8 U3 O M8[s] m8[D] V4 S2")
CHANGES: tuple[Callable[[Any], Any], ...] = (
    *(lambda a: a[:0], lambda a: a[1:], lambda a: a[..., None], lambda a: a.T, np.asfortranarray),
    *(lambda a: a + 1, lambda a: a * 0, lambda a: a * -1, lambda a: a.astype("f8"), lambda a: a.astype("f8") + 1e300),
    *(lambda a: a.astype("f4") * np.float32("nan"), lambda a: a.astype("i8") - 2**40, lambda a: a.astype("i8") + 2**40),
    *(lambda a: a.astype("u8") + np.uint64(2**63), lambda a: a.astype("i1"), lambda a: a.astype("i8") + 2**31 - 2),
    *(lambda a: a.sum(), lambda a: a.astype("U2"), lambda a: a.astype(object), lambda a: a.astype("?")),
    lambda a: np.zeros(len(a), [("a", "i4"), ("b", "f4")]),
)
# What labels may be besides integers; of all parts alike.
LABELS: tuple[Callable[[Any], Any], ...] = (
    *(lambda y: np.array(["b", "Ä", "c c", "\x1b[2J"])[y % 4], lambda y: np.array(["x", "", "z"])[y % 3]),
    *(lambda y: y.astype("S1"), lambda y: np.array([b"\xff", b"a"])[y % 2], lambda y: y.astype(object)),
    *(lambda y: np.eye(10)[y], lambda y: y > 0, lambda y: y.astype("f4"), lambda y: y / 7, lambda y: y * 1e39),
    *(lambda y: np.stack([y / 3, y * y], axis=1), lambda y: np.stack([y, y], axis=1), lambda y: y[:, None] / 2),
    lambda y: np.full(len(y), 0x110000, np.uint32).view("U1"),
)
LABEL_KEYS = (
    *("labels=values", "labels=classes", "labels=folders", "test_fraction=0.3", "test_fraction=1", "target_names=[a]"),
    *("target_names=[a,b]", "target_names=['',b]", "target_names=[]"),
)
HEADERS = ["|u1", "<f8", "|O", "|V0", "<U1", "x", [("a", "<i4")], [], (), (-1,), (2**62, 2**62), (0,), ("a",), None, 1]
CLASS_NAMES = ["[a,b]", "[a,b,c]", "[a,a]", "[1,2]", "[]", "[ü,'']", "['a\nb',x]", "a", "[null,a]", "[<b>,'[/x]',🙂]"]


@st.composite
def archive_cases(draw: st.DrawFn) -> Case:
    """An .npz that is right, or wrong in shapes, types and values, in a header, or in any byte."""
    fault = draw(
        st.sampled_from(
            ["", "", "", "shape", "dtype", "values", "values", "header", "header", "bytes", "path", "names"]
        )
    )
    shape = draw(st.sampled_from(ODD_SHAPES if fault == "shape" else SHAPES))
    dtype = draw(st.sampled_from(ODD_DTYPES if fault == "dtype" else DTYPES))
    classes, rng = draw(st.sampled_from([2, 2, 3, 10])), np.random.default_rng(draw(st.integers(0, 99)))
    arrays: dict[str, Any] = {}
    for part, rows in (
        ("train", draw(st.sampled_from([40, 40, 60, 32]))),
        ("test", draw(st.sampled_from([20, 10, 1]))),
    ):
        arrays[f"x_{part}"] = rng.integers(0, 100, (rows, *shape)).astype(dtype)
        arrays[f"y_{part}"] = np.arange(rows) % classes
    if draw(st.booleans()):
        change = draw(st.sampled_from(LABELS))
        arrays |= {key: change(array) for key, array in arrays.items() if key.startswith("y_")}
    key = draw(st.sampled_from(["", "", "", "", *LABEL_KEYS]))
    if key == "test_fraction=0.3":
        del arrays["x_test"], arrays["y_test"]
    changed = draw(st.sampled_from(sorted(arrays)))
    if fault == "values":
        change = draw(st.sampled_from(CHANGES))
        # Not every change is one for every dtype.
        with contextlib.suppress(OverflowError, TypeError, ValueError, SystemError), np.errstate(all="ignore"):
            arrays[changed] = change(arrays[changed])
    members = {f"{key}.npy": _member(array) for key, array in arrays.items()}
    if fault == "header":
        members[f"{changed}.npy"] = draw(_with_header(members[f"{changed}.npy"]))
    if fault == "names":
        name = draw(st.sampled_from([changed, f"../{changed}.npy", f"{changed}\n.npy", "x.npy", "\x1b.npy"]))
        members[name] = members.pop(f"{changed}.npy")
    content = _zipped(members, draw(st.booleans()))
    if fault == "bytes":
        damaged = bytearray(content[: draw(st.sampled_from([len(content)] * 4 + [len(content) // 2, 30, 0]))])
        for place in draw(st.lists(st.integers(0, max(0, len(damaged) - 1)), max_size=4)) if damaged else ():
            damaged[place] = draw(st.integers(0, 255))
        content = bytes(damaged)
    path = (
        draw(st.sampled_from(["none.npz", "${name}", "~nobody/x", "'ü.npz'", ".", "x" * 300]))
        if fault == "path"
        else "own.npz"
    )
    model = draw(st.sampled_from(["dense_linear", "dense_linear", "mlp_64_64", "dense_relu", "cnn", "playground"]))
    names = draw(st.sampled_from([None, None, None, *CLASS_NAMES]))
    others = ["validation=none", "validation=test", "validation=random", "training.class_weights=balanced"]
    more = [f"dataset.class_names={names}"] if names else []
    more += draw(st.lists(st.sampled_from([*others, "training.batch_size=1"]), max_size=1))
    more += [f"dataset.{key}"] if key else []
    return Case(("dataset=npz", f"dataset.path={path}", f"model={model}", *more), (("own.npz", content),))


def _member(array: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=True)
    return stream.getvalue()


def _zipped(members: dict[str, bytes], compressed: bool) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


@st.composite
def _with_header(draw: st.DrawFn, content: bytes) -> bytes:
    """The same array under another header."""
    length = int.from_bytes(content[8:10], "little")
    said = ast.literal_eval(content[10 : 10 + length].decode())
    said[draw(st.sampled_from(["descr", "shape", "fortran_order", "x"]))] = draw(
        st.one_of(st.sampled_from(HEADERS), st.lists(st.integers(-2, 50), max_size=4).map(tuple), st.text(max_size=8))
    )
    said_so = repr(said).encode("utf-8", "surrogatepass") + b"\n"
    odd = st.one_of(
        st.binary(max_size=40), st.sampled_from([b"[" * 3000, b"-" * 9000 + b"1", b"{}", b"(" * 90 + b")" * 90])
    )
    header = draw(st.one_of(st.just(said_so), odd))
    version = draw(st.sampled_from([b"\1\0", b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\0\0", b"\xff\xff"]))
    size = len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
    return content[:6] + version + size + header + content[10 + length :]
