-- name: tables
-- Rows as the server estimates them, bytes with TOAST and indexes, and those of the vector index among them.
SELECT c.relname::text, c.reltuples::int8, pg_total_relation_size(c.oid)::int8,
       coalesce((SELECT sum(pg_relation_size(i.indexrelid)) FROM pg_catalog.pg_index i
                 JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                 WHERE i.indrelid = c.oid AND x.relname = ANY(%(names)s)), 0)::int8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relkind = 'r'

-- name: states
SELECT (SELECT count(*) FROM {s}.document),
       (SELECT count(*) FROM {s}.document) - (SELECT count(*) FROM {s}.pending p WHERE EXISTS
            (SELECT FROM {s}.document d WHERE d.document_id = p.document_id)),
       count(*) FILTER (WHERE NOT failed AND (lease_until IS NULL OR lease_until < now() OR owner = ANY(%(dead)s))),
       count(*) FILTER (WHERE NOT failed AND lease_until >= now() AND owner <> ALL(%(dead)s)),
       count(*) FILTER (WHERE failed),
       extract(epoch FROM now() - min(accepted_at) FILTER (WHERE NOT failed))::float8,
       (SELECT coalesce(sum(sign * n_chunks), 0)::int8 FROM {s}.segment),
       (SELECT count(*) FROM {s}.segment WHERE sign = 1),
       (SELECT coalesce(sum(n_chunks), 0)::int8 FROM {s}.segment WHERE sign = -1)
FROM {s}.pending

-- name: counts
SELECT (SELECT count(*) FROM {s}.entity), (SELECT count(*) FROM {s}.relation), (SELECT count(*) FROM {s}.fact),
       (SELECT count(*) FROM {s}.entity e WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)),
       (SELECT count(*) FROM {s}.entity e WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)
            AND NOT EXISTS (SELECT FROM {s}.aside_mention a WHERE a.entity = e.id)),
       (SELECT count(*) FROM {s}.relation r WHERE NOT EXISTS (SELECT FROM {s}.fact f WHERE f.relation = r.id))
