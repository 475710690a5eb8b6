"""What a process holds, for how long, and what is written down about it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilotage.__main__ import main
from pilotage.audit import store as audit_store
from pilotage.cases.service.listening import Listening
from pilotage.credentials import store
from pilotage.credentials.asking import asked_by
from pilotage.credentials.errors import NotGranted, SecretMissing, SourceAway
from pilotage.credentials.keys import KeyRing
from pilotage.credentials.leasing import Terms
from pilotage.credentials.secrets import Secrets
from pilotage.credentials.service.keeping import Keeper, Person
from pilotage.credentials.service.releasing import Leases
from pilotage.credentials.stores.local import LocalStore
from pilotage.credentials.values import Found, SecretValue, Source
from pilotage.kernel.clock import ManualClock
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare

NAME = "helpdesk-token"
CANARY = "canary-5e1d-lease"
TERMS = Terms(lease=300, grace=3600, patience=10)


@dataclass(kw_only=True)
class Vault:
    """A store whose values, versions and troubles a test sets."""

    value: str | None = CANARY
    version: str = "1"
    away: bool = False
    expires_at: int | None = None
    asked: int = 0

    def find(self, name: str) -> Found | None:
        """What the test set."""
        self.asked += 1
        if self.away:
            raise SourceAway("The vault does not answer.", "Wait.")
        if self.value is None:
            return None
        value = SecretValue(name, self.value)
        return Found(value=value, source=Source.OPENBAO, version=self.version, expires_at=self.expires_at)

    def ways(self, name: str) -> str:
        """By the test."""
        return f"set {name}"


@dataclass(kw_only=True)
class Scene:
    """A process that holds secrets."""

    database: Database
    clock: ManualClock
    vault: Vault = field(default_factory=Vault)
    environment: str = "dev"
    secrets: Secrets = field(init=False)

    def __post_init__(self) -> None:
        leases = Leases(database=self.database, environment=self.environment, holder="worker-1")
        self.secrets = Secrets(self.environment, stores=[self.vault], leases=leases, terms=TERMS, clock=self.clock)

    def held(self) -> str:
        """The value as a step of `tickets` gets it."""
        with asked_by("tickets"):
            return self.secrets.held(NAME).reveal()

    def again(self) -> str:
        """The value after a 401."""
        with asked_by("tickets"):
            return self.secrets.read_again(NAME).reveal()

    def forward(self, seconds: float) -> None:
        """Let time pass, for the process and the database."""
        self.clock.forward(timedelta(seconds=seconds))

    def renewed(self) -> None:
        """What a worker's sweep does, and the thread that it starts."""
        self.secrets.look()
        thread = self.secrets._renewing
        if thread is not None:
            thread.join()

    def trail(self) -> list[str]:
        """What was done, oldest first."""
        with self.database.snapshot() as tx:
            return [one.kind for one in audit_store.find(tx, kind=None, subject=None, since=None, most=1000)][::-1]

    def said(self) -> str:
        """All of the trail, as text."""
        with self.database.snapshot() as tx:
            return repr(audit_store.find(tx, kind=None, subject=None, since=None, most=1000))

    def holders(self) -> list[tuple[str, str, str]]:
        """Who holds what now."""
        with self.database.snapshot() as tx:
            return [(one.holder, one.version, one.automation) for one in store.held(tx, self.database.now(tx))]


@pytest.fixture
def scene(database_url: str) -> Iterator[Scene]:
    """In dev, on a clock of the test's."""
    clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    database = Database(database_url, clock=clock)
    prepare(database)
    yield Scene(database=database, clock=clock)
    database.close()


def test_what_will_be_needed_is_held_before_work_begins(scene: Scene) -> None:
    """A value is taken out of what is said before any call has needed it; a store that is away stops nobody."""
    scene.secrets.take({NAME: {"tickets"}})
    assert scene.vault.asked == 1
    assert CANARY not in scene.secrets.redactor().text(f"It said {CANARY}.")
    assert scene.held() == CANARY
    assert scene.vault.asked == 1
    scene.vault.away = True
    scene.secrets.take({"another": {"tickets"}})


def test_a_value_is_released_once_and_used_until_its_lease_ends(scene: Scene) -> None:
    """A hundred uses are one release, which says who, which version, from where, for whom and for how long."""
    for _ in range(100):
        assert scene.held() == CANARY
    assert scene.vault.asked == 1
    assert scene.trail() == ["secret.released"]
    assert scene.holders() == [("worker-1", "1", "tickets")]
    assert CANARY not in scene.said()
    assert all(word in scene.said() for word in ("worker-1", "OpenBao", "tickets", '"seconds":300'))


