-- name: read_all
-- A cursor's plan is made for its first rows, unless told that all are wanted.
SET LOCAL cursor_tuple_fraction = 1

-- name: whole_documents
SELECT d.document_id, d.title, d.source,
       CASE WHEN %(visible)s::int[] IS NULL THEN d.metadata ELSE (
           -- A chunk may have another value of its own: what only hidden chunks show is not told.
           SELECT coalesce(jsonb_object_agg(one.key, one.value), '{{}}'::jsonb)
           FROM jsonb_each(d.metadata) AS one
           WHERE NOT EXISTS (
               SELECT FROM {s}.chunk c
               WHERE c.document = d.id AND c.id IN (SELECT unnest(%(visible)s::int[]))
                 AND (c.metadata -> one.key) IS DISTINCT FROM one.value)
       ) END
FROM {s}.document d
WHERE EXISTS (
    SELECT FROM {s}.chunk c
    WHERE c.document = d.id
      AND (%(visible)s::int[] IS NULL OR c.id IN (SELECT unnest(%(visible)s::int[]))))
ORDER BY d.document_id

-- name: whole_chunks
WITH named AS MATERIALIZED (
    SELECT DISTINCT ON (entity) entity, surface FROM (
        SELECT entity, surface, count(*) AS uses, count(*) FILTER (WHERE surface = ANY(edited)) AS merged
        FROM {s}.mention
        WHERE entity IN (SELECT entity FROM {s}.mention WHERE edited IS NOT NULL)
          AND (%(visible)s::int[] IS NULL OR chunk IN (SELECT unnest(%(visible)s::int[])))
        GROUP BY entity, surface
    ) counted
    ORDER BY entity, uses - merged DESC, uses DESC, surface
)
SELECT c.chunk_id, d.document_id, c.position, c.span_start, c.span_end, c.title, c.content, c.metadata,
       (SELECT jsonb_agg(jsonb_build_array(
                   -- Another name goes out as the one it was merged into: so the same graph comes in again.
                   e.key, CASE WHEN m.surface = ANY(m.edited) THEN n.surface ELSE m.surface END, m.type, m.description,
                   m.is_title) ORDER BY e.key)
        FROM {s}.mention m JOIN {s}.entity e ON e.id = m.entity LEFT JOIN named n ON n.entity = m.entity
        WHERE m.chunk = c.id),
       (SELECT jsonb_agg(jsonb_build_array(coalesce(a.root, o.source), o.target, o.label, o.ordinal, o.properties)
                         ORDER BY o.source, o.label, o.target)
        FROM {s}.note o LEFT JOIN {s}.alias a ON a.key = o.source AND o.target = ''
        WHERE o.chunk = c.id AND o.ordinal IS NULL)
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE %(visible)s::int[] IS NULL OR c.id IN (SELECT unnest(%(visible)s::int[]))
ORDER BY d.document_id, c.position, c.chunk_id

-- name: whole_entities
WITH ends AS (
    SELECT source, target FROM {s}.fact
    WHERE source <> target
      AND (%(visible)s::int[] IS NULL OR chunk IN (SELECT unnest(%(visible)s::int[])))
), degrees AS (
    SELECT id, count(DISTINCT other) AS degree
    FROM (SELECT source AS id, target AS other FROM ends UNION ALL SELECT target, source FROM ends) both_ways
    GROUP BY id
)
SELECT e.id, e.key, count(*) OVER (PARTITION BY e.id)::int8, coalesce(g.degree, 0)::int8,
       EXISTS (SELECT FROM {s}.summary w WHERE w.entity = e.id), m.surface, m.type, m.description, d.document_id,
       m.edited
FROM {s}.mention m
JOIN {s}.entity e ON e.id = m.entity
JOIN {s}.chunk c ON c.id = m.chunk
JOIN {s}.document d ON d.id = c.document
LEFT JOIN degrees g ON g.id = m.entity
WHERE %(visible)s::int[] IS NULL OR m.chunk IN (SELECT unnest(%(visible)s::int[]))
ORDER BY e.key, d.document_id, c.position, c.chunk_id

-- name: whole_facts
WITH named AS MATERIALIZED (
    SELECT DISTINCT ON (entity) entity, surface FROM (
        SELECT entity, surface, count(*) AS uses, count(*) FILTER (WHERE surface = ANY(edited)) AS merged
        FROM {s}.mention
        WHERE %(visible)s::int[] IS NULL OR chunk IN (SELECT unnest(%(visible)s::int[]))
        GROUP BY entity, surface
    ) counted
    ORDER BY entity, uses - merged DESC, uses DESC, surface
)
SELECT least(s.key, t.key), greatest(s.key, t.key), f.id, f.source, f.target, f.chunk, a.surface, b.surface,
       f.description, f.keywords, f.weight, c.chunk_id, d.document_id,
       CASE WHEN f.span_end > 0 THEN f.span_start ELSE c.span_start END,
       CASE WHEN f.span_end > 0 THEN f.span_end ELSE c.span_end END,
       f.ordinal, f.cooccurrence, o.label, o.properties
FROM {s}.fact f
LEFT JOIN {s}.note o ON o.chunk = f.chunk AND o.ordinal = f.ordinal
JOIN {s}.entity s ON s.id = f.source
JOIN {s}.entity t ON t.id = f.target
JOIN named a ON a.entity = f.source
JOIN named b ON b.entity = f.target
JOIN {s}.chunk c ON c.id = f.chunk
JOIN {s}.document d ON d.id = c.document
WHERE %(visible)s::int[] IS NULL OR f.chunk IN (SELECT unnest(%(visible)s::int[]))
ORDER BY 1, 2, d.document_id, c.position, c.chunk_id, f.ordinal
