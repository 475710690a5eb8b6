"""The JSON API: submitting with a token, all or nothing, and looking."""

from datetime import timedelta

from pilotage.machinery.api import tokens
from pilotage.machinery.api.values import TokenScope
from tests.cases.receiving.conftest import DAY, Shop

RECORDS = "/api/v1/automations/orders/records"


def test_records_are_submitted_with_a_token(shop: Shop) -> None:
    """One record or several, as a list or on lines; a key that came before with the same content is a duplicate."""
    token = shop.token()
    assert shop.submit({"id": "O1"}, token=token).json()["accepted"] == 1
    several = shop.submit([{"id": "O1"}, {"id": "O2"}], token=token)
    assert [one["became"] for one in several.json()["records"]] == ["duplicate", "accepted"]
    lines = shop.submit(b'{"id": "O3"}\n{"id": "O4"}\n', token=token, **{"content-type": "application/x-ndjson"})
    assert lines.json()["accepted"] == 2
    assert shop.keys() == ["O1", "O2", "O3", "O4"]


def test_a_request_with_a_fault_is_refused_whole(shop: Shop) -> None:
    """A program can correct what it sends: it is told every fault, nothing is taken, and nothing is kept in quarantine."""
    token = shop.token()
    answer = shop.submit([{"id": "O1"}, {"id": ""}, {"id": "O3", "pieces": "many"}], token=token)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    problem = answer.json()
    assert (problem["code"], [one["record"] for one in problem["faults"]]) == ("PLT-394", [2, 3])
    assert problem["faults"][1]["field"] == "pieces"
    assert problem["remedy"]
    assert shop.submit(b"{", token=token).status_code == 422
    shop.submit({"id": "O1"}, token=token)
    conflict = shop.submit([{"id": "O9"}, {"id": "O1", "pieces": 5}], token=token)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "PLT-395")
    assert shop.keys() == ["O1"]
    assert shop.platform.needs() == []


def test_a_key_makes_a_request_happen_once(shop: Shop) -> None:
    """The same key with the same request is answered the same; with another one it is refused; keys are each token's own."""
    token, other = shop.token(), shop.token()
    first = shop.submit({"id": "O1"}, token=token, **{"idempotency-key": "k1"})
    again = shop.submit({"id": "O1"}, token=token, **{"idempotency-key": "k1"})
    assert (first.status_code, again.content) == (202, first.content)
    assert shop.submit({"id": "O2"}, token=token, **{"idempotency-key": "k1"}).json()["code"] == "PLT-396"
    assert shop.submit({"id": "O2"}, token=other, **{"idempotency-key": "k1"}).json()["accepted"] == 1
    assert shop.submit({"id": "O3"}, token=token, **{"idempotency-key": "k" * 300}).status_code == 400


def test_who_has_no_valid_token_gets_nowhere(shop: Shop) -> None:
    """None, a wrong, an expired or a revoked one, or one for something else."""
    token = shop.token()
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for bad in ("", "x", wrong, f"{token} {token}", token.replace("plt_", "plt_0"), "plt_" + "0" * 12 + "_" + "A" * 43):
        answer = shop.submit({"id": "O1"}, token=bad)
        assert (answer.status_code, answer.json()["code"]) == (401, "PLT-390"), bad
        assert answer.headers["www-authenticate"] == "Bearer"
    basic = shop.client.post(RECORDS, content=b"{}", headers={"authorization": f"Basic {token}"})
    assert basic.status_code == 401
    assert (
        shop.client.get("/api/v1/automations/orders", headers={"authorization": f"Bearer {token}"}).status_code == 403
    )
    assert shop.submit({"id": "O1"}, token=token).status_code == 202
    tokens.revoke(shop.platform.database, "crm", by="me", known="test")
    shop.clock.forward(timedelta(seconds=3))
    assert shop.submit({"id": "O2"}, token=token).status_code == 401
    brief = shop.token(lasts=DAY)
    shop.clock.forward(timedelta(days=2))
    assert shop.submit({"id": "O2"}, token=brief).status_code == 401
    with shop.platform.database.snapshot() as tx:
        kept = str(tx.exec_driver_sql("SELECT * FROM api_tokens").all())
        trail = [row.kind for row in tx.exec_driver_sql("SELECT kind FROM trail ORDER BY id")]
    assert token.rpartition("_")[2] not in kept
    assert trail == ["token.made", "token.revoked", "token.made"]


def test_looking_at_a_case_and_at_an_automation(shop: Shop) -> None:
    """With a token for reading: where a case is and what it holds; how many are where. Nobody else is told."""
    read = {"authorization": f"Bearer {shop.token(TokenScope.READ)}"}
    case = shop.submit({"id": "O1"}, token=shop.token()).json()["records"][0]["case"]
    found = shop.client.get(f"/api/v1/cases/{case}", headers=read).json()
    assert (found["place"], found["key"], found["record"]) == ("ready", "O1", {"id": "O1", "pieces": 1})
    places = shop.client.get("/api/v1/automations/orders", headers=read).json()
    assert (places["places"]["ready"], places["places"]["done"], places["quarantine"]) == (1, 0, 0)
    for path in (
        "/api/v1/cases/O1",
        "/api/v1/cases/C-1",
        "/api/v1/automations/nothing",
        "/api/v1/nothing",
        "/api/v2/x",
    ):
        answer = shop.client.get(path, headers=read)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
    assert shop.client.get(f"/api/v1/cases/{case}").status_code == 401


def test_the_description_is_what_is_served(shop: Shop) -> None:
    """OpenAPI 3.1, from here; every address in it answers, and no page loads anything from another host."""
    described = shop.client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) == {
        "/in/{automation}/{source}",
        "/api/v1/automations/{name}/records",
        "/api/v1/automations/{name}",
        "/api/v1/cases",
        "/api/v1/cases/{case}",
        "/api/v1/connections",
        "/api/v1/limits",
        "/api/v1/needs",
    }
    assert "bearer" in described["components"]["securitySchemes"]
    assert shop.client.get("/docs").status_code in {403, 404}
    assert shop.client.get("/api/docs").status_code == 404


def test_every_refusal_has_a_code_and_a_remedy(shop: Shop) -> None:
    """Whatever is wrong with a request, the answer is one shape, with what happened, a code and what to do."""
    token = {"authorization": f"Bearer {shop.token(TokenScope.READ, TokenScope.SUBMIT)}"}
    records = "/api/v1/automations/orders/records"
    asked = {
        ("GET", "/api/v1/nope"): (404, "PLT-560"),
        ("POST", "/api/v1/cases/C-1"): (405, "PLT-561"),
        ("GET", records): (405, "PLT-561"),
        ("GET", "/api/v1/automations/nope"): (404, "PLT-001"),
        ("GET", "/api/v1/cases/nope"): (404, "PLT-201"),
        ("GET", "/in/nothing"): (404, "PLT-560"),
        ("GET", "/in/orders/shop"): (405, "PLT-561"),
        ("POST", "/in/orders/nope"): (404, "PLT-201"),
        ("POST", records): (415, "PLT-592"),
    }
    for (method, path), (status, code) in asked.items():
        answer = shop.client.request(method, path, headers=token)
        problem = answer.json()
        assert (answer.status_code, problem.get("code")) == (status, code), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert (problem["status"], problem["type"]) == (status, "about:blank")
        assert all(problem[word] for word in ("title", "detail", "remedy")), path
    stranger = shop.client.get("/api/v1/automations/orders")
    assert stranger.headers["www-authenticate"] == "Bearer"
    assert shop.client.get(records, headers=token).headers["allow"] == "POST"
