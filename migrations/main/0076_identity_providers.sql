-- OpenID Connect providers over which an organisation's members sign in.
CREATE TABLE identity_providers (
    id                  BYTEA PRIMARY KEY,
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    name                TEXT NOT NULL,       -- on the button
    issuer              TEXT NOT NULL,       -- never changes: whose word an identity is
    client_id           TEXT NOT NULL,
    client_secret       BYTEA NOT NULL,      -- sealed under the organisation's key
    settings            TEXT NOT NULL,       -- JSON: scopes, domains, roles, whether its second factor counts
    created_at          BIGINT NOT NULL,
    last_used_at        BIGINT               -- when somebody last signed in over it
);
CREATE INDEX identity_providers_of ON identity_providers (organisation_id);

-- Who is which member at a provider.
CREATE TABLE member_identities (
    id                  BYTEA PRIMARY KEY,
    member_id           BYTEA NOT NULL REFERENCES members (id),
    provider_id         BYTEA NOT NULL REFERENCES identity_providers (id),
    subject_index       BYTEA NOT NULL,      -- keyed hash of provider and subject
    index_version       BIGINT NOT NULL,     -- of the key of members' indexes
    subject             BYTEA NOT NULL,      -- sealed under the key of the provider's organisation
    created_at          BIGINT NOT NULL,
    last_used_at        BIGINT,
    linked_by           TEXT NOT NULL,       -- joining, address: by the provider's word; member: by themselves
    UNIQUE (provider_id, subject_index),
    UNIQUE (provider_id, member_id)
);
CREATE INDEX member_identities_of ON member_identities (member_id);

-- States that were answered, until nobody could answer them any more: each is good once.
CREATE TABLE answered_states (
    state               BYTEA PRIMARY KEY,
    expires_at          BIGINT NOT NULL
);

-- Who worked in an organisation and does not any more, for a time: no provider brings them back, only an invitation.
CREATE TABLE former_members (
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    known_by            BYTEA NOT NULL,      -- keyed hash of the address, or of a provider and its subject
    index_version       BIGINT NOT NULL,     -- of the key of members' indexes
    expires_at          BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, known_by)
);

-- Since when the organisation's members must sign in over one of its providers; null if they need not.
ALTER TABLE organisations ADD COLUMN provider_required_at BIGINT;

-- Since when a member has had a second factor without a break: each later one was set up by who had proven one before.
ALTER TABLE members ADD COLUMN second_factor_since BIGINT;
UPDATE members SET second_factor_since = (SELECT MIN(f.created_at) FROM
    (SELECT member_id, created_at FROM totp_factors WHERE state = 'confirmed'
     UNION ALL SELECT member_id, created_at FROM passkeys) f WHERE f.member_id = members.id);

-- The provider over which a session began, if it did, what the organisation trusts its word for, and whether its member has
-- proven something here too: the password, a passkey, a code.
ALTER TABLE sessions ADD COLUMN provider_id BYTEA;
ALTER TABLE sessions ADD COLUMN provider_level TEXT NOT NULL DEFAULT 'password'; -- password, mfa, phishing_resistant
ALTER TABLE sessions ADD COLUMN proven_here BIGINT NOT NULL DEFAULT 1;

-- Whether it is a provider's word alone that the account is its address's owner's: of who joined over one, until a link that was
-- mailed there has replaced what it could have set up. A member without a password has an empty one.
ALTER TABLE members ADD COLUMN address_said BIGINT NOT NULL DEFAULT 0;
