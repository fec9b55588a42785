-- What each role may do in this database, in one line each: docs/generated/database-grants.md is made of these lines. Least is
-- what its own requests need. Login roles are the operator's, each granted one of these. Whoever migrates owns the tables
-- and is none of them.
--
-- Roles belong to the whole cluster: another database of it may have made them, and a role that may not make roles finds
-- those that the operator made with deploy/postgresql/roles.sql.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['pilotfish_edge', 'pilotfish_api', 'pilotfish_dashboard', 'pilotfish_worker'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', wanted);
            EXCEPTION
                -- Another process was quicker.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the roles of pilotfish are missing and may not be made' USING ERRCODE = 'PF001';
            END;
        END IF;
    END LOOP;
END $$;

-- Whose store it is.
GRANT SELECT ON store_identity TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT ON _sqlx_migrations TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;

-- The edge makes people and never reads a private half, sealed as it is; whoever opens values does; the worker seals
-- them and makes indexes anew.
GRANT SELECT, INSERT, UPDATE ON numbers TO pilotfish_edge;
GRANT SELECT (environment_id, kind, number, id, state, identified, merged_into, key_version, public_key, fence_at, fence_fingerprint, created_at) ON subjects TO pilotfish_edge;
GRANT INSERT ON subjects TO pilotfish_edge;
GRANT UPDATE (state, identified, merged_into) ON subjects TO pilotfish_edge;
GRANT SELECT ON subjects TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT UPDATE (sealed_private_key) ON subjects TO pilotfish_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON blind_indexes TO pilotfish_edge;
GRANT SELECT ON blind_indexes TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT INSERT, DELETE ON blind_indexes TO pilotfish_worker;
GRANT UPDATE (written_at) ON blind_indexes TO pilotfish_worker;
GRANT SELECT ON index_versions TO pilotfish_edge;
GRANT SELECT, INSERT, UPDATE ON index_versions TO pilotfish_worker;
GRANT SELECT ON erasable_floors TO pilotfish_edge;
GRANT SELECT, INSERT, UPDATE ON erasable_floors TO pilotfish_worker;
