"""Syntax of faults: every kind as text and as a table, and what is rejected."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.enums import Operation
from seedmock_server.faults.kinds import GROUPS, MUTATIONS, OPERATIONS, FaultKind
from seedmock_server.faults.parameter_parsing import READERS
from seedmock_server.faults.parameters import DEFAULTS, PARAMETERS
from seedmock_server.faults.rules import Fault, fault_table, parse_fault, parse_fault_header, parse_fault_rule
from seedmock_server.matching.rules import InvalidRule

WRITTEN = {
    "status": "status code=502 kind=overloaded message=no retry_after=1m retry_as=date body=nested",
    "malformed": "malformed",
    "truncated": "truncated at=3",
    "latency": "latency p50=1s p90=90s",
    "hang": "hang seconds=1s",
    "reset": "reset when=after",
    "response_lost": "response_lost",
    "bandwidth": "bandwidth rate=1000",
    "dribble": "dribble bytes=2 every=10ms",
    "body_cut": "body_cut at=0",
    "wrong_length": "wrong_length delta=-3",
    "wrong_type": "wrong_type to=text/plain",
    "redirect": "redirect code=307",
    "no_range": "no_range",
    "duplicate": "duplicate connection=keep",
    "clock_skew": "clock_skew by=-1d",
    "backwards": "backwards to=NOT_START",
    "missing": "missing field=id",
    "renamed": "renamed field=data.taskId to=other",
    "retyped": "retyped field=id as=number",
    "other_size": "other_size to=64x64",
    "other_duration": "other_duration seconds=9",
    "other_price": "other_price factor=1.5",
    "other_id": "other_id",
    "not_found": "not_found",
    "other_value": "other_value field=status to=done if_value=SUCCESS",
    "extra": "extra field=trace to=7",
    "reordered": "reordered",
    "other_envelope": "other_envelope form=detail",
    "other_status": "other_status code=201",
    "other_refusal": "other_refusal kind=balance code=409 to=Poor",
    "other_limit": "other_limit fact=opeai.create.seconds.range low=3 high=16",
    "other_clip": "other_clip what=sound",
    "other_range": "other_range how=shifted",
    "other_header": "other_header name=cache-control",
    "early_content": "early_content kind=not_ready",
    "cross_account": "cross_account",
    "auth_bypass": "auth_bypass",
    "no_op": "no_op",
}


def test_every_kind_has_an_example_and_parsers_for_its_parameters() -> None:
    assert set(WRITTEN) == set(FaultKind) == set(PARAMETERS)
    assert {name for parameters in PARAMETERS.values() for name in parameters} == set(READERS)
    assert all(set(defaults) <= set(PARAMETERS[kind]) for kind, defaults in DEFAULTS.items())
    assert all(meaning for parameters in PARAMETERS.values() for meaning in parameters.values())


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_text_table_and_string_of_a_fault_parse_to_the_same(text: str) -> None:
    fault = parse_fault(text)
    head, *pairs = text.split()
    assert parse_fault({"fault": head} | dict(pair.split("=") for pair in pairs)) == fault
    assert parse_fault(fault_table(fault)) == fault
    assert parse_fault(str(fault)) == fault
    assert set(fault.values) == {pair.split("=")[0] for pair in pairs}


@pytest.mark.parametrize("high", [2, 2.51, "2.51"])
def test_a_bound_of_media_can_be_a_fraction(high: Any) -> None:
    fault = parse_fault({"fault": "other_limit", "fact": "opeai.limit.image.ratio", "high": high})
    assert str(fault) == f"other_limit fact=opeai.limit.image.ratio high={high}"
    assert parse_fault(json.loads(json.dumps(fault_table(fault)))) == fault
    assert parse_fault(str(fault)) == fault


def test_durations_and_numbers_can_be_numbers_in_a_table() -> None:
    assert parse_fault({"fault": "latency", "seconds": 2}) == parse_fault("latency seconds=2s")
    assert parse_fault({"fault": "body_cut", "at": 7}) == parse_fault("body_cut at=7")
    assert parse_fault({"fault": "other_price", "factor": 3}) == parse_fault("other_price factor=3")
    assert parse_fault({"fault": "clock_skew", "by": -60}) == parse_fault("clock_skew by=-1m")


@pytest.mark.parametrize("seconds", ["0", "0.000001", "0.1", "123456.789", "100000000"])
def test_long_and_short_durations_are_formatted_without_loss(seconds: str) -> None:
    assert str(parse_fault(f"latency seconds={seconds}")) == f"latency seconds={seconds}s"


def test_parameters_have_defaults() -> None:
    assert parse_fault("reset").get("when") == "before"
    assert parse_fault("reset when=after").get("when") == "after"
    assert parse_fault("body_cut").get("at") is None


WRONG = {
    "": "fault is ''; allowed: status, ",
    "Status code=500": "fault is 'Status'; allowed: status, ",
    "status code": "'code' in the fault 'status code'; allowed: name=value",
    "status code=500 code=501": "'code=501' in the fault 'status code=500 code=501'; allowed: name=value, each",
    "status code=five": "code is 'five'; allowed: a whole number from 200 to 599",
    "status code=700": "code is '700'; allowed: a whole number from 200 to 599",
    "status code=302": "code is 302; allowed: 200, or 400 to 599",
    "status kind=trouble": "kind is 'trouble'; allowed: authentication, ",
    "status retry_after=1": "neither code nor kind is given",
    "status code=200": "code is 200, which is an error only by its envelope",
    "status code=200 kind=balance body=html": "code is 200, which is an error only by its envelope",
    "status code=500 body=html message=x": "message is given, but body is html",
    "status code=500 body=xml": "body is 'xml'; allowed: envelope, nested, html, empty",
    "status code=429 retry_as=date": "retry_as is given without retry_after",
    "status code=429 retry_after=-1": "retry_after is '-1'; allowed: seconds",
    "latency": "found no parameter; allowed: seconds, or p50 and p90",
    "latency seconds=1 p50=2 p90=3": "found seconds, p50, p90; allowed",
    "latency p50=2": "found p50; allowed",
    "latency p50=9 p90=3": "p50 is 9s and p90 3s; allowed: above 0, and p90 no less than p50",
    "latency p50=0 p90=3": "p50 is 0s",
    "hang seconds=soon": "seconds is 'soon'; allowed: seconds, or a number with ms, s, m, h or d",
    "reset when=later": "when is 'later'; allowed: before, during, after",
    "response_lost at=3": "unknown parameter 'at' of response_lost; available: none",
    "bandwidth": "rate is missing; expected bytes of the body a second",
    "bandwidth rate=0": "rate is '0'; allowed: a whole number from 1",
    "dribble bytes=0": "bytes is '0'",
    "body_cut at=-1": "at is '-1'; allowed: a whole number from 0",
    "wrong_length delta=0": "delta is 0; allowed: a whole number above or below it",
    "wrong_length connection=open": "connection is 'open'; allowed: close, keep",
    "other_status code=101": "code is '101'; allowed: a whole number from 200 to 599",
    "other_refusal code=100": "code is '100'; allowed: a whole number from 200 to 599",
    "redirect code=304": "code is 304; allowed: 301, 302, 303, 307, 308",
    "clock_skew": "by is missing",
    "clock_skew by=-": "by is ''",
    "missing": "field is missing",
    "retyped field=id": "as is missing",
    "retyped field=id as=date": "as is 'date'; allowed: string, number, boolean, array, object, null",
    "other_size to=big": "to is 'big'; allowed: width x height",
    "wrong_type to=text/é": "to is 'text/é'; allowed: a content type, in ASCII",
    "other_price factor=1": "factor is '1'; allowed: a number from 0 that is not 1",
    "other_price factor=lots": "factor is 'lots'",
    "other_price factor=nan": "factor is 'nan'",
    "other_value field=id": "found field; allowed: either to or factor",
    "other_value field=id to=a factor=2": "found field, to, factor; allowed: either to or factor",
    "other_refusal kind=balance": "neither code, to nor message is given; allowed: one of them, or more",
    "other_limit": "fact is missing; expected id of the fact of a rule",
    "other_limit fact=opeai.sun": "fact is 'opeai.sun'; allowed: the id of the fact of a rule",
    "other_limit fact=opeai.create.seconds.range deny=4": "has no deny; allowed: fact, low, high",
    "other_limit fact=opeai.create.size.values high=4": "has no high; allowed: fact, allow, deny",
    "other_limit fact=opeai.create.prompt.required low=4": "has no low; allowed: fact",
    "other_limit fact=opeai.create.seconds.range low=4.5": "low is 4.5; allowed: a whole number",
    "other_limit fact=opeai.create.seconds.range low=9 high=3": "low is 9 and high 3; allowed: high no less than low",
    "other_limit fact=opeai.limit.image.ratio low=2.5 high=1": "low is 2.5 and high 1; allowed: high no less than low",
    "other_limit fact=opeai.limit.image.size low=4": "has no low; allowed: fact, high",
    "other_limit fact=opeai.limit.image.ratio high=wide": "high is 'wide'; allowed: a number",
    "other_header name=Content-Length to=5": "Content-Length is '5'; allowed: no value (the body is sent in chunks)",
    "other_header name=content-length to=abc": "content-length is 'abc'; allowed: no value",
    "other_header name=a:b to=x": "name is 'a:b'; allowed: the name of a header: letters, digits and",
    "other_header name=X-ä": "name is 'X-ä'; allowed: the name of a header",
    "other_header name=server to=→": "to is '→'; allowed: characters of Latin-1",
    "other_clip what=smell": "what is 'smell'; allowed: sound, frames, picture, codec, container",
    "early_content kind=balance": "kind is balance; allowed: not_ready, task_failed, link_expired",
}


@pytest.mark.parametrize("text", WRONG)
def test_an_invalid_fault_is_rejected_with_name_value_and_allowed_values(text: str) -> None:
    with pytest.raises(InvalidRule) as error:
        parse_fault(text)
    assert WRONG[text] in str(error.value)
    assert "allowed" in str(error.value) or "available" in str(error.value) or "missing" in str(error.value)


@pytest.mark.parametrize(("values", "message"), [
    ({}, "a fault rule has nothing; allowed: match, fault"),
    ({"fault": "response_lost", "when": 1}, "a fault rule has fault, when; allowed"),
    ({"fault": 7}, "fault is 7; allowed: a string or a table"),
    ({"fault": "response_lost", "match": "all"}, "match is 'all'; allowed: a table"),
    ({"fault": "response_lost", "match": {"nth": 0}}, "nth is 0; allowed"),
    ({"fault": "response_lost", "match": {"colour": "red"}}, "unknown match field 'colour'"),
    ({"fault": "no_range", "match": {"operation": "query"}}, "does not apply to the operation query; allowed: content"),
    ({"fault": {"fault": "body_cut", "at": True}}, "at is True; allowed"),
    ({"fault": {"fault": "status", "code": 400, "message": "a\nb"}}, "message is 'a\\nb'; allowed"),
    ({"fault": {"fault": ["response_lost"]}}, "fault is ['response_lost']; allowed"),
    ({"fault": {"fault": "reset", "when": ["after"]}}, "when is ['after']; allowed"),
])  # fmt: skip
def test_an_invalid_rule_is_rejected(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRule) as error:
        parse_fault_rule(values)
    assert message in str(error.value)


def test_a_header_can_have_several_faults() -> None:
    assert parse_fault_header("latency seconds=1s ; status code=502") == (
        parse_fault("latency seconds=1s"),
        parse_fault("status code=502"),
    )
    assert parse_fault_header("none") == parse_fault_header(" none ") == ()


@pytest.mark.parametrize("header", ["response_lost; body_cut at=3", "status code=500; hang", "malformed; truncated",
    "bandwidth rate=1; dribble", "missing field=id; retyped field=id as=array"])  # fmt: skip
def test_faults_that_exclude_each_other_are_rejected_in_one_header(header: str) -> None:
    with pytest.raises(InvalidRule, match="contradict each other; allowed: one of them"):
        parse_fault_header(header)


def test_faults_about_different_fields_can_be_combined() -> None:
    assert len(parse_fault_header("missing field=id; retyped field=model as=array; renamed field=status")) == 3
    assert len(parse_fault_header("other_refusal kind=balance code=409; other_refusal kind=forbidden code=409")) == 2
    assert len(parse_fault_header("other_header name=etag; other_header name=date")) == 2


def test_the_kinds_that_break_the_contract_and_the_groups() -> None:
    assert {str(kind) for kind in MUTATIONS} == {
        "backwards", "missing", "renamed", "retyped", "other_size", "other_duration", "other_price", "other_id",
        "not_found", "other_value", "extra", "reordered", "other_envelope", "other_status", "other_refusal",
        "other_limit", "other_clip", "other_range", "other_header", "early_content", "cross_account",
        "auth_bypass", "no_op",
    }  # fmt: skip
    assert all(Fault(kind).group for kind in FaultKind)
    assert set(GROUPS) | set(OPERATIONS) <= set(FaultKind)


def test_operations_to_which_a_kind_applies() -> None:
    assert parse_fault("response_lost").applies_to(Operation.QUERY)
    assert parse_fault("redirect").applies_to(Operation.CONTENT)
    assert not parse_fault("redirect").applies_to(Operation.QUERY)
    assert not parse_fault("malformed").applies_to(Operation.CONTENT)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.integers()))
NAMES = st.sampled_from([*READERS, "colour"])


@given(st.sampled_from([*FaultKind, "x"]), st.dictionaries(NAMES, VALUES, max_size=3))
def test_any_table_is_a_fault_or_an_invalid_rule(kind: str, values: dict[str, Any]) -> None:
    try:
        fault = parse_fault({"fault": kind, **values})
    except InvalidRule:
        return
    assert parse_fault(fault_table(fault)) == fault
    assert json.loads(json.dumps(fault_table(fault))) == fault_table(fault)


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_header_is_faults_or_an_invalid_rule(header: str) -> None:
    with contextlib.suppress(InvalidRule):
        parse_fault_header(header)


@given(st.sampled_from([*WRITTEN.values()]), st.text(st.characters(max_codepoint=255), max_size=6))
def test_any_continuation_of_a_header_is_faults_or_an_invalid_rule(begun: str, more: str) -> None:
    with contextlib.suppress(InvalidRule):
        parse_fault_header(begun + more)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('backwards to="in the queue"', "in the queue"),
        ("backwards to='in the queue'", "in the queue"),
        ('backwards to="won\'t be long"', "won't be long"),
        ("backwards to=won't", "won't"),
        ('backwards to="\'"', "'"),
        ("backwards to='a=b c=d'", "a=b c=d"),
    ],
)
def test_a_value_with_blanks_is_written_in_quotes(text: str, value: str) -> None:
    fault = parse_fault(text)
    assert fault.values == {"to": value}
    assert parse_fault(str(fault)) == fault
    assert [str(header) for header in parse_fault_header(f"{text};truncated")] == [str(fault), "truncated"]


@pytest.mark.parametrize("text", ['backwards to="in the queue', "backwards to='a'b c", "backwards to=in the"])
def test_a_value_whose_quotes_do_not_close_is_rejected(text: str) -> None:
    with pytest.raises(InvalidRule, match="a value with blanks in quotes"):
        parse_fault(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=30))
def test_every_text_without_both_kinds_of_quotes_survives_a_round_trip(value: str) -> None:
    fault = Fault(FaultKind.BACKWARDS, {"to": value})
    if not {'"', "'"} <= set(value):
        assert parse_fault(str(fault)) == fault
