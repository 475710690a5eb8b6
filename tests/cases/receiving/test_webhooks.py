"""Signed webhooks in: who is let in, what is committed before it is answered, and what comes twice is done once."""

import json
from datetime import timedelta

from pilotage.cases.service.ending import withdraw
from pilotage.cases.service.holding import hold
from pilotage.cases.store import looking
from tests.cases.receiving.conftest import KEY, NEXT_KEY, Shop


def test_a_signed_event_is_a_case_before_it_is_answered(shop: Shop) -> None:
    """Without login and cookie, under whatever name; the answer says what became of it, and the case is there."""
    answer = shop.send({"id": "O1", "pieces": 2})
    assert answer.status_code == 202, answer.text
    (became,) = answer.json()["records"]
    assert (answer.json()["accepted"], became["became"]) == (1, "accepted")
    assert became["case"].startswith("C-")
    assert shop.keys() == ["O1"]
    assert not answer.cookies
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_same_message_again_is_answered_the_same(shop: Shop) -> None:
    """The sender heard nothing and sends again, signed anew: the answer is the first one, and nothing is counted twice."""
    first = shop.send({"id": "O1"})
    shop.clock.forward(timedelta(minutes=10))
    again = shop.send({"id": "O1"})
    assert (again.status_code, again.content) == (202, first.content)
    other = shop.send({"id": "O1"}, message="msg_2")
    assert other.json()["records"] == [{"became": "duplicate", "case": first.json()["records"][0]["case"]}]
    assert shop.keys() == ["O1"]


def test_the_same_id_with_another_content_is_refused(shop: Shop) -> None:
    """A message that changed under its id is neither taken nor answered as if it were the first."""
    shop.send({"id": "O1"})
    answer = shop.send({"id": "O2"})
    assert (answer.status_code, answer.json()["code"]) == (409, "PLT-396")
    assert shop.keys() == ["O1"]


def test_what_breaks_its_contract_is_kept_and_the_sender_need_not_come_again(shop: Shop) -> None:
    """A webhook's sender cannot correct anything: 202 says that it is in quarantine, with its own bytes."""
    body = b'[{"id": "O1"},  {"id": "", "pieces": "many"}, 7, {"id": "O2", "id": "O3"}]'
    answer = shop.send(body)
    assert answer.status_code == 202
    assert [one["became"] for one in answer.json()["records"]] == ["accepted", *["quarantined"] * 3]
    with shop.platform.database.snapshot() as tx:
        rows = looking.quarantined_of(tx, automation="orders", most=10)
        kept = [looking.quarantined(tx, row.id) for row in rows]
    originals = sorted(one.original for one in kept if one is not None)
    assert originals == sorted([b'{"id": "", "pieces": "many"}', b"7", b'{"id": "O2", "id": "O3"}'])
    assert shop.send(body, message="msg_2").json()["duplicates"] == 4


NO_RECORDS = (
    b"",
    b"[]",
    b" [ ]\n",
    b"{",
    b'[{"id": "O1"}',
    b'[{"id": "O1"},]',
    b'{"id": "O1"} {"id": "O2"}',
    b'{"id": "O1", "pieces": NaN}',
    b'{"id": "O1", "pieces": 1e999}',
    b'{"id": "O1", "pieces": ' + b"9" * 6_000 + b"}",
    b'{"id": "O1\\u0000"}',
    b'{"id": "\\ud800"}',
    b'{"id": "O1"}\0',
    b"[" * 20_000,
    b'{"a":' * 8_000 + b"1" + b"}" * 8_000,
)


def test_a_body_that_is_no_record_harms_nobody(shop: Shop) -> None:
    """It is kept as it came; it is never a case and never a failure of ours."""
    for number, body in enumerate(NO_RECORDS):
        answer = shop.send(body, message=f"msg_{number}")
        assert answer.status_code == 202, answer.text
        assert answer.json()["quarantined"] == answer.json()["arrived"] == 1
    assert shop.keys() == []


