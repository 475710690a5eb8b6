"""What is wrong with a process is found when the automation is made, with place and remedy, everything at once."""

from typing import Annotated

import pilotage as pl
from tests.authoring import programs
from tests.authoring.programs import (
    BigOrder,
    Item,
    Kind,
    Label,
    Order,
    Packed,
    Price,
    Sent,
    approval,
    ask,
    automation,
    call_back,
    carrier,
    clerk,
    dear,
    discount,
    findings,
    fragile,
    kind,
    label,
    lead,
    other_price,
    price,
    said,
    send,
    send_approved,
    send_labelled,
    words,
)


@pl.compute
def chosen_label(order: Order, price: Annotated[Price, pl.From(price)]) -> Label:
    """A label with the price of one of two."""
    return Label(text=str(price.amount))


@pl.compute
def maybe_label(order: Order, price: Price | None) -> Label:
    """A label, with a price if there is one."""
    return Label(text="")


@pl.compute
def either(order: Order, made: Price | Label) -> Sent:
    """Takes whichever was made."""
    return Sent(number="")


@pl.compute
def of_big(order: BigOrder) -> Price:
    """Takes a big order."""
    return Price(amount=order.total)


@pl.compute
def plain(order: Order) -> Item:
    """An item, which is no kind of anything."""
    return Item(name="")


# -- inputs ------------------------------------------------------------------------------------------------------------


def test_an_input_that_nobody_gives() -> None:
    """PLT-121 names what there is."""
    assert words(lambda: automation(price, send_labelled)) == [
        (
            "PLT-121 orders › path › send_labelled(label): nothing gives a Label; there are Order and Price."
            " > Add a step that gives it before this one, or take one of those."
        )
    ]


def test_a_subclass_is_another_type() -> None:
    """PLT-121 says which subclass was found: an input is found by the very same type."""
    assert words(lambda: automation(pl.Path(send), takes=BigOrder)) == [
        (
            "PLT-121 orders › path › send(order): nothing gives an Order; there is BigOrder;"
            " BigOrder is a subclass of Order, and an input is found by the very same type."
            " > Add a step that gives it before this one, or take one of those."
        )
    ]


def test_an_input_that_is_given_later() -> None:
    """PLT-122: the order of the path is wrong."""
    assert words(lambda: automation(send_labelled, price, label)) == [
        (
            "PLT-122 orders › path › send_labelled(label): nothing before this step gives a Label.\n"
            "A step that gives it stands later: label (step 3)."
            " > Move label before send_labelled, or give the case a Label in Order's place."
        )
    ]


def test_the_form_of_a_finding() -> None:
    """A finding is read in four parts: code and place, what, what to do, file and line."""
    (found,) = findings(lambda: automation(send_labelled, price, label))
    lines = str(found).splitlines()
    assert lines[0] == "PLT-122  orders › path › send_labelled(label): nothing before this step gives a Label."
    assert lines[1] == "         A step that gives it stands later: label (step 3)."
    assert lines[2] == "         Move label before send_labelled, or give the case a Label in Order's place."
    assert lines[3].startswith("         tests/authoring/programs.py:")
    assert found.as_json() == {
        "code": "PLT-122",
        "place": "orders › path › send_labelled(label)",
        "message": found.message,
        "remedy": found.remedy,
        "line": found.line,
        "warning": False,
    }


def test_two_origins_of_one_type() -> None:
    """PLT-123: which of the two is meant is not guessed."""
    assert words(lambda: automation(price, other_price, label, send_labelled)) == [
        (
            "PLT-123 orders › path › label(price): Price is given by price and by other_price."
            " > Write Annotated[Price, pl.From(price)], or let other_price take it, so that it revises it."
        )
    ]


def test_two_origins_are_fine_where_one_is_named() -> None:
    """From names the step; a type that nobody asks for may be given twice."""
    plan = automation(price, other_price, chosen_label, send_labelled).plan
    assert plan.nodes["chosen_label"].inputs[1].sources == ("price",)
    assert automation(price, other_price, send).plan.first == "price"


