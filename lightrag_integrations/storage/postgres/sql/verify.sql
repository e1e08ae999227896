-- name: wrong_rows
-- Kind of damage, how many rows, some of them by a name the user knows. `verify._WORDS` says each kind in words.
WITH found (kind, example) AS (
    SELECT 'chunk of nothing', c.chunk_id FROM {s}.chunk c
    WHERE NOT EXISTS (SELECT FROM {s}.document d WHERE d.id = c.document)
    UNION ALL
    SELECT 'mention of no chunk', coalesce(e.key, m.surface) FROM {s}.mention m LEFT JOIN {s}.entity e ON e.id = m.entity
    WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = m.chunk)
    UNION ALL
    SELECT 'mention of no entity', coalesce(d.document_id, c.chunk_id, m.surface)
    FROM {s}.mention m LEFT JOIN {s}.chunk c ON c.id = m.chunk LEFT JOIN {s}.document d ON d.id = c.document
    WHERE NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = m.entity)
    UNION ALL
    SELECT 'fact of no chunk', f.description || ' (' || f.id || ')' FROM {s}.fact f
    WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = f.chunk)
    UNION ALL
    SELECT 'fact of no relation', coalesce(c.chunk_id, f.chunk::text) FROM {s}.fact f LEFT JOIN {s}.chunk c ON c.id = f.chunk
    WHERE NOT EXISTS (SELECT FROM {s}.relation r WHERE r.id = f.relation)
    UNION ALL
    SELECT 'fact of another relation', coalesce(c.chunk_id, f.chunk::text)
    FROM {s}.fact f JOIN {s}.relation r ON r.id = f.relation LEFT JOIN {s}.chunk c ON c.id = f.chunk
    WHERE (least(f.source, f.target), greatest(f.source, f.target)) <> (r.low, r.high)
    UNION ALL
    SELECT 'fact without mention', coalesce(d.document_id, c.chunk_id)
    FROM {s}.fact f JOIN {s}.chunk c ON c.id = f.chunk LEFT JOIN {s}.document d ON d.id = c.document
    WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.source)
       OR NOT EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = f.chunk AND m.entity = f.target)
    UNION ALL
    SELECT 'weight', coalesce(d.document_id, c.chunk_id, f.chunk::text)
    FROM {s}.fact f LEFT JOIN {s}.chunk c ON c.id = f.chunk LEFT JOIN {s}.document d ON d.id = c.document
    WHERE f.weight IN ('NaN', 'Infinity', '-Infinity')
    UNION ALL
    SELECT 'relation of no entity', r.low || '-' || r.high FROM {s}.relation r
    WHERE NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = r.low)
       OR NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = r.high)
    UNION ALL
    SELECT 'tie', c.chunk_id FROM {s}.chunk c
    WHERE EXISTS (SELECT FROM {s}.mention m WHERE m.chunk = c.id AND m.tie <> c.tie)
       OR EXISTS (SELECT FROM {s}.fact f WHERE f.chunk = c.id AND f.tie <> c.tie)
    UNION ALL
    SELECT 'document twice', document_id FROM {s}.document GROUP BY document_id HAVING count(*) > 1
    UNION ALL
    SELECT 'chunk twice', chunk_id FROM {s}.chunk GROUP BY chunk_id HAVING count(*) > 1
    UNION ALL
    SELECT 'entity twice', key FROM {s}.entity GROUP BY key HAVING count(*) > 1
    UNION ALL
    SELECT 'relation twice', low || '-' || high FROM {s}.relation GROUP BY low, high HAVING count(*) > 1
    UNION ALL
    SELECT 'mention twice', min(surface) FROM {s}.mention GROUP BY chunk, entity HAVING count(*) > 1
    UNION ALL
    SELECT 'lease without owner', document_id FROM {s}.pending
    WHERE owner = '' AND lease_until IS NOT NULL
    UNION ALL
    SELECT 'lease of a failure', document_id FROM {s}.pending
    WHERE failed AND owner <> ''
    UNION ALL
    SELECT 'lease too long', document_id FROM {s}.pending
    WHERE lease_until > now() + make_interval(days => 7)
    UNION ALL
    SELECT 'pending chunks', document_id FROM {s}.pending
    WHERE (chunks IS NULL) <> (chunk_ids IS NULL)
    UNION ALL
    SELECT 'summary of nothing', coalesce(e.key, w.entity::text) FROM {s}.summary w LEFT JOIN {s}.entity e ON e.id = w.entity
    WHERE e.id IS NULL OR w.content = '' OR octet_length(w.hash) <> 32
    UNION ALL
    SELECT 'record ahead', r.key FROM {s}.record r
    WHERE NOT r.updated_at BETWEEN 0 AND extract(epoch FROM now())::float8 + 3600
    UNION ALL
    SELECT 'note of nothing', coalesce(c.chunk_id, n.chunk::text) FROM {s}.idle_note n LEFT JOIN {s}.chunk c ON c.id = n.chunk
    UNION ALL
    SELECT 'postings of nothing', p.segment::text FROM {s}.postings p
    WHERE NOT EXISTS (SELECT FROM {s}.segment g WHERE g.id = p.segment AND g.sign = 1)
)
SELECT kind, count(DISTINCT example), (array_agg(DISTINCT example COLLATE "C"))[1:3]
FROM found GROUP BY kind

