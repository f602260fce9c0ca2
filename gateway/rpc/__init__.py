"""The till's door: gRPC services, interceptors and the mapping of errors."""
