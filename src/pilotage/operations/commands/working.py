"""`pilotage run` and `pilotage serve`."""

import threading
from dataclasses import dataclass
from typing import Annotated, Never

from cyclopts import Parameter

from pilotage.cases.commands.submitting import in_words
from pilotage.cases.service.held_up import held_up_in_words
from pilotage.cases.service.settling import SOON, on_its_own, wait_for_looks, wait_until_still, when_it_answers
from pilotage.cases.service.today import read_places
from pilotage.cases.store.sources import make_due
from pilotage.cases.values_today import Places
from pilotage.kernel.interrupts import welcome
from pilotage.machinery.cli.bounds import NOT_NEGATIVE, PORT
from pilotage.machinery.cli.output import Output, Watched
from pilotage.operations import sources
from pilotage.operations.commands.house import House, Platform
from pilotage.operations.commands.status import places_as_data, places_table

_LOOK = 0.5


@dataclass(frozen=True)
class RunCommand:
    """Works without a page."""

    house: House
    out: Output

    def run(
        self,
        *,
        forever: Annotated[bool, Parameter(help="go on until Ctrl-C, and take what comes")] = False,
        soon: Annotated[
            float, Parameter(help="seconds: what is due within them is waited for", validator=NOT_NEGATIVE)
        ] = SOON,
    ) -> None:
        """Work in this process until nothing moves by itself any more.

        Mailboxes, queries and buckets are looked into once. What is left then waits for a time or for people.
        """
        with self.house.open() as platform:
            with platform.working(), self.out.watching() as watched:
                if forever:
                    self.out.say("Working. Ctrl-C ends it.")
                    _watch(platform, watched)
                else:
                    _until_still(platform, watched, soon)
            self._tell(read_places(platform.database, tuple(platform.automations)))
            for words in held_up_in_words(platform.database):
                self.out.say(words, style="bold")

    def _tell(self, places: Places) -> None:
        if not self.out.put(places_as_data(places)):
            places_table(self.out, places)
            self.out.say("Nothing moves by itself any more. What waits for people: `pilotage inbox`.")


@dataclass(frozen=True)
class ServeCommand:
    """Works, with a page."""

    house: House
    out: Output

    def serve(
        self,
        *,
        port: Annotated[int, Parameter(help="0: any that is free", validator=PORT)] = 0,
        host: Annotated[str, Parameter(help="an address of this machine alone")] = "127.0.0.1",
        work: Annotated[bool, Parameter(help="work, too; --no-work shows the page alone", negative="--no-work")] = True,
    ) -> None:
        """Work, and show the web page, until Ctrl-C.

        Whoever has the link that it prints gets in; it is made anew at each start.
        """
        with self.house.open() as platform:
            for words in platform.hooks.look():
                self.out.say(words, style="bold")
            if work:
                with platform.working():
                    platform.serve_page(host=host, port=port, announce=self._announce)
            else:
                platform.serve_page(host=host, port=port, announce=self._announce)
        self.out.say("Ended. What was on its way has come to its end, or is in the ledger.")

    def _announce(self, link: str) -> None:
        if not self.out.put({"link": link}):
            self.out.line(link)
            self.out.say("Open this link in a browser. Ctrl-C ends it.")


def _until_still(platform: Platform, watched: Watched, soon: float) -> None:
    """Look into every source, and work until nothing moves; again as long as a source waited for room and had some."""
    named = {(one.automation, one.source) for one in sources.watched(platform.database, platform.automations.values())}
    if named:
        with platform.database.transaction() as tx:
            make_due(tx, {automation for automation, _ in named}, platform.database.now(tx))
    arrived = -1
    while True:
        waits = wait_for_looks(platform.database, named, seen=watched.show)
        wait_until_still(platform.database, platform.pairs(), soon=soon, seen=lambda left: watched.show(in_words(left)))
        before, arrived = arrived, read_places(platform.database, ()).arrived
        if not waits or arrived == before:
            return


def _watch(platform: Platform, watched: Watched) -> Never:
    """Show what moves until somebody interrupts."""
    rest = threading.Event()
    while True:
        left = when_it_answers(platform.database, lambda: on_its_own(platform.database, platform.pairs()))
        watched.show(in_words(left))
        with welcome():
            rest.wait(_LOOK)
