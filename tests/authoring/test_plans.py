"""The plans of the three examples: nodes, where their inputs come from, and where a case goes next."""

import importlib.util
from datetime import date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

import pilotage as pl
from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import RECORD, Kind, Node, Plan
from tests.authoring.conftest import EXAMPLES
from tests.authoring.programs import Item, Order, Packed, Sent, ask, automation, clerk, fragile, lead, price, send

Examples = dict[str, ModuleType]


def drawn(plan: Plan) -> list[str]:
    """A plan in lines: node, kind, inputs and their sources, and what comes next."""
    return [
        f"{node.name} {node.kind} ({', '.join(read(each) for each in node.inputs)}){_scoped(node)} > {_next(node)}"
        for node in plan.nodes.values()
    ]


def read(one: Any) -> str:
    """An input in words."""
    if one.special:
        return f"{one.parameter}={one.special}"
    return f"{one.parameter}: {one.type_name}{' or none' if one.optional else ''} of {'|'.join(one.sources)}"


def _scoped(node: Node) -> str:
    return f" if {', '.join(read(each) for each in node.scope_inputs)}" if node.scope_inputs else ""


def _next(node: Node) -> str:
    if node.branches:
        return ", ".join(f"{label}: {name}" for label, name in node.branches.items())
    return node.next or "end"


def test_the_plan_of_tickets(examples: Examples) -> None:
    """A judge that takes lists, and an effect."""
    plan = examples["tickets"].tickets.plan
    assert drawn(plan) == [
        "team judge (tickets: Ticket of record) > assign",
        "assign act (ticket: Ticket of record, team: Team of team) > end",
    ]
    assert (plan.first, plan.output_sources, plan.automation) == ("team", ("assign",), "tickets")
    team, assign = plan.nodes["team"], plan.nodes["assign"]
    assert (team.batch, team.asynchronous, assign.batch, assign.asynchronous) == (64, False, None, True)
    assert (team.connections, assign.connections) == ((), ("helpdesk",))
    assert team.function is examples["tickets"].team.function
    assert (team.step_name, assign.step_name) == ("team", "assign")
    assert assign.line.startswith("tests/typing/examples/tickets/automation.py:")


def test_the_plan_of_invoicing(examples: Examples) -> None:
    """Three structures with chains of their own meet in one choice of the books."""
    plan = examples["invoicing"].invoicing.plan
    assert drawn(plan) == [
        "public-body-without-order-number exception () if engagement: Engagement of record > billing",
        "billing compute (engagement: Engagement of record) > choice-on-billing",
        (
            "choice-on-billing choice (on: Open[Billing] of billing)"
            " > fixed fee: agreed_fee, time and materials: hours_worked, retainer: retainer"
        ),
        "agreed_fee compute (engagement: Engagement of record) > charity_discount",
        (
            "charity_discount rule (invoice: Invoice of agreed_fee) if engagement: Engagement of record"
            " > due_within_the_year"
        ),
        (
            "due_within_the_year rule (invoice: Invoice of agreed_fee|charity_discount,"
            " engagement: Engagement of record) > approval-of-invoice"
        ),
        "approval-of-invoice approval (value: Invoice of agreed_fee|charity_discount|due_within_the_year) > books",
        "hours_worked compute (engagement: Engagement of record) > charity_discount-2",
        (
            "charity_discount-2 rule (invoice: Invoice of hours_worked) if engagement: Engagement of record"
            " > due_within_the_year-2"
        ),
        (
            "due_within_the_year-2 rule (invoice: Invoice of hours_worked|charity_discount-2,"
            " engagement: Engagement of record) > approval-of-invoice-2"
        ),
        (
            "approval-of-invoice-2 approval (value: Invoice of hours_worked|charity_discount-2|due_within_the_year-2)"
            " > books"
        ),
        "retainer compute (engagement: Engagement of record) > charity_discount-3",
        (
            "charity_discount-3 rule (invoice: Invoice of retainer) if engagement: Engagement of record"
            " > due_within_the_year-3"
        ),
        (
            "due_within_the_year-3 rule (invoice: Invoice of retainer|charity_discount-3,"
            " engagement: Engagement of record) > approval-of-invoice-3"
        ),
        "approval-of-invoice-3 approval (value: Invoice of retainer|charity_discount-3|due_within_the_year-3) > books",
        "books compute (engagement: Engagement of record) > choice-on-books",
        "choice-on-books choice (on: Books of books) > current: post, old ledger: hand-over-to-billing-clerk",
        (
            "post act (approved: Approved[Invoice] of approval-of-invoice|approval-of-invoice-2|approval-of-invoice-3,"
            " effect=effect) > end"
        ),
        (
            "hand-over-to-billing-clerk hand-over (value: Approved[Invoice]"
            " of approval-of-invoice|approval-of-invoice-2|approval-of-invoice-3) > end"
        ),
    ]
    assert plan.output_sources == ("post", "hand-over-to-billing-clerk")


