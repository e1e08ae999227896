-- name: share_edits
-- Writers of documents hold this together, an edit alone; readers ask for nothing. Taken before anything else.
SELECT pg_advisory_xact_lock_shared(%(key)s)

-- name: aliases
SELECT key, target, name, target_name, reason, score, made_at FROM {s}.alias ORDER BY key

-- name: hidden
SELECT low, high, names, reason, made_at FROM {s}.hidden ORDER BY low, high

-- name: overrides
SELECT key, name, type, description, reason, made_at FROM {s}.override ORDER BY key

-- name: roots
SELECT key, root FROM {s}.alias WHERE key = ANY(%(keys)s)

-- name: write_aliases
INSERT INTO {s}.alias (key, target, root, name, target_name, reason, score)
SELECT * FROM unnest(%(keys)s::text[], %(targets)s::text[], %(roots)s::text[], %(names)s::text[],
                     %(target_names)s::text[], %(reasons)s::text[], %(scores)s::float8[])
ON CONFLICT (key) DO UPDATE SET
    target = excluded.target, root = excluded.root, name = excluded.name, target_name = excluded.target_name,
    reason = excluded.reason, score = excluded.score

-- name: write_hidden
INSERT INTO {s}.hidden (low, high, low_root, high_root, names, reason)
SELECT u.low, u.high, u.low_root, u.high_root, ARRAY(SELECT json_array_elements_text(u.names::json)), u.reason
FROM unnest(%(lows)s::text[], %(highs)s::text[], %(low_roots)s::text[], %(high_roots)s::text[], %(names)s::text[],
            %(reasons)s::text[]) AS u (low, high, low_root, high_root, names, reason)
ON CONFLICT (low, high) DO UPDATE SET
    low_root = excluded.low_root, high_root = excluded.high_root, names = excluded.names, reason = excluded.reason

-- name: write_overrides
INSERT INTO {s}.override (key, root, name, type, description, reason)
SELECT * FROM unnest(%(keys)s::text[], %(roots)s::text[], %(names)s::text[], %(types)s::text[],
                     %(descriptions)s::text[], %(reasons)s::text[])
ON CONFLICT (key) DO UPDATE SET
    root = excluded.root, name = excluded.name, type = excluded.type, description = excluded.description,
    reason = excluded.reason

-- name: remove_aliases
DELETE FROM {s}.alias WHERE key = ANY(%(keys)s)

-- name: remove_hidden
DELETE FROM {s}.hidden h USING unnest(%(lows)s::text[], %(highs)s::text[]) AS u (low, high)
WHERE h.low = u.low AND h.high = u.high

-- name: remove_overrides
DELETE FROM {s}.override WHERE key = ANY(%(keys)s)

-- name: chunks_of_keys
SELECT m.chunk FROM {s}.entity e JOIN {s}.mention m ON m.entity = e.id WHERE e.key = ANY(%(keys)s)
UNION
SELECT m.chunk FROM {s}.entity e JOIN {s}.aside_mention m ON m.entity = e.id WHERE e.key = ANY(%(keys)s)

-- name: edited_chunks
-- Those of these chunks that an edit is about.
SELECT DISTINCT m.chunk
FROM {s}.mention m JOIN {s}.ruling u ON u.entity = m.entity
WHERE (EXISTS (SELECT FROM {s}.alias) OR EXISTS (SELECT FROM {s}.hidden) OR EXISTS (SELECT FROM {s}.override))
  AND m.chunk = ANY(%(chunks)s::int[])
  AND (u.merged OR u.overridden OR u.hidden
       OR EXISTS (SELECT FROM {s}.hidden h WHERE h.low_root = u.root OR h.high_root = u.root))

-- name: chunks_with_edits
-- Every chunk that an edit is about, was about, or seems to have been about.
SELECT chunk FROM {s}.aside_mention UNION SELECT chunk FROM {s}.aside_fact
UNION SELECT chunk FROM {s}.mention WHERE edited IS NOT NULL
UNION
SELECT m.chunk FROM {s}.mention m JOIN {s}.ruling u ON u.entity = m.entity
WHERE u.merged OR u.overridden OR u.hidden
   OR EXISTS (SELECT FROM {s}.hidden h WHERE h.low_root = u.root OR h.high_root = u.root)

-- name: roots_of_chunks
SELECT DISTINCT a.root
FROM {s}.said_mention s JOIN {s}.entity e ON e.id = s.entity JOIN {s}.alias a ON a.key = e.key
WHERE s.chunk = ANY(%(chunks)s::int[])

-- name: plan_for_many
-- An edit fills and empties tables faster than statistics tell of it, and a hub is one end of most rows: plans look cheap
-- that compare every row with every other. Hash joins never do that.
SELECT set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: put_mentions_aside
INSERT INTO {s}.aside_mention (entity, chunk, is_title, surface, type, description)
SELECT s.entity, s.chunk, s.is_title, s.surface, s.type, s.description
FROM {s}.said_mention s
JOIN {s}.ruling u ON u.entity = s.entity AND (u.merged OR u.overridden OR u.hidden)
LEFT JOIN (SELECT chunk, entity FROM {s}.wanted_mention WHERE chunk = ANY(%(chunks)s::int[]) AND edited IS NULL) w
    ON w.chunk = s.chunk AND w.entity = s.entity
WHERE s.chunk = ANY(%(chunks)s::int[]) AND NOT s.aside AND w.chunk IS NULL

