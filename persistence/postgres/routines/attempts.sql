-- Attempts to sign in, in sliding windows.

-- Counts an attempt under each of these keys, in their order, up to the first key that has reached its
-- limit within its seconds. Returns the number of that key, from 1 on, and how many seconds it will stay
-- full; NULL: none is full. Callers name a key of a network before one of a place, and that before one of
-- an account, so that they cannot deadlock. Removes a few expired rows, more than it may add.
CREATE OR REPLACE FUNCTION take_attempts(
    its_keys bytea[], limits int[], seconds float8[], OUT refused int, OUT wait float8
) LANGUAGE plpgsql AS $$
DECLARE
    counted timestamptz[];
    length interval;
    moment timestamptz;
BEGIN
    DELETE FROM attempts a
     WHERE a.key IN (SELECT o.key FROM attempts o WHERE o.ends < clock_timestamp()
                      ORDER BY o.ends LIMIT 10 FOR UPDATE SKIP LOCKED);
    FOR i IN 1 .. cardinality(its_keys) LOOP
        length := make_interval(secs => seconds[i]);
        INSERT INTO attempts AS a (key, times, ends)
        VALUES (its_keys[i], '{}', clock_timestamp() + length)
        ON CONFLICT (key) DO UPDATE SET ends = a.ends
        RETURNING times INTO counted;
        moment := clock_timestamp();  -- the row is locked
        counted := ARRAY(SELECT t FROM unnest(counted) t WHERE t > moment - length ORDER BY t);
        IF cardinality(counted) >= limits[i] THEN
            refused := i;
            wait := extract(epoch FROM counted[1] + length - moment);
            RETURN;
        END IF;
        UPDATE attempts a SET times = counted || moment, ends = moment + length
         WHERE a.key = its_keys[i];
    END LOOP;
END $$;

-- Takes back the latest attempt under each of these keys, and all attempts under those of `forgotten`.
CREATE OR REPLACE FUNCTION give_attempts_back(its_keys bytea[], forgotten bytea[])
RETURNS void LANGUAGE sql AS $$
    DELETE FROM attempts a WHERE a.key = ANY (forgotten);
    UPDATE attempts a SET times = trim_array(a.times, 1)
     WHERE a.key = ANY (its_keys) AND cardinality(a.times) > 0;
$$;
