"""Keys of clients, authorities and outcomes: how they are made, handed out, renewed and withdrawn."""
