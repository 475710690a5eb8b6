"""`pilotage case`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.cases.commands.house import House
from pilotage.cases.ports import Part
from pilotage.cases.service.describing import as_data, stands, text_of
from pilotage.cases.service.whole import Whole, read_whole
from pilotage.cases.store.found import EffectRow
from pilotage.cases.store.responses import Found
from pilotage.cases.telling import sentences
from pilotage.cases.values import Place
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.data import is_list, is_object
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.times import when


@dataclass(frozen=True)
class CaseCommand:
    """Tells a case."""

    house: House
    out: Output

    def case(
        self,
        case: Annotated[str, Parameter(help="its id (C-...) or its record's key")],
        *,
        automation: Annotated[str | None, Parameter(help="where several automations have that key")] = None,
        raw: Annotated[bool, Parameter(help="show what other sides said to calls that failed", negative="")] = False,
    ) -> None:
        """Tell one case's way in plain words.

        With --raw also what other sides said to its calls that failed: status, headers and body, as long as they are kept.
        """
        with self.house.open() as platform:
            keep = platform.project.keep_responses
            whole = read_whole(platform.database, case, automation, parts=self.house.parts_of_case(), keep=keep)
        if not self.out.put(as_data(whole, raw=raw)):
            self._tell(whole, whole.parts)
            self._tell_responses(whole.said, raw=raw)

    def _tell(self, whole: Whole, parts: Sequence[Part]) -> None:
        out, found, row = self.out, whole.known, whole.known.row
        out.line(f"{shown('C', row.id)}  {row.automation}: {row.key}", style="bold")
        out.line(stands(found))
        _fields(out, "Record", found.record)
        if found.judgements:
            out.table(("step", "judged", "sure", "because", "else"), _judgements(found.judgements), title="Judgements")
        if asked := _asked(found.judgements):
            columns = ("step", "model", "prompt", "became", "calls", "tokens", "USD", "sure by")
            out.table(columns, asked, title="Language models")
        if found.given:
            out.table(("step", "gave"), [(name, text_of(value)) for name, value in found.given.items()], title="Values")
        lines = [(when(entry.at), words) for entry in found.timeline for words in sentences(entry.story)]
        out.table(("when (UTC)", "what happened"), lines, title="Timeline")
        if found.effects:
            columns = ("effect", "step", "through", "state", "attempts", "when (UTC)", "words")
            out.table(columns, [_effect(one) for one in found.effects], title="Effects")
        for part in parts:
            if part.rows:
                out.table(part.columns, part.rows, title=part.title)
                if part.hint:
                    out.say(part.hint)
        if row.place == Place.DEAD_LETTER.value:
            out.say(f'To run it again: pilotage replay {shown("C", row.id)} --reason "..."')

    def _tell_responses(self, said: Sequence[Found], *, raw: bool) -> None:
        if said and not raw:
            self.out.say("What other sides said to calls that failed: --raw.")
        for one in said if raw else ():
            self.out.heading(f"{one.connection} to {one.node}, attempt {one.attempt}, {when(one.at)} UTC: {one.status}")
            for name, value in one.headers:
                self.out.line(f"{name}: {value}")
            self.out.line("")
            self.out.line(one.body.decode("utf-8", "replace") + ("... (cut)" if one.cut else ""))


def _fields(out: Output, title: str, value: object) -> None:
    if is_object(value):
        out.table(("", ""), [(name, text_of(one)) for name, one in value.items()], title=title)
    elif value is not None:
        out.heading(title)
        out.line(text_of(value))


def _judgements(judgements: Mapping[str, Mapping[str, object]]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for step, one in judgements.items():
        if one.get("abstained"):
            rows.append((step, "abstained", "", one["abstained"], ""))
            continue
        sure = f"{float(str(one.get('confidence') or 0)):.0%}"
        rows.append(
            (step, text_of(one.get("value")), sure, _evidence(one.get("evidence")), _others(one.get("alternatives")))
        )
    return rows


def _asked(judgements: Mapping[str, Mapping[str, object]]) -> list[tuple[object, ...]]:
    """The language models that were asked, and what they took."""
    rows: list[tuple[object, ...]] = []
    for step, one in judgements.items():
        uses = one.get("asked")
        for use in [use for use in uses if is_object(use)] if is_list(uses) else []:
            prompt = f"{use.get('prompt')} {use.get('version')}"
            tokens = f"{use.get('tokens_in')} + {use.get('tokens_out')}"
            money = use.get("money")
            rows.append(
                (
                    step,
                    use.get("model"),
                    prompt,
                    use.get("became"),
                    use.get("calls"),
                    tokens,
                    "not known" if money is None else money,
                    use.get("measure") or "",
                )
            )
    return rows


def _evidence(parts: object) -> str:
    found = [part for part in parts if is_object(part)] if is_list(parts) else []
    return ", ".join(f'"{part["quote"]}"' if "quote" in part else str(part.get("note", "")) for part in found)


def _others(pairs: object) -> str:
    found = [pair for pair in pairs if is_list(pair)] if is_list(pairs) else []
    return ", ".join(f"{text_of(value)} {float(str(chance)):.0%}" for value, chance in found)


def _effect(row: EffectRow) -> tuple[object, ...]:
    return (shown("E", row.id), row.node, row.connection, row.state, row.attempt, when(row.changed_at), row.words or "")
