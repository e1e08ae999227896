-- What each mirror (a store outside that follows this index) was given, so that a sync hands over only what differs.
-- `stored` is the id it has there, `made` changes when it was put there anew, a `hash` that is empty or begins with a
-- colon says that a change was under way. `part` is the other end of a relation; two long keys would not fit into one row of an index.
CREATE TABLE IF NOT EXISTS {s}.mirrored (
    mirror text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    part text COLLATE "C" NOT NULL,
    hash text NOT NULL,
    stored text COLLATE "C" NOT NULL,
    label text NOT NULL,
    made text NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS mirrored_by_key ON {s}.mirrored (mirror, kind, key, md5(part));
CREATE INDEX IF NOT EXISTS mirrored_by_stored ON {s}.mirrored USING hash (stored);
