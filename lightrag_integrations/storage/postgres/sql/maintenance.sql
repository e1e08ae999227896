-- name: segments
SELECT id, sign, level, n_chunks FROM {s}.segment ORDER BY id

-- name: segment_chunks
SELECT sign, chunks, lengths FROM {s}.segment WHERE id = ANY(%(segments)s::int8[]) ORDER BY id

-- name: segment_postings
SELECT term, chunks, tfs, lengths FROM {s}.postings WHERE segment = ANY(%(segments)s::int8[]) ORDER BY term, segment, block

-- name: remove_postings
DELETE FROM {s}.postings WHERE segment = ANY(%(segments)s::int8[])

-- name: remove_segments
DELETE FROM {s}.segment WHERE id = ANY(%(segments)s::int8[])

-- name: idle_relations
-- Only locked here; whether they are still idle is asked again by the next statement, which sees what writers
-- committed before they let go of their locks.
SELECT id FROM {s}.relation r WHERE NOT EXISTS (SELECT FROM {s}.fact f WHERE f.relation = r.id)
ORDER BY low, high LIMIT %(limit)s FOR UPDATE SKIP LOCKED

-- name: idle_relations_among
SELECT id FROM {s}.relation r
WHERE id = ANY(%(ids)s::int[]) AND NOT EXISTS (SELECT FROM {s}.fact f WHERE f.relation = r.id)
ORDER BY low, high FOR UPDATE SKIP LOCKED

-- name: sweep_relations
DELETE FROM {s}.relation r
WHERE id = ANY(%(ids)s::int[]) AND NOT EXISTS (SELECT FROM {s}.fact f WHERE f.relation = r.id)

-- name: idle_entities
SELECT id FROM {s}.entity e
WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.aside_mention a WHERE a.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.low = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.high = e.id)
ORDER BY key LIMIT %(limit)s FOR UPDATE SKIP LOCKED

-- name: idle_entities_among
SELECT id FROM {s}.entity e
WHERE id = ANY(%(ids)s::int[])
  AND NOT EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.aside_mention a WHERE a.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.low = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.high = e.id)
ORDER BY key FOR UPDATE SKIP LOCKED

-- name: sweep_entities
DELETE FROM {s}.entity e
WHERE id = ANY(%(ids)s::int[])
  AND NOT EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.aside_mention a WHERE a.entity = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.low = e.id)
  AND NOT EXISTS (SELECT FROM {s}.relation r WHERE r.high = e.id)
