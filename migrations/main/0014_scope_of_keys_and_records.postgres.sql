-- The second fence, as 0003 says, around what belongs to an organisation as well as to an environment. Who works for an
-- organisation names it, and sees its own; an environment that is null is all of the organisation's.

CREATE FUNCTION in_organisation(organisation bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT current_setting('pilotfish.system', true) = 'on'
        OR encode(organisation, 'hex') = current_setting('pilotfish.organisation', true)
$$;

ALTER TABLE environment_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE environment_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON environment_keys
    USING (in_scope(environment_id) OR in_organisation(organisation_id))
    WITH CHECK (in_scope(environment_id) OR in_organisation(organisation_id));

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON api_keys
    USING (in_scope(environment_id) OR in_organisation(organisation_id))
    WITH CHECK (in_scope(environment_id) OR in_organisation(organisation_id));

ALTER TABLE audit_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_records FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON audit_records
    USING (in_scope(environment_id) OR in_organisation(organisation_id))
    WITH CHECK (in_scope(environment_id) OR in_organisation(organisation_id));
