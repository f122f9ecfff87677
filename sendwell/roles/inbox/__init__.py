"""In-app messages: each person's inbox, stored, and live in the browser."""
