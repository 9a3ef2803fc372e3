#!/bin/sh
test -f .env || { echo "missing: .env" >&2; exit 1; }