def test_the_plans_of_leads(examples: Examples) -> None:
    """Four automations; a label that was chosen by is known afterwards, and a call may not have been."""
    assert drawn(examples["leads_ingest"].ingest.plan) == [
        "clean compute (raws: RawLead of record) > hand-over-to-score",
        "hand-over-to-score hand-over (value: Lead of clean) > end",
    ]
    assert drawn(examples["leads_score"].score.plan) == [
        "interest judge (leads: Lead of record) > scored",
        "scored compute (lead: Lead of record, interest: Interest of interest) > hand-over-to-route",
        "hand-over-to-route hand-over (value: ScoredLead of scored) > end",
    ]
    assert drawn(examples["leads_route"].route.plan) == [
        "interest compute (lead: ScoredLead of record) > choice-on-interest",
        (
            "choice-on-interest choice (on: Open[Interest] of interest)"
            " > hot: hand-over-to-sales-desk, warm: invitation, cold: wait-90d"
        ),
        "hand-over-to-sales-desk hand-over (value: ScoredLead of record) > routed",
        "invitation compute (lead: ScoredLead of record) > hand-over-to-outreach",
        "hand-over-to-outreach hand-over (value: Invitation of invitation) > routed",
        "wait-90d wait () > routed",
        (
            "routed compute (lead: ScoredLead of record, interest: Interest of interest,"
            " called: Called | None or none of hand-over-to-sales-desk) > end"
        ),
    ]
    assert drawn(examples["leads_outreach"].outreach.plan) == [
        "approval-of-invitation approval (value: Invitation of record) if invitation: Invitation of record > write",
        "write act (approved: Approved[Invitation] of approval-of-invitation, effect=effect) > end",
    ]


def test_what_an_automation_says_of_itself(examples: Examples) -> None:
    """Key, segments and business date of a record; who and what is involved."""
    tickets, invoicing = examples["tickets"].tickets, examples["invoicing"].invoicing
    ticket = examples["tickets"].Ticket(id="T1", product="loan", text="hello")
    assert (tickets.key_of(ticket), tickets.segments_of(ticket)) == ("T1", {"product": "loan"})
    assert tickets.segment_names == ("product",)
    assert tickets.dated_of(ticket) is None
    assert [each.name for each in tickets.connections] == ["helpdesk"]
    assert [each.file for each in tickets.artifacts] == ["router.json"]
    assert [each.name for each in tickets.settings] == ["helpdesk-url"]
    assert [each.name for each in tickets.roles] == [
        "support operations",
        "support lead",
        "head of service",
        "dispatcher",
    ]
    engagement = examples["invoicing"].Engagement(
        id="E1", client="charity", billing="fixed fee", month=date(2026, 12, 1), agreed=Decimal(1)
    )
    assert invoicing.key_of(engagement) == "E1/2026-12"
    assert invoicing.dated_of(engagement) == date(2026, 12, 1)
    assert "billing clerk" in [each.name for each in invoicing.roles]
    assert invoicing.book.manual_checks[0].replacement == "post"
    assert invoicing.takes is examples["invoicing"].Engagement
    assert repr(invoicing) == "<automation invoicing>"


# -- corners -----------------------------------------------------------------------------------------------------------

size = pl.Setting("size", int, default=3)
nested_size = pl.Setting("nested-size", int, default=3)
table = pl.Artifact("table.csv", load=str)


def sized(order: Order) -> Decimal:
    """A function of the author that reads a setting."""
    return order.total * nested_size.value


@pl.compute
def reads(order: Order) -> Item:
    """Reads what its declaration does not name."""
    return Item(name=f"{size.value}{sized(order)}{table.value}")


@pl.compute
def pack(item: Item, case: pl.Case) -> Packed:
    """Pack it."""
    return Packed(name=item.name + case.key)


@pl.compute
def boxed(order: Order, packed: pl.Collected[Packed]) -> Sent:
    """All in one box."""
    return Sent(number=str(len(packed)))


def test_settings_and_files_that_functions_read() -> None:
    """What a function reads by name belongs to the automation, also through a function that it calls."""
    made: Automation = automation(reads, send)
    assert {each.name for each in made.settings} == {"size", "nested-size"}
    assert [each.file for each in made.artifacts] == ["table.csv"]


