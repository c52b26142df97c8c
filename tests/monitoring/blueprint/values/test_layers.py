"""Written and computed values stand side by side; only a region may override, and it is listed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.blueprint.values.layers import changes, compose, leaves, nested, overlaps
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


def test_what_a_region_overrides_is_listed_with_what_was_there() -> None:
    composed = compose({"a": {"x": 1, "same": 1}, "l": [1, 2]}, {"a": {"y": 2}}, {"a": {"x": 3, "same": 1}, "l": [4]})
    assert composed.values == {"a": {"x": 3, "y": 2, "same": 1}, "l": [4]}
    assert tuple(map(str, composed.overrides)) == ("a.x (instead of 1)", "l")


def _changed(under: Any, over: Any) -> tuple[Any, list[str | None]]:
    return compose({}, {"v": under}, {"v": over}).values["v"], [one.fault for one in changes({"v": under}, {"v": over})]


@pytest.mark.parametrize(
    ("under", "over", "values"),
    [
        (["--a=1", "--b"], ["--a=2"], ["--a=2", "--b"]),
        (["--label=x", "--b"], ["--label=y"], ["--label=x", "--b", "--label=y"]),  # a flag that is a list
        ([{"name": "x", "p": 1}], [{"name": "x", "q": 2}], [{"name": "x", "p": 1, "q": 2}]),
        ([{"name": "x"}], [{"name": "y"}], [{"name": "x"}, {"name": "y"}]),
        ([{"name": "x", "l": ["--a=1"]}], [{"name": "x", "l": ["--b"]}], [{"name": "x", "l": ["--a=1", "--b"]}]),
        ([{"name": "v", "mountPath": "/a"}], [{"name": "v", "mountPath": "/b"}], ...),
        ([{"kind": "A", "metadata": {"name": "x"}}], [{"kind": "B", "metadata": {"name": "x"}}], ...),
        (["a"], ["a", "b"], ["a", "b"]),
        ([], ["a"], ["a"]),
        ([], [], []),
        ({"a": 1}, {}, {"a": 1}),
        ({}, None, None),
        (5, None, None),
    ],
)
def test_an_override_adds_to_a_list_by_what_its_elements_are(under: Any, over: Any, values: Any) -> None:
    expected = [*under, *over] if values is ... else values
    made, faults = _changed(under, over)
    assert (made, [fault for fault in faults if fault]) == (expected, [])


@pytest.mark.parametrize(
    ("under", "over", "lost"),
    [
        (["a", "b"], ["b"], "a"),
        (["--a=1"], ["a"], "--a=1"),
        (["--a=1"], {"a": 2}, "--a=1"),
        (["--a=1"], None, "--a=1"),
        (["--a=1"], [], "--a=1"),
        ([{"matchers": []}], [{"matchers": [1]}], "{matchers: []}"),
        ({"a": 1}, None, "{a: 1}"),
        ({"a": 1}, "text", "{a: 1}"),
        ([{"name": "x"}, {"name": "x"}], [{"name": "x"}], None),
    ],
)
def test_what_the_layers_put_into_a_list_or_mapping_cannot_go(under: Any, over: Any, lost: str | None) -> None:
    _, (fault,) = _changed(under, over)
    assert fault == (lost and f"must keep what the program puts there, would lose {lost}")


@pytest.mark.parametrize(
    ("under", "over", "fault"),
    [
        ({"tlsConfig": {"minVersion": "TLS13"}}, {"tlsConfig": {"minVersion": "TLS12"}}, "it is TLS13, got TLS12"),
        ({"tlsConfig": {}}, {"tlsConfig": {"insecureSkipVerify": True}}, "it is nothing, got true"),
        (["--cookie-secret-file=/a"], ["--cookie-secret-file=/b"], "it is --cookie-secret-file=/a, got --cookie-"),
        (["--x"], ["--skip-auth-route=.*"], "it is nothing, got --skip-auth-route=.*"),
        (["--trusted-proxy-ip=10.0.0.0/24"], ["--trusted-proxy-ip=0.0.0.0/0"], "it is nothing, got --trusted-proxy"),
    ],
)
def test_what_guards_cannot_change(under: Any, over: Any, fault: str) -> None:
    _, (told,) = _changed(under, over)
    assert told is not None
    assert told.startswith(f"must not be overridden, since it guards who comes in: {fault}")


def test_an_element_of_ones_own_may_have_guards_of_its_own() -> None:
    _, faults = _changed([{"name": "x"}], [{"name": "y", "tlsConfig": {"insecureSkipVerify": True}}])
    assert faults == [None]


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


@given(mappings, mappings)
def test_without_a_fault_nothing_of_the_layers_goes(under: dict[str, object], over: dict[str, object]) -> None:
    if any(change.fault for change in changes(under, over)):
        return
    made = dict(leaves(compose({}, under, over).values))
    assert {path for path, value in leaves(under) if value not in ([], {})} <= set(made) | {
        path[:length] for path in made for length in range(1, len(path))
    }