def test_a_step_that_takes_and_gives_a_type_revises_it() -> None:
    """A revision is no second origin; whoever comes later reads the revised value, or the one before it."""
    plan = automation(price, discount, label, send_labelled).plan
    assert plan.nodes["label"].inputs[0].sources == ("price", "discount")


def test_a_revision_of_the_named_one_leaves_the_other() -> None:
    """What revises one of two origins makes them no single one."""

    def cheaper(price: Annotated[Price, pl.From(price)]) -> Price: ...

    assert words(lambda: automation(price, other_price, pl.compute(cheaper), label, send_labelled)) == [
        (
            "PLT-123 orders › path › label(price): Price is given by other_price and by cheaper."
            " > Write Annotated[Price, pl.From(other_price)], or let cheaper take it, so that it revises it."
        )
    ]


def test_an_input_of_some_branches() -> None:
    """PLT-124 names the choice and the labels under which it is there."""
    choice = pl.Choice(
        kind, pl.When(Kind.POST, price), pl.When(Kind.BIKE, other_price), pl.When(Kind.SHIP, pl.Wait("1d"))
    )
    assert words(lambda: automation(choice, label, send_labelled)) == [
        (
            "PLT-124 orders › path › label(price): Price is given only where kind is post or bike."
            " > Give it on every branch, move label into those branches, or take Price | None."
        )
    ]
    assert automation(choice, maybe_label, send_labelled).plan.nodes["maybe_label"].inputs[1].optional


def test_an_input_of_a_branch_beside() -> None:
    """PLT-124 counts for a step that stands on another branch than what gives it."""
    choice = pl.Choice(
        kind,
        pl.When(Kind.POST, label),
        pl.When(Kind.BIKE, price, label),
        pl.When(Kind.SHIP, price, label),
    )
    (found,) = words(lambda: automation(choice, send_labelled))
    assert found.startswith(
        "PLT-124 orders › path › kind is post › label(price): Price is given only where kind is bike"
    )


def test_a_union_takes_whichever_was_made() -> None:
    """Branches that give different things meet in the next step's signature."""
    choice = pl.Choice(kind, pl.When(Kind.POST, price), pl.When(Kind.BIKE, price, label), pl.When(Kind.SHIP, price))
    plan = automation(choice, either).plan
    assert plan.nodes["either"].inputs[1].sources == ("price", "price-2", "label", "price-3")


def test_an_optional_input_that_never_comes() -> None:
    """`T | None` may be absent on some ways, but somebody must give it."""
    (found,) = words(lambda: automation(maybe_label, send_labelled))
    assert found.startswith("PLT-121 orders › path › maybe_label(price): nothing gives a Price | None; there is Order.")


# -- places ------------------------------------------------------------------------------------------------------------


def test_a_step_that_stands_twice() -> None:
    """PLT-125: a step has one place in the ledger and the book."""
    assert words(lambda: automation(price, label, send_labelled, label)) == [
        (
            "PLT-125 orders › path: label stands twice (steps 2 and 4)."
            " > Name one path and use it in both branches, or remove one."
        )
    ]


def test_a_step_on_two_branches_stands_once_on_each() -> None:
    """Branches of one choice may share a step; its nodes have names of their own, and one step name."""
    choice = pl.Choice(kind, pl.When(Kind.POST, send), pl.When(Kind.BIKE, send), pl.When(Kind.SHIP, send))
    plan = automation(choice).plan
    assert [name for name in plan.nodes if name.startswith("send")] == ["send", "send-2", "send-3"]
    assert {node.step_name for node in plan.nodes.values() if node.name.startswith("send")} == {"send"}


def test_a_revision_after_the_approval() -> None:
    """PLT-126: what was approved is what is sent."""
    assert words(lambda: automation(price, approval(), discount, send_approved)) == [
        (
            "PLT-126 orders › path › send_approved(approved): Price was approved at step 2"
            " and revised by discount at step 3. > Move discount before the approval."
        )
    ]


def test_a_second_approval_heals_a_revision() -> None:
    """Whoever approves the revised value approves what is sent."""
    plan = automation(price, approval(), discount, approval(), send_approved).plan
    assert [name for name in plan.nodes if name.startswith("approval")] == ["approval-of-price", "approval-of-price-2"]


