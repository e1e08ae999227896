-- name: copy_notes
COPY {s}.note (chunk, ordinal, source, target, label, properties) FROM STDIN (FORMAT binary)

-- name: noted_mentions
-- A chunk that is written again has a higher number: so what was said last comes last. What was said of a name that was
-- merged into another is said of the other.
WITH wanted AS (
    SELECT e.id, k.key
    FROM unnest(%(entities)s::int[]) AS u (id) JOIN {s}.entity e ON e.id = u.id
    CROSS JOIN LATERAL (
        SELECT e.key UNION SELECT a.key FROM {s}.alias a WHERE a.root = e.key
    ) k
), noted AS (
    SELECT w.id AS entity, n.chunk, n.properties
    FROM wanted w JOIN {s}.note n ON n.source = w.key AND n.target = '' AND n.ordinal IS NULL
    WHERE EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = n.chunk AND m.entity = w.id)
)
SELECT m.entity, c.chunk_id, d.document_id, m.properties
FROM (
    SELECT * FROM noted
    UNION ALL
    SELECT u.id, m.chunk, NULL
    FROM unnest(%(entities)s::int[]) AS u (id) CROSS JOIN LATERAL (
        SELECT chunk FROM {s}.mention WHERE entity = u.id ORDER BY is_title DESC, tie LIMIT %(limit)s
    ) m
) m
JOIN {s}.chunk c ON c.id = m.chunk JOIN {s}.document d ON d.id = c.document
ORDER BY m.entity, m.chunk, m.properties IS NULL

-- name: set_entity_vectors
-- Those that callers gave: what is stored already is not written again.
WITH given AS (
    SELECT e.id, u.embedding
    FROM unnest(%(keys)s::text[], %(embeddings)s::{v}.halfvec[]) AS u (key, embedding) JOIN {s}.entity e ON e.key = u.key
    WHERE u.embedding IS NOT NULL AND e.{e} IS DISTINCT FROM u.embedding
    ORDER BY e.key FOR NO KEY UPDATE OF e
)
UPDATE {s}.entity e SET {e} = given.embedding FROM given WHERE e.id = given.id

-- name: notes_of_facts
SELECT f.id, n.label, n.properties
FROM unnest(%(facts)s::int8[]) AS u (id) JOIN {s}.fact f ON f.id = u.id
LEFT JOIN {s}.note n ON n.chunk = f.chunk AND n.ordinal = f.ordinal
ORDER BY f.chunk, f.ordinal

-- name: facts_labelled
SELECT f.id FROM {s}.fact f LEFT JOIN {s}.note n ON n.chunk = f.chunk AND n.ordinal = f.ordinal
WHERE coalesce(nullif(n.label, ''), f.keywords ->> 0, %(plain)s::text) = ANY(%(labels)s::text[])
ORDER BY f.chunk, f.ordinal

-- name: facts_noting
SELECT f.id FROM {s}.note n JOIN {s}.fact f ON f.chunk = n.chunk AND f.ordinal = n.ordinal
WHERE n.properties @> ANY(%(pairs)s::jsonb[])
ORDER BY f.chunk, f.ordinal

-- name: entities_noting
SELECT DISTINCT m.entity
FROM {s}.note n
LEFT JOIN {s}.alias a ON a.key = n.source
JOIN {s}.entity e ON e.key = coalesce(a.root, n.source)
JOIN {s}.mention m ON m.chunk = n.chunk AND m.entity = e.id
WHERE n.ordinal IS NULL AND n.target = '' AND n.properties @> ANY(%(pairs)s::jsonb[])

-- name: all_entities
SELECT e.id FROM {s}.entity e WHERE EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id) ORDER BY e.key

-- name: facts_at
SELECT f.id
FROM unnest(%(entities)s::int[]) WITH ORDINALITY AS u (id, place) CROSS JOIN LATERAL (
    (SELECT id, weight, tie, ordinal FROM {s}.fact
     WHERE source = u.id ORDER BY weight DESC, tie, ordinal LIMIT %(limit)s)
    UNION ALL
    (SELECT id, weight, tie, ordinal FROM {s}.fact
     WHERE target = u.id AND source <> u.id ORDER BY weight DESC, tie, ordinal LIMIT %(limit)s)
) f
ORDER BY u.place, f.weight DESC, f.tie, f.ordinal

-- name: chunks_telling
SELECT c.chunk_id FROM {s}.chunk c WHERE c.id IN (
    SELECT m.chunk FROM {s}.entity e JOIN {s}.said_mention m ON m.entity = e.id WHERE e.key = ANY(%(keys)s::text[])
    UNION
    SELECT f.chunk
    FROM unnest(%(sources)s::text[], %(targets)s::text[]) AS u (source, target)
    JOIN {s}.entity s ON s.key = u.source
    JOIN {s}.entity t ON t.key = u.target
    JOIN {s}.said_fact f ON f.source = s.id AND f.target = t.id
)
ORDER BY c.chunk_id

