"""Version 1 of the wire: generated stubs live beside the .proto files they come from."""
