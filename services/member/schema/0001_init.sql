-- member_db: who may order. Runs again without harm: DDL commits statement by statement.

CREATE TABLE IF NOT EXISTS member (
    member_id            BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    login_id             VARCHAR(50) COLLATE utf8mb4_general_ci NOT NULL,
    password_hash        VARCHAR(127) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name                 VARCHAR(100) NOT NULL,
    role                 ENUM('MEMBER', 'ADMIN') NOT NULL DEFAULT 'MEMBER',
    status               ENUM('ACTIVE', 'DISABLED') NOT NULL DEFAULT 'ACTIVE',
    sessions_valid_after DATETIME(6) NOT NULL,
    created_at           DATETIME(6) NOT NULL,
    updated_at           DATETIME(6) NOT NULL,
    version              BIGINT UNSIGNED NOT NULL DEFAULT 1,
    UNIQUE KEY login_id_taken (login_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Sessions ended by logout; a row is kept as long as a session can live.
CREATE TABLE IF NOT EXISTS ended_session (
    session  BINARY(32) NOT NULL PRIMARY KEY,
    ended_at DATETIME(6) NOT NULL,
    KEY ended_at (ended_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS node_lease (
    node       SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    owner      VARCHAR(64) NOT NULL,
    expires_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
