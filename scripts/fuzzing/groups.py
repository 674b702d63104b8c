"""Networks of groups that mean harm: circles, repeats without end, depth, blocks that double, sizes that grow."""

from hypothesis import strategies as st

from fuzzing.case import SMALL, Case

END = "{type: GlobalMaxPooling2D}, {type: Dense, units: num_classes, activation: softmax}"
LAYER = "{type: Activation, activation: relu}"
COUNTS = "1 2 3 100 499 500 10000 1000000000 2147483647 1e9 0 -1 1.5 true null x '3' $size $count [2] {} 9" + "9" * 60
NAMES = (
    "a",
    "b",
    "c",
    "input",
    "layers",
    "b0",
    "$size",
    "$name",
    "[a, b]",
    "[a, a]",
    "[input, a]",
    "[]",
    "{a: b}",
    "1",
)
DEPTHS = (2, 9, 19, 20, 21, 30, 100, 900, 20_000)
LENGTHS = (2, 100, 499, 500, 501, 5_000, 20_000)

counts = st.sampled_from(COUNTS.split())
names = st.sampled_from(NAMES)
depths = st.sampled_from(DEPTHS)
lengths = st.sampled_from(LENGTHS)


def _network(layers: str, blocks: str = "") -> str:
    return f"name: mine\nblocks: {{{blocks}}}\nlayers: [{layers}, {END}]\n"


def _block(name: str, layers: str, values: str = "size: 3, count: 2, to: b0") -> str:
    return f"{name}: {{values: {{{values}}}, layers: [{layers}]}}"


def circle(used: list[str], around: str) -> str:
    """Blocks that use each other, each inside some group; the last may use the first, or itself."""
    blocks = [_block(f"b{number}", around.replace("@", f"{{block: {name}}}")) for number, name in enumerate(used)]
    return _network("{block: b0}", ", ".join(blocks))


def deep(opening: str, closing: str, depth: int, in_block: bool) -> str:
    """Groups in groups, as deep as that, in the list of the network or of a block."""
    layers = f"{opening * depth}{LAYER}{closing * depth}"
    return _network("{block: a}", _block("a", layers)) if in_block else _network(layers)


def doubling(depth: int, times: int, around: str) -> str:
    """Blocks of which each uses the one before it several times."""
    first = _block("b0", LAYER)
    others = [
        _block(f"b{number}", ", ".join([around.replace("@", f"{{block: b{number - 1}}}")] * times))
        for number in range(1, depth)
    ]
    return _network(f"{{block: b{depth - 1}}}", ", ".join([first, *others]))


def repeats(numbers: list[str], inside: str) -> str:
    """Repeats in repeats."""
    opening = "".join(f"{{repeat: {number}, layers: [" for number in numbers)
    layers = f"{opening}{inside}{']}' * len(numbers)}"
    return _network("{block: a, count: 3}", _block("a", layers))


def long(item: str, length: int, behind: str) -> str:
    """Many items in one list, and one more."""
    return _network(", ".join([*[item] * length, behind]))


def _named(first: str, second: str, third: str, kind: str) -> str:
    """Items that name each other, or what there is not."""
    items = (
        f"{{name: a, from: {first}, type: Activation, activation: relu}}",
        f"{{name: b, from: {second}, residual: {{layers: [{LAYER}], shortcut: {kind}}}}}",
        f"{{name: c, from: {third}, type: Add}}",
    )
    return _network(", ".join(items))


def _many(count: int, used: str) -> str:
    """More blocks, values or names than anybody reads."""
    values = ", ".join(f"v{number}: {number}" for number in range(count))
    sizes = f"[{', '.join(['1'] * count)}]"
    blocks = {
        "blocks": ", ".join(_block(f"a{number}", LAYER, "") for number in range(count)),
        "values": _block("a0", LAYER, values),
        "sizes": _block("a0", "{type: Conv2D, filters: $size, kernel_size: 1}", f"size: {sizes}"),
        "names": _block("a0", ", ".join(f"{{name: n{number}, block: b}}" for number in range(count)))
        + f", {_block('b', LAYER)}",
    }
    return _network("{block: a0}", blocks[used])


AROUND = ("@", f"{LAYER}, @", "{repeat: 3, layers: [@]}", "{residual: {layers: [@]}}")
# What doubles each time, in its items, its size or its number of channels.
GROWING = (
    "{name: p, type: Activation, activation: relu}, {name: q, type: Activation, activation: relu}, "
    "{type: Concatenate, from: [p, q]}",
    "{type: UpSampling2D, size: 2}",
    "{type: ZeroPadding2D, padding: 1000000000}",
    "{type: Conv2D, filters: 2147483647, kernel_size: 1}",
    "{type: Flatten}, {type: RepeatVector, n: 2147483647}, {type: Reshape, target_shape: [-1, 1, 1]}",
    "{type: Resizing, height: 2147483647, width: 2147483647}",
)
SHRINKING = (
    "{type: Conv2D, filters: 1, kernel_size: 3}",
    "{type: MaxPooling2D, pool_size: 2}",
    "{type: Cropping2D, cropping: 1}",
    LAYER,
    "{residual: {shortcut: projection, normalization: true, layers: [{type: Conv2D, filters: 2, kernel_size: 3}]}}",
)
BEHIND = (LAYER, "{type: Conv1D, filters: 1, kernel_size: 1}", "{type: Add, from: [input, nothing]}", "{block: none}")
NETWORKS = st.one_of(
    st.builds(circle, st.lists(st.sampled_from(("b0", "b1", "b2", "$to")), min_size=1), st.sampled_from(AROUND)),
    st.builds(
        lambda pair, *more: deep(*pair, *more),
        st.sampled_from(
            (
                ("{repeat: 1, layers: [", "]}"),
                ("{repeat: 2, layers: [", "]}"),
                ("{residual: {layers: [", "]}}"),
                ("{residual: {layers: [", ""),
                ("[", "]"),
                ("{block: ", "}"),
            )
        ),
        depths,
        st.booleans(),
    ),
    st.builds(doubling, st.integers(2, 40), st.integers(1, 4), st.sampled_from(AROUND)),
    st.builds(repeats, st.lists(counts, min_size=1, max_size=19), st.sampled_from((LAYER, "{block: a}", *GROWING))),
    st.builds(repeats, st.lists(counts, min_size=1, max_size=2), st.sampled_from(GROWING + SHRINKING)),
    st.builds(long, st.sampled_from((*SHRINKING, *GROWING[1:])), lengths, st.sampled_from(BEHIND)),
    st.builds(_named, names, names, names, st.sampled_from(("identity", "projection", "pad", "a", "[]"))),
    st.builds(_many, lengths, st.sampled_from(("blocks", "values", "sizes", "names"))),
)


def case_of(text: str) -> Case:
    """A network, chosen."""
    return Case((*SMALL, "model=mine"), (("conf/model/mine.yaml", text.encode()),))


def group_cases() -> st.SearchStrategy[Case]:
    """A network that does not mean what it seems to."""
    return NETWORKS.map(case_of)
