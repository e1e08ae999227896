-- name: cached_extractions
SELECT key, result FROM {s}.extraction WHERE key = ANY(%(keys)s)

-- name: cache_extractions
-- In order, so that two that write the same answers never wait for each other.
INSERT INTO {s}.extraction (key, chunk_hash, extractor, result)
SELECT * FROM unnest(%(keys)s::bytea[], %(chunk_hashes)s::text[], %(extractors)s::text[], %(results)s::text[])
    AS given (key, chunk_hash, extractor, result)
ORDER BY key
ON CONFLICT (key) DO NOTHING

-- name: forget_extractions
DELETE FROM {s}.extraction e WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.content_hash = e.chunk_hash)

-- name: record_usage
INSERT INTO {s}.ledger (kind, model, prompt_tokens, completion_tokens, cached, document_id)
SELECT * FROM unnest(%(kinds)s::text[], %(models)s::text[], %(prompts)s::int8[], %(completions)s::int8[],
                     %(cached)s::bool[], %(documents)s::text[])
RETURNING at

-- name: recorded
-- A transaction's lines all have the time of its beginning, to the microsecond.
SELECT 1 FROM {s}.ledger WHERE at = ANY(%(begun)s::timestamptz[]) AND document_id = ANY(%(documents)s::text[]) LIMIT 1

-- name: ledger
SELECT kind, model, sum(prompt_tokens)::int8, sum(completion_tokens)::int8, cached, count(*)
FROM {s}.ledger GROUP BY kind, model, cached ORDER BY kind, model, cached
