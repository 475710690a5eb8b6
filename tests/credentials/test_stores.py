"""Every store keeps the same promise; one suite runs on all of them, and each has a few of its own."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from pilotage.credentials.envelope import Keys
from pilotage.credentials.errors import KeyMissing, SourceAway, StoreAltered, StoresMisdescribed
from pilotage.credentials.keys import KeyRing, fresh
from pilotage.credentials.ports import Store
from pilotage.credentials.service.keeping import Keeper, Person
from pilotage.credentials.stores.aws import AwsStore
from pilotage.credentials.stores.environment import EnvironmentStore
from pilotage.credentials.stores.files import FileStore
from pilotage.credentials.stores.local import LocalStore
from pilotage.credentials.stores.openbao import OpenBaoStore
from pilotage.credentials.tables import secret_versions
from pilotage.credentials.values import SecretValue, Source
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare
from tests.credentials import servers

NAME = "helpdesk-token"


@dataclass(kw_only=True)
class Subject:
    """A store, and how somebody puts a value into it."""

    store: Store
    put: Callable[[str, str], None]
    tells_versions: bool = True


@dataclass(kw_only=True)
class Local:
    """A local store with its keeper."""

    database: Database
    ring: KeyRing
    store: LocalStore
    keeper: Keeper


@pytest.fixture
def local(database_url: str, tmp_path: Path) -> Iterator[Local]:
    """The local store of `live`, with a key."""
    database = Database(database_url)
    prepare(database)
    ring = KeyRing(file=tmp_path / "keys" / "live.key", variables={})
    ring.write(fresh(None))
    keeper = Keeper(database=database, environment="live", keys=ring, by=Person(name="ann", known="test"))
    yield Local(
        database=database,
        ring=ring,
        store=LocalStore(database=database, environment="live", keys=ring),
        keeper=keeper,
    )
    database.close()


def _environment(tmp_path: Path) -> Iterator[Subject]:
    variables: dict[str, str] = {}

    def put(name: str, value: str) -> None:
        variables[name.replace("-", "_").upper()] = value

    yield Subject(store=EnvironmentStore(variables=variables), put=put, tells_versions=False)


def _files(tmp_path: Path) -> Iterator[Subject]:
    def put(name: str, value: str) -> None:
        path = tmp_path / name
        before = path.stat().st_mtime_ns if path.exists() else 0
        while not path.exists() or path.stat().st_mtime_ns == before:
            path.write_text(value)
            path.chmod(0o600)

    yield Subject(store=FileStore(folder=tmp_path), put=put)


@pytest.fixture(scope="session")
def openbao_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One OpenBao for the run."""
    with servers.openbao(tmp_path_factory.mktemp("openbao")) as url:
        yield url


