"""The set-based half of a price list import: staging tables, comparison with what is stored, and the change itself.

Staging holds a file in three narrow tables: its SKUs, its offers (all of a row that is neither SKU nor price; many
rows share one), and its rows, which point at both by number. The same SQL runs on PostgreSQL and SQLite. Price rows
belong to no tenant. Everything happens in the caller's transaction, which also takes the staging tables away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.models import PriceList, PriceRow, Product, Sku
from customers.rules.price_list import OfferFacts, SkuFacts
from portal.core.text import fold

StagedRow = tuple[int, int, int, str, str | None]  # line, SKU number, offer number, unit price, ERP price

_TABLES = {
    "price_in_sku": """
        n integer PRIMARY KEY, product_id varchar(12), sku_id varchar(4), product_title varchar(300),
        sku_title varchar(300), title_key varchar(300), publisher varchar(200), description text,
        unit_of_measure varchar(60)""",
    "price_in_offer": """
        n integer PRIMARY KEY, market varchar(2), currency varchar(3), segment varchar(12), term_duration varchar(8),
        billing_plan varchar(12), tier_min integer, tier_max integer, starts_at timestamptz, ends_at timestamptz,
        tags varchar(200), change_indicator varchar(20), end_of_sale_at timestamptz""",
    "price_in_row": "line integer{key}, sku integer, offer integer, unit_price numeric(18,6), erp_price numeric(18,6)",
}
_DERIVED = ("price_in_same_sku", "price_in_same_offer", "price_in_later", "price_in_stored_sku", "price_in_match")

# A number may be given twice to the same SKU or offer: the reader forgets, to keep its memory flat.
_SAME_SKU = """
    CREATE TEMPORARY TABLE price_in_same_sku AS
    SELECT n, min(n) OVER (PARTITION BY product_id, sku_id) AS same FROM price_in_sku"""
_SAME_OFFER = """
    CREATE TEMPORARY TABLE price_in_same_offer AS
    SELECT n, min(n) OVER (
        PARTITION BY market, currency, segment, term_duration, billing_plan, tier_min, starts_at
    ) AS same FROM price_in_offer"""
_PLACED = """
    FROM price_in_row r JOIN price_in_same_sku s ON s.n = r.sku JOIN price_in_same_offer o ON o.n = r.offer"""
_ANY_TWICE = "SELECT EXISTS (SELECT 1 {placed} GROUP BY s.same, o.same HAVING count(*) > 1)"
_LATER = """
    CREATE TEMPORARY TABLE price_in_later AS
    SELECT line, first_line FROM (
        SELECT r.line, min(r.line) OVER (PARTITION BY s.same, o.same) AS first_line {placed}
    ) numbered WHERE line > first_line"""
_CONFLICTS = """
    FROM price_in_later l
    JOIN price_in_row r ON r.line = l.line
    JOIN price_in_row f ON f.line = l.first_line
    JOIN price_in_offer ro ON ro.n = r.offer
    JOIN price_in_offer fo ON fo.n = f.offer
    WHERE r.unit_price <> f.unit_price OR r.erp_price IS DISTINCT FROM f.erp_price
       OR ro.ends_at <> fo.ends_at OR ro.tier_max IS DISTINCT FROM fo.tier_max OR ro.tags <> fo.tags
       OR ro.end_of_sale_at IS DISTINCT FROM fo.end_of_sale_at"""

_UPSERT_PRODUCTS = """
    INSERT INTO {product} AS stored (product_id, title, publisher, product_type)
    SELECT s.product_id, s.product_title, s.publisher, %s
    FROM price_in_sku s JOIN (SELECT max(n) AS n FROM price_in_sku GROUP BY product_id) latest ON latest.n = s.n
    WHERE true ORDER BY s.n
    ON CONFLICT (product_id) DO UPDATE SET
        title = excluded.title,
        publisher = CASE excluded.publisher WHEN '' THEN stored.publisher ELSE excluded.publisher END
    WHERE stored.title <> excluded.title OR excluded.publisher NOT IN ('', stored.publisher)"""
_UPSERT_SKUS = """
    INSERT INTO {sku} AS stored (
        product_id, sku_id, title, title_key, description, unit_of_measure,
        asset_ownership_limit_type, is_trial, is_addon
    )
    SELECT p.id, s.sku_id, s.sku_title, s.title_key, s.description, s.unit_of_measure, '', false, false
    FROM price_in_sku s
    JOIN (SELECT max(n) AS n FROM price_in_sku GROUP BY product_id, sku_id) latest ON latest.n = s.n
    JOIN {product} p ON p.product_id = s.product_id
    WHERE true ORDER BY s.n
    ON CONFLICT (product_id, sku_id) DO UPDATE SET
        title = excluded.title, title_key = excluded.title_key,
        description = CASE excluded.description WHEN '' THEN stored.description ELSE excluded.description END,
        unit_of_measure =
            CASE excluded.unit_of_measure WHEN '' THEN stored.unit_of_measure ELSE excluded.unit_of_measure END
    WHERE stored.title <> excluded.title OR excluded.description NOT IN ('', stored.description)
       OR excluded.unit_of_measure NOT IN ('', stored.unit_of_measure)"""
_STORED_SKUS = """
    CREATE TEMPORARY TABLE price_in_stored_sku AS
    SELECT s.n, k.id FROM price_in_sku s
    JOIN {product} p ON p.product_id = s.product_id JOIN {sku} k ON k.product_id = p.id AND k.sku_id = s.sku_id"""

# `remarked`: only the vendor's ChangeIndicator differs, which tells of the last file and is no change of the offer.
_MATCH = """
    CREATE TEMPORARY TABLE price_in_match AS
    SELECT r.line, p.id,
        p.unit_price <> r.unit_price OR p.erp_price IS DISTINCT FROM r.erp_price
        OR p.pricing_tier_max IS DISTINCT FROM o.tier_max OR p.effective_end_at <> o.ends_at OR p.tags <> o.tags
        OR p.end_of_sale_at IS DISTINCT FROM o.end_of_sale_at OR p.withdrawn_at IS NOT NULL AS changed,
        p.change_indicator <> o.change_indicator AS remarked
    FROM price_in_row r
    JOIN price_in_stored_sku k ON k.n = r.sku
    JOIN price_in_offer o ON o.n = r.offer
    JOIN {row} p ON p.sku_id = k.id AND p.market = o.market AND p.view = %s AND p.segment = o.segment
        AND p.currency = o.currency AND p.term_duration = o.term_duration AND p.billing_plan = o.billing_plan
        AND p.pricing_tier_min = o.tier_min AND p.effective_start_at = o.starts_at"""
_COUNT = """
    SELECT (SELECT count(*) FROM price_in_row), count(*),
        COALESCE(sum(CASE WHEN changed THEN 1 ELSE 0 END), 0),
        COALESCE(sum(CASE WHEN changed OR remarked THEN 1 ELSE 0 END), 0)
    FROM price_in_match"""
# A join, not NOT EXISTS: SQLite would read all of price_in_match for each row.
_WITHDRAW = """
    UPDATE {row} SET withdrawn_at = %s WHERE id IN (
        SELECT p.id FROM {row} p LEFT JOIN price_in_match m ON m.id = p.id
        WHERE m.id IS NULL AND p.view = %s AND p.withdrawn_at IS NULL
          AND p.market IN (SELECT market FROM price_in_offer) AND p.segment = COALESCE(%s, p.segment))"""
_CHANGE = """
    UPDATE {row} SET price_list_id = %s, unit_price = r.unit_price, erp_price = r.erp_price,
        pricing_tier_max = o.tier_max, effective_end_at = o.ends_at, tags = o.tags,
        change_indicator = o.change_indicator, end_of_sale_at = o.end_of_sale_at, withdrawn_at = NULL
    FROM price_in_match m JOIN price_in_row r ON r.line = m.line JOIN price_in_offer o ON o.n = r.offer
    WHERE m.id = {row}.id AND (m.changed OR m.remarked)"""
_ADD = """
    INSERT INTO {row} (price_list_id, view, sku_id, term_duration, billing_plan, market, currency, segment,
        pricing_tier_min, pricing_tier_max, unit_price, erp_price, effective_start_at, effective_end_at, tags,
        change_indicator, end_of_sale_at)
    SELECT %s, %s, k.id, o.term_duration, o.billing_plan, o.market, o.currency, o.segment,
        o.tier_min, o.tier_max, r.unit_price, r.erp_price, o.starts_at, o.ends_at, o.tags,
        o.change_indicator, o.end_of_sale_at
    FROM price_in_row r
    JOIN price_in_stored_sku k ON k.n = r.sku
    JOIN price_in_offer o ON o.n = r.offer
    LEFT JOIN price_in_match m ON m.line = r.line
    WHERE m.line IS NULL"""
_NAMES = {model.__name__.lower(): model._meta.db_table for model in (Product, Sku)} | {"row": PriceRow._meta.db_table}


@dataclass(frozen=True)
class Conflict:
    """The row at `line` contradicts the one at `first_line` about the same offer."""

    line: int
    first_line: int


class Staging:
    """The staging tables of one import. Use inside a transaction, `close` when it went well."""

    def __init__(self) -> None:
        self._additions = self._rewrites = 0
        self._postgresql = connection.vendor == "postgresql"
        with connection.cursor() as cursor:
            if self._postgresql:
                cursor.execute("SET LOCAL work_mem = '64MB'")
                # One import at a time; readers and other work go on.
                cursor.execute(f"LOCK TABLE {PriceList._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
            for name, columns in _TABLES.items():
                # On SQLite the key is the row's own number and costs nothing; on PostgreSQL it would be an index.
                columns = columns.format(key="" if self._postgresql else " PRIMARY KEY")
                cursor.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")

    def load(
        self,
        skus: Sequence[tuple[int, SkuFacts]],
        offers: Sequence[tuple[int, OfferFacts]],
        rows: Sequence[StagedRow],
    ) -> None:
        """Add one batch."""
        with connection.cursor() as cursor:
            self._insert(cursor, "price_in_sku", [_sku_values(n, sku) for n, sku in skus])
            self._insert(cursor, "price_in_offer", [_offer_values(n, offer) for n, offer in offers])
            if self._postgresql:
                with cursor.copy("COPY price_in_row FROM STDIN") as copy:
                    copy.write("".join([f"{n}\t{s}\t{o}\t{unit}\t{erp or NULL}\n" for n, s, o, unit, erp in rows]))
            else:
                self._insert(cursor, "price_in_row", rows)

    def _insert(self, cursor: CursorWrapper, table: str, values: Sequence[Sequence[Any]]) -> None:
        if values:
            marks = ", ".join(["%s"] * len(values[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - names are constants

    def drop_repeated(self, *, show: int) -> tuple[int, int, list[Conflict]]:
        """Keep the first of the rows that name the same offer.

        Returns how many exact repetitions and how many contradictions went, and the first `show` of the latter.
        """
        with connection.cursor() as cursor:
            self._know(cursor, _TABLES)
            for statement in (_SAME_SKU, _SAME_OFFER):
                cursor.execute(statement)
            self._know(cursor, ("price_in_same_sku", "price_in_same_offer"))
            cursor.execute(_ANY_TWICE.format(placed=_PLACED))
            if not _number(cursor):
                return 0, 0, []
            cursor.execute(_LATER.format(placed=_PLACED))
            self._know(cursor, ("price_in_later",))
            cursor.execute(f"SELECT count(*) {_CONFLICTS}")
            conflicts = _number(cursor)
            cursor.execute(f"SELECT r.line, f.line {_CONFLICTS} ORDER BY r.line LIMIT %s", [show])
            shown = [Conflict(*lines) for lines in cursor.fetchall()]
            cursor.execute("DELETE FROM price_in_row WHERE line IN (SELECT line FROM price_in_later)")
            return cursor.rowcount - conflicts, conflicts, shown

    def compare(self, view: str) -> tuple[int, int, int]:
        """Store the products and SKUs, find the stored rows of the file: how many are new, changed, unchanged."""
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT_PRODUCTS.format(**_NAMES), [Product._meta.get_field("product_type").get_default()])
            cursor.execute(_UPSERT_SKUS.format(**_NAMES))
            cursor.execute(_STORED_SKUS.format(**_NAMES))
            # Without fresh figures the planner may compare every row with every other.
            self._know(cursor, ("price_in_stored_sku", _NAMES["row"]))
            cursor.execute(_MATCH.format(**_NAMES), [view])
            self._know(cursor, ("price_in_match",))
            cursor.execute(_COUNT)
            rows, matched, changed, self._rewrites = cursor.fetchone()
            self._additions = rows - matched
            return self._additions, changed, matched - changed

    def withdraw(self, view: str, *, segment: str | None, as_of: datetime) -> int:
        """Mark stored rows of the file's markets (and of this segment only, if given) that the file does not have."""
        with connection.cursor() as cursor:
            cursor.execute(_WITHDRAW.format(**_NAMES), [_moment(as_of), view, segment])
            return int(cursor.rowcount)

    def store(self, view: str, *, price_list_id: int) -> None:
        """Write the changed and the new rows that `compare` found."""
        with connection.cursor() as cursor:
            if self._rewrites:
                cursor.execute(_CHANGE.format(**_NAMES), [price_list_id])
            if self._additions:
                cursor.execute(_ADD.format(**_NAMES), [price_list_id, view])
            if self._rewrites or self._additions:
                self._know(cursor, (_NAMES["row"],))

    def close(self) -> None:
        with connection.cursor() as cursor:
            for name in (*_TABLES, *_DERIVED):
                cursor.execute(f"DROP TABLE IF EXISTS {name}")

    def _know(self, cursor: CursorWrapper, tables: Iterable[str]) -> None:
        if self._postgresql:
            cursor.execute(f"ANALYZE {', '.join(tables)}")


NULL = r"\N"


def _number(cursor: CursorWrapper) -> int:
    return int(cursor.fetchone()[0])


def _moment(value: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _sku_values(n: int, sku: SkuFacts) -> tuple[Any, ...]:
    return (
        n, sku.product_id, sku.sku_id, sku.product_title, sku.sku_title, fold(sku.sku_title)[:300], sku.publisher,
        sku.description, sku.unit_of_measure,
    )  # fmt: skip


def _offer_values(n: int, offer: OfferFacts) -> tuple[Any, ...]:
    return (
        n, offer.market, offer.currency, offer.segment, offer.term_duration, offer.billing_plan, offer.tier_min,
        offer.tier_max, _moment(offer.starts_at), _moment(offer.ends_at), offer.tags, offer.change_indicator,
        _moment(offer.end_of_sale_at),
    )  # fmt: skip
