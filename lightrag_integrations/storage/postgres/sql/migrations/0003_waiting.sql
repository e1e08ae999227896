-- Since when a document waits; a newer version of one that waits already does not begin anew.
ALTER TABLE {s}.pending ADD COLUMN IF NOT EXISTS accepted_at timestamptz NOT NULL DEFAULT now();