-- name: noted_links
SELECT c.chunk_id, n.source, n.target, n.label, n.properties
FROM {s}.note n JOIN {s}.chunk c ON c.id = n.chunk
WHERE n.ordinal IS NULL AND n.target <> ''
  AND (%(ends)s::text[] IS NULL OR n.source = ANY(%(ends)s::text[]) OR n.target = ANY(%(ends)s::text[]))
  AND (%(labels)s::text[] IS NULL OR n.label = ANY(%(labels)s::text[]))
ORDER BY n.chunk, n.source, n.label, n.target

-- name: schema_of_entities
SELECT m.type, p.key, min(jsonb_typeof(p.value))
FROM {s}.mention m JOIN {s}.entity e ON e.id = m.entity
LEFT JOIN {s}.note n ON n.chunk = m.chunk AND n.source = e.key AND n.target = '' AND n.ordinal IS NULL
LEFT JOIN LATERAL jsonb_each(n.properties) AS p (key, value) ON true
GROUP BY m.type, p.key ORDER BY m.type, p.key

-- name: schema_of_relations
SELECT label, p.key, min(jsonb_typeof(p.value))
FROM (
    SELECT coalesce(nullif(n.label, ''), f.keywords ->> 0, %(plain)s::text) AS label, n.properties
    FROM {s}.fact f LEFT JOIN {s}.note n ON n.chunk = f.chunk AND n.ordinal = f.ordinal
    UNION ALL
    SELECT label, properties FROM {s}.note WHERE ordinal IS NULL AND target <> ''
) told LEFT JOIN LATERAL jsonb_each(told.properties) AS p (key, value) ON true
GROUP BY label, p.key ORDER BY label, p.key

-- name: schema_of_ends
WITH kinds AS MATERIALIZED (
    SELECT DISTINCT ON (entity) entity, type FROM (
        SELECT entity, type, count(*) AS uses FROM {s}.mention GROUP BY entity, type
    ) counted
    ORDER BY entity, type = '', uses DESC, type
)
SELECT DISTINCT a.type, coalesce(nullif(n.label, ''), f.keywords ->> 0, %(plain)s::text), b.type
FROM {s}.fact f JOIN kinds a ON a.entity = f.source JOIN kinds b ON b.entity = f.target
LEFT JOIN {s}.note n ON n.chunk = f.chunk AND n.ordinal = f.ordinal
ORDER BY 1, 2, 3

-- name: lock_chunk_homes
-- Documents that the work is to have are made where they are missing, so that two that make the same one wait.
INSERT INTO {s}.document (document_id, title, source, metadata, content, content_hash)
SELECT u.id, '', '', '{{}}', '', '' FROM unnest(%(ids)s::text[]) AS u (id) ORDER BY u.id COLLATE "C"
ON CONFLICT (document_id) DO NOTHING

-- name: whole_chunk_rows
SELECT c.id, d.document_id, d.title, d.source, d.metadata, d.content_hash, c.chunk_id, c.position, c.span_start,
       c.span_end, c.token_count, c.length, c.title, c.content, c.content_hash, c.metadata, {v}.halfvec_send(c.{e})
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE c.chunk_id = ANY(%(ids)s)

-- name: whole_chunk_mentions
SELECT m.chunk, e.key, m.surface, m.type, m.description, m.is_title
FROM {s}.said_mention m JOIN {s}.entity e ON e.id = m.entity
WHERE m.chunk = ANY(%(chunks)s::int[]) ORDER BY m.chunk, e.key

-- name: whole_chunk_facts
SELECT f.chunk, s.key, t.key, f.description, f.keywords, f.weight, f.span_start, f.span_end, f.cooccurrence,
       {v}.halfvec_send(coalesce(shown.{e}, aside.{e})), f.ordinal
FROM {s}.said_fact f
JOIN {s}.entity s ON s.id = f.source JOIN {s}.entity t ON t.id = f.target
LEFT JOIN {s}.fact shown ON shown.id = f.id LEFT JOIN {s}.aside_fact aside ON aside.id = f.id
WHERE f.chunk = ANY(%(chunks)s::int[]) ORDER BY f.chunk, f.ordinal

-- name: whole_chunk_notes
SELECT chunk, source, target, label, ordinal, properties FROM {s}.note
WHERE chunk = ANY(%(chunks)s::int[]) ORDER BY chunk, ordinal, source, label, target

-- name: dump_notes
SELECT c.chunk_id, n.ordinal, n.source, n.target, n.label, n.properties
FROM {s}.note n JOIN {s}.chunk c ON c.id = n.chunk
ORDER BY c.chunk_id, n.ordinal, n.source, n.label, n.target
