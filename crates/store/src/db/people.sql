-- What people need who use the portal; in SQLite alone, as users and sessions are.

-- Keys of the portal, each sealed with the node key.
CREATE TABLE keys (
    name   TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- Signed links that have done what they do, until they would have expired.
CREATE TABLE used_links (
    mark       BLOB PRIMARY KEY,
    used_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;

-- What makes a user's second factor, sealed with the portal's key. Without `since_ms` it is being set up.
CREATE TABLE second_factors (
    login     TEXT PRIMARY KEY REFERENCES users (login) ON DELETE CASCADE,
    secret    BLOB    NOT NULL,
    since_ms  INTEGER,
    last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    login     TEXT NOT NULL REFERENCES users (login) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (login, code_hash)
) STRICT, WITHOUT ROWID;

-- Mails to users: invitations and new passwords.
CREATE TABLE letters (
    id          INTEGER PRIMARY KEY,
    login       TEXT    NOT NULL REFERENCES users (login) ON DELETE CASCADE,
    kind        TEXT    NOT NULL CHECK (kind IN ('invitation', 'reset', 'security')),
    text        TEXT    NOT NULL,
    created_ms  INTEGER NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL,
    error       TEXT
) STRICT;
CREATE INDEX letters_due ON letters (next_try_ms) WHERE state = 'queued';

-- The audit log of what does not go through the journal; without an account where it is the node's.
CREATE TABLE people_audit (
    id      INTEGER PRIMARY KEY,
    account TEXT,
    at_ms   INTEGER NOT NULL,
    by      TEXT    NOT NULL,
    text    TEXT    NOT NULL,
    changes TEXT    NOT NULL
) STRICT;
CREATE INDEX people_audit_by_account ON people_audit (account, id);
