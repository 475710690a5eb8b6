"""Whether a call would carry a secret of ours to somebody who does not know it. Pure but for asking what is held.

A service that is sent its own credential learns nothing. One that is sent another one's, by a record in which it stands or by a
step that shows its surroundings, has it for good: nothing takes back what was sent. So the call is refused and not masked, because
a service that acts on "[redacted]" would do something that nobody has asked for.
"""

from collections.abc import Generator

from pilotage.connections.accounts import Account, Credentials
from pilotage.connections.errors import SecretGivenAway
from pilotage.machinery.net.messages import Outgoing


def refuse_giving_away(account: Account, outgoing: Outgoing, credentials: Credentials) -> None:
    """Raises SecretGivenAway (PLT-550), which names the secret and the place, never the value."""
    for place, data in _places(account, outgoing):
        found = set(credentials.names_in(data)) - {account.secret, account.signing}
        if found and (names := _strange(found, account, credentials)):
            path = credentials.thorough().text(outgoing.path)
            raise SecretGivenAway(
                f"{account.name}: {outgoing.method} {path} was not sent: its {place} holds the value of "
                f"{' and of '.join(names)}, which is not for {account.name}."
            )


def _places(account: Account, outgoing: Outgoing) -> Generator[tuple[str, bytes]]:
    yield "path", outgoing.path.encode()
    yield "query", outgoing.query.encode()
    for name, value in outgoing.headers.items():
        if account.secret is None or name != account.credential_header:
            yield f"header {name}", value.encode()
    yield "body", outgoing.body or b""


def _strange(found: set[str], account: Account, credentials: Credentials) -> list[str]:
    """Those whose value is not also that of a secret which the other side knows."""
    known = list(credentials.known())
    own = [one for one in known if one.name in {account.secret, account.signing}]
    return sorted(found - {one.name for one in known if one in own})
