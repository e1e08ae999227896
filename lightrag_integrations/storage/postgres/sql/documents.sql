-- name: stored
SELECT document_id, content_hash, source, metadata FROM {s}.document WHERE document_id = ANY(%(ids)s)

-- name: chunk_hashes
SELECT d.document_id, c.chunk_id, c.content_hash, c.metadata, c.position, c.span_start, c.span_end, c.token_count
FROM {s}.document d JOIN {s}.chunk c ON c.document = d.id
WHERE d.document_id = ANY(%(ids)s)

-- name: document_text
SELECT content FROM {s}.document WHERE document_id = %(id)s

-- name: statuses
WITH listed AS (
    SELECT d.id, document_id, p.document_id IS NOT NULL AS waiting,
           CASE WHEN p.document_id IS NULL THEN 'processed' WHEN p.failed THEN 'failed'
                WHEN p.lease_until >= now() AND p.owner <> ALL(%(dead)s) THEN 'processing' ELSE 'pending' END AS state,
           coalesce(p.title, d.title) AS title, coalesce(p.source, d.source) AS source,
           coalesce(p.metadata, d.metadata) AS metadata, coalesce(p.error, '') AS error,
           coalesce(p.attempts, 0) AS attempts
    FROM {s}.document d FULL JOIN {s}.pending p USING (document_id)
    WHERE %(ids)s::text[] IS NULL OR document_id = ANY(%(ids)s)
), chosen AS (
    SELECT * FROM listed WHERE %(status)s::text IS NULL OR state = %(status)s
    ORDER BY document_id LIMIT %(limit)s
)
SELECT document_id, state, title, source, (SELECT count(*) FROM {s}.chunk c WHERE c.document = chosen.id),
       error, attempts, metadata
FROM chosen ORDER BY document_id

-- name: lock_documents
SELECT id, document_id FROM {s}.document WHERE document_id = ANY(%(ids)s) ORDER BY document_id FOR UPDATE

-- name: metadata_of_documents
SELECT d.document_id, d.metadata, c.id, c.chunk_id, c.metadata
FROM {s}.document d LEFT JOIN {s}.chunk c ON c.document = d.id
WHERE d.document_id = ANY(%(ids)s)

-- name: update_documents_metadata
UPDATE {s}.document d SET source = u.source, metadata = u.metadata::jsonb
FROM unnest(%(ids)s::text[], %(sources)s::text[], %(metadata)s::text[]) AS u (document_id, source, metadata)
WHERE d.document_id = u.document_id

-- name: update_chunks_metadata
UPDATE {s}.chunk c SET metadata = u.metadata::jsonb
FROM unnest(%(ids)s::int[], %(metadata)s::text[]) AS u (id, metadata)
WHERE c.id = u.id

-- name: documents_of_chunks
SELECT DISTINCT d.document_id FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE c.chunk_id = ANY(%(ids)s)

-- name: chunks_of_documents
SELECT id, length FROM {s}.chunk WHERE document = ANY(%(documents)s::int[])

-- name: chunks_by_id
SELECT c.id, c.length, c.document, d.document_id, c.chunk_id
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
WHERE c.chunk_id = ANY(%(ids)s)

-- name: remove_chunks
-- Foreign keys are checked when the whole statement is done, so the order of these does not matter.
WITH gone_facts AS (DELETE FROM {s}.fact WHERE chunk = ANY(%(chunks)s::int[])),
     gone_mentions AS (DELETE FROM {s}.mention WHERE chunk = ANY(%(chunks)s::int[])),
     gone_aside AS (DELETE FROM {s}.aside_mention WHERE chunk = ANY(%(chunks)s::int[])),
     gone_aside_facts AS (DELETE FROM {s}.aside_fact WHERE chunk = ANY(%(chunks)s::int[]))
DELETE FROM {s}.chunk WHERE id = ANY(%(chunks)s::int[])

-- name: entities_of_chunks
SELECT entity FROM {s}.mention WHERE chunk = ANY(%(chunks)s::int[])
UNION
SELECT entity FROM {s}.aside_mention WHERE chunk = ANY(%(chunks)s::int[])

-- name: relations_of_chunks
SELECT DISTINCT relation FROM {s}.fact WHERE chunk = ANY(%(chunks)s::int[])

-- name: remove_documents
DELETE FROM {s}.document WHERE id = ANY(%(documents)s::int[])

-- name: empty_documents
SELECT id FROM {s}.document d
WHERE id = ANY(%(documents)s::int[]) AND NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.document = d.id)

-- name: mark_incomplete
-- Without a hash the same input is stored anew instead of being taken for unchanged.
UPDATE {s}.document SET content_hash = '' WHERE id = ANY(%(documents)s::int[])

-- name: texts
SELECT document_id, content FROM {s}.document WHERE document_id = ANY(%(ids)s)
