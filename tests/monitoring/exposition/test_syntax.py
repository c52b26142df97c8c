"""What is of the format is read, and what is not ends the page, with line and column."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.exposition.page import read_page
from monitoring.exposition.rules import lint
from monitoring.exposition.syntax import Metadata, Sample, UnreadablePage, read_lines
from tests.monitoring.exposition.test_rules import CLEAN

EOF = "# EOF\n"


@pytest.mark.parametrize(
    ("page", "line", "column", "message"),
    [
        ("a_b\n", 1, 4, "must be a number, got the end of the line"),
        ("a_b 1\na_b 1s\n", 2, 5, "must be a number, got '1s'"),
        ("a_b 1_0\n", 1, 5, "must be a number, got '1_0'"),
        ("a_b 0x1p-3\n", 1, 5, "must be a number, got '0x1p-3'"),
        ("a_b 1 2 3\n", 1, 9, "must be the end of the line, got '3'"),
        ("a_b 1 2.5\n", 1, 7, "must be the end of the line, got '2.5'"),
        ("a-b 1\n", 1, 2, "must be a number, got '-b 1'"),
        ("0a 1\n", 1, 1, "must be one name of a metric, got '0a 1'"),
        ("<html>\n", 1, 1, "must be one name of a metric, got '<html>'"),
        ('a_b{c="d" 1\n', 1, 11, "must be a comma or a closing brace, got '1'"),
        ("a_b{c=d} 1\n", 1, 7, "must be the label's value in quotes, got 'd} 1'"),
        ("a_b{c='d'} 1\n", 1, 7, "must be the label's value in quotes, got \"'d'} 1\""),
        ('a_b{c="d} 1\n', 1, 7, "must be the label's value in quotes, got '\"d} 1'"),
        ("a_b{c} 1\n", 1, 5, "must be the name of a label and =, got 'c} 1'"),
        ('a_b{c="d",,} 1\n', 1, 11, "must be the name of a label and =, got ',} 1'"),
        ('a_b{c="d",c="e"} 1\n', 1, 11, "must be a label that is not there yet, got 'c=\"e\"} 1'"),
        ('{"a_b","c_d"} 1\n', 1, 8, "must be a label that is not there yet, got '\"c_d\"} 1'"),
        ('a_b{"c_d"} 1\n', 1, 1, "must be one name of a metric, got 'a_b{\"c_d\"} 1'"),
        ('{c="d"} 1\n', 1, 1, "must be one name of a metric, got '{c=\"d\"} 1'"),
        ("# HELP a-b Some.\n", 1, 8, "must be the name of a metric, got 'a-b Some.'"),
        ("a_b 1 # {} 1\n", 1, 7, "must be the end of the line, got '# {} 1'"),
        ("a_b  1\n" + EOF, 1, 4, "must be one blank and a number, got '  1'"),
        ('a_b{c="d"}1\n' + EOF, 1, 11, "must be one blank and a number, got '1'"),
        ("a_b 1 \n" + EOF, 1, 6, "must be the end of the line, got ' '"),
        ('a_b{c="d",} 1\n' + EOF, 1, 11, "must be the name of a label and =, got '} 1'"),
        ("a_b 1 # {}\n" + EOF, 1, 11, "must be one blank and the exemplar's value, got the end of the line"),
    ],
)
def test_parsing_stops_at_the_first_syntax_error(page: str, line: int, column: int, message: str) -> None:
    with pytest.raises(UnreadablePage) as caught:
        read_page(page + "0 1\n")
    fault = caught.value
    assert (fault.line, fault.column, fault.message) == (line, column, message)
    assert str(fault) == f"line {line}, column {column}: {message}"


def test_a_name_may_be_quoted() -> None:
    page = read_page('# HELP "shop.open" Some.\n# TYPE "shop.open" gauge\n{"shop.open",what="a"} 1\n')
    assert [(one.name, one.type, len(one.samples)) for one in page.families] == [("shop.open", "gauge", 1)]


def test_a_type_is_one_of_a_few() -> None:
    with pytest.raises(UnreadablePage, match=r"line 1, column 12: must be a type \(counter, gauge, .*\), got 'gage'"):
        read_page("# TYPE a_b gage\n")


@pytest.mark.parametrize(
    ("line", "name", "labels", "value", "timestamp"),
    [
        ("a_b 1", "a_b", {}, 1, ""),
        (" \ta_b\t1.5e3  1700000000000 ", "a_b", {}, 1500, "1700000000000"),
        ('a_b { c = "d" , e="f", } -Inf', "a_b", {"c": "d", "e": "f"}, float("-inf"), ""),
        ('a_b{c="}, \\" \\\\ \\n"}1', "a_b", {"c": '}, " \\ \n'}, 1, ""),
        ('a_b{c="\u2028x"} 1', "a_b", {"c": "\u2028x"}, 1, ""),
        ('{"a.b","c.d"="e"} 1', "a.b", {"c.d": "e"}, 1, ""),
        ("a_b{} .5 -1", "a_b", {}, 0.5, "-1"),
    ],
)
def test_a_line_of_the_text_format(line: str, name: str, labels: dict[str, str], value: float, timestamp: str) -> None:
    sample = Sample(name=name, labels=labels, value=value, timestamp=timestamp, line=2)
    assert list(read_lines(f"# any comment\n{line}\n\n")) == [sample]


def test_a_line_of_openmetrics() -> None:
    page = 'a_b_total{c="# {"} 1 1.5 # {d="e"} 0.5 2.5\na_b_total 2 # {} 1\n' + EOF
    assert [(one.name, one.timestamp) for one in read_lines(page) if isinstance(one, Sample)] == [
        ("a_b_total", "1.5"),
        ("a_b_total", ""),
    ]


def test_plain_comments_are_ignored() -> None:
    lines = "#\n# HELP\n# TYPE \n#HELP a b\n# UNIT of-what\n# HELPER a-b\n# HELP a_b Some  words.\n"
    assert list(read_lines(lines)) == [Metadata(keyword="HELP", name="a_b", text="Some  words.", line=7)]


BITS = (
    "# TYPE ",
    "# HELP ",
    "a_total",
    "counter",
    "histogram",
    "{",
    "}",
    'le="1"',
    ",",
    '"',
    "\\",
    "\n",
    " ",
    "1",
    "# EOF\n",
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(BITS), max_size=25).map("".join)))
def test_any_input_gives_findings_or_an_unreadable_page_error(given_page: str) -> None:
    for whole in (given_page, given_page + "\n# EOF\n", CLEAN + given_page):
        with contextlib.suppress(UnreadablePage):
            assert all(1 <= one.line <= len(whole.splitlines()) for one in lint(read_page(whole)))
