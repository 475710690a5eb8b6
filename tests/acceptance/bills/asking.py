"""The same invoices read by a model: what it answers must hold, stand in the document, and agree with it."""

import pilotage as pl
from pilotage.authoring.asking import Confidence
from pilotage.authoring.steps import Judge
from tests.acceptance.bills.automation import Fields, Text, machine_wrote
from tests.acceptance.bills.checking import doubt

models = pl.Connection("models", base_url="https://models.example/v1", timeout="20m")
gpt = pl.Model("gpt-5-mini", through=models)
read = pl.Prompt("read.md", version=1, at_most=20_000)
SEVERAL = pl.Agreement(3)


def reader(model: pl.Model = gpt, *, confidence: Confidence = SEVERAL, most: int = 20_000) -> Judge:
    """A step that has this model read at most so many signs of an invoice."""

    @pl.judge(through=models, uses=[read])
    async def fields(text: Text) -> pl.Judgement[Fields]:
        """Number, date, total and currency: a machine's own, or what a model reads and a program does not doubt."""
        if text.unreadable:
            return pl.abstain(text.unreadable)
        if text.machine is not None:
            return machine_wrote(text.machine)
        found = await model.extract(
            text, into=Fields, prompt=read, text=lambda text: shortened(text.text, most), confidence=confidence
        )
        if found.abstained is not None:
            return found
        quotes = [seen.text for seen in found.evidence if isinstance(seen, pl.Quote)]
        why = doubt(text.text, found.value, quotes)
        return found if why is None else found.doubted(why)

    return fields


def shortened(text: str, most: int) -> str:
    """A text that is too long for a model without its middle: an invoice's number is at its head, its total at its foot."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n{text[len(text) - most // 2 :]}"
