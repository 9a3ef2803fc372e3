#!/bin/sh
docker-compose --file=./infra/db/compose.yaml up
