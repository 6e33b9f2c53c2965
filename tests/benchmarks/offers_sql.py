"""The two reports as set-based SQL: what a person who knows the data by heart would write, with every rule in it.

Holds for the benchmark's own data: one currency and segment, one alternative per ownership constraint, no orders.
"""

from __future__ import annotations

COPILOT = " and microsoft 365 copilot business"
COMMON = """
WITH sold AS (
  SELECT k.id, k.title, k.title_key, p.product_id, k.sku_id, k.max_licenses, r.market, r.term_duration AS term,
         r.billing_plan AS plan, r.unit_price,
         p.product_id || ':' || k.sku_id || ':' || a.availability_id AS item
  FROM customers_sku k JOIN customers_product p ON p.id = k.product_id
  JOIN customers_pricerow r ON r.sku_id = k.id AND r.view = 'current' AND r.currency = 'USD'
   AND r.segment = 'Commercial' AND r.withdrawn_at IS NULL AND r.effective_start_at <= %(at)s
   AND r.effective_end_at > %(at)s
  JOIN customers_availability a ON a.sku_id = k.id AND a.country = r.market AND a.segment = r.segment
   AND a.is_purchasable
), covers AS (
  SELECT o.id AS promotion, x.id AS entry, o.promotion_id, o.name, o.country, o.starts_at, o.ends_at, o.is_targeted,
         split_part(o.promotion_id, ':', 1) || ':' || split_part(o.promotion_id, ':', 2) AS key,
         x.product_id, x.sku_id, x.term_duration AS term, x.billing_cycle AS plan, x.value,
         coalesce((o.seat_constraints->0->>'minSeats')::int, 0) AS least,
         (o.seat_constraints->0->>'maxSeats')::int AS most,
         (o.asset_ownership_limits->0->>'maxAssets')::int AS times,
         coalesce((o.eligibility_constraints->0->>'isApplicable')::bool, false) AS first_only,
         split_part(o.product_ownership_constraints->0->0->>'bigId', '/', 1) AS own_product,
         split_part(o.product_ownership_constraints->0->0->>'bigId', '/', 2) AS own_sku,
         (o.product_ownership_constraints->0->0->>'minSeats')::int AS own_least,
         (o.product_ownership_constraints->0->0->>'maxSeats')::int AS own_most
  FROM customers_promotion o JOIN customers_promotionproduct x ON x.promotion_id = o.id
  WHERE o.ends_at >= %(at)s AND o.segment = 'Commercial'
), owned AS (
  SELECT customer_id, product_id, sku_id, coalesce(sum(quantity) FILTER (
           WHERE status IN ('active', 'suspended') AND NOT is_trial), 0) AS licenses
  FROM customers_subscription s WHERE partner_id = %(partner)s AND (product_id, sku_id) IN (
    SELECT product_id, sku_id FROM covers UNION SELECT own_product, own_sku FROM covers)
  GROUP BY 1, 2, 3
), taken AS (
  SELECT customer_id, split_part(promotion_id, ':', 1) || ':' || split_part(promotion_id, ':', 2) AS key,
         count(*) AS times, sum(quantity) AS licenses
  FROM customers_subscription WHERE partner_id = %(partner)s AND promotion_id <> '' GROUP BY 1, 2
)
"""
_UPSELL = """
, bundles AS (
  SELECT b.product_id, b.sku_id, b.market, b.term, b.plan, u.item, u.title, u.unit_price, u.max_licenses,
         u.product_id AS up_product, u.sku_id AS up_sku
  FROM sold b JOIN sold u ON u.title_key = b.title_key || %(copilot)s
   AND (u.market, u.term, u.plan) = (b.market, b.term, b.plan)
  UNION ALL
  SELECT * FROM (
    SELECT DISTINCT ON (b.id, b.market, b.term, b.plan) b.product_id, b.sku_id, b.market, b.term, b.plan, u.item,
           u.title, u.unit_price, u.max_licenses, u.product_id, u.sku_id
    FROM sold b JOIN sold h ON h.unit_price > b.unit_price AND (h.market, h.term, h.plan) = (b.market, b.term, b.plan)
    JOIN sold u ON u.title_key = h.title_key || %(copilot)s AND (u.market, u.term, u.plan) = (h.market, h.term, h.plan)
    WHERE b.title_key LIKE 'microsoft 365 business%%' AND b.title_key NOT LIKE '%%' || %(copilot)s
      AND h.title_key LIKE 'microsoft 365 business%%'
    ORDER BY b.id, b.market, b.term, b.plan, h.unit_price, h.title_key) higher
), renewing AS (
  SELECT s.*, c.tenant_id, c.country FROM customers_subscription s JOIN customers_customer c ON c.id = s.customer_id
  WHERE s.partner_id = %(partner)s AND s.status = 'active' AND NOT s.is_trial
    AND s.end_of_term IN ('renew', 'est', 'silent_est') AND s.commitment_ends_at >= %(at)s
    AND s.commitment_ends_at < %(at)s + interval '60 days'
)
SELECT s.tenant_id, NULLIF(s.partner_of_record, ''), s.subscription_id, s.offer_name, s.quantity, s.term_duration,
       to_char(s.commitment_ends_at, 'FMMM/FMDD/YYYY FMHH12:MI:SS AM'), initcap(s.billing_cycle),
       row_number() OVER (PARTITION BY s.id ORDER BY u.unit_price * coalesce(x.value, 0) DESC,
                          u.unit_price * (1 - coalesce(x.value, 0)), u.title),
       u.item, u.title, x.promotion_id, x.name, round(s.quantity * u.unit_price, 2),
       round(s.quantity * u.unit_price * (1 - coalesce(x.value, 0)), 2), 'USD',
       to_char(%(at)s, 'FMMM/FMDD/YYYY FMHH12:MI:SS AM')
FROM renewing s
JOIN bundles u ON (u.product_id, u.sku_id, u.market, u.term, u.plan)
                = (s.product_id, s.sku_id, s.country, s.term_duration, s.billing_cycle) AND s.quantity <= u.max_licenses
LEFT JOIN covers o ON NOT o.is_targeted AND o.starts_at <= %(at)s
  AND (o.product_id, o.sku_id, o.term, o.plan, o.country) = (u.up_product, u.up_sku, u.term, u.plan, s.country)
LEFT JOIN taken t ON t.customer_id = s.customer_id AND t.key = o.key
LEFT JOIN owned w ON (w.customer_id, w.product_id, w.sku_id) = (s.customer_id, o.product_id, o.sku_id)
CROSS JOIN LATERAL (
  SELECT o.promotion_id, o.name, o.value WHERE s.quantity + coalesce(w.licenses, 0) >= o.least
    AND (o.most IS NULL OR s.quantity <= o.most - coalesce(t.licenses, 0))
    AND (o.times IS NULL OR coalesce(t.times, 0) < o.times)
  UNION ALL SELECT NULL, NULL, NULL WHERE NOT coalesce(s.quantity + coalesce(w.licenses, 0) >= o.least
    AND (o.most IS NULL OR s.quantity <= o.most - coalesce(t.licenses, 0))
    AND (o.times IS NULL OR coalesce(t.times, 0) < o.times), false)) x
"""
_TARGETED = """
, judged AS (
  SELECT c.tenant_id, o.*, k.item, k.title,
         o.starts_at > %(at)s AS early,
         o.most IS NOT NULL AND greatest(1, o.least) > greatest(0, o.most - coalesce(t.licenses, 0)) AS seats,
         o.first_only AND w.customer_id IS NOT NULL AS before,
         o.times IS NOT NULL AND coalesce(t.times, 0) >= o.times AS used,
         o.own_product <> '' AND NOT (coalesce(r.licenses, 0) >= coalesce(o.own_least, 0)
           AND (o.own_most IS NULL OR coalesce(r.licenses, 0) <= o.own_most)) AS lacks
  FROM customers_promotionassignment g JOIN customers_customer c ON c.id = g.customer_id
  JOIN covers o ON o.promotion = g.promotion_id
  LEFT JOIN sold k ON (k.product_id, k.sku_id, k.market, k.term, k.plan)
                    = (o.product_id, o.sku_id, c.country, o.term, o.plan)
  LEFT JOIN taken t ON t.customer_id = c.id AND t.key = o.key
  LEFT JOIN owned w ON (w.customer_id, w.product_id, w.sku_id) = (c.id, o.product_id, o.sku_id)
  LEFT JOIN owned r ON (r.customer_id, r.product_id, r.sku_id) = (c.id, o.own_product, o.own_sku)
  WHERE c.partner_id = %(partner)s
)
SELECT tenant_id, promotion_id, name, item, title, greatest(1, least), term, initcap(plan),
       CASE WHEN early OR seats OR before OR used OR lacks THEN 'FALSE' ELSE 'TRUE' END,
       NULLIF(concat_ws(';', CASE WHEN early THEN 'PromotionPeriodConstraintsNotMet' END,
         CASE WHEN seats THEN 'SeatCountConstraintsNotMet' END,
         CASE WHEN before THEN 'ProductLifetimeOwnershipExclusionConstraintsNotMet' END,
         CASE WHEN used THEN 'RedemptionLimitConstraintsNotMet' END,
         CASE WHEN lacks THEN 'ProductOwnershipConstraintsNotMet' END), ''),
       to_char(%(at)s, 'FMMM/FMDD/YYYY FMHH12:MI:SS AM')
FROM judged
"""
UPSELL, TARGETED = COMMON + _UPSELL, COMMON + _TARGETED
