"""`pilotage demo`: thousands of requests from a file to the help desk, in a folder of its own.

Nothing here is special to the demo but its material: the requests take the way of `pilotage submit`, the work that of
`pilotage run`, and the help desk is a process of its own that ends with this one.
"""

import json
import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol, get_args
from urllib.request import Request, urlopen

from cyclopts import Parameter

from pilotage.app import Platform
from pilotage.cases.service.settling import wait_until_still
from pilotage.cases.service.submitting import submit_file
from pilotage.cases.store import counting, looking
from pilotage.cases.values import Place
from pilotage.examples.tickets.automation import tickets
from pilotage.examples.tickets.data import read
from pilotage.examples.tickets.generator import REQUESTS, generated
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind
from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Running
from pilotage.examples.tickets.intake import write_intake
from pilotage.examples.tickets.material import Material
from pilotage.examples.tickets.measuring import Measured, measure
from pilotage.examples.tickets.playground import Playground, command_name
from pilotage.examples.tickets.router import Router
from pilotage.examples.tickets.story import Run, Story, tell_story
from pilotage.examples.tickets.train import train
from pilotage.kernel.clock import SystemClock
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.cli.bounds import AT_LEAST_ONE
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output, Watched

FaultName = Literal["slow", "down", "done-then-500", "changed-body"]
FAULTS: tuple[FaultName, ...] = get_args(FaultName)

_SOON: Final = 600.0
"""Seconds: what is due within them is waited for, so that every unknown outcome is asked about to its end."""
_AWAY: Final = 4.0
"""Seconds that the help desk is down."""
_SHORT: Final = 36
"""Words of a command that are longer have their explanation right behind it."""
_PATIENCE: Final = 1_800.0
"""Seconds after which the demo stops waiting, whatever still moves."""


