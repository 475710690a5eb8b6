"""The audit trail, to which rows are only added; versions of secrets, who may use them, and who holds them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OPEN = "number IS NULL"
_STAYS = "the audit trail is only added to"


def upgrade() -> None:
    """Add the tables, and what keeps the trail's rows as they were written."""
    _trail()
    _secrets()
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER trail_stays BEFORE DELETE ON trail BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END")
        op.execute(
            'CREATE TRIGGER trail_as_written BEFORE UPDATE OF id, at, kind, subject, said, "by", known, details ON trail '
            f"BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END"
        )
        op.execute(
            "CREATE TRIGGER trail_as_sealed BEFORE UPDATE ON trail WHEN OLD.number IS NOT NULL "
            f"BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION trail_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' AND OLD.number IS NULL AND (OLD.id, OLD.at, OLD.kind, OLD.subject, OLD.said, OLD.\"by\", "
        'OLD.known, OLD.details) = (NEW.id, NEW.at, NEW.kind, NEW.subject, NEW.said, NEW."by", NEW.known, NEW.details) '
        f"THEN RETURN NEW; END IF; RAISE EXCEPTION '{_STAYS}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER trail_stays BEFORE UPDATE OR DELETE ON trail FOR EACH ROW EXECUTE FUNCTION trail_stays()"
    )


def _trail() -> None:
    op.create_table(
        "trail",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "subject", "said", "by", "known", "details")),
        sa.Column("number", sa.BigInteger()),
        sa.Column("digest", sa.Text()),
        sa.Column("link", sa.Text()),
        sa.Column("sealed_at", sa.BigInteger()),
    )
    op.create_index("ix_trail_number", "trail", ["number"], unique=True)
    op.create_index("ix_trail_subject_id", "trail", ["subject", "id"])
    op.create_index("ix_trail_unsealed", "trail", ["id"], sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN))
    op.create_table(
        "trail_heads",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
    )


def _secrets() -> None:
    op.create_table(
        "secret_versions",
        sa.Column("secret", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text()),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("retires_at", sa.BigInteger()),
        sa.Column("forgotten_at", sa.BigInteger()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "secret_grants",
        sa.Column("secret", sa.Text(), primary_key=True),
        sa.Column("automation", sa.Text(), primary_key=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "secret_leases",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("set_at", sa.BigInteger()),
        sa.Column("expires_at", sa.BigInteger()),
    )
    op.create_index("ix_secret_leases_secret_until", "secret_leases", ["secret", "until"])
