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

-- Whose store it is, and that there is an installation. Only the dashboard takes the one-time link.
GRANT SELECT ON store_identity TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT ON _sqlx_migrations TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT (id, created_at) ON installation TO pilotfish_edge, pilotfish_api;
GRANT SELECT ON installation TO pilotfish_dashboard, pilotfish_worker;
GRANT UPDATE (setup_token_hash, setup_expires_at, setup_key_version) ON installation TO pilotfish_dashboard;

-- Keys lie here wrapped; only the worker turns them.
GRANT SELECT ON keys TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT INSERT ON keys TO pilotfish_worker;
GRANT UPDATE (state, wrapped) ON keys TO pilotfish_worker;

-- Organisations, apps, environments and their keys. The owner makes them, and an
-- environment gets more keys at the api and the dashboard.
GRANT SELECT (id, created_at) ON organisations TO pilotfish_edge;
GRANT SELECT ON organisations TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT UPDATE (name) ON organisations TO pilotfish_dashboard;
GRANT SELECT ON apps TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT UPDATE (name) ON apps TO pilotfish_dashboard;
GRANT SELECT ON environments TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT UPDATE (identity_secret) ON environments TO pilotfish_worker;
GRANT SELECT ON environment_keys TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT INSERT ON environment_keys TO pilotfish_api, pilotfish_dashboard;
GRANT UPDATE (hash, key_version) ON environment_keys TO pilotfish_edge, pilotfish_worker;

-- Members, their sessions and attempts: the dashboard's alone. The worker hashes and seals anew when keys turn.
GRANT SELECT, INSERT, UPDATE ON members TO pilotfish_dashboard;
GRANT SELECT ON members TO pilotfish_worker;
GRANT UPDATE (email_index, email, name, index_version) ON members TO pilotfish_worker;
GRANT SELECT, INSERT, UPDATE ON sessions TO pilotfish_dashboard;
GRANT SELECT (id, key_version, created_at, last_used_at, ended_at) ON sessions TO pilotfish_worker;
GRANT SELECT, INSERT, DELETE ON sign_in_attempts TO pilotfish_dashboard;

-- Keys of back ends. Every process has figures, which an owner's key opens; only the api writes a newer hash.
GRANT SELECT (hash, key_version, id, organisation_id, environment_id, role, expires_at, revoked_at) ON api_keys TO pilotfish_edge, pilotfish_api, pilotfish_dashboard;
GRANT SELECT ON api_keys TO pilotfish_worker;
GRANT UPDATE (hash, key_version) ON api_keys TO pilotfish_api;

-- Records and findings are added, and read by nobody who adds them but the worker's checks.
GRANT INSERT ON audit_records TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT ON audit_records TO pilotfish_worker;
GRANT SELECT, INSERT ON findings TO pilotfish_worker;

-- People and companies. The edge writes what it is sent and reads the row that it decides by; values in sealed_attributes it
-- can put there and cannot open.
GRANT SELECT, INSERT, UPDATE ON people TO pilotfish_edge;
GRANT SELECT ON people TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT, UPDATE ON people TO pilotfish_worker;
GRANT SELECT, INSERT, UPDATE ON companies TO pilotfish_edge;
GRANT SELECT ON companies TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT, UPDATE ON companies TO pilotfish_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON sealed_attributes TO pilotfish_edge;
GRANT SELECT ON sealed_attributes TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT, INSERT, UPDATE ON registered_attributes TO pilotfish_edge;
GRANT SELECT ON registered_attributes TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT, INSERT ON applied_messages TO pilotfish_edge;
GRANT SELECT, DELETE ON applied_messages TO pilotfish_worker;

-- Content is made at the api and the dashboard and shown by the edge.
GRANT SELECT ON contents TO pilotfish_edge, pilotfish_worker;
GRANT SELECT, INSERT, UPDATE ON contents TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT ON content_versions TO pilotfish_edge, pilotfish_worker;
GRANT SELECT, INSERT ON content_versions TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT ON rulesets TO pilotfish_edge;
GRANT SELECT, INSERT, UPDATE ON rulesets TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT, UPDATE ON watched TO pilotfish_edge, pilotfish_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON watched TO pilotfish_api, pilotfish_dashboard;

-- What became of it. The worker projects what an edge left behind.
GRANT SELECT, INSERT, UPDATE ON answers TO pilotfish_edge;
GRANT SELECT ON answers TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT, INSERT, UPDATE ON answer_tallies TO pilotfish_edge;
GRANT SELECT ON answer_tallies TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON encounters TO pilotfish_edge;
GRANT SELECT, INSERT, UPDATE ON encounters TO pilotfish_worker;
GRANT SELECT ON encounters TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT, INSERT, DELETE ON encounter_steps TO pilotfish_edge;
GRANT SELECT, INSERT ON encounter_steps TO pilotfish_worker;
GRANT SELECT ON encounter_steps TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT, INSERT, UPDATE ON log_checkpoints TO pilotfish_edge, pilotfish_worker;
GRANT SELECT ON log_checkpoints TO pilotfish_api, pilotfish_dashboard;

-- Background work is asked for anywhere but at the edge, and done by the worker.
GRANT SELECT, INSERT ON jobs TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT, INSERT, UPDATE ON jobs TO pilotfish_worker;

-- What pages say of themselves, and the files that they load.
GRANT SELECT, INSERT, UPDATE, DELETE ON page_origins TO pilotfish_edge;
GRANT SELECT ON page_origins TO pilotfish_api, pilotfish_dashboard;
GRANT SELECT, INSERT ON sdk_files TO pilotfish_edge;
GRANT SELECT ON sdk_files TO pilotfish_api, pilotfish_dashboard, pilotfish_worker;

-- The trust page shows what the worker's checks saw. A demo's data is refused by every process.
GRANT SELECT, INSERT, UPDATE ON trust_results TO pilotfish_worker;
GRANT SELECT ON trust_results TO pilotfish_dashboard;
GRANT SELECT, INSERT, UPDATE ON trust_canaries TO pilotfish_worker;
GRANT SELECT ON demo TO pilotfish_edge, pilotfish_api, pilotfish_dashboard, pilotfish_worker;
