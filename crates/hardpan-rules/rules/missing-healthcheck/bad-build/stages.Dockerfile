FROM registry.example/base:1 AS plain
FROM plain
HEALTHCHECK CMD ["/app", "health"]
