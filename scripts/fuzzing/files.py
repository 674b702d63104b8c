"""Random YAML files for a folder of a person's own."""

import json
import re
from datetime import date
from typing import Any

import yaml
from hypothesis import strategies as st

from deeplab.config.folders import conf_folders, options
from deeplab.models.arguments import ARGUMENTS
from deeplab.models.layers import ACTIVATIONS, INITIALIZERS, LAYERS, MERGING
from fuzzing.case import SMALL, Case
from fuzzing.overrides import INTERPOLATIONS, TEXT

SIZES = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 16, 32, 64])
BIG = (1e-300, 1e38, 1e300, float("inf"), float("nan"), 10**9, 2**31 - 1, 2**31, 2**63, 10**30, -(2**63), 2**64 - 1)
ODD_TEXT = (
    "",
    "num_classes",
    "same",
    "relu",
    "softmax",
    "???",
    "1e3",
    "no",
    "a\nb",
    "{x}",
    "[/x]",
    "🙂",
    *INTERPOLATIONS,
)
ODD_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, *BIG]),
    st.sampled_from(ODD_TEXT),
    st.dates(date(1, 1, 1)),
    st.binary(max_size=4),
    TEXT,
)
NAMES = st.one_of(TEXT, st.sampled_from(["type", "name", "layers", "kind", "_target_", "defaults", "a.b", "a/b@c"]))
ODD_NAMES = st.one_of(st.integers(-3, 3), st.booleans(), st.none(), st.floats(), st.dates(), st.binary(max_size=2))
DOCUMENTS = st.recursive(
    ODD_SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(NAMES, inner, max_size=4),
        st.dictionaries(ODD_NAMES, inner, max_size=3),
    ),
    max_leaves=12,
)
PAIRS = st.lists(st.integers(1, 4), min_size=2, max_size=2)
SENSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "activation": st.sampled_from(sorted(ACTIVATIONS)),
    "axis": st.sampled_from([-1, 1, 2, 3, -2, 4, [1, 2], [-2, -1]]),
    "cropping": st.sampled_from([0, 1, [1, 2], [[1, 0], [0, 2]]]),
    "dilation_rate": st.integers(1, 3),
    "factor": st.one_of(st.floats(-2, 2), st.lists(st.floats(-2, 2), min_size=2, max_size=2)),
    "filters": SIZES,
    "groups": st.integers(1, 4),
    "height_factor": st.floats(-0.9, 0.9),
    "kernel_initializer": st.sampled_from(sorted(INITIALIZERS)),
    "kernel_size": st.one_of(st.integers(1, 4), PAIRS),
    "l1": st.floats(0, 0.1),
    "l2": st.one_of(st.floats(0, 0.1), st.just("${l2}")),
    "momentum": st.floats(0, 0.99),
    "negative_slope": st.floats(0, 1),
    "padding": st.sampled_from(["same", "valid"]),
    "pool_size": st.one_of(st.integers(1, 3), PAIRS),
    "rate": st.floats(0, 0.99),
    "scale": st.floats(-2, 2),
    "shared_axes": st.sampled_from([[1], [1, 2], [1, 2, 3]]),
    "size": st.one_of(st.integers(1, 3), PAIRS),
    "stddev": st.floats(0, 2),
    "strides": st.one_of(st.integers(1, 3), PAIRS),
    "target_shape": st.sampled_from([[-1], [8, 8, 1], [4, 4, 4], [16, 4], [64], [2, 2, -1], [3, 3]]),
    "units": st.one_of(SIZES, st.just("num_classes")),
    "use_bias": st.booleans(),
    "value_range": st.just([0, 1]),
    "width_factor": st.floats(-0.9, 0.9),
}
SENSIBLE |= {
    "dims": st.sampled_from([[2, 1], [1, 3, 2], [1, 2], [3, 1, 2]]),
    "height": st.integers(1, 40),
    "n": st.integers(1, 4),
    "width": st.integers(1, 40),
}
# What each layer needs, and what it may have.
NEEDED = {
    "Activation": "activation",
    "CenterCrop": "height width",
    "Conv1D": "filters kernel_size",
    "Conv2D": "filters kernel_size",
    "Conv2DTranspose": "filters kernel_size",
    "Dense": "units",
    "DepthwiseConv2D": "kernel_size",
    "Dropout": "rate",
    "GaussianDropout": "rate",
    "GaussianNoise": "stddev",
    "Permute": "dims",
    "RandomBrightness": "factor value_range",
    "RandomErasing": "value_range",
    "RepeatVector": "n",
    "Resizing": "height width",
    "RandomContrast": "factor value_range",
    "RandomRotation": "factor",
    "RandomTranslation": "height_factor width_factor",
    "RandomZoom": "height_factor",
    "Rescaling": "scale",
    "Reshape": "target_shape",
    "SeparableConv2D": "filters kernel_size",
    "SpatialDropout2D": "rate",
}
POSSIBLE = {
    "AveragePooling2D": "pool_size strides padding",
    "BatchNormalization": "axis momentum",
    "Concatenate": "axis",
    "Conv1D": "strides padding l2 activation",
    "GroupNormalization": "groups axis",
    "Conv2D": "strides padding dilation_rate activation l1 l2 use_bias kernel_initializer groups",
    "Conv2DTranspose": "strides padding dilation_rate activation l2",
    "Cropping2D": "cropping",
    "Dense": "activation l1 l2 use_bias kernel_initializer",
    "DepthwiseConv2D": "strides padding dilation_rate activation l2",
    "LayerNormalization": "axis",
    "LeakyReLU": "negative_slope",
    "MaxPooling2D": "pool_size strides padding",
    "PReLU": "shared_axes",
    "RandomZoom": "width_factor",
    "SeparableConv2D": "strides padding dilation_rate activation l1 l2",
    "UpSampling2D": "size",
}
RESIDUAL: dict[str, st.SearchStrategy[Any]] = {
    "drop": st.sampled_from([0, 0.1, 0.9, 1, "$count"]),
    "l2": st.sampled_from([0.1, "${l2}"]),
    "normalization": st.booleans(),
    "shortcut": st.sampled_from(["identity", "projection", "projection", "pad", "pads"]),
}
OUTPUT = {"type": "Dense", "units": "num_classes", "activation": "softmax"}
ENDS = (
    [{"type": "Flatten"}, OUTPUT],
    [{"type": "Flatten"}, {**OUTPUT, "activation": "sigmoid"}],
    [{"type": "Flatten"}, OUTPUT, {"type": "Activation", "activation": "softmax"}],
    [{"type": "GlobalMaxPooling2D"}, OUTPUT],
)
SNIPPETS = [
    f"{text}\n" if text.startswith(("#", "%", "---", "...", "defaults")) else text
    for text in """
    &a |*a|<<: *a|!!python/object/apply:os.getcwd []|!!python/name:os.getcwd|!x |!!binary aGk= |!!set |!!omap
    !!timestamp 2001-01-01|!!int x|!!float x|!!str |!!null x|!!bool x|!!pairs [a: 1]|!!value x|2001-01-01
    # @package _global_|# @package hydra|# @package x.y|# @package |# @package _group_|%YAML 1.1 --- |%YAML 9.9|---|...
    defaults: [other]|defaults: [/model: cnn]|defaults: {a: b}|defaults: 3|defaults: [_self_, x@y: z]|defaults: [mine]
    defaults: [override /model: cnn]|defaults: [{optional model: x}]|defaults: [null]|defaults: [[a]]|defaults: [{1: 2}]
    hydra: {}|_target_: os.getcwd|name: x|kind: x|1:30|0o17|0x1F|1_000|1e5|.5|~|=|<<|\\|? |: |  - |{|}|[|]|,|'|"
""".replace("\n", "|").split("|")
]
RAW_SNIPPETS = (b"\t", b"\0", b"\xc2\x85", b"\xef\xbb\xbf", b"\r", b"\n", b"|\n", b">\n", b"\xff", b"\xed\xa0\x80")
NESTING = (30, 60, 100, 150, 200, 300, 450, 700, 1500)


