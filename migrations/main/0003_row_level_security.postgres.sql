-- The second fence: a transaction sees the rows of the one environment that it named, or is the system's. The role that
-- serves owns the tables, hence FORCE; a superuser would pass, so none may serve.

CREATE FUNCTION in_scope(environment bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT current_setting('pilotfish.system', true) = 'on'
        OR encode(environment, 'hex') = current_setting('pilotfish.environment', true)
$$;
