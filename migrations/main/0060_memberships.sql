-- A member may work in several organisations: what they sign in with is theirs, what they may do is the membership's. The
-- organisation that stands with a member is the one whose key seals their name and address: one of theirs.

CREATE TABLE memberships (
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    member_id           BYTEA NOT NULL REFERENCES members (id),
    role                TEXT NOT NULL,
    created_at          BIGINT NOT NULL,
    suspended_at        BIGINT,              -- null while they may work here
    PRIMARY KEY (organisation_id, member_id)
);
CREATE INDEX memberships_of ON memberships (member_id);
INSERT INTO memberships (organisation_id, member_id, role, created_at) SELECT organisation_id, id, role, created_at FROM members;

-- The role of before stays where it was, for processes of the release before this one; nobody here reads or writes it, so it
-- may be missing (SQLite cannot say that of a column that is there, hence the new one). A later release drops it.
ALTER TABLE members RENAME COLUMN role TO role_before;
ALTER TABLE members ADD COLUMN role TEXT;
UPDATE members SET role = role_before;
ALTER TABLE members DROP COLUMN role_before;

-- Browser and system, so that a member knows their sessions apart.
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';

-- Invitations that wait; one that was accepted or withdrawn is gone.
CREATE TABLE invitations (
    id                  BYTEA PRIMARY KEY,
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    email               BYTEA NOT NULL,      -- sealed under the organisation's key
    role                TEXT NOT NULL,
    invited_by          BYTEA NOT NULL,      -- the member: it ends with their right to invite
    hash                BYTEA,               -- keyed hash of the link's token; null until there is a link
    key_version         BIGINT,              -- of the session key, by which the token is hashed
    created_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    sent_at             BIGINT               -- when the link was handed to the mail server
);
CREATE INDEX invitations_of ON invitations (organisation_id);
CREATE INDEX invitations_by_hash ON invitations (hash);
