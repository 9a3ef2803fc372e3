#!/bin/sh
. /scripts/library.sh
word=$(get_secret app)
exec app
