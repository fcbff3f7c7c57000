-- product_db: the catalog and the truth about stock.
CREATE TABLE IF NOT EXISTS product (
    product_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    price BIGINT NOT NULL,
    status ENUM('ACTIVE', 'ARCHIVED') NOT NULL,
    version INT UNSIGNED NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    UNIQUE KEY product_name (name),
    KEY product_price (price),
    CONSTRAINT product_price_positive CHECK (price >= 1)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- reserved = promised to open and completed orders; available = on_hand - reserved.
CREATE TABLE IF NOT EXISTS stock (
    product_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    CONSTRAINT stock_on_hand_positive CHECK (on_hand >= 0),
    CONSTRAINT stock_reserved_positive CHECK (reserved >= 0),
    CONSTRAINT stock_not_oversold CHECK (reserved <= on_hand)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Append-only. stock equals the sums of its deltas at any time. An order's first RESERVE
-- rows are the decision about it, also when they are 0.
CREATE TABLE IF NOT EXISTS stock_ledger (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    product_id BIGINT UNSIGNED NOT NULL,
    order_id BIGINT UNSIGNED NULL,
    type ENUM('RECEIVE', 'ADJUST', 'RESERVE', 'RELEASE', 'RETURN') NOT NULL,
    refund_no INT NOT NULL DEFAULT 0,
    on_hand_delta BIGINT NOT NULL,
    reserved_delta BIGINT NOT NULL,
    reason VARCHAR(100) NOT NULL,
    reference VARCHAR(100) NULL,
    -- Of an administrator's change: its Idempotency-Key with scope, and what it asked for.
    request_key VARBINARY(96) NULL,
    request_hash VARBINARY(16) NULL,
    at DATETIME(6) NOT NULL,
    UNIQUE KEY stock_ledger_order (order_id, product_id, type, refund_no),
    UNIQUE KEY stock_ledger_request (request_key)
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
