FROM registry.example/base:1
HEALTHCHECK --interval=5s --timeout=10s CMD ["/app", "health"]
