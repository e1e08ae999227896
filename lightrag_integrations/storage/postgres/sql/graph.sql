-- name: named
SELECT k.key, k.id, m.mentions
FROM (
    SELECT key, id FROM {s}.entity WHERE key = ANY(%(keys)s::text[])
    UNION ALL
    -- A name that was merged into another has no mentions of its own.
    SELECT a.key, e.id FROM {s}.alias a JOIN {s}.entity e ON e.key = a.root WHERE a.key = ANY(%(keys)s::text[])
) k CROSS JOIN LATERAL (
    SELECT count(*)::int8 AS mentions FROM (
        SELECT FROM {s}.mention
        WHERE entity = k.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
        LIMIT %(counted)s
    ) first
) m
WHERE m.mentions > 0

-- name: edges
-- Everything a round of the walk reads, as columns: one call, one row.
WITH mentioned AS MATERIALIZED (
    SELECT m.entity, m.chunk, m.is_title
    FROM unnest(%(entities)s::int[]) AS u (id) CROSS JOIN LATERAL (
        SELECT entity, chunk, is_title FROM {s}.mention
        WHERE entity = u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
        ORDER BY is_title DESC, tie LIMIT %(limit)s
    ) m
    UNION ALL
    SELECT m.entity, m.chunk, m.is_title
    FROM unnest(%(chunks)s::int[]) AS u (id) CROSS JOIN LATERAL (
        SELECT entity, chunk, is_title FROM {s}.mention
        WHERE chunk = u.id
        ORDER BY is_title DESC, surface LIMIT %(limit)s
    ) m
), told AS MATERIALIZED (
    SELECT f.source, f.target, f.weight, f.id
    FROM unnest(%(entities)s::int[]) AS u (id) CROSS JOIN LATERAL (
        SELECT * FROM (
            (SELECT source, target, weight, id, tie, ordinal FROM {s}.fact
             WHERE source = u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
               AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
             ORDER BY weight DESC, tie, ordinal LIMIT %(limit)s)
            UNION ALL
            (SELECT source, target, weight, id, tie, ordinal FROM {s}.fact
             WHERE target = u.id AND source <> u.id
               AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
               AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
             ORDER BY weight DESC, tie, ordinal LIMIT %(limit)s)
        ) both_ways
        ORDER BY weight DESC, tie, ordinal LIMIT %(limit)s
    ) f
), entity_total AS (
    SELECT u.id, m.total + coalesce(a.total, 0) + coalesce(b.total, 0) AS total
    FROM unnest(%(entities)s::int[]) AS u (id)
    CROSS JOIN LATERAL (
        SELECT (count(*) + count(*) FILTER (WHERE is_title))::float8 AS total FROM (
            SELECT is_title FROM {s}.mention
            WHERE entity = u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
              AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
            ORDER BY is_title DESC, tie LIMIT %(weighed)s
        ) first
    ) m
    CROSS JOIN LATERAL (
        SELECT sum(weight) AS total FROM (
            SELECT weight FROM {s}.fact
            WHERE source = u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
              AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
            ORDER BY weight DESC, tie, ordinal LIMIT %(weighed)s
        ) first
    ) a
    CROSS JOIN LATERAL (
        SELECT sum(weight) AS total FROM (
            SELECT weight FROM {s}.fact
            WHERE target = u.id AND source <> u.id
              AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
              AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
            ORDER BY weight DESC, tie, ordinal LIMIT %(weighed)s
        ) first
    ) b
), chunk_total AS (
    SELECT chunk AS id, (count(*) + count(*) FILTER (WHERE is_title))::float8 AS total
    FROM {s}.mention
    WHERE chunk = ANY(%(chunks)s::int[])
    GROUP BY chunk
), near AS (
    SELECT c.id, 1 - (c.{e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec) AS cosine
    FROM {s}.chunk c
    -- As an array, so that the chunks are looked up by their key whatever the planner expects of their number.
    WHERE c.id = ANY(ARRAY(
        (SELECT chunk FROM mentioned UNION SELECT unnest(%(measured)s::int[])) EXCEPT SELECT unnest(%(known)s::int[])
    )) AND %(vector)s::{v}.halfvec IS NOT NULL AND c.{e} IS NOT NULL
)
SELECT m.*, f.*, e.*, c.*, n.*
FROM (SELECT array_agg(entity), array_agg(chunk), array_agg(CASE WHEN is_title THEN 2 ELSE 1 END::float8)
      FROM mentioned) m,
     (SELECT array_agg(source), array_agg(target), array_agg(weight), array_agg(id) FROM told) f,
     (SELECT array_agg(id), array_agg(total) FROM entity_total) e,
     (SELECT array_agg(id), array_agg(total) FROM chunk_total) c,
     (SELECT array_agg(id), array_agg(cosine) FROM near) n

-- name: links
WITH shared AS (
    SELECT p.chunk, p.entity, f.df
    FROM {s}.mention p JOIN {s}.chunk c ON c.id = p.chunk CROSS JOIN LATERAL (
        -- One more than allowed is enough to know that there are too many.
        SELECT count(*) AS df FROM (
            SELECT FROM {s}.mention o
            WHERE o.entity = p.entity AND (%(visible)s::int[] IS NULL OR o.chunk = ANY(%(visible)s::int[]))
              AND get_bit(%(flags)s::bytea, o.chunk) IS DISTINCT FROM 0
            LIMIT %(shared_by)s + 1
        ) counted
    ) f
    WHERE p.chunk = ANY(%(chunks)s::int[]) AND c.title = '' AND NOT p.is_title
      AND f.df BETWEEN 2 AND %(shared_by)s
)
SELECT u.id, q.chunk, q.weight
FROM unnest(%(chunks)s::int[]) WITH ORDINALITY AS u (id, place) CROSS JOIN LATERAL (
    (SELECT t.chunk, 1::float8 AS weight, row_number() OVER (ORDER BY d.document_id, c.position, c.chunk_id) AS rank
     FROM (
         SELECT DISTINCT t.chunk
         FROM {s}.mention p JOIN {s}.mention t ON t.entity = p.entity AND t.is_title
         WHERE p.chunk = u.id AND NOT p.is_title
           AND (%(visible)s::int[] IS NULL OR t.chunk = ANY(%(visible)s::int[]))
           AND get_bit(%(flags)s::bytea, t.chunk) IS DISTINCT FROM 0
     ) t
     JOIN {s}.chunk c ON c.id = t.chunk
     JOIN {s}.document d ON d.id = c.document
     WHERE NOT EXISTS (
         SELECT FROM {s}.mention same JOIN {s}.mention own ON own.entity = same.entity AND own.chunk = u.id
         WHERE same.chunk = t.chunk AND same.is_title AND own.is_title)
     ORDER BY rank LIMIT %(limit)s)
    UNION ALL
    (SELECT o.chunk, 1 / sqrt(s.df::float8), row_number() OVER (ORDER BY s.df, d.document_id, c.position, c.chunk_id, e.key)
     FROM shared s
     JOIN {s}.mention o ON o.entity = s.entity AND o.chunk <> u.id AND NOT o.is_title
     JOIN {s}.entity e ON e.id = s.entity
     JOIN {s}.chunk c ON c.id = o.chunk
     JOIN {s}.document d ON d.id = c.document
     WHERE s.chunk = u.id AND (%(visible)s::int[] IS NULL OR o.chunk = ANY(%(visible)s::int[]))
       AND get_bit(%(flags)s::bytea, o.chunk) IS DISTINCT FROM 0
     ORDER BY 3 LIMIT %(limit)s)
) q
ORDER BY u.place, q.weight DESC, q.rank

-- name: mentions_of_chunks
SELECT m.chunk, m.entity, m.is_title
FROM {s}.mention m JOIN {s}.entity e ON e.id = m.entity
WHERE m.chunk = ANY(%(chunks)s::int[])
ORDER BY array_position(%(chunks)s::int[], m.chunk), e.key

-- name: mentions_of_entities
SELECT u.id, q.chunk
FROM unnest(%(entities)s::int[]) AS u (id) CROSS JOIN LATERAL (
    SELECT m.chunk
    FROM {s}.mention m JOIN {s}.chunk c ON c.id = m.chunk JOIN {s}.document d ON d.id = c.document
    WHERE m.entity = u.id AND (%(visible)s::int[] IS NULL OR m.chunk = ANY(%(visible)s::int[]))
      AND get_bit(%(flags)s::bytea, m.chunk) IS DISTINCT FROM 0
    ORDER BY d.document_id, c.position, c.chunk_id LIMIT %(limit)s
) q

-- name: entities
-- Where `counted` is given, each count stops there; which rows are counted does not matter then.
WITH counted AS MATERIALIZED (
    SELECT e.id, e.key, EXISTS (SELECT FROM {s}.summary w WHERE w.entity = e.id) AS summarised,
           (SELECT count(*) FROM (
                SELECT FROM {s}.mention m
                WHERE m.entity = e.id AND (%(visible)s::int[] IS NULL OR m.chunk = ANY(%(visible)s::int[]))
                  AND get_bit(%(flags)s::bytea, m.chunk) IS DISTINCT FROM 0
                LIMIT %(counted)s::int
            ) m) AS mentions,
           (SELECT count(DISTINCT r.other) FROM (
                (SELECT f.target AS other FROM {s}.fact f
                 WHERE f.source = e.id AND (%(visible)s::int[] IS NULL OR f.chunk = ANY(%(visible)s::int[]))
                   AND get_bit(%(flags)s::bytea, f.chunk) IS DISTINCT FROM 0
                 ORDER BY f.weight DESC, f.tie, f.ordinal LIMIT %(counted)s::int)
                UNION ALL
                (SELECT f.source FROM {s}.fact f
                 WHERE f.target = e.id AND (%(visible)s::int[] IS NULL OR f.chunk = ANY(%(visible)s::int[]))
                   AND get_bit(%(flags)s::bytea, f.chunk) IS DISTINCT FROM 0
                 ORDER BY f.weight DESC, f.tie, f.ordinal LIMIT %(counted)s::int)
            ) r WHERE r.other <> e.id) AS degree
    FROM {s}.entity e WHERE e.id = ANY(%(entities)s::int[])
)
SELECT e.id, e.key, e.mentions::int8, e.degree::int8, e.summarised, m.surface, m.type, m.description, d.document_id,
       m.edited
FROM counted e CROSS JOIN LATERAL (
    SELECT chunk, surface, type, description, edited FROM {s}.mention
    WHERE entity = e.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
      AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
    ORDER BY is_title DESC, tie LIMIT %(sources)s::int
) m
JOIN {s}.chunk c ON c.id = m.chunk
JOIN {s}.document d ON d.id = c.document
ORDER BY d.document_id, c.position, c.chunk_id
