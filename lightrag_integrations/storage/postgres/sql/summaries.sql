-- A summary's contributions are the distinct descriptions of the first mentions of its entity, titles first, and the
-- commonest of the surface forms among these that are its own, not those of names merged into it. `told` and `summaries`
-- make the same hash of them.

-- name: told
-- Of entities whose contributions reach a limit and have no summary: what one would be made from. What was said by hand
-- in place of all descriptions is shown as it is, however long.
SELECT u.id, t.name, t.descriptions, h.hash
FROM unnest(%(entities)s::int[]) WITH ORDINALITY AS u (id, place) CROSS JOIN LATERAL (
    WITH first AS MATERIALIZED (
        SELECT surface, description, surface <> ALL (coalesce(edited, '{{}}')) AS own FROM {s}.mention
        WHERE entity = u.id
        ORDER BY is_title DESC, tie LIMIT %(read)s
    )
    SELECT (SELECT surface FROM first GROUP BY surface ORDER BY count(*) FILTER (WHERE own) DESC, surface LIMIT 1) AS name,
           (SELECT array_agg(DISTINCT description ORDER BY description) FROM first WHERE description <> '')
               AS descriptions
) t CROSS JOIN LATERAL (
    SELECT sha256(sha256(convert_to(t.name, 'UTF8')) || string_agg(sha256(convert_to(d.one, 'UTF8')), '' ORDER BY d.place))
               AS hash
    FROM unnest(t.descriptions) WITH ORDINALITY AS d (one, place)
) h
WHERE (cardinality(t.descriptions) >= %(descriptions)s
       OR octet_length(array_to_string(t.descriptions, '')) >= %(octets)s)
  AND NOT EXISTS (SELECT FROM {s}.entity e JOIN {s}.override o ON o.root = e.key AND o.description IS NOT NULL
                  WHERE e.id = u.id)
  AND NOT EXISTS (SELECT FROM {s}.summary w WHERE w.entity = u.id AND w.hash = h.hash)
ORDER BY u.place

-- name: summaries
-- Those made from exactly what is visible.
SELECT w.entity, w.hash, w.content
FROM {s}.summary w CROSS JOIN LATERAL (
    WITH first AS MATERIALIZED (
        SELECT surface, description, surface <> ALL (coalesce(edited, '{{}}')) AS own FROM {s}.mention
        WHERE entity = w.entity AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
        ORDER BY is_title DESC, tie LIMIT %(read)s
    )
    SELECT sha256(sha256(convert_to(
               (SELECT surface FROM first GROUP BY surface ORDER BY count(*) FILTER (WHERE own) DESC, surface LIMIT 1), 'UTF8'))
               || string_agg(sha256(convert_to(d.description, 'UTF8')), '' ORDER BY d.description)) AS hash
    FROM (SELECT DISTINCT description FROM first WHERE description <> '') d
) t
WHERE w.entity = ANY(%(entities)s::int[]) AND w.hash = t.hash

-- name: touched_entities
SELECT DISTINCT m.entity
FROM {s}.document d JOIN {s}.chunk c ON c.document = d.id JOIN {s}.mention m ON m.chunk = c.id
WHERE d.document_id = ANY(%(ids)s) AND m.description <> ''
ORDER BY 1

-- name: much_told_entities
-- Those with most descriptions first, should a budget not do for all.
SELECT entity FROM {s}.mention WHERE description <> '' GROUP BY entity
HAVING count(DISTINCT description) >= %(descriptions)s OR sum(octet_length(description)) >= %(octets)s
ORDER BY count(*) DESC, entity

-- name: keep_summary
-- An entity that was swept meanwhile gets none. Whether there was another summary of it: a stale one, most likely.
INSERT INTO {s}.summary AS w (entity, hash, content, model, contributions)
SELECT e.id, %(hash)s, %(content)s, %(model)s, %(contributions)s
FROM {s}.entity e WHERE e.id = %(entity)s FOR KEY SHARE
ON CONFLICT (entity, hash) DO NOTHING
RETURNING EXISTS (SELECT FROM {s}.summary o WHERE o.entity = w.entity AND o.hash <> w.hash)

-- name: kept_summaries
SELECT entity, hash FROM {s}.summary WHERE entity > %(after)s ORDER BY entity LIMIT %(limit)s

-- name: drop_summaries
DELETE FROM {s}.summary w
USING unnest(%(entities)s::int[], %(hashes)s::bytea[]) AS u (entity, hash)
WHERE w.entity = u.entity AND w.hash = u.hash
