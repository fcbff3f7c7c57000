-- provider_db: the books of the built-in payment simulator. One row for each key it has
-- met: the first effect stands.
CREATE TABLE IF NOT EXISTS provider_charge (
    provider_key VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    order_id BIGINT UNSIGNED NOT NULL,
    effect ENUM('capture', 'decline', 'void') NOT NULL,
    amount BIGINT NOT NULL,
    token VARCHAR(64) NOT NULL,
    reason VARCHAR(32) NOT NULL,
    reference VARCHAR(64) NOT NULL,
    -- Before that the provider says it is still processing.
    visible_at DATETIME(6) NOT NULL,
    created_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
