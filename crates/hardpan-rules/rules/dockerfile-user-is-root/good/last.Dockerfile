FROM alpine:3.22 AS build
USER root
FROM alpine:3.22
USER root
RUN true
USER 10001
