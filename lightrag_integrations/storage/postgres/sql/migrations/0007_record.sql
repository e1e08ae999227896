-- What an outside program wrote and when, by the server's clock (LangChain's indexing API keeps its book here).
CREATE TABLE IF NOT EXISTS {s}.record (
    namespace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    group_id text COLLATE "C",
    updated_at double precision NOT NULL,
    PRIMARY KEY (namespace, key)
);
CREATE INDEX IF NOT EXISTS record_by_key ON {s}.record (key);
CREATE INDEX IF NOT EXISTS record_by_time ON {s}.record (namespace, updated_at);
-- A group is mostly a path or an address, of any length.
CREATE INDEX IF NOT EXISTS record_by_group ON {s}.record USING hash (group_id);
