-- The given chunks that are still wanted (none were given: NULL), and how the call that accepted the document works.
ALTER TABLE {s}.pending ADD COLUMN chunk_ids text[], ADD COLUMN options text NOT NULL DEFAULT '';
UPDATE {s}.pending
SET chunk_ids = ARRAY(SELECT one ->> 'id' FROM json_array_elements(chunks::json) AS one)
WHERE chunks IS NOT NULL;
