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

-- Where an account's events are sent. The secret that signs them is sealed with the portal's key.
CREATE TABLE webhooks (
    id         INTEGER PRIMARY KEY,
    account    TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    format     TEXT    NOT NULL CHECK (format IN ('json', 'slack')),
    events     TEXT    NOT NULL,
    secret     BLOB    NOT NULL,
    is_on      INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_by_account ON webhooks (account);

CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY,
    webhook     INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event       TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    created_ms  INTEGER NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL,
    done_ms     INTEGER,
    answer      TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_try_ms) WHERE state = 'queued';
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, id);

-- The last notice of the outbox that was given to webhooks.
CREATE TABLE handed_on (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    notice INTEGER NOT NULL
) STRICT;
INSERT INTO handed_on VALUES (1, 0);

-- Projected: countries that an account, and networks that a line was seen at, with the first time.
CREATE TABLE seen (
    account TEXT    NOT NULL,
    line    TEXT    NOT NULL,
    kind    TEXT    NOT NULL CHECK (kind IN ('country', 'network')),
    what    TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, line, kind, what)
) STRICT, WITHOUT ROWID;
