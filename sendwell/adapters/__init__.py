"""One file a technology: the only places where drivers, sockets and clients are used."""
