#!/bin/sh -e
./first
./second
