import json
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from pilotage.examples.tickets.helpdesk.client import Client
from pilotage.examples.tickets.helpdesk.desk import Desk
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind, Faults, fault_from_text
from pilotage.examples.tickets.helpdesk.quota import Meter, Quota
from pilotage.examples.tickets.helpdesk.server import as_process, in_thread
from pilotage.examples.tickets.helpdesk.setup import Setup
from pilotage.kernel.clock import ManualClock

NOON = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)


# -- what it does --------------------------------------------------------------


def test_a_ticket_is_assigned_found_and_taken_back(desk: Client) -> None:
    """The three things that the automation asks for, with the answers that its contract expects."""
    made = desk.assign("k1")
    assert (made.status_code, made.json()) == (201, {"assignment": "A000001", "ticket": "T1", "team": "cards"})
    assert desk.find("k1").json() == made.json()
    assert desk.unassign("A000001").status_code == 204
    assert desk.find("k1").status_code == 404
    assert desk.unassign("A000001").status_code == 404
    assert desk.stats()["assignments"] == 0


def test_the_same_key_is_answered_as_before_and_acted_on_once(desk: Client) -> None:
    """A repeat with the same Idempotency-Key gets the first answer."""
    assert desk.assign("k1").json() == desk.assign("k1").json()
    assert desk.stats()["assignments"] == 1
    assert [line["acted"] for line in desk.log()] == [True, False]


def test_the_same_key_for_something_else_is_refused(desk: Client) -> None:
    """A key that comes with another ticket or team is a mistake of the caller, not a repeat."""
    desk.assign("k1", "T1")
    assert desk.assign("k1", "T2").status_code == 422
    assert desk.stats()["assignments"] == 1


def test_taking_back_twice_with_one_key_is_answered_as_before(desk: Client) -> None:
    """An undo that is repeated because its answer was lost is no error."""
    desk.assign("k1")
    assert [desk.unassign("A000001", "u1").status_code for _ in range(2)] == [204, 204]
    assert desk.unassign("A000001", "u2").status_code == 404


def test_what_is_no_assignment_is_refused(desk: Client) -> None:
    """An unknown team or a missing ticket is 422 and does nothing."""
    headers = {"Authorization": f"Bearer {desk.running.token}"}
    for body in ({"ticket": "T1", "team": "travel"}, {"team": "cards"}, [], {"ticket": 3, "team": "cards"}):
        assert httpx2.post(f"{desk.running.url}/assignments", json=body, headers=headers).status_code == 422
    assert desk.stats()["acts"] == 0


def test_without_its_detection_of_duplicates_it_acts_twice_and_its_log_shows_it(desk: Client) -> None:
    """What tests look for when they ask whether anything was done twice."""
    desk.detect_duplicates(detect=False)
    desk.assign("k1")
    desk.assign("k1")
    assert desk.stats()["assignments"] == 2
    assert desk.stats()["keys_acted_on_twice"] == ["assign k1"]
    assert [line["acted"] for line in desk.log() if line["key"] == "k1"] == [True, True]


# -- who may -------------------------------------------------------------------


def test_without_the_token_nothing_is_done_or_shown(desk: Client) -> None:
    """A wrong or missing token is 401."""
    body = {"ticket": "T1", "team": "cards"}
    for header in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic Z3Vlc3M="}):
        for method, path in (
            ("POST", "/assignments"),
            ("GET", "/assignments?key=k"),
            ("GET", "/log"),
            ("GET", "/stats"),
        ):
            answer = httpx2.request(method, desk.running.url + path, json=body, headers=header)
            assert answer.status_code == 401
    assert desk.stats()["acts"] == 0


def test_only_the_admin_switches_faults(desk: Client) -> None:
    """The token of the automation does not open the admin's doors."""
    headers = {"Authorization": f"Bearer {desk.running.token}"}
    for method, path in (("GET", "faults"), ("POST", "faults"), ("DELETE", "faults"), ("POST", "duplicates")):
        url = f"{desk.running.url}/admin/{path}"
        assert httpx2.request(method, url, json={"kind": "down", "detect": False}, headers=headers).status_code == 401
    assert desk.assign("k1").status_code == 201


# -- quota ---------------------------------------------------------------------