def test_two_steps_of_one_name() -> None:
    """PLT-127: the name is in the ledger and the book."""

    def price(price: Price) -> Label: ...

    (found,) = words(lambda: automation(programs.price, pl.compute(price), send_labelled))
    assert found.startswith("PLT-127 orders: two steps are called price (tests/authoring/programs.py:")
    assert found.endswith("> Rename one; the name is in the ledger and the book.")


def test_a_promise_that_no_path_keeps() -> None:
    """PLT-128: what is given is given by a step."""
    assert words(lambda: automation(price)) == [
        "PLT-128 orders: gives Sent, but no path ends with one. > Add the step that gives it, or change gives=."
    ]


def test_a_judge_without_its_threshold() -> None:
    """PLT-129, and nothing is said of what follows from it."""
    assert words(lambda: automation(fragile, send)) == [
        (
            "PLT-129 orders › path: fragile does not say how sure it must be."
            " > Use fragile.alone(above=..., otherwise=Ask(...)) or .always_ask(Ask(...))."
        )
    ]


def test_something_that_is_no_step() -> None:
    """PLT-130: a function becomes a step by its decorator."""

    def helper(order: Order) -> Price: ...

    assert words(lambda: automation(helper, send)) == [
        (
            "PLT-130 orders › path: helper is no step."
            " > Decorate the function with @pl.compute, @pl.judge or @pl.act, or remove it."
        )
    ]
    (found,) = words(lambda: automation(None, send))
    assert found.startswith("PLT-130 orders › path: None is no step.")


def test_a_step_that_is_never_reached() -> None:
    """PLT-135: an exception without `when` ends the path, so what follows it on the path is a mistake."""
    ended = pl.BusinessException("not automated", ask=ask)
    assert [text for text in words(lambda: automation(ended, price, send)) if "PLT-135" in text] == [
        (
            "PLT-135 orders › path › price: is never reached: every way ends before it."
            " > Remove it, or give the exception before it a when=."
        )
    ]


def test_a_value_that_may_be_none() -> None:
    """What may be None is not what is asked for; the finding says so, and `T | None` takes it."""

    def perhaps(order: Order) -> Price | None: ...

    maybe = pl.compute(perhaps)
    (found,) = words(lambda: automation(maybe, label, send))
    assert found.startswith(
        "PLT-121 orders › path › label(price): nothing gives a Price; there are Order and Price | None."
    )
    assert automation(maybe, maybe_label, send).plan.nodes["maybe_label"].inputs[1].sources == ("perhaps",)


# -- choices -----------------------------------------------------------------------------------------------------------


def test_a_label_without_a_path() -> None:
    """PLT-131: there is no default; what is not automated yet is said so, and held."""
    assert words(lambda: automation(pl.Choice(kind, pl.When(Kind.POST, send)))) == [
        (
            "PLT-131 orders › path › Choice on kind: no path for Kind.BIKE and Kind.SHIP."
            " > Add When(Kind.BIKE, ...); if it is not automated yet,"
            ' When(Kind.BIKE, BusinessException("...", ask=...)).'
        )
    ]


def test_a_path_for_what_is_no_label() -> None:
    """PLT-132: the label of another enum."""
    choice = pl.Choice(
        kind,
        pl.When(Kind.POST, send),
        pl.When(Kind.BIKE, send),
        pl.When(Kind.SHIP, send),
        pl.When("moon", send),  # type: ignore[arg-type]
    )
    assert words(lambda: automation(choice)) == [
        "PLT-132 orders › path › Choice on kind: 'moon' is no Kind. > Use a member of Kind."
    ]


def test_a_label_that_stands_twice() -> None:
    """PLT-133: which of the two paths is meant is not guessed."""
    choice = pl.Choice(
        kind, pl.When(Kind.POST, send), pl.When(Kind.BIKE, send), pl.When(Kind.SHIP, send), pl.When(Kind.POST, price)
    )
    assert words(lambda: automation(choice)) == [
        "PLT-133 orders › path › Choice on kind: Kind.POST stands twice. > Remove one When."
    ]


