#!/bin/bash
set -e
./first
./second
