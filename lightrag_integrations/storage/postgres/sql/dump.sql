-- name: dump_documents
SELECT document_id, title, source, metadata, content FROM {s}.document ORDER BY document_id

-- name: dump_chunks
SELECT d.document_id, c.id, c.chunk_id, c.position, c.span_start, c.span_end, c.token_count, c.length, c.title, c.content,
       c.content_hash, c.metadata
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document ORDER BY d.document_id, c.position, c.chunk_id

-- name: dump_mentions
SELECT e.key, c.chunk_id, m.surface, m.type, m.description, m.is_title
FROM {s}.mention m JOIN {s}.entity e ON e.id = m.entity JOIN {s}.chunk c ON c.id = m.chunk
ORDER BY e.key, c.chunk_id

-- name: dump_facts
SELECT s.key, t.key, c.chunk_id, f.ordinal, f.weight, f.description, f.keywords, f.span_start, f.span_end,
       f.cooccurrence
FROM {s}.fact f JOIN {s}.entity s ON s.id = f.source JOIN {s}.entity t ON t.id = f.target
JOIN {s}.chunk c ON c.id = f.chunk
ORDER BY s.key, t.key, c.chunk_id, f.ordinal

-- name: all_postings
SELECT p.segment, p.term, p.n, p.chunks, p.tfs, p.lengths FROM {s}.postings p ORDER BY p.term, p.segment, p.block

-- name: chunk_lengths
SELECT id, chunk_id, length FROM {s}.chunk ORDER BY id

-- name: wrong_relations
SELECT count(*) FROM {s}.fact f JOIN {s}.relation r ON r.id = f.relation
WHERE (least(f.source, f.target), greatest(f.source, f.target)) <> (r.low, r.high)

-- name: unmentioned_facts
SELECT count(*) FROM {s}.fact f
WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.source)
   OR NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.target)

-- name: orphans
SELECT 'mention', count(*) FROM {s}.mention m
WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = m.chunk)
   OR NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = m.entity)
UNION ALL
SELECT 'fact', count(*) FROM {s}.fact f
WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = f.chunk)
   OR NOT EXISTS (SELECT FROM {s}.relation r WHERE r.id = f.relation)
UNION ALL
SELECT 'chunk', count(*) FROM {s}.chunk c WHERE NOT EXISTS (SELECT FROM {s}.document d WHERE d.id = c.document)
UNION ALL
SELECT 'posting', count(*) FROM {s}.postings p
WHERE NOT EXISTS (SELECT FROM {s}.segment g WHERE g.id = p.segment AND g.sign = 1)

-- name: wrong_vectors
SELECT 'chunk', count(*) FROM {s}.chunk WHERE {v}.vector_dims(embedding) <> %(dimension)s
UNION ALL
SELECT 'entity', count(*) FROM {s}.entity WHERE {v}.vector_dims(embedding) <> %(dimension)s
UNION ALL
SELECT 'fact', count(*) FROM {s}.fact WHERE {v}.vector_dims(embedding) <> %(dimension)s
