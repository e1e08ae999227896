-- What the first version stored of the small index: two documents, two that wait, and one chunk deleted, but not yet
-- folded out of the postings.
ALTER TABLE {s}.chunk DROP COLUMN embedding, ADD COLUMN embedding {v}.halfvec(2);
ALTER TABLE {s}.entity DROP COLUMN embedding, ADD COLUMN embedding {v}.halfvec(2);
ALTER TABLE {s}.fact DROP COLUMN embedding, ADD COLUMN embedding {v}.halfvec(2);
INSERT INTO {s}.document VALUES
    (1, 'a', 'Ada', '', '{{"n": 1}}', 'red green red blue', 'hash of hash of Ada|red green red|hash of |blue', now()),
    (2, 'b', '', 's', '{{}}', 'green 中文', 'hash of hash of |green 中文', now());
INSERT INTO {s}.chunk VALUES
    (1, 1, 'a1', 4623998298051640878, 0, 0, 13, 3, 4, 'Ada', 'red green red', 'hash of Ada|red green red', '{{}}', '[0.60009766,0.7998047]'),
    (2, 1, 'a2', -4427014356759587614, 1, 100, 104, 1, 1, '', 'blue', 'hash of |blue', '{{}}', NULL),
    (3, 2, 'b1', -8528714485610575780, 0, 0, 8, 2, 4, '', 'green 中文', 'hash of |green 中文', '{{}}', '[1,0]');
INSERT INTO {s}.entity VALUES
    (1, 'ada', '[1,0]'),
    (2, 'babbage', '[0,1]'),
    (3, 'engine', '[0.70703125,0.70703125]'),
    (4, 'solo', NULL);
INSERT INTO {s}.relation VALUES
    (1, 1, 2),
    (2, 2, 3);
INSERT INTO {s}.fact VALUES
    (1, 1, 1, 0, 1, 2, 4623998298051640878, 1, false, 0, 0, '[]', 'Ada Babbage', NULL),
    (2, 2, 1, 1, 2, 3, 4623998298051640878, 0.5, false, 0, 0, '[]', 'Babbage Engine', NULL),
    (3, 1, 3, 0, 2, 1, -8528714485610575780, 2, false, 0, 0, '[]', 'Babbage Ada', NULL);
INSERT INTO {s}.mention VALUES
    (1, 1, 4623998298051640878, true, 'Ada', 'thing', 'Ada in a1'),
    (2, 1, 4623998298051640878, false, 'Babbage', 'thing', 'Babbage in a1'),
    (3, 1, 4623998298051640878, false, 'Engine', 'thing', 'Engine in a1'),
    (3, 2, -4427014356759587614, false, 'Engine', 'thing', 'Engine in a2'),
    (4, 2, -4427014356759587614, false, 'Solo', 'thing', 'Solo in a2'),
    (1, 3, -8528714485610575780, false, 'Ada', 'thing', 'Ada in b1'),
    (2, 3, -8528714485610575780, false, 'Babbage', 'thing', 'Babbage in b1');
INSERT INTO {s}.meta VALUES
    ('name', 'first schema'),
    ('embedding', 'm'),
    ('dimension', '2');
INSERT INTO {s}.pending VALUES
    ('w', '', '', '{{}}', '', '[{{"id": "w1", "document_id": "w", "text": "x", "position": 0, "start": 0, "end": 0, "title": "", "token_count": 0, "metadata": {{}}, "embedding": null, "extraction": null}}, {{"id": "w2", "document_id": "w", "text": "y"}}]', 'h', true, 0, false, '', 'worker', now() - interval '1 hour'),
    ('f', '', '', '{{}}', 'y', NULL, 'h', true, 0, true, 'no reason', '', NULL);
INSERT INTO {s}.postings VALUES
    (1, -7890922746162280485, 0, 2, '\x0200000004000000', '\x01000100', '\x0100000001000000'),
    (1, 136891001170711386, 0, 1, '\x03000000', '\x0100', '\x04000000'),
    (1, 1002358433242564771, 0, 1, '\x01000000', '\x0200', '\x04000000'),
    (1, 1562989052550317351, 0, 1, '\x01000000', '\x0100', '\x04000000'),
    (1, 5543481364968137448, 0, 2, '\x0100000003000000', '\x01000100', '\x0400000004000000'),
    (1, 6464740985020089547, 0, 1, '\x03000000', '\x0100', '\x04000000'),
    (1, 7936617664449955507, 0, 1, '\x03000000', '\x0100', '\x04000000');
INSERT INTO {s}.segment VALUES
    (1, 1, 0, 4, 10, '\x01000000020000000300000004000000', '\x04000000010000000400000001000000'),
    (2, -1, 0, 1, 1, '\x04000000', '\x01000000');
INSERT INTO {s}.extraction VALUES
    ('\x00', 'a text that is gone', 'model', '{{}}', now());
INSERT INTO {s}.ledger VALUES
    (1, now(), 'extract', 'model', 10, 5, false, 'a');
SELECT pg_catalog.setval('{s}.chunk_id_seq', 4, true);
SELECT pg_catalog.setval('{s}.document_id_seq', 2, true);
SELECT pg_catalog.setval('{s}.entity_id_seq', 4, true);
SELECT pg_catalog.setval('{s}.fact_id_seq', 3, true);
SELECT pg_catalog.setval('{s}.ledger_id_seq', 1, true);
SELECT pg_catalog.setval('{s}.relation_id_seq', 2, true);
SELECT pg_catalog.setval('{s}.segment_id_seq', 2, true);
