FROM alpine:3.22 AS build
HEALTHCHECK CMD true
FROM alpine:3.22
