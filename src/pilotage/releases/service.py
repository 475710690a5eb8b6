"""The use cases of releases: making one, which one new cases begin on, which have to be served, and by whom they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import Event
from pilotage.machinery.storage.database import Database, Tx
from pilotage.releases import store
from pilotage.releases.artefact import Artefacts
from pilotage.releases.digest import name_of, reads_as
from pilotage.releases.errors import NoSuchRelease, NothingReleased, ReleaseSuperseded
from pilotage.releases.loading import Loaded, load
from pilotage.releases.making import Frozen, freeze
from pilotage.releases.outline import prompts_in
from pilotage.releases.values import WORKING_DIRECTORY, Release, State, Unserved

LIVE: Final = "live"
"""The environment in which nothing unreleased acts."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What `pilotage release` came to."""

    release: Release
    existed: bool
    """The same content was released before."""
    was_current: bool
    """And new cases began on it already."""
    strangers: tuple[str, ...]
    prompts: tuple[str, ...] = ()
    """The prompts that are part of it, with their versions."""


def make(
    database: Database, artefacts: Artefacts, root: Path, automations: Sequence[str], *, by: str, known: str, note: str
) -> Made:
    """Freeze the working directory; from now on new cases of its automations begin on that release."""
    return keep(database, freeze(root, automations, artefacts), by=by, known=known, note=note)


def keep(database: Database, frozen: Frozen, *, by: str, known: str, note: str) -> Made:
    """Note what was frozen as a release, and make it the current one.

    The same content is the same release: made again, it becomes the current one again.
    """
    with database.transaction() as tx:
        store.lock(tx)
        now = database.now(tx)
        before = store.by_digest(tx, frozen.digest)
        release = before or _new(tx, frozen, by=by, known=known, note=note, now=now)
        if before is None:
            store.add(tx, release, frozen.outlines)
        was_current = before is not None and _is_first(tx, release)
        if not was_current:
            store.make_current(tx, release.name, now)
        covered = set(release.automations)
        older = [one for one in store.current(tx) if one.name != release.name and covered.issuperset(one.automations)]
        store.retire(tx, [one.name for one in older])
        if not was_current:
            _record(tx, release, [one.name for one in older], by=by, known=known, now=now)
    return Made(
        release=replace(release, state=State.CURRENT),
        existed=before is not None,
        was_current=was_current,
        strangers=frozen.strangers,
        prompts=tuple(
            dict.fromkeys(
                prompt for one in frozen.outlines.values() for prompt in prompts_in(cast("Mapping[str, object]", one))
            )
        ),
    )


def _record(tx: Tx, release: Release, older: Sequence[str], *, by: str, known: str, now: int) -> None:
    names = ", ".join(release.automations)
    said = f"new cases of {names} begin on {release.name}" + (f"; {', '.join(older)} is retired" if older else "")
    event = Event(
        kind="release.made",
        subject=f"release {release.name}",
        said=said,
        by=by,
        known=known,
        details={"digest": release.digest, "automations": names, "note": release.note},
    )
    record(tx, now, event)


def _new(tx: Tx, frozen: Frozen, *, by: str, known: str, note: str, now: int) -> Release:
    return Release(
        name=name_of(frozen.digest, {one.name for one in store.every(tx)}),
        digest=frozen.digest,
        automations=tuple(frozen.outlines),
        made_at=now,
        made_by=by,
        known=known,
        note=note,
        artefact=frozen.artefact.name,
        python=frozen.manifest.python,
        state=State.CURRENT,
        current_since=now,
    )


def _is_first(tx: Tx, release: Release) -> bool:
    """Whether new cases of all of its automations begin on it."""
    return all(
        (first := _current(tx, automation)) is not None and first.name == release.name
        for automation in release.automations
    )


def _current(tx: Tx, automation: str) -> Release | None:
    return next((one for one in store.current(tx) if automation in one.automations), None)


def current(database: Database, automation: str | None = None) -> Release | None:
    """The release on which new cases of an automation begin (of any, if none is said); None: there is no release."""
    with database.snapshot() as tx:
        return _current(tx, automation) if automation is not None else next(iter(store.current(tx)), None)


