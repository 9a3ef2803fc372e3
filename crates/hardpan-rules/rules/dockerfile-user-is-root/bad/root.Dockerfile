FROM alpine:3.22
USER app
RUN true
USER root
