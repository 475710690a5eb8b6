"""An automation for tests that has every kind of node: parcels are sorted, approved, weighed and sent."""

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.testing import FakeService, Request


class Kind(Enum):
    """How a parcel travels."""

    LETTER = "letter"
    BOX = "box"
    PALLET = "pallet"


class Item(BaseModel):
    """One thing in a parcel."""

    name: str
    grams: int = Field(ge=0)


class Parcel(BaseModel):
    """What arrives."""

    id: str = Field(min_length=1)
    kind: pl.Open[Kind]
    country: str = "DE"
    value: Decimal = Decimal(10)
    items: list[Item] = Field(default_factory=list)
    text: str = "please send"


class Offer(BaseModel):
    """What the journey costs; a rule may revise it."""

    price: Decimal


class Weighed(BaseModel):
    """One item on the scales."""

    grams: int


class Total(BaseModel):
    """All items together."""

    grams: int


class Sent(BaseModel):
    """What the carrier answers."""

    number: str


class Fragile(Enum):
    """Whether it breaks."""

    YES = "yes"
    NO = "no"


clerk, lead, director, board = pl.Role("clerk"), pl.Role("lead"), pl.Role("director"), pl.Role("board")
carrier = pl.Connection("carrier", base_url="https://carrier.example", idempotency_header="Key")


@pl.judge
def fragile(parcel: Parcel) -> pl.Judgement[Fragile]:
    """Whether the parcel breaks."""
    if "?" in parcel.text:
        return pl.abstain("It asks a question.")
    sure = 0.5 if "perhaps" in parcel.text else 0.95
    word = "glass" if "lie" in parcel.text else parcel.text.split()[0]
    return pl.Judgement(
        Fragile.YES if "glass" in parcel.text else Fragile.NO, confidence=sure, evidence=[pl.Quote(word, of="text")]
    )


@pl.compute
def kind(parcel: Parcel) -> pl.Open[Kind]:
    """How it travels."""
    return parcel.kind


@pl.compute(batch=10)
def priced(parcels: list[Parcel]) -> list[Offer]:
    """The price, for many at once; a negative value is a fault of the whole list."""
    if any(parcel.value < 0 for parcel in parcels):
        msg = "a negative value"
        raise ValueError(msg)
    return [Offer(price=parcel.value / 10) for parcel in parcels]


@pl.compute
def by_pallet(parcel: Parcel) -> Offer:
    """Pallets cost a tenth more."""
    return Offer(price=parcel.value / 10 * Decimal("1.1"))


@pl.scope
def abroad(parcel: Parcel) -> bool:
    """Parcels that leave the country."""
    return parcel.country != "DE"


@pl.scope
def forbidden(parcel: Parcel) -> bool:
    """Countries that nothing is sent to."""
    return parcel.country == "XX"


@pl.rule(scope=abroad, source=lead, reason="Customs.", confirmed="2026-01-01")
def customs(offer: Offer) -> Offer:
    """Abroad costs five more."""
    return Offer(price=offer.price + 5)


@pl.rule(season=pl.Season.quarter(4), source=lead, reason="Christmas.", confirmed="2026-01-01")
def christmas(offer: Offer) -> Offer:
    """In the fourth quarter everything costs one more."""
    return Offer(price=offer.price + 1)


@pl.compute
def weighed(item: Item) -> Weighed:
    """Put one item on the scales."""
    return Weighed(grams=item.grams)


@pl.compute
def total(all_of_them: pl.Collected[Weighed]) -> Total:
    """Add the items up."""
    return Total(grams=sum(one.grams for one in all_of_them))


def take_back(sent: Sent) -> None:
    """Nothing is called back here."""


async def cancel(sent: Sent) -> None:
    """Cancel the journey."""
    await carrier.delete(f"/journeys/{sent.number}")


async def find(effect: pl.Effect) -> Sent | None:
    """Ask for the journey under this key."""
    return await carrier.find("/journeys", params={"key": effect.key}, expect=Sent)


async def travel(approved: pl.Approved[Offer], total: Total, parcel: Parcel) -> Sent:
    """Send it."""
    body = {"parcel": parcel.id, "grams": total.grams, "price": str(approved.value.price)}
    return await carrier.post("/journeys", json=body, expect=Sent)


Given: TypeAlias = Fragile | Kind | Offer | pl.Collected[Weighed] | Total | pl.Approved[Offer] | Sent
"""All that the steps give."""


def automation(repeat: str = "ask", name: str = "parcels") -> pl.Automation[Parcel, Given]:
    """The automation, with the kind of repeat that its one effect declares."""
    reconcile = {"ask": find, "safe": pl.SafeToRepeat("The carrier honours the key."), "never": None}[repeat]
    send = pl.act(through=carrier, undo=cancel, reconcile=reconcile)(travel)
    return pl.Automation(
        name,
        purpose="Parcels are sent as agreed.",
        takes=Parcel,
        gives=Sent,
        key=lambda parcel: parcel.id,
        segments={"country": lambda parcel: parcel.country},
        owner=lead,
        deputy=clerk,
        timezone="Europe/Berlin",
        process=pl.Path(
            pl.BusinessException("forbidden country", when=forbidden, ask=pl.Ask(director, within="1d")),
            fragile.alone(above=0.9, otherwise=pl.Ask(clerk, within="4h", then=lead)),
            pl.Choice(
                kind,
                pl.When(Kind.LETTER, priced, customs),
                pl.When(Kind.BOX, pl.Wait("2h"), priced, customs),
                pl.When(Kind.PALLET, by_pallet, christmas),
                unknown=pl.Ask(lead, within="1 working day", then=director),
            ),
            pl.ForEach[Parcel, Item, Weighed](items=lambda parcel: parcel.items, do=pl.Path(weighed)),
            total,
            pl.Approval[Offer](
                amount=lambda offer: offer.price,
                bands=[pl.Band(up_to=100), pl.Band(up_to=1000, by=[lead]), pl.Band(by=[lead, director])],
                within="2 working days",
                then=board,
            ),
            send,
        ),
    )


class Carrier:
    """The other side: a fake that remembers every journey, and honours keys if it is told to."""

    def __init__(self, *, honours_keys: bool = True) -> None:
        self.service = FakeService(carrier)
        self.journeys: dict[str, str] = {}
        self.acted: list[str] = []
        """The key of each request that was acted on, in order."""

        @self.service.on("POST", "/journeys")
        def create(request: Request) -> Sent:
            key = request.key or ""
            if not honours_keys or key not in self.journeys:
                self.acted.append(key)
                self.journeys[key] = f"J{len(self.acted)}"
            return Sent(number=self.journeys[key])

        @self.service.on("GET", "/journeys")
        def look(request: Request) -> Sent | None:
            number = self.journeys.get(request.params["key"])
            return Sent(number=number) if number else None

        @self.service.on("DELETE", "/journeys/{number}")
        def delete(request: Request) -> None:
            number = request.path.rsplit("/", 1)[-1]
            self.journeys = {key: one for key, one in self.journeys.items() if one != number}
