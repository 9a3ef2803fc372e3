FROM gcr.example/distroless/static:nonroot
