#!/bin/sh
get_secret() {
  cat "/run/secrets/$1"
}
