#!/bin/sh -e
# The flag above does not count: the file is handed to sh.
set -e
./first
./second
