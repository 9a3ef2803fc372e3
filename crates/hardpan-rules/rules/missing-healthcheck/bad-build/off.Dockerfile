FROM registry.example/base:1
HEALTHCHECK NONE
