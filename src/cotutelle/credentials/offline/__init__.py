"""The offline verifier: one HTML file that checks credentials with nothing but a browser."""