@st.composite
def _layer(draw: st.DrawFn, odd: bool) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(LAYERS)))
    more = draw(st.lists(st.sampled_from(POSSIBLE[kind].split()), max_size=2)) if kind in POSSIBLE else []
    layer = {"type": kind, **{key: draw(SENSIBLE[key]) for key in (*NEEDED.get(kind, "").split(), *more)}}
    if odd:
        key = draw(st.sampled_from([*layer, *layer, *more, *more, *ARGUMENTS, "activation", "l2", "name", "seed", "x"]))
        layer[key] = draw(st.one_of(ODD_SCALARS, st.sampled_from(BIG), st.lists(ODD_SCALARS, max_size=3), DOCUMENTS))
    return layer


@st.composite
def _items(draw: st.DrawFn, odd: bool, deep: int, names: tuple[str, ...] = ()) -> list[Any]:
    """Layers and groups of layers; names that stand before an item are the likeliest that it takes."""
    items: list[Any] = []
    where = draw(st.integers(0, 3)) if odd else -1
    for index in range(draw(st.integers(0 if deep == 3 else 1, 4))):
        kind = draw(st.sampled_from(["layer"] * 4 + ["join", "repeat", "residual", "residual", "block"] * (deep > 0)))
        item: dict[str, Any]
        if kind in ("layer", "join"):
            item = draw(_layer(index == where))
            if kind == "join" and names:
                item = {"type": draw(st.sampled_from(MERGING)), "from": [*names[-2:], "input"][:2]}
        elif kind == "block":
            item = {"block": draw(st.sampled_from(["a", "a", "b", "x"])), **draw(_values())}
        else:
            inside = draw(_items(index == where, deep - 1, names))
            item = {"repeat": draw(st.sampled_from([1, 2, 3, 100, 10**9])), "layers": inside}
            if kind == "residual":
                options = draw(st.fixed_dictionaries({}, optional=RESIDUAL))
                item = {"residual": {"layers": inside, **options}}
        if draw(st.integers(0, 3)) == 0:
            item["name"] = name = draw(st.sampled_from(["one", "two", "input", "1", "A"]))
            names = (*names, name)
        if draw(st.integers(0, 5)) == 0:
            item.setdefault("from", draw(st.one_of(st.sampled_from(["input", "one", ["one", "two"]]), ODD_SCALARS)))
        items.append(item)
    return items


