FROM alpine:3.22 AS build
USER app
FROM alpine:3.22
COPY --from=build /a /a
