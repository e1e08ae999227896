-- name: lock_content
-- Every writer begins with pending rows, so it waits here before it holds anything; readers wait for nothing.
LOCK TABLE {s}.pending IN EXCLUSIVE MODE;
LOCK TABLE {s}.document, {s}.chunk, {s}.entity, {s}.relation, {s}.mention, {s}.fact, {s}.segment, {s}.postings,
    {s}.aside_mention, {s}.aside_fact IN SHARE ROW EXCLUSIVE MODE

-- name: mend_name
INSERT INTO {s}.meta AS m (key, value) VALUES ('name', %(index)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE m.value <> excluded.value
RETURNING value

-- name: mend_dimension
-- The column's type tells, and else the vectors themselves.
INSERT INTO {s}.meta (key, value)
SELECT 'dimension', dimension::text
FROM (SELECT atttypmod AS dimension, 2147483647 AS uses FROM pg_catalog.pg_attribute
      WHERE attrelid = '{s}.chunk'::regclass AND attname = '{e}' AND atttypmod > 0
      UNION ALL
      SELECT {v}.vector_dims({e}), count(*) FROM {s}.chunk WHERE {e} IS NOT NULL GROUP BY 1) AS found
ORDER BY uses DESC, dimension LIMIT 1
ON CONFLICT (key) DO UPDATE SET value = excluded.value
RETURNING value

-- name: mend_sequence
SELECT setval(%(sequence)s::regclass, %(most)s)

-- name: mend_orphaned_chunks
WITH gone AS (
    SELECT id FROM {s}.chunk c WHERE NOT EXISTS (SELECT FROM {s}.document d WHERE d.id = c.document)
), facts AS (
    DELETE FROM {s}.fact WHERE chunk IN (SELECT id FROM gone)
), mentions AS (
    DELETE FROM {s}.mention WHERE chunk IN (SELECT id FROM gone)
), aside_facts AS (
    DELETE FROM {s}.aside_fact WHERE chunk IN (SELECT id FROM gone)
), aside_mentions AS (
    DELETE FROM {s}.aside_mention WHERE chunk IN (SELECT id FROM gone)
)
DELETE FROM {s}.chunk WHERE id IN (SELECT id FROM gone) RETURNING chunk_id

-- name: mend_orphaned_mentions
DELETE FROM {s}.mention m WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = m.chunk)
RETURNING surface || ' (' || chunk || ')'

-- name: mend_orphaned_facts
DELETE FROM {s}.fact f WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = f.chunk)
RETURNING description || ' (' || id || ')'

-- name: mend_orphaned_asides
WITH facts AS (
    DELETE FROM {s}.aside_fact a WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = a.chunk) RETURNING description
), mentions AS (
    DELETE FROM {s}.aside_mention a WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = a.chunk) RETURNING surface
)
SELECT description FROM facts UNION ALL SELECT surface FROM mentions

-- name: mend_baseless
UPDATE {s}.document SET content_hash = ''
WHERE content_hash <> '' AND id IN (SELECT c.document FROM {s}.baseless b JOIN {s}.chunk c ON c.id = b.chunk)
RETURNING document_id

-- name: misshown
SELECT c.id, c.chunk_id FROM {s}.misshown m JOIN {s}.chunk c ON c.id = m.chunk ORDER BY c.id

-- name: clear_shown
-- Made again from what was said.
DELETE FROM {s}.mention m
WHERE edited IS NOT NULL AND NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = m.entity)

-- name: lost_entities
SELECT m.entity, m.surface FROM {s}.said_mention m
WHERE NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = m.entity)
GROUP BY m.entity, m.surface ORDER BY m.entity, count(*) DESC, m.surface

-- name: mend_entities
INSERT INTO {s}.entity (id, key) SELECT * FROM unnest(%(ids)s::int[], %(keys)s::text[])
ON CONFLICT DO NOTHING RETURNING key

