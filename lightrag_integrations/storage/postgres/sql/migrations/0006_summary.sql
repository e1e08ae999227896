-- What a model wrote of an entity, by the hash of the contributions it was made from: a row whose contributions are not
-- exactly those that a reader sees is never shown. Goes with its entity, so none can be left behind.
CREATE TABLE IF NOT EXISTS {s}.summary (
    entity int NOT NULL REFERENCES {s}.entity (id) ON DELETE CASCADE,
    hash bytea NOT NULL,
    content text NOT NULL,
    model text COLLATE "C" NOT NULL,
    contributions int NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity, hash)
);