def test_a_choice_by_what_has_no_labels() -> None:
    """PLT-134: a choice is by labels that are all known."""
    choice = pl.Choice(plain, pl.When("x", send))  # type: ignore[arg-type]
    assert words(lambda: automation(choice)) == [
        (
            "PLT-134 orders › path › Choice on plain: Item has no fixed labels."
            " > Give an Enum, a Literal or bool; compute it in a step that names the kinds."
        )
    ]


def test_a_choice_by_a_judgement() -> None:
    """A judge with its threshold may be what a choice is by; a bool has two labels."""
    choice = pl.Choice(fragile.alone(above=0.9, otherwise=ask), pl.When(True, send), pl.When(False, send))
    plan = automation(choice).plan
    assert dict(plan.nodes["choice-on-fragile"].branches) == {"true": "send", "false": "send-2"}


# -- scopes, approvals and what is declared on the path ----------------------------------------------------------------


def test_a_scope_that_reads_what_is_not_there() -> None:
    """PLT-152: of a rule, an exception and an approval alike."""
    held = pl.BusinessException("dear one", when=dear, ask=ask)
    assert words(lambda: automation(held, send)) == [
        (
            'PLT-152 orders › path › exception "dear one": its scope reads Price, which the path does not have.'
            " > Move it after the step that gives Price."
        )
    ]

    @pl.rule(scope=by_label, source=lead, reason="So.", confirmed="2026-01-31")
    def rounded(price: Price) -> Price:
        return price

    (found,) = words(lambda: automation(price, rounded, send))
    assert found.startswith("PLT-152 orders › path › rounded: its scope reads Label")


@pl.scope
def by_label(label: Label) -> bool:
    """Orders with a label."""
    return bool(label.text)


def test_what_is_wrong_with_an_approval() -> None:
    """PLT-141, PLT-142, PLT-143 and PLT-148: its chains, all at once."""
    bands = [pl.Band(up_to=100, by=[clerk]), pl.Band(up_to=50, by=[lead])]
    wrong = pl.Approval[Price](amount=lambda price: price.amount, bands=bands, within="1d", then=lead)
    assert words(lambda: automation(price, wrong, send_approved)) == [
        "PLT-141 Approval[Price]: bands are not ascending (50 after 100). > Order them by up_to.",
        "PLT-142 Approval[Price]: nobody is named above 50. > End with Band(by=[...]) without up_to.",
        "PLT-143 Approval[Price]: lead is asked and is also who follows on silence. > Name another role in then=.",
    ]
    open_in_the_middle = [pl.Band(by=[clerk]), pl.Band(by=[clerk])]
    unlimited = pl.Approval[Price](amount=lambda p: p.amount, bands=open_in_the_middle, within="1d", then=lead)
    assert words(lambda: automation(price, unlimited, send_approved)) == [
        "PLT-141 Approval[Price]: bands are not ascending (no limit after no limit). > Order them by up_to."
    ]
    assert words(lambda: automation(price, approval(by=[]), send_approved)) == [
        (
            "PLT-148 Approval[Price]: nobody is asked."
            " > Name who approves: by=[...], or amount= with bands= of which at least one names a role."
        )
    ]


def test_a_confidence_in_percent() -> None:
    """PLT-145: eighty percent is 0.80."""
    judged = fragile.alone(above=80, otherwise=ask)
    assert words(lambda: automation(judged, send)) == [
        "PLT-145 fragile.alone(above=80): a confidence lies between 0 and 1. > Write 0.80 for eighty percent."
    ]


def test_declarations_without_their_types() -> None:
    """PLT-147: what is approved, waited for or taken apart is known by its type."""
    bare_approval = pl.Approval(by=[clerk], within="1d", then=lead)
    assert words(lambda: automation(price, bare_approval, send_approved)) == [
        "PLT-147 Approval: written without its type. > Write Approval[Invoice](...)."
    ]
    wait = pl.Wait(until=lambda order: order.day)  # type: ignore[var-annotated]
    assert words(lambda: automation(wait, send)) == [
        "PLT-147 Wait: written without its type. > Write Wait[Order](until=...)."
    ]
    each = pl.ForEach(items=lambda order: order.items, do=pl.Path(price))  # type: ignore[var-annotated, arg-type]
    assert words(lambda: automation(each, send)) == [
        "PLT-147 ForEach: written without its type. > Write ForEach[Order, Line, Booked](...)."
    ]


