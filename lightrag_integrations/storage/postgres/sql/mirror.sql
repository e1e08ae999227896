-- Each kind of thing that a mirror holds has two statements: `mirror_keys_…` goes through the keys that are in the
-- index or in what was recorded, `mirror_…` compares the two. Both take a part of the whole at a time.

-- name: mirror_keys_chunk
SELECT key FROM (
    (SELECT chunk_id AS key FROM {s}.chunk WHERE chunk_id > %(after)s ORDER BY chunk_id LIMIT %(limit)s)
    UNION
    (SELECT key FROM {s}.mirrored
     WHERE mirror = %(mirror)s AND kind = 'chunk' AND key > %(after)s ORDER BY key LIMIT %(limit)s)
) both_sides ORDER BY key LIMIT %(limit)s

-- name: mirror_keys_node
SELECT key FROM (
    (SELECT chunk_id AS key FROM {s}.chunk WHERE chunk_id > %(after)s ORDER BY chunk_id LIMIT %(limit)s)
    UNION
    (SELECT key FROM {s}.mirrored
     WHERE mirror = %(mirror)s AND kind = 'node' AND key > %(after)s ORDER BY key LIMIT %(limit)s)
) both_sides ORDER BY key LIMIT %(limit)s

-- name: mirror_keys_document
SELECT key FROM (
    (SELECT document_id AS key FROM {s}.document WHERE document_id > %(after)s ORDER BY document_id LIMIT %(limit)s)
    UNION
    (SELECT key FROM {s}.mirrored
     WHERE mirror = %(mirror)s AND kind = 'document' AND key > %(after)s ORDER BY key LIMIT %(limit)s)
) both_sides ORDER BY key LIMIT %(limit)s

-- name: mirror_keys_entity
SELECT key FROM (
    (SELECT key FROM {s}.entity WHERE key > %(after)s ORDER BY key LIMIT %(limit)s)
    UNION
    (SELECT key FROM {s}.mirrored
     WHERE mirror = %(mirror)s AND kind = 'entity' AND key > %(after)s ORDER BY key LIMIT %(limit)s)
) both_sides ORDER BY key LIMIT %(limit)s

-- name: mirror_keys_relation
SELECT key FROM (
    (SELECT key FROM {s}.entity WHERE key > %(after)s ORDER BY key LIMIT %(limit)s)
    UNION
    (SELECT DISTINCT key FROM {s}.mirrored
     WHERE mirror = %(mirror)s AND kind = 'relation' AND key > %(after)s ORDER BY key LIMIT %(limit)s)
) both_sides ORDER BY key LIMIT %(limit)s

-- name: mirror_chunk
-- A chunk without a vector can't be kept among vectors.
WITH present AS (
    SELECT c.chunk_id AS key, model.value AS model,
           md5(concat_ws(E'\x1f', md5(c.content), c.title, d.document_id, d.source, c.position, c.metadata::text,
                         model.value, md5({v}.halfvec_send(c.{e})))) AS hash
    FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
    CROSS JOIN (SELECT coalesce((SELECT value FROM {s}.meta WHERE key = 'embedding'), '') AS value) model
    WHERE c.chunk_id = ANY(%(keys)s) AND c.{e} IS NOT NULL
), past AS (
    SELECT key, hash, stored, label, made FROM {s}.mirrored
    WHERE mirror = %(mirror)s AND kind = 'chunk' AND key = ANY(%(keys)s)
)
SELECT key, '', present.hash, past.hash, coalesce(past.stored, ''), '', coalesce(present.model, ''), ''
FROM present FULL JOIN past USING (key) ORDER BY key

-- name: mirror_document
WITH present AS (
    SELECT document_id AS key, md5(concat_ws(E'\x1f', md5(content), title, source, metadata::text)) AS hash
    FROM {s}.document WHERE document_id = ANY(%(keys)s)
), past AS (
    SELECT key, hash, stored FROM {s}.mirrored
    WHERE mirror = %(mirror)s AND kind = 'document' AND key = ANY(%(keys)s)
)
SELECT key, '', present.hash, past.hash, coalesce(past.stored, ''), '', '', ''
FROM present FULL JOIN past USING (key) ORDER BY key

