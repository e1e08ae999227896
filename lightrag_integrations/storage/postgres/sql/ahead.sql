-- What a search asks first, in one call.

-- name: ahead
-- One row: what every search asks (see `overview`), postings and names, each as columns in the order in which the statement
-- of its own gives them.
WITH rare AS MATERIALIZED (
    SELECT p.term
    FROM {s}.segment g JOIN {s}.postings p ON p.segment = g.id
    WHERE g.sign = 1 AND p.term = ANY(%(terms)s::int8[])
    GROUP BY p.term HAVING %(most)s::int8 IS NULL OR sum(p.n) <= %(most)s::int8
)
SELECT o.*, p.*, n.*
FROM (SELECT coalesce(sum(sign * n_chunks), 0)::int8, coalesce(sum(sign * sum_length), 0)::int8,
             array_agg(chunks) FILTER (WHERE sign = -1),
             (SELECT jsonb_object_agg(key, value) FROM {s}.meta),
             (SELECT array_agg(c.relname::text) FROM pg_catalog.pg_index i
              JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = %(schema)s AND c.relname = ANY(%(names)s) AND i.indisvalid)
      FROM {s}.segment) o,
     (SELECT array_agg(p.term), array_agg(p.chunks), array_agg(p.tfs), array_agg(p.lengths)
      FROM {s}.segment g JOIN {s}.postings p ON p.segment = g.id
      WHERE g.sign = 1 AND p.term = ANY(ARRAY(SELECT term FROM rare))) p,
     (SELECT array_agg(k.key), array_agg(k.id), array_agg(m.mentions)
      FROM (
          SELECT key, id FROM {s}.entity WHERE key = ANY(%(keys)s::text[])
          UNION ALL
          SELECT a.key, e.id FROM {s}.alias a JOIN {s}.entity e ON e.key = a.root WHERE a.key = ANY(%(keys)s::text[])
      ) k CROSS JOIN LATERAL (
          SELECT count(*)::int8 AS mentions FROM (
              SELECT FROM {s}.mention WHERE entity = k.id LIMIT %(counted)s
          ) first
      ) m
      WHERE m.mentions > 0) n

-- name: ahead_chunks
-- The nearest chunks as `chunks` gives them, each with its nearness and the number of all chunks. Vectors are only compared
-- while the settings are those that were seen before: the index's model may have changed, and the vectors of another one may
-- have another dimension.
WITH near AS MATERIALIZED (
    SELECT id, chunk_id, {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec AS distance FROM {s}.chunk
    WHERE {e} IS NOT NULL AND (SELECT jsonb_object_agg(key, value) = %(meta)s::jsonb FROM {s}.meta)
    ORDER BY {e} OPERATOR({v}.<=>) %(vector)s::{v}.halfvec LIMIT %(candidates)s
)
SELECT c.*, 1 - best.distance, (SELECT sum(sign * n_chunks)::int8 FROM {s}.segment)
FROM (SELECT * FROM near ORDER BY distance, chunk_id LIMIT %(chunks)s) best
CROSS JOIN LATERAL (
    SELECT c.id, c.chunk_id, d.document_id, c.title, c.content, d.source, c.position, c.span_start, c.span_end, c.metadata,
           c.content_hash
    FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document
    WHERE c.id = best.id OFFSET 0
) c
ORDER BY best.distance, best.chunk_id
