#!/bin/sh
set -e
while ! curl -fs http://search:9200; do
  sleep 2
done
./migrate
