-- name: lock_index
SELECT pg_advisory_xact_lock(%(key)s)

-- name: try_lock_index
SELECT pg_try_advisory_xact_lock(%(key)s)

-- name: meta
SELECT key, value FROM {s}.meta

-- name: add_meta
INSERT INTO {s}.meta SELECT * FROM unnest(%(keys)s::text[], %(values)s::text[]) ON CONFLICT (key) DO NOTHING

-- name: known_chunk_vectors
SELECT c.content_hash, {v}.halfvec_send(c.{e})
FROM {s}.document d JOIN {s}.chunk c ON c.document = d.id
WHERE d.document_id = ANY(%(ids)s) AND c.{e} IS NOT NULL

-- name: known_fact_vectors
SELECT DISTINCT ON (f.description) encode(sha256(convert_to(f.description, 'UTF8')), 'hex'),
       {v}.halfvec_send(f.{e})
FROM {s}.document d JOIN {s}.chunk c ON c.document = d.id JOIN {s}.fact f ON f.chunk = c.id
WHERE d.document_id = ANY(%(ids)s) AND f.{e} IS NOT NULL

-- name: embedded_entities
SELECT key FROM {s}.entity WHERE key = ANY(%(keys)s) AND {e} IS NOT NULL