def test_a_for_each_has_a_body() -> None:
    """Its items go through a plan of their own, whose record is an item."""
    each = pl.ForEach[Order, Item, Packed](items=lambda order: [Item(name=x) for x in order.items], do=pl.Path(pack))
    plan = automation(each, boxed).plan
    node = plan.nodes["for-each-item"]
    assert (node.kind, node.next) == (Kind.FOR_EACH, "boxed")
    assert node.body is not None
    assert drawn(node.body) == ["pack compute (item: Item of record, case=case) > end"]
    assert node.body.record.decode({"name": "x"}) == Item(name="x")
    assert each.items_of(Order(id="1", items=["a", "b"])) == (Item(name="a"), Item(name="b"))
    assert plan.nodes["boxed"].inputs[1].sources == ("for-each-item",)


def test_the_names_of_nodes() -> None:
    """A name is readable, and unique in the automation."""
    held = pl.BusinessException("No address given!", when=None, ask=ask)  # type: ignore[arg-type]
    plan = automation(
        pl.Wait("90d"),
        pl.Wait("90d"),
        pl.Wait[Order](until=lambda order: datetime.combine(order.day, datetime.min.time())),
        pl.HandOver(Order, to=pl.Role("Sales Desk"), gives=Item, within="1d", then=lead),
        price,
        pl.Approval[Order](by=[clerk], within="1d", then=lead),
        pl.Choice(fragile.always_ask(ask), pl.When(True, send), pl.When(False, held)),
    ).plan
    assert list(plan.nodes) == [
        "wait-90d",
        "wait-90d-2",
        "wait-for-order",
        "hand-over-to-sales-desk",
        "price",
        "approval-of-order",
        "fragile",
        "choice-on-fragile",
        "send",
        "no-address-given",
    ]
    assert plan.nodes["no-address-given"].next is None


def test_a_choice_reads_what_ran_before() -> None:
    """An `on` that stands earlier on the path is read, and not run again."""
    judged = fragile.alone(above=0.5, otherwise=ask)
    plan = automation(judged, price, pl.Choice(judged, pl.When(True, send), pl.When(False, send))).plan
    assert list(plan.nodes) == ["fragile", "price", "choice-on-fragile", "send", "send-2"]
    assert plan.nodes["choice-on-fragile"].inputs[0].sources == ("fragile",)


def test_an_automation_that_gives_its_record() -> None:
    """The record is an output like any other."""
    plan = automation(price, gives=Order).plan
    assert plan.output_sources == (RECORD,)


def test_the_codecs_of_a_plan(examples: Examples) -> None:
    """A node has the codec of what it gives, a judge that of the judged value; a wait gives nothing."""
    plan = examples["leads_route"].route.plan
    assert plan.nodes["wait-90d"].codec is None
    assert plan.nodes["choice-on-interest"].codec is None
    handed = plan.nodes["hand-over-to-outreach"].codec
    assert handed is not None
    assert handed.decode(handed.encode(pl.HandedOver())) == pl.HandedOver()
    team = examples["tickets"].tickets.plan.nodes["team"].codec
    assert team is not None
    assert team.decode("cards") is examples["tickets"].Team.CARDS


def test_a_process_is_not_run_by_being_defined(examples: Examples) -> None:
    """A step is still the function: a test calls it."""
    ticket = examples["tickets"].Ticket(id="T1", product="loan", text="card lost")
    with pytest.raises(TypeError):
        examples["tickets"].team()
    interest = examples["leads_route"].interest
    assert interest.name == interest.__name__ == "interest"
    assert interest.sentence == "How scoring judged the lead; a grade that we do not know is held."
    assert ticket.id == "T1"


def test_types_are_written_at_run_time_too() -> None:
    """A subscript that type checkers read is no error when the module is imported."""
    annotated: Any = pl.Path[Order, Sent]
    assert annotated.__args__ == (Order, Sent)
    assert pl.Automation[Order, Sent] is not None
    assert pl.When[bool, Order, Sent] is not None
    assert pl.Judge[[Order], Sent, Order, bool] is not None
    assert pl.Scope[[Order], Order] is not None


def test_the_corners_of_the_types_are_plans_too(examples: Examples) -> None:
    """What the type checkers accept in `tests/typing/proof` is accepted when it runs."""
    assert examples  # their packages can be imported while this fixture is alive
    file = EXAMPLES.parent / "proof" / "more.py"
    spec = importlib.util.spec_from_file_location("more", file)
    assert spec is not None
    assert spec.loader is not None
    more = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(more)
    assert drawn(more.orders.plan) == [
        "wait-for-order wait (value: Order of record) > wait-10m",
        "wait-10m wait () > for-each-line",
        "for-each-line for-each (value: Order of record) > total",
        "total compute (orders: Order of record, booked: Collected[Booked] of for-each-line, cases=case) > end",
    ]
    assert [each.name for each in more.orders.settings] == ["helpdesk-url", "lines-at-once"]
    assert more.kept_or_failed.gives is more.Kept
    assert more.judged_or_failed.labels == ("banking", "cards", "travel")
