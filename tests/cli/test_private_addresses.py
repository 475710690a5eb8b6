"""Which addresses a project's environment allows."""

from pathlib import Path

import pytest

from pilotage.kernel.errors import ProjectMissing
from pilotage.machinery.net.addresses import Addresses, not_allowed
from pilotage.project import read_project


def allowed(said: object = None) -> Addresses:
    """What a project allows that says this."""
    return read_project(Path(), {} if said is None else {"private-addresses": said}).addresses


def test_private_addresses_are_refused_in_live_unless_the_project_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In dev and test they are allowed, elsewhere not; the project's own word counts before that."""
    found = dict[str, bool]()
    for environment in ("dev", "test", "live"):
        monkeypatch.setenv("PILOTAGE_ENVIRONMENT", environment)
        found[environment] = allowed().allow("10.0.0.1")
        for said in (True, False):
            assert allowed(said).allow("10.0.0.1") is said
    assert found == {"dev": True, "test": True, "live": False}


def test_a_list_allows_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everywhere the same, in dev too: whoever writes a list has said what is meant."""
    for environment in ("dev", "live"):
        monkeypatch.setenv("PILOTAGE_ENVIRONMENT", environment)
        found = allowed(["10.0.3.0/24", "Erp.Internal"])
        assert found.allow("10.0.3.9")
        assert found.allow("127.0.0.1", "erp.internal.")
        assert not found.allow("10.0.4.9")
        assert not found.allow("127.0.0.1", "localhost")


def test_a_table_is_by_environment_and_there_by_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an environment does not say stays as it is; one connection's addresses are not another's."""
    said = {"live": {"erp": ["10.0.3.7"], "mail": True, "*": ["10.0.9.9"]}}
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "dev")
    assert allowed(said) == Addresses(allow_private=True)
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "live")
    found = allowed(said)
    assert [found.towards(name).allow("10.0.3.7") for name in ("erp", "mail", "crm")] == [True, True, False]
    assert [found.towards(name).allow("10.0.9.9") for name in ("erp", "mail", "crm")] == [True, True, True]
    assert [found.towards(name).allow("127.0.0.1") for name in ("erp", "mail", "crm")] == [False, True, False]
    assert not found.towards("mail").allow("169.254.169.254")
    assert not found.allow("10.0.3.7")


@pytest.mark.parametrize(
    "said", ["no", 1, ["10.0.3.7/24"], ["10.0.3.999"], ["https://erp.internal"], [1], ["*.internal"], {"dev": "yes"}]
)
def test_what_is_neither_is_told(said: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text in its place would be a yes by mistake; a network with a slip in it, or a pattern, would be a host's name."""
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "dev")
    with pytest.raises(ProjectMissing, match="private-addresses"):
        allowed(said)


def test_why_an_address_is_refused_names_who_has_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In dev a list counts too, and is named as the reason; where the project says nothing, that is the reason."""
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "dev")
    for said in (["10.0.3.0/24"], False, {"dev": {"erp": ["10.0.3.7"]}}):
        why = not_allowed("127.0.0.1", ["127.0.0.1"], allowed(said).towards("erp"))
        assert why == (
            "127.0.0.1 may not be called: private-addresses in the project's file does not name it for this environment."
        )
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "live")
    for said in (None, {"dev": ["10.0.3.7"]}):
        why = not_allowed("erp.internal", ["10.0.0.1"], allowed(said))
        assert why.startswith(
            "erp.internal leads to 10.0.0.1, which may not be called: it is not public, and the project"
        )
