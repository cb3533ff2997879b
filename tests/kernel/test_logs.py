"""Logs are JSON, carry the request and the tenant, and hold no secret."""

import io
import json
import logging
import uuid

import pytest

from kernel import logs, passwords


@pytest.fixture
def written(monkeypatch):
    """`written()` returns the lines logged so far, as objects."""
    kept, stream = logging.getLogger().handlers[:], io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure()
    logs.begin(request_id="r1")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().handlers[:] = kept


def test_a_line_is_an_object_with_time_level_and_the_facts_of_its_work(written):
    logs.begin(request_id="abc", job="tickets.close")
    logs.add(tenant="alpha")
    logs.get("x").info("done", count=3)
    line = written()[0]
    assert (line["event"], line["request_id"], line["tenant"], line["job"], line["count"]) == (
        "done",
        "abc",
        "alpha",
        "tickets.close",
        3,
    )
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_the_next_piece_of_work_forgets_the_facts_of_the_last(written):
    logs.add(tenant="alpha")
    logs.begin(request_id="next")
    logs.get("x").info("done")
    assert "tenant" not in written()[0]
    assert logs.request_id() == "next"


@pytest.mark.parametrize(
    ("said", "secret", "kept"),
    [
        ("mail to mei.lin@mail.example failed", "mei.lin@", "m***@mail.example"),
        ("call +886225550188 now", "25550188", "0188"),
        ("call +8613800138000 now", "13800138000", "8000"),
        ("(Key (email)=(a+b@x.example) already exists.)", "a+b@x", "a***@x.example"),
    ],
)
def test_addresses_and_phones_are_masked_wherever_they_stand(written, said, secret, kept):
    logs.get("x").info(said, detail=said)
    line = written()[0]
    assert secret not in json.dumps(line)
    assert kept in line["event"]
    assert kept in line["detail"]


@pytest.mark.parametrize("name", ["password", "token", "code", "secret", "cookie", "authorization", "Password"])
def test_a_secret_is_never_written_down(written, name):
    logs.get("x").info("signing in", **{name: "s3cr3t-value"})
    assert written()[0][name] == "***"


def test_the_token_of_a_sign_in_link_is_not_written_down(written):
    token = passwords.new_token()
    logs.get("x").info("request", path=f"/signin/link/{token}", detail=f"next={token}")
    assert token not in json.dumps(written())
    assert written()[0]["path"] == "/signin/link/***"


def test_the_address_of_a_request_can_be_told_apart_but_not_used(written):
    public_id = str(uuid.uuid4())
    logs.get("x").info("request", path=f"/en/requests/{public_id}/rate")
    assert written()[0]["path"] == f"/en/requests/{public_id[:8]}-***/rate"


def test_an_exception_is_written_with_its_place_and_without_addresses(written):
    try:
        raise ValueError("no such reader: mei@mail.example")
    except ValueError as error:
        logs.get("x").error("failed", exc_info=error)
    line = written()[0]
    assert "ValueError" in line["exception"]
    assert "mei@mail.example" not in line["exception"]


def test_lines_of_libraries_are_objects_and_masked_too(written):
    logging.getLogger("some.package").warning("refused: %s", "mei@mail.example")
    line = written()[0]
    assert line["event"] == "refused: m***@mail.example"
    assert line["request_id"] == "r1"


def test_chinese_stays_readable(written, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure()
    logs.get("x").info("瑞居酒店")
    assert "瑞居酒店" in stream.getvalue()
