"""Every model client that README's table names, against its provider's wire format on this machine.

Only the environment `clients` of `tests.matrix` has these packages; elsewhere nothing here is collected.
"""