def test_a_lease_in_use_is_renewed_before_it_ends(scene: Scene) -> None:
    """Nobody waits for the source: the renewal runs beside the calls."""
    scene.held()
    scene.forward(250)
    assert scene.held() == CANARY
    scene.renewed()
    assert scene.vault.asked == 2
    assert scene.trail() == ["secret.released", "secret.renewed"]
    scene.forward(250)
    assert scene.held() == CANARY
    assert scene.vault.asked in {2, 3}


def test_a_lease_that_nobody_uses_ends_by_itself(scene: Scene) -> None:
    """An idle process does not go on holding a value; the next use asks."""
    scene.held()
    scene.forward(301)
    scene.renewed()
    assert scene.vault.asked == 1
    assert scene.holders() == []
    scene.held()
    assert scene.vault.asked == 2


def test_a_new_version_ends_the_lease_of_the_old_one(scene: Scene) -> None:
    """The trail says how long the old one was held; the old value stays known, to be masked."""
    scene.held()
    scene.forward(100)
    scene.vault.value, scene.vault.version = "second-value-2", "2"
    assert scene.again() == "second-value-2"
    assert scene.trail() == ["secret.released", "secret.ended", "secret.released"]
    assert '"held_seconds":100.0' in scene.said()
    assert scene.holders() == [("worker-1", "2", "tickets")]
    assert {one.reveal() for one in scene.secrets.known()} == {CANARY, "second-value-2"}


def test_asking_again_in_vain_is_no_release(scene: Scene) -> None:
    """A service that refuses everything does not fill the trail."""
    scene.held()
    for _ in range(50):
        scene.forward(0.1)
        assert scene.again() == CANARY
    assert scene.trail() == ["secret.released"]


def test_a_source_that_is_away_leaves_the_held_value_until_its_hard_end(scene: Scene) -> None:
    """Calls go on, it is said once, the source is asked every ten seconds and not with every call; then it is over."""
    scene.held()
    scene.vault.away = True
    scene.forward(301)
    assert scene.held() == CANARY
    assert scene.trail() == ["secret.released", "secret.kept"]
    asked = scene.vault.asked
    for _ in range(20):
        assert scene.held() == CANARY
    assert scene.vault.asked == asked
    scene.forward(11)
    assert scene.held() == CANARY
    assert scene.vault.asked == asked + 1
    scene.forward(3700)
    with pytest.raises(SourceAway):
        scene.held()
    assert scene.trail()[-1] == "secret.ended"


def test_a_source_that_is_back_is_used_again(scene: Scene) -> None:
    """A new version that came meanwhile is taken up."""
    scene.held()
    scene.vault.away = True
    scene.forward(301)
    scene.held()
    scene.vault.away, scene.vault.value, scene.vault.version = False, "second-value-2", "2"
    scene.forward(11)
    assert scene.held() == "second-value-2"


def test_a_value_with_an_end_of_its_own_is_not_used_beyond_it(scene: Scene) -> None:
    """Neither in its lease nor because the source is away."""
    scene.vault.expires_at = int((scene.clock.now() + timedelta(seconds=60)).timestamp() * 1_000_000)
    scene.held()
    scene.vault.away = True
    scene.forward(61)
    with pytest.raises(SourceAway):
        scene.held()


def test_a_value_that_is_gone_is_used_no_more(scene: Scene) -> None:
    """Somebody took it away on purpose: the process gives it back when it asks next."""
    scene.held()
    scene.vault.value = None
    scene.forward(301)
    with pytest.raises(SecretMissing):
        scene.held()
    assert scene.trail() == ["secret.released", "secret.ended"]


def test_whoever_closes_gives_back(scene: Scene) -> None:
    """The trail says how long it was held; closing twice changes nothing."""
    scene.held()
    scene.forward(42)
    scene.secrets.close()
    scene.secrets.close()
    assert scene.trail() == ["secret.released", "secret.ended"]
    assert scene.holders() == []
    assert '"held_seconds":42.0' in scene.said()


