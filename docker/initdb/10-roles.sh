#!/bin/bash
# Run once by the image of PostgreSQL when it makes the database: the roles, and the database that the owner owns.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set owner_password="$(cat "${SECRETS:-/run/secrets}/owner")" \
    --set app_password="$(cat "${SECRETS:-/run/secrets}/app")" <<'SQL'
-- Owns the schema and migrates it.
CREATE ROLE koperasi_owner LOGIN PASSWORD :'owner_password';
-- Serves requests under row-level security; owns nothing.
CREATE ROLE koperasi_app LOGIN NOINHERIT PASSWORD :'app_password';
-- Writes the journal; nobody logs in as this one. The application takes it by SET ROLE for each posting.
CREATE ROLE koperasi_ledger NOLOGIN;
GRANT koperasi_ledger TO koperasi_app WITH INHERIT FALSE, SET TRUE;

CREATE DATABASE koperasi OWNER koperasi_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE koperasi FROM PUBLIC;
GRANT CONNECT ON DATABASE koperasi TO koperasi_app;
SQL