@pytest.fixture(scope="session")
def aws_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One AWS for the run."""
    with servers.moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


def _open_door() -> Door:
    return Door(Addresses(allow_loopback=True))


def vault(url: str, door: Door | None = None, token: str = servers.ROOT_TOKEN, **options: str) -> OpenBaoStore:
    variables = {"PILOTAGE_OPENBAO_TOKEN": token}
    return OpenBaoStore.described({"url": url, **options}, variables=variables, door=door or _open_door())


def _openbao(url: str, path: str) -> Iterator[Subject]:
    def put(name: str, value: str) -> None:
        servers.bao(url, "POST", f"secret/data/{path}/{name}", {"data": {"value": value}})

    yield Subject(store=vault(url, path=path), put=put)


def _aws(url: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client: Any = boto3.client("secretsmanager", region_name="eu-central-1", endpoint_url=url)

    def put(name: str, value: str) -> None:
        try:
            client.create_secret(Name=prefix + name, SecretString=value)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=prefix + name, SecretString=value)

    options = {"region": "eu-central-1", "url": url, "prefix": prefix}
    yield Subject(store=AwsStore.described(options, door=_open_door()), put=put)


@pytest.fixture(
    params=[
        "environment",
        "files",
        "local",
        pytest.param("openbao", marks=[pytest.mark.peers, pytest.mark.slow]),
        pytest.param("aws", marks=[pytest.mark.peers, pytest.mark.slow]),
    ]
)
def subject(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    """Each store in turn."""
    match request.param:
        case "environment":
            yield from _environment(tmp_path)
        case "files":
            yield from _files(tmp_path)
        case "openbao":
            yield from _openbao(request.getfixturevalue("openbao_url"), f"t/{tmp_path.name}")
        case "aws":
            yield from _aws(request.getfixturevalue("aws_url"), f"t/{tmp_path.name}/", monkeypatch)
        case _:
            found: Local = request.getfixturevalue("local_on_sqlite")
            yield Subject(
                store=found.store,
                put=lambda name, value: void(found.keeper.put(SecretValue(name, value), rotating=False)),
            )


def void(value: object) -> None:
    del value


@pytest.fixture
def local_on_sqlite(tmp_path: Path) -> Iterator[Local]:
    """The local store, where one database is enough."""
    database = Database(f"sqlite:///{tmp_path / 'one.db'}")
    prepare(database)
    ring = KeyRing(file=tmp_path / "keys" / "live.key", variables={})
    ring.write(fresh(None))
    keeper = Keeper(database=database, environment="live", keys=ring, by=Person(name="ann", known="test"))
    store = LocalStore(database=database, environment="live", keys=ring)
    yield Local(database=database, ring=ring, store=store, keeper=keeper)
    database.close()


# -- what each promises ------------------------------------------------------------


def test_a_name_without_a_value_is_none(subject: Subject) -> None:
    """Another store may have it: none is an answer, and no error."""
    assert subject.store.find("nobody-has-it") is None


def test_what_was_put_in_comes_out(subject: Subject) -> None:
    """The value, its name, and where it came from."""
    subject.put(NAME, "first-value-1")
    found = subject.store.find(NAME)
    assert found is not None
    assert found.value.reveal() == "first-value-1"
    assert found.value.name == NAME
    assert found.source in Source
    assert "first-value-1" not in repr(found)
    assert "first-value-1" not in repr(subject.store)


def test_a_value_that_is_replaced_is_another_version(subject: Subject) -> None:
    """Whoever asks again gets the new one, and can tell it from the one before."""
    subject.put(NAME, "first-value-1")
    before = subject.store.find(NAME)
    subject.put(NAME, "second-value-2")
    after = subject.store.find(NAME)
    assert before is not None
    assert after is not None
    assert after.value.reveal() == "second-value-2"
    if subject.tells_versions:
        assert before.version != after.version
        assert after.set_at is not None


def test_each_says_how_a_value_gets_into_it(subject: Subject) -> None:
    """The error of a missing secret is made of these."""
    assert "elpdesk" in subject.store.ways(NAME).lower()


# -- the local store ---------------------------------------------------------------


def test_what_lies_in_the_database_is_sealed(local: Local) -> None:
    """No column holds the value, in any form that is easily read."""
    local.keeper.put(SecretValue(NAME, "canary-local-1"), rotating=False)
    with local.database.snapshot() as tx:
        (row,) = tx.execute(secret_versions.select()).mappings().all()
    assert b"canary-local-1" not in b"".join(str(value).encode() for value in row.values())
    assert b"canary-local-1" not in row["sealed"] + row["wrapped"]


def test_a_row_that_was_moved_does_not_open(local: Local) -> None:
    """Sealed values are bound to environment, name and version: nobody gets another secret under a name he may use."""
    local.keeper.put(SecretValue(NAME, "canary-local-1"), rotating=False)
    with local.database.transaction() as tx:
        tx.execute(secret_versions.update().values(secret="payments-token"))
    with pytest.raises(StoreAltered, match="payments-token"):
        local.store.find("payments-token")
    elsewhere = LocalStore(database=local.database, environment="test", keys=local.ring)
    with local.database.transaction() as tx:
        tx.execute(secret_versions.update().values(secret=NAME))
    assert local.store.find(NAME) is not None
    with pytest.raises(StoreAltered):
        elsewhere.find(NAME)


def test_an_altered_value_does_not_open(local: Local) -> None:
    """One bit is enough."""
    local.keeper.put(SecretValue(NAME, "canary-local-1"), rotating=False)
    with local.database.transaction() as tx:
        sealed: bytes = tx.execute(secret_versions.select()).mappings().one()["sealed"]
        tx.execute(secret_versions.update().values(sealed=sealed[:-1] + bytes([sealed[-1] ^ 1])))
    with pytest.raises(StoreAltered):
        local.store.find(NAME)


def test_the_database_alone_opens_nothing(local: Local) -> None:
    """Without the key file, or with another key, there is no value."""
    local.keeper.put(SecretValue(NAME, "canary-local-1"), rotating=False)
    local.ring.write(fresh(None))
    with pytest.raises(KeyMissing, match="sealed with the key"):
        local.store.find(NAME)
    local.ring.file.unlink()
    with pytest.raises(KeyMissing, match="secret init"):
        local.store.find(NAME)
    assert local.store.find("another") is None


def test_no_traceback_shows_a_key_or_a_value(local: Local) -> None:
    """Also one that shows local variables."""
    import traceback

    local.keeper.put(SecretValue(NAME, "canary-local-1"), rotating=False)
    key = local.ring.need().known[local.ring.need().current]
    local.ring.write(fresh(None))
    with pytest.raises(KeyMissing) as caught:
        local.store.find(NAME)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    told.stack[:] = [frame for frame in told.stack if "credentials/test_" not in frame.filename]
    assert repr(key)[2:-1] not in "".join(told.format())
    assert "canary-local-1" not in "".join(told.format())


def test_a_key_that_others_may_read_is_refused(local: Local) -> None:
    """It says how to close it."""
    local.ring.file.chmod(0o640)
    with pytest.raises(KeyMissing, match="chmod 600"):
        local.ring.read()


def test_wrapping_anew_opens_with_the_new_key_alone(local: Local) -> None:
    """Every value is readable afterwards, and the old key opens nothing any more."""
    local.keeper.put(SecretValue(NAME, "first-value-1"), rotating=False)
    local.keeper.put(SecretValue("other-token", "other-value-1"), rotating=False)
    old = local.ring.need()
    assert local.keeper.rekey() == 2
    assert local.ring.need().current != old.current
    assert set(local.ring.need().known) == {local.ring.need().current}
    found = local.store.find(NAME)
    assert found is not None
    assert found.value.reveal() == "first-value-1"
    local.ring.write(old)
    with pytest.raises(KeyMissing):
        local.store.find(NAME)


def test_wrapping_anew_that_is_refused_changes_nothing(local: Local) -> None:
    """The key that is needed is looked for before a new one is written."""
    local.keeper.put(SecretValue(NAME, "first-value-1"), rotating=False)
    lost = local.ring.need().current
    local.ring.write(fresh(None))
    before = local.ring.file.read_bytes()
    with pytest.raises(KeyMissing, match=f"1 value is sealed with the key {lost}, which is not here"):
        local.keeper.rekey()
    assert local.ring.file.read_bytes() == before


def test_a_lost_key_is_given_up_and_the_values_are_set_anew(local: Local) -> None:
    """No other key is made by mistake; when the values are set anew, what was lost is in nobody's way."""
    local.keeper.put(SecretValue(NAME, "first-value-1"), rotating=False)
    lost = local.ring.need()
    local.ring.file.unlink()
    for refused in (local.keeper.init, local.keeper.rekey, local.keeper.need):
        with pytest.raises(KeyMissing) as caught:
            refused()
        assert f"1 value is sealed with the key {lost.current}" in caught.value.what
        assert str(caught.value.remedy).startswith(f"Bring that key file to {local.ring.file}")
        assert "pilotage secret init --new" in str(caught.value.remedy)
        assert not local.ring.file.exists()
    made = local.keeper.init(new=True)
    assert made is not None
    assert made.current != lost.current
    with pytest.raises(KeyMissing, match="Add that key"):
        local.keeper.init()
    local.keeper.put(SecretValue(NAME, "second-value-2"), rotating=False)
    assert local.keeper.init() is None
    assert local.keeper.rekey() == 1
    assert [one.reveal() for one in local.keeper.values()] == ["second-value-2"]


