"""Invoicing: three billing structures, each with its own approval chain; what is not documented is held."""

from datetime import timedelta
from decimal import Decimal

import pilotage as pl

from invoicing.contracts import Billing, Books, Engagement, Invoice, Posted
from invoicing.people import account_manager, billing_clerk, billing_lead, finance_director, managing_partner
from invoicing.rules import no_order_number, revised

accounting = pl.Connection(
    "accounting",
    base_url=pl.Setting("accounting-url"),
    credential=pl.Secret("accounting-token", max_age="60d"),
    limits=[pl.Rate(120, per="minute", burst=20)],
)

# -- the three structures ------------------------------------------------------


@pl.compute
def billing(engagement: Engagement) -> pl.Open[Billing]:
    """How this engagement is billed."""
    return engagement.billing


@pl.compute
def agreed_fee(engagement: Engagement) -> Invoice:
    """The fee that was agreed, whatever the hours."""
    return invoice(engagement, engagement.agreed)


@pl.compute
def hours_worked(engagement: Engagement) -> Invoice:
    """Hours times the rate."""
    return invoice(engagement, engagement.hours * engagement.rate)


@pl.compute
def retainer(engagement: Engagement) -> Invoice:
    """The monthly retainer, and hours beyond forty at the rate."""
    return invoice(engagement, engagement.agreed + max(engagement.hours - 40, Decimal(0)) * engagement.rate)


def invoice(engagement: Engagement, total: Decimal) -> Invoice:
    return Invoice(engagement=engagement.id, total=total, due=engagement.month + timedelta(days=30))


def approval(*bands: pl.Band) -> pl.Approval[Invoice]:
    """The chains differ in their bands alone."""
    return pl.Approval[Invoice](amount=lambda i: i.total, bands=bands, within="2 working days", then=managing_partner)


# -- the books -----------------------------------------------------------------


@pl.compute
def books(engagement: Engagement) -> Books:
    """Which books keep this client's account."""
    return engagement.books


async def credit(posted: Posted, effect: pl.Effect) -> None:
    """Post a credit note over the full amount."""
    await accounting.post("/credit-notes", json={"invoice": posted.number, "reference": effect.key}, expect=Posted)


async def find_posted(effect: pl.Effect) -> Posted | None:
    """Ask the books whether an invoice was posted under this key."""
    return await accounting.find("/invoices", params={"reference": effect.key}, expect=Posted)


@pl.act(through=accounting, undo=credit, reconcile=find_posted)
async def post(approved: pl.Approved[Invoice], effect: pl.Effect) -> Posted:
    """Post the approved invoice to the books."""
    body = approved.value.model_dump(mode="json") | {"reference": effect.key}
    return await accounting.post("/invoices", json=body, expect=Posted)


key_in_by_hand = pl.HandOver(
    pl.Approved[Invoice],
    to=billing_clerk,
    gives=Posted,
    within="1 working day",
    then=billing_lead,
    debt=pl.Debt("The old ledger has no interface; clients move until 2028.", minutes_each=12, review="2027-03-31"),
)

# -- automation ----------------------------------------------------------------

invoicing = pl.Automation(
    "invoicing",
    purpose="Every engagement is invoiced once a month, as agreed, approved by those who answer for it.",
    takes=Engagement,
    gives=Posted,
    key=lambda engagement: f"{engagement.id}/{engagement.month:%Y-%m}",
    dated=lambda engagement: engagement.month,
    segments={"client": lambda engagement: engagement.client.value},
    timezone="Europe/Berlin",
    owner=billing_lead,
    deputy=account_manager,
    sponsor=finance_director,
    process=pl.Path(
        no_order_number,
        pl.Choice(
            billing,
            pl.When(
                Billing.FIXED_FEE,
                agreed_fee,
                revised,
                approval(pl.Band(up_to=5_000), pl.Band(by=[account_manager])),
            ),
            pl.When(
                Billing.TIME_AND_MATERIALS,
                hours_worked,
                revised,
                approval(pl.Band(up_to=5_000, by=[account_manager]), pl.Band(by=[account_manager, finance_director])),
            ),
            pl.When(
                Billing.RETAINER,
                retainer,
                revised,
                approval(pl.Band(up_to=20_000, by=[billing_lead]), pl.Band(by=[billing_lead, finance_director])),
            ),
            unknown=pl.Ask(billing_lead, within="1 working day", then=finance_director),
        ),
        pl.Choice(books, pl.When(Books.CURRENT, post), pl.When(Books.OLD_LEDGER, key_in_by_hand)),
    ),
    book=pl.Book(
        not_automated=["credit notes after a dispute", "the first invoice of a new client"],
        manual_checks=[pl.ManualCheck("totals typed twice", replaced_by=post)],
    ),
)
