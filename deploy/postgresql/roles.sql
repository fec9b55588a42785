-- The roles of Pilotfish in a PostgreSQL cluster, for an owner that may not make roles itself. As a superuser, once:
--
--     psql --file deploy/postgresql/roles.sql
--
-- They cannot log in. The operator makes a login role for each process and grants it one of them (docs/roles.md). Running
-- this again changes nothing.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['pilotfish_edge', 'pilotfish_api', 'pilotfish_dashboard', 'pilotfish_worker'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', wanted);
        END IF;
    END LOOP;
END $$;

-- In each of the two databases, where the cluster is older than PostgreSQL 15 and everybody may make tables:
--
--     REVOKE CREATE ON SCHEMA public FROM PUBLIC;
