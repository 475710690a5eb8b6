"""Looking over the JSON API: lists page by page, one case with all that is known, with a token for reading alone."""

import pytest

from pilotage.machinery.api.values import TokenScope
from tests.cases.receiving.conftest import Shop


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
