"""Random overrides: groups and keys, real and not, with values that are odd."""

import re

import yaml
from hypothesis import strategies as st

from deeplab.config.folders import GROUPS, conf_folders, options
from deeplab.tracking.params import flatten
from fuzzing.case import SMALL, Case


def words_of(text: str) -> list[str]:
    """The words of a text, apart at blanks."""
    return text.split()


NUMBERS = words_of("""
    0 -0 1 -1 2 3.5 0.1 0.5 .5 1e-3 1E5 1e38 1e39 1e308 1e400 -1e400 1e-45 1e-300 5e-324 1e-400 nan inf -inf .nan 0x10
    1_000 007 100 2147483647 2147483648 4294967295 4294967296 9223372036854775807 9223372036854775808 1e30
    100000000000000000000000000000 [1.0,0.1] [1,2,3] [0.5] [1e308] [1.0,1e308] [1e308,1.0] [1e-300] [5,4] []
""")
NUMBERS += ["9" * 400, "9" * 5000, "0." + "0" * 400 + "1"]
ODD_VALUES = words_of("""
    null true False yes '' "" ' " \\ \\\\ a=b = == ??? , : #a [ ] { } {} [[[]]] [1,2 {a:1} {a:{b:[1,2]}} {1:2,a:3} [-1]
    [1,[2,[3,{a:null}]]] [true] [null] ['a','b'] [{type:Dense}] [{units:3}] [{}] [{type:Flatten,1:2}] 1,2 choice(1,2)
    [{type:Flatten},{type:Dense,units:num_classes,activation:softmax}] range(0,3) range(0,1e9) interval(0,1) glob(*)
    sort(3,2) shuffle(a,b) int(3.5) float(1) str(3) bool(x) json_str(1) cast(1) extend_list(1) int([1,x]) balanced auto
    gpu gpu:99 gpu:٣ gpu:99999999999999999999 cpu all none best latest mixed_float16 npz ü 日本語 🙂 \u202e a\u0301
    http://[x http:// http://a:b@c:d sqlite:/// sqlite:///a/b.db sqlite:////dev/null/x postgresql://a:b@c file:x
    http://[::1 ~nobody/x own.npz conf %s {0} <b> [red]x[/red] [/] model.layers ../x a/b relu Dense num_classes \x7f
""")
ODD_VALUES += ["", " x ", "a\nb", "'a\nb'", "'a\tb'", "a\rb", "'\u2028'", "\x1b[31m", "\udcff", "x" * 3000]
ODD_VALUES += ["[" * 60 + "]" * 60, "[" * 300 + "]" * 300, "{a:" * 60 + "1" + "}" * 60]
INTERPOLATIONS = words_of("""
    ${l2} ${seed} ${name} ${model} ${model.name} ${model.layers} ${model.layers[0].units} ${model.layers.0.type}
    ${.kind} ${nothing} ${..seed} ${...} ${} ${ $ $${l2} \\${l2} ${${name}} ${tags} ${training} ${.} x${l2}y
    [${l2},${seed}] {a:${seed}} ${dataset.limit} ${oc.env:HOME} ${oc.env:HOME,x} ${now:%Y} ${hydra.run.dir}
    ${hydra:job} ${l2:} ${oc.select:seed} ${oc.create:{}} ${oc.dict.keys:model} ${oc.decode:'1'} ${python:1}
    '${seed}${seed}'
""")
INTERPOLATIONS += ["${ oc.env : HOME }", "${\noc.env:HOME}", "${oc.env\t:HOME}", "${oc .env:HOME}"]
ODD_KEYS = words_of("""
    hydra.run.dir hydra/launcher +hydra.job.name hydra ~hydra _target_ model._target_ +x ++x.y ~model ~seed +seed ++seed
    model@x model@_global_ +model@a @ ~ + . .. .seed seed. model..name model.layers.99.units model.layers.-1.units
    model.layers.x model.layers.0 model.layers.٣.units model.layers[0].units model.layers.0.new model.dropout.x seed.x
    tags tags.a tags.a.b +tags.x tags.mlflow.x tags. tags..a tags.a/b tags.a:b tags.ü tags.0 tags.deeplab.kind defaults
    $x ${l2} ü dataset/x model/mine config experiment model.settings optimizer.kind schedule.kind dataset.kind
    model.name validation.kind
""")
TEXT = st.text(st.characters(exclude_characters="\0"), max_size=12)


def misspelt(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One character more or other."""
    return st.builds(
        lambda name, place, new, kept: name[: place % len(name)] + new + name[place % len(name) + kept :],
        names,
        st.integers(0, 40),
        st.sampled_from(["", "x", "_", ".", "S", "0", "="]),
        st.integers(0, 1),
    )


def override_cases() -> st.SearchStrategy[Case]:
    """Groups and keys, real and not, with values that are odd."""
    folders = conf_folders(None)
    files = {f"{group}={name}": path for group in GROUPS for name, path in options(group, folders).items()}
    choices = list(files)
    # Of each choice that needs no other file, the keys that are there then.
    keys: dict[str, list[str]] = {"seed=0": ["seed", "name", "notes", "tags.x", "tags"]}
    for choice, path in files.items():
        group = choice.partition("=")[0]
        if group not in ("dataset", "experiment") or choice == "dataset=digits":
            there = flatten(yaml.safe_load(path.read_text(encoding="utf-8")), f"{group}.")
            keys[choice] = [key for key in there if not re.search(r"\.(kind|layers\.\d+)$", key)] or list(there)
    for choice in ("model=cnn_dropout", "model=dense_relu", "model=mlp_64_64"):
        keys[choice] += [
            f"model.layers.{index}.{key}" for index in (0, 1, 2) for key in ("type", "units", "activation")
        ]
    texts = st.one_of(st.sampled_from(ODD_VALUES), TEXT)
    # Hydra reads little that is not quoted.
    quoted = texts.map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'")
    numbers, interpolations = st.sampled_from(NUMBERS), st.sampled_from(INTERPOLATIONS)
    values = st.one_of(numbers, numbers, numbers, texts, quoted, interpolations)
    # A choice and something odd in what was chosen: the most likely to come far.
    groups = sorted({choice.partition("=")[0] for choice in keys})
    scoped = (
        st.sampled_from(groups)
        .flatmap(lambda group: st.sampled_from([choice for choice in keys if choice.startswith(f"{group}=")]))
        .flatmap(
            lambda choice: st.lists(
                st.builds("{}={}".format, st.sampled_from(keys[choice]), values), min_size=1, max_size=2
            ).map(lambda odd: (choice, *odd))
        )
    )
    real = st.sampled_from(sorted({key for each in keys.values() for key in each} | set(GROUPS)))
    chosen = st.sampled_from(choices)
    pair = st.builds("{}={}".format, st.one_of(misspelt(real), st.sampled_from(ODD_KEYS), real, TEXT), values)
    odd = st.one_of(pair, pair, pair, chosen, misspelt(chosen), st.sampled_from(ODD_VALUES + ODD_KEYS), TEXT)
    wild = st.lists(odd, min_size=1, max_size=3).map(tuple)
    return st.one_of(scoped, scoped, wild).map(lambda overrides: Case((*SMALL, *overrides)))