-- name: mirror_entity
WITH present AS (
    SELECT e.key,
           md5(string_agg(md5(concat_ws(E'\x1f', d.document_id, c.position, c.chunk_id, m.is_title, m.surface, m.type,
                                        m.description, m.edited::text)),
                          '' ORDER BY d.document_id, c.position, c.chunk_id)
               || coalesce((SELECT string_agg(md5(w.content), '' ORDER BY w.hash)
                            FROM {s}.summary w WHERE w.entity = e.id), '')) AS hash
    FROM {s}.entity e
    JOIN {s}.mention m ON m.entity = e.id
    JOIN {s}.chunk c ON c.id = m.chunk
    JOIN {s}.document d ON d.id = c.document
    WHERE e.key = ANY(%(keys)s)
    GROUP BY e.id, e.key
), past AS (
    SELECT key, hash, stored, label FROM {s}.mirrored
    WHERE mirror = %(mirror)s AND kind = 'entity' AND key = ANY(%(keys)s)
)
SELECT key, '', present.hash, past.hash, coalesce(past.stored, ''), coalesce(past.label, ''), '', ''
FROM present FULL JOIN past USING (key) ORDER BY key

-- name: mirror_relation
-- What is said from one entity of another. It stands under the lower key; `part` begins with > where that is the source.
-- The hash of what is said stands before that of how its ends are kept there: the second changes when they are put anew.
WITH ends AS (
    SELECT low.key, high.key AS other, r.id, low.id AS low
    FROM {s}.entity low JOIN {s}.relation r ON r.low = low.id JOIN {s}.entity high ON high.id = r.high
    WHERE low.key = ANY(%(keys)s) AND high.key >= low.key
    UNION ALL
    SELECT low.key, high.key, r.id, low.id
    FROM {s}.entity low JOIN {s}.relation r ON r.high = low.id JOIN {s}.entity high ON high.id = r.low
    WHERE low.key = ANY(%(keys)s) AND high.key > low.key
), told AS (
    -- A sum needs no order.
    SELECT p.key, p.other, f.source = p.low AS forth,
           sum(hashtextextended(concat_ws(E'\x1f', c.chunk_id, f.ordinal, f.weight, f.keywords::text, f.description), 0))
               AS hash
    FROM ends p
    JOIN {s}.fact f ON f.relation = p.id
    JOIN {s}.chunk c ON c.id = f.chunk
    GROUP BY 1, 2, 3
), present AS (
    SELECT t.key, CASE WHEN t.forth THEN '>' ELSE '<' END || t.other AS part,
           t.hash || ':' || md5(concat_ws(E'\x1f', a.stored, a.made, b.stored, b.made)) AS hash,
           a.stored AS first, b.stored AS second
    FROM told t
    LEFT JOIN {s}.mirrored a ON a.mirror = %(mirror)s AND a.kind = 'entity' AND a.key = t.key
    LEFT JOIN {s}.mirrored b ON b.mirror = %(mirror)s AND b.kind = 'entity' AND b.key = t.other
), past AS (
    SELECT key, part, hash, stored FROM {s}.mirrored
    WHERE mirror = %(mirror)s AND kind = 'relation' AND key = ANY(%(keys)s)
)
SELECT key, part, present.hash, past.hash, coalesce(past.stored, ''), '', coalesce(present.first, ''),
       coalesce(present.second, '')
FROM present FULL JOIN past USING (key, part) ORDER BY key, part

-- name: mirror_node
-- A chunk as a node of the graph, with what it mentions.
WITH present AS (
    SELECT c.chunk_id AS key,
           md5(concat_ws(E'\x1f', md5(c.content), c.title, d.document_id, d.source, c.position, c.metadata::text,
                         (SELECT string_agg(concat_ws(E'\x1f', a.stored, a.made), E'\x1e' ORDER BY e.key)
                          FROM {s}.mention m JOIN {s}.entity e ON e.id = m.entity
                          JOIN {s}.mirrored a ON a.mirror = %(mirror)s AND a.kind = 'entity' AND a.key = e.key
                          WHERE m.chunk = c.id))) AS hash
    FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
    WHERE c.chunk_id = ANY(%(keys)s)
), past AS (
    SELECT key, hash, stored FROM {s}.mirrored
    WHERE mirror = %(mirror)s AND kind = 'node' AND key = ANY(%(keys)s)
)
SELECT key, '', present.hash, past.hash, coalesce(past.stored, ''), '', '', ''
FROM present FULL JOIN past USING (key) ORDER BY key

