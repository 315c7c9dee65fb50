-- The tables people query, format 1. All but outbox states, users, sessions, API accesses and keys, requests that may be
-- repeated, payments that were told and what is in people.sql are projected from the journal.
-- Times are milliseconds since the Unix epoch, money is micro-units of the account's currency. No table holds a secret
-- of a line or carrier.

-- The last record applied, the row of the last call, and that of the last one filed.
CREATE TABLE applied (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    lsn   INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    filed INTEGER NOT NULL
) STRICT;
INSERT INTO applied VALUES (1, 0, 0, 0);

CREATE TABLE accounts (
    account        TEXT PRIMARY KEY,
    name           TEXT    NOT NULL,
    settings       TEXT    NOT NULL,
    balance_micros INTEGER NOT NULL DEFAULT 0,
    held_micros    INTEGER NOT NULL DEFAULT 0,
    cut_incident   TEXT,
    cut_since_ms   INTEGER
) STRICT;

CREATE TABLE lines (
    account        TEXT    NOT NULL,
    line           TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    auth_name      TEXT,
    secret_version INTEGER,
    cut_incident   TEXT,
    last_seen_ms   INTEGER,
    last_seen_ip   TEXT,
    bindings       INTEGER NOT NULL,
    json           TEXT    NOT NULL,
    PRIMARY KEY (account, line)
) STRICT;

CREATE TABLE dids (
    number  TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    json    TEXT NOT NULL
) STRICT;

