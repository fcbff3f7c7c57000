-- payment_db: what was charged, and every attempt at it.
CREATE TABLE IF NOT EXISTS payment (
    order_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    member_id BIGINT UNSIGNED NOT NULL,
    amount BIGINT NOT NULL,
    currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    captured BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    status ENUM('PENDING', 'UNKNOWN', 'CAPTURED', 'DECLINED') NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version INT UNSIGNED NOT NULL,
    CONSTRAINT payment_captured_once CHECK (captured >= 0 AND captured <= amount),
    CONSTRAINT payment_refunded_within CHECK (refunded >= 0 AND refunded <= captured)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- next_inquiry_at is set while the outcome is UNKNOWN.
CREATE TABLE IF NOT EXISTS payment_attempt (
    order_id BIGINT UNSIGNED NOT NULL,
    attempt SMALLINT UNSIGNED NOT NULL,
    status ENUM('PENDING', 'UNKNOWN', 'CAPTURED', 'DECLINED') NOT NULL,
    token VARCHAR(64) NOT NULL,
    reason VARCHAR(32) NOT NULL,
    reference VARCHAR(64) NOT NULL,
    inquiries INT NOT NULL,
    next_inquiry_at DATETIME(6) NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (order_id, attempt),
    KEY payment_attempt_inquiry (next_inquiry_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    queue VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    events SMALLINT UNSIGNED NOT NULL,
    batch BLOB NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS inbox (
    event_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS node_lease (
    node SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    owner VARCHAR(64) NOT NULL,
    expires_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS relay_lease (
    name VARCHAR(32) NOT NULL PRIMARY KEY,
    owner VARCHAR(64) NOT NULL,
    fence BIGINT UNSIGNED NOT NULL,
    expires_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
