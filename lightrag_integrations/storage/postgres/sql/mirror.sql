-- `mirror_keys` goes through the keys, of one kind of thing that a mirror holds, that are in the index or in what was
-- recorded; `mirror_…`, a statement for each kind, compares the two. Both take a part of the whole at a time.
-- A sync comes right after tables were filled, before statistics tell of it. So each step from one table to the next is
-- a lookup by key of its own (LATERAL … OFFSET 0): there is no other order in which it could be planned.

-- name: plan_for_keys
-- A plan made while tables were small would go on to read them whole, or to sort them for each part.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)

-- name: plan_as_usual
SELECT set_config('enable_seqscan', 'on', true), set_config('enable_bitmapscan', 'on', true)

-- name: plan_for_forgetting
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: mirror_keys
-- The kind says which table is looked at. Relations stand under the key of an entity, many of them under one.
SELECT key FROM (
    (SELECT chunk_id AS key FROM {s}.chunk
     WHERE %(kind)s::text IN ('chunk', 'node') AND chunk_id > %(after)s ORDER BY chunk_id LIMIT %(limit)s)
    UNION
    (SELECT document_id FROM {s}.document
     WHERE %(kind)s::text = 'document' AND document_id > %(after)s ORDER BY document_id LIMIT %(limit)s)
    UNION
    (SELECT key FROM {s}.entity
     WHERE %(kind)s::text IN ('entity', 'relation') AND key > %(after)s ORDER BY key LIMIT %(limit)s)
    UNION
    (SELECT DISTINCT key FROM {s}.mirrored
     WHERE mirror = %(mirror)s AND kind = %(kind)s AND key > %(after)s ORDER BY key LIMIT %(limit)s)
) all_sides ORDER BY key LIMIT %(limit)s

-- name: mirror_chunk
-- A chunk without a vector can't be kept among vectors.
SELECT u.key, '', present.hash, past.hash, coalesce(past.stored, ''), '', coalesce(present.model, ''), ''
FROM unnest(%(keys)s::text[]) AS u (key)
LEFT JOIN LATERAL (
    SELECT model.value AS model,
           md5(concat_ws(E'\x1f', md5(c.content), c.title, d.document_id, d.source, c.position, c.metadata::text,
                         model.value, md5({v}.halfvec_send(c.{e})))) AS hash
    FROM (SELECT * FROM {s}.chunk WHERE chunk_id = u.key AND {e} IS NOT NULL OFFSET 0) c
    CROSS JOIN LATERAL (SELECT document_id, source FROM {s}.document WHERE id = c.document OFFSET 0) d
    CROSS JOIN (SELECT coalesce((SELECT value FROM {s}.meta WHERE key = 'embedding'), '') AS value) model
) present ON true
LEFT JOIN LATERAL (
    SELECT hash, stored, label FROM {s}.mirrored WHERE mirror = %(mirror)s AND kind = 'chunk' AND key = u.key OFFSET 0
) past ON true
WHERE present.hash IS NOT NULL OR past.hash IS NOT NULL
ORDER BY u.key COLLATE "C"

-- name: mirror_document
SELECT u.key, '', present.hash, past.hash, coalesce(past.stored, ''), '', '', ''
FROM unnest(%(keys)s::text[]) AS u (key)
LEFT JOIN LATERAL (
    SELECT md5(concat_ws(E'\x1f', md5(content), title, source, metadata::text)) AS hash
    FROM {s}.document WHERE document_id = u.key OFFSET 0
) present ON true
LEFT JOIN LATERAL (
    SELECT hash, stored, label FROM {s}.mirrored WHERE mirror = %(mirror)s AND kind = 'document' AND key = u.key OFFSET 0
) past ON true
WHERE present.hash IS NOT NULL OR past.hash IS NOT NULL
ORDER BY u.key COLLATE "C"

-- name: mirror_entity
SELECT u.key, '', present.hash, past.hash, coalesce(past.stored, ''), coalesce(past.label, ''), '', ''
FROM unnest(%(keys)s::text[]) AS u (key)
LEFT JOIN LATERAL (SELECT id FROM {s}.entity WHERE key = u.key OFFSET 0) e ON true
LEFT JOIN LATERAL (
    SELECT md5(string_agg(md5(concat_ws(E'\x1f', d.document_id, c.position, c.chunk_id, m.is_title, m.surface, m.type,
                                        m.description, m.edited::text)),
                          '' ORDER BY d.document_id, c.position, c.chunk_id)
               || coalesce((SELECT string_agg(md5(w.content), '' ORDER BY w.hash)
                            FROM {s}.summary w WHERE w.entity = e.id), '')) AS hash
    FROM (SELECT * FROM {s}.mention WHERE entity = e.id OFFSET 0) m
    CROSS JOIN LATERAL (SELECT document, position, chunk_id FROM {s}.chunk WHERE id = m.chunk OFFSET 0) c
    CROSS JOIN LATERAL (SELECT document_id FROM {s}.document WHERE id = c.document OFFSET 0) d
) present ON true
LEFT JOIN LATERAL (
    SELECT hash, stored, label FROM {s}.mirrored WHERE mirror = %(mirror)s AND kind = 'entity' AND key = u.key OFFSET 0
) past ON true
WHERE present.hash IS NOT NULL OR past.hash IS NOT NULL
ORDER BY u.key COLLATE "C"

