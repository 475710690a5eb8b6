"""The digest of a release, and what people call it."""

import json
from dataclasses import replace

import pytest

from pilotage.releases.digest import as_bytes, digest_of, is_inside, name_of, read_manifest, reads_as
from pilotage.releases.environment import differences, to_build
from pilotage.releases.values import FrozenFile, Manifest, Requirements

FILE = FrozenFile(path="src/orders.py", size=3, sha256="00" * 32)
MANIFEST = Manifest(
    automations=("orders:orders",),
    roots=("src",),
    python="3.12",
    requirements=Requirements(lock="uv.lock", lock_sha256="11" * 32, installed={"numpy": "2.3.1"}),
    table={"automations": ["orders:orders"], "release-limit-mb": 12},
    files=(FILE,),
)


def test_a_manifest_is_what_its_bytes_say() -> None:
    """Reading back what was written gives the same manifest, and the same digest."""
    assert read_manifest(as_bytes(MANIFEST)) == MANIFEST
    assert digest_of(read_manifest(as_bytes(MANIFEST))) == digest_of(MANIFEST)


def test_everything_that_a_release_is_changes_its_digest() -> None:
    """Other bytes of a file, another Python, another requirement, another table: another release."""
    others = [
        replace(MANIFEST, files=(replace(FILE, sha256="22" * 32),)),
        replace(MANIFEST, files=(replace(FILE, path="src/order.py"),)),
        replace(MANIFEST, python="3.13"),
        replace(MANIFEST, requirements=replace(MANIFEST.requirements, installed={"numpy": "2.3.2"})),
        replace(MANIFEST, requirements=replace(MANIFEST.requirements, lock_sha256="33" * 32)),
        replace(MANIFEST, table={}),
        replace(MANIFEST, automations=("orders:returns",)),
        replace(MANIFEST, roots=("",)),
    ]
    assert len({digest_of(one) for one in (MANIFEST, *others)}) == len(others) + 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        json.dumps(json.loads(as_bytes(MANIFEST)), indent=1).encode(),
        as_bytes(MANIFEST).replace(b'"format":1', b'"format":2'),
        as_bytes(MANIFEST).replace(b'"python":', b'"more":1,"python":'),
        as_bytes(MANIFEST).replace(b'"size":3', b'"size":"3"'),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    """Only the one way of writing a manifest is taken: otherwise two digests would mean the same release."""
    with pytest.raises(ValueError):
        read_manifest(data)


@pytest.mark.parametrize("path", ["../x.py", "/etc/passwd", "a/../../x", "", "C:/x.py", "a\\..\\x.py"])
def test_a_path_that_leads_out_of_its_folder_is_refused(path: str) -> None:
    """An artefact writes into its own folder alone, whoever made it."""
    assert not is_inside(path)
    with pytest.raises(ValueError):
        read_manifest(as_bytes(replace(MANIFEST, files=(replace(FILE, path=path),))))


def test_a_name_is_as_short_as_it_can_be() -> None:
    """People say R- and eight digits; more only where another release begins alike."""
    digest = "0123456789abcdef" * 4
    assert name_of(digest) == "R-01234567"
    assert name_of(digest, {"R-01234567", "R-012345678"}) == "R-0123456789"


def test_a_release_is_meant_by_any_beginning_that_is_long_enough() -> None:
    """Its name in any case, its digest, or the first four digits and more."""
    digest = "0123456789abcdef" * 4
    for text in ("R-01234567", "r-01234567", "0123", digest, " R-0123 "):
        assert reads_as(text, "R-01234567", digest), text
    for text in ("012", "R-", "", "R-99999999", "123456"):
        assert not reads_as(text, "R-01234567", digest), text


def test_an_environment_is_the_right_one_or_says_what_differs() -> None:
    """Another Python, another version, a distribution that is not there: each is named, with what is here."""
    here = {"numpy": "2.3.1"}
    assert differences(MANIFEST, python="3.12", version_of=here.get) == []
    assert differences(MANIFEST, python="3.11", version_of={"numpy": "2.4"}.get) == [
        "Python 3.12 (here: 3.11)",
        "numpy 2.3.1 (here: 2.4)",
    ]
    assert differences(MANIFEST, python="3.12", version_of={}.get) == ["numpy 2.3.1 (here: not installed)"]


def test_the_environment_to_build_is_said() -> None:
    """With the file of locked requirements where there is one, else with the versions."""
    assert "Python 3.12, pilotage and the requirements of /r/uv.lock" in to_build(MANIFEST, "R-1", "/r/uv.lock")
    assert "(numpy==2.3.1)" in to_build(MANIFEST, "R-1", None)
