"""`pilotage audit`. It parses, calls and prints."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from cyclopts import Parameter

from pilotage.audit import service, store
from pilotage.audit.heads import kept_in
from pilotage.audit.signing import SigningKey
from pilotage.audit.values import Entry, Head, Verified
from pilotage.kernel.durations import duration
from pilotage.machinery.cli.bounds import AT_LEAST_ONE
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.times import iso, when
from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.web.wording import counted

_SECOND = 1_000_000


class Project(Protocol):
    """A project, as far as this command uses it."""

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to it."""
        ...

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    @property
    def heads(self) -> Path | None:
        """The folder in which the heads of the trail are kept, where there is one."""
        ...


class House(Protocol):
    """Opens the project's database without any code."""

    def project(self) -> Project:
        """The project. Raises ProjectMissing (PLT-002)."""
        ...

    def database(self) -> AbstractContextManager[Database]:
        """Its database, with its tables, open for the block."""
        ...


@dataclass(frozen=True)
class AuditCommand:
    """Shows and verifies the trail."""

    house: House
    out: Output

    def audit(
        self,
        *,
        kind: Annotated[str | None, Parameter(help="acts of this kind: secret, or secret.rotated")] = None,
        subject: Annotated[str | None, Parameter(help="acts on this: payments-token")] = None,
        since: Annotated[str | None, Parameter(help="acts of the last 2h, 7d")] = None,
        most: Annotated[int, Parameter(help="so many at most, the newest", validator=AT_LEAST_ONE)] = 50,
        verify: Annotated[bool, Parameter(help="read the whole trail, and say whether it was changed")] = False,
        head: Annotated[bool, Parameter(help="print the head of the chain, to be kept elsewhere")] = False,
        against: Annotated[str | None, Parameter(help="with --verify: a head that was kept elsewhere")] = None,
        require_heads: Annotated[
            bool, Parameter(help="with --verify: end with 1 where no head kept elsewhere was compared", negative="")
        ] = False,
    ) -> int:
        """Tell who did what, and prove that nobody changed the record of it.

        With --verify it ends with 1 if an act was altered, removed or put in between. Where the key is not on this machine, the
        chain is verified without the signatures, and it says so. A trail that was cut at its end is noticed by a head that was
        kept elsewhere alone: a script gives --require-heads, and it ends with 1 where there was none to compare.
        """
        if against is not None and not verify:
            raise WrongUsage("--against is given without --verify.", "Write: pilotage audit --verify --against HEAD")
        if require_heads and not verify:
            raise WrongUsage(
                "--require-heads is given without --verify.", "Write: pilotage audit --verify --require-heads"
            )
        project = self.house.project()
        key = service.key_file(project.folder, project.environment)
        with self.house.database() as database:
            service.Sealer(database=database, key=key).seal()
            with database.snapshot() as tx:
                if verify:
                    kept = None if against is None else service.head_of(against)
                    heads = kept_in(project.heads, project.environment)
                    found = service.verify(tx, SigningKey.read(key), against=kept, kept=heads)
                    end = bool(found.kept) or kept is not None
                    told = self._verified(found, project.heads, end=end)
                    return Exit.NOT_WELL if require_heads and not end else told
                if head:
                    return self._head(service.last_head(tx))
                now = database.now(tx)
                after = None if since is None else now - int(duration(since).seconds * _SECOND)
                acts = store.find(tx, kind=kind, subject=subject, since=after, most=most)
                nothing = "" if acts else _nothing(tx, kind, subject, since)
        return self._list(acts[::-1], nothing)

    def _list(self, found: list[Entry], nothing: str) -> int:
        if self.out.put({"acts": [as_data(one) for one in found]}):
            return Exit.OK
        if nothing:
            self.out.line(nothing)
            return Exit.OK
        self.out.table(
            ("at (UTC)", "act", "kind", "what was done", "by"),
            [(when(one.at), str(one.number or ""), one.kind, one.said, f"{one.by} ({one.known})") for one in found],
        )
        return Exit.OK

    def _verified(self, found: Verified, folder: Path | None, *, end: bool) -> int:
        data = {
            "holds": found.holds,
            "sealed": found.sealed,
            "unsealed": found.unsealed,
            "heads": found.heads,
            "signatures_checked": found.checked,
            "signatures": _signatures(found),
            "proven": {
                "chain": found.holds,
                "signatures": found.holds and found.checked and bool(found.heads),
                "end": found.holds and end,
            },
            "doubts": list(found.doubts),
            "kept": None if folder is None else {"folder": str(folder), "heads": found.kept, "newest": found.newest},
        }
        if not self.out.put(data):
            for one in found.doubts:
                self.out.line(f"BROKEN  {one}")
            if found.holds:
                acts = counted(found.sealed, "act is as it was", "acts are as they were")
                self.out.line(f"{acts} sealed.")
            heads = f"{counted(found.heads, 'signed head was', 'signed heads were')} compared with them"
            if not found.heads:
                self.out.say("No head is signed: `pilotage secret init` makes the key that signs them.")
            elif not found.checked:
                self.out.say(
                    f"{heads}; {'its signature was' if found.heads == 1 else 'their signatures were'} not checked: the key is not on this machine."
                )
            else:
                self.out.say(
                    f"{heads}, and {'its signature is' if found.heads == 1 else 'their signatures are'} right."
                    if found.holds
                    else f"{heads}."
                )
            if folder is not None and not found.kept:
                self.out.line(
                    f"No head is kept in {folder}: a trail that was cut at its end would not be noticed. A worker writes the first "
                    "one there soon after it begins; were there some before, put them back and verify again."
                )
            elif folder is not None:
                kept = counted(found.kept, "head was compared", "heads were compared")
                newest = f"; the newest is of {found.newest}" if found.newest else ""
                self.out.say(f"{kept} that {'is' if found.kept == 1 else 'are'} kept in {folder}{newest}.")
            elif not end:
                self.out.say(
                    "Not proven is that the trail was not cut at its end: no head was compared that is kept elsewhere. Name a folder "
                    "for them (heads in [tool.pilotage.audit]), or give one with --against."
                )
        return Exit.OK if found.holds else Exit.NOT_WELL

    def _head(self, found: tuple[int, str, Head | None] | None) -> int:
        text = None if found is None else service.head_line(*found)
        if not self.out.put({"head": text}):
            self.out.line(text or "There is no act yet.")
        return Exit.OK


def _nothing(tx: Tx, kind: str | None, subject: str | None, since: str | None) -> str:
    """Why nothing is listed, in words."""
    every, kinds = store.count(tx), store.kinds(tx)
    if not every:
        return "There is no act in the trail yet."
    if kind is not None and not any(one == kind or one.startswith(f"{kind}.") for one in kinds):
        near = did_you_mean(kind, kinds, f"It has: {', '.join(kinds)}.")
        return f'There is no act of the kind "{kind}" in the trail. {near}'
    about = f'about "{subject}" ' if subject is not None else ""
    of = f'of the kind "{kind}" ' if kind is not None else ""
    when_ = f"since {since} ago " if since is not None else ""
    return f"There is nothing {about}{of}{when_}in the trail, which has {counted(every, 'act')} in all."


def _signatures(found: Verified) -> str:
    if not found.checked:
        return "not checked"
    return "checked" if found.heads else "none"


def as_data(one: Entry) -> Mapping[str, object]:
    """An act as plain data."""
    return {
        "at": iso(one.at),
        "kind": one.kind,
        "subject": one.subject,
        "said": one.said,
        "by": one.by,
        "known": one.known,
        "details": json.loads(one.details),
        "number": one.number,
        "digest": one.digest,
        "link": one.link,
    }
