-- name: dump_documents
SELECT document_id, title, source, metadata, content FROM {s}.document ORDER BY document_id

-- name: dump_chunks
SELECT d.document_id, c.id, c.chunk_id, c.position, c.span_start, c.span_end, c.token_count, c.length, c.title, c.content,
       c.content_hash, c.metadata
FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document ORDER BY d.document_id, c.position, c.chunk_id

-- name: dump_mentions
SELECT e.key, c.chunk_id, m.surface, m.type, m.description, m.is_title
FROM {s}.said_mention m JOIN {s}.entity e ON e.id = m.entity JOIN {s}.chunk c ON c.id = m.chunk
ORDER BY e.key, c.chunk_id

-- name: dump_facts
SELECT s.key, t.key, c.chunk_id, f.ordinal, f.weight, f.description, f.keywords, f.span_start, f.span_end,
       f.cooccurrence
FROM {s}.said_fact f JOIN {s}.entity s ON s.id = f.source JOIN {s}.entity t ON t.id = f.target
JOIN {s}.chunk c ON c.id = f.chunk
ORDER BY s.key, t.key, c.chunk_id, f.ordinal

-- name: all_postings
SELECT p.segment, p.term, p.n, p.chunks, p.tfs, p.lengths FROM {s}.postings p ORDER BY p.term, p.segment, p.block

-- name: dump_records
SELECT namespace, key, group_id FROM {s}.record ORDER BY namespace, key
