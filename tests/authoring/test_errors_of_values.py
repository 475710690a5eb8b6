"""What is wrong with a declared value is said where it is written: people, days, durations, limits, connections."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import pilotage as pl
from pilotage.authoring.settings import UsedOutside
from tests.authoring.programs import Label, Order, Price, clerk, director, lead, words


@pytest.mark.parametrize("text", ["4 hours", "", "2 workingdays", "d", "-4h", "1.5h"])
def test_a_text_that_is_no_duration(text: str) -> None:
    """PLT-144, with the place where it is written."""
    assert words(lambda: pl.Ask(clerk, within=text)) == [
        f'PLT-144 Ask(clerk): "{text}" is no duration. > Write "90d", "4h", "30m", "2 working days" or a timedelta.'
    ]


def test_every_duration_says_its_place() -> None:
    """PLT-144 of whatever takes a duration."""
    places = {
        "Approval[Price]": lambda: pl.Approval[Price](by=[clerk], within="soon", then=lead),
        "HandOver to clerk": lambda: pl.HandOver(Order, to=clerk, gives=Price, within="soon", then=lead),
        "Wait": lambda: pl.Wait("soon"),
        "Secret token": lambda: pl.Secret("token", max_age="soon"),
        "Connection carrier": lambda: pl.Connection("carrier", base_url="https://x.example", timeout="soon"),
        "Retry": lambda: pl.Retry(within="soon"),
    }
    assert [words(make)[0].split(":")[0] for make in places.values()] == [f"PLT-144 {place}" for place in places]


def test_a_chain_that_leads_back() -> None:
    """PLT-146: whoever was silent is not asked again."""
    assert words(lambda: pl.Ask(clerk, within="4h", then=pl.Ask(lead, within="4h", then=clerk))) == [
        (
            "PLT-146 Ask(clerk): it leads back to clerk."
            " > End the chain with somebody else, or with None: the case then stays with people and the owner is alarmed."
        )
    ]


def test_a_chain_in_order() -> None:
    """Each has a time; a role that follows by name has the time of the one before."""
    ask = pl.Ask(clerk, within="4h", then=pl.Ask(lead, within="2 working days", then=director))
    assert [(role.name, str(within)) for role, within in ask.chain()] == [
        ("clerk", "4h"),
        ("lead", "2 working days"),
        ("director", "2 working days"),
    ]


@pytest.mark.parametrize("day", ["02-30", "02-29", "13-01", "1-1", "00-10", "april", "04-31", ""])
def test_a_season_with_a_day_that_is_none(day: str) -> None:
    """PLT-151: every year has the day, or it is the end of a month."""
    assert words(lambda: pl.Season.yearly(day, "12-31")) == [
        f'PLT-151 Season {day} to 12-31 each year: there is no such day. > Use "MM-DD"; the end of February is "02-end".'
    ]
    (found,) = words(lambda: pl.Season.quarter(1, year_starts=day))
    assert found.startswith("PLT-151 Season quarter 1")


def test_a_quarter_that_is_none() -> None:
    """PLT-151: a year has four quarters."""
    (found,) = words(lambda: pl.Season.quarter(5))  # type: ignore[arg-type]
    assert found.startswith("PLT-151 Season quarter 5: there is no such day.")


def test_a_season_that_ends_before_it_begins() -> None:
    """PLT-156."""
    assert words(lambda: pl.Season.between("2026-12-31", "2026-01-01")) == [
        "PLT-156 Season 2026-12-31 to 2026-01-01: it ends on 2026-01-01, before it begins. > Write the first day first."
    ]


def test_a_day_that_is_none() -> None:
    """PLT-158: of a season, a debt, an example or a confirmation."""
    remedy = 'Write it as "2026-12-31".'
    assert words(lambda: pl.Debt("why", minutes_each=1, review="soon")) == [
        f'PLT-158 Debt: "soon" is no day. > {remedy}'
    ]
    assert words(lambda: pl.Season.between("2026-02-30", "2026-03-01")) == [
        f'PLT-158 Season 2026-02-30 to 2026-03-01: "2026-02-30" is no day. > {remedy}'
    ]


def test_a_rule_of_the_future() -> None:
    """PLT-153: a rule was confirmed on a day that has been."""
    tomorrow = (datetime.now(UTC) + timedelta(days=3)).date()

    def cheaper(price: Price) -> Price: ...

    assert words(lambda: pl.rule(source=lead, reason="So.", confirmed=tomorrow)(cheaper)) == [
        (
            f"PLT-153 cheaper: was confirmed on {tomorrow}, which is in the future."
            " > Write the day on which lead last confirmed it."
        )
    ]


def test_a_rule_that_gives_something_else() -> None:
    """PLT-155: a rule revises."""

    def label(price: Price) -> Label: ...

    async def later(price: Price) -> Price: ...

    remedy = "A rule gives its first parameter, revised; anything else is @compute."
    rule = pl.rule(source=lead, reason="So.", confirmed="2026-01-01")
    assert words(lambda: rule(label)) == [f"PLT-155 label: takes Price and gives Label. > {remedy}"]  # type: ignore[arg-type]
    assert words(lambda: rule(later)) == [f"PLT-155 later: takes Price and gives an awaitable Price. > {remedy}"]  # type: ignore[arg-type]


def test_a_scope_that_is_no_condition() -> None:
    """PLT-159: a scope holds or does not."""

    def dear(price: Price) -> Price: ...

    assert words(lambda: pl.scope(dear)) == [  # type: ignore[call-overload]
        (
            "PLT-159 dear: is no condition: it gives Price."
            " > A scope is a function of one or more contracts, and its return type is bool."
        )
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"credential": "s3cr3t"},
        {"credential": None, "base_url": "https://me:s3cr3t@desk.example"},
    ],
)
def test_a_credential_in_the_code(wrong: dict[str, Any]) -> None:
    """PLT-161: also in the address; and the finding does not repeat it."""
    connection: Any = pl.Connection
    (found,) = words(lambda: connection("desk", **{"base_url": "https://desk.example", **wrong}))
    assert found == (
        "PLT-161 Connection desk: a credential stands in the code."
        ' > pl.Secret("desk-token", max_age="90d"), then `pilotage secret set`.'
    )
    assert "s3cr3t" not in found


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: pl.Rate(0, per="second", burst=1),
            "PLT-164 Rate(0): this limit is none: calls must be 1 or more. > Write calls=1 or more.",
        ),
        (
            lambda: pl.Rate(5, per="second", burst=0),
            "PLT-164 Rate(5): this limit is none: burst must be 1 or more. > Write burst=1 or more.",
        ),
        (
            lambda: pl.Quota(0, per="day"),
            "PLT-164 Quota(0): this limit is none: calls must be 1 or more. > Write calls=1 or more.",
        ),
        (
            lambda: pl.Quota(10, per="day", zone="Mars/North"),
            'PLT-185 Quota(10): there is no time zone "Mars/North". > For example "Europe/Berlin".',
        ),
        (
            lambda: pl.Window(10, seconds=0),
            "PLT-164 Window(10): this limit is none: a window of no time holds no calls. > Write seconds=60.",
        ),
        (
            lambda: pl.Retry(attempts=0),
            "PLT-164 Retry: this limit is none: attempts must be 1 or more. > Write attempts=1 or more.",
        ),
        (
            lambda: pl.Breaker(rate=1.5),
            "PLT-570 Breaker: this breaker is none: rate is a share of the calls. > Write rate=0.5 for one half of them.",
        ),
        (
            lambda: pl.Connection("desk", base_url="https://desk.example", credential_header="a b"),
            'PLT-572 Connection desk: "a b" is no header for a credential. > Write it as the service does: credential_header="x-api-key".',
        ),
        (
            lambda: pl.Connection("desk", base_url="https://desk.example", credential_header="Host"),
            'PLT-572 Connection desk: "Host" is no header for a credential. > Write it as the service does: credential_header="x-api-key".',
        ),
        (
            lambda: pl.Connection("desk", base_url="https://desk.example", breaker="x"),  # type: ignore[arg-type]
            "PLT-570 Connection desk: this breaker is none: it is 'x'. > Write breaker=pl.Breaker(rate=0.5, at_least=5).",
        ),
        (
            lambda: pl.Connection("desk", base_url="https://desk.example", timeout="0s"),
            'PLT-144 Connection desk: "0s" is no duration. > Write "90d", "4h", "30m", "2 working days" or a timedelta.',
        ),
        (
            lambda: pl.Breaker(at_least=0),
            "PLT-570 Breaker: this breaker is none: at_least must be 1 or more. > Write at_least=5.",
        ),
        (
            lambda: pl.Breaker(within="5s"),
            'PLT-570 Breaker: this breaker is none: within is from ten seconds to an hour. > Write within="2m".',
        ),
        (
            lambda: pl.Breaker(probe_after="2h"),
            'PLT-570 Breaker: this breaker is none: probe_after is from a second to an hour. > Write probe_after="2s".',
        ),
    ],
)
def test_a_limit_that_lets_nothing_through(make: Any, said: str) -> None:
    """PLT-164 and PLT-570: a limit of nothing is a hold, and a hold is set elsewhere; a breaker of nothing is none."""
    assert words(make) == [said]


@pytest.mark.parametrize("make", [pl.Connection, pl.Setting, pl.Secret])
def test_a_name_that_is_none(make: Any) -> None:
    """PLT-181 counts for connections, settings and secrets: their names are in addresses and variables."""
    more: dict[Any, Any] = {pl.Connection: {"base_url": "https://x.example"}, pl.Secret: {"max_age": "1d"}}
    assert words(lambda: make("Help Desk", **more.get(make, {}))) == [
        f'PLT-181 {make.__name__} "Help Desk": a name has lower-case letters, digits and hyphens. > Call it "help-desk".'
    ]


def test_a_setting_is_read_in_a_running_case_alone() -> None:
    """PLT-194: at import it would freeze the value of one environment."""
    with pytest.raises(UsedOutside) as refused:
        _ = pl.Setting("desk-url").value
    assert str(refused.value) == (
        "PLT-194  Setting desk-url was used outside of a running case.\n"
        "         Use it inside a step; in a test run the step with pilotage.testing.Platform."
    )
