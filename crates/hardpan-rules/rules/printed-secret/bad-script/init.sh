#!/bin/bash
set -eux
word=$(cat /run/secrets/app)
show() {
  echo "it is $word"
}
show
log "starting with $word"
