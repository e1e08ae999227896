-- name: accept
-- Rows that must be the owner's are locked first: one deleted meanwhile must not come back.
WITH own AS (
    SELECT document_id FROM {s}.pending
    WHERE %(onto)s = 'own' AND document_id = ANY(%(ids)s) AND owner = %(owner)s
    ORDER BY document_id FOR UPDATE
)
INSERT INTO {s}.pending AS p
    (document_id, title, source, metadata, content, chunks, chunk_ids, content_hash, replaces, attempts, options, owner,
     lease_until)
SELECT u.document_id, u.title, u.source, u.metadata::jsonb, u.content, u.chunks,
       CASE WHEN u.chunk_ids IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(u.chunk_ids::json)) END,
       u.content_hash, u.replaces, u.attempts, u.options, %(owner)s,
       now() + make_interval(secs => %(lease_s)s)
FROM unnest(%(ids)s::text[], %(titles)s::text[], %(sources)s::text[], %(metadata)s::text[], %(contents)s::text[],
            %(chunks)s::text[], %(chunk_ids)s::text[], %(hashes)s::text[], %(replaces)s::bool[], %(attempts)s::int[],
            %(options)s::text[])
     AS u (document_id, title, source, metadata, content, chunks, chunk_ids, content_hash, replaces, attempts, options)
WHERE %(onto)s <> 'own' OR u.document_id IN (SELECT document_id FROM own)
ORDER BY u.document_id COLLATE "C"
ON CONFLICT (document_id) DO UPDATE SET
    title = excluded.title, source = excluded.source, metadata = excluded.metadata, content = excluded.content,
    chunks = excluded.chunks, chunk_ids = excluded.chunk_ids, content_hash = excluded.content_hash, replaces = excluded.replaces,
    attempts = excluded.attempts, options = excluded.options, failed = false, error = '', owner = excluded.owner,
    lease_until = excluded.lease_until
WHERE %(onto)s <> 'nothing' OR p.owner = excluded.owner
RETURNING p.document_id

-- name: extend_lease
WITH mine AS (
    SELECT document_id FROM {s}.pending
    WHERE document_id = ANY(%(ids)s) AND owner = %(owner)s AND NOT failed
    ORDER BY document_id FOR UPDATE
)
UPDATE {s}.pending p SET lease_until = now() + make_interval(secs => %(lease_s)s)
FROM mine WHERE p.document_id = mine.document_id

-- name: lease_owners
SELECT DISTINCT owner FROM {s}.pending
WHERE NOT failed AND lease_until >= now() AND (%(ids)s::text[] IS NULL OR document_id = ANY(%(ids)s))

-- name: claim
-- `dead` are owners whose leases hold no longer.
WITH free AS (
    SELECT document_id FROM {s}.pending
    WHERE (failed OR lease_until IS NULL OR lease_until < now() OR owner = ANY(%(dead)s))
      AND (%(ids)s::text[] IS NULL OR document_id = ANY(%(ids)s))
    ORDER BY document_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE {s}.pending p
SET failed = false, owner = %(owner)s, attempts = attempts + 1,
    lease_until = now() + make_interval(secs => %(lease_s)s)
FROM free WHERE p.document_id = free.document_id
RETURNING p.document_id, p.title, p.source, p.metadata, p.content, p.chunks, p.content_hash, p.replaces, p.attempts,
          p.error, p.chunk_ids, p.options

-- name: fail
WITH mine AS (
    SELECT p.document_id, u.error
    FROM unnest(%(ids)s::text[], %(errors)s::text[]) AS u (document_id, error)
    JOIN {s}.pending p ON p.document_id = u.document_id AND p.owner = %(owner)s
    ORDER BY p.document_id FOR UPDATE OF p
)
UPDATE {s}.pending p SET failed = true, error = mine.error, owner = '', lease_until = NULL
FROM mine WHERE p.document_id = mine.document_id

-- name: own_pending
SELECT document_id, chunk_ids FROM {s}.pending WHERE document_id = ANY(%(ids)s) AND owner = %(owner)s
ORDER BY document_id FOR UPDATE

-- name: lock_pending_of_chunks
SELECT document_id, chunk_ids FROM {s}.pending WHERE chunk_ids && %(ids)s::text[] ORDER BY document_id FOR UPDATE

-- name: withdraw_chunks
UPDATE {s}.pending
SET chunk_ids = ARRAY(SELECT one FROM unnest(chunk_ids) AS one WHERE one <> ALL (%(chunks)s::text[]))
WHERE document_id = ANY(%(ids)s)

-- name: lock_pending
SELECT document_id FROM {s}.pending WHERE document_id = ANY(%(ids)s) ORDER BY document_id FOR UPDATE

-- name: remove_pending
DELETE FROM {s}.pending WHERE document_id = ANY(%(ids)s)
