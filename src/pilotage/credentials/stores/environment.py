"""Values that the environment gives, as itself or by the name of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pilotage.credentials.stores.files import read_file, written_at
from pilotage.credentials.values import Found, SecretValue, Source


def environment_name(name: str) -> str:
    """The environment variable that gives `helpdesk-token` its value: HELPDESK_TOKEN."""
    return "".join(sign if sign.isalnum() else "_" for sign in name).upper()


@dataclass(frozen=True, kw_only=True)
class EnvironmentStore:
    """HELPDESK_TOKEN for `helpdesk-token`, else the file that HELPDESK_TOKEN_FILE names."""

    variables: Mapping[str, str] = field(repr=False)

    def find(self, name: str) -> Found | None:
        """The value, or None where neither variable is set."""
        variable = environment_name(name)
        if variable in self.variables:
            value = SecretValue(name, self.variables[variable].rstrip("\r\n"))
            return Found(value=value, source=Source.ENVIRONMENT)
        if named := self.variables.get(f"{variable}_FILE"):
            value = read_file(name, Path(named))
            at = written_at(Path(named))
            return Found(value=value, source=Source.FILE_NAMED_BY_ENVIRONMENT, set_at=at, version=str(at or ""))
        return None

    def ways(self, name: str) -> str:
        """How it is set here."""
        variable = environment_name(name)
        return f"set {variable}, or {variable}_FILE to the path of a file that holds it"