-- name: mirror_relation
-- What is said from one entity of another. It stands under the lower key; `part` begins with > where that is the source.
-- The hash of what is said stands before that of how its ends are kept there: the second changes when they are put anew.
WITH present AS (
    SELECT one.key, CASE WHEN told.forth THEN '>' ELSE '<' END || two.key AS part,
           told.hash || ':' || md5(concat_ws(E'\x1f', a.stored, a.made, b.stored, b.made)) AS hash,
           a.stored AS first, b.stored AS second
    FROM unnest(%(keys)s::text[]) AS u (key)
    CROSS JOIN LATERAL (SELECT id, key FROM {s}.entity WHERE key = u.key OFFSET 0) one
    CROSS JOIN LATERAL (
        SELECT id, high AS other FROM {s}.relation WHERE low = one.id
        UNION ALL
        SELECT id, low FROM {s}.relation WHERE high = one.id AND low <> one.id
        OFFSET 0
    ) r
    CROSS JOIN LATERAL (SELECT key FROM {s}.entity WHERE id = r.other AND key >= one.key OFFSET 0) two
    CROSS JOIN LATERAL (
        -- A sum needs no order.
        SELECT f.source = one.id AS forth,
               sum(hashtextextended(concat_ws(E'\x1f', c.chunk_id, f.ordinal, f.weight, f.keywords::text,
                                              f.description), 0)) AS hash
        FROM (SELECT * FROM {s}.fact WHERE relation = r.id OFFSET 0) f
        CROSS JOIN LATERAL (SELECT chunk_id FROM {s}.chunk WHERE id = f.chunk OFFSET 0) c
        GROUP BY 1
    ) told
    LEFT JOIN LATERAL (
        SELECT stored, made FROM {s}.mirrored
        WHERE mirror = %(mirror)s AND kind = 'entity' AND key = one.key OFFSET 0
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT stored, made FROM {s}.mirrored
        WHERE mirror = %(mirror)s AND kind = 'entity' AND key = two.key OFFSET 0
    ) b ON true
), past AS (
    SELECT m.* FROM unnest(%(keys)s::text[]) AS u (key)
    CROSS JOIN LATERAL (
        SELECT key, part, hash, stored FROM {s}.mirrored
        WHERE mirror = %(mirror)s AND kind = 'relation' AND key = u.key OFFSET 0
    ) m
)
SELECT key, part, present.hash, past.hash, coalesce(past.stored, ''), '', coalesce(present.first, ''),
       coalesce(present.second, '')
FROM present FULL JOIN past USING (key, part) ORDER BY key, part

-- name: mirror_node
-- A chunk as a node of the graph, with what it mentions.
SELECT u.key, '', present.hash, past.hash, coalesce(past.stored, ''), '', '', ''
FROM unnest(%(keys)s::text[]) AS u (key)
LEFT JOIN LATERAL (
    SELECT md5(concat_ws(E'\x1f', md5(c.content), c.title, d.document_id, d.source, c.position, c.metadata::text,
                         (SELECT string_agg(concat_ws(E'\x1f', a.stored, a.made), E'\x1e' ORDER BY e.key)
                          FROM (SELECT entity FROM {s}.mention WHERE chunk = c.id OFFSET 0) m
                          CROSS JOIN LATERAL (SELECT key FROM {s}.entity WHERE id = m.entity OFFSET 0) e
                          CROSS JOIN LATERAL (
                              SELECT stored, made FROM {s}.mirrored
                              WHERE mirror = %(mirror)s AND kind = 'entity' AND key = e.key OFFSET 0
                          ) a))) AS hash
    FROM (SELECT * FROM {s}.chunk WHERE chunk_id = u.key OFFSET 0) c
    CROSS JOIN LATERAL (SELECT document_id, source FROM {s}.document WHERE id = c.document OFFSET 0) d
) present ON true
LEFT JOIN LATERAL (
    SELECT hash, stored, label FROM {s}.mirrored WHERE mirror = %(mirror)s AND kind = 'node' AND key = u.key OFFSET 0
) past ON true
WHERE present.hash IS NOT NULL OR past.hash IS NOT NULL
ORDER BY u.key COLLATE "C"

