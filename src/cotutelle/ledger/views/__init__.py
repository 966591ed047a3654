"""Histories, the log that anybody may read, and the pages of those who keep it."""
