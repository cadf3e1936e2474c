-- Sessions by the name under whose rights they act, where the configuration says that
-- nothing else is to be had (sessions: processlist).
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` VIEW ramp.sessions AS
  SELECT ID AS id, CAST(LEFT(USER, 23) AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin AS grant_name
  FROM information_schema.PROCESSLIST WHERE CAST(USER AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin RLIKE '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{8})?$'
$$
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` VIEW ramp.unseen AS SELECT '' AS what FROM DUAL WHERE FALSE
$$
