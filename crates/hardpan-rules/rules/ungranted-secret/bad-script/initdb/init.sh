#!/bin/sh
folder=/run/secrets
for name in one two; do
  cat "$folder/$name" > "/tmp/$name"
done