def test_over_quota_is_429_with_the_time_to_come_back(tmp_path: Path) -> None:
    """The window is a second of the clock; what is turned away is not done and not counted."""
    clock = ManualClock(NOON)
    with (
        in_thread(Setup(log=tmp_path / "log", quota=Quota(per_second=2)), clock=clock) as running,
        Client(running) as caller,
    ):
        answers = [caller.assign(f"k{number}") for number in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
        assert answers[2].headers["Retry-After"] == "1"
        clock.forward(timedelta(seconds=1))
        assert caller.assign("k9").status_code == 201
        assert caller.stats()["assignments"] == 3
        assert caller.stats()["most_in_a_second"] == 2


def test_the_day_of_the_quota_is_the_one_of_its_zone() -> None:
    """A day ends at midnight where the desk stands, also on the day on which the clocks are set back."""
    meter = Meter(Quota(per_day=1, zone="Europe/Berlin"))
    evening = datetime(2026, 10, 24, 21, 59, 59, tzinfo=UTC)
    meter.count(evening)
    assert meter.retry_after(evening) == 1
    sunday = evening + timedelta(seconds=1)
    assert meter.retry_after(sunday) is None
    meter.count(sunday)
    assert meter.retry_after(sunday) == 25 * 3_600


def test_the_quota_of_the_day_survives_a_restart(tmp_path: Path) -> None:
    """A new process with the same log knows what was used."""
    setup = Setup(log=tmp_path / "log", quota=Quota(per_day=2))
    for statuses in ([201, 201], [429]):
        with in_thread(setup, clock=ManualClock(NOON)) as running, Client(running) as caller:
            assert [caller.assign(f"k{number}").status_code for number in range(len(statuses))] == statuses


# -- faults --------------------------------------------------------------------


def test_down_is_503_without_a_word_about_when_to_come_back(desk: Client) -> None:
    """Nothing is done, and nothing in the answer proves it."""
    desk.switch_on(Fault(kind=FaultKind.DOWN))
    answer = desk.assign("k1")
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers
    assert desk.find("k1").status_code == 503
    assert desk.stats()["acts"] == 0


def test_cut_ends_the_connection_without_an_answer(desk: Client) -> None:
    """The caller cannot know that nothing was done."""
    desk.switch_on(Fault(kind=FaultKind.CUT))
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        desk.assign("k1")
    assert (desk.log()[0]["status"], desk.log()[0]["acted"]) == (0, False)


def test_done_then_cut_has_done_the_work(desk: Client) -> None:
    """The same silence, and this time the ticket is assigned."""
    desk.switch_on(Fault(kind=FaultKind.DONE_THEN_CUT, count=1))
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        desk.assign("k1")
    assert desk.find("k1").json()["ticket"] == "T1"


def test_done_then_500_has_done_the_work(desk: Client) -> None:
    """The answer says that something went wrong; the desk holds the assignment, and a repeat gets it."""
    desk.switch_on(Fault(kind=FaultKind.DONE_THEN_500, count=1))
    assert desk.assign("k1").status_code == 500
    assert desk.find("k1").status_code == 200
    assert desk.assign("k1").status_code == 201
    assert desk.stats()["acts"] == 1


def test_a_fault_that_hides_work_hides_no_refusal(desk: Client) -> None:
    """Where nothing was done there is nothing to hide: the caller's mistake is named."""
    desk.switch_on(Fault(kind=FaultKind.CHANGED_BODY))
    assert desk.assign("k1", team="travel").status_code == 422


def test_changed_body_is_200_in_another_form(desk: Client) -> None:
    """The work is done and the answer is none that was agreed."""
    desk.switch_on(Fault(kind=FaultKind.CHANGED_BODY))
    answer = desk.assign("k1")
    assert answer.status_code == 200
    assert "assignment" not in answer.json()
    assert desk.find("k1").json()["assignment"] == "A000001"


def test_slow_does_the_work_before_it_answers(desk: Client) -> None:
    """A caller that stops waiting has an assignment that it does not know of; others are not held up."""
    desk.switch_on(Fault(kind=FaultKind.SLOW, delay=0.3, count=1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(desk.assign, "k1")
        while not desk.log():
            pass
        assert not waiting.done()
        assert desk.stats()["assignments"] == 1
        assert waiting.result().status_code == 201


def test_faults_end_by_number_by_time_and_by_hand() -> None:
    """A demo can let the desk be down for a while, for some requests, or until it is told otherwise."""
    clock = ManualClock(NOON)
    faults = Faults(monotonic=clock.monotonic)
    faults.on(Fault(kind=FaultKind.DOWN, count=2))
    assert [bool(faults.meeting("assign")) for _ in range(3)] == [True, True, False]
    faults.on(Fault(kind=FaultKind.DOWN, seconds=10))
    assert faults.meeting("find")
    clock.forward(timedelta(seconds=10))
    assert not faults.meeting("find")
    faults.on(Fault(kind=FaultKind.DONE_THEN_500))
    assert not faults.meeting("find")
    assert faults.meeting("unassign")
    faults.off()
    assert not faults.meeting("unassign")


def test_a_share_of_requests_meets_a_fault() -> None:
    """A fifth of a thousand, give or take, and the same ones for the same seed."""
    met: list[list[bool]] = []
    for _ in range(2):
        faults = Faults(monotonic=lambda: 0.0)
        faults.on(Fault(kind=FaultKind.DOWN, share=0.2))
        met.append([bool(faults.meeting("assign")) for _ in range(1_000)])
    assert met[0] == met[1]
    assert 150 < sum(met[0]) < 250


def test_a_fault_on_the_command_line() -> None:
    """Kind, then what limits it; a slip is named."""
    assert fault_from_text("done-then-500:share=0.2,count=50") == Fault(
        kind=FaultKind.DONE_THEN_500, share=0.2, count=50
    )
    assert fault_from_text("slow") == Fault(kind=FaultKind.SLOW)
    for wrong in ("sloow", "slow:sharr=1", "slow:share=2", "slow:count=0", "down:count=x"):
        with pytest.raises(ValueError, match=r"."):
            fault_from_text(wrong)


def test_no_fault_is_made_of_a_slip(desk: Client) -> None:
    """The admin is told, and nothing is switched on."""
    headers = {"Authorization": f"Bearer {desk.running.admin_token}"}
    url = f"{desk.running.url}/admin/faults"
    down = {"kind": "down"}
    for body in ({}, {"kind": "sloow"}, down | {"share": 2}, down | {"hours": 1}, down | {"count": "many"}):
        assert httpx2.post(url, json=body, headers=headers).status_code == 422
    assert httpx2.get(url, headers=headers).json() == []


# -- the log -------------------------------------------------------------------


def test_every_request_is_in_the_log_before_it_is_answered(desk: Client) -> None:
    """Each line has what was asked, whether it acted, and what the caller saw."""
    desk.assign("k1")
    desk.find("k2")
    assert [(line["action"], line["key"], line["acted"], line["status"]) for line in desk.log()] == [
        ("assign", "k1", True, 201),
        ("find", "k2", False, 404),
    ]
    assert desk.stats()["requests"] == {"assign": 1, "find": 1}


@pytest.mark.crash
def test_a_killed_desk_knows_everything_again(tmp_path: Path) -> None:
    """After kill -9 and a restart with the same log it holds what it held, and knows the keys."""
    setup = Setup(log=tmp_path / "log")
    with as_process(setup) as running, Client(running) as caller:
        first = [caller.assign(f"k{number}", f"T{number}").json() for number in range(3)]
        caller.unassign("A000002")
        subprocess.run(["kill", f"-{signal.SIGKILL}", str(running.pid)], check=True)
    with in_thread(setup) as running, Client(running) as caller:
        assert caller.stats()["assignments"] == 2
        assert caller.assign("k0", "T0").json() == first[0]
        assert caller.find("k1").status_code == 404
        assert caller.assign("k9").json()["assignment"] == "A000004"


def test_a_line_that_a_crash_cut_short_is_taken_out(tmp_path: Path) -> None:
    """It was never answered; the lines before it count, and new ones follow whole."""
    log = tmp_path / "log"
    desk = Desk(log)
    for number in range(2):
        desk.write(NOON, "assign", f"k{number}", desk.assign(f"k{number}", "T", "cards"))
    desk.close()
    log.write_bytes(log.read_bytes()[:-20])
    again = Desk(log)
    assert again.stats()["assignments"] == 1
    again.write(NOON, "assign", "k1", again.assign("k1", "T", "cards"))
    again.close()
    assert [json.loads(line)["assignment"] for line in log.read_text().splitlines()] == ["A000001", "A000002"]


# -- as a process --------------------------------------------------------------


def test_it_starts_says_where_it_is_and_ends_with_its_parent(tmp_path: Path) -> None:
    """One line of JSON with the address and the tokens that it made up; closing its input stops it."""
    command = [sys.executable, "-m", "pilotage.examples.tickets.helpdesk", "--log", str(tmp_path / "log")]
    command += ["--end-with-stdin", "--fault", "down:count=1", "--per-second", "100"]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        said = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {said['token']}"}
        answers = [httpx2.get(f"{said['url']}/assignments?key=k", headers=headers).status_code for _ in range(2)]
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    assert answers == [503, 404]


def test_it_listens_on_this_machine_alone(desk: Client) -> None:
    """A fake with made-up tokens is nothing for the network."""
    address = urlsplit(desk.running.url)
    assert address.hostname == "127.0.0.1"
    with socket.create_connection((address.hostname, address.port or 0)):
        pass
