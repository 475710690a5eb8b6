"""Looking over the JSON API: lists page by page, one case with all that is known, with a token for reading alone."""

from datetime import timedelta

import pytest

from pilotage.cases.service.listening import Hooks, Listening
from pilotage.machinery.api.values import TokenScope
from tests.cases.receiving.conftest import KEY, Shop


def get(shop: Shop, path: str, *scopes: TokenScope, status: int = 200) -> dict[str, object]:
    """Ask with a token."""
    token = shop.token(*(scopes or (TokenScope.READ,)))
    answer = shop.client.get(path, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def keys(shop: Shop, query: str = "") -> list[str]:
    """The keys of a whole list."""
    found: list[str] = []
    cursor = ""
    while True:
        page = get(shop, f"/api/v1/cases?limit=4&{query}{cursor}")
        rows = page["cases"]
        assert isinstance(rows, list)
        found += [row["key"] for row in rows]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_cases_are_listed_page_by_page(shop: Shop) -> None:
    """The newest first, each once; by automation and place; what is not there is an empty list."""
    for number in range(10):
        shop.send({"id": f"O{number}"}, message=f"msg_{number}")
    assert keys(shop) == [f"O{number}" for number in reversed(range(10))]
    assert keys(shop, "automation=orders&place=ready") == keys(shop)
    assert keys(shop, "place=done") == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=nothing", 400, "PLT-562"),
        ("place=somewhere", 400, "PLT-392"),
        ("failure=answered", 400, "PLT-392"),
        ("limit=0", 422, "PLT-392"),
        ("limit=100000", 422, "PLT-392"),
        ("automation=nobody", 404, "PLT-001"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(shop: Shop, query: str, status: int, code: str) -> None:
    """With the code, and what can be meant."""
    problem = get(shop, f"/api/v1/cases?{query}", status=status)
    assert (problem["code"], bool(problem["remedy"])) == (code, True)


def test_a_parameter_with_a_slip_is_refused_at_every_address(shop: Shop) -> None:
    """By name, with those that the address has: a filter that nobody knows would filter nothing. As described."""
    described = shop.client.get("/api/v1/openapi.json").json()["paths"]
    addresses = {path: methods for path, methods in described.items() if path.startswith("/api/v1/")}
    assert len(addresses) >= 7
    for path, methods in addresses.items():
        for method, told in methods.items():
            asked = path.format(name="orders", case="C-1")
            answer = shop.client.request(
                method,
                f"{asked}?places=done",
                headers={"authorization": f"Bearer {shop.token(TokenScope.READ, TokenScope.SUBMIT)}"},
            )
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (400, "PLT-590"), (path, answer.text)
            assert '"places"' in problem["detail"]
            exist = [one["name"] for one in told.get("parameters", ()) if one["in"] == "query"]
            said = f"are: {', '.join(exist)}." if exist else "takes no parameters"
            assert said in problem["remedy"]
            schemas = [told["responses"][status]["content"]["application/problem+json"] for status in ("400", "422")]
            assert {one["schema"]["$ref"] for one in schemas} == {"#/components/schemas/ProblemOut"}
    assert get(shop, "/api/v1/cases?place=done&place=waiting", status=400)["code"] == "PLT-590"
    assert get(shop, "/api/v1/cases?automation=orders&Place=done", status=400)["code"] == "PLT-590"
    assert get(shop, "/api/v1/cases?place", status=400)["code"] == "PLT-392"


def test_what_a_sender_marks_in_the_address_of_a_webhook_is_left_alone(shop: Shop) -> None:
    """Nothing there is filtered, and nobody who sends events can be asked to do without."""
    assert shop.send({"id": "O1"}, to="/in/orders/shop?from=crm").status_code == 202


def test_a_token_for_submitting_does_not_look(shop: Shop) -> None:
    """Nobody looks without the scope for it."""
    for path in ("/api/v1/cases", "/api/v1/cases/C-1"):
        assert get(shop, path, TokenScope.SUBMIT, status=403)["code"] == "PLT-391"
        assert shop.client.get(path).status_code == 401


def test_one_case_has_all_that_is_known(shop: Shop) -> None:
    """The same as `pilotage case --json`: with its decisions and failures, and on demand what other sides said."""
    shop.send({"id": "O1"})
    page = get(shop, "/api/v1/cases")["cases"]
    assert isinstance(page, list)
    case = get(shop, f"/api/v1/cases/{page[0]['case']}")
    assert (case["key"], case["decisions"], case["failures"], case["effects"]) == ("O1", [], [], [])
    assert "responses" not in case
    assert get(shop, f"/api/v1/cases/{page[0]['case']}?raw=true")["responses"] == []


def test_connections_limits_and_needs(shop: Shop) -> None:
    """What `pilotage connections`, `limits` and `status` say, page by page; a token for submitting does not read them."""
    assert get(shop, "/api/v1/connections") == {"connections": [], "next": None}
    assert get(shop, "/api/v1/limits") == {"connections": [], "next": None}
    shop.send({"id": "O1"})
    for number in range(6):
        shop.send({"id": "", "pieces": number}, message=f"msg_bad_{number}")
    found = get(shop, "/api/v1/needs?urgency=trouble&limit=1")
    assert found["condition"] == "attention"
    needs = found["needs"]
    assert isinstance(needs, list)
    assert (needs[0]["title"], needs[0]["command"]) == ("6 records in quarantine", "pilotage quarantine")
    assert found["next"] is None
    assert get(shop, "/api/v1/needs?cursor=x", status=400)["code"] == "PLT-562"
    assert get(shop, "/api/v1/needs?urgency=none", status=422)["remedy"]
    for path in ("/api/v1/connections", "/api/v1/limits", "/api/v1/needs"):
        assert get(shop, path, TokenScope.SUBMIT, status=403)["code"] == "PLT-391"


def test_a_webhook_whose_secret_is_missing_is_said_before_anybody_calls(shop: Shop) -> None:
    """By `serve` at its start, in status and on Today, without the value; when the secret is there it is said no more."""
    hooks = Hooks(
        listening=Listening(database=shop.platform.database, secrets=shop.secrets, clock=shop.clock),
        automations=shop.platform.automations.values(),
    )
    assert hooks.look() == []
    assert shop.platform.needs() == []
    shop.secrets.value = "hunter2"
    said = hooks.look()
    assert [words.split(":")[0] for words in said] == [
        "The webhook shop of orders takes nothing in",
        "The webhook events of orders takes nothing in",
    ]
    assert "hunter2" not in str(said)
    shop.clock.forward(timedelta(hours=1))
    assert hooks.look() == said
    titles = [need.title for need in shop.platform.needs()]
    assert titles == ["events of orders takes nothing in since 14:24", "shop of orders takes nothing in since 14:24"]
    shop.secrets.value = KEY
    assert hooks.look() == []
    assert shop.platform.needs() == []
    shop.secrets.value = "hunter2"
    shop.clock.forward(timedelta(hours=1))
    hooks.look()
    assert shop.platform.needs() != []
    Hooks(listening=hooks.listening, automations=[]).look()
    assert shop.platform.needs() == [], "what is declared no more is not missed"
