"""What is wrong with a step is said at its decorator, in three parts, everything at once."""

from collections.abc import Awaitable
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.authoring.effects import CalledDirectly
from pilotage.authoring.errors import ConnectionNotNamed, WrongNumberOfResults
from tests.authoring.programs import Kind, Order, Price, Sent, call_back, carrier, fragile, send, words


class Opaque:
    """A class that pydantic cannot read."""


def test_a_parameter_without_a_type() -> None:
    """PLT-101: what a step needs is found by its type, so there must be one."""

    def keep(order) -> Price: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    assert words(lambda: pl.compute(keep)) == [
        "PLT-101 keep(order): has no type. > Write the type of the value that it needs."
    ]


def test_a_type_that_cannot_be_found() -> None:
    """PLT-102: a type inside a function cannot be read where annotations are texts."""

    def keep(order: "Nowhere") -> Price: ...  # type: ignore[name-defined]  # noqa: F821

    assert words(lambda: pl.compute(keep)) == [
        (
            "PLT-102 keep: the type Nowhere cannot be found."
            " > Define it at the top of a module; a type inside a function cannot be read."
        )
    ]


@pytest.mark.parametrize(
    ("annotation", "name", "mine"),
    [
        (str, "str", "MyStr"),
        (dict[str, int], "dict[str, int]", "MyDict"),
        (list[Price], "list[Price]", "MyList"),
        (Decimal, "Decimal", "MyDecimal"),
        (Any, "Any", "MyAny"),
        (bool, "bool", "MyBool"),
        (pl.Approved[str], "Approved[str]", "MyApproved"),
        (str | None, "str | None", "MyStr"),
    ],
)
def test_a_type_that_says_too_little(annotation: Any, name: str, mine: str) -> None:
    """PLT-103: every step could give a text, a number or a mapping."""

    def keep(order: Any) -> Price: ...

    keep.__annotations__["order"] = annotation
    (found,) = words(lambda: pl.compute(keep))
    assert found == (
        f"PLT-103 keep(order: {name}): {name} is no contract; every step could give one."
        f" > Wrap it: class {mine}(BaseModel) with one field, an Enum, or a NewType-like model."
    )


def test_a_class_that_cannot_be_stored() -> None:
    """PLT-103: a value of a contract is written down and read again."""

    def keep(order: Opaque) -> Price: ...

    (found,) = words(lambda: pl.compute(keep))
    assert found.startswith(
        "PLT-103 keep(order: Opaque): Opaque is no contract; it cannot be written down and read again."
    )


def test_a_result_that_says_too_little() -> None:
    """PLT-103 counts for what a step gives; labels to choose by are enough there."""

    def text(order: Order) -> str: ...

    def literal(order: Order) -> Literal["a", "b"]: ...

    def flag(order: Order) -> bool: ...

    (found,) = words(lambda: pl.compute(text))
    assert found.startswith("PLT-103 text → str: str is no contract")
    assert pl.compute(literal).name == "literal"
    assert pl.compute(flag).name == "flag"


def test_a_bool_is_taken_from_a_named_step() -> None:
    """`From` says which bool is meant, so it may be taken."""

    def take(order: Order, breaks: Annotated[bool, pl.From(fragile)]) -> Price: ...

    assert pl.compute(take).parameters[1].chosen is fragile


def test_a_step_that_gives_nothing() -> None:
    """PLT-104: what only changes something outside is an effect."""

    def keep(order: Order) -> None: ...

    def silent(order: Order): ...  # type: ignore[no-untyped-def]  # noqa: ANN202

    remedy = "Return the value that later steps use; a step that only changes something outside is an @act."
    assert words(lambda: pl.compute(keep)) == [f"PLT-104 keep: gives nothing. > {remedy}"]
    assert words(lambda: pl.compute(silent)) == [f"PLT-104 silent: gives nothing. > {remedy}"]


def test_a_judge_that_gives_a_bare_value() -> None:
    """PLT-105: a judgement has confidence and evidence."""

    def team(order: Order) -> Kind: ...

    assert words(lambda: pl.judge(team)) == [  # type: ignore[call-overload]
        (
            "PLT-105 team: judges but gives Kind."
            " > Return Judgement[Kind], with confidence and evidence, or abstain(reason)."
        )
    ]


def test_a_judgement_of_something_without_labels() -> None:
    """PLT-106: what is judged has labels or a contract."""

    def team(order: Order) -> pl.Judgement[int]: ...

    assert words(lambda: pl.judge(team)) == [
        (
            "PLT-106 team: judges an int, which has no labels and no contract."
            " > Use an Enum, a Literal, bool or a pydantic model."
        )
    ]


def test_a_batch_of_single_records() -> None:
    """PLT-107: with batch= every parameter is a list, and so is the result."""

    def price(order: Order) -> list[Price]: ...

    def prices(orders: list[Order]) -> Price: ...

    remedy = "Take list[{0}] and return a list of the same length, or leave batch out."
    assert words(lambda: pl.compute(batch=5)(price)) == [
        f"PLT-107 price: has batch=5 but takes Order. > {remedy.format('Order')}"
    ]
    assert words(lambda: pl.compute(batch=5)(prices)) == [
        f"PLT-107 prices: has batch=5 but takes Price. > {remedy.format('Price')}"
    ]


def test_a_batch_may_fail_for_one_case() -> None:
    """A Failure may be returned in place of one case of a batch; it is no part of what the step gives."""

    def prices(orders: list[Order]) -> list[Price | pl.Failure]: ...

    step = pl.compute(batch=5)(prices)
    assert step.gives is Price


