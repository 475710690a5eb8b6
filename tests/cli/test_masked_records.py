"""A secret that somebody pasted into a record, at the command line: what the process can know is hidden."""

from pathlib import Path
from secrets import token_hex

import pytest

from tests.cli.conftest import Pilotage

HIDDEN = "[redacted]"


@pytest.mark.parametrize("lies", ["a variable", "the project's file", "a file that a variable names"])
def test_a_token_in_a_record_is_hidden_by_every_command_that_shows_it(
    lies: str, project: Path, pilotage: Pilotage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a case, in JSON, and in quarantine, wherever its value lies in reach; kept it is as it came."""
    value = (
        f"Canary-{token_hex(6)}"  # one for each: what this process has held is hidden for as long as somebody holds it
    )
    (project / "pyproject.toml").write_text('[tool.pilotage]\nautomations = ["tests.cli.payments:expenses"]\n')
    claims = project / "claims.csv"
    claims.write_text(f"id,note\nwith {value},\n,{value}\n")
    assert pilotage("submit", "expenses", str(claims)).code == 0
    assert pilotage("case", f"with {value}", "--json").data["record"] == {"id": f"with {value}"}, (
        "nobody here knows it yet"
    )
    if lies == "a variable":
        monkeypatch.setenv("PAYMENTS_TOKEN", value)
    else:
        named = lies != "the project's file"
        file = project / "mounted" if named else project / ".pilotage" / "secrets" / "dev" / "payments-token"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
        file.chmod(0o600)
        if named:
            monkeypatch.setenv("PAYMENTS_TOKEN_FILE", str(file))
    quarantined = pilotage("quarantine", "--json")
    said = [
        pilotage("case", f"with {value}"),
        pilotage("case", f"with {value}", "--json"),
        pilotage("quarantine"),
        quarantined,
        pilotage("status"),
    ]
    assert all(one.code == 0 for one in said), [one.err for one in said]
    assert said[1].data["record"] == {"id": f"with {HIDDEN}"}
    assert not any(value in one.out + one.err for one in said)
    secret = pilotage("secret", "who", "payments-token", "--json")
    assert secret.data["held"] == [], "no lease: no automation was given it"
