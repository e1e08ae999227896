"""Other versions and other packages than the main environment's: one environment each, made by uv.

    python -m tests.matrix                # those that CI runs
    python -m tests.matrix lowest stores  # these
    python -m tests.matrix --list

Each gets the package as a built wheel, never the sources, and runs the tests that `environments.py` names for it.
"""
