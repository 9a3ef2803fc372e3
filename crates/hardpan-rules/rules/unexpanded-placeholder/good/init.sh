#!/bin/sh
envsubst < /docker-entrypoint-initdb.d/init.sql | psql