def test_a_message_without_a_record_is_kept_as_it_came(shop: Shop) -> None:
    """An empty list, or no line at all: malformed like any other, with its own bytes and a reason."""
    for number, (body, kind) in enumerate(((b" []", "application/json"), (b"\n \n", "application/x-ndjson"))):
        answer = shop.send(body, message=f"msg_{number}", **{"content-type": kind})
        assert (answer.status_code, answer.json()["quarantined"]) == (202, 1), answer.text
        with shop.platform.database.snapshot() as tx:
            kept = looking.quarantined(tx, looking.quarantined_of(tx)[-1].id)
        assert kept is not None
        assert (kept.original, kept.reason, kept.shape) == (body, "No record is in it.", "no-record")


def test_lines_of_records(shop: Shop) -> None:
    """One record on each line; a broken line is alone in quarantine."""
    body = b'{"id": "O1"}\n\nnothing\r\n{"id": "O2"}\n'
    answer = shop.send(body, **{"content-type": "application/x-ndjson; charset=utf-8"})
    assert (answer.json()["accepted"], answer.json()["quarantined"]) == (2, 1)


def test_an_event_that_is_no_record_is_passed_over(shop: Shop) -> None:
    """`record=` takes the record out of the event, or says that there is none; where it fails, the event is kept."""
    events = [{"type": "order.created", "data": {"id": "O1"}}, {"type": "shop.opened"}, {"kind": "?"}]
    answer = shop.send(events, to="/in/orders/events").json()
    assert (answer["accepted"], answer["passed_over"], answer["quarantined"]) == (1, 1, 1)
    assert shop.keys() == ["O1"]


def test_two_keys_hold_while_one_takes_the_place_of_the_other(shop: Shop) -> None:
    """During a rotation the secret holds both; when the old one is out, what it signs is refused."""

    def status(key: str, message: str) -> int:
        body = json.dumps({"id": message}).encode()
        return shop.client.post(
            "/in/orders/shop", content=body, headers=shop.signed(body, message=message, key=key)
        ).status_code

    assert [status(KEY, "a"), status(NEXT_KEY, "b")] == [202, 401]
    shop.secrets.value = f"{KEY} {NEXT_KEY}"
    shop.clock.forward(timedelta(seconds=11))
    assert [status(KEY, "c"), status(NEXT_KEY, "d")] == [202, 202]
    shop.secrets.value = NEXT_KEY
    shop.clock.forward(timedelta(seconds=11))
    assert [status(KEY, "e"), status(NEXT_KEY, "f")] == [401, 202]
    shop.secrets.earlier = ["no key at all", KEY]  # versions before the newest that are not retired yet
    shop.clock.forward(timedelta(seconds=11))
    assert [status(KEY, "g"), status(NEXT_KEY, "h")] == [202, 202]


def test_a_hold_stops_effects_and_not_what_arrives(shop: Shop) -> None:
    """Everything is on hold: webhooks are taken. Intake is on hold: they are asked to come again, and nothing is taken."""
    hold(shop.platform.database, scope="everything", name="", reason="test", by="me", known="test")
    assert shop.send({"id": "O1"}).status_code == 202
    hold(shop.platform.database, scope="automation", name="orders", reason="test", by="me", known="test", intake=True)
    answer = shop.send({"id": "O2"}, message="msg_2")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "5", "PLT-210")
    assert shop.send({"id": "O1"}).status_code == 202
    assert shop.keys() == ["O1"]


def test_at_the_bound_the_sender_is_told_when_to_come_again(shop: Shop) -> None:
    """Nothing is taken and nothing is dropped: 429 with Retry-After, and later the same message is taken."""
    for start in (0, 500):
        records = [{"id": f"O{number}"} for number in range(start, start + 500)]
        assert shop.send(records, message=f"msg_{start}").json()["accepted"] == 500
    answer = shop.send({"id": "late"}, message="msg_late")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (429, "15", "PLT-211")
    assert len(shop.keys()) == 1_000
    with shop.platform.database.snapshot() as tx:
        found = list(tx.exec_driver_sql("SELECT id FROM cases WHERE key < 'O5'").scalars())
    withdraw(shop.platform.database, shop.platform.inbox, found, by="me", reason="test")
    assert shop.send({"id": "late"}, message="msg_late").json()["accepted"] == 1
