-- What a session has proven, and when something was proven last: what is delicate asks again.
ALTER TABLE sessions ADD COLUMN level TEXT NOT NULL DEFAULT 'password'; -- password, mfa, recovery_code, phishing_resistant
ALTER TABLE sessions ADD COLUMN proven_at BIGINT NOT NULL DEFAULT 0;

-- Whether the password is long enough to be all that its member signs in with.
ALTER TABLE members ADD COLUMN password_alone BIGINT NOT NULL DEFAULT 1;

-- One-time codes. A pending secret takes the place of the confirmed one when a code of it was given.
CREATE TABLE totp_factors (
    member_id           BYTEA NOT NULL REFERENCES members (id),
    state               TEXT NOT NULL,       -- pending, confirmed
    secret              BYTEA NOT NULL,      -- sealed under the installation's key of second factors
    step                BIGINT NOT NULL,     -- the newest half minute since 1970 of which a code was used
    created_at          BIGINT NOT NULL,
    PRIMARY KEY (member_id, state)
);

-- Recovery codes that were not used.
CREATE TABLE recovery_codes (
    member_id           BYTEA NOT NULL REFERENCES members (id),
    hash                BYTEA NOT NULL,      -- docs/formats/hashes.md
    created_at          BIGINT NOT NULL,
    PRIMARY KEY (member_id, hash)
);

-- What an organisation asks of its members' sessions.
ALTER TABLE organisations ADD COLUMN require_mfa TEXT NOT NULL DEFAULT 'off'; -- off, any, phishing_resistant
ALTER TABLE organisations ADD COLUMN mfa_required_at BIGINT;      -- when that was made stricter
ALTER TABLE organisations ADD COLUMN any_mfa_required_at BIGINT;  -- since when some second factor is required
ALTER TABLE organisations ADD COLUMN grace_days BIGINT NOT NULL DEFAULT 7;
ALTER TABLE organisations ADD COLUMN idle_minutes BIGINT NOT NULL DEFAULT 30;
ALTER TABLE organisations ADD COLUMN absolute_hours BIGINT NOT NULL DEFAULT 12;
