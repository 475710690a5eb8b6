"""`pilotage release`, `pilotage release list` and `pilotage worker`. They parse, call and print."""

import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.kernel.interrupts import welcome
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.cli.times import iso, when
from pilotage.machinery.engine.lives import Lives
from pilotage.releases import service, store
from pilotage.releases.artefact import Artefacts
from pilotage.releases.house import House
from pilotage.releases.service import Made
from pilotage.releases.values import WORKING_DIRECTORY, Release, State


@dataclass(frozen=True)
class ReleaseCommands:
    """Freezes, and lists what was frozen."""

    house: House
    out: Output

    def release(
        self, *, note: Annotated[str, Parameter(help="what is new in it; it stays with the release")] = ""
    ) -> None:
        """Freeze the project as it is: new cases begin on that release.

        Its modules, the files that it declares or includes and its locked requirements are kept as one file, and proven to
        load from it alone. Cases that are under way end on the release that they began on.
        """
        project = self.house.project()
        artefacts = Artefacts(folder=project.folder / "releases")
        with self.house.database() as database:
            made = service.make(
                database, artefacts, project.root, project.automations, by=shell_user(), known=KNOWN, note=note
            )
        data = {
            **as_data(made.release),
            "existed": made.existed,
            "was_current": made.was_current,
            "strangers": list(made.strangers),
            "prompts": list(made.prompts),
        }
        if not self.out.put(data):
            self._tell(made)

    def _tell(self, made: Made) -> None:
        release, names = made.release, ", ".join(made.release.automations)
        if made.was_current:
            self.out.line(f"{release.name}: nothing has changed since {when(release.made_at)} (UTC).")
        elif made.existed:
            self.out.line(f"{release.name}: the same content was released at {when(release.made_at)} (UTC).")
        else:
            self.out.line(f"{release.name}: {names} is frozen.")
        self.out.say(f"New cases of {names} begin on {release.name}; those under way end on the release they began on.")
        if made.prompts:
            self.out.say(f"Its prompts: {', '.join(made.prompts)}.")
        for name in made.strangers:
            self.out.say(
                f"Not frozen: {name} lies neither in the project nor among the installed packages. "
                "A worker that does not find it there will not start."
            )
        if not made.was_current:
            self.out.say("`pilotage serve` starts a worker process for each release that is in use.")

    def list_(self) -> None:
        """List the releases, which of them are in use, and who serves them."""
        with self.house.database() as database:
            with database.snapshot() as tx:
                known, waiting = store.every(tx), store.open_cases(tx)
            serving = [queue.rpartition("@")[2] for life in Lives(database).living() for queue in set(life.serves)]
            left = {one.release: one for one in service.unserved(database)}
        counts: dict[str, int] = {}
        for one in waiting:
            counts[one.release] = counts.get(one.release, 0) + one.count
        rows = [{**as_data(one), "open_cases": counts.get(one.name, 0), "served": one.name in serving} for one in known]
        if self.out.put({"releases": rows, "unserved": [one.release for one in left.values()]}):
            return
        if not known:
            self.out.line(f"There is no release: new cases begin on the working directory ({WORKING_DIRECTORY}).")
            return
        self.out.table(
            ("release", "state", "automations", "open cases", "served", "made (UTC)", "by", "note"),
            [
                (
                    one.name,
                    "current" if one.state is State.CURRENT else "retired",
                    ", ".join(one.automations),
                    counts.get(one.name, 0),
                    one.name in serving,
                    when(one.made_at),
                    f"{one.made_by} ({one.known})",
                    one.note,
                )
                for one in known
            ],
        )
        for unserved in left.values():
            self.out.say(
                f"{unserved.release} has {unserved.cases:,} open cases, and nobody serves it: {unserved.command}"
            )


def as_data(release: Release) -> Mapping[str, object]:
    """A release as plain data."""
    return {
        "release": release.name,
        "digest": release.digest,
        "state": release.state.value,
        "automations": list(release.automations),
        "made_at": iso(release.made_at),
        "made_by": release.made_by,
        "known": release.known,
        "note": release.note,
        "artefact": release.artefact,
        "python": release.python,
    }


@dataclass(frozen=True)
class WorkerCommand:
    """Works on one release."""

    house: House
    out: Output

    def worker(
        self,
        *,
        release: Annotated[
            str | None, Parameter(help="its name or digest; dev: the working directory. Else the current")
        ] = None,
        kept: Annotated[bool, Parameter(help="end when standard input ends", show=False)] = False,
    ) -> None:
        """Work on the cases of one release, until it is told to end.

        Its code comes from the artefact and nowhere else; what is not as it was frozen is not started. SIGTERM and Ctrl-C
        end it in order.
        """
        with self.house.open(release or None) as platform, platform.working_here():
            names = ", ".join(sorted({automation for automation, _ in platform.served.automations}))
            if not self.out.put({"release": platform.release, "automations": names.split(", ")}):
                self.out.say(f"Working on {names}, release {platform.release}.{'' if kept else ' Ctrl-C ends it.'}")
            with welcome():
                if kept:
                    _wait_for_the_end()
                else:
                    threading.Event().wait()


def _wait_for_the_end() -> None:
    """Nothing is ever written to it: it ends when whoever started this process does."""
    with suppress(OSError, ValueError):
        while sys.stdin.buffer.read(1):
            pass
