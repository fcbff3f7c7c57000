-- order_db: orders, their timeline, and what the service tells and hears.
-- `status` numbers are those of proto OrderStatus. Statements may run again.

CREATE TABLE IF NOT EXISTS orders (
    order_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    member_id BIGINT UNSIGNED NOT NULL,
    status ENUM('PENDING', 'RESERVED', 'PAYING', 'PAYMENT_FAILED', 'COMPLETED', 'CANCELLED',
        'EXPIRED', 'CANCELLING', 'REFUNDING', 'PARTIALLY_REFUNDED', 'REFUNDED', 'NEEDS_REVIEW') NOT NULL,
    reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    total BIGINT NOT NULL,
    currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    item_count INT UNSIGNED NOT NULL,
    payment_status TINYINT UNSIGNED NOT NULL,
    payment_attempt TINYINT UNSIGNED NOT NULL,
    payment_token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    trace_parent VARCHAR(55) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    hold_expires_at DATETIME(6) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version INT UNSIGNED NOT NULL,
    last_seq INT UNSIGNED NOT NULL,
    `open` TINYINT NULL,
    KEY orders_by_member (member_id, order_id),
    KEY orders_open (`open`, order_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS orders_detail (
    order_id BIGINT UNSIGNED NOT NULL,
    line_no SMALLINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    name VARCHAR(100) NOT NULL,
    quantity INT UNSIGNED NOT NULL,
    unit_price BIGINT NOT NULL,
    line_total BIGINT NOT NULL,
    returned_quantity INT NOT NULL DEFAULT 0,
    refunded_quantity INT NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, line_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS orders_event (
    order_id BIGINT UNSIGNED NOT NULL,
    seq INT UNSIGNED NOT NULL,
    at DATETIME(6) NOT NULL,
    service VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    from_status ENUM('PENDING', 'RESERVED', 'PAYING', 'PAYMENT_FAILED', 'COMPLETED', 'CANCELLED',
        'EXPIRED', 'CANCELLING', 'REFUNDING', 'PARTIALLY_REFUNDED', 'REFUNDED', 'NEEDS_REVIEW') NULL,
    to_status ENUM('PENDING', 'RESERVED', 'PAYING', 'PAYMENT_FAILED', 'COMPLETED', 'CANCELLED',
        'EXPIRED', 'CANCELLING', 'REFUNDING', 'PARTIALLY_REFUNDED', 'REFUNDED', 'NEEDS_REVIEW') NOT NULL,
    detail VARCHAR(255) NOT NULL,
    trace_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (order_id, seq)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS idempotency_key (
    member_id BIGINT UNSIGNED NOT NULL,
    method VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    route VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    req_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    body_hash BINARY(16) NOT NULL,
    order_id BIGINT UNSIGNED NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (member_id, method, route, req_key),
    KEY idempotency_key_age (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    queue VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    events SMALLINT UNSIGNED NOT NULL,
    batch BLOB NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS inbox (
    event_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS node_lease (
    node SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    owner VARCHAR(64) NOT NULL,
    expires_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS relay_lease (
    name VARCHAR(32) NOT NULL PRIMARY KEY,
    owner VARCHAR(64) NOT NULL,
    fence BIGINT UNSIGNED NOT NULL,
    expires_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
