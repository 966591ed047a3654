"""
Verifiable credentials: making them, signing them, and finding out whether to believe one.

``verifying.verify_bundle`` is the whole check of a share bundle; ``integrity`` the proofs alone;
``achievements`` and ``transcripts`` make documents, ``status`` revokes them, ``badges`` puts them into
pictures. Nothing here reads a clock, a file or the network: the caller gives bytes and the time.
"""