-- name: show_mentions
MERGE INTO {s}.mention AS m
USING (
    SELECT coalesce(w.chunk, o.chunk) AS chunk, coalesce(w.entity, o.entity) AS entity, w.chunk IS NULL AS gone,
           w.is_title, w.surface, w.type, w.description, w.edited, c.tie
    FROM (SELECT * FROM {s}.wanted_mention WHERE chunk = ANY(%(chunks)s::int[])) w
    FULL JOIN (SELECT * FROM {s}.mention WHERE chunk = ANY(%(chunks)s::int[])) o
        ON o.chunk = w.chunk AND o.entity = w.entity
    JOIN {s}.chunk c ON c.id = coalesce(w.chunk, o.chunk)
    WHERE (w.chunk, w.is_title, w.surface, w.type, w.description, w.edited)
          IS DISTINCT FROM (o.chunk, o.is_title, o.surface, o.type, o.description, o.edited)
      AND (w.chunk IS NOT NULL OR o.edited IS NOT NULL
           OR EXISTS (SELECT FROM {s}.aside_mention a WHERE a.chunk = o.chunk AND a.entity = o.entity))
) AS n ON m.chunk = n.chunk AND m.entity = n.entity
WHEN MATCHED AND n.gone THEN DELETE
WHEN MATCHED THEN UPDATE SET
    is_title = n.is_title, surface = n.surface, type = n.type, description = n.description, edited = n.edited
WHEN NOT MATCHED AND NOT n.gone THEN
    INSERT (entity, chunk, tie, is_title, surface, type, description, edited)
    VALUES (n.entity, n.chunk, n.tie, n.is_title, n.surface, n.type, n.description, n.edited)

-- name: put_mentions_back
DELETE FROM {s}.aside_mention a USING {s}.mention m
WHERE a.chunk = ANY(%(chunks)s::int[]) AND m.chunk = a.chunk AND m.entity = a.entity AND m.edited IS NULL

-- name: put_facts_aside
INSERT INTO {s}.aside_fact (id, chunk, ordinal, source, target, weight, cooccurrence, span_start, span_end, keywords,
                            description)
SELECT f.id, f.chunk, f.ordinal, f.source, f.target, f.weight, f.cooccurrence, f.span_start, f.span_end, f.keywords,
       f.description
FROM {s}.wanted_fact w JOIN {s}.fact f ON f.id = w.id
WHERE w.chunk = ANY(%(chunks)s::int[]) AND NOT w.aside
  AND (w.gone OR w.source <> w.said_source OR w.target <> w.said_target)

-- name: hide_facts
WITH gone AS (
    DELETE FROM {s}.fact f USING {s}.wanted_fact w
    WHERE w.chunk = ANY(%(chunks)s::int[]) AND w.gone AND f.id = w.id
    RETURNING f.id, f.embedding, f.embedding2
)
UPDATE {s}.aside_fact a SET embedding = gone.embedding, embedding2 = gone.embedding2 FROM gone WHERE a.id = gone.id

-- name: wanted_pairs
SELECT DISTINCT least(w.source, w.target), greatest(w.source, w.target)
FROM {s}.wanted_fact w LEFT JOIN {s}.fact f ON f.id = w.id
WHERE w.chunk = ANY(%(chunks)s::int[]) AND w.aside AND NOT w.gone
  AND (f.id IS NULL OR f.source <> w.source OR f.target <> w.target)
ORDER BY 1, 2

-- name: show_hidden_facts
INSERT INTO {s}.fact (id, relation, chunk, ordinal, source, target, tie, weight, cooccurrence, span_start, span_end,
                      keywords, description, embedding, embedding2)
SELECT a.id, r.id, a.chunk, a.ordinal, w.source, w.target, c.tie, a.weight, a.cooccurrence, a.span_start, a.span_end,
       a.keywords, a.description, a.embedding, a.embedding2
FROM {s}.wanted_fact w
JOIN {s}.aside_fact a ON a.id = w.id
JOIN {s}.chunk c ON c.id = w.chunk
JOIN {s}.relation r ON r.low = least(w.source, w.target) AND r.high = greatest(w.source, w.target)
WHERE w.chunk = ANY(%(chunks)s::int[]) AND w.aside AND NOT w.gone
  AND NOT EXISTS (SELECT FROM {s}.fact f WHERE f.id = w.id)

-- name: show_facts
UPDATE {s}.fact f SET source = w.source, target = w.target, relation = r.id
FROM {s}.wanted_fact w
JOIN {s}.relation r ON r.low = least(w.source, w.target) AND r.high = greatest(w.source, w.target)
WHERE w.chunk = ANY(%(chunks)s::int[]) AND w.aside AND NOT w.gone AND f.id = w.id
  AND (f.source <> w.source OR f.target <> w.target)

-- name: put_facts_back
DELETE FROM {s}.aside_fact a USING {s}.fact f
WHERE a.chunk = ANY(%(chunks)s::int[]) AND f.id = a.id AND f.source = a.source AND f.target = a.target

-- name: release_vectors
UPDATE {s}.aside_fact a SET embedding = NULL, embedding2 = NULL
WHERE a.chunk = ANY(%(chunks)s::int[]) AND (a.embedding IS NOT NULL OR a.embedding2 IS NOT NULL)
  AND EXISTS (SELECT FROM {s}.fact f WHERE f.id = a.id)
