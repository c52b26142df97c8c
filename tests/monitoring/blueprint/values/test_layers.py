"""Written and computed values stand side by side; only a region may override, and it is listed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitoring.blueprint.values.layers import compose, leaves, nested, overlaps
from monitoring.fleet.yaml_file import merged

keys = st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=3)
trees = st.recursive(
    st.integers() | st.none() | st.lists(st.integers(), max_size=2),
    lambda below: st.dictionaries(keys, below, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(keys, trees, max_size=4)


def test_both_layers_count() -> None:
    composed = compose({"a": {"x": 1}}, {"a": {"y": 2}}, {})
    assert composed.values == {"a": {"x": 1, "y": 2}}
    assert composed.overrides == ()


def test_what_a_region_overrides_is_listed() -> None:
    composed = compose({"a": {"x": 1}, "l": [1, 2]}, {"a": {"y": 2}}, {"a": {"x": 3}, "l": [4]})
    assert composed.values == {"a": {"x": 3, "y": 2}, "l": [4]}
    assert composed.overrides == ("a.x", "l")


def test_a_path_that_is_set_twice_is_an_error_naming_both_places() -> None:
    (problem,) = overlaps({"a": {"x": 1, "z": 1}}, {"a": {"x": 2}}, file="values.yaml", module="module.py")
    assert str(problem) == "values.yaml: a.x must be set in one place, got a computed value in module.py too"


def test_a_value_above_or_below_another_is_an_overlap_too() -> None:
    assert list(overlaps({"a": 1}, {"a": {"x": 2}}, file="f", module="m"))
    assert list(overlaps({"a": {"x": 2}}, {"a": 1}, file="f", module="m"))
    assert not list(overlaps({"a": {"x": 2}}, {"a": {"y": 1}, "b": 1}, file="f", module="m"))


def test_paths_nest() -> None:
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}


@given(mappings, mappings)
def test_the_upper_layer_wins_everywhere(under: dict[str, object], over: dict[str, object]) -> None:
    both = dict(leaves(merged(under, over)))
    for path, value in leaves(over):
        if value != {}:
            assert both[path] == value


@given(mappings)
def test_merging_with_nothing_or_itself_changes_nothing(values: dict[str, object]) -> None:
    assert merged(values, {}) == merged({}, values) == merged(values, values) == values
