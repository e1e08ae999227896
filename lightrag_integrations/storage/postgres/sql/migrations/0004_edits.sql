-- What is said by hand about names: which mean the same, what is not shown, what is said instead. Keys are those of
-- entities, as text: edits outlive documents. A root is where a chain of aliases ends.
CREATE TABLE {s}.alias (
    key text COLLATE "C" PRIMARY KEY,
    target text COLLATE "C" NOT NULL,
    root text COLLATE "C" NOT NULL,
    name text NOT NULL,
    target_name text NOT NULL,
    reason text NOT NULL,
    score double precision,
    made_at timestamptz NOT NULL DEFAULT now(),
    CHECK (key <> target)
);
CREATE INDEX alias_by_root ON {s}.alias (root);

-- Twice the same key: the entity; else what is said of the pair.
CREATE TABLE {s}.hidden (
    low text COLLATE "C" NOT NULL,
    high text COLLATE "C" NOT NULL,
    low_root text COLLATE "C" NOT NULL,
    high_root text COLLATE "C" NOT NULL,
    names text[] NOT NULL,
    reason text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (low, high),
    CHECK (low <= high)
);
CREATE INDEX hidden_by_roots ON {s}.hidden (low_root, high_root);

CREATE TABLE {s}.override (
    key text COLLATE "C" PRIMARY KEY,
    root text COLLATE "C" NOT NULL,
    name text NOT NULL,
    type text COLLATE "C",
    description text COLLATE "C",
    reason text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX override_by_root ON {s}.override (root);

-- `mention` and `fact` hold what is shown. What was said and is shown otherwise, or not at all, is put aside whole.
-- `edited` tells of a mention made from such: under which other names the chunk speaks of the entity. NULL: as said.
ALTER TABLE {s}.mention ADD COLUMN edited text[] COLLATE "C";

CREATE TABLE {s}.aside_mention (
    entity int NOT NULL REFERENCES {s}.entity (id),
    chunk int NOT NULL REFERENCES {s}.chunk (id),
    is_title boolean NOT NULL,
    surface text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    PRIMARY KEY (chunk, entity)
);
CREATE INDEX aside_mention_by_entity ON {s}.aside_mention (entity);

-- A fact keeps its id; its vector is here, with the model that made it, only while the fact is not shown.
CREATE TABLE {s}.aside_fact (
    id bigint PRIMARY KEY,
    chunk int NOT NULL REFERENCES {s}.chunk (id),
    ordinal int NOT NULL,
    source int NOT NULL,
    target int NOT NULL,
    weight double precision NOT NULL,
    cooccurrence boolean NOT NULL,
    span_start int NOT NULL,
    span_end int NOT NULL,
    keywords jsonb NOT NULL,
    description text COLLATE "C" NOT NULL,
    model text,
    embedding {v}.halfvec
);
CREATE INDEX aside_fact_by_chunk ON {s}.aside_fact (chunk);

CREATE VIEW {s}.said_mention AS
SELECT entity, chunk, is_title, surface, type, description, true AS aside FROM {s}.aside_mention
UNION ALL
SELECT entity, chunk, is_title, surface, type, description, false FROM {s}.mention m
WHERE edited IS NULL
  AND NOT EXISTS (SELECT FROM {s}.aside_mention a WHERE a.chunk = m.chunk AND a.entity = m.entity);

CREATE VIEW {s}.said_fact AS
SELECT id, chunk, ordinal, source, target, weight, cooccurrence, span_start, span_end, keywords, description,
       true AS aside
FROM {s}.aside_fact
UNION ALL
SELECT id, chunk, ordinal, source, target, weight, cooccurrence, span_start, span_end, keywords, description, false
FROM {s}.fact f
WHERE NOT EXISTS (SELECT FROM {s}.aside_fact a WHERE a.id = f.id);

-- What the edits say of each entity. Of two overrides that a merge brought together, the root's own goes first.
CREATE VIEW {s}.ruling AS
SELECT e.id AS entity, e.key, k.root, coalesce(r.id, e.id) AS root_id,
       a.key IS NOT NULL OR EXISTS (SELECT FROM {s}.alias o WHERE o.root = e.key) AS merged,
       EXISTS (SELECT FROM {s}.hidden h WHERE h.low = h.high AND h.low_root = k.root AND h.high_root = k.root) AS hidden,
       EXISTS (SELECT FROM {s}.override o WHERE o.root = k.root) AS overridden,
       (SELECT o.type FROM {s}.override o WHERE o.root = k.root AND o.type IS NOT NULL
        ORDER BY o.key <> o.root, o.key LIMIT 1) AS type,
       (SELECT o.description FROM {s}.override o WHERE o.root = k.root AND o.description IS NOT NULL
        ORDER BY o.key <> o.root, o.key LIMIT 1) AS description
FROM {s}.entity e
LEFT JOIN {s}.alias a ON a.key = e.key
CROSS JOIN LATERAL (SELECT coalesce(a.root, e.key) AS root) k
LEFT JOIN {s}.entity r ON r.key = k.root;

-- Mentions as the edits want them shown, of entities that an edit is about. Hiding is about documents: what is said by
-- hand stays.
CREATE VIEW {s}.wanted_mention AS
SELECT chunk, root AS entity, bool_or(is_title) AS is_title, (array_agg(surface ORDER BY place))[1] AS surface,
       coalesce(min(new_type), (array_agg(type ORDER BY place) FILTER (WHERE type <> ''))[1], '') AS type,
       coalesce(min(new_description),
                string_agg(description, E'\n' ORDER BY place) FILTER (WHERE description <> '' AND nth = 1), '')
           AS description,
       CASE WHEN count(*) > 1 OR NOT bool_and(own) OR bool_or(overridden)
            THEN coalesce(array_agg(surface ORDER BY place) FILTER (WHERE NOT own), '{{}}') END AS edited
FROM (
    SELECT *, row_number() OVER (PARTITION BY chunk, root, description ORDER BY place) AS nth
    FROM (
        SELECT s.chunk, s.is_title, s.surface, s.type, s.description, u.root_id AS root, s.entity = u.root_id AS own,
               u.overridden, u.type AS new_type, u.description AS new_description,
               row_number() OVER (PARTITION BY s.chunk, u.root_id
                                  ORDER BY s.entity = u.root_id DESC, s.is_title DESC, u.key) AS place
        FROM {s}.said_mention s
        JOIN {s}.ruling u ON u.entity = s.entity
        JOIN {s}.chunk c ON c.id = s.chunk
        JOIN {s}.document d ON d.id = c.document
        WHERE (s.aside OR u.merged OR u.overridden OR u.hidden)
          AND (NOT u.hidden OR starts_with(d.document_id, 'by-hand:'))
    ) placed
) said
GROUP BY chunk, root;

-- Facts as the edits want them; `gone`: not shown. That an entity is related to itself, now that two names are one, says
-- nothing.
CREATE VIEW {s}.wanted_fact AS
SELECT s.id, s.chunk, s.aside, s.source AS said_source, s.target AS said_target, a.root_id AS source,
       b.root_id AS target,
       (a.root_id = b.root_id AND s.source <> s.target)
       OR (NOT starts_with(d.document_id, 'by-hand:')
           AND (a.hidden OR b.hidden
                OR EXISTS (SELECT FROM {s}.hidden h
                           WHERE h.low < h.high AND h.low_root = least(a.root, b.root)
                             AND h.high_root = greatest(a.root, b.root)))) AS gone
FROM {s}.said_fact s
JOIN {s}.ruling a ON a.entity = s.source
JOIN {s}.ruling b ON b.entity = s.target
JOIN {s}.chunk c ON c.id = s.chunk
JOIN {s}.document d ON d.id = c.document;

-- Chunks of which something is shown otherwise than the edits want it.
CREATE VIEW {s}.misshown AS
SELECT coalesce(w.chunk, m.chunk) AS chunk
FROM {s}.wanted_mention w
FULL JOIN (
    SELECT m.* FROM {s}.mention m JOIN {s}.ruling u ON u.entity = m.entity
    WHERE m.edited IS NOT NULL OR u.merged OR u.overridden OR u.hidden
       OR EXISTS (SELECT FROM {s}.aside_mention a WHERE a.chunk = m.chunk AND a.entity = m.entity)
) m ON m.chunk = w.chunk AND m.entity = w.entity
WHERE (w.chunk, w.is_title, w.surface, w.type, w.description, w.edited)
      IS DISTINCT FROM (m.chunk, m.is_title, m.surface, m.type, m.description, m.edited)
UNION
SELECT a.chunk FROM {s}.aside_mention a JOIN {s}.mention m ON m.chunk = a.chunk AND m.entity = a.entity
WHERE m.edited IS NULL
UNION
SELECT w.chunk FROM {s}.wanted_fact w LEFT JOIN {s}.fact f ON f.id = w.id
WHERE w.aside <> (w.gone OR w.source <> w.said_source OR w.target <> w.said_target)
   OR w.gone <> (f.id IS NULL)
   OR NOT w.gone AND (f.source <> w.source OR f.target <> w.target);

-- Of what is shown as edited, or not shown, something that was said is lost.
CREATE VIEW {s}.baseless AS
SELECT m.chunk, m.surface FROM {s}.mention m
WHERE EXISTS (
    SELECT FROM unnest(array_append(m.edited, m.surface)) AS name
    WHERE m.edited IS NOT NULL
      AND NOT EXISTS (SELECT FROM {s}.aside_mention a WHERE a.chunk = m.chunk AND a.surface = name))
UNION ALL
SELECT f.chunk, f.description FROM {s}.aside_fact f
WHERE NOT EXISTS (SELECT FROM {s}.said_mention m WHERE m.chunk = f.chunk AND m.entity = f.source)
   OR NOT EXISTS (SELECT FROM {s}.said_mention m WHERE m.chunk = f.chunk AND m.entity = f.target);