def test_a_crash_while_wrapping_anew_loses_nothing(local: Local) -> None:
    """When the new key is in the file and nothing is wrapped with it yet, the old one still opens; the next call finishes."""
    local.keeper.put(SecretValue(NAME, "first-value-1"), rotating=False)
    local.ring.write(fresh(local.ring.need()))  # and here the process was killed
    assert local.store.find(NAME) is not None
    assert local.keeper.rekey() == 1
    found = local.store.find(NAME)
    assert found is not None
    assert found.value.reveal() == "first-value-1"


def test_keys_may_come_from_the_environment(local: Local, tmp_path: Path) -> None:
    """PILOTAGE_KEY holds one or more keys, PILOTAGE_KEY_FILE names a file of them; the first one wraps."""
    local.keeper.put(SecretValue(NAME, "first-value-1"), rotating=False)
    text = local.ring.file.read_text().strip()
    given = KeyRing(file=tmp_path / "none", variables={"PILOTAGE_KEY": text})
    assert LocalStore(database=local.database, environment="live", keys=given).find(NAME) is not None
    new = fresh(local.ring.need())
    local.ring.write(new)
    both = ",".join(local.ring.file.read_text().split())
    two = KeyRing(file=tmp_path / "none", variables={"PILOTAGE_KEY": both})
    assert isinstance(two.need(), Keys)
    assert two.need().current == new.current
    named = KeyRing(file=tmp_path / "none", variables={"PILOTAGE_KEY_FILE": str(local.ring.file)})
    assert named.need().current == new.current
    with pytest.raises(KeyMissing, match="holds no key"):
        KeyRing(file=tmp_path / "none", variables={"PILOTAGE_KEY": "hunter2"}).read()