# -- for-each and hand-over --------------------------------------------------------------------------------------------


@pl.compute
def pack(item: Item) -> Packed:
    """Pack it."""
    return Packed(name=item.name)


def test_the_body_of_a_for_each_sees_its_item_alone() -> None:
    """PLT-121 and PLT-128 count inside of a for-each as well."""
    each = pl.ForEach[Order, Item, Packed](items=lambda order: [], do=pl.Path(price))  # type: ignore[arg-type]
    assert words(lambda: automation(each, send)) == [
        (
            "PLT-121 orders › path › ForEach[Order, Item, Packed] › price(order): nothing gives an Order; there is Item."
            " > Add a step that gives it before this one, or take one of those."
        ),
        (
            "PLT-128 orders › path › ForEach[Order, Item, Packed]: gives Packed, but no path ends with one."
            " > Add the step that gives it, or change gives=."
        ),
    ]
    right = automation(pl.ForEach[Order, Item, Packed](items=lambda order: [], do=pl.Path(pack)), send)
    body = right.plan.nodes["for-each-item"].body
    assert body is not None
    assert body.first == "pack"
    assert body.output_sources == ("pack",)


def test_types_outside_of_functions_are_contracts_too() -> None:
    """PLT-103 for what an automation takes, and what is handed over."""
    hand_over = pl.HandOver(Order, to=clerk, gives=str, within="1d", then=lead)
    found = words(lambda: automation(hand_over, takes=str))
    assert [text.partition(";")[0] for text in found if "PLT-103" in text] == [
        "PLT-103 orders(takes): str is no contract",
        "PLT-103 orders › path › HandOver to clerk: str is no contract",
    ]


def test_a_hand_over_to_who_follows_on_silence() -> None:
    """PLT-143 counts for a hand-over to a person as well."""
    hand_over = pl.HandOver(Order, to=clerk, gives=Sent, within="1d", then=clerk)
    assert words(lambda: automation(hand_over)) == [
        "PLT-143 HandOver to clerk: clerk is asked and is also who follows on silence. > Name another role in then=."
    ]


# -- the automation ----------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_an_automation() -> None:
    """PLT-181, PLT-183, PLT-184, PLT-185, together with what is wrong with its path."""
    found = words(
        lambda: automation(send_labelled, name="Order desk", purpose=" ", deputy=lead, timezone="Europe/Bärlin")
    )
    assert found == [
        'PLT-181 Automation "Order desk": a name has lower-case letters, digits and hyphens. > Call it "order-desk".',
        "PLT-183 Order desk: purpose is empty. > One sentence that a new colleague understands.",
        (
            "PLT-184 Order desk: owner and deputy are the same role."
            " > Name somebody who can answer when the owner cannot."
        ),
        'PLT-185 Order desk: there is no time zone "Europe/Bärlin". > For example "Europe/Berlin".',
        (
            "PLT-121 Order desk › path › send_labelled(label): nothing gives a Label; there is Order."
            " > Add a step that gives it before this one, or take one of those."
        ),
    ]


def test_one_connection_declared_twice() -> None:
    """PLT-162: an outside account has one set of limits."""
    again = pl.Connection("carrier", base_url="https://carrier.example", timeout="3s")

    @pl.act(through=again, undo=call_back)
    async def tell(order: Order, label: Label) -> Sent: ...

    (found,) = words(lambda: automation(price, label, tell, send))
    assert (
        found == "PLT-162 Connection carrier: is declared twice with different credential. > Import it from one place."
    )
    assert again.differs_in(carrier) == "credential"


def test_the_error_says_all_its_findings() -> None:
    """The error carries every finding, and reads as all of them, one after the other."""
    try:
        automation(price, name="X Y")
    except pl.DefinitionError as error:
        assert error.code == "PLT-100"
        assert [finding.code for finding in error.findings] == ["PLT-181", "PLT-128"]
        assert str(error) == "\n".join(str(finding) for finding in error.findings)
        assert said(error.findings[0]).startswith(f"PLT-181 {error.what.partition(':')[0]}")
    else:
        raise AssertionError
