-- What callers say of a mention or a fact beyond what the graph has a place for, and of how a chunk is linked to other
-- things that are no entities. Goes with its chunk, and is written with it. Of a mention: no ordinal and no target; of a
-- fact: its ordinal in the chunk; a link: no ordinal, and both ends as the caller names them. Other ends are keys, which
-- no edit changes.
CREATE TABLE IF NOT EXISTS {s}.note (
    chunk int NOT NULL REFERENCES {s}.chunk (id) ON DELETE CASCADE,
    ordinal int,
    source text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    label text COLLATE "C" NOT NULL,
    properties jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS note_by_chunk ON {s}.note (chunk, ordinal);
CREATE INDEX IF NOT EXISTS note_by_source ON {s}.note (source);
CREATE INDEX IF NOT EXISTS note_by_target ON {s}.note (target) WHERE target <> '';
CREATE INDEX IF NOT EXISTS note_by_properties ON {s}.note USING gin (properties jsonb_path_ops);

-- Notes of what is not said any more.
CREATE OR REPLACE VIEW {s}.idle_note AS
SELECT n.ctid AS place, n.chunk, n.source FROM {s}.note n
WHERE NOT EXISTS (SELECT FROM {s}.chunk c WHERE c.id = n.chunk)
   OR n.ordinal IS NOT NULL
      AND NOT EXISTS (SELECT FROM {s}.said_fact f WHERE f.chunk = n.chunk AND f.ordinal = n.ordinal)
   OR n.ordinal IS NULL AND n.target = ''
      AND NOT EXISTS (SELECT FROM {s}.said_mention m JOIN {s}.entity e ON e.id = m.entity
                      WHERE m.chunk = n.chunk AND e.key = n.source);