-- name: mirror_mentions
SELECT c.chunk_id, a.stored
FROM {s}.chunk c
JOIN {s}.mention m ON m.chunk = c.id
JOIN {s}.entity e ON e.id = m.entity
JOIN {s}.mirrored a ON a.mirror = %(mirror)s AND a.kind = 'entity' AND a.key = e.key
WHERE c.chunk_id = ANY(%(keys)s)
ORDER BY c.chunk_id, e.key

-- name: mirror_facts
SELECT u.place, f.description, f.keywords, f.weight, c.chunk_id, d.document_id
FROM unnest(%(sources)s::text[], %(targets)s::text[]) WITH ORDINALITY AS u (source, target, place)
JOIN {s}.entity s ON s.key = u.source
JOIN {s}.entity t ON t.key = u.target
JOIN {s}.relation r ON r.low = least(s.id, t.id) AND r.high = greatest(s.id, t.id)
JOIN {s}.fact f ON f.relation = r.id AND f.source = s.id
JOIN {s}.chunk c ON c.id = f.chunk
JOIN {s}.document d ON d.id = c.document
ORDER BY u.place, f.weight DESC, d.document_id, c.position, c.chunk_id, f.ordinal

-- name: mirror_documents
SELECT document_id, title, source, metadata, content FROM {s}.document
WHERE document_id = ANY(%(keys)s) ORDER BY document_id

-- name: mirrored_chunks
-- Only those whose vectors there are of the model in use: nearness to others says nothing.
SELECT r.stored, c.id FROM {s}.mirrored r JOIN {s}.chunk c ON c.chunk_id = r.key
WHERE r.stored = ANY(%(stored)s) AND r.mirror = %(mirror)s AND r.kind = 'chunk'
  AND r.label = (SELECT value FROM {s}.meta WHERE key = 'embedding')
  AND (%(visible)s::int[] IS NULL OR c.id = ANY(%(visible)s::int[]))
  AND get_bit(%(flags)s::bytea, c.id) IS DISTINCT FROM 0
ORDER BY c.chunk_id

-- name: mirrored_names
-- Which of these ids are those of something else, too.
SELECT stored FROM {s}.mirrored
WHERE stored = ANY(%(stored)s) AND mirror = %(mirror)s AND kind = %(kind)s AND key <> ALL(%(keys)s)

-- name: mirrored_sample
(SELECT kind, stored FROM {s}.mirrored WHERE mirror = %(mirror)s AND kind = %(kind)s AND left(hash, 1) NOT IN ('', ':')
 ORDER BY key LIMIT %(limit)s)
UNION
(SELECT kind, stored FROM {s}.mirrored WHERE mirror = %(mirror)s AND kind = %(kind)s AND left(hash, 1) NOT IN ('', ':')
 ORDER BY key DESC LIMIT %(limit)s)

-- name: record_mirrored
INSERT INTO {s}.mirrored AS m (mirror, kind, key, part, hash, stored, label, made)
SELECT %(mirror)s, %(kind)s, u.key, u.part, CASE WHEN known.sure THEN u.hash ELSE '' END, u.stored,
       CASE WHEN known.sure THEN u.label ELSE '' END, u.made
FROM unnest(%(keys)s::text[], %(parts)s::text[], %(hashes)s::text[], %(stored)s::text[], %(labels)s::text[],
            %(made)s::text[]) AS u (key, part, hash, stored, label, made)
CROSS JOIN LATERAL (
    SELECT %(begun)s = '' OR EXISTS (
        SELECT FROM {s}.mirrored b
        WHERE b.mirror = %(mirror)s AND b.kind = %(kind)s AND b.key = u.key AND md5(b.part) = md5(u.part)
          AND b.hash = %(begun)s) AS sure
) known
ORDER BY u.key, u.part
ON CONFLICT (mirror, kind, key, md5(part)) DO UPDATE
SET hash = CASE WHEN %(begun)s IN ('', m.hash) THEN excluded.hash ELSE '' END, stored = excluded.stored,
    label = CASE WHEN %(begun)s IN ('', m.hash) THEN excluded.label ELSE '' END

-- name: forget_mirrored
DELETE FROM {s}.mirrored m USING unnest(%(keys)s::text[], %(parts)s::text[]) AS u (key, part)
WHERE m.mirror = %(mirror)s AND m.kind = %(kind)s AND m.key = u.key AND md5(m.part) = md5(u.part) AND m.part = u.part

-- name: forget_mirror
DELETE FROM {s}.mirrored WHERE mirror = %(mirror)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)
