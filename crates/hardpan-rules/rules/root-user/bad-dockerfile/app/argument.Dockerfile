FROM debian:12-slim
ARG RUN_AS=app
USER ${RUN_AS}
