ARG RELEASE=12-slim
FROM rust:1.90 AS build
USER app
FROM debian:${RELEASE}
COPY --from=build /app /app
