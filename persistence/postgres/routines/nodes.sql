-- Renews the lease of a node, unless another live node has its name; deletes leases that were not renewed
-- for a day. Returns the live nodes, by name.
CREATE OR REPLACE FUNCTION renew_node(
    its_name text, its_start text, its_address text, its_version text, its_connections int,
    lease_seconds float
) RETURNS SETOF nodes LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO nodes AS n (name, start, address, version, connections)
    VALUES (its_name, its_start, its_address, its_version, its_connections)
    ON CONFLICT (name) DO UPDATE
       SET start = EXCLUDED.start, address = EXCLUDED.address, version = EXCLUDED.version,
           connections = EXCLUDED.connections, seen_at = clock_timestamp(),
           since = CASE WHEN n.start = EXCLUDED.start THEN n.since ELSE now() END
     WHERE n.start = EXCLUDED.start
        OR n.seen_at < clock_timestamp() - make_interval(secs => lease_seconds);
    DELETE FROM nodes n WHERE n.seen_at < clock_timestamp() - interval '1 day';
    RETURN QUERY
    SELECT * FROM nodes n
     WHERE n.seen_at >= clock_timestamp() - make_interval(secs => lease_seconds)
     ORDER BY n.name;
END $$;
