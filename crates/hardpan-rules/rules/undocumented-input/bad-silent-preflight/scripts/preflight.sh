#!/bin/sh
test -f .env || echo "missing: .env"
