FROM debian:bookworm-slim
COPY install.sh /tmp/
RUN /tmp/install.sh
HEALTHCHECK CMD curl -f http://localhost/ || exit 1
