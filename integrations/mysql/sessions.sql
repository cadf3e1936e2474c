-- Whose a session is. PROCESSLIST has the name under whose rights a session acts: inside a
-- routine, a view or a trigger of somebody else's, that person's. performance_schema keeps
-- the name by which it logged in. So a session of a grant's is one by either: it is inside
-- somebody else's routine, or somebody else's session is inside one of the grant's.
GRANT SELECT ON performance_schema.threads TO `{owner}`@`localhost`
$$
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` VIEW ramp.sessions AS
  SELECT ID AS id, CAST(LEFT(USER, 23) AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin AS grant_name
  FROM information_schema.PROCESSLIST WHERE CAST(USER AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin RLIKE '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{8})?$'
  UNION SELECT PROCESSLIST_ID, CAST(LEFT(PROCESSLIST_USER, 23) AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin
  FROM performance_schema.threads WHERE PROCESSLIST_ID IS NOT NULL AND CAST(PROCESSLIST_USER AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin RLIKE '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{8})?$'
$$
-- Why sessions would not be seen; empty where they are. That the server knows the session
-- that asks is tried, whatever may keep it from it.
CREATE OR REPLACE DEFINER = `{owner}`@`localhost` VIEW ramp.unseen AS
  SELECT 'performance_schema does not say who this session is, so sessions inside somebody else''s routine would be neither seen nor ended; have performance_schema=ON in the server''s configuration file' AS what FROM DUAL
    WHERE NOT EXISTS (SELECT * FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID() AND PROCESSLIST_USER = SUBSTRING_INDEX(USER(), '@', 1))
  UNION ALL SELECT 'performance_schema had no room for some sessions (Performance_schema_thread_instances_lost), which would be neither seen nor ended; have performance_schema_max_thread_instances=-1 in the server''s configuration file, and restart it'
    FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'PERFORMANCE_SCHEMA_THREAD_INSTANCES_LOST' AND VARIABLE_VALUE > 0
$$
