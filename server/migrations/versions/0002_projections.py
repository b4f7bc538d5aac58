"""The projections of the first record types.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    make_grant()
    make_p_building()
    make_p_community()
    make_p_grid()
    make_p_home_visit()
    make_p_household()
    make_p_notice()
    make_p_resident()
    make_p_resident_restricted()
    make_p_street()
    make_p_unit()
    make_p_user()
    make_p_work_order()


def make_grant() -> None:
    op.create_table(
        "grant",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("feed", KEY, nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user", "id", name="pk_grant"),
        sa.UniqueConstraint("id", name="uq_grant_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_grant_feed", "grant", ["feed"], unique=False)


def make_p_building() -> None:
    op.create_table(
        "p_building",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("grid", KEY, nullable=True),
        sa.Column("compound", KEY, nullable=True),
        sa.Column("number", KEY, nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_building"),
        sa.UniqueConstraint("id", name="uq_p_building_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_building_grid", "p_building", ["grid"], unique=False)


def make_p_community() -> None:
    op.create_table(
        "p_community",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", KEY, nullable=True),
        sa.Column("street", KEY, nullable=True),
        sa.Column("name", KEY, nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_community"),
        sa.UniqueConstraint("id", name="uq_p_community_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_community_code", "p_community", ["code"], unique=False)
    op.create_index("ix_p_community_street", "p_community", ["street"], unique=False)


def make_p_grid() -> None:
    op.create_table(
        "p_grid",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", KEY, nullable=True),
        sa.Column("community", KEY, nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("name", KEY, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("valid_to", KEY, nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_grid"),
        sa.UniqueConstraint("id", name="uq_p_grid_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_grid_code", "p_grid", ["code"], unique=False)
    op.create_index("ix_p_grid_community", "p_grid", ["community"], unique=False)


def make_p_home_visit() -> None:
    op.create_table(
        "p_home_visit",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("grid", KEY, nullable=True),
        sa.Column("household", KEY, nullable=True),
        sa.Column("worker", KEY, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_home_visit"),
        sa.UniqueConstraint("id", name="uq_p_home_visit_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_p_home_visit_household_at", "p_home_visit", ["household", "at"], unique=False
    )


def make_p_household() -> None:
    op.create_table(
        "p_household",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("grid", KEY, nullable=True),
        sa.Column("building", KEY, nullable=True),
        sa.Column("compound", KEY, nullable=True),
        sa.Column("entrance", KEY, nullable=True),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("room", KEY, nullable=True),
        sa.Column("householder", KEY, nullable=True),
        sa.Column("care_level", KEY, nullable=True),
        sa.Column("tags", KEY, nullable=True),
        sa.Column("last_visit", sa.BigInteger(), nullable=True),
        sa.Column("phone_tail", KEY, nullable=True),
        sa.Column("householder_pinyin", KEY, nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_household"),
        sa.UniqueConstraint("id", name="uq_p_household_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_p_household_building_entrance_room",
        "p_household",
        ["building", "entrance", "room"],
        unique=False,
    )


def make_p_notice() -> None:
    op.create_table(
        "p_notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("read", sa.Boolean(), nullable=True),
        sa.Column("about", KEY, nullable=True),
        sa.PrimaryKeyConstraint("user", "id", name="pk_p_notice"),
        sa.UniqueConstraint("id", name="uq_p_notice_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_notice_about", "p_notice", ["about"], unique=False)


def make_p_resident() -> None:
    op.create_table(
        "p_resident",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("grid", KEY, nullable=True),
        sa.Column("household", KEY, nullable=True),
        sa.Column("name", KEY, nullable=True),
        sa.Column("birth", KEY, nullable=True),
        sa.Column("phone_tail", KEY, nullable=True),
        sa.Column("name_pinyin", KEY, nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_resident"),
        sa.UniqueConstraint("id", name="uq_p_resident_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_resident_household", "p_resident", ["household"], unique=False)


def make_p_resident_restricted() -> None:
    op.create_table(
        "p_resident_restricted",
        sa.Column("id", KEY, nullable=False),
        sa.Column("resident", KEY, nullable=False),
        sa.PrimaryKeyConstraint("resident", "id", name="pk_p_resident_restricted"),
        sa.UniqueConstraint("id", name="uq_p_resident_restricted_id"),
        sqlite_with_rowid=False,
    )


def make_p_street() -> None:
    op.create_table(
        "p_street",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", KEY, nullable=True),
        sa.Column("name", KEY, nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_street"),
        sa.UniqueConstraint("id", name="uq_p_street_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_street_code", "p_street", ["code"], unique=False)


def make_p_unit() -> None:
    op.create_table(
        "p_unit",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", KEY, nullable=True),
        sa.Column("name", KEY, nullable=True),
        sa.Column("kind", KEY, nullable=True),
        sa.Column("street", KEY, nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_unit"),
        sa.UniqueConstraint("id", name="uq_p_unit_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_unit_code", "p_unit", ["code"], unique=False)


def make_p_user() -> None:
    op.create_table(
        "p_user",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=True),
        sa.Column("role", KEY, nullable=True),
        sa.Column("unit", KEY, nullable=True),
        sa.Column("street", KEY, nullable=True),
        sa.Column("community", KEY, nullable=True),
        sa.Column("lang", KEY, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_user"),
        sa.UniqueConstraint("id", name="uq_p_user_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_user_role", "p_user", ["role"], unique=False)


def make_p_work_order() -> None:
    op.create_table(
        "p_work_order",
        sa.Column("feed", sa.BigInteger(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("grid", KEY, nullable=True),
        sa.Column("household", KEY, nullable=True),
        sa.Column("status", KEY, nullable=True),
        sa.Column("kind", KEY, nullable=True),
        sa.Column("class", KEY, nullable=True),
        sa.Column("lead_unit", KEY, nullable=True),
        sa.Column("reported_by", KEY, nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_p_work_order"),
        sa.UniqueConstraint("id", name="uq_p_work_order_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_p_work_order_household", "p_work_order", ["household"], unique=False)
    op.create_index("ix_p_work_order_lead_unit", "p_work_order", ["lead_unit"], unique=False)
    op.create_index(
        "ix_p_work_order_status_due_at", "p_work_order", ["status", "due_at"], unique=False
    )
