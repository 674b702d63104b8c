"""Configuration files that mean harm: escapes, aliases, links, marks, keys that stand twice, depth, size, orders."""

import json

from hypothesis import strategies as st

from fuzzing.case import SMALL, Case

NET = """name: mine
width: 3
layers:
  - {type: Flatten}
  - {type: Dense, units: "${model.width}", activation: relu}
  - {type: Dense, units: num_classes, activation: softmax}
"""
EXPERIMENT = "# @package _global_\ndefaults:\n  - override /model: mine\n"
RESOLVERS = ("oc.env:FUZZ_SECRET", "oc.env:HOME", "oc.decode:'1'", "oc.${name}:FUZZ_SECRET", "${name}:HOME", "now:%Y")
KEYS = ("l2", "seed", "model.width", ".x", "..seed", "model.layers[0].type", "nothing", "notes", "b", "", "model")
ORDERS = ("\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\x90q\x9c", "\x08\x08", "\r", "\x7f", "\x85", "\0", "\ufeff", "\u2028")
WORDS = ("0123", "1:30", "0x1F", "0b1", "0o7", "yes", "Off", "1_000", "1__0", "1234e56", "1e400", "12", "~", "=", "<<")
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xff", b"\xc0\x80", b"\xed\xa0\x80")


def _named(depth: int, text: str, order: int) -> str:
    """Keys that each name the one before twice, in either order."""
    lines = [f"  b{n}: '{text.format(f'${{model.b{n - 1}}}')}'" for n in range(1, depth)]
    return "\n".join(["model:", "  b0: xxxxxxxx", *lines[::order], f"notes: ${{model.b{depth - 1}}}", ""])


def _escaped(backslashes: int, inside: str, quote: str) -> str:
    text = "\\" * backslashes + "${" + inside + "}"
    return json.dumps(text) if quote == '"' else f"'{text.replace(chr(39), chr(39) * 2)}'" if quote else text


ESCAPES = st.builds(
    _escaped, st.integers(0, 5), st.sampled_from(RESOLVERS + KEYS), st.sampled_from(("'", '"', ""))
).flatmap(
    lambda text: st.sampled_from((f"notes: {text}\n", f"name: {text}\n", f"tags: {{a: [{text}]}}\n", f"{text}: 1\n"))
)
ALIASES = st.sampled_from(
    (
        "notes: &a x\nname: *a\n",
        "tags: &a {x: *a}\n",
        "tags: {<<: {a: 1}}\n",
        "notes: !!str x\n",
        "notes: !x y\n",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
    )
)
TWICE = st.sampled_from(("seed", "'seed'", '"seed"', "? seed\n", "name", "training", "seed ")).map(
    lambda key: f"seed: 1\n{key}: 2\n"
)
DEEP = st.builds(
    lambda opening, closing, depth: f"notes: {opening * depth}{closing * depth}\n",
    *[st.sampled_from(("[", "{a: ", "- ", "? ", "[{a: ")), st.sampled_from(("]", "}", "", "}]"))],
    st.sampled_from((3, 29, 31, 900, 20_000)),
)
LARGE = st.one_of(
    st.builds(
        _named,
        st.sampled_from((3, 12, 40, 300)),
        st.sampled_from(("{0}{0}", "{0}", "a {0} {0}")),
        st.sampled_from((1, -1)),
    ),
    st.sampled_from((100, 9_000, 70_000)).map(lambda count: f"tags: {{a: [{'1,' * count}]}}\n"),
    st.sampled_from((100, 130_000)).map(lambda count: f"notes: {'x' * count}\n"),
    st.sampled_from((10, 300)).map(lambda count: "".join(f"k{n}: '{'${seed}' * 100}{n}'\n" for n in range(count))),
)
ORDERED = st.builds(
    lambda key, order, coded: f"{key}: {json.dumps('x' + order + 'y') if coded else 'x' + order + 'y'}\n",
    st.sampled_from(("notes", "name", "tags: {a", "training: {engine", "x", "dataset: {path")),
    st.sampled_from(ORDERS),
    st.booleans(),
).map(lambda text: text.replace("\n", "}\n") if "{" in text else text)
DISPUTED = st.builds("{}: {}\n".format, st.sampled_from(("seed", "name", "l2", "notes")), st.sampled_from(WORDS))
DEFAULTS = st.sampled_from(
    ("/model: '${name}'", "../../secret", "/../secret", "mine", "/hydra/x: y", "e", "e@a.b", "${oc.env:HOME}", "secret")
).map(lambda entry: f"defaults:\n  - {entry}\nseed: 2\n")
LINKED = ("conf/model/linked.yaml", "conf/config.yaml", "conf/optimizer", "conf/experiment/linked.yaml")
TARGETS = ("../../../secret.yaml", "../../secret.yaml", "..", "../model", "/", "linked.yaml", "mine.yaml")
LINKS = st.lists(st.tuples(st.sampled_from(LINKED), st.sampled_from(TARGETS)), max_size=2).map(tuple)
HEADS = (EXPERIMENT, EXPERIMENT, EXPERIMENT, "# @package _global_\n", "", f"# x\n{EXPERIMENT}")
NAMES = (*("e.yaml",) * 9, "e.yml", "e.YAML", "\x1b[2Je.yaml", "e\x9b1m.yaml", "e f.yaml")


@st.composite
def hostile_cases(draw: st.DrawFn) -> Case:
    """An experiment and a network, with one or two things in them that are no accident."""
    kinds = [ESCAPES, ALIASES, TWICE, DEEP, LARGE, ORDERED, DISPUTED, DEFAULTS, st.just("seed: 2\n"), st.just("")]
    harm = "".join(draw(st.lists(st.one_of(kinds), max_size=2)))
    head = draw(st.sampled_from(HEADS))
    mark = draw(st.one_of(st.just(b""), st.just(b""), st.just(b""), st.sampled_from(MARKS)))
    experiment = mark + (head + harm).encode("utf-8", "surrogatepass")
    name = draw(st.sampled_from(NAMES))
    files = (
        (f"conf/experiment/{name}", experiment),
        ("conf/model/mine.yaml", NET.encode()),
    )
    links = draw(st.one_of(st.just(()), st.just(()), LINKS))
    own = f"experiment='{name.rpartition('.')[0]}'"
    chosen = draw(st.sampled_from((own, own, own, own, "experiment=e", "model=mine", "model=linked")))
    escaped = ESCAPES.map(lambda text: text.replace(": ", "=", 1).strip())
    override = draw(st.one_of(st.none(), st.none(), escaped, st.just("seed=3")))
    return Case((*SMALL, chosen, *([override] if override else ())), files, links)
