-- Cutting free room off the end of a file locks readers out, and on a standby cancels what they ask. What searches read
-- keeps its room for rows to come; `compact` gives it back.
DO $$
DECLARE
    found regclass;
BEGIN
    FOR found IN
        SELECT oid FROM pg_catalog.pg_class
        WHERE relnamespace = '{s}'::regnamespace AND relkind = 'r' AND relname NOT IN ('pending', 'extraction', 'ledger')
    LOOP
        EXECUTE format('ALTER TABLE %s SET (vacuum_truncate = off, toast.vacuum_truncate = off)', found);
    END LOOP;
END
$$;