class House(Protocol):
    """The folder that the command is about."""

    start: Path | None


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the demo is asked to do."""

    folder: Path
    data: Path | None = None
    requests: int | None = None
    fault: FaultName | None = None
    database_url: str | None = None


@dataclass(frozen=True)
class DemoCommand:
    """The main job, to be watched."""

    house: House
    out: Output

    def demo(
        self,
        *,
        data: Annotated[Path | None, Parameter(help="CLINC150's JSON file, or a CSV with a column of texts")] = None,
        requests: Annotated[
            int | None, Parameter(help=f"how many requests; {REQUESTS:,}, or all of --data", validator=AT_LEAST_ONE)
        ] = None,
        fault: Annotated[
            FaultName | None, Parameter(help="switch this fault of the help desk on for a part of the run")
        ] = None,
        database_url: Annotated[
            str | None, Parameter(help="else PILOTAGE_DATABASE_URL, else SQLite in its folder")
        ] = None,
        helpdesk: Annotated[
            bool, Parameter(help="run the help desk alone, until Ctrl-C, to go on with the last demo")
        ] = False,
    ) -> int:
        """Send thousands of support requests on their way to a help desk.

        It makes the folder pilotage-demo here, trains a router there on the first run, starts a help desk, and sends a
        mailbox through: with malformed rows, duplicates and requests that nobody answers. It settles nothing that a person
        should settle. Each run begins afresh.
        """
        folder = (self.house.start or Path.cwd()).absolute()
        options = Options(folder=folder, data=data, requests=requests, fault=fault, database_url=database_url)
        if helpdesk:
            return self._help_desk(options)
        story = run_demo(options, self.out)
        if not self.out.put(story.as_json()):
            story.tell(self.out)
            self._next(story, options)
        return Exit.OK if story.adds_up and not story.received.acted_on_twice else Exit.NOT_WELL

    def _help_desk(self, options: Options) -> int:
        ground = Playground.at(options.folder)
        setup = ground.helpdesk_again()
        with as_process(setup) as running:
            self.out.say(f"The help desk listens at {running.url}, with what it held before. Ctrl-C ends it.")
            threading.Event().wait()
        return Exit.OK

    def _next(self, story: Story, options: Options) -> None:
        name = command_name()
        some = story.examples
        lines = [("inbox", "what people must decide")]
        if case := some.get(Place.WITH_PEOPLE.value) or some.get(Place.DONE.value):
            lines.append((f"case {case}", "one request's way, in plain words"))
        if decision := some.get("decision"):
            team = some.get("proposal") or "cards"
            lines.append((f'decide {decision} "{team}" --reason "I read it"', "then `run`"))
        if "quarantine" in some:
            lines.append(("quarantine", "what is wrong with the broken ones"))
        lines += [
            ("status", "how many are where"),
            ("serve", "the same as a web page"),
            ("doctor", "proves that nothing was lost"),
            ("demo --helpdesk", "in another terminal: the help desk, for what you decide"),
            ("demo --fault done-then-500", "it does the work and says that it failed"),
        ]
        self.out.heading("What to try next, from this folder")
        width = max(len(words) for words, _ in lines if len(words) <= _SHORT)
        for words, what in lines:
            self.out.line(f"  {name} {words:<{width}}  # {what}")
        if options.database_url and "@" in options.database_url:
            self.out.say(
                "\nSet PILOTAGE_DATABASE_URL to the same address for them: it may hold a password and is not kept."
            )


def run_demo(options: Options, out: Output) -> Story:
    """One run, from the material to the story."""
    ground = Playground.at(options.folder)
    with out.watching() as watched:
        watched.show("reading the requests")
        material = _material(options)
        measured = _router(ground, material, out, watched)
    setup = ground.begin(options.database_url, faults=_faults(options.fault, len(material.requests)))
    with as_process(setup) as desk, ground.open_to(desk, options.database_url) as project:
        platform = Platform(project, [tickets])
        try:
            return _run(platform, ground, material, measured, desk, options, out)
        finally:
            platform.close()


def _material(options: Options) -> Material:
    if options.data is None:
        return generated(requests=options.requests or REQUESTS)
    material = read(options.data)
    if options.requests is None:
        return material
    return replace(material, requests=material.requests[: options.requests])


def _router(ground: Playground, material: Material, out: Output, watched: Watched) -> Measured:
    file = ground.router
    watched.show("training the router (the first time alone)")
    new = train(material, file)
    watched.show("trying the router on requests that it never saw")
    measured = measure(Router.load(file), material.requests, material.truth)
    out.say(f"Requests: {len(material.requests):,}, {material.source}.")
    how = f"trained on {len(material.examples):,} labelled texts" if new else "at hand from an earlier run"
    out.say(f"Router:   {how}. {' '.join(measured.sentences()[:2])}")
    return measured


def _faults(name: FaultName | None, requests: int) -> list[Fault]:
    """The fault for a part of the run: it strikes a number of requests for certain."""
    some = max(5, requests // 20)
    match name:
        case None:
            return []
        case "slow":
            return [Fault(kind=FaultKind.SLOW, share=0.5, count=some, delay=1.0)]
        case "down":
            return [Fault(kind=FaultKind.DOWN, count=some)]  # and `Outage`
        case _:
            return [Fault(kind=FaultKind(name), share=0.5, count=some)]


def _run(
    platform: Platform,
    ground: Playground,
    material: Material,
    measured: Measured,
    desk: Running,
    options: Options,
    out: Output,
) -> Story:
    mark = _mark(platform)
    marked = [replace(request, id=f"{mark}{request.id}") for request in material.requests]
    planted = write_intake(marked, ground.mailbox)
    out.say(
        f"Mailbox:  {planted.rows:,} rows in {_near(ground.mailbox)}, with {sum(planted.broken.values()):,} broken ones, "
        f"{planted.duplicates:,} duplicates and {planted.conflicts:,} contradictions among them."
    )
    out.say(
        f"Help desk: {desk.url}, a process of its own{f', which will be {options.fault}' if options.fault else ''}."
    )
    clock = SystemClock()
    with platform.working():
        begun = clock.monotonic()
        with out.watching() as watched:
            submitted = submit_file(
                platform.intake,
                tickets,
                ground.mailbox,
                anew=True,
                seen=lambda receipt, done, total: watched.show(f"{receipt.arrived:,} taken in", done, total),
            )
            outage = Outage(desk=desk) if options.fault == "down" else None
            number = submitted.receipt.submission
            wait_until_still(
                platform.database,
                platform.served.pairs,
                soon=_SOON,
                within=_PATIENCE,
                seen=lambda left: _seen(platform, number, watched, outage),
            )
        seconds = clock.monotonic() - begun
    return tell_story(
        platform.database,
        Run(
            submission=number,
            seconds=seconds,
            log=desk.log,
            source=material.source,
            measured=measured,
            truth={f"{mark}{id_}": team for id_, team in material.truth.items()},
            fault=options.fault,
        ),
    )


def _mark(platform: Platform) -> str:
    """A database that has seen requests before gets new ones: the same ids again would all be duplicates."""
    with platform.database.snapshot() as tx:
        used = any(automation == tickets.name for automation, *_ in looking.count_arrivals(tx))
    return f"{shown('R', ids.one()).partition('-')[2][-6:]}-" if used else ""


@dataclass(kw_only=True)
class Outage:
    """The help desk goes away for a while, once requests have begun to reach it."""

    desk: Running
    begun: bool = False

    def begin(self) -> None:
        """Let it go away now, if it has not been away yet and has been asked something."""
        if self.begun or not self.desk.log.stat().st_size:
            return
        self.begun = True
        body = json.dumps({"kind": FaultKind.DOWN.value, "seconds": _AWAY}).encode()
        headers = {"Authorization": f"Bearer {self.desk.admin_token}"}
        with urlopen(Request(f"{self.desk.url}/admin/faults", data=body, headers=headers), timeout=10):  # noqa: S310 - ours
            pass


def _seen(platform: Platform, submission: int, watched: Watched, outage: Outage | None) -> None:
    if outage is not None:
        outage.begin()
    with platform.database.snapshot() as tx:
        places = {Place(place): count for _, place, count, _ in counting.places(tx, submission)}
    total = sum(places.values())
    still = sum(places.get(place, 0) for place in (Place.READY, Place.MOVING, Place.WAITING))
    words = ", ".join(f"{places[place]:,} {place.value}" for place in Place if places.get(place))
    watched.show(words, total - still, total)


def _near(path: Path) -> str:
    return os.path.relpath(path)
