PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE document (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL,
    reason TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE chunk (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL,
    tokens INTEGER NOT NULL, heading TEXT NOT NULL, source TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX chunk_document ON chunk (document, position);
CREATE TABLE vector (chunk TEXT PRIMARY KEY, floats BLOB NOT NULL);
CREATE TABLE answer (key TEXT PRIMARY KEY, chunk TEXT NOT NULL, time REAL NOT NULL, text TEXT NOT NULL);
CREATE INDEX answer_chunk ON answer (chunk, time);
CREATE TABLE chunk_answer (chunk TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (chunk, key)) WITHOUT ROWID;
CREATE TABLE summary (text TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE thing (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, other TEXT NOT NULL, type TEXT NOT NULL, description TEXT NOT NULL,
    keywords TEXT NOT NULL, weight REAL NOT NULL, key TEXT NOT NULL, other_key TEXT NOT NULL,
    embedded INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT '', UNIQUE (name, other)
);
CREATE TABLE thing_chunk (thing INTEGER NOT NULL, place INTEGER NOT NULL, chunk TEXT NOT NULL,
    PRIMARY KEY (thing, chunk)) WITHOUT ROWID;
CREATE TABLE said (
    chunk TEXT NOT NULL, key TEXT NOT NULL, other_key TEXT NOT NULL, place INTEGER NOT NULL, source TEXT NOT NULL,
    target TEXT NOT NULL, type TEXT NOT NULL, description TEXT NOT NULL, keywords TEXT NOT NULL,
    lesser INTEGER NOT NULL, PRIMARY KEY (chunk, key, other_key, place)
) WITHOUT ROWID;
CREATE TABLE told (
    chunk TEXT NOT NULL, thing INTEGER NOT NULL, place INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
    type TEXT NOT NULL, description TEXT NOT NULL, keywords TEXT NOT NULL, weight REAL NOT NULL,
    PRIMARY KEY (chunk, thing, place)
) WITHOUT ROWID;