-- name: any_edits
SELECT EXISTS (SELECT FROM {s}.alias) OR EXISTS (SELECT FROM {s}.hidden) OR EXISTS (SELECT FROM {s}.override)
    OR EXISTS (SELECT FROM {s}.aside_mention) OR EXISTS (SELECT FROM {s}.aside_fact)
    OR EXISTS (SELECT FROM {s}.mention WHERE edited IS NOT NULL)

-- name: wrong_edits
WITH found (kind, example) AS (
    SELECT 'aside of nothing', a.surface FROM {s}.aside_mention a
    WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = a.chunk)
    UNION ALL
    SELECT 'aside of nothing', a.description FROM {s}.aside_fact a
    WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = a.chunk)
    UNION ALL
    SELECT 'mention of no entity', coalesce(d.document_id, c.chunk_id, m.surface)
    FROM {s}.aside_mention m LEFT JOIN {s}.chunk c ON c.id = m.chunk LEFT JOIN {s}.document d ON d.id = c.document
    WHERE NOT EXISTS (SELECT FROM {s}.entity e WHERE e.id = m.entity)
    UNION ALL
    SELECT 'baseless', coalesce(d.document_id, c.chunk_id)
    FROM {s}.baseless b JOIN {s}.chunk c ON c.id = b.chunk LEFT JOIN {s}.document d ON d.id = c.document
    UNION ALL
    SELECT 'misshown', c.chunk_id FROM {s}.misshown m JOIN {s}.chunk c ON c.id = m.chunk
)
SELECT kind, count(DISTINCT example), (array_agg(DISTINCT example COLLATE "C"))[1:3]
FROM found GROUP BY kind

-- name: alias_roots
SELECT key, root FROM {s}.alias
UNION ALL SELECT low, low_root FROM {s}.hidden WHERE low = high
UNION ALL SELECT key, root FROM {s}.override

-- name: pair_roots
SELECT low, high, low_root, high_root FROM {s}.hidden

-- name: wrong_vectors
-- Of another dimension, or not of length one as far as half precision goes.
WITH vectors (kind, example, embedding) AS (
    SELECT 'chunk', chunk_id, {e} FROM {s}.chunk
    UNION ALL
    SELECT 'entity', key, {e} FROM {s}.entity
    UNION ALL
    SELECT 'fact', description, {e} FROM {s}.fact
    UNION ALL
    SELECT 'fact', description, {e} FROM {s}.aside_fact
)
SELECT kind, {v}.vector_dims(embedding) IS DISTINCT FROM %(dimension)s::int AS dimension, count(*),
       (array_agg(DISTINCT example COLLATE "C"))[1:3]
FROM vectors
WHERE embedding IS NOT NULL
  AND ({v}.vector_dims(embedding) IS DISTINCT FROM %(dimension)s::int
       OR abs({v}.l2_norm(embedding) - 1) > 0.01)
GROUP BY 1, 2 ORDER BY 1, 2

-- name: every_chunk
SELECT id, chunk_id, tie, length, title, content FROM {s}.chunk ORDER BY id

-- name: every_segment
SELECT id, sign, n_chunks, sum_length, chunks, lengths FROM {s}.segment ORDER BY id

-- name: every_posting
SELECT p.term, p.n, p.chunks, p.tfs, p.lengths
FROM {s}.postings p JOIN {s}.segment g ON g.id = p.segment AND g.sign = 1

-- name: sequences
-- The highest number used of each sequence, and the one it gives next.
SELECT seq.relname::text, used.most, coalesce(pg_sequence_last_value(seq.oid), 0)::int8
FROM (
    SELECT 'document', max(id)::int8 FROM {s}.document
    UNION ALL SELECT 'chunk', max(id) FROM {s}.chunk
    UNION ALL SELECT 'entity', max(id) FROM {s}.entity
    UNION ALL SELECT 'relation', max(id) FROM {s}.relation
    UNION ALL SELECT 'fact', max(id) FROM {s}.said_fact
    UNION ALL SELECT 'segment', max(id) FROM {s}.segment
    UNION ALL SELECT 'ledger', max(id) FROM {s}.ledger
) AS used (name, most)
JOIN pg_catalog.pg_class seq ON seq.relname = used.name || '_id_seq' AND seq.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = seq.relnamespace AND n.nspname = %(schema)s
WHERE used.most > coalesce(pg_sequence_last_value(seq.oid), 0)
ORDER BY 1

-- name: keys_found
-- Primary, unique and foreign keys that are there and hold for all rows, and plain indexes that can be used.
SELECT con.conname::text FROM pg_catalog.pg_constraint con
JOIN pg_catalog.pg_namespace n ON n.oid = con.connamespace
WHERE n.nspname = %(schema)s AND con.contype IN ('p', 'u', 'f') AND con.convalidated
UNION
SELECT c.relname::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND i.indisvalid
