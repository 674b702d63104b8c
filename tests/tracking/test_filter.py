"""The language of filters: what it reads, what it means, and that no text ends as a traceback."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deeplab.errors import UserError
from deeplab.tracking.filter import AllOf, AnyOf, Comparison, Filter, Not, fields, matches, parse

RUN = {
    "model": "cnn_dropout",
    "l2": "0.001",
    "test/accuracy": 0.9853,
    "limit": "null",
    "note": "two words",
    "nan": "nan",
}


def true_of(text: str, values: dict[str, str | float] = RUN) -> bool:
    return matches(parse(text), values.get)


@pytest.mark.parametrize(
    "text",
    [
        "model=cnn_dropout",
        "model=cnn*",
        "model=CNN_*OUT",
        "model=cnn?dropout",
        "model==cnn*",
        "model!=mlp*",
        "l2=1e-3",
        "l2 = 0.0010",
        "l2<=1e-3",
        "l2>=1e-3",
        "l2>9e-4",
        "test/accuracy>0.98",
        "test/accuracy>.98 and model=cnn*",
        "model=mlp or l2=1e-3",
        "not model=mlp",
        "NOT model=mlp AND l2<1",
        "not (model=cnn* and l2>1)",
        "(model=mlp or model=cnn*) and (l2=1e-3)",
        "model=mlp and model=mlp or l2=1e-3",
        "limit=null",
        "note='two words'",
        'note="two*"',
        "'note'='two words'",
        "nan=nan",
        "note!=cnn",
        "",
        "  ",
    ],
)
def test_filters_that_are_true(text: str) -> None:
    assert true_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "model=cnn",
        "model=[c]nn_dropout",
        "model=cnn*t?",
        "model!=cnn*",
        "l2<1e-3",
        "l2!=1e-3",
        "limit>0",
        "limit<0",
        "nan>0",
        "gone=1",
        "gone!=1",
        "gone<1",
        "model=mlp and l2=1e-3",
        "not l2=1e-3",
        "not not model=mlp",
        "l2=1e-3 and (model=mlp or l2>1)",
    ],
)
def test_filters_that_are_false(text: str) -> None:
    assert not true_of(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model", "Filter 'model', at its end: after 'model' one of = != < <= > >= is missing."),
        ("model=", "Filter 'model=', at its end: after 'model=' a value is missing."),
        ("model= and l2=1", "Filter 'model= and l2=1', at 'and l2=1': after 'model=' a value is missing."),
        ("=cnn", "Filter '=cnn', at '=cnn': a comparison is missing, as in model=cnn*."),
        ("l2>x", "Filter 'l2>x', at its end: 'l2>' needs a number, got 'x'."),
        ("l2>=", "Filter 'l2>=', at its end: after 'l2>=' a value is missing."),
        ("(l2>1", "Filter '(l2>1', at its end: a closing parenthesis is missing."),
        ("l2>1)", "Filter 'l2>1)', at ')': 'and' or 'or' is missing."),
        ("l2>1 l2<2", "Filter 'l2>1 l2<2', at 'l2<2': 'and' or 'or' is missing."),
        ("l2>1 and", "Filter 'l2>1 and', at its end: a comparison is missing, as in model=cnn*."),
        ("not", "Filter 'not', at its end: a comparison is missing, as in model=cnn*."),
        ("or l2>1", "Filter 'or l2>1', at 'or l2>1': a comparison is missing, as in model=cnn*."),
        ("()", "Filter '()', at ')': a comparison is missing, as in model=cnn*."),
        ("name='a", "Filter 'name='a', at ''a': a quote that is not closed, or a lone '!'."),
        ("!x=1", "Filter '!x=1', at '!x=1': a quote that is not closed, or a lone '!'."),
        ("''=1", "Filter '''=1', at '=1': the name of a field is empty."),
        ("a=>1", "Filter 'a=>1', at '>1': after 'a=' a value is missing."),
    ],
)
def test_what_is_no_filter_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        parse(text)
    assert str(error.value) == told


def test_a_filter_too_deep_is_refused() -> None:
    for text in ("(" * 5000 + "a=1" + ")" * 5000, "not " * 5000 + "a=1"):
        with pytest.raises(UserError, match="more than 50 levels"):
            parse(text)
    assert true_of("(" * 40 + "l2<1" + ")" * 40)


def test_a_long_filter_and_a_glob_of_many_stars_take_no_time() -> None:
    assert true_of(" and ".join(["l2<1"] * 5000))
    assert not true_of("x=" + "a*" * 30 + "b", {"x": "a" * 5000})


@given(st.text(alphabet=st.one_of(st.sampled_from(list("ab12=!<>()'\"* .-_/[]\n")), st.characters()), max_size=40))
@example("a=1_0")
@example("a<٣")
@example("a=\0")
def test_any_text_is_a_filter_or_one_line(text: str) -> None:
    try:
        matches(parse(text), {"a": "1", "b": 2.0}.get)
    except UserError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("Filter '")


words = st.text(alphabet="abcdefgh_./0123456789-*?=", min_size=1, max_size=8).filter(
    lambda word: word[0] != "=" and word.lower() not in ("and", "or", "not")
)
names = words.filter(lambda word: "=" not in word)
numbers = st.floats(allow_nan=False).map(repr)
comparisons = st.one_of(
    st.builds(Comparison, names, st.sampled_from(["=", "!="]), words),
    st.builds(Comparison, names, st.sampled_from(["<", "<=", ">", ">="]), numbers),
)


def several(kind: type[AllOf] | type[AnyOf], parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    return st.lists(parts.filter(lambda part: not isinstance(part, kind)), min_size=2, max_size=3).map(
        lambda found: kind(tuple(found))
    )


filters: st.SearchStrategy[Filter] = st.recursive(
    comparisons,
    lambda parts: st.one_of(parts.map(Not), several(AllOf, parts), several(AnyOf, parts)),
    max_leaves=8,
)


def written(found: Filter) -> str:
    """A filter as a person might type it, with parentheses round everything that has parts."""
    if isinstance(found, Comparison):
        return f"{found.field} {found.operator}{found.value}"
    if isinstance(found, Not):
        return f"not ({written(found.part)})"
    return (" and " if isinstance(found, AllOf) else " or ").join(f"({written(part)})" for part in found.parts)


@given(filters)
def test_what_is_written_is_read_back(found: Filter) -> None:
    assert parse(written(found)) == found


@given(filters, st.dictionaries(names, st.one_of(words, st.floats())))
def test_joined_filters_mean_what_python_means(found: Filter, values: dict[str, str | float]) -> None:
    def meant(part: Filter) -> bool:
        if isinstance(part, Comparison):
            return matches(part, values.get)
        if isinstance(part, Not):
            return not meant(part.part)
        return all(map(meant, part.parts)) if isinstance(part, AllOf) else any(map(meant, part.parts))

    assert matches(parse(written(found)), values.get) == meant(found)


def test_the_fields_of_a_filter_are_known() -> None:
    assert list(fields(parse("a=1 and (b>2 or not c='x')"))) == ["a", "b", "c"]