# -- vaults ------------------------------------------------------------------------


def test_a_vault_that_is_away_is_not_a_vault_without_the_secret(tmp_path: Path) -> None:
    """Unknown is not none: the error says which vault, and is worth another try."""
    began = time.monotonic()
    with pytest.raises(SourceAway, match=r"OpenBao at http://127\.0\.0\.1") as caught:
        vault(f"http://127.0.0.1:{servers.free_port()}").find(NAME)
    assert caught.value.retryable
    assert time.monotonic() - began < 60


def test_a_vault_at_a_forbidden_address_is_not_called() -> None:
    """The rules of our own door hold for a library's requests too."""
    with pytest.raises(SourceAway, match=r"169\.254\.169\.254"):
        vault("http://169.254.169.254").find(NAME)
    options = {"region": "eu-central-1", "url": "http://169.254.169.254"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        with pytest.raises(SourceAway, match=r"169\.254\.169\.254"):
            AwsStore.described(options, door=Door(Addresses())).find(NAME)


def test_a_vault_without_an_address_is_misdescribed() -> None:
    """The error is a line for the project's file."""
    with pytest.raises(StoresMisdescribed, match="does not say where it is"):
        OpenBaoStore.described({}, variables={}, door=_open_door())
    with pytest.raises(StoresMisdescribed, match="'uri'"):
        OpenBaoStore.described({"url": "http://x", "uri": "http://x"}, variables={}, door=_open_door())
    with pytest.raises(StoresMisdescribed, match="which region"):
        AwsStore.described({}, door=_open_door())


@pytest.mark.peers
@pytest.mark.slow
def test_a_token_without_rights_is_told_apart(openbao_url: str) -> None:
    """OpenBao says no: that is neither "none" nor "down"."""
    with pytest.raises(SourceAway, match="does not accept our token"):
        vault(openbao_url, token="nobody-s-token").find(NAME)


@pytest.mark.peers
@pytest.mark.slow
def test_an_approle_logs_in_and_again_when_its_token_has_ended(openbao_url: str) -> None:
    """With a role and a secret id; a token that was revoked is replaced by a new one without anybody's help."""
    servers.bao(openbao_url, "POST", "secret/data/approle/helpdesk-token", {"data": {"value": "by-role-1"}})
    servers.bao(openbao_url, "POST", "sys/auth/approle", {"type": "approle"})
    policy = 'path "secret/data/approle/*" { capabilities = ["read"] }'
    servers.bao(openbao_url, "PUT", "sys/policies/acl/reader", {"policy": policy})
    servers.bao(openbao_url, "POST", "auth/approle/role/pilotage", {"token_policies": "reader"})
    role = servers.bao(openbao_url, "GET", "auth/approle/role/pilotage/role-id").json()["data"]["role_id"]
    made = servers.bao(openbao_url, "POST", "auth/approle/role/pilotage/secret-id", {}).json()["data"]
    store = OpenBaoStore.described(
        {"url": openbao_url, "path": "approle", "role": role},
        variables={"PILOTAGE_OPENBAO_SECRET_ID": made["secret_id"]},
        door=_open_door(),
    )
    found = store.find(NAME)
    assert found is not None
    assert found.value.reveal() == "by-role-1"
    servers.bao(openbao_url, "POST", "auth/token/revoke", {"token": store._client.token})
    assert store.find(NAME) is not None
