-- Which log this is, and which hub serves it.

-- A text that stays the same as long as every position in the log means what it meant, and that changes
-- once the log may have gone back: after `new_epoch`, after a failover or a recovery to a point in time
-- (another timeline), in another cluster or database, and after a dump was restored (the row was written
-- by another transaction). NULL on a standby. Parts that this role may not read are left out.
CREATE OR REPLACE FUNCTION log_epoch() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    parts text := '';
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN NULL;
    END IF;
    IF has_function_privilege('pg_control_system()', 'EXECUTE') THEN
        parts := parts || (SELECT system_identifier FROM pg_control_system());
    END IF;
    IF has_function_privilege('pg_walfile_name(pg_lsn)', 'EXECUTE')
       AND has_function_privilege('pg_current_wal_lsn()', 'EXECUTE') THEN
        parts := parts || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
    END IF;
    RETURN (SELECT left(encode(sha256(convert_to(
                       concat_ws(' ', parts, d.oid, e.xmin, e.value), 'UTF8')), 'hex'), 16)
              FROM pg_database d, epochs e WHERE d.datname = current_database());
END $$;

-- Gives the log a new epoch: earlier positions in it are no longer valid. With `seen`, only if the epoch
-- is still `seen`: of several hubs that see the log go back, only the first one changes it. Returns the
-- present epoch.
CREATE OR REPLACE FUNCTION new_epoch(seen text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM epochs FOR UPDATE;
    IF seen IS NULL OR seen = log_epoch() THEN
        UPDATE epochs SET value = gen_random_uuid();
    END IF;
    RETURN log_epoch();
END $$;

-- The lock that statements which store messages share until their commit, and that a hub takes alone when
-- it begins to serve.
CREATE OR REPLACE FUNCTION posting_lock() RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT 31632341465003380';

-- From now on messages are stored for this hub alone. Waits for statements that are storing messages.
-- Returns the number of the hub that served before, and of this one. Numbers of hubs that serve alone are
-- positive.
DROP FUNCTION IF EXISTS begin_serving;
CREATE FUNCTION begin_serving(new_hub bigint, OUT former bigint, OUT serving bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(posting_lock());
    SELECT s.hub INTO former FROM serving s FOR UPDATE;
    UPDATE serving SET hub = new_hub;
    serving := new_hub;
END $$;

-- The same for a node: it shares the number of the nodes that serve already, which is negative. Nodes
-- find what other nodes store, whenever that is committed.
CREATE OR REPLACE FUNCTION join_serving(new_hub bigint, OUT former bigint, OUT serving bigint)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT s.hub INTO former FROM serving s;
    IF (former < 0) IS NOT TRUE THEN
        PERFORM pg_advisory_xact_lock(posting_lock());
        UPDATE serving s SET hub = -new_hub WHERE (s.hub < 0) IS NOT TRUE;
    END IF;
    SELECT s.hub INTO serving FROM serving s;
END $$;
