"""The commands of releases, and what the others do once there is one: with real processes."""

import shutil
from pathlib import Path

import pytest

from tests.releases.project import Box, Project, until
from tests.releases.test_two_releases import places, served

pytestmark = pytest.mark.slow


def test_releasing_twice_is_harmless_and_says_so(project: Project) -> None:
    """The same content is the same release; one that was made before becomes the current one again."""
    first = project.ok("release", "--note", "the first")
    assert (first["existed"], first["was_current"], first["note"]) == (False, False, "the first")
    assert first["known"] == "shell user, not verified"
    again = project.run("release")
    assert again.returncode == 0
    assert f"{first['release']}: nothing has changed since" in again.stdout
    project.write("B")
    second = project.ok("release")["release"]
    project.write("A")
    assert f"{first['release']}: the same content was released at" in project.run("release").stdout
    listed = {one["release"]: one for one in project.ok("release", "list")["releases"]}
    assert {name: one["state"] for name, one in listed.items()} == {first["release"]: "current", second: "retired"}


def test_a_missing_artefact_is_made_again_from_the_same_code(project: Project) -> None:
    """Who has the code has the release."""
    made = project.ok("release")
    file = project.root / ".pilotage/releases" / made["artefact"]
    before = file.read_bytes()
    file.unlink()
    assert project.refused("worker", "--release", made["release"])["code"] == "PLT-607"
    assert project.ok("release")["was_current"]
    assert file.read_bytes() == before


def test_what_is_not_as_it_was_frozen_is_not_started(project: Project) -> None:
    """An altered artefact and an altered folder stop a worker with a clear error, and nothing of the code has run."""
    made = project.ok("release")
    folder = project.root / ".pilotage/releases" / made["digest"]
    file = folder.with_suffix(".zip")
    mark = project.root / "ran"
    whole = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(whole[:-30] + b"x" + whole[-29:])
    assert project.refused("worker", "--release", made["release"])["code"] == "PLT-608"
    assert not folder.exists()
    file.write_bytes(whole)
    shutil.rmtree(folder, ignore_errors=True)
    way = unpacked(project) / "src/orders/way.py"
    way.chmod(0o644)
    way.write_text(f"open({str(mark)!r}, 'w')\n{way.read_text()}")
    refused = project.refused("worker", "--release", made["release"][:6])
    assert refused["code"] == "PLT-608"
    assert "src/orders/way.py is not what was frozen" in refused["what"]
    assert not mark.exists()


def unpacked(project: Project) -> Path:
    """The folder of the only release, which a worker unpacked."""
    with project.background("worker"):
        until(lambda: served(project), said=lambda: project.log("worker"))
    (folder,) = (path for path in (project.root / ".pilotage/releases").iterdir() if path.is_dir())
    return folder / "files"


def test_a_broken_current_release_stops_those_alone_who_need_its_code(shop: Project) -> None:
    """People still see and decide, hold and prove; whoever takes records in is told what is wrong."""
    made = shop.ok("release")
    shop.submit("first", {"a1": 7})
    with shop.background("run", "--forever"):
        until(lambda: places(shop) == {"with people": 1}, said=lambda: shop.log("run"))
    folder = shop.root / ".pilotage/releases"
    shutil.move(folder, folder.with_name("away"))
    for words in (
        ("status",),
        ("inbox",),
        ("doctor",),
        ("hold", "everything", "--reason", "look"),
        ("release", "list"),
    ):
        shop.ok(*words)
    (waiting,) = shop.ok("inbox")["decisions"]
    assert shop.refused("decide", waiting["decision"], "small", "--reason", "x")["code"] == "PLT-607"
    (shop.root / "more.csv").write_text("id,amount\na2,3\n")
    refused = shop.refused("submit", "orders", str(shop.root / "more.csv"))
    assert refused["code"] == "PLT-607"
    (need,) = [one for one in shop.ok("status")["needs"] if "nobody serves" in one["title"]]
    assert need["command"] == f"pilotage worker --release {made['release']}"
    shutil.move(folder.with_name("away"), folder)
    shop.ok("decide", waiting["decision"], "small", "--reason", "x")


