-- Statements that look at a filter take the visible chunks in one of two forms, the other being NULL; both are NULL
-- where nothing is hidden. Few: `visible`, their ids, which an index finds. Many: `flags`, one bit for each id.

-- name: visible
-- The condition follows; the ids come as one array, with the sum of their lengths and the highest id of all.
SELECT coalesce(array_agg(c.id), '{{}}'), coalesce(sum(c.length), 0)::int8,
       (SELECT coalesce(max(id), 0)::int8 FROM {s}.chunk)
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE

-- name: corpus
SELECT coalesce(sum(sign * n_chunks), 0)::int8, coalesce(sum(sign * sum_length), 0)::int8 FROM {s}.segment

-- name: postings
SELECT p.term, p.chunks, p.tfs, p.lengths
FROM {s}.segment g JOIN {s}.postings p ON p.segment = g.id
WHERE g.sign = 1 AND p.term = ANY(%(terms)s::int8[])

-- name: rare_postings
WITH rare AS MATERIALIZED (
    SELECT p.term
    FROM {s}.segment g JOIN {s}.postings p ON p.segment = g.id
    WHERE g.sign = 1 AND p.term = ANY(%(terms)s::int8[])
    GROUP BY p.term HAVING sum(p.n) <= %(most)s
)
SELECT p.term, p.chunks, p.tfs, p.lengths
FROM {s}.segment g JOIN {s}.postings p ON p.segment = g.id
WHERE g.sign = 1 AND p.term = ANY(ARRAY(SELECT term FROM rare))

-- name: deleted
SELECT chunks FROM {s}.segment WHERE sign = -1

-- name: overview
-- What every search asks first, in one call.
SELECT (SELECT coalesce(sum(sign * n_chunks), 0)::int8 FROM {s}.segment),
       (SELECT coalesce(sum(sign * sum_length), 0)::int8 FROM {s}.segment),
       (SELECT array_agg(chunks) FROM {s}.segment WHERE sign = -1),
       (SELECT jsonb_object_agg(key, value) FROM {s}.meta),
       (SELECT array_agg(c.relname::text) FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(schema)s AND c.relname = ANY(%(names)s) AND i.indisvalid)

-- name: similarities
SELECT id, 1 - ({e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec)
FROM {s}.chunk WHERE id = ANY(%(chunks)s::int[]) AND {e} IS NOT NULL

-- name: count_vectors
SELECT (SELECT count(*) FROM (SELECT FROM {s}.chunk WHERE {e} IS NOT NULL LIMIT %(most)s) a),
       (SELECT count(*) FROM (SELECT FROM {s}.entity WHERE {e} IS NOT NULL LIMIT %(most)s) b),
       (SELECT count(*) FROM (SELECT FROM {s}.fact WHERE {e} IS NOT NULL LIMIT %(most)s) c)

-- name: vector_indexes
SELECT c.relname, i.indisvalid,
       EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid) AS building
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = ANY(%(names)s)

-- name: use_index
SELECT set_config('hnsw.ef_search', %(candidates)s, true), set_config('enable_seqscan', 'off', true)

-- name: use_any_plan
SELECT set_config('enable_seqscan', 'on', true)

-- name: exact_chunks
-- Here and below OFFSET 0 keeps the order by distance away from a vector index, which would find only nearly all.
SELECT id, 1 - distance FROM (
    SELECT id, chunk_id, {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec AS distance FROM {s}.chunk
    WHERE {e} IS NOT NULL AND (%(visible)s::int[] IS NULL OR id = ANY(%(visible)s::int[]))
      AND get_bit(%(flags)s::bytea, id) IS DISTINCT FROM 0
    OFFSET 0
) measured
ORDER BY distance, chunk_id LIMIT %(limit)s

-- name: exact_entities
SELECT id, 1 - distance FROM (
    SELECT e.id, e.key, e.{e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec AS distance FROM {s}.entity e
    WHERE e.{e} IS NOT NULL
      AND (CASE WHEN %(visible)s::int[] IS NULL AND %(flags)s::bytea IS NULL
           THEN EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)
           ELSE e.id IN (SELECT m.entity FROM {s}.mention m
                         WHERE (%(visible)s::int[] IS NULL OR m.chunk = ANY(%(visible)s::int[]))
                           AND get_bit(%(flags)s::bytea, m.chunk) IS DISTINCT FROM 0) END)
    OFFSET 0
) measured
ORDER BY distance, key LIMIT %(limit)s

-- name: exact_facts
SELECT f.*, 1 - best.distance
FROM (
    SELECT id, tie, ordinal, distance FROM (
        SELECT id, tie, ordinal, {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec AS distance FROM {s}.fact
        WHERE {e} IS NOT NULL AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
        OFFSET 0
    ) measured
    ORDER BY distance, tie, ordinal LIMIT %(limit)s
) best
-- OFFSET keeps the planner from joining whole tables for a limit that it can't know.
CROSS JOIN LATERAL (SELECT id, source, target, chunk, description FROM {s}.fact WHERE id = best.id OFFSET 0) f
ORDER BY best.distance, best.tie, best.ordinal

-- name: indexed_chunks
WITH near AS MATERIALIZED (
    SELECT id, chunk_id, {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec AS distance FROM {s}.chunk
    WHERE {e} IS NOT NULL
    ORDER BY {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec LIMIT %(candidates)s
)
SELECT id, 1 - distance FROM near
WHERE (%(visible)s::int[] IS NULL OR id = ANY(%(visible)s::int[]))
  AND get_bit(%(flags)s::bytea, id) IS DISTINCT FROM 0
ORDER BY distance, chunk_id LIMIT %(limit)s

-- name: indexed_entities
WITH near AS MATERIALIZED (
    SELECT id, key, {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec AS distance FROM {s}.entity
    WHERE {e} IS NOT NULL
    ORDER BY {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec LIMIT %(candidates)s
)
SELECT id, 1 - distance FROM near
WHERE EXISTS (SELECT FROM {s}.mention m WHERE m.entity = near.id
              AND (%(visible)s::int[] IS NULL OR m.chunk = ANY(%(visible)s::int[]))
              AND get_bit(%(flags)s::bytea, m.chunk) IS DISTINCT FROM 0)
ORDER BY distance, key LIMIT %(limit)s

-- name: indexed_facts
WITH near AS MATERIALIZED (
    SELECT id, chunk, tie, ordinal, {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec AS distance FROM {s}.fact
    WHERE {e} IS NOT NULL
    ORDER BY {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec LIMIT %(candidates)s
)
SELECT f.*, 1 - best.distance
FROM (
    SELECT * FROM near
    WHERE (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
      AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
    ORDER BY distance, tie, ordinal LIMIT %(limit)s
) best
CROSS JOIN LATERAL (SELECT id, source, target, chunk, description FROM {s}.fact WHERE id = best.id OFFSET 0) f
ORDER BY best.distance, best.tie, best.ordinal
