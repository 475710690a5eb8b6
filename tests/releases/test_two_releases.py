"""Two releases at once, with real processes: each case ends on the release that it began on."""

import os
import signal
from pathlib import Path

import pytest

from tests.releases.project import Box, Project, until

pytestmark = pytest.mark.slow


def test_each_case_ends_on_the_release_it_began_on(shop: Project, box: Box) -> None:
    """Cases of release A say A and those of B say B, whatever the working directory says by then; A is retired at the end."""
    a = shop.ok("release", "--note", "the first")["release"]
    shop.ok("hold", "everything", "--reason", "to have both at once")
    shop.submit("first", {"a1": 3, "a2": 30, "a3": 7, "a4": 7})
    with shop.background("run", "--forever"):
        until(lambda: places(shop) == {"waiting": 2, "with people": 2}, said=lambda: shop.log("run"))
        shop.write("B", small="little", large="big")
        b = shop.ok("release")["release"]
        assert b != a
        shop.submit("second", {"b1": 3, "b2": 30, "b3": 7})
        until(lambda: places(shop) == {"waiting": 4, "with people": 3}, said=lambda: shop.log("run"))
        assert served(shop) == {a, b}
        (shop.root / "src" / "orders" / "way.py").write_text("this is no Python")
        decide(shop, wrong="big", right={"a3": "large", "a4": "small"})
        decide(shop, wrong="large", right={"b3": "big"})
        assert box.heard == []
        shop.ok("resume", "everything")
        until(lambda: places(shop) == {"done": 7}, said=lambda: shop.log("run"))
        until(lambda: served(shop) == {b}, said=lambda: shop.log("run"))
    words = box.words()
    assert {key: one["code"] for key, one in words.items()} == {
        "a1": "A", "a2": "A", "a3": "A", "a4": "A", "b1": "B", "b2": "B", "b3": "B",
    }  # fmt: skip
    assert all(one["word"] == one["code"] and one["greeting"] == f"hello {one['code']}" for one in words.values())
    assert {key: one["size"] for key, one in words.items()} == {
        "a1": "small", "a2": "large", "a3": "large", "a4": "small", "b1": "little", "b2": "big", "b3": "big",
    }  # fmt: skip
    assert shop.ok("doctor")["holds"]
    assert served(shop) == set()


def test_a_killed_worker_is_started_again_and_nothing_is_done_twice(shop: Project, box: Box) -> None:
    """A worker that is killed comes back by itself, on its own release."""
    a = shop.ok("release")["release"]
    with shop.background("run", "--forever") as supervisor:
        until(lambda: served(shop) == {a}, said=lambda: shop.log("run"))
        (worker,) = children(supervisor.pid)
        os.kill(worker, signal.SIGKILL)
        shop.submit("first", {f"a{number}": number for number in range(8, 60)})
        until(lambda: places(shop) == {"done": 52}, said=lambda: shop.log("run"))
        assert children(supervisor.pid) != [worker]
    assert {one["code"] for one in box.words().values()} == {"A"}
    assert shop.ok("doctor")["holds"]


def test_workers_end_with_their_supervisor(shop: Project) -> None:
    """A supervisor that is killed leaves no worker behind."""
    shop.ok("release")
    with shop.background("run", "--forever") as supervisor:
        until(lambda: len(children(supervisor.pid)) == 1, said=lambda: shop.log("run"))
        (worker,) = children(supervisor.pid)
        until(lambda: served(shop), said=lambda: shop.log("run"))
        supervisor.kill()
        until(lambda: not lives(worker))


def places(shop: Project) -> dict[str, int]:
    """Where the cases are."""
    return {place: count for place, count in shop.ok("status")["places"].items() if count}


def served(shop: Project) -> set[str]:
    """The releases that a living process serves."""
    return {one["release"] for one in shop.ok("release", "list")["releases"] if one["served"]}


def decide(shop: Project, *, wrong: str, right: dict[str, str]) -> None:
    """Settle decisions by the key of their record; a value of the other release's contract is refused before."""
    waiting = {one["key"]: one["decision"] for one in shop.ok("inbox")["decisions"]}
    for key, value in right.items():
        assert shop.refused("decide", waiting[key], wrong, "--reason", "no")["code"] == "PLT-204"
        shop.ok("decide", waiting[key], value, "--reason", "looked at it")


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    said = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in said.split() if lives(int(one))]


def lives(pid: int) -> bool:
    """Whether the process runs, and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
