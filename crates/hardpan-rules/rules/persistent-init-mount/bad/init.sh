#!/bin/sh -e
./work