@st.composite
def _values(draw: st.DrawFn) -> dict[str, Any]:
    return draw(st.dictionaries(st.sampled_from(["size", "count", "x"]), st.one_of(SIZES, ODD_SCALARS), max_size=2))


@st.composite
def _blocks(draw: st.DrawFn, odd: bool) -> dict[str, Any]:
    """Blocks that use their values and each other."""
    using = [{"type": "Dense", "units": "$size"}, {"repeat": "$count", "layers": [{"type": "Dropout", "rate": 0.5}]}]
    blocks: dict[str, Any] = {
        name: {"values": {"size": 3, "count": 1}, "layers": [*using[: draw(st.integers(0, 2))], *draw(_items(odd, 1))]}
        for name in ("a", "b")
    }
    if odd:
        blocks[draw(st.sampled_from(["a", "b", "c"]))] = draw(DOCUMENTS)
    return blocks


@st.composite
def _group_file(draw: st.DrawFn, odd: bool) -> tuple[str, Any]:
    """A group, and what its file says: all of it right, or one thing odd."""
    group = draw(st.sampled_from(["model"] * 6 + ["optimizer", "schedule", "training", "validation", "tracking"]))
    if group == "model":
        if draw(st.booleans()):
            where = draw(st.integers(0, 3)) if odd else -1
            layers = [draw(_layer(index == where)) for index in range(draw(st.integers(0, 4)))]
            more: dict[str, Any] = {}
        else:
            more = {"blocks": draw(_blocks(odd))}
            layers = draw(_items(odd, 3))
        name = draw(st.sampled_from(["mine", "mine", "mine", "mine", "my net", "ü", "a:b", ".", "_x", "x" * 300]))
        return group, {"name": name, "layers": [*layers, *draw(st.sampled_from(ENDS))], **more}
    path = draw(st.sampled_from([path for name, path in options(group, conf_folders(None)).items()]))
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    if odd:
        key = draw(st.sampled_from([*values, *values, "x", "defaults", "name"]))
        values[key] = draw(
            st.one_of(ODD_SCALARS, st.sampled_from(BIG), st.floats(), st.lists(st.floats(0, 9), max_size=4), DOCUMENTS)
        )
    return group, values


@st.composite
def file_cases(draw: st.DrawFn) -> Case:
    """A file in a folder of one's own, chosen."""
    fault = draw(
        st.sampled_from(["", "", "", "odd", "odd", "odd", "document", "key", "text", "text", "nesting", "other"])
    )
    group, values = draw(_group_file(fault == "odd"))
    name, files = "mine", []
    if fault == "document":
        group, values = draw(st.sampled_from([group, "experiment"])), draw(DOCUMENTS)
    elif fault == "key":
        values[draw(st.one_of(NAMES, ODD_NAMES))] = draw(DOCUMENTS)
    elif fault == "other":
        name = draw(st.sampled_from(["ü", "a b", "a=b", "null", "1", "1.0", "a.b", "mine"]))
        other = draw(st.sampled_from(["config", "model/cnn", "dataset/digits", "training/default", "hydra/x", "x"]))
        files.append((f"conf/{other}.yaml", _dumped(draw(DOCUMENTS), flow=True)))
    content = _dumped(values, flow=draw(st.sampled_from([False, None, True])))
    if fault == "nesting":
        opening, closing = draw(st.sampled_from([("[", "]"), ("{a: ", "}"), ("- ", "")]))
        depth = draw(st.sampled_from(NESTING))
        content = f"name: mine\nx:\n  {opening * depth}1{closing * depth}\n".encode()
    if fault == "text":
        added = draw(st.one_of(st.sampled_from([text.encode() for text in SNIPPETS]), st.sampled_from(RAW_SNIPPETS)))
        places = [0, *(match.end() for match in re.finditer(rb"\n|: ", content))]
        place = draw(st.one_of(st.sampled_from(places), st.sampled_from(places), st.integers(0, len(content))))
        content = content[:place] + added + content[place:]
    settings_too = ["l2=1e-4", "seed=7", "training.precision=mixed_float16", "validation=none", "training.loss=x"]
    more = draw(st.sampled_from([None] * 3 + settings_too))
    overrides = (*SMALL, f"{group}={name}", *([more] if more else ()))
    return Case(overrides, ((f"conf/{group}/{name}.yaml", content), *files))


def _dumped(values: Any, flow: bool | None) -> bytes:
    try:
        text = str(yaml.safe_dump(values, default_flow_style=flow, allow_unicode=True, sort_keys=False))
    except (yaml.YAMLError, UnicodeEncodeError):
        text = json.dumps(values, default=str)
    # YAML writes what occurs twice as an anchor, and those are refused.
    return re.sub(r"[&*]id\d+ ?", "", text).encode("utf-8", "surrogatepass")
