FROM registry.example/server:1
EXPOSE 8080
