-- name: clock
SELECT extract(epoch FROM clock_timestamp())::float8

-- name: write_records
-- Of two writers at once the later time stands, whoever is last; a time from a clock that was ahead does not.
INSERT INTO {s}.record AS r (namespace, key, group_id, updated_at)
SELECT DISTINCT ON (key) %(namespace)s, key, group_id, %(now)s::float8
FROM unnest(%(keys)s::text[], %(groups)s::text[]) WITH ORDINALITY AS given (key, group_id, place)
ORDER BY key, place DESC
ON CONFLICT (namespace, key) DO UPDATE
SET updated_at = greatest(excluded.updated_at, least(r.updated_at, excluded.updated_at + 60)),
    group_id = CASE WHEN %(grouped)s THEN excluded.group_id ELSE r.group_id END

-- name: known_records
SELECT key FROM {s}.record WHERE namespace = %(namespace)s AND key = ANY(%(keys)s::text[])

-- name: record_keys
SELECT key FROM {s}.record
WHERE namespace = %(namespace)s
  AND (%(before)s::float8 IS NULL OR updated_at < %(before)s)
  AND (%(after)s::float8 IS NULL OR updated_at > %(after)s)
ORDER BY updated_at, key LIMIT %(limit)s

-- name: record_keys_of_groups
SELECT r.key FROM (SELECT DISTINCT unnest(%(groups)s::text[]) AS group_id) g JOIN {s}.record r ON r.group_id = g.group_id
WHERE r.namespace = %(namespace)s
  AND (%(before)s::float8 IS NULL OR r.updated_at < %(before)s)
  AND (%(after)s::float8 IS NULL OR r.updated_at > %(after)s)
ORDER BY r.updated_at, r.key LIMIT %(limit)s

-- name: remove_records
DELETE FROM {s}.record WHERE namespace = %(namespace)s AND key = ANY(%(keys)s::text[]) RETURNING key

-- name: remove_records_of_chunks
-- But for those that take the place of one with the same id.
DELETE FROM {s}.record WHERE key IN (
    SELECT chunk_id FROM {s}.chunk WHERE id = ANY(%(chunks)s) EXCEPT SELECT unnest(%(kept)s::text[]))