def test_a_release_that_needs_another_environment_says_which(project: Project) -> None:
    """It does not try, and does not guess."""
    words = project.root / "src/shared_words.py"
    words.write_text(f"import made_up_words\n{words.read_text()}")
    site = project.root / "site-packages"
    install(site, "1.0")
    project.variables = {"PYTHONPATH": f"{project.environment()['PYTHONPATH']}:{site}"}
    made = project.ok("release")
    install(site, "1.1")
    refused = project.refused("worker")
    assert refused["code"] == "PLT-609"
    assert refused["what"] == f"{made['release']} needs made-up-words 1.0 (here: 1.1)."
    assert "Build an environment with Python" in refused["remedy"]
    assert f"pilotage worker --release {made['release']}" in refused["remedy"]


def install(site: Path, version: str) -> None:
    """A distribution with one module, as an installer leaves it."""
    shutil.rmtree(site, ignore_errors=True)
    about = site / f"made_up_words-{version}.dist-info"
    about.mkdir(parents=True)
    (site / "made_up_words.py").touch()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: made-up-words\nVersion: {version}\n")
    (about / "top_level.txt").write_text("made_up_words\n")
    (about / "RECORD").write_text("made_up_words.py,,\n")


def test_dead_letters_of_an_older_release_are_replayed_on_it(shop: Project, box: Box) -> None:
    """A replay serves the release of the case for as long as it takes, from the failed step and from the start."""
    a = shop.ok("release")["release"]
    box.refuses = True
    shop.submit("first", {"a1": 3, "a2": 30})
    with shop.background("run", "--forever"):
        until(lambda: places(shop) == {"dead letter": 2}, said=lambda: shop.log("run"))
    shop.write("B", small="little", large="big")
    b = shop.ok("release")["release"]
    box.refuses = False
    cases = [shop.ok("case", key)["case"] for key in ("a1", "a2")]
    assert shop.ok("replay", cases[0], "--reason", "mended")["succeeded"] == 1
    assert shop.ok("replay", cases[1], "--from-start", "--reason", "mended")["succeeded"] == 1
    assert {one["code"] for one in box.words().values()} == {"A"}
    assert {one["size"] for one in box.words().values()} == {"small", "large"}
    assert {one["release"]: one["open_cases"] for one in shop.ok("release", "list")["releases"]} == {a: 0, b: 0}
    assert shop.ok("doctor")["holds"]


def test_cases_that_began_in_the_working_directory_end_on_it(shop: Project, box: Box) -> None:
    """After the first release, the working directory is served for what is still open there."""
    shop.submit("first", {"d1": 7})
    shop.ok("run")
    shop.ok("release")
    shop.write("C", small="tiny", large="huge")
    shop.submit("second", {"a1": 3})
    (waiting,) = shop.ok("inbox")["decisions"]
    shop.ok("decide", waiting["decision"], "tiny", "--reason", "the changed code says so")
    shop.ok("run")
    assert {key: (one["code"], one["size"]) for key, one in box.words().items()} == {
        "d1": ("C", "tiny"),
        "a1": ("A", "small"),
    }
    assert places(shop) == {"done": 2}


def test_nothing_unreleased_acts_in_live(project: Project) -> None:
    """In `live` records are refused until there is a release."""
    project.variables = {"PILOTAGE_ENVIRONMENT": "live"}
    file = project.root / "orders.csv"
    file.write_text("id,amount\na1,3\n")
    refused = project.run("submit", "orders", str(file), "--json")
    assert "PLT-612" in refused.stdout
    assert project.refused("worker", "--release", "dev")["code"] == "PLT-612"
    project.ok("release")
    assert project.ok("submit", "orders", str(file))["accepted"] == 1