-- name: mend_ends
-- A fact whose ends can't be right, in a chunk that mentions both ends of its relation.
UPDATE {s}.fact f
SET source = CASE WHEN f.source IN (r.low, r.high) THEN f.source ELSE r.low + r.high - f.target END,
    target = CASE WHEN f.source IN (r.low, r.high) THEN r.low + r.high - f.source ELSE f.target END
FROM {s}.relation r, {s}.chunk c
WHERE r.id = f.relation AND c.id = f.chunk
  AND (least(f.source, f.target), greatest(f.source, f.target)) <> (r.low, r.high)
  AND (f.source IN (r.low, r.high)) <> (f.target IN (r.low, r.high) AND f.target <> f.source)
  AND (f.source = f.target
       OR NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.source)
       OR NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.target))
  AND EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = r.low)
  AND EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = r.high)
RETURNING c.chunk_id

-- name: mend_relations
INSERT INTO {s}.relation (low, high)
SELECT DISTINCT least(f.source, f.target), greatest(f.source, f.target)
FROM {s}.fact f
WHERE NOT EXISTS (SELECT FROM {s}.relation r
                  WHERE r.low = least(f.source, f.target) AND r.high = greatest(f.source, f.target))
  AND EXISTS (SELECT FROM {s}.entity e WHERE e.id = f.source)
  AND EXISTS (SELECT FROM {s}.entity e WHERE e.id = f.target)
ORDER BY 1, 2
ON CONFLICT DO NOTHING
RETURNING low || '-' || high

-- name: mend_facts
UPDATE {s}.fact f SET relation = r.id
FROM {s}.relation r, {s}.chunk c
WHERE r.low = least(f.source, f.target) AND r.high = greatest(f.source, f.target) AND c.id = f.chunk
  AND NOT EXISTS (SELECT FROM {s}.relation own WHERE own.id = f.relation
                  AND own.low = least(f.source, f.target) AND own.high = greatest(f.source, f.target))
RETURNING c.chunk_id

-- name: mend_idle_relations
DELETE FROM {s}.relation r WHERE NOT EXISTS (SELECT FROM {s}.fact f WHERE f.relation = r.id)
RETURNING low || '-' || high

-- name: mend_idle_entities
DELETE FROM {s}.entity e
WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.aside_mention a WHERE a.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.low = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.high = e.id)
  AND NOT EXISTS (SELECT FROM {s}.fact f WHERE f.source = e.id)
  AND NOT EXISTS (SELECT FROM {s}.fact f WHERE f.target = e.id)
RETURNING key

-- name: mend_chunk_numbers
UPDATE {s}.chunk c SET length = u.length, tie = u.tie
FROM unnest(%(ids)s::int[], %(lengths)s::int[], %(ties)s::int8[]) AS u (id, length, tie)
WHERE c.id = u.id RETURNING c.chunk_id

-- name: mend_mention_ties
UPDATE {s}.mention m SET tie = c.tie FROM {s}.chunk c WHERE c.id = m.chunk AND m.tie <> c.tie RETURNING c.chunk_id

-- name: mend_fact_ties
UPDATE {s}.fact f SET tie = c.tie FROM {s}.chunk c WHERE c.id = f.chunk AND f.tie <> c.tie RETURNING c.chunk_id

-- name: mend_summaries
DELETE FROM {s}.summary w
WHERE w.content = '' OR octet_length(w.hash) <> 32 OR NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = w.entity)
RETURNING coalesce((SELECT e.key FROM {s}.entity e WHERE e.id = w.entity), w.entity::text)

-- name: mend_postings
DELETE FROM {s}.postings p WHERE NOT EXISTS (SELECT FROM {s}.segment g WHERE g.id = p.segment AND g.sign = 1)
RETURNING segment

-- name: clear_postings
DELETE FROM {s}.postings

-- name: clear_segments
DELETE FROM {s}.segment

-- name: mend_leases
UPDATE {s}.pending SET owner = '', lease_until = NULL
WHERE (owner <> '' OR lease_until IS NOT NULL)
  AND (failed OR owner = '' OR lease_until < now() OR lease_until > now() + make_interval(days => 7))