def find(database: Database, text: str) -> Release:
    """The release that a person means: by its name, its digest, or the beginning of one. Raises NoSuchRelease (PLT-606)."""
    with database.snapshot() as tx:
        known = store.every(tx)
    meant = [one for one in known if reads_as(text, one.name, one.digest)]
    exact = [one for one in meant if text.strip().lower() in {one.name.lower(), one.digest}]
    if len(exact or meant) == 1:
        return (exact or meant)[0]
    names = ", ".join(one.name for one in (meant or known)[:8]) or "none yet: `pilotage release` makes one"
    what = f"More than one release begins with {text}." if meant else f"There is no release {text}."
    raise NoSuchRelease(what, f"There is: {names}.")


def load_release(database: Database, artefacts: Artefacts, root: Path, text: str) -> Loaded:
    """Load a release in this process, from its artefact, checked. Raises what `find`, `unpacked` and `load` raise."""
    release = find(database, text)
    folder, manifest = artefacts.unpacked(release.digest)
    return load(release.name, folder, manifest, working_directory=root)


@dataclass(frozen=True, kw_only=True)
class CurrentReleases:
    """Which release new cases begin on; implements the port that intake asks."""

    database: Database
    loaded: str
    """What this process has loaded: records are read with that code, so cases can begin on nothing else."""
    environment: str

    def assign(self, automation: str, count: int) -> list[str]:
        """The release for each of `count` new cases.

        Raises ReleaseSuperseded (PLT-611) where this process has loaded another one, and NothingReleased (PLT-612).
        """
        now = current(self.database, automation)
        if now is None and self.loaded == WORKING_DIRECTORY:
            refuse_unreleased(self.environment, automation)
        name = now.name if now is not None else WORKING_DIRECTORY
        if name != self.loaded:
            what = f"New cases of {automation} begin on {name}; this process has loaded {self.loaded}."
            raise ReleaseSuperseded(
                what, "Start it again: it loads the current release, and goes on where this one stopped."
            )
        return [name] * count


def refuse_unreleased(environment: str, automation: str) -> None:
    """Raise NothingReleased (PLT-612) in `live`."""
    if environment == LIVE:
        raise NothingReleased(
            f"{automation} has no release, and nothing unreleased acts in {LIVE}.",
            "Make one first: `pilotage release`.",
        )


def wanted(database: Database) -> list[str]:
    """The releases that each need a worker process: those on which cases begin, and those with open cases.

    Empty where there is no release: then the working directory is served by the process that is there.
    """
    with database.snapshot() as tx:
        known = store.every(tx)
        if not known:
            return []
        names = sorted({automation for one in known for automation in one.automations})
        found = [
            one.name for one in known if one.state is State.CURRENT or store.has_open(tx, one.name, one.automations)
        ]
        if store.has_open(tx, WORKING_DIRECTORY, names):
            found.append(WORKING_DIRECTORY)
    return found


def pairs(database: Database) -> list[tuple[str, str]]:
    """(automation, release) of every release that is wanted."""
    names = set(wanted(database))
    with database.snapshot() as tx:
        known = store.every(tx)
    every = {automation for one in known for automation in one.automations}
    found = [(automation, one.name) for one in known if one.name in names for automation in one.automations]
    return [*found, *((automation, WORKING_DIRECTORY) for automation in sorted(every) if WORKING_DIRECTORY in names)]


def unserved(database: Database) -> list[Unserved]:
    """Releases with open cases that no living process serves.

    Where there is no release and nobody works at all, the pilot rests: what is ready for long says so by itself.
    """
    served = {queue for life in Lives(database).living() for queue in life.serves}
    with database.snapshot() as tx:
        if not served and not store.every(tx):
            return []
        open_cases = [one for one in store.open_cases(tx) if f"{one.automation}@{one.release}" not in served]
    return [
        Unserved(
            release=release,
            automations=tuple(one.automation for one in open_cases if one.release == release),
            cases=sum(one.count for one in open_cases if one.release == release),
        )
        for release in dict.fromkeys(one.release for one in open_cases)
    ]


def doubts(tx: Tx) -> Mapping[str, Sequence[Sequence[object]]]:
    """What `pilotage doctor` asks of releases: every open case is on one that was made, or on the working directory."""
    return {"every open case is on a release that is known": store.strangers(tx, WORKING_DIRECTORY)}
