"""Questions about what AWS does, each with the fact that a text of AWS's decides. See `asking.py`."""