RETURNING document_id

-- name: mend_pending_chunks
UPDATE {s}.pending
SET chunk_ids = CASE WHEN chunks IS NOT NULL
                     THEN ARRAY(SELECT one ->> 'id' FROM json_array_elements(chunks::json) AS one) END
WHERE (chunks IS NULL) <> (chunk_ids IS NULL)
RETURNING document_id

-- name: mend_chunk_vectors
UPDATE {s}.chunk
SET {e} = CASE WHEN {v}.vector_dims({e}) = %(dimension)s::int AND {v}.l2_norm({e}) > 0
                     THEN {v}.l2_normalize({e}) END
WHERE {e} IS NOT NULL
  AND ({v}.vector_dims({e}) <> %(dimension)s::int OR abs({v}.l2_norm({e}) - 1) > 0.01)
RETURNING chunk_id

-- name: mend_entity_vectors
UPDATE {s}.entity
SET {e} = CASE WHEN {v}.vector_dims({e}) = %(dimension)s::int AND {v}.l2_norm({e}) > 0
                     THEN {v}.l2_normalize({e}) END
WHERE {e} IS NOT NULL
  AND ({v}.vector_dims({e}) <> %(dimension)s::int OR abs({v}.l2_norm({e}) - 1) > 0.01)
RETURNING key

-- name: mend_fact_vectors
UPDATE {s}.fact
SET {e} = CASE WHEN {v}.vector_dims({e}) = %(dimension)s::int AND {v}.l2_norm({e}) > 0
                     THEN {v}.l2_normalize({e}) END
WHERE {e} IS NOT NULL
  AND ({v}.vector_dims({e}) <> %(dimension)s::int OR abs({v}.l2_norm({e}) - 1) > 0.01)
RETURNING description || ' (' || id || ')'

-- name: mend_hidden_vectors
UPDATE {s}.aside_fact
SET {e} = CASE WHEN {v}.vector_dims({e}) = %(dimension)s::int AND {v}.l2_norm({e}) > 0
                     THEN {v}.l2_normalize({e}) END
WHERE {e} IS NOT NULL
  AND ({v}.vector_dims({e}) <> %(dimension)s::int OR abs({v}.l2_norm({e}) - 1) > 0.01)
RETURNING description

-- name: documents_to_redo
-- Only extracting and embedding them again can bring back what is lost.
UPDATE {s}.document d SET content_hash = ''
WHERE content_hash <> '' AND id IN (
    SELECT c.document FROM {s}.chunk c JOIN {s}.said_mention m ON m.chunk = c.id
    WHERE NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = m.entity)
    UNION
    SELECT c.document FROM {s}.chunk c JOIN {s}.fact f ON f.chunk = c.id
    WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.source)
       OR NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.target)
       OR f.weight IN ('NaN', 'Infinity', '-Infinity')
    UNION
    SELECT document FROM {s}.chunk WHERE {v}.vector_dims({e}) <> %(dimension)s::int
    UNION
    SELECT c.document FROM {s}.chunk c JOIN {s}.fact f ON f.chunk = c.id
    WHERE {v}.vector_dims(f.{e}) <> %(dimension)s::int
    UNION
    SELECT c.document FROM {s}.chunk c JOIN {s}.mention m ON m.chunk = c.id JOIN {s}.entity e ON e.id = m.entity
    WHERE {v}.vector_dims(e.{e}) <> %(dimension)s::int
)
RETURNING document_id

-- name: mend_records
UPDATE {s}.record SET updated_at = extract(epoch FROM now())::float8
WHERE NOT updated_at BETWEEN 0 AND extract(epoch FROM now())::float8 + 3600
RETURNING key

-- name: mend_notes
DELETE FROM {s}.note n WHERE n.ctid IN (SELECT place FROM {s}.idle_note)
RETURNING coalesce((SELECT c.chunk_id FROM {s}.chunk c WHERE c.id = n.chunk), n.chunk::text)