-- name: mirror_mentions
SELECT c.chunk_id, a.stored
FROM unnest(%(keys)s::text[]) AS u (key)
CROSS JOIN LATERAL (SELECT id, chunk_id FROM {s}.chunk WHERE chunk_id = u.key OFFSET 0) c
CROSS JOIN LATERAL (SELECT entity FROM {s}.mention WHERE chunk = c.id OFFSET 0) m
CROSS JOIN LATERAL (SELECT key FROM {s}.entity WHERE id = m.entity OFFSET 0) e
CROSS JOIN LATERAL (
    SELECT stored FROM {s}.mirrored WHERE mirror = %(mirror)s AND kind = 'entity' AND key = e.key OFFSET 0
) a
ORDER BY c.chunk_id, e.key

-- name: mirror_facts
SELECT u.place, f.description, f.keywords, f.weight, c.chunk_id, d.document_id
FROM unnest(%(sources)s::text[], %(targets)s::text[]) WITH ORDINALITY AS u (source, target, place)
CROSS JOIN LATERAL (SELECT id FROM {s}.entity WHERE key = u.source OFFSET 0) s
CROSS JOIN LATERAL (SELECT id FROM {s}.entity WHERE key = u.target OFFSET 0) t
CROSS JOIN LATERAL (
    SELECT id FROM {s}.relation WHERE low = least(s.id, t.id) AND high = greatest(s.id, t.id) OFFSET 0
) r
CROSS JOIN LATERAL (SELECT * FROM {s}.fact WHERE relation = r.id OFFSET 0) f
CROSS JOIN LATERAL (SELECT document, position, chunk_id FROM {s}.chunk WHERE id = f.chunk OFFSET 0) c
CROSS JOIN LATERAL (SELECT document_id FROM {s}.document WHERE id = c.document OFFSET 0) d
WHERE f.source = s.id
ORDER BY u.place, f.weight DESC, d.document_id, c.position, c.chunk_id, f.ordinal

-- name: mirror_documents
SELECT document_id, title, source, metadata, content FROM {s}.document
WHERE document_id = ANY(%(keys)s) ORDER BY document_id

-- name: mirrored_chunks
-- Only those whose vectors there are of the model in use: nearness to others says nothing.
SELECT r.stored, c.id
FROM unnest(%(stored)s::text[]) AS u (stored)
CROSS JOIN LATERAL (
    SELECT mirror, kind, label, key, stored FROM {s}.mirrored WHERE stored = u.stored OFFSET 0
) r
CROSS JOIN LATERAL (SELECT id, chunk_id FROM {s}.chunk WHERE chunk_id = r.key OFFSET 0) c
WHERE r.mirror = %(mirror)s AND r.kind = 'chunk'
  AND r.label = (SELECT value FROM {s}.meta WHERE key = 'embedding')
  AND (%(visible)s::int[] IS NULL OR c.id = ANY(%(visible)s::int[]))
  AND get_bit(%(flags)s::bytea, c.id) IS DISTINCT FROM 0
ORDER BY c.chunk_id

-- name: mirrored_names
-- Which of these ids are those of something else, too.
SELECT r.stored
FROM unnest(%(stored)s::text[]) AS u (stored)
CROSS JOIN LATERAL (SELECT mirror, kind, key, stored FROM {s}.mirrored WHERE stored = u.stored OFFSET 0) r
WHERE r.mirror = %(mirror)s AND r.kind = %(kind)s AND r.key <> ALL(%(keys)s)

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
          AND b.hash = %(begun)s OFFSET 0) AS sure
) known
ORDER BY u.key, u.part
ON CONFLICT (mirror, kind, key, md5(part)) DO UPDATE
SET hash = CASE WHEN %(begun)s IN ('', m.hash) THEN excluded.hash ELSE '' END, stored = excluded.stored,
    label = CASE WHEN %(begun)s IN ('', m.hash) THEN excluded.label ELSE '' END

-- name: forget_mirrored
-- Nothing is known of `mirrored` before `u` is: else all of the kind would be gone through.
DELETE FROM {s}.mirrored m
USING (
    SELECT %(mirror)s AS mirror, %(kind)s AS kind, key, part
    FROM unnest(%(keys)s::text[], %(parts)s::text[]) AS u (key, part)
    OFFSET 0
) u
WHERE m.mirror = u.mirror AND m.kind = u.kind AND m.key = u.key AND md5(m.part) = md5(u.part) AND m.part = u.part

-- name: forget_mirror
DELETE FROM {s}.mirrored WHERE mirror = %(mirror)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)
