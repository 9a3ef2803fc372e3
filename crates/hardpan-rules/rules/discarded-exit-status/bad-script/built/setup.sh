#!/bin/bash
./first
./second
