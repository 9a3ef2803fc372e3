FROM gcr.io/distroless/static
COPY --from=busybox:1.36 /bin/wget /bin/sh /bin/
HEALTHCHECK CMD wget -q --spider http://localhost/ || exit 1
