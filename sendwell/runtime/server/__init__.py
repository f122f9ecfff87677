"""The HTTP server side that all roles share: who asks, what is an error, how lists are paged."""
