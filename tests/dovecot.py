"""Dovecot: a real IMAP server that others made, on loopback, for one test."""

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "invoices", "a-mailbox-password"

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = {name}
log_path = {folder}/log
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_uid = mail
mail_gid = mail
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {secure}
    ssl = yes
  }}
}}
"""


def missing() -> str | None:
    """Why there is no Dovecot to test with, or None."""
    if shutil.which("dovecot") is None:
        return "no Dovecot on this machine (Debian: apt install dovecot-imapd)"
    if os.getuid() != 0:
        return "Dovecot is started as root here, and this is another user"
    return None


@dataclass(kw_only=True)
class Dovecot:
    """A server that runs, or is stopped and started again on the same port."""

    folder: Path
    port: int
    secure: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"imap://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        config = self.folder / "dovecot.conf"
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(config)])
        until = time.monotonic() + 30
        while True:
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)) as there:
                if there.recv(4) == b"* OK":
                    return
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Dovecot does not listen: {(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it with all of its processes."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def password(self, password: str) -> None:
        """Let the mailbox be opened with another password from now on."""
        (self.folder / "users").write_text(f"{USER}:{password}\n")

    def deliver(self, raw: bytes) -> None:
        """A mail arrives, as a mail server hands it over."""
        command = ["/usr/lib/dovecot/dovecot-lda", "-c", str(self.folder / "dovecot.conf"), "-d", USER]
        subprocess.run(command, input=raw, check=True, timeout=60)

    def count(self, criterion: str = "ALL", folder: str = "INBOX") -> int:
        """How many mails there are, as another client sees them."""
        with imaplib.IMAP4("127.0.0.1", self.port) as client:
            password = (self.folder / "users").read_text().strip().partition(":")[2]
            client.login(USER, password)
            if client.select(folder, readonly=True)[0] != "OK":
                return 0
            return len(client.search(None, criterion)[1][0].split())


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """A server with one empty mailbox, for the block."""
    folder = Path(tempfile.mkdtemp(prefix="pilotage-dovecot-"))
    folder.chmod(0o755)
    port, secure = free_port(), free_port()
    mail = folder / "mail"
    mail.mkdir()
    shutil.chown(mail, "mail", "mail")
    pem, key = certificate(folder)
    (folder / "dovecot.conf").write_text(
        _CONFIG.format(
            folder=folder,
            name=folder.name,
            port=port,
            secure=secure,
            ssl="yes",
            certificate=f"ssl_cert = <{pem}\nssl_key = <{key}",
        )
    )
    made = Dovecot(folder=folder, port=port, secure=secure)
    made.password(PASSWORD)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody vouches for."""
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def free_port() -> int:
    with closing(socket.socket()) as given:
        given.bind(("127.0.0.1", 0))
        return int(given.getsockname()[1])
