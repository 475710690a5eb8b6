"""The work that everybody does: a typed request through four computing steps, each with a typed outcome.

Needs pydantic alone, so that rivals in an environment of their own do the same work with the same validation.
"""

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from pydantic import BaseModel, Field


class Topic(Enum):
    """What a request is about."""

    INVOICE = "invoice"
    DELIVERY = "delivery"
    ACCOUNT = "account"
    OTHER = "other"


class Request(BaseModel):
    """A record as it arrives."""

    id: str = Field(min_length=1, max_length=80)
    customer: str = Field(min_length=1)
    product: str
    text: str = Field(min_length=1, max_length=10_000)
    cents: int = Field(ge=0)


class Cleaned(BaseModel):
    """The text in one form."""

    text: str
    words: int = Field(ge=0)


class Sorted(BaseModel):
    """What it is about."""

    topic: Topic
    urgent: bool


class Priced(BaseModel):
    """What it costs."""

    net: int = Field(ge=0)
    tax: int = Field(ge=0)


class Answer(BaseModel):
    """What is answered."""

    subject: str = Field(max_length=200)
    body: str


_SIGNS = {"invoice": Topic.INVOICE, "parcel": Topic.DELIVERY, "password": Topic.ACCOUNT}


def clean(request: Request) -> Cleaned:
    """Bring the text into one form."""
    words = request.text.lower().split()
    return Cleaned(text=" ".join(words), words=len(words))


def sort(cleaned: Cleaned) -> Sorted:
    """Say what it is about."""
    found = next((topic for sign, topic in _SIGNS.items() if sign in cleaned.text), Topic.OTHER)
    return Sorted(topic=found, urgent="urgent" in cleaned.text)


def price(request: Request, sorting: Sorted) -> Priced:
    """Say what it costs."""
    net = request.cents * (2 if sorting.urgent else 1)
    return Priced(net=net, tax=net * 19 // 100)


def answer(request: Request, sorting: Sorted, priced: Priced) -> Answer:
    """Write the answer."""
    return Answer(
        subject=f"Your request about {sorting.topic.value}",
        body=f"Dear {request.customer}, {request.product} costs {(priced.net + priced.tax) / 100:.2f}.",
    )


State = dict[str, dict[str, object]]
"""A record with what the steps so far gave, as plain data: what rivals hand from step to step."""
STEPS = ("clean", "sort", "price", "answer")


def advance(step: str, state: State) -> State:
    """One step for rivals whose steps take and give plain data: what comes in is validated, what goes out too."""
    request = Request.model_validate(state["request"])
    if step == "clean":
        gave: BaseModel = clean(request)
    elif step == "sort":
        gave = sort(Cleaned.model_validate(state["clean"]))
    else:
        sorting = Sorted.model_validate(state["sort"])
        gave = (
            price(request, sorting)
            if step == "price"
            else answer(request, sorting, Priced.model_validate(state["price"]))
        )
    return {**state, step: gave.model_dump(mode="json")}


def through(record: dict[str, object]) -> State:
    """All four steps in one go, for rivals that have no steps."""
    request = Request.model_validate(record)
    cleaned = clean(request)
    sorting = sort(cleaned)
    priced = price(request, sorting)
    gave: dict[str, BaseModel] = {"clean": cleaned, "sort": sorting, "price": priced}
    gave["answer"] = answer(request, sorting, priced)
    return {"request": record, **{name: value.model_dump(mode="json") for name, value in gave.items()}}


def records(number: int) -> Iterator[dict[str, object]]:
    """Records that differ, the same in every run."""
    texts = (
        "Where is my invoice of last month, I paid twice and nobody has answered me since the third of May",
        "URGENT my parcel is lost, the tracking page shows nothing and the birthday is tomorrow morning",
        "I cannot sign in any more, the new password is refused and the link in the mail has expired",
        "Could you tell me whether the blue one is coming back, and whether it fits the older stand as well",
    )
    for at in range(number):
        yield {
            "id": f"R{at:08}",
            "customer": f"Customer {at % 977}",
            "product": ("lamp", "chair", "desk")[at % 3],
            "text": f"{texts[at % len(texts)]} ({at})",
            "cents": at * 7919 % 100_000,
        }


def write(path: Path, number: int) -> Path:
    """The records as a file, a line of JSON each: everybody begins with this file."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records(number))
    return path


def read(path: Path) -> list[dict[str, object]]:
    """The file's records."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def chunks(things: list[dict[str, object]], size: int) -> Iterator[list[dict[str, object]]]:
    """Lists of at most `size`."""
    for first in range(0, len(things), size):
        yield things[first : first + size]
