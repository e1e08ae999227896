-- name: upsert_documents
INSERT INTO {s}.document AS d (document_id, title, source, metadata, content, content_hash)
SELECT u.document_id, u.title, u.source, u.metadata::jsonb, u.content, u.content_hash
FROM unnest(%(ids)s::text[], %(titles)s::text[], %(sources)s::text[], %(metadata)s::text[], %(contents)s::text[],
            %(hashes)s::text[]) AS u (document_id, title, source, metadata, content, content_hash)
ORDER BY u.document_id COLLATE "C"
ON CONFLICT (document_id) DO UPDATE SET
    title = excluded.title, source = excluded.source, metadata = excluded.metadata, content = excluded.content,
    content_hash = excluded.content_hash, stored_at = now()
RETURNING document_id, id

-- name: next_ids
SELECT nextval(%(sequence)s::regclass)::int8 FROM generate_series(1, %(count)s)

-- name: lock_entities
SELECT key, id, {e} IS NULL FROM {s}.entity WHERE key = ANY(%(keys)s) ORDER BY key FOR KEY SHARE

-- name: insert_entities
INSERT INTO {s}.entity (key, {e})
SELECT u.key, u.embedding
FROM unnest(%(keys)s::text[], %(embeddings)s::{v}.halfvec[]) AS u (key, embedding)
ORDER BY u.key COLLATE "C"
ON CONFLICT (key) DO NOTHING

-- name: lock_bare_entities
SELECT id FROM {s}.entity WHERE id = ANY(%(ids)s::int[]) AND {e} IS NULL ORDER BY key FOR NO KEY UPDATE

-- name: embed_entities
UPDATE {s}.entity e SET {e} = u.embedding
FROM unnest(%(ids)s::int[], %(embeddings)s::{v}.halfvec[]) AS u (id, embedding)
WHERE e.id = u.id AND e.{e} IS NULL

-- name: lock_relations
SELECT r.low, r.high, r.id
FROM {s}.relation r JOIN unnest(%(lows)s::int[], %(highs)s::int[]) AS u (low, high) USING (low, high)
ORDER BY r.low, r.high FOR KEY SHARE OF r

-- name: insert_relations
INSERT INTO {s}.relation (low, high)
SELECT u.low, u.high FROM unnest(%(lows)s::int[], %(highs)s::int[]) AS u (low, high)
ORDER BY u.low, u.high
ON CONFLICT (low, high) DO NOTHING

-- name: copy_chunks
COPY {s}.chunk (id, document, tie, position, span_start, span_end, token_count, length, chunk_id, title, content,
    content_hash, metadata, {e}) FROM STDIN (FORMAT binary)

-- name: copy_mentions
COPY {s}.mention (entity, chunk, tie, is_title, surface, type, description) FROM STDIN (FORMAT binary)

-- name: copy_facts
COPY {s}.fact (relation, chunk, ordinal, source, target, tie, weight, cooccurrence, span_start, span_end, keywords,
    description, {e}) FROM STDIN (FORMAT binary)

-- name: add_segment
INSERT INTO {s}.segment (sign, level, n_chunks, sum_length, chunks, lengths)
VALUES (%(sign)s, %(level)s, %(count)s, %(total)s, %(chunks)s, %(lengths)s)
RETURNING id

-- name: copy_postings
COPY {s}.postings (segment, term, block, n, chunks, tfs, lengths) FROM STDIN (FORMAT binary)

-- name: count_segments
SELECT count(*)::int4 FROM {s}.segment
