-- name: chunks
SELECT c.id, c.chunk_id, d.document_id, c.title, c.content, d.source, c.position, c.span_start, c.span_end, c.metadata,
       c.content_hash
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE c.id = ANY(%(chunks)s::int[])

-- name: places
SELECT c.id, d.document_id, c.position, c.chunk_id
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE c.id = ANY(%(chunks)s::int[])

-- name: find_chunks
SELECT c.id, c.chunk_id, d.document_id, c.title, c.content, d.source, c.position, c.span_start, c.span_end, c.metadata,
       c.content_hash
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE c.chunk_id = ANY(%(ids)s) AND (%(visible)s::int[] IS NULL OR c.id = ANY(%(visible)s::int[]))
  AND get_bit(%(flags)s::bytea, c.id) IS DISTINCT FROM 0

-- name: facts
-- Each fact with the names of its ends; then, without a fact, the names of the entities. They are told from a part of the
-- mentions, in which a hub's commonest name shows.
WITH told AS MATERIALIZED (
    SELECT f.id, f.source, f.target, f.chunk, f.weight, f.description, f.keywords, c.chunk_id, d.document_id,
           CASE WHEN f.span_end > 0 THEN f.span_start ELSE c.span_start END AS span_start,
           CASE WHEN f.span_end > 0 THEN f.span_end ELSE c.span_end END AS span_end
    FROM {s}.fact f JOIN {s}.chunk c ON c.id = f.chunk JOIN {s}.document d ON d.id = c.document
    WHERE f.id = ANY(%(facts)s::int8[]) AND (%(visible)s::int[] IS NULL OR f.chunk = ANY(%(visible)s::int[]))
      AND get_bit(%(flags)s::bytea, f.chunk) IS DISTINCT FROM 0
), named AS MATERIALIZED (
    SELECT DISTINCT ON (entity) entity, surface FROM (
        -- A name of its own goes before one that was merged into it.
        SELECT u.id AS entity, m.surface, count(*) AS uses,
               count(*) FILTER (WHERE m.surface = ANY(m.edited)) AS merged
        FROM (SELECT source AS id FROM told UNION SELECT target FROM told UNION SELECT unnest(%(entities)s::int[])) u
        CROSS JOIN LATERAL (
            SELECT surface, edited FROM {s}.mention
            WHERE entity = u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
              AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
            ORDER BY is_title DESC, tie LIMIT %(sources)s
        ) m
        GROUP BY u.id, m.surface
    ) counted
    ORDER BY entity, uses - merged DESC, CASE WHEN uses = merged THEN uses ELSE 0 END DESC, surface
)
SELECT told.*, s.surface, t.surface
FROM told JOIN named s ON s.entity = told.source JOIN named t ON t.entity = told.target
UNION ALL
SELECT NULL, entity, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, surface, NULL
FROM named WHERE entity = ANY(%(entities)s::int[])

-- name: facts_of_entities
SELECT f.id
FROM unnest(%(entities)s::int[]) WITH ORDINALITY AS u (id, place) CROSS JOIN LATERAL (
    SELECT f.id, row_number() OVER (ORDER BY f.weight DESC, d.document_id, c.position, c.chunk_id, f.ordinal) AS rank
    FROM (
        SELECT id, chunk, weight, ordinal FROM {s}.fact
        WHERE source = u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
        UNION ALL
        SELECT id, chunk, weight, ordinal FROM {s}.fact
        WHERE target = u.id AND source <> u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
    ) f JOIN {s}.chunk c ON c.id = f.chunk JOIN {s}.document d ON d.id = c.document
    ORDER BY rank LIMIT %(limit)s
) f
ORDER BY u.place, f.rank

-- name: statements
SELECT f.id, f.source, f.target, u.id, f.description
FROM unnest(%(chunks)s::int[]) WITH ORDINALITY AS u (id, place) CROSS JOIN LATERAL (
    SELECT id, source, target, description, ordinal FROM {s}.fact
    WHERE chunk = u.id
    ORDER BY ordinal LIMIT %(limit)s
) f
ORDER BY u.place, f.ordinal

-- name: facts_between
SELECT f.id
FROM unnest(%(lows)s::int[], %(highs)s::int[]) WITH ORDINALITY AS u (low, high, place) CROSS JOIN LATERAL (
    SELECT f.id, row_number() OVER (ORDER BY f.weight DESC, d.document_id, c.position, c.chunk_id, f.ordinal) AS rank
    FROM {s}.relation r JOIN {s}.fact f ON f.relation = r.id
    JOIN {s}.chunk c ON c.id = f.chunk JOIN {s}.document d ON d.id = c.document
    WHERE r.low = u.low AND r.high = u.high AND (%(visible)s::int[] IS NULL OR f.chunk = ANY(%(visible)s::int[]))
      AND get_bit(%(flags)s::bytea, f.chunk) IS DISTINCT FROM 0
    ORDER BY rank LIMIT %(limit)s
) f
ORDER BY u.place, f.rank

-- name: all_chunks
SELECT c.id, c.chunk_id, d.document_id, c.title, c.content, d.source, c.position, c.span_start, c.span_end, c.metadata,
       c.content_hash
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE (%(visible)s::int[] IS NULL OR c.id = ANY(%(visible)s::int[]))
  AND get_bit(%(flags)s::bytea, c.id) IS DISTINCT FROM 0
ORDER BY d.document_id, c.position, c.chunk_id
LIMIT %(limit)s::int

-- name: vectors
SELECT chunk_id, {v}.halfvec_send({e}) FROM {s}.chunk
WHERE chunk_id = ANY(%(ids)s) AND {e} IS NOT NULL
  AND (%(visible)s::int[] IS NULL OR id = ANY(%(visible)s::int[]))
  AND get_bit(%(flags)s::bytea, id) IS DISTINCT FROM 0
