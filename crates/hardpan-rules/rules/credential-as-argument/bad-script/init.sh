#!/bin/sh
read_secret() {
  cat "/run/secrets/$1"
}
word=$(read_secret app)
psql -v password="$word" -f /app.sql
PGPASSWORD="$word" psql -f /other.sql
