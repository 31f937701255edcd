-- A part of Carbon's tables as dbscripts/postgresql.sql makes them, with rows, and what else a
-- database can hold.
CREATE TABLE UM_DOMAIN (
    UM_DOMAIN_ID SERIAL NOT NULL,
    UM_DOMAIN_NAME VARCHAR(255),
    UM_TENANT_ID INTEGER DEFAULT 0,
    PRIMARY KEY (UM_DOMAIN_ID, UM_TENANT_ID)
);
CREATE TABLE UM_USER (
    UM_ID SERIAL NOT NULL,
    UM_USER_NAME VARCHAR(255) NOT NULL,
    UM_USER_PASSWORD VARCHAR(255) NOT NULL,
    UM_CHANGED_TIME TIMESTAMP NOT NULL DEFAULT now(),
    UM_TENANT_ID INTEGER DEFAULT 0,
    PRIMARY KEY (UM_ID, UM_TENANT_ID),
    UNIQUE (UM_USER_NAME, UM_TENANT_ID)
);
CREATE TABLE REG_CONTENT (
    REG_CONTENT_ID SERIAL PRIMARY KEY,
    REG_CONTENT_DATA BYTEA,
    RATIO DOUBLE PRECISION,
    WORDS TEXT[]
);
INSERT INTO UM_DOMAIN (UM_DOMAIN_NAME, UM_TENANT_ID) VALUES ('PRIMARY', -1234), ('SYSTEM', -1234);
INSERT INTO UM_USER (UM_USER_NAME, UM_USER_PASSWORD, UM_CHANGED_TIME, UM_TENANT_ID)
    SELECT 'user' || n, md5(n::text), '2020-01-01'::timestamp + n * interval '1 minute', -1234
    FROM generate_series(1, 2000) n;
INSERT INTO REG_CONTENT (REG_CONTENT_DATA, RATIO, WORDS)
    SELECT decode(repeat(md5(n::text), n), 'hex'), n / 7.0, ARRAY['a"b', E'tab\there\\! x', NULL]
    FROM generate_series(1, 50) n;
INSERT INTO REG_CONTENT (REG_CONTENT_DATA, WORDS) VALUES (NULL, '{}'), ('', NULL);
CREATE VIEW SYSTEM_USERS AS SELECT UM_USER_NAME FROM UM_USER WHERE UM_TENANT_ID = -1234;
CREATE SEQUENCE REG_LOG_SEQUENCE START WITH 17;
SELECT nextval('REG_LOG_SEQUENCE');
CREATE FUNCTION touch_user() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    -- Name: spoof; Type: TABLE; Schema: public; Owner: x
    NEW.UM_CHANGED_TIME := now(); -- a backslash: \! touch spoof
    RETURN NEW;
END
$body$;
CREATE TRIGGER touched BEFORE UPDATE ON UM_USER FOR EACH ROW EXECUTE FUNCTION touch_user();
CREATE TYPE STATE AS ENUM ('on', 'off');
COMMENT ON TABLE UM_USER IS 'two
lines; \! and a backslash';
CREATE SCHEMA "odd; Type: schema";
CREATE TABLE "odd; Type: schema"."t; Schema: ""x""" (id INTEGER, "Name" TEXT);
INSERT INTO "odd; Type: schema"."t; Schema: ""x""" VALUES (1, E'\\.'), (2, '-- PostgreSQL database dump complete');
SELECT lo_from_bytea(0, 'a large object');
