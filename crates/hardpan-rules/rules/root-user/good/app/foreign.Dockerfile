FROM registry.example/base:1
