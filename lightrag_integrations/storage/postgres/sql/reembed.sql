-- Statements that make the vectors of another model. {e} is the column searched, {o} the other one; one with {t} is
-- there for each table with vectors.

-- name: lock_meta
-- Waits for all snapshots that know which column is searched.
LOCK TABLE {s}.meta IN ACCESS EXCLUSIVE MODE

-- name: set_meta
INSERT INTO {s}.meta SELECT * FROM unnest(%(keys)s::text[], %(values)s::text[])
ON CONFLICT (key) DO UPDATE SET value = excluded.value

-- name: forget_meta
DELETE FROM {s}.meta WHERE key = ANY(%(keys)s)

-- name: count_filled
UPDATE {s}.meta SET value = (value::int8 + %(count)s)::text WHERE key = 'filling_done'

-- name: clear_blank
DELETE FROM {s}.blank

-- name: add_blank
INSERT INTO {s}.blank SELECT %(kind)s, unnest(%(ids)s::int8[]) ON CONFLICT DO NOTHING

-- name: count_filling
-- Of each kind: rows that have their vector, and rows that lack it.
SELECT (SELECT count(*) FROM {s}.blank WHERE kind = 'chunk') + count({o}),
       count(*) FILTER (WHERE {o} IS NULL AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'chunk' AND b.id = c.id))
FROM {s}.chunk c
UNION ALL
SELECT (SELECT count(*) FROM {s}.blank WHERE kind = 'entity') + count({o}),
       count(*) FILTER (WHERE {o} IS NULL
                        AND coalesce((SELECT true FROM {s}.mention m WHERE m.entity = e.id LIMIT 1),
                                     (SELECT true FROM {s}.aside_mention m WHERE m.entity = e.id LIMIT 1))
                        AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'entity' AND b.id = e.id))
FROM {s}.entity e
UNION ALL
SELECT (SELECT count(*) FROM {s}.blank WHERE kind = 'fact') + count({o}),
       count(*) FILTER (WHERE {o} IS NULL AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'fact' AND b.id = f.id))
FROM {s}.fact f
UNION ALL
SELECT (SELECT count(*) FROM {s}.blank WHERE kind = 'aside') + count({o}),
       count(*) FILTER (WHERE {o} IS NULL AND NOT EXISTS (SELECT FROM {s}.fact f WHERE f.id = a.id)
                        AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'aside' AND b.id = a.id))
FROM {s}.aside_fact a

-- name: unfilled_chunk
SELECT c.id, c.title, c.content FROM {s}.chunk c
WHERE c.id > %(after)s AND c.{o} IS NULL
  AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'chunk' AND b.id = c.id)
ORDER BY c.id LIMIT %(limit)s

-- name: unfilled_entity
-- Those that nothing mentions are left out: they are not seen, and whoever mentions them gives them a vector.
SELECT e.id, e.key FROM {s}.entity e
WHERE e.id > %(after)s AND e.{o} IS NULL
  AND coalesce((SELECT true FROM {s}.mention m WHERE m.entity = e.id LIMIT 1),
               (SELECT true FROM {s}.aside_mention m WHERE m.entity = e.id LIMIT 1))
  AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'entity' AND b.id = e.id)
ORDER BY e.id LIMIT %(limit)s

-- name: unfilled_fact
-- The names are asked for where there is no description, and are those that the chunk said, whatever edits show.
SELECT f.id, f.description,
       coalesce((SELECT surface FROM {s}.said_mention m
                 WHERE f.description = '' AND m.chunk = f.chunk AND m.entity = f.source LIMIT 1), ''),
       f.keywords,
       coalesce((SELECT surface FROM {s}.said_mention m
                 WHERE f.description = '' AND m.chunk = f.chunk AND m.entity = f.target LIMIT 1), '')
FROM (
    SELECT f.id, f.chunk, coalesce(a.source, f.source) AS source, coalesce(a.target, f.target) AS target,
           f.description, f.keywords
    FROM {s}.fact f LEFT JOIN {s}.aside_fact a ON a.id = f.id
    WHERE f.id > %(after)s AND f.{o} IS NULL
      AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'fact' AND b.id = f.id)
    ORDER BY f.id LIMIT %(limit)s
) f
ORDER BY f.id

-- name: unfilled_aside_fact
-- Facts that are not shown keep their vectors aside.
SELECT f.id, f.description,
       coalesce((SELECT surface FROM {s}.said_mention m
                 WHERE f.description = '' AND m.chunk = f.chunk AND m.entity = f.source LIMIT 1), ''),
       f.keywords,
       coalesce((SELECT surface FROM {s}.said_mention m
                 WHERE f.description = '' AND m.chunk = f.chunk AND m.entity = f.target LIMIT 1), '')
FROM {s}.aside_fact f
WHERE f.id > %(after)s AND f.{o} IS NULL AND NOT EXISTS (SELECT FROM {s}.fact o WHERE o.id = f.id)
  AND NOT EXISTS (SELECT FROM {s}.blank b WHERE b.kind = 'aside' AND b.id = f.id)
ORDER BY f.id LIMIT %(limit)s

-- name: fill
-- A row that somebody holds is left for the next round: nobody waits for the other.
WITH free AS (
    SELECT id FROM {s}.{t} WHERE id = ANY(%(ids)s::int8[]) AND {o} IS NULL ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE {s}.{t} t SET {o} = u.embedding
FROM unnest(%(ids)s::int8[], %(embeddings)s::{v}.halfvec[]) AS u (id, embedding) JOIN free ON free.id = u.id
WHERE t.id = u.id
RETURNING t.id

-- name: empty
WITH full_ones AS (
    SELECT id FROM {s}.{t} WHERE id > %(after)s AND {o} IS NOT NULL ORDER BY id LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE {s}.{t} t SET {o} = NULL FROM full_ones WHERE t.id = full_ones.id RETURNING t.id

-- name: count_other
SELECT (SELECT count({o}) FROM {s}.chunk) + (SELECT count({o}) FROM {s}.entity)
       + (SELECT count({o}) FROM {s}.fact) + (SELECT count({o}) FROM {s}.aside_fact)