def test_a_batch_of_no_cases() -> None:
    """PLT-115: a batch holds at least one case."""

    def prices(orders: list[Order]) -> list[Price]: ...

    assert words(lambda: pl.compute(batch=0)(prices)) == [
        (
            "PLT-115 prices: batch=0 is no number of cases."
            " > Write the most cases that the function takes at once, for example batch=64, or leave batch out."
        )
    ]


def test_an_effect_without_an_undo() -> None:
    """PLT-108: an effect says how it is taken back, or that it cannot be."""

    def tell(order: Order) -> Sent: ...

    assert words(lambda: pl.act(through=carrier)(tell)) == [  # type: ignore[call-overload]
        'PLT-108 tell: has no undo. > Give undo=function that takes Sent, or undo=CannotUndo("why").'
    ]


def test_an_undo_of_something_else() -> None:
    """PLT-109: an undo takes what the effect gave, and its own Effect if it needs it."""

    def tell(order: Order) -> Sent: ...

    def undo_price(price: Price) -> None: ...

    def undo_too_much(sent: Sent, effect: pl.Effect, order: Order) -> None: ...

    def undo_effect(sent: Sent, effect: pl.Effect) -> None: ...

    remedy = "Take Sent, and pl.Effect second if needed."
    assert words(lambda: pl.act(through=carrier, undo=undo_price)(tell)) == [
        f"PLT-109 tell: undo undo_price takes Price, but tell gives Sent. > {remedy}"
    ]
    assert words(lambda: pl.act(through=carrier, undo=undo_too_much)(tell)) == [  # type: ignore[call-overload]
        f"PLT-109 tell: undo undo_too_much takes Sent, Effect, Order, but tell gives Sent. > {remedy}"
    ]
    assert pl.act(through=carrier, undo=undo_effect)(tell).undo_takes_effect
    assert not pl.act(through=carrier, undo=call_back)(tell).undo_takes_effect


def test_a_reconcile_that_answers_something_else() -> None:
    """PLT-110: whoever asks the other side answers what the effect would have given."""

    def tell(order: Order) -> Sent: ...

    def find_price(effect: pl.Effect) -> Price | None: ...

    def find_sent(order: Order) -> Sent | None: ...

    remedy = "Take pl.Effect alone, and return Sent or None."
    assert words(lambda: pl.act(through=carrier, undo=call_back, reconcile=find_price)(tell)) == [
        f"PLT-110 tell: reconcile find_price answers Price | None, but tell gives Sent. > {remedy}"
    ]
    assert words(lambda: pl.act(through=carrier, undo=call_back, reconcile=find_sent)(tell)) == [
        f"PLT-110 tell: reconcile find_sent takes Order, but tell gives Sent. > {remedy}"
    ]


def test_inputs_that_do_not_come_from_the_case() -> None:
    """PLT-111: a default would hide that nothing gives the value."""

    def keep(order: Order, price: Price = Price(amount=Decimal(1)), *rest: Price) -> Price: ...  # noqa: B008

    remedy = "A step's inputs come from the case; use a Setting for what differs by environment."
    assert words(lambda: pl.compute(keep)) == [
        f"PLT-111 keep(price): has a default, so it does not come from the case. > {remedy}",
        f"PLT-111 keep(rest): stands for any number of inputs, so it does not come from the case. > {remedy}",
    ]


def test_an_effect_around_every_connection() -> None:
    """PLT-112: an effect goes through a connection, where limits, credentials and the hold are."""

    def tell(order: Order) -> Sent: ...

    assert words(lambda: pl.act(through=[], undo=call_back)(tell)) == [
        (
            "PLT-112 tell: names no connection in through=."
            " > Name the connection that it calls; a call around it is refused."
        )
    ]


def test_an_effect_in_hand_where_there_is_none() -> None:
    """PLT-113: only an effect has an Effect in hand."""

    def keep(order: Order, effect: pl.Effect) -> Price: ...

    assert words(lambda: pl.compute(keep)) == [
        (
            "PLT-113 keep(effect): asks for an Effect, which only an effect has in hand."
            " > Take pl.Case for the case's id and key, or make the step an @act."
        )
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Whoever corrects a step does not come back for each fault."""

    def keep(order, text: str) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    assert [found.partition(" ")[0] for found in words(lambda: pl.act()(keep))] == [  # type: ignore[call-overload]
        "PLT-101",
        "PLT-103",
        "PLT-104",
        "PLT-112",
    ]


def test_an_effect_called_as_a_function() -> None:
    """PLT-191: an effect happens on a path alone."""
    with pytest.raises(CalledDirectly) as refused:
        send(Order(id="1"))
    assert str(refused.value) == (
        "PLT-191  send was called directly.\n"
        "         An effect is a step of a path; in a test use pilotage.testing.Platform."
    )


def test_words_for_the_runtime() -> None:
    """PLT-192 and PLT-193 are raised while a step runs, with the words of the catalogue."""
    assert str(ConnectionNotNamed("send", "carrier")) == (
        "PLT-192  send called carrier, which it does not name in through=.\n         Add it."
    )
    assert str(WrongNumberOfResults("prices", 3, 2)) == (
        "PLT-193  prices took 3 records and gave 2.\n         Return one result for each, in order."
    )


def test_an_awaitable_is_awaited() -> None:
    """A plain function that returns an awaitable is as good as an async one."""

    class Later(BaseModel):
        text: str

    def later(order: Order) -> Awaitable[Price]: ...

    async def sooner(order: Order) -> Price: ...

    assert pl.compute(later).asynchronous
    assert pl.compute(later).gives is Price
    assert pl.compute(sooner).asynchronous
