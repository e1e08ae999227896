-- A second place for vectors, so that another model's can be made while those of the first are searched; `meta` says
-- which of the two is searched. `blank` are the rows that the model at work has no direction for (a zero vector).
ALTER TABLE {s}.chunk ADD COLUMN IF NOT EXISTS embedding2 {v}.halfvec;
ALTER TABLE {s}.entity ADD COLUMN IF NOT EXISTS embedding2 {v}.halfvec;
ALTER TABLE {s}.fact ADD COLUMN IF NOT EXISTS embedding2 {v}.halfvec;
ALTER TABLE {s}.aside_fact ADD COLUMN IF NOT EXISTS embedding2 {v}.halfvec;
-- A change of the model covers vectors that are put aside, too: they are of the model that their column is of.
ALTER TABLE {s}.aside_fact DROP COLUMN IF EXISTS model;
CREATE TABLE IF NOT EXISTS {s}.blank (
    kind text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (kind, id)
);
