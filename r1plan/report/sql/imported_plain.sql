-- Currencies as we call them. Sums have no end of their own: they belong to where their time begins.
UPDATE entry
SET
    currency = CASE upper(trim(currency))
        WHEN '' THEN NULL
        WHEN '$' THEN 'USD' WHEN 'US$' THEN 'USD'
        WHEN '¥' THEN 'CNY' WHEN 'RMB' THEN 'CNY' WHEN 'CNH' THEN 'CNY' WHEN '元' THEN 'CNY'
        ELSE upper(trim(currency))
    END,
    ended_us = CASE WHEN span_us > 0 THEN NULL ELSE ended_us END
WHERE source <> 'r1plan'
    AND (currency <> 'USD' AND currency <> 'CNY' OR span_us > 0 AND ended_us IS NOT NULL)
