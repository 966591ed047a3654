"""A project of one page, to serve without the rooms."""
