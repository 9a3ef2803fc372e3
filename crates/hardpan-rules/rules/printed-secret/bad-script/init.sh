#!/bin/bash
set -eux
word=$(cat /run/secrets/app)
app "$word"