-- Calls, numbered from 1 as they are recorded (a call's row), in parts of so many (calls.rs), each a row here; and the
-- index that finds one by its id.
CREATE TABLE cdrs (
    part     INTEGER PRIMARY KEY,
    -- The times of its calls are counted from here.
    since_ms INTEGER NOT NULL,
    calls    BLOB    NOT NULL
) STRICT;
CREATE TABLE call_ids (
    call    INTEGER NOT NULL,
    account TEXT    NOT NULL,
    row     INTEGER NOT NULL,
    PRIMARY KEY (call, account)
) STRICT, WITHOUT ROWID;

-- Calls are filed in blocks (filing.rs): a row of `blocks` says which, and when the
-- first and the last of them began; a row of `filed` which of them have a thing in common ("account law-000", "country AL",
-- "refused", and "calls" for all), in order of time. Those after the last block are looked through one by one. So a new
-- call is its place in a part and its id, and all else is written once for thousands of them.
CREATE TABLE blocks (
    first_row INTEGER PRIMARY KEY,
    last_row  INTEGER NOT NULL,
    first_ms  INTEGER NOT NULL,
    last_ms   INTEGER NOT NULL,
    -- Those that began before have lost the last digits of their numbers (retention.rs).
    masked_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE filed (
    block INTEGER NOT NULL,
    thing TEXT    NOT NULL,
    calls BLOB    NOT NULL,
    PRIMARY KEY (block, thing)
) STRICT;
-- Hardly two calls have a number in common, so that it is no such thing: here are all that are filed. Of all accounts it is
-- gone through account by account.
CREATE TABLE numbers (
    account  TEXT    NOT NULL,
    number   TEXT    NOT NULL,
    start_ms INTEGER NOT NULL,
    row      INTEGER NOT NULL,
    PRIMARY KEY (account, number, start_ms, row)
) STRICT, WITHOUT ROWID;

-- Calls added up once for each question that is asked of them, kept for good: of an account by line, country and carrier, and
-- of the whole node (no account) by account, country and carrier. The day is the account's own, counted from the Unix epoch;
-- a line, country or carrier that there is not is an empty text.
CREATE TABLE usage (
    by            TEXT    NOT NULL CHECK (by IN ('account', 'line', 'country', 'carrier')),
    day           INTEGER NOT NULL,
    account       TEXT    NOT NULL,
    of            TEXT    NOT NULL,
    calls         INTEGER NOT NULL,
    answered      INTEGER NOT NULL,
    talk_ms       INTEGER NOT NULL,
    billed_s      INTEGER NOT NULL,
    charge_micros INTEGER NOT NULL,
    cost_micros   INTEGER NOT NULL,
    PRIMARY KEY (by, account, day, of)
) STRICT, WITHOUT ROWID;

-- Entries of an account's ledger, of which each call makes three: in parts of so many (entries.rs), each a row.
CREATE TABLE ledger (
    account        TEXT    NOT NULL,
    part           INTEGER NOT NULL,
    last_seq       INTEGER NOT NULL,
    -- The times of its entries are counted from here.
    since_ms       INTEGER NOT NULL,
    -- When the first and the last of them was, what its calls were charged, and how many people made.
    first_ms       INTEGER NOT NULL,
    last_ms        INTEGER NOT NULL,
    charged_micros INTEGER NOT NULL,
    by_people      INTEGER NOT NULL,
    entries        BLOB    NOT NULL,
    PRIMARY KEY (account, part)
) STRICT;
CREATE INDEX ledger_by_time ON ledger (account, last_ms, first_ms, charged_micros);
CREATE INDEX ledger_by_people ON ledger (account, last_ms) WHERE by_people > 0;

CREATE TABLE incidents (
    incident  TEXT PRIMARY KEY,
    account   TEXT    NOT NULL,
    line      TEXT    NOT NULL,
    opened_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    action    TEXT    NOT NULL,
    shadow    INTEGER NOT NULL,
    json      TEXT    NOT NULL
) STRICT;
CREATE INDEX incidents_by_account ON incidents (account, opened_ms);

CREATE TABLE carriers (
    carrier TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    json    TEXT NOT NULL
) STRICT;

CREATE TABLE decks (
    deck       TEXT    NOT NULL,
    from_ms    INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    rates      INTEGER NOT NULL,
    PRIMARY KEY (deck, from_ms)
) STRICT;

CREATE TABLE rates (
    deck              TEXT    NOT NULL,
    from_ms           INTEGER NOT NULL,
    prefix            TEXT    NOT NULL,
    destination       TEXT    NOT NULL,
    per_minute_micros INTEGER NOT NULL,
    json              TEXT    NOT NULL,
    PRIMARY KEY (deck, from_ms, prefix)
) STRICT, WITHOUT ROWID;

CREATE TABLE lockout_settings (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    json TEXT NOT NULL
) STRICT;

CREATE TABLE bans (
    prefix   TEXT PRIMARY KEY,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    json     TEXT    NOT NULL
) STRICT;

CREATE TABLE audit (
    lsn     INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    account TEXT,
    at_ms   INTEGER NOT NULL,
    by      TEXT    NOT NULL,
    text    TEXT    NOT NULL,
    changes TEXT    NOT NULL,
    PRIMARY KEY (lsn, n)
) STRICT;
CREATE INDEX audit_by_account ON audit (account, lsn);

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,
    lsn         INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    account     TEXT    NOT NULL,
    created_ms  INTEGER NOT NULL,
    notice      TEXT    NOT NULL,
    is_news     INTEGER NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL,
    done_ms     INTEGER,
    error       TEXT,
    UNIQUE (lsn, n)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try_ms) WHERE state = 'queued';

CREATE TABLE users (
    login         TEXT PRIMARY KEY,
    name          TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('admin', 'owner', 'viewer')),
    account       TEXT,
    password_hash TEXT    NOT NULL,
    created_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash   BLOB PRIMARY KEY,
    login        TEXT    NOT NULL REFERENCES users (login) ON DELETE CASCADE,
    created_ms   INTEGER NOT NULL,
    last_used_ms INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    ip           TEXT    NOT NULL,
    agent        TEXT    NOT NULL,
    is_whole     INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_login ON sessions (login, last_used_ms);

-- What programs log in with to VOIP.MS's API.
CREATE TABLE api_access (
    account       TEXT PRIMARY KEY,
    username      TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    password_hash BLOB    NOT NULL,
    allowed       TEXT    NOT NULL,
    is_on         INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL
) STRICT;

-- Payments that the payment system told of, until they are in the ledger and, for their references, after it.
CREATE TABLE payments (
    account       TEXT    NOT NULL,
    reference     TEXT    NOT NULL,
    amount_micros INTEGER NOT NULL,
    received_ms   INTEGER NOT NULL,
    booked_ms     INTEGER,
    why           TEXT    NOT NULL,
    attempts      INTEGER NOT NULL,
    next_try_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, reference)
) STRICT;
CREATE INDEX payments_due ON payments (next_try_ms) WHERE booked_ms IS NULL;

-- What programs prove themselves to the JSON API with; of each key its hash alone. Without an account: the whole node.
CREATE TABLE api_keys (
    key          TEXT PRIMARY KEY,
    hash         BLOB    NOT NULL UNIQUE,
    account      TEXT,
    name         TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    created_by   TEXT    NOT NULL,
    created_ms   INTEGER NOT NULL,
    expires_ms   INTEGER,
    last_used_ms INTEGER
) STRICT;

-- Requests that a program may repeat, under the hash of key and Idempotency-Key; the answer is sealed with both.
CREATE TABLE requests (
    key      BLOB PRIMARY KEY,
    request  BLOB    NOT NULL,
    begun_ms INTEGER NOT NULL,
    status   INTEGER,
    answer   BLOB    NOT NULL
) STRICT;
CREATE INDEX requests_by_time ON requests (begun_ms);