def test_elsewhere_than_in_dev_a_grant_is_needed(scene: Scene) -> None:
    """The refusal says the command, and is in the trail; with the grant it works, and without it again it ends."""
    live = replace(scene, environment="live")
    with pytest.raises(NotGranted, match="pilotage secret grant helpdesk-token tickets"):
        live.held()
    assert live.vault.asked == 0
    assert live.trail() == ["secret.refused"]
    row = {"secret": NAME, "automation": "tickets", "granted_at": 1, "granted_by": "ann", "known": "test"}
    with scene.database.transaction() as tx:
        store.grant(tx, row | {"revoked_at": None, "changed_at": 1})
    assert live.held() == CANARY
    with asked_by("leads"), pytest.raises(NotGranted, match="leads"):
        live.secrets.held(NAME)
    live.renewed()
    with scene.database.transaction() as tx:
        assert store.revoke(tx, NAME, "tickets", 2) == 1
    live.held()
    live.renewed()
    with pytest.raises(NotGranted):
        live.held()
    assert live.trail()[-2:] == ["secret.ended", "secret.refused"]


def test_what_asks_outside_of_a_step_asks_for_its_automation(scene: Scene) -> None:
    """A webhook of `leads` is not opened with a secret that was granted to `tickets`; that of `tickets` is."""
    live = replace(scene, environment="live")
    live.vault.value = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    row = {"secret": NAME, "automation": "tickets", "granted_at": 1, "granted_by": "ann", "known": "test"}
    with scene.database.transaction() as tx:
        store.grant(tx, row | {"revoked_at": None, "changed_at": 1})
    listening = Listening(database=scene.database, secrets=live.secrets, clock=scene.clock)
    with pytest.raises(NotGranted, match="leads may not use"):
        listening.look(NAME, "leads")
    assert not listening.knows(NAME, "leads")
    listening.look(NAME, "tickets")
    assert len(listening.keys(NAME, "tickets")) == 1


def test_a_change_in_the_database_is_taken_up_without_waiting_for_the_lease(scene: Scene) -> None:
    """A worker looks once a second; what was rotated or granted is asked for anew."""
    scene.held()
    scene.renewed()
    asked = scene.vault.asked
    scene.held()
    scene.renewed()
    assert scene.vault.asked == asked
    row = {"secret": NAME, "automation": "tickets", "granted_at": 1, "granted_by": "ann", "known": "test"}
    with scene.database.transaction() as tx:
        store.grant(tx, row | {"revoked_at": None, "changed_at": 5})
    scene.vault.value, scene.vault.version = "second-value-2", "2"
    scene.held()
    scene.renewed()
    assert scene.held() == "second-value-2"


# -- several valid versions ------------------------------------------------------------


def test_while_two_versions_are_valid_both_are_accepted_and_the_newest_is_used(scene: Scene, tmp_path: Path) -> None:
    """Somebody else may sign with the earlier one until it is retired; it holds no retiring up, and its release is written down."""
    ring = KeyRing(file=tmp_path / "dev.key", variables={})
    keeper = Keeper(database=scene.database, environment="dev", keys=ring, by=Person(name="me", known="test"))
    keeper.init()
    local = LocalStore(database=scene.database, environment="dev", keys=ring)
    secrets = Secrets("dev", stores=[local], leases=scene.secrets.leases, terms=TERMS, clock=scene.clock)

    def put(value: str) -> None:
        keeper.put(SecretValue(NAME, value), rotating=bool(keeper.values()))
        scene.forward(TERMS.lease + 1)

    put("the-first-value")
    assert [one.reveal() for one in secrets.accepted(NAME)] == ["the-first-value"]
    put("the-second-value")
    assert [one.reveal() for one in secrets.accepted(NAME)] == ["the-second-value", "the-first-value"]
    assert secrets.held(NAME).reveal() == "the-second-value"
    assert "the-first-value" not in secrets.redactor().text("x the-first-value x")
    secrets.accepted(NAME)
    said = scene.said()
    assert said.count("to know by it who signs") == 1
    keeper.retire(NAME)
    assert [one.reveal() for one in secrets.accepted(NAME)] == ["the-second-value"]


def test_an_overlap_that_is_shorter_than_a_lease_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process could use the old value after its end; nothing was read and nothing was written."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pilotage]\nautomations = []\n[tool.pilotage.secrets]\nlease = "10m"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("a-first-value"))
    assert main(["secret", "init"]) == main(["secret", "set", NAME]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("a-second-value"))
    assert main(["secret", "rotate", NAME, "--overlap", "9m"]) == 2
    assert "600 s more" in capsys.readouterr().err
    assert main(["secret", "rotate", NAME, "--overlap", "10m"]) == 0
